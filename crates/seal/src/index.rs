//! Blind terms and fingerprints: what lets equal things be found without being readable on disk.

use blake3::Hasher;
use subtle::ConstantTimeEq;

use crate::{derive::derive_fingerprint, purpose::Purpose, secret::Key32};

/// Bytes of a term in the index.
const TERM_LEN: usize = 16;

/// The term of a posting list: the first 16 bytes of keyed(index key; 7 ‖ kind ‖ id).
///
/// `kind` says what is listed (credential, client, actor …): one id of two kinds has two terms.
#[must_use]
pub fn index_term(index_key: &Key32, kind: u8, id: &[u8]) -> [u8; TERM_LEN] {
    let mut hasher = Hasher::new_keyed(index_key.expose());
    hasher.update(&[Purpose::IndexTerm as u8, kind]).update(id);
    first_half(&hasher)
}

/// The term of an idempotency key: the first 16 bytes of keyed(index key; 5 ‖ principal ‖ method ‖
/// route ‖ each parameter ‖ key), each but the principal as u32 length ‖ bytes.
///
/// `route` is the route's pattern, `parameters` its values in the pattern's order, so the pattern
/// says how many there are. The key is the header's value as sent.
#[must_use]
pub fn idempotency_term(
    index_key: &Key32,
    principal: &[u8; 16],
    method: &str,
    route: &str,
    parameters: &[&str],
    key: &str,
) -> [u8; TERM_LEN] {
    let mut hasher = Hasher::new_keyed(index_key.expose());
    hasher.update(&[Purpose::Idempotency as u8]).update(principal);
    for text in [method, route].iter().chain(parameters).chain([&key]) {
        update_with_len(&mut hasher, text.as_bytes());
    }
    first_half(&hasher)
}

/// Makes fingerprints of secret values under one generation: equal values have equal ones.
///
/// A fingerprint of a guessable value can be guessed by whoever holds this key; it is shown to
/// nobody and stored sealed only.
pub struct FingerprintKey(Key32);

impl FingerprintKey {
    /// Derives the fingerprint key of a generation.
    #[must_use]
    pub fn new(generation_key: &Key32) -> Self {
        Self(derive_fingerprint(generation_key))
    }

    /// The fingerprint of a value: keyed(keyed(generation key; 8); u32 length ‖ value).
    #[must_use]
    pub fn fingerprint(&self, value: &[u8]) -> [u8; 32] {
        let mut hasher = Hasher::new_keyed(self.0.expose());
        update_with_len(&mut hasher, value);
        hasher.finalize().into()
    }

    /// Compares the fingerprint of a value in constant time.
    #[must_use]
    pub fn matches(&self, value: &[u8], fingerprint: &[u8; 32]) -> bool {
        self.fingerprint(value).ct_eq(fingerprint).into()
    }
}

fn update_with_len(hasher: &mut Hasher, bytes: &[u8]) {
    let len = u32::try_from(bytes.len()).expect("what is hashed here is far below 4 GiB");
    hasher.update(&len.to_be_bytes()).update(bytes);
}

fn first_half(hasher: &Hasher) -> [u8; TERM_LEN] {
    let mut term = [0; TERM_LEN];
    term.copy_from_slice(&hasher.finalize().as_bytes()[..TERM_LEN]);
    term
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_depends_on_kind_id_and_key() {
        let key = Key32::from_bytes(&[1; 32]);
        let term = index_term(&key, 1, &[2; 16]);
        assert_eq!(term, index_term(&key, 1, &[2; 16]));
        assert_ne!(term, index_term(&key, 2, &[2; 16]));
        assert_ne!(term, index_term(&key, 1, &[3; 16]));
        assert_ne!(term, index_term(&Key32::from_bytes(&[9; 32]), 1, &[2; 16]));
    }

    #[test]
    fn borders_between_the_texts_of_a_request_count() {
        let key = Key32::from_bytes(&[1; 32]);
        let term = |route, parameters: &[&str], k| idempotency_term(&key, &[2; 16], "POST", route, parameters, k);
        let terms = [
            term("/a/{x}", &["bc"], "d"),
            term("/a/{x}", &["b"], "cd"),
            term("/a/{x}b", &["c"], "d"),
            term("/a/{x}", &["b", "c"], "d"),
            term("/a/{x}", &[], "bcd"),
        ];
        for (i, a) in terms.iter().enumerate() {
            assert!(terms[i + 1..].iter().all(|b| a != b), "term {i} is not unique");
        }
    }

    #[test]
    fn equal_values_have_equal_fingerprints_within_a_generation() {
        let one = FingerprintKey::new(&Key32::from_bytes(&[1; 32]));
        let two = FingerprintKey::new(&Key32::from_bytes(&[2; 32]));
        let fingerprint = one.fingerprint(b"value");
        assert!(one.matches(b"value", &fingerprint));
        assert!(!one.matches(b"valuf", &fingerprint));
        assert!(!two.matches(b"value", &fingerprint));
    }
}
