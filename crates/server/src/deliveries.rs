//! What webhooks send: one task for each, in order, at least once. It reads behind the commits and never holds one up; how far
//! a receiver is stands in the ledger, so that a start goes on where the last one was.

use crate::app::App;
use crate::limits::{
    DELIVERIES_PER_RECORD_MAX, DELIVERY_PIECE, DELIVERY_RECORD_EVERY_S, RETRY_FIRST_MS, RETRY_MAX_S,
    WEBHOOKS_LOOK_EVERY_S,
};
use crate::time::rfc3339;
use crate::view::Lens;
use std::collections::HashMap;
use std::sync::PoisonError;
use std::time::{Duration, Instant};
use strongroom_api::webhook::WebhookMessage;
use strongroom_connect::{Message, SendError};
use strongroom_domain::Rejection;
use strongroom_domain::context::Caller;
use strongroom_domain::ids::{Position, WebhookId};
use strongroom_domain::state::{Webhook, WebhookStatus};
use strongroom_ledger::{EventView, Failure, SigningError};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Looks come at most so often: thousands of commits a second are no reason to look thousands of times.
const PAUSE: Duration = Duration::from_millis(100);

/// Where a webhook is, for the metrics.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing {
    /// Everything before this position is done.
    pub(crate) next: Position,
    /// The receiver does not take what it is sent.
    pub(crate) failing: bool,
}

/// Why nothing was sent, or not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotSent {
    #[error(transparent)]
    Send(#[from] SendError),
    #[error(transparent)]
    Signing(#[from] SigningError),
    #[error("the event can't be written as JSON")]
    Json(#[from] serde_json::Error),
}

/// Sends for all webhooks until the server stops.
pub(crate) async fn run(app: App, mut stopping: watch::Receiver<bool>) {
    if app.ledger.reads_only() {
        return; // the server that writes tells
    }
    let mut tasks: HashMap<WebhookId, JoinHandle<()>> = HashMap::new();
    let mut commits = app.ledger.commits();
    loop {
        commits.borrow_and_update(); // before the look: no commit is missed
        tasks.retain(|_, task| !task.is_finished());
        let state = app.ledger.view().state;
        for webhook in state.webhooks.values().filter(|it| it.status == WebhookStatus::Active) {
            tasks.entry(webhook.id).or_insert_with(|| {
                let courier = Courier {
                    app: app.clone(),
                    id: webhook.id,
                    taken: None,
                    count: 0,
                    recorded: Instant::now(),
                };
                tokio::spawn(courier.run(stopping.clone()))
            });
        }
        tokio::select! {
            _ = stopping.wait_for(|stop| *stop) => break,
            _ = commits.changed() => {}
        }
        tokio::time::sleep(PAUSE).await;
    }
    for (_, task) in tasks {
        let _ = task.await; // each sees the stop by itself
    }
}

/// Sends one message that says nothing but that it can be sent.
pub(crate) async fn try_once(app: &App, webhook: &Webhook) -> Result<u16, NotSent> {
    let now = app.ledger.view().now;
    let id = format!("test_{}", app.requests.next());
    let message = WebhookMessage {
        type_: "webhook.test".to_owned(),
        timestamp: rfc3339(now),
        data: None,
    };
    send(app, webhook, &id, &message).await
}

async fn send(app: &App, webhook: &Webhook, id: &str, message: &WebhookMessage) -> Result<u16, NotSent> {
    let body = serde_json::to_vec(message)?;
    let message = Message {
        id,
        // Receivers refuse what is far from their own clock, also where the ledger's runs ahead (`--dev`).
        timestamp: std::time::SystemTime::UNIX_EPOCH
            .elapsed()
            .map_or(0, |since| since.as_secs()),
        body: &body,
    };
    let keys = app.ledger.webhook_keys(webhook)?;
    Ok(app.outgoing.send_message(&webhook.aim.url, &message, &keys).await?)
}

/// Why nothing is told at present.
const MAY_NOT: &str =
    "who answers for it may not administer the ledger any more: somebody who may takes it over by resuming it";
const NOT_THERE: &str = "its filter names something that is not there any more";

/// What a try led to.
enum Tried {
    Taken,
    /// It was paused, changed or removed, or the server stops.
    Changed,
}

/// Sends for one webhook.
struct Courier {
    app: App,
    id: WebhookId,
    /// The newest position that was taken and is not recorded.
    taken: Option<Position>,
    /// How many were.
    count: u64,
    /// When it was recorded last.
    recorded: Instant,
}

impl Courier {
    async fn run(mut self, mut stopping: watch::Receiver<bool>) {
        let mut commits = self.app.ledger.commits();
        let mut next = None;
        loop {
            commits.borrow_and_update(); // before the question: no commit is missed
            let Some(webhook) = self.webhook() else { break };
            let from = next.unwrap_or(webhook.next).max(webhook.next);
            match self.piece(&webhook, from, &stopping).await {
                // Another aim, another person, or nobody's any more: look again, behind what was taken.
                None => {
                    self.record(true).await;
                    if *stopping.borrow() {
                        break;
                    }
                    continue;
                }
                Some((at, more)) => {
                    next = Some(at);
                    self.record(!more).await;
                    if more {
                        continue;
                    }
                }
            }
            tokio::select! {
                _ = stopping.wait_for(|stop| *stop) => break,
                _ = commits.changed() => {}
                () = tokio::time::sleep(Duration::from_secs(WEBHOOKS_LOOK_EVERY_S)) => {}
            }
            tokio::time::sleep(PAUSE).await;
        }
        self.record(true).await;
        self.stand(None, false);
    }

    /// The webhook as it is now, while it sends.
    fn webhook(&self) -> Option<Webhook> {
        let state = self.app.ledger.view().state;
        let webhook = state.webhooks.get(&self.id)?;
        (webhook.status == WebhookStatus::Active).then(|| webhook.as_ref().clone())
    }

    /// Whether a person has changed the webhook since, or it sends no more.
    fn has_changed(&self, since: &Webhook) -> bool {
        self.webhook().is_none_or(|now| now.head.changed != since.head.changed)
    }

    /// Sends what comes next; where to go on, and whether there is more. None: the webhook is another by now.
    async fn piece(
        &mut self,
        webhook: &Webhook,
        from: Position,
        stopping: &watch::Receiver<bool>,
    ) -> Option<(Position, bool)> {
        let (ledger, asked) = (self.app.ledger.clone(), webhook.clone());
        let read = tokio::task::spawn_blocking(move || ledger.webhook_events(&asked, from, DELIVERY_PIECE));
        let page = read
            .await
            .unwrap_or_else(|error| Err(Failure::Internal(error.to_string())));
        let page = match page {
            Ok(page) => page,
            Err(error) => {
                // Said, and looked at again: nothing is passed over meanwhile.
                tracing::warn!(webhook = webhook.handle, ?error, "its events can't be read");
                let denied = matches!(&error, Failure::Rejected(why) if matches!(**why, Rejection::Denied(_)));
                let why = if denied { MAY_NOT } else { NOT_THERE }.to_owned();
                let _ = self.app.ledger.webhook_failed(self.id, from, why).await;
                self.stand(Some(from), true);
                return Some((from, false));
            }
        };
        let (to, more) = (page.next_position, page.next.is_some());
        self.stand(Some(from), webhook.failure.is_some());
        for event in page.items {
            let position = event.position;
            // Paused is paused: also in the middle of what was read before.
            if *stopping.borrow() || self.has_changed(webhook) {
                return None;
            }
            match self.deliver(webhook, event, stopping).await {
                Tried::Changed => return None,
                Tried::Taken => {
                    self.taken = Some(position);
                    self.count += 1;
                    self.stand(Some(position + 1), false);
                    self.record(false).await;
                }
            }
        }
        self.stand(Some(to), false);
        Some((to, more))
    }

    /// Sends one event until it is taken.
    async fn deliver(&mut self, webhook: &Webhook, event: EventView, stopping: &watch::Receiver<bool>) -> Tried {
        let (position, id) = (event.position, format!("msg_{}", event.event_id));
        let message = self.message(webhook, event);
        let mut pause = Duration::from_millis(RETRY_FIRST_MS);
        loop {
            let error = match send(&self.app, webhook, &id, &message).await {
                Ok(_) => return Tried::Taken,
                Err(error) => error,
            };
            tracing::info!(webhook = webhook.handle, position, %error, "a message was not taken");
            // Not while what was taken before is unsaid: a failure stands behind it.
            self.record(true).await;
            self.stand(Some(position), true);
            let gone = matches!(error, NotSent::Send(SendError::Gone));
            if gone && self.app.ledger.webhook_gone(self.id).await.is_ok() {
                return Tried::Changed;
            }
            let _ = self
                .app
                .ledger
                .webhook_failed(self.id, position, error.to_string())
                .await;
            let asked = match &error {
                NotSent::Send(error) => error.retry_after().unwrap_or_default(),
                _ => Duration::ZERO,
            };
            let most = Duration::from_secs(RETRY_MAX_S);
            if self
                .changes_within(webhook, pause.max(asked).min(most), stopping.clone())
                .await
            {
                return Tried::Changed;
            }
            pause = (pause * 2).min(most);
        }
    }

    fn message(&self, webhook: &Webhook, event: EventView) -> WebhookMessage {
        let view = self.app.ledger.view();
        let caller = Caller {
            principal: webhook.principal,
            token: None,
            on_behalf_of: None,
        };
        let event = Lens::of(&view, &caller).event(event);
        WebhookMessage {
            type_: event.type_.clone(),
            timestamp: event.recorded_at.clone(),
            data: Some(event),
        }
    }

    /// Waits so long, or until a person has changed the webhook or the server stops.
    async fn changes_within(&self, webhook: &Webhook, time: Duration, mut stopping: watch::Receiver<bool>) -> bool {
        let mut commits = self.app.ledger.commits();
        let until = tokio::time::Instant::now() + time;
        loop {
            commits.borrow_and_update();
            if self.has_changed(webhook) {
                return true;
            }
            tokio::select! {
                _ = stopping.wait_for(|stop| *stop) => return true,
                () = tokio::time::sleep_until(until) => return false,
                _ = commits.changed() => {}
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Records how far the receiver is: at once where it is due, else now and then, so that a receiver who takes a thousand
    /// events a second does not make a thousand more.
    async fn record(&mut self, at_once: bool) {
        let Some(position) = self.taken else { return };
        let is_time = self.recorded.elapsed() >= Duration::from_secs(DELIVERY_RECORD_EVERY_S);
        if !at_once && !is_time && self.count < DELIVERIES_PER_RECORD_MAX {
            return;
        }
        match self.app.ledger.webhook_delivered(self.id, position, self.count).await {
            Ok(()) => {
                self.taken = None;
                self.count = 0;
                self.recorded = Instant::now();
            }
            // Tried again with the next one; what is unsaid at a stop is sent once more.
            Err(error) => tracing::warn!(?error, "a delivery could not be recorded"),
        }
    }

    fn stand(&self, at: Option<Position>, failing: bool) {
        let mut standings = self.app.standings.lock().unwrap_or_else(PoisonError::into_inner);
        match at {
            None => drop(standings.remove(&self.id)),
            Some(next) => drop(standings.insert(self.id, Standing { next, failing })),
        }
    }
}
