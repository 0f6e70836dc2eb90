use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::*;
use crate::testing::{Draft, initialized};

fn plain_record() -> Vec<u8> {
    Draft::ledger(1, &initialized()).build()
}

fn secret_record() -> Vec<u8> {
    Draft::credential(1, 1).with_secret(304).build()
}

fn bare_record() -> Vec<u8> {
    Draft::credential(1, 1).build()
}

#[track_caller]
fn refused(what: &str, good: &[u8], change: impl FnOnce(&mut Vec<u8>), error: RecordError) {
    assert!(RecordRef::parse(good).is_ok());
    let mut bytes = good.to_vec();
    change(&mut bytes);
    assert_eq!(RecordRef::parse(&bytes).unwrap_err(), error, "{what}");
    if bytes.len() >= HEADER_LEN && !matches!(error, RecordError::Len { .. }) {
        assert_eq!(Header::parse(&bytes[..HEADER_LEN]), Err(error), "{what}");
    }
}

/// Writes big-endian bytes at an offset of the format's table.
fn put<const N: usize>(offset: usize, value: [u8; N]) -> impl FnOnce(&mut Vec<u8>) {
    move |bytes| bytes[offset..offset + N].copy_from_slice(&value)
}

#[test]
fn the_fields_stand_where_the_format_says() {
    let header = Header {
        category: 0x04,
        stream_id: [0xa1; 16],
        stream_version: 0x0102_0304_0506_0708,
        event_id: event_id(0x0001_0203_0405_0607, [0xa2; 10]),
        recorded_at_us: 0x0001_0203_0405_0607,
        type_code: 0x0409,
        schema: 0x0a0b,
        plain_len: 0x0c0d,
        plain_digest: [0xa3; 32],
        epoch: 0x1112_1314,
        history_nonce: [0xa4; 24],
        history_len: 0x40 + 0x30,
        secret_key_id: [0xa5; 16],
        secret_nonce: [0xa6; 24],
        secret_len: 0x0100 + 0x30,
        secret_digest: [0xa7; 32],
        history_digest: [0xa8; 32],
    };
    let expected: [&[u8]; 20] = [
        b"SRLR",
        &[1, 3],
        &[0x00, 0x04],
        &[0xa1; 16],
        &[1, 2, 3, 4, 5, 6, 7, 8],
        &header.event_id,
        &[0, 1, 2, 3, 4, 5, 6, 7],
        &[0x04, 0x09],
        &[0x0a, 0x0b],
        &[0, 0, 0x0c, 0x0d],
        &[0xa3; 32],
        &[0x11, 0x12, 0x13, 0x14],
        &[0xa4; 24],
        &[0, 0, 0, 0x70],
        &[0xa5; 16],
        &[0xa6; 24],
        &[0, 0, 1, 0x30],
        &[0xa7; 32],
        &[0xa8; 32],
        &[],
    ];
    let expected = expected.concat();
    assert_eq!(header.to_bytes()[..], expected);
    assert_eq!(header.h0()[..], expected[..H0_LEN]);
    assert_eq!(Header::parse(&expected), Ok(header.clone()));
    assert_eq!(header.record_len(), 236 + 0x0c0d + 0x70 + 0x130);
}

#[test]
fn the_parts_follow_the_header() {
    for (bytes, plain, secret) in [
        (plain_record(), true, false),
        (secret_record(), false, true),
        (bare_record(), false, false),
    ] {
        let record = RecordRef::parse(&bytes).unwrap();
        assert_eq!((record.plain.is_some(), record.secret.is_some()), (plain, secret));
        let parts = [
            record.plain.unwrap_or_default(),
            record.history,
            record.secret.unwrap_or_default(),
        ];
        assert_eq!([record.header_bytes, parts.concat().as_slice()].concat(), bytes);
        assert_eq!(record.header.to_bytes(), *record.header_bytes);
        assert_eq!(record.h0(), record.header.h0());
        assert_eq!(record.check_digests(), Ok(()));
    }
}

#[test]
fn a_leaf_is_the_hash_of_zero_and_header() {
    let bytes = bare_record();
    let record = RecordRef::parse(&bytes).unwrap();
    let expected = Sha256::digest([&[0][..], &bytes[..HEADER_LEN]].concat());
    assert_eq!(record.leaf_hash(), Hash(expected.into()));
}

#[test]
fn a_record_that_is_cut_or_goes_on_is_refused() {
    for good in [plain_record(), secret_record(), bare_record()] {
        for len in 0..good.len() {
            let error = if len < HEADER_LEN {
                RecordError::TooShort { found: len }
            } else {
                RecordError::Len {
                    expected: good.len(),
                    found: len,
                }
            };
            assert_eq!(RecordRef::parse(&good[..len]).unwrap_err(), error);
        }
        let found = good.len() + 1;
        let error = RecordError::Len {
            expected: good.len(),
            found,
        };
        refused("a byte more", &good, |bytes| bytes.push(0), error);
        let header_and_more = Header::parse(&good[..HEADER_LEN + 1]);
        assert_eq!(
            header_and_more,
            Err(RecordError::Len {
                expected: 236,
                found: 237
            })
        );
    }
}

#[test]
fn magic_version_and_flags_are_exact() {
    let good = secret_record();
    for at in 0..4 {
        refused("magic", &good, |bytes| bytes[at] ^= 0x20, RecordError::Magic);
    }
    for found in [0, 2, 255] {
        refused("version", &good, put(4, [found]), RecordError::Version { found });
    }
    for bit in 2..8 {
        let found = 0x02 | 1 << bit;
        refused("an unknown flag", &good, put(5, [found]), RecordError::Flags { found });
    }
}

#[test]
fn facts_of_the_event_are_checked() {
    let good = bare_record();
    refused("category", &good, put(6, [1, 4]), RecordError::Category { found: 260 });
    refused("stream version", &good, put(24, [0; 8]), RecordError::StreamVersion);
    refused("schema", &good, put(58, [0; 2]), RecordError::Schema);
    let of_type = |type_code| RecordError::TypeCode { type_code, category: 4 };
    refused("type code", &good, put(56, [5, 1]), of_type(0x0501));
    refused("type code", &good, put(56, [0, 1]), of_type(0x0001));
    for at in [32, 37] {
        refused(
            "another millisecond",
            &good,
            |bytes| bytes[at] ^= 1,
            RecordError::EventId,
        );
    }
    refused("no version 7", &good, |bytes| bytes[38] ^= 0x10, RecordError::EventId);
    refused("no variant", &good, |bytes| bytes[40] ^= 0x40, RecordError::EventId);
    refused("another time", &good, |bytes| bytes[53] ^= 0x40, RecordError::EventId);
    refused("a time past 48 bits", &good, put(48, [0xff; 8]), RecordError::EventId);
}

#[test]
fn the_plain_fields_agree_with_the_flag() {
    let (with, without) = (plain_record(), bare_record());
    let announced = u32::from_be_bytes(*with[60..].first_chunk().unwrap());
    let plain_len = |found| RecordError::PlainLen { found };
    refused("length without flag", &with, put(5, [0]), plain_len(announced));
    refused("flag without length", &without, put(5, [1]), plain_len(0));
    refused("length of 0", &with, put(60, [0; 4]), plain_len(0));
    refused("above 4 KiB", &with, put(60, [0, 0, 0x10, 1]), plain_len(4097));
    refused("length, no flag", &without, put(60, [0, 0, 0, 1]), plain_len(1));
    for at in [64, 80, 95] {
        refused("filler", &without, |bytes| bytes[at] = 1, RecordError::PlainFiller);
    }
    let limit = Draft {
        plain: Some(vec![5; 4096]),
        ..Draft::credential(1, 1)
    };
    assert!(RecordRef::parse(&limit.build()).is_ok());
}

#[test]
fn the_history_fields_are_those_of_a_padded_part() {
    let good = bare_record();
    refused("epoch", &good, put(96, [0; 4]), RecordError::Epoch);
    let limit = HISTORY_LEN_MAX;
    assert_eq!(limit, 65_536 + 48);
    for found in [
        0,
        48,
        64,
        111,
        113,
        175,
        177,
        limit - 1,
        limit + 1,
        limit + 64,
        u32::MAX,
    ] {
        let error = RecordError::HistoryLen { found };
        refused("history length", &good, put(124, found.to_be_bytes()), error);
    }
    for history_len in [112, 176, 240, limit - 64, limit] {
        let record = Draft {
            history_len,
            ..Draft::credential(1, 1)
        }
        .build();
        assert!(RecordRef::parse(&record).is_ok(), "{history_len}");
    }
}

#[test]
fn the_secret_fields_are_those_of_a_padded_part_or_zeros() {
    let (with, without) = (secret_record(), bare_record());
    let limit = SECRET_LEN_MAX;
    assert_eq!(limit, 5 * 1024 * 1024 + 48);
    // 272 is the next Padmé length above 256; between them there is none.
    for found in [
        0,
        48,
        303,
        305,
        319,
        321,
        limit - 1,
        limit + 1,
        limit + (1 << 17),
        u32::MAX,
    ] {
        let error = RecordError::SecretLen { found };
        refused("secret length", &with, put(168, found.to_be_bytes()), error);
    }
    for len in [304, 320, 336, 131_072 + 48, limit] {
        let record = Draft::credential(1, 1).with_secret(len).build();
        assert!(RecordRef::parse(&record).is_ok(), "{len}");
    }
    refused("no flag", &with, put(5, [0]), RecordError::SecretLen { found: 304 });
    refused(
        "flag, no part",
        &without,
        put(5, [2]),
        RecordError::SecretLen { found: 0 },
    );
    refused(
        "length, no flag",
        &without,
        put(168, [0, 0, 1, 0x30]),
        RecordError::SecretLen { found: 304 },
    );
    for at in (128..168).chain(172..204) {
        refused("filler", &without, |bytes| bytes[at] = 0x80, RecordError::SecretFiller);
    }
}

#[test]
fn each_byte_of_a_part_is_under_its_digest() {
    for good in [plain_record(), secret_record()] {
        let header = Header::parse(&good[..HEADER_LEN]).unwrap();
        let history = HEADER_LEN + header.plain_len as usize;
        let secret = history + header.history_len as usize;
        for at in HEADER_LEN..good.len() {
            let part = match at {
                at if at < history => Part::Plain,
                at if at < secret => Part::History,
                _ => Part::Secret,
            };
            let mut bytes = good.clone();
            bytes[at] ^= 1;
            let record = RecordRef::parse(&bytes).unwrap();
            assert_eq!(record.check_digests(), Err(RecordError::Digest { part }), "{at}");
        }
    }
}

#[test]
fn each_byte_of_a_header_is_under_the_leaf() {
    let good: [u8; HEADER_LEN] = *secret_record().first_chunk().unwrap();
    for at in 0..HEADER_LEN {
        let mut bytes = good;
        bytes[at] ^= 1;
        assert_ne!(leaf_hash(&bytes), leaf_hash(&good), "{at}");
    }
}

proptest! {
    #[test]
    fn what_parses_is_written_again_to_the_same_bytes(at in 0..HEADER_LEN, byte: u8, which in 0..3usize) {
        let mut bytes = [plain_record, secret_record, bare_record][which]();
        bytes[at] = byte;
        if let Ok(header) = Header::parse(&bytes[..HEADER_LEN]) {
            prop_assert_eq!(&header.to_bytes()[..], &bytes[..HEADER_LEN]);
        }
    }

    #[test]
    fn any_bytes_are_parsed_without_panic(bytes: Vec<u8>, keep in 0..HEADER_LEN) {
        let good = bare_record();
        let mixed = [&good[..keep], &bytes].concat();
        let _ = RecordRef::parse(&bytes);
        let _ = RecordRef::parse(&mixed);
    }
}
