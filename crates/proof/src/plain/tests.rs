use ed25519_dalek::{Signer, SigningKey};
use proptest::prelude::*;

use super::*;

const EVENT: [u8; 16] = [0x0e; 16];

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn first() -> PlainPart {
    let (ledger_id, incarnation) = ([0xab; 16], [1; 8]);
    PlainPart {
        ledger_id,
        origin: Origin::new("acme", ledger_id, incarnation).unwrap().to_string(),
        incarnation,
        signing_key: key(1).verifying_key().to_bytes(),
        epochs: vec![EpochCommitment {
            epoch: 1,
            commitment: [7; 32],
        }],
        kept: None,
        signature: None,
        dev: false,
    }
}

fn full() -> PlainPart {
    let kept = Kept {
        size: 300,
        checkpoint: Some("note".repeat(100)),
    };
    let epochs = (1..20).map(|epoch| EpochCommitment {
        epoch: epoch * 70,
        commitment: [7; 32],
    });
    PlainPart {
        kept: Some(kept),
        signature: Some([9; 64]),
        dev: true,
        epochs: epochs.collect(),
        ..first()
    }
}

#[test]
fn the_first_plain_part_byte_by_byte() {
    let mut expected = vec![0x85];
    expected.extend([0xa1, b'l', 0xc4, 16]);
    expected.extend([0xab; 16]);
    expected.extend([0xa1, b'o', 0xd9, 61]);
    expected.extend(b"acme/ledger/abababababababababababababababab/0101010101010101");
    expected.extend([0xa1, b'i', 0xc4, 8]);
    expected.extend([1; 8]);
    expected.extend([0xa1, b'k', 0xc4, 32]);
    expected.extend(key(1).verifying_key().to_bytes());
    expected.extend([0xa1, b'e', 0x91, 0x92, 0x01, 0xc4, 32]);
    expected.extend([7; 32]);
    assert_eq!(first().encode(), expected);
}

#[test]
fn parsing_is_the_inverse_of_encoding() {
    let bare = PlainPart {
        epochs: vec![],
        ..first()
    };
    let kept = |size| PlainPart {
        kept: Some(Kept { size, checkpoint: None }),
        ..first()
    };
    for plain in [
        first(),
        full(),
        bare,
        kept(0),
        kept(127),
        kept(128),
        kept(255),
        kept(256),
    ] {
        assert_eq!(PlainPart::parse(&plain.encode()), Ok(plain));
    }
    for plain in [
        kept(65_535),
        kept(65_536),
        kept(u32::MAX.into()),
        kept(1 << 32),
        kept(u64::MAX),
    ] {
        assert_eq!(PlainPart::parse(&plain.encode()), Ok(plain));
    }
}

#[test]
fn another_encoding_of_the_same_map_is_refused() {
    let good = first().encode();
    let swap = |from: &[u8], to: &[u8]| {
        let at = good.windows(from.len()).position(|window| window == from).unwrap();
        [&good[..at], to, &good[at + from.len()..]].concat()
    };
    let (l, rest) = (&good[1..21], &good[21..]);
    let o_len = 2 + 2 + 61;
    for (what, bytes) in [
        ("nothing", vec![]),
        ("map 16", [&[0xde, 0, 5], &good[1..]].concat()),
        ("bin 16", swap(&[0xc4, 16], &[0xc5, 0, 16])),
        ("str 16", swap(&[0xd9, 61], &[0xda, 0, 61])),
        ("str 8 for a key", swap(&[0xa1, b'i'], &[0xd9, 1, b'i'])),
        ("uint 8 below 128", swap(&[0x92, 1], &[0x92, 0xcc, 1])),
        ("a signed epoch", swap(&[0x92, 1], &[0x92, 0xd0, 1])),
        ("array 16", swap(&[0x91, 0x92], &[0xdc, 0, 1, 0x92])),
        ("a pair of three", swap(&[0x91, 0x92], &[0x91, 0x93])),
        ("str for bin", swap(&[0xc4, 8], &[0xd9, 8])),
        ("a byte behind", [&good[..], &[0xc0]].concat()),
        ("a byte less", good[..good.len() - 1].to_vec()),
        ("a key less announced", [&[0x84], &good[1..]].concat()),
        ("a key more announced", [&[0x86], &good[1..]].concat()),
        ("a key twice", [&[0x86], l, l, rest].concat()),
        (
            "two keys swapped",
            [&[0x85], &rest[..o_len], l, &rest[o_len..]].concat(),
        ),
        ("an unknown key", [&[0x86], &good[1..], &[0xa1, b'x', 0xc3]].concat()),
        ("d that is false", [&[0x86], &good[1..], &[0xa1, b'd', 0xc2]].concat()),
        ("d that is nil", [&[0x86], &good[1..], &[0xa1, b'd', 0xc0]].concat()),
        ("b without z", [&[0x86], &good[1..], &[0xa1, b'b', 0xa1, b'n']].concat()),
        ("an origin that is not UTF-8", swap(b"acme", b"a\xffme")),
    ] {
        assert_eq!(PlainPart::parse(&bytes), Err(PlainError::Form), "{what}");
    }
}

#[test]
fn every_cut_is_refused() {
    let good = full().encode();
    for len in 0..good.len() {
        assert_eq!(PlainPart::parse(&good[..len]), Err(PlainError::Form), "{len}");
    }
}

#[test]
fn what_contradicts_itself_is_refused() {
    let epochs = |list: &[u32]| PlainPart {
        epochs: list
            .iter()
            .map(|epoch| EpochCommitment {
                epoch: *epoch,
                commitment: [0; 32],
            })
            .collect(),
        ..first()
    };
    for (plain, error) in [
        (
            PlainPart {
                ledger_id: [0xac; 16],
                ..first()
            },
            PlainError::Origin,
        ),
        (
            PlainPart {
                incarnation: [2; 8],
                ..first()
            },
            PlainError::Origin,
        ),
        (
            PlainPart {
                origin: "acme".to_owned(),
                ..first()
            },
            PlainError::Origin,
        ),
        (
            PlainPart {
                signing_key: [2; 32],
                ..first()
            },
            PlainError::Key,
        ),
        (epochs(&[0]), PlainError::Epoch { found: 0 }),
        (epochs(&[1, 1]), PlainError::Epoch { found: 1 }),
        (epochs(&[3, 2]), PlainError::Epoch { found: 2 }),
    ] {
        assert_eq!(PlainPart::parse(&plain.encode()), Err(error), "{plain:?}");
    }
}

#[test]
fn the_limit_and_one_past_it() {
    let with = |len: usize| {
        let kept = Kept {
            size: 1,
            checkpoint: Some("n".repeat(len)),
        };
        PlainPart {
            kept: Some(kept),
            ..first()
        }
    };
    let over = with(1_000).encode().len() - 1_000;
    let limit = PLAIN_LEN_MAX as usize;
    assert!(PlainPart::parse(&with(limit - over).encode()).is_ok());
    let found = limit + 1;
    let past = PlainPart::parse(&with(found - over).encode());
    assert_eq!(past, Err(PlainError::Len { found }));
}

#[test]
fn a_key_change_is_signed_by_the_key_before() {
    let (old, new) = (key(1), key(2));
    let mut plain = PlainPart {
        signing_key: new.verifying_key().to_bytes(),
        ..first()
    };
    let old_key = old.verifying_key();
    assert_eq!(plain.verify_key_change(&EVENT, &old_key), Err(PlainError::Signature));

    let message = key_change_message(
        &plain.ledger_id,
        &plain.incarnation,
        &EVENT,
        old_key.as_bytes(),
        &plain.signing_key,
    );
    assert_eq!(message.len(), 1 + 17 + 16 + 8 + 16 + 32 + 32);
    assert_eq!(message[..18], *b"\0strongroom v1 key");
    plain.signature = Some(old.sign(&message).to_bytes());
    assert_eq!(plain.verify_key_change(&EVENT, &old_key), Ok(()));

    let error = Err(PlainError::Signature);
    assert_eq!(plain.verify_key_change(&[0; 16], &old_key), error, "another event");
    assert_eq!(
        plain.verify_key_change(&EVENT, &new.verifying_key()),
        error,
        "another signer"
    );
    let moved = PlainPart {
        incarnation: [2; 8],
        ..plain.clone()
    };
    assert_eq!(moved.verify_key_change(&EVENT, &old_key), error, "another incarnation");
    let other = PlainPart {
        signing_key: key(3).verifying_key().to_bytes(),
        ..plain.clone()
    };
    assert_eq!(other.verify_key_change(&EVENT, &old_key), error, "another key");
    let ledger = PlainPart {
        ledger_id: [0; 16],
        ..plain
    };
    assert_eq!(ledger.verify_key_change(&EVENT, &old_key), error, "another ledger");
}

proptest! {
    #[test]
    fn a_flipped_bit_is_refused_or_another_part(at in 0..5_000usize, bit in 0..8u8) {
        let good = full().encode();
        let mut bytes = good.clone();
        bytes[at % good.len()] ^= 1 << bit;
        if let Ok(plain) = PlainPart::parse(&bytes) {
            prop_assert_eq!(plain.encode(), bytes);
            prop_assert_ne!(plain, full());
        }
    }

    #[test]
    fn any_bytes_are_refused_or_in_their_one_form(tail: Vec<u8>, cut in 0..200usize) {
        let bytes = [&first().encode()[..cut.min(150)], &tail].concat();
        if let Ok(plain) = PlainPart::parse(&bytes) {
            prop_assert_eq!(plain.encode(), bytes);
        }
    }
}
