//! Posting lists read together: the positions that stand in all of several lists, each the union of some.
//!
//! Lists are read lazily, a piece at a time, and skip ahead by a seek (leapfrog join: Veldhuizen, "Leapfrog Triejoin", 2014, §3.1):
//! a page costs what the shortest list holds within it, whatever the length of the others.

use crate::index::{Index, Term};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;
use strongroom_domain::ids::Position;
use strongroom_log::{Store, StoreError};

/// Positions read from a list at first; twice as many each time, while it is read in order. About as many as a chunk holds: those
/// of a chunk cost little more than one of them, and a list that is skipped through often goes on within the same.
const PIECE_MIN: usize = 256;
const PIECE_MAX: usize = 1_024;

/// Where lists are read from, and in which order.
#[derive(Clone)]
pub(super) struct Shelf<'l> {
    pub(super) store: &'l Store,
    pub(super) index: &'l Index,
    pub(super) range: Range<Position>,
    pub(super) newest_first: bool,
}

impl Shelf<'_> {
    /// A position's place in the order of reading: lower comes first.
    fn step(&self, position: Position) -> u64 {
        if self.newest_first {
            u64::MAX - position
        } else {
            position
        }
    }

    fn position(&self, step: u64) -> Position {
        self.step(step)
    }

    /// The part of the range that is at or behind a step.
    fn from(&self, step: u64) -> Range<Position> {
        let position = self.position(step);
        if self.newest_first {
            self.range.start..self.range.end.min(position.saturating_add(1))
        } else {
            self.range.start.max(position)..self.range.end
        }
    }
}

/// One list.
struct List {
    term: Term,
    /// Steps that were read and not yet passed, in reverse: the next is the last.
    ahead: Vec<u64>,
    /// From where on it is to be read; none at its end.
    unread: Option<u64>,
    piece: usize,
}

impl List {
    /// The first step at or behind `step`.
    fn seek(&mut self, shelf: &Shelf<'_>, step: u64) -> Result<Option<u64>, StoreError> {
        while self.ahead.last().is_some_and(|next| *next < step) {
            self.ahead.pop();
        }
        if let Some(next) = self.ahead.last() {
            return Ok(Some(*next));
        }
        let Some(unread) = self.unread else { return Ok(None) };
        if step > unread {
            self.piece = PIECE_MIN; // it skips: the next piece is not read whole either
        }
        let range = shelf.from(step.max(unread));
        let found = shelf
            .index
            .positions(shelf.store, &self.term, range, shelf.newest_first, self.piece)?;
        self.unread = (found.len() == self.piece)
            .then(|| found.last().and_then(|last| shelf.step(*last).checked_add(1)))
            .flatten();
        self.piece = (self.piece * 2).min(PIECE_MAX);
        self.ahead = found.into_iter().rev().map(|position| shelf.step(position)).collect();
        Ok(self.ahead.last().copied())
    }
}

/// The union of lists: what any of them holds.
struct Union {
    lists: Vec<List>,
    /// The next step of each list that has one.
    heads: BinaryHeap<Reverse<(u64, usize)>>,
    begun: bool,
}

impl Union {
    fn seek(&mut self, shelf: &Shelf<'_>, step: u64) -> Result<Option<u64>, StoreError> {
        if !self.begun {
            self.begun = true;
            for (at, list) in self.lists.iter_mut().enumerate() {
                if let Some(next) = list.seek(shelf, step)? {
                    self.heads.push(Reverse((next, at)));
                }
            }
        }
        while let Some(Reverse((next, at))) = self.heads.peek().copied() {
            if next >= step {
                return Ok(Some(next));
            }
            self.heads.pop();
            if let Some(next) = self.lists[at].seek(shelf, step)? {
                self.heads.push(Reverse((next, at)));
            }
        }
        Ok(None)
    }
}

/// The positions of all unions; without unions every position of the range.
pub(super) struct Join<'l> {
    shelf: Shelf<'l>,
    unions: Vec<Union>,
    /// From where on it goes on; none at the end.
    next: Option<u64>,
}

impl<'l> Join<'l> {
    /// Joins unions of terms.
    pub(super) fn new(shelf: Shelf<'l>, unions: Vec<Vec<Term>>) -> Self {
        let first = if shelf.newest_first {
            shelf.range.end.checked_sub(1)
        } else {
            Some(shelf.range.start)
        };
        let next = first.map(|first| shelf.step(first));
        let list = |term| List {
            term,
            ahead: Vec::new(),
            unread: Some(0),
            piece: PIECE_MIN,
        };
        let union = |terms: Vec<Term>| Union {
            lists: terms.into_iter().map(list).collect(),
            heads: BinaryHeap::new(),
            begun: false,
        };
        Self {
            unions: unions.into_iter().map(union).collect(),
            next,
            shelf,
        }
    }

    /// The next position.
    ///
    /// # Errors
    /// Of the store.
    pub(super) fn next(&mut self) -> Result<Option<Position>, StoreError> {
        // The end, unless a position is found.
        let Some(mut step) = self.next.take() else {
            return Ok(None);
        };
        let mut agreed = 0;
        let mut turn = 0;
        while agreed < self.unions.len() {
            let count = self.unions.len();
            let Some(found) = self.unions[turn % count].seek(&self.shelf, step)? else {
                self.shelf.range.end = self.shelf.range.start; // nothing more will come
                return Ok(None);
            };
            agreed = if found == step { agreed + 1 } else { 1 };
            step = found;
            turn += 1;
        }
        let position = self.shelf.position(step);
        if !self.shelf.range.contains(&position) {
            return Ok(None);
        }
        self.next = step.checked_add(1);
        Ok(Some(position))
    }
}
