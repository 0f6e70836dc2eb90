//! All limits of this crate, with unit and reason.

use std::time::Duration;

/// Bytes of all journals together before fjall flushes to evict one. Journals decide how long an
/// opening after an unclean stop takes; fjall asks for at least 64 MiB.
pub const JOURNALS_BYTES_MAX: u64 = 128 << 20;

/// Bytes of a keyspace's memtable before it is flushed. Above it commits become bumpy, below it
/// flushes come too often.
pub const MEMTABLE_BYTES: u64 = 32 << 20;

/// Bytes of the block cache unless the caller says otherwise.
pub const CACHE_BYTES_DEFAULT: u64 = 64 << 20;

/// Age at which the anchor's slot in use is synced: what a power cut may take from the anchor
/// (never from the log).
pub const ANCHOR_SYNC_AFTER: Duration = Duration::from_millis(50);

/// Journals that a slot lists; fixed by the slot's 4,096 bytes.
pub const ANCHOR_JOURNALS_MAX: usize = 180;

/// Bytes of the checkpoint in a slot; fixed by the format.
pub const ANCHOR_CHECKPOINT_BYTES_MAX: usize = 1_024;

/// Rows of a batch that is written beside the commits: it holds the journal's lock meanwhile.
pub const ROW_BATCH_ROWS_MAX: usize = 256;

/// Free bytes under which ordinary writes and recorded secret reads are refused.
pub const FREE_BYTES_LOW: u64 = 256 << 20;

/// Free bytes under which every write is refused.
pub const FREE_BYTES_OUT: u64 = 64 << 20;

/// How long a clean stop waits for fjall's worker to flush one keyspace; past it the stop counts
/// as unclean, which costs time at the next opening and loses nothing.
pub const FLUSH_WAIT_MAX: Duration = Duration::from_secs(60);

/// Bytes of zeros that a journal has ahead of what was committed to it, where it can: what a busy second writes.
pub const ZEROS_AHEAD_BYTES: u64 = 8 << 20;

/// Bytes of zeros written at once: all commits wait for them, about 0.1 ms.
pub const ZEROS_CHUNK_BYTES: u64 = 512 << 10;

/// Tiles that were proved and are remembered, 8 KiB each: those of the newest 131,072 records that were read.
pub const TRUSTED_TILES: usize = 512;

/// Tiles that were proved and whose bytes are known again by a hash of 32 bytes: those of 16 million records, some 5 MiB.
pub const KNOWN_TILES: usize = 65_536;

/// How long an opening waits for fjall to begin a new journal; past it the old one serves on, only slower.
pub const FRESH_JOURNAL_WAIT_MAX: Duration = Duration::from_secs(5);
