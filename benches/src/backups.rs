//! What a backup of little that is new costs, beside a whole one.

use crate::fixture::Fixture;
use crate::report::Line;
use crate::{Ratios, Result, history};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};
use strongroom_ledger::{BackupTarget, Ledger};

/// Of so many records one is new.
const NEW: usize = 100;

/// A hundredth of a log into a backup of the rest, beside all of it into an empty target; what the ledger gives, and what the target
/// checks and writes.
pub(crate) fn measure(arguments: &Ratios, print: &mut dyn FnMut(Line)) -> Result<()> {
    let events = arguments.scale(arguments.events);
    let fixture = Fixture::new(&arguments.dir)?;
    let ledger = fixture.open(Duration::ZERO)?;
    let context = fixture.context(&ledger)?;
    history::write(&ledger, &context, events - events / NEW)?;
    let places = tempfile::tempdir_in(&arguments.dir)?;
    let (base, place) = (places.path().join("base"), places.path().join("target"));
    take(&ledger, &base)?;
    history::credentials(&ledger, &context, events / NEW)?;
    let mut rates = Vec::new();
    for _ in 0..arguments.rounds {
        let (whole, all) = take(&ledger, &place)?;
        fs::remove_dir_all(&place)?;
        copy(&base, &place)?;
        let (part, new) = take(&ledger, &place)?;
        fs::remove_dir_all(&place)?;
        rates.push((rate(new, part), rate(all, whole)));
    }
    let note = format!("{} new of {} records", events / NEW, ledger.view().head);
    let name = "records/s of a backup of 1 % ÷ of a whole one";
    print(Line::of_rates(name, &rates, 0.5, "records/s", note));
    ledger.stop()?;
    Ok(())
}

fn rate(records: u64, took: Duration) -> f64 {
    records as f64 / took.as_secs_f64()
}

/// Brings a target up to date; how long that took, and how many records came.
fn take(ledger: &Ledger, dir: &Path) -> Result<(Duration, u64)> {
    let begun = Instant::now();
    let mut target = BackupTarget::open(dir)?;
    let before = target.size();
    let mut given = Vec::new();
    ledger.backup(before, &mut given)?;
    target.take(&mut given.as_slice(), &mut |_, _| {})?;
    Ok((begun.elapsed(), target.size() - before))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let place = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &place)?;
        } else {
            fs::copy(entry.path(), &place)?;
        }
    }
    Ok(())
}
