//! Parts in, record out, and back.
//!
//! Order of building, so that nothing is circular: plain part and its digest; lengths and nonces,
//! which complete H0; secret part, under associated data with H0, and its digest; history part,
//! under associated data with H0 and the secret digest, and its digest.
//!
//! All is written once, in place, into one buffer of the final size.

use strongroom_proof::record::{
    H0_LEN, HEADER_LEN, HISTORY_PLAINTEXT_MAX, Header, PLAIN_LEN_MAX, RecordRef, SECRET_CREDENTIAL_PLAINTEXT_MAX,
    SECRET_DOCUMENT_PLAINTEXT_MAX,
};
use zeroize::Zeroizing;

use crate::{
    aead::TAG_LEN,
    derive::{Derived, derive_history, derive_secret, nonce},
    part::{self, COMMITMENT_LEN, LENGTH_LEN, OVERHEAD, OpenError, Padding, SealError},
    purpose::Purpose,
    secret::{Key32, SecretVec},
};

/// 1 ‖ ledger id ‖ H0 ‖ secret digest.
const HISTORY_AAD_LEN: usize = 1 + 16 + H0_LEN + 32;
/// 2 ‖ ledger id ‖ H0.
const SECRET_AAD_LEN: usize = 1 + 16 + H0_LEN;
const _: () = assert!(HISTORY_AAD_LEN == 221 && SECRET_AAD_LEN == 189, "the format says so");

/// Everything a record is made of. Plaintexts are MessagePack maps, not looked into here.
pub struct RecordInput<'a> {
    /// Stream category, at most 255.
    pub category: u16,
    /// Stream id.
    pub stream_id: [u8; 16],
    /// Number of the event in its stream, from 1.
    pub stream_version: u64,
    /// Event id, a UUIDv7 of `recorded_at_us`. Sealed once: decided anew means a new id.
    pub event_id: [u8; 16],
    /// When the event is recorded, µs since 1970, UTC.
    pub recorded_at_us: u64,
    /// Type code: category × 256 + n.
    pub type_code: u16,
    /// Schema version of the event's type, from 1.
    pub schema: u16,
    /// The plain part, where keys begin.
    pub plain: Option<&'a [u8]>,
    /// History epoch, from 1.
    pub epoch: u32,
    /// Key of that epoch.
    pub epoch_key: &'a Key32,
    /// History plaintext, without length and padding.
    pub history: &'a [u8],
    /// Secret part, if the event has one.
    pub secret: Option<SecretInput<'a>>,
    /// Random bytes, new for each record: 24 for the history nonce, 24 for the secret nonce.
    pub random: [u8; 48],
}

/// The secret part of a record to be.
pub struct SecretInput<'a> {
    /// Id of the data key.
    pub key_id: [u8; 16],
    /// The data key.
    pub data_key: &'a Key32,
    /// Secret plaintext, without length and padding.
    pub plaintext: &'a [u8],
    /// What it is, which decides its limit.
    pub kind: SecretKind,
}

/// What a secret part holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SecretKind {
    /// Values of a credential: at most 128 KiB.
    Credential,
    /// A document of a template: at most 5 MiB.
    Document,
}

/// A record as it goes into the log.
pub struct BuiltRecord {
    /// The record's bytes.
    pub bytes: Vec<u8>,
    /// Its header, parsed; `bytes` begins with it.
    pub header: Header,
}

impl BuiltRecord {
    /// The header as stored: the leaf data.
    #[must_use]
    pub fn header_bytes(&self) -> &[u8; HEADER_LEN] {
        self.bytes.first_chunk().expect("a built record begins with its header")
    }
}

/// Seals the parts and puts the record together.
///
/// Costs about 3 µs for two parts of some 250 bytes.
///
/// # Errors
/// [`SealError::TooLong`] and [`SealError::EmptyPlain`] for parts that no record may have.
///
/// # Panics
/// When a header field breaks a rule of the format: the caller makes them.
pub fn build_record(input: &RecordInput<'_>, ledger_id: &[u8; 16]) -> Result<BuiltRecord, SealError> {
    let plain = input.plain.unwrap_or_default();
    if input.plain.is_some_and(<[u8]>::is_empty) {
        return Err(SealError::EmptyPlain);
    }
    check_len("plain", plain.len(), PLAIN_LEN_MAX)?;
    let history_len = sealed_len("history", Padding::History, input.history, HISTORY_PLAINTEXT_MAX)?;
    let secret_len = match &input.secret {
        None => 0,
        Some(secret) => sealed_len("secret", Padding::Secret, secret.plaintext, secret.kind.plaintext_max())?,
    };

    let history_at = HEADER_LEN + plain.len();
    let secret_at = history_at + history_len;
    let mut bytes = vec![0; secret_at + secret_len];
    bytes[HEADER_LEN..history_at].copy_from_slice(plain);

    let mut header = header_of(input, plain.len(), history_len, secret_len);
    if !plain.is_empty() {
        header.plain_digest = digest(plain);
    }
    let (head, secret_bytes) = bytes.split_at_mut(secret_at);
    let history_bytes = &mut head[history_at..];

    let history_k = derive_history(input.epoch_key, &input.event_id);
    header.history_nonce = prepare(&history_k, &input.random[..24], input.history, history_bytes);
    let secret_k = input.secret.as_ref().map(|secret| {
        let k = derive_secret(secret.data_key, &input.event_id);
        header.secret_key_id = secret.key_id;
        header.secret_nonce = prepare(&k, &input.random[24..], secret.plaintext, secret_bytes);
        k
    });

    let h0 = header.h0();
    if let Some(k) = secret_k {
        part::seal_in_place(&k, &header.secret_nonce, &secret_aad(ledger_id, &h0), secret_bytes)?;
        header.secret_digest = digest(secret_bytes);
    }
    let aad = history_aad(ledger_id, &h0, &header.secret_digest);
    part::seal_in_place(&history_k, &header.history_nonce, &aad, history_bytes)?;
    header.history_digest = digest(history_bytes);

    let header_bytes = header.to_bytes();
    // In every build: a record that can't be read would be in the log for ever.
    assert_eq!(
        Header::parse(&header_bytes).as_ref(),
        Ok(&header),
        "a record that we write can be read"
    );
    bytes[..HEADER_LEN].copy_from_slice(&header_bytes);
    Ok(BuiltRecord { bytes, header })
}

/// Opens the history part of a record.
///
/// The digests are the caller's to check, if it wants to tell damage from forgery: the tag
/// covers header, ledger and part.
///
/// # Errors
/// [`OpenError::WrongKey`], [`OpenError::Forged`], [`OpenError::Padding`].
pub fn open_history(
    record: &RecordRef<'_>,
    ledger_id: &[u8; 16],
    epoch_key: &Key32,
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    open_history_with_k(record, ledger_id, &derive_history(epoch_key, &record.header.event_id))
}

/// Opens the history part with the key of this record alone, as an auditor may hold it.
///
/// # Errors
/// As [`open_history`].
pub fn open_history_with_record_key(
    record: &RecordRef<'_>,
    ledger_id: &[u8; 16],
    record_key: &Key32,
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    open_history_with_k(record, ledger_id, record_key.expose())
}

fn open_history_with_k(
    record: &RecordRef<'_>,
    ledger_id: &[u8; 16],
    k: &[u8; 32],
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let aad = history_aad(ledger_id, &record.h0(), &record.header.secret_digest);
    let padded = part::open(k, &record.header.history_nonce, &aad, record.history, "history part")?;
    part::strip_padding(padded, Padding::History)
}

/// Opens the secret part of a record.
///
/// # Errors
/// [`OpenError::NoPart`], [`OpenError::WrongKey`], [`OpenError::Forged`], [`OpenError::Padding`].
pub fn open_secret(record: &RecordRef<'_>, ledger_id: &[u8; 16], data_key: &Key32) -> Result<SecretVec, OpenError> {
    let sealed = record.secret.ok_or(OpenError::NoPart)?;
    let k = derive_secret(data_key, &record.header.event_id);
    let aad = secret_aad(ledger_id, &record.h0());
    let padded = part::open(&k, &record.header.secret_nonce, &aad, sealed, "secret part")?;
    part::strip_padding(padded, Padding::Secret).map(SecretVec::from)
}

impl SecretKind {
    fn plaintext_max(self) -> u32 {
        match self {
            Self::Credential => SECRET_CREDENTIAL_PLAINTEXT_MAX,
            Self::Document => SECRET_DOCUMENT_PLAINTEXT_MAX,
        }
    }
}

fn header_of(input: &RecordInput<'_>, plain_len: usize, history_len: usize, secret_len: usize) -> Header {
    let stored = |len: usize| u32::try_from(len).expect("limits are far below 4 GiB");
    Header {
        category: input.category,
        stream_id: input.stream_id,
        stream_version: input.stream_version,
        event_id: input.event_id,
        recorded_at_us: input.recorded_at_us,
        type_code: input.type_code,
        schema: input.schema,
        plain_len: stored(plain_len),
        plain_digest: [0; 32],
        epoch: input.epoch,
        history_nonce: [0; 24],
        history_len: stored(history_len),
        secret_key_id: [0; 16],
        secret_nonce: [0; 24],
        secret_len: stored(secret_len),
        secret_digest: [0; 32],
        history_digest: [0; 32],
    }
}

/// Writes the padded plaintext into its place and makes the nonce over it.
fn prepare(k: &Derived, random: &[u8], plaintext: &[u8], sealed: &mut [u8]) -> [u8; 24] {
    let text_end = sealed.len() - TAG_LEN;
    let padded = &mut sealed[COMMITMENT_LEN..text_end];
    part::write_padded(plaintext, padded);
    let random = random.first_chunk().expect("half of 48 bytes");
    nonce(k, random, padded)
}

fn check_len(part: &'static str, found: usize, max: u32) -> Result<(), SealError> {
    let max = max as usize;
    if found > max {
        Err(SealError::TooLong { part, found, max })
    } else {
        Ok(())
    }
}

fn sealed_len(part: &'static str, padding: Padding, plaintext: &[u8], max: u32) -> Result<usize, SealError> {
    let len = LENGTH_LEN + plaintext.len();
    check_len(part, len, max)?;
    let padded = padding.padded_len(len).expect("no limit is above the padding's");
    Ok(padded + OVERHEAD)
}

fn history_aad(ledger_id: &[u8; 16], h0: &[u8; H0_LEN], secret_digest: &[u8; 32]) -> [u8; HISTORY_AAD_LEN] {
    let mut aad = [0; HISTORY_AAD_LEN];
    aad[0] = Purpose::History as u8;
    aad[1..17].copy_from_slice(ledger_id);
    aad[17..17 + H0_LEN].copy_from_slice(h0);
    aad[17 + H0_LEN..].copy_from_slice(secret_digest);
    aad
}

fn secret_aad(ledger_id: &[u8; 16], h0: &[u8; H0_LEN]) -> [u8; SECRET_AAD_LEN] {
    let mut aad = [0; SECRET_AAD_LEN];
    aad[0] = Purpose::Secret as u8;
    aad[1..17].copy_from_slice(ledger_id);
    aad[17..].copy_from_slice(h0);
    aad
}

fn digest(bytes: &[u8]) -> [u8; 32] {
    blake3::hash(bytes).into()
}

#[cfg(test)]
mod tests;
