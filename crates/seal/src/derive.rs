//! From a long-lived key to a key for one thing: every row of the table "Keys" of the format.
//!
//! All hashes are BLAKE3 with 32 bytes of output. Contexts of `derive_key` are hashed once.

use std::sync::LazyLock;

use blake3::{
    Hasher,
    hazmat::{ContextKey, HasherExt, hash_derive_key_context},
    keyed_hash,
};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::{purpose::Purpose, secret::Key32};

/// A derived key on the stack, wiped when it goes.
pub(crate) type Derived = Zeroizing<[u8; 32]>;

/// A context of `derive_key`, already hashed: `derive_key(context, material)` hashes both each time,
/// and copying a prepared hasher costs as much again as hashing 32 bytes.
pub(crate) struct Context(LazyLock<ContextKey>);

impl Context {
    /// A hasher that takes the key material.
    pub(crate) fn hasher(&self) -> Hasher {
        Hasher::new_from_context_key(&self.0)
    }
}

macro_rules! context {
    ($name:ident, $text:literal) => {
        pub(crate) static $name: Context = Context(LazyLock::new(|| hash_derive_key_context($text)));
    };
}

context!(COMMIT, "strongroom v1 commit");
context!(EPOCH_COMMIT, "strongroom v1 epoch commit");
context!(NONCE, "strongroom v1 nonce");
context!(TOKEN, "strongroom v1 token");

fn keyed<const N: usize>(key: &[u8; 32], parts: [&[u8]; N]) -> [u8; 32] {
    // What is hashed here is at most a purpose, three ids and a salt: one small buffer.
    let mut input = [0; 96];
    let mut len = 0;
    for part in parts {
        input[len..len + part.len()].copy_from_slice(part);
        len += part.len();
    }
    keyed_hash(key, &input[..len]).into()
}

/// K of a record's history part.
pub(crate) fn derive_history(epoch_key: &Key32, event_id: &[u8; 16]) -> Derived {
    Zeroizing::new(keyed(epoch_key.expose(), [&[Purpose::History as u8], event_id]))
}

/// K of a record's secret part.
pub(crate) fn derive_secret(data_key: &Key32, event_id: &[u8; 16]) -> Derived {
    Zeroizing::new(keyed(data_key.expose(), [&[Purpose::Secret as u8], event_id]))
}

/// K that wraps one data key.
pub(crate) fn derive_wrap(generation_key: &Key32, row_key: &[u8; 20]) -> Derived {
    Zeroizing::new(keyed(
        generation_key.expose(),
        [&[Purpose::WrappedDataKey as u8], row_key],
    ))
}

/// K of all rows of `state` and `meta`.
pub(crate) fn derive_row(projection_key: &Key32) -> Key32 {
    let k = Zeroizing::new(keyed(projection_key.expose(), [&[Purpose::Row as u8]]));
    Key32::locked(&k)
}

/// K of one compartment of the key file.
pub(crate) fn derive_compartment(root_key: &Key32, ledger_id: &[u8; 16], compartment: u8, salt: &[u8; 16]) -> Derived {
    let parts = [
        &[Purpose::Compartment as u8],
        ledger_id.as_slice(),
        &[compartment],
        salt,
    ];
    Zeroizing::new(keyed(root_key.expose(), parts))
}

/// The key of fingerprints under one generation.
pub(crate) fn derive_fingerprint(generation_key: &Key32) -> Key32 {
    let k = Zeroizing::new(keyed(generation_key.expose(), [&[Purpose::Fingerprint as u8]]));
    Key32::locked(&k)
}

/// K of one record's history part, for an auditor who may open this record and no other.
#[must_use]
pub fn history_record_key(epoch_key: &Key32, event_id: &[u8; 16]) -> Key32 {
    Key32::from_bytes(&derive_history(epoch_key, event_id))
}

/// Commits to a derived key: stands before each ciphertext, since the cipher alone does not commit.
pub(crate) fn commitment(k: &[u8; 32]) -> [u8; 32] {
    COMMIT.hasher().update(k).finalize().into()
}

/// Commits to an epoch key: stands in the plain part of the record that begins the epoch.
#[must_use]
pub fn epoch_commitment(epoch_key: &Key32) -> [u8; 32] {
    EPOCH_COMMIT.hasher().update(epoch_key.expose()).finalize().into()
}

/// Makes the nonce for one plaintext (as sealed, with its padding): a hash over key, random bytes
/// and plaintext, so that a cloned machine, which repeats its random bytes, repeats a nonce only
/// together with the plaintext.
pub(crate) fn nonce(k: &[u8; 32], random: &[u8; 24], plaintext: &[u8]) -> [u8; 24] {
    let mut hasher = NONCE.hasher();
    hasher.update(k).update(random).update(plaintext);
    let hash = hasher.finalize();
    let mut nonce = [0; 24];
    nonce.copy_from_slice(&hash.as_bytes()[..24]);
    nonce
}

/// MACs the first 4,032 bytes of an anchor slot.
#[must_use]
pub fn anchor_mac(anchor_key: &Key32, slot: &[u8]) -> [u8; 32] {
    let mut hasher = Hasher::new_keyed(anchor_key.expose());
    hasher.update(&[Purpose::Anchor as u8]).update(slot);
    hasher.finalize().into()
}

/// Checks the MAC of an anchor slot in constant time.
#[must_use]
pub fn anchor_mac_matches(anchor_key: &Key32, slot: &[u8], mac: &[u8; 32]) -> bool {
    anchor_mac(anchor_key, slot).ct_eq(mac).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prepared_contexts_equal_derive_key() {
        let k = [3; 32];
        assert_eq!(commitment(&k), blake3::derive_key("strongroom v1 commit", &k));
        let key = Key32::from_bytes(&k);
        assert_eq!(
            epoch_commitment(&key),
            blake3::derive_key("strongroom v1 epoch commit", &k)
        );
        let input = [[3; 32].as_slice(), &[4; 24], b"text"].concat();
        assert_eq!(
            nonce(&k, &[4; 24], b"text"),
            blake3::derive_key("strongroom v1 nonce", &input)[..24]
        );
    }

    #[test]
    fn each_purpose_gives_another_key() {
        let key = Key32::from_bytes(&[1; 32]);
        let id = [2; 16];
        let keys = [
            *derive_history(&key, &id),
            *derive_secret(&key, &id),
            *derive_row(&key).expose(),
            *derive_fingerprint(&key).expose(),
            *derive_wrap(&key, &[2; 20]),
            *derive_compartment(&key, &id, 1, &id),
            *derive_compartment(&key, &id, 2, &id),
        ];
        for (i, a) in keys.iter().enumerate() {
            assert!(keys[i + 1..].iter().all(|b| a != b), "key {i} is not unique");
        }
    }
}
