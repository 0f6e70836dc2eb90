//! Verifying a whole log from its bytes, record by record, with no key and no database.
//!
//! In: the bytes of the records in the order of their positions, checkpoints to hold them against.
//! Out: [`Verified`], or the first position that is wrong, and why. Of each record in this order:
//! structure, digests of the bytes, keys as the log announces them, stream version, time, event id;
//! then its leaf goes into the tree. Roots are compared where a checkpoint stands, signatures at the
//! end, when all keys are known.
//!
//! Sealed parts stay sealed: what is in them is for who has the keys.

mod fault;
mod keys;
mod streams;

use std::collections::BTreeMap;
use std::io::Read;

use crate::Hash;
use crate::dump::DumpReader;
use crate::note::SignedNote;
use crate::record::{Header, RecordError, RecordRef, leaf_hash};
use crate::tree::{Frontier, Tile, TileId};

pub use fault::{CheckpointFault, RecordFault, VerifyError};
pub use keys::{Began, KeyLog};

use streams::{Ids, Streams};

/// A record whose structure and digests are checked, and its leaf hash.
///
/// This is what can be done to a record alone, and almost all the work: records may be checked on
/// several threads and given to [`LogVerifier::accept`] in order.
#[derive(Clone, Debug)]
pub struct Checked<'a> {
    record: RecordRef<'a>,
    leaf: Hash,
}

impl<'a> Checked<'a> {
    /// Checks a record's bytes.
    ///
    /// # Errors
    /// The first rule that is broken: structure, then digests.
    pub fn check(bytes: &'a [u8]) -> Result<Self, RecordError> {
        let record = RecordRef::parse(bytes)?;
        record.check_digests()?;
        let leaf = leaf_hash(record.header_bytes);
        Ok(Self { record, leaf })
    }

    /// Returns the record.
    #[must_use]
    pub const fn record(&self) -> &RecordRef<'a> {
        &self.record
    }

    /// Returns the leaf hash.
    #[must_use]
    pub const fn leaf(&self) -> Hash {
        self.leaf
    }
}

/// A record that fits the log before it.
#[derive(Debug)]
pub struct Accepted<'a> {
    /// Its position.
    pub position: u64,
    /// The record.
    pub record: RecordRef<'a>,
    /// Its leaf hash.
    pub leaf: Hash,
    /// The tiles that it filled, to be compared with stored ones; mostly none.
    pub tiles: Vec<(TileId, Tile)>,
}

/// What a log was found to be.
#[derive(Clone, Debug)]
pub struct Verified {
    /// Number of records.
    pub size: u64,
    /// Root of the tree over them.
    pub root: Hash,
    /// Size of the largest checkpoint whose signature was checked; records behind it are whole and
    /// in order, but nobody signed for them.
    pub signed_size: Option<u64>,
    /// Ledger, origins, signing keys and history epochs, as the log announces them.
    pub keys: KeyLog,
    /// Time of the last record, µs since 1970.
    pub last_recorded_at_us: u64,
    /// Number of streams.
    pub streams: usize,
}

/// Verifies a log from position 0 on.
///
/// Holds the right edge of the tree, 40 bytes or so for each stream, and the event ids of the last
/// millisecond. After an error it is of no use: what follows a wrong record is not looked at.
#[derive(Debug, Default)]
pub struct LogVerifier {
    edge: Frontier,
    keys: Option<KeyLog>,
    streams: Streams,
    last_recorded_at_us: u64,
    /// Ids of the millisecond of the last record: an id holds its time, and time never decreases,
    /// so an id can only come again within its millisecond.
    ids: Ids,
    notes: Vec<SignedNote>,
    roots: BTreeMap<u64, Vec<Hash>>,
    /// The smallest size in `roots`, so that most records cost one comparison.
    next_root: Option<u64>,
}

impl LogVerifier {
    /// Makes a verifier of an empty log.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the number of records accepted: the position of the next.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.edge.size()
    }

    /// Returns the keys that the records accepted announce; none before the first.
    #[must_use]
    pub const fn keys(&self) -> Option<&KeyLog> {
        self.keys.as_ref()
    }

    /// Returns the root over the records accepted.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.edge.root()
    }

    /// Returns the right edge of the tree over the records accepted.
    #[must_use]
    pub const fn edge(&self) -> &Frontier {
        &self.edge
    }

    /// Holds the log against a root known from elsewhere (an anchor, an unsigned receipt) when it
    /// gets to that size. The log must get there.
    ///
    /// # Errors
    /// [`CheckpointFault::Root`] when it is the present size and the root is another.
    ///
    /// # Panics
    /// When the log is past that size already.
    pub fn expect_root(&mut self, size: u64, root: Hash) -> Result<(), VerifyError> {
        assert!(size >= self.size(), "roots are expected before the log gets there");
        if size == self.size() {
            return check_root(size, self.root(), root);
        }
        self.roots.entry(size).or_default().push(root);
        self.next_root = self.roots.keys().next().copied();
        Ok(())
    }

    /// Holds the log against a signed checkpoint: its root as in [`LogVerifier::expect_root`], its
    /// origin and signature when [`LogVerifier::finish`] knows all keys.
    ///
    /// # Errors
    /// As [`LogVerifier::expect_root`].
    ///
    /// # Panics
    /// As [`LogVerifier::expect_root`].
    pub fn expect_note(&mut self, note: SignedNote) -> Result<(), VerifyError> {
        self.expect_root(note.checkpoint.size, note.checkpoint.root)?;
        self.notes.push(note);
        Ok(())
    }

    /// Takes the bytes of the next record.
    ///
    /// # Errors
    /// The first check that fails, with the position; or the checkpoint of the size reached.
    pub fn push<'a>(&mut self, bytes: &'a [u8]) -> Result<Accepted<'a>, VerifyError> {
        match Checked::check(bytes) {
            Ok(checked) => self.accept(checked),
            Err(error) => Err(self.wrong(error.into())),
        }
    }

    /// Takes the next record, whose bytes were checked before.
    ///
    /// # Errors
    /// As [`LogVerifier::push`].
    pub fn accept<'a>(&mut self, checked: Checked<'a>) -> Result<Accepted<'a>, VerifyError> {
        let position = self.size();
        let Checked { record, leaf } = checked;
        self.check_keys(&record).map_err(|fault| self.wrong(fault))?;
        self.check_order(&record.header).map_err(|fault| self.wrong(fault))?;
        let tiles = self.edge.append(leaf);
        if self.next_root == Some(self.size()) {
            self.check_expected()?;
        }
        Ok(Accepted {
            position,
            record,
            leaf,
            tiles,
        })
    }

    /// Ends the log: it must have got to every checkpoint, and each must be signed by a key that
    /// the log announces for its size.
    ///
    /// # Errors
    /// [`CheckpointFault`] with the size of the checkpoint; [`RecordFault::NoPlain`] for an empty
    /// log.
    pub fn finish(self) -> Result<Verified, VerifyError> {
        let (size, root) = (self.size(), self.root());
        if let Some(expected) = self.next_root {
            let fault = CheckpointFault::Short { found: size };
            return Err(VerifyError::Checkpoint { size: expected, fault });
        }
        let Some(keys) = self.keys else {
            return Err(VerifyError::Record {
                position: 0,
                fault: RecordFault::NoPlain,
            });
        };
        for note in &self.notes {
            keys.verify_note(note).map_err(|fault| {
                let size = note.checkpoint.size;
                VerifyError::Checkpoint { size, fault }
            })?;
        }
        Ok(Verified {
            size,
            root,
            signed_size: self.notes.iter().map(|note| note.checkpoint.size).max(),
            keys,
            last_recorded_at_us: self.last_recorded_at_us,
            streams: self.streams.len(),
        })
    }

    /// Ends the log with the checkpoint of exactly its size.
    ///
    /// # Errors
    /// As [`LogVerifier::finish`]; [`CheckpointFault::Size`] for a checkpoint of another size.
    pub fn finish_with(mut self, note: SignedNote) -> Result<Verified, VerifyError> {
        let size = note.checkpoint.size;
        if size != self.size() {
            let fault = CheckpointFault::Size { found: self.size() };
            return Err(VerifyError::Checkpoint { size, fault });
        }
        self.expect_note(note)?;
        self.finish()
    }

    fn wrong(&self, fault: RecordFault) -> VerifyError {
        VerifyError::Record {
            position: self.size(),
            fault,
        }
    }

    fn check_keys(&mut self, record: &RecordRef<'_>) -> Result<(), RecordFault> {
        let position = self.edge.size();
        match &mut self.keys {
            None => self.keys = Some(KeyLog::begin(record)?),
            Some(keys) => {
                let kept = keys.extend(position, record)?;
                if let Some(kept) = kept.filter(|kept| kept.size == position)
                    && kept.root != self.edge.root()
                {
                    return Err(RecordFault::KeptCheckpoint);
                }
            }
        }
        Ok(())
    }

    fn check_order(&mut self, header: &Header) -> Result<(), RecordFault> {
        let expected = self.streams.next(header);
        if header.stream_version != expected {
            let found = header.stream_version;
            return Err(RecordFault::StreamVersion { expected, found });
        }
        let (before_us, found_us) = (self.last_recorded_at_us, header.recorded_at_us);
        if found_us < before_us {
            return Err(RecordFault::Time { before_us, found_us });
        }
        if found_us / 1000 != before_us / 1000 {
            self.ids.clear();
        }
        self.last_recorded_at_us = found_us;
        if !self.ids.insert(header.event_id) {
            return Err(RecordFault::EventIdAgain);
        }
        Ok(())
    }

    fn check_expected(&mut self) -> Result<(), VerifyError> {
        let (size, found) = (self.size(), self.root());
        let expected = self.roots.remove(&size).unwrap_or_default();
        self.next_root = self.roots.keys().next().copied();
        expected
            .into_iter()
            .try_for_each(|expected| check_root(size, found, expected))
    }
}

/// Verifies a dump of a whole log, from position 0 to its checkpoint.
///
/// # Errors
/// [`VerifyError`]; [`VerifyError::NotWhole`] for a dump that begins later.
pub fn verify_dump<R: Read>(input: R) -> Result<Verified, VerifyError> {
    let mut dump = DumpReader::begin(input)?;
    if dump.first() != 0 {
        return Err(VerifyError::NotWhole { first: dump.first() });
    }
    let mut log = LogVerifier::new();
    while let Some(bytes) = dump.next_record()? {
        log.push(bytes)?;
    }
    let size = log.size();
    let note = SignedNote::parse(&dump.finish()?).map_err(|error| VerifyError::Checkpoint {
        size,
        fault: error.into(),
    })?;
    log.finish_with(note)
}

fn check_root(size: u64, found: Hash, expected: Hash) -> Result<(), VerifyError> {
    if found == expected {
        return Ok(());
    }
    Err(VerifyError::Checkpoint {
        size,
        fault: CheckpointFault::Root { expected, found },
    })
}

#[cfg(test)]
mod tests;
