//! The events of incidents: what is stopped for a while.

use super::Scope;
use crate::words::Stop;
use serde::{Deserialize, Serialize};

/// `incident.frozen`: something is stopped in a scope until it is lifted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frozen {
    /// Where.
    #[serde(rename = "sp")]
    pub scope: Scope,
    /// What, sorted.
    #[serde(rename = "stp")]
    pub stops: Vec<Stop>,
}
