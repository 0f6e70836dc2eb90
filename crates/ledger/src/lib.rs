//! The engine: commands become durable records, records become answers.
//!
//! In: commands and queries with their request's context. Out: receipts, views, values (only behind a record), history, proofs.
//! Not here: HTTP, JSON shapes, terminals; rules (`domain`); key bytes (`seal`); files (`log`).
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may fail loudly"))]

mod limits;
mod clock; // the wall clock, or one that tests set
mod error; // why a ledger was not opened
mod open; // unseal, check, load, take over, start
mod backup; // two halves, and the way back
mod birth; // the first records, and the key file that says that there are some
mod keyring; // unsealed keys
mod look; // the same to look at: history keys, nothing written
mod rebuild; // replay: the log folded into state
mod request; // what comes with a command and what goes back
mod view; // snapshots for readers
mod inner; // what all threads share
mod sequencer; // drain, decide, seal: the only writer
mod commit; // the narrow place that orders events
mod project; // event -> rows and sums, inside the same batch
mod index; // postings and idempotency, behind the commits
mod fingerprint; // who holds a secret already
mod lost_fingerprints; // rows that are gone, made anew at opening
mod denials; // refusals, one summary a minute
mod latency; // how long commits take
mod last_use; // when a token was last used, to read too
mod strangers; // requests without a valid token, one record a minute
mod quota; // how many windows a principal opens
mod webhooks; // what webhooks send and sign with
mod windows; // servings: recorded first, then counted
mod keeper; // what is done now and then
mod opened; // record bytes -> event
mod planned; // one wish, many places, one step
mod intake; // drafts: classified by the catalogue, scanned for secrets
mod serve; // resolve and reveal: values only behind a record
mod watch; // what changed of what somebody uses
pub mod instant; // positions and times as people write them
mod audit; // history, proofs
mod past; // state as of a position or time
mod leak; // whether a value is held
mod usage; // who used a credential
mod recheck; // every way to a state against the fold
mod verify; // every record read again
mod status;
#[cfg(test)]
mod house; // a ledger for unit tests

pub use audit::{
    CameBy, Clause, EventPage, EventQuery, EventView, Explained, Explanation, Filter, FilterFault, FilterKey,
    LookedInto, PAGE_EVENTS_MAX, Place, SubjectView, Tip, Word,
};
pub use backup::{
    BackupError, Checked as CheckedBackup, Copied, Loss, Piece as BackupPiece, RecoverOptions, Recovered, Taken,
    Target as BackupTarget, check_backup_keys,
};
pub use birth::InitOptions;
pub use clock::{Clock, ClockError, DevClock, WallClock};
pub use error::OpenError;
pub use inner::Counters;
pub use intake::{
    Alphabet, CredentialDraft, FieldText, Generate, ImportAction, ImportDraft, ImportItem, ImportReport,
    RehearsedTemplate, RotateDraft, TemplateDraft,
};
pub use last_use::LastUse;
pub use latency::{BUCKETS_US, Latency, LatencyCounts};
pub use leak::{LEAK_VALUES_MAX, Leak, LeakSearch};
pub use limits::{NEW_WINDOWS_DEFAULT, RETRY_AFTER_S};
pub use look::{LookKey, LookOptions};
pub use open::{OpenOptions, OpenReport};
pub use planned::{Outcome, Planned, PlannedLine};
pub use recheck::{PLACES_MAX, RecheckReport};
pub use request::{ApprovalWish, Failure, IdempotencyKey, Receipt, RequestContext};
pub use serve::{ResolveRequest, Resolved, ResolvedValue, RevealRequest, RevealedValues, WAIT_MAX};
pub use status::Status;
pub use usage::{Behind, Use, Uses, Way};
pub use verify::{KeysReport, VerifyError, VerifyReport, check_keys, dump_offline, verify_offline};
pub use view::View;
pub use watch::{WATCHED_MAX, WatchRequest, Watched};
pub use webhooks::{SigningError, WEBHOOK_SECRET_PREFIX, new_webhook_secret};

use commit::CommitSide;
use inner::Shared;
use sequencer::{Message, Work};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use strongroom_domain::command::Command;
use strongroom_domain::context::Caller;
use strongroom_domain::event::{Event, Recorded};
use strongroom_domain::ids::TimeUs;
use strongroom_domain::rights::{Assertion, Denied, TokenRefused, identity_caller, token_caller};
use strongroom_seal::{HistoryKey, RootKeyProvider, Token};
use tokio::sync::oneshot;

/// A running ledger. Clones are handles to the same one.
#[derive(Clone)]
pub struct Ledger {
    shared: Arc<Shared>,
    queue: SyncSender<Message>,
    /// None where it is only read.
    engine: Arc<Mutex<Option<Engine>>>,
}

/// Requests that wait for the writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queued {
    /// How many.
    pub works: usize,
    /// Bytes of their bodies and documents.
    pub bytes: usize,
}

/// Threads and what they own; taken apart by `stop`.
struct Engine {
    side: Arc<Mutex<CommitSide>>,
    threads: Vec<JoinHandle<()>>,
    keeper: keeper::Keeper,
}

impl Ledger {
    /// Opens a ledger, checks it, and starts its threads.
    ///
    /// # Errors
    /// [`OpenError`]: nothing is served then.
    pub fn open(dir: &Path, options: OpenOptions) -> Result<(Self, OpenReport), OpenError> {
        open::open(dir, options)
    }

    /// Makes a ledger with its first records, and closes it. One that was begun is finished.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn init(dir: &Path, options: InitOptions) -> Result<(), OpenError> {
        birth::init(dir, options)
    }

    /// Opens a ledger to look at, with history keys alone; nothing is written, and no value can be opened. The directory must not
    /// be open otherwise while it is copied, and stays as it was found.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn look(dir: &Path, options: LookOptions) -> Result<(Self, OpenReport), OpenError> {
        look::look(dir, options)
    }

    /// The history key of a directory: what opens its history and no secret. The directory may be in use.
    ///
    /// # Errors
    /// [`OpenError`] when the root key is not this key file's.
    pub fn history_key(dir: &Path, root: &dyn RootKeyProvider) -> Result<HistoryKey, OpenError> {
        let path = strongroom_log::Layout::new(dir).key_file();
        let key_file = open::read_key_file(&path)?.ok_or_else(|| OpenError::NoLedger { dir: dir.to_owned() })?;
        let root = root.root_key(key_file.source())?;
        key_file.open_history(&root)?; // it is this file's key
        Ok(key_file.history_key(&root))
    }

    pub(crate) fn only_read(shared: Arc<Shared>) -> Self {
        let (queue, _) = std::sync::mpsc::sync_channel(1); // nobody takes from it
        Self {
            shared,
            queue,
            engine: Arc::default(),
        }
    }

    pub(crate) fn assemble(
        shared: Arc<Shared>,
        queue: SyncSender<Message>,
        side: Arc<Mutex<CommitSide>>,
        threads: [JoinHandle<()>; 2],
        keeper: keeper::Keeper,
    ) -> Self {
        let engine = Engine {
            side,
            threads: threads.into(),
            keeper,
        };
        Self {
            shared,
            queue,
            engine: Arc::new(Mutex::new(Some(engine))),
        }
    }

    /// Stops in order: what waits is committed, counts are written, everything is flushed, the anchor says so.
    ///
    /// # Errors
    /// What went wrong; the next opening then checks as after a crash. Nothing acknowledged is lost.
    pub fn stop(&self) -> Result<(), String> {
        let mut engine = self.engine.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(engine) = engine.as_mut() else {
            return Ok(());
        };
        engine.keeper.stop();
        keeper::count_windows(&self.shared, &self.queue, true);
        keeper::record_strangers(&self.shared, &self.queue, true);
        let _ = self.queue.send(Message::Stop);
        for thread in engine.threads.drain(..) {
            let _ = thread.join();
        }
        if !self.shared.has_stopped() {
            let _ = self.shared.write_last_use(true);
        }
        let stopped = engine.side.lock().unwrap_or_else(PoisonError::into_inner).stop_clean();
        self.shared.stopped.store(true, std::sync::atomic::Ordering::Release);
        stopped
    }

    /// The principal behind a token. A mistyped one is refused by its checksum, without a look-up.
    ///
    /// # Errors
    /// [`Failure::Unauthenticated`].
    pub fn authenticate(&self, token: &str) -> Result<Caller, Failure> {
        let token = Token::parse(token).map_err(|_| Failure::Unauthenticated(TokenRefused::Malformed))?;
        let published = self.shared.published.load();
        let now = self.shared.now(&published);
        self.used(token_caller(&published.state, &token.stored_hash(), now), now)
    }

    /// The principal that another issuer's word stands for; that it is its word was proved before.
    ///
    /// # Errors
    /// [`Failure::Unauthenticated`].
    pub fn identify(&self, assertion: &Assertion<'_>) -> Result<Caller, Failure> {
        let published = self.shared.published.load();
        let now = self.shared.now(&published);
        self.used(identity_caller(&published.state, assertion, now), now)
    }

    fn used(&self, caller: Result<Caller, TokenRefused>, now: TimeUs) -> Result<Caller, Failure> {
        let caller = caller.map_err(Failure::Unauthenticated)?;
        if let Some(token) = caller.token {
            self.shared.last_use.note(token, now);
        }
        Ok(caller)
    }

    /// Counts a request without a valid token, and why; one record a minute says how many there were.
    pub fn note_stranger(&self, why: &'static str, source: Option<&str>) {
        let now = self.shared.now(&self.shared.published.load());
        self.shared.strangers().note(why, source, now);
    }

    /// A durable snapshot.
    #[must_use]
    pub fn view(&self) -> View {
        self.shared.view()
    }

    /// Whether the ledger has stopped writing.
    #[must_use]
    pub fn has_stopped(&self) -> bool {
        self.shared.has_stopped()
    }

    /// Whether it is only read: opened by [`Self::look`].
    #[must_use]
    pub fn reads_only(&self) -> bool {
        self.shared.looked_at.is_some()
    }

    /// Whether it takes writes.
    #[must_use]
    pub fn writes(&self) -> bool {
        !self.reads_only() && !self.has_stopped()
    }

    /// Whether it was made by `serve --dev`.
    #[must_use]
    pub fn is_dev(&self) -> bool {
        self.shared.dev
    }

    /// Counts since the start.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.shared.counters
    }

    /// What waits for the writer now.
    #[must_use]
    pub fn queued(&self) -> Queued {
        Queued {
            works: self.shared.queued_works.load(Ordering::Relaxed),
            bytes: self.shared.queued_bytes.load(Ordering::Relaxed),
        }
    }

    /// Sets the clock forwards (`serve --dev` only).
    ///
    /// # Errors
    /// [`ClockError`].
    pub fn set_clock(&self, us: TimeUs) -> Result<(), ClockError> {
        if !self.shared.dev {
            return Err(ClockError::Fixed);
        }
        self.shared.clock.set_us(us)
    }

    /// Does one command.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn execute(&self, context: RequestContext, command: Command) -> Result<Receipt, Failure> {
        self.execute_all(context, vec![command]).await
    }

    /// Does all commands or none, in one commit.
    ///
    /// # Errors
    /// [`Failure`] of the first that can't be done.
    pub async fn execute_all(&self, context: RequestContext, commands: Vec<Command>) -> Result<Receipt, Failure> {
        self.submit(context, commands, false, Vec::new()).await
    }

    /// As [`Ledger::execute_all`], for a thread that may block.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn execute_blocking(&self, context: RequestContext, commands: Vec<Command>) -> Result<Receipt, Failure> {
        let answer = self.enqueue(context, commands, false, Vec::new())?;
        // On a thread of its own: a thread that drives asynchronous tasks must not block on their channels.
        let waited = std::thread::spawn(move || answer.blocking_recv().unwrap_or(Err(Failure::Stopped)));
        waited.join().unwrap_or(Err(Failure::Stopped))
    }

    /// Has a refused read recorded: the first at once, then one summary a minute.
    pub(crate) async fn note_denied(&self, context: &RequestContext, denied: Denied) {
        let mut context = context.clone();
        if intake::scan(&context, &[]).is_err() {
            context.reason = None;
            context.idempotency = None;
        }
        context.user_agent = intake::recordable(context.user_agent);
        let (done, noted) = oneshot::channel();
        let message = Message::Denied {
            context: Box::new(context),
            denied,
            done,
        };
        if self.queue.try_send(message).is_ok() {
            let _ = noted.await;
        }
    }

    pub(crate) async fn submit(
        &self,
        context: RequestContext,
        commands: Vec<Command>,
        body_has_secrets: bool,
        warnings: Vec<String>,
    ) -> Result<Receipt, Failure> {
        let answer = self.enqueue(context, commands, body_has_secrets, warnings)?.await;
        done_or_asked(answer.unwrap_or(Err(Failure::Stopped)))
    }

    /// The one way to the writer: whatever comes in is scanned here.
    fn enqueue(
        &self,
        context: RequestContext,
        commands: Vec<Command>,
        body_has_secrets: bool,
        warnings: Vec<String>,
    ) -> Result<oneshot::Receiver<Result<Receipt, Failure>>, Failure> {
        self.enqueue_work(context, commands, None, body_has_secrets, warnings)
    }

    pub(crate) fn enqueue_work(
        &self,
        mut context: RequestContext,
        commands: Vec<Command>,
        wish: Option<planned::Wished>,
        body_has_secrets: bool,
        warnings: Vec<String>,
    ) -> Result<oneshot::Receiver<Result<Receipt, Failure>>, Failure> {
        if self.shared.has_stopped() {
            return Err(Failure::Stopped);
        }
        if self.reads_only() {
            return Err(Failure::ReadsOnly);
        }
        intake::scan(&context, &commands)?;
        context.user_agent = intake::recordable(context.user_agent);
        let bytes = weight(&context, &commands);
        if self.shared.queued_bytes.fetch_add(bytes, Ordering::AcqRel) + bytes > limits::QUEUE_BYTES_MAX {
            self.shared.queued_bytes.fetch_sub(bytes, Ordering::AcqRel);
            return Err(Failure::Busy);
        }
        // Counted before it is sent: the writer may take it at once.
        self.shared.queued_works.fetch_add(1, Ordering::Relaxed);
        let (reply, answer) = oneshot::channel();
        let work = Work {
            bytes,
            context,
            commands,
            wish,
            body_has_secrets,
            warnings,
            reply,
        };
        match self.queue.try_send(Message::Work(Box::new(work))) {
            Ok(()) => Ok(answer),
            Err(refused) => {
                self.shared.queued_works.fetch_sub(1, Ordering::Relaxed);
                self.shared.queued_bytes.fetch_sub(bytes, Ordering::AcqRel);
                Err(match refused {
                    TrySendError::Full(_) => Failure::Busy,
                    TrySendError::Disconnected(_) => Failure::Stopped,
                })
            }
        }
    }
}

/// What was only asked for is not done: nobody takes the one for the other.
pub(crate) fn done_or_asked(answer: Result<Receipt, Failure>) -> Result<Receipt, Failure> {
    let receipt = answer?;
    let asked = |event: &std::sync::Arc<Recorded>| matches!(event.event, Event::ApprovalRequested(_));
    if receipt.events.iter().any(asked) {
        return Err(Failure::ApprovalRequested(Box::new(receipt)));
    }
    Ok(receipt)
}

/// Bytes that a request keeps while it waits: its body and its documents.
fn weight(context: &RequestContext, commands: &[Command]) -> usize {
    let documents = commands.iter().map(|command| match command {
        Command::RegisterTemplate { input, .. } | Command::ReviseTemplate { input, .. } => input.document.bytes.len(),
        _ => 512,
    });
    context.idempotency.as_ref().map_or(0, |key| key.body.len()) + documents.sum::<usize>()
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ledger")
            .field("dir", &self.shared.dir)
            .finish_non_exhaustive()
    }
}
