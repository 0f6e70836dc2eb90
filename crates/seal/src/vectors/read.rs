//! Reads the file as a stranger would: BLAKE3, the reference cipher and the format's tables, none
//! of this crate's own derivations.

use chacha20poly1305::{
    Key, Tag, XChaCha20Poly1305, XNonce,
    aead::{AeadInOut, KeyInit},
};
use serde_json::Value;
use strongroom_proof::{note::SignedNote, record::RecordRef, verify::LogVerifier};

use super::FILE;

pub(super) fn unhex(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    assert!(text.len().is_multiple_of(2), "whole bytes");
    (0..text.len() / 2)
        .map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap())
        .collect()
}

fn array<const N: usize>(value: &Value) -> [u8; N] {
    unhex(value).try_into().unwrap()
}

fn file() -> Value {
    serde_json::from_str(&std::fs::read_to_string(FILE).unwrap()).unwrap()
}

fn keyed(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    *blake3::keyed_hash(key.try_into().unwrap(), &parts.concat()).as_bytes()
}

fn nonce(k: &[u8; 32], random: &Value, plaintext: &[u8]) -> Vec<u8> {
    blake3::derive_key(
        "strongroom v1 nonce",
        &[k.as_slice(), &unhex(random), plaintext].concat(),
    )[..24]
        .to_vec()
}

fn open(k: &[u8; 32], nonce: &[u8], aad: &[u8], sealed: &[u8]) -> Vec<u8> {
    let (text, tag) = sealed.split_last_chunk::<16>().unwrap();
    let mut text = text.to_vec();
    let nonce: [u8; 24] = nonce.try_into().unwrap();
    XChaCha20Poly1305::new(&Key::from(*k))
        .decrypt_inout_detached(&XNonce::from(nonce), aad, text.as_mut_slice().into(), &Tag::from(*tag))
        .unwrap();
    text
}

fn open_committed(k: &[u8; 32], nonce: &[u8], aad: &[u8], sealed: &[u8]) -> Vec<u8> {
    let (commitment, rest) = sealed.split_at(32);
    assert_eq!(commitment, blake3::derive_key("strongroom v1 commit", k));
    open(k, nonce, aad, rest)
}

#[track_caller]
fn assert_padded(plaintext: &[u8], map: &Value, padded_len: usize) {
    let map = unhex(map);
    let mut expected = u32::try_from(map.len()).unwrap().to_be_bytes().to_vec();
    expected.extend(map);
    expected.resize(padded_len, 0);
    assert_eq!(plaintext, expected);
}

#[test]
fn records_open_by_the_tables_of_the_format() {
    let file = file();
    let ledger = unhex(&file["ledger_id"]);
    let data_key = unhex(&file["keys"]["data_key"]["key"]);
    let records = file["records"].as_array().unwrap();
    let mut flags: Vec<u64> = records.iter().map(|record| record["flags"].as_u64().unwrap()).collect();
    flags.sort_unstable();
    assert_eq!(flags, [0, 1, 2, 3]);
    for value in records {
        let bytes = unhex(&value["bytes"]);
        let record = RecordRef::parse(&bytes).unwrap();
        assert_eq!(record.plain.map(<[u8]>::to_vec), value.get("plain").map(unhex));
        let h0 = &bytes[..172];
        let epoch = &file["keys"]["epochs"][record.header.epoch as usize - 1];
        assert_eq!(
            array::<32>(&epoch["commitment"]),
            blake3::derive_key("strongroom v1 epoch commit", &unhex(&epoch["key"]))
        );
        let k = keyed(&unhex(&epoch["key"]), &[&[1], &record.header.event_id]);
        assert_eq!(k, array(&value["history"]["k"]));
        let aad = [&[1], ledger.as_slice(), h0, &record.header.secret_digest].concat();
        let plaintext = open_committed(&k, &record.header.history_nonce, &aad, record.history);
        assert_padded(&plaintext, &value["history"]["map"], 64);
        assert_eq!(
            record.header.history_nonce,
            *nonce(&k, &value["history"]["random"], &plaintext)
        );

        let Some(sealed) = record.secret else { continue };
        let k = keyed(&data_key, &[&[2], &record.header.event_id]);
        assert_eq!(k, array(&value["secret"]["k"]));
        let aad = [&[2], ledger.as_slice(), h0].concat();
        let plaintext = open_committed(&k, &record.header.secret_nonce, &aad, sealed);
        assert_padded(&plaintext, &value["secret"]["map"], 256);
        assert_eq!(
            record.header.secret_nonce,
            *nonce(&k, &value["secret"]["random"], &plaintext)
        );
    }
}

#[test]
fn the_records_are_a_log_that_verifies_with_its_notes() {
    let file = file();
    let mut log = LogVerifier::new();
    for value in file["records"].as_array().unwrap() {
        log.push(&unhex(&value["bytes"])).unwrap();
        for checkpoint in file["checkpoints"].as_array().unwrap() {
            if checkpoint["size"] == log.size() {
                assert_eq!(log.root().0, array(&checkpoint["root"]));
                log.expect_note(SignedNote::parse(checkpoint["note"].as_str().unwrap()).unwrap())
                    .unwrap();
            }
        }
    }
    let verified = log.finish().unwrap();
    assert_eq!((verified.size, verified.signed_size), (4, Some(4)));
}

#[test]
fn rows_open_by_the_tables_of_the_format() {
    let file = file();
    let ledger = unhex(&file["ledger_id"]);
    let row = unhex(&file["keys_row"]["row"]);
    let row_key = unhex(&file["keys_row"]["row_key"]);
    assert_eq!(row.len(), 104);
    assert_eq!(
        row_key,
        [&[0, 0, 0, 1], unhex(&file["keys"]["data_key"]["id"]).as_slice()].concat()
    );
    let k = keyed(&unhex(&file["keys"]["generation"]["key"]), &[&[3], &row_key]);
    let aad = [&[3], ledger.as_slice(), &[5], &row_key].concat();
    let data_key = open_committed(&k, &row[..24], &aad, &row[24..]);
    assert_eq!(data_key, unhex(&file["keys"]["data_key"]["key"]));
    assert_eq!(row[..24], nonce(&k, &file["keys_row"]["random"], &data_key));

    let row = unhex(&file["state_row"]["row"]);
    let k = keyed(&unhex(&file["keys"]["projection"]), &[&[4]]);
    let aad = [&[4], ledger.as_slice(), &[4], &unhex(&file["state_row"]["row_key"])].concat();
    let plaintext = open(&k, &row[..24], &aad, &row[24..]);
    assert_eq!(plaintext, unhex(&file["state_row"]["plaintext"]));
    assert_eq!(row[..24], nonce(&k, &file["state_row"]["random"], &plaintext));
}

#[test]
fn the_key_file_opens_by_its_table() {
    let file = file();
    let ledger = unhex(&file["ledger_id"]);
    let root = unhex(&file["keys"]["root"]);
    let bytes = unhex(&file["key_file"]["bytes"]);
    let (content, digest) = bytes.split_last_chunk::<32>().unwrap();
    assert_eq!(blake3::hash(content), *digest);
    assert_eq!(content[..8], *b"SRKF\x01\x01\0\0");
    assert_eq!(
        content[8..16],
        file["key_file"]["sequence"].as_u64().unwrap().to_be_bytes()
    );
    assert_eq!(
        content[16..40],
        [ledger.as_slice(), &unhex(&file["incarnation"])].concat()
    );
    let mut rest = &content[68..];
    for (number, value) in (1u8..).zip(file["key_file"]["compartments"].as_array().unwrap()) {
        assert_eq!(rest[..4], [number, 0, 0, 0]);
        let salt = &rest[4..20];
        let len = u32::from_be_bytes(rest[20..24].try_into().unwrap()) as usize;
        let sealed = &rest[24..24 + len];
        let k = keyed(&root, &[&[12], &ledger, &[number], salt]);
        assert_eq!(k, array(&value["k"]));
        let aad = [&[12], ledger.as_slice(), &[number], salt, &content[8..16]].concat();
        let plaintext = open_committed(&k, &sealed[..24], &aad, &sealed[24..]);
        assert_eq!(plaintext, unhex(&value["plaintext"]));
        assert_eq!(sealed[..24], nonce(&k, &value["random"], &plaintext));
        rest = &rest[24 + len..];
    }
    assert!(rest.is_empty());
}

#[test]
fn terms_and_macs_are_those_of_the_format() {
    let file = file();
    let index = unhex(&file["keys"]["index"]);
    let term = &file["index_term"];
    let expected = keyed(&index, &[&[7, 1], &unhex(&term["id"])]);
    assert_eq!(expected[..16], unhex(&term["term"]));

    let term = &file["idempotency_term"];
    let mut input = [&[5], unhex(&term["principal"]).as_slice()].concat();
    for text in [&term["method"], &term["route"], &term["parameters"][0], &term["key"]] {
        let text = text.as_str().unwrap();
        input.extend(u32::try_from(text.len()).unwrap().to_be_bytes());
        input.extend(text.as_bytes());
    }
    assert_eq!(keyed(&index, &[&input])[..16], unhex(&term["term"]));

    let value = unhex(&file["fingerprint"]["value"]);
    let fingerprint_key = keyed(&unhex(&file["keys"]["generation"]["key"]), &[&[8]]);
    let expected = keyed(&fingerprint_key, &[&[0, 0, 0, 7], &value]);
    assert_eq!(expected, array(&file["fingerprint"]["fingerprint"]));

    let mac = &file["body_mac"];
    let mut m = keyed(
        &unhex(&file["keys"]["epochs"][0]["key"]),
        &[&[6], &unhex(&mac["event_id"])],
    );
    for data_key in mac["data_keys"].as_array().unwrap() {
        m = keyed(&unhex(data_key), &[&[6], &m]);
    }
    assert_eq!(keyed(&m, &[&unhex(&mac["body"])]), array(&mac["mac"]));

    let slot = unhex(&file["anchor_slot"]["bytes"]);
    assert_eq!(slot.len(), 4_096);
    assert_eq!(slot[4_032..4_064], *blake3::hash(&slot[..4_032]).as_bytes());
    assert_eq!(
        slot[4_064..],
        keyed(&unhex(&file["keys"]["anchor"]), &[&[9], &slot[..4_032]])
    );

    let token = &file["token"];
    assert_eq!(
        array(&token["stored"]),
        blake3::derive_key("strongroom v1 token", &unhex(&token["bytes"]))
    );
}

#[test]
fn the_terms_of_the_set_hash_are_those_of_the_format() {
    let file = file();
    let set_hash_key = unhex(&file["keys"]["set_hash"]);
    for row in file["set_hash"]["rows"].as_array().unwrap() {
        let row_key = unhex(&row["row_key"]);
        let len = u16::try_from(row_key.len()).unwrap().to_be_bytes();
        let keyspace = u8::try_from(row["keyspace"].as_u64().unwrap()).unwrap();
        let term = keyed(&set_hash_key, &[&[11, keyspace], &len, &row_key, &unhex(&row["row"])]);
        assert_eq!(term, array(&row["term"]));
    }
}
