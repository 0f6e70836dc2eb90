//! What has to be done now and then: ended windows counted, refusals summed up, index chunks written, free space looked at.

use crate::inner::Shared;
use crate::limits::{DUE_LOOK_EVERY, DUE_PER_LOOK_MAX, GRACE_LOOK_EVERY_US, PATROL_AT_ONCE, WINDOWS_PER_EVENT_MAX};
use crate::open::guarded;
use crate::request::RequestContext;
use crate::sequencer::{Message, Work};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel};
use std::time::{Duration, Instant};
use strongroom_domain::command::Command;
use strongroom_domain::due;
use strongroom_domain::ids::{CredentialId, CredentialVersion, TimeUs};
use strongroom_domain::state::Credential;
use strongroom_log::KNOWN_TILES;
use strongroom_proof::tree::TILE_WIDTH;

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
    let (mut graces, mut looked_at) = (Graces::default(), None::<Instant>);
    let mut patrol = Patrol::of(shared.view().head);
    while matches!(stopped.recv_timeout(EVERY), Err(RecvTimeoutError::Timeout)) {
        if shared.has_stopped() {
            return;
        }
        shared.look_at_space();
        count_windows(shared, queue, false);
        record_strangers(shared, queue, false);
        graces.end(shared, queue);
        if looked_at.is_none_or(|at| at.elapsed() >= DUE_LOOK_EVERY) {
            say_due(shared, queue);
            looked_at = Some(Instant::now());
        }
        let _ = queue.try_send(Message::Tick);
        patrol.go_on(shared);
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

/// Says which credentials are to be rotated, of each date once.
fn say_due(shared: &Shared, queue: &SyncSender<Message>) {
    let view = shared.view();
    let unsaid = view
        .state
        .credentials
        .values()
        .filter(|it| due::unsaid(it, view.now).is_some());
    for credential in unsaid.take(DUE_PER_LOOK_MAX) {
        let command = Command::RecordRotationDue {
            credential: credential.id,
            version: credential.version(),
        };
        if !note(shared, queue, command) {
            return; // with a full queue it is said a little later
        }
    }
}

/// A walk over the tiles of the log as it was found: each is proved once, so that the first reader of a record need not do it,
/// and one that is not the tree's is told of before somebody asks for it.
struct Patrol {
    /// Tiles that are left.
    tiles: std::ops::Range<u64>,
}

impl Patrol {
    /// Over as many of the newest tiles as are remembered.
    fn of(size: u64) -> Self {
        let end = size / TILE_WIDTH as u64;
        Self {
            tiles: end.saturating_sub(KNOWN_TILES as u64)..end,
        }
    }

    /// Goes on for a while: readers and the writer come first.
    fn go_on(&mut self, shared: &Shared) {
        let begun = Instant::now();
        let proofs = shared.store.proofs();
        while begun.elapsed() < PATROL_AT_ONCE
            && let Some(tile) = self.tiles.next()
        {
            let position = tile * TILE_WIDTH as u64;
            if let Err(error) = proofs.leaf(position) {
                shared.counters.tiles_wrong.fetch_add(1, Ordering::Relaxed);
                tracing::error!(%error, position, "a tile is not the tree's: run `strongroom verify`");
            }
        }
    }
}

/// Periods of grace that are open, and when their readers were last looked at.
#[derive(Default)]
struct Graces {
    looked_at: HashMap<(CredentialId, CredentialVersion), TimeUs>,
}

impl Graces {
    /// Ends those whose time is over, and those whose last reader has moved.
    fn end(&mut self, shared: &Shared, queue: &SyncSender<Message>) {
        let view = shared.view();
        self.looked_at.retain(|key, _| view.state.graces.contains(key));
        for (credential, version) in view.state.graces.iter().copied() {
            let found = view.state.credentials.get(&credential);
            let Some((credential, fact)) = found.and_then(|it| Some((it, it.version_fact(version)?))) else {
                continue;
            };
            let over = fact.grace_until.is_some_and(|end| view.now >= end);
            let moved = !over && fact.until_moved && self.all_moved(shared, credential, version, view.now);
            if over || moved {
                let command = Command::RecordGraceEnded {
                    credential: credential.id,
                    version,
                    moved,
                };
                note(shared, queue, command); // with a full queue it is said a little later
            }
        }
    }

    /// Whether nobody is behind; looked at once a minute, since it reads the log.
    fn all_moved(&mut self, shared: &Shared, credential: &Credential, version: CredentialVersion, now: TimeUs) -> bool {
        let looked_at = self.looked_at.entry((credential.id, version)).or_default();
        if now < looked_at.saturating_add(GRACE_LOOK_EVERY_US) {
            return false;
        }
        *looked_at = now;
        match shared.uses(credential.id) {
            Ok(uses) => uses.behind(&shared.view().state, version + 1).is_empty(),
            Err(error) => {
                tracing::warn!(?error, credential = %credential.id, "its readers could not be looked at");
                false
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::house::House;
    use strongroom_log::Space;

    #[test]
    fn the_patrol_proves_each_full_tile_and_tells_of_one_that_is_wrong() {
        let (house, ledger) = House::new();
        for number in 0..600 {
            house.create_client(&ledger, &format!("Client {number}"));
        }
        let walk = |ledger: &crate::Ledger| {
            let mut patrol = Patrol::of(ledger.view().head);
            while !patrol.tiles.is_empty() {
                patrol.go_on(&ledger.shared);
            }
            ledger.shared.counters.tiles_wrong.load(Ordering::Relaxed)
        };
        assert_eq!(walk(&ledger), 0);
        ledger.stop().unwrap();
        drop(ledger);
        // Under a running ledger: an opening makes a tile anew that it needs and that is wrong.
        let (ledger, _) = house.open();
        let mut batch = ledger.shared.store.row_batch();
        let key = [&[0][..], &1_u64.to_be_bytes()].concat();
        batch.put(Space::Tree, key, vec![7; 32 * TILE_WIDTH]);
        batch.write_durably().unwrap();
        assert_eq!(walk(&ledger), 1);
        ledger.stop().unwrap();
    }
}
