//! The grammar, exit codes, what programs get.

mod agency; // a whole day on the command line
mod doctor; // what is wrong with an installation
mod config; // the configuration file of serve
mod complete; // what a shell completes
mod real; // a ledger with a root key of its own
mod scripts;
mod terminal;
mod traces; // dev to prod, duplicates, somebody who leaves
mod run; // secrets for a command, a file, a script
mod usage; // wrong use

use crate::harness::{Agency, Place, Server, example};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

fn serve() -> (Place, Server) {
    let place = Place::new();
    let server = place.serve();
    (place, server)
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of commands")]
fn every_command_of_the_grammar_is_there() {
    let place = Place::new();
    let grammar = [
        "serve",
        "init",
        "credential create",
        "credential list",
        "credential get",
        "credential update",
        "credential share",
        "credential rotate",
        "credential rollback",
        "credential disable",
        "credential enable",
        "credential revoke",
        "credential usage",
        "rotation due",
        "approval approve",
        "policy set",
        "audit report",
        "webhook create",
        "webhook list",
        "webhook get",
        "webhook update",
        "webhook pause",
        "webhook resume",
        "webhook remove",
        "webhook test",
        "token run",
        "config check",
        "doctor",
        "watch",
        "man",
        "credential history",
        "credential reveal",
        "client create",
        "client list",
        "workspace create",
        "workspace list",
        "workspace get",
        "template import",
        "template list",
        "template get",
        "template revise",
        "template retire",
        "setup",
        "map",
        "unmap",
        "default set",
        "default unset",
        "resolve",
        "run",
        "inject",
        "get",
        "audit log",
        "audit show",
        "audit explain",
        "audit access",
        "audit impact",
        "audit what-if",
        "audit diff",
        "audit leak-search",
        "audit export",
        "hygiene",
        "client history",
        "workspace history",
        "workspace compare",
        "template history",
        "principal history",
        "principal offboard",
        "credential replace",
        "undo",
        "restore",
        "recover",
        "replay",
        "backup create",
        "backup list",
        "backup verify",
        "backup restore",
        "token release",
        "freeze",
        "unfreeze",
        "freezes",
        "incident open",
        "incident list",
        "incident show",
        "incident widen",
        "incident step",
        "incident skip",
        "incident tell",
        "incident report",
        "incident close",
        "audit key",
        "import n8n",
        "services",
        "services list",
        "services get",
        "verify",
        "dump",
        "status",
        "keys check",
        "keys export-history",
        "keys new-owner",
        "principal create",
        "principal list",
        "principal disable",
        "token create",
        "token list",
        "token revoke",
        "whoami",
        "login",
    ];
    for command in grammar {
        let arguments: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        let help = place.run(&arguments).exits(0);
        assert!(help.out.contains("Usage"), "{command}: {}", help.out);
        assert!(help.out.contains("--output"), "{command} knows --output");
    }
    assert!(
        place
            .run(&["--version"])
            .exits(0)
            .out
            .contains(env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn exit_codes_say_what_happened() {
    let (place, server) = serve();
    Agency::build(&server);
    place.run(&["status"]).exits(0);
    for wrong in [
        &["nonsense"][..],
        &["credential", "get"],
        &["credential", "list", "--nothing"],
        &["audit", "show", "x"],
        &[],
    ] {
        place.run(wrong).exits(1);
    }
    place
        .run(&[
            "credential",
            "create",
            "openai",
            "--service",
            "openai",
            "--kind",
            "api_key",
        ])
        .exits(2);
    place
        .run(&[
            "credential",
            "rotate",
            "openai",
            "--if-match",
            "99",
            "--secret",
            "api_key=-",
        ])
        .exits(1);
    place
        .run(&["credential", "disable", "openai", "--if-match", "99"])
        .exits(2);
    place.run(&["credential", "rollback", "openai", "7"]).exits(3);
    place.run(&["credential", "get", "nobody"]).exits(3);
    place.run(&["resolve", "nowhere", "orders"]).exits(3);
    place.run(&["template", "import", "/no/such/file.json"]).exits(1);
    let viewer = server
        .post("/tokens", json!({"principal": "Vera", "role": "viewer"}))
        .is(201)["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let denied = |arguments: &[&str], token: &str| {
        let mut command = place.command();
        command.args(arguments).env("STRONGROOM_TOKEN", token);
        crate::harness::Ran::of(command, "").exits(4)
    };
    let failure = denied(&["credential", "revoke", "openai", "--output", "json"], &viewer).failure();
    assert_eq!(
        (&failure["status"], &failure["exit"]),
        (&json!(403), &json!(4)),
        "{failure}"
    );
    denied(&["credential", "list"], "srt_nonsense");
    server.stop();
    place.run(&["status"]).exits(1);
}

#[test]
fn programs_get_one_json_document() {
    let (place, server) = serve();
    Agency::build(&server);
    Agency::map(&server, "shop-a", "shopify-client-a");
    let reads: [&[&str]; 21] = [
        &["whoami"],
        &["status"],
        &["services", "list", "shopify"],
        &["services", "get", "shopify"],
        &["credential", "list"],
        &["credential", "get", "openai"],
        &["credential", "history", "openai"],
        &["client", "list"],
        &["workspace", "list"],
        &["workspace", "get", "shop-a"],
        &["template", "list"],
        &["template", "get", "orders"],
        &["default", "list"],
        &["resolve", "shop-a", "orders", "--dry-run", "--explain"],
        &["resolve", "shop-a", "orders"],
        &["audit", "log"],
        &["audit", "show", "3"],
        &["audit", "key"],
        &["principal", "list"],
        &["token", "list"],
        &["verify"],
    ];
    for arguments in reads {
        let document = place.json(arguments);
        assert!(document.is_object() || document.is_array(), "{arguments:?}: {document}");
    }
    let served = place.json(&["resolve", "shop-a", "orders"]);
    assert_eq!(served["variables"]["SHOP"]["fields"]["token"], "tkn-a-kX82hqLw93mDv1");
    let shown = place.run(&["resolve", "shop-a", "orders"]).exits(0);
    assert!(
        !shown.out.contains("tkn-a-kX82") && shown.out.contains("shopify-client-a"),
        "a table masks: {}",
        shown.out
    );
    let failure = place.run(&["credential", "get", "opnai", "--output", "json"]).exits(3);
    assert!(failure.out.is_empty(), "a failure is no data: {}", failure.out);
    assert!(failure.failure()["hint"].as_str().unwrap().contains("openai"));
    let people = place.run(&["credential", "get", "opnai"]).exits(3);
    assert!(
        people.err.contains("openai") && !people.err.contains('{'),
        "{}",
        people.err
    );
}

#[test]
fn a_dump_is_bytes_or_a_line_for_each_record() {
    let (place, server) = serve();
    Agency::build(&server);
    let file = place.path().join("dump").to_str().unwrap().to_owned();
    let told = place.json(&["dump", "--file", &file]);
    let bytes = fs::read(&file).unwrap();
    assert_eq!(told, json!({"file": file, "bytes": bytes.len()}));
    let ran = place.run(&["dump", "--output", "json"]).exits(0);
    let mut lines: Vec<Value> = ran
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let last = lines.pop().unwrap();
    assert_eq!(
        (&last["size"], lines.len() as u64),
        (&json!(server.size()), server.size())
    );
    let checkpoint = last["checkpoint"].as_str().unwrap();
    assert!(bytes.ends_with(checkpoint.as_bytes()), "the same log: {checkpoint}");
    for (position, line) in lines.iter().enumerate() {
        let record = STANDARD.decode(line["record"].as_str().unwrap()).unwrap();
        assert_eq!(line["position"], position);
        assert!(bytes.windows(record.len()).any(|part| part == record), "{position}");
    }
    server.stop();
    let failure = place.run(&["dump", "--output", "json"]).exits(1);
    assert_eq!(failure.out, "");
    failure.failure();
}

#[test]
fn a_secret_is_never_taken_from_an_argument() {
    let (place, server) = serve();
    let size = server.size();
    let create = |more: &[&str]| {
        let arguments: Vec<&str> = [
            "credential",
            "create",
            "OpenAI",
            "--service",
            "openai",
            "--kind",
            "api_key",
        ]
        .iter()
        .chain(more)
        .copied()
        .collect();
        place.run_with(&arguments, "from-stdin-Qk82nv\n")
    };
    for typed in [
        &["--secret", "api_key=typed-Xw93mK"][..],
        &["--field", "api_key=typed-Xw93mK"],
        &["--destination", "api_key=typed-Xw93mK"],
    ] {
        let refused = create(typed).exits(1);
        assert!(!refused.err.contains("typed-Xw93mK"), "{}", refused.err);
        assert!(
            refused.err.contains("@FILE") && refused.err.contains("stdin"),
            "a hint: {}",
            refused.err
        );
    }
    let nobody = create(&["--secret", "api_key"]).exits(1);
    assert!(nobody.err.contains("terminal"), "{}", nobody.err);
    assert_eq!(server.size(), size);
    create(&["--secret", "api_key=-"]).exits(0);
    let file = place.file("secret.txt", "from-file-Vm71kQ\n");
    place
        .run(&[
            "credential",
            "rotate",
            "openai",
            "--secret",
            &format!("api_key=@{file}"),
        ])
        .exits(0);
    let revealed = place
        .run(&[
            "credential",
            "reveal",
            "openai",
            "--field",
            "api_key",
            "--raw",
            "--reason",
            "a test",
        ])
        .exits(0);
    assert_eq!(revealed.out.trim_end(), "from-file-Vm71kQ");
    place.run(&["credential", "reveal", "openai"]).exits(2);
    let json = place.json(&["credential", "reveal", "openai", "--version", "1", "--reason", "a test"]);
    assert_eq!(json["fields"]["api_key"], "from-stdin-Qk82nv");
}

#[test]
fn commands_find_the_dev_server_by_themselves() {
    let (place, server) = serve();
    let context = place.path().join("config/context.json");
    assert_eq!(fs::metadata(&context).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(
        fs::metadata(place.data()).unwrap().permissions().mode() & 0o077,
        0,
        "the directory is its owner's"
    );
    let (addr, token) = (server.addr.clone(), server.token.clone());
    assert_eq!(place.json(&["whoami"])["handle"], "dev");
    server.stop();
    let server = place.serve();
    assert_eq!(server.token, token, "each start has the same token");
    assert_eq!(place.json(&["whoami"])["handle"], "dev");
    // Another context: nothing is known, unless it is given.
    let elsewhere = Place::new();
    elsewhere.run(&["whoami"]).exits(1);
    let mut command = elsewhere.command();
    command
        .args(["whoami"])
        .env("STRONGROOM_ADDR", &server.addr)
        .env("STRONGROOM_TOKEN", &token);
    crate::harness::Ran::of(command, "").exits(0);
    elsewhere
        .run_with(&["login", "--addr", &server.addr], &format!("{token}\n"))
        .exits(0);
    assert_eq!(elsewhere.json(&["whoami"])["handle"], "dev");
    assert_eq!(
        fs::metadata(elsewhere.path().join("config/context.json"))
            .unwrap()
            .permissions()
            .mode()
            & 0o777,
        0o600
    );
    let bad = elsewhere.run_with(&["login", "--addr", &server.addr], "srt_wrong\n");
    assert!(bad.code == 1 || bad.code == 4, "{} {}", bad.code, bad.err);
    assert!(!bad.err.contains("srt_wrong"), "{}", bad.err);
    assert_eq!(elsewhere.json(&["whoami"])["handle"], "dev", "what was kept stays");
    assert_ne!(addr, "");
}

#[test]
fn a_dev_token_that_opens_nothing_is_replaced_at_the_next_start() {
    let (place, server) = serve();
    let first = server.token.clone();
    let dev_token = |server: &Server| {
        server.get("/tokens").ok()["items"][0]["id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let id = dev_token(&server);
    // The last owner's last token stays.
    server.delete(&format!("/tokens/{id}")).refused(409, "last_owner_token");
    let other = server.post("/tokens", json!({"label": "another"})).is(201);
    server.delete(&format!("/tokens/{id}")).ok();
    server.get("/whoami").refused(401, "unauthenticated");
    server.stop();

    let server = place.serve();
    assert_ne!(server.token, first);
    assert_eq!(place.json(&["whoami"])["handle"], "dev");
    assert!(
        place.log().contains("a new dev token was issued to `dev`"),
        "{}",
        place.log()
    );
    let newest = server.get("/audit/events?type=principal.token_issued&limit=1").ok();
    assert_eq!(newest["items"][0]["actor"], "system", "it is on the record: {newest}");
    server
        .delete(&format!("/tokens/{}", other["id"].as_str().unwrap()))
        .ok();
    let second = server.token.clone();
    let size = server.size();
    server.stop();

    let server = place.serve();
    assert_eq!(
        (server.token.clone(), server.size()),
        (second.clone(), size),
        "that one is kept"
    );
    server.stop();
    fs::remove_file(place.data().join("dev-token")).unwrap();
    let server = place.serve();
    assert_ne!(server.token, second);
    assert_eq!(server.get("/whoami").ok()["handle"], "dev");
}

#[test]
fn without_a_terminal_setup_lists_what_is_missing() {
    let (place, server) = serve();
    Agency::build(&server);
    server
        .post("/workspaces", json!({"name": "Fresh", "client": "client-a"}))
        .is(201);
    let size = server.size();
    let refused = place.run(&["setup", "fresh", "orders", "--output", "json"]).exits(2);
    let listed = format!("{}{}", refused.out, refused.err);
    assert!(
        listed.contains("SHOP") && listed.contains("AI") && listed.contains("shopify-client-a"),
        "{listed}"
    );
    assert!(!listed.contains("shopify-client-b"), "{listed}");
    assert_eq!(server.size(), size, "nothing was changed");
    place
        .run(&["setup", "fresh", "orders", "--map", "SHOP=shopify-client-a"])
        .exits(2);
    place
        .run(&[
            "setup",
            "fresh",
            "orders",
            "--map",
            "SHPO=shopify-client-a",
            "--map",
            "AI=openai",
        ])
        .exits(1);
    assert_eq!(server.size(), size, "nothing was changed");
    let done = place.json(&[
        "setup",
        "fresh",
        "orders",
        "--map",
        "SHOP=shopify-client-a",
        "--map",
        "AI=openai",
    ]);
    assert_eq!(done["revision"], 1);
    place.run(&["setup", "fresh", "orders"]).exits(0);
    let served = place.json(&["resolve", "fresh", "orders"]);
    assert_eq!(served["variables"]["AI"]["credential"], "openai");
    place
        .run(&["map", "fresh", "orders", "AI", "openai", "--instance", "run-1"])
        .exits(0);
    place
        .run(&["unmap", "fresh", "orders", "AI", "--instance", "run-1"])
        .exits(0);
    place.run(&["unmap", "fresh", "orders", "AI"]).exits(0);
    place.run(&["resolve", "fresh", "orders"]).exits(2);
    place.run(&["default", "set", "openai", "api_key", "openai"]).exits(0);
    place.run(&["resolve", "fresh", "orders"]).exits(0);
    place.run(&["default", "unset", "openai", "api_key"]).exits(0);
    place.run(&["resolve", "fresh", "orders"]).exits(2);
}

#[test]
fn of_several_files_each_counts_alone() {
    let (place, _server) = serve();
    let good = place.file("good.json", example("n8n-workflow-orders.json"));
    let bad = place.file("bad.json", "{\"nodes\": [");
    let other = place.file("other.json", example("n8n-workflow-support.json"));
    let ran = place
        .run(&["template", "import", &good, &bad, &other, "--output", "json"])
        .exits(2);
    let document = ran.json();
    let items = document["items"].as_array().unwrap();
    assert_eq!(items.len(), 2, "{document}");
    for item in items {
        assert!(
            item["handle"].is_string() && item["revision"] == 1 && !item["variables"].as_array().unwrap().is_empty(),
            "{item}"
        );
    }
    assert!(document.to_string().contains("bad.json"), "{document}");
}

#[test]
fn a_directory_is_opened_by_one_process() {
    let (place, _server) = serve();
    let refusal = place.try_serve(&[], &[]).err().unwrap();
    assert_eq!(
        (refusal.code, refusal.word().as_str()),
        (1, "locked"),
        "{}",
        refusal.text
    );
    assert!(!refusal.document()["hint"].as_str().unwrap().is_empty());
    place.run(&["whoami"]).exits(0);
    place
        .run(&["verify", "--data", place.data().to_str().unwrap()])
        .exits(1);
}

#[test]
fn the_sample_agency_is_loaded_through_the_api() {
    let place = Place::new();
    let server = place.serve_with(&["--sample"], &[]);
    let count = |noun: &str| place.json(&[noun, "list"])["items"].as_array().unwrap().len();
    assert_eq!((count("client"), count("credential"), count("template")), (3, 8, 4));
    let oldest = server.get("/audit/events?order=oldest&limit=1").ok()["items"][0]["recorded_at"]
        .as_str()
        .unwrap()
        .parse::<jiff::Timestamp>()
        .unwrap();
    let newest = server.get("/audit/events?limit=1").ok()["items"][0]["recorded_at"]
        .as_str()
        .unwrap()
        .parse::<jiff::Timestamp>()
        .unwrap();
    let days = newest.duration_since(oldest).as_hours() / 24;
    assert!((14..60).contains(&days), "a few weeks of history, not {days} days");
    assert!(newest <= jiff::Timestamp::now(), "and none of it in the future");
    assert!(server.all("/audit/events?type=access.accessed").len() > 3);
    // The clock has come to now, and with it the end of a grace: the ledger says so by itself, a moment later.
    while server.all("/audit/events?type=credential.grace_ended").is_empty() {
        std::thread::yield_now();
    }
    let size = server.size();
    server.stop();
    let server = place.serve_with(&["--sample"], &[]);
    assert_eq!(server.size(), size, "a second start loads nothing");
}
