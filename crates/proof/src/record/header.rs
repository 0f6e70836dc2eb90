//! The header: 236 bytes in the clear, what the tree commits to.

use super::{FORMAT_VERSION, H0_LEN, HEADER_LEN, MAGIC, PLAIN_LEN_MAX, RecordError, check_event_id, limits};

const FLAG_PLAIN: u8 = 0x01;
const FLAG_SECRET: u8 = 0x02;

/// The plain facts of a record. All integers are big-endian in its bytes.
///
/// The flags are not a field: a part is there when its length is not 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Stream category, at most 255.
    pub category: u16,
    /// Stream id.
    pub stream_id: [u8; 16],
    /// Number of the event in its stream, from 1.
    pub stream_version: u64,
    /// Event id, a `UUIDv7` of `recorded_at_us`.
    pub event_id: [u8; 16],
    /// When the event was recorded, µs since 1970, UTC; never decreasing in a log.
    pub recorded_at_us: u64,
    /// Type code: category × 256 + n.
    pub type_code: u16,
    /// Schema version of the event's type, from 1.
    pub schema: u16,
    /// Bytes of the plain part, 0 when there is none.
    pub plain_len: u32,
    /// BLAKE3 of the plain part, zeros when there is none.
    pub plain_digest: [u8; 32],
    /// History epoch whose key seals the history part, from 1.
    pub epoch: u32,
    /// Nonce of the history part.
    pub history_nonce: [u8; 24],
    /// Bytes of the history part as stored.
    pub history_len: u32,
    /// Id of the data key that seals the secret part, zeros when there is none.
    pub secret_key_id: [u8; 16],
    /// Nonce of the secret part, zeros when there is none.
    pub secret_nonce: [u8; 24],
    /// Bytes of the secret part as stored, 0 when there is none.
    pub secret_len: u32,
    /// BLAKE3 of the secret part as stored, zeros when there is none.
    pub secret_digest: [u8; 32],
    /// BLAKE3 of the history part as stored.
    pub history_digest: [u8; 32],
}

impl Header {
    /// Parses exactly [`HEADER_LEN`] bytes in their one canonical form.
    ///
    /// # Errors
    /// The first rule that is broken, in the order of the fields.
    pub fn parse(bytes: &[u8]) -> Result<Self, RecordError> {
        let bytes: &[u8; HEADER_LEN] = match bytes.try_into() {
            Ok(bytes) => bytes,
            Err(_) if bytes.len() < HEADER_LEN => {
                return Err(RecordError::TooShort { found: bytes.len() });
            }
            Err(_) => {
                return Err(RecordError::Len {
                    expected: HEADER_LEN,
                    found: bytes.len(),
                });
            }
        };
        if bytes[..4] != MAGIC {
            return Err(RecordError::Magic);
        }
        if bytes[4] != FORMAT_VERSION {
            return Err(RecordError::Version { found: bytes[4] });
        }
        let flags = bytes[5];
        if flags & !(FLAG_PLAIN | FLAG_SECRET) != 0 {
            return Err(RecordError::Flags { found: flags });
        }
        let header = Self::read(bytes);
        header.check_event()?;
        header.check_plain(flags & FLAG_PLAIN != 0)?;
        header.check_history()?;
        header.check_secret(flags & FLAG_SECRET != 0)?;
        Ok(header)
    }

    /// Returns the header as stored.
    ///
    /// The caller answers for the rules of [`Header::parse`]; a header that breaks one has bytes
    /// that do not parse.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        bytes[..4].copy_from_slice(&MAGIC);
        bytes[4] = FORMAT_VERSION;
        bytes[5] = self.flags();
        bytes[6..8].copy_from_slice(&self.category.to_be_bytes());
        bytes[8..24].copy_from_slice(&self.stream_id);
        bytes[24..32].copy_from_slice(&self.stream_version.to_be_bytes());
        bytes[32..48].copy_from_slice(&self.event_id);
        bytes[48..56].copy_from_slice(&self.recorded_at_us.to_be_bytes());
        bytes[56..58].copy_from_slice(&self.type_code.to_be_bytes());
        bytes[58..60].copy_from_slice(&self.schema.to_be_bytes());
        bytes[60..64].copy_from_slice(&self.plain_len.to_be_bytes());
        bytes[64..96].copy_from_slice(&self.plain_digest);
        bytes[96..100].copy_from_slice(&self.epoch.to_be_bytes());
        bytes[100..124].copy_from_slice(&self.history_nonce);
        bytes[124..128].copy_from_slice(&self.history_len.to_be_bytes());
        bytes[128..144].copy_from_slice(&self.secret_key_id);
        bytes[144..168].copy_from_slice(&self.secret_nonce);
        bytes[168..172].copy_from_slice(&self.secret_len.to_be_bytes());
        bytes[172..204].copy_from_slice(&self.secret_digest);
        bytes[204..236].copy_from_slice(&self.history_digest);
        bytes
    }

    /// Returns H0, the first [`H0_LEN`] bytes: everything but the digests of the sealed parts.
    #[must_use]
    pub fn h0(&self) -> [u8; H0_LEN] {
        let mut h0 = [0; H0_LEN];
        h0.copy_from_slice(&self.to_bytes()[..H0_LEN]);
        h0
    }

    /// Whether the record has a plain part.
    #[must_use]
    pub const fn has_plain(&self) -> bool {
        self.plain_len != 0
    }

    /// Whether the record has a secret part.
    #[must_use]
    pub const fn has_secret(&self) -> bool {
        self.secret_len != 0
    }

    /// Returns the bytes of the whole record, header and parts.
    #[must_use]
    pub const fn record_len(&self) -> usize {
        HEADER_LEN + self.plain_len as usize + self.history_len as usize + self.secret_len as usize
    }

    fn flags(&self) -> u8 {
        (if self.has_plain() { FLAG_PLAIN } else { 0 }) | (if self.has_secret() { FLAG_SECRET } else { 0 })
    }

    fn read(bytes: &[u8; HEADER_LEN]) -> Self {
        Self {
            category: u16::from_be_bytes(field(bytes, 6)),
            stream_id: field(bytes, 8),
            stream_version: u64::from_be_bytes(field(bytes, 24)),
            event_id: field(bytes, 32),
            recorded_at_us: u64::from_be_bytes(field(bytes, 48)),
            type_code: u16::from_be_bytes(field(bytes, 56)),
            schema: u16::from_be_bytes(field(bytes, 58)),
            plain_len: u32::from_be_bytes(field(bytes, 60)),
            plain_digest: field(bytes, 64),
            epoch: u32::from_be_bytes(field(bytes, 96)),
            history_nonce: field(bytes, 100),
            history_len: u32::from_be_bytes(field(bytes, 124)),
            secret_key_id: field(bytes, 128),
            secret_nonce: field(bytes, 144),
            secret_len: u32::from_be_bytes(field(bytes, 168)),
            secret_digest: field(bytes, 172),
            history_digest: field(bytes, 204),
        }
    }

    fn check_event(&self) -> Result<(), RecordError> {
        if self.category > 255 {
            return Err(RecordError::Category { found: self.category });
        }
        if self.stream_version == 0 {
            return Err(RecordError::StreamVersion);
        }
        if !check_event_id(&self.event_id, self.recorded_at_us) {
            return Err(RecordError::EventId);
        }
        if self.type_code >> 8 != self.category {
            return Err(RecordError::TypeCode {
                type_code: self.type_code,
                category: self.category,
            });
        }
        if self.schema == 0 {
            return Err(RecordError::Schema);
        }
        Ok(())
    }

    fn check_plain(&self, announced: bool) -> Result<(), RecordError> {
        if announced != self.has_plain() || self.plain_len > PLAIN_LEN_MAX {
            return Err(RecordError::PlainLen { found: self.plain_len });
        }
        if !announced && self.plain_digest != [0; 32] {
            return Err(RecordError::PlainFiller);
        }
        Ok(())
    }

    fn check_history(&self) -> Result<(), RecordError> {
        if self.epoch == 0 {
            return Err(RecordError::Epoch);
        }
        if !limits::is_history_len(self.history_len) {
            return Err(RecordError::HistoryLen {
                found: self.history_len,
            });
        }
        Ok(())
    }

    fn check_secret(&self, announced: bool) -> Result<(), RecordError> {
        if announced {
            if !limits::is_secret_len(self.secret_len) {
                return Err(RecordError::SecretLen { found: self.secret_len });
            }
            return Ok(());
        }
        if self.has_secret() {
            return Err(RecordError::SecretLen { found: self.secret_len });
        }
        let zeros = self.secret_key_id == [0; 16] && self.secret_nonce == [0; 24] && self.secret_digest == [0; 32];
        if !zeros {
            return Err(RecordError::SecretFiller);
        }
        Ok(())
    }
}

/// Copies `N` bytes at `offset`; the offsets are those of the table in the format.
fn field<const N: usize>(bytes: &[u8; HEADER_LEN], offset: usize) -> [u8; N] {
    let mut field = [0; N];
    field.copy_from_slice(&bytes[offset..offset + N]);
    field
}
