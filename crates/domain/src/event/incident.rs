//! The events of incidents: what is stopped for a while, who and what is suspected, what was done about it.

use super::Scope;
use crate::ids::{CredentialId, PrincipalId, TimeUs, TokenId};
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

/// Who and what an incident is about. Each list is sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspects {
    /// Whoever acts as these principals.
    #[serde(rename = "prs", default, skip_serializing_if = "Vec::is_empty")]
    pub principals: Vec<PrincipalId>,
    /// Whoever uses these tokens or identities.
    #[serde(rename = "tks", default, skip_serializing_if = "Vec::is_empty")]
    pub tokens: Vec<TokenId>,
    /// Whoever asks from these addresses or networks.
    #[serde(rename = "nws", default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
    /// Credentials that may be known to somebody who should not know them.
    #[serde(rename = "crs", default, skip_serializing_if = "Vec::is_empty")]
    pub credentials: Vec<CredentialId>,
}

/// `incident.opened`: what follows with this event's correlation belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentOpened {
    /// Name.
    #[serde(rename = "nm")]
    pub name: String,
    /// Skeleton.
    #[serde(rename = "sk")]
    pub skeleton: String,
    /// Handle.
    #[serde(rename = "hd")]
    pub handle: String,
    /// From when on it is looked at, µs since 1970.
    #[serde(rename = "si")]
    pub since: TimeUs,
    /// Who and what is suspected.
    #[serde(rename = "su")]
    pub suspects: Suspects,
}

/// `incident.widened`: more is suspected, or it began earlier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentWidened {
    /// Whom and what it did not name before.
    #[serde(rename = "su")]
    pub suspects: Suspects,
    /// From when on it is looked at now; none: as before.
    #[serde(rename = "si", default, skip_serializing_if = "Option::is_none")]
    pub since: Option<TimeUs>,
}

/// `incident.told`: these principals know which of the credentials that they answer for are concerned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StewardsTold {
    /// Who, sorted.
    #[serde(rename = "prs")]
    pub stewards: Vec<PrincipalId>,
    /// Which, sorted.
    #[serde(rename = "crs")]
    pub credentials: Vec<CredentialId>,
}

/// `incident.step_skipped`: a step is left out, for the reason that the event gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepSkipped {
    /// The step, by ids: `rotate:cr_…`.
    #[serde(rename = "stn")]
    pub step: String,
}

impl Suspects {
    /// Nobody and nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Sorts, and keeps each once.
    pub(crate) fn tidy(&mut self) {
        fn tidied<T: Ord>(list: &mut Vec<T>) {
            list.sort_unstable();
            list.dedup();
        }
        tidied(&mut self.principals);
        tidied(&mut self.tokens);
        tidied(&mut self.sources);
        tidied(&mut self.credentials);
    }

    /// These, too.
    pub(crate) fn add(&mut self, more: &Self) {
        self.principals.extend(&more.principals);
        self.tokens.extend(&more.tokens);
        self.sources.extend(more.sources.iter().cloned());
        self.credentials.extend(&more.credentials);
        self.tidy();
    }

    /// Those that others do not name.
    pub(crate) fn without(mut self, others: &Self) -> Self {
        self.principals.retain(|it| !others.principals.contains(it));
        self.tokens.retain(|it| !others.tokens.contains(it));
        self.sources.retain(|it| !others.sources.contains(it));
        self.credentials.retain(|it| !others.credentials.contains(it));
        self
    }
}
