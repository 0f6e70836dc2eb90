//! Which keys count where, learned from the plain parts of the log alone.

use std::collections::BTreeMap;

use super::{CheckpointFault, RecordFault};
use crate::note::{Checkpoint, SignedNote, VerifierKey, key_id};
use crate::plain::{Kept, PlainPart};
use crate::record::RecordRef;

/// The category of the ledger's own stream, the only one with plain parts.
const LEDGER_CATEGORY: u16 = 1;

/// A record from which on a signing key counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Began {
    /// Position of the record.
    pub position: u64,
    /// Incarnation and origin from here on, with the key.
    pub incarnation: [u8; 8],
    /// The key under the name of its origin.
    pub key: VerifierKey,
    /// Whether the key before signed the change; true for the first. False only where a ledger was
    /// recovered without the old key: who pinned the key before must ask a person.
    pub linked: bool,
}

/// The keys of a log up to some position.
#[derive(Clone, Debug)]
pub struct KeyLog {
    ledger_id: [u8; 16],
    dev: bool,
    began: Vec<Began>,
    epochs: BTreeMap<u32, [u8; 32]>,
    /// The epoch of the last record, known to be announced.
    last_epoch: u32,
}

impl KeyLog {
    /// Begins with the first record of a log.
    ///
    /// # Errors
    /// [`RecordFault`] of the kind `keys`.
    pub fn begin(record: &RecordRef<'_>) -> Result<Self, RecordFault> {
        let plain = PlainPart::parse(record.plain.ok_or(RecordFault::NoPlain)?)?;
        if plain.kept.is_some() || plain.signature.is_some() {
            return Err(RecordFault::First);
        }
        let mut keys = Self {
            ledger_id: plain.ledger_id,
            dev: plain.dev,
            began: vec![begun(0, &plain, true)?],
            epochs: BTreeMap::new(),
            last_epoch: 0,
        };
        keys.check_place(record)?;
        keys.announce(&plain)?;
        keys.check_epoch(record.header.epoch)?;
        Ok(keys)
    }

    /// Goes on with the record at `position`, which is not the first.
    ///
    /// Returns the newest checkpoint of the incarnation before where a new one begins: its
    /// signature is checked, its root is the caller's to compare.
    ///
    /// # Errors
    /// [`RecordFault`] of the kind `keys`; the keys are of no use then.
    pub fn extend(&mut self, position: u64, record: &RecordRef<'_>) -> Result<Option<Checkpoint>, RecordFault> {
        self.check_place(record)?;
        let Some(bytes) = record.plain else {
            self.check_epoch(record.header.epoch)?;
            return Ok(None);
        };
        let plain = PlainPart::parse(bytes)?;
        if plain.ledger_id != self.ledger_id {
            return Err(RecordFault::LedgerId);
        }
        let (began, checkpoint) = match &plain.kept {
            Some(kept) => self.check_recovered(position, record, &plain, kept)?,
            None => (self.check_rotated(position, record, &plain)?, None),
        };
        self.announce(&plain)?;
        self.check_epoch(record.header.epoch)?;
        self.began.extend(began);
        Ok(checkpoint)
    }

    /// Returns the ledger's id.
    #[must_use]
    pub const fn ledger_id(&self) -> &[u8; 16] {
        &self.ledger_id
    }

    /// Whether the ledger was made by `--dev`, as its first record says.
    #[must_use]
    pub const fn is_dev(&self) -> bool {
        self.dev
    }

    /// Returns where each signing key began, the first first; never empty.
    #[must_use]
    pub fn began(&self) -> &[Began] {
        &self.began
    }

    /// Returns the newest signing key, with its origin and incarnation.
    #[must_use]
    pub fn newest(&self) -> &Began {
        self.began.last().expect("a log begins with a key")
    }

    /// Returns the history epochs announced, with the commitments to their keys.
    #[must_use]
    pub const fn epochs(&self) -> &BTreeMap<u32, [u8; 32]> {
        &self.epochs
    }

    /// Checks that a note is signed by a key that counts for its origin and size: the key announced
    /// at position p counts for every size, the one before only for sizes up to p.
    ///
    /// # Errors
    /// [`CheckpointFault::Key`] when there is no such key; `Note` when its signature is not valid.
    pub fn verify_note(&self, note: &SignedNote) -> Result<(), CheckpointFault> {
        let ends = self.began.iter().skip(1).map(|next| next.position).chain([u64::MAX]);
        let key = self.began.iter().zip(ends).find(|(began, end)| {
            began.key.name == note.checkpoint.origin
                && note.checkpoint.size <= *end
                && key_id(&began.key.name, &began.key.key) == note.key_id
        });
        let (began, _) = key.ok_or(CheckpointFault::Key)?;
        Ok(began.key.verify(note)?)
    }

    /// The ledger's stream is named by the ledger's id, and has all plain parts.
    fn check_place(&self, record: &RecordRef<'_>) -> Result<(), RecordFault> {
        let of_ledger = record.header.category == LEDGER_CATEGORY;
        let right = if of_ledger {
            record.header.stream_id == self.ledger_id
        } else {
            record.plain.is_none()
        };
        if right { Ok(()) } else { Err(RecordFault::Place) }
    }

    /// A key rotation, or epochs announced: origin and incarnation stay.
    fn check_rotated(
        &self,
        position: u64,
        record: &RecordRef<'_>,
        plain: &PlainPart,
    ) -> Result<Option<Began>, RecordFault> {
        let newest = self.newest();
        if plain.incarnation != newest.incarnation || plain.origin != newest.key.name {
            return Err(RecordFault::Incarnation);
        }
        if plain.signing_key == *newest.key.key.as_bytes() {
            return if plain.signature.is_none() {
                Ok(None)
            } else {
                Err(RecordFault::Key)
            };
        }
        plain.verify_key_change(&record.header.event_id, &newest.key.key)?;
        begun(position, plain, true).map(Some)
    }

    /// A new incarnation: new origin and key, signed by the key before where it is not lost.
    fn check_recovered(
        &self,
        position: u64,
        record: &RecordRef<'_>,
        plain: &PlainPart,
        kept: &Kept,
    ) -> Result<(Option<Began>, Option<Checkpoint>), RecordFault> {
        if kept.size != position {
            return Err(RecordFault::Kept { found: kept.size });
        }
        if self.began.iter().any(|began| began.incarnation == plain.incarnation) {
            return Err(RecordFault::Incarnation);
        }
        if self
            .began
            .iter()
            .any(|began| *began.key.key.as_bytes() == plain.signing_key)
        {
            return Err(RecordFault::Key);
        }
        let newest = self.newest();
        let linked = plain.signature.is_some();
        if linked {
            plain.verify_key_change(&record.header.event_id, &newest.key.key)?;
        }
        let mut checkpoint = None;
        if let Some(note) = &kept.checkpoint {
            let note = SignedNote::parse(note).map_err(|_| RecordFault::KeptCheckpoint)?;
            let of_newest = note.checkpoint.origin == newest.key.name;
            if !of_newest || self.verify_note(&note).is_err() {
                return Err(RecordFault::KeptCheckpoint);
            }
            checkpoint = Some(note.checkpoint);
        }
        Ok((Some(begun(position, plain, linked)?), checkpoint))
    }

    /// Epochs go up: the parser checks it within a plain part, this between them.
    fn announce(&mut self, plain: &PlainPart) -> Result<(), RecordFault> {
        let before = self.epochs.last_key_value().map_or(0, |(epoch, _)| *epoch);
        if let Some(first) = plain.epochs.first().filter(|first| first.epoch <= before) {
            return Err(RecordFault::EpochAgain { found: first.epoch });
        }
        let announced = plain.epochs.iter().map(|new| (new.epoch, new.commitment));
        self.epochs.extend(announced);
        Ok(())
    }

    /// A record's epoch was announced at a lower position, or in the record itself.
    fn check_epoch(&mut self, epoch: u32) -> Result<(), RecordFault> {
        if epoch == self.last_epoch {
            return Ok(());
        }
        if !self.epochs.contains_key(&epoch) {
            return Err(RecordFault::EpochUnknown { found: epoch });
        }
        self.last_epoch = epoch;
        Ok(())
    }
}

fn begun(position: u64, plain: &PlainPart, linked: bool) -> Result<Began, RecordFault> {
    let key = VerifierKey {
        name: plain.origin.clone(),
        key: plain.verifying_key()?,
    };
    Ok(Began {
        position,
        incarnation: plain.incarnation,
        key,
        linked,
    })
}
