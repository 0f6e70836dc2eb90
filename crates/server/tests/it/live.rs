//! Requests that go all the way to a ledger and back.

use crate::world::World;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};

async fn agency() -> World {
    let world = World::new();
    let made = StatusCode::CREATED;
    world
        .api("POST", "/clients", json!({"name": "Client A"}))
        .await
        .is(made);
    world
        .api("POST", "/workspaces", json!({"name": "Shop A", "client": "client-a"}))
        .await
        .is(made);
    let credential = json!({
        "name": "OpenAI", "service": "openai", "kind": "api_key", "tags": {"team": "eu"},
        "fields": {"api_key": "key-of-all-Zq83nVx1"},
    });
    world.api("POST", "/credentials", credential).await.is(made);
    let template = json!({"name": "Orders", "variables": [{"name": "AI", "service": "openai", "kinds": ["api_key"]}]});
    world.api("POST", "/templates", template).await.is(made);
    world
        .api("POST", "/workspaces/shop-a/templates/orders/admit", Value::Null)
        .await
        .is(StatusCode::OK);
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_is_made_mapped_served_and_told() {
    let world = agency().await;
    let ask = || json!({"workspace": "shop-a", "template": "orders"});
    let missing = world
        .api("POST", "/resolve", ask())
        .await
        .refused(409, "variables_missing");
    assert_eq!(missing["missing"][0]["fitting"][0]["handle"], "openai");
    let route = "/workspaces/shop-a/templates/orders/mappings/AI";
    let mapped = world
        .api("PUT", route, json!({"credential": "openai"}))
        .await
        .is(StatusCode::OK);
    assert_eq!(
        (&mapped["credential"], &mapped["template"]),
        (&json!("openai"), &json!("orders"))
    );
    let served = world.api("POST", "/resolve", ask()).await;
    assert_eq!(served.headers["cache-control"], "no-store");
    let served = served.is(StatusCode::OK);
    assert_eq!(
        served["variables"]["AI"]["fields"],
        json!({"api_key": "key-of-all-Zq83nVx1"})
    );
    let page = world
        .api("GET", "/audit/events?limit=2", Value::Null)
        .await
        .is(StatusCode::OK);
    assert_eq!(
        (&page["items"][0]["type"], &page["items"][0]["actor"]),
        (&json!("access.accessed"), &json!("dev"))
    );
    let cursor = page["next"].as_str().unwrap();
    let next = world
        .api("GET", &format!("/audit/events?limit=2&cursor={cursor}"), Value::Null)
        .await
        .is(StatusCode::OK);
    let (a, b) = (
        page["items"][1]["position"].as_u64(),
        next["items"][0]["position"].as_u64(),
    );
    assert_eq!(a.unwrap(), b.unwrap() + 1);
    world
        .api(
            "GET",
            &format!("/audit/events?cursor={cursor}&order=oldest"),
            Value::Null,
        )
        .await
        .refused(422, "invalid_cursor");
    let rotated = world
        .api(
            "POST",
            "/credentials/openai/rotate",
            json!({"fields": {"api_key": "next-Zq83nVx1"}}),
        )
        .await;
    assert_eq!(rotated.headers["etag"], "\"2\"");
    assert_eq!(rotated.is(StatusCode::OK)["version"], 2);
    let got = world
        .api("GET", "/credentials/openai", Value::Null)
        .await
        .is(StatusCode::OK);
    assert_eq!(
        (&got["tags"], &got["steward"], &got["versions"][1]["version"]),
        (&json!({"team": "eu"}), &json!("dev"), &json!(2))
    );
    assert!(!got.to_string().contains("nVx1"), "{got}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_is_answered_the_same() {
    let world = agency().await;
    let keyed = |body: &Value| {
        let mut request = world.request("POST", "/api/v1/credentials/openai/update", body);
        request.headers_mut().insert("idempotency-key", "k1".parse().unwrap());
        request
    };
    let body = json!({"description": "one"});
    let mut first = world.send(keyed(&body)).await.is(StatusCode::OK);
    world
        .api(
            "POST",
            "/credentials/openai/rotate",
            json!({"fields": {"api_key": "next-Zq83nVx1"}}),
        )
        .await
        .is(StatusCode::OK);
    world
        .api("POST", "/credentials/openai/disable", json!({"reason": "x"}))
        .await
        .is(StatusCode::OK);
    let mut again = world.send(keyed(&body)).await.is(StatusCode::OK);
    assert_eq!(again["replayed"], true);
    for answer in [&mut first, &mut again] {
        answer
            .as_object_mut()
            .unwrap()
            .retain(|name, _| name != "checkpoint" && name != "replayed");
    }
    assert_eq!(first, again);
    world
        .send(keyed(&json!({"description": "two"})))
        .await
        .refused(422, "idempotency_mismatch");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_without_a_token_learns_or_records_anything() {
    let world = World::new();
    let size = world.ledger.view().head;
    for (method, path) in [
        ("GET", "/api/v1/credentials?surprise=1"),
        ("POST", "/api/v1/credentials"),
        ("GET", "/api/v1/audit/log/checkpoint"),
    ] {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .body(Body::from("{"))
            .unwrap();
        let reply = world.send(request).await;
        assert_eq!(reply.headers["www-authenticate"], "Bearer realm=\"strongroom\"");
        reply.refused(401, "unauthenticated");
    }
    assert_eq!(world.ledger.view().head, size);
    let metrics = world.send(world.request("GET", "/metrics", &Value::Null)).await;
    assert!(
        metrics.text.contains("strongroom_unauthenticated_total 3"),
        "{}",
        metrics.text
    );
}

/// The dashboards of those who run it: names are kept.
#[tokio::test(flavor = "multi_thread")]
async fn the_metrics_say_how_long_commits_take_and_what_waits() {
    let world = agency().await;
    let metrics = world.send(world.request("GET", "/metrics", &Value::Null)).await.text;
    let value = |name: &str| -> f64 {
        let line = metrics
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("{name}: {metrics}")).parse().unwrap()
    };
    assert_eq!(
        (value("strongroom_queue_requests"), value("strongroom_queue_bytes")),
        (0.0, 0.0)
    );
    for histogram in ["strongroom_commit_seconds", "strongroom_sync_seconds"] {
        let count = value(&format!("{histogram}_count"));
        assert_eq!(count, value("strongroom_commits_total"));
        assert_eq!(count, value(&format!("{histogram}_bucket{{le=\"+Inf\"}}")));
        assert!(value(&format!("{histogram}_bucket{{le=\"0.0001\"}}")) <= count);
        assert!(metrics.contains(&format!("# TYPE {histogram} histogram\n")));
    }
    assert!(value("strongroom_sync_seconds_sum") <= value("strongroom_commit_seconds_sum"));
    assert_eq!(value("strongroom_records"), world.ledger.view().head as f64);
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_name_one_segment_each() {
    let world = agency().await;
    for path in [
        "/credentials/%2e%2e",
        "/credentials/openai%2Freveal",
        "/credentials/..%2fclients",
        "/credentials/%00",
        "/credentials/%ff",
    ] {
        let reply = world.api("GET", path, Value::Null).await;
        reply.refused(404, "not_found");
    }
    world
        .api("GET", "/credentials/openai/", Value::Null)
        .await
        .refused(404, "not_found");
    let reply = world.api("DELETE", "/whoami", Value::Null).await;
    assert_eq!(reply.headers["allow"], "GET,HEAD");
    reply.refused(405, "method_not_allowed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_issued_with_its_principal_and_role_in_one_step() {
    let world = agency().await;
    let issued = world
        .api(
            "POST",
            "/tokens",
            json!({"principal": "Runner", "role": "service", "workspaces": ["shop-a"]}),
        )
        .await;
    let issued = issued.is(StatusCode::CREATED);
    assert_eq!((&issued["principal"], &issued["events"]), (&json!("runner"), &json!(3)));
    let runner = format!("Bearer {}", issued["token"].as_str().unwrap());
    let request = Request::builder()
        .uri("/api/v1/whoami")
        .header("authorization", runner)
        .body(Body::empty())
        .unwrap();
    let whoami = world.send(request).await.is(StatusCode::OK);
    assert_eq!(
        (&whoami["handle"], &whoami["rights"]),
        (&json!("runner"), &json!(["resolve"]))
    );
    let again = world
        .api("POST", "/tokens", json!({"principal": "runner"}))
        .await
        .is(StatusCode::CREATED);
    assert_eq!(again["events"], 1);
    world
        .api(
            "DELETE",
            &format!("/tokens/{}", again["id"].as_str().unwrap()),
            Value::Null,
        )
        .await
        .is(StatusCode::OK);
    let listed = world
        .api("GET", "/tokens?principal=runner", Value::Null)
        .await
        .is(StatusCode::OK);
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_and_dump_are_streamed() {
    let world = agency().await;
    let verified = world.api("POST", "/admin/verify", Value::Null).await;
    let last: Value = serde_json::from_str(verified.text.lines().last().unwrap()).unwrap();
    assert_eq!((&last["done"], &last["error"]), (&json!(true), &Value::Null), "{last}");
    assert_eq!(last["records"].as_u64().unwrap(), world.ledger.view().head);
    let dump = world.api("GET", "/admin/dump", Value::Null).await;
    assert!(dump.text.starts_with("SRDP"));
    let tile = world.api("GET", "/audit/log/checkpoint", Value::Null).await;
    assert!(tile.text.contains("/ledger/"), "{}", tile.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clock_is_set_forwards() {
    let world = World::new();
    let set = |body: Value| world.send(world.request("PUT", "/dev/clock", &body));
    set(json!({"advance_seconds": 3_600})).await.is(StatusCode::OK);
    set(json!({"now": "2020-01-01T00:00:00Z"})).await.refused(409, "clock");
    set(json!({})).await.refused(422, "invalid");
    let status = world.api("GET", "/admin/status", Value::Null).await.is(StatusCode::OK);
    assert_eq!(
        (&status["records"], &status["dev"]),
        (&json!(world.ledger.view().head), &json!(true))
    );
}
