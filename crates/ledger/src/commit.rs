//! The narrow place that orders events: one batch, one sync, committed or stopped. Nothing is visible, acknowledged or
//! signed out before it is durable.
//!
//! The root is signed on a thread of its own while the disk syncs; the signature is taken only after the sync has returned.

use crate::index::Posting;
use crate::inner::Shared;
use crate::keyring::Powers;
use crate::request::{Failure, Receipt};
use crate::view::Published;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use strongroom_domain::State;
use strongroom_domain::event::Recorded;
use strongroom_domain::ids::{Position, TimeUs};
use strongroom_log::{Committer, Ready, Slice};
use strongroom_proof::Hash;
use strongroom_proof::note::Checkpoint;
use strongroom_seal::Signer;
use tokio::sync::oneshot;

/// How often an idle committer looks whether the anchor needs a sync.
const IDLE_LOOK: Duration = Duration::from_millis(25);

/// A batch that is decided, sealed and built.
pub(crate) struct Prepared {
    /// `None`: only answers that must wait for the commits before them.
    pub(crate) ready: Option<Ready>,
    pub(crate) replies: Vec<Reply>,
    pub(crate) state: Arc<State>,
    pub(crate) last_recorded_at: TimeUs,
    pub(crate) postings: Vec<Posting>,
    pub(crate) cached: Vec<(Position, Slice)>,
}

impl Prepared {
    /// Answers that say what commits in flight make true.
    pub(crate) fn answers_only(replies: Vec<Reply>, state: Arc<State>) -> Self {
        Self {
            ready: None,
            replies,
            state,
            last_recorded_at: 0,
            postings: Vec::new(),
            cached: Vec::new(),
        }
    }
}

impl Prepared {
    /// Requests that it answers; never 0, since it is under way.
    pub(crate) fn works(&self) -> usize {
        self.replies.len().max(1)
    }
}

/// Someone who waits, and what to tell.
pub(crate) struct Reply {
    sender: oneshot::Sender<Result<Receipt, Failure>>,
    answer: Answer,
}

enum Answer {
    Ready(Box<Result<Receipt, Failure>>),
    Committed {
        events: Vec<Arc<Recorded>>,
        warnings: Vec<String>,
    },
}

impl Reply {
    /// An answer that needs nothing of this batch.
    pub(crate) fn ready(sender: oneshot::Sender<Result<Receipt, Failure>>, answer: Result<Receipt, Failure>) -> Self {
        Self {
            sender,
            answer: Answer::Ready(Box::new(answer)),
        }
    }

    /// An answer that holds when the batch is durable.
    pub(crate) fn committed(
        sender: oneshot::Sender<Result<Receipt, Failure>>,
        events: Vec<Arc<Recorded>>,
        warnings: Vec<String>,
    ) -> Self {
        Self {
            sender,
            answer: Answer::Committed { events, warnings },
        }
    }

    /// Answers. Whoever has gone away is not waited for.
    pub(crate) fn send(self, shared: &Shared, published: &Arc<Published>) {
        let answer = match self.answer {
            Answer::Ready(answer) => *answer,
            Answer::Committed { events, warnings } => Ok(Receipt {
                position: events.first().map(|event| event.position),
                events,
                head: published.head,
                checkpoint: Arc::clone(&published.checkpoint),
                replayed: false,
                warnings,
                view: shared.view_of(published),
            }),
        };
        let _ = self.sender.send(answer);
    }

    /// Says that it is not known what became of it.
    pub(crate) fn fail(self, failure: Failure) {
        let _ = self.sender.send(Err(failure));
    }
}

/// What a commit needs; behind a lock that the committer's thread and the sequencer (inline) take in turn.
pub(crate) struct CommitSide {
    shared: Arc<Shared>,
    committer: Option<Committer>,
    /// `None` after the end.
    to_signer: Option<SyncSender<(u64, Hash)>>,
    signed: Receiver<Arc<str>>,
    signer: Option<JoinHandle<()>>,
}

impl CommitSide {
    /// Starts the signer.
    pub(crate) fn new(shared: Arc<Shared>, powers: Arc<Powers>, committer: Committer) -> std::io::Result<Self> {
        let (to_signer, roots) = sync_channel::<(u64, Hash)>(1);
        let (notes, signed) = sync_channel(1);
        let origin = shared.keys.origin.clone();
        let signer = std::thread::Builder::new().name("signer".to_owned()).spawn(move || {
            for (size, root) in roots {
                if notes.send(sign(&origin, &powers.signer, size, root)).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self {
            shared,
            committer: Some(committer),
            to_signer: Some(to_signer),
            signed,
            signer: Some(signer),
        })
    }

    /// Commits a batch and answers all who wait; false when the ledger has stopped.
    pub(crate) fn commit(&mut self, prepared: Prepared) -> bool {
        let Some(ready) = prepared.ready else {
            if self.shared.has_stopped() {
                // What they say may rest on what a failed commit threw away.
                prepared
                    .replies
                    .into_iter()
                    .for_each(|reply| reply.fail(Failure::OutcomeUnknown));
                return false;
            }
            let published = self.shared.published.load_full();
            prepared
                .replies
                .into_iter()
                .for_each(|reply| reply.send(&self.shared, &published));
            return true;
        };
        let Some(committer) = self.committer.as_mut().filter(|_| !self.shared.has_stopped()) else {
            prepared
                .replies
                .into_iter()
                .for_each(|reply| reply.fail(Failure::Stopped));
            return false;
        };
        let begun = Instant::now();
        let (size, root) = (ready.head().size, ready.head().root);
        let asked = self.to_signer.as_ref().map(|signer| signer.send((size, root)));
        let to_disk = Instant::now();
        let committed = committer.commit(ready);
        self.shared.counters.sync.note(to_disk.elapsed());
        // Taken in any case, so that a signature of a failed commit is dropped here and goes nowhere.
        let note = asked.filter(Result::is_ok).and_then(|_| self.signed.recv().ok());
        let checkpoint = match (committed, note) {
            (Ok(_), Some(note)) => note,
            (Ok(_), None) => return self.stop(prepared.replies, "the signer has ended"),
            (Err(error), _) => return self.stop(prepared.replies, &report(&error)),
        };
        self.shared.counters.commits.fetch_add(1, Ordering::Relaxed);
        self.shared
            .counters
            .events
            .fetch_add(prepared.postings.len() as u64, Ordering::Relaxed);
        for (position, bytes) in prepared.cached {
            self.shared.records.insert(position, bytes);
        }
        self.shared.index.push(prepared.postings);
        let published = Arc::new(Published {
            state: prepared.state,
            head: size,
            root: root.0,
            checkpoint,
            last_recorded_at: prepared.last_recorded_at,
        });
        self.shared.published.store(Arc::clone(&published));
        self.shared.waits.send_modify(|_| {});
        // Before the answers: whoever has one finds his commit counted.
        self.shared.counters.commit.note(begun.elapsed());
        // Durable and visible: it is answered at once, and even when the anchor can't be written. A crash in between
        // leaves a log that is longer than its anchor, which is no damage.
        prepared
            .replies
            .into_iter()
            .for_each(|reply| reply.send(&self.shared, &published));
        let anchored = committer.anchor(Instant::now());
        match anchored {
            Ok(()) => true,
            Err(error) => {
                self.shared.fail(&report(&error));
                false
            }
        }
    }

    /// Syncs the anchor when it is due, or when nothing else is to be done.
    pub(crate) fn idle(&mut self) {
        let Some(committer) = self.committer.as_mut().filter(|_| !self.shared.has_stopped()) else {
            return;
        };
        if committer.sync_due().is_some()
            && let Err(error) = committer.sync_anchor()
        {
            self.shared.fail(&report(&error));
        }
    }

    /// Ends in order: everything flushed, the anchor clean. After a failure there is nothing to end.
    pub(crate) fn stop_clean(&mut self) -> Result<(), String> {
        self.to_signer.take();
        if let Some(signer) = self.signer.take() {
            let _ = signer.join();
        }
        let Some(committer) = self.committer.take() else {
            return Ok(());
        };
        if self.shared.has_stopped() {
            return Err("the ledger had stopped writing before".to_owned());
        }
        let published = self.shared.published.load_full();
        let checkpoint = if published.head == 0 {
            ""
        } else {
            &*published.checkpoint
        };
        committer.stop(checkpoint.as_bytes()).map_err(|error| report(&error))
    }

    /// A commit whose outcome is unknown: everyone is told, nothing is tried again.
    fn stop(&mut self, replies: Vec<Reply>, why: &str) -> bool {
        replies
            .into_iter()
            .for_each(|reply| reply.fail(Failure::OutcomeUnknown));
        self.shared.fail(why);
        false
    }
}

/// The committer's thread: commits what comes, syncs the anchor when nothing comes.
pub(crate) fn run(side: &Mutex<CommitSide>, batches: &Receiver<Prepared>, in_flight: &AtomicUsize) {
    loop {
        match batches.recv_timeout(IDLE_LOOK) {
            Ok(prepared) => {
                let works = prepared.works();
                lock(side).commit(prepared);
                in_flight.fetch_sub(works, Ordering::AcqRel);
            }
            Err(RecvTimeoutError::Timeout) => lock(side).idle(),
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// Signs a checkpoint.
pub(crate) fn sign(origin: &str, signer: &Signer, size: u64, root: Hash) -> Arc<str> {
    let checkpoint = Checkpoint {
        origin: origin.to_owned(),
        size,
        root,
    };
    signer.sign_checkpoint(checkpoint).to_string().into()
}

fn lock(side: &Mutex<CommitSide>) -> std::sync::MutexGuard<'_, CommitSide> {
    side.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An error with its causes, for the log.
fn report(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
