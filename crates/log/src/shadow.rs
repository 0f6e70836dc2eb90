//! A directory to verify without touching the original.
//!
//! fjall can't open a database without writing to it: it cuts journals, flushes and compacts. So
//! its tables, which it never changes once written, are linked, and everything else is copied.
//!
//! A shadow often lies where others may look, so nobody but its owner enters it; and it is locked as
//! long as it is in use, so that one whose process was killed is known, and deleted by the next.

use std::fs::{DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use crate::journals::copy_sparse;
use crate::layout::Layout;
use crate::{DataDir, OpenError, OpenOptions};

/// What the names of shadows begin with; a process and a number follow.
const PREFIX: &str = ".strongroom-shadow-";

/// A data directory made from another one. Deleted when dropped.
#[derive(Debug)]
pub struct Shadow {
    dir: PathBuf,
    /// The directory, locked.
    _in_use: File,
}

impl Shadow {
    /// Makes a shadow of the data directory `original` below `parent`, which is best on the same
    /// file system: elsewhere the tables are copied instead of linked.
    ///
    /// The original is locked meanwhile, and left as it was found. Shadows in `parent` that are no
    /// longer in use are deleted.
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
        sweep(parent);
        let shadow = begin(parent)?;
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

fn lock(layout: &Layout) -> Result<File, OpenError> {
    let path = layout.lock();
    let file = File::open(&path).map_err(|error| OpenError::io("open", &path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked {
            dir: layout.root().to_owned(),
        }),
        Err(TryLockError::Error(error)) => Err(OpenError::io("lock", &path, error)),
    }
}

/// Copies what is in a directory, and below: tables linked, the rest copied, what is no part of a
/// ledger left out.
///
/// A linked table keeps its mode, which is the original's too.
fn copy_dir(from: &Path, to: &Path, layout: &Layout) -> io::Result<()> {
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        let is_table = from.file_name().is_some_and(|name| name == "tables");
        if from == layout.root() && !is_of_ledger(&path, layout) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            make_dir(&target)?;
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

/// Makes an empty directory in `parent` and locks it.
fn begin(parent: &Path) -> Result<Shadow, OpenError> {
    for number in 0_u32.. {
        let dir = parent.join(format!("{PREFIX}{}-{number}", std::process::id()));
        let io = |error| OpenError::io("make", &dir, error);
        match make_dir(&dir) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            made => made.map_err(io)?,
        }
        // Before it was locked another process may have taken it for one that is left over.
        let Some(in_use) = take(&dir).or_else(gone).map_err(io)? else {
            continue;
        };
        if dir.try_exists().map_err(io)? {
            return Ok(Shadow { dir, _in_use: in_use });
        }
    }
    unreachable!("a directory has fewer than 2^32 names")
}

/// Deletes the shadows that no process has in use any more, as after a `kill -9`. What can't be
/// deleted stays: it is no reason not to verify.
fn sweep(parent: &Path) {
    let Ok(entries) = std::fs::read_dir(parent) else {
        return;
    };
    for entry in entries.filter_map(Result::ok) {
        let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if !is_dir || !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        let dir = entry.path();
        if let Ok(Some(_in_use)) = take(&dir)
            && let Err(error) = std::fs::remove_dir_all(&dir)
        {
            tracing::warn!(dir = %dir.display(), %error, "a shadow that is left over could not be deleted");
        }
    }
}

/// Locks a shadow's directory; none when a process has it in use. Not by the process in its name:
/// numbers are used again, and in a container they are always the same.
fn take(dir: &Path) -> io::Result<Option<File>> {
    let file = File::open(dir)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn gone(error: io::Error) -> io::Result<Option<File>> {
    match error.kind() {
        io::ErrorKind::NotFound => Ok(None),
        _ => Err(error),
    }
}

fn make_dir(dir: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(dir)
}
