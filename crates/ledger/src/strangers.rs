//! Requests without a valid token: counted, and one record a minute says how many, why, and where most came from. A
//! million of them cost a million additions and no more memory than a few.

use crate::limits::{REFUSED_EVERY_US, REFUSED_SOURCES_MAX, REFUSED_SOURCES_TOLD_MAX};
use std::collections::{BTreeMap, HashMap};
use strongroom_domain::event::{Refused, RefusedFrom, RefusedWhy};
use strongroom_domain::ids::TimeUs;

/// What was refused since the last record.
#[derive(Debug, Default)]
pub(crate) struct Strangers {
    recorded_at: Option<TimeUs>,
    first: TimeUs,
    last: TimeUs,
    count: u64,
    reasons: BTreeMap<&'static str, u64>,
    /// A bounded number of addresses: who comes from thousands is told by the count alone.
    sources: HashMap<String, u64>,
}

impl Strangers {
    /// Counts one.
    pub(crate) fn note(&mut self, why: &'static str, source: Option<&str>, now: TimeUs) {
        if self.count == 0 {
            self.first = now;
        }
        self.last = self.last.max(now);
        self.count += 1;
        *self.reasons.entry(why).or_default() += 1;
        let Some(source) = source else { return };
        if let Some(count) = self.sources.get_mut(source) {
            *count += 1;
        } else if self.sources.len() < REFUSED_SOURCES_MAX {
            self.sources.insert(source.to_owned(), 1);
        }
    }

    /// Takes what is to be recorded now: the first at once, then once a minute; at a stop whatever there is.
    pub(crate) fn take_due(&mut self, now: TimeUs, all: bool) -> Option<Refused> {
        let early = |at: TimeUs| now < at.saturating_add(REFUSED_EVERY_US);
        if self.count == 0 || !all && self.recorded_at.is_some_and(early) {
            return None;
        }
        let mut sources: Vec<RefusedFrom> = self
            .sources
            .drain()
            .map(|(source, count)| RefusedFrom { source, count })
            .collect();
        sources.sort_by(|one, other| other.count.cmp(&one.count).then_with(|| one.source.cmp(&other.source)));
        sources.truncate(REFUSED_SOURCES_TOLD_MAX);
        let reasons = std::mem::take(&mut self.reasons);
        let refused = Refused {
            from: self.first,
            until: self.last,
            count: self.count,
            reasons: reasons
                .into_iter()
                .map(|(why, count)| RefusedWhy {
                    why: why.to_owned(),
                    count,
                })
                .collect(),
            sources,
        };
        *self = Self {
            recorded_at: Some(now),
            ..Self::default()
        };
        Some(refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_recorded_at_once_and_the_rest_once_a_minute() {
        let mut strangers = Strangers::default();
        assert_eq!(strangers.take_due(0, true), None, "nobody came");
        strangers.note("unknown", Some("192.0.2.1"), 5);
        assert_eq!(strangers.take_due(5, false).map(|it| it.count), Some(1));
        for now in 6..1_000_006 {
            strangers.note("malformed", Some("192.0.2.9"), now);
        }
        strangers.note("no_token", Some("192.0.2.1"), 1_000_006);
        assert_eq!(strangers.take_due(5 + REFUSED_EVERY_US - 1, false), None);
        let refused = strangers.take_due(5 + REFUSED_EVERY_US, false).unwrap();
        assert_eq!((refused.from, refused.until, refused.count), (6, 1_000_006, 1_000_001));
        let reasons: Vec<_> = refused.reasons.iter().map(|it| (it.why.as_str(), it.count)).collect();
        assert_eq!(reasons, [("malformed", 1_000_000), ("no_token", 1)]);
        let sources: Vec<_> = refused
            .sources
            .iter()
            .map(|it| (it.source.as_str(), it.count))
            .collect();
        assert_eq!(sources, [("192.0.2.9", 1_000_000), ("192.0.2.1", 1)]);
        assert_eq!(strangers.take_due(u64::MAX, true), None);
    }

    #[test]
    fn who_comes_from_everywhere_takes_no_room() {
        let mut strangers = Strangers::default();
        for n in 0..100_000 {
            strangers.note("unknown", Some(&format!("2001:db8::{n:x}")), n);
        }
        assert_eq!(strangers.sources.len(), REFUSED_SOURCES_MAX);
        let refused = strangers.take_due(0, false).unwrap();
        assert_eq!(
            (refused.count, refused.sources.len()),
            (100_000, REFUSED_SOURCES_TOLD_MAX)
        );
    }
}
