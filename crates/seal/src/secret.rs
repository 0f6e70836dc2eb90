//! Types for key bytes and secret plaintexts: no content in `Debug`, no `Display`, no `==`, no
//! serialization; zeroed when dropped.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use crate::{
    arena::LockedCell,
    random::{RandomError, random_bytes},
};

/// A key of 32 bytes.
///
/// The bytes never lie in the value itself, so moving a key leaves no copy behind. Keys made by
/// [`Key32::locked`] lie in memory that is not swapped.
pub struct Key32(Place);

enum Place {
    Locked(LockedCell),
    Heap(Box<Zeroizing<[u8; 32]>>),
}

impl Key32 {
    /// Takes a key; the caller's copy is the caller's to wipe.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        let mut heap = Box::new(Zeroizing::new([0; 32]));
        heap.copy_from_slice(bytes);
        Self(Place::Heap(heap))
    }

    /// Takes a long-lived key into locked memory, or onto the heap when that is full.
    #[must_use]
    pub fn locked(bytes: &[u8; 32]) -> Self {
        match LockedCell::store(bytes) {
            Some(cell) => Self(Place::Locked(cell)),
            None => Self::from_bytes(bytes),
        }
    }

    /// Makes a random key.
    ///
    /// # Errors
    /// [`RandomError`] when the system gives no random bytes.
    pub fn make() -> Result<Self, RandomError> {
        let bytes = Zeroizing::new(random_bytes::<32>()?);
        Ok(Self::from_bytes(&bytes))
    }

    /// Makes a random long-lived key, in locked memory.
    ///
    /// # Errors
    /// [`RandomError`] when the system gives no random bytes.
    pub fn make_locked() -> Result<Self, RandomError> {
        let bytes = Zeroizing::new(random_bytes::<32>()?);
        Ok(Self::locked(&bytes))
    }

    /// The bytes. Whoever copies them wipes the copy.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        match &self.0 {
            Place::Locked(cell) => cell.bytes(),
            Place::Heap(heap) => heap,
        }
    }

    /// Compares in constant time.
    #[must_use]
    pub fn ct_eq(&self, other: &Self) -> bool {
        self.expose().ct_eq(other.expose()).into()
    }
}

impl Clone for Key32 {
    fn clone(&self) -> Self {
        match &self.0 {
            Place::Locked(cell) => Self::locked(cell.bytes()),
            Place::Heap(heap) => Self::from_bytes(heap),
        }
    }
}

impl fmt::Debug for Key32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key32(…)")
    }
}

/// Secret bytes of any length: an opened secret part, a passphrase.
pub struct SecretVec(Zeroizing<Vec<u8>>);

impl SecretVec {
    /// Takes the bytes over, without a copy.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes. Whoever copies them wipes the copy.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Number of bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Compares in time that depends on the lengths only.
    #[must_use]
    pub fn ct_eq(&self, other: &Self) -> bool {
        self.0.as_slice().ct_eq(other.0.as_slice()).into()
    }
}

impl From<Zeroizing<Vec<u8>>> for SecretVec {
    fn from(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }
}

impl Zeroize for SecretVec {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for SecretVec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretVec({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_content() {
        let shown = format!(
            "{:?} {:?}",
            Key32::from_bytes(&[65; 32]),
            SecretVec::new(b"AAAA".to_vec())
        );
        assert_eq!(shown, "Key32(…) SecretVec(4 bytes)");
    }

    #[test]
    fn keys_compare_by_content_wherever_they_lie() {
        let locked = Key32::locked(&[1; 32]);
        assert!(locked.ct_eq(&Key32::from_bytes(&[1; 32])));
        assert!(locked.clone().ct_eq(&locked));
        assert!(!locked.ct_eq(&Key32::from_bytes(&[2; 32])));
    }

    #[test]
    fn a_full_arena_falls_back_to_the_heap() {
        let keys: Vec<Key32> = (0..3_000).map(|_| Key32::locked(&[9; 32])).collect();
        assert!(keys.iter().all(|key| *key.expose() == [9; 32]));
    }
}
