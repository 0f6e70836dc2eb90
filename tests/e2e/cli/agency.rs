//! The day of an agency: one export, two workflows, two clients, one rotation, and the question who did what.

use crate::harness::{Place, example};
use serde_json::{Value, json};

#[test]
#[expect(clippy::too_many_lines, reason = "one story from end to end")]
fn two_clients_share_one_key_and_keep_their_own() {
    let place = Place::new();
    let server = place.serve();
    let export = place.file("export.json", example("n8n-credentials.json"));
    let imported = place.json(&["import", "n8n", &export]);
    assert_eq!(imported["items"].as_array().unwrap().len(), 6, "{imported}");
    assert!(
        imported["items"]
            .as_array()
            .unwrap()
            .iter()
            .all(|item| item["action"] == "created"),
        "{imported}"
    );
    let flows: Vec<String> = ["orders", "support"]
        .iter()
        .map(|name| place.file(&format!("{name}.json"), example(&format!("n8n-workflow-{name}.json"))))
        .collect();
    let templates = place.json(&["template", "import", &flows[0], &flows[1]]);
    let template = templates["items"][0].clone();
    let handle = template["handle"].as_str().unwrap();
    for letter in ["A", "B"] {
        place.run(&["client", "create", &format!("Client {letter}")]).exits(0);
        place
            .run(&[
                "workspace",
                "create",
                &format!("Shop {letter}"),
                "--client",
                &format!("client-{}", letter.to_lowercase()),
                "--environment",
                "prod",
            ])
            .exits(0);
    }
    place
        .run(&["credential", "update", "shopify-client-a", "--client", "client-a"])
        .exits(0);
    let secret = place.file("b.txt", "shopify-of-b-Qk82nvX7\n");
    let subdomain = "shop_subdomain=client-b-shop";
    place
        .run(&[
            "credential",
            "create",
            "Shopify – Client B",
            "--service",
            "shopify",
            "--kind",
            "access_token",
            "--client",
            "client-b",
            "--secret",
            &format!("token=@{secret}"),
            "--destination",
            subdomain,
        ])
        .exits(0);
    fill_and_map(&place, &template, handle);

    let values = |shop: &str| place.json(&["resolve", shop, handle])["variables"].clone();
    let (a, b) = (values("shop-a"), values("shop-b"));
    let shopify = variable_of(&template, "shopify");
    let openai = variable_of(&template, "openai");
    assert_eq!(
        (&a[&shopify]["credential"], &b[&shopify]["credential"]),
        (&json!("shopify-client-a"), &json!("shopify-client-b"))
    );
    assert_eq!(a[&openai]["credential"], b[&openai]["credential"], "one key for both");
    place
        .run(&["map", "shop-b", handle, &shopify, "shopify-client-a"])
        .exits(2);

    let shared = a[&openai]["credential"].as_str().unwrap();
    let next = place.file("next.txt", "rotated-once-Zx81nvQ2\n");
    place
        .run(&[
            "credential",
            "rotate",
            shared,
            "--secret",
            &format!("api_key=@{next}"),
            "--reason",
            "monthly",
        ])
        .exits(0);
    for shop in ["shop-a", "shop-b"] {
        let seen = &values(shop)[&openai];
        assert_eq!(
            (&seen["fields"]["api_key"], &seen["version"]),
            (&json!("rotated-once-Zx81nvQ2"), &json!(2)),
            "{shop}"
        );
    }
    let log = place.json(&["audit", "log", "--credential", shared, "--type", "credential.rotated"]);
    let events = log["items"].as_array().unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(
        (&events[0]["actor"], &events[0]["reason"]),
        (&json!("dev"), &json!("monthly"))
    );
    let reads = place.json(&["audit", "log", "--type", "access.accessed", "--workspace", "shop-b"]);
    assert_eq!(reads["items"].as_array().unwrap().len(), 2, "{reads}");
    let shown = place.json(&["audit", "show", &events[0]["position"].to_string()]);
    assert_eq!(shown["type"], "credential.rotated");
    assert!(
        !place
            .run(&["audit", "log", "--limit", "500"])
            .exits(0)
            .out
            .contains("rotated-once")
    );
    assert!(place.json(&["verify"])["records"].as_u64().unwrap() > 20);
    server.stop();
    let offline = place
        .run(&["verify", "--data", place.data().to_str().unwrap(), "--output", "json"])
        .exits(0)
        .json();
    assert_eq!(offline["ok"], true, "{offline}");
    place
        .run(&["keys", "check", "--data", place.data().to_str().unwrap()])
        .exits(0);
}

/// The name of the template's first variable for a service.
fn variable_of(template: &Value, service: &str) -> String {
    let found = template["variables"]
        .as_array()
        .unwrap()
        .iter()
        .find(|variable| variable["service"] == service);
    found.unwrap_or_else(|| panic!("no variable for {service}: {template}"))["name"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// Sets the template up in both shops: Shopify by client, everything else with what is there, or made for it.
fn fill_and_map(place: &Place, template: &Value, handle: &str) {
    let mut maps: Vec<[String; 2]> = Vec::new();
    let listed = place.json(&["credential", "list"]);
    let credentials = listed["items"].as_array().unwrap();
    for (number, variable) in template["variables"].as_array().unwrap().iter().enumerate() {
        let (name, service) = (
            variable["name"].as_str().unwrap(),
            variable["service"].as_str().unwrap(),
        );
        if service == "shopify" {
            maps.push([format!("{name}=shopify-client-a"), format!("{name}=shopify-client-b")]);
            continue;
        }
        let kinds: Vec<&str> = variable["kinds"]
            .as_array()
            .unwrap()
            .iter()
            .map(|kind| kind.as_str().unwrap())
            .collect();
        let scopes = variable["scopes"].as_array().is_some_and(|scopes| !scopes.is_empty());
        let fits = |it: &&Value| {
            it["service"] == service
                && (kinds.is_empty() || kinds.contains(&it["kind"].as_str().unwrap()))
                && it["client"].is_null()
                && !scopes
        };
        let chosen = match credentials.iter().find(fits) {
            Some(credential) => credential["handle"].as_str().unwrap().to_owned(),
            None => make(
                place,
                number,
                service,
                kinds.first().copied().unwrap_or("custom"),
                &variable["scopes"],
            ),
        };
        maps.push([format!("{name}={chosen}"), format!("{name}={chosen}")]);
    }
    for (index, shop) in ["shop-a", "shop-b"].iter().enumerate() {
        let mut arguments = vec!["setup", shop, handle];
        for map in &maps {
            arguments.extend(["--map", &map[index]]);
        }
        place.run(&arguments).exits(0);
    }
}

/// Makes a credential that fits a variable.
fn make(place: &Place, number: usize, service: &str, kind: &str, scopes: &Value) -> String {
    let handle = format!("made-{number}");
    let secret = place.file(&format!("made-{number}.txt"), format!("made-{number}-Qk82nvX7mW\n"));
    let (field, more): (&str, &[&str]) = match kind {
        "access_token" => ("token", &[]),
        "api_key" => ("api_key", &[]),
        "basic" => ("password", &["--field", "username=mia"]),
        "oauth2" => ("access_token", &[]),
        _ => ("value", &[]),
    };
    let secret = format!("{field}=@{secret}");
    let mut arguments = vec![
        "credential",
        "create",
        &handle,
        "--service",
        service,
        "--kind",
        kind,
        "--handle",
        &handle,
        "--secret",
        &secret,
    ];
    arguments.extend(more);
    for scope in scopes.as_array().into_iter().flatten() {
        arguments.extend(["--scope", scope.as_str().unwrap()]);
    }
    place.run(&arguments).exits(0);
    handle
}
