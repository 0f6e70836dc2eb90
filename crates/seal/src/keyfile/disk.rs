//! The key file on disk: read whole, replaced whole.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use super::{KEY_FILE_LEN_MAX, KeyFile, KeyFileError};

/// Why the key file could not be read or replaced.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// The system's error.
    #[error("the key file {} could not be {done}", .path.display())]
    Io {
        /// The key file.
        path: PathBuf,
        /// What was to be done with it.
        done: &'static str,
        /// The system's error.
        source: io::Error,
    },
    /// It was read, but is no key file.
    #[error("{}: {source}", .path.display())]
    KeyFile {
        /// The key file.
        path: PathBuf,
        /// What is wrong with it.
        source: KeyFileError,
    },
}

/// Reads a key file; `None` when there is none.
///
/// # Errors
/// [`DiskError`].
pub fn read(path: &Path) -> Result<Option<KeyFile>, DiskError> {
    let bytes = match read_bytes(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            return Err(DiskError::Io {
                path: path.to_owned(),
                done: "read",
                source,
            });
        }
    };
    KeyFile::parse(&bytes).map(Some).map_err(|source| DiskError::KeyFile {
        path: path.to_owned(),
        source,
    })
}

/// Writes or replaces a key file: a new file (mode 0600) beside it, synced, renamed over it, and the
/// directory synced. A crash leaves the old file or the new one, whole, and perhaps a `.new` file
/// that the next write overwrites.
///
/// # Errors
/// [`DiskError::Io`]; which of both files stands is then not known.
pub fn write(path: &Path, key_file: &KeyFile) -> Result<(), DiskError> {
    replace(path, &key_file.to_bytes()).map_err(|source| DiskError::Io {
        path: path.to_owned(),
        done: "replaced",
        source,
    })
}

fn read_bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // One byte past the limit is enough to be refused.
    File::open(path)?
        .take(KEY_FILE_LEN_MAX as u64 + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut new = path.to_owned();
    new.add_extension("new");
    // What a crash left behind; unlinked, since an existing file would keep its mode.
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    let dir = match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    };
    File::open(dir)?.sync_all()
}
