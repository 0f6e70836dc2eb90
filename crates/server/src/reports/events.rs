//! What people did without saying why, and what they did beyond their rights, on the record.

use super::{Desk, Made, ROWS_MAX, at, section};
use serde_json::json;
use std::collections::BTreeMap;
use strongroom_domain::event::{Event, Recorded};
use strongroom_domain::ids::{CredentialId, PrincipalId};
use strongroom_domain::words::{Category, CredentialStatus};

/// Categories of what people change.
pub(super) const CHANGES: &str = "credential,client,workspace,template,default,principal,policy,webhook,approval";

impl Desk<'_> {
    pub(super) fn without_reason(&self) -> Made {
        let (mut changes, mut reasoned) = (0_u64, 0_u64);
        let mut by_type: BTreeMap<(String, &'static str), u64> = BTreeMap::new();
        let mut list = section(
            "Changes",
            format!("The newest first, at most {ROWS_MAX}."),
            &["position", "at", "type", "about", "actor", "request"],
        );
        self.events(CHANGES, |recorded| {
            if !by_a_person(recorded) {
                return;
            }
            changes += 1;
            if recorded.envelope.reason.is_some() {
                reasoned += 1;
                return;
            }
            let actor = self.person(recorded.envelope.actor);
            *by_type.entry((actor.clone(), recorded.event.name())).or_default() += 1;
            if list.rows.len() < ROWS_MAX {
                list.rows.push(vec![
                    json!(recorded.position),
                    at(recorded.recorded_at),
                    json!(recorded.event.name()),
                    json!(self.about(recorded)),
                    json!(actor),
                    json!(recorded.envelope.request_id),
                ]);
            }
        })?;
        let without = changes - reasoned;
        let note = format!("{reasoned} of {changes} changes say why; {without} do not.");
        let mut summary = section("By whom", note, &["actor", "type", "changes"]);
        let mut rows: Vec<_> = by_type.into_iter().collect();
        rows.sort_by_key(|((actor, name), count)| (std::cmp::Reverse(*count), actor.clone(), *name));
        let shown =
            |((actor, name), count): ((String, &'static str), u64)| vec![json!(actor), json!(name), json!(count)];
        summary.rows = rows.into_iter().map(shown).collect();
        Ok((vec![summary, list], None))
    }

    pub(super) fn break_glass(&self) -> Made {
        let mut glass = section(
            "Glass broken",
            "Values that were seen by who has no right to read them. Each is closed when the credential is rotated or revoked.",
            &[
                "position",
                "at",
                "who",
                "credential",
                "version",
                "fields",
                "reason",
                "state",
            ],
        );
        let mut open = 0;
        self.events("access.revealed", |recorded| {
            let Event::Revealed(data) = &recorded.event else { return };
            if !data.break_glass {
                return;
            }
            let state = self.closed(data.credential, data.version);
            open += u64::from(state == "open");
            glass.rows.push(vec![
                json!(recorded.position),
                at(recorded.recorded_at),
                json!(self.person(PrincipalId(recorded.stream.id))),
                json!(self.credential(data.credential)),
                json!(data.version),
                json!(data.fields.join(", ")),
                json!(recorded.envelope.reason),
                json!(state),
            ]);
        })?;
        let mut root = section(
            "By the root key",
            "What was done on a ledger that was not served, with the root key in hand.",
            &["position", "at", "type", "about", "reason"],
        );
        self.events("principal", |recorded| {
            if recorded.envelope.actor == PrincipalId::SYSTEM {
                root.rows.push(vec![
                    json!(recorded.position),
                    at(recorded.recorded_at),
                    json!(recorded.event.name()),
                    json!(self.about(recorded)),
                    json!(recorded.envelope.reason),
                ]);
            }
        })?;
        let mut eyes = section(
            "Four eyes",
            "Approvals that were asked for, and what became of them.",
            &["position", "at", "type", "who", "reason"],
        );
        self.events("approval,policy", |recorded| {
            eyes.rows.push(vec![
                json!(recorded.position),
                at(recorded.recorded_at),
                json!(recorded.event.name()),
                json!(self.person(recorded.envelope.actor)),
                json!(recorded.envelope.reason),
            ]);
        })?;
        Ok((vec![glass, root, eyes], Some(open)))
    }

    pub(super) fn credential(&self, id: CredentialId) -> String {
        self.lens.credential_handle(id).unwrap_or_else(|| id.to_string())
    }

    /// Whether what somebody saw of a version is good no more.
    pub(super) fn closed(&self, id: CredentialId, version: u32) -> &'static str {
        let Some(credential) = self.lens.state.credentials.get(&id) else {
            return "open";
        };
        match credential.status {
            CredentialStatus::Revoked | CredentialStatus::Shredded => "revoked",
            // A roll-back to what was seen opens it again.
            _ if credential.still_has_values_of(version) => "open",
            _ => "rotated",
        }
    }
}

/// Whether an event is a change that somebody asked for: not what the ledger notes, not a run's token.
pub(super) fn by_a_person(recorded: &Recorded) -> bool {
    let observed = match &recorded.event {
        Event::TokenIssued(issued) => issued.run.is_some(),
        Event::ApprovalUsed(_) => true,
        event => event.category() == Category::Access,
    };
    recorded.envelope.actor != PrincipalId::SYSTEM && !observed
}
