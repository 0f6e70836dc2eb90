//! Principals, grants and tokens: who may do what, and what the others see.

use crate::harness::{Agency, Place, Server};
use serde_json::{Value, json};

fn serve() -> (Place, Server) {
    let place = Place::new();
    let server = place.serve();
    Agency::build(&server);
    for (shop, letter) in [("shop-a", "a"), ("shop-b", "b")] {
        Agency::map(&server, shop, &format!("shopify-client-{letter}"));
    }
    (place, server)
}

#[track_caller]
fn token(server: &Server, body: Value) -> String {
    server.post("/tokens", body).is(201)["token"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn a_runner_resolves_in_its_workspaces_and_nothing_else() {
    let (_place, server) = serve();
    let runner = server.with_token(&token(
        &server,
        json!({"principal": "Runner", "role": "service", "workspaces": ["shop-a"]}),
    ));
    let resolve = |shop: &str| runner.post("/resolve", json!({"workspace": shop, "template": "orders"}));
    assert_eq!(
        resolve("shop-a").ok()["variables"]["SHOP"]["fields"]["token"],
        "tkn-a-kX82hqLw93mDv1"
    );
    let elsewhere = resolve("shop-b");
    assert!(
        matches!(elsewhere.status, 403 | 404),
        "{} {}",
        elsewhere.status,
        elsewhere.text()
    );
    for (route, body) in [
        (
            "/credentials",
            json!({"name": "Mine", "service": "openai", "kind": "api_key", "fields": {"api_key": "v-Qk82nv"}}),
        ),
        ("/credentials/openai/reveal", json!({"reason": "curious"})),
        ("/credentials/openai/revoke", json!({})),
        ("/clients", json!({"name": "Mine"})),
        ("/tokens", json!({"principal": "runner"})),
        ("/principals", json!({"name": "Friend"})),
        ("/import", json!({"format": "n8n", "document": []})),
    ] {
        let answer = runner.post(route, body);
        assert!(
            matches!(answer.status, 403 | 404),
            "{route}: {} {}",
            answer.status,
            answer.text()
        );
        answer.problem();
    }
    // Of the log it gets what is its own, and nothing else.
    let id = server.get("/principals/runner").ok()["id"].as_str().unwrap().to_owned();
    let own = id.trim_start_matches("pr_");
    for event in runner.get("/audit/events?limit=500").ok()["items"].as_array().unwrap() {
        let stream = event["stream"].as_str().unwrap();
        assert!(
            stream == format!("access/{own}") || stream == format!("principal/{own}"),
            "{event}"
        );
    }
    for route in ["/principals", "/tokens", "/admin/status"] {
        let answer = runner.get(route);
        let nothing = answer.status == 200 && (answer.body["items"] == json!([]) || route == "/tokens");
        assert!(
            nothing || matches!(answer.status, 403 | 404),
            "{route}: {} {}",
            answer.status,
            answer.text()
        );
    }
    let whoami = runner.get("/whoami").ok();
    assert_eq!(
        (&whoami["handle"], &whoami["kind"]),
        (&json!("runner"), &json!("service"))
    );
    assert!(
        whoami["rights"].as_array().unwrap().contains(&json!("resolve")),
        "{whoami}"
    );
    let denied = server.all("/audit/events?type=access.denied&actor=runner");
    assert!(!denied.is_empty(), "refusals are recorded as what the runner tried");
}

#[test]
fn roles_do_what_they_say() {
    let (_place, server) = serve();
    let caller = |name: &str, role: &str| server.with_token(&token(&server, json!({"principal": name, "role": role})));
    let create = |name: &str| json!({"name": name, "service": "openai", "kind": "api_key", "fields": {"api_key": format!("v-{name}-Qk82nv")}});
    let viewer = caller("Vera", "viewer");
    assert_eq!(viewer.get("/credentials").ok()["items"].as_array().unwrap().len(), 3);
    viewer.post("/credentials", create("V")).refused(403, "denied");
    viewer
        .post("/credentials/openai/reveal", json!({"reason": "x"}))
        .refused(403, "denied");
    let editor = caller("Edgar", "editor");
    editor.post("/credentials", create("E")).is(201);
    editor
        .post(
            "/credentials/openai/rotate",
            json!({"fields": {"api_key": "v-new-Qk82nv"}}),
        )
        .ok();
    editor
        .post("/credentials/openai/reveal", json!({"reason": "x"}))
        .refused(403, "denied");
    editor
        .post("/principals", json!({"name": "Friend"}))
        .refused(403, "denied");
    let auditor = caller("Aude", "auditor");
    assert!(
        !auditor.get("/audit/events").ok()["items"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    auditor
        .post("/credentials/openai/reveal", json!({"reason": "x"}))
        .refused(403, "denied");
    auditor
        .post(
            "/credentials/openai/rotate",
            json!({"fields": {"api_key": "v-own-Qk82nv"}}),
        )
        .refused(403, "denied");
    let admin = caller("Adam", "admin");
    admin.post("/principals", json!({"name": "Guest"})).is(201);
    admin.post("/credentials/openai/share", json!({"all": true})).ok();
    let raise = admin.post("/tokens", json!({"principal": "Adam Two", "role": "owner"}));
    assert!(raise.status >= 400, "an admin makes no owner: {}", raise.text());
    let member = caller("Mo", "member");
    member
        .put(
            "/workspaces/shop-a/templates/orders/mappings/AI",
            json!({"credential": "openai", "instance": "i"}),
        )
        .ok();
    member.post("/credentials", create("M")).refused(403, "denied");
}

#[test]
fn a_token_ends_when_it_says_or_is_revoked_or_its_principal_disabled() {
    let (_place, server) = serve();
    let soon = jiff::Timestamp::now()
        .checked_add(jiff::SignedDuration::from_hours(1))
        .unwrap()
        .to_string();
    let first = server
        .post(
            "/tokens",
            json!({"principal": "Mia", "role": "viewer", "expires_at": soon, "label": "laptop"}),
        )
        .is(201);
    let second = server.post("/tokens", json!({"principal": "mia"})).is(201);
    let third = server.post("/tokens", json!({"principal": "mia"})).is(201);
    let caller = |issued: &Value| server.with_token(issued["token"].as_str().unwrap());
    caller(&first).get("/whoami").ok();
    caller(&second).get("/whoami").ok();
    let listed = server.all("/tokens?principal=mia");
    assert_eq!(listed.len(), 3);
    assert!(!json!(listed).to_string().contains("srt_"), "never the token itself");
    server
        .delete(&format!("/tokens/{}", second["id"].as_str().unwrap()))
        .ok();
    caller(&second).get("/whoami").refused(401, "unauthenticated");
    caller(&first).get("/whoami").ok();
    server.advance(3_601);
    caller(&first).get("/whoami").refused(401, "unauthenticated");
    caller(&third).get("/whoami").ok();
    server.post("/principals/mia/disable", json!({})).ok();
    caller(&third).get("/whoami").refused(401, "unauthenticated");
    server.get("/whoami").ok();
}

#[test]
fn a_grant_narrows_begins_and_ends() {
    let (_place, server) = serve();
    server
        .post("/principals", json!({"name": "Nia", "kind": "person"}))
        .is(201);
    let nia = server.with_token(&token(&server, json!({"principal": "nia"})));
    assert!(
        nia.get("/credentials").ok()["items"].as_array().unwrap().is_empty(),
        "empty scope is nothing"
    );
    let grant = server
        .post(
            "/principals/nia/grants",
            json!({"role": "member", "workspaces": ["shop-a"]}),
        )
        .is(201);
    assert!(grant["id"].as_str().unwrap().starts_with("gr_"));
    nia.get("/workspaces/shop-a").ok();
    nia.get("/workspaces/shop-b").refused(404, "not_found");
    server
        .delete(&format!("/principals/nia/grants/{}", grant["id"].as_str().unwrap()))
        .ok();
    nia.get("/workspaces/shop-a").refused(404, "not_found");
    let own = nia.post("/principals/nia/grants", json!({"role": "owner", "all": true}));
    assert!(own.status >= 400, "{}", own.text());
    server
        .post("/principals/nia/grants", json!({"role": "member"}))
        .problem();
    server
        .post("/principals/nia/grants", json!({"role": "emperor", "all": true}))
        .problem();
}

#[test]
fn there_is_always_an_owner() {
    let (_place, server) = serve();
    server.post("/principals/dev/disable", json!({})).problem();
    server.get("/whoami").ok();
}

#[test]
fn who_sees_a_thing_reads_its_log_and_nothing_of_others() {
    let (_place, server) = serve();
    let vera = token(
        &server,
        json!({"principal": "Vera", "role": "viewer", "clients": ["client-b"]}),
    );
    let vera = server.with_token(&vera);
    let runner = token(
        &server,
        json!({"principal": "Runner", "role": "service", "workspaces": ["shop-a", "shop-b"]}),
    );
    let runner = server.with_token(&runner);
    for shop in ["shop-a", "shop-b"] {
        runner
            .post("/resolve", json!({"workspace": shop, "template": "orders"}))
            .ok();
    }
    let events = |route: &str| vera.get(route).ok()["items"].as_array().unwrap().clone();
    let all = events("/audit/events?limit=500");
    let types: Vec<&str> = all.iter().map(|it| it["type"].as_str().unwrap()).collect();
    for seen in [
        "credential.created",
        "workspace.created",
        "client.created",
        "access.accessed",
        "principal.granted",
    ] {
        assert!(types.contains(&seen), "{seen}: {types:?}");
    }
    let text = serde_json::to_string(&all).unwrap();
    let id = |route: &str| server.get(route).ok()["id"].as_str().unwrap().to_owned();
    for hidden in [
        "client-a".to_owned(),
        "shop-a".to_owned(),
        "Client A".to_owned(),
        "ledger.initialized".to_owned(),
        id("/credentials/shopify-client-a"),
        id("/workspaces/shop-a"),
        id("/clients/client-a"),
        "127.0.0.1".to_owned(),
    ] {
        assert!(!text.contains(&hidden), "{hidden} is told: {text}");
    }
    // Who used her key is hers to know.
    let used = events("/audit/events?type=access.accessed&credential=shopify-client-b");
    assert_eq!(used.len(), 1);
    assert_eq!(used[0]["data"]["served"].as_array().unwrap().len(), 1, "{}", used[0]);
    vera.get("/audit/events?credential=shopify-client-a")
        .refused(404, "not_found");
    let (hers, other) = (&all[0]["position"], 0);
    vera.get(&format!("/audit/events/{hers}")).ok();
    vera.get(&format!("/audit/events/{other}")).refused(403, "denied");
}
