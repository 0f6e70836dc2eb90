//! Who may approve what takes four eyes, and who sees that it was asked for.

use super::{Target, Visible};
use crate::context::Caller;
use crate::event::ApprovalRequested;
use crate::ids::CredentialId;
use crate::state::{Approval, State};
use crate::words::{Act, Right};

/// The right that approving takes, and where: for what is done to a credential, to administer it; else to own the ledger.
#[must_use]
pub fn approver_right<'s>(state: &'s State, asked: &ApprovalRequested) -> (Right, Target<'s>) {
    match asked.act {
        Act::Reveal | Act::RevokeInUse => {
            let id = asked.target.strip_prefix("credential:");
            let id = id.and_then(|id| CredentialId::parse(id).ok());
            let credential = id.and_then(|id| state.credentials.get(&id));
            let target = credential.map_or(Target::Ledger, |it| Target::Credential(it));
            (Right::Administer, target)
        }
        Act::Owners | Act::Policy => (Right::Own, Target::Ledger),
    }
}

/// Whether somebody sees an approval: who asked for it, who may approve it, and auditors.
#[must_use]
pub fn sees_approval(visible: &Visible<'_>, state: &State, caller: &Caller, approval: &Approval) -> bool {
    let (right, target) = approver_right(state, &approval.requested);
    approval.requested_by == caller.principal || visible.may(right, target) || visible.may(Right::Audit, Target::Ledger)
}
