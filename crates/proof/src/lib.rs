//! Records, tree arithmetic, checkpoints: what a verifier needs, and nothing else.
//!
//! In: bytes as stored or received. Out: parsed records, hashes, proofs, notes, verdicts.
//! Not here: keys (signing, sealing, opening: `seal`), databases and files (`log`), the meaning of
//! an event (`domain`). Nothing is encoded again to be hashed: digests are over bytes as stored.
//!
//! Standards: RFC 9162 §2.1 (tree), C2SP signed-note, tlog-checkpoint and tlog-tiles, Ed25519
//! (RFC 8032, strict), BLAKE3, UUIDv7 (RFC 9562), Padmé (PoPETs 2019).

mod hash; // a node of the tree
pub mod record; // bytes -> header and parts, leaf hash
pub mod plain; // where keys begin, in the clear
pub mod tree; // leaf hashes -> tiles, roots, proofs, and their checks
pub mod tiles; // paths and bodies of what a log serves
pub mod note; // size and root, signed
pub mod dump; // records and a checkpoint in one stream
pub mod verify; // a whole log -> verified, or the first position that is wrong

#[cfg(test)]
mod testing; // records and logs that the tests of all rooms use

pub use hash::Hash;
