//! A ledger's birth, and the key file that says that it is over.
//!
//! A key file of sequence 1 without a log is a birth that was stopped, and goes on. So none may stand beside a log: else
//! whoever removed the log would, at the next start, begin another one under the same keys and the same origin.

use crate::clock::Clock;
use crate::error::OpenError;
use crate::open::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use strongroom_log::{DataDir, Stage};
use strongroom_seal::keyfile::{self, KeyFile, KeyFileError, Keys};
use strongroom_seal::{RootKey, RootKeyProvider, RootSource, random_bytes};

/// How a ledger begins.
pub struct InitOptions {
    /// The ledger's name, as in its origin: `[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?`.
    pub name: String,
    /// Made by `serve --dev`.
    pub dev: bool,
    /// Name of the first principal.
    pub owner_name: String,
    /// Where the root key comes from, and how the key file is to say so.
    pub root: Box<dyn RootKeyProvider + Send + Sync>,
    /// What the key file says of the root key.
    pub source: RootSource,
    /// Stored hash of the first token; the token itself is kept by the caller before this is called.
    pub token_hash: [u8; 32],
    /// When the first token ends, µs since 1970.
    pub token_expires_at: Option<u64>,
    /// The first token may only make named owners.
    pub owners_only: bool,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

/// The key file of a directory that is open.
pub(crate) struct HeldKeyFile {
    path: PathBuf,
    sequence: u64,
    /// What is to replace it, where it does not say yet that there is a log.
    second: Option<KeyFile>,
}

impl HeldKeyFile {
    /// Seals what is to replace it; writes nothing.
    pub(crate) fn new(path: PathBuf, key_file: &KeyFile, root: &RootKey) -> Result<Self, KeyFileError> {
        Ok(Self {
            path,
            sequence: key_file.sequence(),
            second: key_file.end_birth(root)?,
        })
    }

    /// Says in the key file that the birth is over: once the database is durable, before the first record is. Returns
    /// the sequence of the key file that is in place then.
    ///
    /// A ledger that has `records` already, from before there was a second key file, is served though its key file can't
    /// be replaced.
    pub(crate) fn end_birth(self, records: u64) -> Result<u64, OpenError> {
        let Some(second) = self.second else {
            return Ok(self.sequence);
        };
        match keyfile::write(&self.path, &second) {
            Ok(()) => Ok(second.sequence()),
            Err(error) if records > 0 => {
                tracing::warn!(%error, "the key file could not be made to say that there is a log");
                Ok(self.sequence)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Makes a ledger: key file, anchor, database, second key file, first records; then stops it in order. A birth that was stopped in
/// between is finished.
pub(crate) fn init(dir: &Path, options: InitOptions) -> Result<(), OpenError> {
    let data_dir = DataDir::create(dir)?;
    let path = data_dir.layout().key_file();
    let key_file = match (data_dir.stage(), open::read_key_file(&path)?) {
        (Stage::Empty, None) => {
            let root = options.root.root_key(&options.source)?;
            let key_file = KeyFile::create(&root, options.source, random_bytes()?, random_bytes()?, &Keys::make()?)?;
            keyfile::write(&path, &key_file)?;
            key_file
        }
        (_, Some(key_file)) => key_file,
        (_, None) => return Err(OpenError::NoLedger { dir: dir.to_owned() }),
    };
    let root = options.root.root_key(key_file.source())?;
    let held = HeldKeyFile::new(path, &key_file, &root)?;
    let unsealed = open::unseal(
        data_dir,
        open::Contents::all(&key_file, &root)?,
        &key_file,
        &strongroom_log::OpenOptions::default(),
        Some(&options.name),
    )?;
    if unsealed.opened.report.size > 0 {
        return Err(OpenError::Exists {
            dir: dir.to_owned(),
            records: unsealed.opened.report.size,
        });
    }
    let (ledger, _) = open::start(
        dir,
        unsealed,
        held,
        OpenOptions {
            root: options.root,
            dev: options.dev,
            clock: options.clock,
            window: Duration::ZERO,
            new_windows: 0,
            rebuild_state: false,
            on_fatal: Box::new(|_| {}),
            cache_bytes: strongroom_log::CACHE_BYTES_DEFAULT,
        },
    )?;
    let initialize = strongroom_domain::command::Command::Initialize {
        ledger: strongroom_domain::ids::LedgerId(ledger.shared.keys.ledger_id),
        name: options.name,
        dev: options.dev,
        owner_name: options.owner_name,
        token_hash: options.token_hash,
        token_expires_at: options.token_expires_at,
        owners_only: options.owners_only,
    };
    let done = ledger.execute_blocking(crate::RequestContext::system(), vec![initialize]);
    let stopped = ledger.stop();
    done.map_err(|failure| OpenError::Birth(format!("{failure:?}")))?;
    stopped.map_err(OpenError::Birth)
}
