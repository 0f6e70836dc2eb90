//! The log as it grows: typed events, taken up again where they broke off, none twice and none left out.

use crate::error::Error;
use crate::http::Client;
use crate::path::path;
use crate::sse::Open;
use std::time::Duration;
use strongroom_api::audit::{Event, EventQuery, TailEnded};

/// The first pause before a broken tail is taken up again.
const PAUSE: Duration = Duration::from_millis(200);
/// The longest.
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// A tail of the log that goes on over broken connections and restarts of the server.
#[derive(Debug)]
pub struct Tail {
    client: Client,
    query: EventQuery,
    /// It was connected once, or knows where to go on.
    begun: bool,
    open: Option<Open>,
    pause: Duration,
}

impl Client {
    /// `GET /audit/tail`: events from `since` on, else from now on. Nothing is sent before the first [`Tail::next`].
    #[must_use]
    pub fn tail(&self, query: EventQuery) -> Tail {
        Tail {
            client: self.clone(),
            query,
            begun: false,
            open: None,
            pause: PAUSE,
        }
    }
}

impl Tail {
    /// The next event. Waits for it as long as it takes.
    ///
    /// # Errors
    /// [`Error`]: the server refuses (any more), or was not reached in the first place.
    pub async fn next(&mut self) -> Result<Event, Error> {
        loop {
            let Some(open) = &mut self.open else {
                self.begin().await?;
                continue;
            };
            let Some(raw) = open.event().await else {
                self.open = None;
                self.rest().await;
                continue;
            };
            self.pause = PAUSE;
            if let Some(id) = raw.id {
                self.query.since = Some((id + 1).to_string());
            }
            let unreadable = || Error::Answer {
                addr: self.client.base().to_owned(),
                status: 200,
            };
            match raw.name.as_str() {
                "event" => return serde_json::from_str(&raw.data).map_err(|_| unreadable()),
                "ended" => {
                    let ended: TailEnded = serde_json::from_str(&raw.data).map_err(|_| unreadable())?;
                    self.open = None;
                    if ended.why != "refused" {
                        self.rest().await;
                    }
                    // Asked again: a refusal says why, and a server that stopped is waited for.
                }
                _ => {}
            }
        }
    }

    async fn begin(&mut self) -> Result<(), Error> {
        match self.client.stream_with(&path(&["audit", "tail"])?, &self.query).await {
            Ok(response) => {
                self.begun = true;
                self.open = Some(Open::new(response));
                Ok(())
            }
            Err(Error::Connect { .. } | Error::Broken { .. }) if self.begun => {
                self.rest().await;
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    async fn rest(&mut self) {
        tokio::time::sleep(self.pause).await;
        self.pause = (self.pause * 2).min(PAUSE_MAX);
    }
}
