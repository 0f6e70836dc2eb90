//! The events of approvals, and of the policy that asks for them.

use crate::ids::TimeUs;
use crate::words::Act;
use serde::{Deserialize, Serialize};

/// `approval.requested`: somebody asks that another looks at what he is about to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalRequested {
    /// What sort of act.
    #[serde(rename = "act")]
    pub act: Act,
    /// What it is done to, `credential:…`, `principal:…` with the id, or `ledger`.
    #[serde(rename = "tgt")]
    pub target: String,
    /// What exactly: the approval is good for this and nothing else.
    #[serde(rename = "bnd")]
    pub bound: String,
    /// Until when it can be approved and used.
    #[serde(rename = "ex")]
    pub expires_at: TimeUs,
}

/// `policy.four_eyes_set`: which acts take four eyes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FourEyesSet {
    /// Until now, sorted.
    #[serde(rename = "bf")]
    pub before: Vec<Act>,
    /// From now on, sorted.
    #[serde(rename = "af")]
    pub after: Vec<Act>,
}
