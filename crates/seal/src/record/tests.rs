use strongroom_proof::record::{RecordError, event_id};

use super::*;

const LEDGER: [u8; 16] = [0x11; 16];
const TIME: u64 = 1_790_000_000_000_123;

struct Keys {
    epoch: Key32,
    data: Key32,
}

fn keys() -> Keys {
    Keys {
        epoch: Key32::from_bytes(&[1; 32]),
        data: Key32::from_bytes(&[2; 32]),
    }
}

fn input<'a>(keys: &'a Keys, history: &'a [u8], secret: Option<&'a [u8]>) -> RecordInput<'a> {
    RecordInput {
        category: 4,
        stream_id: [3; 16],
        stream_version: 1,
        event_id: event_id(TIME, [4; 10]),
        recorded_at_us: TIME,
        type_code: 0x0401,
        schema: 1,
        plain: None,
        epoch: 1,
        epoch_key: &keys.epoch,
        history,
        secret: secret.map(|plaintext| SecretInput {
            key_id: [5; 16],
            data_key: &keys.data,
            plaintext,
            kind: SecretKind::Credential,
        }),
        random: [6; 48],
    }
}

#[test]
fn what_is_sealed_opens_to_the_same() {
    let keys = keys();
    for (history, secret) in [
        (vec![], None),
        (vec![7; 60], Some(vec![8; 252])),
        (vec![7; 61], Some(vec![])),
    ] {
        let built = build_record(&input(&keys, &history, secret.as_deref()), &LEDGER).unwrap();
        let record = RecordRef::parse(&built.bytes).unwrap();
        record.check_digests().unwrap();
        assert_eq!(record.header, built.header);
        assert_eq!(record.header_bytes, built.header_bytes());
        assert_eq!(*open_history(&record, &LEDGER, &keys.epoch).unwrap(), history);
        let opened = open_secret(&record, &LEDGER, &keys.data);
        match secret {
            Some(secret) => assert_eq!(opened.unwrap().expose(), secret),
            None => assert_eq!(opened.err(), Some(OpenError::NoPart)),
        }
    }
}

#[test]
fn an_auditor_opens_one_record_with_its_own_key() {
    let keys = keys();
    let built = build_record(&input(&keys, b"history", None), &LEDGER).unwrap();
    let record = RecordRef::parse(&built.bytes).unwrap();
    let own = crate::history_record_key(&keys.epoch, &record.header.event_id);
    let other = crate::history_record_key(&keys.epoch, &[9; 16]);
    assert_eq!(
        open_history_with_record_key(&record, &LEDGER, &own).unwrap().as_slice(),
        b"history"
    );
    assert_eq!(
        open_history_with_record_key(&record, &LEDGER, &other),
        Err(OpenError::WrongKey)
    );
}

#[test]
fn another_key_and_another_ledger_are_told_apart() {
    let keys = keys();
    let built = build_record(&input(&keys, b"history", Some(b"secret")), &LEDGER).unwrap();
    let record = RecordRef::parse(&built.bytes).unwrap();
    assert_eq!(open_history(&record, &LEDGER, &keys.data), Err(OpenError::WrongKey));
    assert_eq!(
        open_secret(&record, &LEDGER, &keys.epoch).err(),
        Some(OpenError::WrongKey)
    );
    assert_eq!(open_history(&record, &[9; 16], &keys.epoch), Err(OpenError::Forged));
    assert_eq!(
        open_secret(&record, &[9; 16], &keys.data).err(),
        Some(OpenError::Forged)
    );
}

#[test]
fn limits_hold_at_the_limit_and_one_past_it() {
    let keys = keys();
    let build = |history: usize, secret: usize, kind| {
        let (history, secret) = (vec![0; history], vec![0; secret]);
        let mut input = input(&keys, &history, Some(&secret));
        if let Some(secret) = &mut input.secret {
            secret.kind = kind;
        }
        build_record(&input, &LEDGER).map(|built| RecordRef::parse(&built.bytes).map(|_| ()).unwrap())
    };
    let too_long = |part, found, max| Err(SealError::TooLong { part, found, max });
    assert_eq!(build(65_532, 131_068, SecretKind::Credential), Ok(()));
    assert_eq!(
        build(65_533, 0, SecretKind::Credential),
        too_long("history", 65_537, 65_536)
    );
    assert_eq!(
        build(0, 131_069, SecretKind::Credential),
        too_long("secret", 131_073, 131_072)
    );
    assert_eq!(build(0, (5 << 20) - 4, SecretKind::Document), Ok(()));
    assert_eq!(
        build(0, (5 << 20) - 3, SecretKind::Document),
        too_long("secret", (5 << 20) + 1, 5 << 20)
    );

    let plain = vec![1; 4_097];
    for (len, expected) in [
        (0, Err(SealError::EmptyPlain)),
        (4_096, Ok(())),
        (4_097, too_long("plain", 4_097, 4_096)),
    ] {
        let mut input = input(&keys, b"", None);
        input.plain = Some(&plain[..len]);
        assert_eq!(build_record(&input, &LEDGER).map(|_| ()), expected);
    }
}

#[test]
fn equal_random_bytes_repeat_a_nonce_only_with_the_plaintext() {
    let keys = keys();
    let nonces = |history: &[u8], secret: &[u8]| {
        let built = build_record(&input(&keys, history, Some(secret)), &LEDGER).unwrap();
        (built.header.history_nonce, built.header.secret_nonce)
    };
    let (history, secret) = nonces(b"a", b"a");
    assert_ne!(history, secret);
    assert_eq!(nonces(b"a", b"a"), (history, secret));
    let (other_history, other_secret) = nonces(b"b", b"b");
    assert_ne!(other_history, history);
    assert_ne!(other_secret, secret);
}

/// Each byte of a record, once as it is and once with digests made to fit again, as somebody with
/// the disk could: nothing opens.
#[test]
fn every_flipped_byte_of_a_record_is_refused() {
    let keys = keys();
    let mut input = input(&keys, b"history", Some(b"secret"));
    input.plain = Some(b"plain");
    let built = build_record(&input, &LEDGER).unwrap();
    for at in 0..built.bytes.len() {
        let mut bytes = built.bytes.clone();
        bytes[at] ^= 1;
        let Ok(record) = RecordRef::parse(&bytes) else {
            continue;
        };
        let plain = HEADER_LEN..HEADER_LEN + 5;
        let opens = || {
            (
                open_history(&record, &LEDGER, &keys.epoch).is_ok(),
                open_secret(&record, &LEDGER, &keys.data).is_ok(),
            )
        };
        match at {
            // Digests: of the plain part in H0; of the sealed parts behind it.
            64..96 => assert_eq!(opens(), (false, false), "byte {at}"),
            172..204 => assert_eq!(opens(), (false, true), "byte {at}"),
            204..236 => assert!(
                matches!(record.check_digests(), Err(RecordError::Digest { .. })),
                "byte {at}"
            ),
            0..172 => assert_eq!(opens(), (false, false), "byte {at}"),
            _ => {
                assert!(
                    matches!(record.check_digests(), Err(RecordError::Digest { .. })),
                    "byte {at}"
                );
                let (history, secret) = opens();
                assert!(plain.contains(&at) || !(history && secret), "byte {at}");
            }
        }
    }
}
