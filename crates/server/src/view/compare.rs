//! Two workspaces side by side: what runs in each, and what stands behind its variables, by mapping or default.

use super::Lens;
use std::collections::{BTreeMap, BTreeSet};
use strongroom_api::workspace::{Compared, ComparedSide, Comparison};
use strongroom_domain::ids::{CredentialId, Revision, TemplateId};
use strongroom_domain::resolve::{Outcome, resolve};
use strongroom_domain::state::{Installation, Workspace};
use strongroom_domain::words::Step;

/// What stands in one workspace: of a template, and of each variable and instance of it.
#[derive(Default)]
struct Side {
    revision: Option<Revision>,
    behind: BTreeMap<(String, Option<String>), (CredentialId, Step)>,
}

impl Lens<'_> {
    /// What differs between two workspaces, and what does not.
    pub(crate) fn comparison(&self, from: &Workspace, to: &Workspace) -> Comparison {
        let (one, other) = (self.sides(from), self.sides(to));
        let templates: BTreeSet<&TemplateId> = one.keys().chain(other.keys()).collect();
        let mut items = Vec::new();
        for id in templates {
            let Some(template) = self.state.templates.get(id).map(|it| it.handle.clone()) else {
                continue;
            };
            let none = Side::default();
            let (here, there) = (one.get(id).unwrap_or(&none), other.get(id).unwrap_or(&none));
            let revision = |side: &Side| {
                side.revision.map(|revision| ComparedSide {
                    revision: Some(revision),
                    ..ComparedSide::default()
                })
            };
            let same = here.revision == there.revision;
            items.extend(row(&template, None, same, revision(here), revision(there)));
            let variables: BTreeSet<_> = here.behind.keys().chain(there.behind.keys()).collect();
            for key in variables {
                let (was, is) = (here.behind.get(key), there.behind.get(key));
                let same = was.map(|(id, _)| id) == is.map(|(id, _)| id);
                let side = |found: Option<&(CredentialId, Step)>| {
                    found.map(|(id, step)| ComparedSide {
                        credential: self.credential_handle(*id),
                        step: Some(step.as_str().to_owned()),
                        ..ComparedSide::default()
                    })
                };
                items.extend(row(&template, Some(key), same, side(was), side(is)));
            }
        }
        items.sort_by(|a, b| (&a.template, &a.variable, &a.instance).cmp(&(&b.template, &b.variable, &b.instance)));
        Comparison {
            from: from.handle.clone(),
            to: to.handle.clone(),
            items,
        }
    }

    fn sides(&self, workspace: &Workspace) -> BTreeMap<TemplateId, Side> {
        let first = (workspace.id, TemplateId([0; 16]));
        let within = self.state.installations.range(first..);
        let within = within.take_while(|((of, _), _)| *of == workspace.id);
        within.map(|(_, it)| (it.template, self.side(workspace, it))).collect()
    }

    fn side(&self, workspace: &Workspace, it: &Installation) -> Side {
        let mut side = Side {
            revision: it.revision,
            behind: BTreeMap::new(),
        };
        // What is mapped stands there, served or not; what is not mapped may have a default.
        for mapping in &it.mappings {
            let step = if mapping.instance.is_some() {
                Step::Instance
            } else {
                Step::Template
            };
            let key = (mapping.variable.clone(), mapping.instance.clone());
            side.behind.insert(key, (mapping.credential, step));
        }
        let template = self.state.templates.get(&it.template);
        let resolved =
            template.and_then(|template| resolve(self.state, workspace, template, None, &self.seen, self.now).ok());
        for variable in resolved.into_iter().flat_map(|it| it.variables) {
            if let Outcome::Chosen { credential, step, .. } = variable.outcome {
                side.behind
                    .entry((variable.variable.name, None))
                    .or_insert((credential, step));
            }
        }
        side
    }
}

fn row(
    template: &str,
    variable: Option<&(String, Option<String>)>,
    same: bool,
    from: Option<ComparedSide>,
    to: Option<ComparedSide>,
) -> Option<Compared> {
    let how = match (&from, &to) {
        (None, None) => return None,
        (Some(_), None) => "only_from",
        (None, Some(_)) => "only_to",
        (Some(_), Some(_)) if same => "same",
        (Some(_), Some(_)) => "other",
    };
    Some(Compared {
        template: template.to_owned(),
        variable: variable.map(|(name, _)| name.clone()),
        instance: variable.and_then(|(_, instance)| instance.clone()),
        how: how.to_owned(),
        from,
        to,
    })
}
