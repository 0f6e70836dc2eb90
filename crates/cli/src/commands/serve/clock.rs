//! The clock of a dev ledger that begins in the past, so that a sample can have a history.

use std::sync::atomic::{AtomicI64, Ordering};
use strongroom_ledger::{Clock, ClockError, WallClock};

/// The wall clock, put back at first; it is set forwards only.
#[derive(Debug)]
pub(super) struct PastClock {
    /// What is added to the wall clock, in µs; negative in the past.
    offset_us: AtomicI64,
}

impl PastClock {
    /// A clock that shows the time so long ago.
    pub(super) fn days_ago(days: u32) -> Self {
        Self {
            offset_us: AtomicI64::new(-i64::from(days) * 86_400_000_000),
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
        let clock = PastClock::days_ago(20);
        let start = clock.now_us();
        assert!(start + 19 * 86_400_000_000 < WallClock.now_us());
        clock.set_us(start + 86_400_000_000).unwrap();
        assert!(clock.now_us() >= start + 86_400_000_000);
        assert!(matches!(clock.set_us(start), Err(ClockError::Backwards { .. })));
    }
}
