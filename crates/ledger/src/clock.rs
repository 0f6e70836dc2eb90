//! Time comes in from outside: the wall clock, or a clock that tests and samples may set forwards.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};
use strongroom_domain::ids::TimeUs;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Microseconds since 1970, UTC; may go backwards (the log's time never does).
    fn now_us(&self) -> TimeUs;

    /// Sets the clock, if it can be set.
    ///
    /// # Errors
    /// [`ClockError`] when it can't, or when the time lies before the one it shows.
    fn set_us(&self, _us: TimeUs) -> Result<(), ClockError> {
        Err(ClockError::Fixed)
    }
}

/// Why a clock was not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClockError {
    /// It is the wall clock.
    #[error("the clock can be set only under `serve --dev`")]
    Fixed,
    /// Time goes forwards only.
    #[error("the clock goes forwards only: it shows {now_us} µs already")]
    Backwards {
        /// What it shows.
        now_us: TimeUs,
    },
}

/// The machine's clock.
#[derive(Debug, Default, Clone, Copy)]
pub struct WallClock;

impl Clock for WallClock {
    fn now_us(&self) -> TimeUs {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
    }
}

/// The machine's clock until it is set; then it stands where it was set and goes on from there.
#[derive(Debug, Default)]
pub struct DevClock {
    /// What is added to the wall clock, in µs.
    ahead_us: AtomicU64,
}

impl Clock for DevClock {
    fn now_us(&self) -> TimeUs {
        WallClock.now_us().saturating_add(self.ahead_us.load(Ordering::SeqCst))
    }

    fn set_us(&self, us: TimeUs) -> Result<(), ClockError> {
        let now_us = self.now_us();
        if us < now_us {
            return Err(ClockError::Backwards { now_us });
        }
        self.ahead_us.fetch_add(us - now_us, Ordering::SeqCst);
        Ok(())
    }
}
