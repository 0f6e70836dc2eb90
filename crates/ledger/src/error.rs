//! Why a ledger was not opened: what was wrong, how much, and what to do. A refusal never serves half a truth.

use std::path::PathBuf;
use strongroom_log::StoreError;
use strongroom_seal::keyfile::{DiskError, KeyFileError};
use strongroom_seal::{RandomError, RootKeyError};

/// A ledger that was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The log's own refusals: `anchor_missing`, `log_shorter`, `log_differs`, `log_hole`, …
    #[error(transparent)]
    Log(#[from] strongroom_log::OpenError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The root key was not to be had.
    #[error(transparent)]
    Root(#[from] RootKeyError),
    /// The key file did not open.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// The key file could not be read or written.
    #[error(transparent)]
    KeyFileOnDisk(#[from] DiskError),
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// A thread could not be started.
    #[error("a thread could not be started")]
    Thread(#[from] std::io::Error),
    /// There is no ledger.
    #[error("there is no ledger in {}", .dir.display())]
    NoLedger {
        /// Where.
        dir: PathBuf,
    },
    /// The birth was stopped before the first record.
    #[error("the ledger has no record yet: its birth was stopped")]
    NotBorn,
    /// There is one already.
    #[error("there is a ledger of {records} records in {} already", .dir.display())]
    Exists {
        /// Where.
        dir: PathBuf,
        /// Its size.
        records: u64,
    },
    /// A ledger's name is not of its form.
    #[error(
        "a ledger's name has 1 to 63 characters of a-z, 0-9, `.` and `-`, and begins and ends with a letter or digit"
    )]
    LedgerName,
    /// The key file is of another ledger than the log.
    #[error("the key file is not this log's: ledger id, signing key or epoch keys are others than the log announces")]
    OtherLedger,
    /// A record is not what it should be.
    #[error("the record at position {position} is damaged: {what}")]
    Record {
        /// Where.
        position: u64,
        /// What.
        what: String,
    },
    /// What was signed last is not true of this log.
    #[error("the newest stored checkpoint does not hold: {0}")]
    Checkpoint(String),
    /// Rows of `state` were changed on disk.
    #[error(
        "current state on disk is not what the last commit wrote: the log is whole with {records} records{}",
        .journals.as_ref().map(|dir| format!("; its journals were copied to {}", dir.display())).unwrap_or_default()
    )]
    StateDiffers {
        /// Records of the log.
        records: u64,
        /// Where the journals were copied to, after an unclean stop.
        journals: Option<PathBuf>,
    },
    /// A wrapped key was changed on disk.
    #[error("a wrapped data key was changed on disk")]
    KeyRow {
        /// Its id, where it could be read.
        id: Option<[u8; 16]>,
    },
    /// A key that the log names is gone.
    #[error("the data key that the record at position {position} names is not there")]
    KeyMissing {
        /// Where it is named.
        position: u64,
        /// Its id.
        id: [u8; 16],
    },
    /// A dev ledger is served with `--dev` only.
    #[error("this ledger was made by `serve --dev` and is served with `--dev` only")]
    Dev,
    /// A real ledger is not served with `--dev`.
    #[error("this ledger was not made by `serve --dev` and is not served with it")]
    NotDev,
    /// Only the history keys are in hand, and something is to be written.
    #[error("only the history keys are in hand: a ledger is written with the root key")]
    HistoryOnly,
    /// The first records were not written.
    #[error("the ledger's first records were not written: {0}")]
    Birth(String),
}

impl OpenError {
    /// The stable word for this refusal.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            // What the store can't read of its own files is damage, wherever it is met.
            Self::Log(strongroom_log::OpenError::Store(_)) | Self::Store(_) => "database_damaged",
            Self::Log(error) => error.code(),
            Self::Root(_) | Self::HistoryOnly => "root_key",
            Self::KeyFile(_) | Self::KeyFileOnDisk(_) => "key_file",
            Self::Random(_) | Self::Thread(_) => "system",
            Self::NoLedger { .. } => "no_ledger",
            Self::NotBorn => "not_born",
            Self::Exists { .. } => "exists",
            Self::LedgerName => "ledger_name",
            Self::OtherLedger => "other_ledger",
            Self::Record { .. } => "record_damaged",
            Self::Checkpoint(_) => "checkpoint_differs",
            Self::StateDiffers { .. } => "state_differs",
            Self::KeyRow { .. } | Self::KeyMissing { .. } => "log_hole",
            Self::Dev | Self::NotDev => "dev",
            Self::Birth(_) => "birth",
        }
    }

    /// What to do.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Log(strongroom_log::OpenError::Store(_)) | Self::Store(_) => {
                "keep the directory as it is, look at the disk, and restore a backup; state and index alone can be made anew with --rebuild-state"
            }
            Self::Log(error) => error.hint(),
            Self::Random(_) | Self::Thread(_) => "look at the system's log, free space and limits",
            Self::Root(_) | Self::HistoryOnly => {
                "give the root key with --root-key-file, --root-key-env, --root-key-fd or --passphrase-file"
            }
            Self::KeyFile(_) | Self::KeyFileOnDisk(_) => {
                "give the root key that this key file was made with, or restore the key file"
            }
            Self::NoLedger { .. } => "make one with `strongroom init --data DIR`, or try `strongroom serve --dev`",
            Self::NotBorn => "run `strongroom init` again with the same root key: it finishes what was begun",
            Self::Exists { .. } => "choose another directory, or serve this one",
            Self::LedgerName => "choose a name like `acme-prod`",
            Self::OtherLedger => "put the key file beside the log it belongs to",
            Self::Record { .. } | Self::Checkpoint(_) => {
                "keep the directory as it is and restore a backup; `strongroom recover --accept-loss` goes on with what is whole"
            }
            Self::StateDiffers { .. } => {
                "nothing is lost: `strongroom serve --rebuild-state` makes it anew from the log; find out who wrote to the disk"
            }
            Self::KeyRow { .. } | Self::KeyMissing { .. } => {
                "restore the key backup: without this key its secrets can't be opened"
            }
            Self::Dev => "add --dev, or choose another directory",
            Self::NotDev => "leave --dev away and give the root key",
            Self::Birth(_) => "run the command again: it finishes what was begun",
        }
    }
}
