//! Watching: typed events, taken up again where they broke off.

use crate::error::Error;
use crate::http::Client;
use crate::path::path;
use crate::sse::Feed;
use strongroom_api::watch::{WatchEnded, WatchQuery, Watched};

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
    feed: Option<Feed>,
}

impl Client {
    /// `GET /watch`. Nothing is sent before the first [`Watch::next`].
    #[must_use]
    pub fn watch(&self, query: WatchQuery) -> Watch {
        Watch {
            client: self.clone(),
            query,
            feed: None,
        }
    }
}

impl Watch {
    /// The next event. Waits for it as long as it takes; a connection that broke is taken up again behind the last event.
    ///
    /// # Errors
    /// [`Error`]: the server refuses to be watched (any more), or was not reached in the first place.
    pub async fn next(&mut self) -> Result<WatchEvent, Error> {
        let feed = match &mut self.feed {
            Some(feed) => feed,
            none => none.insert(Feed::of(path(&["watch"])?)),
        };
        loop {
            let goes_on = self.query.since.is_some();
            let raw = feed.next(&self.client, &self.query, goes_on).await?;
            if let Some(id) = raw.id {
                self.query.since = Some(id);
            }
            match raw.name.as_str() {
                "current" => return raw.read(&self.client).map(WatchEvent::Current),
                "changed" => return raw.read(&self.client).map(WatchEvent::Changed),
                "ended" => {
                    let ended: WatchEnded = raw.read(&self.client)?;
                    feed.ended(&ended.why).await;
                }
                _ => {}
            }
        }
    }
}
