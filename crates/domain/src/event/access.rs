//! The events of an access stream: what one principal was served or refused.

use super::is_false;
use crate::ids::{CredentialId, CredentialVersion, Position, Revision, TemplateId, TimeUs, WorkspaceId};
use crate::words::Right;
use serde::{Deserialize, Serialize};

/// One variable that was served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Served {
    /// The variable.
    #[serde(rename = "va")]
    pub variable: String,
    /// The credential.
    #[serde(rename = "cr")]
    pub credential: CredentialId,
    /// Its version.
    #[serde(rename = "v")]
    pub version: CredentialVersion,
}

/// `access.accessed`: a workspace's secrets were served; recorded before they left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accessed {
    /// The workspace.
    #[serde(rename = "ws")]
    pub workspace: WorkspaceId,
    /// The template.
    #[serde(rename = "tp")]
    pub template: TemplateId,
    /// The admitted revision.
    #[serde(rename = "rv")]
    pub revision: Revision,
    /// The workflow instance.
    #[serde(rename = "in", default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// What was served.
    #[serde(rename = "us")]
    pub served: Vec<Served>,
    /// Later servings of the same are counted until then, exclusive.
    #[serde(rename = "wu", default, skip_serializing_if = "Option::is_none")]
    pub window_until: Option<TimeUs>,
}

/// How often the same was served again in one window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowCount {
    /// The position of the `accessed` that opened the window.
    #[serde(rename = "ac")]
    pub accessed: Position,
    /// Servings after it.
    #[serde(rename = "cn")]
    pub count: u64,
}

/// `access.counted`: many windows that ended, in one event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// The windows.
    #[serde(rename = "wn")]
    pub windows: Vec<WindowCount>,
}

/// `access.revealed`: a person saw a credential's values; recorded before they left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revealed {
    /// The credential.
    #[serde(rename = "cr")]
    pub credential: CredentialId,
    /// Its version.
    #[serde(rename = "v")]
    pub version: CredentialVersion,
    /// The fields.
    #[serde(rename = "fs")]
    pub fields: Vec<String>,
    /// Who saw it has no `read`: he administers, and broke the glass.
    #[serde(rename = "bg", default, skip_serializing_if = "is_false")]
    pub break_glass: bool,
}

/// `access.denied`: the rights or the client guard said no.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeniedAccess {
    /// The right that was missing.
    #[serde(rename = "ri")]
    pub right: Right,
    /// What was asked for, `workspace:…` or `credential:…` with the id.
    #[serde(rename = "tgt")]
    pub target: String,
    /// Why, as a stable word.
    #[serde(rename = "wy")]
    pub why: String,
    /// How many alike since the last such event (1 for the first).
    #[serde(rename = "cn")]
    pub count: u64,
}

/// `access.refused`: requests without a valid token, many in one event. Nobody knows whose they were.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// When the first of them came.
    #[serde(rename = "nb")]
    pub from: TimeUs,
    /// When the last of them came.
    #[serde(rename = "na")]
    pub until: TimeUs,
    /// How many.
    #[serde(rename = "cn")]
    pub count: u64,
    /// Why they were refused, sorted.
    #[serde(rename = "wys")]
    pub reasons: Vec<RefusedWhy>,
    /// Where most of them came from, the most first; not all.
    #[serde(rename = "ips")]
    pub sources: Vec<RefusedFrom>,
}

/// One reason of [`Refused`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedWhy {
    /// A stable word.
    #[serde(rename = "wy")]
    pub why: String,
    /// How many.
    #[serde(rename = "cn")]
    pub count: u64,
}

/// One source of [`Refused`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedFrom {
    /// The address.
    #[serde(rename = "ip")]
    pub source: String,
    /// How many.
    #[serde(rename = "cn")]
    pub count: u64,
}

/// `access.leak_searched`: somebody asked whether values are held; recorded before he is answered. Which values, and which
/// credentials hold them, is not said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeakSearched {
    /// How many values.
    #[serde(rename = "cn")]
    pub count: u64,
    /// How many of them are long enough to be searched for.
    #[serde(rename = "sb")]
    pub searchable: u64,
    /// How many of them are, or were, a secret field.
    #[serde(rename = "fnd")]
    pub found: u64,
}
