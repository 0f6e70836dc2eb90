//! A MAC of a request's raw body, kept in the history part of the request's first event.
//!
//! It goes through the key of the epoch and each data key that a record of the request names, so a
//! shred of any of them leaves nothing that a guessed body could be checked against.

use blake3::Hasher;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::{derive::Derived, purpose::Purpose, secret::Key32};

/// MACs a body: keyed(M_n; body), with M_0 = keyed(epoch key; 6 ‖ event id of the first event) and
/// M_i = keyed(k_i; 6 ‖ M_(i−1)).
///
/// `data_keys`: each data key that any record of the request names, once, by position.
#[must_use]
pub fn body_mac(epoch_key: &Key32, event_id: &[u8; 16], data_keys: &[&Key32], body: &[u8]) -> [u8; 32] {
    let mut m = link(epoch_key, event_id);
    for key in data_keys {
        m = link(key, m.as_slice());
    }
    Hasher::new_keyed(&m).update(body).finalize().into()
}

/// Checks the body of a repeated request in constant time.
#[must_use]
pub fn body_mac_matches(
    epoch_key: &Key32,
    event_id: &[u8; 16],
    data_keys: &[&Key32],
    body: &[u8],
    mac: &[u8; 32],
) -> bool {
    body_mac(epoch_key, event_id, data_keys, body).ct_eq(mac).into()
}

fn link(key: &Key32, input: &[u8]) -> Derived {
    let mut hasher = Hasher::new_keyed(key.expose());
    hasher.update(&[Purpose::BodyMac as u8]).update(input);
    Zeroizing::new(hasher.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_and_their_order_count() {
        let [epoch, a, b] = [1, 2, 3].map(|byte| Key32::from_bytes(&[byte; 32]));
        let id = [4; 16];
        let mac = body_mac(&epoch, &id, &[&a, &b], b"body");
        assert!(body_mac_matches(&epoch, &id, &[&a, &b], b"body", &mac));
        assert!(!body_mac_matches(&epoch, &id, &[&a, &b], b"Body", &mac));
        assert!(!body_mac_matches(&epoch, &id, &[&b, &a], b"body", &mac));
        assert!(!body_mac_matches(&epoch, &id, &[&a], b"body", &mac));
        assert!(!body_mac_matches(&epoch, &[5; 16], &[&a, &b], b"body", &mac));
        assert!(!body_mac_matches(&a, &id, &[&a, &b], b"body", &mac));
    }

    #[test]
    fn without_data_keys_the_epoch_key_alone_counts() {
        let epoch = Key32::from_bytes(&[1; 32]);
        let m0 = blake3::keyed_hash(&[1; 32], &[[6].as_slice(), &[4; 16]].concat());
        let expected = blake3::keyed_hash(m0.as_bytes(), b"body");
        assert_eq!(body_mac(&epoch, &[4; 16], &[], b"body"), *expected.as_bytes());
    }
}
