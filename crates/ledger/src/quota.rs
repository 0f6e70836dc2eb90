//! How many windows of serving a principal may open in a minute: each is a record, so that a script that asks for
//! everything once must not fill the log. What is over is refused, never served unrecorded.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use strongroom_domain::ids::{PrincipalId, TimeUs};

const MINUTE_US: u64 = 60_000_000;

/// Windows opened in each principal's minute.
#[derive(Debug)]
pub(crate) struct Quota {
    /// Most of them; 0 is no bound.
    per_minute: u32,
    opened: Mutex<HashMap<PrincipalId, (TimeUs, u32)>>,
}

impl Quota {
    pub(crate) fn new(per_minute: u32) -> Self {
        Self {
            per_minute,
            opened: Mutex::default(),
        }
    }

    /// Counts one more; false when it is one too many. A minute begins with the first.
    pub(crate) fn take(&self, principal: PrincipalId, now: TimeUs) -> bool {
        if self.per_minute == 0 {
            return true;
        }
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, count) = opened.entry(principal).or_insert((now, 0));
        if now >= since.saturating_add(MINUTE_US) {
            (*since, *count) = (now, 0);
        }
        if *count >= self.per_minute {
            return false;
        }
        *count += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_has_so_many_and_the_next_begins_anew() {
        let (quota, one, other) = (Quota::new(2), PrincipalId([1; 16]), PrincipalId([2; 16]));
        assert!(quota.take(one, 10) && quota.take(one, 11));
        assert!(!quota.take(one, 9 + MINUTE_US));
        assert!(quota.take(other, 12), "each has its own");
        assert!(quota.take(one, 10 + MINUTE_US));
        assert!(Quota::new(0).take(one, 0));
    }
}
