//! Who answers for credentials, and who leaves.

use super::{Blocked, Plan, Step, Touched};
use crate::command::{Command, UpdateCredential};
use crate::find;
use crate::ids::{PrincipalId, TimeUs};
use crate::rejection::Rejection;
use crate::rights::Visible;
use crate::state::State;
use crate::words::{CredentialStatus, Effect};

pub(super) fn stewards(state: &State, visible: &Visible<'_>, from: &str, to: &str) -> Result<Plan, Rejection> {
    let from = find::steward(state, visible, from, "/from")?.id;
    let to = find::steward(state, visible, to, "/to")?.id;
    if from == to {
        return Err(Rejection::invalid("/to", "it is the same principal", "name another"));
    }
    let mut plan = Plan::default();
    transfer(state, visible, from, Some(to), &mut plan);
    Ok(plan)
}

/// Credentials first, the principal last: each step is still allowed when it comes.
pub(super) fn offboard(
    state: &State,
    visible: &Visible<'_>,
    principal: &str,
    steward: Option<&str>,
    now: TimeUs,
) -> Result<Plan, Rejection> {
    let principal = find::principal(state, visible, principal, "/principal")?;
    let id = principal.id;
    let steward = steward
        .map(|it| find::steward(state, visible, it, "/steward_to").map(|it| it.id))
        .transpose()?;
    if steward == Some(id) {
        return Err(Rejection::invalid("/steward_to", "it is who leaves", "name another"));
    }
    let mut plan = Plan::default();
    transfer(state, visible, id, steward, &mut plan);
    let alive = |end: Option<TimeUs>| end.is_none_or(|end| end > now);
    for token in principal
        .tokens
        .iter()
        .filter(|it| it.revoked_at.is_none() && alive(it.expires_at))
    {
        let touched = Touched::Token {
            principal: id,
            token: token.id,
        };
        plan.take(touched, Command::RevokeToken { token: token.id });
    }
    // Denials stay: they give nothing, and would be missed if he ever came back.
    let given = principal.grants.iter().filter(|it| it.granted.effect == Effect::Allow);
    for grant in given.filter(|it| it.withdrawn_at.is_none() && alive(it.granted.until)) {
        let touched = Touched::Grant {
            principal: id,
            grant: grant.granted.grant,
        };
        let command = Command::WithdrawGrant {
            principal: id.to_string(),
            grant: grant.granted.grant,
        };
        plan.take(touched, command);
    }
    if !principal.disabled {
        let command = Command::DisablePrincipal {
            principal: id.to_string(),
        };
        plan.take(Touched::Disabled { principal: id }, command);
    }
    Ok(plan)
}

/// Nobody need answer for what is withdrawn for good.
fn transfer(state: &State, visible: &Visible<'_>, from: PrincipalId, to: Option<PrincipalId>, plan: &mut Plan) {
    let final_ = |status| matches!(status, CredentialStatus::Revoked | CredentialStatus::Shredded);
    let his = state
        .credentials
        .values()
        .filter(|it| it.steward == from && !final_(it.status));
    for credential in his {
        if !visible.credential(credential) {
            plan.hidden += 1;
            continue;
        }
        let touched = Touched::Steward {
            credential: credential.id,
            from,
            to,
        };
        match to {
            None => plan.line(touched, Step::Blocked(Blocked::NeedsSteward)),
            Some(to) => {
                let update = UpdateCredential {
                    credential: credential.id.to_string(),
                    steward: Some(to.to_string()),
                    ..UpdateCredential::default()
                };
                plan.take(touched, Command::UpdateCredential(Box::new(update)));
            }
        }
    }
}
