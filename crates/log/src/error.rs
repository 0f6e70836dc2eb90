//! What can go wrong: reading a store, and opening a directory.

use std::io;
use std::path::{Path, PathBuf};

use strongroom_proof::record::RecordError;

use crate::{SlotError, Space};

/// A row could not be read, or is not what it must be.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The engine failed, as it does when a block's checksum does not match its bytes.
    #[error("the database failed")]
    Engine(#[from] fjall::Error),
    /// A record below the head is not there.
    #[error("no record at position {position}, below the head")]
    Hole {
        /// The first position without a record.
        position: u64,
    },
    /// A record that does not parse, or whose digests do not match its bytes.
    #[error("the record at position {position} is damaged")]
    Record {
        /// Where it lies.
        position: u64,
        /// What is wrong with it.
        source: RecordError,
    },
    /// A full tile that is absent, or has not 8,192 bytes.
    #[error("tile {level}/{index} of the tree is absent or damaged")]
    Tile {
        /// Tile level.
        level: u8,
        /// Index in the level.
        index: u64,
    },
    /// A table whose file has other bytes than were written.
    #[error("table {number} of keyspace {space} has other bytes than were written")]
    Table {
        /// The keyspace.
        space: Space,
        /// The engine's number of the table: the name of its file.
        number: u64,
    },
    /// A key that has not the length of its keyspace's keys.
    #[error("keyspace {space} holds a key of {found} bytes")]
    Key {
        /// The keyspace.
        space: Space,
        /// Bytes of the key.
        found: usize,
    },
}

impl StoreError {
    /// What is wrong with the files, in words: absent, cut, or other bytes than their checksums say. None where it is the
    /// machine that failed.
    #[must_use]
    pub fn damage(&self) -> Option<String> {
        match self {
            Self::Engine(error) => engine_damage(error).map(str::to_owned),
            other => Some(other.to_string()),
        }
    }
}

/// fjall's errors print themselves as code; here are words for those that damaged files come to.
fn engine_damage(error: &fjall::Error) -> Option<&'static str> {
    match error {
        fjall::Error::Io(error) | fjall::Error::Storage(fjall::LsmError::Io(error)) => match error.kind() {
            io::ErrorKind::NotFound => Some("a file of it is absent"),
            io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
                Some("a file of it is cut or damaged")
            }
            _ => None,
        },
        fjall::Error::Storage(fjall::LsmError::ChecksumMismatch { .. }) => {
            Some("a block's checksum does not match its bytes")
        }
        fjall::Error::Storage(_) => Some("a table or version file is damaged"),
        fjall::Error::InvalidVersion(_) => Some("its version marker is damaged"),
        fjall::Error::JournalRecovery(_)
        | fjall::Error::InvalidTrailer
        | fjall::Error::InvalidTag(_)
        | fjall::Error::Decompress(_) => Some("a journal is damaged"),
        fjall::Error::Unrecoverable => Some("files that it needs are absent or damaged"),
        _ => None,
    }
}

/// Why a data directory is not opened. Each has a stable [`OpenError::code`].
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has the directory open.
    #[error("{} is in use by another process", .dir.display())]
    Locked {
        /// The data directory.
        dir: PathBuf,
    },
    /// There is no such directory.
    #[error("there is no directory {}", .dir.display())]
    NoDirectory {
        /// The data directory.
        dir: PathBuf,
    },
    /// Nothing was ever begun here, and the caller did not ask for a birth.
    #[error("{} holds no ledger", .dir.display())]
    NoLedger {
        /// The data directory.
        dir: PathBuf,
    },
    /// Anchor or database without a key file.
    #[error("{} has a ledger but no key file", .dir.display())]
    KeyFileMissing {
        /// The data directory.
        dir: PathBuf,
    },
    /// The key file is older than the one that the anchor knows.
    #[error("the key file has sequence {found}, but {anchored} was in use")]
    KeyFileOld {
        /// Sequence in the anchor.
        anchored: u64,
        /// Sequence in the key file.
        found: u64,
    },
    /// Anchor and key file are not of the same ledger and incarnation.
    #[error("anchor and key file belong to different ledgers or incarnations")]
    Mixed,
    /// A database without a valid anchor.
    #[error("{} has no valid anchor beside its ledger", .dir.display())]
    AnchorMissing {
        /// The data directory.
        dir: PathBuf,
        /// Why each slot that is there is not valid.
        slots: Vec<SlotError>,
    },
    /// A database was here, as the key file or the anchor says, and is gone.
    #[error("{} has no log any more: its key file says that its birth was finished", .dir.display())]
    LogMissing {
        /// The data directory.
        dir: PathBuf,
    },
    /// The slot that counts was not written with this ledger's anchor key.
    #[error("the anchor (size {size}) was not written with this ledger's key")]
    AnchorForged {
        /// The size that the slot claims.
        size: u64,
    },
    /// Fewer records than were acknowledged, as after a journal cut at a damaged entry.
    #[error("the log holds {found} records, but {anchored} were acknowledged")]
    LogShorter {
        /// Records acknowledged.
        anchored: u64,
        /// Records found: the highest position + 1.
        found: u64,
        /// Where the journals lie as they were found.
        journals: Option<PathBuf>,
    },
    /// Other records than those that were acknowledged, or more of them behind a clean stop.
    #[error("the log of {found} records is not the one of which {anchored} were acknowledged")]
    LogDiffers {
        /// The size at which the roots were compared.
        anchored: u64,
        /// Records found.
        found: u64,
        /// Where the journals lie as they were found.
        journals: Option<PathBuf>,
    },
    /// A record (or, found by the ledger, a wrapped key) is absent or damaged below the head.
    #[error("position {position} of {found} is absent or damaged ({anchored} were acknowledged)")]
    LogHole {
        /// The first position that is absent or damaged.
        position: u64,
        /// Records acknowledged.
        anchored: u64,
        /// Records found: the highest position + 1.
        found: u64,
        /// Where the journals lie as they were found.
        journals: Option<PathBuf>,
        /// What is wrong with it.
        #[source]
        source: StoreError,
    },
    /// fjall refuses a journal, and its end is not the place of the damage.
    #[error("a journal of the database is damaged")]
    JournalDamaged {
        /// Records acknowledged.
        anchored: u64,
        /// Where the journals lie as they were found.
        journals: Option<PathBuf>,
        /// What fjall says.
        #[source]
        source: fjall::Error,
    },
    /// Files of the database are absent or damaged; what fjall would make of it is not tried.
    #[error("the database in {} is damaged: {what}", .dir.display())]
    DatabaseDamaged {
        /// The database's directory.
        dir: PathBuf,
        /// Records acknowledged.
        anchored: u64,
        /// What is wrong.
        what: String,
        /// Where the journals lie as they were found.
        journals: Option<PathBuf>,
    },
    /// Reading the database failed while it was checked.
    #[error("the database could not be read")]
    Store(#[from] StoreError),
    /// A file could not be read or written.
    #[error("could not {doing} {}", .path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}

impl OpenError {
    pub(crate) fn io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io {
            doing,
            path: path.to_owned(),
            source,
        }
    }

    /// The stable name of the refusal.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Locked { .. } => "locked",
            Self::NoDirectory { .. } => "no_directory",
            Self::NoLedger { .. } => "no_ledger",
            Self::KeyFileMissing { .. } => "key_file_missing",
            Self::KeyFileOld { .. } => "key_file_old",
            Self::Mixed => "ledger_mixed",
            Self::AnchorMissing { .. } => "anchor_missing",
            Self::LogMissing { .. } => "log_missing",
            Self::AnchorForged { .. } => "anchor_forged",
            Self::LogShorter { .. } => "log_shorter",
            Self::LogDiffers { .. } => "log_differs",
            Self::LogHole { .. } => "log_hole",
            Self::JournalDamaged { .. } => "journal_damaged",
            Self::DatabaseDamaged { .. } => "database_damaged",
            Self::Store(_) => "storage",
            Self::Io { .. } => "io",
        }
    }

    /// Where the journals lie as they were found, when they were copied.
    #[must_use]
    pub fn journals(&self) -> Option<&Path> {
        match self {
            Self::LogShorter { journals, .. }
            | Self::LogDiffers { journals, .. }
            | Self::LogHole { journals, .. }
            | Self::JournalDamaged { journals, .. }
            | Self::DatabaseDamaged { journals, .. } => journals.as_deref(),
            _ => None,
        }
    }

    /// What a person can do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Locked { .. } => "stop the other process, or ask it instead",
            Self::NoDirectory { .. } | Self::NoLedger { .. } => "check --data, or make a ledger with `strongroom init`",
            Self::KeyFileMissing { .. } => "put the ledger's newest key file back",
            Self::KeyFileOld { .. } => "put the ledger's newest key file back; an older one lacks keys",
            Self::Mixed => "put back the key file and the anchor of the same ledger",
            Self::AnchorMissing { .. } => {
                "put the anchor file back, or restore a backup; `strongroom recover --accept-loss` goes on with what is whole"
            }
            Self::LogMissing { .. } => {
                "restore the data directory from a backup; a new ledger begins in a directory of its own, never \
                 under these keys"
            }
            Self::AnchorForged { .. } => {
                "somebody wrote the anchor without the ledger's keys: keep the directory as evidence, and restore a \
                 backup; `strongroom recover --accept-loss` goes on with what is whole"
            }
            Self::LogShorter { .. }
            | Self::LogDiffers { .. }
            | Self::LogHole { .. }
            | Self::JournalDamaged { .. }
            | Self::DatabaseDamaged { .. } => {
                "keep the directory and the copied journals, and restore a backup; `strongroom recover --accept-loss` \
                 goes on with what is whole, where no backup reaches further"
            }
            Self::Store(_) | Self::Io { .. } => "check the disk and the permissions of the data directory",
        }
    }
}
