//! Keys and everything that is done with them: the only crate that holds key bytes.
//!
//! In: keys from the key file, plaintexts as bytes. Out: sealed bytes, terms, sums, signatures.
//! Not here: what a plaintext means (`domain`), where bytes are stored (`log`), the arithmetic of
//! records, tree and notes, which needs no key (`proof`).
//!
//! Standards: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03, RFC 8439), BLAKE3, Ed25519
//! (RFC 8032), Argon2id (RFC 9106), Padmé (PoPETs 2019), MSet-Add-Hash (Clarke et al., 2003).
//!
//! **Invariants.** A long-lived key enters keyed BLAKE3 only; the cipher runs only under a key
//! derived for one purpose. No secret type prints, serializes or compares in variable time, and
//! each is zeroed when dropped. No error holds a byte of a key or of a plaintext.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that can't go on should stop"))]

mod arena; // pages locked in memory for long-lived keys: the only `unsafe`
mod secret; // key and plaintext types
mod random; // one call to the system for many nonces
mod purpose; // the numbers that keep uses of one key apart
mod derive; // long-lived key -> key for one thing
mod aead; // XChaCha20-Poly1305, the fast way
mod part; // commitment, ciphertext, tag; padding
mod record; // parts in, record out, and back
mod rows; // rows of `state`, `meta` and `keys`
mod history_key; // what an auditor is given
mod index; // blind terms, fingerprints
mod body_mac; // a MAC that dies with any data key of the request
mod sethash; // sums that notice a row put back
mod base62; // numbers as checked text
mod token; // bearer tokens
mod root; // the root key and where it comes from
pub mod keyfile; // the one file that holds all other keys
mod signing; // checkpoints and key changes

pub use aead::{CipherError, open_detached, seal_detached};
pub use arena::{LockState, disable_core_dumps, lock_key_arena};
pub use base62::TextError;
pub use body_mac::{body_mac, body_mac_matches};
pub use derive::{anchor_mac, anchor_mac_matches, epoch_commitment, history_record_key};
pub use history_key::HistoryKey;
pub use index::{FingerprintKey, idempotency_term, index_term};
pub use part::{OpenError, SealError};
pub use purpose::{Keyspace, Purpose};
pub use random::{RandomError, RandomSource, random_bytes, random_text};
pub use record::{
    BuiltRecord, RecordInput, SecretInput, SecretKind, build_record, open_history, open_history_with_record_key,
    open_secret,
};
pub use root::{
    EnvProvider, FdProvider, FileProvider, PassphraseParams, PassphraseProvider, RootKey, RootKeyError,
    RootKeyProvider, RootSource,
};
pub use rows::{RowSealer, WRAPPED_KEY_LEN, Wrapper, wrapped_key_row_key};
pub use secret::{Key32, SecretVec};
pub use sethash::{SetHash, SetHashKey, SetHashRow, SetHashTerm};
pub use signing::Signer;
pub use token::Token;

#[cfg(test)]
mod vectors; // docs/vectors.json: made here, and read back by other means
