//! The plain part: where keys begin, in the clear, so that a verifier without keys learns them from
//! the tree.
//!
//! A MessagePack map with each key once, in this order: `l` ledger id · `o` origin · `i`
//! incarnation · `k` signing public key · `e` history epochs new with this record · `b` and `z`
//! (only `recovered`) newest checkpoint of the incarnation before and size kept · `s` signature of
//! the key before · `d` made by `--dev`. Lengths and integers take their shortest form, and a key
//! without a value is left out: one plain part has one encoding.

mod msgpack;

use ed25519_dalek::{Signature, VerifyingKey};

use crate::note::Origin;
use crate::record::PLAIN_LEN_MAX;

/// Begins what the signature of a key change is over.
const KEY_CHANGE_TAG: &[u8; 18] = b"\0strongroom v1 key";

/// Bytes of what the signature of a key change is over.
pub const KEY_CHANGE_LEN: usize = KEY_CHANGE_TAG.len() + 16 + 8 + 16 + 32 + 32;

/// Why bytes are not a plain part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlainError {
    /// Longer than [`PLAIN_LEN_MAX`].
    #[error("the plain part has {found} bytes, at most {PLAIN_LEN_MAX} are allowed")]
    Len {
        /// Bytes that are there.
        found: usize,
    },
    /// Not the map of the format, or not in its one encoding.
    #[error("the plain part is not the map of the format in its one encoding")]
    Form,
    /// The origin does not hold the ledger id and incarnation that stand beside it.
    #[error("the origin is not that of ledger id and incarnation")]
    Origin,
    /// The signing key is no Ed25519 public key.
    #[error("the signing key is not an Ed25519 public key")]
    Key,
    /// An epoch is 0, or not above the one before.
    #[error("history epoch {found} is 0 or out of order")]
    Epoch {
        /// The epoch found.
        found: u32,
    },
    /// The key before did not sign the change.
    #[error("the signature of the key before is missing or not valid")]
    Signature,
}

/// The commitment to a history epoch's key, at the place where the epoch is announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochCommitment {
    /// The epoch, from 1.
    pub epoch: u32,
    /// BLAKE3 derive_key("strongroom v1 epoch commit", epoch key).
    pub commitment: [u8; 32],
}

/// What is kept of the incarnation before; only in `recovered`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Number of records kept: the position of the `recovered` record.
    pub size: u64,
    /// The newest checkpoint of the incarnation before, where one was at hand: a note.
    pub checkpoint: Option<String>,
}

/// The facts with which a ledger, a key or an incarnation begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlainPart {
    /// The ledger's id, the same in the whole log.
    pub ledger_id: [u8; 16],
    /// The origin of checkpoints from here on.
    pub origin: String,
    /// The incarnation from here on.
    pub incarnation: [u8; 8],
    /// The Ed25519 public key that signs checkpoints from here on.
    pub signing_key: [u8; 32],
    /// History epochs announced here, ascending.
    pub epochs: Vec<EpochCommitment>,
    /// Set where a new incarnation begins.
    pub kept: Option<Kept>,
    /// The signature of the key before over [`key_change_message`].
    pub signature: Option<[u8; 64]>,
    /// Whether the ledger was made by `--dev`.
    pub dev: bool,
}

impl PlainPart {
    /// Encodes the map.
    ///
    /// The caller answers for the rules of [`PlainPart::parse`]: what breaks one does not parse.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let checkpoint = self.kept.as_ref().and_then(|kept| kept.checkpoint.as_deref());
        let optional = [
            checkpoint.is_some(),
            self.kept.is_some(),
            self.signature.is_some(),
            self.dev,
        ];
        let mut map = msgpack::Writer::default();
        map.map(5 + optional.iter().filter(|present| **present).count());
        map.str("l").bin(&self.ledger_id);
        map.str("o").str(&self.origin);
        map.str("i").bin(&self.incarnation);
        map.str("k").bin(&self.signing_key);
        map.str("e").array(self.epochs.len());
        for EpochCommitment { epoch, commitment } in &self.epochs {
            map.array(2).uint(u64::from(*epoch)).bin(commitment);
        }
        if let Some(checkpoint) = checkpoint {
            map.str("b").str(checkpoint);
        }
        if let Some(kept) = &self.kept {
            map.str("z").uint(kept.size);
        }
        if let Some(signature) = &self.signature {
            map.str("s").bin(signature);
        }
        if self.dev {
            map.str("d").bool(true);
        }
        map.into_bytes()
    }

    /// Parses a plain part and checks what can be checked without the log around it.
    ///
    /// # Errors
    /// [`PlainError`], but for `Signature`: that needs the key before, see
    /// [`PlainPart::verify_key_change`].
    pub fn parse(bytes: &[u8]) -> Result<Self, PlainError> {
        if bytes.len() > PLAIN_LEN_MAX as usize {
            return Err(PlainError::Len { found: bytes.len() });
        }
        // Written again to the same bytes: what is left out, doubled, moved or written longer differs.
        let plain = read(bytes)
            .filter(|plain| plain.encode() == bytes)
            .ok_or(PlainError::Form)?;
        let origin = Origin::parse(&plain.origin).map_err(|_| PlainError::Origin)?;
        if *origin.ledger_id() != plain.ledger_id || *origin.incarnation() != plain.incarnation {
            return Err(PlainError::Origin);
        }
        plain.verifying_key()?;
        let mut before = 0;
        for EpochCommitment { epoch, .. } in &plain.epochs {
            if *epoch <= before {
                return Err(PlainError::Epoch { found: *epoch });
            }
            before = *epoch;
        }
        Ok(plain)
    }

    /// Returns the signing key.
    ///
    /// # Errors
    /// [`PlainError::Key`] when the bytes are no key.
    pub fn verifying_key(&self) -> Result<VerifyingKey, PlainError> {
        VerifyingKey::from_bytes(&self.signing_key).map_err(|_| PlainError::Key)
    }

    /// Checks that the key before signed the change to this key, in the record of this event.
    ///
    /// # Errors
    /// [`PlainError::Signature`], also when there is no signature.
    pub fn verify_key_change(&self, event_id: &[u8; 16], old_key: &VerifyingKey) -> Result<(), PlainError> {
        let signature = self.signature.as_ref().ok_or(PlainError::Signature)?;
        let message = key_change_message(
            &self.ledger_id,
            &self.incarnation,
            event_id,
            old_key.as_bytes(),
            &self.signing_key,
        );
        old_key
            .verify_strict(&message, &Signature::from_bytes(signature))
            .map_err(|_| PlainError::Signature)
    }
}

/// Returns what the key before signs: 0x00 ‖ "strongroom v1 key" ‖ ledger id ‖ incarnation of the
/// record ‖ event id ‖ old public key ‖ new public key.
///
/// The zero byte keeps it apart from every note, which is text.
#[must_use]
pub fn key_change_message(
    ledger_id: &[u8; 16],
    incarnation: &[u8; 8],
    event_id: &[u8; 16],
    old_key: &[u8; 32],
    new_key: &[u8; 32],
) -> [u8; KEY_CHANGE_LEN] {
    let fields: [&[u8]; 6] = [KEY_CHANGE_TAG, ledger_id, incarnation, event_id, old_key, new_key];
    let mut message = [0; KEY_CHANGE_LEN];
    let mut rest = message.as_mut_slice();
    for field in fields {
        let (place, behind) = rest.split_at_mut(field.len());
        place.copy_from_slice(field);
        rest = behind;
    }
    message
}

/// Reads the map; whether it is in its one encoding is seen when it is written again.
fn read(bytes: &[u8]) -> Option<PlainPart> {
    let mut map = msgpack::Reader::new(bytes);
    map.map()?;
    let ledger_id = map.key("l")?.bin()?;
    let origin = map.key("o")?.str()?.to_owned();
    let incarnation = map.key("i")?.bin()?;
    let signing_key = map.key("k")?.bin()?;
    let mut epochs = Vec::new();
    for _ in 0..map.key("e")?.array()? {
        map.array()?;
        epochs.push(EpochCommitment {
            epoch: map.uint()?.try_into().ok()?,
            commitment: map.bin()?,
        });
    }
    let checkpoint = match map.key("b") {
        Some(value) => Some(value.str()?.to_owned()),
        None => None,
    };
    let kept = match map.key("z") {
        Some(value) => Some(Kept {
            size: value.uint()?,
            checkpoint,
        }),
        None if checkpoint.is_some() => return None,
        None => None,
    };
    let signature = match map.key("s") {
        Some(value) => Some(value.bin()?),
        None => None,
    };
    let dev = match map.key("d") {
        Some(value) => value.bool()?,
        None => false,
    };
    let plain = PlainPart {
        ledger_id,
        origin,
        incarnation,
        signing_key,
        epochs,
        kept,
        signature,
        dev,
    };
    Some(plain)
}

#[cfg(test)]
mod tests;
