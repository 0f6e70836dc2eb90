//! Templates and admission: what runs in a workspace is what somebody there said yes to.

use crate::harness::{Agency, Place, Server, workflow};
use serde_json::{Value, json};

fn serve() -> (Place, Server) {
    let place = Place::new();
    let server = place.serve();
    Agency::build(&server);
    (place, server)
}

fn names(value: &Value) -> Vec<&str> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .map(|item| item.as_str().or(item["name"].as_str()).unwrap())
        .collect()
}

#[test]
fn a_workflow_becomes_a_template_without_its_authors_names() {
    let (_place, server) = serve();
    let document = workflow(
        "Order flow",
        &[
            ("shopifyAccessTokenApi", "id-1", "Shopify – Client A"),
            ("openAiApi", "id-2", "OpenAI of the author"),
            ("openAiApi", "id-3", "Another OpenAI"),
            ("shopifyAccessTokenApi", "id-1", "Shopify – Client A"),
        ],
    );
    let made = server
        .post("/templates", json!({"document": document, "format": "n8n"}))
        .is(201);
    assert_eq!((&made["handle"], &made["revision"]), (&json!("order-flow"), &json!(1)));
    assert_eq!(
        names(&made["variables"]),
        ["SHOPIFY_ACCESS_TOKEN_API", "OPEN_AI_API", "OPEN_AI_API_2"]
    );
    let stored = server.get("/templates/order-flow/document");
    assert_eq!(stored.status, 200);
    let text = stored.text();
    for private in ["Client A", "of the author", "Another OpenAI", "id-1", "id-2"] {
        assert!(
            !text.contains(private),
            "{private} stands in the shared document: {text}"
        );
    }
    assert!(text.contains("OPEN_AI_API_2"), "it keeps references: {text}");
    let digest = blake3::hash(&stored.bytes).to_hex();
    assert_eq!(
        made["digest"],
        digest.as_str(),
        "the digest is that of the document as served"
    );
}

#[test]
fn a_revision_keeps_variables_where_they_are_and_is_admitted_anew() {
    let (_place, server) = serve();
    let first = workflow("Flow", &[("openAiApi", "id-a", "A"), ("openAiApi", "id-b", "B")]);
    server
        .post("/templates", json!({"document": first, "format": "n8n"}))
        .is(201);
    server.post("/workspaces/shop-a/templates/flow/admit", json!({})).ok();
    let revise = |document: Value| {
        server
            .post("/templates/flow/revise", json!({"document": document, "format": "n8n"}))
            .ok()
    };
    // In another order, and one more: nobody trades places.
    let second = revise(workflow(
        "Flow",
        &[
            ("openAiApi", "id-c", "C"),
            ("openAiApi", "id-b", "B"),
            ("openAiApi", "id-a", "A"),
        ],
    ));
    assert_eq!(
        (&second["revision"], names(&second["added"])),
        (&json!(2), vec!["OPEN_AI_API_3"])
    );
    assert!(names(&second["removed"]).is_empty());
    let document: Value = serde_json::from_str(&server.get("/templates/flow/document").text()).unwrap();
    let order: Vec<String> = document["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| node["credentials"]["openAiApi"].to_string())
        .collect();
    for (stands, variable) in order
        .iter()
        .zip(["\"OPEN_AI_API_3\"", "\"OPEN_AI_API_2\"", "\"OPEN_AI_API\""])
    {
        assert!(stands.contains(variable), "{order:?}");
    }
    let third = revise(workflow("Flow", &[("openAiApi", "id-b", "B")]));
    let mut removed = names(&third["removed"]);
    removed.sort_unstable();
    assert_eq!(removed, ["OPEN_AI_API", "OPEN_AI_API_3"]);
    let unchanged = revise(workflow("Flow", &[("openAiApi", "id-b", "B")]));
    assert!(
        unchanged["position"].is_null() || unchanged["revision"] == 3,
        "{unchanged}"
    );

    let installed = |server: &Server| {
        server.get("/workspaces/shop-a/mappings").ok()["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|it| it["template"] == "flow")
            .unwrap()
            .clone()
    };
    assert_eq!(
        (&installed(&server)["revision"], &installed(&server)["newest_revision"]),
        (&json!(1), &json!(3)),
        "what was admitted runs"
    );
    let admitted = server
        .post("/workspaces/shop-a/templates/flow/admit", json!({"revision": 2}))
        .ok();
    assert_eq!(admitted["revision"], 2);
    server
        .post("/workspaces/shop-a/templates/flow/admit", json!({"revision": 9}))
        .problem();
    let old = server.get("/templates/flow/document?revision=1");
    assert_eq!(old.status, 200);
    assert!(old.text().contains("OPEN_AI_API_2") && !old.text().contains("OPEN_AI_API_3"));
}

#[test]
fn a_hardcoded_secret_is_refused_by_pointer_and_taken_only_with_a_reason() {
    let (_place, server) = serve();
    let mut document = workflow("Leaky", &[("openAiApi", "id-a", "A")]);
    let key = "sk_live_51Nq8xKwZ7hVt2Lm9PdRfYbGcJ4";
    document["nodes"][0]["parameters"] = json!({"headers": {"authorization": format!("Bearer {key}")}});
    let size = server.size();
    let problem = server
        .post("/templates", json!({"document": document, "format": "n8n"}))
        .refused(422, "hardcoded_secret");
    let said = problem.to_string();
    assert!(said.contains("/nodes/0/parameters/headers/authorization"), "{said}");
    assert!(!said.contains(key), "{said}");
    server
        .post(
            "/templates",
            json!({"document": document, "format": "n8n", "allow_hardcoded": true}),
        )
        .problem();
    assert_eq!(server.size(), size);
    let made = server
        .post(
            "/templates",
            json!({"document": document, "format": "n8n", "allow_hardcoded": true, "reason": "a test account"}),
        )
        .is(201);
    let event = server.get(&format!("/audit/events/{}", made["position"])).ok();
    assert_eq!(event["reason"], "a test account");
    assert!(
        event.to_string().contains("/nodes/0/parameters/headers/authorization"),
        "what was let through is recorded: {event}"
    );
    assert!(!event.to_string().contains(key));
    let listed = server.get("/templates/leaky").ok();
    assert!(
        listed["revisions"][0]["hardcoded_accepted"][0]["pointer"]
            .as_str()
            .unwrap()
            .contains("/nodes/0"),
        "{listed}"
    );
}

#[test]
fn variables_are_declared_in_full() {
    let (_place, server) = serve();
    let template = |variables: Value| server.post("/templates", json!({"name": "Declared", "variables": variables}));
    for bad in [
        json!([{"name": "", "service": "openai", "kinds": []}]),
        json!([{"name": "A B", "service": "openai", "kinds": []}]),
        json!([{"name": "A", "service": "openai", "kinds": ["nothing"]}]),
        json!([{"name": "A", "service": "openai", "kinds": []}, {"name": "A", "service": "shopify", "kinds": []}]),
    ] {
        template(bad.clone()).problem();
    }
    let variables = json!([{"name": "MAIL", "service": "gmail", "kinds": ["oauth2"], "scopes": ["https://www.googleapis.com/auth/gmail.send"], "required": false, "description": "where it is sent from"}]);
    template(variables).is(201);
    let got = server.get("/templates/declared").ok();
    assert_eq!(
        (&got["variables"][0]["required"], &got["variables"][0]["description"]),
        (&json!(false), &json!("where it is sent from"))
    );
    server.post("/templates", json!({"name": "Neither"})).problem();
    server
        .post(
            "/templates",
            json!({"name": "Both", "variables": [], "document": {"nodes": []}, "format": "n8n"}),
        )
        .problem();
    server
        .post(
            "/templates",
            json!({"name": "What", "document": {"nodes": []}, "format": "nonsense"}),
        )
        .problem();
}

#[test]
fn a_retired_template_is_hidden_and_not_admitted_anew() {
    let (_place, server) = serve();
    Agency::map(&server, "shop-a", "shopify-client-a");
    server
        .post("/templates/orders/retire", json!({"reason": "replaced"}))
        .ok();
    assert!(server.all("/templates").is_empty());
    assert_eq!(server.all("/templates?retired=true").len(), 1);
    server
        .post("/templates/orders/revise", json!({"variables": []}))
        .refused(409, "not_active");
    server.post("/workspaces", json!({"name": "Late"})).is(201);
    server
        .post("/workspaces/late/templates/orders/admit", json!({}))
        .refused(409, "not_active");
}

#[test]
fn clients_and_workspaces_are_put_away() {
    let (_place, server) = serve();
    server
        .post(
            "/workspaces/shop-a/update",
            json!({"name": "Shop Alpha", "environment": "staging"}),
        )
        .ok();
    let got = server.get("/workspaces/shop-a").ok();
    assert_eq!(
        (&got["name"], &got["environment"], &got["client"]),
        (&json!("Shop Alpha"), &json!("staging"), &json!("client-a"))
    );
    server.post("/workspaces/shop-a/archive", json!({})).ok();
    let handles: Vec<_> = server
        .all("/workspaces")
        .iter()
        .map(|it| it["handle"].clone())
        .collect();
    assert_eq!(handles, [json!("shop-b")]);
    assert_eq!(server.all("/workspaces?archived=true").len(), 2);
    server
        .post("/resolve", json!({"workspace": "shop-a", "template": "orders"}))
        .refused(409, "not_active");
    server.post("/clients/client-b/archive", json!({})).ok();
    assert_eq!(server.all("/clients").len(), 1);
    server
        .post("/workspaces", json!({"name": "W", "client": "client-b"}))
        .problem();
}
