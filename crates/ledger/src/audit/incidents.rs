//! An incident looked into: its timeline counted, its steps.

use super::filter::{Filter, FilterKey};
use crate::Ledger;
use crate::request::Failure;
use crate::view::View;
use std::ops::ControlFlow;
use strongroom_domain::context::Caller;
use strongroom_domain::find;
use strongroom_domain::ids::IncidentId;
use strongroom_domain::incident::{Facts, Step, Watched, steps};
use strongroom_domain::rights::visible;

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
        let watched = Watched::of(incident);
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
