//! Server-sent events as they come (WHATWG HTML §9.2.6, as far as this server writes them).

use crate::error::Error;
use crate::http::Client;
use reqwest::Response;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// The first pause before what broke is taken up again.
const PAUSE: Duration = Duration::from_millis(200);
/// The longest.
const PAUSE_MAX: Duration = Duration::from_secs(10);
/// Bytes of one event: a server that sends more is none of ours.
const EVENT_BYTES_MAX: usize = 1 << 20;

impl Raw {
    /// Its data.
    pub(crate) fn read<T: DeserializeOwned>(&self, client: &Client) -> Result<T, Error> {
        serde_json::from_str(&self.data).map_err(|_| Error::Answer {
            addr: client.base().to_owned(),
            status: 200,
        })
    }
}

/// Events of one route, over broken connections and restarts of the server.
#[derive(Debug)]
pub(crate) struct Feed {
    path: String,
    open: Option<Open>,
    /// It was connected once: from then on the server is waited for.
    begun: bool,
    pause: Duration,
}

impl Feed {
    pub(crate) fn of(path: String) -> Self {
        Self {
            path,
            open: None,
            begun: false,
            pause: PAUSE,
        }
    }

    /// The next event, asked for with `query` where it has to be asked again. Who was never connected, and knows of no place to
    /// go on at, hears that there is nobody.
    pub(crate) async fn next(&mut self, client: &Client, query: &impl Serialize, goes_on: bool) -> Result<Raw, Error> {
        loop {
            let Some(open) = &mut self.open else {
                match client.stream_with(&self.path, query).await {
                    Ok(response) => {
                        self.begun = true;
                        self.open = Some(Open::new(response));
                    }
                    Err(Error::Connect { .. } | Error::Broken { .. }) if self.begun || goes_on => self.rest().await,
                    Err(error) => return Err(error),
                }
                continue;
            };
            match open.event().await {
                Some(raw) => {
                    self.pause = PAUSE;
                    return Ok(raw);
                }
                None => {
                    self.open = None;
                    self.rest().await;
                }
            }
        }
    }

    /// The server has ended it. Asked again, a refusal says why; a server that stopped is waited for.
    pub(crate) async fn ended(&mut self, why: &str) {
        self.open = None;
        if why != "refused" {
            self.rest().await;
        }
    }

    async fn rest(&mut self) {
        tokio::time::sleep(self.pause).await;
        self.pause = (self.pause * 2).min(PAUSE_MAX);
    }
}

#[derive(Debug)]
struct Open {
    response: Response,
    pending: Vec<u8>,
}

/// One event as it came.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Raw {
    pub(crate) name: String,
    pub(crate) data: String,
    pub(crate) id: Option<u64>,
}

impl Open {
    fn new(response: Response) -> Self {
        Self {
            response,
            pending: Vec::new(),
        }
    }

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
