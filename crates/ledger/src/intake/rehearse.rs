//! Decides commands on a copy of current state, so that a plan says what would be refused, and where.

use crate::request::RequestContext;
use crate::view::View;
use strongroom_domain::command::Command;
use strongroom_domain::context::{Context, Ids};
use strongroom_domain::decide::decide;
use strongroom_domain::event::{Envelope, Recorded};
use strongroom_domain::evolve::evolve;
use strongroom_domain::ids::{CorrelationId, EventId, Position, TimeUs};
use strongroom_domain::{Rejection, State};

/// Ids that are used nowhere else: a rehearsal's events are thrown away.
#[derive(Default)]
pub(crate) struct Counted(u128);

impl Ids for Counted {
    fn fresh(&mut self) -> [u8; 16] {
        self.0 += 1;
        (u128::MAX - self.0).to_be_bytes()
    }
}

/// Decides each command on the state as the ones before it would leave it. Rotations build on secret values, which a
/// rehearsal does not open: they are passed over.
///
/// # Errors
/// The index of the first command that is refused, and why.
pub(super) fn rehearse<'c>(
    context: &RequestContext,
    view: &View,
    commands: impl IntoIterator<Item = &'c Command>,
) -> Result<(), (usize, Rejection)> {
    let mut state = (*view.state).clone();
    let mut ids = Counted(0);
    for (index, command) in commands.into_iter().enumerate() {
        if matches!(command, Command::RotateCredential(_)) {
            continue;
        }
        rehearse_one(context, &mut state, view.head, view.now, &mut ids, command).map_err(|it| (index, it))?;
    }
    Ok(())
}

/// Decides one command, and leaves the state as it would be afterwards; as it was where it is refused.
pub(crate) fn rehearse_one(
    context: &RequestContext,
    state: &mut State,
    head: Position,
    now: TimeUs,
    ids: &mut Counted,
    command: &Command,
) -> Result<(), Rejection> {
    let decision = decide(
        state,
        command.clone(),
        &mut Context {
            now,
            caller: context.caller,
            ids,
            reason: context.reason.as_deref(),
            if_match: None,
            approvals: &context.approval.given,
            current_secret: None,
            duplicates: &[],
        },
    )?;
    for event in decision.events {
        let recorded = Recorded {
            position: head,
            recorded_at: now,
            event_id: EventId(ids.fresh()),
            stream: event.stream,
            stream_version: state.stream_version(&event.stream) + 1,
            secret_key_id: event.secret.is_some().then(|| ids.fresh()),
            envelope: Envelope {
                actor: context.caller.principal,
                on_behalf_of: None,
                token: None,
                grant: decision.grant,
                reason: None,
                correlation: CorrelationId([0; 16]),
                causation: None,
                request_id: String::new(),
                source: None,
                user_agent: None,
                idempotency: None,
            },
            event: event.event,
        };
        evolve(state, &recorded);
    }
    Ok(())
}
