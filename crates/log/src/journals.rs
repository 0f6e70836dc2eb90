//! fjall's journals: `<number>.jnl` in the database's directory, the highest number being written.
//!
//! fjall cuts a journal at its first damaged entry when it opens it, and says nothing. So after an
//! unclean stop they are copied first; the copy is evidence until every check has passed. A new one is begun behind each
//! opening, and has zeros ahead of what is written to it.

mod ahead; // zeros where the next commits will be written
mod copy; // kept as found, before fjall opens them
mod fresh; // a new one behind an opening
mod mend; // a commit torn by a power cut

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

pub(crate) use ahead::{Ahead, Gate};
pub(crate) use copy::{JournalsCopy, copy, copy_sparse};
pub(crate) use fresh::begin_fresh;
#[cfg(test)]
pub(crate) use fresh::write_behind_a_hole;
pub(crate) use mend::cut_torn_end;

use crate::JournalBound;
use crate::disk::sync_dir;
use crate::limits::ANCHOR_JOURNALS_MAX;

/// The path of a journal.
pub(crate) fn path(database: &Path, number: u64) -> PathBuf {
    database.join(format!("{number}.jnl"))
}

/// Lists the numbers of the journals that are there, ascending.
pub(crate) fn list(database: &Path) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in std::fs::read_dir(database)? {
        let name = entry?.file_name();
        let number = name
            .to_str()
            .and_then(|name| name.strip_suffix(".jnl"))
            .and_then(|number| number.parse::<u64>().ok());
        numbers.extend(number);
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// Puts an empty journal where there is none at all, as when it was lost after a clean stop.
///
/// Without one fjall (3.1.13) does not look up the highest sequence number of its tables: it shows
/// snapshots nothing, and later hides new rows under old ones.
pub(crate) fn ensure_one(database: &Path, number: u64) -> io::Result<()> {
    if list(database)?.is_empty() {
        File::create_new(path(database, number))?.sync_all()?;
        sync_dir(database)?;
    }
    Ok(())
}

/// Whether a file holds nothing but zeros from `at` on.
pub(crate) fn zeros_from(file: &File, mut at: u64) -> io::Result<bool> {
    let mut chunk = vec![0; ZEROS.len()];
    loop {
        match file.read_at(&mut chunk, at)? {
            0 => return Ok(true),
            read if !is_zeros(&chunk[..read]) => return Ok(false),
            read => at += read as u64,
        }
    }
}

static ZEROS: [u8; 64 << 10] = [0; 64 << 10];

/// Compares at memory speed, in builds that are not optimised too: journals are mostly zeros.
fn is_zeros(bytes: &[u8]) -> bool {
    bytes.chunks(ZEROS.len()).all(|chunk| *chunk == ZEROS[..chunk.len()])
}

/// Says for each journal that is there which position is the lowest that can lie in it.
///
/// A known journal keeps its bound; one newer than all known ones begins at `size` or later, as the
/// caller has seen; one between known ones begins no earlier than the one before it.
pub(crate) fn bounds(present: &[u64], known: &[JournalBound], size: u64) -> Vec<JournalBound> {
    let newest_known = known.last().map(|journal| journal.number);
    let bound_of = |number: u64| {
        if newest_known.is_none_or(|newest| number > newest) {
            return size;
        }
        let before = known.iter().rev().find(|journal| journal.number <= number);
        before.map_or(0, |journal| journal.first_position)
    };
    let mut bounds: Vec<JournalBound> = present
        .iter()
        .map(|&number| JournalBound {
            number,
            first_position: bound_of(number),
        })
        .collect();
    if bounds.len() > ANCHOR_JOURNALS_MAX {
        // The oldest stays: checks begin at the lowest bound.
        bounds.drain(1..=bounds.len() - ANCHOR_JOURNALS_MAX);
    }
    bounds
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(journals: &[(u64, u64)]) -> Vec<JournalBound> {
        journals
            .iter()
            .map(|&(number, first_position)| JournalBound { number, first_position })
            .collect()
    }

    #[test]
    fn bounds_are_never_above_a_journals_first_position() {
        let before = known(&[(3, 10), (5, 50)]);
        let bounds = bounds(&[2, 3, 4, 5, 6, 7], &before, 90);
        let expected = known(&[(2, 0), (3, 10), (4, 10), (5, 50), (6, 90), (7, 90)]);
        assert_eq!(bounds, expected);
        assert_eq!(super::bounds(&[1], &[], 90), known(&[(1, 90)]));
    }

    #[test]
    fn a_slot_takes_the_oldest_and_the_newest_journals() {
        let present: Vec<u64> = (1..=200).collect();
        let bounds = bounds(&present, &known(&[(1, 7)]), 90);
        assert_eq!(bounds.len(), ANCHOR_JOURNALS_MAX);
        assert_eq!(bounds[..2], known(&[(1, 7), (22, 90)]));
        assert_eq!(bounds.last().unwrap().number, 200);
    }

    #[test]
    fn only_journals_are_listed() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["10.jnl", "9.jnl", "lock", "x.jnl", "version"] {
            std::fs::write(dir.path().join(name), b"").unwrap();
        }
        assert_eq!(list(dir.path()).unwrap(), [9, 10]);
    }
}
