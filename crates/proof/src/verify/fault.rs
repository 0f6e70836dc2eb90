//! What can be wrong with a log: where, and which check.

use crate::Hash;
use crate::dump::DumpError;
use crate::note::NoteError;
use crate::plain::PlainError;
use crate::record::RecordError;

/// Why a log is not whole.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// A record is wrong, or does not fit those before it.
    #[error("position {position}: {fault}")]
    Record {
        /// The first position that is wrong.
        position: u64,
        /// What is wrong.
        fault: RecordFault,
    },
    /// The log is not the one that a checkpoint speaks of.
    #[error("checkpoint of size {size}: {fault}")]
    Checkpoint {
        /// The checkpoint's size.
        size: u64,
        /// What is wrong.
        fault: CheckpointFault,
    },
    /// A dump that does not begin at position 0 has no tree to check.
    #[error("the dump begins at position {first}, not at 0")]
    NotWhole {
        /// The dump's first position.
        first: u64,
    },
    /// The dump can't be read.
    #[error(transparent)]
    Dump(#[from] DumpError),
}

impl VerifyError {
    /// Returns the first position that is wrong, where one record is.
    #[must_use]
    pub const fn position(&self) -> Option<u64> {
        match self {
            Self::Record { position, .. }
            | Self::Dump(DumpError::Cut { position } | DumpError::RecordLen { position, .. }) => Some(*position),
            _ => None,
        }
    }

    /// Returns the name of the check that failed, for programs.
    #[must_use]
    pub const fn check(&self) -> &'static str {
        match self {
            Self::Record { fault, .. } => fault.check(),
            Self::Checkpoint { fault, .. } => fault.check(),
            Self::NotWhole { .. } | Self::Dump(_) => "dump",
        }
    }
}

/// What is wrong with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordFault {
    /// Structure or digests.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The first record has no plain part, so that no key is known; or there is no record.
    #[error("the log does not begin with a plain part")]
    NoPlain,
    /// The first record speaks of an incarnation or a key before it.
    #[error("the first record speaks of keys before it")]
    First,
    /// A plain part that does not parse, or whose key change is not signed by the key before.
    #[error(transparent)]
    Plain(#[from] PlainError),
    /// A record of the ledger's category in another stream, or a plain part in another category.
    #[error("the record is not in the ledger's stream, but should be")]
    Place,
    /// A plain part of another ledger.
    #[error("the plain part is of another ledger")]
    LedgerId,
    /// Origin or incarnation changed without `recovered`, or `recovered` kept an old incarnation.
    #[error("the incarnation must be new in a recovered ledger, and the same in any other record")]
    Incarnation,
    /// `recovered` kept the signing key, or a signature stands where no key changed.
    #[error("the signing key must change where a key change is signed or a ledger recovered")]
    Key,
    /// `recovered` does not stand where the log that was kept ends.
    #[error("the size kept is {found}, which is not the record's position")]
    Kept {
        /// The size in the record.
        found: u64,
    },
    /// The checkpoint of the incarnation before is not one of it.
    #[error("the checkpoint of the incarnation before is not valid")]
    KeptCheckpoint,
    /// An epoch is announced that is not above all epochs before.
    #[error("history epoch {found} is announced again or too late")]
    EpochAgain {
        /// The epoch announced.
        found: u32,
    },
    /// A record of an epoch that was not announced up to here.
    #[error("history epoch {found} was not announced")]
    EpochUnknown {
        /// The record's epoch.
        found: u32,
    },
    /// A stream's versions have a gap or a repetition.
    #[error("stream version {found} stands where {expected} belongs")]
    StreamVersion {
        /// The version that belongs here.
        expected: u64,
        /// The record's.
        found: u64,
    },
    /// Time decreased.
    #[error("recorded at {found_us} µs, before the record before it at {before_us} µs")]
    Time {
        /// Time of the record before.
        before_us: u64,
        /// The record's.
        found_us: u64,
    },
    /// An event id for the second time.
    #[error("the event id stands in an earlier record")]
    EventIdAgain,
}

impl RecordFault {
    /// Returns the name of the check that failed, for programs.
    #[must_use]
    pub const fn check(&self) -> &'static str {
        match self {
            Self::Record(RecordError::Digest { .. }) => "digest",
            Self::Record(_) => "structure",
            Self::StreamVersion { .. } => "stream_version",
            Self::Time { .. } => "time",
            Self::EventIdAgain => "event_id",
            Self::NoPlain
            | Self::First
            | Self::Plain(_)
            | Self::Place
            | Self::LedgerId
            | Self::Incarnation
            | Self::Key
            | Self::Kept { .. }
            | Self::KeptCheckpoint
            | Self::EpochAgain { .. }
            | Self::EpochUnknown { .. } => "keys",
        }
    }
}

/// How a log and a checkpoint differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointFault {
    /// The log ends before the checkpoint's size.
    #[error("the log has only {found} records")]
    Short {
        /// Records in the log.
        found: u64,
    },
    /// The log has another size than its last checkpoint.
    #[error("the log has {found} records")]
    Size {
        /// Records in the log.
        found: u64,
    },
    /// The records are others than those signed.
    #[error("the root of the log is {found}, not {expected}")]
    Root {
        /// The checkpoint's root.
        expected: Hash,
        /// The root over the records.
        found: Hash,
    },
    /// Not a note, or not signed by the key named in it.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// No key that the log announces for this origin and size has signed.
    #[error("not signed by a key that counts for this origin and size")]
    Key,
}

impl CheckpointFault {
    /// Returns the name of the check that failed, for programs.
    #[must_use]
    pub const fn check(&self) -> &'static str {
        match self {
            Self::Short { .. } | Self::Size { .. } => "size",
            Self::Root { .. } => "root",
            Self::Note(_) | Self::Key => "note",
        }
    }
}
