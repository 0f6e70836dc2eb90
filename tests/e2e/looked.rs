//! `serve --without-secrets`: a copy of the directory and a history key answer everything that happened, and no value.

use crate::harness::{Agency, Place, Server, files};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const VALUE: &str = "Zq7-looked-at-canary-1";

/// A ledger with some history, stopped as the test says; its history key, its token and what its server answered.
struct Original {
    place: Place,
    token: String,
    answers: BTreeMap<String, Value>,
}

/// What auditors ask.
const QUESTIONS: [&str; 16] = [
    "/audit/events?order=oldest&limit=100",
    "/audit/events?q=type:credential%20-workspace:shop-b",
    "/audit/events?credential=openai",
    "/audit/events/5",
    "/audit/explain/6",
    "/audit/diff?from=3",
    "/audit/impact?of=credential:openai",
    "/audit/reports/access-review",
    "/audit/reports/rotation",
    "/audit/export?format=ndjson",
    "/credentials?limit=100",
    "/credentials/openai/access",
    "/credentials/openai?as_of=16",
    "/credentials/openai/what-if?act=revoke",
    "/hygiene",
    "/whoami",
];

fn ask(server: &Server) -> BTreeMap<String, Value> {
    let one = |route: &&str| {
        let answer = server.request("GET", route).send().unwrap();
        assert_eq!(answer.status(), 200, "{route}");
        let text = answer.text().unwrap();
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        ((*route).to_owned(), without_clock(json!(lines)))
    };
    QUESTIONS.iter().map(one).collect()
}

/// An answer without what is another at each moment.
fn without_clock(mut value: Value) -> Value {
    match &mut value {
        Value::Object(members) => {
            for name in ["at", "now", "last_used_at", "last_used", "days", "made_at", "to"] {
                members.remove(name);
            }
            members.values_mut().for_each(|it| *it = without_clock(it.take()));
        }
        Value::Array(items) => items.iter_mut().for_each(|it| *it = without_clock(it.take())),
        _ => {}
    }
    value
}

fn original(stop: impl FnOnce(Server)) -> Original {
    let place = Place::new();
    let server = place.serve();
    Agency::build(&server);
    Agency::map(&server, "shop-a", "shopify-client-a");
    let rotated = json!({"fields": {"api_key": VALUE}});
    server.post("/credentials/openai/rotate", rotated).ok();
    let run = json!({"workspace": "shop-a", "template": "orders"});
    server.post("/resolve", run).ok();
    let data = place.data();
    let data = data.to_str().unwrap();
    // While the server runs.
    place
        .run(&["keys", "export-history", "--data", data, "--to", "history-key"])
        .exits(0);
    let answers = ask(&server);
    let token = server.token.clone();
    stop(server);
    Original { place, token, answers }
}

/// The bytes of all files but the holes of journals.
fn bytes(dir: &Path) -> BTreeMap<PathBuf, blake3::Hash> {
    let read = |path: PathBuf| {
        let hash = blake3::hash(&fs::read(&path).unwrap());
        (path, hash)
    };
    files(dir).into_iter().map(read).collect()
}

/// A copy with neither root key nor token, and what opens its history.
fn copy(original: &Original) -> (Place, String) {
    let place = Place::copy_of(&original.place.data());
    for name in ["dev-root-key", "dev-token"] {
        fs::remove_file(place.data().join(name)).unwrap();
    }
    let key = place.file(
        "history-key",
        fs::read(original.place.path().join("history-key")).unwrap(),
    );
    (place, key)
}

fn look(place: &Place, key: &str, token: &str) -> Server {
    let data = place.data();
    let data = data.to_str().unwrap();
    place.serve_real(&["--without-secrets", "--history-key-file", key, "--data", data], token)
}

#[test]
fn an_auditor_with_a_copy_and_the_history_key_is_answered_as_by_the_original() {
    let original = original(Server::stop);
    let (place, key) = copy(&original);
    let before = bytes(&place.data());
    let server = look(&place, &key, &original.token);
    let answers = ask(&server);
    // The stop wrote the counts of open windows: what is told of the newest state may say more than before.
    let events = |answers: &BTreeMap<String, Value>| answers["/audit/events?credential=openai"][0]["items"].clone();
    let (then, now) = (events(&original.answers), events(&answers));
    assert!(
        then.as_array()
            .unwrap()
            .iter()
            .all(|it| now.as_array().unwrap().contains(it))
    );
    for route in [
        "/audit/events/5",
        "/audit/explain/6",
        "/credentials/openai?as_of=16",
        "/credentials/openai/what-if?act=revoke",
        "/hygiene",
    ] {
        assert_eq!(answers[route], original.answers[route], "{route}");
    }
    assert!(!format!("{answers:?}").contains(VALUE));
    let verified = server.post("/admin/verify", json!({})).text();
    assert!(verified.contains("\"secrets_opened\":0"), "{verified}");
    server.stop();
    assert_eq!(bytes(&place.data()), before, "the copy stays as it was");
}

#[test]
fn no_value_and_no_write_is_to_be_had() {
    let original = original(Server::kill9);
    let (place, key) = copy(&original);
    let server = look(&place, &key, &original.token);
    assert_eq!(
        server.raw("GET", "/readyz").send().unwrap().json::<Value>().unwrap()["status"],
        "reads_only"
    );
    let run = json!({"workspace": "shop-a", "template": "orders"});
    for (route, body) in [
        ("/resolve", run),
        ("/credentials/openai/reveal", json!({"reason": "to see"})),
        ("/audit/leak-search", json!({"values": [VALUE], "reason": "to see"})),
        ("/clients", json!({"name": "New"})),
        ("/credentials/openai/revoke", json!({"reason": "to see"})),
    ] {
        let answer = server.post(route, body);
        assert!(!answer.text().contains(VALUE), "{route}");
        answer.refused(403, "reads_only");
    }
    let explained = server
        .post(
            "/resolve",
            json!({"workspace": "shop-a", "template": "orders", "dry_run": true}),
        )
        .ok();
    assert!(!explained.to_string().contains(VALUE));
    // What was signed last may be a moment older than what was written last: all of it is shown and exported.
    let all = server.all("/audit/events?order=oldest");
    assert_eq!(
        all.len() as u64,
        server.get("/admin/status").ok()["records"].as_u64().unwrap()
    );
    let export = server.request("GET", "/audit/export").send().unwrap().text().unwrap();
    let end: Value = serde_json::from_str(export.lines().last().unwrap()).unwrap();
    assert_eq!((&end["events"], &end["size"]), (&json!(all.len()), &json!(all.len())));
    let verified = server.post("/admin/verify", json!({})).text();
    assert!(verified.contains("\"secrets_opened\":0"), "{verified}");
    server.stop();
}

#[test]
fn a_key_that_opens_nothing_is_told_so() {
    let original = original(Server::stop);
    let (place, key) = copy(&original);
    let data = place.data();
    let serve = |key: &str| {
        let words = [
            "serve",
            "--without-secrets",
            "--listen",
            "127.0.0.1:0",
            "--data",
            data.to_str().unwrap(),
        ];
        place
            .run(&[&words[..], &["--history-key-file", key]].concat())
            .exits(1)
            .err
    };
    let text = fs::read_to_string(&key).unwrap();
    let other = Place::new();
    other.serve().stop();
    let of_other = other.data();
    let words = [
        "keys",
        "export-history",
        "--data",
        of_other.to_str().unwrap(),
        "--to",
        "other-key",
    ];
    other.run(&words).exits(0);
    let told = serve(other.path().join("other-key").to_str().unwrap());
    assert!(
        told.contains("not the root key of this key file (history compartment)"),
        "{told}"
    );
    let told = serve(&place.file("half", &text[..20]));
    assert!(told.contains("does not have the form of a history key"), "{told}");
    let both = ["serve", "--dev", "--without-secrets"];
    place.run(&both).exits(1);
}

#[test]
fn a_copy_of_what_there_was_is_looked_at_and_is_nothing_to_go_on_from() {
    let original = original(Server::stop);
    let place = &original.place;
    let (data, into) = (place.data(), place.path().join("then"));
    let (data, into) = (data.to_str().unwrap(), into.to_str().unwrap());
    let key = place.data().join("dev-root-key");
    let root = ["--root-key-file", key.to_str().unwrap()];
    let before = bytes(&place.data());
    let until = ["replay", "--until", "16", "--into", into, "--data", data];
    let copied = place.json(&[&until[..], &root].concat());
    assert_eq!(
        (&copied["records"], &copied["credentials"].is_u64()),
        (&json!(17), &true)
    );
    let untouched: BTreeMap<_, _> = bytes(&place.data());
    assert_eq!(untouched, before);
    // What is not needed to look is not there: no value in clear, no key row, no key that opens one.
    for path in files(Path::new(into)) {
        let bytes = fs::read(&path).unwrap();
        assert!(!bytes.windows(VALUE.len()).any(|it| it == VALUE.as_bytes()), "{path:?}");
    }
    let exported = place.path().join("key-of-then");
    let exported = exported.to_str().unwrap();
    place
        .run(&[&["keys", "export-history", "--data", into, "--to", exported][..], &root].concat())
        .exits(0);
    let looking = ["--read-only", "--history-key-file", exported, "--data", into];
    let server = place.serve_real(&looking, &original.token);
    server.get("/audit/checkpoint").refused(404, "not_found");
    assert_eq!(server.all("/audit/events").len(), 17);
    let then = &original.answers["/credentials/openai?as_of=16"][0];
    let now = without_clock(server.get("/credentials/openai").ok());
    assert_eq!(&now["version"], &then["version"]);
    assert_eq!(now["fields"], then["fields"]);
    let explained = without_clock(server.get("/audit/explain/6").ok());
    assert_eq!(explained, original.answers["/audit/explain/6"][0]);
    assert!(
        server
            .post("/admin/verify", json!({}))
            .text()
            .contains("\"secrets_opened\":0")
    );
    server
        .post("/credentials/openai/reveal", json!({"reason": "to see"}))
        .refused(403, "reads_only");
    server.stop();
    // Not even by the root key.
    let refused = place.run(&[&["serve", "--listen", "127.0.0.1:0", "--data", into][..], &root].concat());
    assert_ne!(refused.code, 0);
    assert!(refused.err.contains("not this log's"), "{}", refused.err);
    let full = place.run(&[&until[..], &root].concat());
    assert_eq!(full.code, 1, "{}", full.err);
}
