//! A ledger to look at: what happened, read with the keys of the history alone. Nothing is written, and no value can be opened.

use crate::Ledger;
use crate::clock::Clock;
use crate::error::OpenError;
use crate::fingerprint::Fingerprints;
use crate::inner::{Found, Shared};
use crate::last_use::LastUse;
use crate::open::{self, OpenReport, Unsealed};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use strongroom_log::{Opened, Shadow};
use strongroom_seal::{HistoryKey, RootKeyProvider};

/// How a ledger is looked at: read and never written.
pub struct LookOptions {
    /// What opens its history.
    pub key: LookKey,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Bytes of the store's block cache.
    pub cache_bytes: u64,
}

/// What opens the history of a ledger.
pub enum LookKey {
    /// The root key; only the history is opened with it.
    Root(Box<dyn RootKeyProvider + Send + Sync>),
    /// A history key, as it was given away.
    History(HistoryKey),
}

/// Opens a shadow of a directory to read from, with history keys alone: no secret can be opened and nothing is signed or written;
/// the directory stays as it was found. It stands for as long as the ledger does.
pub(crate) fn look(dir: &Path, options: LookOptions) -> Result<(Ledger, OpenReport), OpenError> {
    let shadow = shadow_of(dir)?;
    let data_dir = shadow.lock()?;
    let key_file = open::read_key_file(&data_dir.layout().key_file())?
        .ok_or_else(|| OpenError::NoLedger { dir: dir.to_owned() })?;
    let history = match options.key {
        LookKey::Root(root) => key_file.open_history(&root.root_key(key_file.source())?)?,
        LookKey::History(key) => key_file.open_history_with(&key)?,
    };
    let log_options = strongroom_log::OpenOptions {
        cache_bytes: options.cache_bytes,
        ..shadow.options()
    };
    let unsealed = open::unseal(
        data_dir,
        open::Contents::History(history),
        &key_file,
        &log_options,
        None,
    )?;
    let loaded = open::load(&unsealed, false)?;
    let Unsealed {
        opened: Opened { store, report, .. },
        keys,
        signed,
    } = unsealed;
    let index = open::load_index(&store, &keys, report.checked_from, report.clean)?;
    let checkpoint = signed.map_or_else(|| "".into(), |note| note.to_string().into());
    let shared = Arc::new(Shared::of(Found {
        dir: dir.to_owned(),
        dev: loaded.state.ledger.dev,
        published: open::published(&store, &loaded, checkpoint),
        last_use: LastUse::open(&store, &keys)?,
        store,
        keys,
        clock: options.clock,
        index,
        fingerprints: Fingerprints::default(),
        new_windows: 0,
        window: Duration::ZERO,
        on_fatal: Box::new(|_| {}),
        looked_at: Some(shadow),
    }));
    let report = OpenReport {
        records: report.size,
        clean: report.clean,
        anchored: report.anchored,
        rebuilt: loaded.rebuilt,
        torn_bytes_cut: report.torn_bytes_cut,
    };
    Ok((Ledger::only_read(shared), report))
}

/// A shadow beside the directory, where its tables need no copy; else where temporary files go.
pub(crate) fn shadow_of(dir: &Path) -> Result<Shadow, OpenError> {
    let parent = dir.parent().filter(|parent| !parent.as_os_str().is_empty());
    match Shadow::make(dir, parent.unwrap_or(Path::new("."))) {
        Err(strongroom_log::OpenError::Io { .. }) => Ok(Shadow::make(dir, &std::env::temp_dir())?),
        made => Ok(made?),
    }
}
