//! How the server is doing.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

/// `GET /admin/status`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Status {
    /// The program's version.
    pub version: String,
    /// Name of the ledger.
    pub ledger: String,
    /// The ledger was made by `serve --dev`.
    pub dev: bool,
    /// Records in the log.
    pub records: u64,
    /// The newest checkpoint.
    pub checkpoint: String,
    /// Whether writes are taken.
    pub writing: bool,
    /// When the server was started.
    pub started_at: String,
    /// What else the engine says.
    #[serde(flatten)]
    #[schema(value_type = std::collections::HashMap<String, Value>)]
    pub extra: Map<String, Value>,
}

/// `POST /admin/verify` answers with lines of these, the last with `done`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VerifyProgress {
    /// Records read.
    pub records: u64,
    /// Records in all.
    pub total: u64,
    /// The last line: everything was read, or something is wrong.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub done: bool,
    /// What is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The first bad position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<u64>,
    /// The newest checkpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<String>,
    /// What was checked: how many of each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub report: Option<Value>,
}

/// `PUT /dev/clock` (only `serve --dev`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetClock {
    /// The time to set (RFC 3339); forwards only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<String>,
    /// Or: how many seconds further.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advance_seconds: Option<u64>,
}

/// The clock's time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Clock {
    /// Now (RFC 3339).
    pub now: String,
}

/// `GET /healthz`, `GET /readyz`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// `ok`, or why not.
    pub status: String,
}

/// `GET /admin/backup`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BackupQuery {
    /// Records that the backup has already; none when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<u64>,
}

/// `POST /admin/replay`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReplayQuery {
    /// Random earlier positions at which the state as of then is compared; 100 when left out, at most 1,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub places: Option<u32>,
}
