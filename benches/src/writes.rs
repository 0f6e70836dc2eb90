//! Durable writes through the engine, beside fjall and a file with the same bytes.

use crate::bare::{self, Rows, ZeroFilled};
use crate::fixture::Fixture;
use crate::report::Line;
use crate::written::Written;
use crate::{Ratios, Result, load};
use std::time::Duration;

const TASKS: usize = 64;
/// Clients wait in the meantime, so that no flush falls into a short run.
const SINGLE_EVENTS: usize = 10_000;
const MANY_EVENTS: usize = 40_000;
/// Writes before the clock runs: caches, first pages, branch predictors.
const WARM_EVENTS: usize = 256;

/// One client that waits for each answer, beside one write and fdatasync of as many bytes.
pub(crate) fn single(arguments: &Ratios, print: &mut dyn FnMut(Line)) -> Result<()> {
    let mut rounds = Vec::new();
    let mut note = String::new();
    for _ in 0..arguments.rounds {
        let fixture = Fixture::new(&arguments.dir)?;
        let ledger = fixture.open(Duration::ZERO)?;
        let context = fixture.context(&ledger)?;
        load::create(&ledger, &context, "Warm", 1, WARM_EVENTS)?;
        let run = load::create(&ledger, &context, "Key", 1, arguments.scale(SINGLE_EVENTS))?;
        ledger.stop()?;
        drop(ledger);
        let written = Written::read(&fixture.data(), &run)?;
        let pieces: Vec<usize> = (0..run.events).map(|event| written.bytes_of_single(event)).collect();
        let bytes: usize = pieces.iter().sum();
        let mut file = ZeroFilled::new(&arguments.dir, bytes)?;
        let took = file.write(pieces)?;
        rounds.push((run.rate(), run.events as f64 / took.as_secs_f64()));
        note = format!(
            "{} B a commit, p50 {:.0} µs, p99 {:.0} µs",
            bytes / run.events,
            run.latency_p50_us(),
            run.latency_p99_us()
        );
    }
    let name = "durable writes, 1 task ÷ write + fdatasync, zero-filled";
    print(Line::of_rates(name, &rounds, 0.5, "events/s", note));
    Ok(())
}

/// 64 clients, beside bare fjall: with the engine's own batches, with full ones, with the records alone.
pub(crate) fn many(arguments: &Ratios, print: &mut dyn FnMut(Line)) -> Result<()> {
    let (mut same, mut full, mut records) = (Vec::new(), Vec::new(), Vec::new());
    let mut note = String::new();
    for _ in 0..arguments.rounds {
        let fixture = Fixture::new(&arguments.dir)?;
        let ledger = fixture.open(Duration::ZERO)?;
        let context = fixture.context(&ledger)?;
        load::create(&ledger, &context, "Warm", TASKS, WARM_EVENTS)?;
        let run = load::create(&ledger, &context, "Key", TASKS, arguments.scale(MANY_EVENTS))?;
        ledger.stop()?;
        drop(ledger);
        let written = Written::read(&fixture.data(), &run)?;
        let of_64 = std::iter::repeat_n(TASKS, run.events.div_ceil(TASKS));
        let own = || written.batches.iter().copied();
        let mut processor_us = Vec::new();
        let mut bare = |batches: &mut dyn Iterator<Item = usize>, which| -> Result<f64> {
            let (took, processor) = bare::commit(&arguments.dir, &written, batches, which)?;
            processor_us.push(processor.as_secs_f64() * 1e6 / run.events as f64);
            Ok(run.events as f64 / took.as_secs_f64())
        };
        same.push((run.rate(), bare(&mut own(), Rows::All)?));
        full.push((run.rate(), bare(&mut of_64.clone(), Rows::All)?));
        records.push((run.rate(), bare(&mut own(), Rows::RecordsOnly)?));
        note = format!(
            "{:.1} events a commit, {:.0} B and {:.1} rows an event; p50 {:.0} µs, p99 {:.0} µs; \
             {:.0} µs of processor, clients included, bare {:.0}",
            run.batch(),
            written.bytes_per_event(),
            written.rows_per_event(),
            run.latency_p50_us(),
            run.latency_p99_us(),
            run.processor_us(),
            processor_us[0],
        );
    }
    for (name, rounds, goal) in [
        ("durable writes, 64 tasks ÷ bare fjall, the same batches", &same, 0.6),
        ("durable writes, 64 tasks ÷ bare fjall, full batches of 64", &full, 0.75),
        (
            "durable writes, 64 tasks ÷ records alone in the same batches",
            &records,
            0.5,
        ),
    ] {
        print(Line::of_rates(name, rounds, goal, "events/s", note.clone()));
    }
    Ok(())
}
