//! Questions of auditors among many events, beside the same questions among few: what a page costs must not grow with the log. On
//! demand PostgreSQL is asked the same.

use crate::agency::{self, Dice, Zipf};
use crate::beside::{Asked, Beside};
use crate::fixture::Fixture;
use crate::history::failed;
use crate::replay::scan_open_decode;
use crate::report::{Line, median};
use crate::{Ratios, Result};
use std::cell::RefCell;
use std::hint::black_box;
use std::time::{Duration, Instant};
use strongroom_domain::context::Caller;
use strongroom_domain::secret::SecretText;
use strongroom_ledger::instant::Instant as Moment;
use strongroom_ledger::{EventQuery, Filter, FilterKey, Ledger, PAGE_EVENTS_MAX, RequestContext};
use strongroom_log::Space;

/// Events of the small ledger.
const FEW: usize = 10_000;
/// Questions of each kind for each size and round.
const QUESTIONS: usize = 400;
/// Events of a page.
const PAGE: usize = 50;
/// Most that the large ledger's p99 may be of the small one's, as their ratio the other way round.
const GOAL: f64 = 1.0 / 1.5;
/// Events that are exported.
const EXPORTED: usize = 500_000;

/// What is asked, and whether the floor is meant for it: pages by one filter.
const KINDS: [(&str, bool); 11] = [
    ("nothing", true),
    ("credential", true),
    ("client", true),
    ("type", true),
    ("workspace", true),
    ("template", true),
    ("actor", true),
    ("source", true),
    ("correlation", true),
    ("credential and type", false),
    ("workspace and source", false),
];

/// One ledger, open.
struct House {
    fixture: Fixture,
    ledger: Ledger,
    caller: Caller,
    context: RequestContext,
    events: usize,
    opened: Duration,
    /// Grown by opening, KiB.
    resident: u64,
    /// Events a second that are scanned, opened and decoded without the engine.
    scanned: f64,
    beside: RefCell<Option<Beside>>,
    correlations: Vec<String>,
    /// Which questions come next: no two rounds ask the same.
    dice: RefCell<Dice>,
    zipf: Zipf,
}

impl House {
    fn build(arguments: &Ratios, name: &str, events: usize) -> Result<Self> {
        let fixture = Fixture::new(&arguments.dir)?;
        agency::write(&fixture, events)?;
        let readable = fixture.read_only()?;
        let scanned = readable.opened.store.head().size as f64 / scan_open_decode(&readable)?.as_secs_f64();
        drop(readable);
        let before = resident_kib();
        let begun = Instant::now();
        let ledger = fixture.open(Duration::ZERO)?;
        let opened = begun.elapsed();
        let resident = resident_kib().saturating_sub(before);
        let context = fixture.context(&ledger)?;
        let caller = context.caller;
        let load = |reach: &String| Beside::load(reach, name, &ledger, &caller);
        let beside = arguments.postgres.as_ref().map(load).transpose()?;
        let mut house = Self {
            fixture,
            caller,
            context,
            opened,
            resident,
            scanned,
            events: ledger.view().head as usize,
            ledger,
            beside: RefCell::new(beside),
            correlations: Vec::new(),
            dice: RefCell::new(Dice::new(11)),
            zipf: Zipf::new(agency::CLIENTS),
        };
        for _ in 0..QUESTIONS {
            let position = house.dice.borrow_mut().below(house.events) as u64;
            let event = house.ledger.event(&house.caller, position).map_err(failed)?;
            house.correlations.push(event.correlation);
        }
        Ok(house)
    }

    /// The filter of one kind, and the same for PostgreSQL.
    fn question(&self, kind: &str) -> (Filter, Asked) {
        let mut dice = self.dice.borrow_mut();
        let rank = dice.rank(&self.zipf);
        let credential = agency::credential(rank, dice.below(3));
        let workspace = agency::workspace(rank);
        let source = agency::source(dice.below(agency::SOURCES));
        let actor = match dice.below(2) {
            0 => format!("runner-{}", dice.below(agency::SERVICES)),
            _ => format!("person-{}", dice.below(agency::PEOPLE)),
        };
        let correlation = self.correlations[dice.below(self.correlations.len())].clone();
        let rotated = "credential.rotated".to_owned();
        let column = |name, value: &String| Asked::Column(name, value.clone());
        let mut filter = Filter::default();
        let mut put = |key, word: &str| filter.parameter(key, word);
        let asked = match kind {
            "credential" => {
                put(FilterKey::Credential, &credential);
                Asked::Subject("credential", credential)
            }
            // Its credentials and workspaces, too; not asked of PostgreSQL.
            "client" => {
                put(FilterKey::Client, &agency::client(rank));
                Asked::Nothing
            }
            "type" => {
                put(FilterKey::Type, &rotated);
                column("type", &rotated)
            }
            "workspace" => {
                put(FilterKey::Workspace, &workspace);
                Asked::Subject("workspace", workspace)
            }
            "template" => {
                put(FilterKey::Template, "orders");
                Asked::Subject("template", "orders".to_owned())
            }
            "actor" => {
                put(FilterKey::Actor, &actor);
                column("actor", &actor)
            }
            "source" => {
                put(FilterKey::Source, &source);
                column("source", &source)
            }
            "correlation" => {
                put(FilterKey::Correlation, &correlation);
                column("correlation", &correlation)
            }
            "credential and type" => {
                put(FilterKey::Credential, &credential);
                put(FilterKey::Type, &rotated);
                Asked::SubjectAndType("credential", credential, rotated)
            }
            "workspace and source" => {
                put(FilterKey::Workspace, &workspace);
                put(FilterKey::Source, &source);
                Asked::Nothing
            }
            _ => Asked::Nothing,
        };
        (filter, asked)
    }

    /// How long each question of a kind takes, in µs.
    fn ask(&self, kind: &str) -> Result<Vec<f64>> {
        timed(QUESTIONS, |number| {
            let query = EventQuery {
                filter: self.question(kind).0,
                limit: PAGE,
                newest_first: number % 2 == 0,
                ..EventQuery::default()
            };
            let begun = Instant::now();
            black_box(self.ledger.events(&self.caller, &query).map_err(failed)?);
            Ok(begun.elapsed())
        })
    }

    /// The same of PostgreSQL.
    fn ask_beside(&self, beside: &mut Beside, kind: &str) -> Result<Vec<f64>> {
        let asked = self.question(kind).1;
        let statements = [true, false].map(|newest_first| beside.prepare(&asked, newest_first, PAGE));
        let [newest, oldest] = statements;
        let (newest, oldest) = (newest?, oldest?);
        timed(QUESTIONS, |number| {
            let asked = self.question(kind).1;
            let statement = if number % 2 == 0 { &newest } else { &oldest };
            let begun = Instant::now();
            black_box(beside.ask(statement, &asked)?);
            Ok(begun.elapsed())
        })
    }

    /// How long it takes to see the whole state at places all over the log, each for the first time: a replay from the nearest
    /// snapshot in memory.
    fn as_of(&self) -> Result<Vec<f64>> {
        timed(20, |_| {
            let position = self.dice.borrow_mut().below(self.events) as u64;
            let begun = Instant::now();
            black_box(
                self.ledger
                    .view_as_of(&self.caller, Moment::Position(position))
                    .map_err(failed)?,
            );
            Ok(begun.elapsed())
        })
    }

    /// How long it takes to see one credential as it was, at the newest place where it has all its events.
    fn credential_as_of(&self, handle: &str) -> Result<Vec<f64>> {
        let newest = Moment::Position(self.events as u64 - 1);
        timed(20, |_| {
            let begun = Instant::now();
            black_box(
                self.ledger
                    .credential_as_of(&self.caller, handle, newest)
                    .map_err(failed)?,
            );
            Ok(begun.elapsed())
        })
    }

    /// What came out of one credential of few events.
    fn impact(&self) -> Result<Vec<f64>> {
        timed(20, |number| {
            let word = agency::credential(agency::CLIENTS - 1 - number, 0);
            let begun = Instant::now();
            let found = self.ledger.came_by(&self.caller, FilterKey::Credential, &word);
            black_box(found.map_err(failed)?);
            Ok(begun.elapsed())
        })
    }

    /// Whether a value is held that is not; each search is a durable record.
    fn leak_search(&self) -> Result<Vec<f64>> {
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        timed(100, |number| {
            let value = SecretText::new(format!("nowhere-held-{number}-0123456789abcdef"));
            let context = RequestContext {
                reason: Some("a benchmark".to_owned()),
                ..self.context.clone()
            };
            let begun = Instant::now();
            let found = runtime.block_on(self.ledger.leak_search(context, vec![value]));
            black_box(found.map_err(failed)?);
            Ok(begun.elapsed())
        })
    }

    /// Events a second that are read in order and written as JSON.
    fn exported(&self) -> Result<f64> {
        let mut query = EventQuery {
            limit: PAGE_EVENTS_MAX,
            ..EventQuery::default()
        };
        let begun = Instant::now();
        let mut count = 0;
        while count < EXPORTED {
            let page = self.ledger.events(&self.caller, &query).map_err(failed)?;
            count += page.items.len();
            for event in &page.items {
                black_box(event.data.to_string());
            }
            query.cursor = page.next;
            if query.cursor.is_none() {
                break;
            }
        }
        Ok(count as f64 / begun.elapsed().as_secs_f64())
    }
}

/// Sorted times in µs.
fn timed(count: usize, mut once: impl FnMut(usize) -> Result<Duration>) -> Result<Vec<f64>> {
    let mut took = Vec::with_capacity(count);
    for number in 0..count {
        took.push(once(number)?.as_secs_f64() * 1e6);
    }
    took.sort_by(f64::total_cmp);
    Ok(took)
}

/// Memory of this process, KiB; 0 where the system does not say.
pub(crate) fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().split(' ').next()?.parse().ok())
        .unwrap_or(0)
}

/// Each kind of question among few events and among many.
pub(crate) fn measure(arguments: &Ratios, print: &mut dyn FnMut(Line)) -> Result<()> {
    let few = House::build(arguments, "strongroom_few", FEW)?;
    let many = House::build(arguments, "strongroom_many", arguments.scale(arguments.events))?;
    let both = [&few, &many];
    // A server that has run for a while has proved its tiles.
    std::thread::sleep(Duration::from_micros(many.events as u64 * 2));
    for (kind, bounded) in KINDS {
        let goal = if bounded { GOAL } else { 0.0 };
        compare(
            arguments,
            print,
            &format!("page of {PAGE} by {kind}"),
            goal,
            both,
            |house| house.ask(kind),
        )?;
        for house in both {
            let mut beside = house.beside.borrow_mut();
            if let Some(beside) = beside
                .as_mut()
                .filter(|_| !matches!(kind, "client" | "workspace and source"))
            {
                against(arguments, print, kind, house, beside)?;
            }
        }
    }
    compare(arguments, print, "impact of a credential", 0.0, both, House::impact)?;
    compare(arguments, print, "leak search, recorded", 0.0, both, House::leak_search)?;
    // A long past costs a replay: there is no goal that it be as short.
    compare(
        arguments,
        print,
        "whole state as of a position",
        0.0,
        both,
        House::as_of,
    )?;
    histories(&many, print)?;
    figures(&few, many, print)
}

/// One credential as of a moment, by how long its history is.
fn histories(many: &House, print: &mut dyn FnMut(Line)) -> Result<()> {
    for about in [10, 1_000, 10_000, 100_000] {
        let Some(rank) = agency::rank_with(about, many.events) else {
            continue;
        };
        let handle = agency::credential(rank, 0);
        let events = many.count(&handle)?;
        let took = many.credential_as_of(&handle)?;
        let note = format!("p50 {:.0} µs, p99 {:.0} µs", at(&took, 50), at(&took, 99));
        let name = format!("a credential of {events} events as of a position");
        print(Line::of_rates(
            &name,
            &[(1e6 / at(&took, 50), 1e6 / at(&took, 50))],
            0.0,
            "1/s",
            note,
        ));
    }
    Ok(())
}

impl House {
    /// Events about a credential.
    fn count(&self, handle: &str) -> Result<usize> {
        let mut query = EventQuery {
            limit: PAGE_EVENTS_MAX,
            ..EventQuery::default()
        };
        query.filter.parameter(FilterKey::Credential, handle);
        let mut count = 0;
        loop {
            let page = self.ledger.events(&self.caller, &query).map_err(failed)?;
            count += page.items.len();
            query.cursor = page.next;
            if query.cursor.is_none() {
                return Ok(count);
            }
        }
    }
}

/// Opening, memory, disk, export.
fn figures(few: &House, many: House, print: &mut dyn FnMut(Line)) -> Result<()> {
    let milliseconds = |house: &House| house.opened.as_secs_f64() * 1e3;
    let note = format!(
        "{} events: {:.0} ms, grown by {} MiB; {} events: {:.0} ms",
        many.events,
        milliseconds(&many),
        many.resident >> 10,
        few.events,
        milliseconds(few),
    );
    print(Line::of_rates(
        "opening after a clean stop",
        &[(milliseconds(few), milliseconds(&many))],
        0.0,
        "ms",
        note,
    ));
    let rounds = [(many.exported()?, many.scanned)];
    print(Line::of_rates(
        "export as JSON ÷ scan + open + decode",
        &rounds,
        0.0,
        "events/s",
        String::new(),
    ));
    let House {
        fixture,
        ledger,
        beside,
        events,
        ..
    } = many;
    ledger.stop()?;
    drop(ledger);
    let readable = fixture.read_only()?;
    let store = &readable.opened.store;
    let each = |space| store.space_bytes(space) as f64 / events as f64;
    let mut note = format!(
        "log {:.0}, index {:.1}, tree {:.1}, state {:.1} bytes an event",
        each(Space::Log),
        each(Space::Index),
        each(Space::Tree),
        each(Space::State)
    );
    if let Some(beside) = beside.into_inner().as_mut() {
        let (tables, indexes) = beside.bytes()?;
        let each = |bytes: i64| bytes as f64 / events as f64;
        note += &format!("; PostgreSQL: tables {:.0}, indexes {:.0}", each(tables), each(indexes));
    }
    print(Line::of_rates(
        "bytes of the index for each event",
        &[(each(Space::Index), 1.0)],
        0.0,
        "B",
        note,
    ));
    Ok(())
}

/// Ours beside PostgreSQL, of one ledger.
fn against(
    arguments: &Ratios,
    print: &mut dyn FnMut(Line),
    kind: &str,
    house: &House,
    beside: &mut Beside,
) -> Result<()> {
    house.ask_beside(beside, kind)?;
    let mut rounds = Vec::new();
    let mut p99s = Vec::new();
    for _ in 0..arguments.rounds {
        let (ours, theirs) = (house.ask(kind)?, house.ask_beside(beside, kind)?);
        rounds.push((1e6 / at(&ours, 50), 1e6 / at(&theirs, 50)));
        p99s.push((at(&ours, 99), at(&theirs, 99)));
    }
    let note = format!(
        "{} events; p99 {:.0} µs beside {:.0} µs",
        house.events,
        median(p99s.iter().map(|it| it.0)),
        median(p99s.iter().map(|it| it.1)),
    );
    let name = format!("page of {PAGE} by {kind}, p50 ÷ PostgreSQL");
    print(Line::of_rates(&name, &rounds, 0.0, "1/s", note));
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
