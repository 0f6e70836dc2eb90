//! How many requests a second: of each principal, and of each address without a valid token (GCRA, by `governor`).
//!
//! A principal is told to wait before anything is looked up for it but its token. A stranger is refused the same either way;
//! beyond his rate he is told to wait, so that guessing is slow and loud.

use governor::clock::{Clock, DefaultClock};
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use strongroom_domain::ids::PrincipalId;

type Keyed<K> = RateLimiter<K, DashMapStateStore<K>, DefaultClock>;

/// Requests a second; 0 is no bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimits {
    /// Of one principal; ten seconds' worth at once.
    pub principal: u32,
    /// Without a valid token, of one IPv4 address or IPv6 /64; ten seconds' worth at once.
    pub stranger: u32,
}

impl RateLimits {
    /// No bound for anybody.
    pub const NONE: Self = Self {
        principal: 0,
        stranger: 0,
    };
}

/// Seconds' worth of requests that may come at once.
const BURST_S: u32 = 10;

/// Checks between two sweepings of keys that have not been seen for long.
const SWEEP_EVERY: u32 = 10_000;

/// What was asked for lately.
pub(crate) struct Rates {
    principals: Option<Keyed<PrincipalId>>,
    strangers: Option<Keyed<[u8; 16]>>,
    checks: AtomicU32,
}

impl Rates {
    pub(crate) fn new(limits: RateLimits) -> Self {
        Self {
            principals: quota(limits.principal).map(RateLimiter::keyed),
            strangers: quota(limits.stranger).map(RateLimiter::keyed),
            checks: AtomicU32::new(0),
        }
    }

    /// Counts a request of a principal; how long to wait, when it is one too many.
    pub(crate) fn principal(&self, id: PrincipalId) -> Result<(), Duration> {
        self.check(self.principals.as_ref(), &id)
    }

    /// Counts a request without a valid token.
    pub(crate) fn stranger(&self, address: Option<IpAddr>) -> Result<(), Duration> {
        self.check(self.strangers.as_ref(), &network(address))
    }

    fn check<K: Clone + Eq + std::hash::Hash>(&self, limiter: Option<&Keyed<K>>, key: &K) -> Result<(), Duration> {
        let Some(limiter) = limiter else { return Ok(()) };
        if self.checks.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            limiter.retain_recent();
        }
        let checked = limiter.check_key(key);
        checked.map_err(|refused| refused.wait_time_from(limiter.clock().now()))
    }
}

fn quota(per_second: u32) -> Option<Quota> {
    let per_second = NonZeroU32::new(per_second)?;
    let burst = NonZeroU32::new(per_second.get().saturating_mul(BURST_S))?;
    Some(Quota::per_second(per_second).allow_burst(burst))
}

/// An IPv4 address, or the /64 that an IPv6 address's holder has for himself.
fn network(address: Option<IpAddr>) -> [u8; 16] {
    match address.map(|address| address.to_canonical()) {
        None => [0; 16],
        Some(IpAddr::V4(address)) => address.to_ipv6_mapped().octets(),
        Some(IpAddr::V6(address)) => {
            let mut octets = address.octets();
            octets[8..].fill(0);
            octets
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_seconds_worth_may_come_at_once_and_one_more_waits() {
        let rates = Rates::new(RateLimits {
            principal: 1,
            stranger: 0,
        });
        let (one, other) = (PrincipalId([1; 16]), PrincipalId([2; 16]));
        assert!((0..BURST_S).all(|_| rates.principal(one).is_ok()));
        let wait = rates.principal(one).unwrap_err();
        assert!(wait > Duration::ZERO && wait <= Duration::from_secs(1), "{wait:?}");
        assert!(rates.principal(other).is_ok(), "each has its own");
        assert!((0..1_000).all(|_| rates.stranger(None).is_ok()), "no bound");
    }

    #[test]
    fn an_ipv6_network_is_one_stranger() {
        let of = |text: &str| network(Some(text.parse().unwrap()));
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("192.0.2.1"), of("::ffff:192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
