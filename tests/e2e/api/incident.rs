//! An incident from its opening to its report: what a suspect did is found, each step is one command that is tied to it.

use crate::harness::{Agency, Caller, Place, Server};
use serde_json::{Value, json};

/// An agency with `mallory`, who is an admin and has made a token, seen a value and taken a mapping away.
fn house() -> (Place, Server, Caller) {
    let place = Place::new();
    let server = place.serve();
    Agency::build(&server);
    for letter in ["a", "b"] {
        Agency::map(&server, &format!("shop-{letter}"), &format!("shopify-client-{letter}"));
    }
    let body = json!({"principal": "Mallory", "role": "admin"});
    let token = server.post("/tokens", body).is(201)["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let mallory = server.with_token(&token);
    let helper = json!({"principal": "Helper", "role": "viewer"});
    mallory.post("/tokens", helper).is(201);
    mallory
        .post(
            "/credentials/shopify-client-b/reveal",
            json!({"break_glass": true, "reason": "just looking"}),
        )
        .ok();
    let unmapped = mallory
        .request("DELETE", "/workspaces/shop-a/templates/orders/mappings/SHOP")
        .send()
        .unwrap();
    assert_eq!(unmapped.status(), 200);
    (place, server, mallory)
}

fn open_steps(place: &Place) -> Vec<String> {
    let insight = place.json(&["incident", "show", "leak"]);
    let steps = insight["steps"].as_array().unwrap();
    let open = steps.iter().filter(|it| it["state"] == "open");
    open.map(|it| it["step"].as_str().unwrap().to_owned()).collect()
}

fn named<'s>(steps: &'s [String], kind: &str) -> Vec<&'s str> {
    steps
        .iter()
        .map(String::as_str)
        .filter(|it| it.starts_with(kind))
        .collect()
}

#[test]
fn from_suspicion_to_report_by_the_command_line() {
    let (place, server, mallory) = house();
    let why = ["--reason", "mallory's laptop was stolen"];
    let open = ["incident", "open", "Stolen laptop", "--handle", "leak", "--since", "1h"];
    place.run(&open).exits(2);
    let opened = place.json(&[&open[..], &["--principal", "mallory"], &why].concat());
    assert_eq!(opened["incident"]["suspects"], json!({"principals": ["mallory"]}));
    let correlation = opened["incident"]["correlation"].as_str().unwrap().to_owned();
    let steps = open_steps(&place);
    let kinds: Vec<&str> = steps.iter().map(|it| it.split_once(':').unwrap().0).collect();
    assert_eq!(
        kinds,
        [
            "revoke-token",
            "revoke-token",
            "withdraw",
            "disable",
            "disable",
            "rotate",
            "undo",
            "tell"
        ],
        "{steps:?}"
    );
    let shown = place.run(&["incident", "show", "leak"]).exits(0).out;
    assert!(
        shown.contains("rotate:shopify-client-b") && shown.contains("access.revealed"),
        "{shown}"
    );
    // What stands open is not closed by mistake, and a step that is none is answered with those that are.
    let refused = place.run(&["incident", "close", "leak", "--reason", "done"]).exits(2);
    assert!(refused.err.contains("8 steps are open"), "{}", refused.err);
    let none = place.run(&["incident", "step", "leak", "disable:nobody"]).exits(3);
    assert!(none.err.contains("disable:mallory"), "{}", none.err);
    let printed = place
        .run(&["incident", "step", "leak", "disable:mallory", "--print"])
        .exits(0)
        .out;
    assert_eq!(
        printed.trim(),
        "strongroom principal disable mallory --incident leak --reason 'incident leak: disable:mallory'"
    );
    // Each step is one command; what it needs stands behind --.
    for kind in ["revoke-token", "withdraw", "disable"] {
        let these = named(&steps, kind);
        let all = [&["incident", "step", "leak"][..], &these].concat();
        place.run(&all).exits(0);
    }
    mallory
        .post("/resolve", json!({"workspace": "shop-a", "template": "orders"}))
        .refused(401, "unauthenticated");
    worked_through(&place, &server, &steps);
    told(&place, &server, &correlation);
}

/// What takes values or an answer, what is left out, and the end.
fn worked_through(place: &Place, server: &Server, steps: &[String]) {
    let wrong = ["--", "--feild", "token=Zq7-not-repeated"];
    let refused = place.run(&[&["incident", "step", "leak", "rotate:shopify-client-b"][..], &wrong].concat());
    assert_eq!(refused.code, 1);
    assert!(!refused.err.contains("Zq7-not-repeated"), "{}", refused.err);
    let secret = place.file("new-key", "tkn-b-new-Wq72nvYx08");
    let field = format!("token=@{secret}");
    place
        .run(&[
            "incident",
            "step",
            "leak",
            "rotate:shopify-client-b",
            "--",
            "--secret",
            &field,
        ])
        .exits(0);
    place
        .run(&["incident", "step", "leak", named(steps, "undo")[0], "--", "--yes"])
        .exits(0);
    let mappings = server.get("/workspaces/shop-a/mappings").ok().to_string();
    assert!(mappings.contains("shopify-client-a"), "{mappings}");
    let tell = named(steps, "tell")[0];
    place.run(&["incident", "skip", "leak", tell]).exits(2);
    place
        .run(&["incident", "skip", "leak", tell, "--reason", "he is sitting here"])
        .exits(0);
    assert_eq!(open_steps(place), [""; 0]);
    place
        .run(&["incident", "close", "leak", "--reason", "all rotated"])
        .exits(0);
}

fn told(place: &Place, server: &Server, correlation: &str) {
    let done = server.all(&format!("/audit/events?correlation={correlation}&order=oldest"));
    let types: Vec<&str> = done.iter().map(|it| it["type"].as_str().unwrap()).collect();
    assert_eq!(
        types,
        [
            "incident.opened",
            "principal.token_revoked",
            "principal.token_revoked",
            "principal.grant_withdrawn",
            "principal.disabled",
            "principal.disabled",
            "credential.rotated",
            "workspace.variable_mapped",
            "incident.step_skipped",
            "incident.closed",
        ]
    );
    let timeline = server.all("/audit/events?incident=leak");
    assert!(timeline.len() > done.len(), "what mallory did is there, too");
    assert!(timeline.iter().any(|it| it["type"] == "access.revealed"));
    let listed = place.run(&["audit", "log", "--incident", "leak", "--type", "access.revealed"]);
    assert!(listed.exits(0).out.contains("just looking"));
    let text = place.run(&["incident", "report", "leak"]).exits(0).out;
    for part in [
        "# Incident: leak",
        "- Open: 0",
        "## Suspects",
        "| principal | mallory |",
        "rotate:shopify-client-b",
        "mallory's laptop was stolen",
        "he is sitting here",
        "access.revealed",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let html = place.path().join("report.html");
    let html_path = html.to_str().unwrap();
    place
        .run(&["incident", "report", "leak", "--format", "html", "--file", html_path])
        .exits(0);
    assert!(std::fs::read_to_string(&html).unwrap().contains("<h2>Timeline</h2>"));
    let report = place.json(&["incident", "report", "leak", "--format", "json"]);
    assert_eq!((&report["open"], &report["of"]), (&json!(0), &json!("leak")));
    // It is true of what was known: the report of a closed incident stays as it is.
    server.post("/clients", json!({"name": "Later"})).is(201);
    let again = place.json(&["incident", "report", "leak", "--format", "json"]);
    assert_eq!(again["sections"], report["sections"]);
    let list = place.run(&["incident", "list"]).exits(0).out;
    assert!(list.contains("no incidents"), "{list}");
    assert!(place.run(&["incident", "list", "--all"]).exits(0).out.contains("leak"));
}

#[test]
fn what_is_done_about_an_incident_names_it() {
    let (place, server, mallory) = house();
    let open = json!({"name": "Leak", "since": "1h", "reason": "x", "suspects": {"credentials": ["openai"]}});
    server.post("/incidents", open.clone()).is(201);
    assert_eq!(server.get("/admin/status").ok()["incidents"], 1);
    let insight = server.get("/incidents/leak").ok();
    assert_eq!(insight["steps"][0]["step"], "rotate:openai");
    // By its header; a name that is none, or one too many, is refused before anything is done.
    let size = server.size();
    let with = |name: &str, incident: &str, other: Option<(&str, &str)>| {
        let mut request = server
            .request("POST", "/clients")
            .header("x-strongroom-incident", incident);
        if let Some((name, value)) = other {
            request = request.header(name, value);
        }
        crate::harness::Answer::of(request.json(&json!({"name": name})))
    };
    with("One", "laek", None).refused(404, "not_found");
    let both = ("x-correlation-id", "co_00000000000000000000000000000000");
    with("One", "leak", Some(both)).refused(400, "invalid_header");
    assert_eq!(server.size(), size);
    let made = with("One", "leak", None).is(201);
    let event = server.get(&format!("/audit/events/{}", made["position"])).ok();
    assert_eq!(event["correlation"], insight["incident"]["correlation"]);
    // More is suspected: an address has everything that came from it.
    let more = json!({"suspects": {"sources": ["127.0.0.0/8"]}});
    let widened = server.post("/incidents/leak/widen", more).ok();
    assert_eq!(widened["incident"]["suspects"]["sources"], json!(["127.0.0.0/8"]));
    let insight = server.get("/incidents/leak").ok();
    assert!(insight["acts"].as_u64().unwrap() > 10, "{insight}");
    let told = json!({"stewards": ["dev"], "reason": "by phone"});
    server.post("/incidents/leak/tell", told).ok();
    let steps = server.get("/incidents/leak").ok()["steps"].clone();
    let tell: Vec<&Value> = steps
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["kind"] == "tell")
        .collect();
    assert!(
        tell.iter().any(|it| it["step"] == "tell:dev" && it["state"] == "done"),
        "{tell:?}"
    );
    // Who reads everything reads it, and only who administers works on it.
    let auditor = json!({"principal": "Ada", "role": "auditor"});
    let auditor = server.post("/tokens", auditor).is(201)["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let auditor = server.with_token(&auditor);
    auditor.get("/incidents/leak").ok();
    auditor
        .post("/incidents/leak/close", json!({"reason": "x"}))
        .refused(403, "denied");
    let viewer = json!({"principal": "Vic", "role": "viewer"});
    let viewer = server.post("/tokens", viewer).is(201)["token"]
        .as_str()
        .unwrap()
        .to_owned();
    server.with_token(&viewer).get("/incidents/leak").refused(403, "denied");
    server.post("/incidents/leak/close", json!({"reason": "x"})).ok();
    with("Two", "leak", None).refused(409, "not_active");
    // A secret is no name of an incident.
    let mut secret = open;
    secret["name"] = json!("sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGH");
    server.post("/incidents", secret).problem();
    drop((place, mallory));
}

/// A token and what it was used for, one step further: a run's token, and a token that it was used to make for somebody else.
#[test]
fn what_came_of_a_suspected_token_is_found_also_behind_others() {
    let place = Place::new();
    let server = place.serve();
    Agency::build(&server);
    Agency::map(&server, "shop-a", "shopify-client-a");
    let of = |answer: &Value| answer["token"].as_str().unwrap().to_owned();
    let runner = json!({"principal": "Runner", "role": "service", "workspaces": ["shop-a"]});
    let runner = server.post("/tokens", runner).is(201);
    let run = json!({"workspace": "shop-a", "template": "orders"});
    let token = server.with_token(&of(&runner)).post("/tokens/run", run.clone()).is(201);
    server.with_token(&of(&token)).post("/resolve", run).ok();
    let admin = server
        .post("/tokens", json!({"principal": "Mallory", "role": "admin"}))
        .is(201);
    let helper = json!({"principal": "Helper", "role": "editor"});
    let helper = server.with_token(&of(&admin)).post("/tokens", helper).is(201);
    let renamed = json!({"description": "renamed by the helper"});
    let renamed = server
        .with_token(&of(&helper))
        .post("/credentials/openai/update", renamed)
        .ok();
    let open = |name: &str, token: &Value| {
        let suspects = json!({"tokens": [token["id"]]});
        let body = json!({"name": name, "since": "1h", "reason": "x", "suspects": suspects});
        server.post("/incidents", body).is(201);
        server.get(&format!("/incidents/{name}")).ok()
    };
    let of_run = open("run", &runner);
    assert!(
        of_run["steps"].to_string().contains("rotate:shopify-client-a"),
        "{of_run}"
    );
    let of_admin = open("admin", &admin);
    for step in ["disable:helper", "withdraw:", "revoke-token:"] {
        assert!(of_admin["steps"].to_string().contains(step), "{step}: {of_admin}");
    }
    let timeline = server.all("/audit/events?incident=admin");
    assert!(
        timeline.iter().any(|it| it["position"] == renamed["position"]),
        "{timeline:?}"
    );
}
