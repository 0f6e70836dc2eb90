//! The log on disk: records and tree on fjall, the anchor beside them, truth at opening.
//!
//! In: sealed records, sealed rows, a key file's plain facts, a MAC. Out: durable commits, records
//! by position, tiles and proofs, and at opening either a checked log or a refusal that names what
//! is missing. Not here: keys, plaintext, the meaning of an event or of a row, signatures, HTTP.
//!
//! What must hold:
//! - **Nothing is visible before it is durable**, and nothing is anchored before it is visible.
//! - **One complete, synced anchor slot always stands**; a failed commit or sync is never retried.
//! - **No record is served from a log that was not checked against its anchor.**

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests"))]

mod limits;
mod layout; // where things lie in a data directory, and who may open it
mod space; // the keyspaces of the database
mod store; // one database: rows, snapshots
mod batch; // what one commit writes
mod anchor; // the two slots beside the database
mod commit; // the only writer of records
mod read; // records by position and time
mod tree; // tiles, roots and proofs
mod trusted; // leaf hashes, proved once for each tile
mod journals; // fjall's journals: listed, copied, mended
mod open; // truth at opening: lock, choose, copy, open, check
mod database; // fjall's part of an opening
mod birth; // a directory's first minutes
mod check; // the log against its anchor
mod tables; // the tables' files against their sums
mod salvage; // what can be read of a refused directory
mod shadow; // a directory to verify without touching the original
mod disk; // free space, synced directories
mod error;

#[cfg(test)]
mod tests;

pub use anchor::{AnchorMac, JournalBound, Slot, SlotError};
pub use batch::{Batch, Ready, RowBatch};
#[cfg(any(test, feature = "faults"))]
pub use commit::Fault;
pub use commit::{CommitError, Committer};
pub use disk::{FreeSpace, free_space};
pub use error::{OpenError, StoreError};
pub use fjall::Slice;
pub use layout::{Layout, Stage};
pub use limits::*;
pub use open::{Checks, DataDir, Evidence, FIRST_KEY_FILE, Life, OpenOptions, OpenReport, Opened};
pub use read::Records;
pub use salvage::{Salvaged, hold, salvage};
pub use shadow::Shadow;
pub use space::Space;
pub use store::{Head, Rows, Store, View};
pub use tree::Proofs;
