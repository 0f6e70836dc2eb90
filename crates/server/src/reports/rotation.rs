//! Rotation compliance: what has a policy, what keeps it, and what was rotated.

use super::{DAY_US, Desk, Made, at_if, section};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use strongroom_api::report::ReportSection;
use strongroom_domain::access::places;
use strongroom_domain::due::{Due, due};
use strongroom_domain::event::Event;
use strongroom_domain::ids::{CredentialId, TimeUs};
use strongroom_domain::state::Credential;
use strongroom_domain::words::CredentialStatus;
use strongroom_ledger::Failure;

/// So long before its date a credential is soon due.
const SOON_US: TimeUs = 14 * DAY_US;

/// Rotations of the time.
#[derive(Default)]
struct Rotations {
    rotated: BTreeMap<CredentialId, u64>,
    /// After the credential had been said to be due.
    late: u64,
}

impl Desk<'_> {
    pub(super) fn rotation(&self) -> Made {
        let state = self.lens.state;
        let due: BTreeMap<CredentialId, Due<'_>> = due(state, TimeUs::MAX)
            .into_iter()
            .map(|it| (it.credential.id, it))
            .collect();
        let done = self.rotations()?;
        let mut credentials: Vec<&Credential> = state
            .credentials
            .values()
            .map(AsRef::as_ref)
            .filter(|it| it.status == CredentialStatus::Active && self.lens.seen.credential(it))
            .collect();
        credentials.sort_by(|one, other| one.handle.cmp(&other.handle));
        let mut all = section(
            "Credentials",
            "Each active credential. Its age is that of its current values.",
            &[
                "credential",
                "client",
                "service",
                "version",
                "age_days",
                "every_days",
                "due",
                "state",
                "steward",
                "rotated_in_this_time",
                "places",
            ],
        );
        let mut counts: BTreeMap<&'static str, u64> = BTreeMap::new();
        for credential in credentials {
            let at_date = due.get(&credential.id).map(|it| it.at);
            let said = self.state_of(credential, at_date);
            *counts.entry(said).or_default() += 1;
            let entered = credential.versions.back().map_or(self.lens.now, |fact| fact.entered_at);
            all.rows.push(vec![
                json!(credential.handle),
                json!(credential.client.and_then(|id| self.lens.client_handle(id))),
                json!(credential.service),
                json!(credential.version()),
                json!(self.lens.now.saturating_sub(entered) / DAY_US),
                json!(credential.rotation.as_ref().map(|it| it.every_days)),
                at_if(at_date),
                json!(said),
                json!(self.person(credential.steward)),
                json!(done.rotated.get(&credential.id).copied().unwrap_or_default()),
                json!(places(state, credential).len()),
            ]);
        }
        // What is to be done stands first.
        let rank = |row: &Vec<serde_json::Value>| match row.get(7).and_then(|it| it.as_str()) {
            Some("overdue") => 0,
            Some("soon") => 1,
            Some("no policy") => 2,
            _ => 3,
        };
        all.rows.sort_by_key(rank);
        let overdue = counts.get("overdue").copied().unwrap_or_default();
        Ok((vec![self.summary(&counts, &done), all], Some(overdue)))
    }

    fn rotations(&self) -> Result<Rotations, Failure> {
        let mut done = Rotations::default();
        let mut replaced: BTreeSet<(CredentialId, u32)> = BTreeSet::new();
        self.events("credential.rotated,credential.rotation_due", |recorded| {
            let id = CredentialId(recorded.stream.id);
            match &recorded.event {
                Event::CredentialRotated(data) => {
                    *done.rotated.entry(id).or_default() += 1;
                    replaced.insert((id, data.version.saturating_sub(1)));
                }
                // The newest first: it was rotated after it had been said to be due. Said twice, it was late once.
                Event::RotationDue(data) if replaced.remove(&(id, data.version)) => done.late += 1,
                _ => {}
            }
        })?;
        Ok(done)
    }

    fn summary(&self, counts: &BTreeMap<&'static str, u64>, done: &Rotations) -> ReportSection {
        let count = |word: &str| counts.get(word).copied().unwrap_or_default();
        let dated = count("overdue") + count("soon") + count("in time");
        let share = if dated == 0 {
            "none has a date".to_owned()
        } else {
            let kept = dated - count("overdue");
            format!("{kept} of {dated} ({} %)", kept * 100 / dated)
        };
        let note = "Active credentials, and rotations of the time.";
        let mut summary = section("Summary", note, &["what", "figure"]);
        summary.rows = vec![
            vec![json!("in time, of those with a date"), json!(share)],
            vec![json!("overdue"), json!(count("overdue"))],
            vec![json!("due within 14 days"), json!(count("soon"))],
            vec![json!("without a policy or an end"), json!(count("no policy"))],
            vec![json!("rotations"), json!(done.rotated.values().sum::<u64>())],
            vec![json!("of them after the date"), json!(done.late)],
        ];
        summary
    }

    fn state_of(&self, credential: &Credential, date: Option<TimeUs>) -> &'static str {
        match date {
            None if credential.rotation.is_none() => "no policy",
            None => "in time",
            Some(date) if date <= self.lens.now => "overdue",
            Some(date) if date <= self.lens.now + SOON_US => "soon",
            Some(_) => "in time",
        }
    }
}
