//! Where a credential stands, who used it, what would break without it, what would fit.

use crate::harness::{Agency, Place, Server};
use serde_json::{Value, json};

fn serve() -> (Place, Server) {
    let place = Place::new();
    let server = place.serve();
    Agency::build(&server);
    for (shop, letter) in [("shop-a", "a"), ("shop-b", "b")] {
        Agency::map(&server, shop, &format!("shopify-client-{letter}"));
    }
    (place, server)
}

fn token(server: &Server, body: Value) -> String {
    server.post("/tokens", body).is(201)["token"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn usage_says_where_it_stands_and_who_came_by_it() {
    let (place, server) = serve();
    let body = json!({"principal": "Runner", "role": "service", "workspaces": ["shop-a", "shop-b"]});
    let runner = server.with_token(&token(&server, body));
    for shop in ["shop-a", "shop-b", "shop-a", "shop-a"] {
        runner
            .post("/resolve", json!({"workspace": shop, "template": "orders"}))
            .ok();
    }
    server
        .post("/credentials/openai/reveal", json!({"reason": "look"}))
        .ok();
    server
        .post(
            "/credentials/openai/rotate",
            json!({"fields": {"api_key": "key-two-Zq83nVx1"}}),
        )
        .ok();
    runner
        .post("/resolve", json!({"workspace": "shop-a", "template": "orders"}))
        .ok();
    server
        .put(
            "/defaults",
            json!({"service": "openai", "kind": "api_key", "credential": "openai"}),
        )
        .ok();
    server.advance(301); // the windows end, and are counted
    let usage = loop {
        let usage = server.get("/credentials/openai/usage").ok();
        let uses = usage["uses"].as_array().unwrap();
        let of_a = uses
            .iter()
            .find(|it| it["workspace"] == "shop-a" && it["version"] == 1)
            .unwrap();
        if of_a["times"] == 3 {
            break usage;
        }
        std::thread::yield_now();
    };
    let mapped: Vec<&str> = usage["mapped"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["workspace"].as_str().unwrap())
        .collect();
    assert_eq!(mapped.len(), 2);
    assert!(mapped.contains(&"shop-a") && mapped.contains(&"shop-b"), "{usage}");
    assert_eq!(
        usage["defaults"][0],
        json!({"workspace": null, "service": "openai", "kind": "api_key"})
    );
    assert_eq!((&usage["hidden"], &usage["complete"]), (&json!(0), &json!(true)));
    let uses = usage["uses"].as_array().unwrap();
    assert_eq!(uses.len(), 4, "two workspaces, a second version, a look: {usage}");
    assert_eq!(uses[0]["version"], 2, "the latest first");
    let revealed = uses.iter().find(|it| it["how"] == "revealed").unwrap();
    assert_eq!((&revealed["principal"], &revealed["times"]), (&json!("dev"), &json!(1)));
    assert!(!usage.to_string().contains("Zq83nVx1"), "no value");
    // A client's people see who used their own key, and nothing of others' places.
    let body = json!({"principal": "Vera", "role": "viewer", "clients": ["client-a"]});
    let vera = server.with_token(&token(&server, body));
    let own = vera.get("/credentials/shopify-client-a/usage").ok();
    assert_eq!(own["uses"][0]["principal"], "runner");
    vera.get("/credentials/openai/usage").refused(404, "not_found");
    vera.get("/credentials/shopify-client-b/usage")
        .refused(404, "not_found");
    let told = place.json(&["credential", "usage", "openai"]);
    assert_eq!(told["uses"].as_array().unwrap().len(), 4);
}

#[test]
fn what_would_break_is_said_before_it_is_done() {
    let (place, server) = serve();
    let following = server.get("/credentials/openai/what-if?act=revoke").ok();
    assert_eq!(following["touched"].as_array().unwrap().len(), 2);
    assert_eq!(following["touched"][0]["then"], "missing");
    server
        .get("/credentials/openai/what-if?act=vanish")
        .refused(422, "invalid");
    let size = server.size();
    let shown = place.json(&["credential", "revoke", "openai", "--dry-run"]);
    assert_eq!(shown["touched"].as_array().unwrap().len(), 2);
    for act in ["disable", "revoke"] {
        let refused = place.run(&["credential", act, "openai"]).exits(2);
        assert!(
            refused.out.contains("shop-a") && refused.err.contains("--yes"),
            "{} {}",
            refused.out,
            refused.err
        );
    }
    assert_eq!(server.size(), size, "nothing was changed");
    // Only a part of its sharing: only what that part breaks.
    server
        .post("/credentials/shopify-client-b/share", json!({"workspaces": ["shop-a"]}))
        .ok();
    server
        .put(
            "/workspaces/shop-a/templates/orders/mappings/SHOP",
            json!({"credential": "shopify-client-b"}),
        )
        .ok();
    let unshare = ["credential", "unshare", "shopify-client-b", "--workspace", "shop-a"];
    let shown = place.json(&[&unshare[..], &["--dry-run"]].concat());
    assert_eq!(shown["touched"].as_array().unwrap().len(), 1);
    assert_eq!(shown["touched"][0]["workspace"], "shop-a");
    place.run(&unshare).exits(2);
    place.run(&[&unshare[..], &["--yes"]].concat()).exits(0);
    // What is not in use is withdrawn without a question.
    place.run(&["credential", "disable", "shopify-client-a"]).exits(0);
    place.run(&["credential", "disable", "openai", "--yes"]).exits(0);
    assert_eq!(server.get("/credentials/openai").ok()["status"], "disabled");
}

#[test]
fn a_list_is_narrowed_to_what_fits_a_variable() {
    let (place, server) = serve();
    let handles = |route: &str| -> Vec<String> {
        let page = server.get(route).ok();
        let items = page["items"].as_array().unwrap().iter();
        items.map(|it| it["handle"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(
        handles("/credentials?fits=orders/SHOP"),
        ["shopify-client-a", "shopify-client-b"]
    );
    assert_eq!(
        handles("/credentials?fits=orders/SHOP&workspace=shop-b"),
        ["shopify-client-b"]
    );
    assert_eq!(handles("/credentials?fits=orders/AI&workspace=shop-b"), ["openai"]);
    let wrong = server.get("/credentials?fits=orders/SHIP").refused(422, "invalid");
    assert!(wrong["hint"].as_str().unwrap().contains("SHOP"), "{wrong}");
    server.get("/credentials?fits=orders").refused(422, "invalid");
    server.get("/credentials?fits=nothing/SHOP").refused(404, "not_found");
    let told = place.json(&["credential", "list", "--fits", "orders/SHOP", "--workspace", "shop-a"]);
    assert_eq!(told["items"].as_array().unwrap().len(), 1);
    let body = json!({"principal": "Vera", "role": "viewer", "clients": ["client-a"]});
    let vera = server.with_token(&token(&server, body));
    let seen = vera.get("/credentials?fits=orders/SHOP").ok();
    assert_eq!(seen["items"].as_array().unwrap().len(), 1, "{seen}");
}
