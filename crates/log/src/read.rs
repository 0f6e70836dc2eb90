//! Records by position and by time.

use std::ops::Range;

use fjall::Slice;
use strongroom_proof::record::{HEADER_LEN, Header};

use crate::store::Rows;
use crate::{Space, Store, StoreError, View};

/// The key of a record: its position, big-endian.
pub(crate) const fn record_key(position: u64) -> [u8; 8] {
    position.to_be_bytes()
}

pub(crate) fn position_of(key: &[u8]) -> Result<u64, StoreError> {
    key.try_into().map(u64::from_be_bytes).map_err(|_| StoreError::Key {
        space: Space::Log,
        found: key.len(),
    })
}

impl Store {
    /// Reads a record as stored; `None` at the head and behind it.
    ///
    /// # Errors
    /// [`StoreError::Hole`] when it is absent below the head; the engine's errors.
    pub fn record(&self, position: u64) -> Result<Option<Slice>, StoreError> {
        if position >= self.head().size {
            return Ok(None);
        }
        self.row(Space::Log, &record_key(position))?
            .map(Some)
            .ok_or(StoreError::Hole { position })
    }
}

impl View {
    /// Reads a record as stored; `None` at the view's head and behind it.
    ///
    /// # Errors
    /// [`StoreError::Hole`] when it is absent below the head; the engine's errors.
    pub fn record(&self, position: u64) -> Result<Option<Slice>, StoreError> {
        if position >= self.head().size {
            return Ok(None);
        }
        self.row(Space::Log, &record_key(position))?
            .map(Some)
            .ok_or(StoreError::Hole { position })
    }

    /// Reads the records of a range, cut at the head, from either end: `(position, bytes)`.
    ///
    /// A record that is absent is an error in its place, and ends the reading from that end.
    #[must_use]
    pub fn records(&self, positions: Range<u64>) -> Records {
        let end = positions.end.min(self.head().size);
        let start = positions.start.min(end);
        self.records_uncut(start..end)
    }

    /// The same, also behind the head: what a commit that is under way has put into the view already.
    #[must_use]
    pub fn records_uncut(&self, Range { start, end }: Range<u64>) -> Records {
        let (first, behind) = (record_key(start), record_key(end));
        Records {
            rows: self.rows(Space::Log, &first[..]..&behind[..]),
            left: start..end,
        }
    }

    /// Finds the first position whose record was made at `recorded_at_us` or later; the head's size
    /// when there is none. Reads ⌈log2(size)⌉ records: times never decrease.
    ///
    /// # Errors
    /// As [`View::record`], and [`StoreError::Record`] for a header that does not parse.
    pub fn find_time(&self, recorded_at_us: u64) -> Result<u64, StoreError> {
        let mut range = 0..self.head().size;
        while range.start < range.end {
            let middle = range.start + (range.end - range.start) / 2;
            if self.header(middle)?.recorded_at_us < recorded_at_us {
                range.start = middle + 1;
            } else {
                range.end = middle;
            }
        }
        Ok(range.start)
    }

    fn header(&self, position: u64) -> Result<Header, StoreError> {
        let record = self.record(position)?.ok_or(StoreError::Hole { position })?;
        let header = record.get(..HEADER_LEN).unwrap_or(&record);
        Header::parse(header).map_err(|source| StoreError::Record { position, source })
    }
}

/// Records of a range, without gaps: a gap is an error in its place.
pub struct Records {
    rows: Rows,
    left: Range<u64>,
}

impl Records {
    /// Ends the reading: what is behind a hole is not given out as if it were whole.
    fn stop(&mut self, error: StoreError) -> Option<Result<(u64, Slice), StoreError>> {
        self.left = 0..0;
        Some(Err(error))
    }

    fn check(
        &mut self,
        expected: u64,
        row: Option<Result<(Slice, Slice), StoreError>>,
    ) -> Option<Result<(u64, Slice), StoreError>> {
        let (key, record) = match row {
            None => return self.stop(StoreError::Hole { position: expected }),
            Some(Err(error)) => return self.stop(error),
            Some(Ok(row)) => row,
        };
        match position_of(&key) {
            Err(error) => self.stop(error),
            Ok(found) if found != expected => self.stop(StoreError::Hole { position: expected }),
            Ok(position) => Some(Ok((position, record))),
        }
    }
}

impl Iterator for Records {
    type Item = Result<(u64, Slice), StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let expected = self.left.next()?;
        let row = self.rows.next();
        self.check(expected, row)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, usize::try_from(self.left.end - self.left.start).ok())
    }
}

impl DoubleEndedIterator for Records {
    fn next_back(&mut self) -> Option<Self::Item> {
        let expected = self.left.next_back()?;
        let row = self.rows.next_back();
        self.check(expected, row)
    }
}
