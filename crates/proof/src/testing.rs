//! Records and logs for tests. The sealed parts hold any bytes: nothing here opens them.

use ed25519_dalek::{Signer, SigningKey};

use crate::Hash;
use crate::note::{Checkpoint, Origin, SignedNote, key_id};
use crate::plain::{EpochCommitment, PlainPart};
use crate::record::{Header, event_id, leaf_hash};
use crate::tree::Frontier;

pub(crate) const LEDGER: [u8; 16] = [0xab; 16];

pub(crate) fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

pub(crate) fn origin(incarnation: u8) -> String {
    Origin::new("acme", LEDGER, [incarnation; 8]).unwrap().to_string()
}

/// What a test wants of a record; everything else follows from it.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) category: u16,
    pub(crate) stream_id: [u8; 16],
    pub(crate) stream_version: u64,
    pub(crate) recorded_at_us: u64,
    pub(crate) random: [u8; 10],
    pub(crate) epoch: u32,
    pub(crate) plain: Option<Vec<u8>>,
    pub(crate) history_len: u32,
    pub(crate) secret_len: Option<u32>,
}

impl Draft {
    /// An event of a credential's stream, the `n`th of it.
    pub(crate) fn credential(stream: u8, n: u64) -> Self {
        let mut random = [stream; 10];
        random[..8].copy_from_slice(&n.to_be_bytes());
        Self {
            category: 4,
            stream_id: [stream; 16],
            stream_version: n,
            recorded_at_us: 1_700_000_000_000_000,
            random,
            epoch: 1,
            plain: None,
            history_len: 112,
            secret_len: None,
        }
    }

    /// An event of the ledger's stream, with a plain part.
    pub(crate) fn ledger(n: u64, plain: &PlainPart) -> Self {
        let plain = Some(plain.encode());
        Self {
            category: 1,
            stream_id: LEDGER,
            plain,
            ..Self::credential(0xab, n)
        }
    }

    pub(crate) fn with_secret(mut self, len: u32) -> Self {
        self.secret_len = Some(len);
        self
    }

    pub(crate) fn event_id(&self) -> [u8; 16] {
        event_id(self.recorded_at_us, self.random)
    }

    pub(crate) fn build(&self) -> Vec<u8> {
        let plain = self.plain.as_deref().unwrap_or_default();
        let history = vec![0x11; self.history_len as usize];
        let secret = vec![0x22; self.secret_len.unwrap_or(0) as usize];
        let digest = |bytes: &[u8]| {
            if bytes.is_empty() {
                [0; 32]
            } else {
                *blake3::hash(bytes).as_bytes()
            }
        };
        let secret_byte = if secret.is_empty() { 0 } else { 0x33 };
        let header = Header {
            category: self.category,
            stream_id: self.stream_id,
            stream_version: self.stream_version,
            event_id: self.event_id(),
            recorded_at_us: self.recorded_at_us,
            type_code: self.category << 8 | 1,
            schema: 1,
            plain_len: plain.len() as u32,
            plain_digest: digest(plain),
            epoch: self.epoch,
            history_nonce: [0x44; 24],
            history_len: self.history_len,
            secret_key_id: [secret_byte; 16],
            secret_nonce: [secret_byte; 24],
            secret_len: secret.len() as u32,
            secret_digest: digest(&secret),
            history_digest: digest(&history),
        };
        [&header.to_bytes()[..], plain, &history, &secret].concat()
    }
}

/// The plain part of a first record: key 1, incarnation 1, epoch 1.
pub(crate) fn initialized() -> PlainPart {
    PlainPart {
        ledger_id: LEDGER,
        origin: origin(1),
        incarnation: [1; 8],
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

/// A whole small log: initialized, and three credentials of which two have secret parts.
pub(crate) fn small_log() -> Vec<Vec<u8>> {
    let drafts = [
        Draft::ledger(1, &initialized()),
        Draft::credential(1, 1).with_secret(304),
        Draft::credential(2, 1),
        Draft::credential(1, 2).with_secret(304),
        Draft::credential(3, 1),
    ];
    drafts.iter().map(Draft::build).collect()
}

pub(crate) fn root(records: &[Vec<u8>]) -> Hash {
    let mut edge = Frontier::new();
    for record in records {
        edge.append(leaf_hash(record.first_chunk().unwrap()));
    }
    edge.root()
}

pub(crate) fn sign(origin: &str, size: u64, root: Hash, key: &SigningKey) -> SignedNote {
    let checkpoint = Checkpoint {
        origin: origin.to_owned(),
        size,
        root,
    };
    let signature = key.sign(checkpoint.text().as_bytes()).to_bytes();
    SignedNote::assemble(checkpoint, key_id(origin, &key.verifying_key()), signature)
}

/// The checkpoint of a log of incarnation 1 by key 1.
pub(crate) fn checkpoint(records: &[Vec<u8>]) -> SignedNote {
    sign(&origin(1), records.len() as u64, root(records), &key(1))
}
