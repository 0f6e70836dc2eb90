//! The work of an agency: many clients, one template, one key for all of them, and walls between the clients.

use crate::harness::{Place, Server};
use serde_json::{Value, json};

/// Clients of the agency: each has a shop in production and one for trying out.
const CLIENTS: usize = 20;

fn client(number: usize) -> String {
    format!("client-{number:02}")
}

fn shop(number: usize, environment: &str) -> String {
    format!("shop-{number:02}-{environment}")
}

/// Clients with two workspaces and a Shopify key each, one OpenAI key for all, and the template `orders`.
fn found(server: &Server, clients: usize) {
    for number in 0..clients {
        let name = format!("Client {number:02}");
        server.post("/clients", json!({"name": name})).is(201);
        for environment in ["prod", "dev"] {
            let name = format!("Shop {number:02} {environment}");
            let shop = json!({"name": name, "client": client(number), "environment": environment});
            server.post("/workspaces", shop).is(201);
        }
        let key = json!({
            "name": format!("Shopify {number:02}"), "service": "shopify", "kind": "access_token",
            "client": client(number), "fields": {"token": format!("tkn-{number:02}-kX82hqLw93mDv1")},
        });
        server.post("/credentials", key).is(201);
    }
    let shared = json!({
        "name": "OpenAI", "service": "openai", "kind": "api_key", "fields": {"api_key": "key-of-all-Zq83nVx1"},
    });
    server.post("/credentials", shared).is(201);
    let template = json!({"name": "Orders", "variables": [
        {"name": "SHOP", "service": "shopify", "kinds": ["access_token"]},
        {"name": "AI", "service": "openai", "kinds": ["api_key"]},
    ]});
    server.post("/templates", template).is(201);
}

fn outcomes(answer: &Value) -> Vec<&str> {
    let changes = answer["changes"].as_array().unwrap();
    changes.iter().map(|it| it["outcome"].as_str().unwrap()).collect()
}

fn resolved(server: &Server, workspace: &str) -> Value {
    server
        .post("/resolve", json!({"workspace": workspace, "template": "orders"}))
        .ok()["variables"]
        .clone()
}

#[test]
fn forty_workspaces_are_set_up_by_one_command_and_taken_back_by_one() {
    let place = Place::new();
    let server = place.serve();
    found(&server, CLIENTS);
    let size = server.size();
    let shown = place.json(&["setup", "orders", "--each", "--dry-run"]);
    assert_eq!(shown["changes"].as_array().unwrap().len(), 2 * CLIENTS * 3, "{shown}");
    assert!(outcomes(&shown).iter().all(|it| *it == "ok"), "{shown}");
    let unasked = place.run(&["setup", "orders", "--each"]).exits(2);
    assert!(unasked.out.contains("shop-07-dev / orders / SHOP"), "{}", unasked.out);
    assert_eq!(server.size(), size, "what is only shown changes nothing");

    let prod = ["setup", "orders", "--workspaces", "environment=prod", "--yes"];
    let first = place.json(&prod);
    assert_eq!(first["events"], 3 * CLIENTS, "{first}");
    let all = place.json(&["setup", "orders", "--each", "--yes"]);
    assert_eq!(all["events"], 3 * CLIENTS, "{all}");
    let again = place.json(&["setup", "orders", "--each", "--yes"]);
    assert!(outcomes(&again).iter().all(|it| *it == "kept"), "{again}");
    let bare = server.post("/templates/orders/setup", json!({"each": true})).ok();
    assert_eq!(
        (&bare["events"], &bare["correlation"]),
        (&json!(0), &Value::Null),
        "{bare}"
    );
    assert_eq!(server.size(), size + 6 * CLIENTS as u64, "a repeat adds nothing");
    for number in 0..CLIENTS {
        for environment in ["prod", "dev"] {
            let variables = resolved(&server, &shop(number, environment));
            assert_eq!(variables["SHOP"]["credential"], format!("shopify-{number:02}"));
            assert_eq!(variables["AI"]["fields"]["api_key"], "key-of-all-Zq83nVx1");
        }
    }

    place
        .run(&["undo", all["correlation"].as_str().unwrap(), "--yes"])
        .exits(0);
    let gone = server.post("/resolve", json!({"workspace": "shop-03-dev", "template": "orders"}));
    gone.refused(409, "variables_missing");
    resolved(&server, "shop-03-prod");
}

#[test]
fn two_that_fit_are_shown_and_nothing_is_done_until_one_is_named() {
    let place = Place::new();
    let server = place.serve();
    found(&server, 2);
    let second = json!({
        "name": "Shopify 01 again", "service": "shopify", "kind": "access_token", "client": "client-01",
        "fields": {"token": "tkn-again-kX82hqLw93mDv1"},
    });
    server.post("/credentials", second).is(201);
    let size = server.size();
    let refused = place.run(&["setup", "orders", "--each", "--yes"]).exits(2);
    assert!(
        refused.out.contains("(shopify-01, shopify-01-again)") && refused.err.contains("--map SHOP=shopify-01"),
        "{} {}",
        refused.out,
        refused.err
    );
    let body = json!({"each": true});
    let problem = server
        .post("/templates/orders/setup", body)
        .refused(409, "plan_refused");
    assert_eq!(problem["changes"].as_array().unwrap().len(), 12, "{problem}");
    assert_eq!(server.size(), size);
    let named = "SHOP=shopify-01-again";
    place
        .run(&[
            "setup",
            "orders",
            "--workspaces",
            "client=client-01",
            "--map",
            named,
            "--yes",
        ])
        .exits(0);
    assert_eq!(
        resolved(&server, "shop-01-dev")["SHOP"]["credential"],
        "shopify-01-again"
    );
    place
        .run(&["setup", "orders", "--each", "--map", named, "--yes"])
        .exits(2);
    server.post("/credentials/shopify-00/disable", json!({})).ok();
    let skipping = place.json(&["setup", "orders", "--each", "--skip-incomplete", "--yes"]);
    assert!(outcomes(&skipping).iter().all(|it| *it == "kept"), "{skipping}");
    place
        .run(&["setup", "orders", "--workspaces", "colour=red", "--yes"])
        .exits(1);
    place.run(&["setup", "shop-00-prod", "orders", "--each"]).exits(1);
}
