//! A commit that a power cut tore in its middle.
//!
//! fjall cuts an unfinished end by itself, but refuses a batch whose frame is whole and whose
//! checksum is wrong: pages of one unsynced batch can reach the disk in any order. At the very end
//! of the newest journal that is no damage, since such a commit was never answered.
//!
//! Read here is the frame only (fjall 3.1): batch = start (1, u32 items, u64 number), items
//! (2, type, compression, u64 keyspace, u16 key, u32 value, u32 stored length, key, value; or 4,
//! u64 keyspace), end (3, u64 checksum, `FJL` 3); integers little-endian.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

const START: u8 = 1;
const ITEM: u8 = 2;
const END: u8 = 3;
const CLEAR: u8 = 4;
const TRAILER: [u8; 4] = *b"FJL\x03";

/// What was cut off a journal.
pub(crate) struct Cut {
    path: PathBuf,
    at: u64,
    bytes: Vec<u8>,
}

impl Cut {
    /// Number of bytes.
    pub(crate) const fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Puts the bytes back where they were.
    pub(crate) fn undo(self) -> io::Result<()> {
        let journal = OpenOptions::new().write(true).open(&self.path)?;
        journal.write_all_at(&self.bytes, self.at)?;
        journal.sync_all()
    }
}

/// Cuts the last batch off the newest journal, if its frame is whole and nothing but zeros follow.
///
/// Returns `None` when there is nothing to cut. The caller finds out by the anchor whether what was
/// cut had been acknowledged.
pub(crate) fn cut_torn_end(database: &Path) -> io::Result<Option<Cut>> {
    let Some(number) = super::list(database)?.pop() else {
        return Ok(None);
    };
    let path = super::path(database, number);
    let mut frames = Frames::new(BufReader::new(File::open(&path)?));
    let mut last = None;
    while let Some(batch) = frames.batch()? {
        last = Some(batch);
    }
    let Some((start, end)) = last else {
        return Ok(None);
    };
    let journal = OpenOptions::new().read(true).write(true).open(&path)?;
    let mut bytes = vec![0; usize::try_from(end - start).map_err(io::Error::other)?];
    journal.read_exact_at(&mut bytes, start)?;
    if !super::zeros_from(&journal, end)? {
        return Ok(None);
    }
    journal.set_len(start)?;
    journal.sync_all()?;
    Ok(Some(Cut { path, at: start, bytes }))
}

/// Walks the frames of a journal without looking at checksums.
struct Frames<R> {
    reader: R,
    at: u64,
}

impl<R: Read> Frames<R> {
    const fn new(reader: R) -> Self {
        Self { reader, at: 0 }
    }

    /// Returns where the next batch begins and ends; `None` where no whole frame follows.
    fn batch(&mut self) -> io::Result<Option<(u64, u64)>> {
        let start = self.at;
        match self.try_batch() {
            Ok(true) => Ok(Some((start, self.at))),
            Ok(false) => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn try_batch(&mut self) -> io::Result<bool> {
        if self.take::<1>()? != [START] {
            return Ok(false);
        }
        let items = u32::from_le_bytes(self.take()?);
        self.take::<8>()?;
        for _ in 0..items {
            match self.take()? {
                [ITEM] => self.skip_item()?,
                [CLEAR] => self.skip(8)?,
                _ => return Ok(false),
            }
        }
        if self.take::<1>()? != [END] {
            return Ok(false);
        }
        self.take::<8>()?;
        Ok(self.take()? == TRAILER)
    }

    fn skip_item(&mut self) -> io::Result<()> {
        self.skip(1 + 1 + 8)?;
        let key = u16::from_le_bytes(self.take()?);
        self.skip(4)?;
        let value = u32::from_le_bytes(self.take()?);
        self.skip(u64::from(key) + u64::from(value))
    }

    fn take<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.reader.read_exact(&mut bytes)?;
        self.at += N as u64;
        Ok(bytes)
    }

    fn skip(&mut self, bytes: u64) -> io::Result<()> {
        let skipped = io::copy(&mut self.reader.by_ref().take(bytes), &mut io::sink())?;
        self.at += skipped;
        if skipped < bytes {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }
}
