//! The log as it grows: server-sent events (WHATWG HTML §9.2), each with its position as id, so that who comes again with
//! `Last-Event-ID` misses none and gets none twice.

use super::audit::{blocking, filter};
use super::watch::{Events, Place};
use crate::app::App;
use crate::call::Asker;
use crate::headers;
use crate::limits::{WATCH_ALIVE_EVERY_S, WATCH_SEND_WITHIN_S};
use crate::params::Query;
use crate::problem::ApiError;
use crate::view::Lens;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use std::time::Duration;
use strongroom_api::audit::{EventQuery, TailEnded};
use strongroom_domain::context::Caller;
use strongroom_domain::ids::Position;
use strongroom_ledger::{Failure, Filter, FilterKey};
use tokio::sync::mpsc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(tail))
}

/// Events that may wait for a slow reader.
const WAITING_MAX: usize = 256;
/// Who follows looks again at most so often: many who follow must not look at each of thousands of commits a second.
const PAUSE: Duration = Duration::from_millis(50);
/// Events that are looked for at a time.
const PIECE: usize = 200;

/// Sends events as they are recorded, the oldest first, from `since` or `Last-Event-ID` on, else from now on. A reader who
/// does not take what waits for him within half a minute is dropped, and goes on where he was by coming again.
#[utoipa::path(get, path = "/api/v1/audit/tail", tag = "audit", params(EventQuery),
    responses((status = 200, body = strongroom_api::audit::Event, content_type = "text/event-stream")))]
async fn tail(asker: Asker, Query(query): Query<EventQuery>, headers: HeaderMap) -> Result<Response, ApiError> {
    let unfit = [
        ("/order", query.order.is_some()),
        ("/cursor", query.cursor.is_some()),
        ("/limit", query.limit.is_some()),
        ("/explain", query.explain),
    ];
    if let Some((pointer, _)) = unfit.into_iter().find(|(_, given)| *given) {
        return Err(ApiError::Parameter {
            pointer: pointer.to_owned(),
            what: "is for pages: a tail is the oldest first and has no end".to_owned(),
            hint: "leave it out; `since` says where to begin".to_owned(),
        });
    }
    let asked = filter(&query)?;
    let last = headers::last_event_id(&headers)?;
    let next = match (last, &query.since) {
        (Some(last), _) => last.saturating_add(1),
        (None, Some(_)) => 0, // the filter itself says from where on
        (None, None) => asker.view().head,
    };
    let place = Place::take(&asker.app, asker.caller.principal)?;
    let (sender, events) = mpsc::channel(WAITING_MAX);
    let teller = Teller {
        app: asker.app,
        caller: asker.caller,
        asked,
        sender,
        _place: place,
    };
    // Refused at once where it would be refused at all.
    teller.piece(next).await?;
    tokio::spawn(teller.run(next));
    let alive = KeepAlive::new().interval(Duration::from_secs(WATCH_ALIVE_EVERY_S));
    let mut response = Sse::new(Events(events)).keep_alive(alive).into_response();
    // A proxy in between is not to keep events back.
    response
        .headers_mut()
        .insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

struct Teller {
    app: App,
    caller: Caller,
    asked: Filter,
    sender: mpsc::Sender<Event>,
    _place: Place,
}

/// Nobody reads any more, or too slowly.
struct Gone;

impl Teller {
    async fn run(self, next: Position) {
        if let Ok(why) = self.tell(next).await {
            let ended = TailEnded { why: why.to_owned() };
            if let Ok(event) = Event::default().event("ended").json_data(ended) {
                let _ = self.send(event).await;
            }
        }
    }

    /// Tells until there is a reason to end.
    async fn tell(&self, mut next: Position) -> Result<&'static str, Gone> {
        let mut commits = self.app.ledger.commits();
        let mut told = next;
        loop {
            let go_on = *commits.borrow_and_update(); // before the question: no commit is missed
            if !go_on {
                return Ok("stopping");
            }
            let page = match self.piece(next).await {
                Ok(Some(page)) => page,
                Ok(None) | Err(ApiError::Failure(Failure::Rejected(_) | Failure::Unauthenticated(_))) => {
                    return Ok("refused");
                }
                Err(_) => return Ok("stopping"),
            };
            let more = page.next.is_some();
            next = next.max(page.next_position);
            let view = self.app.ledger.view();
            let lens = Lens::of(&view, &self.caller);
            let mut events = Vec::new();
            for event in page.items {
                let id = event.position.to_string();
                told = event.position + 1;
                events.push(
                    Event::default()
                        .event("event")
                        .id(id)
                        .json_data(lens.event(event))
                        .map_err(|_| Gone)?,
                );
            }
            drop(lens);
            for event in events {
                self.send(event).await?;
            }
            if more {
                continue;
            }
            tokio::select! {
                _ = commits.changed() => {}
                // A token or grant that ends by time makes no commit. Who waits for something rare need not look through
                // all of it again when he comes back.
                () = tokio::time::sleep(Duration::from_secs(WATCH_ALIVE_EVERY_S)) => {
                    if next > told {
                        told = next;
                        let place = Event::default().event("position").id((next - 1).to_string()).data("{}");
                        self.send(place).await?;
                    }
                }
                () = self.sender.closed() => return Err(Gone),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// The next events from a position on; none where the caller sees nothing any more.
    async fn piece(&self, next: Position) -> Result<Option<strongroom_ledger::EventPage>, ApiError> {
        let view = self.app.ledger.view();
        let himself = view.state.principals.get(&self.caller.principal);
        let lens = Lens::of(&view, &self.caller);
        if !himself.is_some_and(|it| lens.seen.principal(it)) {
            return Ok(None);
        }
        let (ledger, caller, mut filter) = (self.app.ledger.clone(), self.caller, self.asked.clone());
        filter.parameter(FilterKey::Since, &next.to_string());
        let query = strongroom_ledger::EventQuery {
            filter,
            limit: PIECE,
            ..strongroom_ledger::EventQuery::default()
        };
        blocking(move || ledger.events(&caller, &query)).await.map(Some)
    }

    async fn send(&self, event: Event) -> Result<(), Gone> {
        let within = Duration::from_secs(WATCH_SEND_WITHIN_S);
        match tokio::time::timeout(within, self.sender.send(event)).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Gone),
        }
    }
}
