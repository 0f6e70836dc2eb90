//! Server-sent events (WHATWG HTML §9.2): something that the caller uses has changed.

use crate::app::App;
use crate::call::Asker;
use crate::headers;
use crate::limits::{WATCH_ALIVE_EVERY_S, WATCH_SEND_WITHIN_S, WATCHES_MAX};
use crate::params::Query;
use crate::problem::ApiError;
use crate::view::Lens;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_core::Stream;
use std::collections::HashMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::PoisonError;
use std::task::{Context, Poll};
use std::time::Duration;
use strongroom_api::watch::{WatchEnded, WatchQuery, Watched};
use strongroom_domain::context::Caller;
use strongroom_domain::ids::{PrincipalId, TemplateId, WorkspaceId};
use strongroom_ledger::{Failure, View, WatchRequest};
use tokio::sync::mpsc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(watch))
}

/// Who watches looks again at most so often: thousands who watch must not look at each of thousands of commits a second.
const PAUSE: Duration = Duration::from_millis(50);
/// Events that may wait for a slow reader.
const WAITING_MAX: usize = 64;

/// Tells when what `resolve` would answer changes, never a value: first `current` (or `changed`, behind `since`) for each
/// template that runs in the workspaces, then `changed` for each change, and `ended` when nothing more will come.
#[utoipa::path(get, path = "/api/v1/watch", tag = "resolve", params(WatchQuery),
    responses((status = 200, body = Watched, content_type = "text/event-stream")))]
async fn watch(asker: Asker, Query(query): Query<WatchQuery>, headers: HeaderMap) -> Result<Response, ApiError> {
    let since = headers::last_event_id(&headers)?.or(query.since);
    let words = query
        .workspace
        .split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty());
    let request = WatchRequest {
        workspaces: words.map(str::to_owned).collect(),
        template: query.template,
    };
    if request.workspaces.is_empty() {
        return Err(ApiError::Parameter {
            pointer: "/workspace".to_owned(),
            what: "names no workspace".to_owned(),
            hint: "send handles or ids, separated by commas".to_owned(),
        });
    }
    let place = Place::take(&asker.app, asker.caller.principal)?;
    // Refused at once where it would be refused at all.
    asker.app.ledger.watched(&asker.caller, &request)?;
    let (sender, events) = mpsc::channel(WAITING_MAX);
    let watcher = Watcher {
        app: asker.app,
        caller: asker.caller,
        request,
        since,
        sender,
        _place: place,
    };
    tokio::spawn(watcher.run());
    let alive = KeepAlive::new().interval(Duration::from_secs(WATCH_ALIVE_EVERY_S));
    let mut response = Sse::new(Events(events)).keep_alive(alive).into_response();
    // A proxy in between is not to keep events back.
    response
        .headers_mut()
        .insert("x-accel-buffering", axum::http::HeaderValue::from_static("no"));
    Ok(response)
}

/// Events as a body is made of them.
pub(super) struct Events(pub(super) mpsc::Receiver<Event>);

impl Stream for Events {
    type Item = Result<Event, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(cx).map(|event| event.map(Ok))
    }
}

/// One of the watches that a principal may have, given back when it is dropped.
pub(super) struct Place {
    app: App,
    principal: PrincipalId,
}

impl Place {
    pub(super) fn take(app: &App, principal: PrincipalId) -> Result<Self, ApiError> {
        let mut watches = app.watches.lock().unwrap_or_else(PoisonError::into_inner);
        let count = watches.entry(principal).or_insert(0);
        if *count >= WATCHES_MAX {
            return Err(ApiError::TooMany(Duration::from_secs(1)));
        }
        *count += 1;
        Ok(Self {
            app: app.clone(),
            principal,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut watches = self.app.watches.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = watches.get_mut(&self.principal) {
            *count -= 1;
            if *count == 0 {
                watches.remove(&self.principal);
            }
        }
    }
}

struct Watcher {
    app: App,
    caller: Caller,
    request: WatchRequest,
    since: Option<u64>,
    sender: mpsc::Sender<Event>,
    _place: Place,
}

/// Nobody reads any more, or too slowly.
struct Gone;

impl Watcher {
    async fn run(self) {
        if let Ok(why) = self.tell().await {
            let ended = WatchEnded { why: why.to_owned() };
            if let Ok(event) = Event::default().event("ended").json_data(ended) {
                let _ = self.send(event).await;
            }
        }
    }

    /// Tells of changes until there is a reason to end.
    async fn tell(&self) -> Result<&'static str, Gone> {
        let mut commits = self.app.ledger.commits();
        let mut known: HashMap<(WorkspaceId, TemplateId), Option<String>> = HashMap::new();
        let mut first = true;
        loop {
            let go_on = *commits.borrow_and_update(); // before the question: no commit is missed
            if !go_on {
                return Ok("stopping");
            }
            let (view, all) = match self.app.ledger.watched(&self.caller, &self.request) {
                Ok(found) => found,
                Err(Failure::Rejected(_) | Failure::Unauthenticated(_)) => return Ok("refused"),
                Err(_) => return Ok("stopping"),
            };
            for it in all {
                let before = known.insert((it.workspace, it.template), it.etag.clone());
                let missed = first && self.since.is_some_and(|since| it.last >= since);
                let kind = match before {
                    Some(before) if before == it.etag => continue,
                    Some(_) => "changed",
                    None if first && !missed => "current",
                    None => "changed",
                };
                self.send(self.event(&view, kind, &it)?).await?;
            }
            first = false;
            tokio::select! {
                _ = commits.changed() => {}
                // A token or grant that ends by time makes no commit.
                () = tokio::time::sleep(Duration::from_secs(WATCH_ALIVE_EVERY_S)) => {}
                () = self.sender.closed() => return Err(Gone),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn event(&self, view: &View, kind: &str, it: &strongroom_ledger::Watched) -> Result<Event, Gone> {
        let lens = Lens::of(view, &self.caller);
        let data = Watched {
            position: view.head,
            workspace: lens.workspace_handle(it.workspace).unwrap_or(it.workspace.to_string()),
            template: lens.template_handle(it.template).unwrap_or(it.template.to_string()),
            etag: it.etag.clone(),
        };
        let event = Event::default().event(kind).id(view.head.to_string());
        event.json_data(data).map_err(|_| Gone)
    }

    async fn send(&self, event: Event) -> Result<(), Gone> {
        let within = Duration::from_secs(WATCH_SEND_WITHIN_S);
        match tokio::time::timeout(within, self.sender.send(event)).await {
            Ok(Ok(())) => Ok(()),
            // It is dropped with what waits; where it comes again with its last id, it is told what changed since.
            _ => Err(Gone),
        }
    }
}
