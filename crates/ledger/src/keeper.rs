//! What has to be done now and then: ended windows counted, refusals summed up, index chunks written, free space looked at.

use crate::inner::Shared;
use crate::limits::WINDOWS_PER_EVENT_MAX;
use crate::open::guarded;
use crate::request::RequestContext;
use crate::sequencer::{Message, Work};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel};
use std::time::Duration;
use strongroom_domain::command::Command;

const EVERY: Duration = Duration::from_millis(500);

/// The keeper's thread, and how to end it.
pub(crate) struct Keeper {
    stop: Option<Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Keeper {
    /// Ends the thread.
    pub(crate) fn stop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Starts the keeper.
pub(crate) fn start(shared: Arc<Shared>, queue: SyncSender<Message>) -> std::io::Result<Keeper> {
    let (stop, stopped) = channel();
    let kept = Arc::clone(&shared);
    let thread = guarded(&shared, "keeper", move || run(&kept, &queue, &stopped))?;
    Ok(Keeper {
        stop: Some(stop),
        thread: Some(thread),
    })
}

fn run(shared: &Shared, queue: &SyncSender<Message>, stopped: &Receiver<()>) {
    while matches!(stopped.recv_timeout(EVERY), Err(RecvTimeoutError::Timeout)) {
        if shared.has_stopped() {
            return;
        }
        shared.look_at_space();
        count_windows(shared, queue, false);
        record_strangers(shared, queue, false);
        let _ = queue.try_send(Message::Tick);
        if let Err(error) = shared.write_last_use(false) {
            shared.fail(&format!("the last uses of tokens could not be written: {error}"));
        }
        if let Err(error) = shared.index.flush(&shared.store) {
            shared.fail(&format!("the index could not be written: {error}"));
        }
    }
}

/// Records the counts of windows that have ended (or of all, at a stop). A full queue loses counts, never a record:
/// counts are lower bounds.
pub(crate) fn count_windows(shared: &Shared, queue: &SyncSender<Message>, all: bool) {
    let now = shared.view().now;
    for (principal, windows) in shared.windows.take_ended(now, all) {
        for windows in windows.chunks(WINDOWS_PER_EVENT_MAX) {
            let command = Command::RecordCounts {
                principal,
                windows: windows.to_vec(),
            };
            if !note(shared, queue, command) {
                tracing::warn!("counts of servings were dropped: the queue is full");
            }
        }
    }
}

/// Records how many requests came without a valid token, when it is time (or at a stop).
pub(crate) fn record_strangers(shared: &Shared, queue: &SyncSender<Message>, all: bool) {
    let now = shared.view().now;
    let Some(refused) = shared.strangers().take_due(now, all) else {
        return;
    };
    if !note(shared, queue, Command::RecordRefused { refused }) {
        tracing::warn!("a count of refused requests was dropped: the queue is full");
    }
}

/// Has the ledger itself write something down; false when the queue is full.
fn note(shared: &Shared, queue: &SyncSender<Message>, command: Command) -> bool {
    let (reply, _) = tokio::sync::oneshot::channel();
    let work = Work {
        bytes: 0,
        context: RequestContext::system(),
        commands: vec![command],
        wish: None,
        body_has_secrets: false,
        warnings: Vec::new(),
        reply,
    };
    shared.queued_works.fetch_add(1, Ordering::Relaxed);
    let sent = queue.try_send(Message::Work(Box::new(work))).is_ok();
    if !sent {
        shared.queued_works.fetch_sub(1, Ordering::Relaxed);
    }
    sent
}
