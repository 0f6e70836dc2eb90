//! A ledger that is not for playing: its root key, its first token, its first owners.

use crate::harness::Place;
use serde_json::json;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

#[test]
fn a_real_ledger_is_made_opened_and_checked_with_its_root_key() {
    let place = Place::new();
    let data = place.data();
    let data = data.to_str().unwrap();
    let key = place.path().join("root-key");
    let key = key.to_str().unwrap();
    let made = place
        .run(&["init", "--data", data, "--root-key-file", key, "--output", "json"])
        .exits(0);
    assert!(
        format!("{}{}", made.out, made.err).contains("root"),
        "it says what to keep: {}{}",
        made.out,
        made.err
    );
    place.run(&["init", "--data", data, "--root-key-file", key]).exits(1);
    place
        .run(&["keys", "check", "--data", data, "--root-key-file", key])
        .exits(0);
    place.run(&["keys", "check", "--data", data]).exits(1);
    let wrong = place.path().join("other");
    place
        .run(&[
            "init",
            "--data",
            wrong.to_str().unwrap(),
            "--root-key-file",
            place.path().join("other-key").to_str().unwrap(),
        ])
        .exits(0);
    let other = place.path().join("other-key");
    let refused = place
        .run(&[
            "keys",
            "check",
            "--data",
            data,
            "--root-key-file",
            other.to_str().unwrap(),
            "--output",
            "json",
        ])
        .exits(1);
    assert!(
        refused.failure()["hint"].as_str().unwrap().contains("root key"),
        "{}",
        refused.err
    );
    place.run(&["verify", "--data", data, "--root-key-file", key]).exits(0);
    // A real ledger is not served with --dev.
    let refusal = place.try_serve(&[], &[]).err().unwrap();
    assert_eq!((refusal.code, refusal.word().as_str()), (1, "dev"), "{}", refusal.text);
}

#[test]
fn a_new_passphrase_must_stand_up_to_guessing() {
    let place = Place::new();
    let data = place.data();
    let init = |passphrase: &str| {
        let file = place.file("passphrase", passphrase);
        place.run(&["init", "--data", data.to_str().unwrap(), "--passphrase-file", &file])
    };
    let refused = init("hunter2\n").exits(1);
    assert!(refused.err.contains("8 characters"), "{}", refused.err);
    assert!(
        !refused.err.contains("hunter2") && !data.exists(),
        "nothing was made: {}",
        refused.err
    );
    let made = init("hunter2hunter2\n").exits(0);
    assert!(
        made.err.contains("warning: the passphrase is shorter than 15"),
        "{}",
        made.err
    );
    fs::remove_dir_all(&data).unwrap();
    let made = init("pelican-orbit-mustard-quiver\n").exits(0);
    assert!(!made.err.contains("warning"), "{}", made.err);
    let file = place.file("passphrase", "pelican-orbit-mustard-quiver");
    place
        .run(&[
            "keys",
            "check",
            "--data",
            data.to_str().unwrap(),
            "--passphrase-file",
            &file,
        ])
        .exits(0);
}

/// A real ledger's first token makes named owners and nothing else; its clock is the wall's.
#[test]
fn a_real_ledger_begins_with_named_owners() {
    let place = Place::new();
    let (data, key) = (place.data(), place.path().join("root-key"));
    let options = [
        "--data",
        data.to_str().unwrap(),
        "--root-key-file",
        key.to_str().unwrap(),
    ];
    let made = place.json(&[&["init", "--name", "acme-prod"], &options[..]].concat());
    let token_file = PathBuf::from(made["token_file"].as_str().unwrap());
    assert_eq!(fs::metadata(&token_file).unwrap().permissions().mode() & 0o777, 0o600);
    let first = fs::read_to_string(&token_file).unwrap().trim().to_owned();
    let server = place.serve_real(&options, &first);
    for (route, body) in [
        ("/clients", json!({"name": "Acme"})),
        (
            "/credentials",
            json!({"name": "X", "service": "openai", "kind": "api_key", "fields": {"api_key": "v-Qk82nvX7"}}),
        ),
        (
            "/tokens",
            json!({"principal": "Runner", "role": "service", "workspaces": []}),
        ),
    ] {
        let answer = server.post(route, body);
        assert!(
            matches!(answer.status, 403 | 422),
            "{route}: {} {}",
            answer.status,
            answer.text()
        );
        answer.problem();
    }
    let issued = server
        .post("/tokens", json!({"principal": "Mia Owner", "role": "owner"}))
        .is(201);
    let mia = server.with_token(issued["token"].as_str().unwrap());
    mia.post("/clients", json!({"name": "Acme"})).is(201);
    assert_eq!(mia.get("/whoami").ok()["ledger"], "acme-prod");
    let checkpoint = mia.get("/audit/checkpoint").ok();
    assert!(
        checkpoint["origin"].as_str().unwrap().starts_with("acme-prod/ledger/"),
        "{checkpoint}"
    );
    let clock = crate::harness::Answer::of(server.raw("PUT", "/dev/clock").json(&json!({"advance_seconds": 60})));
    assert!(
        clock.status >= 400,
        "only a dev ledger's clock is set: {}",
        clock.text()
    );
    server.stop();
    place.run(&[&["verify"], &options[..]].concat()).exits(0);
    let refusal = place.try_serve(&[], &[]).err().unwrap();
    assert_eq!(refusal.word(), "dev", "{}", refusal.text);
    fs::remove_file(&key).unwrap();
    place.run(&[&["verify"], &options[..]].concat()).exits(1);
}

/// Who holds the root key and no owner's token gets in again, on the record.
#[test]
fn a_lost_last_owner_is_replaced_with_the_root_key_alone() {
    let place = Place::new();
    let path = |name: &str| place.path().join(name).to_str().unwrap().to_owned();
    let (data, key, first, token, again) = (
        place.data().to_str().unwrap().to_owned(),
        path("root-key"),
        path("first"),
        path("ada-token"),
        path("again"),
    );
    let at = ["--data", &data, "--root-key-file", &key];
    place
        .run(&[&["init", "--token-file", &first], &at[..]].concat())
        .exits(0);
    let new_owner = |name: &str, rest: &[&str]| {
        let all = ["keys", "new-owner", name, "--reason", "the only owner left"];
        place.run(&[&all[..], rest].concat())
    };
    let ada = [&["--token-file", &token], &at[..]].concat();

    // Not while it is served, not without the root key, not without a place for the token.
    let served = place.serve_real(&at, fs::read_to_string(&first).unwrap().trim());
    new_owner("Ada Lovelace", &ada).exits(1);
    served.stop();
    fs::write(path("wrong-key"), "0".repeat(64)).unwrap();
    let wrong = path("wrong-key");
    new_owner(
        "Eve",
        &["--token-file", &token, "--data", &data, "--root-key-file", &wrong],
    )
    .exits(1);
    new_owner("Ada Lovelace", &at).exits(1);
    assert!(!PathBuf::from(&token).exists());

    let made = new_owner("Ada Lovelace", &ada).exits(0);
    assert_eq!(fs::metadata(&token).unwrap().permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&token).unwrap();
    assert!(!made.out.contains(text.trim()) && !made.err.contains(text.trim()));
    let served = place.serve_real(&at, text.trim());
    assert_eq!(served.get("/whoami").ok()["handle"], "ada-lovelace");
    // A second owner can approve: four eyes can be asked for, and the last one is no dead end.
    let grace = json!({"principal": "Grace", "role": "owner"});
    served.post("/tokens", grace).is(201);
    let granted = "/audit/events?type=principal.granted";
    let events = served.all(granted);
    let on_the_record = events.iter().any(|it| it["reason"] == "the only owner left");
    assert!(on_the_record, "{events:?}");
    served.stop();

    // Who is an owner already gets a token and no second grant.
    new_owner("ada lovelace", &[&["--token-file", &again], &at[..]].concat()).exits(0);
    let served = place.serve_real(&at, fs::read_to_string(&again).unwrap().trim());
    assert_eq!(served.all(granted).len(), events.len());
    served.stop();
    place.run(&[&["verify"], &at[..]].concat()).exits(0);
}
