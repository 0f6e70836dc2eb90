//! Events as they are shown.

use super::Lens;
use crate::time::rfc3339;
use serde_json::{Map, json};
use strongroom_api::audit::{Event, Subject};
use strongroom_domain::ids::{ClientId, CredentialId, PrincipalId, TemplateId, WorkspaceId};
use strongroom_ledger::EventView;

impl Lens<'_> {
    /// An event; things that the caller may not see are left without a handle.
    pub(crate) fn event(&self, it: EventView) -> Event {
        let handle = |id: &str| self.handle_of(id);
        let subjects: Vec<Subject> = it
            .subjects
            .iter()
            .map(|subject| Subject {
                kind: subject.kind.to_owned(),
                handle: if subject.kind == "service" {
                    Some(subject.id.clone())
                } else {
                    handle(&subject.id)
                },
                id: subject.id.clone(),
            })
            .collect();
        let changes = self.changes(it.type_name, &it.data);
        let mut extra = Map::new();
        extra.insert("event_id".to_owned(), json!(it.event_id));
        extra.insert("schema".to_owned(), json!(it.schema));
        extra.insert("has_secret".to_owned(), json!(it.has_secret));
        extra.insert("leaf".to_owned(), json!(it.leaf));
        Event {
            position: it.position,
            recorded_at: rfc3339(it.recorded_at),
            type_: it.type_name.to_owned(),
            actor: handle(&it.actor).unwrap_or_else(|| it.actor.clone()),
            actor_id: it.actor,
            on_behalf_of: it.on_behalf_of,
            token: it.token,
            grant: it.grant,
            reason: it.reason,
            correlation: Some(it.correlation),
            causation: it.causation,
            request_id: Some(it.request_id).filter(|id| !id.is_empty()),
            source: it.source,
            user_agent: it.user_agent,
            stream: Some(it.stream),
            stream_version: Some(it.stream_version),
            subjects,
            changes,
            data: it.data,
            extra,
        }
    }

    /// The handle of a thing by its id, whatever it is.
    pub(crate) fn handle_of(&self, id: &str) -> Option<String> {
        match id.split_once('_')?.0 {
            CredentialId::PREFIX => self.credential_handle(CredentialId::parse(id).ok()?),
            ClientId::PREFIX => self.client_handle(ClientId::parse(id).ok()?),
            WorkspaceId::PREFIX => self.workspace_handle(WorkspaceId::parse(id).ok()?),
            TemplateId::PREFIX => self.template_handle(TemplateId::parse(id).ok()?),
            PrincipalId::PREFIX => self.principal_handle(PrincipalId::parse(id).ok()?),
            _ => None,
        }
    }
}
