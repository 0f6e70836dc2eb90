//! An incident looked into: its timeline counted, its steps.

use super::filter::{Filter, FilterKey};
use super::lists::{Join, Shelf};
use crate::Ledger;
use crate::index::Concern;
use crate::inner::Shared;
use crate::request::Failure;
use crate::view::View;
use std::ops::ControlFlow;
use strongroom_domain::context::Caller;
use strongroom_domain::find;
use strongroom_domain::ids::IncidentId;
use strongroom_domain::incident::{Facts, Step, Watched, steps};
use strongroom_domain::rights::visible;
use strongroom_domain::state::Incident;
use strongroom_domain::stored;

/// Events of a timeline that are looked at, the newest.
const TIMELINE_MAX: u64 = 200_000;

/// What an incident comes to.
#[derive(Debug, Clone)]
pub struct LookedInto {
    /// The state that the steps are of.
    pub view: View,
    /// Which.
    pub id: IncidentId,
    /// Its timeline, counted.
    pub facts: Facts,
    /// Whether that was all of it.
    pub complete: bool,
    /// Its steps, in order.
    pub steps: Vec<Step>,
}

/// Types of events that let somebody in.
const WAYS_IN: [&str; 3] = [
    "principal.created",
    "principal.token_issued",
    "principal.identity_bound",
];

/// What tells whether an event belongs to an incident, with what its suspects made to get in by. Costs an opened record for each token,
/// identity and principal that was made since it began.
pub(super) fn watched(shared: &Shared, incident: &Incident, head: u64) -> Result<Watched, Failure> {
    let internal = |error: String| Failure::Internal(error);
    let mut watched = Watched::of(incident);
    let from = shared.store.view().find_time(watched.since());
    let from = from.map_err(|error| internal(error.to_string()))?;
    let end = watched.end().unwrap_or(head).min(head);
    let terms = WAYS_IN.map(|name| Concern::Type(stored::type_code_of(name).unwrap_or_default()).term(&shared.keys));
    let shelf = Shelf {
        store: &shared.store,
        index: &shared.index,
        range: from.min(end)..end,
        newest_first: false,
    };
    let mut join = Join::new(shelf, vec![terms.into_iter().collect()]);
    while let Some(position) = join.next().map_err(|error| internal(error.to_string()))? {
        if let Some((recorded, _)) = shared.opened(position)? {
            watched.note_made(&recorded);
        }
    }
    Ok(watched)
}

impl Ledger {
    /// An incident's timeline, counted, and its steps. Takes `audit` on the ledger; costs an opened record for each event, of the
    /// newest 200,000.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn look_into(&self, caller: &Caller, reference: &str) -> Result<LookedInto, Failure> {
        let view = self.view();
        let seen = visible(&view.state, caller, view.now);
        let incident = find::incident(&view.state, &seen, reference, "/incident")?;
        let watched = watched(&self.shared, incident, view.head)?;
        let mut facts = Facts::default();
        let mut filter = Filter::default();
        filter.parameter(FilterKey::Incident, &incident.id.to_string());
        let complete = self.survey(caller, &filter, TIMELINE_MAX, &mut |recorded| {
            facts.note(&watched, recorded);
            ControlFlow::Continue(())
        })?;
        let steps = steps(&view.state, &seen, incident, &facts, view.now);
        Ok(LookedInto {
            id: incident.id,
            view: view.clone(),
            facts,
            complete,
            steps,
        })
    }
}
