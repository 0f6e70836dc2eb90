//! Watching: typed events, taken up again where they broke off.

use crate::error::Error;
use crate::http::Client;
use crate::path::path;
use crate::sse::Open;
use std::time::Duration;
use strongroom_api::watch::{WatchEnded, WatchQuery, Watched};

/// The first pause before a broken watch is taken up again.
const PAUSE: Duration = Duration::from_millis(200);
/// The longest.
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// What a watch tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WatchEvent {
    /// As it is, at the beginning.
    Current(Watched),
    /// It changed.
    Changed(Watched),
}

/// A watch that goes on over broken connections and restarts of the server, and misses no change.
#[derive(Debug)]
pub struct Watch {
    client: Client,
    query: WatchQuery,
    open: Option<Open>,
    pause: Duration,
}

impl Client {
    /// `GET /watch`. Nothing is sent before the first [`Watch::next`].
    #[must_use]
    pub fn watch(&self, query: WatchQuery) -> Watch {
        Watch {
            client: self.clone(),
            query,
            open: None,
            pause: PAUSE,
        }
    }
}

impl Watch {
    /// The next event. Waits for it as long as it takes; a connection that broke is taken up again behind the last event.
    ///
    /// # Errors
    /// [`Error`]: the server refuses to be watched (any more), or was not reached in the first place.
    pub async fn next(&mut self) -> Result<WatchEvent, Error> {
        loop {
            let Some(open) = &mut self.open else {
                self.begin().await?;
                continue;
            };
            let raw = match open.event().await {
                Some(raw) => raw,
                None => {
                    self.open = None;
                    self.rest().await;
                    continue;
                }
            };
            self.pause = PAUSE;
            if let Some(id) = raw.id {
                self.query.since = Some(id);
            }
            let unreadable = || Error::Answer {
                addr: self.client.base().to_owned(),
                status: 200,
            };
            match raw.name.as_str() {
                "current" => {
                    return Ok(WatchEvent::Current(
                        serde_json::from_str(&raw.data).map_err(|_| unreadable())?,
                    ));
                }
                "changed" => {
                    return Ok(WatchEvent::Changed(
                        serde_json::from_str(&raw.data).map_err(|_| unreadable())?,
                    ));
                }
                "ended" => {
                    let ended: WatchEnded = serde_json::from_str(&raw.data).map_err(|_| unreadable())?;
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

    /// Connects. Who was never connected hears that there is nobody; who was waits for the server to come back.
    async fn begin(&mut self) -> Result<(), Error> {
        match self.client.stream_with(&path(&["watch"])?, &self.query).await {
            Ok(response) => {
                self.open = Some(Open::new(response));
                Ok(())
            }
            Err(error @ (Error::Connect { .. } | Error::Broken { .. })) if self.query.since.is_none() => Err(error),
            Err(Error::Connect { .. } | Error::Broken { .. }) => {
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
