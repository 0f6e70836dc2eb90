//! Tokens for one run, when a token was last used, requests of nobody, and how much one may ask for.

use crate::harness::{Agency, Answer, Caller, Place, Server};
use serde_json::{Value, json};

fn serve(options: &[&str]) -> (Place, Server, Caller) {
    let place = Place::new();
    let server = place.serve_with(options, &[]);
    Agency::build(&server);
    for (shop, letter) in [("shop-a", "a"), ("shop-b", "b")] {
        Agency::map(&server, shop, &format!("shopify-client-{letter}"));
    }
    let body = json!({"principal": "Runner", "role": "service", "workspaces": ["shop-a", "shop-b"]});
    let token = text(&server.post("/tokens", body).is(201)["token"]);
    let runner = server.with_token(&token);
    (place, server, runner)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn ask(shop: &str) -> Value {
    json!({"workspace": shop, "template": "orders"})
}

#[test]
fn a_runs_token_opens_its_run_and_ends_with_the_runners() {
    let (place, server, runner) = serve(&[]);
    let issued = runner.post("/tokens/run", ask("shop-a")).is(201);
    let run = server.with_token(&text(&issued["token"]));
    assert_eq!(
        run.post("/resolve", ask("shop-a")).ok()["variables"]["SHOP"]["fields"]["token"],
        "tkn-a-kX82hqLw93mDv1"
    );
    let elsewhere = run.post("/resolve", ask("shop-b"));
    assert!(matches!(elsewhere.status, 403 | 404), "{}", elsewhere.text());
    let mut instance = ask("shop-a");
    instance["instance"] = json!("wf-1");
    run.post("/resolve", instance).refused(403, "denied");
    run.post("/tokens/run", ask("shop-a")).refused(403, "denied");
    run.post("/tokens", json!({})).refused(403, "denied");
    let whoami = run.get("/whoami").ok();
    assert_eq!(
        whoami["token"]["run"],
        json!({"workspace": "shop-a", "template": "orders", "revision": 1})
    );
    let listed = |route: &str| server.get(route).ok()["items"].as_array().unwrap().len();
    assert_eq!(
        listed("/tokens?principal=runner"),
        1,
        "runs are shown where they are asked for"
    );
    assert_eq!(listed("/tokens?principal=runner&runs=true"), 2);
    let words = [
        "token",
        "run",
        "--workspace",
        "shop-a",
        "--template",
        "orders",
        "--expires",
        "10m",
    ];
    assert!(text(&place.json(&words)["token"]).starts_with("srt_"));
    let own = text(&runner.get("/whoami").ok()["token"]["id"]);
    server.delete(&format!("/tokens/{own}")).ok();
    assert_eq!(
        run.post("/resolve", ask("shop-a")).status,
        401,
        "it ends with its parent"
    );
    runner
        .post("/tokens/run", ask("shop-a"))
        .refused(401, "unauthenticated");
}

#[test]
fn a_runs_token_ends_in_time_and_after_a_restart_is_what_it_was() {
    let (place, server, runner) = serve(&[]);
    let mut body = ask("shop-a");
    body["expires_in"] = json!(60);
    let issued = runner.post("/tokens/run", body.clone()).is(201);
    body["expires_in"] = json!(86_401);
    runner.post("/tokens/run", body).refused(422, "invalid");
    let token = text(&issued["token"]);
    server.stop();
    let server = place.serve();
    let run = server.with_token(&token);
    run.post("/resolve", ask("shop-a")).ok();
    assert!(matches!(run.post("/resolve", ask("shop-b")).status, 403 | 404));
    server.advance(61);
    assert_eq!(run.post("/resolve", ask("shop-a")).status, 401);
}

#[test]
fn when_a_token_was_last_used_is_known_after_a_restart() {
    let (place, server, runner) = serve(&[]);
    let last = |server: &Server| {
        let tokens = server.get("/tokens?principal=runner").ok();
        tokens["items"][0]["last_used_at"].clone()
    };
    assert_eq!(last(&server), Value::Null, "it was never used");
    runner.get("/whoami").ok();
    let used = last(&server);
    assert!(used.is_string(), "{used}");
    server.stop();
    let server = place.serve();
    assert_eq!(last(&server), used);
}

#[test]
fn requests_of_nobody_come_to_one_record() {
    let (_place, server, _) = serve(&[]);
    let size = server.size();
    let nobody = server.with_token("srt_000000000000000000000000000000000");
    for _ in 0..200 {
        nobody.get("/credentials").refused(401, "unauthenticated");
    }
    let without = reqwest::blocking::get(format!("{}/api/v1/whoami", server.addr)).unwrap();
    assert_eq!(without.status(), 401);
    let recorded = loop {
        let events = server.all("/audit/events?type=access.refused");
        if !events.is_empty() {
            break events;
        }
        std::thread::yield_now();
    };
    assert_eq!(recorded.len(), 1);
    let data = &recorded[0]["data"];
    assert_eq!(data["reasons"][0]["why"], "malformed", "{data}");
    assert_eq!(data["sources"][0]["source"], "127.0.0.1", "{data}");
    server.advance(61);
    let second = loop {
        let events = server.all("/audit/events?type=access.refused");
        if events.len() == 2 {
            break events;
        }
        nobody.get("/credentials").refused(401, "unauthenticated");
    };
    let counts: u64 = second.iter().map(|it| it["data"]["count"].as_u64().unwrap()).sum();
    assert!(counts >= 201, "{second:?}");
    assert!(server.size() <= size + 2);
}

#[test]
fn who_opens_too_many_windows_is_told_to_wait_and_served_nothing() {
    let (_place, server, runner) = serve(&["--max-new-windows", "2"]);
    runner.post("/resolve", ask("shop-a")).ok();
    runner.post("/resolve", ask("shop-a")).ok(); // the same window
    runner.post("/resolve", ask("shop-b")).ok();
    let mut third = ask("shop-a");
    third["instance"] = json!("wf-1");
    let refused = Answer::of(runner.request("POST", "/resolve").json(&third));
    assert_eq!(refused.header("retry-after"), Some("60"));
    let body = refused.refused(429, "too_many_windows");
    assert!(!body.to_string().contains("tkn-a"), "{body}");
    let served = server.all("/audit/events?type=access.accessed&actor=runner");
    assert_eq!(served.len(), 2);
    server.advance(61);
    runner.post("/resolve", third).ok();
}

#[test]
fn who_sends_too_much_is_told_to_wait() {
    let (place, server, runner) = serve(&["--max-requests", "5", "--max-stranger-requests", "2"]);
    let nobody = server.with_token("srt_nonsense");
    let mut waits = 0;
    for _ in 0..25 {
        let answer = nobody.get("/credentials");
        if answer.status == 429 {
            assert!(answer.header("retry-after").is_some());
            answer.refused(429, "rate_limited");
            waits += 1;
        } else {
            answer.refused(401, "unauthenticated");
        }
    }
    assert!(waits > 0, "beyond his rate a stranger waits");
    let answers: Vec<u16> = (0..80).map(|_| runner.get("/whoami").status).collect();
    assert!(answers.contains(&200) && answers.contains(&429), "{answers:?}");
    // Each has a rate of its own; the program waits by itself and goes on.
    server.get("/whoami").ok();
    for _ in 0..3 {
        place.run(&["whoami"]).exits(0);
    }
}
