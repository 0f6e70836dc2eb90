//! Records, tree arithmetic, checkpoints: what a verifier needs, and nothing else.
//!
//! In: bytes as stored or received. Out: parsed records, hashes, proofs, notes, verdicts.
//! Not here: keys (signing, sealing, opening: `seal`), databases and files (`log`), the meaning of
//! an event (`domain`). Nothing is encoded again to be hashed: digests are over bytes as stored.
//!
//! Standards: RFC 9162 §2.1 (tree), C2SP signed-note, tlog-checkpoint and tlog-tiles, Ed25519
//! (RFC 8032, strict), BLAKE3, UUIDv7 (RFC 9562), Padmé (PoPETs 2019).

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests"))]

mod hash;
#[cfg(test)]
mod testing;
pub mod note;
pub mod dump;
pub mod verify;
pub mod plain;
pub mod record;
pub mod tiles;
pub mod tree;

pub use hash::Hash;
