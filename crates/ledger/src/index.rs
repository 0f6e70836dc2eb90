//! The blind index: which positions concern a credential, a workspace, an actor …, and where a repeated request's events are.
//!
//! Keys are keyed hashes, so the disk tells nothing of who did what. Rows trail behind the commits; the newest records'
//! postings are in memory, so no answer is behind. Rows are hints: every hit is checked against the opened record.

mod postings;

pub(crate) use postings::{BLOCK_POSITIONS, Tail, Term};

use crate::keyring::Keyring;
use crate::limits::TAIL_RECORDS_MAX;
use postings::{chunk_key, decode_chunk, decode_request, request_key, subject_term, term_prefix, type_term};
use std::sync::{PoisonError, RwLock};
use strongroom_domain::event::{Recorded, Subject};
use strongroom_domain::ids::{CredentialId, CredentialVersion, Position};
use strongroom_domain::stored;
use strongroom_log::{Space, Store, StoreError};
use strongroom_seal::{Keyspace, index_term};

/// Rows that say how far chunks were written: `m` ‖ size of the log then → one past the last position in chunks.
const MARKER_PREFIX: &[u8] = b"m";

/// What a posting list is about, with the number that goes into the keyed hash. Numbers are never reused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Concern {
    /// A thing.
    Subject(Subject),
    /// Who acted, or on whose behalf.
    Actor([u8; 16]),
    /// A piece of work.
    Correlation([u8; 16]),
    /// A source address.
    Source(String),
    /// An event type.
    Type(u16),
}

impl Concern {
    /// The term of this concern.
    pub(crate) fn term(&self, keys: &Keyring) -> Term {
        let hash = |kind, id: &[u8]| subject_term(index_term(&keys.index, kind, id));
        match self {
            Self::Subject(Subject::Credential(id)) => hash(1, &id.0),
            Self::Subject(Subject::Client(id)) => hash(2, &id.0),
            Self::Subject(Subject::Workspace(id)) => hash(3, &id.0),
            Self::Subject(Subject::Template(id)) => hash(4, &id.0),
            Self::Subject(Subject::Service(id)) => hash(5, id.as_bytes()),
            Self::Subject(Subject::Principal(id)) => hash(6, &id.0),
            Self::Actor(id) => hash(7, id),
            Self::Correlation(id) => hash(8, id),
            Self::Source(address) => hash(9, address.as_bytes()),
            Self::Type(code) => type_term(*code),
        }
    }
}

/// Everything that a record is found by.
pub(crate) fn terms_of(keys: &Keyring, recorded: &Recorded) -> Vec<Term> {
    let envelope = &recorded.envelope;
    let mut terms: Vec<Term> = recorded
        .concerns()
        .into_iter()
        .map(|subject| Concern::Subject(subject).term(keys))
        .collect();
    terms.push(Concern::Type(stored::type_code(&recorded.event)).term(keys));
    terms.push(Concern::Actor(envelope.actor.0).term(keys));
    terms.push(Concern::Correlation(envelope.correlation.0).term(keys));
    if let Some(other) = envelope.on_behalf_of {
        terms.push(Concern::Actor(other.0).term(keys));
    }
    if let Some(source) = &envelope.source {
        terms.push(Concern::Source(source.clone()).term(keys));
    }
    terms
}

/// What the index learns from one record.
pub(crate) struct Posting {
    position: Position,
    terms: Vec<Term>,
    request: Option<([u8; 16], u32)>,
}

impl Posting {
    /// The posting of a record.
    pub(crate) fn of(keys: &Keyring, recorded: &Recorded) -> Self {
        let request = recorded.envelope.idempotency.as_ref().map(|facts| {
            let actor = recorded.envelope.actor;
            (
                crate::sequencer::request_term(&keys.index, actor, &facts.route, &facts.key),
                facts.events,
            )
        });
        Self {
            position: recorded.position,
            terms: terms_of(keys, recorded),
            request,
        }
    }
}

impl Posting {
    /// What the record is found by.
    pub(crate) fn terms(&self) -> &[Term] {
        &self.terms
    }
}

/// The index of a running ledger.
pub(crate) struct Index {
    tail: RwLock<Tail>,
}

impl Index {
    /// Reads how far the chunks go that can be relied on: those written when the log had at most `whole_below` records.
    /// What was written later may have gone with a damaged journal. The caller pushes the records from there on.
    pub(crate) fn open(store: &Store, whole_below: u64) -> Result<Self, StoreError> {
        let mut from = 0;
        let mut end = MARKER_PREFIX.to_vec();
        end.extend_from_slice(&whole_below.to_be_bytes());
        let view = store.view();
        if let Some(row) = view.rows(Space::Index, MARKER_PREFIX..=end.as_slice()).next_back() {
            let (_, value) = row?;
            from = value.as_ref().try_into().map_or(0, u64::from_be_bytes);
        }
        from -= from % BLOCK_POSITIONS;
        Ok(Self {
            tail: RwLock::new(Tail::starting_at(from)),
        })
    }

    /// One past the last position that is indexed.
    pub(crate) fn end(&self) -> Position {
        self.tail.read().unwrap_or_else(PoisonError::into_inner).to
    }

    /// Begins anew at a position: everything from there on will be pushed.
    pub(crate) fn restart_at(&self, position: Position) {
        *self.tail.write().unwrap_or_else(PoisonError::into_inner) = Tail::starting_at(position);
    }

    /// Takes the postings of durable records, in order.
    pub(crate) fn push(&self, postings: Vec<Posting>) {
        let mut tail = self.tail.write().unwrap_or_else(PoisonError::into_inner);
        for posting in postings {
            tail.push(posting.position, posting.terms);
            if let Some((term, count)) = posting.request {
                tail.push_request(term, posting.position, count);
            }
        }
    }

    /// Where the events of a request are, by the hash of its idempotency key.
    pub(crate) fn request(&self, store: &Store, term: &[u8; 16]) -> Result<Option<(Position, u32)>, StoreError> {
        if let Some(place) = self.tail.read().unwrap_or_else(PoisonError::into_inner).request(term) {
            return Ok(Some(place));
        }
        let row = store.row(Space::Index, &request_key(term))?;
        Ok(row.and_then(|row| decode_request(&row)))
    }

    /// Positions of a term within `range`, at most `limit`, newest or oldest first. Reads only the chunks it needs.
    pub(crate) fn positions(
        &self,
        store: &Store,
        term: &Term,
        range: std::ops::Range<Position>,
        newest_first: bool,
        limit: usize,
    ) -> Result<Vec<Position>, StoreError> {
        let (tail_positions, chunk_end) = {
            let tail = self.tail.read().unwrap_or_else(PoisonError::into_inner);
            let inside: Vec<Position> = tail
                .positions(term)
                .iter()
                .copied()
                .filter(|position| range.contains(position))
                .collect();
            (inside, tail.from)
        };
        let chunk_range = range.start..range.end.min(chunk_end);
        let mut found: Vec<Position> = Vec::new();
        if newest_first {
            found.extend(tail_positions.iter().rev().take(limit));
            if found.len() < limit {
                self.chunked(store, term, &chunk_range, true, limit, &mut found)?;
            }
        } else {
            self.chunked(store, term, &chunk_range, false, limit, &mut found)?;
            let left = limit.saturating_sub(found.len());
            found.extend(tail_positions.iter().take(left));
        }
        found.sort_unstable();
        found.dedup();
        if newest_first {
            found.reverse();
        }
        found.truncate(limit);
        Ok(found)
    }

    fn chunked(
        &self,
        store: &Store,
        term: &Term,
        range: &std::ops::Range<Position>,
        newest_first: bool,
        limit: usize,
        found: &mut Vec<Position>,
    ) -> Result<(), StoreError> {
        if range.start >= range.end {
            return Ok(());
        }
        let view = store.view();
        let prefix = term_prefix(term).to_vec();
        let end = chunk_key(term, range.end);
        // A chunk never crosses a block: the one that holds the first position begins in that position's block.
        let start = chunk_key(term, range.start - range.start % BLOCK_POSITIONS);
        let rows = view.rows(Space::Index, start.as_slice()..end.as_slice());
        let mut take = |row: Result<_, StoreError>| -> Result<bool, StoreError> {
            let (key, value): (strongroom_log::Slice, strongroom_log::Slice) = row?;
            let Some(first) = key
                .get(prefix.len()..)
                .and_then(|bytes| bytes.try_into().ok())
                .map(u64::from_be_bytes)
            else {
                return Ok(true);
            };
            // A chunk that does not decode is left out, as any row that someone took away: `verify` finds it.
            let mut positions = decode_chunk(first, &value).unwrap_or_default();
            positions.retain(|position| range.contains(position));
            let exhausted = newest_first && first < range.start;
            if newest_first {
                positions.reverse();
            }
            found.extend(positions);
            Ok(found.len() < limit && !exhausted)
        };
        if newest_first {
            for row in rows.rev() {
                if !take(row)? {
                    break;
                }
            }
        } else {
            for row in rows {
                if !take(row)? {
                    break;
                }
            }
        }
        found.truncate(limit);
        Ok(())
    }

    /// Writes chunks for what has left the newest records, in small batches beside the commits.
    pub(crate) fn flush(&self, store: &Store) -> Result<(), StoreError> {
        let (rows, end, head) = {
            let tail = self.tail.read().unwrap_or_else(PoisonError::into_inner);
            if tail.to - tail.from < TAIL_RECORDS_MAX {
                return Ok(());
            }
            let end = tail.to - TAIL_RECORDS_MAX / 2;
            let end = end - end % BLOCK_POSITIONS;
            (tail.rows_before(end), end, tail.to)
        };
        let mut batch = store.row_batch();
        for (key, value) in rows {
            if batch.is_full() {
                std::mem::replace(&mut batch, store.row_batch()).write()?;
            }
            batch.put(Space::Index, key, value);
        }
        if batch.is_full() {
            std::mem::replace(&mut batch, store.row_batch()).write()?;
        }
        // The marker comes last: what it covers is in the journal before it.
        let mut marker = MARKER_PREFIX.to_vec();
        marker.extend_from_slice(&head.to_be_bytes());
        batch.put(Space::Index, marker, end.to_be_bytes().as_slice());
        batch.write()?;
        self.tail
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .forget_before(end);
        Ok(())
    }
}

/// The key of a version's row of fingerprints.
pub(crate) fn fingerprint_row_key(key_id: &[u8; 16], version: CredentialVersion) -> Vec<u8> {
    let mut row_key = vec![b'f'];
    row_key.extend_from_slice(key_id);
    row_key.extend_from_slice(&version.to_be_bytes());
    row_key
}

/// The row of a version's fingerprints: `f` ‖ key id ‖ version → sealed list of (credential id, fingerprints).
pub(crate) fn fingerprint_row(
    keys: &Keyring,
    key_id: &[u8; 16],
    credential: CredentialId,
    version: CredentialVersion,
    list: &[[u8; 32]],
    random: &[u8; 24],
) -> (Vec<u8>, Vec<u8>) {
    let row_key = fingerprint_row_key(key_id, version);
    let mut plaintext = credential.0.to_vec();
    list.iter()
        .for_each(|fingerprint| plaintext.extend_from_slice(fingerprint));
    let sealed = keys
        .rows
        .seal(Keyspace::Index, &row_key, &plaintext, random)
        .expect("a row fits in memory");
    (row_key, sealed)
}

/// Opens a row of fingerprints; `None` when it is not one that `fingerprint_row` makes.
pub(crate) fn open_fingerprint_row(
    keys: &Keyring,
    row_key: &[u8],
    row: &[u8],
) -> Option<(CredentialId, CredentialVersion, Vec<[u8; 32]>)> {
    let version = u32::from_be_bytes(row_key.get(17..)?.try_into().ok()?);
    let plaintext = keys.rows.open(Keyspace::Index, row_key, row).ok()?;
    let (credential, list) = plaintext.split_first_chunk::<16>()?;
    let (list, rest) = list.as_chunks::<32>();
    rest.is_empty()
        .then(|| (CredentialId(*credential), version, list.to_vec()))
}
