//! History: events found through the index, opened one by one, shown with long names and never with a secret value.

mod bind; // words -> ids, times, lists
mod condition; // what must hold of an event
mod filter; // what is asked for
mod incidents; // an incident looked into
mod inquiry; // why it was allowed, what somebody came by, what is untidy
mod language; // the same as people write it
mod lists; // posting lists, read together
mod proofs; // checkpoints, consistency, tiles
mod reader; // who reads, and what he sees
mod shown; // an event as it is shown
mod survey; // each event that matches, for reports

pub use filter::{Clause, Filter, FilterFault, FilterKey, Place, Word};
pub use incidents::LookedInto;
pub use inquiry::{CameBy, Explained};
pub use proofs::Tip;
pub use shown::{EventView, SubjectView};
pub(crate) use shown::{RecordFacts, hex};

use crate::Ledger;
use crate::index::Concern;
use crate::inner::Shared;
use crate::opened::open_parsed;
use crate::request::Failure;
use bind::Bound;
use condition::Condition;
use lists::{Join, Shelf};
use reader::Reader;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};
use strongroom_domain::context::Caller;
use strongroom_domain::event::{Recorded, Subject};
use strongroom_domain::ids::{CorrelationId, Position};
use strongroom_domain::rights::{Target, authorize, visible};
use strongroom_domain::words::Right;
use strongroom_domain::{Rejection, find};
use strongroom_proof::record::RecordRef;

/// Most events of one page.
pub const PAGE_EVENTS_MAX: usize = 500;
/// Records that one page looks at before it says where to go on.
const PAGE_RECORDS_MAX: u64 = 20_000;
/// How long one page looks before it says where to go on.
const PAGE_TIME_MAX: Duration = Duration::from_secs(2);
/// Positions taken from the index at a time.
const CANDIDATES: usize = 256;
/// Most events of one piece of work that are looked at together.
const WORK_EVENTS_MAX: usize = 20_000;

/// Asks for events.
#[derive(Debug, Clone, Default)]
pub struct EventQuery {
    /// What must hold of them.
    pub filter: Filter,
    /// At most so many, 1 to 500.
    pub limit: usize,
    /// Where the page before ended.
    pub cursor: Option<String>,
    /// The newest first, or the oldest.
    pub newest_first: bool,
    /// Only say how they would be looked for.
    pub explain: bool,
}

/// How events are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The filters that choose which records are looked at, through the index; none: all of the range.
    pub indexed: Vec<&'static str>,
    /// The filters that are judged on each of those records.
    pub refined: Vec<&'static str>,
    /// Positions that the question is about.
    pub range: Range<Position>,
    /// Whether every record of the range has to be looked at.
    pub full_scan: bool,
    /// Records that were looked at for this page.
    pub looked_at: u64,
}

/// A page of events.
#[derive(Debug, Clone)]
pub struct EventPage {
    /// The events.
    pub items: Vec<EventView>,
    /// Where the next page begins; none at the end.
    pub next: Option<String>,
    /// The position at which it begins: the end of what was looked at, at the end.
    pub next_position: Position,
    /// How they were looked for.
    pub explanation: Explanation,
}

impl Ledger {
    /// Events that match. Who has no `audit` on the ledger gets those of what he sees, without what he does not.
    ///
    /// A page costs what the shortest list of its indexed filters holds within it; without any, at most 20,000 records and
    /// two seconds, after which it says where to go on.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn events(&self, caller: &Caller, query: &EventQuery) -> Result<EventPage, Failure> {
        let view = self.view();
        let reader = Reader::of(&view, caller);
        let bound = bind::bind(&self.shared, &reader, &query.filter)?;
        self.shared.page(&reader, bound, query)
    }

    /// All events of one credential. Takes `see` on it.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn history(
        &self,
        caller: &Caller,
        credential: &str,
        limit: usize,
        cursor: Option<String>,
    ) -> Result<EventPage, Failure> {
        let view = self.view();
        let seen = visible(&view.state, caller, view.now);
        let credential = find::credential(&view.state, &seen, credential, "/credential")?;
        let query = EventQuery {
            limit,
            cursor,
            newest_first: true,
            ..EventQuery::default()
        };
        let bound = Bound {
            range: 0..view.head,
            conditions: vec![Condition::of(Concern::Subject(Subject::Credential(credential.id)))],
        };
        self.shared.page(&Reader::of(&view, caller), bound, &query)
    }

    /// One event. Takes `audit` on the ledger, or that it is about what the caller sees.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn event(&self, caller: &Caller, position: Position) -> Result<EventView, Failure> {
        let view = self.view();
        let reader = Reader::of(&view, caller);
        let may = || authorize(&view.state, caller, Right::Audit, Target::Ledger, view.now).map_err(Rejection::from);
        let found = self.shared.opened(position)?;
        let shown = found.and_then(|(recorded, record)| reader.shows(&recorded, &record));
        match shown {
            Some(event) => Ok(event),
            // Whether it is there is for auditors to know.
            None => {
                may()?;
                Err(no_position(view.head))
            }
        }
    }

    /// All events of one piece of work, in log order. It says nothing of who may see them.
    pub(crate) fn events_of(&self, correlation: CorrelationId) -> Result<Vec<Arc<Recorded>>, Failure> {
        let concern = Concern::Correlation(correlation.0);
        let mut range = 0..self.shared.published.load().head;
        let mut events = Vec::new();
        loop {
            let found = self.shared.candidates(&[vec![concern.clone()]], &range, false)?;
            let Some(last) = found.last() else { return Ok(events) };
            range.start = last + 1;
            for position in found {
                let opened = self.shared.opened(position)?;
                events.extend(
                    opened
                        .map(|(recorded, _)| recorded)
                        .filter(|it| it.envelope.correlation == correlation)
                        .map(Arc::new),
                );
            }
            if events.len() > WORK_EVENTS_MAX {
                return Err(Failure::format(
                    "/correlation",
                    "is a piece of work of too many events to be undone at once",
                    None,
                ));
            }
        }
    }
}

impl Shared {
    fn page(&self, reader: &Reader<'_>, bound: Bound, query: &EventQuery) -> Result<EventPage, Failure> {
        let Bound { mut range, conditions } = bound;
        let (listed, refined): (Vec<&Condition>, Vec<&Condition>) =
            conditions.iter().partition(|condition| condition.lists.is_some());
        let mut explanation = Explanation {
            indexed: listed.iter().map(|condition| condition.key.name()).collect(),
            refined: refined.iter().map(|condition| condition.key.name()).collect(),
            full_scan: listed.is_empty() && !refined.is_empty(),
            range: range.clone(),
            looked_at: 0,
        };
        let (mut items, mut next) = (Vec::new(), None);
        let mut next_position = if query.newest_first { range.start } else { range.end };
        if let Some(text) = &query.cursor {
            go_on(&mut range, text, query.newest_first)?;
        }
        if query.explain {
            return Ok(EventPage {
                items,
                next,
                next_position,
                explanation,
            });
        }
        let terms = listed.iter().filter_map(|condition| condition.lists.as_ref());
        let terms = terms.map(|any| any.iter().map(|concern| concern.term(&self.keys)).collect());
        let shelf = Shelf {
            store: &self.store,
            index: &self.index,
            range,
            newest_first: query.newest_first,
        };
        let mut join = Join::new(shelf, terms.collect());
        let limit = query.limit.clamp(1, PAGE_EVENTS_MAX);
        let begun = Instant::now();
        while let Some(position) = join.next().map_err(|error| Failure::Internal(error.to_string()))? {
            let looked_at = explanation.looked_at;
            let enough = looked_at == PAGE_RECORDS_MAX || looked_at % 64 == 63 && begun.elapsed() > PAGE_TIME_MAX;
            if items.len() == limit || enough {
                next = Some(cursor(position, query.newest_first));
                next_position = position;
                break;
            }
            explanation.looked_at += 1;
            let Some((recorded, record)) = self.opened(position)? else {
                continue;
            };
            if conditions.iter().all(|condition| condition.holds(reader, &recorded)) {
                items.extend(reader.shows(&recorded, &record));
            }
        }
        Ok(EventPage {
            items,
            next,
            next_position,
            explanation,
        })
    }

    /// Positions to look at: those of the first filter that is set, or simply the next ones.
    pub(crate) fn candidates(
        &self,
        concerns: &[Vec<Concern>],
        range: &Range<Position>,
        newest_first: bool,
    ) -> Result<Vec<Position>, Failure> {
        let Some(any) = concerns.first() else {
            let count = (range.end - range.start).min(CANDIDATES as u64);
            return Ok(if newest_first {
                (range.end - count..range.end).rev().collect()
            } else {
                (range.start..range.start + count).collect()
            });
        };
        let mut positions = Vec::new();
        for concern in any {
            let term = concern.term(&self.keys);
            let found = self
                .index
                .positions(&self.store, &term, range.clone(), newest_first, CANDIDATES)
                .map_err(|error| Failure::Internal(error.to_string()))?;
            positions.extend(found);
        }
        positions.sort_unstable();
        positions.dedup();
        if newest_first {
            positions.reverse();
        }
        positions.truncate(CANDIDATES);
        Ok(positions)
    }

    pub(crate) fn opened(&self, position: Position) -> Result<Option<(Recorded, RecordFacts)>, Failure> {
        let internal = |what: String| Failure::Internal(format!("the record at {position}: {what}"));
        let Some(bytes) = self
            .store
            .record(position)
            .map_err(|error| internal(error.to_string()))?
        else {
            return Ok(None);
        };
        let record = RecordRef::parse(&bytes).map_err(|error| internal(error.to_string()))?;
        self.prove(position, &bytes).map_err(Failure::Internal)?;
        let recorded = open_parsed(&self.keys, position, &record).map_err(|error| internal(error.to_string()))?;
        let facts = RecordFacts {
            schema: record.header.schema,
            has_secret: record.header.has_secret(),
            leaf: hex(&record.leaf_hash().0),
        };
        Ok(Some((recorded, facts)))
    }
}

fn no_position(head: u64) -> Failure {
    Failure::Rejected(Box::new(Rejection::NotFound {
        what: "position",
        pointer: "/position".to_owned(),
        suggestions: head.checked_sub(1).map(|last| last.to_string()).into_iter().collect(),
        denied: None,
    }))
}

/// Begins where a cursor says.
fn go_on(range: &mut Range<Position>, text: &str, newest_first: bool) -> Result<(), Failure> {
    let position = parse_cursor(text, newest_first).ok_or_else(|| {
        Failure::format(
            "/cursor",
            "is not a cursor of this list",
            Some("leave it out to begin anew"),
        )
    })?;
    if newest_first {
        range.end = range.end.min(position.saturating_add(1)).max(range.start);
    } else {
        range.start = range.start.max(position).min(range.end);
    }
    Ok(())
}

fn cursor(position: Position, newest_first: bool) -> String {
    format!("{}{position:x}", if newest_first { 'd' } else { 'a' })
}

fn parse_cursor(cursor: &str, newest_first: bool) -> Option<Position> {
    let digits = cursor.strip_prefix(if newest_first { 'd' } else { 'a' })?;
    Position::from_str_radix(digits, 16).ok()
}
