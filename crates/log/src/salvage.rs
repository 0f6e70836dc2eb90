//! What can be read of a directory that is refused, for who accepts the loss of the rest.
//!
//! On a [`crate::Shadow`], so that the directory stays as it was found. Nothing here says that the log is whole: records are read until
//! one is wrong, and held against what the anchor and the tree say.

use std::fs::{File, OpenOptions as FileOptions, TryLockError};
use std::path::Path;
use std::sync::Arc;

use strongroom_proof::Hash;
use strongroom_proof::tree::{TileId, empty_root};

use crate::anchor::{self, AnchorMac};
use crate::database::{Database, Opening};
use crate::layout::Layout;
use crate::tree::tile_key;
use crate::{OpenError, OpenOptions, Slot, Space, Store, StoreError};

/// A database that was opened without asking the anchor.
#[derive(Debug)]
pub struct Salvaged {
    /// Reading. Its head says nothing.
    pub store: Store,
    /// One past the highest position that is there.
    pub end: u64,
    /// What the anchor says, where it is there and its MAC is right: size and root.
    pub anchored: Option<(u64, Hash)>,
    /// The checkpoint in the anchor: a note of a clean stop.
    pub checkpoint: Option<String>,
}

/// Opens the database in a shadow, whatever the anchor says.
///
/// # Errors
/// [`OpenError::DatabaseDamaged`] where fjall can't open it: nothing can be read then.
pub fn salvage(shadow: &Path, ledger_id: [u8; 16], mac: &AnchorMac) -> Result<Salvaged, OpenError> {
    let layout = Layout::new(shadow);
    let lock = Arc::new(lock(&layout)?);
    let found = anchor::find(&layout.anchor()).ok().and_then(Result::ok);
    let found = found.filter(|found| found.slot.ledger_id == ledger_id && anchor::mac_matches(&found.bytes, mac));
    let slot = match &found {
        // A torn end is cut, also where the anchor says that there is none.
        Some(found) => Slot {
            clean: false,
            ..found.slot.clone()
        },
        None => Slot {
            clean: false,
            sequence: 1,
            ledger_id,
            incarnation: [0; 8],
            size: 0,
            root: empty_root(),
            key_file_sequence: 0,
            checkpoint: Vec::new(),
            journals: Vec::new(),
        },
    };
    let options = OpenOptions {
        copy_journals: false,
        ..OpenOptions::default()
    };
    let opening = Opening {
        layout: &layout,
        options: &options,
        lock: &lock,
        slot: &slot,
        birth_is_over: true,
        copy: None,
    };
    let Database { store, size, .. } = opening.open_database()?;
    let checkpoint = found
        .as_ref()
        .and_then(|it| String::from_utf8(it.slot.checkpoint.clone()).ok());
    Ok(Salvaged {
        store,
        end: size,
        anchored: found.map(|it| (it.slot.size, it.slot.root)),
        checkpoint: checkpoint.filter(|note| !note.is_empty()),
    })
}

impl Salvaged {
    /// The bytes of a full tile as they are stored; none where it is not.
    ///
    /// # Errors
    /// Those of the engine.
    pub fn tile(&self, id: TileId) -> Result<Option<crate::Slice>, StoreError> {
        self.store.row(Space::Tree, &tile_key(id))
    }
}

/// Keeps every other process out of a directory, whatever lies in it.
///
/// # Errors
/// [`OpenError::Locked`], [`OpenError::Io`].
pub fn hold(dir: &Path) -> Result<File, OpenError> {
    lock(&Layout::new(dir))
}

fn lock(layout: &Layout) -> Result<File, OpenError> {
    let path = layout.lock();
    let file = FileOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(|error| OpenError::io("open", &path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked {
            dir: layout.root().to_owned(),
        }),
        Err(TryLockError::Error(error)) => Err(OpenError::io("lock", &path, error)),
    }
}
