//! Repeats of a request, and changes behind someone's back.

use crate::harness::{Agency, Answer, Place, Server};
use serde_json::{Value, json};
use std::sync::Barrier;

fn serve() -> (Place, Server) {
    let place = Place::new();
    let server = place.serve();
    Agency::build(&server);
    (place, server)
}

fn keyed(server: &Server, method: &str, route: &str, key: &str, body: &Value) -> Answer {
    Answer::of(server.request(method, route).header("Idempotency-Key", key).json(body))
}

/// The same thing was said, but for the checkpoint, which is the newest, and the word that it is a repeat.
#[track_caller]
fn same(first: &Value, again: &Value) {
    assert_eq!(again["replayed"], true, "{again}");
    let (mut first, mut again) = (first.clone(), again.clone());
    for answer in [&mut first, &mut again] {
        for member in ["checkpoint", "replayed", "warnings"] {
            answer.as_object_mut().unwrap().remove(member);
        }
    }
    assert_eq!(first, again);
}

fn size_of(answer: &Value) -> u64 {
    answer["checkpoint"]
        .as_str()
        .unwrap()
        .lines()
        .nth(1)
        .unwrap()
        .parse()
        .unwrap()
}

#[test]
fn a_repeat_is_answered_from_the_log_with_the_newest_checkpoint() {
    let (place, server) = serve();
    let requests = [
        (
            "POST",
            "/credentials",
            json!({"name": "Keyed", "service": "openai", "kind": "api_key", "fields": {"api_key": "v-8Qk1nXw72"}}),
        ),
        (
            "POST",
            "/credentials/keyed/rotate",
            json!({"fields": {"api_key": "v-9Qk2nXw83"}}),
        ),
        ("POST", "/credentials/keyed/rollback", json!({"version": 1})),
        ("POST", "/credentials/keyed/update", json!({"description": "new"})),
        ("POST", "/credentials/keyed/disable", json!({})),
        ("POST", "/clients", json!({"name": "Keyed"})),
        ("POST", "/workspaces", json!({"name": "Keyed"})),
        ("POST", "/templates", json!({"name": "Keyed", "variables": []})),
        (
            "POST",
            "/workspaces/shop-a/templates/orders/admit",
            json!({"reason": "again"}),
        ),
        (
            "PUT",
            "/workspaces/shop-a/templates/orders/mappings/AI",
            json!({"credential": "openai"}),
        ),
        (
            "PUT",
            "/defaults",
            json!({"service": "openai", "kind": "api_key", "credential": "openai"}),
        ),
        ("POST", "/principals", json!({"name": "Keyed"})),
    ];
    let mut answers = Vec::new();
    for (number, (method, route, body)) in requests.iter().enumerate() {
        answers.push(keyed(&server, method, route, &format!("key-{number}"), body).ok());
    }
    let size = server.size();
    let check = |server: &Server| {
        for (number, ((method, route, body), first)) in requests.iter().zip(&answers).enumerate() {
            if first["position"].is_null() {
                continue; // what appended nothing is not remembered
            }
            let again = keyed(server, method, route, &format!("key-{number}"), body).ok();
            same(first, &again);
            assert_eq!(size_of(&again), server.size(), "{route}: the newest checkpoint");
        }
    };
    check(&server);
    assert_eq!(server.size(), size, "a repeat appends nothing");
    server.stop();
    let server = place.serve();
    check(&server);
    server.kill9();
    check(&place.serve());
}

#[test]
fn a_key_is_bound_to_its_body_route_and_caller() {
    let (_place, server) = serve();
    let body = json!({"name": "Bound"});
    let first = keyed(&server, "POST", "/clients", "the-key", &body).is(201);
    keyed(&server, "POST", "/clients", "the-key", &json!({"name": "Other"})).refused(422, "idempotency_mismatch");
    let spaced = Answer::of(
        server
            .request("POST", "/clients")
            .header("Idempotency-Key", "the-key")
            .header("content-type", "application/json")
            .body("{\"name\":  \"Bound\"}"),
    );
    spaced.refused(422, "idempotency_mismatch");
    // Another route is another request.
    keyed(&server, "POST", "/workspaces", "the-key", &body).is(201);
    // So is another caller.
    let issued = server
        .post("/tokens", json!({"principal": "Mia", "role": "editor"}))
        .is(201);
    let mia = server.with_token(issued["token"].as_str().unwrap());
    mia.write("POST", "/clients", "the-key", &body)
        .unwrap()
        .refused(409, "name_taken");
    same(&first, &keyed(&server, "POST", "/clients", "the-key", &body).ok());
    for bad in ["", "two words", "ü", &"k".repeat(129)] {
        let request = server
            .request("POST", "/clients")
            .header("Idempotency-Key", bad.as_bytes())
            .json(&json!({"name": "Bad key"}));
        let answer = Answer::of(request);
        assert_eq!(answer.status, 400, "{bad:?}: {}", answer.text());
        answer.problem();
    }
    keyed(
        &server,
        "POST",
        "/clients",
        &"k".repeat(128),
        &json!({"name": "Long key"}),
    )
    .is(201);
}

#[test]
fn what_was_refused_or_changed_nothing_is_not_remembered() {
    let (_place, server) = serve();
    let body = json!({"name": "Later", "client": "soon"});
    keyed(&server, "POST", "/workspaces", "again", &body).refused(404, "not_found");
    server.post("/clients", json!({"name": "Soon"})).is(201);
    keyed(&server, "POST", "/workspaces", "again", &body).is(201);
    let nothing = keyed(
        &server,
        "POST",
        "/credentials/openai/update",
        "none",
        &json!({"description": ""}),
    )
    .ok();
    assert!(nothing["position"].is_null(), "{nothing}");
    let size = server.size();
    keyed(
        &server,
        "POST",
        "/credentials/openai/update",
        "none",
        &json!({"description": "something"}),
    )
    .ok();
    assert_eq!(server.size(), size + 1);
}

#[test]
fn a_token_is_shown_once_also_in_a_repeat() {
    let (_place, server) = serve();
    let body = json!({"principal": "Runner", "role": "service", "workspaces": ["shop-a"]});
    let first = keyed(&server, "POST", "/tokens", "token-key", &body).is(201);
    assert!(first["token"].as_str().unwrap().starts_with("srt_"));
    let again = keyed(&server, "POST", "/tokens", "token-key", &body).ok();
    assert_eq!(again["id"], first["id"]);
    assert!(again.get("token").is_none_or(Value::is_null), "{again}");
    assert_eq!(again["replayed"], true);
    assert!(!again["warnings"].as_array().unwrap().is_empty(), "it says so: {again}");
}

#[test]
fn of_two_in_flight_one_is_told_to_come_back() {
    let (_place, server) = serve();
    let mut in_flight = 0;
    for round in 0..200 {
        let before = server.size();
        let body = json!({"name": format!("Race {round}"), "service": "openai", "kind": "api_key", "accept_duplicate": true, "fields": {"api_key": "v-72kQx91nW"}});
        let key = format!("race-{round}");
        let barrier = Barrier::new(8);
        let answers: Vec<Answer> = std::thread::scope(|scope| {
            let send = || {
                let caller = server.caller();
                barrier.wait();
                caller.write("POST", "/credentials", &key, &body).unwrap()
            };
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(send)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let mut positions = std::collections::BTreeSet::new();
        for answer in answers {
            match answer.status {
                409 => {
                    answer.refused(409, "in_flight");
                    in_flight += 1;
                }
                _ => {
                    positions.insert(answer.ok()["position"].as_u64().unwrap());
                }
            }
        }
        assert_eq!(
            positions.into_iter().collect::<Vec<_>>(),
            [before],
            "one request was done, once"
        );
        assert_eq!(server.size(), before + 1);
        if in_flight > 0 {
            return;
        }
    }
    panic!("of 1,600 requests none met its twin");
}

#[test]
fn a_change_names_the_version_that_it_changes() {
    let (_place, server) = serve();
    let guarded = |route: &str, version: &str, body: Value| {
        Answer::of(server.request("POST", route).header("If-Match", version).json(&body))
    };
    let etag = |route: &str| server.get(route).header("etag").unwrap().to_owned();
    for (route, change, body) in [
        ("/credentials/openai", "update", json!({"description": "one"})),
        ("/clients/client-a", "update", json!({"description": "one"})),
        ("/workspaces/shop-a", "update", json!({"description": "one"})),
        ("/templates/orders", "update", json!({"description": "one"})),
    ] {
        let before = etag(route);
        assert!(before.starts_with('"') && before.ends_with('"'), "{before}");
        let number: u64 = before.trim_matches('"').parse().unwrap();
        assert_eq!(server.get(route).ok()["etag"], number, "header and member say the same");
        let done = guarded(&format!("{route}/{change}"), &before, body).ok();
        assert_eq!(done["etag"].as_u64().unwrap(), number + 1);
        let size = server.size();
        let late = guarded(&format!("{route}/{change}"), &before, json!({"description": "two"}))
            .refused(412, "version_mismatch");
        assert!(
            late["detail"].as_str().unwrap().contains(&(number + 1).to_string()),
            "{late}"
        );
        assert_eq!(server.size(), size);
        let bad = guarded(&format!("{route}/{change}"), "abc", json!({"description": "two"}));
        assert_eq!(bad.status, 400, "{}", bad.text());
    }
    // A serving is no change: readers never make a writer late.
    let before = etag("/credentials/openai");
    server
        .post("/credentials/openai/reveal", json!({"reason": "look"}))
        .ok();
    assert_eq!(etag("/credentials/openai"), before);
    guarded(
        "/credentials/openai/rotate",
        &before,
        json!({"fields": {"api_key": "n-Qk82nv"}}),
    )
    .ok();
    guarded(
        "/credentials/openai/rotate",
        &before,
        json!({"fields": {"api_key": "m-Qk82nv"}}),
    )
    .refused(412, "version_mismatch");
    guarded("/credentials/openai/revoke", &before, json!({})).refused(412, "version_mismatch");
}
