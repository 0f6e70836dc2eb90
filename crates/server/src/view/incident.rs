//! Freezes and incidents.

use super::{Lens, written};
use crate::time::rfc3339;
use strongroom_api::incident::{
    Freeze, FreezeWritten, Incident, IncidentInsight, IncidentStep, IncidentWritten, Suspects,
};
use strongroom_domain::context::Caller;
use strongroom_domain::event::Event;
use strongroom_domain::ids::{FreezeId, IncidentId};
use strongroom_domain::incident::StepState;
use strongroom_domain::state;
use strongroom_domain::words::Category;
use strongroom_domain::{event, find};
use strongroom_ledger::{Failure, LookedInto, Receipt};

impl Lens<'_> {
    /// A freeze.
    pub(crate) fn freeze(&self, it: &state::Freeze) -> Freeze {
        let scope = self.scope(&it.frozen.scope);
        Freeze {
            id: it.id.to_string(),
            stops: it.frozen.stops.iter().map(|stop| stop.as_str().to_owned()).collect(),
            all: it.frozen.scope.all,
            workspaces: scope.workspaces,
            clients: scope.clients,
            services: scope.services,
            tags: scope.tags,
            credentials: scope.credentials,
            reason: it.reason.clone(),
            since: rfc3339(it.head.created_at),
            frozen_by: self.principal_handle(it.frozen_by),
            lifted_at: it.lifted.map(|(at, _)| rfc3339(at)),
            lifted_by: it.lifted.and_then(|(_, by)| self.principal_handle(by)),
            etag: it.head.changed,
        }
    }

    /// An incident.
    pub(crate) fn incident(&self, it: &state::Incident) -> Incident {
        let status = if it.closed.is_none() { "open" } else { "closed" };
        Incident {
            handle: it.handle.clone(),
            id: it.id.to_string(),
            name: it.name.clone(),
            status: status.to_owned(),
            since: rfc3339(it.since),
            suspects: self.suspects(&it.suspects),
            correlation: it.correlation.to_string(),
            reason: it.reason.clone(),
            opened_at: rfc3339(it.head.created_at),
            opened_by: self.principal_handle(it.opened_by),
            closed_at: it.closed.map(|(at, ..)| rfc3339(at)),
            closed_by: it.closed.and_then(|(_, by, _)| self.principal_handle(by)),
            etag: it.head.changed,
        }
    }

    fn suspects(&self, it: &event::Suspects) -> Suspects {
        let principal = |id| self.principal_handle(id).unwrap_or_else(|| id.to_string());
        let credential = |id| self.credential_handle(id).unwrap_or_else(|| id.to_string());
        Suspects {
            principals: it.principals.iter().copied().map(principal).collect(),
            tokens: it.tokens.iter().map(ToString::to_string).collect(),
            sources: it.sources.clone(),
            credentials: it.credentials.iter().copied().map(credential).collect(),
        }
    }
}

/// An incident, looked into.
pub(crate) fn incident_insight(looked: &LookedInto, caller: &Caller) -> Result<IncidentInsight, Failure> {
    let lens = Lens::of(&looked.view, caller);
    let incident = lens.state.incidents.get(&looked.id).ok_or_else(lost)?;
    let step = |it: &strongroom_domain::incident::Step| IncidentStep {
        step: it.name.clone(),
        kind: it.kind.as_str().to_owned(),
        about: it.about.clone(),
        why: it.why.clone(),
        state: it.state.as_str().to_owned(),
        command: it.command.clone(),
    };
    let open = looked.steps.iter().filter(|it| it.state == StepState::Open).count();
    Ok(IncidentInsight {
        incident: lens.incident(incident),
        events: looked.facts.events,
        acts: looked.facts.acts,
        first_at: looked.facts.first_at.map(rfc3339),
        last_at: looked.facts.last_at.map(rfc3339),
        complete: looked.complete,
        open: open as u64,
        steps: looked.steps.iter().map(step).collect(),
    })
}

/// An incident opened or changed.
pub(crate) fn incident_written(
    receipt: &Receipt,
    caller: &Caller,
    reference: &str,
) -> Result<IncidentWritten, Failure> {
    let lens = Lens::of(&receipt.view, caller);
    let mut events = receipt.events.iter();
    let incident = match events.find(|it| it.stream.category == Category::Incident) {
        Some(event) => lens
            .state
            .incidents
            .get(&IncidentId(event.stream.id))
            .map(AsRef::as_ref),
        None => find::incident(lens.state, &lens.seen, reference, "").ok(),
    };
    Ok(IncidentWritten {
        incident: lens.incident(incident.ok_or_else(lost)?),
        written: written(receipt),
    })
}

fn lost() -> Failure {
    Failure::Internal("an incident is not in the state that holds it".to_owned())
}

/// A freeze made or lifted; `named` where one was named.
pub(crate) fn freeze_written(
    receipt: &Receipt,
    caller: &Caller,
    named: Option<FreezeId>,
    same: impl Fn(&state::Freeze) -> bool,
) -> Result<FreezeWritten, Failure> {
    let lens = Lens::of(&receipt.view, caller);
    let made = receipt
        .events
        .iter()
        .find(|it| matches!(it.event, Event::Frozen(_) | Event::Unfrozen(_)))
        .map(|it| FreezeId(it.stream.id));
    let freezes = &lens.state.freezes;
    let freeze = match named.or(made) {
        Some(id) => freezes.get(&id),
        // What was asked for holds already.
        None => freezes.values().find(|it| it.lifted.is_none() && same(it)),
    };
    let freeze = freeze.ok_or_else(|| Failure::Internal("a freeze is not in the state that holds it".to_owned()))?;
    Ok(FreezeWritten {
        freeze: lens.freeze(freeze),
        written: written(receipt),
    })
}
