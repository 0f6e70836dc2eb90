//! Work on many places at once: planned, shown, done whole or not at all.

use super::audit::blocking;
use crate::answer::{self, Answer};
use crate::app::App;
use crate::call::{Call, moment};
use crate::params::Params;
use crate::problem::ApiError;
use crate::view::{Lens, plan_done, plan_shown};
use strongroom_api::plan::{
    CopyWorkspace, Offboard, Planned, ReplaceCredential, Restore, SetUp, TransferStewardship, Undo,
};
use strongroom_domain::Rejection;
use strongroom_domain::find;
use strongroom_domain::ids::CorrelationId;
use strongroom_domain::plan::{Places, RestoreScope, Setup, Wish};
use strongroom_domain::rights::Target;
use strongroom_domain::words::Right;
use strongroom_ledger::{Failure, RequestContext};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(replace))
        .routes(routes!(undo))
        .routes(routes!(restore))
        .routes(routes!(copy))
        .routes(routes!(stewardship))
        .routes(routes!(offboard))
        .routes(routes!(set_up))
}

/// Puts another credential wherever this one stands: every mapping and default, in one step.
#[utoipa::path(post, path = "/api/v1/credentials/{handle}/replace", tag = "plans", request_body = ReplaceCredential,
    responses((status = 200, body = Planned)))]
async fn replace(Params(old): Params<String>, call: Call<ReplaceCredential>) -> Answer {
    let ReplaceCredential {
        new,
        workspaces,
        dry_run,
        expected,
        ..
    } = call.body;
    let wish = Wish::Replace { old, new, workspaces };
    carry_out(call.app, call.context, wish, dry_run, expected.as_deref()).await
}

/// Changes back what one piece of work changed, by events that compensate.
#[utoipa::path(post, path = "/api/v1/undo", tag = "plans", request_body = Undo,
    responses((status = 200, body = Planned)))]
async fn undo(call: Call<Undo>) -> Answer {
    let Undo {
        correlation,
        dry_run,
        expected,
        ..
    } = call.body;
    let correlation = CorrelationId::parse(&correlation).map_err(|_| ApiError::Parameter {
        pointer: "/correlation".to_owned(),
        what: "is not `co_` and 32 hexadecimal digits".to_owned(),
        hint: "send the `correlation` of the answer, or of an event".to_owned(),
    })?;
    let wish = call.app.ledger.undoing(correlation)?;
    carry_out(call.app, call.context, wish, dry_run, expected.as_deref()).await
}

/// Puts something back to what it was: a plan of changes, and one record that says so. What was revoked, archived or made since
/// stays, and the plan says so; tokens and grants are no part of it. Takes `administer` on the ledger, and a reason.
#[utoipa::path(post, path = "/api/v1/restore", tag = "plans", request_body = Restore,
    responses((status = 200, body = Planned)))]
async fn restore(call: Call<Restore>) -> Answer {
    let Restore {
        to,
        credential,
        workspace,
        client,
        mappings,
        dry_run,
        expected,
        ..
    } = call.body;
    let scopes = [
        credential.map(RestoreScope::Credential),
        workspace.map(RestoreScope::Workspace),
        client.map(RestoreScope::Client),
        mappings.then_some(RestoreScope::Mappings),
    ];
    let mut scopes = scopes.into_iter().flatten();
    let (Some(scope), None) = (scopes.next(), scopes.next()) else {
        return Err(ApiError::Parameter {
            pointer: String::new(),
            what: "exactly one of `credential`, `workspace`, `client` and `mappings` says what is put back".to_owned(),
            hint: "for example {\"to\": \"2h\", \"workspace\": \"acme-prod\", \"dry_run\": true}".to_owned(),
        });
    };
    if !dry_run && call.context.reason.is_none() {
        return Err(Failure::from(Rejection::ReasonRequired).into());
    }
    let instant = moment(&call.app, &to, "/to")?;
    let (ledger, caller) = (call.app.ledger.clone(), call.context.caller);
    let wish = blocking(move || ledger.restoring(&caller, instant, scope)).await?;
    carry_out(call.app, call.context, wish, dry_run, expected.as_deref()).await
}

/// Takes over revisions and mappings of another workspace.
#[utoipa::path(post, path = "/api/v1/workspaces/{from}/copy/{to}", tag = "plans", request_body = CopyWorkspace,
    responses((status = 200, body = Planned)))]
async fn copy(Params((from, to)): Params<(String, String)>, call: Call<CopyWorkspace>) -> Answer {
    let CopyWorkspace {
        overwrite,
        dry_run,
        expected,
        ..
    } = call.body;
    let wish = Wish::Copy { from, to, overwrite };
    carry_out(call.app, call.context, wish, dry_run, expected.as_deref()).await
}

/// Gives the credentials that one principal answers for to another.
#[utoipa::path(post, path = "/api/v1/principals/{handle}/stewardship", tag = "plans", request_body = TransferStewardship,
    responses((status = 200, body = Planned)))]
async fn stewardship(Params(from): Params<String>, call: Call<TransferStewardship>) -> Answer {
    let TransferStewardship {
        to, dry_run, expected, ..
    } = call.body;
    let wish = Wish::Stewards { from, to };
    carry_out(call.app, call.context, wish, dry_run, expected.as_deref()).await
}

/// Lets a principal go: stewardship, tokens, grants, and the principal itself.
#[utoipa::path(post, path = "/api/v1/principals/{handle}/offboard", tag = "plans", request_body = Offboard,
    responses((status = 200, body = Planned)))]
async fn offboard(Params(principal): Params<String>, call: Call<Offboard>) -> Answer {
    let Offboard {
        steward_to,
        dry_run,
        expected,
        ..
    } = call.body;
    let caller = call.context.caller;
    let wish = Wish::Offboard {
        principal: principal.clone(),
        steward: steward_to,
    };
    if !dry_run {
        return carry_out(call.app, call.context, wish, false, expected.as_deref()).await;
    }
    let planned = call.app.ledger.plan_wish(&call.context, &wish)?;
    let view = call.app.ledger.view();
    let lens = Lens::of(&view, &caller);
    let mut shown = plan_shown(&lens, &planned, &call.app.ledger.checkpoint());
    if lens.seen.may(Right::Audit, Target::Ledger) {
        let it = find::principal(lens.state, &lens.seen, &principal, "")?;
        let impact = super::inquiries::of_principal(&call.app, caller, &lens, it).await?;
        shown.saw = impact.reached;
        shown.rotate = impact.rotate;
    }
    answer::ok(&shown)
}

/// Lets a template run in many workspaces: admits its revision and maps what fits, where exactly one credential does.
#[utoipa::path(post, path = "/api/v1/templates/{handle}/setup", tag = "plans", request_body = SetUp,
    responses((status = 200, body = Planned)))]
async fn set_up(Params(template): Params<String>, call: Call<SetUp>) -> Answer {
    let body = call.body;
    let wish = Wish::Setup(Setup {
        template,
        revision: body.revision,
        places: Places {
            workspaces: body.workspaces,
            clients: body.clients,
            environments: body.environments,
            each: body.each,
        },
        maps: body.map.0,
        skip_incomplete: body.skip_incomplete,
    });
    carry_out(call.app, call.context, wish, body.dry_run, body.expected.as_deref()).await
}

async fn carry_out(app: App, context: RequestContext, wish: Wish, dry_run: bool, expected: Option<&str>) -> Answer {
    let caller = context.caller;
    if dry_run {
        let planned = app.ledger.plan_wish(&context, &wish)?;
        let view = app.ledger.view();
        return answer::ok(&plan_shown(
            &Lens::of(&view, &caller),
            &planned,
            &app.ledger.checkpoint(),
        ));
    }
    let expected = expected.map(digest).transpose()?;
    match app.ledger.execute_wish(context, wish, expected).await {
        Ok(receipt) => answer::ok(&plan_done(&Lens::of(&receipt.view, &caller), &receipt)),
        Err(Failure::PlanRefused(planned)) => {
            let view = app.ledger.view();
            let shown = plan_shown(&Lens::of(&view, &caller), &planned, "");
            Err(ApiError::PlanRefused {
                changes: shown.changes,
                hidden: shown.hidden,
            })
        }
        Err(failure) => Err(failure.into()),
    }
}

fn digest(text: &str) -> Result<u128, ApiError> {
    u128::from_str_radix(text, 16).map_err(|_| ApiError::Parameter {
        pointer: "/expected".to_owned(),
        what: "is no digest of a plan".to_owned(),
        hint: "send `digest` of the dry run".to_owned(),
    })
}
