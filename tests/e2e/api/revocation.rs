//! Sixty-four runners are served while somebody takes something back: nothing is served after the answer.

use crate::harness::{Agency, Caller, Place, Server};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

const WORKSPACES: usize = 8;
const RUNNERS: usize = 64;

fn shop(index: usize) -> String {
    format!("shop-{}", index % WORKSPACES)
}

/// Eight workspaces in which `orders` runs, all with `openai` behind AI and a key of their own behind SHOP.
fn serve() -> (Place, Server) {
    let place = Place::new();
    let server = place.serve();
    Agency::build(&server);
    let shared = json!({"name": "Shared Shop", "service": "shopify", "kind": "access_token", "fields": {"token": "tkn-s-kX82hqLw93mDv1"}});
    server.post("/credentials", shared).is(201);
    for index in 0..WORKSPACES {
        let name = shop(index);
        server.post("/workspaces", json!({"name": name})).is(201);
        server
            .post(&format!("/workspaces/{name}/templates/orders/admit"), json!({}))
            .ok();
        Agency::map(&server, &name, "shared-shop");
    }
    (place, server)
}

fn runner(server: &Server, index: usize) -> (Caller, Value) {
    let body = json!({"principal": format!("Runner {index}"), "role": "service", "workspaces": [shop(index)]});
    let issued = server.post("/tokens", body).is(201);
    (server.with_token(issued["token"].as_str().unwrap()), issued)
}

/// All runners ask on and on; meanwhile `take_back` is done. A request that began behind its answer is not served, and the
/// log has no serving behind the event that was appended.
#[track_caller]
fn nothing_is_served_afterwards(server: &Server, runners: &[Caller], take_back: impl FnOnce() -> u64, touched: &str) {
    let (done, stop) = (AtomicBool::new(false), AtomicBool::new(false));
    let (served, refused, late) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let position = thread::scope(|scope| {
        for (index, runner) in runners.iter().enumerate() {
            let (done, stop, served, refused, late) = (&done, &stop, &served, &refused, &late);
            scope.spawn(move || {
                let mut after = 0;
                // Each asks a few times more once it is done, so that there is something to be refused.
                while !stop.load(Ordering::Acquire) || after < 3 {
                    let began_behind = done.load(Ordering::Acquire);
                    let instance = format!("wf-{index}-{after}-{}", served.load(Ordering::Relaxed));
                    let body = json!({"workspace": shop(index), "template": "orders", "instance": instance});
                    let answer = runner.post("/resolve", body);
                    match answer.status {
                        200 => served.fetch_add(1, Ordering::Relaxed),
                        _ => refused.fetch_add(1, Ordering::Relaxed),
                    };
                    after += u64::from(began_behind);
                    if began_behind && answer.status == 200 {
                        late.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        while served.load(Ordering::Relaxed) < 500 {
            thread::yield_now();
        }
        let position = take_back();
        done.store(true, Ordering::Release);
        stop.store(true, Ordering::Release);
        position
    });
    assert_eq!(late.load(Ordering::Relaxed), 0, "served behind the answer");
    assert!(refused.load(Ordering::Relaxed) >= 3, "somebody was refused");
    let behind = server.all(&format!("/audit/events?type=access.accessed&since={position}{touched}"));
    assert!(behind.is_empty(), "recorded as served behind it: {}", behind[0]);
}

#[test]
fn nothing_is_served_behind_the_answer_of_a_revocation() {
    let (_place, server) = serve();
    let (runners, _): (Vec<Caller>, Vec<Value>) = (0..RUNNERS).map(|index| runner(&server, index)).unzip();
    let at = |answer: Value| answer["position"].as_u64().unwrap();
    // A mapping is taken away in one workspace: its eight runners get nothing, the others go on.
    let eighth: Vec<Caller> = runners.iter().step_by(WORKSPACES).cloned().collect();
    let route = "/workspaces/shop-0/templates/orders/mappings/SHOP";
    let unmap = || at(server.delete(route).ok());
    nothing_is_served_afterwards(&server, &eighth, unmap, "&workspace=shop-0");
    server.put(route, json!({"credential": "shared-shop"})).ok();
    // The credential that all of them are served.
    let revoke = || at(server.post("/credentials/openai/revoke", json!({})).ok());
    nothing_is_served_afterwards(&server, &runners, revoke, "&credential=openai");
}

#[test]
fn nothing_is_served_to_a_token_or_grant_that_was_taken_back() {
    let (_place, server) = serve();
    let at = |answer: Value| answer["position"].as_u64().unwrap();
    // One principal with many connections, by one token; then by another token and no grant.
    let (one, issued) = runner(&server, 0);
    let runners = vec![one; RUNNERS];
    let revoke = || {
        at(server
            .delete(&format!("/tokens/{}", issued["id"].as_str().unwrap()))
            .ok())
    };
    let all_of_shop_0: Vec<Caller> = runners.iter().step_by(WORKSPACES).cloned().collect();
    nothing_is_served_afterwards(&server, &all_of_shop_0, revoke, "&actor=runner-0");
    let token = server.post("/tokens", json!({"principal": "runner-0"})).is(201);
    let again = vec![server.with_token(token["token"].as_str().unwrap()); WORKSPACES];
    let grants = server.get("/principals/runner-0/grants").ok();
    let grant = grants["items"][0]["id"].as_str().unwrap().to_owned();
    let withdraw = || at(server.delete(&format!("/principals/runner-0/grants/{grant}")).ok());
    let again: Vec<Caller> = again.iter().step_by(1).cloned().collect();
    nothing_is_served_afterwards(&server, &again[..1], withdraw, "&actor=runner-0");
}
