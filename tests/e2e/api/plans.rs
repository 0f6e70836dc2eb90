//! Work on many places at once: shown first, done whole or not at all, changed back by its correlation.

use crate::harness::{Agency, Place, Server};
use serde_json::{Value, json};

/// Three credentials with one key among them, as years leave them behind.
fn duplicates(server: &Server) {
    Agency::build(server);
    for name in ["OpenAI old", "OpenAI older"] {
        let body = json!({"name": name, "service": "openai", "kind": "api_key",
            "fields": {"api_key": format!("key-of-{name}-Zq83nVx1")}});
        server.post("/credentials", body).is(201);
    }
    map(server, "shop-a", "openai-old");
    map(server, "shop-b", "openai-older");
    let instance = json!({"credential": "openai-old", "instance": "flow-7"});
    server
        .put("/workspaces/shop-b/templates/orders/mappings/AI", instance)
        .ok();
    let default = json!({"workspace": "shop-b", "service": "openai", "kind": "api_key", "credential": "openai-old"});
    server.put("/defaults", default).ok();
}

fn map(server: &Server, shop: &str, credential: &str) {
    let route = format!("/workspaces/{shop}/templates/orders/mappings/AI");
    server.put(&route, json!({"credential": credential})).ok();
}

/// Which credential stands where, without times.
fn mapped(server: &Server, shop: &str) -> Vec<String> {
    let answer = server.get(&format!("/workspaces/{shop}/mappings")).ok();
    let mappings = answer["items"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|it| it["mappings"].as_array().unwrap());
    let defaults = answer["defaults"].as_array().unwrap();
    let line = |it: &Value| format!("{} {} {}", it["variable"], it["instance"], it["credential"]);
    mappings.chain(defaults).map(line).collect()
}

fn both(server: &Server) -> Vec<Vec<String>> {
    Agency::SHOPS.iter().map(|shop| mapped(server, shop)).collect()
}

#[test]
fn duplicates_are_merged_in_one_step_and_unmerged_by_their_correlation() {
    let place = Place::new();
    let server = place.serve();
    duplicates(&server);
    let before = both(&server);
    let size = server.size();
    let plan = server
        .post(
            "/credentials/openai-old/replace",
            json!({"new": "openai", "dry_run": true}),
        )
        .ok();
    assert_eq!(plan["changes"].as_array().unwrap().len(), 3, "{plan}");
    assert_eq!(server.size(), size, "a dry run changes nothing");
    let body = json!({"new": "openai", "expected": plan["digest"]});
    let first = server.post("/credentials/openai-old/replace", body).ok();
    let second = server
        .post("/credentials/openai-older/replace", json!({"new": "openai"}))
        .ok();
    assert_eq!((&first["events"], &second["events"]), (&json!(3), &json!(1)));
    assert!(
        !format!("{:?}", both(&server)).contains("openai-old"),
        "{:?}",
        both(&server)
    );
    let merged = both(&server);
    let mut undone = Value::Null;
    for work in [&second, &first] {
        undone = server.post("/undo", json!({"correlation": work["correlation"]})).ok();
    }
    assert_eq!(both(&server), before);
    server.post("/undo", json!({"correlation": undone["correlation"]})).ok();
    assert_eq!(both(&server)[0], merged[0], "an undo is undone like any other work");
}

#[test]
fn a_change_in_between_is_412_and_nothing_is_half_done() {
    let place = Place::new();
    let server = place.serve();
    duplicates(&server);
    let plan = server
        .post(
            "/credentials/openai-old/replace",
            json!({"new": "openai", "dry_run": true}),
        )
        .ok();
    map(&server, "shop-a", "openai");
    let before = both(&server);
    let body = json!({"new": "openai", "expected": plan["digest"]});
    let late = server.post("/credentials/openai-old/replace", body);
    assert_eq!(late.status, 412, "{}", late.text());
    assert_eq!(both(&server), before);
}

#[test]
fn what_cannot_move_refuses_the_whole_with_each_place() {
    let place = Place::new();
    let server = place.serve();
    duplicates(&server);
    let own = json!({"name": "OpenAI of A", "service": "openai", "kind": "api_key", "client": "client-a",
        "fields": {"api_key": "key-of-client-a-Zq83nVx1"}});
    server.post("/credentials", own).is(201);
    let before = both(&server);
    let refused = server.post("/credentials/openai-old/replace", json!({"new": "openai-of-a"}));
    assert_eq!(refused.status, 409, "{}", refused.text());
    let problem: Value = serde_json::from_str(&refused.text()).unwrap();
    let changes = problem["changes"].as_array().unwrap();
    let guarded = changes.iter().filter(|it| it["why"] == "client_guard");
    assert_eq!(
        guarded.map(|it| &it["workspace"]).collect::<Vec<_>>(),
        ["shop-b", "shop-b"],
        "{problem}"
    );
    assert_eq!(
        changes.iter().filter(|it| it["outcome"] == "ok").count(),
        1,
        "{problem}"
    );
    assert_eq!(both(&server), before);
}

#[test]
fn an_undo_keeps_its_hands_off_what_changed_or_was_revoked_since() {
    let place = Place::new();
    let server = place.serve();
    duplicates(&server);
    let done = server
        .post("/credentials/openai-old/replace", json!({"new": "openai"}))
        .ok();
    map(&server, "shop-a", "openai-older");
    let undo = json!({"correlation": done["correlation"]});
    let refused = server.post("/undo", undo.clone());
    assert!(
        refused.status == 409 && refused.text().contains("changed_since"),
        "{}",
        refused.text()
    );
    map(&server, "shop-a", "openai");
    server.post("/credentials/openai-old/revoke", json!({})).ok();
    let before = both(&server);
    let refused = server.post("/undo", undo);
    assert!(
        refused.status == 409 && refused.text().contains("revoked"),
        "{}",
        refused.text()
    );
    assert_eq!(both(&server), before);
    let rotated = server
        .post(
            "/credentials/openai/rotate",
            json!({"fields": {"api_key": "rotated-Zq83nVx1mK"}}),
        )
        .ok();
    let event = server.get(&format!("/audit/events/{}", rotated["position"])).ok();
    let refused = server.post("/undo", json!({"correlation": event["correlation"]}));
    assert!(refused.text().contains("credential.rotated"), "{}", refused.text());
}

#[test]
fn dev_is_copied_to_prod_and_rolled_back() {
    let place = Place::new();
    let server = place.serve();
    Agency::build(&server);
    let dev = json!({"name": "Shop A dev", "client": "client-a", "environment": "dev"});
    server.post("/workspaces", dev).is(201);
    server
        .post("/workspaces/shop-a-dev/templates/orders/admit", json!({}))
        .ok();
    Agency::map(&server, "shop-a-dev", "shopify-client-a");
    let before = both(&server);
    let route = "/workspaces/shop-a-dev/copy/shop-a";
    let plan = server.post(route, json!({"dry_run": true})).ok();
    assert_eq!(plan["changes"].as_array().unwrap().len(), 2, "{plan}");
    let done = server.post(route, json!({"expected": plan["digest"]})).ok();
    assert_eq!(mapped(&server, "shop-a"), mapped(&server, "shop-a-dev"));
    assert_eq!(
        server.post(route, json!({})).ok()["events"],
        0,
        "a second time adds nothing"
    );
    server.post("/undo", json!({"correlation": done["correlation"]})).ok();
    assert_eq!(both(&server), before);
    let over = server.post("/workspaces/shop-a-dev/copy/shop-b", json!({}));
    assert!(
        over.status == 409 && over.text().contains("client_guard"),
        "{}",
        over.text()
    );
}

#[test]
fn a_production_credential_in_a_dev_workspace_needs_a_reason() {
    let place = Place::new();
    let server = place.serve();
    Agency::build(&server);
    server
        .post("/workspaces", json!({"name": "Dev", "environment": "dev"}))
        .is(201);
    server
        .post("/credentials/openai/update", json!({"tags": {"environment": "prod"}}))
        .ok();
    let route = "/workspaces/dev/templates/orders/mappings/AI";
    let bare = server.put(route, json!({"credential": "openai"}));
    assert!(
        bare.status == 422 && bare.text().contains("reason_required"),
        "{}",
        bare.text()
    );
    server
        .put(route, json!({"credential": "openai", "reason": "trying the new model"}))
        .ok();
    map(&server, "shop-a", "openai");
}

#[test]
fn who_leaves_keeps_nothing_and_his_credentials_find_a_steward() {
    let place = Place::new();
    let server = place.serve();
    Agency::build(&server);
    server
        .post("/principals", json!({"name": "Mia", "kind": "person"}))
        .is(201);
    server
        .post("/credentials/openai/update", json!({"steward": "mia"}))
        .ok();
    let bare = server.post("/principals/mia/offboard", json!({}));
    assert!(
        bare.status == 409 && bare.text().contains("needs_steward"),
        "{}",
        bare.text()
    );
    let done = server
        .post("/principals/mia/offboard", json!({"steward_to": "dev"}))
        .ok();
    let what: Vec<_> = done["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["what"].clone())
        .collect();
    assert_eq!(what, ["steward", "principal"], "{done}");
    assert_eq!(server.get("/credentials/openai").ok()["steward"], "dev");
}
