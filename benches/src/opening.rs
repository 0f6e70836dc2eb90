//! A large ledger opened after a clean stop, by a process of its own: how long, and how much memory it then has.

use crate::fixture::{Fixture, open_at};
use crate::questions::resident_kib;
use crate::report::Line;
use crate::{Ratios, Result, agency};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};
use strongroom_ledger::WallClock;

/// What the opening of ten million events may take, and what the process may have then.
const MILLISECONDS: f64 = 2_000.0;
const MIB: f64 = 256.0;

/// Opens it again and again.
pub(crate) fn measure(arguments: &Ratios, print: &mut dyn FnMut(Line)) -> Result<()> {
    let events = arguments.scale(arguments.events);
    let fixture = Fixture::new(&arguments.dir)?;
    agency::write(&fixture, events)?;
    let (mut times, mut memory) = (Vec::new(), Vec::new());
    for _ in 0..arguments.rounds {
        let output = Command::new(std::env::current_exe()?)
            .arg("probe")
            .arg(fixture.path())
            .output()?;
        let text = String::from_utf8(output.stdout)?;
        let (took, resident) = text.trim().split_once(' ').ok_or("the probe said nothing")?;
        times.push((MILLISECONDS, took.parse()?));
        memory.push((MIB, resident.parse()?));
    }
    let note = format!("{events} events, a process of its own");
    let name = "2 s ÷ opening after a clean stop";
    print(Line::of_rates(name, &times, 1.0, "ms", note.clone()));
    let name = "256 MiB ÷ memory of the process then";
    print(Line::of_rates(name, &memory, 1.0, "MiB", note));
    Ok(())
}

/// Opens the ledger of a fixture; milliseconds, and MiB that the process has then.
pub(crate) fn probe(dir: &Path) -> Result<()> {
    let begun = Instant::now();
    let ledger = open_at(dir, Duration::ZERO, Arc::new(WallClock))?;
    let took = begun.elapsed().as_secs_f64() * 1e3;
    println!("{took:.1} {}", resident_kib() >> 10);
    ledger.stop()?;
    Ok(())
}
