//! Four eyes over HTTP and on the command line: one asks, another approves, it is done once.

use crate::harness::{Agency, Answer, Caller, Place, Server};
use serde_json::{Value, json};

/// An agency with a second owner, a reader, and a policy.
fn serve(acts: &[&str]) -> (Place, Server, Caller, Caller) {
    let place = Place::new();
    let server = place.serve();
    Agency::build(&server);
    Agency::map(&server, "shop-a", "shopify-client-a");
    let olga = token(&server, json!({"principal": "Olga", "role": "owner"}));
    let rita = token(&server, json!({"principal": "Rita", "role": "reader"}));
    // Her own token, issued by herself: else she would not be another.
    let first = server.with_token(&olga);
    let own = first.post("/tokens", json!({})).is(201);
    let ids = server.all("/tokens?principal=olga");
    let issued = ids.iter().find(|it| it["id"] != own["id"]).unwrap();
    server
        .delete(&format!("/tokens/{}", issued["id"].as_str().unwrap()))
        .ok();
    let olga = server.with_token(own["token"].as_str().unwrap());
    server.put("/policy", json!({"four_eyes": acts})).ok();
    let rita = server.with_token(&rita);
    (place, server, olga, rita)
}

#[track_caller]
fn token(server: &Server, body: Value) -> String {
    server.post("/tokens", body).is(201)["token"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn with(caller: &Caller, approval: &str, route: &str, body: Value) -> Answer {
    Answer::of(
        caller
            .request("POST", route)
            .header("X-Strongroom-Approval", approval)
            .json(&body),
    )
}

#[test]
fn a_value_is_shown_when_another_has_looked_at_it() {
    let (_place, server, olga, rita) = serve(&["reveal"]);
    let reveal = "/credentials/openai/reveal";
    let why = json!({"reason": "ticket 7", "fields": ["api_key"]});
    let problem = rita.post(reveal, why.clone()).refused(403, "approval_required");
    assert_eq!(problem["act"], "reveal");
    assert_eq!(problem["exactly"], "reveal openai version 1: api_key");
    let size = server.size();
    let asked = with(&rita, "ask", reveal, why.clone()).is(202);
    assert_eq!(server.size(), size + 1, "only the asking is recorded");
    assert!(!asked.to_string().contains("key-of-all"), "{asked}");
    let id = asked["approval"]["id"].as_str().unwrap().to_owned();
    assert_eq!(asked["approval"]["status"], "pending");
    // Not yet; not by herself.
    with(&rita, &id, reveal, why.clone()).refused(403, "approval_required");
    rita.post(&format!("/approvals/{id}/approve"), json!({}))
        .refused(403, "denied");
    let seen = olga.get("/approvals").ok();
    assert_eq!(seen["items"][0]["reason"], "ticket 7");
    assert_eq!(seen["items"][0]["requested_by"], "rita");
    olga.post(&format!("/approvals/{id}/approve"), json!({})).ok();
    // Bound to what was asked.
    with(&rita, &id, reveal, json!({"reason": "more"})).ok();
    let again = json!({"reason": "ticket 7", "fields": ["api_key"]});
    with(&rita, &id, reveal, again).refused(403, "approval_required");
    let types: Vec<String> = server
        .all("/audit/events?order=oldest")
        .iter()
        .rev()
        .take(4)
        .map(|it| it["type"].as_str().unwrap().to_owned())
        .collect();
    assert!(types.contains(&"approval.used".to_owned()), "{types:?}");
    assert_eq!(rita.get(&format!("/approvals/{id}")).ok()["status"], "used");
    with(&rita, "later", reveal, json!({"reason": "x"})).refused(400, "invalid_header");
}

#[test]
fn owners_and_the_policy_itself_change_by_four_eyes() {
    let (_place, server, olga, _rita) = serve(&["owners"]);
    let make = json!({"principal": "Third", "role": "owner", "reason": "she joins"});
    server.post("/tokens", make.clone()).refused(403, "approval_required");
    let asked = with(&server.caller(), "ask", "/tokens", make.clone()).is(202);
    let id = asked["approval"]["id"].as_str().unwrap().to_owned();
    assert!(
        server.all("/principals").iter().all(|it| it["handle"] != "third"),
        "nothing of it was done"
    );
    olga.post(&format!("/approvals/{id}/approve"), json!({})).ok();
    with(&server.caller(), &id, "/tokens", make).is(201);
    server
        .put("/policy", json!({"four_eyes": []}))
        .refused(403, "approval_required");
    server.put("/policy", json!({"four_eyes": ["owners", "reveal"]})).ok();
    let wrong = server
        .put("/policy", json!({"four_eyes": ["policy"]}))
        .refused(422, "invalid");
    assert_eq!(wrong["pointer"], "/four_eyes");
}

#[test]
fn on_the_command_line_one_asks_and_another_approves() {
    let (place, server, olga, _rita) = serve(&["revoke_in_use"]);
    let revoke = [
        "credential",
        "revoke",
        "shopify-client-a",
        "--yes",
        "--reason",
        "leaked",
    ];
    let refused = place.run(&revoke).exits(4);
    assert!(
        refused.err.contains("--approval ask") || refused.err.contains("X-Strongroom-Approval"),
        "{}",
        refused.err
    );
    let asked = place
        .run(&[&revoke[..], &["--approval", "ask", "--output", "json"]].concat())
        .exits(2);
    let id = asked.failure()["approval"]["id"].as_str().unwrap().to_owned();
    let listed = place.json(&["approval", "list"]);
    assert_eq!(listed["items"][0]["exactly"], "revoke shopify-client-a");
    let own = place.run(&["approval", "approve", &id, "--output", "json"]).exits(4);
    assert_eq!(
        own.failure()["type"].as_str().unwrap().rsplit(':').next(),
        Some("self_approval")
    );
    olga.post(&format!("/approvals/{id}/approve"), json!({})).ok();
    place.run(&[&revoke[..], &["--approval", &id]].concat()).exits(0);
    assert_eq!(server.get("/credentials/shopify-client-a").ok()["status"], "revoked");
    let shown = place.json(&["policy", "show"]);
    assert_eq!(shown["four_eyes"], json!(["revoke_in_use"]));
}
