//! Which credential stands behind a variable, and why.

use crate::event::{Served, Variable};
use crate::ids::{CredentialId, CredentialVersion, Revision, TemplateId, TimeUs, WorkspaceId};
use crate::rejection::{MissingVariable, Rejection};
use crate::rights::Visible;
use crate::state::{Credential, State, Template, Workspace};
use crate::words::Step;
use std::fmt;

/// Why a credential does not fit a variable in a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhyNot {
    /// It is for another service.
    Service,
    /// It is of a kind that the variable does not accept.
    Kind,
    /// It lacks scopes.
    Scopes {
        /// Those.
        missing: Vec<String>,
    },
    /// It belongs to another client than the workspace and is not shared with it.
    ClientGuard,
    /// It does not reach the workspace.
    OutOfReach,
    /// It is disabled.
    Disabled,
    /// It is revoked or shredded.
    Revoked,
    /// Its values have ended.
    Expired,
}

impl WhyNot {
    /// The stable word.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Kind => "kind",
            Self::Scopes { .. } => "scopes",
            Self::ClientGuard => "client_guard",
            Self::OutOfReach => "out_of_reach",
            Self::Disabled => "disabled",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Service | Self::Kind => "choose a credential of the service and kind that the variable declares",
            Self::Scopes { .. } => "choose a credential that has these scopes",
            Self::ClientGuard => "use a credential of the workspace's client, or share this one explicitly",
            Self::OutOfReach => "share the credential with the workspace, or choose another",
            Self::Disabled => "enable the credential, or choose another",
            Self::Revoked => "choose another credential: this is final",
            Self::Expired => "rotate the credential, or choose another",
        }
    }
}

impl fmt::Display for WhyNot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service => f.write_str("it is for another service"),
            Self::Kind => f.write_str("it is of another kind"),
            Self::Scopes { missing } => write!(f, "it lacks the scopes {}", missing.join(", ")),
            Self::ClientGuard => f.write_str("it belongs to another client than the workspace"),
            Self::OutOfReach => f.write_str("it does not reach the workspace"),
            Self::Disabled => f.write_str("it is disabled"),
            Self::Revoked => f.write_str("it is revoked"),
            Self::Expired => f.write_str("its values have ended"),
        }
    }
}

/// A credential that a step named and that was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassedOver {
    /// The step that named it.
    pub step: Step,
    /// Which; none when the asker may not see it.
    pub credential: Option<CredentialId>,
    /// Why not.
    pub why: WhyNot,
}

/// Why a variable has no credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingWhy {
    /// Nothing is mapped and no default is set.
    NotMapped,
    /// All that was named does not fit (any more).
    NothingFits,
    /// Several defaults of one step fit: none is chosen silently.
    Ambiguous,
}

impl MissingWhy {
    /// The stable word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotMapped => "not_mapped",
            Self::NothingFits => "nothing_fits",
            Self::Ambiguous => "ambiguous",
        }
    }
}

/// What became of a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A credential stands behind it.
    Chosen {
        /// Which.
        credential: CredentialId,
        /// Its current version.
        version: CredentialVersion,
        /// The step that named it.
        step: Step,
        /// What more specific steps named.
        passed_over: Vec<PassedOver>,
    },
    /// None does, and the variable is required.
    Missing {
        /// Why.
        why: MissingWhy,
        /// What was named.
        passed_over: Vec<PassedOver>,
        /// What would fit, among what the asker may see; the workspace's client's first.
        fitting: Vec<CredentialId>,
    },
    /// None does, and none is required.
    Unset {
        /// What was named.
        passed_over: Vec<PassedOver>,
    },
}

/// A variable and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedVariable {
    /// The variable as the admitted revision declares it.
    pub variable: Variable,
    /// What became of it.
    pub outcome: Outcome,
}

/// The answer for one workspace and template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The template.
    pub template: TemplateId,
    /// The admitted revision.
    pub revision: Revision,
    /// The digest of its document.
    pub digest: [u8; 32],
    /// Every variable, in the revision's order.
    pub variables: Vec<ResolvedVariable>,
}

impl Resolution {
    /// What would be served, in the revision's order.
    #[must_use]
    pub fn served(&self) -> Vec<Served> {
        Vec::new()
    }

    /// What is required and missing, as a rejection shows it; empty when all is there.
    #[must_use]
    pub fn missing(&self, _state: &State) -> Vec<MissingVariable> {
        Vec::new()
    }
}

/// Says for every variable of the admitted revision which credential stands behind it, and why.
///
/// `visible` is the asker's: what he may not see is passed over without a name and never proposed.
///
/// # Errors
/// [`Rejection::NotAdmitted`]. A missing variable is no error here: see [`Resolution::missing`].
pub fn resolve(
    _state: &State,
    _workspace: &Workspace,
    template: &Template,
    _instance: Option<&str>,
    _visible: &Visible<'_>,
    _now: TimeUs,
) -> Result<Resolution, Rejection> {
    Err(Rejection::NotAdmitted {
        newest: template.revisions.last().map_or(0, |revision| revision.revision),
    })
}

/// Whether a credential could stand behind a variable in a workspace.
///
/// # Errors
/// The first reason against it.
pub fn fits(
    _variable: &Variable,
    _credential: &Credential,
    _workspace: &Workspace,
    _now: TimeUs,
) -> Result<(), WhyNot> {
    Ok(())
}

/// The credentials that fit, among the visible; the workspace's client's first, then by handle.
#[must_use]
pub fn fitting(
    _state: &State,
    _variable: &Variable,
    _workspace: &Workspace,
    _visible: &Visible<'_>,
    _now: TimeUs,
) -> Vec<CredentialId> {
    Vec::new()
}

/// Whether a credential may be used in a workspace: all when it belongs to no client, else its client's; wider only
/// where it was shared.
#[must_use]
pub fn reaches(credential: &Credential, workspace: &Workspace) -> bool {
    let Some(owner) = credential.client else { return true };
    let reach = &credential.reach;
    workspace.client == Some(owner)
        || reach.all
        || reach.workspaces.contains(&workspace.id)
        || workspace.client.is_some_and(|client| reach.clients.contains(&client))
}
