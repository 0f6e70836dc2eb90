//! A directory's first minutes: key file → anchor of size 0 → database → first record.
//!
//! Each step is synced, file and directory, before the next. So what a crash leaves is one of few
//! shapes, each of which is finished at the next start; anything else is damage.

use std::fs::File;
use std::path::Path;

use strongroom_proof::tree::empty_root;

use crate::anchor::{self, AnchorMac};
use crate::disk::sync_dir;
use crate::layout::Layout;
use crate::open::Life;
use crate::{OpenError, Slot, journals};

/// The second step: an anchor that says that nothing was acknowledged yet.
pub(crate) fn make_anchor(layout: &Layout, life: &Life, mac: &AnchorMac) -> Result<(), OpenError> {
    let slot = Slot {
        clean: false,
        sequence: 1,
        ledger_id: life.ledger_id,
        incarnation: life.incarnation,
        size: 0,
        root: empty_root(),
        key_file_sequence: life.key_file_sequence,
        checkpoint: Vec::new(),
        journals: Vec::new(),
    };
    let path = layout.anchor();
    anchor::create(&path, &slot, mac).map_err(|source| OpenError::io("write", &path, source))
}

/// Bytes of fjall's version marker: three letters and the version.
const MARKER_LEN: usize = 4;

/// Takes away a database whose making was stopped before fjall had written its version marker, its
/// last step: fjall would not make it a second time.
///
/// # Errors
/// [`OpenError::DatabaseDamaged`] when a journal of it holds something: then it was in use.
pub(crate) fn clear_unfinished_database(dir: &Path) -> Result<(), OpenError> {
    let io = |doing, source| OpenError::io(doing, dir, source);
    let marker = match std::fs::read(dir.join("version")) {
        Ok(marker) => marker,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(io("look into", error)),
    };
    // A marker is made first and then written: a stop in between leaves it short, a power cut leaves zeros in it.
    if marker.len() >= MARKER_LEN && marker.iter().all(|byte| *byte != 0) {
        return Ok(());
    }
    for number in journals::list(dir).map_err(|error| io("list", error))? {
        let path = journals::path(dir, number);
        let journal = File::open(&path).and_then(|file| journals::zeros_from(&file, 0));
        if !journal.map_err(|error| OpenError::io("read", &path, error))? {
            return Err(OpenError::DatabaseDamaged {
                dir: dir.to_owned(),
                anchored: 0,
                what: "it has journals but no version marker".to_owned(),
                journals: None,
            });
        }
    }
    std::fs::remove_dir_all(dir).map_err(|error| io("remove", error))
}

/// The end of the third step: the new database and its names are durable.
pub(crate) fn sync_database(layout: &Layout) -> Result<(), OpenError> {
    let database = layout.database();
    for dir in [database.join("keyspaces"), database.clone(), layout.root().to_owned()] {
        sync_dir(&dir).map_err(|source| OpenError::io("sync", &dir, source))?;
    }
    Ok(())
}
