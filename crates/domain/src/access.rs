//! Who could come by a credential's values, and what a principal could come by: asked of the rights as they stand in a state.
//!
//! Costs one check for each principal, and for each place where the credential stands.

use crate::context::Caller;
use crate::ids::{GrantId, PrincipalId, TemplateId, TimeUs, WorkspaceId};
use crate::rights::{Target, Visible, has_token, visible};
use crate::state::{Credential, Principal, State};
use crate::words::Right;

/// How somebody could come by the values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Means {
    /// He is served them where a template runs.
    Served {
        /// In this workspace.
        workspace: WorkspaceId,
        /// For this template.
        template: TemplateId,
        /// By this grant.
        grant: Option<GrantId>,
    },
    /// He may read them by id.
    Read {
        /// By this grant.
        grant: Option<GrantId>,
    },
    /// He administers, and could break the glass.
    BreakGlass {
        /// By this grant.
        grant: Option<GrantId>,
    },
}

/// One principal who could.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Could {
    /// Who.
    pub principal: PrincipalId,
    /// How; never empty.
    pub means: Vec<Means>,
    /// Whether he has a token or identity that lets him in now.
    pub gets_in: bool,
}

/// Where a credential stands behind a variable: mapped, or by a default for its service and kind.
#[must_use]
pub fn places(state: &State, credential: &Credential) -> Vec<(WorkspaceId, TemplateId)> {
    let default_of = |workspace: Option<WorkspaceId>| {
        state.defaults.values().any(|it| {
            it.credential == Some(credential.id)
                && it.key.workspace == workspace
                && it.key.service == credential.service
                && it.key.kind == credential.kind
        })
    };
    let everywhere = default_of(None);
    let stands = state.installations.values().filter(|installation| {
        installation
            .mappings
            .iter()
            .any(|mapping| mapping.credential == credential.id)
            || (everywhere || default_of(Some(installation.workspace)))
                && state.templates.get(&installation.template).is_some_and(|template| {
                    let admitted = template
                        .revisions
                        .iter()
                        .find(|fact| Some(fact.revision) == installation.revision);
                    admitted.is_some_and(|fact| fact.variables.iter().any(|it| it.service == credential.service))
                })
    });
    stands
        .map(|installation| (installation.workspace, installation.template))
        .collect()
}

/// All who could come by the values, by id.
#[must_use]
pub fn who_could(state: &State, credential: &Credential, now: TimeUs) -> Vec<Could> {
    let places = places(state, credential);
    let one = |principal: &Principal| {
        let means = means_of(&seen_by(state, principal, now), credential, &places);
        (!means.is_empty()).then(|| Could {
            principal: principal.id,
            means,
            gets_in: has_token(principal, &[], now) || principal.identities.iter().any(|it| it.unbound_at.is_none()),
        })
    };
    state
        .principals
        .values()
        .filter_map(|principal| one(principal))
        .collect()
}

/// How one principal could come by a credential's values.
#[must_use]
pub fn how(state: &State, principal: &Principal, credential: &Credential, now: TimeUs) -> Vec<Means> {
    means_of(&seen_by(state, principal, now), credential, &places(state, credential))
}

fn seen_by<'s>(state: &'s State, principal: &Principal, now: TimeUs) -> Visible<'s> {
    let caller = Caller {
        principal: principal.id,
        token: None,
        on_behalf_of: None,
    };
    visible(state, &caller, now)
}

fn means_of(seen: &Visible<'_>, credential: &Credential, places: &[(WorkspaceId, TemplateId)]) -> Vec<Means> {
    let mut means = Vec::new();
    for (workspace, template) in places {
        let within = seen.authorize(Right::Resolve, Target::Within(*workspace, Some(credential)));
        if let (Ok(allowed), Ok(_)) = (seen.authorize(Right::Resolve, Target::Workspace(*workspace)), within) {
            means.push(Means::Served {
                workspace: *workspace,
                template: *template,
                grant: allowed.grant(),
            });
        }
    }
    match seen.reads(credential, true) {
        Ok((allowed, false)) => means.push(Means::Read { grant: allowed.grant() }),
        Ok((allowed, true)) => means.push(Means::BreakGlass { grant: allowed.grant() }),
        Err(_) => {}
    }
    means
}
