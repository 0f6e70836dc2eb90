//! Reports: what an auditor asks each quarter, from the state and the log, and never a value.

use crate::harness::{Agency, Answer, Caller, Place, Server};
use serde_json::{Value, json};

const SEEN: &str = "key-seen-Zq83nVx1";

type Row = serde_json::Map<String, Value>;

fn serve() -> (Place, Server) {
    let place = Place::new();
    let server = place.serve();
    Agency::build(&server);
    Agency::map(&server, "shop-a", "shopify-client-a");
    (place, server)
}

fn member(server: &Server, name: &str, role: &str) -> Caller {
    let body = json!({"principal": name, "role": role});
    let token = server.post("/tokens", body).is(201);
    server.with_token(token["token"].as_str().unwrap())
}

fn rotate(server: &Server, handle: &str, value: &str) {
    let field = if handle.starts_with("shopify") {
        "token"
    } else {
        "api_key"
    };
    let body = json!({"fields": {field: value}});
    server.post(&format!("/credentials/{handle}/rotate"), body).ok();
}

fn report(server: &Server, query: &str) -> Value {
    server.get(&format!("/audit/reports/{query}")).ok()
}

/// The rows of a table, by the names of its columns.
#[track_caller]
fn rows(report: &Value, title: &str) -> Vec<Row> {
    let mut sections = report["sections"].as_array().unwrap().iter();
    let section = sections.find(|it| it["title"] == title);
    let section = section.unwrap_or_else(|| panic!("no table {title}: {report}"));
    let columns = section["columns"].as_array().unwrap();
    let row = |row: &Value| {
        let cells = row.as_array().unwrap();
        assert_eq!(cells.len(), columns.len(), "a cell for each column: {section}");
        let named = columns.iter().zip(cells);
        named
            .map(|(column, cell)| (column.as_str().unwrap().to_owned(), cell.clone()))
            .collect()
    };
    section["rows"].as_array().unwrap().iter().map(row).collect()
}

#[track_caller]
fn row(report: &Value, title: &str, key: &str, value: &str) -> Row {
    let rows = rows(report, title);
    let found = rows.iter().find(|row| row[key] == value);
    found.unwrap_or_else(|| panic!("no {key} {value}: {rows:?}")).clone()
}

const KNOWN: &str = "What is known to who leaves";

/// An employee leaves: what she saw, what was within her reach and what she entered is listed, and closes itself.
#[test]
fn who_leaves_is_done_with_when_all_that_she_knew_is_rotated() {
    let (_place, server) = serve();
    rotate(&server, "openai", SEEN);
    let rita = member(&server, "Rita", "reader");
    rita.post("/credentials/openai/reveal", json!({"reason": "a call"}))
        .ok();
    let all = report(&server, "offboarding?principal=rita");
    let seen = row(&all, KNOWN, "credential", "openai");
    assert_eq!(
        (&seen["how"], &seen["version"], &seen["state"]),
        (&json!("saw"), &json!(2), &json!("open"))
    );
    let could = row(&all, KNOWN, "credential", "shopify-client-a");
    assert_eq!((&could["how"], &could["state"]), (&json!("could read"), &json!("open")));
    assert!(all["open"].as_u64().unwrap() > 2, "{all}");
    // Gone, what was within her reach before still counts.
    let leaves = json!({"reason": "she leaves"});
    server.post("/principals/rita/offboard", leaves).ok();
    let gone = report(&server, "offboarding?principal=rita");
    assert_eq!(row(&gone, KNOWN, "credential", "shopify-client-a")["how"], "could read");
    let ways = rows(&gone, "Ways in");
    assert!(ways.iter().all(|way| way["state"] != "open"), "{ways:?}");
    let known: Vec<String> = rows(&gone, KNOWN)
        .iter()
        .map(|it| it["credential"].as_str().unwrap().to_owned())
        .collect();
    for handle in known {
        rotate(&server, &handle, &format!("new-{handle}-Zq83nVx1"));
    }
    let seen = |report: &Value| row(report, KNOWN, "how", "saw");
    let done = report(&server, "offboarding?principal=rita");
    assert_eq!(seen(&done)["state"], "rotated");
    assert_eq!(done["open"], 0, "{done}");
    assert!(seen(&done)["closed"].is_string(), "{done}");
    // A roll-back to what she saw opens it again.
    server.post("/credentials/openai/rollback", json!({"version": 2})).ok();
    assert_eq!(seen(&report(&server, "offboarding?principal=rita"))["state"], "open");
    // So it does for who asks what she reached; and rotated once more, it is closed since then.
    let impact = server.get("/audit/impact?of=principal:rita").ok();
    let mut reached = impact["reached"].as_array().unwrap().iter();
    let openai = reached.find(|it| it["credential"] == "openai").unwrap();
    assert_eq!(openai["rotated_since"], false, "{impact}");
    rotate(&server, "openai", "key-again-Zq83nVx1");
    let again = report(&server, "offboarding?principal=rita");
    let closed = |report: &Value| seen(report)["closed"].as_str().unwrap_or_default().to_owned();
    assert!(closed(&again) > closed(&done), "{again}");
    server
        .post("/credentials/openai/revoke", json!({"reason": "done"}))
        .ok();
    assert_eq!(seen(&report(&server, "offboarding?principal=rita"))["state"], "revoked");
}

#[test]
fn rights_that_nobody_uses_are_pointed_at() {
    let (_place, server) = serve();
    let ed = member(&server, "Ed", "editor");
    ed.post("/clients", json!({"name": "New"})).is(201);
    member(&server, "Nora", "viewer");
    let review = report(&server, "access-review");
    let grant = |report: &Value, who: &str| row(report, "Grants", "principal", who);
    let ed = grant(&review, "ed");
    assert_eq!((&ed["role"], &ed["look_at"]), (&json!("editor"), &json!("")));
    assert_eq!(grant(&review, "nora")["look_at"], "was never used");
    let person = |who: &str| row(&review, "Principals", "principal", who);
    assert_eq!(person("nora")["look_at"], "never came");
    assert_eq!(person("ed")["look_at"], "");
    // A year later nothing of it was used in the quarter.
    server.advance(365 * 24 * 3_600);
    let later = report(&server, "access-review");
    assert_eq!(grant(&later, "ed")["look_at"], "was not used in this time");
    let wide = report(&server, "access-review?since=800d");
    assert_eq!(grant(&wide, "ed")["look_at"], "");
}

#[test]
fn what_is_late_what_has_no_reason_and_where_the_glass_was_broken() {
    let (_place, server) = serve();
    let policy = json!({"rotation": {"every_days": 30}, "reason": "policy 7"});
    server.post("/credentials/openai/update", policy).ok();
    server.advance(31 * 24 * 3_600);
    let of = |report: &Value| row(report, "Credentials", "credential", "openai");
    let late = report(&server, "rotation");
    assert_eq!((&of(&late)["state"], &late["open"]), (&json!("overdue"), &json!(1)));
    while server.all("/audit/events?type=credential.rotation_due").is_empty() {
        std::thread::yield_now();
    }
    rotate(&server, "openai", SEEN);
    let done = report(&server, "rotation");
    assert_eq!((&of(&done)["state"], &done["open"]), (&json!("in time"), &json!(0)));
    assert_eq!(row(&done, "Summary", "what", "of them after the date")["figure"], 1);
    let without = report(&server, "without-reason?since=1d");
    let changes = rows(&without, "Changes");
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert_eq!(
        (&changes[0]["type"], &changes[0]["about"]),
        (&json!("credential.rotated"), &json!("credential openai"))
    );
    let admin = member(&server, "Ada", "admin");
    let body = json!({"reason": "the shop is down", "break_glass": true});
    admin.post("/credentials/openai/reveal", body).ok();
    let glass = report(&server, "break-glass?since=1d");
    let broken = row(&glass, "Glass broken", "who", "ada");
    assert_eq!(
        (&broken["reason"], &broken["state"]),
        (&json!("the shop is down"), &json!("open"))
    );
    rotate(&server, "openai", "key-after-Zq83nVx1");
    assert_eq!(report(&server, "break-glass?since=1d")["open"], 0);
}

#[test]
fn a_clients_evidence_is_about_no_other() {
    let (place, server) = serve();
    Agency::map(&server, "shop-b", "shopify-client-b");
    let body = json!({"principal": "Runner", "role": "service", "workspaces": ["shop-a", "shop-b"]});
    let token = server.post("/tokens", body).is(201);
    let runner = server.with_token(token["token"].as_str().unwrap());
    for shop in ["shop-a", "shop-b"] {
        let body = json!({"workspace": shop, "template": "orders"});
        runner.post("/resolve", body).ok();
    }
    let pack = report(&server, "client?client=client-a");
    let text = pack.to_string();
    assert!(text.contains("shopify-client-a") && text.contains("shop-a"), "{text}");
    for other in ["shopify-client-b", "shop-b", "client-b"] {
        assert!(!text.contains(other), "{other}: {text}");
    }
    let served = row(&pack, "Servings", "principal", "runner");
    assert_eq!(served["workspace"], "shop-a");
    let (size, events) = (server.size(), rows(&pack, "Events"));
    assert!(events.len() > 3 && events.iter().all(|it| it["position"].as_u64().unwrap() < size));
    // What it was true of is what a checkpoint signs.
    assert_eq!(
        (&pack["size"], pack["root"].as_str().unwrap().len()),
        (&json!(size), 64)
    );
    for name in ["soc2", "iso27001"] {
        let controls = rows(&report(&server, name), "Controls");
        let told = controls.iter().all(|it| !it["evidence"].as_str().unwrap().is_empty());
        assert!(controls.len() > 10 && told, "{controls:?}");
    }
    let html = place.path().join("a.html");
    let args = "audit report client --client client-a --format html --file";
    let args: Vec<&str> = args.split(' ').chain(html.to_str()).collect();
    place.run(&args).exits(0);
    let page = std::fs::read_to_string(&html).unwrap();
    assert!(
        page.starts_with("<!DOCTYPE html>") && page.contains("shopify-client-a"),
        "{page}"
    );
    assert!(!page.contains("<script") && !page.contains("src="), "nothing is loaded");
    let csv = place
        .run(&["audit", "report", "rotation", "--format", "csv"])
        .exits(0)
        .out;
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let columns = reader.headers().unwrap().len();
    assert!(reader.records().all(|record| record.unwrap().len() == columns), "{csv}");
}

#[test]
fn no_report_holds_a_value_and_what_is_missing_is_said() {
    let (place, server) = serve();
    rotate(&server, "openai", SEEN);
    let suspects = json!({"credentials": ["openai"]});
    let incident = json!({"name": "Leak", "since": "1h", "reason": "x", "suspects": suspects});
    server.post("/incidents", incident).is(201);
    let all = server.get("/audit/reports").ok();
    let mut looked = 0;
    for kind in all["items"].as_array().unwrap() {
        let name = kind["name"].as_str().unwrap();
        let of = match kind["of"].as_str() {
            Some("principal") => "principal=dev&",
            Some("incident") => "incident=leak&",
            Some(_) => "client=client-a&",
            None => "",
        };
        for format in ["json", "csv", "markdown", "html"] {
            let answer = server.get(&format!("/audit/reports/{name}?{of}format={format}"));
            assert_eq!(answer.status, 200, "{name}: {}", answer.text());
            let text = Answer::text(&answer);
            assert!(
                !text.contains(SEEN) && !text.contains("srt_"),
                "{name} as {format}: {text}"
            );
            looked += usize::from(text.len() > 60);
        }
        if kind["of"].is_string() {
            let refused = server.get(&format!("/audit/reports/{name}")).refused(422, "invalid");
            assert!(refused["detail"].as_str().unwrap().contains("is missing"), "{refused}");
        }
    }
    assert_eq!(looked, 36, "nine reports in four formats");
    let refused = place.run(&["audit", "report", "acess-review"]).exits(3);
    assert!(refused.err.contains("access-review"), "{}", refused.err);
    server.get("/audit/reports/rotation?since=soon").refused(422, "invalid");
}
