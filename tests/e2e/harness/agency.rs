//! A small world: two clients, their shops, a template that all of them run.

use super::Server;
use serde_json::{Value, json};

/// Handles of what was made.
pub(crate) struct Agency;

impl Agency {
    pub(crate) const SHOPS: [&str; 2] = ["shop-a", "shop-b"];

    /// Makes it: clients `client-a` and `client-b` with workspaces `shop-a` and `shop-b` and a Shopify credential each,
    /// `openai` for all, and the template `orders` with the variables `SHOP` and `AI`, admitted in both.
    #[track_caller]
    pub(crate) fn build(server: &Server) {
        for letter in ["a", "b"] {
            let upper = letter.to_uppercase();
            server
                .post("/clients", json!({"name": format!("Client {upper}")}))
                .is(201);
            let shop =
                json!({"name": format!("Shop {upper}"), "client": format!("client-{letter}"), "environment": "prod"});
            server.post("/workspaces", shop).is(201);
            let credential = json!({
                "name": format!("Shopify – Client {upper}"), "service": "shopify", "kind": "access_token",
                "client": format!("client-{letter}"), "fields": {"token": format!("tkn-{letter}-kX82hqLw93mDv1")},
            });
            server.post("/credentials", credential).is(201);
        }
        let openai = json!({"name": "OpenAI", "service": "openai", "kind": "api_key", "fields": {"api_key": "key-of-all-Zq83nVx1"}});
        server.post("/credentials", openai).is(201);
        server.post("/templates", Self::template()).is(201);
        for shop in Self::SHOPS {
            server
                .post(&format!("/workspaces/{shop}/templates/orders/admit"), json!({}))
                .ok();
        }
    }

    /// The body that makes the template.
    pub(crate) fn template() -> Value {
        json!({"name": "Orders", "variables": [
            {"name": "SHOP", "service": "shopify", "kinds": ["access_token"]},
            {"name": "AI", "service": "openai", "kinds": ["api_key"]},
        ]})
    }

    /// Maps both variables in a shop.
    #[track_caller]
    pub(crate) fn map(server: &Server, shop: &str, credential: &str) {
        for (variable, credential) in [("SHOP", credential), ("AI", "openai")] {
            let route = format!("/workspaces/{shop}/templates/orders/mappings/{variable}");
            server.put(&route, json!({"credential": credential})).ok();
        }
    }
}

/// An n8n workflow whose nodes use these credentials, given as `(type, id, name)`.
pub(crate) fn workflow(name: &str, credentials: &[(&str, &str, &str)]) -> Value {
    let nodes: Vec<Value> = credentials
        .iter()
        .enumerate()
        .map(|(index, (kind, id, of))| {
            json!({
                "id": format!("node-{index}"), "name": format!("Node {index}"), "type": "n8n-nodes-base.httpRequest",
                "typeVersion": 4, "position": [200 * index, 300], "parameters": {"url": "https://api.example.com/v1"},
                "credentials": {*kind: {"id": id, "name": of}},
            })
        })
        .collect();
    json!({"name": name, "nodes": nodes, "connections": {}, "settings": {}, "active": false})
}
