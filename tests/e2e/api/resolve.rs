//! Secrets for a run: what is served, what explains it, what is recorded before.

use crate::harness::{Agency, Answer, Place, Server};
use serde_json::{Value, json};

fn serve() -> (Place, Server) {
    let place = Place::new();
    let server = place.serve();
    Agency::build(&server);
    (place, server)
}

fn resolve(server: &Server, shop: &str) -> Answer {
    server.post("/resolve", json!({"workspace": shop, "template": "orders"}))
}

fn count(server: &Server, kind: &str) -> usize {
    server.all(&format!("/audit/events?type={kind}")).len()
}

#[test]
fn what_is_missing_is_listed_with_what_would_fit() {
    let (_place, server) = serve();
    let problem = resolve(&server, "shop-a").refused(409, "variables_missing");
    let missing = problem["missing"]
        .as_array()
        .or(problem["variables"].as_array())
        .unwrap();
    assert_eq!(missing.len(), 2, "{problem}");
    let (shop, ai) = (&missing[0], &missing[1]);
    assert_eq!(
        (&shop["variable"], &shop["service"], &shop["kinds"], &shop["why"]),
        (
            &json!("SHOP"),
            &json!("shopify"),
            &json!(["access_token"]),
            &json!("not_mapped")
        )
    );
    let fitting = |variable: &Value| {
        variable["fitting"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["handle"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(fitting(shop), ["shopify-client-a"], "never another client's");
    assert_eq!(fitting(ai), ["openai"]);
    assert_eq!(count(&server, "access.accessed"), 0);
    server
        .put(
            "/workspaces/shop-a/templates/orders/mappings/AI",
            json!({"credential": "openai"}),
        )
        .ok();
    server.post("/credentials/openai/disable", json!({})).ok();
    let problem = resolve(&server, "shop-a").refused(409, "variables_missing");
    let ai = problem["missing"]
        .as_array()
        .or(problem["variables"].as_array())
        .unwrap()[1]
        .clone();
    assert_eq!(
        (
            &ai["why"],
            &ai["passed_over"][0]["why"],
            &ai["passed_over"][0]["credential"]
        ),
        (&json!("nothing_fits"), &json!("disabled"), &json!("openai"))
    );
}

#[test]
fn it_serves_what_is_mapped_and_says_why() {
    let (_place, server) = serve();
    Agency::map(&server, "shop-a", "shopify-client-a");
    let size = server.size();
    let served = resolve(&server, "shop-a").ok();
    let (shop, ai) = (&served["variables"]["SHOP"], &served["variables"]["AI"]);
    assert_eq!(shop["fields"], json!({"token": "tkn-a-kX82hqLw93mDv1"}));
    assert_eq!(
        (&shop["credential"], &shop["version"], &shop["step"]),
        (&json!("shopify-client-a"), &json!(1), &json!("template"))
    );
    assert_eq!(ai["fields"], json!({"api_key": "key-of-all-Zq83nVx1"}));
    assert!(
        ai["allowed_hosts"]
            .as_array()
            .unwrap()
            .iter()
            .any(|host| host == "api.openai.com"),
        "{ai}"
    );
    assert_eq!(served["revision"], 1);
    assert_eq!(served["digest"].as_str().unwrap().len(), 64);
    assert!(served["valid_until"].as_str().unwrap().ends_with('Z') && !served["etag"].as_str().unwrap().is_empty());
    let event = server.get(&format!("/audit/events/{size}")).ok();
    assert_eq!(
        (&event["type"], &event["actor"]),
        (&json!("access.accessed"), &json!("dev"))
    );
    let said = event.to_string();
    assert!(
        said.contains("SHOP") && said.contains("AI"),
        "one record lists the variables: {event}"
    );
    assert!(!said.contains("tkn-a-kX82"), "{event}");
    server
        .post("/resolve", json!({"workspace": "shop-a", "template": "nothing"}))
        .refused(404, "not_found");
    server.post("/workspaces", json!({"name": "Empty"})).is(201);
    resolve(&server, "empty").refused(409, "not_admitted");
}

#[test]
#[expect(clippy::too_many_lines, reason = "one level after the other, in one ledger")]
fn the_most_specific_level_wins_and_names_what_it_passed_over() {
    let (_place, server) = serve();
    for (name, value) in [
        ("AI ledger", "l-Qk82nvx1"),
        ("AI workspace", "w-Qk82nvx2"),
        ("AI template", "t-Qk82nvx3"),
        ("AI instance", "i-Qk82nvx4"),
    ] {
        server
            .post(
                "/credentials",
                json!({"name": name, "service": "openai", "kind": "api_key", "fields": {"api_key": value}}),
            )
            .is(201);
    }
    server
        .put(
            "/workspaces/shop-a/templates/orders/mappings/SHOP",
            json!({"credential": "shopify-client-a"}),
        )
        .ok();
    let ai = |instance: Option<&str>| {
        let mut body = json!({"workspace": "shop-a", "template": "orders", "dry_run": true});
        if let Some(instance) = instance {
            body["instance"] = json!(instance);
        }
        let variable = server.post("/resolve", body).ok()["variables"]["AI"].clone();
        (
            variable["credential"].as_str().unwrap().to_owned(),
            variable["step"].as_str().unwrap().to_owned(),
        )
    };
    let chosen = |credential: &str, step: &str| (credential.to_owned(), step.to_owned());
    server
        .put(
            "/defaults",
            json!({"service": "openai", "kind": "api_key", "credential": "ai-ledger"}),
        )
        .ok();
    assert_eq!(ai(None), chosen("ai-ledger", "ledger_default"));
    server
        .put(
            "/defaults",
            json!({"workspace": "shop-a", "service": "openai", "kind": "api_key", "credential": "ai-workspace"}),
        )
        .ok();
    assert_eq!(ai(None), chosen("ai-workspace", "workspace_default"));
    server
        .put(
            "/workspaces/shop-a/templates/orders/mappings/AI",
            json!({"credential": "ai-template"}),
        )
        .ok();
    assert_eq!(ai(None), chosen("ai-template", "template"));
    server
        .put(
            "/workspaces/shop-a/templates/orders/mappings/AI",
            json!({"credential": "ai-instance", "instance": "run-7"}),
        )
        .ok();
    assert_eq!(ai(None), chosen("ai-template", "template"));
    assert_eq!(ai(Some("run-7")), chosen("ai-instance", "instance"));
    assert_eq!(ai(Some("run-8")), chosen("ai-template", "template"));

    server.post("/credentials/ai-instance/disable", json!({})).ok();
    server.post("/credentials/ai-template/disable", json!({})).ok();
    let body = json!({"workspace": "shop-a", "template": "orders", "instance": "run-7", "dry_run": true});
    let variable = server.post("/resolve", body).ok()["variables"]["AI"].clone();
    assert_eq!(variable["credential"], "ai-workspace");
    let passed: Vec<_> = variable["passed_over"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            (
                it["step"].as_str().unwrap(),
                it["credential"].as_str().unwrap(),
                it["why"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        passed,
        [
            ("instance", "ai-instance", "disabled"),
            ("template", "ai-template", "disabled")
        ]
    );

    server
        .delete("/workspaces/shop-a/templates/orders/mappings/AI?instance=run-7")
        .ok();
    server.delete("/workspaces/shop-a/templates/orders/mappings/AI").ok();
    server
        .delete("/defaults?workspace=shop-a&service=openai&kind=api_key")
        .ok();
    assert_eq!(ai(Some("run-7")), chosen("ai-ledger", "ledger_default"));
}

#[test]
fn a_dry_run_serves_and_records_nothing() {
    let (_place, server) = serve();
    Agency::map(&server, "shop-a", "shopify-client-a");
    let size = server.size();
    let answer = server
        .post(
            "/resolve",
            json!({"workspace": "shop-a", "template": "orders", "dry_run": true}),
        )
        .ok();
    assert!(!answer.to_string().contains("tkn-a-kX82"), "{answer}");
    assert!(answer["variables"]["SHOP"].get("fields").is_none_or(Value::is_null));
    assert_eq!(server.size(), size);
}

#[test]
fn a_window_has_one_record_and_its_count_comes_when_it_ends() {
    let (_place, server) = serve();
    Agency::map(&server, "shop-a", "shopify-client-a");
    for _ in 0..5 {
        assert_eq!(
            resolve(&server, "shop-a").ok()["variables"]["SHOP"]["fields"]["token"],
            "tkn-a-kX82hqLw93mDv1"
        );
    }
    assert_eq!(
        (count(&server, "access.accessed"), count(&server, "access.counted")),
        (1, 0)
    );
    // A new version is served under a record of its own.
    server
        .post(
            "/credentials/shopify-client-a/rotate",
            json!({"fields": {"token": "tkn-a-second-Qk82"}}),
        )
        .ok();
    assert_eq!(
        resolve(&server, "shop-a").ok()["variables"]["SHOP"]["fields"]["token"],
        "tkn-a-second-Qk82"
    );
    assert_eq!(count(&server, "access.accessed"), 2);
    server.advance(301);
    resolve(&server, "shop-a").ok();
    assert_eq!(count(&server, "access.accessed"), 3, "a new window");
    let counted = wait_for(&server, "access.counted");
    let said: u64 = numbers(&counted["data"], "count");
    assert_eq!(said, 4, "four more in the first window, none in the second: {counted}");
}

/// The first event of a type, once it is there: the keeper counts when a window has ended.
fn wait_for(server: &Server, kind: &str) -> Value {
    for _ in 0..100_000 {
        if let Some(event) = server.all(&format!("/audit/events?type={kind}")).first() {
            return event.clone();
        }
        std::thread::yield_now();
    }
    panic!("no {kind}");
}

/// The sum of all members of that name, wherever they stand.
fn numbers(value: &Value, name: &str) -> u64 {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(member, value)| {
                if member == name {
                    value.as_u64().unwrap_or(0)
                } else {
                    numbers(value, name)
                }
            })
            .sum(),
        Value::Array(items) => items.iter().map(|item| numbers(item, name)).sum(),
        _ => 0,
    }
}

#[test]
fn a_clean_stop_writes_the_counts() {
    let (place, server) = serve();
    Agency::map(&server, "shop-a", "shopify-client-a");
    for _ in 0..3 {
        resolve(&server, "shop-a").ok();
    }
    server.stop();
    let server = place.serve();
    let counted = server.all("/audit/events?type=access.counted");
    assert_eq!(
        counted
            .iter()
            .map(|event| numbers(&event["data"], "count"))
            .sum::<u64>(),
        2,
        "{counted:?}"
    );
}

#[test]
fn nothing_changed_is_no_read() {
    let (_place, server) = serve();
    Agency::map(&server, "shop-a", "shopify-client-a");
    let etag = resolve(&server, "shop-a").ok()["etag"].as_str().unwrap().to_owned();
    server.advance(3_600);
    let size = server.size();
    let known = |etag: &str| {
        server.post(
            "/resolve",
            json!({"workspace": "shop-a", "template": "orders", "known": etag}),
        )
    };
    let unchanged = known(&etag).ok();
    assert_eq!(
        (&unchanged["unchanged"], unchanged["etag"].as_str()),
        (&json!(true), Some(etag.as_str()))
    );
    assert!(!unchanged.to_string().contains("tkn-a-kX82"), "{unchanged}");
    assert_eq!(
        count(&server, "access.accessed"),
        1,
        "no record, though the window has long ended"
    );
    server
        .post(
            "/credentials/shopify-client-a/rotate",
            json!({"fields": {"token": "tkn-a-second-Qk82"}}),
        )
        .ok();
    let changed = known(&etag).ok();
    assert_eq!(changed["variables"]["SHOP"]["fields"]["token"], "tkn-a-second-Qk82");
    assert_ne!(changed["etag"], etag.as_str());
    assert_eq!(known("nonsense").ok()["variables"]["SHOP"]["version"], 2);
    assert!(server.size() > size);
}

#[test]
fn an_expired_credential_is_not_served() {
    let (_place, server) = serve();
    let now = server.get("/whoami").ok();
    assert_eq!(now["handle"], "dev");
    let soon = jiff::Timestamp::now()
        .checked_add(jiff::SignedDuration::from_hours(1))
        .unwrap()
        .to_string();
    server
        .post("/credentials/openai/update", json!({"expires_at": soon}))
        .ok();
    Agency::map(&server, "shop-a", "shopify-client-a");
    resolve(&server, "shop-a").ok();
    server.advance(7_200);
    let problem = resolve(&server, "shop-a").refused(409, "variables_missing");
    assert!(problem.to_string().contains("expired"), "{problem}");
    let past = json!({"expires_at": "2020-01-01T00:00:00Z"});
    server.post("/credentials/openai/update", past).problem();
}

#[test]
fn the_window_can_be_shut() {
    let place = Place::new();
    let server = place.serve_with(&["--access-window", "0s"], &[]);
    Agency::build(&server);
    Agency::map(&server, "shop-a", "shopify-client-a");
    for expected in 1..=3 {
        resolve(&server, "shop-a").ok();
        assert_eq!(count(&server, "access.accessed"), expected);
    }
}
