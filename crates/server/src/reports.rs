//! Reports: what an auditor asks each quarter, computed from the state and the log of now, for who reads all of it.
//!
//! Each is tables of plain cells; [`paper`] writes them as CSV or one page to print.

mod client; // all about one client
mod controls; // what SOC 2 and ISO 27001 ask
mod events; // changes without a reason, broken glass
mod incident; // what was done in an incident, by whom and about whom
mod offboarding; // what somebody who leaves came by
mod paper; // CSV and HTML
mod people; // who may what, and uses it
mod rotation; // what is rotated in time

pub(crate) use paper::{csv, html, markdown};

use crate::app::App;
use crate::time::rfc3339;
use crate::view::{Lens, hex};
use serde_json::Value;
use std::cell::Cell;
use std::ops::ControlFlow;
use strongroom_api::report::{Report, ReportKind, ReportQuery, ReportSection};
use strongroom_domain::Rejection;
use strongroom_domain::context::Caller;
use strongroom_domain::event::{Event, Recorded, Subject};
use strongroom_domain::ids::{PrincipalId, TimeUs};
use strongroom_domain::rights::Target;
use strongroom_domain::words::Right;
use strongroom_ledger::{Failure, Filter, FilterKey, instant};

const DAY_US: TimeUs = 24 * 3_600 * 1_000_000;
/// The time that is looked at where nothing is said: a quarter.
const PERIOD_US: TimeUs = 90 * DAY_US;
/// Events that one table looks at, the newest.
const EVENTS_MAX: u64 = 200_000;
/// Rows of a list of events.
const ROWS_MAX: usize = 5_000;

/// A report by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    AccessReview,
    Rotation,
    WithoutReason,
    BreakGlass,
    Offboarding,
    Client,
    Incident,
    Soc2,
    Iso27001,
}

impl Kind {
    pub(crate) const ALL: [Self; 9] = [
        Self::AccessReview,
        Self::Rotation,
        Self::WithoutReason,
        Self::BreakGlass,
        Self::Offboarding,
        Self::Client,
        Self::Incident,
        Self::Soc2,
        Self::Iso27001,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::AccessReview => "access-review",
            Self::Rotation => "rotation",
            Self::WithoutReason => "without-reason",
            Self::BreakGlass => "break-glass",
            Self::Offboarding => "offboarding",
            Self::Client => "client",
            Self::Incident => "incident",
            Self::Soc2 => "soc2",
            Self::Iso27001 => "iso27001",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::AccessReview => "Access review",
            Self::Rotation => "Rotation compliance",
            Self::WithoutReason => "Changes without a reason",
            Self::BreakGlass => "Break-glass use",
            Self::Offboarding => "Offboarding",
            Self::Client => "Evidence of one client",
            Self::Incident => "Incident",
            Self::Soc2 => "Evidence for SOC 2",
            Self::Iso27001 => "Evidence for ISO/IEC 27001:2022, Annex A",
        }
    }

    fn about(self) -> &'static str {
        match self {
            Self::AccessReview => "each principal: rights, ways in, last use, rights that were not used",
            Self::Rotation => "each credential: its policy, its age, whether it was rotated in time",
            Self::WithoutReason => "changes by people that say nothing of why",
            Self::BreakGlass => "values that were seen without the right to read, acts by the root key, approvals used",
            Self::Offboarding => "everything that somebody saw or could have; each item is closed by a rotation",
            Self::Incident => "an incident: who is suspected of what, what is done and what is open, its timeline",
            Self::Client => "a client's credentials, mappings, who was served them, and all events about it",
            Self::Soc2 => "trust services criteria, with the figures and where to look",
            Self::Iso27001 => "controls of Annex A, with the figures and where to look",
        }
    }

    fn of(self) -> Option<&'static str> {
        match self {
            Self::Offboarding => Some("principal"),
            Self::Client => Some("client"),
            Self::Incident => Some("incident"),
            _ => None,
        }
    }

    /// What a person is told of it.
    pub(crate) fn shown(self) -> ReportKind {
        ReportKind {
            name: self.name().to_owned(),
            title: self.title().to_owned(),
            about: self.about().to_owned(),
            of: self.of().map(str::to_owned),
        }
    }
}

/// What a report is made from.
struct Desk<'a> {
    app: &'a App,
    caller: Caller,
    lens: Lens<'a>,
    since: TimeUs,
    until: TimeUs,
    /// The size of the log that it is true of.
    size: u64,
    /// Whether everything was looked at so far.
    complete: Cell<bool>,
}

/// Makes a report. Blocks; takes `audit` on the ledger.
pub(crate) fn make(app: &App, caller: Caller, kind: Kind, query: &ReportQuery) -> Result<Report, Failure> {
    let view = app.ledger.view();
    let root = app.ledger.root_of(&view)?;
    let lens = Lens::of(&view, &caller);
    lens.seen
        .authorize(Right::Audit, Target::Ledger)
        .map_err(Rejection::from)?;
    let of = named(kind, query)?;
    // An incident has a time of its own.
    let (begun, ended) = match (&of, kind) {
        (Some(of), Kind::Incident) => incident::time_of(&lens, of)?,
        _ => (view.now.saturating_sub(PERIOD_US), view.now),
    };
    let since = moment(query.since.as_deref(), view.now, "/since")?.unwrap_or(begun);
    let until = moment(query.until.as_deref(), view.now, "/until")?.unwrap_or(ended);
    let desk = Desk {
        app,
        caller,
        lens,
        since,
        until,
        size: view.head,
        complete: Cell::new(true),
    };
    let reference = of.as_deref().unwrap_or_default();
    let (sections, open) = match kind {
        Kind::AccessReview => desk.access_review()?,
        Kind::Rotation => desk.rotation()?,
        Kind::WithoutReason => desk.without_reason()?,
        Kind::BreakGlass => desk.break_glass()?,
        Kind::Offboarding => desk.offboarding(reference)?,
        Kind::Client => desk.client(reference)?,
        Kind::Incident => desk.incident(reference)?,
        Kind::Soc2 => desk.controls(&controls::SOC2)?,
        Kind::Iso27001 => desk.controls(&controls::ISO27001)?,
    };
    Ok(Report {
        name: kind.name().to_owned(),
        title: kind.title().to_owned(),
        of,
        ledger: desk.lens.state.ledger.name.clone(),
        since: rfc3339(since),
        until: rfc3339(until),
        made_at: rfc3339(view.now),
        made_by: desk.lens.principal_handle(caller.principal),
        size: view.head,
        root: hex(&root),
        complete: desk.complete.get(),
        open,
        sections,
    })
}

/// The principal, client or incident that a report is about, where it is about one, and about nothing else.
fn named(kind: Kind, query: &ReportQuery) -> Result<Option<String>, Failure> {
    let subjects = [
        ("principal", &query.principal),
        ("client", &query.client),
        ("incident", &query.incident),
    ];
    for (what, given) in subjects {
        let wrong = match (given.is_some(), kind.of() == Some(what)) {
            (true, false) => "says nothing in this report",
            (false, true) => "is missing: this report is about one",
            (true, true) | (false, false) => continue,
        };
        return Err(Failure::format(
            format!("/{what}"),
            wrong,
            Some("`audit report` lists what each report is of"),
        ));
    }
    Ok(subjects.into_iter().find_map(|(_, given)| given.clone()))
}

fn moment(text: Option<&str>, now: TimeUs, pointer: &str) -> Result<Option<TimeUs>, Failure> {
    let Some(text) = text else { return Ok(None) };
    match instant::parse(text, now) {
        Some(instant::Instant::Time(time)) => Ok(Some(time)),
        Some(instant::Instant::Position(_)) | None => Err(Failure::format(
            pointer,
            "is no time",
            Some("a time like 2026-11-23T14:05:00Z, a date like 2026-11-23, or how long ago: 7d"),
        )),
    }
}

/// Tables, and how many of their rows are to be done.
type Made = Result<(Vec<ReportSection>, Option<u64>), Failure>;

impl Desk<'_> {
    /// The time of the report as a filter, and nothing that was recorded while it is made.
    fn period(&self) -> Filter {
        let mut filter = Filter::default();
        filter.parameter(FilterKey::Since, &rfc3339(self.since));
        filter.parameter(FilterKey::Until, &rfc3339(self.until));
        filter.parameter(FilterKey::Until, &self.size.to_string());
        filter
    }

    /// Shows each event of the time, of some types, to `note`.
    fn events(&self, types: &str, note: impl FnMut(&Recorded)) -> Result<(), Failure> {
        let mut filter = self.period();
        filter.parameter(FilterKey::Type, types);
        self.matching(&filter, note)
    }

    fn matching(&self, filter: &Filter, mut note: impl FnMut(&Recorded)) -> Result<(), Failure> {
        let all = self
            .app
            .ledger
            .survey(&self.caller, filter, EVENTS_MAX, &mut |recorded| {
                note(recorded);
                ControlFlow::Continue(())
            })?;
        self.complete.set(self.complete.get() && all);
        Ok(())
    }

    fn person(&self, id: PrincipalId) -> String {
        self.lens.principal_handle(id).unwrap_or_else(|| id.to_string())
    }

    /// What an event is about, for people: the first thing that it concerns.
    fn about(&self, recorded: &Recorded) -> String {
        self.about_one(recorded, |_| true)
    }

    /// The same, of the things that somebody may be told of.
    fn about_one(&self, recorded: &Recorded, told: impl Fn(&Subject) -> bool) -> String {
        let named = |kind: &str, id: String| match self.lens.handle_of(&id) {
            Some(handle) => format!("{kind} {handle}"),
            None => format!("{kind} {id}"),
        };
        if let Event::Accessed(data) = &recorded.event
            && told(&Subject::Workspace(data.workspace))
        {
            let place = named("workspace", data.workspace.to_string());
            return format!("{place}, {}", named("template", data.template.to_string()));
        }
        // Things sort by kind: what it was done to stands before who is concerned.
        match recorded.concerns().iter().find(|it| told(it)) {
            None => recorded.stream.category.to_string(),
            Some(Subject::Credential(id)) => named("credential", id.to_string()),
            Some(Subject::Client(id)) => named("client", id.to_string()),
            Some(Subject::Workspace(id)) => named("workspace", id.to_string()),
            Some(Subject::Template(id)) => named("template", id.to_string()),
            Some(Subject::Service(id)) => format!("service {id}"),
            Some(Subject::Principal(id)) => named("principal", id.to_string()),
        }
    }
}

/// A table without rows.
fn section(title: &str, note: impl Into<String>, columns: &[&str]) -> ReportSection {
    ReportSection {
        title: title.to_owned(),
        note: note.into(),
        columns: columns.iter().map(|it| (*it).to_owned()).collect(),
        rows: Vec::new(),
    }
}

fn at(time: TimeUs) -> Value {
    Value::from(rfc3339(time))
}

fn at_if(time: Option<TimeUs>) -> Value {
    time.map_or(Value::Null, at)
}
