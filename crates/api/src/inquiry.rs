//! Questions of auditors: why, who could, what it reaches, what differs, what is untidy.

use crate::audit::{Change, Event};
use crate::credential::{UsageUse, WhatIfTouched};
use crate::principal::Grant;
use crate::value::SecretText;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// `GET /audit/explain/{position}`: why it was allowed or denied.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Explained {
    /// The same in a sentence.
    pub text: String,
    /// What was recorded.
    pub event: Event,
    /// `allowed`, or `denied`.
    pub outcome: String,
    /// The grant that decided, the grant by which its giver gave it, and so on to the first.
    pub chain: Vec<ExplainedGrant>,
    /// All grants of the actor that counted then.
    pub in_force: Vec<ExplainedGrant>,
}

/// A grant as it was then, and who held it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExplainedGrant {
    /// Who held it.
    pub holder: Option<String>,
    /// The grant.
    #[serde(flatten)]
    pub grant: Grant,
}

/// `GET /credentials/{handle}/access`: who could come by its values, who did, and who could and never did.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Access {
    /// The credential.
    pub credential: String,
    /// Who could, by handle.
    pub could: Vec<Could>,
    /// Who did, the latest first.
    pub did: Vec<UsageUse>,
    /// Who could and never did.
    pub never: Vec<String>,
    /// Whether all of its history was looked at for `did`.
    pub complete: bool,
}

/// Who could come by a credential's values.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Could {
    /// Who.
    pub principal: String,
    /// How: each by one grant.
    pub means: Vec<Means>,
    /// Whether he has a token or identity that lets him in.
    pub gets_in: bool,
}

/// How somebody could come by values.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Means {
    /// `served` where a template runs, `read` by id, or `break_glass`.
    pub way: String,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// For which template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// By which grant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<String>,
}

/// `GET /audit/impact`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImpactQuery {
    /// What leaked or left: `credential:HANDLE`, `credential:HANDLE@VERSION`, `token:ID`, `principal:HANDLE`, `service:ID`.
    pub of: String,
}

/// What something reaches or reached, and what to rotate first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Impact {
    /// What was asked about.
    pub of: String,
    /// What to rotate, the most urgent first; what was rotated since is left out.
    pub rotate: Vec<ImpactRotate>,
    /// What came out, and whether it was rotated since.
    pub reached: Vec<ImpactReached>,
    /// What stands where, and would break without it.
    pub stands: Vec<WhatIfTouched>,
    /// Places that the asker does not see.
    pub hidden: u32,
    /// Whether all of the history was looked at.
    pub complete: bool,
}

/// What to rotate.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImpactRotate {
    /// The credential.
    pub credential: String,
    /// Why: `leaked`, `revealed`, `served`, `entered`, `could_read`, `could_be_served`.
    pub why: String,
    /// When it was last come by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_at: Option<String>,
}

/// What came out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImpactReached {
    /// The credential; none where the asker may not see it.
    pub credential: Option<String>,
    /// The version.
    pub version: u32,
    /// The current one is another.
    pub rotated_since: bool,
    /// Whether a person saw it.
    pub revealed: bool,
    /// The first time.
    pub first_at: String,
    /// The last time, to the window.
    pub last_at: String,
    /// Records: a lower bound of how often.
    pub records: u64,
}

/// `GET /audit/diff`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DiffQuery {
    /// As it was then: a position, a time (RFC 3339), a date, or how long ago (`7d`).
    pub from: String,
    /// And then; else now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Only this credential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
    /// Only this workspace, with its mappings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// Only things of this kind: `credential`, `client`, `workspace`, `template`, `principal`, `default`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
}

/// What differs between two moments.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Diff {
    /// Records at the first moment.
    pub from: u64,
    /// Records at the second.
    pub to: u64,
    /// What differs, by kind and handle.
    pub items: Vec<Differs>,
}

/// One thing that differs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Differs {
    /// `credential`, `client`, `workspace`, `template`, `principal`, `default`.
    pub kind: String,
    /// Its handle, at the second moment if it was there.
    pub handle: String,
    /// `added`, `removed` or `changed`.
    pub how: String,
    /// What changed; of what was added or removed nothing.
    pub changes: Vec<Change>,
}

/// `GET /hygiene`: what is untidy, by handle.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Hygiene {
    /// Credentials with something to do.
    pub items: Vec<HygieneItem>,
    /// Templates that hold a secret that somebody accepted.
    pub hardcoded: Vec<String>,
}

/// A credential with something to do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HygieneItem {
    /// The credential.
    pub credential: String,
    /// Its name.
    pub name: String,
    /// Who answers for it.
    pub steward: Option<String>,
    /// What is untidy: `duplicate`, `overdue`, `no_steward`, `over_shared`, `unused`, `never_rotated`, `archived_only`,
    /// `unclear_name`.
    pub untidy: Vec<String>,
}

/// `POST /audit/leak-search`: values from a dump, a log, a repository.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchLeaks {
    /// Why; required, here or in `X-Strongroom-Reason`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The values, to the letter; at most 10,000.
    #[schema(value_type = Vec<String>)]
    pub values: Vec<SecretText>,
}

/// What a leak search is answered with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LeakSearch {
    /// The record that says that it was asked.
    pub position: u64,
    /// Of each value, in the order in which they came.
    pub results: Vec<LeakResult>,
}

/// What is known of one value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LeakResult {
    /// `held`, `not_held`, or `not_searchable`: it is so short or plain that it could be guessed, and has no fingerprint.
    pub outcome: String,
    /// Which credentials hold it, and in which version.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<LeakHolder>,
    /// How many more that the asker does not see.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub hidden: u32,
}

/// Who holds a value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LeakHolder {
    /// The credential.
    pub credential: String,
    /// The version.
    pub version: u32,
    /// Whether it is the current one.
    pub current: bool,
    /// `active`, `disabled` or `revoked`.
    pub status: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}
