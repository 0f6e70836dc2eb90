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

/// Script A, the walls: client B's key stands nowhere at client A, however it is tried.
#[test]
fn a_key_of_another_client_is_refused_by_mapping_default_plan_and_import() {
    let place = Place::new();
    let server = place.serve();
    found(&server, CLIENTS);
    server.post("/templates/orders/setup", json!({"each": true})).ok();
    let size = server.size();
    let foreign = json!({"credential": "shopify-01"});
    server
        .put("/workspaces/shop-00-prod/templates/orders/mappings/SHOP", foreign)
        .refused(409, "client_guard");
    let default = json!({
        "workspace": "shop-00-prod", "service": "shopify", "kind": "access_token", "credential": "shopify-01",
    });
    server.put("/defaults", default).refused(409, "client_guard");
    let plan = json!({"workspaces": ["shop-00-prod"], "map": {"SHOP": "shopify-01"}});
    let refused = server
        .post("/templates/orders/setup", plan)
        .refused(409, "plan_refused");
    assert_eq!(refused["changes"][0]["why"], "client_guard", "{refused}");
    let copied = server.post("/workspaces/shop-01-prod/copy/shop-00-prod", json!({"overwrite": true}));
    copied.refused(409, "plan_refused");
    let replaced = server.post("/credentials/shopify-00/replace", json!({"new": "shopify-01"}));
    replaced.refused(409, "plan_refused");
    let ledger = json!({"service": "shopify", "kind": "access_token", "credential": "shopify-01"});
    server.put("/defaults", ledger).ok();
    server
        .delete("/workspaces/shop-00-prod/templates/orders/mappings/SHOP")
        .ok();
    let body = json!({"workspace": "shop-00-prod", "template": "orders"});
    let missing = server.post("/resolve", body).refused(409, "variables_missing");
    assert_eq!(
        missing["missing"][0]["passed_over"][0]["why"], "client_guard",
        "{missing}"
    );
    assert!(!missing.to_string().contains("tkn-01"), "{missing}");

    // An export of client B's that is imported for client A becomes no key of A's, and no second key.
    let file = place.file("b.env", "SHOPIFY_ACCESS_TOKEN=tkn-01-kX82hqLw93mDv1\n");
    let import = place.run(&["import", "dotenv", &file, "--client", "client-00", "--output", "json"]);
    assert!(!import.out.contains("\"created\""), "{} {}", import.out, import.err);
    let of_a = server.all("/credentials?client=client-00");
    assert_eq!(of_a.len(), 1, "{of_a:?}");
    let denied = server.get("/audit/events?type=access.denied").ok();
    assert!(denied.to_string().contains("client_guard"), "{denied}");
    assert!(server.size() > size, "refusals are recorded");
}

/// A client's editor brings that client's keys over, and learns of nothing else that is here.
#[test]
fn a_clients_editor_imports_for_this_client_only() {
    let place = Place::new();
    let server = place.serve();
    found(&server, 2);
    let body = json!({"principal": "Editor 00", "role": "editor", "clients": [client(0)]});
    let made = server.post("/tokens", body).is(201);
    let editor = server.with_token(made["token"].as_str().unwrap());
    let import = |client: Option<&str>, document: &str| {
        let mut body = json!({"format": "dotenv", "document": document});
        if let Some(client) = client {
            body["client"] = json!(client);
        }
        editor.post("/import", body)
    };
    let before = server.size();
    let line = "STRIPE_SECRET_KEY=Zq81-of-client-zero\n";
    import(None, line).refused(403, "denied");
    // What he may not see is not there; the document is not even read.
    import(Some(&client(1)), "no dotenv at all").refused(404, "not_found");
    let denied = server.get("/audit/events?type=access.denied").ok();
    assert!(
        server.size() > before && denied.to_string().contains("\"create\""),
        "{denied}"
    );
    let imported = import(Some(&client(0)), line).ok();
    assert_eq!(imported["items"][0]["action"], "created", "{imported}");
    let handle = imported["items"][0]["handle"].as_str().unwrap();
    assert_eq!(server.get(&format!("/credentials/{handle}")).ok()["client"], client(0));
    // The other client's key is held here: he is not told, and so it is his own.
    let same = import(Some(&client(0)), "SHOPIFY_ACCESS_TOKEN=tkn-01-kX82hqLw93mDv1\n").ok();
    assert_eq!(same["items"][0]["action"], "created", "{same}");
    assert!(
        same["items"][0]["holder"].is_null() && !same.to_string().contains("shopify-01"),
        "{same}"
    );
}

/// Script A, the people: who sees for one client learns nothing of the others, wherever he looks.
#[test]
fn a_clients_viewer_learns_nothing_of_other_clients() {
    let place = Place::new();
    let server = place.serve();
    found(&server, CLIENTS);
    server.post("/templates/orders/setup", json!({"each": true})).ok();
    for number in [0, 1] {
        resolved(&server, &shop(number, "prod"));
    }
    let viewer = viewer_of(&server, 0);
    let told = lists(&viewer) + &own_things(&viewer) + &others_things(&viewer);
    let others = (1..CLIENTS).flat_map(|number| {
        ["shop", "client", "shopify"].map(|kind| [format!("{kind}-{number:02}"), format!("{kind} {number:02}")])
    });
    let told = told.to_lowercase();
    for other in others.flatten() {
        assert!(!told.contains(&other), "{other} is told: {told}");
    }
    // `openai` is a service that the template names, too; the agency's key of that handle is shown nowhere.
    for member in ["handle", "credential", "from", "to", "subject", "instead"] {
        let shared = format!("\"{member}\":\"openai\"");
        assert!(!told.contains(&shared), "{shared} is told: {told}");
    }
    for value in ["key-of-all", "tkn-"] {
        assert!(!told.contains(value), "{value} is told: {told}");
    }
}

/// All lists, item by item; the last item of each is its last page.
fn lists(viewer: &Caller) -> String {
    let mut told = String::new();
    for (route, count) in [
        ("/clients?limit=1", 1),
        ("/workspaces?limit=1", 2),
        ("/credentials?limit=1", 1),
        ("/credentials?limit=1&status=all", 1),
        ("/credentials?limit=1&q=shopify", 1),
        ("/credentials?limit=1&fits=orders/SHOP", 1),
        ("/templates?limit=1", 1),
        ("/defaults?limit=1", 0),
    ] {
        let answer = viewer.get(route);
        told.push_str(&answer.text());
        let page = answer.ok();
        assert_eq!(page["items"].as_array().unwrap().len(), count.min(1), "{route}: {page}");
        assert_eq!(
            page["next"].is_string(),
            count > 1,
            "{route}: no cursor leads to what is not his: {page}"
        );
    }
    told
}

/// What is his own, with what it stands beside.
fn own_things(viewer: &Caller) -> String {
    let mut told = String::new();
    for route in [
        "/templates/orders",
        "/templates/orders/affected",
        "/workspaces/shop-00-prod",
        "/workspaces/shop-00-prod/mappings",
        "/credentials/shopify-00",
        "/credentials/shopify-00/usage",
        "/credentials/shopify-00/history",
    ] {
        let answer = viewer.get(route);
        assert_eq!(answer.status, 200, "{route}");
        told.push_str(&answer.text());
    }
    let following = viewer.get("/credentials/shopify-00/what-if?act=revoke");
    told.push_str(&following.text());
    assert_eq!(following.ok()["hidden"], 0);
    told
}

/// What is not his is as if it were not there, spelt rightly or nearly, asked for in any way.
fn others_things(viewer: &Caller) -> String {
    let mut told = String::new();
    for route in [
        "/credentials/shopify-01",
        "/credentials/shopify-02x",
        "/credentials/shopify-01/usage",
        "/credentials/openai",
        "/clients/client-01",
        "/clients/client-1",
        "/workspaces/shop-01-prod",
        "/workspaces/shop-01-prodd/mappings",
        "/credentials?client=client-01",
        "/credentials?fits=orders/SHOP&workspace=shop-01-prod",
        "/workspaces?client=client-01",
    ] {
        let answer = viewer.get(route);
        assert_eq!(answer.status, 404, "{route}: {}", answer.text());
        told.push_str(&answer.text());
    }
    let (setup, dry_run) = ("/templates/orders/setup", true);
    for (route, body) in [
        (setup, json!({"clients": ["client-01"], "dry_run": dry_run})),
        (setup, json!({"workspaces": ["shop-01-prod"], "dry_run": dry_run})),
        (setup, json!({"environments": ["prod"], "dry_run": dry_run})),
        (setup, json!({"each": true, "dry_run": dry_run})),
        ("/credentials/shopify-01/disable", json!({"dry_run": dry_run})),
        (
            "/credentials/shopify-00/replace",
            json!({"new": "shopify-01", "dry_run": dry_run}),
        ),
        ("/resolve", json!({"workspace": "shop-01-prod", "template": "orders"})),
        ("/resolve", json!({"workspace": "shop-00-prod", "template": "orders"})),
    ] {
        told.push_str(&viewer.post(route, body).text());
    }
    told
}

/// Script A, the shared key: rotated once, it is new in all forty workspaces.
#[test]
fn a_shared_key_rotated_once_serves_all_workspaces() {
    let place = Place::new();
    let server = place.serve();
    found(&server, CLIENTS);
    place.json(&["setup", "orders", "--each", "--yes"]);
    let next = place.file("next.txt", "rotated-once-Zx81nvQ2\n");
    let size = server.size();
    place
        .run(&[
            "credential",
            "rotate",
            "openai",
            "--secret",
            &format!("api_key=@{next}"),
        ])
        .exits(0);
    assert_eq!(server.size(), size + 1, "one event for all");
    for number in 0..CLIENTS {
        for environment in ["prod", "dev"] {
            let variables = resolved(&server, &shop(number, environment));
            assert_eq!(variables["AI"]["fields"]["api_key"], "rotated-once-Zx81nvQ2");
            assert_eq!(variables["SHOP"]["credential"], format!("shopify-{number:02}"));
        }
    }
    let usage = place.json(&["credential", "usage", "openai"]);
    assert_eq!(usage["mapped"].as_array().unwrap().len(), 2 * CLIENTS, "{usage}");
    let served = usage["uses"].as_array().unwrap();
    assert!(
        served.len() == 2 * CLIENTS && served.iter().all(|it| it["version"] == 2),
        "{usage}"
    );
}
