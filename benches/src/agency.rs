//! An agency over a year, as large as asked for: 300 clients whose workflows are served all day, some far more than others, and now and then
//! somebody who rotates, changes, maps or looks. The same for the same number of events.
//!
//! Which of many is used follows Zipf's law with exponent 1 (Zipf, "Human Behavior and the Principle of Least Effort", 1949).

use crate::Result;
use crate::fixture::{Fixture, draft};
use crate::history::failed;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use strongroom_domain::command::{Command, UpdateCredential};
use strongroom_domain::context::Caller;
use strongroom_domain::event::Scope;
use strongroom_domain::words::{Effect, PrincipalKind, Role};
use strongroom_ledger::{
    Clock, Failure, Ledger, RequestContext, ResolveRequest, RevealRequest, RotateDraft, TemplateDraft,
};
use strongroom_seal::Token;
use tokio::task::LocalSet;

/// Clients, each with a workspace.
pub(crate) const CLIENTS: usize = 300;
/// Variables of the template, each with a credential of the client's.
const VARIABLES: usize = 3;
/// Services that are served, and people.
pub(crate) const SERVICES: usize = 30;
pub(crate) const PEOPLE: usize = 12;
/// Addresses that requests come from.
pub(crate) const SOURCES: usize = 40;
/// Of 1,000 events so many are servings; of the rest those of `deed`.
const SERVINGS: usize = 740;
/// Requests under way at a time.
const TASKS: usize = 256;
/// 2025-11-01, µs since 1970, and how long the history lasts.
const BEGUN_US: u64 = 1_761_955_200_000_000;
const YEAR_US: u64 = 365 * 86_400 * 1_000_000;

/// Stands where the generator puts it.
#[derive(Debug)]
pub(crate) struct YearClock(AtomicU64);

impl YearClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(BEGUN_US)))
    }
}

impl Clock for YearClock {
    fn now_us(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A client's workspace, by how much it is used: 0 is the busiest.
pub(crate) fn workspace(rank: usize) -> String {
    format!("client-{rank}-prod")
}

/// A client's credential.
pub(crate) fn credential(rank: usize, variable: usize) -> String {
    format!("client-{rank}-key-{variable}")
}

pub(crate) fn client(rank: usize) -> String {
    format!("client-{rank}")
}

pub(crate) fn source(number: usize) -> String {
    format!("192.0.2.{}", number % SOURCES + 1)
}

/// The rank of the workspace whose credentials have about so many events in a history of `events`; none when all have fewer.
pub(crate) fn rank_with(about: usize, events: usize) -> Option<usize> {
    let harmonic: f64 = (1..=CLIENTS).map(|rank| 1.0 / rank as f64).sum();
    let busiest = events as f64 * SERVINGS as f64 / 1_000.0 / harmonic;
    let rank = (busiest / about as f64).round();
    // Ranks are few hundred.
    (rank >= 1.0).then(|| (rank as usize).min(CLIENTS) - 1)
}

/// Numbers that look random and are the same in each run (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators",
/// 2014: SplitMix64).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// A rank from 0 on, by Zipf's law.
    pub(crate) fn rank(&mut self, zipf: &Zipf) -> usize {
        let unit = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        zipf.0.partition_point(|upto| *upto < unit).min(zipf.0.len() - 1)
    }
}

/// Of how much the first so many ranks are chosen.
pub(crate) struct Zipf(Vec<f64>);

impl Zipf {
    pub(crate) fn new(ranks: usize) -> Self {
        let all: f64 = (1..=ranks).map(|rank| 1.0 / rank as f64).sum();
        let mut sum = 0.0;
        let upto = (1..=ranks).map(|rank| {
            sum += 1.0 / rank as f64 / all;
            sum
        });
        Self(upto.collect())
    }
}

/// Who does what.
struct Cast {
    services: Vec<Caller>,
    people: Vec<Caller>,
}

/// Writes a year of `events` events in all into a new ledger, and stops it.
pub(crate) fn write(fixture: &Fixture, events: usize) -> Result<()> {
    let clock = YearClock::new();
    let ledger = fixture.open_with(Duration::ZERO, Arc::clone(&clock) as Arc<dyn Clock>)?;
    let owner = fixture.context(&ledger)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let cast = runtime.block_on(furnish(&ledger, &owner))?;
    let begun = ledger.view().head as usize;
    let year = Rc::new(Year {
        ledger: ledger.clone(),
        clock,
        cast,
        zipf: Zipf::new(CLIENTS),
        dice: RefCell::new(Dice::new(7)),
        done: Cell::new(0),
        events: events.saturating_sub(begun),
        error: Cell::new(None),
    });
    let clients = LocalSet::new();
    for _ in 0..TASKS {
        clients.spawn_local(Rc::clone(&year).work());
    }
    runtime.block_on(clients);
    if let Some(error) = year.error.take() {
        return Err(error.into());
    }
    drop(year);
    ledger.stop()?;
    Ok(())
}

struct Year {
    ledger: Ledger,
    clock: Arc<YearClock>,
    cast: Cast,
    zipf: Zipf,
    dice: RefCell<Dice>,
    done: Cell<usize>,
    events: usize,
    error: Cell<Option<String>>,
}

impl Year {
    async fn work(self: Rc<Self>) {
        loop {
            let number = self.done.replace(self.done.get() + 1);
            if number >= self.events {
                return;
            }
            let now = BEGUN_US + (number as u64).saturating_mul(YEAR_US / self.events as u64);
            self.clock.0.fetch_max(now, Ordering::Relaxed);
            if let Err(error) = self.deed(number).await {
                self.error.set(Some(error.to_string()));
                return;
            }
        }
    }

    /// One event.
    async fn deed(&self, number: usize) -> Result<()> {
        let (kind, rank, other, from) = {
            let mut dice = self.dice.borrow_mut();
            let rank = dice.rank(&self.zipf);
            (dice.below(1_000), rank, dice.below(VARIABLES), dice.below(SOURCES))
        };
        let by_service = kind < SERVINGS;
        let cast = if by_service {
            &self.cast.services
        } else {
            &self.cast.people
        };
        let mut context = RequestContext::of(cast[(rank + from) % cast.len()]);
        context.source = Some(source(from));
        context.request_id = format!("r-{number}");
        context.reason = (kind % 3 == 0).then(|| format!("ticket {}", number % 1_000));
        let credential = credential(rank, other);
        match kind {
            0..SERVINGS => {
                let request = ResolveRequest {
                    workspace: workspace(rank),
                    template: "orders".to_owned(),
                    ..ResolveRequest::default()
                };
                // What is rotated just then by another task is decided anew, and after some tries given up.
                while let Err(failure) = self.ledger.resolve(context.clone(), request.clone()).await {
                    if !matches!(failure, Failure::Busy) {
                        return Err(failed(failure));
                    }
                }
            }
            740..820 => {
                let rotate = RotateDraft {
                    credential,
                    fields: draft(String::new())?.fields,
                    ..RotateDraft::default()
                };
                self.ledger.rotate_credential(context, rotate).await.map_err(failed)?;
            }
            820..920 => {
                let update = UpdateCredential {
                    credential,
                    description: Some(format!("as of {number}")),
                    ..UpdateCredential::default()
                };
                self.ledger.update_credential(context, update).await.map_err(failed)?;
            }
            920..970 => {
                context.reason = Some(format!("ticket {}", number % 1_000));
                let reveal = RevealRequest {
                    credential,
                    ..RevealRequest::default()
                };
                self.ledger.reveal(context, reveal).await.map_err(failed)?;
            }
            _ => {
                let map = map(rank, other); // often what is mapped already
                self.ledger.execute(context, map).await.map_err(failed)?;
            }
        }
        Ok(())
    }
}

fn map(rank: usize, variable: usize) -> Command {
    Command::MapVariable {
        workspace: workspace(rank),
        template: "orders".to_owned(),
        variable: format!("KEY_{variable}"),
        instance: None,
        credential: credential(rank, variable),
    }
}

/// Clients with a workspace, credentials and mappings each; people and services.
async fn furnish(ledger: &Ledger, owner: &RequestContext) -> Result<Cast> {
    let listed: Vec<_> = (0..VARIABLES)
        .map(|variable| serde_json::json!({"name": format!("KEY_{variable}"), "service": "openai", "kinds": ["api_key"]}))
        .collect();
    let document = serde_json::json!({"name": "Orders", "variables": listed});
    let template = TemplateDraft {
        document: document.to_string().into_bytes(),
        ..TemplateDraft::default()
    };
    ledger.import_template(owner.clone(), template).await.map_err(failed)?;
    for rank in 0..CLIENTS {
        let client = client(rank);
        let commands = vec![
            Command::CreateClient {
                name: client.clone(),
                handle: Some(client.clone()),
                description: String::new(),
            },
            Command::CreateWorkspace {
                name: workspace(rank),
                handle: Some(workspace(rank)),
                client: Some(client.clone()),
                environment: "prod".to_owned(),
                description: String::new(),
            },
            Command::AdmitTemplate {
                workspace: workspace(rank),
                template: "orders".to_owned(),
                revision: None,
            },
        ];
        ledger.execute_all(owner.clone(), commands).await.map_err(failed)?;
        for variable in 0..VARIABLES {
            let mut draft = draft(format!("Key {variable} of {client}"))?;
            draft.handle = Some(credential(rank, variable));
            draft.client = Some(client.clone());
            ledger.create_credential(owner.clone(), draft).await.map_err(failed)?;
        }
        let mapped = (0..VARIABLES).map(|variable| map(rank, variable)).collect();
        ledger.execute_all(owner.clone(), mapped).await.map_err(failed)?;
    }
    let mut cast = Cast {
        services: Vec::new(),
        people: Vec::new(),
    };
    for number in 0..SERVICES {
        let runner = principal(
            ledger,
            owner,
            format!("runner-{number}"),
            PrincipalKind::Service,
            Role::Service,
        );
        cast.services.push(runner.await?);
    }
    for number in 0..PEOPLE {
        let person = principal(
            ledger,
            owner,
            format!("person-{number}"),
            PrincipalKind::Person,
            Role::Owner,
        );
        cast.people.push(person.await?);
    }
    Ok(cast)
}

async fn principal(
    ledger: &Ledger,
    owner: &RequestContext,
    name: String,
    kind: PrincipalKind,
    role: Role,
) -> Result<Caller> {
    let token = Token::make()?;
    let commands = vec![
        Command::CreatePrincipal {
            name: name.clone(),
            handle: Some(name.clone()),
            kind,
        },
        Command::Grant {
            principal: name.clone(),
            role,
            scope: Scope {
                all: true,
                ..Scope::default()
            },
            effect: Effect::Allow,
            from: None,
            until: None,
        },
        Command::IssueToken {
            principal: name,
            hash: token.stored_hash(),
            label: String::new(),
            expires_at: None,
        },
    ];
    ledger.execute_all(owner.clone(), commands).await.map_err(failed)?;
    ledger.authenticate(&token.expose()).map_err(failed)
}
