//! A new journal behind an opening.
//!
//! fjall (3.1.13) goes on in the journal that it found, cut to what it holds and written at its end: each sync then
//! moves the file's end as well, which costs a lone client a quarter of its rate until 64 MB have been written. It
//! begins a new journal only when a memtable is flushed while the place where it writes is past 64 MB. So the journal
//! is made to look that long, one row is written behind the hole, and that row's keyspace is flushed.
//!
//! What a crash in between leaves: the journal up to the hole is whole and is read as before; fjall cuts it there, and
//! with it the one row, which says nothing.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Instant;

use crate::limits::FRESH_JOURNAL_WAIT_MAX;
use crate::{Space, Store, StoreError};

/// Past this place fjall begins a new journal at its next flush.
pub(super) const FJALL_ROTATES_PAST_BYTES: u64 = 64_000_000;

/// The `meta` row that makes fjall write and flush. Its value is empty.
const ROW_KEY: &[u8] = b"journal";

/// Has fjall begin a new journal; false where it did not within [`FRESH_JOURNAL_WAIT_MAX`], which loses nothing.
///
/// # Errors
/// When the newest journal can't be made longer, or the engine fails.
pub(crate) fn begin_fresh(store: &Store) -> Result<bool, StoreError> {
    let Some(newest) = super::list(store.dir()).map_err(fjall::Error::from)?.pop() else {
        return Ok(false);
    };
    write_behind_a_hole(store, &super::path(store.dir(), newest))?;
    let meta = store.spaces().of(Space::Meta);
    meta.rotate_memtable()?;
    let next = super::path(store.dir(), newest + 1);
    let begun = Instant::now();
    while !next.try_exists().map_err(fjall::Error::from)? || meta.sealed_memtable_count() > 0 {
        if begun.elapsed() > FRESH_JOURNAL_WAIT_MAX {
            return Ok(false);
        }
        // fjall has no way to wait for its worker that ends when the worker has died.
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    Ok(true)
}

/// A hole behind what the newest journal holds, up to where fjall would begin another, and behind it the row.
pub(crate) fn write_behind_a_hole(store: &Store, journal: &Path) -> Result<(), StoreError> {
    lengthen(journal).map_err(fjall::Error::from)?;
    let mut batch = store.row_batch();
    batch.put(Space::Meta, ROW_KEY, b"".as_slice());
    batch.write()
}

fn lengthen(journal: &Path) -> io::Result<()> {
    let file = File::options().write(true).open(journal)?;
    if file.metadata()?.len() <= FJALL_ROTATES_PAST_BYTES {
        file.set_len(FJALL_ROTATES_PAST_BYTES + 1)?;
    }
    Ok(())
}
