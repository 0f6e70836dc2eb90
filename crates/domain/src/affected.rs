//! Whom a revision of a template affects: which workspaces that run it would lack a credential, before it is admitted there.

use crate::event::Variable;
use crate::ids::{CredentialId, Revision, TimeUs, WorkspaceId};
use crate::resolve::{chosen, reaching, suitable};
use crate::rights::{Target, Visible};
use crate::state::{Credential, RevisionFact, State, Template};
use crate::words::Right;

/// A workspace that could not run a revision as things stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lacking {
    /// Which.
    pub workspace: WorkspaceId,
    /// The revision that runs there.
    pub admitted: Revision,
    /// Required variables behind which nothing stands, and what would fit, the likeliest first.
    pub missing: Vec<(Variable, Vec<CredentialId>)>,
}

/// Whom a revision affects, as far as the asker may see.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Affected {
    /// Workspaces in which something is missing.
    pub lacking: Vec<Lacking>,
    /// Workspaces that could run it at once, or do.
    pub ready: usize,
    /// Workspaces in which something is missing and that the asker may not see; counted for those who make templates, so
    /// that a client's people do not learn how many others run it.
    pub hidden: usize,
}

/// Says of each workspace that runs a template whether it could run this revision, before it is admitted there.
#[must_use]
pub fn affected(
    state: &State,
    visible: &Visible<'_>,
    template: &Template,
    revision: &RevisionFact,
    now: TimeUs,
) -> Affected {
    let mut affected = Affected::default();
    let counts = visible.may(Right::Design, Target::Ledger);
    let required: Vec<(&Variable, Vec<&Credential>)> = revision
        .variables
        .iter()
        .filter(|it| it.required)
        .map(|it| (it, suitable(state, it, visible, now)))
        .collect();
    let here = state.installations.values().filter(|it| it.template == template.id);
    for installation in here {
        let (Some(admitted), Some(workspace)) = (installation.revision, state.workspaces.get(&installation.workspace))
        else {
            continue;
        };
        if workspace.archived {
            continue;
        }
        let stands = |it: &Variable| chosen(state, workspace, &installation.mappings, None, it, now).is_some();
        let missing: Vec<_> = required.iter().filter(|(it, _)| !stands(it)).collect();
        match (missing.is_empty(), visible.workspace(workspace)) {
            (true, true) => affected.ready += 1,
            (true, false) => {}
            (false, false) => affected.hidden += usize::from(counts),
            (false, true) => affected.lacking.push(Lacking {
                workspace: workspace.id,
                admitted,
                missing: missing
                    .into_iter()
                    .map(|(it, suitable)| ((*it).clone(), reaching(it, suitable, workspace)))
                    .collect(),
            }),
        }
    }
    affected
}
