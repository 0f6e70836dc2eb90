//! The published vectors, `docs/vectors.json`: values from fixed keys that every implementation,
//! now and later, must make and read.
//!
//! They were made once. A difference here is a change of the format, which is for ever: the file is
//! not made again, the code is put right. `make` makes the values with this crate; `read` reads the
//! file as a stranger would, with BLAKE3 and the reference cipher alone.

mod make;
mod read;

use serde_json::Value;

use crate::{
    Key32, RootKey,
    keyfile::{EpochKey, Generation, HistoryKeys, Keys, SecretsKeys, SigningKeys},
};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/vectors.json");

const LEDGER: [u8; 16] = *b"\x01\x92\xa0\xb1\xc2\xd3\x4e\x5f\x86\x07\x18\x29\x3a\x4b\x5c\x6d";
const INCARNATION: [u8; 8] = *b"\x5e\x41\x0f\x27\x88\x3c\x90\xd6";
const DATA_KEY_ID: [u8; 16] = [0xd1; 16];

fn key(byte: u8) -> Key32 {
    Key32::from_bytes(&[byte; 32])
}

fn root_key() -> RootKey {
    RootKey::from_bytes(&[0x10; 32])
}

fn data_key() -> Key32 {
    key(0x40)
}

fn keys() -> Keys {
    Keys {
        history: HistoryKeys {
            epochs: vec![
                EpochKey {
                    epoch: 1,
                    key: key(0x21),
                },
                EpochKey {
                    epoch: 2,
                    key: key(0x22),
                },
            ],
            projection: key(0x23),
            index: key(0x24),
            anchor: key(0x25),
            set_hash: key(0x26),
        },
        signing: SigningKeys {
            seeds: vec![key(0x31), key(0x32)],
        },
        secrets: SecretsKeys {
            generations: vec![Generation {
                number: 1,
                made_at: 0,
                key: key(0x38),
            }],
        },
    }
}

fn hex(bytes: impl AsRef<[u8]>) -> Value {
    Value::String(bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[test]
fn the_published_vectors_are_what_this_code_makes() {
    let made = serde_json::to_string_pretty(&make::vectors()).unwrap() + "\n";
    let published = std::fs::read_to_string(FILE).unwrap();
    let differs = made
        .lines()
        .zip(published.lines())
        .position(|(made, published)| made != published);
    assert!(
        made == published,
        "docs/vectors.json differs, first in line {:?} (from 0)",
        differs
    );
}
