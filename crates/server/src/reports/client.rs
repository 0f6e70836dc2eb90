//! All about one client, for the client or who audits him.

use super::{Desk, Made, ROWS_MAX, at, at_if, section};
use serde_json::json;
use std::collections::BTreeMap;
use strongroom_domain::event::{Event, Recorded, Subject};
use strongroom_domain::find;
use strongroom_domain::ids::{ClientId, CredentialId, PrincipalId, TimeUs, WorkspaceId};
use strongroom_ledger::FilterKey;

/// Servings of one credential to one principal in one workspace.
#[derive(Default)]
struct Served {
    records: u64,
    last: TimeUs,
    version: u32,
}

impl Desk<'_> {
    pub(super) fn client(&self, reference: &str) -> Made {
        let client = find::client(self.lens.state, &self.lens.seen, reference, "/client")?;
        let mut filter = self.period();
        filter.parameter(FilterKey::Client, &client.id.to_string());
        let mut served: BTreeMap<(CredentialId, Option<WorkspaceId>, PrincipalId), Served> = BTreeMap::new();
        let mut events = section(
            "Events",
            format!(
                "All that is recorded about the client, its credentials and its workspaces, the newest first, at most {ROWS_MAX}."
            ),
            &[
                "position", "at", "type", "about", "actor", "reason", "source", "event_id",
            ],
        );
        let mut count = 0_u64;
        self.matching(&filter, |recorded| {
            count += 1;
            self.note_served(recorded, client.id, &mut served);
            if events.rows.len() < ROWS_MAX {
                events.rows.push(vec![
                    json!(recorded.position),
                    at(recorded.recorded_at),
                    json!(recorded.event.name()),
                    json!(self.about_one(recorded, |it| self.is_of(it, client.id))),
                    json!(self.person(recorded.envelope.actor)),
                    json!(recorded.envelope.reason),
                    json!(recorded.envelope.source),
                    json!(recorded.event_id.to_string()),
                ]);
            }
        })?;
        events.note = format!("{} {count} events in this time.", events.note);
        let mut servings = section(
            "Servings",
            "Who was served or shown which credential, where, how often at least, and when last.",
            &["credential", "workspace", "principal", "records", "last", "version"],
        );
        for ((credential, workspace, principal), it) in served {
            servings.rows.push(vec![
                json!(self.credential(credential)),
                json!(workspace.map(|id| self.lens.workspace_handle(id).unwrap_or_else(|| id.to_string()))),
                json!(self.person(principal)),
                json!(it.records),
                at(it.last),
                json!(it.version),
            ]);
        }
        Ok((
            vec![
                self.credentials_of(client.id),
                self.mappings_of(client.id),
                servings,
                events,
            ],
            None,
        ))
    }

    /// Whether a thing is the client's; an event may concern another's, too, which is not named in this one's evidence.
    fn is_of(&self, subject: &Subject, client: ClientId) -> bool {
        let state = self.lens.state;
        match subject {
            Subject::Client(id) => *id == client,
            Subject::Credential(id) => state.credentials.get(id).is_some_and(|it| it.client == Some(client)),
            Subject::Workspace(id) => state.workspaces.get(id).is_some_and(|it| it.client == Some(client)),
            Subject::Template(_) | Subject::Service(_) | Subject::Principal(_) => false,
        }
    }

    fn note_served(
        &self,
        recorded: &Recorded,
        client: ClientId,
        to: &mut BTreeMap<(CredentialId, Option<WorkspaceId>, PrincipalId), Served>,
    ) {
        let principal = PrincipalId(recorded.stream.id);
        let mut note = |credential, workspace, version| {
            let own = self.lens.state.credentials.get(&credential).and_then(|it| it.client);
            if own != Some(client) {
                return;
            }
            let entry = to.entry((credential, workspace, principal)).or_default();
            entry.records += 1;
            entry.last = entry.last.max(recorded.recorded_at);
            entry.version = entry.version.max(version);
        };
        match &recorded.event {
            Event::Accessed(data) => {
                for it in &data.served {
                    note(it.credential, Some(data.workspace), it.version);
                }
            }
            Event::Revealed(data) => note(data.credential, None, data.version),
            _ => {}
        }
    }

    fn credentials_of(&self, client: ClientId) -> strongroom_api::report::ReportSection {
        let mut own = section(
            "Credentials",
            "The client's credentials as they are now; no value is ever in a report.",
            &[
                "credential",
                "service",
                "kind",
                "status",
                "version",
                "entered",
                "expires",
                "steward",
                "shared_beyond",
            ],
        );
        for it in self
            .lens
            .state
            .credentials
            .values()
            .filter(|it| it.client == Some(client))
        {
            let entered = it.versions.back().map(|fact| fact.entered_at);
            own.rows.push(vec![
                json!(it.handle),
                json!(it.service),
                json!(it.kind.as_str()),
                json!(it.status.as_str()),
                json!(it.version()),
                at_if(entered),
                at_if(it.expires_at),
                json!(self.person(it.steward)),
                json!(!it.reach.is_none()),
            ]);
        }
        own.rows.sort_by_key(|row| row.first().map(ToString::to_string));
        own
    }

    fn mappings_of(&self, client: ClientId) -> strongroom_api::report::ReportSection {
        let mut mappings = section(
            "Mappings",
            "Which credential stands behind which variable, in the client's workspaces.",
            &[
                "workspace",
                "template",
                "revision",
                "variable",
                "instance",
                "credential",
                "since",
                "by",
            ],
        );
        let state = self.lens.state;
        for it in state.installations.values() {
            let workspace = state.workspaces.get(&it.workspace);
            let Some(workspace) = workspace.filter(|it| it.client == Some(client)) else {
                continue;
            };
            for mapping in &it.mappings {
                mappings.rows.push(vec![
                    json!(workspace.handle),
                    json!(self.lens.template_handle(it.template)),
                    json!(it.revision),
                    json!(mapping.variable),
                    json!(mapping.instance),
                    json!(self.credential(mapping.credential)),
                    at(mapping.mapped_at),
                    json!(self.person(mapping.mapped_by)),
                ]);
            }
        }
        mappings
    }
}
