use std::{fs, os::unix::fs::PermissionsExt};

use super::*;
use crate::root::PassphraseParams;

const LEDGER: [u8; 16] = [1; 16];
const INCARNATION: [u8; 8] = [2; 8];

fn root_key() -> RootKey {
    RootKey::from_bytes(&[3; 32])
}

fn key_file() -> (KeyFile, Keys) {
    let keys = Keys::make().unwrap();
    let file = KeyFile::create(&root_key(), RootSource::File, LEDGER, INCARNATION, &keys).unwrap();
    (file, keys)
}

#[track_caller]
fn assert_same(a: &Keys, b: &Keys) {
    assert_eq!(*a.history.to_bytes(&INCARNATION), *b.history.to_bytes(&INCARNATION));
    assert_eq!(*a.signing.to_bytes(&INCARNATION), *b.signing.to_bytes(&INCARNATION));
    assert_eq!(*a.secrets.to_bytes(&INCARNATION), *b.secrets.to_bytes(&INCARNATION));
}

/// Puts a right checksum behind changed bytes, as somebody with the disk could.
fn with_checksum(bytes: &[u8]) -> Vec<u8> {
    let content = &bytes[..bytes.len() - 32];
    [content, blake3::hash(content).as_bytes()].concat()
}

#[test]
fn a_key_file_is_read_back() {
    let (file, keys) = key_file();
    let read = KeyFile::parse(&file.to_bytes()).unwrap();
    assert_eq!(read.to_bytes(), file.to_bytes());
    assert_eq!(
        (read.sequence(), read.ledger_id(), read.incarnation()),
        (1, &LEDGER, &INCARNATION)
    );
    assert_same(&read.open(&root_key()).unwrap(), &keys);
}

#[test]
fn the_layout_is_that_of_the_table() {
    let (file, _) = key_file();
    let bytes = file.to_bytes();
    assert_eq!(bytes[..8], *b"SRKF\x01\x01\0\0");
    assert_eq!(bytes[8..16], 1u64.to_be_bytes());
    assert_eq!(bytes[16..40], [LEDGER.as_slice(), &INCARNATION].concat());
    assert_eq!(bytes[40..68], [0; 28]);
    let history = 68;
    assert_eq!(bytes[history..history + 4], [1, 0, 0, 0]);
    let plaintext_len: u32 = 8 + 4 * 32 + 4 + 36;
    assert_eq!(bytes[history + 20..history + 24], (72 + plaintext_len).to_be_bytes());
    let signing = history + 24 + 72 + plaintext_len as usize;
    assert_eq!(bytes[signing..signing + 4], [2, 0, 0, 0]);
    let secrets = signing + 24 + 72 + 8 + 4 + 32;
    assert_eq!(bytes[secrets..secrets + 4], [3, 0, 0, 0]);
    assert_eq!(bytes.len(), secrets + 24 + 72 + 8 + 4 + 44 + 32);
}

#[test]
fn a_passphrase_keeps_its_costs_in_the_file() {
    let params = PassphraseParams {
        salt: [9; 16],
        memory_kib: 65_536,
        passes: 3,
        lanes: 1,
    };
    let keys = Keys::make().unwrap();
    let source = RootSource::Passphrase(params);
    let file = KeyFile::create(&root_key(), source, LEDGER, INCARNATION, &keys).unwrap();
    let bytes = file.to_bytes();
    assert_eq!(*KeyFile::parse(&bytes).unwrap().source(), source);
    for (at, value) in [
        (56, 65_535u32),
        (56, (4 << 20) + 1),
        (60, 2),
        (60, 65),
        (64, 0),
        (64, 17),
    ] {
        let mut costly = bytes.clone();
        costly[at..at + 4].copy_from_slice(&value.to_be_bytes());
        assert!(
            matches!(KeyFile::parse(&with_checksum(&costly)), Err(KeyFileError::Damaged(_))),
            "{at}: {value}"
        );
    }
}

#[test]
fn another_root_key_is_named_as_such() {
    let (file, keys) = key_file();
    let other = RootKey::from_bytes(&[4; 32]);
    let wrong = |result: Result<Keys, KeyFileError>| {
        matches!(
            result,
            Err(KeyFileError::WrongKey {
                compartment: Compartment::History
            })
        )
    };
    assert!(wrong(file.open(&other)));
    assert!(matches!(
        file.replace(&other, &keys),
        Err(KeyFileError::WrongKey { .. })
    ));
    assert!(matches!(
        file.open_secrets(&other),
        Err(KeyFileError::WrongKey {
            compartment: Compartment::Secrets
        })
    ));
}

#[test]
fn a_birth_ends_once_and_the_keys_stay() {
    let (first, keys) = key_file();
    let second = first.end_birth(&root_key()).unwrap().unwrap();
    assert_eq!((first.sequence(), second.sequence()), (1, 2));
    assert_same(&second.open(&root_key()).unwrap(), &keys);
    assert!(second.end_birth(&root_key()).unwrap().is_none());
    let other = RootKey::from_bytes(&[4; 32]);
    assert!(first.end_birth(&other).is_err(), "no key file under a mistaken key");
}

#[test]
fn a_history_key_opens_history_only_and_until_it_is_revoked() {
    let (file, mut keys) = key_file();
    let exported = file.history_key(&root_key());
    let next = file.replace(&root_key(), &keys).unwrap();
    assert_eq!(next.sequence(), 2);
    assert!(
        next.open_history_with(&exported)
            .unwrap()
            .index
            .ct_eq(&keys.history.index)
    );
    for compartment in [Compartment::Signing, Compartment::Secrets] {
        assert!(next.unseal(compartment, exported.key().expose()).is_err());
    }
    keys.history.projection = Key32::make().unwrap();
    let revoked = next.revoke_history(&root_key(), &keys).unwrap();
    assert_eq!(revoked.sequence(), 3);
    assert!(matches!(
        revoked.open_history_with(&exported),
        Err(KeyFileError::WrongKey { .. })
    ));
    assert_same(&revoked.open(&root_key()).unwrap(), &keys);
}

#[test]
fn more_keys_are_kept_in_their_order() {
    let mut keys = Keys::make().unwrap();
    keys.history.epochs.push(EpochKey {
        epoch: 7,
        key: Key32::make().unwrap(),
    });
    keys.signing.seeds.push(Key32::make().unwrap());
    keys.secrets.generations.push(Generation {
        number: 2,
        made_at: 99,
        key: Key32::make().unwrap(),
    });
    let file = KeyFile::create(&root_key(), RootSource::Env, LEDGER, INCARNATION, &keys).unwrap();
    let read = KeyFile::parse(&file.to_bytes()).unwrap().open(&root_key()).unwrap();
    assert_same(&read, &keys);
    assert_eq!(read.history.newest().epoch, 7);
    assert!(read.history.epoch(7).is_some() && read.history.epoch(2).is_none());
    assert_eq!((read.secrets.newest().number, read.secrets.newest().made_at), (2, 99));
}

#[test]
fn every_flipped_byte_of_a_key_file_is_refused() {
    let (file, _) = key_file();
    let bytes = file.to_bytes();
    for at in 0..bytes.len() {
        let mut bad = bytes.clone();
        bad[at] ^= 1;
        assert!(KeyFile::parse(&bad).is_err(), "byte {at}");
    }
    for len in 0..bytes.len() {
        assert!(KeyFile::parse(&bytes[..len]).is_err(), "{len} bytes");
    }
    assert!(KeyFile::parse(&[bytes.as_slice(), &[0]].concat()).is_err());
}

/// With the checksum made to fit again, only the provider's number among file, descriptor and
/// variable can change: it is a hint, and the key is the same.
#[test]
fn every_flipped_byte_under_a_right_checksum_is_refused_or_only_a_hint() {
    let (file, _) = key_file();
    let bytes = file.to_bytes();
    for at in 0..bytes.len() - 32 {
        for bit in [0x01, 0x02, 0x80] {
            let mut bad = bytes.clone();
            bad[at] ^= bit;
            let opened = KeyFile::parse(&with_checksum(&bad)).and_then(|file| file.open(&root_key()));
            let hint = at == 5 && matches!(bad[5], 1..=3);
            assert_eq!(opened.is_ok(), hint, "byte {at}, bit {bit:#x}");
        }
    }
}

#[test]
fn compartments_of_two_files_do_not_mix() {
    let (file, keys) = key_file();
    let next = file.replace(&root_key(), &keys).unwrap();
    let mut mixed = next.clone();
    mixed.compartments[2] = file.compartments[2].clone();
    let mixed = KeyFile::parse(&mixed.to_bytes()).unwrap();
    assert!(matches!(
        mixed.open(&root_key()),
        Err(KeyFileError::Forged {
            compartment: Compartment::Secrets
        })
    ));
}

#[test]
fn contents_in_any_other_form_are_refused() {
    let keys = Keys::make().unwrap();
    let history = keys.history.to_bytes(&INCARNATION);
    let parse = |bytes: &[u8]| HistoryKeys::parse(bytes, &INCARNATION).is_some();
    assert!(parse(&history));
    assert!(!parse(&history[..history.len() - 1]));
    assert!(!parse(&[history.as_slice(), &[0]].concat()));
    assert!(HistoryKeys::parse(&history, &[9; 8]).is_none());
    let count_at = 8 + 4 * 32;
    for (at, value) in [(count_at, 0u32), (count_at, 2), (count_at, u32::MAX), (count_at + 4, 0)] {
        let mut bad = history.to_vec();
        bad[at..at + 4].copy_from_slice(&value.to_be_bytes());
        assert!(!parse(&bad), "{at}: {value}");
    }
    let twice = [
        &history[..count_at],
        &[0, 0, 0, 2],
        &history[count_at + 4..],
        &history[count_at + 4..],
    ]
    .concat();
    assert!(!parse(&twice));
    assert!(SigningKeys::parse(&[INCARNATION.as_slice(), &[0; 4]].concat(), &INCARNATION).is_none());
    assert!(SecretsKeys::parse(&[INCARNATION.as_slice(), &[0; 4]].concat(), &INCARNATION).is_none());
}

#[test]
fn a_file_is_replaced_whole_and_for_its_owner_only() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key-file");
    assert!(read(&path).unwrap().is_none());
    let (file, keys) = key_file();
    write(&path, &file).unwrap();
    // What a crash between writing and renaming leaves, readable for all.
    let left = dir.path().join("key-file.new");
    fs::write(&left, b"half").unwrap();
    fs::set_permissions(&left, fs::Permissions::from_mode(0o644)).unwrap();
    let next = file.replace(&root_key(), &keys).unwrap();
    write(&path, &next).unwrap();
    assert_eq!(read(&path).unwrap().unwrap().to_bytes(), next.to_bytes());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn a_file_that_is_no_key_file_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key-file");
    fs::write(&path, vec![0; KEY_FILE_LEN_MAX + 1]).unwrap();
    assert!(matches!(
        read(&path),
        Err(DiskError::KeyFile {
            source: KeyFileError::Damaged(_),
            ..
        })
    ));
    assert!(matches!(read(dir.path()), Err(DiskError::Io { .. })));
}
