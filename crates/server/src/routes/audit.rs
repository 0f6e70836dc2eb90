//! The log as people read it, and what proves it.

use super::word;
use crate::answer::{self, Answer};
use crate::app::App;
use crate::call::Asker;
use crate::limits::LOOKING_MAX;
use crate::list::Slice;
use crate::params::{Params, Query};
use crate::problem::ApiError;
use crate::view::Lens;
use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use strongroom_api::Page;
use strongroom_api::audit::{
    Checkpoint, Consistency, ConsistencyQuery, Event, EventQuery, Events, Explanation, VerifierKey,
};
use strongroom_domain::Rejection;
use strongroom_domain::context::Caller;
use strongroom_ledger::{EventPage, Failure, Filter, FilterKey, Ledger};
use strongroom_proof::note::SignedNote;
use tokio::sync::Semaphore;
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
#[utoipa::path(get, path = "/api/v1/audit/events", tag = "audit", params(EventQuery), responses((status = 200, body = Events)))]
async fn events(asker: Asker, Query(query): Query<EventQuery>) -> Answer {
    let order = match query.order.as_deref() {
        None | Some("newest") => Some(true),
        Some("oldest") => Some(false),
        Some(_) => None,
    };
    let newest_first = word(order, "/order", "order", &["newest", "oldest"])?;
    let filters = query.filters();
    let mut marks: Vec<Option<&str>> = vec![query.q.as_deref(), query.order.as_deref()];
    marks.extend(filters.iter().flat_map(|(name, text)| [Some(*name), Some(*text)]));
    let slice = Slice::of("events", &marks, query.limit, query.cursor.as_deref())?;
    let asked = strongroom_ledger::EventQuery {
        filter: filter(&query)?,
        limit: slice.limit(),
        cursor: slice.after().map(str::to_owned),
        newest_first,
        explain: query.explain,
    };
    let (ledger, caller) = (asker.app.ledger.clone(), asker.caller);
    let found = blocking(move || ledger.events(&caller, &asked)).await?;
    let view = asker.view();
    let lens = Lens::of(&view, &asker.caller);
    let told = query.explain || found.explanation.full_scan;
    answer::ok(&Events {
        items: found.items.into_iter().map(|event| lens.event(event)).collect(),
        next: found.next.map(|next| slice.next(&next)),
        explain: told.then(|| explanation(&found.explanation)),
    })
}

/// The filters of a query as the engine takes them.
pub(super) fn filter(query: &EventQuery) -> Result<Filter, Failure> {
    let mut filter = Filter::default();
    for (name, text) in query.filters() {
        let key = FilterKey::parse(name).ok_or_else(|| Failure::Internal(format!("no filter `{name}`")))?;
        filter.parameter(key, text);
    }
    if let Some(text) = &query.q {
        filter.text(text)?;
    }
    Ok(filter)
}

fn explanation(it: &strongroom_ledger::Explanation) -> Explanation {
    let records = it.range.end - it.range.start;
    let text = if it.full_scan {
        format!("full scan of {records} records: no filter is in the index")
    } else if it.indexed.is_empty() {
        format!("the records themselves, {records} of them, in order")
    } else {
        format!("through the index by {}", it.indexed.join(", "))
    };
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Explanation {
        text,
        indexed: names(&it.indexed),
        refined: names(&it.refined),
        from: it.range.start,
        to: it.range.end,
        full_scan: it.full_scan,
        looked_at: it.looked_at,
    }
}

/// A position in a path: what is no number names none that there is.
pub(super) fn position_of(text: &str) -> Result<u64, Rejection> {
    text.parse().map_err(|_| Rejection::NotFound {
        what: "position",
        pointer: String::new(),
        suggestions: Vec::new(),
        denied: None,
    })
}

/// One event with everything that is known of it.
#[utoipa::path(get, path = "/api/v1/audit/events/{position}", tag = "audit", responses((status = 200, body = Event)))]
async fn event(asker: Asker, Params(position): Params<String>) -> Answer {
    let position = position_of(&position)?;
    let (ledger, caller) = (asker.app.ledger.clone(), asker.caller);
    let found = blocking(move || ledger.event(&caller, position)).await?;
    let view = asker.view();
    answer::ok(&Lens::of(&view, &asker.caller).event(found))
}

/// The newest signed size and root of the log; for any token.
#[utoipa::path(get, path = "/api/v1/audit/checkpoint", tag = "audit", responses((status = 200, body = Checkpoint)))]
async fn checkpoint(asker: Asker) -> Answer {
    let note = asker.app.ledger.checkpoint();
    if note.is_empty() {
        // A copy of what there was ends where nobody signed.
        return Err(Failure::from(Rejection::NotFound {
            what: "signed checkpoint of these records",
            pointer: String::new(),
            suggestions: Vec::new(),
            denied: None,
        })
        .into());
    }
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

/// Questions of the log that are looked into at a time: more wait, so that they leave threads and processors to servings.
static LOOKING: Semaphore = Semaphore::const_new(LOOKING_MAX);

/// Runs what waits for the disk on a thread that may wait.
pub(super) async fn blocking<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, ApiError> {
    // Never closed: there is always a place in the end.
    let _place = LOOKING.acquire().await;
    let done = tokio::task::spawn_blocking(read).await;
    done.map_err(|error| Failure::Internal(error.to_string()))?
        .map_err(ApiError::from)
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
    fn every_filter_of_the_language_is_a_parameter() {
        let all: serde_json::Map<String, serde_json::Value> = FilterKey::ALL
            .iter()
            .map(|key| (key.name().to_owned(), serde_json::json!("1")))
            .collect();
        let query: EventQuery = serde_json::from_value(all.into()).unwrap();
        let keys: Vec<FilterKey> = filter(&query)
            .unwrap()
            .clauses
            .iter()
            .map(|clause| clause.key)
            .collect();
        assert_eq!(keys, FilterKey::ALL);
    }
}
