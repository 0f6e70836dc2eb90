//! Dumps: a range of records and a checkpoint in one stream of bytes.
//!
//! `SRDP` ‖ version 1 ‖ first position u64 ‖ count u64 ‖ records, each u32 length ‖ bytes ‖ the
//! checkpoint, a note, to the end. A reader believes nothing: every record is for
//! [`crate::verify::LogVerifier`] to check.

use std::io::{self, Read, Write};

use crate::note::NOTE_LEN_MAX;
use crate::record::{HEADER_LEN, HISTORY_LEN_MIN, RECORD_LEN_MAX};

/// The first four bytes of a dump.
pub const DUMP_MAGIC: [u8; 4] = *b"SRDP";

/// The version of the dump format.
pub const DUMP_VERSION: u8 = 1;

/// Bytes before the first record.
const HEAD_LEN: usize = 4 + 1 + 8 + 8;

/// Bytes of a record at least: a header and the shortest history part.
const RECORD_LEN_MIN: usize = HEADER_LEN + HISTORY_LEN_MIN as usize;

/// Why a dump can't be read on.
#[derive(Debug, thiserror::Error)]
pub enum DumpError {
    /// The stream could not be read.
    #[error("the dump could not be read")]
    Io(#[from] io::Error),
    /// The first bytes are not those of a dump.
    #[error("not a dump: it does not begin with SRDP")]
    Magic,
    /// A version of the format that this program does not know.
    #[error("dump version {found} is not known (expected {DUMP_VERSION})")]
    Version {
        /// The version found.
        found: u8,
    },
    /// First position and count go past 2^64.
    #[error("first position and count of the dump are too large")]
    Range,
    /// The stream ends inside what was announced.
    #[error("the dump ends before position {position} is complete")]
    Cut {
        /// The first position that is not there as a whole.
        position: u64,
    },
    /// A length that no record has.
    #[error("position {position}: no record has {found} bytes")]
    RecordLen {
        /// Position of the record.
        position: u64,
        /// The length announced.
        found: u32,
    },
    /// The end is not a text as short as a note.
    #[error("the end of the dump is not a checkpoint")]
    Checkpoint,
}

/// Writes a dump, record by record.
pub struct DumpWriter<W> {
    out: W,
    left: u64,
}

impl<W: Write> DumpWriter<W> {
    /// Begins a dump of `count` records from position `first`.
    ///
    /// # Errors
    /// Those of the stream.
    pub fn begin(mut out: W, first: u64, count: u64) -> io::Result<Self> {
        let mut head = Vec::with_capacity(HEAD_LEN);
        head.extend(DUMP_MAGIC);
        head.push(DUMP_VERSION);
        head.extend(first.to_be_bytes());
        head.extend(count.to_be_bytes());
        out.write_all(&head)?;
        Ok(Self { out, left: count })
    }

    /// Writes the next record, as stored.
    ///
    /// # Errors
    /// Those of the stream; `InvalidInput` past the announced count, or for a length that no record
    /// has.
    pub fn record(&mut self, bytes: &[u8]) -> io::Result<()> {
        let fits = (RECORD_LEN_MIN..=RECORD_LEN_MAX).contains(&bytes.len());
        self.left = self
            .left
            .checked_sub(1)
            .filter(|_| fits)
            .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        self.out.write_all(&(bytes.len() as u32).to_be_bytes())?;
        self.out.write_all(bytes)
    }

    /// Writes the checkpoint and gives the stream back.
    ///
    /// # Errors
    /// Those of the stream; `InvalidInput` when fewer records were written than announced.
    pub fn finish(mut self, checkpoint: &str) -> io::Result<W> {
        if self.left != 0 || checkpoint.len() > NOTE_LEN_MAX {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        self.out.write_all(checkpoint.as_bytes())?;
        self.out.flush()?;
        Ok(self.out)
    }
}

/// Reads a dump, record by record, in memory of one record. Give it a buffered stream.
pub struct DumpReader<R> {
    input: R,
    first: u64,
    count: u64,
    read: u64,
    record: Vec<u8>,
}

impl<R: Read> DumpReader<R> {
    /// Reads what stands before the first record.
    ///
    /// # Errors
    /// [`DumpError`].
    pub fn begin(mut input: R) -> Result<Self, DumpError> {
        let mut head = [0; HEAD_LEN];
        let cut = |error: io::Error| match error.kind() {
            io::ErrorKind::UnexpectedEof => DumpError::Magic,
            _ => DumpError::Io(error),
        };
        input.read_exact(&mut head).map_err(cut)?;
        let [m0, m1, m2, m3, version, numbers @ ..] = head;
        if [m0, m1, m2, m3] != DUMP_MAGIC {
            return Err(DumpError::Magic);
        }
        if version != DUMP_VERSION {
            return Err(DumpError::Version { found: version });
        }
        let [first, count] = [0, 8].map(|at| {
            let mut number = [0; 8];
            number.copy_from_slice(&numbers[at..at + 8]);
            u64::from_be_bytes(number)
        });
        first.checked_add(count).ok_or(DumpError::Range)?;
        Ok(Self {
            input,
            first,
            count,
            read: 0,
            record: Vec::new(),
        })
    }

    /// Returns the position of the first record.
    #[must_use]
    pub const fn first(&self) -> u64 {
        self.first
    }

    /// Returns the number of records announced.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Returns the next record's bytes, `None` behind the last.
    ///
    /// # Errors
    /// [`DumpError`] with the position.
    pub fn next_record(&mut self) -> Result<Option<&[u8]>, DumpError> {
        if self.read == self.count {
            return Ok(None);
        }
        let position = self.first + self.read;
        let cut = |error: io::Error| match error.kind() {
            io::ErrorKind::UnexpectedEof => DumpError::Cut { position },
            _ => DumpError::Io(error),
        };
        let mut len = [0; 4];
        self.input.read_exact(&mut len).map_err(cut)?;
        let found = u32::from_be_bytes(len);
        if !(RECORD_LEN_MIN..=RECORD_LEN_MAX).contains(&(found as usize)) {
            return Err(DumpError::RecordLen { position, found });
        }
        self.record.resize(found as usize, 0);
        self.input.read_exact(&mut self.record).map_err(cut)?;
        self.read += 1;
        Ok(Some(&self.record))
    }

    /// Reads the checkpoint behind the last record, to the end of the stream.
    ///
    /// # Errors
    /// [`DumpError::Checkpoint`] when it is no text or longer than a note; [`DumpError::Cut`] when
    /// records were not read.
    pub fn finish(self) -> Result<String, DumpError> {
        if self.read != self.count {
            return Err(DumpError::Cut {
                position: self.first + self.read,
            });
        }
        let mut checkpoint = Vec::new();
        self.input.take(NOTE_LEN_MAX as u64 + 1).read_to_end(&mut checkpoint)?;
        if checkpoint.len() > NOTE_LEN_MAX {
            return Err(DumpError::Checkpoint);
        }
        String::from_utf8(checkpoint).map_err(|_| DumpError::Checkpoint)
    }
}

#[cfg(test)]
mod tests;
