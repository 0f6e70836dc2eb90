//! What runs in one workspace, taken over by another: dev to prod.

use super::{Plan, Step, Touched};
use crate::command::Command;
use crate::find;
use crate::ids::TemplateId;
use crate::rejection::Rejection;
use crate::rights::Visible;
use crate::state::{Mapping, State};

pub(super) fn plan(
    state: &State,
    visible: &Visible<'_>,
    from: &str,
    to: &str,
    overwrite: bool,
) -> Result<Plan, Rejection> {
    let from = find::workspace(state, visible, from, "/from")?.id;
    let to = find::workspace(state, visible, to, "/to")?.id;
    if from == to {
        return Err(Rejection::invalid("/to", "it is the same workspace", "name another"));
    }
    let mut plan = Plan::default();
    let first = (from, TemplateId([0; 16]));
    let here = state
        .installations
        .range(first..)
        .take_while(|((of, _), _)| *of == from);
    for installation in here.map(|(_, it)| it) {
        let template = installation.template;
        let there = state.installations.get(&(to, template));
        let standing = there.and_then(|it| it.revision);
        if let Some(revision) = installation.revision.filter(|revision| standing != Some(*revision)) {
            let touched = Touched::Admission {
                workspace: to,
                template,
                from: standing,
                to: Some(revision),
            };
            let command = Command::AdmitTemplate {
                workspace: to.to_string(),
                template: template.to_string(),
                revision: Some(revision),
            };
            plan.take(touched, command);
        }
        for mapping in &installation.mappings {
            let same = |it: &&Mapping| it.variable == mapping.variable && it.instance == mapping.instance;
            let previous = there
                .and_then(|it| it.mappings.iter().find(same))
                .map(|it| it.credential);
            if previous == Some(mapping.credential) {
                continue;
            }
            let touched = Touched::Mapping {
                workspace: to,
                template,
                variable: mapping.variable.clone(),
                instance: mapping.instance.clone(),
                from: previous,
                to: Some(mapping.credential),
            };
            if previous.is_some() && !overwrite {
                plan.line(touched, Step::Kept("another credential is mapped there"));
                continue;
            }
            let command = Command::MapVariable {
                workspace: to.to_string(),
                template: template.to_string(),
                variable: mapping.variable.clone(),
                instance: mapping.instance.clone(),
                credential: mapping.credential.to_string(),
            };
            plan.take(touched, command);
        }
    }
    Ok(plan)
}
