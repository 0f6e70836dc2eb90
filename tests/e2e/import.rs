//! Credentials and workflows of other systems.

use crate::harness::{Place, Server, example, files, top, workflow};
use serde_json::{Map, Value, json};
use std::path::PathBuf;

fn serve() -> (Place, Server) {
    let place = Place::new();
    let server = place.serve();
    (place, server)
}

fn actions(answer: &Value) -> Vec<&str> {
    answer["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["action"].as_str().unwrap())
        .collect()
}

fn export() -> Value {
    serde_json::from_str(&example("n8n-credentials.json")).unwrap()
}

#[track_caller]
fn import(server: &Server, document: &Value) -> Value {
    server
        .post("/import", json!({"format": "n8n", "document": document}))
        .ok()
}

#[track_caller]
fn reveal(server: &Server, handle: &str) -> Value {
    server
        .post(&format!("/credentials/{handle}/reveal"), json!({"reason": "a test"}))
        .ok()["fields"]
        .clone()
}

#[test]
fn an_export_is_one_step_and_the_second_time_nothing() {
    let (_place, server) = serve();
    let size = server.size();
    let first = import(&server, &export());
    assert_eq!(actions(&first), ["created"; 6], "{first}");
    assert_eq!(
        (first["position"].as_u64(), server.size() - size),
        (Some(size), first["events"].as_u64().unwrap())
    );
    let by_name = |name: &str| {
        first["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|item| item["name"] == name)
            .unwrap()
            .clone()
    };
    let shopify = by_name("Shopify – Client A");
    assert_eq!(
        (&shopify["service"], &shopify["source_id"]),
        (&json!("shopify"), &json!("demoCred00000001"))
    );
    let fields = reveal(&server, shopify["handle"].as_str().unwrap());
    assert!(
        fields.to_string().contains("demo-shop-token-for-client-a") && fields.to_string().contains("demo-client-a"),
        "{fields}"
    );
    let got = server
        .get(&format!("/credentials/{}", shopify["handle"].as_str().unwrap()))
        .ok();
    assert_eq!(got["source"], json!({"system": "n8n", "id": "demoCred00000001"}));
    assert!(!got.to_string().contains("demo-shop-token"), "{got}");
    let postgres = reveal(&server, by_name("Orders database")["handle"].as_str().unwrap());
    assert_eq!(
        (&postgres["port"], &postgres["password"]),
        (&json!(5432), &json!("demo-database-password")),
        "a number stays one: {postgres}"
    );
    let gmail = by_name("Gmail – Client A shop");
    assert_eq!(
        gmail["service"]
            .as_str()
            .map(|service| service.contains("gmail") || service.contains("google")),
        Some(true),
        "{gmail}"
    );
    assert!(
        reveal(&server, gmail["handle"].as_str().unwrap())
            .to_string()
            .contains("demo-google-refresh-token")
    );

    let size = server.size();
    let second = import(&server, &export());
    assert_eq!(actions(&second), ["unchanged"; 6], "{second}");
    assert!(second["position"].is_null());
    assert_eq!(server.size(), size, "nothing changed");
}

#[test]
fn a_dry_run_says_what_would_be_done() {
    let (_place, server) = serve();
    let size = server.size();
    let answer = server
        .post(
            "/import",
            json!({"format": "n8n", "document": export(), "dry_run": true}),
        )
        .ok();
    assert_eq!(
        (actions(&answer), &answer["dry_run"]),
        (vec!["created"; 6], &json!(true))
    );
    assert_eq!(server.size(), size);
    assert!(server.all("/credentials").is_empty());
}

#[test]
fn a_changed_value_is_proposed_as_a_rotation() {
    let (place, server) = serve();
    import(&server, &export());
    let mut changed = export();
    changed[1]["data"]["apiKey"] = json!("demo-openai-key-rotated-elsewhere");
    let size = server.size();
    let answer = import(&server, &changed);
    assert_eq!(
        actions(&answer),
        [
            "unchanged",
            "rotation_proposed",
            "unchanged",
            "unchanged",
            "unchanged",
            "unchanged"
        ]
    );
    assert_eq!(server.size(), size, "proposed, not done");
    assert_eq!(server.all("/credentials").len(), 6, "never a second credential");
    let file = place.file("changed.json", changed.to_string());
    let ran = place.run(&["import", "n8n", &file]).exits(0);
    let handle = answer["items"][1]["handle"].as_str().unwrap();
    assert!(
        ran.err.contains(handle) && ran.err.contains("--rotate"),
        "a person is told how: {}",
        ran.err
    );
    let rotated = place.json(&["import", "n8n", &file, "--rotate"]);
    assert_eq!(actions(&rotated)[1], "rotated", "{rotated}");
    assert_eq!(reveal(&server, handle)["api_key"], "demo-openai-key-rotated-elsewhere");
    assert_eq!(server.get(&format!("/credentials/{handle}")).ok()["version"], 2);
    assert_eq!(actions(&import(&server, &changed)), ["unchanged"; 6]);
}

/// An editor enters values and reads none: a dry run must not tell him whether a guess is right.
#[test]
fn who_may_not_read_a_value_can_not_guess_it_without_a_record() {
    let (place, server) = serve();
    import(&server, &export());
    let issued = server
        .post("/tokens", json!({"principal": "Edda", "role": "editor"}))
        .is(201);
    let edda = server.with_token(issued["token"].as_str().unwrap());
    let mut changed = export();
    changed[1]["data"]["apiKey"] = json!("demo-openai-key-rotated-elsewhere");
    let size = server.size();
    let ask = |document: &Value, more: Value| {
        let mut body = json!({"format": "n8n", "document": document});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        edda.post("/import", body)
    };
    for more in [
        json!({"dry_run": true}),
        json!({"dry_run": true, "rotate": true}),
        json!({}),
    ] {
        let (right, wrong) = (ask(&export(), more.clone()).ok(), ask(&changed, more.clone()).ok());
        assert_eq!(actions(&right), ["held"; 6], "{more}");
        assert_eq!(
            right["items"], wrong["items"],
            "a right guess looks like a wrong one: {more}"
        );
    }
    // Nor does a precondition that fails tell it.
    let guess = |document: &Value| {
        let body = json!({"format": "n8n", "document": document, "rotate": true});
        let request = edda.request("POST", "/import").header("if-match", "\"999\"");
        crate::harness::Answer::of(request.json(&body)).status
    };
    assert_eq!(guess(&export()), guess(&changed));
    assert_eq!(server.size(), size);

    let rotated = ask(&changed, json!({"rotate": true})).ok();
    assert_eq!(actions(&rotated)[1], "rotated", "{rotated}");
    assert_eq!(
        actions(&rotated)
            .iter()
            .filter(|action| **action == "unchanged")
            .count(),
        5
    );
    assert_eq!(server.size(), size + 1, "what is told is on the record");
    let handle = rotated["items"][1]["handle"].as_str().unwrap();
    assert_eq!(reveal(&server, handle)["api_key"], "demo-openai-key-rotated-elsewhere");
    let file = place.file("changed.json", changed.to_string());
    let mut command = place.command();
    command
        .args(["import", "n8n", &file, "--dry-run"])
        .env("STRONGROOM_TOKEN", issued["token"].as_str().unwrap());
    let told = crate::harness::Ran::of(command, "").exits(0);
    assert!(
        told.err.contains("6 held") && told.err.contains("--rotate"),
        "{}",
        told.err
    );
}

#[test]
fn a_secret_that_is_held_already_is_named() {
    let (_place, server) = serve();
    let body = json!({"name": "Mine", "service": "openai", "kind": "api_key", "fields": {"api_key": "demo-openai-key-of-the-agency"}});
    server.post("/credentials", body).is(201);
    let answer = import(&server, &export());
    assert_eq!(actions(&answer)[1], "duplicate", "{answer}");
    assert!(
        answer["items"][1].to_string().contains("mine"),
        "the holder is named: {}",
        answer["items"][1]
    );
    assert_eq!(server.all("/credentials").len(), 6);
}

#[test]
fn a_bad_file_changes_nothing_at_all() {
    let (place, server) = serve();
    let mut bad: Vec<(&str, Value)> = Vec::new();
    let with = |change: fn(&mut Value)| {
        let mut document = export();
        change(&mut document);
        document
    };
    bad.push((
        "no name",
        with(|document| drop(document[5].as_object_mut().unwrap().remove("name"))),
    ));
    bad.push((
        "no data",
        with(|document| drop(document[5].as_object_mut().unwrap().remove("data"))),
    ));
    bad.push(("data is a number", with(|document| document[5]["data"] = json!(77))));
    bad.push((
        "an id twice",
        with(|document| document[5]["id"] = document[0]["id"].clone()),
    ));
    bad.push((
        "encrypted without a key",
        with(|document| document[5]["data"] = json!("U2FsdGVkX19hYWFhYWFhYQ==")),
    ));
    bad.push(("a text", json!("hello")));
    bad.push(("a workflow", workflow("W", &[("openAiApi", "1", "A")])));
    bad.push((
        "a name with a control character",
        with(|document| document[5]["name"] = json!("a\u{7}b")),
    ));
    let size = server.size();
    for (what, document) in bad {
        let answer = server.post("/import", json!({"format": "n8n", "document": document}));
        assert!(
            matches!(answer.status, 400 | 409 | 422),
            "{what}: {} {}",
            answer.status,
            answer.text()
        );
        assert!(
            !answer.text().contains("demo-"),
            "{what}: no value is repeated: {}",
            answer.text()
        );
        answer.problem();
    }
    let file = place.file("cut.json", &example("n8n-credentials.json")[..900]);
    let ran = place.run(&["import", "n8n", &file]).exits(2);
    assert!(!ran.err.contains("demo-shop-token"), "{}", ran.err);
    server
        .post("/import", json!({"format": "vault", "document": []}))
        .problem();
    assert_eq!(server.size(), size);
    assert!(server.all("/credentials").is_empty());
}

/// Made with `openssl enc -aes-256-cbc -md md5 -salt -a -A -pass pass:fixture-instance-key`, as n8n does it.
const ENCRYPTED: [(&str, &str, &str, &str); 2] = [
    (
        "encCred1",
        "OpenAI – encrypted",
        "openAiApi",
        "U2FsdGVkX19uznaBGfuAoKuj96SP5IBPj/PFMn/wf46Z9jtR2+zbxFigPW7bM8m+l/+i8s0dIxPBjIAs6xQm5iVu3ZtJdTp4BnQSP3AnmP/fUWCKkS2vj1Wa63Wc4QGX",
    ),
    (
        "encCred2",
        "Shopify – encrypted",
        "shopifyAccessTokenApi",
        "U2FsdGVkX18hIYyCuWgVbsa5gMBQX4NNTtfVRApygSTJLgDZnBJCzGUI7vFHd0jNJlHE5ZtoA3IR3agGuQLMcJbgb3lb8DqcFfCyG+hiYVC8SV4KM9n3/ecfJKOlKDsYc74sMnrKDO2hKo17uFqy7+TF7oXe0Ry2iXs5XYdE75U=",
    ),
];
const INSTANCE_KEY: &str = "fixture-instance-key";

fn encrypted() -> Value {
    let entry = |(id, name, kind, data): &(&str, &str, &str, &str)| json!({"id": id, "name": name, "type": kind, "data": data, "isManaged": false});
    ENCRYPTED.iter().map(entry).collect()
}

#[test]
fn an_encrypted_export_opens_with_its_key_and_no_other() {
    let (place, server) = serve();
    let file = place.file("encrypted.json", encrypted().to_string());
    let size = server.size();
    for wrong in ["fixture-instance-kex", "x"] {
        let key = place.file("wrong.key", wrong);
        let ran = place
            .run(&["import", "n8n", &file, "--encryption-key", &format!("@{key}")])
            .exits(2);
        assert!(!ran.err.contains(wrong) || wrong == "x", "{}", ran.err);
    }
    place.run(&["import", "n8n", &file]).exits(2);
    place
        .run(&["import", "n8n", &file, "--encryption-key", INSTANCE_KEY])
        .exits(1);
    assert_eq!(server.size(), size);
    let key = place.file("right.key", format!("{INSTANCE_KEY}\n"));
    let done = place.json(&["import", "n8n", &file, "--encryption-key", &format!("@{key}")]);
    assert_eq!(actions(&done), ["created"; 2]);
    let openai = reveal(&server, done["items"][0]["handle"].as_str().unwrap());
    assert_eq!(openai["api_key"], "enc-openai-Qx81nvK2", "{openai}");
    assert!(
        reveal(&server, done["items"][1]["handle"].as_str().unwrap())
            .to_string()
            .contains("enc-shopify-Vw73mLp5")
    );
    let again = place.json(&["import", "n8n", &file, "--encryption-key", &format!("@{key}")]);
    assert_eq!(actions(&again), ["unchanged"; 2]);
}

#[test]
fn a_type_that_nobody_knows_is_custom_and_all_secret() {
    let (_place, server) = serve();
    let document = json!([{"id": "u1", "name": "House system", "type": "houseSystemApi", "data": {"region": "eu", "key": "house-Qk82nvX7", "depth": {"a": 1}}}]);
    let answer = import(&server, &document);
    assert_eq!(
        (&answer["items"][0]["kind"], actions(&answer)),
        (&json!("custom"), vec!["created"])
    );
    assert!(
        !answer["items"][0]["warnings"].as_array().unwrap().is_empty(),
        "{answer}"
    );
    let got = server.get("/credentials/house-system").ok();
    assert!(
        got["fields"]
            .as_array()
            .unwrap()
            .iter()
            .all(|field| field["class"] == "secret"),
        "{got}"
    );
    assert_eq!(reveal(&server, "house-system")["depth"], json!({"a": 1}));
}

#[test]
fn a_hardcoded_secret_is_refused_by_pointer_also_on_the_command_line() {
    let (place, server) = serve();
    let key = "sk_live_51Nq8xKwZ7hVt2Lm9PdRfYbGcJ4";
    let mut leaky = workflow("Leaky", &[("openAiApi", "id-a", "A")]);
    leaky["nodes"][0]["parameters"] = json!({"jsCode": format!("const key = '{key}';")});
    let file = place.file("leaky.json", leaky.to_string());
    let size = server.size();
    let refused = place.run(&["template", "import", &file, "--output", "json"]).exits(2);
    let said = format!("{}{}", refused.out, refused.err);
    assert!(
        said.contains("/nodes/0/parameters/jsCode") && !said.contains(key),
        "{said}"
    );
    place.run(&["template", "import", &file, "--allow-hardcoded"]).exits(1);
    assert_eq!(server.size(), size);
    let done = place.json(&[
        "template",
        "import",
        &file,
        "--allow-hardcoded",
        "--reason",
        "a public demo key",
    ]);
    let event = server
        .get(&format!("/audit/events/{}", done["items"][0]["position"]))
        .ok();
    assert_eq!(event["reason"], "a public demo key");
    assert!(
        event.to_string().contains("/nodes/0/parameters/jsCode") && !event.to_string().contains(key),
        "{event}"
    );
}

#[test]
fn old_and_new_references_become_variables() {
    let (_place, server) = serve();
    let mut document = workflow("Mixed", &[("openAiApi", "id-1", "The author's OpenAI")]);
    document["nodes"].as_array_mut().unwrap().push(json!({"name": "Old", "type": "n8n-nodes-base.slack", "credentials": {"slackApi": "Slack of the author"}, "parameters": {}}));
    document["pinData"] = json!({"Old": [{"json": {"mail": "jane@pinned.example"}}]});
    document["meta"] = json!({"instanceId": "a".repeat(64)});
    let made = server
        .post("/templates", json!({"document": document, "format": "n8n"}))
        .is(201);
    let names: Vec<_> = made["variables"]
        .as_array()
        .unwrap()
        .iter()
        .map(|variable| variable["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["OPEN_AI_API", "SLACK_API"]);
    let text = server.get("/templates/mixed/document").text();
    for private in ["of the author", "author's", "id-1", "pinned.example", &"a".repeat(64)] {
        assert!(!text.contains(private), "{private}: {text}");
    }
}

#[test]
fn workflows_of_one_name_are_all_imported_and_the_same_one_is_not() {
    let (place, _server) = serve();
    let flow = |id: &str| workflow("Set Workflow", &[("openAiApi", id, "A")]);
    let mut other = flow("id-2");
    other["nodes"][0]["name"] = json!("Another node");
    let paths = [
        place.file("one.json", flow("id-1").to_string()),
        place.file("two.json", other.to_string()),
    ];
    let imported = place.json(&["template", "import", &paths[0], &paths[1]]);
    let handles: Vec<_> = imported["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["handle"].clone())
        .collect();
    assert_eq!(handles, [json!("set-workflow"), json!("set-workflow-2")], "{imported}");
    let again = place
        .run(&["template", "import", &paths[0], "--output", "json"])
        .exits(2);
    assert!(
        format!("{}{}", again.out, again.err).contains("set-workflow"),
        "{} {}",
        again.out,
        again.err
    );
}

/// All workflows of a folder named by `STRONGROOM_WORKFLOWS` and those of `examples/` become templates, or are refused
/// for a secret in them by its place.
#[test]
#[expect(clippy::too_many_lines, reason = "one folder from end to end")]
fn every_workflow_of_a_folder_imports() {
    let (_place, server) = serve();
    let mut found: Vec<PathBuf> = files(&top().join("examples"))
        .into_iter()
        .filter(|path| path.to_str().unwrap().contains("workflow"))
        .collect();
    if let Some(folder) = std::env::var_os("STRONGROOM_WORKFLOWS") {
        found.extend(
            files(&PathBuf::from(folder))
                .into_iter()
                .filter(|path| path.extension().is_some_and(|ending| ending == "json")),
        );
    }
    let (mut imported, mut leaky) = (0, 0);
    for path in &found {
        let document: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let authors = names_of_authors(&document);
        let without = without_references(&document);
        let answer = server.post(
            "/templates",
            json!({"document": document, "format": "n8n", "name": format!("Workflow {imported}-{leaky}")}),
        );
        match answer.status {
            201 => {
                let handle = answer.body["handle"].as_str().unwrap();
                let text = server.get(&format!("/templates/{handle}/document")).text();
                let stored: Value = serde_json::from_str(&text).unwrap();
                let variables: Vec<&str> = answer.body["variables"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|variable| variable["name"].as_str().unwrap())
                    .collect();
                for reference in references(&stored) {
                    assert!(
                        variables.contains(&reference["id"].as_str().unwrap()),
                        "{}: {reference}",
                        path.display()
                    );
                }
                for name in authors.iter().filter(|name| !without.contains(name.as_str())) {
                    assert!(
                        !text.contains(name.as_str()),
                        "{}: an author's name stands in it",
                        path.display()
                    );
                }
                imported += 1;
            }
            422 => {
                assert_eq!(
                    answer.kind(),
                    "hardcoded_secret",
                    "{}: {}",
                    path.display(),
                    answer.text()
                );
                assert!(
                    answer.text().contains("/nodes/") || answer.text().contains("pointer"),
                    "{}",
                    answer.text()
                );
                leaky += 1;
            }
            _ => panic!("{}: {} {}", path.display(), answer.status, answer.text()),
        }
    }
    println!(
        "import: {} workflows, {imported} imported, {leaky} refused for a secret in them",
        found.len()
    );
    assert!(imported >= 2);
}

/// What nodes refer to.
fn references(document: &Value) -> Vec<&Value> {
    let nodes = document["nodes"].as_array().into_iter().flatten();
    nodes
        .filter_map(|node| node["credentials"].as_object())
        .flat_map(|credentials| credentials.values())
        .collect()
}

/// What the author called the credentials, as it stands in JSON text.
fn names_of_authors(document: &Value) -> Vec<String> {
    let names = references(document)
        .into_iter()
        .filter_map(|of| of.as_str().or(of["name"].as_str()));
    names
        .map(|name| json!(name).to_string().trim_matches('"').to_owned())
        .filter(|name| name.len() > 3)
        .collect()
}

/// The document's text but for what its references say, pinned data and instance; the types stay.
fn without_references(document: &Value) -> String {
    let mut document = document.clone();
    for node in document["nodes"].as_array_mut().into_iter().flatten() {
        let references = node["credentials"]
            .as_object_mut()
            .into_iter()
            .flat_map(Map::values_mut);
        references.for_each(|reference| *reference = Value::Null);
    }
    for member in ["pinData", "meta"] {
        document.as_object_mut().map(|document| document.remove(member));
    }
    document.to_string()
}

/// A file of each format in a shape like its exporter's, with the value in it that is looked for.
fn foreign() -> Vec<(&'static str, &'static str, String, &'static str)> {
    let json = |value: Value| value.to_string();
    vec![
        (
            "dotenv",
            ".env",
            "export STRIPE_SECRET_KEY='Zq81-one'\n".to_owned(),
            "Zq81-one",
        ),
        (
            "1password",
            "1p.csv",
            "Title,Url,Username,Password,OTPAuth,Favorite,Archived,Tags,Notes\nShop,,ada,Zq81-two,,,,,\n".to_owned(),
            "Zq81-two",
        ),
        (
            "bitwarden",
            "bw.json",
            json(json!({"encrypted": false, "folders": [], "items": [{
                "id": "b1", "type": 1, "name": "ERP", "notes": null, "fields": [],
                "login": {"username": "ada", "password": "Zq81-three", "totp": null, "uris": []},
            }]})),
            "Zq81-three",
        ),
        (
            "vault",
            "kv.json",
            json(json!({"secret/crm": {"token": "Zq81-four"}})),
            "Zq81-four",
        ),
        (
            "infisical",
            "inf.json",
            json(json!([{"key": "CRM_TOKEN", "value": "Zq81-five", "secretPath": "/"}])),
            "Zq81-five",
        ),
        (
            "doppler",
            "dop.json",
            json(json!({"QUEUE_PASSWORD": "Zq81-six"})),
            "Zq81-six",
        ),
        (
            "airflow",
            "air.json",
            json(json!({"warehouse": {
                "conn_type": "postgres", "description": "", "login": "ada", "password": "Zq81-seven",
                "host": "db.example.com", "port": 5432, "schema": "x", "extra": "",
            }})),
            "Zq81-seven",
        ),
        (
            "windmill",
            "wm.json",
            json(
                json!({"variables": [{"path": "f/shop/key", "value": "Zq81-eight", "is_secret": true}], "resources": []}),
            ),
            "Zq81-eight",
        ),
    ]
}

#[test]
fn every_format_is_one_step_and_the_second_time_nothing() {
    let (place, server) = serve();
    server.post("/clients", json!({"name": "Client A"})).is(201);
    for (format, name, content, value) in foreign() {
        let file = place.file(name, &content);
        let arguments = ["import", format, &file, "--client", "client-a"];
        let before = server.size();
        let planned = place.json(&[&arguments[..], &["--dry-run"]].concat());
        assert_eq!(
            (actions(&planned), server.size()),
            (vec!["created"], before),
            "{format}: {planned}"
        );
        let first = place.json(&arguments);
        assert_eq!(actions(&first), ["created"], "{format}: {first}");
        let handle = first["items"][0]["handle"].as_str().unwrap();
        let fields = reveal(&server, handle);
        assert!(fields.to_string().contains(value), "{format}: {fields}");
        let got = server.get(&format!("/credentials/{handle}")).ok();
        assert_eq!(got["client"], "client-a", "{format}");
        assert!(!got.to_string().contains(value), "{format}: a value is no plain field");
        let size = server.size();
        assert_eq!(actions(&place.json(&arguments)), ["unchanged"], "{format}");
        assert_eq!(server.size(), size, "{format}: the second time nothing is written");
    }
}

#[test]
fn a_bad_file_of_any_format_changes_nothing_and_is_not_repeated() {
    let (place, server) = serve();
    for (format, name, content, value) in foreign() {
        // Cut in its middle, behind the value or before.
        let cut = content.find(value).unwrap() + value.len();
        let bad = format!("{}\"\u{1}", &content[..cut]);
        let file = place.file(&format!("bad-{name}"), bad);
        let size = server.size();
        let ran = place.run(&["import", format, &file]);
        assert_ne!(ran.code, 0, "{format}: {}", ran.out);
        assert!(
            !ran.err.contains(value) && !ran.out.contains(value),
            "{format}: {}",
            ran.err
        );
        assert_eq!(server.size(), size, "{format}");
    }
}

/// A zip in the shape of 1Password's: export.attributes, export.data with one token, an attachment.
const PUX: &str = "\
UEsDBBQAAAAIAAAAYV2x+AZDDwAAAA0AAAARAAAAZXhwb3J0LmF0dHJpYnV0ZXOrVipLLSrOzM9TsjKuBQBQSwMEFAAAAAgAAABhXXQM4XW2AA\
AAPAEAAAsAAABleHBvcnQuZGF0YW2PMQ7CMAxFr1J5hqFMiI2FG7CAOripQRYmgdQpoKp3JzEVYkBZnP+/n+0R0LmQvPawqY4joGos5TgtKhgw\
yV+Dla6znhJ3uYJUQzZ6RaXyRac8UJFcVs4hvvZzsK5XRe5IkcWIIOHMfscknUGbAqIMCH4eoqxi2NJ5+gZ/DA0X8sX9DHmCrS+JbIAL3hEKmX\
e4r+vlLT1hmpr8cjAMFAemh2W/yC1HxVaoarG3S1IU2+HT10xvUEsDBBQAAAAIAAAAYV1VxDsBDwAAAA0AAAASAAAAZmlsZXMvdTlfX3BsYW4u\
dHh0S8xTSCwpSUzOyE3NKwEAUEsBAhQDFAAAAAgAAABhXbH4BkMPAAAADQAAABEAAAAAAAAAAAAAAIABAAAAAGV4cG9ydC5hdHRyaWJ1dGVzUE\
sBAhQDFAAAAAgAAABhXXQM4XW2AAAAPAEAAAsAAAAAAAAAAAAAAIABPgAAAGV4cG9ydC5kYXRhUEsBAhQDFAAAAAgAAABhXVXEOwEPAAAADQAA\
ABIAAAAAAAAAAAAAAIABHQEAAGZpbGVzL3U5X19wbGFuLnR4dFBLBQYAAAAAAwADALgAAABcAQAAAAA=";

#[test]
fn a_1pux_is_imported_as_it_is_from_a_file_and_from_stdin() {
    use base64::Engine as _;
    let place = Place::new();
    let server = place.serve();
    let pux = base64::engine::general_purpose::STANDARD.decode(PUX).unwrap();
    let file = place.file("export.1pux", &pux);
    let import = ["import", "1password", &file, "--output", "json"];
    let first = place.run(&import).exits(0).json();
    assert_eq!(first["items"][0]["action"], "created", "{first}");
    let handle = first["items"][0]["handle"].as_str().unwrap();
    let revealed = server
        .post(
            &format!("/credentials/{handle}/reveal"),
            json!({"reason": "is it the value?"}),
        )
        .ok();
    assert_eq!(revealed["fields"]["token"], "Zq81-pux");
    let mut command = place.command();
    command.args(["import", "1password", "-", "--output", "json"]);
    command.stdin(std::fs::File::open(&file).unwrap());
    let output = command.output().unwrap();
    let second: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(second["items"][0]["action"], "unchanged", "{second}");
    // What a shell's <(unzip -p …) gives can be read once only.
    let pipe = place.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let writer = {
        let pipe = pipe.clone();
        std::thread::spawn(move || std::fs::write(pipe, "Title,Password\nCRM,Zq81-piped\n"))
    };
    let piped = place.run(&["import", "1password", pipe.to_str().unwrap(), "--output", "json"]);
    writer.join().unwrap().unwrap();
    assert_eq!(piped.exits(0).json()["items"][0]["action"], "created");
    let size = server.size();
    let other = place.run(&["import", "bitwarden", &file]).exits(2);
    assert!(other.err.contains("is a zip"), "{}", other.err);
    let cut = place.file("cut.1pux", &pux[..pux.len() / 2]);
    let cut = place.run(&["import", "1password", &cut]).exits(2);
    assert!(
        cut.err.contains("the zip can't be read") && !cut.err.contains("Zq81"),
        "{}",
        cut.err
    );
    assert_eq!(server.size(), size);
}
