//! One credential in place of another, everywhere.

use super::{Plan, Step, Touched};
use crate::command::{Command, Ref};
use crate::find;
use crate::ids::{CredentialId, WorkspaceId};
use crate::rejection::Rejection;
use crate::rights::Visible;
use crate::state::State;

pub(super) fn plan(
    state: &State,
    visible: &Visible<'_>,
    old: &str,
    new: &str,
    workspaces: &[Ref],
) -> Result<Plan, Rejection> {
    let old = find::credential(state, visible, old, "/old")?.id;
    let new = find::credential(state, visible, new, "/new")?.id;
    if old == new {
        return Err(Rejection::invalid("/new", "it is the same credential", "name another"));
    }
    let named = |reference: &Ref| find::workspace(state, visible, reference, "/workspaces").map(|it| it.id);
    let only = workspaces.iter().map(named).collect::<Result<Vec<WorkspaceId>, _>>()?;
    let mut swap = Swap {
        state,
        visible,
        old,
        new,
        only,
        plan: Plan::default(),
    };
    swap.mappings();
    swap.defaults();
    Ok(swap.plan)
}

/// The plan while it is made.
struct Swap<'a> {
    state: &'a State,
    visible: &'a Visible<'a>,
    old: CredentialId,
    new: CredentialId,
    /// These workspaces; empty: wherever it stands.
    only: Vec<WorkspaceId>,
    plan: Plan,
}

impl Swap<'_> {
    fn asked_for(&self, id: WorkspaceId) -> bool {
        self.only.is_empty() || self.only.contains(&id)
    }

    fn mappings(&mut self) {
        let (state, old, new) = (self.state, self.old, self.new);
        for installation in state.installations.values() {
            if !self.asked_for(installation.workspace) {
                continue;
            }

            for mapping in installation.mappings.iter().filter(|it| it.credential == old) {
                let Some(workspace) = state.workspaces.get(&installation.workspace) else {
                    continue;
                };
                if !self.visible.workspace(workspace) {
                    self.plan.hidden += 1;
                    continue;
                }
                let touched = Touched::Mapping {
                    workspace: workspace.id,
                    template: installation.template,
                    variable: mapping.variable.clone(),
                    instance: mapping.instance.clone(),
                    from: Some(old),
                    to: Some(new),
                };
                if workspace.archived {
                    self.plan.line(
                        touched,
                        Step::Kept("the workspace is archived: nothing is served in it"),
                    );
                    continue;
                }
                let command = Command::MapVariable {
                    workspace: workspace.id.to_string(),
                    template: installation.template.to_string(),
                    variable: mapping.variable.clone(),
                    instance: mapping.instance.clone(),
                    credential: new.to_string(),
                };
                self.plan.take(touched, command);
            }
        }
    }

    fn defaults(&mut self) {
        let (state, old, new) = (self.state, self.old, self.new);
        for default in state.defaults.values().filter(|it| it.credential == Some(old)) {
            let place = default.key.workspace;
            if !place.map_or(self.only.is_empty(), |id| self.asked_for(id)) {
                continue;
            }
            let workspace = place.and_then(|id| state.workspaces.get(&id));
            if workspace.is_some_and(|it| !self.visible.workspace(it)) {
                self.plan.hidden += 1;
                continue;
            }
            let touched = Touched::Default {
                workspace: place,
                service: default.key.service.clone(),
                kind: default.key.kind,
                from: Some(old),
                to: Some(new),
            };
            if workspace.is_some_and(|it| it.archived) {
                self.plan.line(
                    touched,
                    Step::Kept("the workspace is archived: nothing is served in it"),
                );
                continue;
            }
            let command = Command::SetDefault {
                workspace: place.map(|id| id.to_string()),
                service: default.key.service.clone(),
                kind: default.key.kind,
                credential: new.to_string(),
            };
            self.plan.take(touched, command);
        }
    }
}
