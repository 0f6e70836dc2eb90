//! The verifier in Python under `docs/verifier/`: checks itself, and agrees with ours on damaged dumps.
//!
//! Where Python or its packages are absent, these tests say so and pass: `.ci/run` installs them.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;
use strongroom_proof::dump::DumpWriter;
use strongroom_proof::note::Checkpoint;
use strongroom_proof::record::{HEADER_LEN, leaf_hash};
use strongroom_proof::tree::Frontier;
use strongroom_proof::verify::verify_dump;
use strongroom_seal::{Key32, Signer};

use crate::example::{SEED, hex_of, origin, records, stored_dump};
use crate::house::top;

const MUTATED: u64 = 240;

/// Reads dumps as hex, one a line, and answers `check position` or `ok` for each.
const DRIVER: &str = "
import sys
from fault import Fault
from verify import verify_dump
for line in sys.stdin:
    try:
        verify_dump(bytes.fromhex(line.strip()))
        print('ok')
    except Fault as fault:
        print(fault.check, '-' if fault.position is None else fault.position)
";

#[test]
fn the_verifier_in_python_checks_itself() {
    let Some(mut python) = python() else { return };
    let checked = python.args(["-m", "unittest", "discover"]).output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}

#[test]
fn the_verifier_in_python_answers_programs() {
    let Some(mut python) = python() else { return };
    let asked = python
        .args(["verify.py", "dump", "../example/example.dump", "--output", "json"])
        .output()
        .unwrap();
    let answer: Value = serde_json::from_slice(&asked.stdout).unwrap();
    assert_eq!(
        (asked.status.code(), &answer["ok"], &answer["size"]),
        (Some(0), &true.into(), &5.into())
    );
    let Some(mut python) = self::python() else { return };
    let asked = python
        .args(["verify.py", "dump", "../vectors.json", "--output", "json"])
        .output()
        .unwrap();
    let answer: Value = serde_json::from_slice(&asked.stdout).unwrap();
    assert_eq!((asked.status.code(), &answer["check"]), (Some(5), &"dump".into()));
}

#[test]
fn both_verifiers_agree_on_mutated_dumps() {
    let Some(mut python) = python() else { return };
    let mut random = Random(7);
    let dumps: Vec<Vec<u8>> = (0..MUTATED).map(|number| mutated(number, &mut random)).collect();
    let mut child = python
        .args(["-c", DRIVER])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let lines = dumps.iter().fold(String::new(), |mut lines, dump| {
        writeln!(lines, "{}", hex_of(dump)).unwrap();
        lines
    });
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let answers = String::from_utf8(output.stdout).unwrap();
    assert_eq!(answers.lines().count(), dumps.len());
    let mut checks = std::collections::BTreeSet::new();
    for ((number, dump), answer) in dumps.iter().enumerate().zip(answers.lines()) {
        let ours = outcome(dump);
        assert_eq!(answer, ours, "dump {number}: theirs, ours");
        checks.insert(ours.split(' ').next().unwrap_or_default().to_owned());
    }
    let all = [
        "digest",
        "dump",
        "event_id",
        "keys",
        "note",
        "ok",
        "root",
        "size",
        "stream_version",
        "structure",
        "time",
    ];
    assert_eq!(
        checks.iter().map(String::as_str).collect::<Vec<_>>(),
        all,
        "every check refuses something here"
    );
}

fn outcome(dump: &[u8]) -> String {
    match verify_dump(dump) {
        Ok(_) => "ok".to_owned(),
        Err(error) => {
            let position = error.position().map_or("-".to_owned(), |position| position.to_string());
            format!("{} {position}", error.check())
        }
    }
}

/// A dump with one thing wrong. Half of them are mended after it (digests, root, signature), as by someone with the
/// signing key, so that every check has its turn.
fn mutated(number: u64, random: &mut Random) -> Vec<u8> {
    let mut records = records();
    let chosen = random.below(records.len());
    match number % 12 {
        0..4 => {
            let mut dump = stored_dump();
            let at = random.below(dump.len());
            dump[at] ^= 1 << random.below(8);
            return dump;
        }
        4 => {
            let mut dump = stored_dump();
            dump.truncate(random.below(dump.len()));
            return dump;
        }
        5 => {
            let other = random.below(records.len());
            records.swap(chosen, other);
        }
        6 => drop(records.remove(chosen)),
        7 => records.push(records[chosen].clone()),
        8 => {
            let at = random.below(HEADER_LEN);
            records[chosen][at] ^= 1 << random.below(8);
        }
        9 => {
            let at = random.below(records[chosen].len());
            records[chosen][at] ^= 1 << random.below(8);
            mend_digests(&mut records[chosen]);
        }
        10 => {
            let plain_at = HEADER_LEN + random.below(176);
            records[0][plain_at] ^= 1 << random.below(8);
            mend_digests(&mut records[0]);
        }
        _ => return twisted(number, records),
    }
    signed(&records, 0)
}

/// What no flip of a bit comes to: the same event id again, a root or size that was signed for something else.
fn twisted(number: u64, mut records: Vec<Vec<u8>>) -> Vec<u8> {
    match number / 12 % 5 {
        0 => {
            // One more event of another stream, with the id and time of the last.
            let mut again = records[4].clone();
            again[8] ^= 1;
            records.push(again);
            signed(&records, 0)
        }
        1 => signed(&records, 1),
        2 => {
            let mut dump = signed(&records, 0);
            let end = dump.len() - 1;
            dump.truncate(end);
            dump
        }
        3 => {
            let honest = signed(&records, 0);
            records[4][60] ^= 0;
            records[4][240] ^= 1;
            mend_digests(&mut records[4]);
            let forged = signed(&records, 0);
            let note_at = honest
                .windows(8)
                .rposition(|bytes| bytes == b"example/")
                .unwrap_or_default();
            let text_at = honest.windows(2).rposition(|bytes| bytes == b"\n5").unwrap_or(note_at);
            [&forged[..text_at], &honest[text_at..]].concat()
        }
        _ => {
            // Time that goes back, in a record that is otherwise of its form.
            let (time, id) = (records[0][48..56].to_vec(), records[0][32..38].to_vec());
            records[2][48..56].copy_from_slice(&time);
            records[2][32..38].copy_from_slice(&id);
            signed(&records, 0)
        }
    }
}

/// Makes the digests in the header those of the parts, where the lengths allow it.
fn mend_digests(bytes: &mut [u8]) {
    let number = |at: usize| {
        bytes[at..at + 4]
            .iter()
            .fold(0_usize, |number, byte| number << 8 | usize::from(*byte))
    };
    let (plain, history, secret) = (number(60), number(124), number(168));
    let (history_at, secret_at) = (HEADER_LEN + plain, HEADER_LEN + plain + history);
    if secret_at + secret != bytes.len() {
        return;
    }
    let digest = |part: &[u8]| -> [u8; 32] { *blake3::hash(part).as_bytes() };
    let of_plain = digest(&bytes[HEADER_LEN..history_at]);
    let of_history = digest(&bytes[history_at..secret_at]);
    let of_secret = digest(&bytes[secret_at..]);
    if plain > 0 {
        bytes[64..96].copy_from_slice(&of_plain);
    }
    if secret > 0 {
        bytes[172..204].copy_from_slice(&of_secret);
    }
    bytes[204..236].copy_from_slice(&of_history);
}

/// A dump of these records with a checkpoint over them, of a size that is `off` too great.
fn signed(records: &[Vec<u8>], off: u64) -> Vec<u8> {
    let mut frontier = Frontier::new();
    let mut dump = DumpWriter::begin(Vec::new(), 0, records.len() as u64).unwrap();
    for bytes in records {
        frontier.append(leaf_hash(bytes.first_chunk().unwrap()));
        dump.record(bytes).unwrap();
    }
    let size = frontier.size() + off;
    let checkpoint = Checkpoint {
        origin: origin(),
        size,
        root: frontier.root(),
    };
    let note = Signer::new(&Key32::from_bytes(&SEED)).sign_checkpoint(checkpoint);
    dump.finish(&note.to_string()).unwrap()
}

/// Python with the verifier's packages, in the verifier's folder.
fn python() -> Option<Command> {
    let name = std::env::var_os("STRONGROOM_PYTHON").unwrap_or_else(|| "python3".into());
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
    #[expect(clippy::print_stderr, reason = "a test that skips says so")]
    {
        eprintln!("skipped: no Python with the packages of docs/verifier/requirements.txt (set STRONGROOM_PYTHON)");
    }
    None
}

/// SplitMix64: the same dumps in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((word ^ word >> 31) % end as u64).unwrap_or_default()
    }
}
