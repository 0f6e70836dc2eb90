//! What every write is answered with.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The evidence of a write; stands in the answer beside what the write made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Written {
    /// Position of the first event; null when nothing changed.
    pub position: Option<u64>,
    /// Signed checkpoint (C2SP signed note) of a log that holds the events.
    pub checkpoint: String,
    /// Events that the write appended.
    #[serde(default)]
    pub events: u32,
    /// The request was done before: this answer was made again from the log.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replayed: bool,
    /// What the caller should know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// A change that makes nothing new: what it changed, by handle and id.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ThingWritten {
    /// Its handle.
    pub handle: String,
    /// Its id.
    pub id: String,
    /// Version of its last change by a person, as in `ETag` and `If-Match`.
    pub etag: u64,
    /// The evidence.
    #[serde(flatten)]
    pub written: Written,
}

/// A write that needs no more than a reason.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Because {
    /// Why, in the caller's words; kept in the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
