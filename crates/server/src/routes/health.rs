//! Is it there, is it ready, how much does it do; the contract; the clock of `serve --dev`.

use super::time_at;
use crate::answer::{self, Answer};
use crate::app::App;
use crate::call::Call;
use crate::problem::ApiError;
use crate::time::rfc3339;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use strongroom_api::admin::{Clock, Health, SetClock};
use strongroom_domain::Rejection;
use strongroom_domain::rights::{Target, authorize};
use strongroom_domain::words::Right;
use strongroom_ledger::ClockError;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(healthz))
        .routes(routes!(readyz))
        .routes(routes!(metrics))
        .routes(routes!(set_clock))
}

/// The process answers.
#[utoipa::path(get, path = "/healthz", tag = "health", security(()), responses((status = 200, body = Health)))]
async fn healthz() -> Answer {
    answer::ok(&Health {
        status: "ok".to_owned(),
    })
}

/// The ledger takes writes, or reads only because it was told to.
#[utoipa::path(get, path = "/readyz", tag = "health", security(()),
    responses((status = 200, body = Health), (status = 503, body = Health)))]
async fn readyz(State(app): State<App>) -> Answer {
    let stopped = app.ledger.has_stopped();
    let mut response = answer::ok(&Health {
        status: match (stopped, app.ledger.reads_only()) {
            (true, _) => "stopped",
            (false, true) => "reads_only",
            (false, false) => "ok",
        }
        .to_owned(),
    })?;
    if stopped {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    Ok(response)
}

/// Counts for Prometheus: how much and how often, never who or what.
#[utoipa::path(get, path = "/metrics", tag = "health", security(()),
    responses((status = 200, body = String, content_type = "text/plain")))]
async fn metrics(State(app): State<App>) -> Answer {
    let mut response = Response::new(Body::from(app.metrics.render(&app)));
    let media = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, media);
    Ok(response)
}

/// Sets the clock forwards; only `serve --dev`.
#[utoipa::path(put, path = "/dev/clock", tag = "dev", request_body = SetClock, responses((status = 200, body = Clock)))]
async fn set_clock(call: Call<SetClock>) -> Answer {
    let ledger = &call.app.ledger;
    if !ledger.is_dev() {
        return Err(ApiError::Clock(ClockError::Fixed));
    }
    let view = ledger.view();
    let caller = &call.context.caller;
    authorize(&view.state, caller, Right::Administer, Target::Ledger, view.now).map_err(Rejection::from)?;
    let to = match (call.body.now, call.body.advance_seconds) {
        (Some(text), None) => time_at(&text, "/now")?,
        (None, Some(seconds)) => view.now.saturating_add(seconds.saturating_mul(1_000_000)),
        (Some(_), Some(_)) | (None, None) => {
            return Err(ApiError::Parameter {
                pointer: "/now".to_owned(),
                what: "a time is set by `now` or by `advance_seconds`".to_owned(),
                hint: "send one of them".to_owned(),
            });
        }
    };
    ledger.set_clock(to).map_err(ApiError::Clock)?;
    answer::ok(&Clock {
        now: rfc3339(ledger.view().now),
    })
}

/// The contract.
pub(super) async fn openapi() -> Answer {
    let mut response = Response::new(Body::from(crate::openapi::document()));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}
