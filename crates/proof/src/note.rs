//! Checkpoints: the size and root of the log, signed as a note.
//!
//! C2SP signed-note and tlog-checkpoint, narrowed so that one checkpoint has one form: no extension
//! lines, exactly one signature, by the log itself, Ed25519. Signing needs a key and is not here;
//! what is signed is [`Checkpoint::text`].

mod origin;
mod vkey;

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Signature;
use sha2::{Digest, Sha256};

use crate::Hash;

pub use ed25519_dalek::VerifyingKey;
pub use origin::{Origin, is_ledger_name};
pub use vkey::VerifierKey;

/// Bytes of a note at most: what an anchor slot holds.
pub const NOTE_LEN_MAX: usize = 1024;

/// The signature type of C2SP signed-note for Ed25519.
const TYPE_ED25519: u8 = 0x01;

/// Why a text is not a note of a log, or does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Longer than [`NOTE_LEN_MAX`].
    #[error("the note has {found} bytes, at most {NOTE_LEN_MAX} are allowed")]
    Len {
        /// Bytes that are there.
        found: usize,
    },
    /// A line of the checkpoint or its signature is missing, superfluous, or not in its one form.
    #[error("the note is not a checkpoint with one signature in its canonical form")]
    Form,
    /// An origin that can't be a key name, or is not that of a ledger.
    #[error("the origin is not that of a ledger")]
    Origin,
    /// The signature is by another key.
    #[error("the note is signed by another key")]
    KeyId,
    /// The signature is not that of the text by the key.
    #[error("the signature of the note is not valid")]
    Signature,
    /// A verifier key in a wrong form.
    #[error("the verifier key is not <name>+<id>+<key> of an Ed25519 key")]
    VerifierKey,
}

/// Size and root of a log: what is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The name of the log, and of its key.
    pub origin: String,
    /// Number of records.
    pub size: u64,
    /// Root of the tree over them.
    pub root: Hash,
}

impl Checkpoint {
    /// Returns the text of the note: origin, size and base64 root, each with a line feed. These are
    /// the bytes to sign.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root.0))
    }

    /// Parses the text of a note.
    ///
    /// # Errors
    /// [`NoteError::Form`] unless [`Checkpoint::text`] gives the same text; [`NoteError::Origin`].
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let mut lines = text.split('\n');
        let mut line = || lines.next().ok_or(NoteError::Form);
        let (origin, size, root) = (line()?, line()?, line()?);
        if !is_key_name(origin) {
            return Err(NoteError::Origin);
        }
        let root = STANDARD.decode(root).map_err(|_| NoteError::Form)?;
        let checkpoint = Self {
            origin: origin.to_owned(),
            size: size.parse().map_err(|_| NoteError::Form)?,
            root: Hash(root.try_into().map_err(|_| NoteError::Form)?),
        };
        // Leading zeros and signs, lines behind the root: all that reads well and is written otherwise.
        if checkpoint.text() != text {
            return Err(NoteError::Form);
        }
        Ok(checkpoint)
    }
}

/// A checkpoint with the log's signature. Not verified by being there: see [`SignedNote::verify`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedNote {
    /// What is signed.
    pub checkpoint: Checkpoint,
    /// Which key is said to have signed.
    pub key_id: [u8; 4],
    /// The Ed25519 signature of the checkpoint's text.
    pub signature: [u8; 64],
}

impl SignedNote {
    /// Puts a note together; nothing is verified.
    #[must_use]
    pub fn assemble(checkpoint: Checkpoint, key_id: [u8; 4], signature: [u8; 64]) -> Self {
        Self {
            checkpoint,
            key_id,
            signature,
        }
    }

    /// Parses a note.
    ///
    /// # Errors
    /// [`NoteError::Len`], [`NoteError::Origin`], and [`NoteError::Form`] unless the note is written
    /// again to the same bytes.
    pub fn parse(note: &str) -> Result<Self, NoteError> {
        if note.len() > NOTE_LEN_MAX {
            return Err(NoteError::Len { found: note.len() });
        }
        let text_len = note.find("\n\n").ok_or(NoteError::Form)? + 1;
        let (text, signature_line) = note.split_at(text_len);
        let checkpoint = Checkpoint::parse(text)?;
        let bytes = signature_line
            .strip_prefix("\n— ")
            .and_then(|line| line.strip_prefix(checkpoint.origin.as_str()))
            .and_then(|line| line.strip_prefix(' '))
            .and_then(|line| line.strip_suffix('\n'))
            .and_then(|line| STANDARD.decode(line).ok())
            .ok_or(NoteError::Form)?;
        let (key_id, signature) = bytes.split_first_chunk::<4>().ok_or(NoteError::Form)?;
        let signature = signature.try_into().map_err(|_| NoteError::Form)?;
        Ok(Self {
            checkpoint,
            key_id: *key_id,
            signature,
        })
    }

    /// Checks that `key` signed the checkpoint: key id first, then strictly (RFC 8032, no
    /// malleable signature, no key of small order).
    ///
    /// Whether the key may speak for this log and size is the caller's to know.
    ///
    /// # Errors
    /// [`NoteError::KeyId`] and [`NoteError::Signature`].
    pub fn verify(&self, key: &VerifyingKey) -> Result<(), NoteError> {
        if self.key_id != key_id(&self.checkpoint.origin, key) {
            return Err(NoteError::KeyId);
        }
        let signature = Signature::from_bytes(&self.signature);
        key.verify_strict(self.checkpoint.text().as_bytes(), &signature)
            .map_err(|_| NoteError::Signature)
    }
}

impl FromStr for SignedNote {
    type Err = NoteError;

    fn from_str(note: &str) -> Result<Self, NoteError> {
        Self::parse(note)
    }
}

/// The note as stored, answered and published.
impl fmt::Display for SignedNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = [0; 68];
        bytes[..4].copy_from_slice(&self.key_id);
        bytes[4..].copy_from_slice(&self.signature);
        let Checkpoint { origin, .. } = &self.checkpoint;
        writeln!(f, "{}\n— {origin} {}", self.checkpoint.text(), STANDARD.encode(bytes))
    }
}

/// Returns the id of a key under its name: the first 4 bytes of
/// SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key).
#[must_use]
pub fn key_id(name: &str, key: &VerifyingKey) -> [u8; 4] {
    let mut hasher = Sha256::new();
    hasher.update(name);
    hasher.update([b'\n', TYPE_ED25519]);
    hasher.update(key.as_bytes());
    let digest: [u8; 32] = hasher.finalize().into();
    let [a, b, c, d, ..] = digest;
    [a, b, c, d]
}

/// Whether a name may stand in a note: not empty, no space, no control character, no plus sign.
fn is_key_name(name: &str) -> bool {
    let allowed = |c: char| !c.is_whitespace() && !c.is_control() && c != '+';
    !name.is_empty() && name.chars().all(allowed)
}

#[cfg(test)]
mod tests;
