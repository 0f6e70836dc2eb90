//! Backups: taken under writers, verified, and a ledger made of one, which is another incarnation and knows what it lacks.

use crate::format::python;
use crate::harness::{Agency, Answer, Caller, Place, Ran, Random, Server};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::scope;
use std::time::Duration;

/// A ledger with a root key of its own, an owner, and a world to ask about.
pub(crate) struct Real {
    pub(crate) place: Place,
    pub(crate) server: Option<Server>,
    /// The owner's.
    pub(crate) token: String,
    /// The file with the token of an owner whom the root key made; who asks when it is served again.
    pub(crate) new_owner: Option<String>,
}

impl Real {
    pub(crate) fn new() -> Self {
        let place = Place::new();
        let data = place.data();
        let key = place.path().join("root-key");
        let (data, key) = (data.to_str().unwrap(), key.to_str().unwrap());
        let made = place.json(&["init", "--name", "acme-prod", "--data", data, "--root-key-file", key]);
        let first = fs::read_to_string(made["token_file"].as_str().unwrap()).unwrap();
        let server = place.serve_real(&["--data", data, "--root-key-file", key], first.trim());
        let owner = server
            .post("/tokens", json!({"principal": "Mia Owner", "role": "owner"}))
            .is(201);
        let mut real = Self {
            place,
            server: Some(server),
            token: owner["token"].as_str().unwrap().to_owned(),
            new_owner: None,
        };
        let token = real.token.clone();
        real.server.as_mut().unwrap().token = token;
        Agency::build(real.server());
        for letter in ["a", "b"] {
            Agency::map(
                real.server(),
                &format!("shop-{letter}"),
                &format!("shopify-client-{letter}"),
            );
        }
        real
    }

    pub(crate) fn server(&self) -> &Server {
        self.server.as_ref().unwrap()
    }

    /// Serves its directory again.
    pub(crate) fn serve_again(&mut self) {
        let (data, key) = (self.path("data"), self.path("root-key"));
        let token = match &self.new_owner {
            Some(file) => fs::read_to_string(self.place.path().join(file)).unwrap(),
            None => self.token.clone(),
        };
        let server = self
            .place
            .serve_real(&["--data", &data, "--root-key-file", &key], token.trim());
        self.server = Some(server);
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.place.path().join(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn backup(&self, to: &str) -> Value {
        backup(&self.place, self.server(), to)
    }

    /// A ledger in `name` from a backup, with a new owner's token.
    fn restored(&self, from: &str, name: &str, more: &[&str]) -> Value {
        let (target, data, key) = (self.path(from), self.path(name), self.path("root-key"));
        let restore = [
            "backup",
            "restore",
            &target,
            "--data",
            &data,
            "--root-key-file",
            &key,
            "--reason",
            "the disk died",
        ];
        self.place.json(&[&restore[..], more].concat())
    }

    /// Serves a directory, asked by an owner that the root key makes.
    fn serve(&self, name: &str) -> Server {
        let (data, key, token) = (
            self.path(name),
            self.path("root-key"),
            self.path(&format!("{name}-token")),
        );
        let at = ["--data", &data, "--root-key-file", &key];
        let reason = ["--reason", "the disk died", "--token-file", &token];
        self.place
            .run(&[&["keys", "new-owner", "Ada Lovelace"], &at[..], &reason].concat())
            .exits(0);
        let token = fs::read_to_string(&token).unwrap();
        self.place.serve_real(&at, token.trim())
    }
}

fn backup(place: &Place, server: &Server, to: &str) -> Value {
    let target = place.path().join(to);
    let created = asked(
        place,
        server,
        &["backup", "create", target.to_str().unwrap(), "--output", "json"],
    );
    created.exits(0).json()
}

/// A command that asks this server.
fn asked(place: &Place, server: &Server, arguments: &[&str]) -> Ran {
    let mut command = place.command();
    command
        .args(arguments)
        .envs([("STRONGROOM_ADDR", &server.addr), ("STRONGROOM_TOKEN", &server.token)]);
    Ran::of(command, "")
}

fn resolve(asker: &Caller, shop: &str) -> Answer {
    asker.post("/resolve", json!({"workspace": shop, "template": "orders"}))
}

fn events(server: &Server) -> Vec<Value> {
    server.all("/audit/events?order=oldest")
}

fn pieces(target: &str) -> Vec<PathBuf> {
    let mut pieces: Vec<_> = fs::read_dir(Path::new(target).join("log"))
        .unwrap()
        .map(|it| it.unwrap().path())
        .collect();
    pieces.sort();
    pieces
}

#[test]
fn a_backup_taken_under_sixteen_writers_comes_back() {
    let real = Real::new();
    let over = AtomicBool::new(false);
    let mut sizes = vec![real.backup("kept")["size"].as_u64().unwrap()];
    scope(|scope| {
        for number in 0..16 {
            let (caller, over) = (real.server().caller(), &over);
            scope.spawn(move || {
                let mut round = 0;
                while !over.load(Ordering::Relaxed) {
                    let name = format!("Key {number} {round}");
                    let body = json!({"name": name, "service": "openai", "kind": "api_key",
                        "fields": {"api_key": format!("written-{number}-{round}-Zq83nVx1")}});
                    caller.post("/credentials", body).is(201);
                    round += 1;
                }
            });
        }
        for _ in 0..4 {
            sizes.push(real.backup("kept")["size"].as_u64().unwrap());
        }
        over.store(true, Ordering::Relaxed);
    });
    assert!(sizes.is_sorted() && sizes[4] > sizes[0], "{sizes:?}");
    // What was acknowledged after the last backup is lost, and named.
    let size = sizes[4];
    let before: Vec<Value> = events(real.server()).into_iter().take(size as usize).collect();
    let after = json!({"fields": {"api_key": "after-the-backup-Zq83nVx1"}});
    let last = real.server().post("/credentials/openai/rotate", after).ok();
    let known = real.place.file("known", last["checkpoint"].as_str().unwrap());
    let lost = real.server().size() - size;
    let (target, key) = (real.path("kept"), real.path("root-key"));
    let whole = real.place.json(&["backup", "verify", &target, "--root-key-file", &key]);
    assert_eq!(whole["size"], size);
    assert!(whole["data_keys_opened"].as_u64().unwrap() > 3, "{whole}");
    let listed = real.place.json(&["backup", "list", &target]);
    let reached: Vec<u64> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["size"].as_u64().unwrap())
        .collect();
    let mut distinct = sizes.clone();
    distinct.dedup();
    assert_eq!(reached, distinct);
    let mut real = real;
    real.server.take().unwrap().kill9();
    let made = real.restored("kept", "again", &["--known", &known]);
    assert_eq!((&made["kept"], &made["lost"]), (&json!(size), &json!(lost)));
    assert_ne!(made["origin"], whole["origin"]);
    let server = real.serve("again");
    the_same_and_suspended(&real, &server, &before);
}

/// The log is what it was, and who had a token waits.
fn the_same_and_suspended(real: &Real, server: &Server, before: &[Value]) {
    let now = events(server);
    for (then, now) in before.iter().zip(&now) {
        assert_eq!(then, now);
    }
    let first = &now[before.len()];
    assert_eq!(
        (&first["type"], &first["data"]["kept"], &first["reason"]),
        (
            &json!("ledger.recovered"),
            &json!(before.len()),
            &json!("the disk died")
        )
    );
    let mia = server.with_token(&real.token);
    mia.get("/whoami").refused(401, "unauthenticated");
    resolve(&server.caller(), "shop-a").ok();
    assert_eq!(server.get("/admin/status").ok()["tokens_suspended"], true);
    server
        .post("/tokens/release", json!({}))
        .refused(422, "reason_required");
    server
        .post("/tokens/release", json!({"reason": "nothing was revoked"}))
        .ok();
    let served = resolve(&mia, "shop-a").ok();
    assert!(served.to_string().contains("key-of-all-Zq83nVx1"), "{served}");
    // A value of every version is found, and what was lost is not.
    let leak = |value: &str| {
        let body = json!({"values": [value], "reason": "a test"});
        mia.post("/audit/leak-search", body).ok()["results"][0]["outcome"].clone()
    };
    assert_eq!(
        leak("written-3-0-Zq83nVx1"),
        json!("held"),
        "fingerprints are made anew"
    );
    assert_eq!(leak("after-the-backup-Zq83nVx1"), json!("not_held"));
    // Index and idempotency are the new incarnation's, and all is whole for others, too.
    let found = server.all("/audit/events?credential=openai&order=oldest");
    assert!(found.len() > 2 && found[0]["type"] == "credential.created", "{found:?}");
    asked(&real.place, server, &["verify"]).exits(0);
    let dump = real.path("dump");
    asked(&real.place, server, &["dump", "--file", &dump]).exits(0);
    let Some(mut python) = python() else { return };
    let output = python.args(["verify.py", "dump", &dump]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn a_recovered_ledger_goes_on_in_the_same_backup_and_comes_back_again() {
    let mut real = Real::new();
    let first = real.backup("kept")["size"].as_u64().unwrap();
    real.server.take().unwrap().stop();
    real.restored("kept", "second", &["--keep-tokens"]);
    let server = real.serve("second");
    // Nothing is suspended where that was said.
    server.with_token(&real.token).get("/whoami").ok();
    let rotated = json!({"fields": {"api_key": "second-life-Zq83nVx1"}});
    server.post("/credentials/openai/rotate", rotated).ok();
    let second = backup(&real.place, &server, "kept")["size"].as_u64().unwrap();
    assert!(second > first);
    // Nothing new: nothing is added, the key half is.
    assert_eq!(backup(&real.place, &server, "kept")["added"], 0);
    server.stop();
    let (data, key) = (real.path("second"), real.path("root-key"));
    real.place
        .run(&["verify", "--data", &data, "--root-key-file", &key])
        .exits(0);
    real.restored("kept", "third", &[]);
    let server = real.serve("third");
    let served = resolve(&server.caller(), "shop-b").ok();
    assert!(served.to_string().contains("second-life-Zq83nVx1"), "{served}");
    let lives: Vec<Value> = server.all("/audit/events?type=ledger.recovered&order=oldest");
    assert_eq!(lives.len(), 2, "{lives:?}");
    // A log of the first life beside the keys of the second: its own key signs the change.
    let newest = pieces(&real.path("kept")).pop().unwrap();
    fs::remove_file(newest).unwrap();
    real.restored("kept", "fourth", &["--accept-loss"]);
    let fourth = real.path("fourth");
    real.place
        .run(&["verify", "--data", &fourth, "--root-key-file", &key])
        .exits(0);
    server.kill9();
    let server = real
        .place
        .serve_real(&["--data", &real.path("third"), "--root-key-file", &key], "");
    server.stop();
}

#[test]
fn another_history_does_not_go_into_a_backup() {
    let mut real = Real::new();
    real.backup("early");
    let rotated = json!({"fields": {"api_key": "one-history-Zq83nVx1"}});
    real.server().post("/credentials/openai/rotate", rotated).ok();
    real.backup("late");
    real.server.take().unwrap().stop();
    real.restored("early", "other", &["--keep-tokens"]);
    let server = real.serve("other");
    for name in ["One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight"] {
        server.post("/clients", json!({"name": name})).is(201);
    }
    let late = real.path("late");
    let before = pieces(&late);
    let refused = asked(&real.place, &server, &["backup", "create", &late]).exits(5);
    assert!(refused.err.contains("another history"), "{}", refused.err);
    real.place.run(&["backup", "verify", &late]).exits(0);
    assert_eq!(
        pieces(&late)
            .iter()
            .filter(|it| it.extension().is_some_and(|it| it == "srdp"))
            .count(),
        before.len()
    );
    // And another ledger's does not at all.
    let other = Real::new();
    asked(&other.place, other.server(), &["backup", "create", &late]).exits(2);
}

#[test]
fn what_is_not_whole_becomes_no_ledger() {
    let real = Real::new();
    real.backup("kept");
    real.server().post("/clients", json!({"name": "New"})).is(201);
    real.backup("kept");
    let (target, data, key) = (real.path("kept"), real.path("never"), real.path("root-key"));
    let restore = [
        "backup",
        "restore",
        &target,
        "--data",
        &data,
        "--root-key-file",
        &key,
        "--reason",
        "x",
    ];
    let verify = ["backup", "verify", &target];
    let files: Vec<PathBuf> = pieces(&target)
        .into_iter()
        .chain([Path::new(&target).join("keys.srkh")])
        .collect();
    for file in &files {
        let whole = fs::read(file).unwrap();
        for at in [30, whole.len() / 2, whole.len() - 40] {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            fs::write(file, damaged).unwrap();
            real.place.run(&verify).exits(5);
            real.place.run(&restore).exits(5);
        }
        fs::write(file, &whole[..whole.len() - 7]).unwrap();
        real.place.run(&verify).exits(5);
        fs::remove_file(file).unwrap();
        real.place.run(&verify).exits(5);
        real.place.run(&restore).exits(5);
        fs::write(file, whole).unwrap();
    }
    real.place.run(&verify).exits(0);
    assert!(!Path::new(&data).exists() && !Path::new(&format!("{data}.recovering")).exists());
}

#[test]
fn it_takes_the_root_key_and_an_empty_place_and_holds_no_secret() {
    let real = Real::new();
    real.backup("kept");
    real.server().post("/clients", json!({"name": "New"})).is(201);
    real.backup("kept");
    let (target, data, key) = (real.path("kept"), real.path("never"), real.path("root-key"));
    let files: Vec<PathBuf> = pieces(&target)
        .into_iter()
        .chain([Path::new(&target).join("keys.srkh")])
        .collect();
    let other = real.path("other-key");
    let other_data = real.path("other");
    real.place
        .run(&["init", "--data", &other_data, "--root-key-file", &other])
        .exits(0);
    let wrong = [
        "backup",
        "restore",
        &target,
        "--data",
        &data,
        "--root-key-file",
        &other,
        "--reason",
        "x",
    ];
    real.place.run(&wrong).exits(1);
    assert!(!Path::new(&data).exists() && !Path::new(&format!("{data}.recovering")).exists());
    // What there is of it, where that is said.
    let newest = pieces(&target).pop().unwrap();
    let whole = fs::read(&newest).unwrap();
    fs::remove_file(&newest).unwrap();
    let less = real.restored("kept", "less", &["--accept-loss"]);
    assert!(less["kept"].as_u64().unwrap() < real.server().size());
    fs::write(&newest, whole).unwrap();
    // Never into what is there.
    let into = [
        "backup",
        "restore",
        &target,
        "--data",
        &other_data,
        "--root-key-file",
        &key,
        "--reason",
        "x",
    ];
    let refused = real.place.run(&into).exits(1);
    assert!(refused.err.contains("not empty"), "{}", refused.err);
    real.place.run(&["backup", "verify", &real.path("nowhere")]).exits(1);
    // No secret and no key in it, as they are.
    let root = fs::read_to_string(&key).unwrap();
    for file in &files {
        let bytes = fs::read(file).unwrap();
        for canary in ["key-of-all-Zq83nVx1", "OpenAI", "shopify", root.trim(), &real.token] {
            assert!(
                !bytes.windows(canary.len()).any(|it| it == canary.as_bytes()),
                "{canary} in {}",
                file.display()
            );
        }
    }
}

#[test]
fn a_restore_that_is_killed_leaves_nothing_that_opens() {
    let mut real = Real::new();
    real.backup("kept");
    real.server.take().unwrap().stop();
    let (target, data, key) = (real.path("kept"), real.path("again"), real.path("root-key"));
    let restore = [
        "backup",
        "restore",
        &target,
        "--data",
        &data,
        "--root-key-file",
        &key,
        "--reason",
        "x",
    ];
    let (mut random, seed) = Random::seeded();
    let (mut whole, mut nothing) = (0, 0);
    for round in 0..12 {
        let mut child = real
            .place
            .command()
            .args(restore)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(random.below(400)));
        let _ = child.kill();
        child.wait().unwrap();
        if Path::new(&data).exists() {
            let verify = ["verify", "--data", &data, "--root-key-file", &key];
            real.place.run(&verify).exits(0);
            fs::remove_dir_all(&data).unwrap();
            whole += 1;
        } else {
            nothing += 1;
        }
        println!("round {round} of seed {seed}: {whole} whole, {nothing} not there");
    }
    // And then it is done.
    real.place.run(&restore).exits(0);
    real.place
        .run(&["verify", "--data", &data, "--root-key-file", &key])
        .exits(0);
    assert!(!Path::new(&format!("{data}.recovering")).exists());
}

fn recover(real: &Real, more: &[&str]) -> Ran {
    let (data, key) = (real.path("data"), real.path("root-key"));
    let recover = [
        "recover",
        "--data",
        &data,
        "--root-key-file",
        &key,
        "--reason",
        "the disk lied",
        "--output",
        "json",
    ];
    real.place.run(&[&recover[..], more].concat())
}

/// Zeros the newest journal behind so many hundredths of what is in it.
pub(crate) fn cut_journal(data: &Path, hundredths: usize) {
    let mut journals: Vec<PathBuf> = fs::read_dir(data.join("db"))
        .unwrap()
        .map(|it| it.unwrap().path())
        .filter(|it| it.extension().is_some_and(|it| it == "jnl"))
        .collect();
    journals.sort_by_key(|it| it.file_stem().unwrap().to_str().unwrap().parse::<u64>().unwrap());
    let newest = journals.pop().unwrap();
    let mut bytes = fs::read(&newest).unwrap();
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    let from = end * hundredths / 100;
    bytes[from..].fill(0);
    fs::write(&newest, bytes).unwrap();
}

#[test]
fn what_is_whole_of_a_refused_ledger_goes_on() {
    let mut real = Real::new();
    for number in 0..300 {
        real.server()
            .post("/clients", json!({"name": format!("Client {number}")}))
            .is(201);
    }
    let before = events(real.server());
    real.server.take().unwrap().kill9();
    cut_journal(&real.place.data(), 60);
    let (data, key) = (real.path("data"), real.path("root-key"));
    let at = ["--data", &data, "--root-key-file", &key];
    let refused = real.place.run(&[&["verify"], &at[..], &["--output", "json"]].concat());
    assert_ne!(refused.code, 0, "{}", refused.out);
    // Not without saying so.
    assert_ne!(recover(&real, &[]).code, 0);
    let told = recover(&real, &["--accept-loss"]).exits(0).json();
    let kept = told["kept"].as_u64().unwrap();
    assert!(kept > 20 && kept < before.len() as u64, "{told}");
    assert_eq!(
        told["known"],
        before.len() as u64,
        "the anchor knows how many there were: {told}"
    );
    assert_eq!(told["lost"], before.len() as u64 - kept, "{told}");
    assert!(Path::new(told["old"].as_str().unwrap()).join("key-file").exists());
    let server = real.serve("data");
    the_same_and_suspended_after_loss(&real, &server, &before[..kept as usize]);
    server.stop();
    real.place.run(&[&["verify"], &at[..]].concat()).exits(0);
    // Where nothing is wrong nothing is lost.
    let refused = recover(&real, &["--accept-loss"]).exits(1);
    assert!(refused.err.contains("is whole"), "{}", refused.err);
}

fn the_same_and_suspended_after_loss(real: &Real, server: &Server, before: &[Value]) {
    let now = events(server);
    assert_eq!(&now[..before.len()], before);
    let first = &now[before.len()];
    assert_eq!(
        (&first["type"], &first["data"]["kept"]),
        (&json!("ledger.recovered"), &json!(before.len()))
    );
    assert!(
        first["data"]["known"].as_u64().unwrap() > before.len() as u64,
        "{first}"
    );
    server
        .with_token(&real.token)
        .get("/whoami")
        .refused(401, "unauthenticated");
    resolve(&server.caller(), "shop-a").ok();
}

#[test]
fn a_ledger_without_its_anchor_goes_on_with_all_of_it() {
    let mut real = Real::new();
    let before = events(real.server());
    real.server.take().unwrap().stop();
    fs::remove_file(real.place.data().join("anchor")).unwrap();
    let told = recover(&real, &["--accept-loss", "--keep-tokens"]).exits(0).json();
    assert_eq!(
        (&told["kept"], &told["lost"], &told["why"]),
        (&json!(before.len()), &Value::Null, &Value::Null)
    );
    let server = real.serve("data");
    assert_eq!(&events(&server)[..before.len()], &before[..]);
    server.with_token(&real.token).get("/whoami").ok();
}

#[test]
fn a_backup_that_goes_on_is_up_to_date_also_after_the_server_was_away() {
    let mut real = Real::new();
    let target = real.path("kept");
    let addr = real.server().addr.clone();
    let mut command = real.place.command();
    command
        .args(["backup", "create", &target, "--every", "1s"])
        .envs([("STRONGROOM_ADDR", &addr), ("STRONGROOM_TOKEN", &real.token)])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut going_on = command.spawn().unwrap();
    let reached = || {
        let newest = fs::read_dir(Path::new(&target).join("log")).ok()?.filter_map(|it| {
            let name = it.ok()?.file_name().into_string().ok()?;
            name.strip_suffix(".srdp")?.split_once('-')?.1.parse::<u64>().ok()
        });
        newest.max()
    };
    let until = |size: u64| {
        let given_up = std::time::Instant::now() + Duration::from_secs(60);
        while reached().is_none_or(|it| it < size) {
            assert!(std::time::Instant::now() < given_up, "it stays at {:?}", reached());
            std::thread::yield_now();
        }
    };
    until(real.server().size());
    real.server.take().unwrap().stop();
    let (data, key) = (real.path("data"), real.path("root-key"));
    let at = [
        "--data",
        &data,
        "--root-key-file",
        &key,
        "--listen",
        addr.trim_start_matches("http://"),
    ];
    let server = real.place.serve_real(&at, &real.token);
    server.post("/clients", json!({"name": "New"})).is(201);
    until(server.size());
    going_on.kill().unwrap();
    going_on.wait().unwrap();
    real.place
        .run(&["backup", "verify", &target, "--root-key-file", &key])
        .exits(0);
}

#[test]
fn it_takes_a_reason_and_a_server() {
    let real = Real::new();
    real.backup("kept");
    let (target, data, key) = (real.path("kept"), real.path("never"), real.path("root-key"));
    let reasonless = [
        "backup",
        "restore",
        &target,
        "--data",
        &data,
        "--root-key-file",
        &key,
        "--reason",
        " ",
    ];
    real.place.run(&reasonless).exits(1);
    // A server that is not there leaves nothing in a new target.
    let mut command = real.place.command();
    command
        .args(["backup", "create", &real.path("new"), "--addr", "http://127.0.0.1:1"])
        .env("STRONGROOM_TOKEN", &real.token);
    assert_ne!(Ran::of(command, "").code, 0);
    assert!(!Path::new(&real.path("new")).exists());
    assert!(!Path::new(&data).exists());
}

#[test]
fn the_doctor_looks_at_the_age_of_a_backup() {
    let real = Real::new();
    let (target, data) = (real.path("kept"), real.path("data"));
    let found = |code| {
        let ran = real
            .place
            .run(&["doctor", "--data", &data, "--backup", &target, "--output", "json"]);
        assert_eq!(ran.code, code, "{}", ran.err);
        let told = ran.json();
        let found = told
            .as_array()
            .unwrap()
            .iter()
            .find(|it| it["what"] == "backup")
            .cloned();
        found.unwrap()
    };
    assert_eq!(found(1)["how"], "bad", "there is none");
    real.backup("kept");
    assert_eq!(found(0)["how"], "ok");
    let two_days_ago = std::time::SystemTime::now() - Duration::from_secs(2 * 86_400);
    let half = fs::File::options()
        .write(true)
        .open(Path::new(&target).join("keys.srkh"))
        .unwrap();
    half.set_modified(two_days_ago).unwrap();
    assert_eq!(found(0)["how"], "warn");
}
