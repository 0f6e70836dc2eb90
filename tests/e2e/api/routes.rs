//! All routes at once: the contract, health, what is open to whom.

use crate::harness::{Agency, Answer, Place};
use serde_json::json;

#[test]
fn the_contract_is_served_and_every_route_in_it_is_real() {
    let place = Place::new();
    let server = place.serve();
    Agency::build(&server);
    let contract = server.get("/openapi.json").ok();
    assert!(
        contract["openapi"].as_str().unwrap().starts_with("3.1"),
        "{}",
        contract["openapi"]
    );
    let paths = contract["paths"].as_object().unwrap();
    assert!(paths.len() > 30, "{} paths", paths.len());
    for (path, methods) in paths {
        for method in methods
            .as_object()
            .unwrap()
            .keys()
            .filter(|method| ["get", "post", "put", "delete"].contains(&method.as_str()))
        {
            let filled = path
                .replace("{position}", "0")
                .replace("{path}", "checkpoint")
                .replace("{*path}", "checkpoint");
            let filled: String = filled
                .split('/')
                .map(|part| if part.starts_with('{') { "none-such" } else { part })
                .collect::<Vec<_>>()
                .join("/");
            // A tail has no end; one that is refused for its query is there as well.
            let filled = if path.ends_with("/tail") {
                filled + "?limit=1"
            } else {
                filled
            };
            let request = server.raw(&method.to_uppercase(), &filled);
            let request = if method == "get" {
                request
            } else {
                request.header("content-type", "application/json").body("{\"x\":")
            };
            let answer = Answer::of(request);
            let known = answer.status != 405 && !answer.text().contains("nothing is served at this path");
            assert!(
                known && answer.status != 500,
                "{method} {path}: {} {}",
                answer.status,
                answer.text()
            );
        }
    }
}

#[test]
fn health_needs_no_token_and_metrics_tell_nothing() {
    let place = Place::new();
    let server = place.serve();
    Agency::build(&server);
    let http = reqwest::blocking::Client::new();
    for route in ["/healthz", "/readyz"] {
        let answer = Answer::of(http.get(format!("{}{route}", server.addr)));
        assert_eq!(answer.status, 200, "{route}: {}", answer.text());
    }
    let metrics = Answer::of(server.raw("GET", "/metrics"));
    assert_eq!(metrics.status, 200, "{}", metrics.text());
    for private in ["shopify", "client-a", "shop-a", "srt_", "cr_"] {
        assert!(!metrics.text().contains(private), "{private} stands in the metrics");
    }
}

#[test]
fn services_whoami_and_status_answer() {
    let place = Place::new();
    let server = place.serve();
    let page = server.get("/services?q=shopify&limit=3").ok();
    assert!(
        page["items"]
            .as_array()
            .unwrap()
            .iter()
            .any(|service| service["id"] == "shopify"),
        "{page}"
    );
    let shopify = server.get("/services/shopify").ok();
    assert_eq!(shopify["id"], "shopify");
    assert!(server.all("/services").len() > 900);
    let whoami = server.get("/whoami").ok();
    assert_eq!((&whoami["handle"], &whoami["dev"]), (&json!("dev"), &json!(true)));
    assert!(
        whoami["grants"]
            .as_array()
            .unwrap()
            .iter()
            .any(|grant| grant["role"] == "owner"),
        "{whoami}"
    );
    let status = server.get("/admin/status").ok();
    assert_eq!(
        (status["records"].as_u64(), &status["writing"], &status["dev"]),
        (Some(server.size()), &json!(true), &json!(true))
    );
}

#[test]
fn the_clock_goes_forwards_and_only_in_dev() {
    let place = Place::new();
    let server = place.serve();
    let set = |body: serde_json::Value| Answer::of(server.raw("PUT", "/dev/clock").json(&body));
    let now = set(json!({"advance_seconds": 86_400})).ok()["now"]
        .as_str()
        .unwrap()
        .to_owned();
    let now: jiff::Timestamp = now.parse().unwrap();
    assert!(
        now > jiff::Timestamp::now()
            .checked_add(jiff::SignedDuration::from_hours(23))
            .unwrap()
    );
    set(json!({"now": "2020-01-01T00:00:00Z"})).problem();
    set(json!({"now": "whenever"})).problem();
    let made = server.post("/clients", json!({"name": "Tomorrow"})).is(201);
    let at: jiff::Timestamp = server.get(&format!("/audit/events/{}", made["position"])).ok()["recorded_at"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(at >= now);
    let runner = server.post(
        "/tokens",
        json!({"principal": "Runner", "role": "service", "workspaces": []}),
    );
    if runner.status == 201 {
        // Whoever has no rights does not move time either.
        let token = runner.ok()["token"].as_str().unwrap().to_owned();
        let http = reqwest::blocking::Client::new();
        let answer = Answer::of(
            http.put(format!("{}/dev/clock", server.addr))
                .bearer_auth(token)
                .json(&json!({"advance_seconds": 1})),
        );
        assert!(matches!(answer.status, 401 | 403), "{}", answer.text());
    }
}
