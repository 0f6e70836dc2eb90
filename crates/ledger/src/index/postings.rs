//! Posting lists: which positions concern a thing. A list on disk is a run of chunks of delta-coded positions;
//! the newest positions live in memory (`Tail`) until enough have come to write them in the background.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use strongroom_domain::ids::Position;

/// A map by what is a keyed hash already, or a type code: it is not hashed again.
type ByTerm<K, V> = HashMap<K, V, BuildHasherDefault<TermHasher>>;

/// Takes eight bytes of a term, behind its tag.
#[derive(Default)]
struct TermHasher(u64);

impl Hasher for TermHasher {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(eight) = bytes.get(1..9).and_then(|eight| eight.try_into().ok()) {
            self.0 = u64::from_le_bytes(eight);
        }
    }

    fn finish(&self) -> u64 {
        // Type codes are small: their bits must reach the top, too.
        self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

/// Tag byte and 16 bytes: a keyed hash of a subject (`e`), or a type code (`t`).
pub(crate) type Term = [u8; 17];

/// Positions in one chunk: small enough that reading a page's last chunk costs little.
pub(crate) const CHUNK_POSITIONS_MAX: usize = 512;

/// Positions that are written to chunks at a time. Chunks never cross a block, so that they are the same whoever writes
/// them: writing them again after a crash replaces each with itself.
pub(crate) const BLOCK_POSITIONS: u64 = 4_096;

/// The term of a subject, from its keyed hash.
pub(crate) fn subject_term(hash: [u8; 16]) -> Term {
    let mut term = [b'e'; 17];
    term[1..].copy_from_slice(&hash);
    term
}

/// The term of an event type.
pub(crate) fn type_term(type_code: u16) -> Term {
    let mut term = [0; 17];
    term[0] = b't';
    term[1..3].copy_from_slice(&type_code.to_be_bytes());
    term
}

/// The key of a chunk: its term (a type's without the filler) and its first position.
pub(crate) fn chunk_key(term: &Term, first: Position) -> Vec<u8> {
    let mut key = term_prefix(term).to_vec();
    key.extend_from_slice(&first.to_be_bytes());
    key
}

/// What all chunk keys of a term begin with.
pub(crate) fn term_prefix(term: &Term) -> &[u8] {
    if term[0] == b't' { &term[..3] } else { &term[..] }
}

/// Codes the positions after the first of a chunk as LEB128 deltas.
pub(crate) fn encode_chunk(positions: &[Position]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(positions.len() * 2);
    for pair in positions.windows(2) {
        let mut delta = pair[1] - pair[0];
        while delta >= 0x80 {
            bytes.push((delta & 0x7f) as u8 | 0x80);
            delta >>= 7;
        }
        bytes.push(delta as u8);
    }
    bytes
}

/// Gives the positions of a chunk; `None` when the bytes are not ones that `encode_chunk` writes.
pub(crate) fn decode_chunk(first: Position, bytes: &[u8]) -> Option<Vec<Position>> {
    let mut positions = vec![first];
    let (mut last, mut delta, mut shift) = (first, 0_u64, 0);
    for byte in bytes {
        if shift > 63 {
            return None;
        }
        delta |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            last = last.checked_add(delta)?;
            positions.push(last);
            (delta, shift) = (0, 0);
        }
    }
    (shift == 0).then_some(positions)
}

/// The postings and idempotency rows of the newest records.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    /// First position that is here and not in chunks.
    pub(crate) from: Position,
    /// One past the last position.
    pub(crate) to: Position,
    postings: ByTerm<Term, Vec<Position>>,
    requests: ByTerm<[u8; 16], (Position, u32)>,
}

impl Tail {
    /// An empty tail behind what the chunks hold.
    pub(crate) fn starting_at(from: Position) -> Self {
        Self {
            from,
            to: from,
            ..Self::default()
        }
    }

    /// Takes one record's terms; records come in order.
    pub(crate) fn push(&mut self, position: Position, terms: impl IntoIterator<Item = Term>) {
        for term in terms {
            let list = self.postings.entry(term).or_default();
            if list.last() != Some(&position) {
                list.push(position);
            }
        }
        self.to = position + 1;
    }

    /// Remembers a request by the hash of its idempotency key.
    pub(crate) fn push_request(&mut self, hash: [u8; 16], first: Position, count: u32) {
        self.requests.insert(hash, (first, count));
    }

    /// Where a request's events are.
    pub(crate) fn request(&self, hash: &[u8; 16]) -> Option<(Position, u32)> {
        self.requests.get(hash).copied()
    }

    /// A term's positions, ascending.
    pub(crate) fn positions(&self, term: &Term) -> &[Position] {
        self.postings.get(term).map_or(&[], Vec::as_slice)
    }

    /// The rows that hold everything before `end`.
    pub(crate) fn rows_before(&self, end: Position) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut rows = Vec::new();
        for (term, positions) in &self.postings {
            let ready = &positions[..positions.partition_point(|position| *position < end)];
            for block in ready.chunk_by(|a, b| a / BLOCK_POSITIONS == b / BLOCK_POSITIONS) {
                for chunk in block.chunks(CHUNK_POSITIONS_MAX) {
                    rows.push((chunk_key(term, chunk[0]), encode_chunk(chunk)));
                }
            }
        }
        for (hash, (first, count)) in &self.requests {
            if *first < end {
                rows.push((request_key(hash), request_value(*first, *count)));
            }
        }
        rows.sort_unstable();
        rows
    }

    /// Lets go of what is written.
    pub(crate) fn forget_before(&mut self, end: Position) {
        self.postings.retain(|_, positions| {
            positions.drain(..positions.partition_point(|position| *position < end));
            !positions.is_empty()
        });
        self.requests.retain(|_, (first, _)| *first >= end);
        self.from = self.from.max(end);
    }
}

/// The key of an idempotency row.
pub(crate) fn request_key(hash: &[u8; 16]) -> Vec<u8> {
    let mut key = vec![b'i'];
    key.extend_from_slice(hash);
    key
}

fn request_value(first: Position, count: u32) -> Vec<u8> {
    let mut value = first.to_be_bytes().to_vec();
    value.extend_from_slice(&count.to_be_bytes());
    value
}

/// Reads an idempotency row: first position and count.
pub(crate) fn decode_request(value: &[u8]) -> Option<(Position, u32)> {
    let (first, count) = value.split_first_chunk::<8>()?;
    let count: [u8; 4] = count.try_into().ok()?;
    Some((u64::from_be_bytes(*first), u32::from_be_bytes(count)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_chunk_gives_back_its_positions(first in 0_u64..1 << 40, deltas in prop::collection::vec(1_u64..1 << 20, 0..600)) {
            let mut positions = vec![first];
            for delta in deltas {
                positions.push(positions.last().unwrap() + delta);
            }
            prop_assert_eq!(decode_chunk(first, &encode_chunk(&positions)), Some(positions));
        }

        #[test]
        fn any_bytes_decode_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = decode_chunk(u64::MAX - 3, &bytes);
        }
    }

    #[test]
    fn what_is_written_is_let_go_and_nothing_else() {
        let term = subject_term([3; 16]);
        let mut tail = Tail::starting_at(10);
        for position in 10..20 {
            tail.push(position, [term, type_term(1025)]);
        }
        tail.push_request([9; 16], 12, 2);
        tail.push_request([8; 16], 15, 1);
        let rows = tail.rows_before(15);
        assert_eq!(rows.len(), 3);
        assert!(rows.contains(&(chunk_key(&term, 10), encode_chunk(&[10, 11, 12, 13, 14]))));
        tail.forget_before(15);
        assert_eq!(tail.positions(&term), &[15, 16, 17, 18, 19]);
        assert_eq!(tail.request(&[9; 16]), None);
        assert_eq!(tail.request(&[8; 16]), Some((15, 1)));
        assert_eq!((tail.from, tail.to), (15, 20));
    }

    #[test]
    fn a_request_row_gives_back_what_it_holds() {
        assert_eq!(decode_request(&request_value(77, 3)), Some((77, 3)));
        assert_eq!(decode_request(&[0; 11]), None);
    }
}
