//! Refusals of a right, as they are answered and recorded.

use crate::ids::CredentialId;
use crate::words::Right;
use std::fmt;

/// Why a right was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeniedWhy {
    /// No grant gives it.
    NoGrant,
    /// A grant denies it.
    DeniedByGrant,
    /// The principal is disabled or unknown.
    PrincipalDisabled,
    /// The token was revoked or has ended.
    TokenEnded,
    /// The token may only make named owners.
    OwnersOnly,
    /// The credential belongs to another client.
    ClientGuard,
    /// The token is another run's.
    RunToken,
    /// Serving is frozen.
    Frozen,
}

impl DeniedWhy {
    /// The stable word, as it is recorded.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoGrant => "no_grant",
            Self::DeniedByGrant => "denied_by_grant",
            Self::PrincipalDisabled => "principal_disabled",
            Self::TokenEnded => "token_ended",
            Self::OwnersOnly => "owners_only",
            Self::ClientGuard => "client_guard",
            Self::RunToken => "run_token",
            Self::Frozen => "frozen",
        }
    }
}

/// A right that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    /// The right.
    pub right: Right,
    /// What for, `workspace:ws_…`, `credential:cr_…`, `ledger`.
    pub target: String,
    /// Why.
    pub why: DeniedWhy,
}

impl Denied {
    /// The client guard's refusal of a credential.
    #[must_use]
    pub fn client_guard(credential: CredentialId) -> Self {
        Self {
            right: Right::Use,
            target: format!("credential:{credential}"),
            why: DeniedWhy::ClientGuard,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self.why {
            DeniedWhy::NoGrant => "ask an administrator for a grant",
            DeniedWhy::DeniedByGrant => "a grant denies it, whatever others give",
            DeniedWhy::PrincipalDisabled | DeniedWhy::TokenEnded => "ask an administrator for a new token",
            DeniedWhy::OwnersOnly => "make a principal, grant it `owner`, issue its token, and use that",
            DeniedWhy::ClientGuard => "use a credential of the workspace's client, or share this one explicitly",
            DeniedWhy::RunToken => "a run's token is served its own run's secrets; ask by the token that issued it",
            DeniedWhy::Frozen => "an administrator lifts the freeze",
        }
    }
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let right = self.right;
        match self.why {
            DeniedWhy::NoGrant => write!(f, "no grant of yours gives `{right}` here"),
            DeniedWhy::DeniedByGrant => write!(f, "a grant denies you `{right}` here"),
            DeniedWhy::PrincipalDisabled => write!(f, "the principal is disabled"),
            DeniedWhy::TokenEnded => write!(f, "the token was revoked or has ended"),
            DeniedWhy::OwnersOnly => write!(f, "this token may only make named owners"),
            DeniedWhy::ClientGuard => write!(f, "the credential belongs to another client"),
            DeniedWhy::RunToken => write!(f, "the token is for one run only, and this is not of it"),
            DeniedWhy::Frozen => write!(f, "serving is frozen here"),
        }
    }
}
