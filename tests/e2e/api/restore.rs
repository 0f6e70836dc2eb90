//! Something put back to what it was, by new records: shown first, done whole or not at all.

use crate::harness::{Agency, Place, Server};
use serde_json::{Value, json};

fn serve() -> (Place, Server) {
    let place = Place::new();
    let server = place.serve();
    Agency::build(&server);
    for letter in ["a", "b"] {
        Agency::map(&server, &format!("shop-{letter}"), &format!("shopify-client-{letter}"));
    }
    (place, server)
}

fn newest(server: &Server) -> String {
    (server.size() - 1).to_string()
}

fn mapped(server: &Server, shop: &str) -> Value {
    let answer = server.get(&format!("/workspaces/{shop}/mappings")).ok();
    let one = |it: &Value| json!([it["variable"], it["instance"], it["credential"]]);
    let items = answer["items"].as_array().unwrap().iter();
    json!(
        items
            .flat_map(|it| it["mappings"].as_array().unwrap())
            .map(one)
            .collect::<Vec<_>>()
    )
}

/// `what: from -> to (outcome)` of each line.
fn lines(plan: &Value) -> Vec<String> {
    let text = |it: &Value| it.as_str().unwrap_or("-").to_owned();
    let line = |it: &Value| {
        format!(
            "{}: {} -> {} ({})",
            text(&it["what"]),
            text(&it["from"]),
            text(&it["to"]),
            text(&it["outcome"])
        )
    };
    plan["changes"].as_array().unwrap().iter().map(line).collect()
}

fn put_back(server: &Server, body: Value) -> Value {
    let mut asked = body.clone();
    asked["dry_run"] = json!(true);
    let size = server.size();
    let plan = server.post("/restore", asked).ok();
    assert_eq!(server.size(), size, "a dry run changes nothing");
    let mut done = body;
    done["expected"] = plan["digest"].clone();
    done["reason"] = json!("an incident");
    server.post("/restore", done).ok();
    plan
}

#[test]
fn a_wrong_bulk_change_is_put_back_and_the_log_keeps_all() {
    let (_place, server) = serve();
    let (before, at) = (["shop-a", "shop-b"].map(|shop| mapped(&server, shop)), newest(&server));
    let other =
        json!({"name": "Other", "service": "openai", "kind": "api_key", "fields": {"api_key": "key-other-Zq83nVx1"}});
    server.post("/credentials", other).is(201);
    server.post("/credentials/openai/replace", json!({"new": "other"})).ok();
    server.delete("/workspaces/shop-b/templates/orders/mappings/SHOP").ok();
    let size = server.size();
    let plan = put_back(&server, json!({"to": at, "mappings": true}));
    assert_eq!(
        lines(&plan),
        [
            "ledger.restored: - -> - (ok)",
            "mapping: other -> openai (ok)",
            "mapping: other -> openai (ok)",
            "mapping: - -> shopify-client-b (ok)",
        ]
    );
    assert_eq!(["shop-a", "shop-b"].map(|shop| mapped(&server, shop)), before);
    assert_eq!(server.size(), size + 4);
    let events = server.all(&format!("/audit/events?position={size}..&order=oldest"));
    assert_eq!(events[0]["type"], "ledger.restored");
    assert_eq!(
        (&events[0]["data"]["count"], &events[0]["reason"]),
        (&json!(3), &json!("an incident"))
    );
    assert!(events.iter().all(|it| it["correlation"] == events[0]["correlation"]));
    // And the same back again.
    let plan = put_back(&server, json!({"to": (size - 1).to_string(), "mappings": true}));
    assert_eq!(lines(&plan).len(), 4);
    assert_eq!(mapped(&server, "shop-a")[0], json!(["AI", null, "other"]));
}

#[test]
fn a_credential_is_what_it_was_with_the_values_that_it_had() {
    let (_place, server) = serve();
    let at = newest(&server);
    let update = json!({"description": "wrong", "tags": {"team": "x"}, "name": "Wrong"});
    server.post("/credentials/openai/update", update).ok();
    let rotate = json!({"fields": {"api_key": "wrong-key-Zq83nVx1"}});
    server.post("/credentials/openai/rotate", rotate).ok();
    server
        .post("/credentials/shopify-client-a/share", json!({"clients": ["client-b"]}))
        .ok();
    server.post("/credentials/openai/disable", json!({})).ok();
    let plan = put_back(&server, json!({"to": at, "credential": "openai"}));
    assert_eq!(
        lines(&plan),
        [
            "ledger.restored: - -> - (ok)",
            "version: 2 -> 1 (ok)",
            "details: - -> name, description, tags (ok)",
            "status: disabled -> active (ok)",
        ]
    );
    assert!(
        plan["changes"][1]["detail"].as_str().unwrap().contains("retired"),
        "{plan}"
    );
    assert!(!plan.to_string().contains("Zq83nVx1"));
    let now = server.get("/credentials/openai").ok();
    assert_eq!(
        (&now["name"], &now["status"], &now["version"]),
        (&json!("OpenAI"), &json!("active"), &json!(3))
    );
    let served = server
        .post("/resolve", json!({"workspace": "shop-a", "template": "orders"}))
        .ok();
    assert!(served.to_string().contains("key-of-all-Zq83nVx1"), "the values of then");
    // Another credential is another's business.
    assert_eq!(
        server.get("/credentials/shopify-client-a").ok()["reach"]["clients"],
        json!(["client-a", "client-b"])
    );
}

#[test]
fn what_must_not_come_back_stays_away_and_is_named() {
    let (_place, server) = serve();
    let at = newest(&server);
    let other =
        json!({"name": "Other", "service": "openai", "kind": "api_key", "fields": {"api_key": "key-other-Zq83nVx1"}});
    server.post("/credentials", other).is(201);
    server.post("/credentials/openai/replace", json!({"new": "other"})).ok();
    server
        .post("/credentials/openai/revoke", json!({"reason": "leaked"}))
        .ok();
    server.post("/principals", json!({"name": "Eve"})).is(201);
    server
        .post("/principals/eve/grants", json!({"role": "admin", "all": true}))
        .is(201);
    let plan = server
        .post("/restore", json!({"to": at, "mappings": true, "dry_run": true}))
        .ok();
    assert_eq!(
        lines(&plan),
        ["mapping: other -> openai (kept)", "mapping: other -> openai (kept)"]
    );
    assert!(
        plan["changes"][0]["detail"].as_str().unwrap().contains("revoked"),
        "{plan}"
    );
    let size = server.size();
    server
        .post("/restore", json!({"to": at, "mappings": true, "reason": "an incident"}))
        .ok();
    assert_eq!(server.size(), size, "where nothing can come back nothing is recorded");
    let plan = server
        .post("/restore", json!({"to": at, "credential": "openai", "dry_run": true}))
        .ok();
    assert_eq!(lines(&plan), ["status: revoked -> active (kept)"]);
    // What a principal was given since is no part of it.
    assert_eq!(
        server.get("/principals/eve/grants").ok()["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn it_is_bound_to_what_was_shown_and_to_who_may() {
    let (_place, server) = serve();
    let at = newest(&server);
    server.delete("/workspaces/shop-b/templates/orders/mappings/SHOP").ok();
    let asked = json!({"to": at, "workspace": "shop-b", "dry_run": true});
    let plan = server.post("/restore", asked).ok();
    server.delete("/workspaces/shop-b/templates/orders/mappings/AI").ok();
    let done = json!({"to": at, "workspace": "shop-b", "expected": plan["digest"], "reason": "an incident"});
    server.post("/restore", done).refused(412, "plan_changed");
    for (body, kind) in [
        (json!({"to": at, "workspace": "shop-b"}), "reason_required"),
        (json!({"to": at, "dry_run": true}), "invalid"),
        (
            json!({"to": at, "workspace": "shop-b", "mappings": true, "dry_run": true}),
            "invalid",
        ),
        (
            json!({"to": "999999", "workspace": "shop-b", "dry_run": true}),
            "invalid",
        ),
        (json!({"to": "soon", "workspace": "shop-b", "dry_run": true}), "invalid"),
        (json!({"to": "1", "workspace": "shop-b", "dry_run": true}), "invalid"),
    ] {
        let answer = server.post("/restore", body.clone());
        assert_eq!((answer.status, answer.kind()), (422, kind), "{body}: {}", answer.text());
    }
    server.post("/principals", json!({"name": "Ed"})).is(201);
    server
        .post("/principals/ed/grants", json!({"role": "editor", "all": true}))
        .is(201);
    let issued = server.post("/tokens", json!({"principal": "ed", "label": "t"})).is(201);
    let ed = server.with_token(issued["token"].as_str().unwrap());
    ed.post("/restore", json!({"to": at, "workspace": "shop-b", "dry_run": true}))
        .refused(403, "denied");
}

#[test]
fn defaults_and_admitted_revisions_come_back() {
    let (_place, server) = serve();
    let default = |credential: &str| {
        let body = json!({"workspace": "shop-a", "service": "openai", "kind": "api_key", "credential": credential});
        server.put("/defaults", body).ok();
    };
    default("openai");
    let other =
        json!({"name": "Other", "service": "openai", "kind": "api_key", "fields": {"api_key": "key-other-Zq83nVx1"}});
    server.post("/credentials", other).is(201);
    let at = newest(&server);
    default("other");
    let fewer = json!({"variables": [{"name": "AI", "service": "openai", "kinds": ["api_key"]}]});
    server.post("/templates/orders/revise", fewer).ok();
    server
        .post("/workspaces/shop-a/templates/orders/admit", json!({"revision": 2}))
        .ok();
    let plan = put_back(&server, json!({"to": at, "workspace": "shop-a"}));
    let mut lines = lines(&plan);
    lines.sort();
    assert_eq!(
        lines,
        [
            "admission: 2 -> 1 (ok)",
            "default: other -> openai (ok)",
            "ledger.restored: - -> - (ok)"
        ]
    );
    let mappings = server.get("/workspaces/shop-a/mappings").ok();
    assert_eq!(mappings["defaults"][0]["credential"], "openai");
    assert_eq!(mappings["items"][0]["revision"], 1);
}

#[test]
fn after_all_of_it_every_way_to_the_state_comes_to_the_same() {
    let (place, server) = serve();
    let at = newest(&server);
    for round in 0..20 {
        let rotate = json!({"fields": {"api_key": format!("round-{round}-Zq83nVx1")}});
        server.post("/credentials/openai/rotate", rotate).ok();
    }
    put_back(&server, json!({"to": at, "credential": "openai"}));
    let checked = place.json(&["replay", "--check", "--places", "30"]);
    assert_eq!(
        (&checked["ok"], &checked["records"]),
        (&json!(true), &json!(server.size()))
    );
    assert!(checked["places"].as_u64().unwrap() > 10, "{checked}");
    assert!(checked["credentials"].as_u64().unwrap() > 5, "{checked}");
    let told = place.run(&["replay", "--check"]).exits(0);
    assert!(told.out.contains("comes to the same one"), "{}", told.out);
    let many = crate::harness::Answer::of(server.request("POST", "/admin/replay?places=1001"));
    assert_eq!(many.refused(422, "invalid")["pointer"], "/places");
}
