//! Approvals and the policy.

use super::{Lens, written};
use crate::time::rfc3339;
use strongroom_api::approval::{Approval, ApprovalWritten, Policy, PolicyWritten};
use strongroom_domain::context::Caller;
use strongroom_domain::event::Event;
use strongroom_domain::ids::ApprovalId;
use strongroom_domain::state::{self, ApprovalStatus};
use strongroom_ledger::{Failure, Receipt};

impl Lens<'_> {
    /// An approval.
    pub(crate) fn approval(&self, it: &state::Approval) -> Approval {
        let expired = self.now >= it.requested.expires_at;
        let (status, by) = match it.status {
            ApprovalStatus::Pending if expired => ("expired", None),
            ApprovalStatus::Approved(by) if expired => ("expired", Some(by)),
            ApprovalStatus::Pending => ("pending", None),
            ApprovalStatus::Approved(by) => ("approved", Some(by)),
            ApprovalStatus::Declined(by) => ("declined", Some(by)),
            ApprovalStatus::Used(by) => ("used", Some(by)),
        };
        let target = it
            .requested
            .target
            .split_once(':')
            .map_or_else(|| Some(it.requested.target.clone()), |(_, id)| self.handle_of(id));
        Approval {
            id: it.id.to_string(),
            status: status.to_owned(),
            act: it.requested.act.as_str().to_owned(),
            target,
            exactly: it.requested.bound.clone(),
            reason: it.reason.clone(),
            requested_by: self.principal_handle(it.requested_by),
            requested_at: rfc3339(it.head.created_at),
            judged_by: by.and_then(|id| self.principal_handle(id)),
            expires_at: rfc3339(it.requested.expires_at),
            etag: it.head.changed,
        }
    }

    /// The policy.
    pub(crate) fn policy(&self) -> Policy {
        let policy = &self.state.policy;
        Policy {
            four_eyes: policy.four_eyes.iter().map(|act| act.as_str().to_owned()).collect(),
            etag: policy.head.changed,
        }
    }
}

/// An approval judged.
pub(crate) fn approval_written(receipt: &Receipt, caller: &Caller, id: ApprovalId) -> Result<ApprovalWritten, Failure> {
    let lens = Lens::of(&receipt.view, caller);
    let approval = lens.state.approvals.get(&id);
    let approval =
        approval.ok_or_else(|| Failure::Internal("an approval is not in the state that holds it".to_owned()))?;
    Ok(ApprovalWritten {
        approval: lens.approval(approval),
        written: written(receipt),
    })
}

/// An approval asked for instead of what was to be done.
pub(crate) fn approval_asked(receipt: &Receipt) -> Result<ApprovalWritten, Failure> {
    let asked = receipt
        .events
        .iter()
        .find(|it| matches!(it.event, Event::ApprovalRequested(_)));
    let asked = asked.ok_or_else(|| Failure::Internal("nothing was asked for".to_owned()))?;
    let caller = Caller {
        principal: asked.envelope.actor,
        token: None,
        on_behalf_of: None,
    };
    approval_written(receipt, &caller, ApprovalId(asked.stream.id))
}

/// The policy set.
pub(crate) fn policy_written(receipt: &Receipt, caller: &Caller) -> PolicyWritten {
    PolicyWritten {
        policy: Lens::of(&receipt.view, caller).policy(),
        written: written(receipt),
    }
}
