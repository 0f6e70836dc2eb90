//! Clients as tasks: each writes a credential, waits until it is durable, and writes the next.

use crate::Result;
use crate::fixture::draft;
use crate::report::{median, processor_time};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};
use strongroom_ledger::{Ledger, RequestContext};
use tokio::task::LocalSet;

/// What a load did.
pub(crate) struct Run {
    pub(crate) took: Duration,
    /// Of all threads of this process meanwhile: clients and engine.
    processor: Duration,
    pub(crate) events: usize,
    /// Size of the log before the load.
    pub(crate) first: u64,
    /// Sizes of the log behind each of its commits, ascending.
    pub(crate) heads: Vec<u64>,
    latencies_us: Vec<f64>,
}

impl Run {
    pub(crate) fn rate(&self) -> f64 {
        self.events as f64 / self.took.as_secs_f64()
    }

    /// Processor time of an event, clients included, in µs.
    pub(crate) fn processor_us(&self) -> f64 {
        self.processor.as_secs_f64() * 1e6 / self.events as f64
    }

    /// Events in a commit, on the average.
    pub(crate) fn batch(&self) -> f64 {
        self.events as f64 / self.heads.len() as f64
    }

    /// Half of the answers took no longer, in µs.
    pub(crate) fn latency_p50_us(&self) -> f64 {
        median(self.latencies_us.iter().copied())
    }

    /// 99 of 100 answers took no longer, in µs.
    pub(crate) fn latency_p99_us(&self) -> f64 {
        let mut sorted = self.latencies_us.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() * 99 / 100).copied().unwrap_or_default()
    }
}

#[derive(Default)]
struct Progress {
    next: usize,
    heads: Vec<u64>,
    latencies_us: Vec<f64>,
    failed: Option<String>,
}

/// Has `tasks` clients, on one thread, write `events` credentials; their names begin with `prefix`.
pub(crate) fn create(
    ledger: &Ledger,
    context: &RequestContext,
    prefix: &str,
    tasks: usize,
    events: usize,
) -> Result<Run> {
    let first = ledger.view().head;
    // Made beforehand: random values and names are the client's work.
    let drafts: Result<Vec<_>> = (0..events).map(|number| draft(format!("{prefix} {number}"))).collect();
    let drafts = Rc::new(RefCell::new(drafts?));
    let progress = Rc::new(RefCell::new(Progress::default()));
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let clients = LocalSet::new();
    for _ in 0..tasks {
        let (ledger, context) = (ledger.clone(), context.clone());
        let (drafts, progress) = (Rc::clone(&drafts), Rc::clone(&progress));
        clients.spawn_local(async move {
            loop {
                let Some(draft) = drafts.borrow_mut().pop() else { return };
                let begun = Instant::now();
                let answer = ledger.create_credential(context.clone(), draft).await;
                let mut progress = progress.borrow_mut();
                progress.latencies_us.push(begun.elapsed().as_secs_f64() * 1e6);
                match answer {
                    Ok(receipt) => {
                        progress.next += 1;
                        if progress.heads.last() != Some(&receipt.head) {
                            progress.heads.push(receipt.head);
                        }
                    }
                    Err(failure) => progress.failed = Some(format!("{failure:?}")),
                }
            }
        });
    }
    let (begun, before) = (Instant::now(), processor_time()?);
    runtime.block_on(clients);
    let (took, processor) = (begun.elapsed(), processor_time()?.saturating_sub(before));
    let progress = std::mem::take(&mut *progress.borrow_mut());
    if let Some(failure) = progress.failed {
        return Err(failure.into());
    }
    let mut heads = progress.heads;
    heads.sort_unstable();
    heads.dedup();
    Ok(Run {
        took,
        processor,
        events: progress.next,
        first,
        heads,
        latencies_us: progress.latencies_us,
    })
}
