//! What is stopped in an incident, and what goes on all the same.
//!
//! A freeze stops changes, serving or both in a scope, until it is lifted. Sorts that a scope names narrow each other, as in a grant
//! (`docs/rights.md`). Taking away goes on under every freeze: who revokes a key in an incident must not be held up.

use crate::command::Command;
use crate::concerns::concerns;
use crate::context::Caller;
use crate::event::{CredentialCreated, Event, Scope, Stream, Subject};
use crate::rejection::Rejection;
use crate::resolve::{Outcome, Resolution};
use crate::rights::{Denied, DeniedWhy, NewCredential, Target, touches};
use crate::state::{Credential, Freeze, State};
use crate::words::{Right, Stop};

/// The freezes that hold.
pub fn holding(state: &State) -> impl Iterator<Item = &Freeze> {
    let all = state.freezes.values().map(std::sync::Arc::as_ref);
    all.filter(|it| it.lifted.is_none())
}

fn stopping(state: &State, stop: Stop) -> impl Iterator<Item = &Freeze> {
    holding(state).filter(move |it| it.frozen.stops.contains(&stop))
}

/// Checks that the secrets of a resolution may be served.
///
/// # Errors
/// [`Rejection::Frozen`].
pub fn check_resolution(state: &State, resolution: &Resolution) -> Result<(), Rejection> {
    let workspace = resolution.workspace;
    for freeze in stopping(state, Stop::Serving) {
        let scope = &freeze.frozen.scope;
        let mut chosen = resolution.variables.iter().filter_map(|it| match &it.outcome {
            Outcome::Chosen { credential, .. } => state.credentials.get(credential),
            Outcome::Missing { .. } | Outcome::Unset { .. } => None,
        });
        let stopped = touches(state, scope, Target::Workspace(workspace))
            || chosen.any(|it| {
                touches(state, scope, Target::Within(workspace, Some(it))) || holds_for_credential(state, scope, it)
            });
        if stopped {
            let denied = refused(Right::Resolve, &Target::Workspace(workspace));
            return Err(frozen(freeze, Stop::Serving, Some(denied)));
        }
    }
    Ok(())
}

/// Checks that a credential's values may be shown.
///
/// # Errors
/// [`Rejection::Frozen`].
pub fn check_reveal(state: &State, credential: &Credential) -> Result<(), Rejection> {
    let mut stopping = stopping(state, Stop::Serving);
    match stopping.find(|it| holds_for_credential(state, &it.frozen.scope, credential)) {
        None => Ok(()),
        Some(freeze) => {
            let denied = refused(Right::Read, &Target::Credential(credential));
            Err(frozen(freeze, Stop::Serving, Some(denied)))
        }
    }
}

/// Checks that an event may change what it concerns.
///
/// # Errors
/// [`Rejection::Frozen`].
pub(crate) fn check_change(state: &State, stream: &Stream, event: &Event) -> Result<(), Rejection> {
    for freeze in stopping(state, Stop::Writes) {
        let scope = &freeze.frozen.scope;
        let stopped = scope.all
            || is_made_within(state, scope, event)
            || concerns(stream, event)
                .iter()
                .any(|subject| holds_for(state, scope, subject));
        if stopped {
            return Err(frozen(freeze, Stop::Writes, None));
        }
    }
    Ok(())
}

/// Whether a command goes on under every freeze: it takes away, it records what happened, it is how people get in and how a freeze ends.
#[must_use]
pub(crate) fn goes_on(command: &Command, caller: &Caller) -> bool {
    // Who has the root key in hand is not held up by what the ledger says.
    *caller == Caller::SYSTEM
        || command.takes_away()
        || matches!(
            command,
            Command::RecordAccess { .. }
                | Command::RecordReveal { .. }
                | Command::RecordLeakSearch { .. }
                | Command::RequestApproval { .. }
                | Command::JudgeApproval { .. }
                | Command::SignIn { .. }
                | Command::IssueRunToken { .. }
                | Command::ReleaseTokens
                | Command::Unfreeze { .. }
                | Command::OpenIncident { .. }
                | Command::WidenIncident { .. }
                | Command::TellStewards { .. }
                | Command::SkipStep { .. }
                | Command::CloseIncident { .. }
        )
}

fn holds_for(state: &State, scope: &Scope, subject: &Subject) -> bool {
    match subject {
        Subject::Credential(id) => {
            let credential = state.credentials.get(id);
            credential.is_some_and(|it| holds_for_credential(state, scope, it))
        }
        Subject::Workspace(id) => touches(state, scope, Target::Workspace(*id)),
        Subject::Client(id) => touches(state, scope, Target::Client(*id)),
        // These belong to nobody whom a scope can name.
        Subject::Template(_) | Subject::Service(_) | Subject::Principal(_) => false,
    }
}

/// A credential that merely reaches a workspace is not stopped with it: others use it, too.
fn holds_for_credential(state: &State, scope: &Scope, credential: &Credential) -> bool {
    scope.all || scope.workspaces.is_empty() && touches(state, scope, Target::Credential(credential))
}

fn is_made_within(state: &State, scope: &Scope, event: &Event) -> bool {
    let Event::CredentialCreated(CredentialCreated {
        client, service, tags, ..
    }) = event
    else {
        return false;
    };
    let new = NewCredential {
        client: *client,
        service,
        tags,
    };
    scope.workspaces.is_empty() && touches(state, scope, Target::NewCredential(&new))
}

fn refused(right: Right, target: &Target<'_>) -> Denied {
    Denied {
        right,
        target: target.to_string(),
        why: DeniedWhy::Frozen,
    }
}

fn frozen(freeze: &Freeze, stop: Stop, denied: Option<Denied>) -> Rejection {
    Rejection::Frozen {
        freeze: freeze.id,
        stop,
        since: freeze.head.created_at,
        reason: freeze.reason.clone().unwrap_or_default(),
        denied,
    }
}
