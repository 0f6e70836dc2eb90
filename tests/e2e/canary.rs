//! Two hundred random secrets go through everything that takes one; then no byte of any is found where none may be.

mod scan; // many texts in many bytes

use crate::harness::{Agency, Answer, Place, Random, Server, files};
use scan::Needles;
use serde_json::{Value, json};
use strongroom_proof::dump::DumpReader;
use strongroom_proof::record::RecordRef;
use strongroom_seal::{RootKey, keyfile, open_history};

const SECRETS: usize = 200;

/// What the program said that may hold no secret.
#[derive(Default)]
struct Said(Vec<(String, Vec<u8>)>);

impl Said {
    fn note(&mut self, what: &str, answer: Answer) -> Value {
        self.0
            .push((format!("{what}: {}", answer.status), answer.bytes.clone()));
        for (name, value) in &answer.headers {
            self.0
                .push((format!("{what}: header {name}"), value.as_bytes().to_vec()));
        }
        answer.body
    }
}

#[test]
fn no_secret_is_anywhere_but_in_secret_parts() {
    let (mut random, seed) = Random::seeded();
    let secrets: Vec<String> = (0..SECRETS).map(|_| secret(&mut random)).collect();
    let place = Place::new();
    let server = place.serve_with(&[], &[("STRONGROOM_LOG", "trace")]);
    Agency::build(&server);
    let mut said = Said::default();
    let (made, rest) = secrets.split_at(70);
    let (rotated, rest) = rest.split_at(60);
    let (imported, refused) = rest.split_at(40);
    create(&server, made, &mut said);
    rotate(&place, &server, rotated, &mut said);
    import(&place, &server, imported, &mut said);
    refuse(&server, refused, &mut said);
    serve(&server, &secrets, &mut said);
    ask(&place, &server, &mut said);
    server.kill9();
    // What a kill leaves behind, then what a clean stop does.
    let mut places = scan_files(&place, &secrets, seed);
    let server = place.serve_with(&[], &[("STRONGROOM_LOG", "trace")]);
    said.note("credentials", server.get("/credentials?limit=500"));
    server.stop();
    places += scan_files(&place, &secrets, seed);
    let needles = Needles::of(&secrets);
    let mut bytes = 0;
    for (what, text) in &said.0 {
        bytes += text.len();
        assert_eq!(
            needles.find(text),
            None,
            "seed {seed}: in {what}: {}",
            String::from_utf8_lossy(text)
        );
    }
    let opened = open_all_histories(&place, &needles, seed);
    println!(
        "canary: {SECRETS} secrets, {places} files, {} answers of {bytes} bytes, {opened} history parts opened: none found, seed {seed}",
        said.0.len()
    );
}

/// A secret as people have them: no format that anybody knows, signs that every encoding writes in its own way.
fn secret(random: &mut Random) -> String {
    let signs = ["+", "/", "=", "&", "%", " ", "\"", "\\", "ü", "~", "<", "'"];
    let (a, b) = (signs[random.index(signs.len())], signs[random.index(signs.len())]);
    format!("{}{a}{}{b}{}", random.text(12), random.text(9), random.text(11))
}

fn credential(number: usize, secret: &str) -> Value {
    match number % 4 {
        0 => {
            json!({"name": format!("Canary {number}"), "service": "openai", "kind": "api_key", "fields": {"api_key": secret}})
        }
        1 => {
            json!({"name": format!("Canary {number}"), "service": "smtp", "kind": "basic", "fields": {"username": "mia", "password": secret}})
        }
        2 => {
            json!({"name": format!("Canary {number}"), "service": "acme-internal", "kind": "custom", "fields": {"note": "plain", "deep": json!({"a": [secret]}).to_string()}, "json": ["deep"], "plain": ["note"]})
        }
        _ => {
            json!({"name": format!("Canary {number}"), "service": "acme-internal", "kind": "client_credentials", "fields": {"client_id": "id", "client_secret": secret, "token_url": "https://login.example.com/token"}})
        }
    }
}

fn create(server: &Server, secrets: &[String], said: &mut Said) {
    for (number, secret) in secrets.iter().enumerate() {
        let request = server
            .request("POST", "/credentials")
            .header("Idempotency-Key", format!("canary-{number}"));
        let answer = Answer::of(request.json(&credential(number, secret)));
        assert_eq!(answer.status, 201, "{}", answer.text());
        said.note("created", answer);
    }
    // The same again: answers made from the log, and other bodies under the same key.
    for (number, secret) in secrets.iter().enumerate().step_by(7) {
        let request = server
            .request("POST", "/credentials")
            .header("Idempotency-Key", format!("canary-{number}"));
        said.note("repeated", Answer::of(request.json(&credential(number, secret))));
        let request = server
            .request("POST", "/credentials")
            .header("Idempotency-Key", format!("canary-{number}"));
        said.note(
            "another body",
            Answer::of(request.json(&credential(number + 1, secret))),
        );
        said.note("duplicate", server.post("/credentials", json!({"name": format!("Twin {number}"), "service": "openai", "kind": "api_key", "fields": {"api_key": secret}})));
    }
}

fn rotate(place: &Place, server: &Server, secrets: &[String], said: &mut Said) {
    for (number, secret) in secrets.iter().enumerate() {
        let (handle, field) = match number % 4 {
            0 => (format!("canary-{number}"), "api_key"),
            1 => (format!("canary-{number}"), "password"),
            2 => ("openai".to_owned(), "api_key"),
            _ => (format!("canary-{number}"), "client_secret"),
        };
        if number % 10 == 0 {
            let file = place
                .path()
                .parent()
                .unwrap()
                .join(format!("{}-value", place.path().file_name().unwrap().to_str().unwrap()));
            std::fs::write(&file, secret).unwrap();
            let ran = place
                .run(&[
                    "credential",
                    "rotate",
                    &handle,
                    "--secret",
                    &format!("{field}=@{}", file.display()),
                ])
                .exits(0);
            std::fs::remove_file(file).unwrap();
            said.0
                .push(("rotated on the command line".into(), (ran.out + &ran.err).into_bytes()));
            continue;
        }
        let answer = server.post(
            &format!("/credentials/{handle}/rotate"),
            json!({"fields": {field: secret}}),
        );
        assert_eq!(answer.status, 200, "{}", answer.text());
        said.note("rotated", answer);
    }
}

fn import(place: &Place, server: &Server, secrets: &[String], said: &mut Said) {
    let document: Value = secrets
        .iter()
        .enumerate()
        .map(|(number, secret)| {
            let (kind, data) = match number % 3 {
                0 => ("openAiApi", json!({"apiKey": secret})),
                1 => ("httpHeaderAuth", json!({"name": "X-Key", "value": secret})),
                _ => ("neverHeardOfApi", json!({"inner": {"token": secret}, "port": number})),
            };
            json!({"id": format!("canary-{number}"), "name": format!("Imported {number}"), "type": kind, "data": data})
        })
        .collect();
    let half = json!(document.as_array().unwrap()[..20]);
    said.note(
        "dry run",
        server.post("/import", json!({"format": "n8n", "document": half, "dry_run": true})),
    );
    let answer = server.post("/import", json!({"format": "n8n", "document": half}));
    assert_eq!(answer.status, 200, "{}", answer.text());
    said.note("imported", answer);
    let ran = place.run_with(&["import", "n8n", "-"], &document.to_string()).exits(0);
    said.0
        .push(("imported on the command line".into(), (ran.out + &ran.err).into_bytes()));
    let cut: String = document.to_string().chars().take(2_000).collect();
    let ran = place.run_with(&["import", "n8n", "-"], &cut);
    assert_eq!(ran.code, 2, "{}", ran.err);
    said.0.push(("a cut export".into(), (ran.out + &ran.err).into_bytes()));
}

/// Secrets where they don't belong: each is refused, or taken as what it is.
fn refuse(server: &Server, secrets: &[String], said: &mut Said) {
    for (number, secret) in secrets.iter().enumerate() {
        let raw = |text: String| {
            Answer::of(
                server
                    .request("POST", "/credentials")
                    .header("content-type", "application/json")
                    .body(text),
            )
        };
        let answer = match number % 10 {
            0 => server.post("/credentials", json!({"name": "X", "service": "openai", "kind": "api_key", "fields": secret})),
            1 => server.post("/credentials", json!({"name": "X", "service": "openai", "kind": secret, "fields": {"api_key": "x"}})),
            2 => server.post("/credentials", json!({"name": "X", "service": "openai", "kind": "api_key", "fields": {"api_key": [secret]}})),
            3 => raw(format!("{{\"name\": \"X\", \"fields\": {{\"api_key\": {}", json!(secret))),
            4 => server.post("/credentials", json!({"name": "X", "service": "openai", "kind": "api_key", "fields": {"api_key": secret}, "json": ["api_key"]})),
            5 => server.post("/credentials/openai/rollback", json!({"version": secret})),
            6 => server.post("/credentials/openai/rotate", json!({"fields": {"api_key": secret}, "surprise": secret})),
            7 => server.post("/import", json!({"format": "n8n", "document": [{"id": "x", "name": "X", "type": "openAiApi", "data": secret}]})),
            8 => server.post("/import", json!({"format": secret, "document": []})),
            _ => Answer::of(server.request("POST", "/credentials/openai/rotate").header("If-Match", "\"999\"").json(&json!({"fields": {"api_key": secret}}))),
        };
        assert!(
            (400..500).contains(&answer.status),
            "{number}: {} {}",
            answer.status,
            answer.text()
        );
        said.note(&format!("refused {}", number % 10), answer);
    }
}

/// Values leave by `resolve` and `reveal` only, and are what was entered.
fn serve(server: &Server, secrets: &[String], said: &mut Said) {
    for shop in Agency::SHOPS {
        let letter = &shop[shop.len() - 1..];
        Agency::map(server, shop, &format!("shopify-client-{letter}"));
        let served = server
            .post("/resolve", json!({"workspace": shop, "template": "orders"}))
            .ok();
        assert!(
            secrets
                .iter()
                .any(|secret| served["variables"]["AI"]["fields"]["api_key"] == secret.as_str())
        );
        said.note(
            "dry run",
            server.post(
                "/resolve",
                json!({"workspace": shop, "template": "orders", "dry_run": true}),
            ),
        );
    }
    let revealed = server
        .all("/credentials")
        .iter()
        .filter(|credential| {
            let route = format!("/credentials/{}/reveal", credential["handle"].as_str().unwrap());
            let fields = server.post(&route, json!({"reason": "a test"})).ok()["fields"].to_string();
            secrets
                .iter()
                .any(|secret| fields.contains(json!(secret).to_string().trim_matches('"')))
        })
        .count();
    assert!(revealed >= 100, "the test looks for secrets that are there: {revealed}");
}

/// Everything that may be read about them.
fn ask(place: &Place, server: &Server, said: &mut Said) {
    for event in server.all("/audit/events") {
        said.0.push(("audit events".into(), event.to_string().into_bytes()));
        said.note("one event", server.get(&format!("/audit/events/{}", event["position"])));
    }
    for credential in server.all("/credentials") {
        let route = format!("/credentials/{}", credential["handle"].as_str().unwrap());
        said.note("credential", server.get(&route));
        said.note("history", server.get(&format!("{route}/history?limit=500")));
    }
    said.note("metrics", Answer::of(server.raw("GET", "/metrics")));
    for route in [
        "/credentials?limit=500",
        "/admin/status",
        "/audit/checkpoint",
        "/whoami",
        "/tokens",
        "/workspaces/shop-a/mappings",
        "/templates",
    ] {
        said.note(route, server.get(route));
    }
    let ran = place
        .run(&["audit", "log", "--limit", "500", "--output", "json"])
        .exits(0);
    said.0.push(("audit log".into(), ran.out.into_bytes()));
}

fn scan_files(place: &Place, secrets: &[String], seed: u64) -> usize {
    let needles = Needles::of(secrets);
    let found = files(place.path());
    assert!(
        found.iter().any(|path| path.ends_with("server.log")) && found.len() > 5,
        "{found:?}"
    );
    for path in &found {
        let bytes = std::fs::read(path).unwrap();
        assert_eq!(needles.find(&bytes), None, "seed {seed}: in {}", path.display());
    }
    assert!(place.log().contains("TRACE"), "the log is one at trace");
    found.len()
}

/// Opens every history part with all history keys and looks through it.
fn open_all_histories(place: &Place, needles: &Needles, seed: u64) -> u64 {
    let dump = place.path().join("dump");
    place
        .run(&[
            "dump",
            "--data",
            place.data().to_str().unwrap(),
            "--file",
            dump.to_str().unwrap(),
        ])
        .exits(0);
    let dump = std::fs::read(dump).unwrap();
    assert_eq!(needles.find(&dump), None, "seed {seed}: in the dump");
    let root = RootKey::parse(
        std::fs::read_to_string(place.data().join("dev-root-key"))
            .unwrap()
            .trim(),
    )
    .unwrap();
    let key_file = keyfile::read(&place.data().join("key-file")).unwrap().unwrap();
    let keys = key_file.open_history(&root).unwrap();
    let mut reader = DumpReader::begin(dump.as_slice()).unwrap();
    let (mut opened, mut secrets) = (0, 0);
    while let Some(bytes) = reader.next_record().unwrap() {
        let record = RecordRef::parse(bytes).unwrap();
        let history = open_history(&record, key_file.ledger_id(), keys.epoch(record.header.epoch).unwrap()).unwrap();
        assert_eq!(
            needles.find(&history),
            None,
            "seed {seed}: in the history part at {opened}"
        );
        secrets += u64::from(record.secret.is_some());
        opened += 1;
    }
    assert!(secrets > 150, "{secrets} records with secret parts");
    opened
}

#[test]
fn the_scan_finds_what_it_looks_for() {
    let secrets = ["k+9/ü=\"%x~Q& 7Zs\\w2mB".to_owned(), "SecondOne-1234567890".to_owned()];
    let needles = Needles::of(&secrets);
    assert_eq!(
        needles.find(b"nothing of that is in here, not even SecondOne-12345"),
        None
    );
    for text in scan::spellings(&secrets[0])
        .into_iter()
        .chain(scan::spellings(&secrets[1]))
    {
        let hay = [b"before ", text.as_slice(), b" after"].concat();
        assert!(needles.find(&hay).is_some(), "{}", String::from_utf8_lossy(&text));
    }
    use base64::Engine as _;
    for shift in 0..3 {
        let bytes = [&vec![b'x'; shift], secrets[0].as_bytes(), b"tail"].concat();
        let text = base64::engine::general_purpose::STANDARD.encode(bytes);
        assert!(needles.find(text.as_bytes()).is_some(), "{shift}: {text}");
    }
}
