//! Rotation: what is due, grace and its end, values made up.

use crate::harness::{Agency, Caller, Place, Server};
use serde_json::{Value, json};

fn serve() -> (Place, Server, Caller) {
    let place = Place::new();
    let server = place.serve();
    Agency::build(&server);
    for (shop, letter) in [("shop-a", "a"), ("shop-b", "b")] {
        Agency::map(&server, shop, &format!("shopify-client-{letter}"));
    }
    let body = json!({"principal": "Runner", "role": "service", "workspaces": ["shop-a", "shop-b"]});
    let token = server.post("/tokens", body).is(201)["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let runner = server.with_token(&token);
    (place, server, runner)
}

fn resolve(runner: &Caller, shop: &str) -> Value {
    runner
        .post("/resolve", json!({"workspace": shop, "template": "orders"}))
        .ok()
}

fn ended(server: &Server) -> Vec<Value> {
    server.all("/audit/events?type=credential.grace_ended")
}

/// Waits for the ledger to have looked; its clock stands still but for what is advanced.
fn until(what: impl Fn() -> bool) {
    while !what() {
        std::thread::yield_now();
    }
}

#[test]
fn grace_ends_when_the_last_run_has_moved() {
    let (place, server, runner) = serve();
    resolve(&runner, "shop-a");
    resolve(&runner, "shop-b");
    let rotate = json!({"fields": {"api_key": "key-two-Zq83nVx1"}, "grace_days": 7, "grace_until_moved": true});
    server.post("/credentials/openai/rotate", rotate).ok();
    let behind = |handle: &str| server.get(&format!("/credentials/{handle}/usage")).ok()["behind"].clone();
    assert_eq!(behind("openai").as_array().unwrap().len(), 2);
    resolve(&runner, "shop-a");
    let left = behind("openai");
    assert_eq!(left.as_array().unwrap().len(), 1, "{left}");
    assert_eq!(
        (&left[0]["workspace"], &left[0]["version"]),
        (&json!("shop-b"), &json!(1))
    );
    server.advance(61);
    // It outlives a restart, and is not over: one has not moved.
    server.stop();
    let server = place.serve();
    let runner = {
        let body = json!({"principal": "runner"});
        let token = server.post("/tokens", body).is(201)["token"]
            .as_str()
            .unwrap()
            .to_owned();
        server.with_token(&token)
    };
    assert!(ended(&server).is_empty());
    resolve(&runner, "shop-b");
    server.advance(61);
    until(|| !ended(&server).is_empty());
    let events = ended(&server);
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["data"], json!({"version": 1, "moved": true}));
    let versions = server.get("/credentials/openai").ok()["versions"].clone();
    assert!(versions[0]["grace_ended_at"].is_string(), "{versions}");
    let etag = server.get("/credentials/openai").ok()["etag"].clone();
    assert_eq!(etag, 2, "its end is no change by a person");
}

#[test]
fn grace_ends_by_date_and_a_program_moves_on() {
    let (_place, server, _) = serve();
    let body = json!({"principal": "CI", "role": "reader", "credentials": ["openai"]});
    let token = server.post("/tokens", body).is(201)["token"]
        .as_str()
        .unwrap()
        .to_owned();
    server
        .post(
            "/principals",
            json!({"name": "Bot", "kind": "service", "grants": [{"role": "reader", "all": true}]}),
        )
        .is(201);
    let bot = server.post("/tokens", json!({"principal": "bot"})).is(201)["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let (person, bot) = (server.with_token(&token), server.with_token(&bot));
    let rotate = json!({"fields": {"api_key": "key-two-Zq83nVx1"}, "grace_days": 1});
    server.post("/credentials/openai/rotate", rotate).ok();
    let old = || bot.post("/credentials/openai/reveal", json!({"version": 1, "reason": "job 7"}));
    assert_eq!(old().ok()["fields"]["api_key"], "key-of-all-Zq83nVx1");
    server.advance(86_401);
    old().refused(409, "not_active");
    bot.post("/credentials/openai/reveal", json!({"reason": "job 7"})).ok();
    person
        .post("/credentials/openai/reveal", json!({"version": 1, "reason": "compare"}))
        .ok();
    until(|| !ended(&server).is_empty());
    assert_eq!(ended(&server)[0]["data"], json!({"version": 1}));
    server
        .post(
            "/credentials/openai/rotate",
            json!({"fields": {"api_key": "k3-Zq83nVx1"}, "grace_until_moved": true}),
        )
        .refused(422, "invalid");
}

#[test]
fn what_is_due_is_listed_to_who_sees_it() {
    let (place, server, _) = serve();
    for (handle, days) in [("openai", 10), ("shopify-client-a", 3), ("shopify-client-b", 90)] {
        let body = json!({"rotation": {"every_days": days, "grace_days": 0}});
        server.post(&format!("/credentials/{handle}/update"), body).ok();
    }
    server.advance(4 * 86_400);
    let due = server.get("/rotation/due").ok();
    let items = due["items"].as_array().unwrap();
    let handles: Vec<&str> = items.iter().map(|it| it["credential"].as_str().unwrap()).collect();
    assert_eq!(handles, ["shopify-client-a", "openai"]);
    assert_eq!(
        (&items[0]["overdue"], &items[1]["overdue"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(
        (&items[1]["workspaces"], &items[1]["never_rotated"]),
        (&json!(2), &json!(true))
    );
    let page = server.get("/rotation/due?limit=1").ok();
    let next = page["next"].as_str().unwrap();
    let second = server.get(&format!("/rotation/due?limit=1&cursor={next}")).ok();
    assert_eq!(second["items"][0]["credential"], "openai");
    let body = json!({"principal": "Vera", "role": "viewer", "clients": ["client-b"]});
    let vera = server.post("/tokens", body).is(201)["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let vera = server.with_token(&vera);
    let all = vera.get("/rotation/due?within_days=365").ok();
    assert_eq!(all["items"].as_array().unwrap().len(), 1, "{all}");
    let shown = place.run(&["rotation", "due", "--within", "5d"]).exits(0);
    assert!(
        shown.out.contains("overdue since") && shown.out.contains("shopify-client-a"),
        "{}",
        shown.out
    );
    assert!(!shown.out.contains("openai"), "{}", shown.out);
}

#[test]
fn a_value_is_made_up_and_shown_to_nobody() {
    let (place, server, _) = serve();
    let door = json!({"name": "Door", "service": "postgres", "kind": "basic", "fields": {"username": "app", "password": "first-Qk82nvXw71"}});
    server.post("/credentials", door).is(201);
    let rotate = json!({"generate": {"password": {"length": 40, "alphabet": "hex"}}});
    let answer = server
        .request("POST", "/credentials/door/rotate")
        .header("Idempotency-Key", "gen-1")
        .json(&rotate)
        .send()
        .unwrap();
    assert_eq!(answer.status(), 200);
    let value = |server: &Server| {
        let shown = server.post("/credentials/door/reveal", json!({"reason": "look"})).ok();
        assert_eq!(shown["fields"]["username"], "app", "the others stay as they were");
        shown["fields"]["password"].as_str().unwrap().to_owned()
    };
    let made = value(&server);
    assert!(
        made.len() == 40 && made.bytes().all(|it| it.is_ascii_hexdigit()),
        "its length and alphabet"
    );
    assert!(!answer.text().unwrap().contains(&made), "shown by reveal alone");
    // The same request again makes nothing up.
    let again = server
        .request("POST", "/credentials/door/rotate")
        .header("Idempotency-Key", "gen-1")
        .json(&rotate);
    assert_eq!(again.send().unwrap().status(), 200);
    assert_eq!(value(&server), made);
    place
        .run(&["credential", "rotate", "door", "--generate", "password"])
        .exits(0);
    let other = value(&server);
    assert!(other.len() == 32 && other != made);
    for (handle, body) in [
        ("shopify-client-a", json!({"generate": {"token": {}}})),
        ("door", json!({"generate": {"password": {"length": 8}}})),
        ("door", json!({"generate": {"username": {}}})),
        (
            "door",
            json!({"generate": {"password": {}}, "fields": {"password": "own-Qk82nvXw71"}}),
        ),
    ] {
        let refused = server.post(&format!("/credentials/{handle}/rotate"), body);
        assert_eq!(refused.status, 422, "{}", refused.text());
        assert!(refused.problem()["pointer"].as_str().unwrap().starts_with("/generate/"));
    }
    server
        .post(
            "/credentials/door/rotate",
            json!({"generate": {"password": {"alphabet": "runes"}}}),
        )
        .refused(422, "invalid");
}
