//! The file of two slots: rewritten in place, synced in turn.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::Instant;

use super::{AnchorMac, SLOT_LEN, Slot, SlotError};
use crate::disk::sync_dir;
use crate::limits::ANCHOR_SYNC_AFTER;

/// The slot that counts, as found on disk. Its MAC is not checked yet.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) slot: Slot,
    pub(crate) bytes: Box<[u8; SLOT_LEN]>,
    place: usize,
}

/// Reads both slots and takes the valid one with the higher sequence.
///
/// The outer error is the disk's; the inner one says why no slot is valid.
pub(crate) fn find(path: &Path) -> io::Result<Result<Found, Vec<SlotError>>> {
    let bytes = std::fs::read(path)?;
    let mut found: Option<Found> = None;
    let mut errors = Vec::new();
    for place in 0..2 {
        let slot = bytes
            .get(place * SLOT_LEN..(place + 1) * SLOT_LEN)
            .ok_or(SlotError::Len)
            .and_then(|bytes| Ok((Slot::parse(bytes)?, bytes)));
        match slot {
            Err(error) => errors.push(error),
            Ok((slot, bytes)) => {
                if found.as_ref().is_none_or(|other| other.slot.sequence < slot.sequence) {
                    let mut held = Box::new([0; SLOT_LEN]);
                    held.copy_from_slice(bytes);
                    found = Some(Found {
                        slot,
                        bytes: held,
                        place,
                    });
                }
            }
        }
    }
    Ok(found.ok_or(errors))
}

/// Makes the file with its first slot, under its name only when both are synced.
pub(crate) fn create(path: &Path, slot: &Slot, mac: &AnchorMac) -> io::Result<()> {
    let dir = path.parent().unwrap_or(Path::new("."));
    let beside = path.with_extension("new");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)?;
    file.write_all(&slot.to_bytes(mac))?;
    file.write_all(&[0; SLOT_LEN])?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    sync_dir(dir)
}

/// The file in use. Owned by the committer.
pub(crate) struct AnchorFile {
    file: File,
    mac: AnchorMac,
    /// What the slot in use says, or will say at the next writing.
    pub(crate) slot: Slot,
    /// Which of the two places is written next.
    place: usize,
    /// Since when the slot in use holds what is not synced.
    unsynced_since: Option<Instant>,
}

impl AnchorFile {
    /// Takes the file over from the run before.
    ///
    /// Syncs it first: the slot that counts may stand in memory only, and the other place is
    /// written next.
    pub(crate) fn take_over(path: &Path, found: Found, mac: AnchorMac) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).open(path)?;
        file.sync_all()?;
        Ok(Self {
            file,
            mac,
            slot: found.slot,
            place: 1 - found.place,
            unsynced_since: None,
        })
    }

    /// Rewrites the slot in use with `self.slot` under the next sequence. No sync.
    ///
    /// A crash here leaves this slot torn, or the older one under the same name: both are found
    /// out by checksum, and the other slot stands.
    pub(crate) fn write(&mut self, now: Instant) -> io::Result<()> {
        self.slot.sequence += 1;
        let bytes = self.slot.to_bytes(&self.mac);
        self.file.write_all_at(&bytes, (self.place * SLOT_LEN) as u64)?;
        self.unsynced_since.get_or_insert(now);
        Ok(())
    }

    /// Syncs the slot in use, if it needs to be, and takes the other into use.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        if self.unsynced_since.is_some() {
            self.file.sync_data()?;
            // Only now: until here the other slot was the one that stood.
            self.place = 1 - self.place;
            self.unsynced_since = None;
        }
        Ok(())
    }

    /// Syncs when the slot in use is old enough.
    pub(crate) fn sync_if_due(&mut self, now: Instant) -> io::Result<()> {
        if self
            .unsynced_since
            .is_some_and(|since| now.duration_since(since) >= ANCHOR_SYNC_AFTER)
        {
            self.sync()?;
        }
        Ok(())
    }

    /// When the slot in use has to be synced at the latest; `None` when it is.
    pub(crate) fn sync_due(&self) -> Option<Instant> {
        self.unsynced_since.map(|since| since + ANCHOR_SYNC_AFTER)
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;
    use std::time::Duration;

    use strongroom_proof::Hash;

    use super::*;

    fn mac() -> AnchorMac {
        Arc::new(|covered| *blake3::keyed_hash(&[9; 32], covered).as_bytes())
    }

    fn born() -> (tempfile::TempDir, PathBuf, AnchorFile) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("anchor");
        let slot = Slot {
            clean: false,
            sequence: 1,
            ledger_id: [1; 16],
            incarnation: [2; 8],
            size: 0,
            root: Hash([0; 32]),
            key_file_sequence: 1,
            checkpoint: vec![],
            journals: vec![],
        };
        create(&path, &slot, &mac()).unwrap();
        let found = find(&path).unwrap().unwrap();
        let anchor = AnchorFile::take_over(&path, found, mac()).unwrap();
        (dir, path, anchor)
    }

    fn write(anchor: &mut AnchorFile, size: u64, now: Instant) {
        anchor.slot.size = size;
        anchor.write(now).unwrap();
    }

    fn tear(path: &Path, place: usize) {
        let file = OpenOptions::new().write(true).open(path).unwrap();
        file.write_all_at(&[0xff; 100], (place * SLOT_LEN) as u64 + 2_000)
            .unwrap();
    }

    #[test]
    fn the_higher_sequence_counts() {
        let (_dir, path, mut anchor) = born();
        let now = Instant::now();
        write(&mut anchor, 5, now);
        assert_eq!(find(&path).unwrap().unwrap().slot.size, 5);
        anchor.sync().unwrap();
        write(&mut anchor, 6, now);
        let found = find(&path).unwrap().unwrap();
        assert_eq!((found.slot.size, found.slot.sequence), (6, 3));
    }

    #[test]
    fn a_torn_slot_in_use_leaves_the_synced_one() {
        let (_dir, path, mut anchor) = born();
        let now = Instant::now();
        write(&mut anchor, 5, now);
        anchor.sync().unwrap();
        for size in 6..9 {
            // In place, however often: the synced slot is never touched.
            write(&mut anchor, size, now);
        }
        let in_use = find(&path).unwrap().unwrap().place;
        tear(&path, in_use);
        assert_eq!(find(&path).unwrap().unwrap().slot.size, 5);
        tear(&path, 1 - in_use);
        let errors = find(&path).unwrap().unwrap_err();
        assert_eq!(errors, [SlotError::Checksum, SlotError::Checksum]);
    }

    #[test]
    fn a_slot_is_synced_when_it_is_old_enough() {
        let (_dir, path, mut anchor) = born();
        let start = Instant::now();
        write(&mut anchor, 5, start);
        let place = find(&path).unwrap().unwrap().place;
        let almost = start + ANCHOR_SYNC_AFTER - Duration::from_nanos(1);
        anchor.sync_if_due(almost).unwrap();
        assert_eq!(anchor.sync_due(), Some(start + ANCHOR_SYNC_AFTER));
        write(&mut anchor, 6, almost);
        assert_eq!(find(&path).unwrap().unwrap().place, place);
        anchor.sync_if_due(start + ANCHOR_SYNC_AFTER).unwrap();
        assert_eq!(anchor.sync_due(), None);
        write(&mut anchor, 7, almost);
        assert_eq!(find(&path).unwrap().unwrap().place, 1 - place);
    }

    #[test]
    fn a_run_goes_on_in_the_other_place() {
        let (_dir, path, mut anchor) = born();
        write(&mut anchor, 5, Instant::now());
        drop(anchor);
        let found = find(&path).unwrap().unwrap();
        let place = found.place;
        let mut anchor = AnchorFile::take_over(&path, found, mac()).unwrap();
        write(&mut anchor, 6, Instant::now());
        let found = find(&path).unwrap().unwrap();
        assert_eq!((found.slot.size, found.place), (6, 1 - place));
    }

    #[test]
    fn a_file_that_was_cut_has_no_slot_there() {
        let (_dir, path, _anchor) = born();
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        file.set_len(SLOT_LEN as u64).unwrap();
        assert_eq!(find(&path).unwrap().unwrap().slot.size, 0);
        file.set_len(SLOT_LEN as u64 - 1).unwrap();
        let errors = find(&path).unwrap().unwrap_err();
        assert_eq!(errors, [SlotError::Len, SlotError::Len]);
    }
}
