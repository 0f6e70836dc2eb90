//! Why there is no backup, or no ledger from one.

use crate::OpenError;
use std::io;
use std::path::PathBuf;
use strongroom_proof::dump::DumpError;
use strongroom_proof::note::NoteError;
use strongroom_proof::record::RecordError;
use strongroom_proof::verify::VerifyError;
use strongroom_seal::RootKeyError;
use strongroom_seal::keyfile::KeyFileError;

/// A backup that was not made, is not whole, or did not become a ledger.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file could not be read or written.
    #[error("{} could not be {doing}: {source}", .path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What was to be done with it.
        doing: &'static str,
        /// The system's error.
        source: io::Error,
    },
    /// Another backup to the same target is being made.
    #[error("another backup to {} is under way", .dir.display())]
    UnderWay {
        /// Where.
        dir: PathBuf,
    },
    /// There is no backup in a directory.
    #[error("there is no backup in {}", .dir.display())]
    None {
        /// Where.
        dir: PathBuf,
    },
    /// What the server sent is no backup.
    #[error("what the server sent is no backup: {0}")]
    Stream(String),
    /// A dump is cut.
    #[error("{}: {source}", .path.display())]
    Dump {
        /// The piece.
        path: PathBuf,
        /// What is wrong.
        source: DumpError,
    },
    /// A record is damaged.
    #[error("position {position}: {source}")]
    Record {
        /// Where.
        position: u64,
        /// What is wrong.
        source: RecordError,
    },
    /// A checkpoint is none.
    #[error("the checkpoint at {size} records: {source}")]
    Note {
        /// The size that it should speak of.
        size: u64,
        /// What is wrong.
        source: NoteError,
    },
    /// A piece is missing, or stands twice.
    #[error("the backup has a hole: a piece begins at {found} where {expected} is the next position")]
    Hole {
        /// Where the next piece should begin.
        expected: u64,
        /// Where it begins.
        found: u64,
    },
    /// A moment is none.
    #[error("it is neither a position nor a time")]
    Moment,
    /// A moment at which there is no record.
    #[error("there was no record then, or is none yet: there are {head}")]
    NotThere {
        /// Records that there are.
        head: u64,
    },
    /// The key half is not there, cut or damaged.
    #[error("the key half of the backup is missing, cut or damaged")]
    KeyHalf,
    /// The log half ends before the key half was taken: a piece is missing, or the last backup was cut off.
    #[error(
        "the log half ends at {log} records, and the key half was taken at {keys}: the end of the backup is missing"
    )]
    Behind {
        /// Records of the log half.
        log: u64,
        /// Records of the log when the key half was taken.
        keys: u64,
    },
    /// The ledger is another one than that of the backup.
    #[error("the backup is another ledger's")]
    OtherLedger,
    /// The ledger's log is not the one of which the backup has the beginning.
    #[error("the backup has {size} records of another history of this ledger than the one that it is asked for")]
    Diverged {
        /// Records of the backup.
        size: u64,
    },
    /// The log of the backup is not whole.
    #[error(transparent)]
    Unverified(#[from] VerifyError),
    /// The root key was not to be had.
    #[error(transparent)]
    Root(#[from] RootKeyError),
    /// The root key does not open the key half.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// A wrapped key does not open.
    #[error("a wrapped data key of the backup does not open")]
    DataKey,
    /// There is something in the directory that the ledger should come into.
    #[error("{} is there already and not empty", .dir.display())]
    NotEmpty {
        /// Which.
        dir: PathBuf,
    },
    /// The directory opens: there is no loss to accept.
    #[error("the ledger in {} is whole: there is no loss to accept", .dir.display())]
    Whole {
        /// Which.
        dir: PathBuf,
    },
    /// Not even the first record is there.
    #[error("not one record of the log is whole")]
    NothingLeft,
    /// It is said why a ledger comes back: that is kept in the record.
    #[error("this needs a reason")]
    Reason,
    /// The ledger could not be made.
    #[error(transparent)]
    Open(#[from] OpenError),
}

impl BackupError {
    /// What to do.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Io { .. } => "look at the disk, its space and who may write there",
            Self::UnderWay { .. } => "wait until it is done",
            Self::None { .. } => "make one with `strongroom backup create TARGET`",
            Self::Stream(_) => "ask a server of this version, and look whether something between cut the answer",
            Self::Dump { .. } | Self::Record { .. } | Self::Note { .. } | Self::Unverified(_) | Self::Hole { .. } => {
                "keep it as it is; take another copy of the backup, or begin a new target while the ledger runs"
            }
            Self::KeyHalf => "make a backup again while the ledger runs: it writes the key half anew",
            Self::Behind { .. } => {
                "bring the backup up to date while the ledger runs; `backup restore --accept-loss` takes what there is"
            }
            Self::OtherLedger => "name the target that belongs to this ledger",
            Self::Diverged { .. } => {
                "the ledger was recovered since: keep this target as evidence, and begin a new one"
            }
            Self::Root(_) | Self::KeyFile(_) | Self::DataKey => "give the root key that the ledger was served with",
            Self::NotEmpty { .. } => "choose a directory that is not there yet",
            Self::Moment => {
                "a position like 1200, a time like 2026-11-23T14:05:00Z, a date like 2026-11-23, or how long ago: 2h, 7d"
            }
            Self::NotThere { .. } => "name a moment between the first record and the last",
            Self::Whole { .. } => "serve it",
            Self::Reason => "say why: the reason is recorded",
            Self::NothingLeft => "restore a backup",
            Self::Open(error) => error.hint(),
        }
    }

    pub(super) fn io(path: impl Into<PathBuf>, doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, doing, source }
    }
}
