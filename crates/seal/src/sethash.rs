//! An incremental keyed multiset hash (MSet-Add-Hash, Clarke et al., 2003) over rows on disk.
//!
//! Each row adds a term, modulo 2^256; overwriting subtracts the old one. So a commit costs two
//! hashes for each row it changes, and a row put back by someone with the disk changes the sum.
//! The sums stay sealed: whoever saw one could choose rows to keep it.

use blake3::Hasher;
use subtle::ConstantTimeEq;

use crate::{
    purpose::{Keyspace, Purpose},
    secret::Key32,
};

/// Key under which the terms are made.
pub struct SetHashKey(Key32);

impl SetHashKey {
    /// Takes the set-hash key of the history compartment.
    #[must_use]
    pub fn new(key: Key32) -> Self {
        Self(key)
    }

    /// keyed(key; 11 ‖ keyspace u8 ‖ u16 length ‖ row key ‖ row as stored), as four u64, low first.
    #[must_use]
    pub fn term(&self, keyspace: Keyspace, row_key: &[u8], row: &[u8]) -> SetHashTerm {
        let len = u16::try_from(row_key.len()).expect("row keys are far below 64 KiB");
        let [high, low] = len.to_be_bytes();
        let mut hasher = Hasher::new_keyed(self.0.expose());
        hasher
            .update(&[Purpose::SetHash as u8, keyspace as u8, high, low])
            .update(row_key)
            .update(row);
        SetHashTerm(limbs(hasher.finalize().as_bytes()))
    }
}

/// What one row adds to a sum. Kept in memory by whoever will overwrite the row; stored nowhere.
#[derive(Clone, Copy)]
pub struct SetHashTerm([u64; 4]);

/// A sum of terms modulo 2^256. Starts empty, at zero.
#[derive(Clone, Default)]
pub struct SetHash([u64; 4]);

impl SetHash {
    /// Reads a sum, big-endian.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(limbs(bytes))
    }

    /// Returns the sum, big-endian. It goes into a sealed row and nowhere else.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (chunk, limb) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(self.0.iter().rev()) {
            *chunk = limb.to_be_bytes();
        }
        bytes
    }

    /// Adds a row that is now stored.
    pub fn add(&mut self, key: &SetHashKey, keyspace: Keyspace, row_key: &[u8], row: &[u8]) {
        self.add_term(key.term(keyspace, row_key, row));
    }

    /// Adds the term of a row that is now stored.
    pub fn add_term(&mut self, term: SetHashTerm) {
        self.0 = add(self.0, term.0);
    }

    /// Takes away a row that is overwritten or removed.
    pub fn sub(&mut self, key: &SetHashKey, keyspace: Keyspace, row_key: &[u8], row: &[u8]) {
        self.sub_term(key.term(keyspace, row_key, row));
    }

    /// Takes away the term of a row that is overwritten or removed.
    pub fn sub_term(&mut self, term: SetHashTerm) {
        self.0 = sub(self.0, term.0);
    }

    /// Compares in constant time.
    #[must_use]
    pub fn ct_eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl std::fmt::Debug for SetHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SetHash(…)")
    }
}

/// What the sealed row of `meta` holds: both sums, bound to the head of one commit.
///
/// 112 bytes: `rights` 32 ‖ `keys` 32 ‖ incarnation 8 ‖ size u64 ‖ root 32.
#[derive(Clone, Debug)]
pub struct SetHashRow {
    /// Over every row of `state` but due, usage and counters.
    pub rights: SetHash,
    /// Over all rows of `keys`.
    pub keys: SetHash,
    /// Incarnation of the ledger.
    pub incarnation: [u8; 8],
    /// Records in the log with this commit.
    pub size: u64,
    /// Root of the tree of that size.
    pub root: [u8; 32],
}

/// Bytes of a [`SetHashRow`] before it is sealed.
const ROW_LEN: usize = 112;

impl SetHashRow {
    /// Returns the plaintext of the row.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; ROW_LEN] {
        let mut bytes = [0; ROW_LEN];
        bytes[..32].copy_from_slice(&self.rights.to_bytes());
        bytes[32..64].copy_from_slice(&self.keys.to_bytes());
        bytes[64..72].copy_from_slice(&self.incarnation);
        bytes[72..80].copy_from_slice(&self.size.to_be_bytes());
        bytes[80..].copy_from_slice(&self.root);
        bytes
    }

    /// Reads the plaintext of the row; `None` unless it has exactly 112 bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (rights, rest) = bytes.split_first_chunk()?;
        let (keys, rest) = rest.split_first_chunk()?;
        let (incarnation, rest) = rest.split_first_chunk()?;
        let (size, rest) = rest.split_first_chunk()?;
        Some(Self {
            rights: SetHash::from_bytes(rights),
            keys: SetHash::from_bytes(keys),
            incarnation: *incarnation,
            size: u64::from_be_bytes(*size),
            root: rest.try_into().ok()?,
        })
    }
}

/// Adds modulo 2^256, limbs low first.
fn add(mut a: [u64; 4], b: [u64; 4]) -> [u64; 4] {
    let mut carry = false;
    for (limb, term) in a.iter_mut().zip(b) {
        let (sum, over) = limb.overflowing_add(term);
        let (sum, again) = sum.overflowing_add(u64::from(carry));
        (*limb, carry) = (sum, over | again);
    }
    a
}

/// Subtracts modulo 2^256, limbs low first.
fn sub(mut a: [u64; 4], b: [u64; 4]) -> [u64; 4] {
    let mut borrow = false;
    for (limb, term) in a.iter_mut().zip(b) {
        let (rest, under) = limb.overflowing_sub(term);
        let (rest, again) = rest.overflowing_sub(u64::from(borrow));
        (*limb, borrow) = (rest, under | again);
    }
    a
}

fn limbs(bytes: &[u8; 32]) -> [u64; 4] {
    let mut limbs = [0; 4];
    for (limb, chunk) in limbs.iter_mut().rev().zip(bytes.as_chunks::<8>().0) {
        *limb = u64::from_be_bytes(*chunk);
    }
    limbs
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key() -> SetHashKey {
        SetHashKey::new(Key32::from_bytes(&[1; 32]))
    }

    /// Addition as in school, byte by byte from the end.
    fn add_bytes(a: &[u8; 32], b: &[u8; 32]) -> [u8; 32] {
        let mut sum = [0; 32];
        let mut carry = 0;
        for i in (0..32).rev() {
            let digit = u16::from(a[i]) + u16::from(b[i]) + carry;
            sum[i] = digit.to_le_bytes()[0];
            carry = digit >> 8;
        }
        sum
    }

    #[test]
    fn the_sum_is_the_big_endian_sum_of_the_terms() {
        let mut sum = SetHash::from_bytes(&[0xff; 32]);
        sum.add(&key(), Keyspace::State, b"k", b"row");
        let input = [[11, 4, 0, 1].as_slice(), b"k", b"row"].concat();
        let term = blake3::keyed_hash(&[1; 32], &input);
        assert_eq!(sum.to_bytes(), add_bytes(&[0xff; 32], term.as_bytes()));
    }

    proptest! {
        #[test]
        fn order_does_not_matter_and_what_is_taken_away_is_gone(
            start: [u8; 32],
            rows in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..8), prop::collection::vec(any::<u8>(), 0..8)), 0..6),
        ) {
            let start = SetHash::from_bytes(&start);
            prop_assert_eq!(SetHash::from_bytes(&start.to_bytes()).to_bytes(), start.to_bytes());
            let mut forth = start.clone();
            for (row_key, row) in &rows {
                forth.add(&key(), Keyspace::Keys, row_key, row);
            }
            let mut back = start.clone();
            for (row_key, row) in rows.iter().rev() {
                back.add(&key(), Keyspace::Keys, row_key, row);
            }
            prop_assert!(forth.ct_eq(&back));
            for (row_key, row) in &rows {
                forth.sub(&key(), Keyspace::Keys, row_key, row);
            }
            prop_assert!(forth.ct_eq(&start));
        }
    }

    #[test]
    fn carries_and_borrows_go_through_all_limbs() {
        const MAX: u64 = u64::MAX;
        for (a, b, sum) in [
            ([MAX; 4], [1, 0, 0, 0], [0; 4]),
            ([MAX, MAX, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0]),
            ([MAX, 0, 5, 0], [1, MAX, 0, 0], [0, 0, 6, 0]),
            ([MAX; 4], [MAX; 4], [MAX - 1, MAX, MAX, MAX]),
            ([7, 0, 0, MAX], [1, 0, 0, 1], [8, 0, 0, 0]),
        ] {
            assert_eq!(add(a, b), sum);
            assert_eq!(add(b, a), sum);
            assert_eq!(sub(sum, b), a);
            assert_eq!(sub(sum, a), b);
        }
    }

    #[test]
    fn a_row_put_back_changes_the_sum() {
        let mut now = SetHash::default();
        now.add(&key(), Keyspace::State, b"k", b"new");
        let mut put_back = SetHash::default();
        put_back.add(&key(), Keyspace::State, b"k", b"old");
        assert!(!now.ct_eq(&put_back));
        let mut moved = SetHash::default();
        moved.add(&key(), Keyspace::State, b"kn", b"ew");
        assert!(!now.ct_eq(&moved));
    }

    #[test]
    fn the_row_has_one_form() {
        let row = SetHashRow {
            rights: SetHash::from_bytes(&[1; 32]),
            keys: SetHash::from_bytes(&[2; 32]),
            incarnation: [3; 8],
            size: 4,
            root: [5; 32],
        };
        let bytes = row.to_bytes();
        assert_eq!(SetHashRow::from_bytes(&bytes).unwrap().to_bytes(), bytes);
        assert!(SetHashRow::from_bytes(&bytes[1..]).is_none());
        assert!(SetHashRow::from_bytes(&[bytes.as_slice(), &[0]].concat()).is_none());
    }
}
