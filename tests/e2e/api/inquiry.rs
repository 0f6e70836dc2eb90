//! Questions of auditors, each on the real binary: what changed, why it was allowed, who could, what it reaches, what differs,
//! whether a value is held, what is untidy.

use crate::harness::{Agency, Answer, Caller, Place, Server};
use serde_json::{Value, json};

fn serve() -> (Place, Server) {
    let place = Place::new();
    let server = place.serve_with(&["--access-window", "0s"], &[]);
    Agency::build(&server);
    for (shop, credential) in [("shop-a", "shopify-client-a"), ("shop-b", "shopify-client-b")] {
        Agency::map(&server, shop, credential);
    }
    (place, server)
}

/// Somebody with one grant, and his token.
fn person(server: &Server, name: &str, kind: &str, grant: &Value) -> (Caller, String) {
    let body = json!({"name": name, "kind": kind, "grants": [grant]});
    server.post("/principals", body).is(201);
    let issued = server.post("/tokens", json!({"principal": name, "label": "t"})).is(201);
    let token = issued["token"].as_str().unwrap();
    (server.with_token(token), issued["id"].as_str().unwrap().to_owned())
}

fn changes(event: &Value) -> Vec<String> {
    let text = |change: &Value, name: &str| match &change[name] {
        Value::Null => "none".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let all = event["changes"].as_array().map_or(&[][..], Vec::as_slice);
    let one = |it: &Value| {
        format!(
            "{}: {} → {}",
            it["what"].as_str().unwrap(),
            text(it, "before"),
            text(it, "after")
        )
    };
    all.iter().map(one).collect()
}

fn column<'v>(list: &'v Value, name: &str) -> Vec<&'v str> {
    let items = list.as_array().unwrap();
    items.iter().filter_map(|it| it[name].as_str()).collect()
}

#[test]
fn each_change_is_told_before_and_after_and_never_a_value() {
    let (_place, server) = serve();
    let secret = "tkn-two-kX82hqLw93mDv1";
    server
        .post(
            "/credentials/shopify-client-a/update",
            json!({"description": "the shop's", "client": "client-b"}),
        )
        .ok();
    server
        .post(
            "/credentials/shopify-client-a/rotate",
            json!({"fields": {"token": secret}}),
        )
        .ok();
    server
        .post("/credentials/shopify-client-a/share", json!({"clients": ["client-a"]}))
        .ok();
    server.post("/credentials/shopify-client-a/disable", json!({})).ok();
    let route = "/workspaces/shop-b/templates/orders/mappings/SHOP";
    server.post("/credentials/shopify-client-a/enable", json!({})).ok();
    server.put(route, json!({"credential": "shopify-client-a"})).ok();
    let history = server
        .get("/audit/events?credential=shopify-client-a&order=oldest&limit=100")
        .ok();
    let told: Vec<String> = history["items"].as_array().unwrap().iter().flat_map(changes).collect();
    for expected in [
        "description:  → the shop's",
        "client: client-a → client-b",
        "version: 1 → 2",
        "fields.token: none → changed in version 2",
        "shared_with: none → [\"client-a\"]",
        "status: active → disabled",
        "status: disabled → active",
        "orders.SHOP: shopify-client-b → shopify-client-a",
    ] {
        assert!(told.iter().any(|it| it == expected), "{expected}: {told:#?}");
    }
    assert!(!history.to_string().contains(secret));
}

#[test]
fn a_filter_that_is_wrong_is_answered_with_its_place() {
    let (place, server) = serve();
    let problem = server
        .get("/audit/events?q=type:credential%20wrkspace:shop-a")
        .problem();
    assert_eq!(
        (
            &problem["status"],
            &problem["pointer"],
            &problem["offset"],
            &problem["length"]
        ),
        (&json!(422), &json!("/q"), &json!(16), &json!(8)),
        "{problem}"
    );
    let run = |words: &[&str]| {
        let mut command = place.command();
        command
            .env("STRONGROOM_ADDR", &server.addr)
            .env("STRONGROOM_TOKEN", &server.token);
        command.args(["audit", "log"]).args(words);
        command.output().unwrap()
    };
    let shown = run(&["actr:dev", "-type:access"]);
    let text = String::from_utf8(shown.stderr).unwrap();
    assert!(
        text.contains("actr:dev -type:access") && text.contains("did you mean `actor:`"),
        "{text}"
    );
    assert!(
        text.lines()
            .any(|line| line.trim_start().starts_with('·') && line.contains('┬')),
        "{text}"
    );
    let shown = run(&[
        "type:credential",
        "-credential:openai",
        "--limit",
        "2",
        "--oldest-first",
    ]);
    let text = String::from_utf8(shown.stdout).unwrap();
    assert_eq!(text.lines().count(), 3, "{text}");
    assert!(text.contains("shopify-client-a") && !text.contains("openai"), "{text}");
}

#[test]
fn why_something_was_allowed_is_told_to_the_root() {
    let (_place, server) = serve();
    let (admin, _) = person(&server, "ada", "person", &json!({"role": "admin", "all": true}));
    let editor = json!({"name": "eve", "kind": "person", "grants": [{"role": "editor", "clients": ["client-a"]}]});
    admin.post("/principals", editor).is(201);
    let issued = admin.post("/tokens", json!({"principal": "eve", "label": "t"})).is(201);
    let eve = server.with_token(issued["token"].as_str().unwrap());
    eve.post("/credentials/shopify-client-a/update", json!({"description": "eve's"}))
        .ok();
    let position = server.size() - 1;
    // What was withdrawn since was in force then.
    let grants = server.get("/principals/eve/grants").ok();
    let grant = grants["items"][0]["id"].as_str().unwrap();
    server.delete(&format!("/principals/eve/grants/{grant}")).ok();
    let why = server.get(&format!("/audit/explain/{position}")).ok();
    assert_eq!(why["outcome"], "allowed");
    assert_eq!(column(&why["chain"], "holder"), ["eve", "ada", "dev"], "{why}");
    assert_eq!(column(&why["chain"], "role"), ["editor", "admin", "owner"], "{why}");
    assert_eq!(column(&why["in_force"], "id"), [grant], "{why}");
    // And a denial.
    let (bob, _) = person(
        &server,
        "bob",
        "person",
        &json!({"role": "viewer", "clients": ["client-b"]}),
    );
    bob.post("/credentials/shopify-client-b/update", json!({"description": "x"}))
        .refused(403, "denied");
    let denied = server.get("/audit/events?q=outcome:denied%20actor:bob").ok();
    let position = &denied["items"][0]["position"];
    let why = server.get(&format!("/audit/explain/{position}")).ok();
    assert_eq!(
        (&why["outcome"], column(&why["in_force"], "role")),
        (&json!("denied"), vec!["viewer"]),
        "{why}"
    );
    assert!(why["text"].as_str().unwrap().contains("`edit`"), "{why}");
    eve.get("/audit/explain/1").refused(403, "denied");
}

#[test]
fn who_could_and_who_did() {
    let (_place, server) = serve();
    let (runner, _) = person(
        &server,
        "runner",
        "service",
        &json!({"role": "service", "workspaces": ["shop-a"]}),
    );
    person(
        &server,
        "other",
        "service",
        &json!({"role": "service", "workspaces": ["shop-b"]}),
    );
    person(
        &server,
        "rita",
        "person",
        &json!({"role": "reader", "credentials": ["shopify-client-a"]}),
    );
    let before = server.size() - 1;
    runner
        .post("/resolve", json!({"workspace": "shop-a", "template": "orders"}))
        .ok();
    let access = server.get("/credentials/shopify-client-a/access").ok();
    let could = access["could"].as_array().unwrap();
    let of = |name: &str| could.iter().find(|it| it["principal"] == name);
    assert_eq!(of("runner").unwrap()["means"][0]["way"], "served", "{access}");
    assert_eq!(of("runner").unwrap()["means"][0]["workspace"], "shop-a");
    assert_eq!(of("rita").unwrap()["means"][0]["way"], "read");
    assert!(of("other").is_none(), "another shop's runner can't: {access}");
    assert_eq!(access["never"].as_array().unwrap().len(), could.len() - 1);
    assert_eq!(column(&access["did"], "principal"), ["runner"]);
    // Without the mapping nobody is served it, then as now.
    server.delete("/workspaces/shop-a/templates/orders/mappings/SHOP").ok();
    let now = server.get("/credentials/shopify-client-a/access").ok();
    assert!(!column(&now["could"], "principal").contains(&"runner"), "{now}");
    let then = server
        .get(&format!("/credentials/shopify-client-a/access?as_of={before}"))
        .ok();
    assert!(column(&then["could"], "principal").contains(&"runner"), "{then}");
    runner
        .get("/credentials/shopify-client-a/access")
        .refused(404, "not_found");
}

#[test]
fn two_moments_are_compared() {
    let (_place, server) = serve();
    let from = server.size() - 1;
    assert_eq!(server.get(&format!("/audit/diff?from={from}")).ok()["items"], json!([]));
    server
        .post("/credentials/shopify-client-a/update", json!({"description": "new"}))
        .ok();
    server
        .post(
            "/credentials/shopify-client-a/rotate",
            json!({"fields": {"token": "tkn-two-kX82hqLw93mDv1"}}),
        )
        .ok();
    server.delete("/workspaces/shop-b/templates/orders/mappings/AI").ok();
    server.post("/clients", json!({"name": "Client C"})).is(201);
    let to = server.size() - 1;
    server.post("/credentials/openai/disable", json!({})).ok();
    let diff = server.get(&format!("/audit/diff?from={from}&to={to}")).ok();
    let items = diff["items"].as_array().unwrap();
    let told: Vec<String> = items
        .iter()
        .map(|it| {
            format!(
                "{} {} {}",
                it["kind"].as_str().unwrap(),
                it["handle"].as_str().unwrap(),
                it["how"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "credential shopify-client-a changed",
            "client client-c added",
            "workspace shop-b changed"
        ],
        "{diff}"
    );
    let of = |at: usize| changes(&items[at]);
    assert!(of(0).contains(&"description:  → new".to_owned()), "{:?}", of(0));
    assert!(of(0).contains(&"version: 1 → 2".to_owned()), "{:?}", of(0));
    assert!(
        of(2).iter().any(|it| it.starts_with("templates.orders.mappings.AI")),
        "{:?}",
        of(2)
    );
    let one = server.get(&format!("/audit/diff?from={from}&credential=openai")).ok();
    assert_eq!(changes(&one["items"][0]), ["status: active → disabled"], "{one}");
    server
        .get(&format!("/audit/diff?from={to}&to={from}"))
        .refused(422, "invalid");
    // Who sees one client sees no other's difference.
    let (ann, _) = person(
        &server,
        "ann",
        "person",
        &json!({"role": "viewer", "clients": ["client-a"]}),
    );
    let seen = ann.get(&format!("/audit/diff?from={from}&to={to}")).ok().to_string();
    assert!(
        seen.contains("shopify-client-a") && !seen.contains("client-c") && !seen.contains("shop-b"),
        "{seen}"
    );
}

/// (D) An employee leaves: what he could and did come by, until each is rotated.
#[test]
fn an_employee_leaves() {
    let (_place, server) = serve();
    let grant = json!({"role": "reader", "all": true});
    let (ben, token) = person(&server, "ben", "person", &grant);
    let reveal = |handle: &str| {
        let request = ben.request("POST", &format!("/credentials/{handle}/reveal"));
        Answer::of(request.json(&json!({"reason": "debugging"}))).ok();
    };
    reveal("openai");
    server.advance(3_600);
    reveal("shopify-client-a");
    let impact = server.get("/audit/impact?of=principal:ben").ok();
    // What he saw, the last first; then what he could have read.
    assert_eq!(
        column(&impact["rotate"], "credential"),
        ["shopify-client-a", "openai", "shopify-client-b"],
        "{impact}"
    );
    assert_eq!(column(&impact["rotate"], "why"), ["revealed", "revealed", "could_read"]);
    let by_token = server.get(&format!("/audit/impact?of=token:{token}")).ok();
    assert_eq!(by_token["reached"], impact["reached"]);
    server.post("/principals/ben/disable", json!({"reason": "left"})).ok();
    // Each item closes itself when it is rotated.
    server
        .post(
            "/credentials/shopify-client-a/rotate",
            json!({"fields": {"token": "tkn-new-kX82hqLw93mDv1"}}),
        )
        .ok();
    let impact = server.get("/audit/impact?of=principal:ben").ok();
    assert_eq!(column(&impact["rotate"], "credential"), ["openai"], "{impact}");
    server
        .post(
            "/credentials/openai/rotate",
            json!({"fields": {"api_key": "key-new-of-all-Zq83nVx1"}}),
        )
        .ok();
    let impact = server.get("/audit/impact?of=principal:ben").ok();
    assert_eq!(impact["rotate"], json!([]), "{impact}");
    assert!(
        impact["reached"]
            .as_array()
            .unwrap()
            .iter()
            .all(|it| it["rotated_since"] == true)
    );
}

/// (E) A key leaks: from the pasted value to the closed rotation list.
#[test]
fn a_key_leaks() {
    let (_place, server) = serve();
    let leaked = "key-of-all-Zq83nVx1";
    let (runner, _) = person(
        &server,
        "runner",
        "service",
        &json!({"role": "service", "workspaces": ["shop-a"]}),
    );
    runner
        .post("/resolve", json!({"workspace": "shop-a", "template": "orders"}))
        .ok();
    let search = |values: Value| {
        server
            .post(
                "/audit/leak-search",
                json!({"values": values, "reason": "pasted in a chat"}),
            )
            .ok()
    };
    let size = server.size();
    let found = search(json!([leaked, "key-of-all-Zq83nVx2-and-more", "short"]));
    assert_eq!(
        column(&found["results"], "outcome"),
        ["held", "not_held", "not_searchable"],
        "{found}"
    );
    let by = &found["results"][0]["by"][0];
    assert_eq!(
        (&by["credential"], &by["version"], &by["current"]),
        (&json!("openai"), &json!(1), &json!(true))
    );
    // Recorded, with how many and not which.
    assert_eq!(server.size(), size + 1);
    let event = server.get(&format!("/audit/events/{}", found["position"])).ok();
    assert_eq!(event["type"], "access.leak_searched");
    let data = &event["data"];
    assert_eq!(
        (&data["count"], &data["searchable"], &data["found"]),
        (&json!(3), &json!(2), &json!(1))
    );
    assert!(!event.to_string().contains("openai") && !event.to_string().contains(leaked));
    // What it reaches.
    let impact = server.get("/audit/impact?of=credential:openai@1").ok();
    assert_eq!(column(&impact["stands"], "workspace"), ["shop-a", "shop-b"], "{impact}");
    assert_eq!(column(&impact["rotate"], "credential"), ["openai"]);
    assert_eq!(impact["reached"][0]["rotated_since"], false);
    server
        .post(
            "/credentials/openai/rotate",
            json!({"fields": {"api_key": "key-new-of-all-Zq83nVx1"}, "reason": "leaked"}),
        )
        .ok();
    let impact = server.get("/audit/impact?of=credential:openai@1").ok();
    assert_eq!(impact["rotate"], json!([]), "closed: {impact}");
    assert_eq!(impact["reached"][0]["rotated_since"], true);
    let found = search(json!([leaked]));
    assert_eq!(
        found["results"][0]["by"][0]["current"], false,
        "an old version is found, too"
    );
}

#[test]
fn who_may_not_search_for_leaks_is_told_nothing() {
    let (_place, server) = serve();
    let leaked = "key-of-all-Zq83nVx1";
    let (ann, _) = person(
        &server,
        "ann",
        "person",
        &json!({"role": "editor", "clients": ["client-a"]}),
    );
    let refused = |caller: &Caller, body: Value| caller.post("/audit/leak-search", body);
    refused(&ann, json!({"values": [leaked], "reason": "x"})).refused(403, "denied");
    assert_eq!(
        server.post("/audit/leak-search", json!({"values": [leaked]})).kind(),
        "reason_required"
    );
}

#[test]
fn a_dump_is_searched_line_by_line() {
    let (place, server) = serve();
    let leaked = "key-of-all-Zq83nVx1";
    server
        .post(
            "/credentials/openai/rotate",
            json!({"fields": {"api_key": "key-new-of-all-Zq83nVx1"}}),
        )
        .ok();
    // A dump, line by line, through the program.
    let dump = place.file(
        "dump.txt",
        format!("hello\n\n{leaked}\nkey-new-of-all-Zq83nVx1\nnothing-of-ours-at-all-9x8y7z\n"),
    );
    let mut command = place.command();
    command
        .env("STRONGROOM_ADDR", &server.addr)
        .env("STRONGROOM_TOKEN", &server.token);
    command
        .args([
            "audit",
            "leak-search",
            "--reason",
            "a dump",
            "--output",
            "json",
            "--batch",
        ])
        .arg(&dump);
    let shown = command.output().unwrap();
    let answer: Value = serde_json::from_slice(&shown.stdout).unwrap();
    let told: Vec<(u64, &str)> = answer["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["line"].as_u64().unwrap(), it["outcome"].as_str().unwrap()))
        .collect();
    assert_eq!(told, [(1, "not_searchable"), (3, "held"), (4, "held"), (5, "not_held")]);
    assert!(!String::from_utf8(shown.stdout).unwrap().contains(leaked));
}

#[test]
fn what_is_untidy_is_named_to_who_sees_it() {
    let (_place, server) = serve();
    let twin = json!({"name": "Another", "service": "openai", "kind": "api_key", "accept_duplicate": true,
        "fields": {"api_key": "key-of-all-Zq83nVx1"}});
    server.post("/credentials", twin).is(201);
    server
        .post(
            "/credentials",
            json!({"name": "API key 2", "service": "stripe", "kind": "api_key", "client": "client-b",
        "fields": {"api_key": "key-stripe-Zq83nVx1-9988"}, "rotation": {"every_days": 30}}),
        )
        .is(201);
    server.advance(200 * 86_400);
    let (owner, _) = person(&server, "olga", "person", &json!({"role": "owner", "all": true}));
    let hygiene = owner.get("/hygiene").ok();
    let of = |name: &str| {
        let items = hygiene["items"].as_array().unwrap();
        let found = items.iter().find(|it| it["credential"] == name);
        found.map(|it| {
            it["untidy"]
                .as_array()
                .unwrap()
                .iter()
                .map(|it| it.as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        })
    };
    assert!(of("openai").unwrap().contains(&"duplicate".to_owned()), "{hygiene}");
    assert!(of("another").unwrap().contains(&"unused".to_owned()), "{hygiene}");
    let stripe = of("api-key-2").unwrap();
    for expected in ["overdue", "unused", "never_rotated", "unclear_name"] {
        assert!(stripe.contains(&expected.to_owned()), "{expected}: {stripe:?}");
    }
    assert!(
        !of("shopify-client-a").unwrap().contains(&"unclear_name".to_owned()),
        "{hygiene}"
    );
    let (ann, _) = person(
        &server,
        "ann",
        "person",
        &json!({"role": "viewer", "clients": ["client-a"]}),
    );
    let seen = ann.get("/hygiene").ok().to_string();
    assert!(!seen.contains("api-key-2"), "{seen}");
}
