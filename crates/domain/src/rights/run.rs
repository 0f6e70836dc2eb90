//! A run's token: what it opens, and with what it ends.

use super::{Target, identity, token_ended};
use crate::event::Run;
use crate::ids::TimeUs;
use crate::state::{Principal, TokenFact};
use crate::words::Right;

/// Whether a right on a thing is a matter of the run. Its revision and instance are checked with the resolution.
pub(super) fn covers(run: &Run, right: Right, target: Target<'_>) -> bool {
    let its_own = match target {
        Target::Workspace(id) | Target::Within(id, _) => id == run.workspace,
        Target::Template(id) => id == run.template,
        Target::Ledger | Target::Credential(_) | Target::NewCredential(_) | Target::Client(_) => false,
    };
    right == Right::Resolve && its_own
}

/// Whether the token or identity that a run's token was issued by still counts. Any other token stands for itself.
pub(super) fn parent_is_live(principal: &Principal, token: &TokenFact, now: TimeUs) -> bool {
    if token.run.is_none() {
        return true;
    }
    // A run's token issues none, so that this goes no deeper.
    let by_token = |parent| {
        let mut tokens = principal.tokens.iter();
        tokens.any(|it| it.id == parent && it.run.is_none() && !token_ended(principal, it, now))
    };
    token
        .parent
        .is_some_and(|parent| by_token(parent) || identity::is_live(principal, parent, now))
}
