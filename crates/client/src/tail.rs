//! The log as it grows: typed events, taken up again where they broke off, none twice and none left out.

use crate::error::Error;
use crate::http::Client;
use crate::path::path;
use crate::sse::Feed;
use strongroom_api::audit::{Event, EventQuery, TailEnded};

/// A tail of the log that goes on over broken connections and restarts of the server.
#[derive(Debug)]
pub struct Tail {
    client: Client,
    query: EventQuery,
    feed: Option<Feed>,
}

impl Client {
    /// `GET /audit/tail`: events from `since` on, else from now on. Nothing is sent before the first [`Tail::next`].
    #[must_use]
    pub fn tail(&self, query: EventQuery) -> Tail {
        Tail {
            client: self.clone(),
            query,
            feed: None,
        }
    }
}

impl Tail {
    /// The next event. Waits for it as long as it takes.
    ///
    /// # Errors
    /// [`Error`]: the server refuses (any more), or was not reached in the first place.
    pub async fn next(&mut self) -> Result<Event, Error> {
        let feed = match &mut self.feed {
            Some(feed) => feed,
            none => none.insert(Feed::of(path(&["audit", "tail"])?)),
        };
        loop {
            let raw = feed.next(&self.client, &self.query, false).await?;
            if let Some(id) = raw.id {
                self.query.since = Some((id + 1).to_string());
            }
            match raw.name.as_str() {
                "event" => return raw.read(&self.client),
                "ended" => {
                    let ended: TailEnded = raw.read(&self.client)?;
                    feed.ended(&ended.why).await;
                }
                _ => {}
            }
        }
    }
}
