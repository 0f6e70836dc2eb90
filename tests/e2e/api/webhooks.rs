//! Webhooks: a real receiver is told of what happens, signed, in order and at least once, and never of a value.

use crate::harness::{Agency, Place, Received, Receiver, Server};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

const KEY: &str = "key-two-Zq83nVx1";

fn serve() -> (Place, Server) {
    let place = Place::new();
    let server = place.serve();
    Agency::build(&server);
    (place, server)
}

/// A receiver whose answers a test changes.
fn receiver(status: u16) -> (Receiver, Arc<AtomicU16>) {
    let status = Arc::new(AtomicU16::new(status));
    let answered = Arc::clone(&status);
    (Receiver::answering(move |_| answered.load(Ordering::SeqCst)), status)
}

fn create(server: &Server, url: &str, on: &[&str]) -> Value {
    let body = json!({"name": "Pager", "url": format!("{url}/s"), "on": on});
    server.post("/webhooks", body).is(201)["webhook"].clone()
}

fn rotate(server: &Server, handle: &str, value: &str) {
    let body = json!({"fields": {"api_key": value}});
    server.post(&format!("/credentials/{handle}/rotate"), body).ok();
}

/// The secret of a version as who may read it is shown it.
fn secret(server: &Server, handle: &str, version: u32) -> Vec<u8> {
    let body = json!({"reason": "a test", "version": version});
    let shown = server.post(&format!("/credentials/{handle}/reveal"), body).ok();
    let secret = shown["fields"]["secret"].as_str().unwrap();
    STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap()
}

/// Whether one of a message's signatures is by this secret, as Standard Webhooks says.
fn is_signed_by(received: &Received, secret: &[u8]) -> bool {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret).unwrap();
    let (id, at) = (&received.headers["webhook-id"], &received.headers["webhook-timestamp"]);
    mac.update(format!("{id}.{at}.").as_bytes());
    mac.update(&received.body);
    let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    received.headers["webhook-signature"]
        .split(' ')
        .any(|it| it == expected)
}

fn events(server: &Server, type_: &str) -> Vec<Value> {
    server.all(&format!("/audit/events?type={type_}&order=oldest"))
}

/// Waits for what the ledger does by itself; gives the test up where it never does.
#[track_caller]
fn until(what: impl Fn() -> bool) {
    let given_up = Instant::now() + Duration::from_secs(60);
    while !what() {
        assert!(Instant::now() < given_up, "it never came");
        std::thread::yield_now();
    }
}

fn pager(server: &Server) -> Value {
    server.get("/webhooks/pager").ok()
}

#[test]
fn a_receiver_is_told_what_happened_signed_and_without_a_value() {
    let (_place, server) = serve();
    let (receiver, _) = receiver(204);
    rotate(&server, "openai", "before-it-was-made-Zq1");
    let made = create(&server, &receiver.url, &["rotated", "credential.grace_ended"]);
    assert_eq!(made["secret"], "signing-secret-of-pager");
    let key = secret(&server, "signing-secret-of-pager", 1);
    rotate(&server, "openai", KEY);
    server.post("/clients", json!({"name": "Nobody is told"})).is(201);
    let told = receiver.next();
    assert!(is_signed_by(&told, &key), "{told:?}");
    assert!(!is_signed_by(&told, b"another"));
    let at: i64 = told.headers["webhook-timestamp"].parse().unwrap();
    assert!((jiff::Timestamp::now().as_second() - at).abs() < 300);
    let body = told.json();
    let data = &body["data"];
    assert_eq!(
        (&body["type"], &data["subjects"][0]["handle"], &data["data"]["version"]),
        (&json!("credential.rotated"), &json!("openai"), &json!(3)),
        "{body}"
    );
    // It is the event as an auditor is shown it.
    let event = server.get(&format!("/audit/events/{}", data["position"])).ok();
    assert_eq!(*data, event);
    assert_eq!(
        told.headers["webhook-id"],
        format!("msg_{}", event["event_id"].as_str().unwrap())
    );
    let text = String::from_utf8_lossy(&told.body).into_owned();
    assert!(!text.contains(KEY) && !text.contains("whsec_"), "{text}");
    // How far it is stands in the ledger, and is told to nobody.
    until(|| pager(&server)["delivered"] == 1);
    assert_eq!(pager(&server)["next_position"], data["position"].as_u64().unwrap() + 1);
    assert_eq!(events(&server, "webhook.delivered").len(), 1);
    assert!(receiver.rest().is_empty());
}

#[test]
fn while_a_secret_has_grace_both_sign() {
    let (_place, server) = serve();
    let (receiver, _) = receiver(200);
    create(&server, &receiver.url, &["rotated"]);
    let name = "signing-secret-of-pager";
    let new = format!("whsec_{}", STANDARD.encode([7; 32]));
    let body = json!({"fields": {"secret": new}, "grace_days": 2});
    server.post(&format!("/credentials/{name}/rotate"), body).ok();
    let (one, two) = (secret(&server, name, 1), secret(&server, name, 2));
    let told = receiver.next();
    assert!(is_signed_by(&told, &one) && is_signed_by(&told, &two), "{told:?}");
    server.advance(3 * 24 * 3_600);
    until(|| !events(&server, "credential.grace_ended").is_empty());
    rotate(&server, "openai", KEY);
    let told = receiver.next();
    assert!(is_signed_by(&told, &two) && !is_signed_by(&told, &one), "{told:?}");
    // What can't sign is refused where it is named.
    let body = json!({"name": "Other", "url": receiver.url, "on": ["rotated"], "secret": "openai"});
    let refused = server.post("/webhooks", body).refused(422, "invalid");
    assert_eq!(refused["pointer"], "/secret", "{refused}");
}

#[test]
fn what_is_not_taken_is_tried_again_in_order_also_by_the_next_run() {
    let (place, server) = serve();
    let (receiver, status) = receiver(500);
    create(&server, &receiver.url, &["rotated"]);
    rotate(&server, "openai", KEY);
    rotate(&server, "openai", "key-three-Zq83nVx1");
    let first = receiver.next();
    let again = receiver.next();
    assert_eq!(
        first.headers["webhook-id"], again.headers["webhook-id"],
        "nothing overtakes it"
    );
    until(|| pager(&server)["failing"].is_object());
    let failing = pager(&server)["failing"].clone();
    assert_eq!(failing["why"], "the receiver answered with 500", "{failing}");
    assert_eq!(failing["position"], first.json()["data"]["position"]);
    let metrics = crate::harness::Answer::of(server.raw("GET", "/metrics")).text();
    assert!(metrics.contains("strongroom_webhooks_failing 1"), "{metrics}");
    assert_eq!(events(&server, "webhook.failed").len(), 1, "a state is said once");
    // Writes go on meanwhile; a run that was killed forgets nothing.
    server.kill9();
    let server = place.serve();
    receiver.rest();
    status.store(200, Ordering::SeqCst);
    let mut told = vec![receiver.next()];
    while told.last().unwrap().json()["data"]["data"]["version"] != 3 {
        told.push(receiver.next());
    }
    let versions: Vec<Value> = told
        .iter()
        .map(|it| it.json()["data"]["data"]["version"].clone())
        .collect();
    assert!(versions.is_sorted_by_key(|it| it.as_u64()), "{versions:?}");
    assert!(versions.contains(&json!(2)), "{versions:?}");
    until(|| pager(&server)["failing"].is_null() && pager(&server)["delivered"] == 2);
    assert_eq!(events(&server, "webhook.failed").len(), 1);
    // A stop in order has nothing sent twice.
    server.stop();
    let server = place.serve();
    rotate(&server, "openai", "key-four-Zq83nVx1");
    let next = receiver.next();
    assert_eq!(next.json()["data"]["data"]["version"], 4);
}

#[test]
fn a_receiver_that_is_gone_is_left_alone_until_somebody_resumes() {
    let (place, server) = serve();
    let (receiver, status) = receiver(410);
    let url = format!("{}/s", receiver.url);
    let made = place.json(&["webhook", "create", "Pager", "--url", &url, "--on", "rotated"]);
    assert_eq!(made["webhook"]["status"], "active");
    rotate(&server, "openai", KEY);
    let first = receiver.next();
    until(|| pager(&server)["status"] == "paused");
    assert_eq!(pager(&server)["gone"], true);
    rotate(&server, "openai", "key-three-Zq83nVx1");
    status.store(200, Ordering::SeqCst);
    assert!(receiver.rest().is_empty());
    place.json(&["webhook", "resume", "pager", "--reason", "it is back"]);
    // Nothing was skipped.
    assert_eq!(receiver.next().headers["webhook-id"], first.headers["webhook-id"]);
    assert_eq!(receiver.next().json()["data"]["data"]["version"], 3);
    place.json(&["webhook", "pause", "pager"]);
    rotate(&server, "openai", "key-four-Zq83nVx1");
    place.json(&["webhook", "update", "pager", "--on", "credential.disabled"]);
    place.json(&["webhook", "resume", "pager"]);
    server.post("/credentials/openai/disable", json!({})).ok();
    assert_eq!(receiver.next().json()["type"], "credential.disabled");
    let listed = place.run(&["webhook", "list"]).exits(0);
    assert!(
        listed.out.contains("pager") && listed.out.contains("active"),
        "{}",
        listed.out
    );
    place.json(&["webhook", "remove", "pager"]);
    assert_eq!(server.get("/webhooks").ok()["items"], json!([]));
    server
        .post("/webhooks/pager/resume", json!({}))
        .refused(409, "not_active");
}

#[test]
fn when_who_answers_for_it_leaves_nothing_is_told_and_nothing_skipped() {
    let (_place, server) = serve();
    let (receiver, _) = receiver(200);
    let token = server
        .post("/tokens", json!({"principal": "Ada", "role": "admin"}))
        .is(201);
    let ada = server.with_token(token["token"].as_str().unwrap());
    let body = json!({"name": "Pager", "url": receiver.url, "on": ["rotated"]});
    let made = ada.post("/webhooks", body).is(201);
    assert_eq!(made["webhook"]["principal"], "ada");
    rotate(&server, "openai", KEY);
    let first = receiver.next();
    server
        .post("/principals/ada/disable", json!({"reason": "she leaves"}))
        .ok();
    rotate(&server, "openai", "key-three-Zq83nVx1");
    until(|| pager(&server)["failing"].is_object());
    let why = pager(&server)["failing"]["why"].clone();
    assert!(why.as_str().unwrap().contains("may not administer"), "{why}");
    assert!(receiver.rest().is_empty());
    let resumed = server.post("/webhooks/pager/resume", json!({})).ok();
    assert_eq!(resumed["webhook"]["principal"], "dev");
    let next = receiver.next();
    assert_ne!(next.headers["webhook-id"], first.headers["webhook-id"], "it was taken");
    assert_eq!(next.json()["data"]["data"]["version"], 3);
}

#[test]
fn paused_is_paused_also_among_many_that_wait() {
    let (_place, server) = serve();
    // Each answer waits for the test.
    let (permit, permits) = std::sync::mpsc::channel::<()>();
    let permits = std::sync::Mutex::new(permits);
    let receiver = Receiver::answering(move |_| permits.lock().unwrap().recv().map_or(500, |()| 200));
    create(&server, &receiver.url, &["rotated"]);
    for number in 0..5 {
        rotate(&server, "openai", &format!("key-{number}-Zq83nVx1"));
    }
    permit.send(()).unwrap();
    receiver.next();
    server.post("/webhooks/pager/pause", json!({})).ok();
    (0..10).for_each(|_| permit.send(()).unwrap());
    let sends = || {
        let metrics = crate::harness::Answer::of(server.raw("GET", "/metrics")).text();
        !metrics.contains("strongroom_webhooks 0")
    };
    until(|| !sends());
    let on_its_way = receiver.rest().len();
    assert!(on_its_way <= 1, "{on_its_way} were sent after the pause");
    server.post("/webhooks/pager/resume", json!({})).ok();
    until(|| pager(&server)["delivered"] == 5);
    assert_eq!(
        receiver.rest().len() + on_its_way,
        4,
        "nothing is skipped, nothing sent twice"
    );
}

#[test]
fn it_tells_what_is_due_once_and_what_its_filter_lets_through() {
    let (place, server) = serve();
    let (receiver, _) = receiver(200);
    let url = &receiver.url;
    let on = "rotation_due,rotated";
    place.json(&[
        "webhook", "create", "Pager", "--url", url, "--on", on, "--client", "client-a",
    ]);
    for handle in ["shopify-client-a", "shopify-client-b"] {
        let body = json!({"rotation": {"every_days": 30}});
        server.post(&format!("/credentials/{handle}/update"), body).ok();
    }
    server.advance(31 * 24 * 3_600);
    let told = receiver.next().json();
    assert_eq!(told["type"], "credential.rotation_due", "{told}");
    assert_eq!(told["data"]["subjects"][0]["handle"], "shopify-client-a");
    until(|| events(&server, "credential.rotation_due").len() == 2);
    server.advance(60);
    let body = json!({"fields": {"token": "tkn-Zq83nVx1"}});
    server.post("/credentials/shopify-client-a/rotate", body).ok();
    assert_eq!(receiver.next().json()["type"], "credential.rotated", "it is said once");
    let refused = place.run(&[
        "webhook", "create", "X", "--url", url, "--on", "rotated", "--filter", "clinet:a",
    ]);
    assert_eq!(refused.code, 2, "{}", refused.err);
    assert!(
        refused.err.contains("clinet") && refused.err.contains("/filter"),
        "{}",
        refused.err
    );
}

#[test]
fn a_test_says_what_came_of_it_and_where_it_may_not_send() {
    let (place, server) = serve();
    let (receiver, status) = receiver(200);
    create(&server, &receiver.url, &["rotated"]);
    let size = server.size();
    let tried = place.json(&["webhook", "test", "pager"]);
    assert_eq!(tried["ok"], true, "{tried}");
    let told = receiver.next();
    assert_eq!(told.json()["type"], "webhook.test");
    let tested = server.get(&format!("/audit/events/{}", tried["position"])).ok();
    assert_eq!(
        (&tested["type"], &tested["actor"]),
        (&json!("webhook.tested"), &json!("dev"))
    );
    assert_eq!(server.size(), size + 1, "the test, and nothing else");
    assert!(is_signed_by(&told, &secret(&server, "signing-secret-of-pager", 1)));
    status.store(302, Ordering::SeqCst);
    let tried = place.run(&["webhook", "test", "pager"]).exits(1);
    assert!(tried.err.contains("answered with 302"), "{}", tried.err);
    for url in [
        "https://10.0.0.1/s",
        "http://hooks.example.com/s",
        "ftp://hooks.example.com",
        "hooks",
    ] {
        let body = json!({"name": "Other", "url": url, "on": ["rotated"]});
        let refused = server.post("/webhooks", body).refused(422, "invalid");
        assert_eq!(refused["pointer"], "/url", "{refused}");
    }
}

#[test]
fn what_signs_is_in_use() {
    let (_place, server) = serve();
    let (receiver, _) = receiver(200);
    create(&server, &receiver.url, &["rotated"]);
    let route = "/credentials/signing-secret-of-pager/what-if?act=revoke";
    let following = server.get(route).ok();
    assert_eq!(
        (&following["unsigned"], &following["hidden"]),
        (&json!(["pager"]), &json!(0))
    );
    let shared = "/credentials/signing-secret-of-pager/what-if?act=unshare&all=true";
    assert_eq!(server.get(shared).ok()["unsigned"], Value::Null);
    server
        .post("/webhooks/pager/remove", json!({"reason": "the pager is gone"}))
        .ok();
    assert_eq!(server.get(route).ok()["unsigned"], Value::Null);
}
