//! A large ledger opened after a clean stop: how long, and how much memory it then has.

use crate::fixture::Fixture;
use crate::questions::resident_kib;
use crate::report::Line;
use crate::{Ratios, Result, agency};
use std::time::{Duration, Instant};

/// What the opening of ten million events may take, and grow by.
const MILLISECONDS: f64 = 2_000.0;
const MIB: f64 = 256.0;

/// Opens it again and again; the first opening is the one whose memory counts.
pub(crate) fn measure(arguments: &Ratios, print: &mut dyn FnMut(Line)) -> Result<()> {
    let events = arguments.scale(arguments.events);
    let fixture = Fixture::new(&arguments.dir)?;
    agency::write(&fixture, events)?;
    let (mut times, mut grown) = (Vec::new(), 0);
    for round in 0..arguments.rounds {
        let before = resident_kib();
        let begun = Instant::now();
        let ledger = fixture.open(Duration::ZERO)?;
        let took = begun.elapsed().as_secs_f64() * 1e3;
        if round == 0 {
            grown = resident_kib().saturating_sub(before) >> 10;
        }
        times.push((MILLISECONDS, took));
        ledger.stop()?;
    }
    let note = format!("{events} events; grown by {grown} MiB");
    print(Line::of_rates(
        "2 s ÷ opening after a clean stop",
        &times,
        1.0,
        "ms",
        note.clone(),
    ));
    let grown = [(MIB, grown.max(1) as f64)];
    print(Line::of_rates(
        "256 MiB ÷ memory that it grows by",
        &grown,
        1.0,
        "MiB",
        note,
    ));
    Ok(())
}
