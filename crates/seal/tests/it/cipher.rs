//! The fast cipher is XChaCha20-Poly1305: Wycheproof's vectors, and the reference crate's bytes.

use chacha20poly1305::{
    Key, Tag, XChaCha20Poly1305, XNonce,
    aead::{AeadInOut, KeyInit},
};
use proptest::prelude::*;
use strongroom_seal::{open_detached, seal_detached};
use wycheproof::{
    TestResult,
    aead::{TestName, TestSet},
};

fn reference_seal(key: &[u8; 32], nonce: &[u8; 24], aad: &[u8], in_out: &mut [u8]) -> [u8; 16] {
    let cipher = XChaCha20Poly1305::new(&Key::from(*key));
    let tag = cipher
        .encrypt_inout_detached(&XNonce::from(*nonce), aad, in_out.into())
        .unwrap();
    tag.into()
}

fn reference_open(key: &[u8; 32], nonce: &[u8; 24], aad: &[u8], in_out: &mut [u8], tag: &[u8; 16]) -> bool {
    let cipher = XChaCha20Poly1305::new(&Key::from(*key));
    let tag = Tag::from(*tag);
    cipher
        .decrypt_inout_detached(&XNonce::from(*nonce), aad, in_out.into(), &tag)
        .is_ok()
}

#[test]
fn the_vectors_of_wycheproof_are_met() {
    let set = TestSet::load(TestName::XChaCha20Poly1305).unwrap();
    let (mut taken, mut refused, mut other_nonce) = (0, 0, 0);
    for group in set.test_groups {
        for test in group.tests {
            let key: [u8; 32] = test.key.as_slice().try_into().unwrap();
            // Nonces of any other length can't be passed: the type refuses them.
            let Ok(nonce) = <[u8; 24]>::try_from(test.nonce.as_slice()) else {
                assert_eq!(test.result, TestResult::Invalid, "{}", test.tc_id);
                other_nonce += 1;
                continue;
            };
            let tag: [u8; 16] = test.tag.as_slice().try_into().unwrap();
            let mut opened = vec![0; test.ct.len()];
            let result = open_detached(&key, &nonce, &test.aad, &test.ct, &tag, &mut opened);
            if test.result == TestResult::Invalid {
                assert!(result.is_err(), "{}: {}", test.tc_id, test.comment);
                refused += 1;
                continue;
            }
            assert_eq!(result, Ok(()), "{}: {}", test.tc_id, test.comment);
            assert_eq!(opened, test.pt.as_slice(), "{}", test.tc_id);
            let mut sealed = test.pt.to_vec();
            assert_eq!(
                seal_detached(&key, &nonce, &test.aad, &mut sealed),
                Ok(tag),
                "{}",
                test.tc_id
            );
            assert_eq!(sealed, test.ct.as_slice(), "{}", test.tc_id);
            taken += 1;
        }
    }
    assert_eq!(taken + refused + other_nonce, 315, "all vectors were run");
    assert!(
        taken > 200 && refused > 20,
        "{taken} taken, {refused} refused, {other_nonce} of another nonce"
    );
}

proptest! {
    #[test]
    fn both_ciphers_make_the_same_bytes_and_open_each_others(
        key: [u8; 32],
        nonce: [u8; 24],
        aad in prop::collection::vec(any::<u8>(), 0..300),
        text in prop::collection::vec(any::<u8>(), 0..2_000),
    ) {
        let mut fast = text.clone();
        let fast_tag = seal_detached(&key, &nonce, &aad, &mut fast).unwrap();
        let mut reference = text.clone();
        let reference_tag = reference_seal(&key, &nonce, &aad, &mut reference);
        prop_assert_eq!(&fast, &reference);
        prop_assert_eq!(fast_tag, reference_tag);

        let mut opened = vec![0; text.len()];
        prop_assert!(open_detached(&key, &nonce, &aad, &reference, &reference_tag, &mut opened).is_ok());
        prop_assert_eq!(&opened, &text);
        prop_assert!(reference_open(&key, &nonce, &aad, &mut fast, &fast_tag));
        prop_assert_eq!(&fast, &text);
    }

    #[test]
    fn one_flipped_bit_anywhere_does_not_open(
        key: [u8; 32],
        nonce: [u8; 24],
        aad in prop::collection::vec(any::<u8>(), 1..64),
        text in prop::collection::vec(any::<u8>(), 1..64),
        which in 0..5,
        at: prop::sample::Index,
        bit in 0..8u8,
    ) {
        let mut ciphertext = text.clone();
        let tag = seal_detached(&key, &nonce, &aad, &mut ciphertext).unwrap();
        let (mut key, mut nonce, mut aad, mut tag) = (key, nonce, aad, tag);
        let place: &mut [u8] = match which {
            0 => &mut key,
            1 => &mut nonce,
            2 => &mut aad,
            3 => &mut tag,
            _ => &mut ciphertext,
        };
        place[at.index(place.len())] ^= 1u8 << bit;
        let mut opened = vec![0; text.len()];
        prop_assert!(open_detached(&key, &nonce, &aad, &ciphertext, &tag, &mut opened).is_err());
    }
}
