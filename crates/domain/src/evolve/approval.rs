//! What the events of an approval do.

use super::thing;
use crate::event::{ApprovalRequested, Recorded};
use crate::ids::ApprovalId;
use crate::state::{Approval, ApprovalStatus, State, StreamHead};
use std::sync::Arc;

pub(super) fn requested(state: &mut State, recorded: &Recorded, data: &ApprovalRequested) {
    let id = ApprovalId(recorded.stream.id);
    let approval = Approval {
        id,
        head: StreamHead::default().after(recorded),
        requested: data.clone(),
        requested_by: recorded.envelope.actor,
        reason: recorded.envelope.reason.clone(),
        status: ApprovalStatus::Pending,
    };
    state.approvals.insert(id, Arc::new(approval));
}

pub(super) fn change(state: &mut State, recorded: &Recorded, to: impl FnOnce(ApprovalStatus) -> ApprovalStatus) {
    if let Some(approval) = thing(&mut state.approvals, ApprovalId(recorded.stream.id)) {
        approval.head = approval.head.after(recorded);
        approval.status = to(approval.status);
    }
}

/// It is used up, and it stays known who had approved it.
pub(super) fn used(before: ApprovalStatus) -> ApprovalStatus {
    match before {
        ApprovalStatus::Approved(by) => ApprovalStatus::Used(by),
        other => other,
    }
}
