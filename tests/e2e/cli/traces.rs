//! `serve --otlp-endpoint`: what a collector is told of each request.

use crate::harness::{Place, Receiver};
use serde_json::{Value, json};
use std::net::TcpListener;

/// An attribute of a span, whatever its type.
fn attribute<'v>(span: &'v Value, key: &str) -> &'v Value {
    let attributes = span["attributes"].as_array().unwrap();
    let found = attributes.iter().find(|it| it["key"] == key).unwrap_or(&Value::Null);
    found["value"]
        .as_object()
        .and_then(|value| value.values().next())
        .unwrap_or(&Value::Null)
}

#[test]
fn a_collector_is_told_of_each_request_and_of_nothing_that_was_sent() {
    let collector = Receiver::answering(|_| 200);
    let place = Place::new();
    let server = place.serve_with(&["--otlp-endpoint", &collector.url], &[]);
    let body = json!({"name": "Canary of traces", "service": "openai", "kind": "api_key", "fields": {"api_key": "Zq81-traced"}});
    server.post("/credentials", body).is(201);
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let got = server
        .request("GET", "/credentials/canary-of-traces")
        .header("traceparent", parent)
        .send()
        .unwrap();
    let id = got.headers()["x-request-id"].to_str().unwrap().to_owned();
    // What waits is sent at a stop, too.
    server.stop();
    let mut spans = Vec::new();
    let wanted = ["POST /api/v1/credentials", "GET /api/v1/credentials/{handle}"];
    let seen = |spans: &[Value]| wanted.iter().all(|name| spans.iter().any(|it| it["name"] == **name));
    while !seen(&spans) {
        let told = collector.next();
        assert_eq!(told.path, "/v1/traces");
        let document = told.json();
        let text = document.to_string();
        for sent in ["Zq81", "canary-of-traces", "Canary of traces", "srt_"] {
            assert!(!text.contains(sent), "{sent} is in {text}");
        }
        assert!(text.contains("strongroom"), "{text}");
        for resource in document["resourceSpans"].as_array().unwrap() {
            for scope in resource["scopeSpans"].as_array().unwrap() {
                spans.extend(scope["spans"].as_array().unwrap().iter().cloned());
            }
        }
    }
    let of = |name: &str| spans.iter().find(|it| it["name"] == name).unwrap();
    let made = of(wanted[0]);
    assert_eq!(
        attribute(made, "http.response.status_code")
            .to_string()
            .trim_matches('"'),
        "201"
    );
    let read = of(wanted[1]);
    assert_eq!(read["traceId"], "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(read["parentSpanId"], "00f067aa0ba902b7");
    assert_eq!(attribute(read, "strongroom.request_id"), &json!(id));
}

#[test]
fn a_collector_that_is_gone_costs_no_request() {
    let place = Place::new();
    // A port that was free a moment ago: nobody listens there.
    let gone = format!(
        "http://{}",
        TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
    );
    let server = place.serve_with(&["--otlp-endpoint", &gone], &[]);
    server.get("/whoami").ok();
    server.stop();
    let refusal = place
        .try_serve(&["--otlp-endpoint", "ftp://collector"], &[])
        .err()
        .unwrap();
    assert!(refusal.text.contains("--otlp-endpoint"), "{}", refusal.text);
}
