//! A credential's life, from its creation to its revocation.

use crate::harness::{Agency, Answer, Place, Server};
use serde_json::{Value, json};

fn serve() -> (Place, Server) {
    let place = Place::new();
    let server = place.serve();
    Agency::build(&server);
    (place, server)
}

#[track_caller]
fn reveal(server: &Server, handle: &str) -> Value {
    server
        .post(&format!("/credentials/{handle}/reveal"), json!({"reason": "a test"}))
        .ok()["fields"]
        .clone()
}

#[test]
#[expect(clippy::too_many_lines, reason = "one life from end to end")]
fn every_step_is_a_version_or_a_status_and_an_event() {
    let (_place, server) = serve();
    let body = json!({
        "name": "Mail", "service": "smtp", "kind": "basic", "tags": {"team": "eu"}, "description": "the mailbox",
        "fields": {"username": "mia", "password": "first-Vx81nQ"}, "rotation": {"every_days": 90, "grace_days": 7},
    });
    let made = server.post("/credentials", body).is(201);
    assert_eq!(
        (&made["handle"], &made["version"], &made["status"], &made["events"]),
        (&json!("mail"), &json!(1), &json!("active"), &json!(1))
    );
    assert!(made["id"].as_str().unwrap().starts_with("cr_") && made["position"].is_u64());
    assert!(made["checkpoint"].as_str().unwrap().contains("/ledger/"), "{made}");

    let got = server.get("/credentials/mail").ok();
    assert_eq!(
        (&got["name"], &got["tags"]["team"], &got["rotation"]["every_days"]),
        (&json!("Mail"), &json!("eu"), &json!(90))
    );
    assert_eq!(got["reach"]["all"], true);
    assert!(
        !got.to_string().contains("first-Vx81nQ"),
        "a value never stands there: {got}"
    );
    let classes: Vec<_> = got["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| (field["name"].as_str().unwrap(), field["class"].as_str().unwrap()))
        .collect();
    assert_eq!(classes, [("username", "plain"), ("password", "secret")]);

    server
        .post(
            "/credentials/mail/update",
            json!({"description": "the old mailbox", "tags": {"team": "us"}}),
        )
        .ok();
    let rotated = server
        .post(
            "/credentials/mail/rotate",
            json!({"fields": {"password": "second-Bn72kW"}}),
        )
        .ok();
    assert_eq!(rotated["version"], 2);
    assert_eq!(
        reveal(&server, "mail"),
        json!({"username": "mia", "password": "second-Bn72kW"}),
        "what was not given stays"
    );
    let back = server.post("/credentials/mail/rollback", json!({"version": 1})).ok();
    assert_eq!(back["version"], 3, "a version never decreases");
    assert_eq!(reveal(&server, "mail")["password"], "first-Vx81nQ");
    server
        .post("/credentials/mail/rollback", json!({"version": 9}))
        .problem();

    assert_eq!(
        server
            .post("/credentials/mail/disable", json!({"reason": "paused"}))
            .ok()["status"],
        "disabled"
    );
    server.post("/credentials/mail/enable", json!({})).ok();
    assert_eq!(
        server.post("/credentials/mail/revoke", json!({})).ok()["status"],
        "revoked"
    );
    server
        .post("/credentials/mail/rotate", json!({"fields": {"password": "third-Qw"}}))
        .refused(409, "not_active");
    server
        .post("/credentials/mail/enable", json!({}))
        .refused(409, "not_active");

    let types: Vec<String> = server
        .all("/credentials/mail/history")
        .iter()
        .rev()
        .map(|event| event["type"].as_str().unwrap().to_owned())
        .collect();
    let expected = [
        "credential.created",
        "credential.updated",
        "credential.rotated",
        "access.revealed",
        "credential.rolled_back",
        "access.revealed",
        "credential.disabled",
        "credential.enabled",
        "credential.revoked",
    ];
    assert_eq!(types, expected);
}

#[test]
fn lists_hide_what_is_revoked_and_filter() {
    let (_place, server) = serve();
    let handles = |query: &str| -> Vec<String> {
        let mut handles: Vec<String> = server
            .all(&format!("/credentials{query}"))
            .iter()
            .map(|item| item["handle"].as_str().unwrap().to_owned())
            .collect();
        handles.sort();
        handles
    };
    assert_eq!(handles(""), ["openai", "shopify-client-a", "shopify-client-b"]);
    assert_eq!(handles("?service=shopify"), ["shopify-client-a", "shopify-client-b"]);
    assert_eq!(handles("?client=client-b"), ["shopify-client-b"]);
    assert_eq!(handles("?kind=api_key"), ["openai"]);
    assert_eq!(handles("?q=Client%20A"), ["shopify-client-a"]);
    server.post("/credentials/openai/revoke", json!({})).ok();
    assert_eq!(handles("?kind=api_key"), Vec::<String>::new());
    assert_eq!(handles("?status=revoked"), ["openai"]);
    server.get("/credentials?status=nonsense").problem();
    server.get("/credentials/openai").ok();
}

#[test]
fn a_list_goes_on_where_the_page_before_ended() {
    let (_place, server) = serve();
    for number in 0..23 {
        let body = json!({"name": format!("Paged {number:02}"), "service": "acme-internal", "kind": "custom", "fields": {"n": number.to_string()}, "plain": ["n"]});
        server.post("/credentials", body).is(201);
    }
    let (mut seen, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = server.get(&format!("/credentials?q=Paged&limit=5{cursor}")).ok();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 5);
        seen.extend(items.iter().map(|item| item["handle"].as_str().unwrap().to_owned()));
        pages += 1;
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let unique: std::collections::BTreeSet<_> = seen.iter().collect();
    assert_eq!((seen.len(), unique.len(), pages), (23, 23, 5));
    for bad in ["limit=0", "limit=501", "limit=x", "cursor=nonsense"] {
        let answer = server.get(&format!("/credentials?{bad}"));
        assert!(
            matches!(answer.status, 400 | 422),
            "{bad}: {} {}",
            answer.status,
            answer.text()
        );
        answer.problem();
    }
}

#[test]
fn a_destination_does_not_change_without_the_secrets() {
    let (_place, server) = serve();
    let body = json!({
        "name": "Partner API", "service": "acme-internal", "kind": "client_credentials",
        "fields": {"client_id": "strongroom", "client_secret": "kept-Xq81nv", "token_url": "https://login.partner.example/token"},
    });
    server.post("/credentials", body).is(201);
    let elsewhere = json!({"fields": {"token_url": "https://evil.example/token"}});
    let problem = server
        .post("/credentials/partner-api/rotate", elsewhere.clone())
        .refused(409, "destination_needs_secrets");
    let said = problem["detail"].as_str().unwrap();
    assert!(
        said.contains("token_url") && said.contains("client_secret") && !said.contains("evil"),
        "{said}"
    );
    let answer = server.post("/credentials/partner-api/update", elsewhere);
    assert!(
        matches!(answer.status, 400 | 409 | 422),
        "{} {}",
        answer.status,
        answer.text()
    );
    answer.problem();
    let both =
        json!({"fields": {"token_url": "https://new.partner.example/token", "client_secret": "entered-again-Zm40"}});
    assert_eq!(server.post("/credentials/partner-api/rotate", both).ok()["version"], 2);
    let shown = server.get("/credentials/partner-api").ok();
    assert!(
        !shown.to_string().contains("partner.example/token"),
        "a destination is served, not shown: {shown}"
    );
}

#[test]
fn json_values_come_back_typed() {
    let (_place, server) = serve();
    let body = json!({
        "name": "Orders DB", "service": "acme-internal", "kind": "custom",
        "fields": {"host": "db.example.com", "port": "5432", "tls": "true", "options": "{\"a\":[1,2.50,null]}", "big": "12345678901234567890", "password": "pw-Kx82nq"},
        "json": ["port", "tls", "options", "big"], "plain": ["port", "tls"], "destinations": ["host"],
    });
    server.post("/credentials", body).is(201);
    let fields = reveal(&server, "orders-db");
    assert_eq!(
        (&fields["port"], &fields["tls"], &fields["host"]),
        (&json!(5432), &json!(true), &json!("db.example.com"))
    );
    assert_eq!(fields["options"], json!({"a": [1, 2.5, null]}));
    let raw = Answer::of(
        server
            .request("POST", "/credentials/orders-db/reveal")
            .json(&json!({"reason": "a test"})),
    );
    assert!(
        raw.text().contains("12345678901234567890"),
        "no digit is lost: {}",
        raw.text()
    );
    let bad = json!({"name": "Bad", "service": "acme-internal", "kind": "custom", "fields": {"port": "{54Qz"}, "json": ["port"]});
    let problem = server.post("/credentials", bad).problem();
    assert!(
        problem.to_string().contains("port") && !problem.to_string().contains("54Qz"),
        "{problem}"
    );
    let unnamed =
        json!({"name": "Bad", "service": "acme-internal", "kind": "custom", "fields": {"port": "1"}, "json": ["prot"]});
    server.post("/credentials", unnamed).problem();
}

#[test]
fn a_field_that_nobody_knows_is_secret() {
    let (_place, server) = serve();
    let body = json!({"name": "Custom", "service": "acme-internal", "kind": "custom", "fields": {"a": "one-Kq81", "b": "two", "c": "https://c.example"}, "plain": ["b"], "destinations": ["c"]});
    server.post("/credentials", body).is(201);
    let got = server.get("/credentials/custom").ok();
    let classes: Vec<_> = got["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| field["class"].as_str().unwrap())
        .collect();
    assert_eq!(classes, ["secret", "plain", "destination"]);
    assert_eq!(got["fields"][1]["value"], "two");
    assert!(got["fields"][0].get("value").is_none_or(Value::is_null));
    let marked = json!({"name": "Marked", "service": "openai", "kind": "api_key", "fields": {"api_key": "v-8qKx72nW"}, "plain": ["api_key"]});
    let answer = server.post("/credentials", marked);
    assert!(
        answer.status >= 400 || server.get("/credentials/marked").ok()["fields"][0]["class"] == "secret",
        "a known secret is never plain"
    );
}

#[test]
fn the_same_secret_is_not_kept_twice_unknowingly() {
    let (_place, server) = serve();
    let body = |name: &str| json!({"name": name, "service": "openai", "kind": "api_key", "fields": {"api_key": "shared-Qk82nvXw7120"}});
    server.post("/credentials", body("First")).is(201);
    let problem = server
        .post("/credentials", body("Second"))
        .refused(409, "duplicate_secret");
    assert!(problem.to_string().contains("first"), "the holder is named: {problem}");
    assert!(!problem.to_string().contains("shared-Qk82"), "{problem}");
    let mut accepted = body("Second");
    accepted["accept_duplicate"] = json!(true);
    server.post("/credentials", accepted).is(201);
    server
        .post(
            "/credentials/openai/rotate",
            json!({"fields": {"api_key": "shared-Qk82nvXw7120"}}),
        )
        .refused(409, "duplicate_secret");
}

#[test]
fn reach_is_the_clients_until_it_is_shared() {
    let (_place, server) = serve();
    let reach = |handle: &str| server.get(&format!("/credentials/{handle}")).ok()["reach"].clone();
    assert_eq!(reach("openai")["all"], true);
    assert_eq!(reach("shopify-client-a")["all"], false);
    let map = |shop: &str| {
        server.put(
            &format!("/workspaces/{shop}/templates/orders/mappings/SHOP"),
            json!({"credential": "shopify-client-b"}),
        )
    };
    let guarded = map("shop-a").refused(409, "client_guard");
    assert_eq!(
        guarded["clients"],
        json!({"credential": "client-b", "workspace": "client-a"})
    );
    server
        .post("/credentials/shopify-client-b/share", json!({"workspaces": ["shop-a"]}))
        .ok();
    map("shop-a").ok();
    server
        .post(
            "/credentials/shopify-client-b/unshare",
            json!({"workspaces": ["shop-a"]}),
        )
        .ok();
    server
        .put(
            "/workspaces/shop-a/templates/orders/mappings/AI",
            json!({"credential": "openai"}),
        )
        .ok();
    let problem = server
        .post("/resolve", json!({"workspace": "shop-a", "template": "orders"}))
        .refused(409, "variables_missing");
    assert!(
        problem.to_string().contains("client_guard"),
        "a mapping from before does not help: {problem}"
    );
    let passed = &problem["missing"][0]["passed_over"][0];
    assert_eq!(
        passed["clients"],
        json!({"credential": "client-b", "workspace": "client-a"})
    );
    server.advance(61);
    server
        .post("/resolve", json!({"workspace": "shop-a", "template": "orders"}))
        .refused(409, "variables_missing");
    let denied = server.all("/audit/events?type=access.denied&credential=shopify-client-b");
    assert!(denied.len() >= 2, "a run that tries it is recorded as well: {denied:?}");
    assert!(
        denied.iter().all(|it| it["data"]["why"] == "client_guard"),
        "{denied:?}"
    );
    server
        .post("/credentials/shopify-client-b/share", json!({"all": true}))
        .ok();
    server
        .post("/resolve", json!({"workspace": "shop-a", "template": "orders"}))
        .ok();
    server.post("/credentials/shopify-client-a/share", json!({})).problem();
    server
        .post("/credentials/shopify-client-a/share", json!({"clients": ["nobody"]}))
        .refused(404, "not_found");
}

#[test]
fn a_reveal_is_recorded_before_it_is_answered_and_takes_a_reason() {
    let (_place, server) = serve();
    let size = server.size();
    server.post("/credentials/openai/reveal", json!({})).problem();
    server
        .post("/credentials/openai/reveal", json!({"reason": "  "}))
        .problem();
    assert_eq!(server.size(), size, "what was not shown is not recorded");
    let first = server
        .post("/credentials/openai/reveal", json!({"reason": "moving house"}))
        .ok();
    let second = server
        .post("/credentials/openai/reveal", json!({"reason": "moving house"}))
        .ok();
    assert_eq!(
        (first["position"].as_u64(), second["position"].as_u64()),
        (Some(size), Some(size + 1)),
        "each one singly"
    );
    let event = server.get(&format!("/audit/events/{size}")).ok();
    assert_eq!(
        (&event["type"], &event["reason"], &event["actor"]),
        (&json!("access.revealed"), &json!("moving house"), &json!("dev"))
    );
    assert_eq!(first["version"], 1);
    server
        .post(
            "/credentials/openai/rotate",
            json!({"fields": {"api_key": "next-Xq82nv71"}}),
        )
        .ok();
    let old = server
        .post("/credentials/openai/reveal", json!({"reason": "compare", "version": 1}))
        .ok();
    assert_eq!(old["fields"]["api_key"], "key-of-all-Zq83nVx1");
    let one = server
        .post(
            "/credentials/openai/reveal",
            json!({"reason": "one", "fields": ["api_key"]}),
        )
        .ok();
    assert_eq!(one["fields"].as_object().unwrap().len(), 1);
    server
        .post(
            "/credentials/openai/reveal",
            json!({"reason": "x", "fields": ["nothing"]}),
        )
        .problem();
    server
        .post("/credentials/openai/reveal", json!({"reason": "x", "version": 99}))
        .problem();
}
