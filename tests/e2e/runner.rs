//! What a runner builds on: watching, and the cache of the client.

use crate::harness::{Agency, GoesOn, Place, Server};
use serde_json::{Value, json};
use std::future::Future;
use std::time::Duration;
use strongroom_client::api::watch::WatchQuery;
use strongroom_client::{CacheOptions, Client, Error, SecretsCache, WatchEvent};

const LONG: Duration = Duration::from_secs(3_600);

fn serve() -> (Place, Server, Client) {
    let place = Place::new();
    let server = place.serve();
    Agency::build(&server);
    for (shop, letter) in [("shop-a", "a"), ("shop-b", "b")] {
        Agency::map(&server, shop, &format!("shopify-client-{letter}"));
    }
    let body = json!({"principal": "Runner", "role": "service", "workspaces": ["shop-a", "shop-b"]});
    let token = server.post("/tokens", body).is(201)["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let client = Client::new(&server.addr, Some(&token)).unwrap();
    (place, server, client)
}

/// Runs it to its end. The harness blocks, so that what it does stands beside, not inside.
fn on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async { tokio::time::timeout(Duration::from_secs(60), future).await.unwrap() })
}

fn query(workspace: &str, since: Option<u64>) -> WatchQuery {
    WatchQuery {
        workspace: workspace.to_owned(),
        template: None,
        since,
    }
}

fn rotate(server: &Server, handle: &str, field: &str, value: &str) -> u64 {
    let body = json!({"fields": {field: value}});
    let answer = server.post(&format!("/credentials/{handle}/rotate"), body).ok();
    answer["position"].as_u64().unwrap()
}

fn api_key(resolved: &strongroom_client::api::resolve::Resolved) -> String {
    let variables: Value = serde_json::to_value(&resolved.variables).unwrap();
    variables["AI"]["fields"]["api_key"].as_str().unwrap().to_owned()
}

/// Runs a step of the harness on a thread of its own.
async fn beside<T: Send>(step: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| scope.spawn(step).join().unwrap())
}

#[test]
fn who_watches_hears_of_what_he_uses_and_of_nothing_else() {
    let (_place, server, client) = serve();
    on(async {
        let mut watch = client.watch(query("shop-a", None));
        let WatchEvent::Current(first) = watch.next().await.unwrap() else {
            panic!("it begins with how it is")
        };
        assert_eq!(
            (first.workspace.as_str(), first.template.as_str()),
            ("shop-a", "orders")
        );
        // Another client's key is nothing that is used here.
        beside(|| rotate(&server, "shopify-client-b", "token", "tkn-b2-kX82hqLw93mDv1")).await;
        let at = beside(|| rotate(&server, "openai", "api_key", "key-two-Zq83nVx1")).await;
        let WatchEvent::Changed(changed) = watch.next().await.unwrap() else {
            panic!("it changed")
        };
        assert!(changed.position > at && changed.etag != first.etag && changed.etag.is_some());
        // What would be refused has no etag.
        beside(|| server.post("/credentials/openai/disable", json!({})).ok()).await;
        let WatchEvent::Changed(gone) = watch.next().await.unwrap() else {
            panic!("it changed")
        };
        assert_eq!(gone.etag, None);
        // Mapped anew it is served again.
        beside(|| {
            let other = json!({"name": "Other", "service": "openai", "kind": "api_key", "fields": {"api_key": "key-other-Zq83nVx1"}});
            server.post("/credentials", other).is(201);
            server.put("/workspaces/shop-a/templates/orders/mappings/AI", json!({"credential": "other"})).ok();
        })
        .await;
        let WatchEvent::Changed(again) = watch.next().await.unwrap() else {
            panic!("it changed")
        };
        assert!(again.etag.is_some());
    });
    let told = serde_json::to_string(&server.all("/audit/events?actor=runner")).unwrap();
    assert!(!told.contains("access.accessed"), "watching serves nothing");
}

#[test]
fn a_watch_outlives_the_server_and_hears_what_it_missed() {
    let (place, server, client) = serve();
    let addr = server.addr.trim_start_matches("http://").to_owned();
    on(async {
        let mut watch = client.watch(query("shop-a", None));
        watch.next().await.unwrap();
        let server = beside(|| {
            server.kill9();
            let server = place.serve_at(&addr);
            rotate(&server, "openai", "api_key", "key-two-Zq83nVx1");
            server
        })
        .await;
        assert!(matches!(watch.next().await.unwrap(), WatchEvent::Changed(_)));
        // From a position on: what came later is told first, what is older is only said.
        let head = beside(|| server.size()).await;
        let mut later = client.watch(query("shop-a,shop-b", Some(head)));
        assert!(matches!(later.next().await.unwrap(), WatchEvent::Current(_)));
        let mut earlier = client.watch(query("shop-a", Some(head - 1)));
        assert!(matches!(earlier.next().await.unwrap(), WatchEvent::Changed(_)));
    });
}

#[test]
fn a_watch_ends_with_the_right() {
    let (_place, server, client) = serve();
    on(async {
        let mut watch = client.watch(query("shop-a", None));
        watch.next().await.unwrap();
        beside(|| server.post("/principals/runner/disable", json!({})).ok()).await;
        let refused = watch.next().await.unwrap_err();
        assert_eq!(refused.status(), Some(401), "{refused}");
        let nowhere = client.watch(query("nowhere", None)).next().await.unwrap_err();
        assert_eq!(nowhere.status(), Some(401), "{nowhere}");
    });
    let owner = Client::new(&server.addr, Some(&server.token)).unwrap();
    on(async {
        let nowhere = owner.watch(query("nowhere", None)).next().await.unwrap_err();
        assert_eq!(nowhere.kind(), Some("not_found"));
    });
    let lost = Client::new("127.0.0.1:1", Some(&server.token)).unwrap();
    on(async {
        assert!(matches!(
            lost.watch(query("shop-a", None)).next().await,
            Err(Error::Connect { .. })
        ))
    });
}

#[test]
fn the_cache_asks_once_and_revalidates_without_a_read() {
    let (_place, server, client) = serve();
    let served = || server.all("/audit/events?type=access.accessed&actor=runner").len();
    let kept = SecretsCache::new(
        client.clone(),
        CacheOptions {
            fresh_for: LONG,
            stale_for: Duration::ZERO,
        },
    );
    on(async {
        let (one, other) = tokio::join!(kept.get("shop-a", "orders", None), kept.get("shop-a", "orders", None));
        assert_eq!(one.unwrap().etag, other.unwrap().etag);
        beside(|| rotate(&server, "openai", "api_key", "key-two-Zq83nVx1")).await;
        assert_eq!(
            api_key(&kept.get("shop-a", "orders", None).await.unwrap()),
            "key-of-all-Zq83nVx1"
        );
        kept.invalidate("shop-a", "orders");
        assert_eq!(
            api_key(&kept.get("shop-a", "orders", None).await.unwrap()),
            "key-two-Zq83nVx1"
        );
    });
    assert_eq!(served(), 2, "asked for once each");
    assert!(!format!("{kept:?}").contains("key-"), "it does not print what it keeps");
    // Nothing fresh: each time it is asked whether it still is right, which serves no value.
    let strict = SecretsCache::new(
        client,
        CacheOptions {
            fresh_for: Duration::ZERO,
            stale_for: Duration::ZERO,
        },
    );
    on(async {
        for _ in 0..5 {
            strict.get("shop-a", "orders", Some("wf-1")).await.unwrap();
        }
    });
    assert_eq!(served(), 3);
    let metrics = server.raw("GET", "/metrics").send().unwrap().text().unwrap();
    let unchanged = metrics.lines().find(|line| line.contains("unchanged")).unwrap();
    assert!(unchanged.ends_with(" 4"), "{unchanged}");
}

#[test]
fn an_outage_is_bridged_where_it_is_allowed_and_a_revocation_never() {
    let (place, server, client) = serve();
    let addr = server.addr.trim_start_matches("http://").to_owned();
    let with = |stale_for| {
        let options = CacheOptions {
            fresh_for: Duration::ZERO,
            stale_for,
        };
        SecretsCache::new(client.clone(), options)
    };
    let (bridging, strict) = (with(LONG), with(Duration::ZERO));
    on(async {
        for cache in [&bridging, &strict] {
            cache.get("shop-a", "orders", None).await.unwrap();
        }
        beside(|| server.kill9()).await;
        bridging.get("shop-a", "orders", None).await.unwrap();
        assert!(matches!(
            strict.get("shop-a", "orders", None).await,
            Err(Error::Connect { .. })
        ));
        assert!(
            bridging.get("shop-b", "orders", None).await.is_err(),
            "what was never served is not there"
        );
        let server = beside(|| place.serve_at(&addr)).await;
        beside(|| server.post("/credentials/openai/revoke", json!({})).ok()).await;
        let refused = bridging.get("shop-a", "orders", None).await.unwrap_err();
        assert_eq!(refused.kind(), Some("variables_missing"));
        // And what was refused is not kept for the next outage.
        beside(|| server.kill9()).await;
        assert!(bridging.get("shop-a", "orders", None).await.is_err());
    });
}

#[test]
fn who_follows_has_the_new_value_in_the_next_run() {
    let (_place, server, client) = serve();
    let options = CacheOptions {
        fresh_for: LONG,
        stale_for: Duration::ZERO,
    };
    let cache = SecretsCache::new(client, options);
    on(async {
        let following = cache.clone();
        let follow = tokio::spawn(async move { following.follow(&["shop-a"]).await });
        cache.get("shop-a", "orders", None).await.unwrap();
        beside(|| rotate(&server, "openai", "api_key", "key-two-Zq83nVx1")).await;
        while api_key(&cache.get("shop-a", "orders", None).await.unwrap()) != "key-two-Zq83nVx1" {
            tokio::task::yield_now().await;
        }
        follow.abort();
    });
}

#[test]
fn the_program_prints_a_line_for_each_change() {
    use std::io::{BufRead as _, BufReader};
    let (place, server, _) = serve();
    let mut command = place.command();
    command.args(["watch", "--workspace", "shop-a", "--output", "json"]);
    let mut watching = GoesOn(command.stdout(std::process::Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(watching.0.stdout.take().unwrap()).lines();
    let mut next = || -> Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
    assert_eq!(next()["event"], "current");
    rotate(&server, "openai", "api_key", "key-two-Zq83nVx1");
    let changed = next();
    assert_eq!(
        (&changed["event"], &changed["workspace"]),
        (&json!("changed"), &json!("shop-a"))
    );
    drop(watching);
    place.run(&["watch", "--workspace", "nowhere"]).exits(3);
}

#[test]
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn the_example_runner_runs() {
    let example = std::path::Path::new(crate::harness::STRONGROOM)
        .with_file_name("examples")
        .join("runner");
    if !example.is_file() {
        eprintln!("the example is not built (`cargo test --workspace` builds it): this test is skipped");
        return;
    }
    let (place, server, _) = serve();
    let mut command = std::process::Command::new(example);
    command
        .args(["shop-a", "orders", "2"])
        .env("STRONGROOM_ADDR", &server.addr)
        .env("STRONGROOM_TOKEN", &server.token)
        .current_dir(place.path());
    let ran = crate::harness::Ran::of(command, "").exits(0);
    assert!(ran.out.contains("run 2: AI is openai"), "{}", ran.out);
    assert!(!ran.out.contains("Zq83nVx1"), "no value is printed");
    assert_eq!(
        server.all("/audit/events?type=access.accessed").len(),
        1,
        "two runs, one reading"
    );
}
