//! `resolve` with `known` and `wait`: an answer when something changes, or that nothing did.

use crate::harness::{Agency, Answer, Place, Server};
use serde_json::{Value, json};
use std::thread::{JoinHandle, spawn};

/// Long enough that no test comes to its end; the client's own patience is 30 s.
const LONG: &str = "25s";

fn resolve(known: &str, wait: &str) -> Value {
    json!({"workspace": "shop-a", "template": "orders", "known": known, "wait": wait})
}

/// A ledger with a runner, his token, and the etag of what he was served.
fn served() -> (Place, Server, String, String) {
    let place = Place::new();
    let server = place.serve();
    Agency::build(&server);
    Agency::map(&server, "shop-a", "shopify-client-a");
    let body = json!({"principal": "Runner", "role": "service", "workspaces": ["shop-a"]});
    let token = server.post("/tokens", body).is(201)["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let answer = server
        .with_token(&token)
        .post("/resolve", json!({"workspace": "shop-a", "template": "orders"}))
        .ok();
    let etag = answer["etag"].as_str().unwrap().to_owned();
    (place, server, token, etag)
}

fn waiting(server: &Server, token: &str, etag: &str) -> JoinHandle<Answer> {
    let (runner, body) = (server.with_token(token), resolve(etag, LONG));
    spawn(move || runner.post("/resolve", body))
}

#[test]
fn who_waits_has_the_new_value_when_it_is_rotated() {
    let (_place, server, token, etag) = served();
    // One that nothing changes for: it waits to its end, which the others must not.
    Agency::map(&server, "shop-b", "shopify-client-b");
    let other = json!({"workspace": "shop-b", "template": "orders"});
    let known = server.post("/resolve", other.clone()).ok()["etag"].clone();
    let (owner, mut other) = (server.with_token(&server.token), other);
    (other["known"], other["wait"]) = (known, LONG.into());
    let unconcerned = spawn(move || owner.post("/resolve", other));
    let waiting: Vec<_> = (0..8).map(|_| waiting(&server, &token, &etag)).collect();
    // What is of no concern to them is no answer.
    server.post("/clients", json!({"name": "Nobody's"})).is(201);
    let fields = json!({"fields": {"token": "rotated-Wq72nvYx08"}});
    server.post("/credentials/shopify-client-a/rotate", fields).ok();
    for answer in waiting {
        let answer = answer.join().unwrap().ok();
        assert_eq!(
            answer["variables"]["SHOP"]["fields"]["token"], "rotated-Wq72nvYx08",
            "{answer}"
        );
        assert_ne!(answer["etag"], Value::from(etag.as_str()));
    }
    assert!(
        !unconcerned.is_finished(),
        "they were answered before their time was over"
    );
    server.stop();
    assert_eq!(unconcerned.join().unwrap().ok()["unchanged"], true);
}

#[test]
fn when_nothing_changes_it_says_so_and_records_nothing() {
    let (_place, server, token, etag) = served();
    let size = server.size();
    let answer = server.with_token(&token).post("/resolve", resolve(&etag, "300ms")).ok();
    assert_eq!(answer, json!({"unchanged": true, "etag": etag}));
    assert_eq!(server.size(), size);
}

#[test]
fn who_may_no_longer_is_refused_while_he_waits() {
    let (_place, server, token, etag) = served();
    let by_grant = waiting(&server, &token, &etag);
    let grants = server.get("/principals/runner/grants").ok();
    let grant = grants["items"][0]["id"].as_str().unwrap().to_owned();
    server.delete(&format!("/principals/runner/grants/{grant}")).ok();
    let refused = by_grant.join().unwrap();
    assert!(
        matches!(refused.status, 403 | 404),
        "{}: {}",
        refused.status,
        refused.text()
    );
    assert!(!refused.text().contains("tkn-a-"), "{}", refused.text());
}

#[test]
fn a_server_that_stops_answers_those_who_wait() {
    let (_place, server, token, etag) = served();
    let runner = server.with_token(&token);
    let waiting = waiting(&server, &token, &etag);
    // A second one that comes to its end: by then the first has long been waiting.
    runner.post("/resolve", resolve(&etag, "1s")).ok();
    server.stop();
    let answer = waiting.join().unwrap().ok();
    assert_eq!(answer["unchanged"], true, "{answer}");
}

#[test]
fn waiting_needs_something_to_wait_for_and_an_end() {
    let (_place, server, _, etag) = served();
    for wrong in [
        json!({"workspace": "shop-a", "template": "orders", "wait": "10s"}),
        json!({"workspace": "shop-a", "template": "orders", "wait": "10s", "known": etag, "dry_run": true}),
        resolve(&etag, "61s"),
        resolve(&etag, "-1s"),
        resolve(&etag, "soon"),
    ] {
        let problem = server.post("/resolve", wrong.clone()).refused(422, "invalid");
        assert_eq!(problem["pointer"], "/wait", "{wrong}: {problem}");
    }
}
