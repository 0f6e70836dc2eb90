//! The clock of a dev ledger that begins in the past, so that a sample can have a history.

use std::sync::atomic::{AtomicI64, Ordering};
use strongroom_ledger::{Clock, ClockError, WallClock};

/// The wall clock, put back at first; it is set forwards only.
#[derive(Debug)]
pub(super) struct PastClock {
    /// What is added to the wall clock, in µs; negative in the past.
    offset_us: AtomicI64,
}

const HOUR_US: u64 = 3_600_000_000;
const DAY_US: u64 = 24 * HOUR_US;

impl PastClock {
    /// A clock that shows eight in the morning (UTC), so many days ago.
    pub(super) fn morning(days_ago: u32) -> Self {
        let now_us = WallClock.now_us();
        let morning_us = now_us - now_us % DAY_US - u64::from(days_ago) * DAY_US + 8 * HOUR_US;
        let behind_us = i64::try_from(now_us - morning_us).unwrap_or(i64::MAX);
        Self {
            offset_us: AtomicI64::new(-behind_us),
        }
    }
}

impl Clock for PastClock {
    fn now_us(&self) -> u64 {
        WallClock
            .now_us()
            .saturating_add_signed(self.offset_us.load(Ordering::SeqCst))
    }

    fn set_us(&self, us: u64) -> Result<(), ClockError> {
        let now_us = self.now_us();
        let Some(ahead) = us.checked_sub(now_us) else {
            return Err(ClockError::Backwards { now_us });
        };
        self.offset_us
            .fetch_add(i64::try_from(ahead).unwrap_or(i64::MAX), Ordering::SeqCst);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_begins_in_the_past_and_goes_forwards_only() {
        let clock = PastClock::morning(20);
        let start = clock.now_us();
        assert!(start + 19 * DAY_US < WallClock.now_us() && start % DAY_US / HOUR_US == 8);
        clock.set_us(start + DAY_US).unwrap();
        assert!(clock.now_us() >= start + DAY_US);
        assert!(matches!(clock.set_us(start), Err(ClockError::Backwards { .. })));
    }
}
