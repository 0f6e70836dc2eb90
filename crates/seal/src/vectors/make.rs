//! Makes the values with this crate.

use serde_json::{Value, json};
use strongroom_proof::{
    Hash,
    note::{Checkpoint, Origin, VerifierKey},
    plain::{EpochCommitment, PlainPart, key_change_message},
    record::{RecordRef, event_id},
    verify::LogVerifier,
};

use super::{DATA_KEY_ID, INCARNATION, LEDGER, data_key, hex, key, keys, root_key};
use crate::{
    FingerprintKey, Keyspace, RecordInput, RootSource, RowSealer, SecretInput, SecretKind, SetHash, SetHashKey,
    SetHashRow, Signer, Token, Wrapper, anchor_mac, body_mac, build_record, epoch_commitment, history_record_key,
    idempotency_term, index_term,
    keyfile::{Compartment, KeyFile},
    wrapped_key_row_key,
};

const TIME: u64 = 1_790_000_000_000_000;

pub(super) fn vectors() -> Value {
    let records = records();
    json!({
        "about": "Values of the Strongroom format, version 1, made once from fixed keys. Bytes are hex. docs/format.md says what each is.",
        "ledger_id": hex(LEDGER),
        "incarnation": hex(INCARNATION),
        "origin": origin(),
        "keys": key_values(),
        "records": record_values(&records),
        "checkpoints": checkpoint_values(&records),
        "key_rotation": key_rotation(),
        "keys_row": keys_row(),
        "state_row": state_row(),
        "key_file": key_file(),
        "anchor_slot": anchor_slot(&records),
        "token": token(),
        "root_key_text": root_key().expose_text().as_str(),
        "fingerprint": fingerprint(),
        "index_term": { "kind": 1, "id": hex([0x51; 16]), "term": hex(index_term(&key(0x24), 1, &[0x51; 16])) },
        "idempotency_term": idempotency(),
        "body_mac": body_mac_value(),
        "set_hash": set_hash(&records),
    })
}

struct Made {
    bytes: Vec<u8>,
    plain: Option<Vec<u8>>,
    history: Vec<u8>,
    secret: Option<Vec<u8>>,
    random: [u8; 48],
    epoch: u32,
}

fn origin() -> String {
    Origin::new("example", LEDGER, INCARNATION).unwrap().to_string()
}

fn signer(byte: u8) -> Signer {
    Signer::new(&key(byte))
}

fn event(position: u8) -> ([u8; 16], u64) {
    let time = TIME + u64::from(position) * 1_500;
    (event_id(time, [0xe0 + position; 10]), time)
}

/// A MessagePack map of short texts.
fn map(entries: &[(&str, &str)]) -> Vec<u8> {
    let text = |text: &str| {
        assert!(text.len() < 32, "fixstr");
        [&[0xa0 | u8::try_from(text.len()).unwrap()], text.as_bytes()].concat()
    };
    let mut map = vec![0x80 | u8::try_from(entries.len()).unwrap()];
    for (key, value) in entries {
        map.extend([text(key), text(value)].concat());
    }
    map
}

fn plain(position: u8) -> Option<Vec<u8>> {
    let (signing_key, epoch, signature) = match position {
        0 => (signer(0x31).public_key(), 1, None),
        3 => (signer(0x32).public_key(), 2, Some(key_change_signature())),
        _ => return None,
    };
    let commitment = epoch_commitment(keys().history.epoch(epoch).unwrap());
    let part = PlainPart {
        ledger_id: LEDGER,
        origin: origin(),
        incarnation: INCARNATION,
        signing_key,
        epochs: vec![EpochCommitment { epoch, commitment }],
        kept: None,
        signature,
        dev: false,
    };
    Some(part.encode())
}

fn key_change_signature() -> [u8; 64] {
    signer(0x31).sign_key_change(&LEDGER, &INCARNATION, &event(3).0, &signer(0x32).public_key())
}

/// Four records, one of each combination of flags: plain, none, secret, both. No event has both; the
/// last is there because the format allows it.
fn records() -> Vec<Made> {
    let secret = |name: &str| Some(map(&[("k", name)]));
    vec![
        record(0, (1, LEDGER, 1, 0x0101, 1), &[("n", "made for the vectors")], None),
        record(
            1,
            (3, [0x61; 16], 1, 0x0301, 1),
            &[("n", "a record without flags")],
            None,
        ),
        record(
            2,
            (4, [0x62; 16], 1, 0x0401, 1),
            &[("n", "a record with a secret")],
            secret("hunter2"),
        ),
        record(
            3,
            (1, LEDGER, 2, 0x0102, 2),
            &[("n", "plain and secret")],
            secret("correct horse"),
        ),
    ]
}

fn record(
    position: u8,
    (category, stream_id, stream_version, type_code, epoch): (u16, [u8; 16], u64, u16, u32),
    history: &[(&str, &str)],
    secret: Option<Vec<u8>>,
) -> Made {
    let (event_id, recorded_at_us) = event(position);
    let (plain, history) = (plain(position), map(history));
    let mut random = [0x70 + position; 48];
    random[24..].fill(0x80 + position);
    let (keys, data_key) = (keys(), data_key());
    let input = RecordInput {
        category,
        stream_id,
        stream_version,
        event_id,
        recorded_at_us,
        type_code,
        schema: 1,
        plain: plain.as_deref(),
        epoch,
        epoch_key: keys.history.epoch(epoch).unwrap(),
        history: &history,
        secret: secret.as_deref().map(|plaintext| SecretInput {
            key_id: DATA_KEY_ID,
            data_key: &data_key,
            plaintext,
            kind: SecretKind::Credential,
        }),
        random,
    };
    let bytes = build_record(&input, &LEDGER).unwrap().bytes;
    Made {
        bytes,
        plain,
        history,
        secret,
        random,
        epoch,
    }
}

fn record_values(records: &[Made]) -> Value {
    let values = records.iter().zip(0u64..).map(|(made, position)| {
        let record = RecordRef::parse(&made.bytes).unwrap();
        let epoch_key = keys().history.epoch(made.epoch).unwrap().clone();
        let mut value = json!({
            "position": position,
            "flags": made.bytes[5],
            "bytes": hex(&made.bytes),
            "leaf_hash": hex(record.leaf_hash()),
            "history": {
                "k": hex(history_record_key(&epoch_key, &record.header.event_id).expose()),
                "random": hex(&made.random[..24]),
                "nonce": hex(record.header.history_nonce),
                "map": hex(&made.history),
            },
        });
        if let Some(plain) = &made.plain {
            value["plain"] = hex(plain);
        }
        if let Some(secret) = &made.secret {
            value["secret"] = json!({
                "k": hex(crate::derive::derive_secret(&data_key(), &record.header.event_id).as_slice()),
                "random": hex(&made.random[24..]),
                "nonce": hex(record.header.secret_nonce),
                "map": hex(secret),
            });
        }
        value
    });
    values.collect()
}

fn key_values() -> Value {
    let keys = keys();
    let epochs = keys.history.epochs.iter().map(|entry| {
        json!({
            "epoch": entry.epoch,
            "key": hex(entry.key.expose()),
            "commitment": hex(epoch_commitment(&entry.key)),
        })
    });
    let signing = keys.signing.seeds.iter().map(|seed| {
        let verifying_key = Signer::new(seed).verifying_key();
        let name = VerifierKey {
            name: origin(),
            key: verifying_key,
        }
        .to_string();
        json!({ "seed": hex(seed.expose()), "public": hex(verifying_key.as_bytes()), "vkey": name })
    });
    let generation = keys.secrets.newest();
    json!({
        "root": hex(root_key().key().expose()),
        "epochs": epochs.collect::<Value>(),
        "projection": hex(keys.history.projection.expose()),
        "index": hex(keys.history.index.expose()),
        "anchor": hex(keys.history.anchor.expose()),
        "set_hash": hex(keys.history.set_hash.expose()),
        "signing": signing.collect::<Value>(),
        "generation": { "number": generation.number, "key": hex(generation.key.expose()) },
        "data_key": { "id": hex(DATA_KEY_ID), "key": hex(data_key().expose()) },
    })
}

fn root_at(records: &[Made], size: usize) -> Hash {
    let mut log = LogVerifier::new();
    for made in &records[..size] {
        log.push(&made.bytes).unwrap();
    }
    log.root()
}

fn note(records: &[Made], size: usize, signing_key: u8) -> String {
    let checkpoint = Checkpoint {
        origin: origin(),
        size: u64::try_from(size).unwrap(),
        root: root_at(records, size),
    };
    signer(signing_key).sign_checkpoint(checkpoint).to_string()
}

/// Size 3 by the first key, the last size that it may sign; size 4 by the second.
fn checkpoint_values(records: &[Made]) -> Value {
    [(3, 0x31), (4, 0x32)]
        .map(|(size, signing_key)| {
            let note = note(records, size, signing_key);
            json!({ "size": size, "root": hex(root_at(records, size)), "note": note })
        })
        .into_iter()
        .collect()
}

fn key_rotation() -> Value {
    let (old, new) = (signer(0x31).public_key(), signer(0x32).public_key());
    let event_id = event(3).0;
    json!({
        "position": 3,
        "old_public": hex(old),
        "new_public": hex(new),
        "message": hex(key_change_message(&LEDGER, &INCARNATION, &event_id, &old, &new)),
        "signature": hex(key_change_signature()),
    })
}

fn keys_row() -> Value {
    let wrapper = Wrapper::new(1, key(0x38), LEDGER);
    let random = [0x91; 24];
    let row = wrapper.wrap(&DATA_KEY_ID, &data_key(), &random).unwrap();
    json!({ "row_key": hex(wrapper.row_key(&DATA_KEY_ID)), "random": hex(random), "row": hex(row) })
}

fn state_row_bytes() -> Vec<u8> {
    let rows = RowSealer::new(&key(0x23), LEDGER);
    rows.seal(
        Keyspace::State,
        b"c-example",
        &map(&[("n", "a row of state")]),
        &[0x92; 24],
    )
    .unwrap()
}

fn state_row() -> Value {
    json!({
        "row_key": hex(b"c-example"),
        "random": hex([0x92; 24]),
        "plaintext": hex(map(&[("n", "a row of state")])),
        "row": hex(state_row_bytes()),
    })
}

fn key_file() -> Value {
    let salts = [[0xa1; 16], [0xa2; 16], [0xa3; 16]];
    let random = [[0xb1; 24], [0xb2; 24], [0xb3; 24]];
    let keys = keys();
    let file = KeyFile::seal(
        &root_key(),
        RootSource::File,
        5,
        LEDGER,
        INCARNATION,
        &keys,
        salts,
        random,
    )
    .unwrap();
    let plaintexts = [
        (Compartment::History, keys.history.to_bytes(&INCARNATION)),
        (Compartment::Signing, keys.signing.to_bytes(&INCARNATION)),
        (Compartment::Secrets, keys.secrets.to_bytes(&INCARNATION)),
    ];
    let compartments = plaintexts.iter().map(|(compartment, plaintext)| {
        let i = *compartment as usize - 1;
        json!({
            "compartment": *compartment as u8,
            "salt": hex(salts[i]),
            "random": hex(random[i]),
            "k": hex(file.compartment_key(&root_key(), *compartment).expose()),
            "plaintext": hex(plaintext.as_slice()),
        })
    });
    json!({
        "sequence": file.sequence(),
        "bytes": hex(file.to_bytes()),
        "compartments": compartments.collect::<Value>(),
    })
}

/// A slot after a clean stop at size 4, with two live journals.
fn anchor_slot(records: &[Made]) -> Value {
    let note = note(records, 4, 0x32);
    let mut slot = Vec::with_capacity(4_096);
    slot.extend(b"SRAN\x01\x01\x00\x02");
    slot.extend(9u64.to_be_bytes());
    slot.extend(LEDGER);
    slot.extend(INCARNATION);
    slot.extend(4u64.to_be_bytes());
    slot.extend(root_at(records, 4).0);
    slot.extend(5u64.to_be_bytes());
    slot.extend(u16::try_from(note.len()).unwrap().to_be_bytes());
    slot.extend(note.as_bytes());
    slot.resize(90 + 1_024 + 6, 0);
    for (journal, first) in [(7u64, 0u64), (8, 3)] {
        slot.extend(journal.to_be_bytes());
        slot.extend(first.to_be_bytes());
    }
    slot.resize(4_032, 0);
    let mac = anchor_mac(&key(0x25), &slot);
    slot.extend(blake3::hash(&slot).as_bytes());
    slot.extend(mac);
    json!({ "sequence": 9, "journals": [[7, 0], [8, 3]], "bytes": hex(slot) })
}

fn token() -> Value {
    let token = Token::from_bytes(&[0xc1; 20]);
    json!({ "bytes": hex([0xc1; 20]), "text": token.expose().as_str(), "stored": hex(token.stored_hash()) })
}

fn fingerprint() -> Value {
    let fingerprint = FingerprintKey::new(&key(0x38)).fingerprint(b"hunter2");
    json!({ "value": hex(b"hunter2"), "fingerprint": hex(fingerprint) })
}

fn idempotency() -> Value {
    let term = idempotency_term(
        &key(0x24),
        &[0x52; 16],
        "POST",
        "/credentials/{handle}/rotate",
        &["shopify-client-a"],
        "k-1",
    );
    json!({
        "principal": hex([0x52; 16]),
        "method": "POST",
        "route": "/credentials/{handle}/rotate",
        "parameters": ["shopify-client-a"],
        "key": "k-1",
        "term": hex(term),
    })
}

fn body_mac_value() -> Value {
    let (first, second) = (data_key(), key(0x41));
    let body = br#"{"fields":{"api_key":"hunter2"}}"#;
    let event_id = event(2).0;
    let mac = body_mac(&key(0x21), &event_id, &[&first, &second], body);
    json!({
        "epoch": 1,
        "event_id": hex(event_id),
        "data_keys": [hex(first.expose()), hex(second.expose())],
        "body": hex(body),
        "mac": hex(mac),
    })
}

fn set_hash(records: &[Made]) -> Value {
    let set_hash_key = SetHashKey::new(key(0x26));
    let wrapped = keys_row()["row"].clone();
    let rows = [
        (Keyspace::State, b"c-example".to_vec(), state_row_bytes()),
        (Keyspace::State, b"c-other".to_vec(), b"any bytes".to_vec()),
        (
            Keyspace::Keys,
            wrapped_key_row_key(1, &DATA_KEY_ID).to_vec(),
            super::read::unhex(&wrapped),
        ),
    ];
    let (mut rights, mut keys) = (SetHash::default(), SetHash::default());
    let mut values = Vec::new();
    for (keyspace, row_key, row) in &rows {
        let mut term = SetHash::default();
        term.add(&set_hash_key, *keyspace, row_key, row);
        let sum = if *keyspace == Keyspace::Keys {
            &mut keys
        } else {
            &mut rights
        };
        sum.add(&set_hash_key, *keyspace, row_key, row);
        values.push(json!({
            "keyspace": *keyspace as u8,
            "row_key": hex(row_key),
            "row": hex(row),
            "term": hex(term.to_bytes()),
        }));
    }
    let mut all = rights.clone();
    all.add(&set_hash_key, Keyspace::Keys, &rows[2].1, &rows[2].2);
    let row = SetHashRow {
        rights,
        keys,
        incarnation: INCARNATION,
        size: 4,
        root: root_at(records, 4).0,
    };
    json!({
        "rows": values,
        "rights": hex(row.rights.to_bytes()),
        "keys": hex(row.keys.to_bytes()),
        "sum_of_all": hex(all.to_bytes()),
        "meta_row_plaintext": hex(row.to_bytes()),
    })
}
