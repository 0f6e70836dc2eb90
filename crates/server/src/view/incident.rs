//! Freezes.

use super::{Lens, written};
use crate::time::rfc3339;
use strongroom_api::incident::{Freeze, FreezeWritten};
use strongroom_domain::context::Caller;
use strongroom_domain::event::Event;
use strongroom_domain::ids::FreezeId;
use strongroom_domain::state;
use strongroom_ledger::{Failure, Receipt};

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
