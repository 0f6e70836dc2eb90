//! A directory to verify without touching the original.
//!
//! fjall can't open a database without writing to it: it cuts journals, flushes and compacts. So
//! its tables, which it never changes once written, are linked, and everything else is copied.

use std::io;
use std::path::{Path, PathBuf};

use crate::journals::copy_sparse;
use crate::layout::Layout;
use crate::{DataDir, OpenError, OpenOptions};

/// A data directory made from another one. Deleted when dropped.
#[derive(Debug)]
pub struct Shadow {
    dir: PathBuf,
}

impl Shadow {
    /// Makes a shadow of the data directory `original` below `parent`, which is best on the same
    /// file system: elsewhere the tables are copied instead of linked.
    ///
    /// The original is locked meanwhile, and left as it was found.
    ///
    /// # Errors
    /// [`OpenError::Locked`] when a process has it open; [`OpenError::NoDirectory`];
    /// [`OpenError::Io`].
    pub fn make(original: &Path, parent: &Path) -> Result<Self, OpenError> {
        let layout = Layout::new(original);
        if !original.is_dir() {
            return Err(OpenError::NoDirectory {
                dir: original.to_owned(),
            });
        }
        // No lock file: no process ever opened it, and none is made here.
        let _lock = match layout.lock().try_exists() {
            Ok(true) => Some(lock(&layout)?),
            _ => None,
        };
        let dir = free_name(parent)?;
        let shadow = Self { dir };
        copy_dir(original, &shadow.dir, &layout).map_err(|error| OpenError::io("make a shadow of", original, error))?;
        Ok(shadow)
    }

    /// The shadow's directory: a whole data directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Locks the shadow, to be opened with [`Shadow::options`].
    ///
    /// # Errors
    /// As [`DataDir::lock`]: what would be refused of the original is refused of its shadow.
    pub fn lock(&self) -> Result<DataDir, OpenError> {
        DataDir::lock(&self.dir)
    }

    /// How a shadow is opened: its journals are copies already.
    #[must_use]
    pub fn options(&self) -> OpenOptions {
        OpenOptions {
            copy_journals: false,
            ..OpenOptions::default()
        }
    }
}

impl Drop for Shadow {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.dir) {
            tracing::warn!(dir = %self.dir.display(), %error, "the shadow could not be deleted");
        }
    }
}

fn lock(layout: &Layout) -> Result<std::fs::File, OpenError> {
    let path = layout.lock();
    let file = std::fs::File::open(&path).map_err(|error| OpenError::io("open", &path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(OpenError::Locked {
            dir: layout.root().to_owned(),
        }),
        Err(std::fs::TryLockError::Error(error)) => Err(OpenError::io("lock", &path, error)),
    }
}

/// Copies a directory tree: tables linked, the rest copied, what is no part of a ledger left out.
fn copy_dir(from: &Path, to: &Path, layout: &Layout) -> io::Result<()> {
    std::fs::create_dir(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        let is_table = from.file_name().is_some_and(|name| name == "tables");
        if from == layout.root() && !is_of_ledger(&path, layout) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy_dir(&path, &target, layout)?;
        } else if !is_table || std::fs::hard_link(&path, &target).is_err() {
            copy_sparse(&path, &target)?;
        }
    }
    Ok(())
}

fn is_of_ledger(path: &Path, layout: &Layout) -> bool {
    [layout.key_file(), layout.anchor(), layout.database()].contains(&path.to_owned())
}

/// Makes up a name that nothing in `parent` has yet.
fn free_name(parent: &Path) -> Result<PathBuf, OpenError> {
    for number in 0_u32.. {
        let dir = parent.join(format!(".strongroom-shadow-{}-{number}", std::process::id()));
        match dir.try_exists() {
            Ok(true) => {}
            Ok(false) => return Ok(dir),
            Err(error) => return Err(OpenError::io("look for", &dir, error)),
        }
    }
    unreachable!("a directory has fewer than 2^32 names")
}
