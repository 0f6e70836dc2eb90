//! A record: header (236 bytes) ‖ plain part ‖ history part ‖ secret part.
//!
//! The header is the leaf of the tree; it holds the digests of the parts. Parsing is canonical:
//! one record has one encoding, and every reserved bit, wrong length or filler is refused.

mod event_id;
mod header;
mod limits;

use crate::Hash;
use crate::hash::sha256_of;

pub use event_id::{EVENT_TIME_US_MAX, check_event_id, event_id};
pub use header::Header;
pub use limits::{
    COMMITMENT_LEN, HISTORY_LEN_MAX, HISTORY_LEN_MIN, HISTORY_PADDING, HISTORY_PLAINTEXT_MAX, PLAIN_LEN_MAX,
    RECORD_LEN_MAX, SEALED_OVERHEAD, SECRET_CREDENTIAL_PLAINTEXT_MAX, SECRET_DOCUMENT_PLAINTEXT_MAX, SECRET_LEN_MAX,
    SECRET_LEN_MIN, TAG_LEN, padded_history_len, padded_secret_len, padme,
};

/// Bytes of a header: the leaf data, and the entry in C2SP entry tiles.
pub const HEADER_LEN: usize = 236;

/// Bytes of H0, the part of the header that goes into the associated data of the sealed parts.
pub const H0_LEN: usize = 172;

/// The first four bytes of each record.
pub const MAGIC: [u8; 4] = *b"SRLR";

/// The version of the record format, byte 4 of each record.
pub const FORMAT_VERSION: u8 = 1;

/// Bytes that are not a record in its one canonical form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Fewer bytes than the header has.
    #[error("{found} bytes are too few for a record's header of {HEADER_LEN}")]
    TooShort {
        /// Bytes that are there.
        found: usize,
    },
    /// The first four bytes are not `SRLR`.
    #[error("the record does not begin with SRLR")]
    Magic,
    /// A version of the format that this program does not know.
    #[error("record format {found} is not known (expected {FORMAT_VERSION})")]
    Version {
        /// The version found.
        found: u8,
    },
    /// A bit of the flags that has no meaning.
    #[error("unknown record flags {found:#04x}")]
    Flags {
        /// The flags found.
        found: u8,
    },
    /// A stream category above 255.
    #[error("stream category {found} is above 255")]
    Category {
        /// The category found.
        found: u16,
    },
    /// Stream versions begin at 1.
    #[error("the stream version is 0")]
    StreamVersion,
    /// The event id is no `UUIDv7`, or not of the record's time.
    #[error("the event id is not a UUIDv7 of the record's time")]
    EventId,
    /// The high byte of the type code is not the stream category.
    #[error("type code {type_code:#06x} is not of stream category {category}")]
    TypeCode {
        /// The type code found.
        type_code: u16,
        /// The category of the same header.
        category: u16,
    },
    /// Schema versions begin at 1.
    #[error("the schema version is 0")]
    Schema,
    /// The plain length contradicts the flag, or is above [`PLAIN_LEN_MAX`].
    #[error("plain length {found} does not fit the flags, or is above {PLAIN_LEN_MAX}")]
    PlainLen {
        /// The length found.
        found: u32,
    },
    /// Without a plain part its digest is zeros.
    #[error("a plain digest without a plain part")]
    PlainFiller,
    /// History epochs begin at 1.
    #[error("the history epoch is 0")]
    Epoch,
    /// The history length is not that of a padded, sealed part within the limits.
    #[error("history length {found} is not that of a padded history part")]
    HistoryLen {
        /// The length found.
        found: u32,
    },
    /// The secret length is not that of a padded, sealed part within the limits.
    #[error("secret length {found} is not that of a padded secret part")]
    SecretLen {
        /// The length found.
        found: u32,
    },
    /// Without a secret part its fields (bytes 128..204) are zeros.
    #[error("secret fields without a secret part")]
    SecretFiller,
    /// The parts are shorter or longer than the header says.
    #[error("the record has {found} bytes, its header says {expected}")]
    Len {
        /// Bytes that the header announces.
        expected: usize,
        /// Bytes that are there.
        found: usize,
    },
    /// The bytes of a part are not those that the header commits to.
    #[error("the digest of the {part} part does not match its bytes")]
    Digest {
        /// The part whose digest differs.
        part: Part,
    },
}

/// A part of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The part that is not sealed, where keys begin.
    Plain,
    /// The event without secret values, sealed.
    History,
    /// Secret and destination values, sealed.
    Secret,
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Plain => "plain",
            Self::History => "history",
            Self::Secret => "secret",
        })
    }
}

/// A record whose structure is checked, over the bytes as stored.
///
/// The digests are not checked by parsing: see [`RecordRef::check_digests`].
#[derive(Clone, Debug)]
pub struct RecordRef<'a> {
    /// The parsed header.
    pub header: Header,
    /// The header as stored: the leaf data.
    pub header_bytes: &'a [u8; HEADER_LEN],
    /// The plain part, as stored.
    pub plain: Option<&'a [u8]>,
    /// The sealed history part, as stored.
    pub history: &'a [u8],
    /// The sealed secret part, as stored.
    pub secret: Option<&'a [u8]>,
}

impl<'a> RecordRef<'a> {
    /// Parses a whole record: header and parts, no byte more.
    ///
    /// # Errors
    /// The first rule of the format that is broken. Digests are not looked at.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, RecordError> {
        let Some((header_bytes, parts)) = bytes.split_first_chunk::<HEADER_LEN>() else {
            return Err(RecordError::TooShort { found: bytes.len() });
        };
        let header = Header::parse(header_bytes)?;
        let wrong_len = RecordError::Len {
            expected: header.record_len(),
            found: bytes.len(),
        };
        if bytes.len() != header.record_len() {
            return Err(wrong_len);
        }
        let (plain, parts) = parts.split_at_checked(header.plain_len as usize).ok_or(wrong_len)?;
        let (history, secret) = parts.split_at_checked(header.history_len as usize).ok_or(wrong_len)?;
        Ok(Self {
            plain: header.has_plain().then_some(plain),
            secret: header.has_secret().then_some(secret),
            header,
            header_bytes,
            history,
        })
    }

    /// Checks that the digests in the header are those of the parts' bytes (BLAKE3-256).
    ///
    /// # Errors
    /// [`RecordError::Digest`] with the first part that differs: plain, history, secret.
    pub fn check_digests(&self) -> Result<(), RecordError> {
        let differs = |bytes: &[u8], digest: &[u8; 32]| *blake3::hash(bytes).as_bytes() != *digest;
        if self
            .plain
            .is_some_and(|plain| differs(plain, &self.header.plain_digest))
        {
            return Err(RecordError::Digest { part: Part::Plain });
        }
        if differs(self.history, &self.header.history_digest) {
            return Err(RecordError::Digest { part: Part::History });
        }
        if self
            .secret
            .is_some_and(|secret| differs(secret, &self.header.secret_digest))
        {
            return Err(RecordError::Digest { part: Part::Secret });
        }
        Ok(())
    }

    /// Returns the leaf hash of the record.
    #[must_use]
    pub fn leaf_hash(&self) -> Hash {
        leaf_hash(self.header_bytes)
    }

    /// Returns H0 as stored: the bytes that the associated data of the sealed parts hold.
    #[must_use]
    pub fn h0(&self) -> [u8; H0_LEN] {
        let mut h0 = [0; H0_LEN];
        h0.copy_from_slice(&self.header_bytes[..H0_LEN]);
        h0
    }
}

/// Hashes a header to its leaf: SHA-256(0x00 ‖ header), RFC 9162 §2.1.1.
#[must_use]
pub fn leaf_hash(header: &[u8; HEADER_LEN]) -> Hash {
    sha256_of::<HEADER_LEN, 0, 4>(0x00, header, &[])
}

#[cfg(test)]
mod tests;
