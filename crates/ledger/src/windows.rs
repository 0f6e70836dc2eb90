//! Windows of serving: the first serving of the same secrets is recorded before they leave, later ones in the window are counted.
//!
//! Owned by the ledger behind sharded locks; never held across I/O. A restart forgets open windows: the next serving is
//! recorded anew, and counts are lower bounds.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use strongroom_domain::event::WindowCount;
use strongroom_domain::ids::{Position, PrincipalId, TimeUs};

/// What makes two servings the same: a hash over principal, token, source, workspace, template revision and served versions.
pub(crate) type WindowKey = [u8; 32];

const SHARDS: usize = 16;

#[derive(Debug)]
struct Window {
    principal: PrincipalId,
    accessed: Position,
    until: TimeUs,
    count: u64,
}

/// All open windows.
#[derive(Debug, Default)]
pub(crate) struct Windows {
    shards: [Mutex<HashMap<WindowKey, Window>>; SHARDS],
}

impl Windows {
    /// Counts one more serving, if its window is open; gives the position of the record that covers it and the window's end.
    pub(crate) fn count(&self, key: &WindowKey, now: TimeUs) -> Option<(Position, TimeUs)> {
        let mut shard = self.shard(key);
        let window = shard.get_mut(key).filter(|window| now < window.until)?;
        window.count += 1;
        Some((window.accessed, window.until))
    }

    /// Opens a window after its `accessed` is durable; gives the count of the one that it replaces.
    pub(crate) fn open(
        &self,
        key: WindowKey,
        principal: PrincipalId,
        accessed: Position,
        until: TimeUs,
    ) -> Option<(PrincipalId, WindowCount)> {
        let replaced = self.shard(&key).insert(
            key,
            Window {
                principal,
                accessed,
                until,
                count: 0,
            },
        )?;
        replaced.counted()
    }

    /// Takes the windows that have ended (all, when stopping), with their counts by principal.
    pub(crate) fn take_ended(&self, now: TimeUs, all: bool) -> HashMap<PrincipalId, Vec<WindowCount>> {
        let mut ended: HashMap<PrincipalId, Vec<WindowCount>> = HashMap::new();
        for shard in &self.shards {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            shard.retain(|_, window| {
                let over = all || now >= window.until;
                if over && let Some((principal, count)) = window.counted() {
                    ended.entry(principal).or_default().push(count);
                }
                !over
            });
        }
        for counts in ended.values_mut() {
            counts.sort_by_key(|count| count.accessed);
        }
        ended
    }

    fn shard(&self, key: &WindowKey) -> std::sync::MutexGuard<'_, HashMap<WindowKey, Window>> {
        let shard = &self.shards[usize::from(key[0]) % SHARDS];
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Window {
    fn counted(&self) -> Option<(PrincipalId, WindowCount)> {
        (self.count > 0).then_some((
            self.principal,
            WindowCount {
                accessed: self.accessed,
                count: self.count,
            },
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const P: PrincipalId = PrincipalId([7; 16]);

    #[test]
    fn a_serving_is_counted_only_while_its_window_is_open() {
        let windows = Windows::default();
        assert_eq!(windows.count(&[1; 32], 5), None);
        assert_eq!(windows.open([1; 32], P, 40, 10), None);
        assert_eq!(windows.count(&[1; 32], 9), Some((40, 10)));
        assert_eq!(windows.count(&[1; 32], 10), None, "the end is exclusive");
        assert_eq!(windows.count(&[2; 32], 9), None);
    }

    #[test]
    fn ended_windows_are_taken_once_and_only_when_something_was_counted() {
        let windows = Windows::default();
        windows.open([1; 32], P, 40, 10);
        windows.open([2; 32], P, 41, 10);
        windows.open([3; 32], P, 42, 99);
        windows.count(&[1; 32], 5);
        windows.count(&[3; 32], 5);
        let ended = windows.take_ended(10, false);
        assert_eq!(ended[&P], vec![WindowCount { accessed: 40, count: 1 }]);
        assert!(windows.take_ended(10, false).is_empty());
        assert_eq!(
            windows.take_ended(10, true)[&P],
            vec![WindowCount { accessed: 42, count: 1 }]
        );
    }

    #[test]
    fn a_window_that_is_replaced_gives_its_count() {
        let windows = Windows::default();
        windows.open([1; 32], P, 40, 10);
        windows.count(&[1; 32], 5);
        assert_eq!(
            windows.open([1; 32], P, 50, 20),
            Some((P, WindowCount { accessed: 40, count: 1 }))
        );
    }
}
