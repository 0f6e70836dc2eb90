//! State and events to what is shown. What the caller may not see is not named either.

mod approval;
mod incident;
mod compare; // two workspaces side by side
mod changes; // before and after
mod credential;
mod event;
mod exchange; // events as other programs know them
mod inquiry; // answers to auditors' questions
mod place; // clients, workspaces, mappings, defaults
mod plan; // many places at once
mod principal;
mod template;
mod usage; // where a credential stands
mod webhook; // who is told of what
mod written; // receipts: a function of their events, so that a repeat is answered the same

pub(crate) use approval::{approval_asked, approval_written, policy_written};
pub(crate) use exchange::{cloud_event, is_refusal, ocsf};
pub(crate) use incident::{freeze_written, incident_insight, incident_written};
pub(crate) use inquiry::{by_name, differs};
pub(crate) use plan::{plan_done, plan_shown};
pub(crate) use webhook::webhook_written;
pub(crate) use written::{
    admitted, credential_written, default_written, grant_written, identity_written, mapping_written, template_written,
    thing_written, token_written, written,
};

use strongroom_api::Pairs;
use strongroom_domain::State;
use strongroom_domain::context::Caller;
use strongroom_domain::event::Pair;
use strongroom_domain::ids::{ClientId, CredentialId, PrincipalId, TemplateId, TimeUs, WorkspaceId};
use strongroom_domain::rights::{Visible, visible};
use strongroom_ledger::{LastUse, View};

/// State as one caller may see it.
pub(crate) struct Lens<'v> {
    pub(crate) state: &'v State,
    pub(crate) seen: Visible<'v>,
    pub(crate) now: TimeUs,
    pub(crate) last_use: &'v LastUse,
}

impl<'v> Lens<'v> {
    /// What a caller sees of a snapshot.
    pub(crate) fn of(view: &'v View, caller: &Caller) -> Self {
        Self {
            state: &view.state,
            seen: visible(&view.rights, caller, view.now),
            now: view.at,
            last_use: &view.last_use,
        }
    }

    pub(crate) fn credential_handle(&self, id: CredentialId) -> Option<String> {
        let it = self.state.credentials.get(&id)?;
        self.seen.credential(it).then(|| it.handle.clone())
    }

    pub(crate) fn client_handle(&self, id: ClientId) -> Option<String> {
        let it = self.state.clients.get(&id)?;
        self.seen.client(it).then(|| it.handle.clone())
    }

    pub(crate) fn workspace_handle(&self, id: WorkspaceId) -> Option<String> {
        let it = self.state.workspaces.get(&id)?;
        self.seen.workspace(it).then(|| it.handle.clone())
    }

    pub(crate) fn template_handle(&self, id: TemplateId) -> Option<String> {
        let it = self.state.templates.get(&id)?;
        self.seen.template(it).then(|| it.handle.clone())
    }

    pub(crate) fn principal_handle(&self, id: PrincipalId) -> Option<String> {
        if id == PrincipalId::SYSTEM {
            return Some("system".to_owned());
        }
        let it = self.state.principals.get(&id)?;
        self.seen.steward(it).then(|| it.handle.clone())
    }
}

/// Tags and settings by name.
pub(crate) fn pairs(pairs: &[Pair]) -> Pairs {
    pairs
        .iter()
        .map(|pair| (pair.name.clone(), pair.value.clone()))
        .collect()
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}
