//! The only writer: drains waiting requests, decides each against the state as the ones before it left it, seals the
//! events, and hands one batch to the committer. While that syncs, the next batch is prepared.
//!
//! What a crash leaves: nothing of a batch that was not committed, all of one that was.
//! A failed commit stops the ledger: what was decided on top of it is thrown away with it.

mod draft; // one batch while it is built
mod idempotency; // repeats of a request
mod stage; // decide: commands -> recorded events, not yet sealed

use crate::commit::{CommitSide, Prepared, Reply};
use crate::denials::{Denial, Denials};
use crate::inner::Shared;
use crate::keyring::Powers;
use crate::limits::{BATCH_BYTES_MAX, BATCH_WORKS_HALVED_MIN, BATCH_WORKS_MAX, LINGER_YIELDS_MAX, LONE_LOOK_MAX};
use crate::planned::{Wished, planned};
use crate::project::Projection;
use crate::request::{Failure, Receipt, RequestContext};
use draft::Draft;
pub(crate) use idempotency::term as request_term;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use strongroom_domain::State;
use strongroom_domain::command::Command;
use strongroom_domain::context::Caller;
use strongroom_domain::ids::{Position, PrincipalId};
use strongroom_domain::rights::Denied;
use strongroom_log::Slice;
use strongroom_proof::tree::Frontier;
use strongroom_seal::RandomSource;
use tokio::sync::oneshot;

/// One request for the writer.
pub(crate) struct Work {
    /// What it weighs in the queue.
    pub(crate) bytes: usize,
    pub(crate) context: RequestContext,
    /// Done all or none, in this order, in one commit.
    pub(crate) commands: Vec<Command>,
    /// A wish that becomes the commands when its turn comes.
    pub(crate) wish: Option<Wished>,
    /// The body held secret values: without a secret part in any of its records there is no body MAC.
    pub(crate) body_has_secrets: bool,
    pub(crate) warnings: Vec<String>,
    pub(crate) reply: oneshot::Sender<Result<Receipt, Failure>>,
}

/// What goes through the queue.
pub(crate) enum Message {
    Work(Box<Work>),
    /// A read was refused.
    Denied {
        context: Box<RequestContext>,
        denied: Denied,
        done: oneshot::Sender<()>,
    },
    /// Time has passed: write the summaries that are due.
    Tick,
    /// Commit what waits, then end.
    Stop,
}

impl Message {
    fn bytes(&self) -> usize {
        match self {
            Self::Work(work) => work.bytes,
            Self::Denied { .. } | Self::Tick | Self::Stop => 0,
        }
    }
}

/// The writer's own state; lives on its thread.
pub(crate) struct Sequencer {
    pub(crate) shared: Arc<Shared>,
    /// What signs and seals: nothing is written without.
    pub(crate) powers: Arc<Powers>,
    /// Speculative: ahead of what is durable by the batches in flight.
    pub(crate) state: State,
    pub(crate) frontier: Frontier,
    pub(crate) projection: Projection,
    pub(crate) last_us: u64,
    pub(crate) random: RandomSource,
    pub(crate) denials: Denials,
    /// Records with values that are decided but not yet readable from the store.
    pub(crate) pending_records: HashMap<Position, Slice>,
    /// Requests with a key that are decided but not yet durable, with the head that will hold them.
    pub(crate) pending_requests: HashMap<[u8; 16], u64>,
    pub(crate) to_committer: SyncSender<Prepared>,
    pub(crate) commit_side: Arc<Mutex<CommitSide>>,
    /// Requests handed over and not yet answered; 0 when nothing is under way.
    pub(crate) in_flight: Arc<AtomicUsize>,
    pub(crate) last_batch: usize,
    /// When a checkpoint was last written beside records.
    pub(crate) checkpoint_stored: Option<Instant>,
}

impl Sequencer {
    /// Runs until it is told to stop or all senders are gone.
    pub(crate) fn run(mut self, queue: &Receiver<Message>) {
        loop {
            let (works, stop) = match self.next(queue) {
                Some(Message::Stop) | None => return,
                Some(first) => self.drain(first, queue),
            };
            if !self.write(works) || stop {
                return;
            }
        }
    }

    /// Waits for a request.
    ///
    /// Behind a commit of one request it looks for the next before it sleeps: a lone client that was just answered is about
    /// to ask again, and to wake a thread on an idle processor takes a virtual machine as long as half a sync.
    fn next(&self, queue: &Receiver<Message>) -> Option<Message> {
        if self.last_batch == 1 {
            let until = Instant::now() + LONE_LOOK_MAX;
            while Instant::now() < until {
                match queue.try_recv() {
                    Ok(message) => return Some(message),
                    Err(TryRecvError::Disconnected) => return None,
                    Err(TryRecvError::Empty) => std::thread::yield_now(),
                }
            }
        }
        queue.recv().ok()
    }

    /// Takes what waits, up to a full batch, or to half of all requests that are not answered yet: with the other half
    /// one batch is prepared while the one before it is on its way to the disk, and neither thread waits for the other.
    ///
    /// While the batch is smaller than the last one, it yields a little: clients that were just answered are about to
    /// ask again.
    fn drain(&mut self, first: Message, queue: &Receiver<Message>) -> (Vec<Message>, bool) {
        let mut bytes = first.bytes();
        let mut works = vec![first];
        let mut yields = 0;
        while works.len() < self.batch_works_max() && bytes < BATCH_BYTES_MAX {
            match queue.try_recv() {
                Ok(Message::Stop) | Err(TryRecvError::Disconnected) => return (works, true),
                Ok(message) => {
                    bytes += message.bytes();
                    works.push(message);
                }
                Err(TryRecvError::Empty) => {
                    if works.len() >= self.last_batch || yields == LINGER_YIELDS_MAX {
                        break;
                    }
                    yields += 1;
                    std::thread::yield_now();
                }
            }
        }
        self.last_batch = works.len();
        (works, false)
    }

    fn batch_works_max(&self) -> usize {
        // What is drained counts as waiting until it is decided.
        let waiting = self.shared.queued_works.load(Ordering::Relaxed);
        let unanswered = waiting + self.in_flight.load(Ordering::Relaxed);
        unanswered.div_ceil(2).clamp(BATCH_WORKS_HALVED_MIN, BATCH_WORKS_MAX)
    }

    /// Decides, seals and commits; false when the ledger has stopped.
    fn write(&mut self, works: Vec<Message>) -> bool {
        self.forget_durable();
        self.shared.look_at_space();
        let single = works.len() <= 1;
        let mut draft = Draft::new(&self.shared, self.frontier.size());
        let mut told = Vec::new();
        for message in works {
            match message {
                Message::Work(work) => self.process(*work, &mut draft),
                Message::Denied { context, denied, done } => {
                    self.note_denial(&context, Denial::of(&denied), &mut draft);
                    told.push(done);
                }
                Message::Tick => self.summarise_denials(&mut draft),
                Message::Stop => unreachable!("drained before"),
            }
        }
        let prepared = match self.finish(draft) {
            Ok(Some(prepared)) => prepared,
            Ok(None) => return true,
            Err(why) => {
                self.shared.fail(&why);
                return false;
            }
        };
        // Inline when nothing is in flight: a hand-over costs a wake, a quarter of a lone client's rate.
        if single && self.in_flight.load(Ordering::Acquire) == 0 {
            let mut side = self.commit_side.lock().unwrap_or_else(PoisonError::into_inner);
            return side.commit(prepared);
        }
        self.in_flight.fetch_add(prepared.works(), Ordering::AcqRel);
        self.to_committer.send(prepared).is_ok() && !self.shared.has_stopped()
    }

    /// One request: into the draft, or its answer.
    fn process(&mut self, work: Work, draft: &mut Draft) {
        let Work {
            bytes,
            context,
            commands,
            wish,
            body_has_secrets,
            warnings,
            reply,
        } = work;
        self.shared.queued_works.fetch_sub(1, Ordering::Relaxed);
        self.shared.queued_bytes.fetch_sub(bytes, Ordering::AcqRel);
        if let Some(answer) = self.answer_repeat(&context) {
            draft.replies.push(Reply::ready(reply, answer));
            return;
        }
        let commands = match wish {
            Some(wished) => self.commands_of(&context, &wished),
            None => Ok(commands),
        };
        match commands.and_then(|commands| self.stage(&context, commands, body_has_secrets)) {
            Ok(staged) => {
                let events = self.seal_into(staged, draft);
                draft.replies.push(Reply::committed(reply, events, warnings));
            }
            Err(failure) => {
                self.record_denial(&context, &failure, draft);
                draft.replies.push(Reply::ready(reply, Err(failure)));
            }
        }
    }

    /// A wish's commands, as the state now makes them: those that were shown, and none of them refused.
    fn commands_of(&self, context: &RequestContext, wished: &Wished) -> Result<Vec<Command>, Failure> {
        let now = self.shared.clock.now_us().max(self.last_us);
        let planned = planned(context, &self.state, self.frontier.size(), now, &wished.wish)?;
        if wished.expected.is_some_and(|expected| expected != planned.digest) {
            return Err(Failure::PlanChanged);
        }
        planned.commands()
    }

    /// Records a refusal, unless one of the same principal was recorded within the last minute.
    fn record_denial(&mut self, context: &RequestContext, failure: &Failure, draft: &mut Draft) {
        let denied = match failure {
            Failure::Rejected(rejection) => rejection.denial(),
            Failure::PlanRefused(planned) => planned.denial(),
            _ => None,
        };
        let Some(denied) = denied else { return };
        self.note_denial(context, Denial::of(&denied), draft);
    }

    fn note_denial(&mut self, context: &RequestContext, denial: Denial, draft: &mut Draft) {
        let principal = context.caller.principal;
        let now = self.shared.clock.now_us().max(self.last_us);
        let Some(count) = self.denials.note(principal, denial.clone(), now) else {
            return;
        };
        self.write_denial(context.clone(), principal, denial, count, draft);
    }

    /// One event for what was refused since the last one.
    fn summarise_denials(&mut self, draft: &mut Draft) {
        let now = self.shared.clock.now_us().max(self.last_us);
        for (principal, denial, count) in self.denials.take_due(now) {
            self.write_denial(RequestContext::system(), principal, denial, count, draft);
        }
    }

    /// The refused one is the event's actor through its stream; the ledger itself writes it.
    fn write_denial(
        &mut self,
        mut context: RequestContext,
        principal: PrincipalId,
        denial: Denial,
        count: u64,
        draft: &mut Draft,
    ) {
        context.caller = Caller::SYSTEM;
        context.idempotency = None;
        context.if_match = None;
        let Denial { right, target, why } = denial;
        let command = Command::RecordDenied {
            principal,
            right,
            target,
            why,
            count,
        };
        let staged = self.stage(&context, vec![command.clone()], false).or_else(|_| {
            // What came with the request may be what the rules refuse: the refusal is recorded all the same.
            self.stage(&RequestContext::system(), vec![command], false)
        });
        match staged {
            Ok(staged) => drop(self.seal_into(staged, draft)),
            Err(failure) => tracing::warn!(?failure, "a refusal was not recorded"),
        }
    }

    /// Lets go of what the store can answer by now.
    fn forget_durable(&mut self) {
        if self.pending_records.is_empty() && self.pending_requests.is_empty() {
            return;
        }
        let durable = self.shared.published.load().head;
        self.pending_records.retain(|position, _| *position >= durable);
        self.pending_requests.retain(|_, head| *head > durable);
    }
}
