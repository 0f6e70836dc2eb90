//! A damaged directory is never served as if it were whole.
//!
//! Each case takes a copy of a directory as a clean stop or a kill left it, damages one thing, and looks what becomes of
//! it: everything acknowledged is there and verified, or opening is refused by a stable word with a hint, or `verify`
//! ends with 5. Anything else fails.

mod cases; // what is done to a directory
mod image; // directories to damage, and what was acknowledged in them

use crate::harness::{Place, Random, Server, files};
use cases::Case;
use image::Image;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Words by which a damaged directory is refused. What is refused by any other is not understood.
const WORDS: [&str; 15] = [
    "anchor_missing",
    "anchor_forged",
    "key_file",
    "key_file_old",
    "key_file_missing",
    "ledger_mixed",
    "log_missing",
    "other_ledger",
    "log_shorter",
    "log_differs",
    "log_hole",
    "state_differs",
    "journal_damaged",
    "database_damaged",
    "record_damaged",
];

/// What became of a damaged directory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    /// Everything is there.
    Whole,
    /// Refused, by this word.
    Refused(String),
    /// Served, and `verify` says that something is wrong.
    Found,
}

#[test]
fn whatever_is_damaged_nothing_is_served_as_if_whole() {
    let (mut random, seed) = Random::seeded();
    let images = [Image::stopped(), Image::killed(), Image::killed_at_first()];
    let cases: Vec<(usize, Case)> = images
        .iter()
        .enumerate()
        .flat_map(|(index, image)| {
            cases::table(&image.place.data(), &mut random)
                .into_iter()
                .map(move |case| (index, case))
        })
        .collect();
    let tried = Tried::default();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| tried.work(&images, &cases, seed));
        }
    });
    let outcomes = tried.outcomes.into_inner().unwrap();
    println!("damage: {} cases, {outcomes:?}, seed {seed}", cases.len());
    let failed = tried.failed.into_inner().unwrap();
    assert!(
        failed.is_empty(),
        "{} of {} cases:\n{}",
        failed.len(),
        cases.len(),
        failed.join("\n")
    );
    let refused = outcomes
        .keys()
        .filter(|outcome| matches!(outcome, Outcome::Refused(_)))
        .count();
    assert!(
        refused > 3 && outcomes.contains_key(&Outcome::Whole),
        "the cases differ: {outcomes:?}"
    );
}

/// What was tried so far, by several threads.
#[derive(Default)]
struct Tried {
    next: AtomicUsize,
    outcomes: Mutex<BTreeMap<Outcome, usize>>,
    failed: Mutex<Vec<String>>,
}

impl Tried {
    /// Tries one case after the other; one that fails does not keep the others from being tried.
    fn work(&self, images: &[Image], cases: &[(usize, Case)], seed: u64) {
        while let Some((image, case)) = cases.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            let name = format!("seed {seed}, {}: {case:?}", images[*image].name);
            let tried = catch_unwind(AssertUnwindSafe(|| {
                let place = Place::copy_of(&images[*image].place.data());
                case.damage.apply(&place.data());
                let outcome = look(&images[*image], &place, &name);
                case.check(&outcome, &name);
                outcome
            }));
            match tried {
                Ok(outcome) => *self.outcomes.lock().unwrap().entry(outcome).or_default() += 1,
                Err(panic) => self.failed.lock().unwrap().push(match panic.downcast_ref::<String>() {
                    Some(text) => text.clone(),
                    None => format!("{name}: it panicked"),
                }),
            }
        }
    }
}

/// Verifies the directory as it lies there, then starts a server in it, and judges.
fn look(image: &Image, place: &Place, name: &str) -> Outcome {
    let data = place.data();
    let verified = place.run(&["verify", "--data", data.to_str().unwrap(), "--output", "json"]);
    assert!(
        matches!(verified.code, 0 | 1 | 5),
        "{name}: verify ended with {}: {}",
        verified.code,
        verified.err
    );
    if verified.code != 0 {
        let failure = verified.failure();
        assert!(
            !failure["hint"].as_str().unwrap_or_default().is_empty(),
            "{name}: verify gives no hint: {failure}"
        );
    }
    let server = match place.try_serve(&[], &[]) {
        Ok(server) => server,
        Err(refusal) => {
            assert_eq!(refusal.code, 1, "{name}: {}", refusal.text);
            let (word, document) = (refusal.word(), refusal.document());
            assert!(
                WORDS.contains(&word.as_str()),
                "{name}: refused by `{word}`: {}",
                refusal.text
            );
            assert!(
                !document["hint"].as_str().unwrap_or_default().is_empty(),
                "{name}: no hint: {document}"
            );
            assert_ne!(verified.code, 0, "{name}: `verify` passes what is refused by `{word}`");
            // It is refused again, by the same word: the first try has changed nothing.
            let again = place
                .try_serve(&[], &[])
                .err()
                .unwrap_or_else(|| panic!("{name}: refused, then served"));
            assert_eq!(again.word(), word, "{name}");
            return Outcome::Refused(word);
        }
    };
    let online = place.run(&["verify", "--output", "json"]);
    match online.code {
        0 => {
            image.assert_whole(&server, name);
            // What `verify` found before may have been mended at opening, from the log.
            Outcome::Whole
        }
        5 => {
            let failure = online.failure();
            let said = failure["position"].is_u64() || !failure["error"].as_str().unwrap_or_default().is_empty();
            assert!(said, "{name}: {failure}");
            assert_eq!(verified.code, 5, "{name}: found while it runs, but not as it lay there");
            Outcome::Found
        }
        code => panic!("{name}: verify ended with {code}: {} {}", online.out, online.err),
    }
}

#[test]
fn a_power_cut_before_the_anchors_sync_is_no_false_alarm() {
    let place = Place::new();
    let server = place.serve();
    let mut image = Image::begin("power cut", place);
    image.write(&server, 20);
    let before = std::fs::read(image.place.data().join("anchor")).unwrap();
    image.write(&server, 20);
    image.seal(server, true);
    // The answers are durable, the anchor's last page is not: the disk has it as it was synced before.
    let place = Place::copy_of(&image.place.data());
    std::fs::write(place.data().join("anchor"), before).unwrap();
    assert_eq!(look(&image, &place, "power cut"), Outcome::Whole);
}

#[test]
fn an_older_key_file_is_refused() {
    use strongroom_seal::{RootKey, keyfile};
    let image = Image::stopped();
    let place = Place::copy_of(&image.place.data());
    let path = place.data().join("key-file");
    let older = std::fs::read(&path).unwrap();
    let root = RootKey::parse(
        std::fs::read_to_string(place.data().join("dev-root-key"))
            .unwrap()
            .trim(),
    )
    .unwrap();
    let key_file = keyfile::read(&path).unwrap().unwrap();
    let newer = key_file.replace(&root, &key_file.open(&root).unwrap()).unwrap();
    keyfile::write(&path, &newer).unwrap();
    let server = place.serve();
    image.assert_whole(&server, "with the newer key file");
    server
        .post("/clients", json!({"name": "Under the newer key file"}))
        .is(201);
    server.stop();
    std::fs::write(&path, older).unwrap();
    assert_eq!(
        look(&image, &place, "older key file"),
        Outcome::Refused("key_file_old".to_owned())
    );
}

#[test]
fn files_of_two_ledgers_are_not_mixed() {
    let (one, other) = (Image::stopped(), Image::stopped());
    for name in ["key-file", "anchor", "dev-root-key"] {
        let place = Place::copy_of(&one.place.data());
        std::fs::copy(other.place.data().join(name), place.data().join(name)).unwrap();
        let refusal = place
            .try_serve(&[], &[])
            .err()
            .unwrap_or_else(|| panic!("{name} of another ledger is served"));
        assert!(
            ["ledger_mixed", "other_ledger", "key_file", "anchor_forged"].contains(&refusal.word().as_str()),
            "{name}: {}",
            refusal.text
        );
    }
}

#[test]
fn verify_leaves_the_directory_as_it_was_found() {
    let image = Image::killed();
    let look = || image::digests(image.place.path());
    let before = look();
    image
        .place
        .run(&["verify", "--data", image.place.data().to_str().unwrap()])
        .exits(0);
    assert_eq!(look(), before, "the directory is as it was, and the shadow is gone");
}

/// A table of the log is damaged in one block: `verify` ends with 5 and names a position that lies in it.
#[test]
fn verify_names_the_first_bad_position() {
    let image = Image::stopped();
    let folder = |data: &Path| data.join("db/keyspaces/1/tables");
    let largest = files(&folder(&image.place.data()))
        .into_iter()
        .max_by_key(|path| std::fs::metadata(path).unwrap().len())
        .unwrap();
    let len = std::fs::metadata(&largest).unwrap().len();
    let mut found = Vec::new();
    for part in [1, 2, 3] {
        let place = Place::copy_of(&image.place.data());
        let path = folder(&place.data()).join(largest.file_name().unwrap());
        cases::flip(&path, len * part / 5, 3);
        let data = place.data();
        let verified = place
            .run(&["verify", "--data", data.to_str().unwrap(), "--output", "json"])
            .exits(5);
        let document = verified.json();
        assert_eq!(document["ok"], false, "{document}");
        let position = document["position"]
            .as_u64()
            .unwrap_or_else(|| panic!("no position: {document}"));
        assert!(position < image.size(), "{document}");
        found.push(position);
        let people = place.run(&["verify", "--data", data.to_str().unwrap()]).exits(5);
        assert!(people.err.contains(&format!("position {position}")), "{}", people.err);
    }
    assert!(
        found.is_sorted() && found[0] < found[2],
        "a later block holds later positions: {found:?}"
    );
}

/// A bad disk may say anything: what is answered is what was acknowledged, or nothing.
fn values_are_right(server: &Server, values: &BTreeMap<String, String>, name: &str) {
    for (handle, value) in values.iter().take(12) {
        let answer = server.post(&format!("/credentials/{handle}/reveal"), json!({"reason": "a test"}));
        assert_eq!(answer.status, 200, "{name}: {handle}: {}", answer.text());
        assert_eq!(
            answer.body["fields"]["api_key"],
            Value::from(value.as_str()),
            "{name}: {handle}"
        );
    }
}
