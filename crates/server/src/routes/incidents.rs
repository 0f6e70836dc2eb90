//! Incidents: what is stopped, who and what is suspected, what is to be done.

use super::audit::blocking;
use super::principals::scope_of;
use super::word;
use crate::answer::{self, Answer};
use crate::app::App;
use crate::call::{Asker, Call, moment};
use crate::list::Slice;
use crate::params::{Params, Query};
use crate::problem::ApiError;
use crate::view::{Lens, freeze_written, incident_insight, incident_written};
use strongroom_api::Page;
use strongroom_api::incident::{
    CreateFreeze, Freeze, FreezeQuery, FreezeWritten, Incident, IncidentInsight, IncidentQuery, IncidentWritten,
    OpenIncident, SkipStep, Suspects, TellStewards, WidenIncident,
};
use strongroom_api::principal::GrantInput;
use strongroom_api::written::Because;
use strongroom_domain::Rejection;
use strongroom_domain::command::{Command, SuspectRefs};
use strongroom_domain::find;
use strongroom_domain::ids::{FreezeId, TimeUs, TokenId};
use strongroom_domain::incident::StepKind;
use strongroom_domain::rights::{Target, visible};
use strongroom_domain::words::{Right, Stop};
use strongroom_ledger::{Failure, LookedInto, RequestContext};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, freeze))
        .routes(routes!(lift))
        .routes(routes!(incidents, open))
        .routes(routes!(incident))
        .routes(routes!(widen))
        .routes(routes!(tell))
        .routes(routes!(skip))
        .routes(routes!(close))
}

/// What is stopped, newest first; with `all` also what was.
#[utoipa::path(get, path = "/api/v1/freezes", tag = "incidents", params(FreezeQuery),
    responses((status = 200, body = Page<Freeze>)))]
async fn list(asker: Asker, Query(query): Query<FreezeQuery>) -> Answer {
    let all = query.all.unwrap_or(false);
    let slice = Slice::of("freezes", &[all.then_some("all")], query.limit, query.cursor.as_deref())?;
    let view = asker.view();
    let lens = Lens::of(&view, &asker.caller);
    audits_or_administers(&lens)?;
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

/// Incidents, newest first; with `all` also those that are closed.
#[utoipa::path(get, path = "/api/v1/incidents", tag = "incidents", params(IncidentQuery),
    responses((status = 200, body = Page<Incident>)))]
async fn incidents(asker: Asker, Query(query): Query<IncidentQuery>) -> Answer {
    let all = query.all.unwrap_or(false);
    let slice = Slice::of(
        "incidents",
        &[all.then_some("all")],
        query.limit,
        query.cursor.as_deref(),
    )?;
    let view = asker.view();
    let lens = Lens::of(&view, &asker.caller);
    audits_or_administers(&lens)?;
    let mut found: Vec<(String, Incident)> = lens
        .state
        .incidents
        .values()
        .filter(|it| all || it.closed.is_none())
        // Newest first: positions count down.
        .map(|it| (format!("{:020}", u64::MAX - it.head.first), lens.incident(it)))
        .filter(|(key, _)| slice.after().is_none_or(|after| key.as_str() > after))
        .collect();
    found.sort_by(|one, other| one.0.cmp(&other.0));
    answer::ok(&slice.take(found.into_iter()))
}

/// Opens an incident: who and what is suspected, since when. What follows with `X-Strongroom-Incident` belongs to it.
#[utoipa::path(post, path = "/api/v1/incidents", tag = "incidents", request_body = OpenIncident,
    responses((status = 201, body = IncidentWritten)))]
async fn open(call: Call<OpenIncident>) -> Answer {
    let caller = call.context.caller;
    let command = Command::OpenIncident {
        name: call.body.name,
        handle: call.body.handle,
        since: time_of(&call.app, &call.body.since)?,
        suspects: refs(call.body.suspects)?,
    };
    let receipt = call.app.ledger.execute(call.context, command).await?;
    let written = incident_written(&receipt, &caller, "")?;
    let location = format!("/api/v1/incidents/{}", written.incident.handle);
    answer::created(&location, written.incident.etag, &written)
}

/// An incident, looked into: its timeline, counted, and what is to be done, in order. Takes `audit` on the ledger, and costs an
/// opened record for each event of its timeline.
#[utoipa::path(get, path = "/api/v1/incidents/{handle}", tag = "incidents",
    responses((status = 200, body = IncidentInsight)))]
async fn incident(asker: Asker, Params(handle): Params<String>) -> Answer {
    let caller = asker.caller;
    let looked = looked_into(&asker.app, &caller, handle).await?;
    let insight = incident_insight(&looked, &caller)?;
    answer::versioned(insight.incident.etag, &insight)
}

/// Suspects more, or from earlier on.
#[utoipa::path(post, path = "/api/v1/incidents/{handle}/widen", tag = "incidents", request_body = WidenIncident,
    responses((status = 200, body = IncidentWritten)))]
async fn widen(Params(handle): Params<String>, call: Call<WidenIncident>) -> Answer {
    let since = call.body.since.as_deref();
    let command = Command::WidenIncident {
        incident: handle.clone(),
        since: since.map(|since| time_of(&call.app, since)).transpose()?,
        suspects: refs(call.body.suspects)?,
    };
    change(&call.app, call.context, &handle, command).await
}

/// Says that stewards were told which of the credentials that they answer for are concerned. It sends nothing itself: webhooks of
/// `incident.told` do.
#[utoipa::path(post, path = "/api/v1/incidents/{handle}/tell", tag = "incidents", request_body = TellStewards,
    responses((status = 200, body = IncidentWritten)))]
async fn tell(Params(handle): Params<String>, call: Call<TellStewards>) -> Answer {
    let caller = call.context.caller;
    let looked = looked_into(&call.app, &caller, handle.clone()).await?;
    let telling = looked.steps.iter().filter(|it| it.kind == StepKind::Tell);
    let command = Command::TellStewards {
        incident: handle.clone(),
        stewards: call.body.stewards,
        credentials: telling.flat_map(|it| it.credentials.iter().copied()).collect(),
    };
    change(&call.app, call.context, &handle, command).await
}

/// Leaves a step out, with a reason.
#[utoipa::path(post, path = "/api/v1/incidents/{handle}/skip", tag = "incidents", request_body = SkipStep,
    responses((status = 200, body = IncidentWritten)))]
async fn skip(Params(handle): Params<String>, call: Call<SkipStep>) -> Answer {
    let caller = call.context.caller;
    let looked = looked_into(&call.app, &caller, handle.clone()).await?;
    let named = |it: &&strongroom_domain::incident::Step| it.name == call.body.step || it.key == call.body.step;
    let step = looked.steps.iter().find(named).ok_or_else(|| {
        ApiError::from(Rejection::NotFound {
            what: "step",
            pointer: "/step".to_owned(),
            suggestions: looked.steps.iter().take(5).map(|it| it.name.clone()).collect(),
            denied: None,
        })
    })?;
    let command = Command::SkipStep {
        incident: handle.clone(),
        step: step.key.clone(),
    };
    change(&call.app, call.context, &handle, command).await
}

/// Ends an incident: nothing more belongs to it.
#[utoipa::path(post, path = "/api/v1/incidents/{handle}/close", tag = "incidents", request_body = Because,
    responses((status = 200, body = IncidentWritten)))]
async fn close(Params(handle): Params<String>, call: Call<Because>) -> Answer {
    let command = Command::CloseIncident {
        incident: handle.clone(),
    };
    change(&call.app, call.context, &handle, command).await
}

/// What is done about an incident belongs to it.
async fn change(app: &App, mut context: RequestContext, handle: &str, command: Command) -> Answer {
    let caller = context.caller;
    let view = app.ledger.view();
    let seen = visible(&view.state, &caller, view.now);
    let incident = find::incident(&view.state, &seen, handle, "").map_err(Failure::from)?;
    context.correlation = Some(incident.correlation);
    let receipt = app.ledger.execute(context, command).await?;
    let written = incident_written(&receipt, &caller, handle)?;
    answer::versioned(written.incident.etag, &written)
}

async fn looked_into(
    app: &App,
    caller: &strongroom_domain::context::Caller,
    handle: String,
) -> Result<LookedInto, ApiError> {
    let (ledger, caller) = (app.ledger.clone(), *caller);
    blocking(move || ledger.look_into(&caller, &handle)).await
}

fn audits_or_administers(lens: &Lens<'_>) -> Result<(), ApiError> {
    if !lens.seen.may(Right::Administer, Target::Ledger) {
        lens.seen
            .authorize(Right::Audit, Target::Ledger)
            .map_err(Rejection::from)?;
    }
    Ok(())
}

fn time_of(app: &App, since: &str) -> Result<TimeUs, ApiError> {
    let instant = moment(app, since, "/since")?;
    Ok(app.ledger.time_of(instant, "/since")?)
}

fn refs(suspects: Suspects) -> Result<SuspectRefs, ApiError> {
    let token = |(at, text): (usize, &String)| {
        TokenId::parse(text).map_err(|_| ApiError::Parameter {
            pointer: format!("/suspects/tokens/{at}"),
            what: "is not `tk_` and 32 hexadecimal digits".to_owned(),
            hint: "send a token's id, as `token list` and events show it; never the token itself".to_owned(),
        })
    };
    Ok(SuspectRefs {
        tokens: suspects
            .tokens
            .iter()
            .enumerate()
            .map(token)
            .collect::<Result<_, _>>()?,
        principals: suspects.principals,
        sources: suspects.sources,
        credentials: suspects.credentials,
    })
}

fn not_found() -> ApiError {
    ApiError::from(Rejection::NotFound {
        what: "freeze",
        pointer: String::new(),
        suggestions: Vec::new(),
        denied: None,
    })
}
