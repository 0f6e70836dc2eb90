//! The outermost layer: every answer has a request id, every refusal a body, every panic is a problem like others.

use crate::app::App;
use crate::problem::{ApiError, Refused};
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::any::Any;
use strongroom_api::problem::MEDIA_TYPE;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id of a request, as in the log, in the records it makes and in `X-Request-Id`.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(pub(crate) String);

/// Runs a request.
pub(crate) async fn edge(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let id = app.requests.next();
    let header = HeaderValue::from_str(&id).unwrap_or(HeaderValue::from_static("none"));
    // The route's pattern, never the path: a path holds what was sent.
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let method = request.method().clone();
    let route = matched.as_ref().map_or("none", MatchedPath::as_str);
    let traces = app.traces.as_ref();
    let span = traces.map(|traces| traces.asked(method.as_str(), route, &id, request.headers()));
    request.extensions_mut().insert(RequestId(id));
    let mut response = next.run(request).await;
    if let Some(refused) = response.extensions_mut().remove::<Refused>() {
        let id = header.to_str().unwrap_or_default();
        write(&mut response, refused, id);
    }
    let status = response.status();
    app.metrics.answered(status.as_u16());
    if let Some(span) = span {
        span.with(status.as_u16());
    }
    tracing::debug!(request_id = ?header, %method, route, status = status.as_u16(), "answered");
    response.headers_mut().insert(X_REQUEST_ID, header);
    response
}

/// A handler panicked: our fault, told like any other.
pub(crate) fn panicked(app: &App, panic: &(dyn Any + Send)) -> Response {
    app.metrics.panics.increment(1);
    let what = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    // A message of `assert!` or `expect` is ours; it holds no input.
    tracing::error!(what = what.unwrap_or("no message"), "a handler panicked");
    ApiError::Panic.into_response()
}

fn write(response: &mut Response, refused: Refused, id: &str) {
    let Refused { mut problem, cause } = refused;
    if response.status().is_server_error() && response.status() != StatusCode::SERVICE_UNAVAILABLE || cause.is_some() {
        tracing::error!(
            request_id = id,
            problem = problem.kind(),
            cause = cause.as_deref(),
            "a request failed"
        );
    }
    problem.request_id = Some(id.to_owned());
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.remove(axum::http::header::CONTENT_LENGTH);
    *response.body_mut() = Body::from(body);
}
