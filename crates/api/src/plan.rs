//! Work on many places at once: what it would touch, and what it did.

use crate::inquiry::{ImpactReached, ImpactRotate};
use crate::value::Pairs;
use crate::written::Written;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `POST /credentials/{handle}/replace`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplaceCredential {
    /// What is to stand in its place.
    pub new: String,
    /// Only in these workspaces; else everywhere, and as the ledger's default.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub workspaces: Vec<String>,
    /// Only say what it would touch.
    #[serde(default)]
    pub dry_run: bool,
    /// `digest` of the plan that was shown: 412 where it is another by now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `POST /undo`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Undo {
    /// The piece of work to change back.
    pub correlation: String,
    /// Only say what it would touch.
    #[serde(default)]
    pub dry_run: bool,
    /// `digest` of the plan that was shown: 412 where it is another by now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `POST /restore`: puts something back to what it was, by changes that are decided now. Exactly one of the four says what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Restore {
    /// The moment: after the record at a position, a time (RFC 3339), a date, or how long ago (`2h`).
    pub to: String,
    /// A credential: values, what is known of it, reach, steward.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
    /// Mappings, defaults and admissions of a workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// A client's credentials, and what its workspaces have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// Mappings, defaults and admissions of all workspaces.
    #[serde(default)]
    pub mappings: bool,
    /// Only say what it would change.
    #[serde(default)]
    pub dry_run: bool,
    /// `digest` of the plan that was shown: 412 where it is another by now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// Why; required but for a dry run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `POST /workspaces/{from}/copy/{to}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CopyWorkspace {
    /// Also where another credential is mapped there.
    #[serde(default)]
    pub overwrite: bool,
    /// Only say what it would touch.
    #[serde(default)]
    pub dry_run: bool,
    /// `digest` of the plan that was shown: 412 where it is another by now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `POST /principals/{handle}/stewardship`: his credentials are given to another.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TransferStewardship {
    /// Who answers for them from then on.
    pub to: String,
    /// Only say what it would touch.
    #[serde(default)]
    pub dry_run: bool,
    /// `digest` of the plan that was shown: 412 where it is another by now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `POST /principals/{handle}/offboard`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Offboard {
    /// Who answers for his credentials from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steward_to: Option<String>,
    /// Only say what it would touch.
    #[serde(default)]
    pub dry_run: bool,
    /// `digest` of the plan that was shown: 412 where it is another by now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `POST /templates/{handle}/setup`: lets it run in many workspaces. Workspaces, clients and environments narrow each
/// other; several of one sort widen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetUp {
    /// In these workspaces.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub workspaces: Vec<String>,
    /// In workspaces of these clients.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<String>,
    /// In workspaces of these environments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environments: Vec<String>,
    /// In each in which you may map, of what the others leave.
    #[serde(default)]
    pub each: bool,
    /// This revision; else the newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u32>,
    /// Which credential is to stand behind a variable; for the others the one that fits is found, where there is one.
    #[serde(default)]
    pub map: Pairs,
    /// Leave out a workspace in which something is missing, instead of refusing the whole.
    #[serde(default)]
    pub skip_incomplete: bool,
    /// Only say what it would touch.
    #[serde(default)]
    pub dry_run: bool,
    /// `digest` of the plan that was shown: 412 where it is another by now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A plan, or what was done. Things are named by handle, where the caller may see them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Planned {
    /// Nothing was changed.
    pub dry_run: bool,
    /// The piece of work, for `undo`; none where nothing was changed.
    pub correlation: Option<String>,
    /// Names the plan, for `expected`; none where it was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// What it touches.
    pub changes: Vec<Change>,
    /// Places that belong to it and that you may not see: with one of them nothing is done.
    #[serde(default)]
    pub hidden: u32,
    /// Of who leaves, in a dry run, to who may `audit`: the values that he came by, and whether they were rotated since.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub saw: Vec<ImpactReached>,
    /// Of who leaves, in a dry run, to who may `audit`: what is to be rotated since he knows it or could, the most urgent first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rotate: Vec<ImpactRotate>,
    /// The evidence.
    #[serde(flatten)]
    pub written: Written,
}

/// One line of a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Change {
    /// `mapping`, `default`, `admission`, `reach`, `steward`, `token`, `grant`, `principal`, or the name of an event.
    pub what: String,
    /// The workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// The template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// The variable, or service and kind of a default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variable: Option<String>,
    /// The workflow instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// The credential, principal, token or grant that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// What stood there.
    pub from: Option<String>,
    /// What stands there then.
    pub to: Option<String>,
    /// `ok`, `kept`, `refused`.
    pub outcome: String,
    /// Why it is kept or refused: a stable word where it is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The same for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Credentials to choose from, the likeliest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fitting: Vec<String>,
}
