//! Questions of auditors among many events, beside the same questions among few: what a page costs must not grow with the log.

use crate::fixture::Fixture;
use crate::history::{self, failed};
use crate::report::{Line, median};
use crate::{Ratios, Result};
use std::cell::Cell;
use std::hint::black_box;
use std::time::{Duration, Instant};
use strongroom_domain::context::Caller;
use strongroom_ledger::instant::Instant as Moment;
use strongroom_ledger::{EventQuery, Filter, FilterKey, Ledger};

/// The small ledger and the large one.
const EVENTS: [usize; 2] = [10_000, 1_000_000];
/// Questions of each kind for each size and round.
const QUESTIONS: usize = 400;
/// Events of a page.
const PAGE: usize = 50;
/// Most that the large ledger's p99 may be of the small one's, as their ratio the other way round.
const GOAL: f64 = 1.0 / 1.5;

/// One ledger, open.
struct House {
    _fixture: Fixture,
    ledger: Ledger,
    caller: Caller,
    events: usize,
    credentials: usize,
    opened: Duration,
    /// Pasts that were asked for: none is asked for twice.
    pasts: Cell<usize>,
}

impl House {
    fn build(arguments: &Ratios, events: usize) -> Result<Self> {
        let fixture = Fixture::new(&arguments.dir)?;
        let ledger = fixture.open(Duration::ZERO)?;
        let context = fixture.context(&ledger)?;
        history::write(&ledger, &context, events)?;
        ledger.stop()?;
        drop(ledger);
        let begun = Instant::now();
        let ledger = fixture.open(Duration::ZERO)?;
        let opened = begun.elapsed();
        let caller = fixture.context(&ledger)?.caller;
        Ok(Self {
            _fixture: fixture,
            ledger,
            caller,
            events,
            credentials: events / 50,
            opened,
            pasts: Cell::new(1),
        })
    }

    /// The filter of one kind, of the `number`th question.
    fn filter(&self, kind: &str, number: usize) -> Filter {
        let scattered = number.wrapping_mul(2_654_435_761);
        let credential = format!("key-{}", scattered % self.credentials);
        let mut filter = Filter::default();
        match kind {
            "credential" => filter.parameter(FilterKey::Credential, &credential),
            "type" => filter.parameter(FilterKey::Type, "credential.updated"),
            "workspace" => filter.parameter(FilterKey::Workspace, &format!("workspace-{}", scattered % 100)),
            "template" => filter.parameter(FilterKey::Template, "orders"),
            "actor" => filter.parameter(FilterKey::Actor, "bench"),
            "source" => filter.parameter(FilterKey::Source, "192.0.2.17"),
            "credential and type" => {
                filter.parameter(FilterKey::Credential, &credential);
                filter.parameter(FilterKey::Type, "credential.rotated");
            }
            _ => filter.parameter(FilterKey::Since, "0"),
        }
        filter
    }

    /// How long each question of a kind takes, in µs.
    fn ask(&self, kind: &str) -> Result<Vec<f64>> {
        let mut took = Vec::with_capacity(QUESTIONS);
        for number in 0..QUESTIONS {
            let query = EventQuery {
                filter: self.filter(kind, number),
                limit: PAGE,
                newest_first: number % 2 == 0,
                ..EventQuery::default()
            };
            let begun = Instant::now();
            black_box(self.ledger.events(&self.caller, &query).map_err(failed)?);
            took.push(begun.elapsed().as_secs_f64() * 1e6);
        }
        took.sort_by(f64::total_cmp);
        Ok(took)
    }

    /// How long it takes to see the state at places all over the log, in µs, each for the first time: a replay from the nearest
    /// snapshot in memory.
    fn as_of(&self) -> Result<Vec<f64>> {
        let mut took = Vec::new();
        for _ in 0..20 {
            let past = self.pasts.replace(self.pasts.get() + 1);
            let position = past.wrapping_mul(2_654_435_761) % self.events;
            let begun = Instant::now();
            let view = self.ledger.view_as_of(&self.caller, Moment::Position(position as u64));
            black_box(view.map_err(failed)?);
            took.push(begun.elapsed().as_secs_f64() * 1e6);
        }
        took.sort_by(f64::total_cmp);
        Ok(took)
    }

    /// What came out of one credential, in µs.
    fn impact(&self) -> Result<Vec<f64>> {
        let mut took = Vec::new();
        for number in 0..20 {
            let begun = Instant::now();
            let word = format!("key-{}", number * 37 % self.credentials);
            black_box(
                self.ledger
                    .came_by(&self.caller, FilterKey::Credential, &word)
                    .map_err(failed)?,
            );
            took.push(begun.elapsed().as_secs_f64() * 1e6);
        }
        took.sort_by(f64::total_cmp);
        Ok(took)
    }
}

/// Each kind of question among few events and among many.
pub(crate) fn measure(arguments: &Ratios, print: &mut dyn FnMut(Line)) -> Result<()> {
    let sizes = EVENTS.map(|events| arguments.scale(events));
    let [few, many] = [House::build(arguments, sizes[0])?, House::build(arguments, sizes[1])?];
    let kinds = [
        "nothing",
        "credential",
        "type",
        "workspace",
        "template",
        "actor",
        "source",
        "credential and type",
    ];
    for kind in kinds {
        compare(
            arguments,
            print,
            &format!("page of {PAGE} by {kind}"),
            GOAL,
            [&few, &many],
            |house| house.ask(kind),
        )?;
    }
    compare(
        arguments,
        print,
        "impact of a credential",
        GOAL,
        [&few, &many],
        House::impact,
    )?;
    // A long past costs a replay: there is no goal that it be as short.
    compare(
        arguments,
        print,
        "state as of a position",
        0.0,
        [&few, &many],
        House::as_of,
    )?;
    let opened = many.opened.as_secs_f64() * 1e3;
    let line = Line::of_rates(
        "opening after a clean stop",
        &[(opened, few.opened.as_secs_f64() * 1e3)],
        0.0,
        "ms",
        format!("{} events, beside {}", many.events, few.events),
    );
    print(line);
    Ok(())
}

fn compare(
    arguments: &Ratios,
    print: &mut dyn FnMut(Line),
    what: &str,
    goal: f64,
    [few, many]: [&House; 2],
    ask: impl Fn(&House) -> Result<Vec<f64>>,
) -> Result<()> {
    // Once before the clock runs: what both have in their caches.
    ask(few)?;
    ask(many)?;
    let (mut p50s, mut p99s) = (Vec::new(), Vec::new());
    for _ in 0..arguments.rounds {
        let (small, large) = (ask(few)?, ask(many)?);
        // As rates: better when higher.
        p99s.push((1e6 / at(&large, 99), 1e6 / at(&small, 99)));
        p50s.push((at(&large, 50), at(&small, 50)));
    }
    let p50 = |pick: fn(&(f64, f64)) -> f64| median(p50s.iter().map(pick));
    let p99 = |pick: fn(&(f64, f64)) -> f64| 1e6 / median(p99s.iter().map(pick));
    let note = format!(
        "{} events: p50 {:.0} µs, p99 {:.0} µs; {} events: p50 {:.0} µs, p99 {:.0} µs",
        many.events,
        p50(|it| it.0),
        p99(|it| it.0),
        few.events,
        p50(|it| it.1),
        p99(|it| it.1),
    );
    let name = format!("{what}, p99 among few ÷ among many");
    print(Line::of_rates(&name, &p99s, goal, "1/s", note));
    Ok(())
}

/// A percentile of sorted values.
fn at(sorted: &[f64], percent: usize) -> f64 {
    let index = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(index).copied().unwrap_or_default()
}
