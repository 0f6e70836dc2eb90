//! The log as it goes out: followed without gap or repeat, exported with what it was true of.

use crate::harness::{Agency, GoesOn, Place};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

#[test]
fn who_follows_misses_none_and_gets_none_twice_over_a_restart() {
    let place = Place::new();
    let server = place.serve();
    Agency::build(&server);
    let change = |server: &crate::harness::Server, text: &str| {
        server
            .post("/credentials/openai/update", json!({"description": text}))
            .ok();
        server
            .post("/credentials/shopify-client-a/update", json!({"description": text}))
            .ok();
    };
    let from = server.size();
    change(&server, "one");
    let mut command = place.command();
    command.args([
        "audit",
        "log",
        "type:credential",
        "credential:openai",
        "--follow",
        "--output",
        "json",
        "--since",
    ]);
    command.arg(from.to_string());
    command
        .env("STRONGROOM_ADDR", &server.addr)
        .env("STRONGROOM_TOKEN", &server.token);
    let mut following = GoesOn(command.stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(following.0.stdout.take().unwrap()).lines();
    let mut next = || -> Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
    let first = next();
    assert_eq!(
        (&first["position"], &first["changes"][0]["after"]),
        (&json!(from), &json!("one"))
    );
    change(&server, "two");
    assert_eq!(next()["changes"][0]["after"], "two");
    let addr = server.addr.trim_start_matches("http://").to_owned();
    server.kill9();
    let server = place.serve_at(&addr);
    for text in ["three", "four"] {
        change(&server, text);
    }
    let (three, four) = (next(), next());
    assert_eq!(
        (&three["changes"][0]["after"], &four["changes"][0]["after"]),
        (&json!("three"), &json!("four"))
    );
}

#[test]
fn a_tail_ends_with_the_right_and_is_refused_where_it_makes_no_sense() {
    let place = Place::new();
    let server = place.serve();
    Agency::build(&server);
    assert_eq!(server.get("/audit/tail?limit=5").problem()["pointer"], "/limit");
    assert_eq!(server.get("/audit/tail?q=actr:x").problem()["offset"], 0);
    let grants = json!([{"role": "viewer", "clients": ["client-a"]}]);
    server
        .post(
            "/principals",
            json!({"name": "ann", "kind": "person", "grants": grants}),
        )
        .is(201);
    let issued = server
        .post("/tokens", json!({"principal": "ann", "label": "t"}))
        .is(201);
    let ann = server.with_token(issued["token"].as_str().unwrap());
    let response = ann.request("GET", "/audit/tail?since=0").send().unwrap();
    let mut lines = BufReader::new(response).lines().map(Result::unwrap);
    let mut seen = String::new();
    // She sees what is hers, and then her right ends.
    for line in lines.by_ref() {
        if line.starts_with("data:") {
            seen.push_str(&line);
            if line.contains("shopify-client-a") {
                break;
            }
        }
    }
    server
        .delete(&format!("/tokens/{}", issued["id"].as_str().unwrap()))
        .ok();
    let ended = lines
        .find(|line| line.starts_with("data:") && line.contains("why"))
        .unwrap();
    assert!(ended.contains("refused"), "{ended}");
    assert!(!seen.contains("client-b") && !seen.contains("shop-b"), "{seen}");
}

#[test]
fn an_export_says_what_it_was_true_of() {
    let place = Place::new();
    let server = place.serve();
    Agency::build(&server);
    server
        .post(
            "/credentials/openai/update",
            json!({"description": "=HYPERLINK(1)", "reason": "=1+1"}),
        )
        .ok();
    let checkpoint = server.get("/audit/checkpoint").ok();
    let lines = |route: &str| -> Vec<Value> {
        let text = server.get(route).text();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let all = lines("/audit/export");
    let (end, events) = all.split_last().unwrap();
    assert_eq!(
        (&end["end"], &end["size"], &end["root"]),
        (&json!(true), &checkpoint["size"], &checkpoint["root"])
    );
    assert_eq!(end["events"], events.len());
    let positions: Vec<u64> = events.iter().map(|event| event["position"].as_u64().unwrap()).collect();
    assert_eq!(positions, (0..server.size()).collect::<Vec<_>>());
    let some = lines("/audit/export?format=cloudevents&credential=openai&type=credential");
    assert_eq!(some.len(), 3);
    assert_eq!(
        (&some[0]["specversion"], &some[0]["type"]),
        (&json!("1.0"), &json!("strongroom.credential.created"))
    );
    assert!(some[0]["sequence"].as_str().unwrap() < some[1]["sequence"].as_str().unwrap());
    let ocsf = lines("/audit/export?format=ocsf&credential=openai&type=credential");
    assert_eq!(
        (&ocsf[0]["class_uid"], &ocsf[0]["activity_id"], &ocsf[0]["type_uid"]),
        (&json!(3004), &json!(1), &json!(300_401))
    );
    let csv = server.get("/audit/export?format=csv&credential=openai").text();
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.last().unwrap().get(0), Some("end"));
    let reasons: Vec<&str> = rows.iter().map(|row| row.get(8).unwrap()).collect();
    assert!(reasons.contains(&"'=1+1"), "{reasons:?}");
    assert!(!csv.contains("key-of-all"), "no value is in it");
    let parquet = server.get("/audit/export?format=parquet&credential=openai").bytes;
    assert!(
        parquet.starts_with(b"PAR1") && parquet.ends_with(b"PAR1"),
        "a whole file"
    );
    let told = String::from_utf8_lossy(&parquet);
    assert!(told.contains("strongroom.checkpoint") && !told.contains("key-of-all"));
    assert_eq!(server.get("/audit/export?format=xml").problem()["pointer"], "/format");
    assert_eq!(server.get("/audit/export?q=type:x").problem()["offset"], 5);
}
