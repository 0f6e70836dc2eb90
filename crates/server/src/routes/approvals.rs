//! Four eyes: approvals, and the policy that asks for them.

use super::word;
use crate::answer::{self, Answer};
use crate::app::App;
use crate::call::{Asker, Call};
use crate::list::Slice;
use crate::params::{Params, Query};
use crate::problem::ApiError;
use crate::view::{Lens, approval_written, policy_written};
use strongroom_api::Page;
use strongroom_api::approval::{Approval, ApprovalQuery, ApprovalWritten, Policy, PolicyWritten, SetPolicy};
use strongroom_api::written::Because;
use strongroom_domain::Rejection;
use strongroom_domain::command::Command;
use strongroom_domain::ids::ApprovalId;
use strongroom_domain::rights::sees_approval;
use strongroom_domain::words::Act;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(approve))
        .routes(routes!(decline))
        .routes(routes!(policy, set_policy))
}

/// Approvals that the caller asked for or may give, newest first.
#[utoipa::path(get, path = "/api/v1/approvals", tag = "approvals", params(ApprovalQuery),
    responses((status = 200, body = Page<Approval>)))]
async fn list(asker: Asker, Query(query): Query<ApprovalQuery>) -> Answer {
    let all = query.all.unwrap_or(false);
    let slice = Slice::of(
        "approvals",
        &[all.then_some("all")],
        query.limit,
        query.cursor.as_deref(),
    )?;
    let view = asker.view();
    let lens = Lens::of(&view, &asker.caller);
    let mut seen: Vec<(String, Approval)> = lens
        .state
        .approvals
        .values()
        .filter(|it| sees_approval(&lens.seen, lens.state, &asker.caller, it))
        .map(|it| {
            // Newest first: positions count down.
            let key = format!("{:020}", u64::MAX - it.head.first);
            (key, lens.approval(it))
        })
        .filter(|(_, it)| all || it.status == "pending" || it.status == "approved")
        .filter(|(key, _)| slice.after().is_none_or(|after| key.as_str() > after))
        .collect();
    seen.sort_by(|one, other| one.0.cmp(&other.0));
    answer::ok(&slice.take(seen.into_iter()))
}

/// One approval.
#[utoipa::path(get, path = "/api/v1/approvals/{id}", tag = "approvals", responses((status = 200, body = Approval)))]
async fn get(asker: Asker, Params(id): Params<String>) -> Answer {
    let view = asker.view();
    let lens = Lens::of(&view, &asker.caller);
    let found = lens.state.approvals.get(&approval_id(&id)?);
    let seen = found.filter(|it| sees_approval(&lens.seen, lens.state, &asker.caller, it));
    let it = seen.ok_or_else(not_found)?;
    answer::versioned(it.head.changed, &lens.approval(it))
}

/// Says yes: who asked may then do it, once.
#[utoipa::path(post, path = "/api/v1/approvals/{id}/approve", tag = "approvals", request_body = Because,
    responses((status = 200, body = ApprovalWritten)))]
async fn approve(Params(id): Params<String>, call: Call<Because>) -> Answer {
    judge(&id, call, true).await
}

/// Says no; who asked may take it back so.
#[utoipa::path(post, path = "/api/v1/approvals/{id}/decline", tag = "approvals", request_body = Because,
    responses((status = 200, body = ApprovalWritten)))]
async fn decline(Params(id): Params<String>, call: Call<Because>) -> Answer {
    judge(&id, call, false).await
}

async fn judge(id: &str, call: Call<Because>, approve: bool) -> Answer {
    let approval = approval_id(id)?;
    let caller = call.context.caller;
    let command = Command::JudgeApproval { approval, approve };
    let receipt = call.app.ledger.execute(call.context, command).await?;
    let written = approval_written(&receipt, &caller, approval)?;
    answer::versioned(written.approval.etag, &written)
}

/// What the ledger asks of everybody.
#[utoipa::path(get, path = "/api/v1/policy", tag = "approvals", responses((status = 200, body = Policy)))]
async fn policy(asker: Asker) -> Answer {
    let view = asker.view();
    let policy = Lens::of(&view, &asker.caller).policy();
    answer::versioned(policy.etag, &policy)
}

/// Sets which acts take four eyes. To ask for less takes four eyes itself.
#[utoipa::path(put, path = "/api/v1/policy", tag = "approvals", request_body = SetPolicy,
    responses((status = 200, body = PolicyWritten)))]
async fn set_policy(call: Call<SetPolicy>) -> Answer {
    let known: Vec<&str> = Act::ALL
        .iter()
        .map(|act| act.as_str())
        .filter(|it| *it != "policy")
        .collect();
    let act = |(at, text): (usize, &String)| word(Act::parse(text), &format!("/four_eyes/{at}"), "act", &known);
    let acts = call
        .body
        .four_eyes
        .iter()
        .enumerate()
        .map(act)
        .collect::<Result<_, ApiError>>()?;
    let caller = call.context.caller;
    let receipt = call
        .app
        .ledger
        .execute(call.context, Command::SetFourEyes { acts })
        .await?;
    let written = policy_written(&receipt, &caller);
    answer::versioned(written.policy.etag, &written)
}

fn approval_id(text: &str) -> Result<ApprovalId, ApiError> {
    ApprovalId::parse(text).map_err(|_| not_found())
}

fn not_found() -> ApiError {
    ApiError::from(Rejection::NotFound {
        what: "approval",
        pointer: String::new(),
        suggestions: Vec::new(),
        denied: None,
    })
}
