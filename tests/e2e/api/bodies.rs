//! What a request may be at all: members, types, depth, size, token. A refusal names the place and never the value.

use crate::harness::{Agency, Answer, Place, Server};
use serde_json::{Value, json};

/// A text that no answer may hold.
const CANARY: &str = "cnry-7fQ2xW9k";

/// Every write that takes a body, with one that would be taken.
fn writes() -> Vec<(&'static str, &'static str, Value)> {
    vec![
        (
            "POST",
            "/credentials",
            json!({"name": "N", "service": "openai", "kind": "api_key", "fields": {"api_key": "v-81hsKw02"}}),
        ),
        ("POST", "/credentials/openai/update", json!({"description": "text"})),
        (
            "POST",
            "/credentials/openai/rotate",
            json!({"fields": {"api_key": "v-93jsLw71"}}),
        ),
        ("POST", "/credentials/openai/rollback", json!({"version": 1})),
        ("POST", "/credentials/openai/disable", json!({})),
        ("POST", "/credentials/openai/enable", json!({})),
        ("POST", "/credentials/openai/revoke", json!({})),
        ("POST", "/credentials/openai/share", json!({"all": true})),
        ("POST", "/credentials/openai/unshare", json!({"all": true})),
        ("POST", "/credentials/openai/reveal", json!({"reason": "a test"})),
        ("POST", "/clients", json!({"name": "N"})),
        ("POST", "/clients/client-a/update", json!({"description": "text"})),
        ("POST", "/clients/client-a/archive", json!({})),
        ("POST", "/workspaces", json!({"name": "N"})),
        ("POST", "/workspaces/shop-a/update", json!({"description": "text"})),
        ("POST", "/workspaces/shop-a/archive", json!({})),
        ("POST", "/workspaces/shop-a/templates/orders/admit", json!({})),
        (
            "PUT",
            "/workspaces/shop-a/templates/orders/mappings/AI",
            json!({"credential": "openai"}),
        ),
        ("POST", "/templates", json!({"name": "N", "variables": []})),
        ("POST", "/templates/orders/update", json!({"description": "text"})),
        ("POST", "/templates/orders/revise", json!({"variables": []})),
        ("POST", "/templates/orders/retire", json!({})),
        (
            "PUT",
            "/defaults",
            json!({"service": "openai", "kind": "api_key", "credential": "openai"}),
        ),
        ("POST", "/resolve", json!({"workspace": "shop-a", "template": "orders"})),
        ("POST", "/import", json!({"format": "n8n", "document": []})),
        ("POST", "/principals", json!({"name": "N"})),
        ("POST", "/tokens", json!({"principal": "dev"})),
    ]
}

fn place() -> (Place, Server) {
    let place = Place::new();
    let server = place.serve();
    Agency::build(&server);
    (place, server)
}

fn send(server: &Server, method: &str, route: &str, body: &Value) -> Answer {
    Answer::of(server.request(method, route).json(body))
}

#[test]
fn an_unknown_member_is_refused_by_name_on_every_route() {
    let (_place, server) = place();
    let size = server.size();
    for (method, route, mut body) in writes() {
        body["surprise"] = json!(CANARY);
        let answer = send(&server, method, route, &body);
        assert!(
            matches!(answer.status, 400 | 422),
            "{method} {route}: {} {}",
            answer.status,
            answer.text()
        );
        let text = answer.text();
        assert!(text.contains("surprise"), "{method} {route} names it: {text}");
        assert!(!text.contains(CANARY), "{method} {route} repeats the value: {text}");
        answer.problem();
    }
    assert_eq!(server.size(), size, "nothing was recorded");
}

#[test]
fn an_unknown_member_of_a_query_is_refused_by_name() {
    let (_place, server) = place();
    for route in [
        "/credentials",
        "/clients",
        "/workspaces",
        "/templates",
        "/audit/events",
        "/principals",
        "/tokens",
        "/services",
    ] {
        let answer = server.get(&format!("{route}?surprise={CANARY}"));
        assert!(
            matches!(answer.status, 400 | 422),
            "{route}: {} {}",
            answer.status,
            answer.text()
        );
        let text = answer.text();
        assert!(text.contains("surprise") && !text.contains(CANARY), "{route}: {text}");
        answer.problem();
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of bodies")]
fn a_wrong_type_is_refused_where_it_stands() {
    let (_place, server) = place();
    let cases = [
        (
            "/credentials",
            json!({"name": 5, "service": "openai", "kind": "api_key", "fields": {}}),
            "name",
        ),
        (
            "/credentials",
            json!({"name": "N", "service": "openai", "kind": "api_key", "fields": CANARY}),
            "fields",
        ),
        (
            "/credentials",
            json!({"name": "N", "service": "openai", "kind": "api_key", "fields": {"api_key": [CANARY]}}),
            "api_key",
        ),
        (
            "/credentials",
            json!({"name": "N", "service": "openai", "kind": "api_key", "fields": {"api_key": 77123}}),
            "api_key",
        ),
        (
            "/credentials",
            json!({"name": "N", "service": "openai", "kind": "api_key", "fields": {}, "plain": CANARY}),
            "plain",
        ),
        (
            "/credentials",
            json!({"name": "N", "service": "openai", "kind": CANARY, "fields": {"api_key": "v-12nvKw91"}}),
            "kind",
        ),
        ("/credentials/openai/rollback", json!({"version": CANARY}), "version"),
        ("/credentials/openai/rollback", json!({"version": -1}), "version"),
        (
            "/credentials/openai/rotate",
            json!({"fields": {"api_key": {"a": CANARY}}}),
            "api_key",
        ),
        ("/credentials/openai/share", json!({"all": CANARY}), "all"),
        (
            "/resolve",
            json!({"workspace": "shop-a", "template": "orders", "dry_run": CANARY}),
            "dry_run",
        ),
        (
            "/templates",
            json!({"name": "N", "variables": [{"name": "A", "service": "openai", "kinds": [CANARY]}]}),
            "kinds",
        ),
        (
            "/templates",
            json!({"name": "N", "variables": [{"name": "A", "service": {"x": CANARY}, "kinds": []}]}),
            "service",
        ),
    ];
    let size = server.size();
    for (route, body, place) in cases {
        let answer = server.post(route, body);
        assert!(
            matches!(answer.status, 400 | 422),
            "{route} {place}: {} {}",
            answer.status,
            answer.text()
        );
        let text = answer.text();
        assert!(text.contains(place), "{route} names {place}: {text}");
        assert!(
            !text.contains(CANARY) && !text.contains("77123"),
            "{route} repeats the value: {text}"
        );
        answer.problem();
    }
    assert_eq!(server.size(), size);
}

#[test]
fn a_missing_member_is_named() {
    let (_place, server) = place();
    let cases = [
        (
            "/credentials",
            json!({"service": "openai", "kind": "api_key", "fields": {"api_key": "v-77akQm31"}}),
            "name",
        ),
        (
            "/credentials",
            json!({"name": "N", "kind": "api_key", "fields": {"api_key": "v-77akQm31"}}),
            "service",
        ),
        (
            "/credentials",
            json!({"name": "N", "service": "openai", "kind": "api_key", "fields": {}}),
            "api_key",
        ),
        (
            "/credentials",
            json!({"name": "N", "service": "smtp", "kind": "basic", "fields": {"username": "mia"}}),
            "password",
        ),
        ("/clients", json!({}), "name"),
        ("/resolve", json!({"workspace": "shop-a"}), "template"),
        ("/credentials/openai/rotate", json!({"fields": {}}), "fields"),
        ("/credentials/openai/reveal", json!({}), "reason"),
    ];
    for (route, body, member) in cases {
        let answer = server.post(route, body);
        assert!(
            matches!(answer.status, 400 | 409 | 422),
            "{route}: {} {}",
            answer.status,
            answer.text()
        );
        assert!(
            answer.text().contains(member),
            "{route} names {member}: {}",
            answer.text()
        );
        answer.problem();
    }
}

#[test]
fn what_is_no_json_is_refused_without_being_repeated() {
    let (_place, server) = place();
    let bodies = [
        String::new(),
        format!("{{\"name\": \"{CANARY}\""),
        format!("{{\"name\": {CANARY}}}"),
        format!("[\"{CANARY}\"]"),
        format!("{{\"name\": \"a\", \"name\": \"{CANARY}\", \"service\": \"openai\", \"kind\": \"api_key\"}}"),
        format!("{{\"name\": \"a\", \"fields\": {{\"api_key\": \"x\", \"api_key\": \"{CANARY}\"}}}}"),
        "{\"name\": \"\\ud800\"}".to_owned(),
    ];
    for body in bodies {
        let request = server
            .request("POST", "/credentials")
            .header("content-type", "application/json")
            .body(body.clone());
        let answer = Answer::of(request);
        assert!(
            matches!(answer.status, 400 | 422),
            "{body}: {} {}",
            answer.status,
            answer.text()
        );
        assert!(!answer.text().contains(CANARY), "{}", answer.text());
        answer.problem();
    }
    let latin = Answer::of(
        server
            .request("POST", "/clients")
            .header("content-type", "application/json")
            .body(b"{\"name\": \"\xe9\"}".to_vec()),
    );
    assert!(matches!(latin.status, 400 | 422), "{}", latin.text());
    latin.problem();
}

#[test]
fn json_is_taken_to_a_depth_of_64() {
    let (_place, server) = place();
    let nested = |depth: usize| format!("{{\"name\": {}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
    for depth in [65, 1_000, 200_000] {
        let request = server
            .request("POST", "/clients")
            .header("content-type", "application/json")
            .body(nested(depth));
        let answer = Answer::of(request);
        assert!(
            matches!(answer.status, 400 | 413 | 422),
            "{depth}: {} {}",
            answer.status,
            answer.text()
        );
        assert!(answer.text().contains("64"), "the limit is named: {}", answer.text());
        answer.problem();
    }
    let at_limit = Answer::of(
        server
            .request("POST", "/clients")
            .header("content-type", "application/json")
            .body(nested(64)),
    );
    assert!(
        !at_limit.text().contains("64"),
        "only the type is wrong: {}",
        at_limit.text()
    );
    assert!(at_limit.text().contains("name"), "{}", at_limit.text());
    server.get("/whoami").ok();
}

#[test]
fn a_body_has_at_most_4_mib_and_an_import_16() {
    let (_place, server) = place();
    let mebibyte = 1 << 20;
    let padded = |len: usize| {
        let mut body = "{\"name\": \"Padded\"}".to_owned();
        body.push_str(&" ".repeat(len - body.len()));
        body
    };
    let post = |route: &str, body: String| {
        Answer::of(
            server
                .request("POST", route)
                .header("content-type", "application/json")
                .body(body),
        )
    };
    post("/clients", padded(4 * mebibyte)).is(201);
    let problem = post("/clients", padded(4 * mebibyte + 1)).is(413);
    assert_eq!(problem["status"], 413);
    post("/clients", padded(8 * mebibyte)).problem();
    let export = |len: usize| {
        let mut body = "{\"format\": \"n8n\", \"document\": []}".to_owned();
        body.push_str(&" ".repeat(len - body.len()));
        body
    };
    assert_ne!(post("/import", export(15 * mebibyte)).status, 413);
    assert_eq!(post("/import", export(16 * mebibyte + 4096)).status, 413);
    server.get("/whoami").ok();
}

#[test]
fn values_have_64_kib_together() {
    let (_place, server) = place();
    let body = |name: &str, bytes: usize| json!({"name": name, "service": "acme-internal", "kind": "custom", "fields": {"blob": "x".repeat(bytes)}});
    server.post("/credentials", body("Most", 64 * 1024)).is(201);
    let answer = server.post("/credentials", body("Too much", 64 * 1024 + 1));
    assert!(
        matches!(answer.status, 400 | 413 | 422),
        "{} {}",
        answer.status,
        answer.text()
    );
    assert!(answer.text().len() < 2_000, "the value is not repeated");
    answer.problem();
    let rotated = server
        .post(
            "/credentials/most/rotate",
            json!({"fields": {"blob": "y".repeat(64 * 1024)}}),
        )
        .ok();
    assert_eq!(rotated["version"], 2);
}

#[test]
fn only_a_good_token_is_let_in() {
    let (_place, server) = place();
    let good = server.token.clone();
    let last = if good.ends_with('0') { '1' } else { '0' };
    let tokens = [
        String::new(),
        "x".to_owned(),
        "srt_".to_owned(),
        format!("{}{last}", &good[..good.len() - 1]),
        // A token of the right form that nobody was given.
        strongroom_seal::Token::make().unwrap().expose().to_string(),
        format!("{good}0"),
        good.to_uppercase(),
        "srt_".to_owned() + &"z".repeat(33),
    ];
    let size = server.size();
    for token in tokens {
        let problem = server
            .with_token(&token)
            .get("/credentials")
            .refused(401, "unauthenticated");
        assert!(
            token.len() < 5 || !problem.to_string().contains(&token),
            "the token is not repeated: {problem}"
        );
    }
    let http = reqwest::blocking::Client::new();
    Answer::of(http.get(format!("{}/api/v1/credentials", server.addr))).refused(401, "unauthenticated");
    Answer::of(
        http.get(format!("{}/api/v1/credentials", server.addr))
            .header("authorization", "Basic ZGV2OmRldg=="),
    )
    .is(401);
    assert_eq!(
        server.size(),
        size,
        "requests without a valid token make no records of their own"
    );
}

#[test]
fn what_is_not_there_is_a_problem_too() {
    let (_place, server) = place();
    server.get("/nowhere").refused(404, "not_found");
    let method = server.delete("/whoami");
    assert_eq!(method.status, 405, "{}", method.text());
    method.problem();
    for route in [
        "/credentials/nobody",
        "/clients/nobody",
        "/workspaces/nobody",
        "/templates/nobody",
        "/services/nobody-at-all",
        "/principals/nobody",
    ] {
        server.get(route).refused(404, "not_found");
    }
    let problem = server.get("/credentials/opennai").refused(404, "not_found");
    assert!(
        problem["hint"].as_str().unwrap().contains("openai"),
        "what was meant is proposed: {problem}"
    );
    let problem = server
        .post("/resolve", json!({"workspace": "shpo-a", "template": "orders"}))
        .refused(404, "not_found");
    assert!(problem["hint"].as_str().unwrap().contains("shop-a"), "{problem}");
}
