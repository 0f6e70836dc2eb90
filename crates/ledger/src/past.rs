//! State as of a position or time: the fold of the records before it, begun at the nearest snapshot.
//!
//! States share what they have in common, so a snapshot costs what changed since the one before it. Snapshots are made where a
//! fold comes by, and few are kept: the first question about a long past costs a replay, those after it the way from a snapshot.
//!
//! The past gives no rights: what is shown of it is judged by the grants of now, and of a thing that the caller does not see now
//! nothing is shown of then.

use crate::Ledger;
use crate::index::Concern;
use crate::inner::Shared;
use crate::instant::Instant;
use crate::last_use::LastUse;
use crate::opened::open_recorded;
use crate::request::Failure;
use crate::view::View;
use std::sync::{Arc, Mutex, PoisonError};
use strongroom_domain::State;
use strongroom_domain::context::Caller;
use strongroom_domain::event::Subject;
use strongroom_domain::evolve::evolve;
use strongroom_domain::find;
use strongroom_domain::ids::{CredentialId, TimeUs};
use strongroom_domain::rights::{Target, Visible, visible};
use strongroom_domain::state::Credential;
use strongroom_domain::words::{Category, Right};
use strongroom_proof::record::RecordRef;

/// Records from one snapshot to the next, at least.
const SNAPSHOT_EVERY: u64 = 65_536;
/// Snapshots that are kept.
const SNAPSHOTS_MAX: usize = 24;

/// Snapshots of the past, by the number of records that they are the fold of.
#[derive(Debug, Default)]
pub(crate) struct Past {
    snapshots: Mutex<Vec<(u64, Arc<State>)>>,
}

impl Past {
    /// The state after the first `size` records. One fold at a time: the next finds what this one has left.
    fn state(
        &self,
        size: u64,
        fold: &mut dyn FnMut(&mut State, u64, u64) -> Result<(), Failure>,
    ) -> Result<Arc<State>, Failure> {
        let mut snapshots = self.snapshots.lock().unwrap_or_else(PoisonError::into_inner);
        let behind = snapshots.partition_point(|(at, _)| *at <= size);
        let nearest = behind.checked_sub(1).map(|at| &snapshots[at]);
        let (mut at, mut state) = match nearest {
            Some((at, state)) if *at == size => return Ok(Arc::clone(state)),
            Some((at, state)) => (*at, State::clone(state)),
            None => (0, State::default()),
        };
        while at < size {
            let next = (at - at % SNAPSHOT_EVERY + SNAPSHOT_EVERY).min(size);
            fold(&mut state, at, next)?;
            at = next;
            keep(&mut snapshots, at, Arc::new(state.clone()));
        }
        Ok(Arc::new(state))
    }
}

#[cfg(test)]
impl Past {
    /// Puts a snapshot in the place of whatever is there.
    pub(crate) fn put(&self, size: u64, state: Arc<State>) {
        let mut snapshots = self.snapshots.lock().unwrap();
        snapshots.retain(|(at, _)| *at != size);
        keep(&mut snapshots, size, state);
    }
}

/// Keeps a snapshot. Where there are too many, the one goes that leaves the smallest gap, never the newest made.
fn keep(snapshots: &mut Vec<(u64, Arc<State>)>, size: u64, state: Arc<State>) {
    let place = snapshots.partition_point(|(at, _)| *at < size);
    snapshots.insert(place, (size, state));
    if snapshots.len() <= SNAPSHOTS_MAX {
        return;
    }
    let gap = |at: usize| {
        let before = at.checked_sub(1).map_or(0, |before| snapshots[before].0);
        let after = snapshots.get(at + 1).map_or(u64::MAX, |(after, _)| *after);
        after - before
    };
    let least = (0..snapshots.len())
        .filter(|at| snapshots[*at].0 != size)
        .min_by_key(|at| gap(*at));
    if let Some(least) = least {
        snapshots.remove(least);
    }
}

impl Ledger {
    /// The time of a moment; of a position, when its record was made.
    ///
    /// # Errors
    /// [`Failure`] at `pointer` where there is no such position.
    pub fn time_of(&self, instant: Instant, pointer: &str) -> Result<TimeUs, Failure> {
        let size = match instant {
            Instant::Time(time) => return Ok(time),
            Instant::Position(_) => self.shared.size_at(self.view().head, instant, pointer)?,
        };
        let opened = self.shared.opened(size - 1)?;
        let (recorded, _) = opened.ok_or_else(|| Failure::Internal(format!("the record at {} is gone", size - 1)))?;
        Ok(recorded.recorded_at)
    }

    /// State after the record at a position, or after all that was recorded up to and including a moment, as a caller may
    /// see it now. Blocks; for a thread that may.
    ///
    /// Costs a fold from the nearest snapshot, at most 65,536 records once the past was looked at; at first all before it.
    ///
    /// # Errors
    /// [`Failure::Format`] for a position that is not there yet, or a time before the first record.
    pub fn view_as_of(&self, caller: &Caller, instant: Instant) -> Result<View, Failure> {
        self.shared.view_as_of(caller, instant)
    }
}

impl Ledger {
    /// State of now with one credential as it was then, from its own history: a credential is changed by the events of its own
    /// stream only, and what it names keeps its handle for ever. Blocks; for a thread that may.
    ///
    /// Costs a look at each record about it up to then, and the opening of those that changed it; nothing of the rest of the log.
    ///
    /// # Errors
    /// [`Failure`]; a credential that the caller does not see now is not found, one that was not there yet is not in the state.
    pub fn credential_as_of(&self, caller: &Caller, credential: &str, instant: Instant) -> Result<View, Failure> {
        let mut view = self.view();
        let size = self.shared.size_at(view.head, instant, "/as_of")?;
        let seen = visible(&view.state, caller, view.now);
        let id = find::credential(&view.state, &seen, credential, "")?.id;
        drop(seen);
        let mut state = State::clone(&view.state);
        match self.shared.credential_at(id, size)? {
            Some(then) => drop(state.credentials.insert(id, then)),
            None => drop(state.credentials.remove(&id)),
        }
        view.at = match instant {
            Instant::Time(us) => us,
            Instant::Position(position) => self.shared.header(position)?.recorded_at_us,
        };
        view.head = size;
        view.rights = std::mem::replace(&mut view.state, Arc::new(state));
        view.last_use = Arc::new(LastUse::default()); // when a token was used since is no matter of then
        Ok(view)
    }
}

impl Shared {
    /// A credential as the first `size` records made it; none when it was not there.
    pub(crate) fn credential_at(&self, id: CredentialId, size: u64) -> Result<Option<Arc<Credential>>, Failure> {
        let internal = |what: String| Failure::Internal(what);
        let term = Concern::Subject(Subject::Credential(id)).term(&self.keys);
        let about = self.index.positions(&self.store, &term, 0..size, false, usize::MAX);
        let mut state = State::default();
        for position in about.map_err(|error| internal(error.to_string()))? {
            let wrong = |what: String| Failure::Internal(format!("the record at {position}: {what}"));
            let bytes = self.store.record(position).map_err(|error| wrong(error.to_string()))?;
            let bytes = bytes.ok_or_else(|| wrong("it is not there".to_owned()))?;
            let header = RecordRef::parse(&bytes)
                .map_err(|error| wrong(error.to_string()))?
                .header;
            if header.category != Category::Credential.number() || header.stream_id != id.0 {
                continue; // a serving, a mapping: about it, and no change of it
            }
            let recorded = open_recorded(&self.keys, position, &bytes).map_err(|fault| wrong(fault.to_string()))?;
            evolve(&mut state, &recorded);
        }
        Ok(state.credentials.get(&id).cloned())
    }

    pub(crate) fn view_as_of(&self, caller: &Caller, instant: Instant) -> Result<View, Failure> {
        let now = self.view();
        let size = self.size_at(now.head, instant, "/as_of")?;
        let then = self.state_at(size)?;
        let at = match instant {
            Instant::Time(us) => us,
            Instant::Position(_) => then.last_recorded_at,
        };
        let seen = visible(&now.state, caller, now.now);
        let state = if seen.may(Right::Audit, Target::Ledger) {
            then
        } else {
            Arc::new(seen_now(&then, &now.state, &seen))
        };
        Ok(View {
            state,
            rights: now.state,
            head: size,
            now: now.now,
            at,
            last_use: Arc::new(LastUse::default()), // when a token was used since is no matter of then
        })
    }

    /// How many records there were; at least one.
    pub(crate) fn size_at(&self, head: u64, instant: Instant, pointer: &str) -> Result<u64, Failure> {
        match instant {
            Instant::Position(position) if position < head => Ok(position + 1),
            Instant::Position(_) => Err(Failure::format(
                pointer,
                "there is no such position yet",
                Some(&format!("the newest is {}", head.saturating_sub(1))),
            )),
            Instant::Time(us) => {
                let found = self.store.view().find_time(us.saturating_add(1));
                let size = found.map_err(|error| Failure::Internal(error.to_string()))?.min(head);
                if size == 0 {
                    return Err(Failure::format(pointer, "the ledger began later", None));
                }
                Ok(size)
            }
        }
    }

    /// The state after the first `size` records.
    pub(crate) fn state_at(&self, size: u64) -> Result<Arc<State>, Failure> {
        self.past.state(size, &mut |state, from, to| {
            for entry in self.store.view().records(from..to) {
                let internal = |what: String| Failure::Internal(what);
                let (position, bytes) = entry.map_err(|error| internal(error.to_string()))?;
                let recorded = open_recorded(&self.keys, position, &bytes)
                    .map_err(|fault| internal(format!("the record at {position}: {fault}")))?;
                evolve(state, &recorded);
            }
            Ok(())
        })
    }
}

/// What a caller sees now of the things that there were.
fn seen_now(then: &State, now: &State, seen: &Visible<'_>) -> State {
    let mut state = then.clone();
    for id in then.credentials.keys() {
        if !now.credentials.get(id).is_some_and(|it| seen.credential(it)) {
            state.credentials.remove(id);
        }
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A past in which the fold of `size` records is a state of that time.
    fn asked(past: &Past, size: u64, folded: &mut Vec<(u64, u64)>) -> u64 {
        let state = past.state(size, &mut |state, from, to| {
            folded.push((from, to));
            assert_eq!(state.last_recorded_at, from, "it goes on where the snapshot ends");
            state.last_recorded_at = to;
            Ok(())
        });
        state.unwrap().last_recorded_at
    }

    #[test]
    fn a_past_is_folded_once_and_then_from_the_nearest_snapshot() {
        let past = Past::default();
        let mut folded = Vec::new();
        assert_eq!(asked(&past, 200_000, &mut folded), 200_000);
        assert_eq!(
            folded,
            [(0, 65_536), (65_536, 131_072), (131_072, 196_608), (196_608, 200_000)]
        );
        folded.clear();
        assert_eq!(asked(&past, 200_000, &mut folded), 200_000);
        assert_eq!(asked(&past, 131_072, &mut folded), 131_072);
        assert!(folded.is_empty());
        assert_eq!(asked(&past, 150_000, &mut folded), 150_000);
        assert_eq!(folded, [(131_072, 150_000)]);
    }

    #[test]
    fn few_snapshots_are_kept_and_they_lie_apart() {
        let past = Past::default();
        let mut folded = Vec::new();
        for size in 1..=40 {
            asked(&past, size, &mut folded); // close together: they go first
        }
        assert_eq!(asked(&past, 40 * SNAPSHOT_EVERY, &mut folded), 40 * SNAPSHOT_EVERY);
        let snapshots = past.snapshots.lock().unwrap();
        assert_eq!(snapshots.len(), SNAPSHOTS_MAX);
        assert!(
            snapshots
                .windows(2)
                .all(|pair| pair[1].0 - pair[0].0 <= 4 * SNAPSHOT_EVERY)
        );
    }
}
