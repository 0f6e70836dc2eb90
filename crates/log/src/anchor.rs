//! The anchor: what was durable last, beside the database.
//!
//! fjall cuts a damaged journal and goes on in silence; the anchor is what knows better. Two slots:
//! one is rewritten in place after each durable commit, the other stands complete and synced.

mod file;
mod slot;

use std::sync::Arc;

pub(crate) use file::{AnchorFile, Found, create, find};
pub use slot::{JournalBound, Slot, SlotError};
pub(crate) use slot::{SLOT_LEN, mac_matches};

/// Computes the MAC of a slot: keyed(anchor key; 9 ‖ the slot's bytes 0..4,032).
///
/// A function, so that this crate never holds the key.
pub type AnchorMac = Arc<dyn Fn(&[u8]) -> [u8; 32] + Send + Sync>;
