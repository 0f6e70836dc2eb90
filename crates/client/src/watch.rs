//! Watching: typed events, taken up again where they broke off.

use crate::error::Error;
use crate::http::Client;
use reqwest::Response;
use std::time::Duration;
use strongroom_api::watch::{WatchEnded, WatchQuery, Watched};

/// The first pause before a broken watch is taken up again.
const PAUSE: Duration = Duration::from_millis(200);
/// The longest.
const PAUSE_MAX: Duration = Duration::from_secs(10);
/// Bytes of one event: a server that sends more is none of ours.
const EVENT_BYTES_MAX: usize = 64 << 10;

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

#[derive(Debug)]
struct Open {
    response: Response,
    pending: Vec<u8>,
}

/// One event as it came.
#[derive(Debug, Default, PartialEq, Eq)]
struct Raw {
    name: String,
    data: String,
    id: Option<u64>,
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
        match self.client.watch_stream(&self.query).await {
            Ok(response) => {
                self.open = Some(Open {
                    response,
                    pending: Vec::new(),
                });
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

impl Open {
    /// The next whole event; none when the connection ends. Comments are signs of life.
    async fn event(&mut self) -> Option<Raw> {
        loop {
            if let Some(end) = find(&self.pending, b"\n\n") {
                let block: Vec<u8> = self.pending.drain(..end + 2).collect();
                let raw = parse(&String::from_utf8_lossy(&block));
                if raw.name.is_empty() {
                    continue;
                }
                return Some(raw);
            }
            if self.pending.len() > EVENT_BYTES_MAX {
                return None;
            }
            let chunk = self.response.chunk().await.ok()??;
            self.pending.extend(chunk.iter().filter(|byte| **byte != b'\r'));
        }
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// Reads one event (WHATWG HTML §9.2.6, as far as this server writes it).
fn parse(block: &str) -> Raw {
    let mut raw = Raw::default();
    for line in block.lines() {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "event" => value.clone_into(&mut raw.name),
            "data" if raw.data.is_empty() => value.clone_into(&mut raw.data),
            "data" => {
                raw.data.push('\n');
                raw.data.push_str(value);
            }
            "id" => raw.id = value.parse().ok(),
            _ => {}
        }
    }
    raw
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_has_a_name_an_id_and_data() {
        let raw = parse("event: changed\nid: 42\ndata: {\"position\":42}\n\n");
        let expected = Raw {
            name: "changed".to_owned(),
            data: "{\"position\":42}".to_owned(),
            id: Some(42),
        };
        assert_eq!(raw, expected);
        assert_eq!(parse(": alive\n\n"), Raw::default());
        assert_eq!(parse("data:a\ndata: b\n").data, "a\nb");
    }
}
