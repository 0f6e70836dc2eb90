//! State as it was: by position and by time, by the rights of now, and never a value.

use crate::harness::{Agency, Place, Server};
use serde_json::{Value, json};

const HOUR: u64 = 3_600;

/// An agency whose shop A got other credentials in the course of a day.
fn serve() -> (Place, Server) {
    let place = Place::new();
    let server = place.serve();
    Agency::build(&server);
    (place, server)
}

fn moment(server: &Server) -> String {
    let newest = server.get("/audit/events?limit=1").ok();
    newest["items"][0]["recorded_at"].as_str().unwrap().to_owned()
}

fn handles(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().unwrap();
    items.iter().map(|it| it["handle"].as_str().unwrap()).collect()
}

#[test]
fn each_read_of_state_has_a_past() {
    let (_place, server) = serve();
    Agency::map(&server, "shop-a", "shopify-client-a");
    let (before, position) = (moment(&server), server.size() - 1);
    server.advance(HOUR);
    let rotated = json!({"fields": {"token": "tkn-two-kX82hqLw93mDv1"}, "reason": "quarterly"});
    server.post("/credentials/shopify-client-a/rotate", rotated).ok();
    server
        .post(
            "/credentials/shopify-client-a/update",
            json!({"description": "new", "name": "Shop key"}),
        )
        .ok();
    let second = json!({"name": "Second", "service": "shopify", "kind": "access_token", "client": "client-a",
        "fields": {"token": "tkn-three-kX82hqLw93mDv1"}});
    server.post("/credentials", second).is(201);
    let route = "/workspaces/shop-a/templates/orders/mappings/SHOP";
    server.put(route, json!({"credential": "second"})).ok();
    server.post("/workspaces/shop-b/archive", json!({})).ok();
    for then in [before.clone(), position.to_string()] {
        let it = server.get(&format!("/credentials/shopify-client-a?as_of={then}")).ok();
        assert_eq!(
            (&it["version"], &it["name"]),
            (&json!(1), &json!("Shopify – Client A")),
            "{it}"
        );
        let list = server.get(&format!("/credentials?as_of={then}&limit=2")).ok();
        assert_eq!(handles(&list), ["openai", "shopify-client-a"]);
        let cursor = list["next"].as_str().unwrap();
        let rest = server.get(&format!("/credentials?as_of={then}&cursor={cursor}")).ok();
        assert_eq!(handles(&rest), ["shopify-client-b"], "what came later is not there");
        let mappings = server.get(&format!("/workspaces/shop-a/mappings?as_of={then}")).ok();
        let behind: Vec<&Value> = mappings["items"][0]["mappings"].as_array().unwrap().iter().collect();
        assert!(
            behind.iter().any(|it| it["credential"] == "shopify-client-a"),
            "{mappings}"
        );
        assert!(behind.iter().all(|it| it["credential"] != "second"), "{mappings}");
        let workspaces = server.get(&format!("/workspaces?as_of={then}")).ok();
        assert_eq!(handles(&workspaces), ["shop-a", "shop-b"]);
        // What would have been served, and no value.
        let asked = json!({"workspace": "shop-a", "template": "orders", "dry_run": true, "as_of": then});
        let size = server.size();
        let served = server.post("/resolve", asked).ok();
        let variable = &served["variables"]["SHOP"];
        assert_eq!(
            (&variable["credential"], &variable["version"]),
            (&json!("shopify-client-a"), &json!(1)),
            "{served}"
        );
        assert!(!served.to_string().contains("tkn-"), "{served}");
        assert_eq!(server.size(), size, "questions about the past leave no record");
    }
    let now = server.get("/credentials/shopify-client-a").ok();
    assert_eq!((&now["version"], &now["name"]), (&json!(2), &json!("Shop key")));
}

#[test]
fn what_a_past_is_not_for_is_refused() {
    let (_place, server) = serve();
    let asked = json!({"workspace": "shop-a", "template": "orders", "as_of": "1"});
    assert_eq!(
        server.post("/resolve", asked).refused(422, "invalid")["pointer"],
        "/as_of"
    );
    for (route, pointer) in [
        ("/credentials?as_of=yesterday", "/as_of"),
        ("/credentials?as_of=99999", "/as_of"),
        ("/credentials?as_of=2001-01-01", "/as_of"),
        ("/audit/events?as_of=1", "/as_of"),
    ] {
        let problem = server.get(route).problem();
        assert_eq!(
            (&problem["status"], &problem["pointer"]),
            (&json!(422), &json!(pointer)),
            "{route}: {problem}"
        );
    }
    server.get("/credentials/openai?as_of=2").refused(404, "not_found");
}

#[test]
fn the_past_gives_no_rights_and_takes_none() {
    let (_place, server) = serve();
    let before = server.size() - 1;
    // Key A is moved to client B; its viewer is made after all that.
    server
        .post("/credentials/shopify-client-a/update", json!({"client": "client-b"}))
        .ok();
    let token = |name: &str, client: &str| {
        let grants = json!([{"role": "viewer", "clients": [client]}]);
        server
            .post("/principals", json!({"name": name, "kind": "person", "grants": grants}))
            .is(201);
        let issued = server.post("/tokens", json!({"principal": name, "label": "t"})).is(201);
        issued["token"].as_str().unwrap().to_owned()
    };
    let (a, b) = (token("ann", "client-a"), token("bob", "client-b"));
    let (ann, bob) = (server.with_token(&a), server.with_token(&b));
    let seen = ann.get(&format!("/credentials?as_of={before}")).ok();
    assert!(
        !handles(&seen).contains(&"shopify-client-a"),
        "it is not his now: {seen}"
    );
    ann.get(&format!("/credentials/shopify-client-a?as_of={before}"))
        .refused(404, "not_found");
    let workspaces = ann.get(&format!("/workspaces?as_of={before}")).ok();
    assert_eq!(
        handles(&workspaces),
        ["shop-a"],
        "he sees what was before he was granted it, and no more"
    );
    // Who sees it now does not see the time in which it was another's.
    let seen = bob.get(&format!("/credentials?as_of={before}")).ok();
    assert!(!handles(&seen).contains(&"shopify-client-a"), "{seen}");
    // Grants are shown as they were to who may see grants.
    let principals = server.get(&format!("/principals?as_of={before}")).ok();
    assert!(!principals.to_string().contains("ann"), "{principals}");
    ann.get(&format!("/principals?as_of={before}")).refused(403, "denied");
}
