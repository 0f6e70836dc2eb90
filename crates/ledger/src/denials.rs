//! Refusals are recorded at once for the first, then as one summary a minute for each principal: a script that hammers
//! a closed door must not fill the log.

use crate::limits::DENIED_EVERY_US;
use std::collections::HashMap;
use strongroom_domain::ids::{PrincipalId, TimeUs};
use strongroom_domain::rights::Denied;
use strongroom_domain::words::Right;

/// A refusal as it will be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Denial {
    pub(crate) right: Right,
    pub(crate) target: String,
    pub(crate) why: String,
}

impl Denial {
    /// What is recorded of a refusal.
    pub(crate) fn of(denied: &Denied) -> Self {
        Self {
            right: denied.right,
            target: denied.target.clone(),
            why: denied.why.as_str().to_owned(),
        }
    }
}

#[derive(Debug)]
struct Seen {
    recorded_at: TimeUs,
    suppressed: u64,
    last: Denial,
}

/// Refusals of the last minute by principal.
#[derive(Debug, Default)]
pub(crate) struct Denials {
    seen: HashMap<PrincipalId, Seen>,
}

impl Denials {
    /// Notes a refusal; gives the count with which it is to be recorded now, or `None` for later.
    pub(crate) fn note(&mut self, principal: PrincipalId, denial: Denial, now: TimeUs) -> Option<u64> {
        if let Some(seen) = self.seen.get_mut(&principal)
            && now < seen.recorded_at.saturating_add(DENIED_EVERY_US)
        {
            seen.suppressed += 1;
            seen.last = denial;
            return None;
        }
        let before = self.seen.insert(
            principal,
            Seen {
                recorded_at: now,
                suppressed: 0,
                last: denial,
            },
        );
        Some(1 + before.map_or(0, |seen| seen.suppressed))
    }

    /// Takes the summaries that are due.
    pub(crate) fn take_due(&mut self, now: TimeUs) -> Vec<(PrincipalId, Denial, u64)> {
        let mut due = Vec::new();
        self.seen.retain(|principal, seen| {
            let over = now >= seen.recorded_at.saturating_add(DENIED_EVERY_US);
            if over && seen.suppressed > 0 {
                due.push((*principal, seen.last.clone(), seen.suppressed));
            }
            !over
        });
        due.sort_by_key(|(principal, ..)| *principal);
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denial() -> Denial {
        Denial {
            right: Right::Read,
            target: "credential:cr_1".to_owned(),
            why: "no_grant".to_owned(),
        }
    }

    #[test]
    fn the_first_is_recorded_and_the_next_only_counted_for_a_minute() {
        let (mut denials, p) = (Denials::default(), PrincipalId([1; 16]));
        assert_eq!(denials.note(p, denial(), 0), Some(1));
        assert_eq!(denials.note(p, denial(), 1), None);
        assert_eq!(denials.note(p, denial(), DENIED_EVERY_US - 1), None);
        assert!(denials.take_due(DENIED_EVERY_US - 1).is_empty());
        assert_eq!(denials.take_due(DENIED_EVERY_US), vec![(p, denial(), 2)]);
        assert!(denials.take_due(DENIED_EVERY_US * 9).is_empty());
        assert_eq!(denials.note(p, denial(), DENIED_EVERY_US * 9), Some(1));
    }

    #[test]
    fn what_was_counted_comes_with_the_next_record() {
        let (mut denials, p) = (Denials::default(), PrincipalId([1; 16]));
        denials.note(p, denial(), 0);
        denials.note(p, denial(), 5);
        assert_eq!(denials.note(p, denial(), DENIED_EVERY_US), Some(2));
    }
}
