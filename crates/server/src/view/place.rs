//! Clients, workspaces, what runs in them, defaults.

use super::Lens;
use crate::time::rfc3339;
use strongroom_api::client::Client;
use strongroom_api::workspace::{Default_, Installation, Mapping, Workspace};
use strongroom_domain::ids::WorkspaceId;
use strongroom_domain::state;

impl Lens<'_> {
    /// A client.
    pub(crate) fn client(&self, it: &state::Client) -> Client {
        Client {
            handle: it.handle.clone(),
            id: it.id.to_string(),
            name: it.name.clone(),
            description: it.description.clone(),
            archived: it.archived,
            etag: it.head.changed,
            created_at: rfc3339(it.head.created_at),
            updated_at: rfc3339(it.head.updated_at),
        }
    }

    /// A workspace; with what runs in it where one is asked for.
    pub(crate) fn workspace(&self, it: &state::Workspace, with_templates: bool) -> Workspace {
        Workspace {
            handle: it.handle.clone(),
            id: it.id.to_string(),
            name: it.name.clone(),
            description: it.description.clone(),
            client: it.client.and_then(|id| self.client_handle(id)),
            environment: it.environment.clone(),
            archived: it.archived,
            etag: it.head.changed,
            created_at: rfc3339(it.head.created_at),
            updated_at: rfc3339(it.head.updated_at),
            templates: with_templates.then(|| self.installations(it.id)),
        }
    }

    /// Each template that was admitted or mapped in a workspace, by handle.
    pub(crate) fn installations(&self, workspace: WorkspaceId) -> Vec<Installation> {
        let first = (workspace, strongroom_domain::ids::TemplateId([0; 16]));
        let within = self
            .state
            .installations
            .range(first..)
            .take_while(|((of, _), _)| *of == workspace);
        let mut items: Vec<Installation> = within.filter_map(|(_, it)| self.installation(it)).collect();
        items.sort_by(|a, b| a.template.cmp(&b.template));
        items
    }

    fn installation(&self, it: &state::Installation) -> Option<Installation> {
        let template = self.state.templates.get(&it.template)?;
        let admitted = it.revision.is_some();
        let mapping = |mapping: &state::Mapping| Mapping {
            variable: mapping.variable.clone(),
            instance: mapping.instance.clone(),
            credential: self.credential_handle(mapping.credential),
            mapped_at: rfc3339(mapping.mapped_at),
            mapped_by: self.principal_handle(mapping.mapped_by),
        };
        Some(Installation {
            template: template.handle.clone(),
            revision: it.revision,
            newest_revision: template.revisions.last().map_or(0, |fact| fact.revision),
            admitted_at: admitted.then(|| rfc3339(it.admitted_at)),
            admitted_by: if admitted {
                self.principal_handle(it.admitted_by)
            } else {
                None
            },
            mappings: it.mappings.iter().map(mapping).collect(),
        })
    }

    /// A default that is set, if its workspace may be seen.
    pub(crate) fn default(&self, it: &state::Default_) -> Option<Default_> {
        let credential = it.credential?;
        let workspace = match it.key.workspace {
            Some(id) => Some(self.workspace_handle(id)?),
            None => None,
        };
        Some(Default_ {
            workspace,
            service: it.key.service.clone(),
            kind: it.key.kind.as_str().to_owned(),
            credential: self.credential_handle(credential),
        })
    }

    /// The defaults that hold in a workspace: its own first, then the ledger's.
    pub(crate) fn defaults_in(&self, workspace: WorkspaceId) -> Vec<Default_> {
        let of = |level: Option<WorkspaceId>| {
            let all = self.state.defaults.values();
            all.filter(move |it| it.key.workspace == level)
                .filter_map(|it| self.default(it))
        };
        of(Some(workspace)).chain(of(None)).collect()
    }
}
