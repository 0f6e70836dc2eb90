//! Four eyes: what the policy asks another to look at. One asks, another approves, and the approval is good for exactly
//! what was asked, once, for an hour.
//!
//! It is judged by the events that a command comes to, so that no way to the same act passes it by.

use super::{Decision, Desk, decided, one, stream, unchanged};
use crate::context::Caller;
use crate::event::{ApprovalRequested, Event, FourEyesSet, Granted, Nothing, Revealed, Stream};
use crate::ids::{ApprovalId, CredentialId, PrincipalId};
use crate::limits::APPROVAL_US;
use crate::rejection::Rejection;
use crate::rights::{
    Allowed, Target, another_owner, approver_right, holds_token_of, is_owner, own_affair, sees_approval,
};
use crate::state::{Approval, ApprovalStatus, State};
use crate::what_if::signs_by;
use crate::words::{Act, Category, Effect, Right};

/// What an approval is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// What sort of act.
    pub act: Act,
    /// What it is done to.
    pub target: String,
    /// What exactly, for people, without ids that are drawn anew each time.
    pub exactly: String,
}

/// Lets a decision through, with its approval used up, or says that it takes one.
pub(super) fn gate(desk: &Desk<'_, '_, '_>, mut decision: Decision) -> Result<Decision, Rejection> {
    // Who has the root key in hand is not held up by what the ledger says.
    if desk.ctx.caller == Caller::SYSTEM || desk.state.policy.four_eyes.is_empty() {
        return Ok(decision);
    }
    let acts = decision
        .events
        .iter()
        .filter_map(|new| bound(desk, &new.stream, &new.event))
        .filter(|bound| bound.act == Act::Policy || desk.state.policy.four_eyes.contains(&bound.act));
    let mut used: Vec<ApprovalId> = Vec::new();
    for bound in acts.collect::<Vec<_>>() {
        let good = |id: &&ApprovalId| {
            let approval = desk.state.approvals.get(*id);
            !used.contains(id) && approval.is_some_and(|it| is_good_for(it, &bound, desk))
        };
        let Some(id) = desk.ctx.approvals.iter().find(good) else {
            return Err(Rejection::ApprovalRequired { bound });
        };
        used.push(*id);
    }
    let events = used
        .into_iter()
        .map(|id| one(stream_of(id), Event::ApprovalUsed(Nothing {})));
    decision.events.extend(events);
    Ok(decision)
}

fn is_good_for(approval: &Approval, bound: &Bound, desk: &Desk<'_, '_, '_>) -> bool {
    let asked = &approval.requested;
    matches!(approval.status, ApprovalStatus::Approved(_))
        && approval.requested_by == desk.ctx.caller.principal
        && desk.ctx.now < asked.expires_at
        // What was to be made has another id each time: handles, which are never given twice, say what it is.
        && (asked.act, &asked.bound) == (bound.act, &bound.exactly)
}

/// The act that an event is, if it is one that a policy can ask four eyes for.
fn bound(desk: &Desk<'_, '_, '_>, stream: &Stream, event: &Event) -> Option<Bound> {
    let state = desk.state;
    match event {
        Event::Revealed(revealed) => {
            let handle = &state.credentials.get(&revealed.credential)?.handle;
            Some(Bound {
                act: Act::Reveal,
                target: format!("credential:{}", revealed.credential),
                exactly: reveal(handle, revealed),
            })
        }
        Event::CredentialRevoked(_) => {
            let id = CredentialId(stream.id);
            let handle = &state.credentials.get(&id)?.handle;
            is_used(state, id).then(|| Bound {
                act: Act::RevokeInUse,
                target: format!("credential:{id}"),
                exactly: format!("revoke {handle}"),
            })
        }
        Event::Granted(granted) if granted.role.holds(Right::Own) => owner(desk, stream, &grant(granted)),
        Event::GrantWithdrawn(withdrawn) => {
            let principal = state.principals.get(&PrincipalId(stream.id))?;
            let mut grants = principal.grants.iter();
            let fact = grants.find(|fact| fact.granted.grant == withdrawn.grant)?;
            let is_owners = fact.granted.role.holds(Right::Own);
            is_owners.then(|| owner(desk, stream, &format!("withdraw {}", grant(&fact.granted))))?
        }
        Event::PrincipalDisabled(_) if is_owner(state, PrincipalId(stream.id), desk.ctx.now) => {
            owner(desk, stream, "disable")
        }
        Event::FourEyesSet(set) if set.before.iter().any(|act| !set.after.contains(act)) => Some(Bound {
            act: Act::Policy,
            target: Target::Ledger.to_string(),
            exactly: format!("four eyes for {}", words(&set.after)),
        }),
        _ => None,
    }
}

fn owner(desk: &Desk<'_, '_, '_>, stream: &Stream, what: &str) -> Option<Bound> {
    let id = PrincipalId(stream.id);
    let principal = desk.state.principals.get(&id)?;
    Some(Bound {
        act: Act::Owners,
        target: format!("principal:{id}"),
        exactly: format!("{}: {what}", principal.handle),
    })
}

fn grant(granted: &Granted) -> String {
    let effect = match granted.effect {
        Effect::Allow => "grant",
        Effect::Deny => "deny",
    };
    // Where and until when: as they are, so that a wider or longer grant is another one.
    let scope = if granted.scope.all {
        "everywhere".to_owned()
    } else {
        format!("{:?}", granted.scope)
    };
    let until = granted
        .until
        .map_or_else(|| "without end".to_owned(), |end| format!("until {end}"));
    format!("{effect} {} {scope} {until}", granted.role)
}

fn reveal(handle: &str, revealed: &Revealed) -> String {
    let glass = if revealed.break_glass {
        ", breaking the glass"
    } else {
        ""
    };
    let fields = revealed.fields.join(", ");
    format!("reveal {handle} version {}: {fields}{glass}", revealed.version)
}

fn words(acts: &[Act]) -> String {
    if acts.is_empty() {
        return "nothing".to_owned();
    }
    let words: Vec<&str> = acts.iter().map(|act| act.as_str()).collect();
    words.join(", ")
}

/// Whether a credential stands behind a variable or a default somewhere, or signs for a webhook.
fn is_used(state: &State, id: CredentialId) -> bool {
    let mut mappings = state.installations.values().flat_map(|it| &it.mappings);
    mappings.any(|mapping| mapping.credential == id)
        || state.defaults.values().any(|it| it.credential == Some(id))
        || state.webhooks.values().any(|it| signs_by(it, id))
}

/// Asks for an approval of what the gate said takes one.
pub(super) fn request(desk: &mut Desk<'_, '_, '_>, bound: Bound) -> Result<Decision, Rejection> {
    if desk.reason().is_none() {
        return Err(Rejection::ReasonRequired);
    }
    let requested = ApprovalRequested {
        act: bound.act,
        target: bound.target,
        bound: bound.exactly,
        expires_at: desk.ctx.now.saturating_add(APPROVAL_US),
    };
    let stream = stream_of(ApprovalId(desk.fresh()));
    let event = one(stream, Event::ApprovalRequested(requested));
    Ok(decided(own_affair(&desk.ctx.caller), vec![event]))
}

/// Another says yes or no.
pub(super) fn judge(desk: &mut Desk<'_, '_, '_>, id: ApprovalId, approve: bool) -> Result<Decision, Rejection> {
    let found = desk.state.approvals.get(&id);
    let approval = found.filter(|it| sees_approval(&desk.visible, desk.state, &desk.ctx.caller, it));
    let approval = approval.ok_or_else(|| super::principal::not_found("approval"))?;
    let caller = desk.ctx.caller.principal;
    // Who asked may take it back.
    let allowed: Allowed = if approval.requested_by == caller && !approve {
        own_affair(&desk.ctx.caller)
    } else {
        let (right, target) = approver_right(desk.state, &approval.requested);
        desk.authorize(right, target)?
    };
    desk.match_version(approval.head.changed)?;
    if approve && !is_another(desk, approval.requested_by) {
        return Err(Rejection::SelfApproval);
    }
    match approval.status {
        ApprovalStatus::Approved(_) if approve => return unchanged(allowed),
        ApprovalStatus::Declined(_) if !approve => return unchanged(allowed),
        ApprovalStatus::Used(_) => return Err(not_open("used")),
        ApprovalStatus::Declined(_) => return Err(not_open("declined")),
        ApprovalStatus::Pending | ApprovalStatus::Approved(_) => {}
    }
    if desk.ctx.now >= approval.requested.expires_at {
        return Err(not_open("expired"));
    }
    let event = if approve {
        Event::ApprovalApproved(Nothing {})
    } else {
        Event::ApprovalDeclined(Nothing {})
    };
    Ok(decided(allowed, vec![one(stream_of(id), event)]))
}

/// Whether the caller is somebody else than who asked: another principal, whose tokens the other did not issue.
fn is_another(desk: &Desk<'_, '_, '_>, asked: PrincipalId) -> bool {
    let caller = desk.ctx.caller.principal;
    let worn = |principal: &crate::state::Principal| holds_token_of(asked, principal, desk.ctx.now);
    caller != asked && !desk.state.principals.get(&caller).is_some_and(|it| worn(it))
}

fn not_open(status: &'static str) -> Rejection {
    Rejection::NotActive {
        what: "approval",
        status,
    }
}

/// Sets which acts take four eyes. For less than before the gate asks for four eyes itself.
pub(super) fn set(desk: &mut Desk<'_, '_, '_>, mut acts: Vec<Act>) -> Result<Decision, Rejection> {
    super::principal::only_owners_are_made(desk)?;
    let allowed = desk.authorize(Right::Own, Target::Ledger)?;
    desk.match_version(desk.state.policy.head.changed)?;
    acts.sort_unstable();
    acts.dedup();
    if acts.contains(&Act::Policy) {
        return Err(Rejection::invalid(
            "/four_eyes",
            "`policy` is no act to be named: it takes four eyes whenever anything does",
            "name reveal, revoke_in_use or owners",
        ));
    }
    let before = desk.state.policy.four_eyes.clone();
    if before == acts {
        return unchanged(allowed);
    }
    if !acts.is_empty() && !another_owner(desk.state, desk.ctx.caller.principal, desk.ctx.now) {
        return Err(Rejection::invalid(
            "/four_eyes",
            "nobody else is there who could approve",
            "make another owner first, who has a token",
        ));
    }
    let event = Event::FourEyesSet(FourEyesSet { before, after: acts });
    let stream = stream(Category::Policy, desk.state.ledger.id);
    Ok(decided(allowed, vec![one(stream, event)]))
}

fn stream_of(id: ApprovalId) -> Stream {
    stream(Category::Approval, id.0)
}
