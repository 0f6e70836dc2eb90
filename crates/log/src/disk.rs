//! Free space, and directories that are synced.

use std::fs::File;
use std::io;
use std::path::Path;

use crate::limits::{FREE_BYTES_LOW, FREE_BYTES_OUT};

/// How much room a file system has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FreeSpace {
    /// At least [`FREE_BYTES_LOW`].
    Enough,
    /// Under [`FREE_BYTES_LOW`]: ordinary writes and recorded secret reads are refused.
    Low,
    /// Under [`FREE_BYTES_OUT`]: every write is refused.
    Out,
}

impl FreeSpace {
    const fn of(bytes: u64) -> Self {
        match bytes {
            FREE_BYTES_LOW.. => Self::Enough,
            FREE_BYTES_OUT.. => Self::Low,
            _ => Self::Out,
        }
    }
}

/// Looks how much room the file system of `dir` has left, in bytes that this process may take.
///
/// Costs one system call, about 1 µs.
///
/// # Errors
/// When the directory can't be looked at.
pub fn free_space(dir: &Path) -> io::Result<(FreeSpace, u64)> {
    let stat = rustix::fs::statvfs(dir)?;
    let bytes = stat.f_bavail.saturating_mul(stat.f_frsize);
    Ok((FreeSpace::of(bytes), bytes))
}

/// Makes the names in a directory durable.
pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_space_has_two_thresholds() {
        let cases = [
            (0, FreeSpace::Out),
            (FREE_BYTES_OUT - 1, FreeSpace::Out),
            (FREE_BYTES_OUT, FreeSpace::Low),
            (FREE_BYTES_LOW - 1, FreeSpace::Low),
            (FREE_BYTES_LOW, FreeSpace::Enough),
        ];
        for (bytes, expected) in cases {
            assert_eq!(FreeSpace::of(bytes), expected, "{bytes}");
        }
    }

    #[test]
    fn the_free_space_of_a_directory_is_known() {
        let dir = tempfile::tempdir().unwrap();
        let (space, bytes) = free_space(dir.path()).unwrap();
        assert_eq!(space, FreeSpace::of(bytes));
        assert!(free_space(&dir.path().join("absent")).is_err());
    }
}
