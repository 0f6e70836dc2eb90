//! Beginnings and ends: a birth that is killed is finished at the next start, a stop under load answers what it took.

use super::Writer;
use crate::harness::{Place, Random};
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What a birth leaves, in the order in which it does.
const STEPS: [&str; 10] = [
    "dev-root-key",
    "dev-token",
    "key-file",
    "anchor",
    "db",
    "db/0.jnl",
    "db/version",
    "db/keyspaces/0/current",
    "db/keyspaces/4/current",
    "db/keyspaces/6/current",
];

#[test]
fn a_birth_that_is_killed_is_finished_at_the_next_start() {
    let (mut random, seed) = Random::seeded();
    let mut stages = std::collections::BTreeSet::new();
    for round in 0..25 {
        let place = Place::new();
        // Killed up to three times, each a moment after one of its files is there, then left alone.
        for _ in 0..=random.below(3) {
            let target = place.data().join(STEPS[random.below(STEPS.len() as u64) as usize]);
            let moment = Duration::from_micros(random.below(2_000));
            let mut command = place.command();
            command
                .args(["serve", "--dev", "--listen", "127.0.0.1:0", "--data"])
                .arg(place.data());
            let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            while !target.exists() && child.try_wait().unwrap().is_none() {
                std::thread::yield_now();
            }
            let began = Instant::now();
            while began.elapsed() < moment {
                std::thread::yield_now();
            }
            child.kill().unwrap();
            child.wait().unwrap();
        }
        let there: Vec<&str> = STEPS
            .into_iter()
            .filter(|name| place.data().join(name).exists())
            .collect();
        stages.insert(there.join(" "));
        let server = match place.try_serve(&[], &[]) {
            Ok(server) => server,
            Err(refusal) => panic!("seed {seed}, round {round}, {there:?} were there: {}", refusal.text),
        };
        assert_eq!(
            server.get("/whoami").ok()["handle"],
            "dev",
            "seed {seed}, round {round}"
        );
        let first = server.get("/audit/events/0").ok();
        assert_eq!(first["type"], "ledger.initialized", "seed {seed}, round {round}");
        server.stop();
        let data = place.data();
        assert_eq!(key_file_sequence(&data), 2, "seed {seed}, round {round}");
        let verified = place.run(&["verify", "--data", data.to_str().unwrap()]);
        assert_eq!(verified.code, 0, "seed {seed}, round {round}: {}", verified.err);
    }
    // Which moments the kills fell on is the machine's to say; each of them was finished and verified above.
    println!("birth: killed with these there: {stages:?}, seed {seed}");
}

/// From 2 on a key file says that there is a log.
fn key_file_sequence(data: &Path) -> u64 {
    strongroom_seal::keyfile::read(&data.join("key-file"))
        .unwrap()
        .unwrap()
        .sequence()
}

#[test]
fn a_log_that_was_removed_is_never_begun_again_under_its_keys() {
    let place = Place::new();
    place.serve().stop();
    let data = place.data();
    fs::remove_dir_all(data.join("db")).unwrap();
    fs::remove_file(data.join("anchor")).unwrap();
    let refusal = place
        .try_serve(&[], &[])
        .err()
        .expect("a second log under the same keys is served");
    assert_eq!(refusal.word(), "log_missing", "{}", refusal.text);
    let (at, key) = (data.to_str().unwrap(), data.join("dev-root-key"));
    let init = place.run(&[
        "init",
        "--data",
        at,
        "--root-key-file",
        key.to_str().unwrap(),
        "--output",
        "json",
    ]);
    assert_eq!(init.code, 1, "{}", init.out);
    assert!(init.err.contains("log_missing"), "{}", init.err);
    assert!(!data.join("anchor").exists() && !data.join("db").exists());
}

#[test]
fn a_ledger_from_before_there_was_a_second_key_file_gets_it_at_its_next_start() {
    use strongroom_seal::{RootKey, RootSource, keyfile};
    let place = Place::new();
    let server = place.serve();
    server
        .post("/clients", serde_json::json!({"name": "From before"}))
        .is(201);
    server.stop();
    let path = place.data().join("key-file");
    let root = fs::read_to_string(place.data().join("dev-root-key")).unwrap();
    let root = RootKey::parse(root.trim()).unwrap();
    let second = keyfile::read(&path).unwrap().unwrap();
    let keys = second.open(&root).unwrap();
    let (ledger, incarnation) = (*second.ledger_id(), *second.incarnation());
    let first = keyfile::KeyFile::create(&root, RootSource::File, ledger, incarnation, &keys).unwrap();
    keyfile::write(&path, &first).unwrap();
    assert_eq!(key_file_sequence(&place.data()), 1);
    let server = place.serve();
    assert_eq!(key_file_sequence(&place.data()), 2);
    assert_eq!(server.get("/clients").ok()["items"][0]["name"], "From before");
    server.stop();
}

#[test]
fn a_stop_under_load_answers_what_it_took_and_loses_nothing() {
    let (mut random, seed) = Random::seeded();
    let place = Place::new();
    let server = place.serve();
    let count = AtomicU64::new(0);
    let mut writers: Vec<Writer> = (0..8)
        .map(|number| Writer::new(number, Random::new(random.next())))
        .collect();
    std::thread::scope(|scope| {
        for writer in &mut writers {
            let (caller, count) = (server.caller(), &count);
            scope.spawn(move || writer.run(&caller, count));
        }
        while count.load(Ordering::Relaxed) < 200 {
            std::thread::yield_now();
        }
        server.stop();
    });
    let server = place.serve();
    let mut figures = super::Figures::default();
    super::check(&server, &mut writers, &mut figures, &mut random);
    assert_eq!((figures.lost, figures.twice), (0, 0), "seed {seed}: {figures:?}");
    assert!(
        !place.log().contains("did not stop in order"),
        "the stop was a clean one: {}",
        place.log()
    );
}
