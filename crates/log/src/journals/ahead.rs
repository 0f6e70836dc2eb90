//! Zeros ahead of fjall's writes, so that a sync need not make room for them.
//!
//! fjall (3.1.13) makes its journals as sparse files: each fdatasync then also allocates blocks, which costs a lone
//! client a fifth of its rate and 64 of them a third. Here a thread writes zeros a little ahead of where fjall writes.
//! A hole reads as zeros, so the file's content is the same at every moment, and so is what a crash or a power cut
//! leaves: this changes how fast a journal is, never what is in it.
//!
//! **Zeros are written over zeros only**: each chunk is read and written under the [`Gate`] that every writer of the
//! journal takes, so nothing of fjall's can come in between. Only journals that began in this run are touched: one that
//! fjall found at opening is written at the file's end, and zeros behind that end would hide what follows them.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crate::limits::{ZEROS_AHEAD_BYTES, ZEROS_CHUNK_BYTES};

/// Taken by whoever has fjall write to its journal, and by the writer of zeros. Counts what is written.
///
/// fjall has a lock of its own behind it, so its writers lose nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gate(Arc<Mutex<u64>>);

impl Gate {
    /// Waits until nobody else writes, to write at most so many bytes.
    pub(crate) fn enter(&self, bytes: u64) -> impl Drop {
        let mut written = self.lock();
        *written += bytes;
        Entered(written)
    }

    /// Bytes written to the newest journal: at least as many as it holds.
    pub(crate) fn written(&self) -> u64 {
        *self.lock()
    }

    /// A new journal has begun, when so many bytes or more had been written.
    pub(crate) fn began_behind(&self, written: u64) {
        let mut all = self.lock();
        *all = all.saturating_sub(written);
    }

    /// Whether the newest journal holds so little that fjall can't have begun another behind it.
    pub(crate) fn is_short(&self) -> bool {
        self.written() < super::fresh::FJALL_ROTATES_PAST_BYTES
    }

    fn lock(&self) -> MutexGuard<'_, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// As long as it lives, nobody else writes.
struct Entered<'a>(#[expect(dead_code, reason = "held for its lock")] MutexGuard<'a, u64>);

impl Drop for Entered<'_> {
    fn drop(&mut self) {}
}

/// The thread that writes zeros, and how far the newest journal has come. Owned by the committer.
pub(crate) struct Ahead {
    gate: Gate,
    /// The end of the zeros that were asked for.
    asked: u64,
    to_thread: Option<SyncSender<Ask>>,
    thread: Option<JoinHandle<()>>,
}

/// What is to be filled: up to `end` in one journal.
struct Ask {
    journal: PathBuf,
    end: u64,
}

impl Ahead {
    /// Starts the thread. Where that fails, journals stay sparse.
    pub(crate) fn new(gate: Gate) -> Self {
        let (to_thread, asked) = sync_channel(4);
        let entered = gate.clone();
        let thread = std::thread::Builder::new()
            .name("journal-zeros".to_owned())
            .spawn(move || run(&entered, &asked))
            .ok();
        Self {
            gate,
            asked: 0,
            to_thread: thread.is_some().then_some(to_thread),
            thread,
        }
    }

    /// A new journal has begun.
    pub(crate) fn began(&mut self) {
        self.asked = 0;
    }

    /// Has zeros written to `journal`, the newest, when too few are left ahead of what was committed. Never waits.
    pub(crate) fn committed(&mut self, journal: impl FnOnce() -> PathBuf) {
        let end = self.gate.written() + ZEROS_AHEAD_BYTES;
        if end < self.asked + ZEROS_CHUNK_BYTES {
            return;
        }
        let Some(thread) = &self.to_thread else { return };
        let ask = Ask {
            journal: journal(),
            end,
        };
        // A thread that is behind is asked again by the next commit.
        if thread.try_send(ask).is_ok() {
            self.asked = end;
        }
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.to_thread.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(gate: &Gate, asked: &Receiver<Ask>) {
    let mut journal: Option<Filling> = None;
    for Ask { journal: path, end } in asked {
        if journal.as_ref().is_none_or(|filling| filling.path != path) {
            journal = Filling::open(path).ok();
        }
        if let Some(filling) = &mut journal
            && let Err(error) = filling.fill(gate, end)
        {
            tracing::debug!(%error, journal = %filling.path.display(), "the journal is not filled with zeros ahead");
            filling.end = u64::MAX;
        }
    }
}

/// A journal with zeros up to some place.
struct Filling {
    path: PathBuf,
    file: File,
    end: u64,
    chunk: Vec<u8>,
}

impl Filling {
    fn open(path: PathBuf) -> io::Result<Self> {
        Ok(Self {
            file: OpenOptions::new().read(true).write(true).open(&path)?,
            path,
            end: 0,
            chunk: vec![0; ZEROS_CHUNK_BYTES as usize],
        })
    }

    fn fill(&mut self, gate: &Gate, end: u64) -> io::Result<()> {
        while self.end < end {
            self.fill_chunk(gate)?;
            // Synced here and not by the next commit, which would wait for it.
            self.file.sync_data()?;
        }
        Ok(())
    }

    /// The next chunk, unless something stands in it: then fjall is there already.
    fn fill_chunk(&mut self, gate: &Gate) -> io::Result<()> {
        let at = self.end;
        self.end += ZEROS_CHUNK_BYTES;
        let _alone = gate.enter(0);
        let read = read_up_to(&self.file, &mut self.chunk, at)?;
        if super::is_zeros(&self.chunk[..read]) {
            self.chunk[read..].fill(0);
            self.file.write_all_at(&self.chunk, at)?;
        }
        Ok(())
    }
}

/// Reads until the buffer is full or the file ends: fjall writes behind the size that it gave the file, too.
fn read_up_to(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read_at(&mut buffer[filled..], at + filled as u64)? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(content: &[u8], len: u64, end: u64) -> (tempfile::TempDir, Vec<u8>) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("1.jnl");
        std::fs::write(&path, content).unwrap();
        File::options().write(true).open(&path).unwrap().set_len(len).unwrap();
        let mut filling = Filling::open(path.clone()).unwrap();
        filling.fill(&Gate::default(), end).unwrap();
        let bytes = std::fs::read(path).unwrap();
        (dir, bytes)
    }

    #[test]
    fn holes_are_filled_and_the_content_stays() {
        use std::os::unix::fs::MetadataExt as _;
        let (dir, bytes) = filled(b"records", 8 * ZEROS_CHUNK_BYTES, 4 * ZEROS_CHUNK_BYTES);
        assert_eq!(&bytes[..7], b"records");
        assert!(super::super::is_zeros(&bytes[7..]));
        assert_eq!(bytes.len() as u64, 8 * ZEROS_CHUNK_BYTES);
        let blocks = std::fs::metadata(dir.path().join("1.jnl")).unwrap().blocks() * 512;
        assert!(
            (3 * ZEROS_CHUNK_BYTES..5 * ZEROS_CHUNK_BYTES).contains(&blocks),
            "{blocks}"
        );
    }

    #[test]
    fn a_chunk_that_holds_anything_is_left_alone() {
        let mut content = vec![0; 2 * ZEROS_CHUNK_BYTES as usize];
        *content.last_mut().unwrap() = 9;
        let (_dir, bytes) = filled(&content, 2 * ZEROS_CHUNK_BYTES, 2 * ZEROS_CHUNK_BYTES);
        assert_eq!(bytes, content);
    }

    #[test]
    fn the_file_grows_where_the_zeros_reach_past_its_end() {
        let (_dir, bytes) = filled(b"", 10, ZEROS_CHUNK_BYTES);
        assert_eq!(bytes.len() as u64, ZEROS_CHUNK_BYTES);
    }

    #[test]
    fn zeros_are_asked_for_a_chunk_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("1.jnl");
        std::fs::write(&path, b"").unwrap();
        let gate = Gate::default();
        let mut ahead = Ahead::new(gate.clone());
        let mut asks = 0;
        for _ in 0..64 {
            drop(gate.enter(ZEROS_CHUNK_BYTES / 16));
            ahead.committed(|| {
                asks += 1;
                path.clone()
            });
        }
        // Once at the beginning, then each time a chunk has been written.
        assert!((4..=5).contains(&asks), "{asks}");
        drop(ahead);
        let len = std::fs::metadata(&path).unwrap().len();
        assert!(len >= ZEROS_AHEAD_BYTES, "{len}");
    }
}
