//! Secrets for a runner, kept for a bounded time: asked for once however many ask, revalidated by etag, and served through a
//! short outage where that is allowed.
//!
//! What is kept is wiped when it is dropped. What the server refuses is dropped at once: an outage is bridged, a revocation
//! never.

use crate::error::Error;
use crate::http::Client;
use crate::watch::WatchEvent;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};
use strongroom_api::resolve::{Resolve, Resolved};
use strongroom_api::watch::WatchQuery;

/// How long secrets are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheOptions {
    /// So long they are given without asking.
    pub fresh_for: Duration,
    /// So long, counted from the server's last word, they are given while the server is not reached. Zero: never.
    pub stale_for: Duration,
}

impl Default for CacheOptions {
    /// Half a minute fresh, and never stale.
    fn default() -> Self {
        Self {
            fresh_for: Duration::from_secs(30),
            stale_for: Duration::ZERO,
        }
    }
}

/// What is asked for: workspace, template, instance.
type Key = (String, String, Option<String>);

/// A cache of resolutions. Clones share it.
#[derive(Clone)]
pub struct SecretsCache {
    shared: Arc<Shared>,
}

struct Shared {
    client: Client,
    options: CacheOptions,
    slots: Mutex<HashMap<Key, Arc<tokio::sync::Mutex<Option<Kept>>>>>,
}

struct Kept {
    secrets: Arc<Resolved>,
    /// When the server last said that this is right.
    said_at: Instant,
}

/// Says how many there are and nothing of them.
impl fmt::Debug for SecretsCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slots = self.shared.slots.lock().unwrap_or_else(PoisonError::into_inner);
        f.debug_struct("SecretsCache")
            .field("kept", &slots.len())
            .finish_non_exhaustive()
    }
}

impl SecretsCache {
    /// An empty cache.
    #[must_use]
    pub fn new(client: Client, options: CacheOptions) -> Self {
        Self {
            shared: Arc::new(Shared {
                client,
                options,
                slots: Mutex::default(),
            }),
        }
    }

    /// The secrets for one run. Those who ask for the same at the same time wait for one answer.
    ///
    /// # Errors
    /// [`Error`]; what was kept is dropped when the server refuses it.
    pub async fn get(&self, workspace: &str, template: &str, instance: Option<&str>) -> Result<Arc<Resolved>, Error> {
        let key = (workspace.to_owned(), template.to_owned(), instance.map(str::to_owned));
        let slot = {
            let mut slots = self.shared.slots.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(slots.entry(key.clone()).or_default())
        };
        let mut kept = slot.lock().await;
        let options = self.shared.options;
        if let Some(kept) = kept.as_ref().filter(|it| it.said_at.elapsed() < options.fresh_for) {
            return Ok(Arc::clone(&kept.secrets));
        }
        let request = Resolve {
            workspace: key.0,
            template: key.1,
            instance: key.2,
            known: kept.as_ref().map(|it| it.secrets.etag.clone()),
            ..Resolve::default()
        };
        let asked_at = Instant::now();
        match self.shared.client.resolve(&request).await {
            Ok(answer) if answer.unchanged => match kept.as_mut() {
                Some(kept) => {
                    kept.said_at = asked_at;
                    Ok(Arc::clone(&kept.secrets))
                }
                // It was not asked with an etag.
                None => Err(Error::Answer {
                    addr: self.shared.client.base().to_owned(),
                    status: 200,
                }),
            },
            Ok(answer) => {
                let secrets = Arc::new(answer);
                *kept = Some(Kept {
                    secrets: Arc::clone(&secrets),
                    said_at: asked_at,
                });
                Ok(secrets)
            }
            Err(error) if is_outage(&error) => {
                let bridged = kept.as_ref().filter(|it| it.said_at.elapsed() < options.stale_for);
                bridged.map(|it| Arc::clone(&it.secrets)).ok_or(error)
            }
            Err(error) => {
                *kept = None;
                Err(error)
            }
        }
    }

    /// Has everything of a workspace and template asked for anew the next time; what is under way is not waited for.
    pub fn invalidate(&self, workspace: &str, template: &str) {
        let mut slots = self.shared.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.retain(|(of, which, _), _| of != workspace || which != template);
    }

    /// Watches workspaces and invalidates what changes, until the cache is dropped or the server refuses. Handles, as they
    /// are asked for in [`SecretsCache::get`].
    ///
    /// # Errors
    /// [`Error`] that ended it; whoever goes on does without.
    pub async fn follow(&self, workspaces: &[&str]) -> Result<(), Error> {
        let query = WatchQuery {
            workspace: workspaces.join(","),
            ..WatchQuery::default()
        };
        let mut watch = self.shared.client.watch(query);
        let cache: Weak<Shared> = Arc::downgrade(&self.shared);
        loop {
            let event = watch.next().await?;
            let Some(shared) = cache.upgrade() else { return Ok(()) };
            if let WatchEvent::Changed(changed) = event {
                Self { shared }.invalidate(&changed.workspace, &changed.template);
            }
        }
    }
}

/// Whether nobody knows what the server would have said: it was not reached, or could not answer now.
fn is_outage(error: &Error) -> bool {
    match error {
        Error::Connect { .. } | Error::Broken { .. } => true,
        Error::Problem(problem) => problem.status >= 500,
        _ => false,
    }
}
