//! Incidents: what is stopped for a while, who and what is suspected, what is to be done.

use crate::written::Written;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// `POST /freezes`: `all`, or some of what can be named. Sorts that are named narrow each other, several of one sort widen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateFreeze {
    /// The whole ledger.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all: bool,
    /// These workspaces.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub workspaces: Vec<String>,
    /// What belongs to these clients.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<String>,
    /// Credentials for these services.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<String>,
    /// Credentials with one of these tags, each as `name=value`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// These credentials.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub credentials: Vec<String>,
    /// What is stopped: `writes`, `serving`; both when left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stops: Vec<String>,
    /// Why; who is stopped reads it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Something that is or was stopped.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Freeze {
    /// Its id.
    pub id: String,
    /// What it stops: `writes`, `serving`.
    pub stops: Vec<String>,
    /// The whole ledger.
    pub all: bool,
    /// Handles of the workspaces that it names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub workspaces: Vec<String>,
    /// Handles of the clients that it names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<String>,
    /// The services that it names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<String>,
    /// The tags that it names, each as `name=value`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Handles of the credentials that it names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub credentials: Vec<String>,
    /// Why.
    pub reason: Option<String>,
    /// Since when.
    pub since: String,
    /// Handle of who froze it.
    pub frozen_by: Option<String>,
    /// When it was lifted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifted_at: Option<String>,
    /// Handle of who lifted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifted_by: Option<String>,
    /// Version of its last change, as in `ETag` and `If-Match`.
    pub etag: u64,
}

/// `GET /freezes`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FreezeQuery {
    /// Also those that were lifted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all: Option<bool>,
    /// Items of a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// What freezing and lifting are answered with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FreezeWritten {
    /// The freeze as it is now.
    pub freeze: Freeze,
    /// The evidence.
    #[serde(flatten)]
    pub written: Written,
}

/// Who and what is suspected.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Suspects {
    /// Whoever acts as these principals.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub principals: Vec<String>,
    /// Whoever uses these tokens or identities: ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tokens: Vec<String>,
    /// Whoever asks from these addresses or networks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
    /// Credentials that may be known to somebody who should not know them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub credentials: Vec<String>,
}

/// `POST /incidents`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenIncident {
    /// Its name, for people.
    pub name: String,
    /// The handle; else made from the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle: Option<String>,
    /// From when on it is looked at: a time (RFC 3339), a date, a position, or how long ago (`2h`).
    pub since: String,
    /// Who and what is suspected; more can be suspected later.
    #[serde(default)]
    pub suspects: Suspects,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `POST /incidents/{handle}/widen`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WidenIncident {
    /// From when on it is looked at, earlier than before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Who and what is suspected, too.
    #[serde(default)]
    pub suspects: Suspects,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `POST /incidents/{handle}/tell`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TellStewards {
    /// Who was told.
    pub stewards: Vec<String>,
    /// How, or what was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `POST /incidents/{handle}/skip`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SkipStep {
    /// The step that is left out, as `steps` names it.
    pub step: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// An incident.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Incident {
    /// Its handle.
    pub handle: String,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `open` or `closed`.
    pub status: String,
    /// From when on it is looked at.
    pub since: String,
    /// Who and what is suspected, by handles where there are some.
    pub suspects: Suspects,
    /// What ties to it what is done about it.
    pub correlation: String,
    /// Why it was opened.
    pub reason: Option<String>,
    /// When.
    pub opened_at: String,
    /// By whom.
    pub opened_by: Option<String>,
    /// When it was closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<String>,
    /// By whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_by: Option<String>,
    /// Version of its last change, as in `ETag` and `If-Match`.
    pub etag: u64,
}

/// One step of an incident.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IncidentStep {
    /// Its name: what it does, and to what.
    pub step: String,
    /// `revoke-token`, `unbind`, `withdraw`, `pause-webhook`, `disable`, `rotate`, `undo`, `tell`.
    pub kind: String,
    /// What it is about.
    pub about: String,
    /// Why it is proposed.
    pub why: String,
    /// `open`; `done` where it holds, whoever did it; `skipped`.
    pub state: String,
    /// The words of the command that does it, behind `strongroom`.
    pub command: Vec<String>,
}

/// `GET /incidents/{handle}`: its timeline, counted, and what is to be done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IncidentInsight {
    /// The incident.
    pub incident: Incident,
    /// Events of its timeline: `GET /audit/events?incident=…` shows them.
    pub events: u64,
    /// Of them, what suspects did.
    pub acts: u64,
    /// When the first was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_at: Option<String>,
    /// When the last was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_at: Option<String>,
    /// Whether all of its timeline was looked at; else the newest 200,000 events.
    pub complete: bool,
    /// How many steps are open.
    pub open: u64,
    /// The steps, in the order in which they are done.
    pub steps: Vec<IncidentStep>,
}

/// `GET /incidents`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct IncidentQuery {
    /// Also closed ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all: Option<bool>,
    /// Items of a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// What opening, changing and closing an incident are answered with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IncidentWritten {
    /// The incident as it is now.
    pub incident: Incident,
    /// The evidence.
    #[serde(flatten)]
    pub written: Written,
}
