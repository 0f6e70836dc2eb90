//! An incident, told from its events: who was suspected of what, what was done about it, what is open, and all that happened.

use super::{Desk, EVENTS_MAX, Made, ROWS_MAX, at, at_if, section};
use crate::view::Lens;
use serde_json::json;
use strongroom_api::report::ReportSection;
use strongroom_domain::event::Recorded;
use strongroom_domain::find;
use strongroom_domain::ids::TimeUs;
use strongroom_domain::incident::{StepState, Watched};
use strongroom_domain::state::Incident;
use strongroom_ledger::{Failure, FilterKey, LookedInto};

/// From when until when an incident lasts.
pub(super) fn time_of(lens: &Lens<'_>, reference: &str) -> Result<(TimeUs, TimeUs), Failure> {
    let incident = find::incident(lens.state, &lens.seen, reference, "/incident")?;
    let ended = incident.closed.map_or(lens.now, |(at, ..)| at.saturating_add(1));
    Ok((incident.since, ended))
}

impl Desk<'_> {
    pub(super) fn incident(&self, reference: &str) -> Made {
        let incident = find::incident(self.lens.state, &self.lens.seen, reference, "/incident")?;
        let looked = self.app.ledger.look_into(&self.caller, &incident.id.to_string())?;
        self.complete.set(self.complete.get() && looked.complete);
        let watched = Watched::of(incident);
        let columns = [
            "position", "at", "type", "about", "actor", "reason", "source", "token", "event_id",
        ];
        let mut done = section(
            "What was done about it",
            "Everything that is tied to the incident by its correlation, the oldest first.",
            &columns,
        );
        let mut timeline = section("Timeline", "", &columns);
        let mut filter = self.period();
        filter.parameter(FilterKey::Incident, &incident.id.to_string());
        let mut count = 0_u64;
        self.matching(&filter, |recorded| {
            count += 1;
            let answers = watched.answers(recorded);
            if answers && done.rows.len() < ROWS_MAX {
                done.rows.push(self.told(recorded));
            }
            // What a suspect calls a repair is a suspect's act, too.
            if (!answers || watched.acted(recorded)) && timeline.rows.len() < ROWS_MAX {
                timeline.rows.push(self.told(recorded));
            }
        })?;
        done.rows.reverse();
        timeline.rows.reverse();
        timeline.note = format!(
            "What suspects did and what concerns them, the oldest first, of the newest {EVENTS_MAX} events at most {ROWS_MAX}; \
             {count} events are the incident's in all."
        );
        let (steps, open) = steps_of(&looked);
        let sections = vec![
            self.facts_of(incident),
            self.suspects_of(incident),
            steps,
            done,
            timeline,
        ];
        Ok((sections, Some(open)))
    }

    fn told(&self, recorded: &Recorded) -> Vec<serde_json::Value> {
        let envelope = &recorded.envelope;
        vec![
            json!(recorded.position),
            at(recorded.recorded_at),
            json!(recorded.event.name()),
            json!(self.about(recorded)),
            json!(self.person(envelope.actor)),
            json!(envelope.reason),
            json!(envelope.source),
            json!(envelope.token.map(|id| id.to_string())),
            json!(recorded.event_id.to_string()),
        ]
    }

    fn facts_of(&self, incident: &Incident) -> ReportSection {
        let mut facts = section("What it is", "", &["what", "when", "who", "reason"]);
        facts.note = incident.name.clone();
        facts.rows.push(vec![
            json!("looked at since"),
            at(incident.since),
            json!(null),
            json!(null),
        ]);
        facts.rows.push(vec![
            json!("opened"),
            at(incident.head.created_at),
            json!(self.person(incident.opened_by)),
            json!(incident.reason),
        ]);
        let closed = incident.closed;
        facts.rows.push(vec![
            json!(if closed.is_some() { "closed" } else { "open" }),
            at_if(closed.map(|(at, ..)| at)),
            json!(closed.map(|(_, by, _)| self.person(by))),
            json!(null),
        ]);
        for skipped in &incident.skipped {
            facts.rows.push(vec![
                json!(format!("left out: {}", skipped.step)),
                at(skipped.at),
                json!(self.person(skipped.by)),
                json!(skipped.reason),
            ]);
        }
        facts
    }

    fn suspects_of(&self, incident: &Incident) -> ReportSection {
        let it = &incident.suspects;
        let mut suspects = section("Suspects", "Who and what it is about.", &["kind", "which"]);
        let principals = it.principals.iter().map(|id| ("principal", self.person(*id)));
        let tokens = it.tokens.iter().map(|id| ("token", id.to_string()));
        let sources = it.sources.iter().map(|source| ("source", source.clone()));
        let credentials = it.credentials.iter().map(|id| ("credential", self.credential(*id)));
        let all = principals.chain(tokens).chain(sources).chain(credentials);
        suspects.rows = all.map(|(kind, which)| vec![json!(kind), json!(which)]).collect();
        suspects
    }
}

fn steps_of(looked: &LookedInto) -> (ReportSection, u64) {
    let mut steps = section(
        "Steps",
        "In the order in which they are done. Done is what holds now, whoever did it.",
        &["step", "about", "why", "state"],
    );
    for it in &looked.steps {
        steps.rows.push(vec![
            json!(it.name),
            json!(it.about),
            json!(it.why),
            json!(it.state.as_str()),
        ]);
    }
    let open = looked.steps.iter().filter(|it| it.state == StepState::Open).count();
    (steps, open as u64)
}
