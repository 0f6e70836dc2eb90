//! Four eyes: approvals, and the policy that asks for them.

use crate::written::Written;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// An approval: asked for by one, given by another, used once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Approval {
    /// Its id; what `X-Strongroom-Approval` names.
    pub id: String,
    /// `pending`, `approved`, `declined`, `used` or `expired`.
    pub status: String,
    /// What sort of act: `reveal`, `revoke_in_use`, `owners` or `policy`.
    pub act: String,
    /// Handle of the credential or principal that it is done to; else `ledger`.
    pub target: Option<String>,
    /// What exactly: the approval is good for this and nothing else.
    pub exactly: String,
    /// Why, in the words of who asked.
    pub reason: Option<String>,
    /// Handle of who asked.
    pub requested_by: Option<String>,
    /// When.
    pub requested_at: String,
    /// Handle of who approved or declined.
    pub judged_by: Option<String>,
    /// Until when it can be approved and used.
    pub expires_at: String,
    /// Version of its last change, as in `ETag` and `If-Match`.
    pub etag: u64,
}

/// `GET /approvals`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ApprovalQuery {
    /// Also those that are declined, used or expired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all: Option<bool>,
    /// Items of a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// What approving and declining are answered with; and, with status 202, a request that asked for an approval.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApprovalWritten {
    /// The approval as it is now.
    pub approval: Approval,
    /// The evidence.
    #[serde(flatten)]
    pub written: Written,
}

/// What the ledger asks of everybody.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Policy {
    /// The acts that take four eyes.
    pub four_eyes: Vec<String>,
    /// Version of its last change, as in `ETag` and `If-Match`; 0 before the first.
    pub etag: u64,
}

/// `PUT /policy`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetPolicy {
    /// The acts that take four eyes from now on: `reveal`, `revoke_in_use`, `owners`.
    pub four_eyes: Vec<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What setting the policy is answered with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PolicyWritten {
    /// The policy as it is now.
    pub policy: Policy,
    /// The evidence.
    #[serde(flatten)]
    pub written: Written,
}
