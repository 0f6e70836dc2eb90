//! Tokens that a runner makes for one run: so that what runs a workflow holds nothing that opens more than it.

use super::principal::{not_found, only_owners_are_made, stream_of};
use super::{Decision, Desk, at, decided, one, to_come};
use crate::event::{Event, Run, TokenIssued};
use crate::ids::{Revision, TimeUs, TokenId};
use crate::limits::{RUN_TOKEN_US_MAX, RUN_TOKENS_MAX};
use crate::rejection::Rejection;
use crate::rights::{Denied, DeniedWhy, Target};
use crate::text;
use crate::words::Right;

/// Issues a token to the caller himself. It takes `resolve` on the workspace, which it is a part of.
pub(super) fn issue(
    desk: &mut Desk<'_, '_, '_>,
    (workspace, template): (&str, &str),
    revision: Option<Revision>,
    instance: Option<String>,
    hash: [u8; 32],
    expires_at: TimeUs,
) -> Result<Decision, Rejection> {
    only_owners_are_made(desk)?;
    let workspace = desk.workspace(workspace, "/workspace")?;
    let target = Target::Workspace(workspace.id);
    let allowed = desk.authorize(Right::Resolve, target)?;
    if desk.visible.run().is_some() || desk.ctx.caller.token.is_none() {
        return Err(Rejection::Denied(Denied {
            right: Right::Resolve,
            target: target.to_string(),
            why: DeniedWhy::RunToken,
        }));
    }
    let template = desk.template(template, "/template")?;
    let caller = desk.ctx.caller.principal;
    let principal = desk
        .state
        .principals
        .get(&caller)
        .ok_or_else(|| not_found("principal"))?;
    desk.match_version(principal.head.changed)?;
    let admitted = desk
        .state
        .installations
        .get(&(workspace.id, template.id))
        .and_then(|it| it.revision);
    let newest = template.revisions.last().map_or(0, |it| it.revision);
    let admitted = admitted.ok_or(Rejection::NotAdmitted { newest })?;
    if revision.is_some_and(|wished| wished != admitted) {
        return Err(Rejection::invalid(
            "/revision",
            format!("revision {admitted} is the one that is admitted in the workspace"),
            "ask for that one, or leave it out",
        ));
    }
    instance
        .as_deref()
        .map_or(Ok(()), |it| text::instance_id(it).map_err(at("/instance")))?;
    to_come(Some(expires_at), desk.ctx.now, "/expires_at")?;
    if expires_at > desk.ctx.now.saturating_add(RUN_TOKEN_US_MAX) {
        return Err(Rejection::invalid(
            "/expires_at",
            "a run's token lives for a day at most",
            "issue another when it ends",
        ));
    }
    let live = |token: &&crate::state::TokenFact| {
        token.run.is_some() && token.revoked_at.is_none() && token.expires_at.is_some_and(|end| desk.ctx.now < end)
    };
    if principal.tokens.iter().filter(live).count() >= RUN_TOKENS_MAX {
        return Err(Rejection::TooManyRunTokens);
    }
    let issued = TokenIssued {
        token: TokenId(desk.fresh()),
        hash,
        label: "run".to_owned(),
        expires_at: Some(expires_at),
        owners_only: false,
        run: Some(Run {
            workspace: workspace.id,
            template: template.id,
            revision: admitted,
            instance,
        }),
    };
    Ok(decided(
        allowed,
        vec![one(stream_of(principal), Event::TokenIssued(issued))],
    ))
}
