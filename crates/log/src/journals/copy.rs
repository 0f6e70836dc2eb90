//! The copy of the journals, made before fjall opens them.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::disk::sync_dir;

const COPY: &str = "journals-copied-";
/// A copy under this name is not complete.
const COPYING: &str = "journals-copying";
/// A copy under this name is evidence no more.
const PASSED: &str = "journals-passed";

/// Journals as an unclean stop left them, copied before the database was opened.
///
/// Stays on disk when dropped: only [`JournalsCopy::discard`] takes it away.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct JournalsCopy {
    dir: PathBuf,
}

impl JournalsCopy {
    /// The directory that holds the copied journals.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Deletes this copy, and those of openings before it: every check has passed.
    ///
    /// # Errors
    /// When a directory can't be renamed or deleted.
    pub(crate) fn discard(self) -> io::Result<()> {
        let parent = self.dir.parent().unwrap_or(Path::new("."));
        for dir in complete(parent)? {
            // Renamed first, so that a crash leaves no half of a copy that looks whole.
            let passed = parent.join(PASSED);
            remove(&passed)?;
            std::fs::rename(&dir, &passed)?;
            remove(&passed)?;
        }
        sync_dir(parent)
    }
}

/// Copies the journals of `database` to a directory in `parent` and syncs the copy.
///
/// Where an earlier copy holds the same bytes, as after one refusal more, that one serves.
pub(crate) fn copy(database: &Path, parent: &Path) -> io::Result<JournalsCopy> {
    remove(&parent.join(PASSED))?;
    let beside = parent.join(COPYING);
    remove(&beside)?;
    let journals: Vec<PathBuf> = super::list(database)?
        .into_iter()
        .map(|number| super::path(database, number))
        .collect();
    for dir in complete(parent)? {
        if same(&journals, &dir)? {
            return Ok(JournalsCopy { dir });
        }
    }
    std::fs::create_dir(&beside)?;
    for journal in &journals {
        copy_sparse(journal, &beside.join(journal.file_name().unwrap_or_default()))?;
    }
    sync_dir(&beside)?;
    let dir = free_name(parent)?;
    std::fs::rename(&beside, &dir)?;
    sync_dir(parent)?;
    Ok(JournalsCopy { dir })
}

/// Copies a file, leaves holes where it has nothing but zeros, and syncs the copy.
///
/// Journals are 64 MiB from their birth on and mostly empty. The copy is its owner's alone to read, wherever it lies.
pub(crate) fn copy_sparse(from: &Path, to: &Path) -> io::Result<()> {
    const CHUNK: usize = 64 << 10;
    let mut from = File::open(from)?;
    let len = from.metadata()?.len();
    let mut to = File::options().write(true).create_new(true).mode(0o600).open(to)?;
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = fill(&mut from, &mut chunk)?;
        if read == 0 {
            break;
        }
        if super::is_zeros(&chunk[..read]) {
            to.seek(SeekFrom::Current(read as i64))?;
        } else {
            to.write_all(&chunk[..read])?;
        }
    }
    to.set_len(len)?;
    to.sync_all()
}

/// Lists the complete copies, oldest first.
fn complete(parent: &Path) -> io::Result<Vec<PathBuf>> {
    let mut dirs = Vec::new();
    for entry in std::fs::read_dir(parent)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(COPY) {
            dirs.push(entry.path());
        }
    }
    dirs.sort_unstable();
    Ok(dirs)
}

/// Whether `dir` holds exactly these journals, byte for byte.
fn same(journals: &[PathBuf], dir: &Path) -> io::Result<bool> {
    if super::list(dir)?.len() != journals.len() {
        return Ok(false);
    }
    for journal in journals {
        let copied = dir.join(journal.file_name().unwrap_or_default());
        if !copied.try_exists()? || !same_bytes(journal, &copied)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn same_bytes(one: &Path, other: &Path) -> io::Result<bool> {
    let (mut one, mut other) = (File::open(one)?, File::open(other)?);
    if one.metadata()?.len() != other.metadata()?.len() {
        return Ok(false);
    }
    let (mut a, mut b) = (vec![0; 64 << 10], vec![0; 64 << 10]);
    loop {
        let read = fill(&mut one, &mut a)?;
        if fill(&mut other, &mut b)? != read || a[..read] != b[..read] {
            return Ok(false);
        }
        if read == 0 {
            return Ok(true);
        }
    }
}

/// Reads until the buffer is full or the file ends.
fn fill(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..])? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}

/// A name by the time of the copy, in milliseconds since 1970, that nothing has yet.
fn free_name(parent: &Path) -> io::Result<PathBuf> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let mut ms = now.map_or(0, |now| now.as_millis());
    loop {
        let dir = parent.join(format!("{COPY}{ms:013}"));
        if !dir.try_exists()? {
            return Ok(dir);
        }
        ms += 1;
    }
}

fn remove(dir: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let database = dir.path().join("db");
        std::fs::create_dir(&database).unwrap();
        let mut journal = vec![0; 300_000];
        journal[100_000..100_010].fill(7);
        std::fs::write(database.join("4.jnl"), &journal).unwrap();
        std::fs::write(database.join("5.jnl"), b"short").unwrap();
        (dir, database)
    }

    #[test]
    fn a_copy_has_the_same_bytes_and_keeps_its_holes() {
        use std::os::unix::fs::MetadataExt as _;
        let (dir, database) = database();
        let copied = copy(&database, dir.path()).unwrap();
        for name in ["4.jnl", "5.jnl"] {
            let copy = copied.dir().join(name);
            assert!(same_bytes(&database.join(name), &copy).unwrap());
        }
        let blocks = std::fs::metadata(copied.dir().join("4.jnl")).unwrap().blocks();
        assert!(blocks * 512 < 200_000, "{blocks} blocks");
    }

    #[test]
    fn the_same_journals_are_copied_once_and_others_again() {
        let (dir, database) = database();
        let first = copy(&database, dir.path()).unwrap();
        assert_eq!(copy(&database, dir.path()).unwrap(), first);
        std::fs::write(database.join("5.jnl"), b"shorT").unwrap();
        let second = copy(&database, dir.path()).unwrap();
        assert_ne!(second, first);
        assert_eq!(std::fs::read(first.dir().join("5.jnl")).unwrap(), b"short");
        assert_eq!(complete(dir.path()).unwrap().len(), 2);
        second.discard().unwrap();
        assert_eq!(complete(dir.path()).unwrap(), Vec::<PathBuf>::new());
    }

    #[test]
    fn what_a_crash_left_of_a_copy_is_not_taken_for_one() {
        let (dir, database) = database();
        std::fs::create_dir(dir.path().join(COPYING)).unwrap();
        std::fs::create_dir(dir.path().join(PASSED)).unwrap();
        copy(&database, dir.path()).unwrap();
        assert!(!dir.path().join(COPYING).exists());
        assert!(!dir.path().join(PASSED).exists());
    }
}
