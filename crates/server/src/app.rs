//! What all requests share.

use crate::deliveries::Standing;
use crate::metrics::Metrics;
use crate::rates::{RateLimits, Rates};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use strongroom_connect::{Issuers, Outgoing, SignIns, Traces};
use strongroom_domain::ids::{PrincipalId, TimeUs, WebhookId};
use strongroom_ledger::Ledger;
use tokio::sync::Semaphore;

/// Handle to what all requests share; cheap to clone.
#[derive(Clone)]
pub(crate) struct App(Arc<Shared>);

/// Shared by all requests.
pub(crate) struct Shared {
    pub(crate) ledger: Ledger,
    pub(crate) metrics: Metrics,
    pub(crate) requests: RequestIds,
    pub(crate) started_at: TimeUs,
    /// Long readings of the whole log: one at a time.
    pub(crate) long_read: Arc<Semaphore>,
    /// Whose word is believed, and their keys.
    pub(crate) issuers: Arc<Issuers>,
    /// Who watches, how often.
    pub(crate) watches: Mutex<HashMap<PrincipalId, u32>>,
    /// How others are asked and told.
    pub(crate) outgoing: Outgoing,
    /// Where each webhook is.
    pub(crate) standings: Mutex<HashMap<WebhookId, Standing>>,
    /// Where each sink is, by its name.
    pub(crate) sinks: Mutex<BTreeMap<String, Standing>>,
    /// How many requests a second.
    pub(crate) rates: Rates,
    /// People who are about to sign in.
    pub(crate) sign_ins: SignIns,
    /// Where traces of what was answered go.
    pub(crate) traces: Option<Traces>,
}

impl App {
    pub(crate) fn new(ledger: Ledger, outgoing: Outgoing, limits: RateLimits, traces: Option<Traces>) -> Self {
        let started_at = ledger.view().now;
        let issuers = Arc::new(Issuers::new(outgoing.clone()));
        Self(Arc::new(Shared {
            ledger,
            metrics: Metrics::new(),
            watches: Mutex::default(),
            outgoing,
            standings: Mutex::default(),
            sinks: Mutex::default(),
            rates: Rates::new(limits),
            requests: RequestIds::new(),
            started_at,
            long_read: Arc::new(Semaphore::new(1)),
            sign_ins: SignIns::new(Arc::clone(&issuers)),
            issuers,
            traces,
        }))
    }
}

impl Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

/// Letters without vowels, so that an id spells nothing and is never taken for a number.
const LETTERS: &[u8; 20] = b"bcdfghjkmnpqrstvwxyz";

/// Makes request ids: a random prefix for each start, then a counter. A random id for each would cost a system call.
pub(crate) struct RequestIds {
    prefix: String,
    next: AtomicU64,
}

impl RequestIds {
    pub(crate) fn new() -> Self {
        // Without random bytes ids of two starts may be alike; nothing is decided by them.
        let random: [u8; 8] = strongroom_seal::random_bytes().unwrap_or_default();
        let prefix = random
            .iter()
            .map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()]))
            .collect();
        Self {
            prefix,
            next: AtomicU64::new(0),
        }
    }

    /// The next id.
    pub(crate) fn next(&self) -> String {
        let mut number = self.next.fetch_add(1, Ordering::Relaxed);
        let mut id = String::with_capacity(24);
        let _ = write!(id, "{}-", self.prefix);
        loop {
            let digit = usize::try_from(number % LETTERS.len() as u64).unwrap_or_default();
            id.push(char::from(LETTERS[digit]));
            number /= LETTERS.len() as u64;
            if number == 0 {
                return id;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_two_requests_have_one_id() {
        let ids = RequestIds::new();
        let made: HashSet<String> = (0..5_000).map(|_| ids.next()).collect();
        assert_eq!(made.len(), 5_000);
        assert!(
            made.iter()
                .all(|id| id.len() <= 24 && !id.bytes().any(|byte| byte.is_ascii_digit()))
        );
    }
}
