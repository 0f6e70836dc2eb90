//! The text in which a log's public key is handed to those who verify.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::VerifyingKey;

use super::origin::bytes_of_hex;
use super::{NoteError, SignedNote, TYPE_ED25519, is_key_name, key_id};

/// A named public key: `<name>+<key id hex>+<base64 of 0x01 ‖ public key>` (C2SP signed-note).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    /// The name of the key: the origin of the log.
    pub name: String,
    /// The public key.
    pub key: VerifyingKey,
}

impl VerifierKey {
    /// Parses the text form; the id must be that of name and key.
    ///
    /// # Errors
    /// [`NoteError::VerifierKey`].
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        Self::read(text)
            .filter(|key| key.to_string() == text)
            .ok_or(NoteError::VerifierKey)
    }

    /// Returns the id that notes carry.
    #[must_use]
    pub fn key_id(&self) -> [u8; 4] {
        key_id(&self.name, &self.key)
    }

    /// Checks that a note is of this log and by this key.
    ///
    /// # Errors
    /// [`NoteError::Origin`] when the origin is not the key's name; as [`SignedNote::verify`].
    pub fn verify(&self, note: &SignedNote) -> Result<(), NoteError> {
        if note.checkpoint.origin != self.name {
            return Err(NoteError::Origin);
        }
        note.verify(&self.key)
    }

    fn read(text: &str) -> Option<Self> {
        // Base64 may hold a plus sign, so only the first two separate.
        let mut fields = text.splitn(3, '+');
        let (name, id, key) = (fields.next()?, fields.next()?, fields.next()?);
        let _: [u8; 4] = bytes_of_hex(id)?;
        let bytes: [u8; 33] = STANDARD.decode(key).ok()?.try_into().ok()?;
        let (kind, key) = bytes.split_first_chunk::<1>()?;
        if *kind != [TYPE_ED25519] || !is_key_name(name) {
            return None;
        }
        let key = VerifyingKey::from_bytes(key.try_into().ok()?).ok()?;
        Some(Self {
            name: name.to_owned(),
            key,
        })
    }
}

impl FromStr for VerifierKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        Self::parse(text)
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = [TYPE_ED25519; 33];
        bytes[1..].copy_from_slice(self.key.as_bytes());
        let id = u32::from_be_bytes(self.key_id());
        write!(f, "{}+{id:08x}+{}", self.name, STANDARD.encode(bytes))
    }
}
