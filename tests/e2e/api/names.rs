//! Names, handles and other texts: what is taken, what is refused, what is never repeated.

use crate::harness::{Agency, Place, Server};
use serde_json::{Value, json};

fn named(name: &str) -> Value {
    json!({"name": name, "service": "acme-internal", "kind": "custom", "fields": {"note": "plain"}, "plain": ["note"]})
}

fn serve() -> (Place, Server) {
    let place = Place::new();
    let server = place.serve();
    (place, server)
}

#[test]
fn a_name_is_trimmed_and_kept_in_one_form() {
    let (_place, server) = serve();
    let made = server.post("/credentials", named("  ROOT ")).is(201);
    assert_eq!(made["handle"], "root");
    assert_eq!(server.get("/credentials/root").ok()["name"], "ROOT");
    server.post("/credentials", named("Cafe\u{301} Zürich")).is(201);
    assert_eq!(server.get("/credentials/cafe-zurich").ok()["name"], "Café Zürich");
}

#[test]
fn names_that_look_alike_are_one_name() {
    let (_place, server) = serve();
    server.post("/credentials", named("Shopify – Client A")).is(201);
    server.post("/credentials", named("ROOT")).is(201);
    let alike = [
        "Shopify - Client A", // another dash
        "shopify – client a", // another case
        "Shopify – Client Α", // a Greek letter
        "Shоpify – Client A", // a Cyrillic letter
        " ROOT",
        "ＲＯＯＴ",
    ];
    for name in alike {
        let problem = server.post("/credentials", named(name)).refused(409, "name_taken");
        assert_eq!(problem["pointer"], "/name", "{problem}");
        assert!(!problem["detail"].as_str().unwrap().contains(name.trim()), "{problem}");
    }
    for (kind, body) in [
        ("/clients", json!({"name": "Acme"})),
        ("/workspaces", json!({"name": "Acme"})),
        ("/templates", json!({"name": "Acme", "variables": []})),
    ] {
        server.post(kind, body.clone()).is(201);
        let mut again = body;
        again["name"] = json!("ACME");
        server.post(kind, again).refused(409, "name_taken");
    }
}

#[test]
fn a_name_that_nobody_can_read_is_refused() {
    let (_place, server) = serve();
    let bad = [
        String::new(),
        "   ".to_owned(),
        "x".repeat(201),
        "line\nbreak".to_owned(),
        "bell\u{7}".to_owned(),
        "\u{1b}[31mred".to_owned(),
        "right\u{202e}left".to_owned(),
        "zero\u{200b}width".to_owned(),
        "nul\u{0}".to_owned(),
        "c1\u{85}c1".to_owned(),
    ];
    for name in &bad {
        let problem = server.post("/credentials", named(name)).problem();
        assert_eq!(problem["pointer"], "/name", "{name:?}: {problem}");
        assert!(
            name.trim().is_empty() || !problem.to_string().contains(name.as_str()),
            "{problem}"
        );
    }
    server.post("/credentials", named(&"x".repeat(200))).is(201);
    server.post("/credentials", named(&"ü".repeat(200))).is(201);
}

#[test]
fn a_handle_is_asked_for_made_or_proposed() {
    let (_place, server) = serve();
    let with_handle = |name: &str, handle: &str| {
        let mut body = named(name);
        body["handle"] = json!(handle);
        body
    };
    assert_eq!(
        server.post("/credentials", with_handle("One", "first")).is(201)["handle"],
        "first"
    );
    let problem = server
        .post("/credentials", with_handle("Two", "first"))
        .refused(409, "handle_taken");
    let said = problem.to_string();
    assert!(said.contains("first-2"), "a free one is proposed: {said}");
    for handle in [
        "",
        "-a",
        "UPPER",
        "under_score",
        "dot.dot",
        "../up",
        "ü",
        &"x".repeat(64),
    ] {
        let problem = server.post("/credentials", with_handle("Three", handle)).problem();
        assert_eq!(problem["pointer"], "/handle", "{handle}: {problem}");
    }
    let made = server.post("/credentials", named("One!!")).ok();
    assert_eq!(made["handle"], "one", "the handle of the name is free");
    server
        .post("/credentials/first/update", json!({"name": "Renamed"}))
        .ok();
    assert_eq!(
        server.get("/credentials/first").ok()["name"],
        "Renamed",
        "a handle stays"
    );
    let id = server.get("/credentials/first").ok()["id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("cr_") && id.len() == 35, "{id}");
    assert_eq!(
        server.get(&format!("/credentials/{id}")).ok()["handle"],
        "first",
        "an id does as well"
    );
    server.post("/credentials/first/revoke", json!({})).ok();
    server
        .post("/credentials", with_handle("Four", "first"))
        .refused(409, "handle_taken");
}

/// A key of a form that everybody knows, made up.
const KNOWN_KEY: &str = "AKIAQX3M7ZP4KWN5RT2B";

#[test]
fn a_secret_in_any_text_is_refused_by_place() {
    let (_place, server) = serve();
    Agency::build(&server);
    let mut body = named("With a key");
    body["description"] = json!(format!("use {KNOWN_KEY} for it"));
    let cases = [
        ("/credentials", body),
        (
            "/credentials",
            json!({"name": format!("Key {KNOWN_KEY}"), "service": "openai", "kind": "api_key", "fields": {"api_key": "v-kQ8wnX31"}}),
        ),
        (
            "/credentials",
            json!({"name": "Tagged", "service": "openai", "kind": "api_key", "tags": {"key": KNOWN_KEY}, "fields": {"api_key": "v-kQ8wnX31"}}),
        ),
        (
            "/credentials",
            json!({"name": "Plain", "service": "acme-internal", "kind": "custom", "fields": {"note": KNOWN_KEY}, "plain": ["note"]}),
        ),
        (
            "/credentials",
            json!({"name": "Why", "service": "openai", "kind": "api_key", "reason": format!("moved {KNOWN_KEY}"), "fields": {"api_key": "v-kQ8wnX31"}}),
        ),
        ("/credentials/openai/update", json!({"description": KNOWN_KEY})),
        (
            "/credentials/openai/reveal",
            json!({"reason": format!("lost {KNOWN_KEY}")}),
        ),
        ("/clients", json!({"name": "C", "description": KNOWN_KEY})),
        ("/workspaces", json!({"name": "W", "description": KNOWN_KEY})),
        (
            "/templates",
            json!({"name": "T", "variables": [{"name": "A", "service": "openai", "kinds": ["api_key"], "description": KNOWN_KEY}]}),
        ),
        ("/principals", json!({"name": format!("P {KNOWN_KEY}")})),
    ];
    let size = server.size();
    for (route, body) in cases {
        let answer = server.post(route, body.clone());
        assert!(
            matches!(answer.status, 400 | 409 | 422),
            "{route} {body}: {} {}",
            answer.status,
            answer.text()
        );
        assert_eq!(answer.kind(), "hardcoded_secret", "{route} {body}: {}", answer.text());
        assert!(!answer.text().contains(KNOWN_KEY), "{}", answer.text());
        answer.problem();
    }
    assert_eq!(server.size(), size);
}

#[test]
fn an_unknown_service_is_taken_with_a_word_and_an_unknown_kind_is_not() {
    let (_place, server) = serve();
    let body = |service: &str, kind: &str| json!({"name": format!("{service} {kind}"), "service": service, "kind": kind, "fields": {"api_key": format!("v-{service}-8Qx2")}});
    let made = server.post("/credentials", body("opnai", "api_key")).is(201);
    let warnings = made["warnings"].to_string();
    assert!(warnings.contains("openai"), "what was meant is proposed: {made}");
    let problem = server.post("/credentials", body("openai", "api_kee")).problem();
    assert!(
        problem.to_string().contains("api_key"),
        "the kinds are listed: {problem}"
    );
}
