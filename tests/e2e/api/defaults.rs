//! Mappings and defaults: checked when made, listed as they are.

use crate::harness::{Agency, Place, Server};
use serde_json::{Value, json};

fn serve() -> (Place, Server) {
    let place = Place::new();
    let server = place.serve();
    Agency::build(&server);
    (place, server)
}

#[test]
fn a_mapping_is_checked_when_it_is_made() {
    let (_place, server) = serve();
    let map = |variable: &str, body: Value| {
        server.put(
            &format!("/workspaces/shop-a/templates/orders/mappings/{variable}"),
            body,
        )
    };
    map("SHOP", json!({"credential": "shopify-client-b"})).refused(409, "client_guard");
    map("SHOP", json!({"credential": "openai"})).refused(409, "does_not_fit");
    map("NOTHING", json!({"credential": "openai"})).refused(404, "not_found");
    let problem = map("SHOP", json!({"credential": "shopify-clint-a"})).refused(404, "not_found");
    assert!(
        problem["hint"].as_str().unwrap().contains("shopify-client-a"),
        "{problem}"
    );
    server.post("/credentials/openai/disable", json!({})).ok();
    map("AI", json!({"credential": "openai"})).problem();
    server.post("/credentials/openai/enable", json!({})).ok();
    let mapped = map("AI", json!({"credential": "openai"})).ok();
    assert_eq!(
        (
            &mapped["variable"],
            &mapped["credential"],
            &mapped["workspace"],
            &mapped["template"]
        ),
        (&json!("AI"), &json!("openai"), &json!("shop-a"), &json!("orders"))
    );
    let again = map("AI", json!({"credential": "openai"})).ok();
    assert!(again["position"].is_null(), "nothing changed: {again}");
    server
        .delete("/workspaces/shop-a/templates/orders/mappings/NOTHING")
        .problem();
}

#[test]
fn what_is_mapped_is_listed() {
    let (_place, server) = serve();
    Agency::map(&server, "shop-a", "shopify-client-a");
    server
        .put(
            "/workspaces/shop-a/templates/orders/mappings/AI",
            json!({"credential": "openai", "instance": "run-1"}),
        )
        .ok();
    server
        .put(
            "/defaults",
            json!({"service": "openai", "kind": "api_key", "credential": "openai"}),
        )
        .ok();
    let mappings = server.get("/workspaces/shop-a/mappings").ok();
    let installed = &mappings["items"][0];
    assert_eq!(
        (
            &installed["template"],
            &installed["revision"],
            &installed["newest_revision"]
        ),
        (&json!("orders"), &json!(1), &json!(1))
    );
    let mut lines: Vec<_> = installed["mappings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| format!("{} {} {}", it["variable"], it["instance"], it["credential"]))
        .collect();
    lines.sort();
    assert_eq!(
        lines,
        [
            "\"AI\" \"run-1\" \"openai\"",
            "\"AI\" null \"openai\"",
            "\"SHOP\" null \"shopify-client-a\""
        ]
    );
    assert_eq!(mappings["defaults"][0]["credential"], "openai");
    server.get("/workspaces/nobody/mappings").refused(404, "not_found");
}

#[test]
fn a_default_is_for_what_it_says() {
    let (_place, server) = serve();
    server
        .put(
            "/defaults",
            json!({"service": "openai", "kind": "api_key", "credential": "shopify-client-a"}),
        )
        .refused(409, "does_not_fit");
    server.put("/defaults", json!({"workspace": "shop-a", "service": "shopify", "kind": "access_token", "credential": "shopify-client-b"})).refused(409, "client_guard");
    let set = server.put("/defaults", json!({"workspace": "shop-a", "service": "shopify", "kind": "access_token", "credential": "shopify-client-a"})).ok();
    assert_eq!(
        (&set["workspace"], &set["credential"]),
        (&json!("shop-a"), &json!("shopify-client-a"))
    );
    // A default for all is no way around the client guard.
    server
        .post("/credentials/shopify-client-b/share", json!({"all": true}))
        .ok();
    server
        .put(
            "/defaults",
            json!({"service": "shopify", "kind": "access_token", "credential": "shopify-client-b"}),
        )
        .ok();
    server
        .post("/credentials/shopify-client-b/unshare", json!({"all": true}))
        .ok();
    server
        .delete("/defaults?workspace=shop-a&service=shopify&kind=access_token")
        .ok();
    let body = json!({"workspace": "shop-a", "template": "orders", "dry_run": true});
    let problem = server.post("/resolve", body).refused(409, "variables_missing");
    assert!(problem.to_string().contains("client_guard"), "{problem}");
    server.delete("/defaults?service=shopify&kind=access_token").ok();
    let gone = server.delete("/defaults?service=shopify&kind=access_token");
    assert!(
        gone.status == 404 || gone.status == 200 && gone.body["position"].is_null(),
        "{} {}",
        gone.status,
        gone.text()
    );
}
