//! The same bytes without the engine: fjall alone, or a file alone.

use crate::Result;
use crate::report::processor_time;
use crate::written::Written;
use fjall::config::{CompressionPolicy, HashRatioPolicy};
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};
use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::{Duration, Instant};
use strongroom_log::Space;
use tempfile::TempDir;

/// What of each event is committed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rows {
    All,
    RecordsOnly,
}

/// Commits the rows to a fresh database in batches of the given sizes, each durable before the next; gives the time
/// that passed, and the processor's.
pub(crate) fn commit(
    parent: &Path,
    written: &Written,
    batches: impl IntoIterator<Item = usize>,
    which: Rows,
) -> Result<(Duration, Duration)> {
    let dir = TempDir::with_prefix_in("strongroom-bare-", parent)?;
    let database = open(dir.path())?;
    let spaces: Vec<Keyspace> = Space::ALL
        .into_iter()
        .map(|space| database.keyspace(space.name(), || options(space)))
        .collect::<fjall::Result<_>>()?;
    let mut events = written.events.iter();
    let (begun, before) = (Instant::now(), processor_time()?);
    for size in batches {
        let mut batch = database.batch().durability(Some(PersistMode::SyncData));
        let of_events = events.by_ref().take(size).flatten();
        for row in of_events.chain(&written.of_commit) {
            if which == Rows::All || row.space == Space::Log {
                let keyspace = &spaces[usize::from(row.space.number()) - 1];
                batch.insert(keyspace, row.key.clone(), row.value.clone());
            }
        }
        batch.commit()?;
    }
    Ok((begun.elapsed(), processor_time()?.saturating_sub(before)))
}

/// As the ledger opens it.
fn open(dir: &Path) -> fjall::Result<Database> {
    Database::builder(dir)
        .cache_size(strongroom_log::CACHE_BYTES_DEFAULT)
        .worker_threads(1)
        .max_journaling_size(strongroom_log::JOURNALS_BYTES_MAX)
        .journal_compression(fjall::CompressionType::None)
        .open()
}

/// As the ledger makes them.
fn options(space: Space) -> KeyspaceCreateOptions {
    let options = KeyspaceCreateOptions::default().max_memtable_size(strongroom_log::MEMTABLE_BYTES);
    match space {
        Space::Log | Space::Tree | Space::Keys => options
            .data_block_compression_policy(CompressionPolicy::disabled())
            .expect_point_read_hits(space != Space::Keys)
            .data_block_hash_ratio_policy(HashRatioPolicy::all(0.75)),
        Space::Index | Space::State | Space::Meta => options,
    }
}

/// A file of zeros that is written from its beginning, with a sync behind each write.
pub(crate) struct ZeroFilled {
    file: File,
    offset: u64,
    _dir: TempDir,
}

impl ZeroFilled {
    /// Makes a file of `bytes` zeros, synced.
    pub(crate) fn new(parent: &Path, bytes: usize) -> Result<Self> {
        let dir = TempDir::with_prefix_in("strongroom-file-", parent)?;
        let mut file = File::create_new(dir.path().join("zeros"))?;
        let zeros = vec![0; 1 << 20];
        for _ in 0..bytes.div_ceil(zeros.len()) {
            file.write_all(&zeros)?;
        }
        file.sync_all()?;
        Ok(Self {
            file,
            offset: 0,
            _dir: dir,
        })
    }

    /// Writes as many bytes, one piece after the other, each durable before the next; gives the time.
    pub(crate) fn write(&mut self, pieces: impl IntoIterator<Item = usize>) -> Result<Duration> {
        let bytes = vec![0xa5; 1 << 20];
        let begun = Instant::now();
        for piece in pieces {
            self.file.write_all_at(&bytes[..piece], self.offset)?;
            self.file.sync_data()?;
            self.offset += piece as u64;
        }
        Ok(begun.elapsed())
    }
}
