//! Who reads history: an auditor all of it, others what is about things that they see.

use super::shown::{EventView, RecordFacts, event_view};
use crate::view::View;
use serde_json::Value;
use strongroom_domain::context::Caller;
use strongroom_domain::event::{Recorded, Subject};
use strongroom_domain::ids::{ClientId, CredentialId, PrincipalId, TemplateId, TimeUs, WorkspaceId};
use strongroom_domain::rights::{Target, Visible, sees_event, visible};
use strongroom_domain::state::{Credential, Principal, State, Workspace};
use strongroom_domain::words::Right;

/// A reader of history, and what he sees of it.
pub(super) struct Reader<'v> {
    pub(super) state: &'v State,
    pub(super) seen: Visible<'v>,
    pub(super) caller: Caller,
    /// He sees all of it.
    pub(super) audits: bool,
    /// Records that there are for him.
    pub(super) head: u64,
    pub(super) now: TimeUs,
}

impl<'v> Reader<'v> {
    pub(super) fn of(view: &'v View, caller: &Caller) -> Self {
        let seen = visible(&view.state, caller, view.now);
        Self {
            state: &view.state,
            audits: seen.may(Right::Audit, Target::Ledger),
            seen,
            caller: *caller,
            head: view.head,
            now: view.now,
        }
    }

    /// Whether he sees an event at all.
    pub(super) fn sees(&self, recorded: &Recorded) -> bool {
        self.audits || sees_event(self.state, &self.seen, &self.caller, recorded)
    }

    /// An event as this reader gets it; none when he does not.
    pub(super) fn shows(&self, recorded: &Recorded, facts: &RecordFacts) -> Option<EventView> {
        if !self.sees(recorded) {
            return None;
        }
        let mut event = event_view(self.state, recorded, facts);
        if !self.audits {
            self.redact(&mut event, recorded.envelope.actor == self.caller.principal);
        }
        Some(event)
    }

    /// The credentials that he sees.
    pub(super) fn credentials(&self) -> impl Iterator<Item = &Credential> {
        let all = self.state.credentials.values().map(std::sync::Arc::as_ref);
        all.filter(|it| self.audits || self.seen.credential(it))
    }

    /// The workspaces that he sees.
    pub(super) fn workspaces(&self) -> impl Iterator<Item = &Workspace> {
        let all = self.state.workspaces.values().map(std::sync::Arc::as_ref);
        all.filter(|it| self.audits || self.seen.workspace(it))
    }

    /// A credential, if he sees it.
    pub(super) fn credential(&self, id: &CredentialId) -> Option<&Credential> {
        let credential = self.state.credentials.get(id).map(std::sync::Arc::as_ref);
        credential.filter(|it| self.audits || self.seen.credential(it))
    }

    /// A workspace, if he sees it.
    pub(super) fn workspace(&self, id: &WorkspaceId) -> Option<&Workspace> {
        let workspace = self.state.workspaces.get(id).map(std::sync::Arc::as_ref);
        workspace.filter(|it| self.audits || self.seen.workspace(it))
    }

    /// The principals that something is true of, of those that he sees.
    pub(super) fn holders(&self, holds: impl Fn(&Principal) -> bool) -> Vec<PrincipalId> {
        let all = self.state.principals.values();
        all.filter(|it| (self.audits || self.seen.principal(it)) && holds(it))
            .map(|it| it.id)
            .collect()
    }

    /// Whether he is told that an event is about something.
    pub(super) fn sees_subject(&self, subject: &Subject) -> bool {
        let state = self.state;
        match subject {
            _ if self.audits => true,
            Subject::Credential(id) => self.credential(id).is_some(),
            Subject::Client(id) => state.clients.get(id).is_some_and(|it| self.seen.client(it)),
            Subject::Workspace(id) => self.workspace(id).is_some(),
            Subject::Template(id) => state.templates.get(id).is_some_and(|it| self.seen.template(it)),
            Subject::Service(_) | Subject::Principal(_) => true,
        }
    }

    /// What someone without `audit` learns of an event: nothing of things that he does not see, and of others' tokens and
    /// places.
    fn redact(&self, event: &mut EventView, own: bool) {
        if !own {
            event.source = None;
            event.user_agent = None;
            event.token = None;
            event.grant = None;
        }
        event
            .subjects
            .retain(|subject| self.sees_named(subject.kind, &subject.id));
        if let Some(Value::Array(served)) = event.data.get_mut("served") {
            served.retain(|one| {
                let credential = one.get("credential").and_then(Value::as_str);
                credential.is_some_and(|id| self.sees_named("credential", id))
            });
        }
    }

    fn sees_named(&self, kind: &str, id: &str) -> bool {
        let subject = match kind {
            "credential" => CredentialId::parse(id).map(Subject::Credential),
            "client" => ClientId::parse(id).map(Subject::Client),
            "workspace" => WorkspaceId::parse(id).map(Subject::Workspace),
            "template" => TemplateId::parse(id).map(Subject::Template),
            _ => return true,
        };
        subject.is_ok_and(|subject| self.sees_subject(&subject))
    }
}
