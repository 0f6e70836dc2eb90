//! Where the log goes beside the ledger: one task for each sink, behind the commits, in order, at least once.
//!
//! How far a sink is stands in a small file beside the data, not in the ledger: it is the operator's own matter, works where nothing can be
//! written, and handing on makes no events to be handed on. A sink that fails waits and is tried again; nothing is passed over.

use crate::app::App;
use crate::deliveries::Standing;
use crate::limits::{RETRY_FIRST_MS, SINK_NOTE_EVERY_S, SINK_PIECE, SINK_RETRY_MAX_S, WEBHOOKS_LOOK_EVERY_S};
use crate::view::{Lens, cloud_event, is_refusal, ocsf};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::time::{Duration, Instant};
use strongroom_api::audit::Event;
use strongroom_connect::{Entry, Settled, Sink, SinkAim, SinkError, SinkFormat};
use strongroom_domain::context::Caller;
use strongroom_domain::ids::PrincipalId;
use strongroom_domain::rights::visible;
use strongroom_ledger::{EventQuery, Failure, Filter, FilterFault, FilterKey};
use tokio::sync::watch;

/// Looks come at most so often: thousands of commits a second are no reason to look thousands of times.
const PAUSE: Duration = Duration::from_millis(100);

/// The sinks of a server.
#[derive(Debug)]
pub struct SinkOptions {
    /// What was asked for, and what it goes to.
    pub sinks: Vec<(SinkAim, Sink)>,
    /// The directory of the files that say how far each is.
    pub places: PathBuf,
}

/// Why a sink is handed nothing at present.
#[derive(Debug, thiserror::Error)]
enum Stuck {
    #[error(transparent)]
    Sink(#[from] SinkError),
    #[error("there is no principal `{0}` that is enabled and has a grant in force")]
    Nobody(String),
    #[error("its filter is wrong: {0}")]
    Filter(String),
    #[error("events can't be read: {0:?}")]
    Read(Failure),
    #[error("can't note how far it is in {path}: {source}")]
    Place { path: String, source: io::Error },
}

/// Hands on to all sinks until the server stops.
pub(crate) async fn run(app: App, options: Option<SinkOptions>, stopping: watch::Receiver<bool>) {
    let Some(SinkOptions { sinks, places }) = options else {
        return;
    };
    let tasks: Vec<_> = sinks
        .into_iter()
        .map(|(aim, sink)| {
            let porter = Porter {
                place: Place::read(&places, &aim.name, app.ledger.origin()),
                noted: Instant::now(),
                app: app.clone(),
                aim,
                sink,
            };
            tokio::spawn(porter.run(stopping.clone()))
        })
        .collect();
    for task in tasks {
        let _ = task.await; // each sees the stop by itself
    }
}

/// How far a sink is, in its file.
#[derive(Debug)]
struct Place {
    path: PathBuf,
    /// What the log calls itself; another incarnation is another log.
    origin: String,
    /// Everything before it was taken; none before the first look.
    next: Option<u64>,
    /// What the file says.
    noted: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct Noted {
    /// Everything before this position was taken.
    next: u64,
    /// Of which log.
    origin: String,
}

impl Place {
    fn read(places: &Path, name: &str, origin: &str) -> Self {
        let path = places.join(format!("{name}.json"));
        let noted = fs::read(&path)
            .ok()
            .and_then(|it| serde_json::from_slice::<Noted>(&it).ok());
        let next = noted.filter(|it| it.origin == origin).map(|it| it.next);
        if next.is_none() && path.exists() {
            tracing::warn!(
                sink = name,
                "what it is noted to have is of another log: it begins anew"
            );
        }
        Self {
            path,
            origin: origin.to_owned(),
            next,
            noted: next,
        }
    }

    /// Notes a place; by write, sync, rename, so that a power cut leaves the one before.
    fn note(&mut self, next: u64) -> io::Result<()> {
        if self.noted == Some(next) {
            return Ok(());
        }
        let text = serde_json::to_vec(&Noted {
            next,
            origin: self.origin.clone(),
        })?;
        let directory = self.path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(directory)?;
        let beside = self.path.with_extension("json.new");
        let mut file = fs::File::create(&beside)?;
        file.write_all(&text)?;
        file.sync_all()?;
        fs::rename(&beside, &self.path)?;
        fs::File::open(directory)?.sync_all()?;
        self.noted = Some(next);
        Ok(())
    }
}

/// Hands on to one sink.
struct Porter {
    app: App,
    aim: SinkAim,
    sink: Sink,
    place: Place,
    noted: Instant,
}

impl Porter {
    async fn run(mut self, mut stopping: watch::Receiver<bool>) {
        let mut commits = self.app.ledger.commits();
        let mut pause = Duration::from_millis(RETRY_FIRST_MS);
        let mut said = String::new();
        loop {
            commits.borrow_and_update(); // before the look: no commit is missed
            let look_again_after = match self.piece().await {
                Ok(more) => {
                    if !said.is_empty() {
                        tracing::info!(sink = self.aim.name, "it takes events again");
                        said.clear();
                    }
                    pause = Duration::from_millis(RETRY_FIRST_MS);
                    if more && !*stopping.borrow() {
                        continue;
                    }
                    Duration::from_secs(WEBHOOKS_LOOK_EVERY_S)
                }
                Err(stuck) => {
                    self.stand(true);
                    let told = stuck.to_string();
                    if told != said {
                        tracing::warn!(sink = self.aim.name, "{told}; it waits, nothing is passed over");
                        said = told;
                    }
                    let asked = match &stuck {
                        Stuck::Sink(error) => error.retry_after().unwrap_or_default(),
                        _ => Duration::ZERO,
                    };
                    let most = Duration::from_secs(SINK_RETRY_MAX_S);
                    let now = pause.max(asked).min(most);
                    pause = (pause * 2).min(most);
                    now
                }
            };
            let failing = !said.is_empty();
            tokio::select! {
                _ = stopping.wait_for(|stop| *stop) => break,
                _ = commits.changed(), if !failing => {}
                () = self.sink.broken(), if !failing => {}
                () = tokio::time::sleep(look_again_after) => {}
            }
            tokio::time::sleep(PAUSE).await;
        }
        self.sink.close().await;
        if let Err(error) = self.note(true) {
            tracing::warn!(sink = self.aim.name, %error, "what it has taken is handed on once more");
        }
    }

    /// Hands on what comes next; whether there is more.
    async fn piece(&mut self) -> Result<bool, Stuck> {
        if let Err(error) = self.sink.look() {
            return Err(self.back(error));
        }
        let page = self.read().await?;
        if !page.entries.is_empty()
            && let Err(error) = self.sink.send(page.entries).await
        {
            return Err(self.back(error));
        }
        self.place.next = Some(page.next);
        self.stand(false);
        self.note(!page.more)?;
        Ok(page.more)
    }

    /// What was handed on before and did not arrive is handed on again.
    fn back(&mut self, error: SinkError) -> Stuck {
        if let (Settled::Before(from), Some(next)) = (self.sink.settled(), self.place.next) {
            self.place.next = Some(next.min(from));
        }
        error.into()
    }

    async fn read(&self) -> Result<Page, Stuck> {
        let (app, aim) = (self.app.clone(), self.aim.clone());
        let from = self
            .place
            .next
            .map_or_else(|| aim.from.clone(), |next| next.to_string());
        let read = tokio::task::spawn_blocking(move || read(&app, &aim, &from)).await;
        read.unwrap_or_else(|error| Err(Stuck::Read(Failure::Internal(error.to_string()))))
    }

    /// Notes how far it is: where nothing waits, else now and then.
    fn note(&mut self, at_once: bool) -> Result<(), Stuck> {
        if !at_once && self.noted.elapsed() < Duration::from_secs(SINK_NOTE_EVERY_S) {
            return Ok(());
        }
        let Some(next) = self.place.next else { return Ok(()) };
        let settled = match self.sink.settled() {
            Settled::All => next,
            Settled::Before(settled) => next.min(settled),
        };
        self.noted = Instant::now();
        self.place.note(settled).map_err(|source| Stuck::Place {
            path: self.place.path.display().to_string(),
            source,
        })
    }

    fn stand(&self, failing: bool) {
        let next = self.place.next.unwrap_or_default();
        let mut sinks = self.app.sinks.lock().unwrap_or_else(PoisonError::into_inner);
        sinks.insert(self.aim.name.clone(), Standing { next, failing });
    }
}

/// Events to be handed on.
struct Page {
    entries: Vec<Entry>,
    /// Where to go on.
    next: u64,
    more: bool,
}

fn read(app: &App, aim: &SinkAim, from: &str) -> Result<Page, Stuck> {
    let caller = Caller {
        principal: sighted(app, aim)?,
        token: None,
        on_behalf_of: None,
    };
    let from = if from == "now" {
        app.ledger.view().head.to_string()
    } else {
        from.to_owned()
    };
    let wrong = |fault: FilterFault| Stuck::Filter(fault.what);
    let mut filter = Filter::default();
    filter.text(&aim.filter).map_err(wrong)?;
    filter.parameter(FilterKey::Since, &from);
    let query = EventQuery {
        filter,
        limit: SINK_PIECE,
        ..EventQuery::default()
    };
    let page = app.ledger.events(&caller, &query).map_err(Stuck::Read)?;
    // Behind the events: of a state before them the handle of what one of them made would be missing.
    let view = app.ledger.view();
    let lens = Lens::of(&view, &caller);
    let entries = page.items.into_iter().map(|event| {
        let recorded_at_us = event.recorded_at;
        let event = lens.event(event);
        Entry {
            position: event.position,
            type_: event.type_.clone(),
            recorded_at_us,
            recorded_at: event.recorded_at.clone(),
            refused: is_refusal(&event.type_),
            line: line(aim.format, app.ledger.origin(), &event),
        }
    });
    Ok(Page {
        entries: entries.collect(),
        next: page.next_position,
        more: page.next.is_some(),
    })
}

/// Whoever's sight a sink has, while he has any.
fn sighted(app: &App, aim: &SinkAim) -> Result<PrincipalId, Stuck> {
    let view = app.ledger.view();
    let is_it = |it: &&std::sync::Arc<strongroom_domain::state::Principal>| {
        it.handle == aim.principal || PrincipalId::parse(&aim.principal) == Ok(it.id)
    };
    let found = view.state.principals.values().find(is_it).map(|it| it.id);
    let sees = |id: &PrincipalId| {
        let caller = Caller {
            principal: *id,
            token: None,
            on_behalf_of: None,
        };
        visible(&view.rights, &caller, view.now).anything()
    };
    found.filter(sees).ok_or_else(|| Stuck::Nobody(aim.principal.clone()))
}

fn line(format: SinkFormat, origin: &str, event: &Event) -> String {
    let written = match format {
        SinkFormat::Event => serde_json::to_string(event),
        SinkFormat::CloudEvents => serde_json::to_string(&cloud_event(origin, event)),
        SinkFormat::Ocsf => serde_json::to_string(&ocsf(event)),
    };
    // Texts, numbers and maps by text only: there is nothing that JSON could not say.
    written.unwrap_or_default()
}
