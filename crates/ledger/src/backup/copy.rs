//! A ledger as it was: the records up to a moment in a directory of their own, to look at and to compare. Without the keys of secrets.
//!
//! Its key file has the keys of the history, and made-up ones where those that sign and those that open secrets stand: nothing in it opens a
//! value, nothing can go on from it, and an opening to write refuses it as another ledger's. The directory that it is made of stays as it is.

use super::BackupError;
use super::restore::Load;
use crate::OpenError;
use crate::instant::{self, Instant};
use crate::look;
use crate::open::{self, Contents};
use std::fs;
use std::path::Path;
use strongroom_domain::State;
use strongroom_domain::ids::TimeUs;
use strongroom_log::Store;
use strongroom_proof::note::Origin;
use strongroom_proof::plain::PlainPart;
use strongroom_proof::record::RecordRef;
use strongroom_seal::keyfile::{Generation, KeyFile, Keys, SecretsKeys, SigningKeys};
use strongroom_seal::{Key32, RootKeyProvider};

/// A copy that was made.
#[derive(Debug, Clone)]
pub struct Copied {
    /// Records in it.
    pub size: u64,
    /// Records of the ledger that it is a copy of.
    pub of: u64,
    /// Root of the tree over them, as the ledger's own tree has it.
    pub root: [u8; 32],
    /// When the last of them was recorded.
    pub last_at: TimeUs,
    /// What they come to.
    pub state: State,
}

pub(super) fn copy(
    dir: &Path,
    into: &Path,
    root: &dyn RootKeyProvider,
    (until, now): (&str, TimeUs),
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Copied, BackupError> {
    let until = instant::parse(until, now).ok_or(BackupError::Moment)?;
    if !fs::read_dir(into).map_or(true, |mut entries| entries.next().is_none()) {
        return Err(BackupError::NotEmpty { dir: into.to_owned() });
    }
    let shadow = look::shadow_of(dir)?;
    let data_dir = shadow.lock().map_err(OpenError::from)?;
    let key_file = open::read_key_file(&data_dir.layout().key_file())?;
    let key_file = key_file.ok_or_else(|| OpenError::NoLedger { dir: dir.to_owned() })?;
    let root_key = root.root_key(key_file.source())?;
    let history = key_file.open_history(&root_key).map_err(OpenError::from)?;
    let contents = Contents::History(history.clone());
    let unsealed = open::unseal(data_dir, contents, &key_file, &shadow.options(), None)?;
    let store = &unsealed.opened.store;
    let head = store.head().size;
    let size = size_at(store, head, until)?;
    let (origin, incarnation) = announced(store, size)?;
    let fresh = || Key32::make_locked().map_err(|error| BackupError::Open(error.into()));
    let keys = Keys {
        history,
        signing: SigningKeys { seeds: vec![fresh()?] },
        secrets: SecretsKeys {
            generations: vec![Generation {
                number: 1,
                made_at: 0,
                key: fresh()?,
            }],
        },
    };
    let made = KeyFile::create(&root_key, *key_file.source(), *key_file.ledger_id(), incarnation, &keys);
    let made = made.map_err(OpenError::from)?;
    // A signature of the ledger's own, where there is one over no more than these records.
    let signed = unsealed.signed.as_ref().filter(|note| note.checkpoint.size <= size);
    let signed = signed.map(ToString::to_string).unwrap_or_default();
    let copied = written(
        store,
        (into, &made),
        &root_key,
        (&origin, &signed),
        (size, head),
        progress,
    );
    if copied.is_err() {
        // Half a copy is none.
        let _ = fs::remove_dir_all(into);
    }
    copied
}

fn written(
    store: &Store,
    (into, key_file): (&Path, &KeyFile),
    root_key: &strongroom_seal::RootKey,
    (origin, signed): (&Origin, &str),
    (size, of): (u64, u64),
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Copied, BackupError> {
    let mut load = Load::create(into, key_file, root_key, origin.name())?;
    let mut records = |each: super::target::EachRecord<'_>| {
        for entry in store.view().records(0..size) {
            let (position, bytes) = entry.map_err(OpenError::from)?;
            each(position, &bytes)?;
        }
        Ok(())
    };
    load.records(&mut records, size, progress)?;
    let root = store.proofs().root_at(size);
    let root = root.map_err(|error| OpenError::Checkpoint(error.to_string()))?;
    if load.root() != root {
        return Err(
            OpenError::Checkpoint(format!("the first {size} records are not those of the ledger's tree")).into(),
        );
    }
    let state = load.state.clone();
    load.end(signed)?;
    let last = store.record(size - 1).map_err(OpenError::from)?;
    let last = last.as_deref().and_then(|bytes| RecordRef::parse(bytes).ok());
    Ok(Copied {
        size,
        of,
        root: root.0,
        last_at: last.map_or(0, |record| record.header.recorded_at_us),
        state,
    })
}

/// How many records there were at a moment; a position is the last of them.
fn size_at(store: &Store, head: u64, until: Instant) -> Result<u64, BackupError> {
    let size = match until {
        Instant::Position(position) => position.saturating_add(1),
        Instant::Time(us) => {
            let found = store.view().find_time(us.saturating_add(1));
            found.map_err(OpenError::from)?.min(head)
        }
    };
    if size == 0 || size > head {
        return Err(BackupError::NotThere { head });
    }
    Ok(size)
}

/// The incarnation that was the present one then, with its origin.
fn announced(store: &Store, size: u64) -> Result<(Origin, [u8; 8]), BackupError> {
    for entry in store.view().records(0..size).rev() {
        let (_, bytes) = entry.map_err(OpenError::from)?;
        let record = RecordRef::parse(&bytes).ok();
        let plain = record.and_then(|record| PlainPart::parse(record.plain?).ok());
        if let Some(plain) = plain {
            let origin = Origin::parse(&plain.origin).map_err(|_| OpenError::LedgerName)?;
            return Ok((origin, plain.incarnation));
        }
    }
    Err(OpenError::OtherLedger.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::house::House;
    use crate::{Ledger, LookKey, LookOptions, WallClock};
    use std::sync::Arc;
    use strongroom_log::Layout;
    use strongroom_seal::FileProvider;

    const NOW: TimeUs = 4_000_000_000_000_000;

    #[test]
    fn a_copy_is_what_there_was_and_opens_no_secret() {
        let (house, ledger) = House::new();
        for number in 0..300 {
            house.create_client(&ledger, &format!("Client {number}"));
        }
        let size = ledger.view().head;
        let until = size - 20;
        let then = ledger.shared.state_at(until).unwrap();
        ledger.stop().unwrap();
        drop(ledger);
        let root = FileProvider(house.root());
        let into = house.data().with_file_name("then");
        let moment = (until - 1).to_string();
        let before = std::fs::read(Layout::new(house.data()).anchor()).unwrap();
        let copied = Ledger::copy_until(&house.data(), &into, &root, (&moment, NOW), &mut |_, _| {}).unwrap();
        assert_eq!((copied.size, copied.of), (until, size));
        assert_eq!(copied.state.first_difference(&then), None);
        assert_eq!(std::fs::read(Layout::new(house.data()).anchor()).unwrap(), before);
        let options = LookOptions {
            key: LookKey::Root(Box::new(FileProvider(house.root()))),
            clock: Arc::new(WallClock),
            cache_bytes: 1 << 20,
        };
        let (copy, report) = Ledger::look(&into, options).unwrap();
        assert!(report.rebuilt.is_empty(), "{:?}", report.rebuilt);
        assert_eq!(copy.view().state.first_difference(&then), None);
        assert_eq!(copy.root_of(&copy.view()).unwrap(), copied.root);
        drop(copy);
        // It is nothing to go on from, and no place for another.
        let refused = Ledger::open(&into, house.options()).map(drop);
        assert!(matches!(refused, Err(OpenError::OtherLedger)), "{refused:?}");
        let again = Ledger::copy_until(&house.data(), &into, &root, (&moment, NOW), &mut |_, _| {});
        assert!(matches!(again, Err(BackupError::NotEmpty { .. })), "{again:?}");
        for (wrong, is) in [("later", "moment"), ("999999", "there")] {
            let beside = house.data().with_file_name("other");
            let refused = Ledger::copy_until(&house.data(), &beside, &root, (wrong, NOW), &mut |_, _| {});
            let said = format!("{:?}", refused.unwrap_err());
            assert!(said.to_lowercase().contains(is), "{wrong}: {said}");
            assert!(!beside.exists());
        }
    }
}
