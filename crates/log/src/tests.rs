//! Real fjall in temporary directories. A crash is an image: the files of a running store, copied,
//! which is what `kill -9` leaves.

mod birth;
mod commit;
mod crash;
mod damage;
mod journals;
mod shadow;
mod tables;
mod trusted;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use strongroom_proof::record::{Header, event_id};
use strongroom_proof::tree::Frontier;

use crate::journals::copy_sparse;
use crate::{
    AnchorMac, Batch, Committer, DataDir, Evidence, Layout, Life, OpenError, OpenOptions, OpenReport, Opened, Store,
};

pub(super) const LIFE: Life = Life {
    ledger_id: [0x11; 16],
    incarnation: [0x22; 8],
    key_file_sequence: 1,
};

pub(super) fn mac() -> AnchorMac {
    Arc::new(|covered| *blake3::keyed_hash(&[0x33; 32], covered).as_bytes())
}

/// A record in canonical form whose history part has `history_len` bytes. Its time is its position.
pub(super) fn record_of(position: u64, history_len: u32) -> Vec<u8> {
    let mut history = vec![0xa5; history_len as usize];
    history[..8].copy_from_slice(&position.to_be_bytes());
    let recorded_at_us = 1_700_000_000_000_000 + position;
    let header = Header {
        category: 4,
        stream_id: [1; 16],
        stream_version: position + 1,
        event_id: event_id(recorded_at_us, [7; 10]),
        recorded_at_us,
        type_code: 4 * 256 + 1,
        schema: 1,
        plain_len: 0,
        plain_digest: [0; 32],
        epoch: 1,
        history_nonce: [5; 24],
        history_len,
        secret_key_id: [0; 16],
        secret_nonce: [0; 24],
        secret_len: 0,
        secret_digest: [0; 32],
        history_digest: *blake3::hash(&history).as_bytes(),
    };
    [&header.to_bytes()[..], &history].concat()
}

pub(super) fn record(position: u64) -> Vec<u8> {
    record_of(position, 112)
}

/// A ledger in a temporary directory, open or not.
pub(super) struct Home {
    /// Deleted at the end.
    _temporary: tempfile::TempDir,
    pub(super) dir: PathBuf,
}

impl Home {
    /// A directory with a key file only.
    pub(super) fn new() -> Self {
        let home = Self::empty();
        std::fs::create_dir(&home.dir).unwrap();
        std::fs::write(home.layout().key_file(), b"keys").unwrap();
        home
    }

    pub(super) fn empty() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let dir = temporary.path().join("data");
        Self {
            _temporary: temporary,
            dir,
        }
    }

    pub(super) fn layout(&self) -> Layout {
        Layout::new(&self.dir)
    }

    pub(super) fn open_as(&self, life: &Life) -> Result<Run, OpenError> {
        Ok(Run::of(self.check_as(life)?, life))
    }

    /// Opened, with the ledger's own checks still to come.
    pub(super) fn check_as(&self, life: &Life) -> Result<Opened, OpenError> {
        DataDir::lock(&self.dir)?.open(life, mac(), &OpenOptions::default())
    }

    pub(super) fn open(&self) -> Result<Run, OpenError> {
        self.open_as(&LIFE)
    }

    /// What a `kill -9` would leave now: a copy in a directory of its own.
    pub(super) fn image(&self) -> Self {
        let image = Self::empty();
        copy_dir(&self.dir, &image.dir);
        image
    }

    pub(super) fn journal(&self, number: u64) -> PathBuf {
        crate::journals::path(&self.layout().database(), number)
    }

    /// The names in the directory that begin so.
    pub(super) fn names(&self, prefix: &str) -> Vec<PathBuf> {
        let mut names: Vec<PathBuf> = std::fs::read_dir(&self.dir)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.file_name().unwrap().to_string_lossy().starts_with(prefix))
            .collect();
        names.sort();
        names
    }
}

fn copy_dir(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_dir(&entry.path(), &target);
        } else {
            copy_sparse(&entry.path(), &target).unwrap();
        }
    }
}

/// An open ledger, with what a sequencer holds.
pub(super) struct Run {
    pub(super) store: Store,
    pub(super) committer: Committer,
    pub(super) frontier: Frontier,
    pub(super) report: OpenReport,
    evidence: Option<Evidence>,
}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.report)
    }
}

impl Run {
    fn of(opened: Opened, life: &Life) -> Self {
        let Opened {
            layout: _,
            store,
            frontier,
            report,
            checks,
        } = opened;
        let (committer, evidence) = checks.all_passed(life.key_file_sequence).unwrap();
        Self {
            store,
            committer,
            frontier,
            report,
            evidence: Some(evidence),
        }
    }

    /// Says that what the ledger made anew is written, too.
    pub(super) fn all_checks_passed(&mut self) {
        self.evidence.take().unwrap().discard().unwrap();
    }

    pub(super) fn batch(&self) -> Batch {
        self.store.batch(self.frontier.size())
    }

    /// Commits `count` records in one batch, without the anchor.
    pub(super) fn commit(&mut self, count: u64) {
        let mut batch = self.batch();
        for _ in 0..count {
            let position = self.frontier.size();
            batch.append(&mut self.frontier, record(position));
        }
        self.committer.commit(batch.close(&self.frontier)).unwrap();
    }

    /// Commits `count` records in one batch and writes the anchor.
    pub(super) fn append(&mut self, count: u64) {
        self.commit(count);
        self.committer.anchor(Instant::now()).unwrap();
    }

    pub(super) fn stop(self) {
        self.committer.stop(b"").unwrap();
    }
}
