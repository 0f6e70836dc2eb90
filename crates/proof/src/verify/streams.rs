//! The newest version of each stream, compactly: a log may have millions.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, Hasher, RandomState};

use crate::record::Header;

/// The versions of all streams seen.
#[derive(Debug, Default)]
pub(super) struct Streams(HashMap<Stream, u64, Folding>);

/// A stream is named by category and id together: a principal and its accesses share the id.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Stream {
    category: u16,
    id: u128,
}

/// Ids that were seen.
#[derive(Debug, Default)]
pub(super) struct Ids(HashSet<u128, Folding>);

impl Ids {
    /// Takes an id; false when it is there already.
    pub(super) fn insert(&mut self, id: [u8; 16]) -> bool {
        self.0.insert(u128::from_ne_bytes(id))
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

impl Streams {
    /// Counts the next event of a header's stream, and returns the version that it must have.
    pub(super) fn next(&mut self, header: &Header) -> u64 {
        let stream = Stream {
            category: header.category,
            id: u128::from_ne_bytes(header.stream_id),
        };
        let version = self.0.entry(stream).or_insert(0);
        *version += 1;
        *version
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

/// Hashes ids by multiplying and folding, under keys that are random in each process: whoever writes a log can't make
/// its ids fall together. The standard hasher takes as long as a tenth of all the other checks of a record.
#[derive(Clone, Debug)]
struct Folding {
    keys: [u64; 2],
}

impl Default for Folding {
    fn default() -> Self {
        let random = RandomState::new();
        Self {
            keys: [random.hash_one(0_u8), random.hash_one(1_u8)],
        }
    }
}

impl BuildHasher for Folding {
    type Hasher = FoldingHasher;

    fn build_hasher(&self) -> FoldingHasher {
        FoldingHasher {
            state: self.keys[0],
            key: self.keys[1] | 1,
        }
    }
}

#[derive(Debug)]
struct FoldingHasher {
    state: u64,
    key: u64,
}

impl FoldingHasher {
    fn fold(&mut self, word: u64) {
        let product = u128::from(self.state ^ word) * u128::from(self.key);
        self.state = product as u64 ^ (product >> 64) as u64;
    }
}

impl Hasher for FoldingHasher {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.fold(u64::from(*byte)));
    }

    fn write_u16(&mut self, word: u16) {
        self.fold(u64::from(word));
    }

    fn write_u128(&mut self, word: u128) {
        self.fold(word as u64);
        self.fold((word >> 64) as u64);
    }

    fn finish(&self) -> u64 {
        self.state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_differ_in_one_bit_spread() {
        let folding = Folding::default();
        // The table takes the low bits for the place and the high ones for a tag: both must differ.
        for bits in [0..12, 52..64] {
            let mask: u64 = bits.map(|bit| 1 << bit).sum();
            let places: HashSet<u64> = (0..128)
                .flat_map(|bit| (0..8_u128).map(move |number| number.rotate_right(3) ^ 1 << bit))
                .map(|id| folding.hash_one(id) & mask)
                .collect();
            assert!(places.len() > 700, "{} places of 4,096 for 1,024 ids", places.len());
        }
    }

    #[test]
    fn an_id_is_taken_once_until_all_are_let_go() {
        let mut ids = Ids::default();
        assert!(ids.insert([1; 16]));
        assert!(ids.insert([2; 16]));
        assert!(!ids.insert([1; 16]));
        ids.clear();
        assert!(ids.insert([1; 16]));
    }
}
