//! State, command and context become events, or a rejection. Pure: time, ids and what needs a key come in the context.

use crate::command::Command;
use crate::context::Context;
use crate::event::{Event, Stream};
use crate::ids::{CredentialId, CredentialVersion, GrantId};
use crate::rejection::Rejection;
use crate::rights::Allowed;
use crate::secret::SecretPart;
use crate::state::State;

/// An event to be sealed, and the secret part that goes with it.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// The stream it goes to.
    pub stream: Stream,
    /// The event.
    pub event: Event,
    /// What goes into the record's secret part.
    pub secret: Option<SecretPart>,
}

/// What a command comes to.
#[derive(Debug, Clone)]
pub struct Decision {
    /// The grant that every event names.
    pub grant: Option<GrantId>,
    /// The proof that the rights were checked: what serves a value asks for it.
    pub allowed: Allowed,
    /// The events, in order; none when nothing would change.
    pub events: Vec<NewEvent>,
}

impl Decision {
    /// Whether the command asks for what is so already.
    #[must_use]
    pub fn unchanged(&self) -> bool {
        self.events.is_empty()
    }
}

/// Decides a command against a state.
///
/// # Errors
/// [`Rejection`]: nothing happened and nothing is to be recorded but, perhaps, the refusal ([`Rejection::denial`]).
pub fn decide(state: &State, command: Command, ctx: &mut Context<'_>) -> Result<Decision, Rejection> {
    let _ = (state, command, ctx);
    Err(Rejection::Stale)
}

/// The values that [`decide`] needs in [`Context::current_secret`] for this command: those of a credential's current
/// version, whose record is at the version's `values_at`.
#[must_use]
pub fn needs_current_secret(_state: &State, _command: &Command) -> Option<(CredentialId, CredentialVersion)> {
    None
}
