//! A long history replayed and verified, beside the parts of that work that can't be saved.

use crate::fixture::{Fixture, Readable};
use crate::report::Line;
use crate::{Ratios, Result, history};
use std::hint::black_box;
use std::time::{Duration, Instant};
use strongroom_domain::stored;
use strongroom_proof::record::{RecordRef, leaf_hash};
use strongroom_proof::verify::LogVerifier;
use strongroom_seal::open_history;

/// Replay beside scan, open and decode; verify beside scan and hash.
pub(crate) fn measure(arguments: &Ratios, print: &mut dyn FnMut(Line)) -> Result<()> {
    let fixture = Fixture::new(&arguments.dir)?;
    let ledger = fixture.open(Duration::ZERO)?;
    let context = fixture.context(&ledger)?;
    history::write(&ledger, &context, arguments.scale(arguments.events))?;
    ledger.stop()?;
    drop(ledger);
    let readable = fixture.read_only()?;
    let ledger = fixture.open(Duration::ZERO)?;
    let head = ledger.view();
    let (mut replays, mut verifies) = (Vec::new(), Vec::new());
    let rate = |took: Duration| head.head as f64 / took.as_secs_f64();
    for _ in 0..arguments.rounds {
        let begun = Instant::now();
        let replayed = ledger.replay(head.head, &mut |_| {})?;
        let ours = begun.elapsed();
        assert_eq!(
            replayed.first_difference(&head.state),
            None,
            "replay gives the state as it stands"
        );
        drop(replayed);
        replays.push((rate(ours), rate(scan_open_decode(&readable)?)));
        verifies.push((rate(verify(&readable)?), rate(scan_hash(&readable)?)));
    }
    let bytes: u64 = readable.opened.store.disk_bytes()?;
    let note = format!("{} events, {} MiB on disk", head.head, bytes >> 20);
    let name = "replay into current state ÷ scan + open + decode";
    print(Line::of_rates(name, &replays, 0.6, "events/s", note.clone()));
    let name = "verify, digests and tree ÷ scan + hash";
    print(Line::of_rates(name, &verifies, 0.7, "events/s", note));
    ledger.stop()?;
    Ok(())
}

/// Every record read, its history part opened and decoded; nothing checked beyond that, nothing folded.
pub(crate) fn scan_open_decode(readable: &Readable) -> Result<Duration> {
    let keys = &readable.keys.history;
    let begun = Instant::now();
    for entry in readable.opened.store.view().records(0..u64::MAX) {
        let (_, bytes) = entry?;
        let record = RecordRef::parse(&bytes)?;
        let key = keys.epoch(record.header.epoch).ok_or("no key of that epoch")?;
        let history = open_history(&record, &readable.ledger_id, key)?;
        black_box(stored::decode(record.header.type_code, record.header.schema, &history)?);
    }
    Ok(begun.elapsed())
}

/// Every record checked as an auditor without keys does it.
fn verify(readable: &Readable) -> Result<Duration> {
    let begun = Instant::now();
    let mut log = LogVerifier::new();
    for entry in readable.opened.store.view().records(0..u64::MAX) {
        log.push(&entry?.1)?;
    }
    assert_eq!(log.root(), readable.opened.store.head().root);
    Ok(begun.elapsed())
}

/// Every record read, its parts and its leaf hashed; no tree, nothing compared.
fn scan_hash(readable: &Readable) -> Result<Duration> {
    let begun = Instant::now();
    for entry in readable.opened.store.view().records(0..u64::MAX) {
        let (_, bytes) = entry?;
        let record = RecordRef::parse(&bytes)?;
        let parts = [record.plain, Some(record.history), record.secret];
        for part in parts.into_iter().flatten() {
            black_box(blake3::hash(part));
        }
        black_box(leaf_hash(record.header_bytes));
    }
    Ok(begun.elapsed())
}
