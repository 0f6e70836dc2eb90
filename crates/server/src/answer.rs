//! Responses: JSON that nobody keeps, with the headers that belong to it.

use crate::problem::ApiError;
use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, LOCATION};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use serde::Serialize;
use strongroom_ledger::Failure;
use zeroize::Zeroizing;

/// What handlers return.
pub(crate) type Answer = Result<Response, ApiError>;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// `200` with JSON.
pub(crate) fn ok(value: &impl Serialize) -> Answer {
    let bytes = serde_json::to_vec(value).map_err(|error| Failure::Internal(error.to_string()))?;
    Ok(json(StatusCode::OK, Body::from(bytes)))
}

/// `200` with JSON and the thing's version as `ETag`.
pub(crate) fn versioned(etag: u64, value: &impl Serialize) -> Answer {
    with_etag(ok(value)?, etag)
}

/// `201` with JSON, the thing's version and where it is.
pub(crate) fn created(location: &str, etag: u64, value: &impl Serialize) -> Answer {
    let mut response = with_etag(ok(value)?, etag)?;
    *response.status_mut() = StatusCode::CREATED;
    if let Ok(location) = HeaderValue::from_str(location) {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

/// `202` with JSON: what was asked for is not done.
pub(crate) fn accepted(value: &impl Serialize) -> Answer {
    let mut response = ok(value)?;
    *response.status_mut() = StatusCode::ACCEPTED;
    Ok(response)
}

/// `200` with JSON text that holds secrets: wiped when the last byte is on its way.
pub(crate) fn secret(text: Zeroizing<Vec<u8>>) -> Response {
    json(StatusCode::OK, Body::from(Bytes::from_owner(text)))
}

fn json(status: StatusCode, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, JSON);
    headers.insert(CACHE_CONTROL, NO_STORE);
    response
}

fn with_etag(mut response: Response, etag: u64) -> Answer {
    let value = HeaderValue::from_str(&format!("\"{etag}\"")).map_err(|error| Failure::Internal(error.to_string()))?;
    response.headers_mut().insert(ETAG, value);
    Ok(response)
}
