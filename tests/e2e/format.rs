//! What we write, others can verify: a dump of a real log, and two hundred mutated ones, before both verifiers.
//!
//! The other one is the program in Python under `docs/verifier/`, written from `docs/format.md` alone. Where Python or its
//! packages are absent, these tests say so.

use crate::harness::{Agency, Place, Random, top};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use strongroom_proof::dump::{DumpReader, DumpWriter};
use strongroom_proof::note::{Checkpoint, SignedNote};
use strongroom_proof::record::{HEADER_LEN, RecordRef, leaf_hash};
use strongroom_proof::tree::Frontier;
use strongroom_proof::verify::verify_dump;
use strongroom_seal::{RootKey, Signer, keyfile};

const MUTATED: usize = 200;

/// Answers for each file named on stdin: the check and position that it refuses, or `ok`.
const DRIVER: &str = "
import sys
from pathlib import Path
from fault import Fault
from verify import verify_dump
for line in sys.stdin:
    try:
        verify_dump(Path(line.strip()).read_bytes())
        print('ok -')
    except Fault as fault:
        print(fault.check, '-' if fault.position is None else fault.position)
";

/// Opens the history compartment of a dev ledger's key file, by `docs/format.md`, and prints the keys for `verify.py`.
const KEYS: &str = r#"
import json, sys
from pathlib import Path
from sealed import keyed, open_committed
data = Path(sys.argv[1])
digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
number = 0
for digit in (data / "dev-root-key").read_text().strip()[4:47]:
    number = number * 62 + digits.index(digit)
root, stored = number.to_bytes(32, "big"), (data / "key-file").read_bytes()
sequence, ledger_id, salt = stored[8:16], stored[16:32], stored[72:88]
length = int.from_bytes(stored[88:92], "big")
nonce, sealed = stored[92:116], stored[116:92 + length]
associated = b"\x0c" + ledger_id + b"\x01" + salt
opened = open_committed(keyed(root, associated), nonce, associated + sequence, sealed)
count, at, epochs = int.from_bytes(opened[136:140], "big"), 140, {}
for _ in range(count):
    epochs[str(int.from_bytes(opened[at:at + 4], "big"))] = opened[at + 4:at + 36].hex()
    at += 36
print(json.dumps({"epochs": epochs}))
"#;

/// Python with the verifier's packages, in the verifier's folder.
pub(crate) fn python() -> Option<Command> {
    let names = [
        std::env::var("STRONGROOM_PYTHON").ok(),
        Some(top().join("target/verifier-venv/bin/python").display().to_string()),
        Some("python3".to_owned()),
    ];
    for name in names.into_iter().flatten() {
        let command = || {
            let mut command = Command::new(&name);
            command
                .current_dir(top().join("docs/verifier"))
                .env("PYTHONDONTWRITEBYTECODE", "1");
            command
        };
        let asked = command()
            .args(["-c", "import blake3, nacl, msgpack"])
            .stderr(Stdio::null())
            .status();
        if asked.is_ok_and(|status| status.success()) {
            return Some(command());
        }
    }
    println!("skipped: no Python with the packages of docs/verifier/requirements.txt");
    None
}

/// A stopped ledger with every kind of record, its dump and its keys.
struct Written {
    place: Place,
    dump: Vec<u8>,
}

impl Written {
    fn make() -> Self {
        let place = Place::new();
        let server = place.serve();
        Agency::build(&server);
        Agency::map(&server, "shop-a", "shopify-client-a");
        server
            .post(
                "/credentials/openai/rotate",
                json!({"fields": {"api_key": "next-Qk82nvX7"}}),
            )
            .ok();
        server
            .post("/resolve", json!({"workspace": "shop-a", "template": "orders"}))
            .ok();
        server
            .post("/credentials/openai/reveal", json!({"reason": "a test"}))
            .ok();
        let path = place.path().join("online.dump");
        place.run(&["dump", "--file", path.to_str().unwrap()]).exits(0);
        let online = std::fs::read(&path).unwrap();
        server.stop();
        let path = place.path().join("offline.dump");
        place
            .run(&[
                "dump",
                "--data",
                place.data().to_str().unwrap(),
                "--file",
                path.to_str().unwrap(),
            ])
            .exits(0);
        let dump = std::fs::read(path).unwrap();
        let counts = [&online, &dump].map(|dump| records(dump).len());
        assert!(counts[1] >= counts[0], "a clean stop may add its counts: {counts:?}");
        assert_eq!(records(&online), records(&dump)[..counts[0]]);
        Self { place, dump }
    }

    fn root(&self) -> RootKey {
        RootKey::parse(
            std::fs::read_to_string(self.place.data().join("dev-root-key"))
                .unwrap()
                .trim(),
        )
        .unwrap()
    }

    fn key_file(&self) -> keyfile::KeyFile {
        keyfile::read(&self.place.data().join("key-file")).unwrap().unwrap()
    }
}

fn records(dump: &[u8]) -> Vec<Vec<u8>> {
    let mut reader = DumpReader::begin(dump).unwrap();
    let mut records = Vec::new();
    while let Some(bytes) = reader.next_record().unwrap() {
        records.push(bytes.to_vec());
    }
    records
}

#[test]
fn a_dump_is_verified_by_both_and_opened_with_the_history_keys() {
    let written = Written::make();
    let verified = verify_dump(written.dump.as_slice()).unwrap();
    assert_eq!(verified.signed_size, Some(verified.size));
    let Some(mut python) = python() else { return };
    let output = python.args(["-c", KEYS]).arg(written.place.data()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let keys = written.place.file("keys.json", output.stdout);
    let Some(mut python) = self::python() else { return };
    let dump = written.place.file("a.dump", &written.dump);
    let output = python
        .args(["verify.py", "dump", &dump, "--history-keys", &keys, "--output", "json"])
        .output()
        .unwrap();
    let found: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    assert_eq!((output.status.code(), &found["ok"]), (Some(0), &json!(true)), "{found}");
    assert_eq!(
        (found["size"].as_u64(), found["history_opened"].as_u64()),
        (Some(verified.size), Some(verified.size))
    );
    assert_eq!(found["root"].as_str().unwrap(), hex(&verified.root.0));
    assert_eq!(found["dev"], true);
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn both_verifiers_agree_on_mutated_dumps() {
    let Some(mut python) = python() else { return };
    let written = Written::make();
    let (mut random, seed) = Random::seeded();
    let seeds = written.key_file().open_signing(&written.root()).unwrap().seeds;
    let signer = Signer::new(seeds.last().unwrap());
    let mutate = Mutate {
        records: records(&written.dump),
        dump: written.dump.clone(),
        signer,
    };
    let dumps: Vec<(String, Vec<u8>)> = (0..MUTATED).map(|number| mutate.one(number, &mut random)).collect();
    let paths: String = dumps
        .iter()
        .enumerate()
        .map(|(number, (_, dump))| written.place.file(&format!("{number}.dump"), dump) + "\n")
        .collect();
    let list = written.place.file("list", paths);
    let output = python
        .args(["-c", DRIVER])
        .stdin(std::fs::File::open(list).unwrap())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let theirs = String::from_utf8(output.stdout).unwrap();
    assert_eq!(theirs.lines().count(), MUTATED);
    let mut checks: BTreeMap<String, usize> = BTreeMap::new();
    for ((what, dump), theirs) in dumps.iter().zip(theirs.lines()) {
        let ours = match verify_dump(dump.as_slice()) {
            Ok(_) => "ok -".to_owned(),
            Err(error) => format!(
                "{} {}",
                error.check(),
                error.position().map_or("-".to_owned(), |position| position.to_string())
            ),
        };
        assert_eq!(ours, theirs, "seed {seed}, {what}: ours, theirs");
        *checks.entry(ours.split(' ').next().unwrap().to_owned()).or_default() += 1;
    }
    println!("format: {MUTATED} mutated dumps, both agree: {checks:?}, seed {seed}");
    assert!(checks.len() >= 8, "many checks have their turn: {checks:?}");
}

/// Makes dumps with one thing wrong.
struct Mutate {
    records: Vec<Vec<u8>>,
    dump: Vec<u8>,
    signer: Signer,
}

impl Mutate {
    /// A third are changed as they are; the others are mended afterwards (digests, root, signature), as by someone who has
    /// the signing key, so that every check has its turn.
    fn one(&self, number: usize, random: &mut Random) -> (String, Vec<u8>) {
        let mut records = self.records.clone();
        let (chosen, other) = (random.index(records.len()), random.index(records.len()));
        let what = match number % 12 {
            0..3 => {
                let mut dump = self.dump.clone();
                let at = random.index(dump.len());
                dump[at] ^= 1 << random.below(8);
                return (format!("byte {at} flipped"), dump);
            }
            3 => {
                let at = random.index(self.dump.len());
                return (format!("cut at {at}"), self.dump[..at].to_vec());
            }
            4 => {
                records.swap(chosen, other);
                format!("{chosen} and {other} swapped")
            }
            5 => {
                records.remove(chosen);
                format!("{chosen} removed")
            }
            6 => {
                records.insert(other, self.records[chosen].clone());
                format!("{chosen} again at {other}")
            }
            7 | 8 => {
                let at = random.index(HEADER_LEN);
                records[chosen][at] ^= 1 << random.below(8);
                format!("header byte {at} of {chosen} flipped, root mended")
            }
            9 | 10 => {
                let at = HEADER_LEN + random.index(records[chosen].len() - HEADER_LEN);
                records[chosen][at] ^= 1 << random.below(8);
                mend_digests(&mut records[chosen]);
                format!("byte {at} of {chosen} flipped, digests and root mended")
            }
            _ => return self.twisted(number, records, chosen),
        };
        (what, self.signed(&records, 0))
    }

    /// What no single flip comes to.
    fn twisted(&self, number: usize, mut records: Vec<Vec<u8>>, chosen: usize) -> (String, Vec<u8>) {
        match number / 12 % 5 {
            0 => {
                // The last event's id and time once more, in a stream of its own.
                let mut again = records.last().unwrap().clone();
                again[8] ^= 1;
                again[24..32].copy_from_slice(&1_u64.to_be_bytes());
                records.push(again);
                ("an id twice".to_owned(), self.signed(&records, 0))
            }
            1 => ("a size that is one too great".to_owned(), self.signed(&records, 1)),
            2 => (
                "the last record dropped, the old note".to_owned(),
                self.with_old_note(&records[..records.len() - 1]),
            ),
            3 => {
                let (time, id) = (records[0][48..56].to_vec(), records[0][32..38].to_vec());
                let last = records.len() - 1;
                records[last][48..56].copy_from_slice(&time);
                records[last][32..38].copy_from_slice(&id);
                (
                    "the last record in the time of the first".to_owned(),
                    self.signed(&records, 0),
                )
            }
            _ => {
                let at = records[chosen].len() - 1;
                records[chosen][at] ^= 1;
                mend_digests(&mut records[chosen]);
                (
                    format!("{chosen} changed and mended, the old note"),
                    self.with_old_note(&records),
                )
            }
        }
    }

    fn origin(&self) -> strongroom_proof::note::SignedNote {
        let mut reader = DumpReader::begin(self.dump.as_slice()).unwrap();
        while reader.next_record().unwrap().is_some() {}
        SignedNote::parse(&reader.finish().unwrap()).unwrap()
    }

    /// A dump of these records with a checkpoint over them, of a size that is `off` too great.
    fn signed(&self, records: &[Vec<u8>], off: u64) -> Vec<u8> {
        let mut frontier = Frontier::new();
        for bytes in records {
            frontier.append(leaf_hash(bytes.first_chunk().unwrap()));
        }
        let checkpoint = Checkpoint {
            size: frontier.size() + off,
            root: frontier.root(),
            ..self.origin().checkpoint
        };
        write(records, &self.signer.sign_checkpoint(checkpoint).to_string())
    }

    fn with_old_note(&self, records: &[Vec<u8>]) -> Vec<u8> {
        write(records, &self.origin().to_string())
    }
}

fn write(records: &[Vec<u8>], note: &str) -> Vec<u8> {
    let mut dump = DumpWriter::begin(Vec::new(), 0, records.len() as u64).unwrap();
    for bytes in records {
        dump.record(bytes).unwrap();
    }
    dump.finish(note).unwrap()
}

/// Makes the digests in the header those of the parts, where the lengths allow it.
fn mend_digests(bytes: &mut [u8]) {
    let Ok(record) = RecordRef::parse(bytes) else { return };
    let mut header = record.header;
    let digest = |part: &[u8]| *blake3::hash(part).as_bytes();
    if let Some(plain) = record.plain {
        header.plain_digest = digest(plain);
    }
    header.history_digest = digest(record.history);
    if let Some(secret) = record.secret {
        header.secret_digest = digest(secret);
    }
    bytes[..HEADER_LEN].copy_from_slice(&header.to_bytes());
}
