//! Having fjall open its database, with the evidence kept and what fjall would not notice looked for.

use std::fs::File;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::Arc;

use crate::journals::{self, JournalsCopy};
use crate::layout::Layout;
use crate::{OpenError, OpenOptions, Slot, Space, Store, StoreError, birth, check};

/// The database part of an opening.
pub(crate) struct Opening<'a> {
    pub(crate) layout: &'a Layout,
    pub(crate) options: &'a OpenOptions,
    pub(crate) lock: &'a Arc<File>,
    pub(crate) slot: &'a Slot,
    /// Whether the database was whole before: then it is never made, not even where nothing was acknowledged yet.
    pub(crate) birth_is_over: bool,
    pub(crate) copy: Option<JournalsCopy>,
}

/// The database, opened by fjall and not yet checked.
pub(crate) struct Database {
    pub(crate) store: Store,
    /// Number of records by the highest position.
    pub(crate) size: u64,
    /// The journals as they were found, where the last stop was unclean.
    pub(crate) copy: Option<JournalsCopy>,
    /// Whether it was made just now.
    pub(crate) born: bool,
    /// Bytes of a torn commit that were cut off the newest journal.
    pub(crate) cut: u64,
}

impl Opening<'_> {
    /// Copies the journals where the last stop was unclean, and has fjall open the database.
    pub(crate) fn open_database(mut self) -> Result<Database, OpenError> {
        let dir = self.layout.database();
        let there = || dir.try_exists().map_err(|error| OpenError::io("look for", &dir, error));
        if self.slot.size == 0 && !self.birth_is_over && there()? {
            birth::clear_unfinished_database(&dir)?;
        }
        let born = !there()?;
        if !born {
            self.prepare(&dir)?;
        }
        let (store, cut) = self.open_fjall(&dir)?;
        if born {
            birth::sync_database(self.layout)?;
        }
        Ok(Database {
            size: check::size(&store).map_err(|error| self.unreadable(error))?,
            store,
            copy: self.copy,
            born,
            cut,
        })
    }

    /// Sees to what fjall would not: files without which it would begin anew, the journals as they
    /// were found, and that there is one.
    fn prepare(&mut self, dir: &Path) -> Result<(), OpenError> {
        if self.slot.size > 0 || self.birth_is_over {
            check_files(dir).map_err(|what| self.damaged(what))?;
        }
        if !self.slot.clean && self.options.copy_journals {
            let copied = journals::copy(dir, self.layout.root());
            self.copy = Some(copied.map_err(|error| OpenError::io("copy", dir, error))?);
        }
        let newest = self.slot.journals.last();
        journals::ensure_one(dir, newest.map_or(0, |journal| journal.number))
            .map_err(|error| OpenError::io("write", dir, error))
    }

    /// fjall refuses a journal whose last batch is torn in its middle, as a power cut in a commit
    /// can leave it. That end was never acknowledged, so it is cut, and fjall tries once more; what
    /// else may be missing then is found by the anchor.
    fn open_fjall(&self, dir: &Path) -> Result<(Store, u64), OpenError> {
        let error = match self.try_fjall(dir)? {
            Ok(store) => return Ok((store, 0)),
            Err(error) => error,
        };
        if !matches!(error, fjall::Error::JournalRecovery(_)) {
            return Err(match error {
                fjall::Error::Locked => OpenError::Locked { dir: dir.to_owned() },
                other => self.unreadable(other.into()),
            });
        }
        let refused = |source| OpenError::JournalDamaged {
            anchored: self.slot.size,
            journals: self.copy.as_ref().map(|copy| copy.dir().to_owned()),
            source,
        };
        // After a clean stop there is no copy, and no commit that could be torn.
        if self.slot.clean {
            return Err(refused(error));
        }
        let cut = journals::cut_torn_end(dir).map_err(|error| OpenError::io("mend the journals of", dir, error))?;
        let Some(cut) = cut else {
            return Err(refused(error));
        };
        match self.try_fjall(dir)? {
            Ok(store) => Ok((store, cut.len())),
            Err(error) => {
                // The damage lies elsewhere: what was cut may be whole.
                cut.undo()
                    .map_err(|error| OpenError::io("mend the journals of", dir, error))?;
                Err(refused(error))
            }
        }
    }

    fn try_fjall(&self, dir: &Path) -> Result<fjall::Result<Store>, OpenError> {
        // fjall asserts what damaged files can break.
        let open =
            AssertUnwindSafe(|| Store::open_database(dir.to_owned(), self.options.cache_bytes, Arc::clone(self.lock)));
        std::panic::catch_unwind(open).map_err(|_| self.damaged("the engine stopped while it read it".to_owned()))
    }

    /// Damaged files are refused as such; else it is the machine that failed.
    fn unreadable(&self, error: StoreError) -> OpenError {
        match error.damage() {
            Some(what) => self.damaged(what),
            None => OpenError::Store(error),
        }
    }

    fn damaged(&self, what: String) -> OpenError {
        OpenError::DatabaseDamaged {
            dir: self.layout.database(),
            anchored: self.slot.size,
            what,
            journals: self.copy.as_ref().map(|copy| copy.dir().to_owned()),
        }
    }
}

/// Looks for files without which fjall would not refuse, but make the database, or a keyspace of
/// it, anew.
fn check_files(dir: &Path) -> Result<(), String> {
    let there = |path: &Path| path.try_exists().map_err(|error| error.to_string());
    if !there(&dir.join("version"))? {
        return Err("its version marker is absent".to_owned());
    }
    let keyspaces = dir.join("keyspaces");
    let mut count = 0;
    for entry in std::fs::read_dir(&keyspaces).map_err(|error| error.to_string())? {
        let path = entry.map_err(|error| error.to_string())?.path();
        if !there(&path.join("current"))? {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            return Err(format!("keyspace {name} has no current version"));
        }
        check_version(&path)?;
        count += 1;
    }
    // fjall's own keyspace of names stands beside ours.
    let expected = Space::ALL.len() + 1;
    if count != expected {
        return Err(format!("{count} of {expected} keyspaces are there"));
    }
    Ok(())
}

/// The list of a keyspace's tables must be the one that was written: `current` is version number u64 LE ‖ XXH3-128 of the
/// file `v<number>`, u128 LE ‖ 0. fjall does not look at it; a list that lost a table has it delete that table's file,
/// and an empty one ends the process.
fn check_version(keyspace: &Path) -> Result<(), String> {
    let name = keyspace.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let read = |file: &str| {
        std::fs::read(keyspace.join(file)).map_err(|error| format!("{file} of keyspace {name} can't be read: {error}"))
    };
    let current = read("current")?;
    let damaged = || format!("the list of tables of keyspace {name} is damaged");
    let (number, rest) = current.split_first_chunk::<8>().ok_or_else(damaged)?;
    let (checksum, rest) = rest.split_first_chunk::<16>().ok_or_else(damaged)?;
    let version = read(&format!("v{}", u64::from_le_bytes(*number)))?;
    let is_whole = rest == [0] && xxhash_rust::xxh3::xxh3_128(&version) == u128::from_le_bytes(*checksum);
    is_whole.then_some(()).ok_or_else(damaged)
}
