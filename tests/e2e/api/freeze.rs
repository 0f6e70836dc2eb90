//! Something is stopped in an incident: at once, for who was served already, with a reason, until it is lifted.

use crate::harness::{Agency, Place, Server};
use serde_json::{Value, json};
use std::thread::spawn;

fn serve() -> (Place, Server, String) {
    let place = Place::new();
    let server = place.serve();
    Agency::build(&server);
    for letter in ["a", "b"] {
        Agency::map(&server, &format!("shop-{letter}"), &format!("shopify-client-{letter}"));
    }
    let body = json!({"principal": "Runner", "role": "service", "workspaces": ["shop-a", "shop-b"]});
    let token = server.post("/tokens", body).is(201)["token"]
        .as_str()
        .unwrap()
        .to_owned();
    (place, server, token)
}

fn asked(shop: &str) -> Value {
    json!({"workspace": shop, "template": "orders"})
}

#[test]
fn who_was_served_is_served_no_more_until_it_is_lifted() {
    let (place, server, token) = serve();
    let runner = server.with_token(&token);
    let served = runner.post("/resolve", asked("shop-a")).ok();
    // Within its window it would be served without a record.
    runner.post("/resolve", asked("shop-a")).ok();
    let mut known = asked("shop-a");
    known["known"] = served["etag"].clone();
    let (waiter, mut wait) = (server.with_token(&token), known.clone());
    wait["wait"] = json!("25s");
    let waiting = spawn(move || waiter.post("/resolve", wait));
    let why = ["--reason", "acme's laptop was stolen"];
    let freeze = [
        &["freeze", "--scope", "client", "client-a", "--stop", "serving"][..],
        &why,
    ]
    .concat();
    let frozen = place.json(&freeze);
    let id = frozen["freeze"]["id"].as_str().unwrap().to_owned();
    assert_eq!(
        (&frozen["freeze"]["clients"], &frozen["freeze"]["stops"]),
        (&json!(["client-a"]), &json!(["serving"]))
    );
    // Who waits hears of it, and nothing is `unchanged` any more.
    waiting.join().unwrap().refused(423, "frozen");
    let refused = runner.post("/resolve", known).refused(423, "frozen");
    assert!(
        refused["detail"].as_str().unwrap().contains("laptop was stolen"),
        "{refused}"
    );
    assert_eq!((&refused["freeze"], &refused["stop"]), (&json!(id), &json!("serving")));
    runner.post("/resolve", asked("shop-a")).refused(423, "frozen");
    let reveal = json!({"reason": "a test"});
    server
        .post("/credentials/shopify-client-a/reveal", reveal)
        .refused(423, "frozen");
    let ran = place.run(&["run", "--workspace", "shop-a", "--template", "orders", "--", "true"]);
    assert_eq!(ran.code, 125, "{}", ran.err);
    assert!(ran.err.contains("frozen"), "{}", ran.err);
    // Others go on, and so do changes.
    runner.post("/resolve", asked("shop-b")).ok();
    let fields = json!({"fields": {"token": "rotated-Wq72nvYx08"}});
    server.post("/credentials/shopify-client-a/rotate", fields).ok();
    let listed = place.run(&["freezes"]).exits(0);
    assert!(
        listed.out.contains("client client-a") && listed.out.contains("laptop"),
        "{}",
        listed.out
    );
    place.run(&["unfreeze", &id]).exits(2);
    place.run(&["unfreeze", &id, "--reason", "rotated"]).exits(0);
    let served = runner.post("/resolve", asked("shop-a")).ok();
    assert_eq!(served["variables"]["SHOP"]["fields"]["token"], "rotated-Wq72nvYx08");
    assert!(place.run(&["freezes"]).exits(0).out.contains("nothing is frozen"));
    assert!(place.run(&["freezes", "--all"]).exits(0).out.contains(&id));
    recorded(&server);
}

fn recorded(server: &Server) {
    let of = |kind| server.all(&format!("/audit/events?type={kind}"));
    let types = [of("incident.frozen"), of("incident.unfrozen")].concat();
    let told: Vec<_> = types.iter().map(|it| (&it["type"], &it["reason"])).collect();
    assert_eq!(
        told,
        [
            (&json!("incident.frozen"), &json!("acme's laptop was stolen")),
            (&json!("incident.unfrozen"), &json!("rotated"))
        ]
    );
    let denied = server.all("/audit/events?type=access.denied");
    assert!(denied.iter().any(|it| it["data"]["why"] == "frozen"), "{denied:?}");
    // What stood still then is told by a question about then.
    let at = types[0]["position"].as_u64().unwrap();
    let dry = |at: u64| json!({"workspace": "shop-a", "template": "orders", "dry_run": true, "as_of": at.to_string()});
    server.post("/resolve", dry(at)).refused(423, "frozen");
    server.post("/resolve", dry(at - 1)).ok();
}

#[test]
fn changes_stop_and_taking_away_goes_on() {
    let (_place, server, token) = serve();
    let freeze = json!({"all": true, "stops": ["writes"], "reason": "looking at what happened"});
    let id = server.post("/freezes", freeze.clone()).is(201)["freeze"]["id"].clone();
    assert_eq!(server.get("/admin/status").ok()["frozen"], 1);
    // A second time it is so already.
    let size = server.size();
    assert_eq!(server.post("/freezes", freeze).is(201)["freeze"]["id"], id);
    assert_eq!(server.size(), size);
    let rotate = json!({"fields": {"token": "rotated-Wq72nvYx08"}});
    server
        .post("/credentials/shopify-client-a/rotate", rotate)
        .refused(423, "frozen");
    server.post("/clients", json!({"name": "New"})).refused(423, "frozen");
    server
        .post(
            "/undo",
            json!({"correlation": "co_00000000000000000000000000000000", "reason": "x"}),
        )
        .refused(404, "not_found");
    server.with_token(&token).post("/resolve", asked("shop-a")).ok();
    server.post("/credentials/openai/disable", json!({})).ok();
    server
        .post("/credentials/openai/enable", json!({}))
        .refused(423, "frozen");
    server
        .post("/credentials/shopify-client-b/revoke", json!({"reason": "leaked"}))
        .ok();
    for body in [
        json!({"reason": "x"}),
        json!({"all": true, "clients": ["client-a"], "reason": "x"}),
    ] {
        let problem = server.post("/freezes", body).refused(422, "invalid");
        assert_eq!(problem["pointer"], "/all");
    }
    let unknown = json!({"all": true, "stops": ["reads"], "reason": "x"});
    assert_eq!(
        server.post("/freezes", unknown).refused(422, "invalid")["pointer"],
        "/stops/0"
    );
    server
        .with_token(&token)
        .post("/freezes", json!({"all": true, "reason": "x"}))
        .refused(403, "denied");
}
