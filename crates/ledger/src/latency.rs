//! How long something takes, counted in buckets: enough for percentiles, and a few atomics at each commit.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the buckets in microseconds, ascending; what took longer is in none of them.
pub const BUCKETS_US: [u64; 12] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 500_000, 2_500_000,
];

/// Durations since the start, by bucket.
#[derive(Debug, Default)]
pub struct Latency {
    buckets: [AtomicU64; BUCKETS_US.len()],
    count: AtomicU64,
    sum_us: AtomicU64,
}

/// What a [`Latency`] has counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LatencyCounts {
    /// How many took at most so many microseconds, for each of [`BUCKETS_US`].
    pub at_most: [u64; BUCKETS_US.len()],
    /// How many there were.
    pub count: u64,
    /// Microseconds, all together.
    pub sum_us: u64,
}

impl Latency {
    /// Counts one.
    pub(crate) fn note(&self, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = BUCKETS_US.iter().position(|bound| us <= *bound);
        if let Some(bucket) = bucket.and_then(|at| self.buckets.get(at)) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        self.sum_us.fetch_add(us, Ordering::Relaxed);
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    /// The counts until now; one that is being noted may be in some of them only.
    #[must_use]
    pub fn counts(&self) -> LatencyCounts {
        let mut sum = 0;
        let at_most = std::array::from_fn(|at| {
            sum += self.buckets.get(at).map_or(0, |bucket| bucket.load(Ordering::Relaxed));
            sum
        });
        LatencyCounts {
            at_most,
            // Never less than what is in the buckets: a histogram's last count is its largest.
            count: self.count.load(Ordering::Relaxed).max(sum),
            sum_us: self.sum_us.load(Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_duration_is_in_its_bucket_and_those_above() {
        let latency = Latency::default();
        for us in [1, 100, 101, 2_500_000, 2_500_001] {
            latency.note(Duration::from_micros(us));
        }
        let counts = latency.counts();
        assert_eq!(counts.at_most, [2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 4]);
        assert_eq!((counts.count, counts.sum_us), (5, 5_000_203));
    }
}
