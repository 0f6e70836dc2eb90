//! What is stopped in an incident.

use super::principals::scope_of;
use super::word;
use crate::answer::{self, Answer};
use crate::app::App;
use crate::call::{Asker, Call};
use crate::list::Slice;
use crate::params::{Params, Query};
use crate::problem::ApiError;
use crate::view::{Lens, freeze_written};
use strongroom_api::Page;
use strongroom_api::incident::{CreateFreeze, Freeze, FreezeQuery, FreezeWritten};
use strongroom_api::principal::GrantInput;
use strongroom_api::written::Because;
use strongroom_domain::Rejection;
use strongroom_domain::command::Command;
use strongroom_domain::ids::FreezeId;
use strongroom_domain::rights::Target;
use strongroom_domain::words::{Right, Stop};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, freeze)).routes(routes!(lift))
}

/// What is stopped, newest first; with `all` also what was.
#[utoipa::path(get, path = "/api/v1/freezes", tag = "incidents", params(FreezeQuery),
    responses((status = 200, body = Page<Freeze>)))]
async fn list(asker: Asker, Query(query): Query<FreezeQuery>) -> Answer {
    let all = query.all.unwrap_or(false);
    let slice = Slice::of("freezes", &[all.then_some("all")], query.limit, query.cursor.as_deref())?;
    let view = asker.view();
    let lens = Lens::of(&view, &asker.caller);
    if !lens.seen.may(Right::Administer, Target::Ledger) {
        lens.seen
            .authorize(Right::Audit, Target::Ledger)
            .map_err(Rejection::from)?;
    }
    let mut found: Vec<(String, Freeze)> = lens
        .state
        .freezes
        .values()
        .filter(|it| all || it.lifted.is_none())
        // Newest first: positions count down.
        .map(|it| (format!("{:020}", u64::MAX - it.head.first), lens.freeze(it)))
        .filter(|(key, _)| slice.after().is_none_or(|after| key.as_str() > after))
        .collect();
    found.sort_by(|one, other| one.0.cmp(&other.0));
    answer::ok(&slice.take(found.into_iter()))
}

/// Stops changes, serving or both in a scope, until it is lifted. Taking away goes on.
#[utoipa::path(post, path = "/api/v1/freezes", tag = "incidents", request_body = CreateFreeze,
    responses((status = 201, body = FreezeWritten)))]
async fn freeze(call: Call<CreateFreeze>) -> Answer {
    let CreateFreeze {
        all,
        workspaces,
        clients,
        services,
        tags,
        credentials,
        stops,
        reason: _,
    } = call.body;
    let known: Vec<&str> = Stop::ALL.iter().map(|stop| stop.as_str()).collect();
    let stop = |(at, text): (usize, &String)| word(Stop::parse(text), &format!("/stops/{at}"), "stop", &known);
    let stops: Vec<Stop> = if stops.is_empty() {
        Stop::ALL.to_vec()
    } else {
        stops.iter().enumerate().map(stop).collect::<Result<_, ApiError>>()?
    };
    let input = GrantInput {
        all,
        workspaces,
        clients,
        services,
        tags,
        credentials,
        ..GrantInput::default()
    };
    let caller = call.context.caller;
    let view = call.app.ledger.view();
    let scope = scope_of(&Lens::of(&view, &caller), &input, "a freeze", "")?;
    let command = Command::Freeze {
        scope: scope.clone(),
        stops: stops.clone(),
    };
    let receipt = call.app.ledger.execute(call.context, command).await?;
    let same = |it: &strongroom_domain::state::Freeze| it.frozen.scope == scope && it.frozen.stops == stops;
    let written = freeze_written(&receipt, &caller, None, same)?;
    let location = format!("/api/v1/freezes/{}", written.freeze.id);
    answer::created(&location, written.freeze.etag, &written)
}

/// Lifts a freeze: what it stopped goes on.
#[utoipa::path(post, path = "/api/v1/freezes/{id}/lift", tag = "incidents", request_body = Because,
    responses((status = 200, body = FreezeWritten)))]
async fn lift(Params(id): Params<String>, call: Call<Because>) -> Answer {
    let freeze = FreezeId::parse(&id).map_err(|_| not_found())?;
    let caller = call.context.caller;
    let command = Command::Unfreeze { freeze };
    let receipt = call.app.ledger.execute(call.context, command).await?;
    let written = freeze_written(&receipt, &caller, Some(freeze), |_| false)?;
    answer::versioned(written.freeze.etag, &written)
}

fn not_found() -> ApiError {
    ApiError::from(Rejection::NotFound {
        what: "freeze",
        pointer: String::new(),
        suggestions: Vec::new(),
        denied: None,
    })
}
