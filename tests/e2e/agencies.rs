//! The work of an agency: many clients, one template, one key for all of them, and walls between the clients.

use crate::harness::{Caller, Place, Server, workflow};
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

/// A runner for everything, with its token.
fn viewer_of(server: &Server, number: usize) -> Caller {
    let body = json!({"principal": format!("Viewer {number:02}"), "role": "viewer", "clients": [client(number)]});
    let made = server.post("/tokens", body).is(201);
    server.with_token(made["token"].as_str().unwrap())
}

/// Script B: what one agency made, another runs, and neither reads a name of the other.
#[test]
fn a_template_goes_to_another_agency_without_a_name_of_ours() {
    let (ours, theirs) = (Place::new(), Place::new());
    let (here, there) = (ours.serve(), theirs.serve());
    found(&here, 2);
    let document = workflow(
        "Order flow",
        &[
            ("shopifyAccessTokenApi", "id-1", "Shopify 00"),
            ("openAiApi", "id-2", "OpenAI of the agency"),
            ("openAiApi", "id-3", "Another OpenAI"),
        ],
    );
    let first = here.post("/templates", json!({"document": document})).is(201);
    // The second revision has no first OpenAI any more: a workflow alone would name the other one anew.
    let later = workflow(
        "Order flow",
        &[
            ("shopifyAccessTokenApi", "id-1", "Shopify 00"),
            ("openAiApi", "id-3", "Another OpenAI"),
        ],
    );
    let second = here
        .post("/templates/order-flow/revise", json!({"document": later}))
        .ok();
    assert_eq!((&first["revision"], &second["revision"]), (&json!(1), &json!(2)));
    let body = json!({"description": "from order to ledger"});
    here.post("/templates/order-flow/update", body).ok();

    let file = ours.path().join("order-flow.json");
    let out = file.to_str().unwrap();
    ours.run(&["template", "export", "order-flow", "-o", out]).exits(0);
    ours.run(&["template", "export", "order-flow", "-o", out]).exits(1);
    let text = std::fs::read_to_string(&file).unwrap();
    for own in [
        "Shopify 00",
        "shopify-00",
        "of the agency",
        "id-1",
        "id-3",
        "Client 0",
        "client-0",
        "shop-0",
        "cr_",
        "tp_",
    ] {
        assert!(!text.contains(own), "{own} stands in the file: {text}");
    }
    let taken = theirs.json(&["template", "import", out]);
    assert_eq!(taken["items"][0]["handle"], "order-flow", "{taken}");
    let (mine, other) = (
        here.get("/templates/order-flow").ok(),
        there.get("/templates/order-flow").ok(),
    );
    for same in ["name", "description", "format", "digest", "variables"] {
        assert_eq!(mine[same], other[same], "{same}");
    }
    assert_eq!(other["variables"][1]["name"], "OPEN_AI_API_2", "{other}");

    // The next revision, sent the same way, keeps the variables that are known there.
    here.post("/templates/order-flow/revise", json!({"document": document}))
        .ok();
    let next = ours.file("next.json", here.get("/templates/order-flow/export").text());
    let revised = theirs.json(&["template", "revise", "order-flow", &next]);
    assert_eq!(revised["added"].as_array().unwrap().len(), 1, "{revised}");
    assert!(revised["removed"].is_null() && revised["unsure"].is_null(), "{revised}");

    here.post("/templates/orders/update", json!({"description": "made of variables"}))
        .ok();
    let own = ours.file("orders.json", here.get("/templates/orders/export").text());
    theirs.json(&["template", "import", &own]);
    let (mine, other) = (here.get("/templates/orders").ok(), there.get("/templates/orders").ok());
    for same in ["name", "description", "format", "digest", "variables"] {
        assert_eq!(mine[same], other[same], "{same}");
    }
}

#[test]
fn a_template_with_a_name_of_ours_or_an_accepted_secret_is_not_exported() {
    let place = Place::new();
    let server = place.serve();
    found(&server, 2);
    let mut named = workflow("Notify", &[("slackApi", "id-1", "Slack")]);
    named["nodes"][0]["name"] = json!("Tell CLIENT 01 of it");
    server.post("/templates", json!({"document": named})).is(201);
    let refused = server.get("/templates/notify/export").refused(409, "not_shareable");
    assert_eq!(refused["names"], json!(["/document/nodes/0/name"]), "{refused}");
    let told = place.run(&["template", "export", "notify"]).exits(2);
    assert!(told.err.contains("/document/nodes/0/name"), "{}", told.err);
    place.run(&["template", "export", "notify", "--as-is"]).exits(0);

    let mut secret = workflow("Pay", &[("slackApi", "id-1", "Slack")]);
    secret["nodes"][0]["parameters"]["headers"] = json!({"Authorization": "Bearer abcDEF0123456789ghiJKL"});
    let body = json!({"document": secret, "allow_hardcoded": true, "reason": "a public demo key"});
    server.post("/templates", body).is(201);
    let refused = server.get("/templates/pay/export").refused(409, "not_shareable");
    assert!(
        refused["secrets"][0].as_str().unwrap().starts_with("/document/nodes/0"),
        "{refused}"
    );
    server.get("/templates/pay/export?revision=9").refused(404, "not_found");

    let later = json!({"strongroom_template": 2, "name": "x", "format": "n8n", "variables": [], "document": {}});
    let file = place.file("later.json", later.to_string());
    let told = place.run(&["template", "import", &file]).exits(2);
    assert!(told.err.contains("later version"), "{}", told.err);
}

#[test]
fn who_lacks_a_mapping_for_a_revision_is_told_before_it_is_used() {
    let place = Place::new();
    let server = place.serve();
    found(&server, 3);
    server.post("/templates/orders/setup", json!({"each": true})).ok();
    let slack = |client: usize| {
        json!({"name": format!("Slack {client:02}"), "service": "slack", "kind": "api_key", "client": format!("client-{client:02}"),
            "fields": {"api_key": format!("slack-key-{client}-Zq83nVx1")}})
    };
    server.post("/credentials", slack(0)).is(201);
    server.post("/credentials", slack(1)).is(201);
    let default = json!({"workspace": "shop-01-dev", "service": "slack", "kind": "api_key", "credential": "slack-01"});
    server.put("/defaults", default).ok();
    let next = json!({"name": "Orders", "variables": [
        {"name": "SHOP", "service": "shopify", "kinds": ["access_token"]},
        {"name": "AI", "service": "openai", "kinds": ["api_key"]},
        {"name": "CHAT", "service": "slack", "kinds": ["api_key"]},
        {"name": "LOG", "service": "slack", "kinds": ["basic"], "required": false},
    ]});
    let file = place.file("next.json", next.to_string());
    let size = server.size();
    let shown = place.json(&["template", "revise", "orders", &file, "--dry-run"]);
    assert_eq!(
        (&shown["added"], &shown["revision"]),
        (&json!(["CHAT", "LOG"]), &json!(2)),
        "{shown}"
    );
    let lacking = shown["affected"]["lacking"].as_array().unwrap();
    let names: Vec<&str> = lacking.iter().map(|it| it["workspace"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "shop-00-dev",
            "shop-00-prod",
            "shop-01-prod",
            "shop-02-dev",
            "shop-02-prod"
        ]
    );
    assert_eq!(lacking[0]["missing"][0]["variable"], "CHAT");
    assert_eq!(
        lacking[0]["missing"].as_array().unwrap().len(),
        1,
        "LOG may stay empty: {shown}"
    );
    assert_eq!(lacking[0]["missing"][0]["fitting"], json!(["slack-00"]));
    assert_eq!(lacking[3]["missing"][0]["fitting"], json!([]));
    assert_eq!(server.size(), size, "what is only shown changes nothing");

    let revised = place.json(&["template", "revise", "orders", &file]);
    assert_eq!(revised["affected"], shown["affected"]);
    assert_eq!(server.get("/templates/orders/affected").ok(), shown["affected"]);
    let before = server.get("/templates/orders/affected?revision=1").ok();
    assert_eq!((&before["lacking"], &before["ready"]), (&json!([]), &json!(6)));
    let told = place.run(&["template", "affected", "orders"]).exits(0);
    assert!(
        told.out.contains("slack-00") && told.out.contains("5 workspaces lack"),
        "{}",
        told.out
    );
    resolved(&server, "shop-02-prod");

    let own = viewer_of(&server, 0).get("/templates/orders/affected").ok();
    assert_eq!(
        (own["lacking"].as_array().unwrap().len(), &own["hidden"]),
        (2, &json!(0)),
        "{own}"
    );
    assert!(!own.to_string().contains("shop-01"), "{own}");
}
