//! The log as people read it, and what proves it.

use super::word;
use crate::answer::{self, Answer};
use crate::app::App;
use crate::call::Asker;
use crate::list::Slice;
use crate::params::{Params, Query};
use crate::problem::ApiError;
use crate::time;
use crate::view::Lens;
use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use strongroom_api::Page;
use strongroom_api::audit::{Checkpoint, Consistency, ConsistencyQuery, Event, EventQuery, VerifierKey};
use strongroom_domain::Rejection;
use strongroom_domain::context::Caller;
use strongroom_ledger::{Bound, EventPage, Failure, Ledger};
use strongroom_proof::note::SignedNote;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(events))
        .routes(routes!(event))
        .routes(routes!(checkpoint))
        .routes(routes!(key))
        .routes(routes!(consistency))
        .routes(routes!(tile))
}

/// Lists events, the newest first unless asked otherwise; every filter that is given must match.
#[utoipa::path(get, path = "/api/v1/audit/events", tag = "audit", params(EventQuery), responses((status = 200, body = Page<Event>)))]
async fn events(asker: Asker, Query(query): Query<EventQuery>) -> Answer {
    let filters = [
        &query.credential,
        &query.workspace,
        &query.template,
        &query.actor,
        &query.type_,
        &query.since,
        &query.until,
        &query.order,
    ]
    .map(|filter| filter.as_deref());
    let slice = Slice::of("events", &filters, query.limit, query.cursor.as_deref())?;
    let order = match query.order.as_deref() {
        None | Some("newest") => Some(true),
        Some("oldest") => Some(false),
        Some(_) => None,
    };
    let mut asked = strongroom_ledger::EventQuery {
        newest_first: word(order, "/order", "order", &["newest", "oldest"])?,
        types: types(query.type_.as_deref()),
        since: bound(query.since.as_deref(), "/since")?,
        until: bound(query.until.as_deref(), "/until")?,
        credential: query.credential,
        workspace: query.workspace,
        template: query.template,
        actor: query.actor,
        ..strongroom_ledger::EventQuery::default()
    };
    page(asker, slice, move |ledger, caller, limit, cursor| {
        asked.limit = limit;
        asked.cursor = cursor;
        ledger.events(caller, &asked)
    })
    .await
}

/// One event with everything that is known of it.
#[utoipa::path(get, path = "/api/v1/audit/events/{position}", tag = "audit", responses((status = 200, body = Event)))]
async fn event(asker: Asker, Params(position): Params<String>) -> Answer {
    let not_found = || Rejection::NotFound {
        what: "position",
        pointer: String::new(),
        suggestions: Vec::new(),
        denied: None,
    };
    let position: u64 = position.parse().map_err(|_| not_found())?;
    let (ledger, caller) = (asker.app.ledger.clone(), asker.caller);
    let found = blocking(move || ledger.event(&caller, position)).await?;
    let view = asker.view();
    answer::ok(&Lens::of(&view, &asker.caller).event(found))
}

/// The newest signed size and root of the log; for any token.
#[utoipa::path(get, path = "/api/v1/audit/checkpoint", tag = "audit", responses((status = 200, body = Checkpoint)))]
async fn checkpoint(asker: Asker) -> Answer {
    let note = asker.app.ledger.checkpoint();
    let signed = SignedNote::parse(&note).map_err(|error| Failure::Internal(error.to_string()))?;
    answer::ok(&Checkpoint {
        checkpoint: note.to_string(),
        size: signed.checkpoint.size,
        root: STANDARD.encode(signed.checkpoint.root.0),
        origin: signed.checkpoint.origin,
    })
}

/// The key that checkpoints are verified with; for any token.
#[utoipa::path(get, path = "/api/v1/audit/key", tag = "audit", responses((status = 200, body = VerifierKey)))]
async fn key(asker: Asker) -> Answer {
    answer::ok(&VerifierKey {
        key: asker.app.ledger.verifier_key(),
    })
}

/// Proves that the log of one size is the beginning of the log of another; for any token.
#[utoipa::path(get, path = "/api/v1/audit/consistency", tag = "audit", params(ConsistencyQuery),
    responses((status = 200, body = Consistency)))]
async fn consistency(asker: Asker, Query(query): Query<ConsistencyQuery>) -> Answer {
    let ledger = asker.app.ledger.clone();
    let to = query.to.unwrap_or_else(|| ledger.view().head);
    let hashes = blocking(move || ledger.consistency(query.from, to)).await?;
    let hashes = hashes.iter().map(|hash| STANDARD.encode(hash)).collect();
    answer::ok(&Consistency {
        from: query.from,
        to,
        hashes,
    })
}

/// The paths of C2SP tlog-tiles: `checkpoint` and hash tiles for any token, entries only with `audit`.
#[utoipa::path(get, path = "/api/v1/audit/log/{*path}", tag = "audit",
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream")))]
async fn tile(asker: Asker, Params(path): Params<String>) -> Answer {
    let ledger = asker.app.ledger.clone();
    if path == "checkpoint" {
        return Ok(octets(
            ledger.checkpoint().to_string().into_bytes(),
            "text/plain; charset=utf-8",
        ));
    }
    let caller = asker.caller;
    let tile = blocking(move || ledger.tile(&caller, &path))
        .await?
        .ok_or(ApiError::NoRoute)?;
    Ok(octets(tile, "application/octet-stream"))
}

/// A page of events, read where waiting for the disk holds nobody up.
pub(super) async fn page<F>(asker: Asker, slice: Slice, read: F) -> Answer
where
    F: FnOnce(&Ledger, &Caller, usize, Option<String>) -> Result<EventPage, Failure> + Send + 'static,
{
    let (ledger, caller) = (asker.app.ledger.clone(), asker.caller);
    let (limit, after) = (slice.limit(), slice.after().map(str::to_owned));
    let found = blocking(move || read(&ledger, &caller, limit, after)).await?;
    let view = asker.view();
    let lens = Lens::of(&view, &asker.caller);
    answer::ok(&Page {
        items: found.items.into_iter().map(|event| lens.event(event)).collect(),
        next: found.next.map(|next| slice.next(&next)),
    })
}

/// Runs what waits for the disk on a thread that may wait.
pub(super) async fn blocking<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, ApiError> {
    let done = tokio::task::spawn_blocking(read).await;
    done.map_err(|error| Failure::Internal(error.to_string()))?
        .map_err(ApiError::from)
}

/// A position, or a time.
fn bound(text: Option<&str>, pointer: &str) -> Result<Option<Bound>, ApiError> {
    let Some(text) = text else { return Ok(None) };
    if let Ok(position) = text.parse() {
        return Ok(Some(Bound::Position(position)));
    }
    time::parse(text)
        .map(|us| Some(Bound::Time(us)))
        .ok_or_else(|| ApiError::Parameter {
            pointer: pointer.to_owned(),
            what: "is neither a position nor a time".to_owned(),
            hint: "send a number, or RFC 3339, for example 2026-11-30T12:00:00Z".to_owned(),
        })
}

fn types(text: Option<&str>) -> Vec<String> {
    let all = text.unwrap_or_default().split(',').map(str::trim);
    all.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

fn octets(bytes: Vec<u8>, media: &'static str) -> Response {
    let mut response = Response::new(Body::from(bytes));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(media));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_is_a_position_or_a_time() {
        assert_eq!(bound(None, "").unwrap(), None);
        assert_eq!(bound(Some("17"), "").unwrap(), Some(Bound::Position(17)));
        assert_eq!(
            bound(Some("1970-01-02"), "").unwrap(),
            Some(Bound::Time(86_400_000_000))
        );
        assert!(bound(Some("yesterday"), "/since").is_err());
    }

    #[test]
    fn types_are_separated_by_commas() {
        assert_eq!(types(Some("a.b, c.d,")), ["a.b", "c.d"]);
        assert!(types(None).is_empty());
    }
}
