//! The log against a model: events in a plain list, filters judged on what the reader is shown.

use crate::harness::{House, draft, field};
use proptest::prelude::Rng as _;
use proptest::test_runner::{RngAlgorithm, TestRng};
use std::cell::RefCell;
use std::collections::HashMap;
use strongroom_domain::command::{Command, UpdateCredential};
use strongroom_domain::context::Caller;
use strongroom_domain::event::{Event, Scope};
use strongroom_domain::ids::CredentialVersion;
use strongroom_domain::words::{Effect, PrincipalKind, Role};
use strongroom_ledger::instant::Instant;
use strongroom_ledger::{
    Clock as _, EventQuery, EventView, Filter, Ledger, RequestContext, ResolveRequest, RotateDraft, TemplateDraft,
};
use strongroom_seal::Token;

pub(crate) const CLIENTS: [&str; 3] = ["acme", "bolt", "cora"];
pub(crate) const WORKSPACES: [&str; 6] = [
    "acme-prod",
    "acme-dev",
    "bolt-prod",
    "bolt-dev",
    "cora-prod",
    "cora-dev",
];
const ENVIRONMENTS: [&str; 2] = ["prod", "dev"];
const SERVICES: [&str; 2] = ["openai", "slack"];
const PEOPLE: [&str; 3] = ["dev", "mia", "ben"];
const SOURCES: [&str; 3] = ["192.0.2.7", "192.0.2.200", "2001:db8::1"];
const REASONS: [&str; 3] = ["quarterly rotation", "Lost laptop, again", "a \"quoted\" word"];
/// Commands of each round; more records than are kept in memory come together, so that lists on disk are read, too.
const COMMANDS: usize = 1_100;
const ROUNDS: usize = 9;
/// Questions of each reader, each about so many records.
const QUESTIONS: usize = 20;
const SPAN: usize = 1_000;

pub(crate) struct Dice(pub(crate) TestRng);

impl Dice {
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0.next_u32() as usize % end
    }

    pub(crate) fn one<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }
}

/// A ledger with a history, and who reads it: an auditor, a viewer of one client, a member of one workspace.
pub(crate) struct World {
    pub(crate) house: House,
    pub(crate) ledger: Ledger,
    pub(crate) credentials: Vec<String>,
    tokens: HashMap<&'static str, Token>,
    /// Every value that was ever entered, with the credential and the version that it was.
    pub(crate) values: RefCell<Vec<(String, CredentialVersion, String)>>,
}

impl World {
    pub(crate) async fn new() -> Self {
        let house = House::new();
        let ledger = house.open();
        let mut world = Self {
            house,
            ledger,
            credentials: Vec::new(),
            tokens: HashMap::new(),
            values: RefCell::default(),
        };
        world.found().await;
        world.people().await;
        world
    }

    pub(crate) fn caller(&self, name: &str) -> Caller {
        match self.tokens.get(name) {
            Some(token) => self.ledger.authenticate(&token.expose()).unwrap(),
            None => self.house.dev(&self.ledger),
        }
    }

    fn opened_again(self) -> Self {
        self.ledger.stop().unwrap();
        drop(self.ledger);
        let ledger = self.house.open();
        Self { ledger, ..self }
    }

    async fn do_it(&self, command: Command) {
        let context = RequestContext::of(self.caller("dev"));
        self.ledger.execute(context, command).await.unwrap();
    }

    async fn found(&mut self) {
        for client in CLIENTS {
            self.do_it(Command::CreateClient {
                name: client.to_owned(),
                handle: None,
                description: String::new(),
            })
            .await;
        }
        for workspace in WORKSPACES {
            let (client, environment) = workspace.split_once('-').unwrap();
            self.do_it(Command::CreateWorkspace {
                name: workspace.to_owned(),
                handle: Some(workspace.to_owned()),
                client: Some(client.to_owned()),
                environment: environment.to_owned(),
                description: String::new(),
            })
            .await;
        }
        let document = br#"{"name":"Orders","variables":[{"name":"AI","service":"openai","kinds":["api_key"]},{"name":"CHAT","service":"slack","kinds":["api_key"]}]}"#;
        let template = TemplateDraft {
            document: document.to_vec(),
            ..TemplateDraft::default()
        };
        let context = RequestContext::of(self.caller("dev"));
        self.ledger.import_template(context, template).await.unwrap();
        for client in CLIENTS {
            for service in SERVICES {
                for number in 0..2 {
                    let handle = format!("{service}-{client}-{number}");
                    let value = format!("value-{handle}-0123456789abcdef");
                    let mut made = draft(&handle, &value);
                    self.values.borrow_mut().push((handle.clone(), 1, value));
                    made.handle = Some(handle.clone());
                    made.service = service.to_owned();
                    made.client = Some(client.to_owned());
                    let context = RequestContext::of(self.caller("dev"));
                    self.ledger.create_credential(context, made).await.unwrap();
                    self.credentials.push(handle);
                }
            }
        }
        for workspace in WORKSPACES {
            let client = workspace.split_once('-').unwrap().0;
            self.do_it(Command::AdmitTemplate {
                workspace: workspace.to_owned(),
                template: "orders".to_owned(),
                revision: None,
            })
            .await;
            for (variable, service) in [("AI", "openai"), ("CHAT", "slack")] {
                self.do_it(map(workspace, variable, &format!("{service}-{client}-0")))
                    .await;
            }
        }
    }

    /// An administrator, a viewer of one client, a member of one workspace.
    async fn people(&mut self) {
        let state = self.ledger.view().state;
        let client = *state.names.client_handles.get("acme").unwrap();
        let workspace = *state.names.workspace_handles.get("bolt-prod").unwrap();
        let whole = Scope {
            all: true,
            ..Scope::default()
        };
        let of_client = Scope {
            clients: vec![client],
            ..Scope::default()
        };
        let of_workspace = Scope {
            workspaces: vec![workspace],
            ..Scope::default()
        };
        for (name, role, scope) in [
            ("mia", Role::Admin, whole),
            ("ben", Role::Viewer, of_client),
            ("zoe", Role::Member, of_workspace),
        ] {
            let token = Token::make().unwrap();
            self.do_it(Command::CreatePrincipal {
                name: name.to_owned(),
                handle: None,
                kind: PrincipalKind::Person,
            })
            .await;
            self.do_it(Command::Grant {
                principal: name.to_owned(),
                role,
                scope,
                effect: Effect::Allow,
                from: None,
                until: None,
            })
            .await;
            self.do_it(Command::IssueToken {
                principal: name.to_owned(),
                hash: token.stored_hash(),
                label: String::new(),
                expires_at: None,
            })
            .await;
            self.tokens.insert(name, token);
        }
    }

    /// One random request by somebody; what is refused is as good.
    pub(crate) async fn act(&self, dice: &mut Dice) {
        let mut context = RequestContext::of(self.caller(dice.one(&PEOPLE)));
        context.source = Some(dice.one(&SOURCES).to_owned());
        context.request_id = format!("r-{}", dice.below(500));
        context.reason = (dice.below(3) == 0).then(|| dice.one(&REASONS).to_owned());
        let credential = self.credentials[dice.below(self.credentials.len())].clone();
        let workspace = dice.one(&WORKSPACES);
        let refused = match dice.below(10) {
            0..5 => {
                let request = ResolveRequest {
                    workspace: workspace.to_owned(),
                    template: "orders".to_owned(),
                    ..ResolveRequest::default()
                };
                self.ledger.resolve(context, request).await.err()
            }
            5 => {
                let value = format!("rotated-{}-0123456789abcdef", dice.0.next_u64());
                let rotate = RotateDraft {
                    credential: credential.clone(),
                    fields: vec![field("api_key", &value)],
                    ..RotateDraft::default()
                };
                let done = self.ledger.rotate_credential(context, rotate).await;
                let version = done.as_ref().ok().and_then(|receipt| match &receipt.events[0].event {
                    Event::CredentialRotated(rotated) => Some(rotated.version),
                    _ => None,
                });
                self.values
                    .borrow_mut()
                    .extend(version.map(|version| (credential, version, value)));
                done.err()
            }
            6 | 7 => {
                let update = UpdateCredential {
                    credential,
                    description: Some(format!("as of {}", dice.below(1_000_000))),
                    ..UpdateCredential::default()
                };
                self.ledger.update_credential(context, update).await.err()
            }
            _ => {
                let (client, variable) = (workspace.split_once('-').unwrap().0, dice.one(&["AI", "CHAT"]));
                let service = if variable == "AI" { "openai" } else { "slack" };
                let credential = format!("{service}-{client}-{}", dice.below(2));
                self.ledger
                    .execute(context, map(workspace, variable, &credential))
                    .await
                    .err()
            }
        };
        drop(refused);
    }

    /// All pages of a query.
    pub(crate) fn all(&self, reader: &str, filter: &str, newest_first: bool, limit: usize) -> Vec<EventView> {
        let caller = self.caller(reader);
        let mut query = EventQuery {
            limit,
            newest_first,
            ..EventQuery::default()
        };
        query.filter.text(filter).unwrap();
        let mut events = Vec::new();
        loop {
            let page = self.ledger.events(&caller, &query).unwrap();
            events.extend(page.items);
            query.cursor = page.next;
            if query.cursor.is_none() {
                return events;
            }
        }
    }
}

fn map(workspace: &str, variable: &str, credential: &str) -> Command {
    Command::MapVariable {
        workspace: workspace.to_owned(),
        template: "orders".to_owned(),
        variable: variable.to_owned(),
        instance: None,
        credential: credential.to_owned(),
    }
}

/// A random clause: as it is written, and what it asks of an event that is shown.
type Clause = (String, Box<dyn Fn(&EventView) -> bool>);

#[expect(clippy::too_many_lines, reason = "an arm for each kind of clause, and nothing else")]
fn clause(world: &World, dice: &mut Dice, reader: &str) -> Clause {
    let about = |kind: &'static str, handle: String| {
        move |event: &EventView| {
            let mut subjects = event.subjects.iter();
            subjects.any(|it| it.kind == kind && (it.handle.as_deref() == Some(&handle) || it.id == handle))
        }
    };
    // What this reader may name at all.
    let (clients, workspaces): (&[&str], &[&str]) = match reader {
        "ben" => (&CLIENTS[..1], &WORKSPACES[..2]),
        "zoe" => (&[], &WORKSPACES[2..3]),
        _ => (&CLIENTS, &WORKSPACES),
    };
    let credentials: Vec<&String> = match reader {
        "ben" => world.credentials.iter().filter(|it| it.contains("-acme-")).collect(),
        "zoe" => Vec::new(),
        _ => world.credentials.iter().collect(),
    };
    let of_client = |client: &'static str| {
        move |event: &EventView| {
            event.subjects.iter().any(|it| match (it.kind, it.handle.as_deref()) {
                ("client", Some(handle)) => handle == client,
                ("workspace", Some(handle)) => handle.starts_with(client),
                ("credential", Some(handle)) => handle.split('-').nth(1) == Some(client),
                _ => false,
            })
        }
    };
    match dice.below(12) {
        0 if !credentials.is_empty() => {
            let handle = credentials[dice.below(credentials.len())].clone();
            (format!("credential:{handle}"), Box::new(about("credential", handle)))
        }
        1 => {
            let handle = dice.one(workspaces);
            (
                format!("workspace:{handle}"),
                Box::new(about("workspace", handle.to_owned())),
            )
        }
        2 if !clients.is_empty() => {
            let client = clients[dice.below(clients.len())];
            let client = CLIENTS.into_iter().find(|it| *it == client).unwrap();
            (format!("client:{client}"), Box::new(of_client(client)))
        }
        3 => {
            let service = dice.one(&SERVICES);
            let holds = move |event: &EventView| {
                let mut subjects = event.subjects.iter();
                subjects.any(|it| {
                    it.kind == "service" && it.id == service
                        || it.kind == "credential"
                            && it.handle.as_deref().is_some_and(|handle| handle.starts_with(service))
                })
            };
            (format!("service:{service}"), Box::new(holds))
        }
        4 => {
            let types = [
                "credential.rotated",
                "access.accessed",
                "workspace.variable_mapped",
                "credential.updated",
            ];
            let (a, b) = (dice.one(&types), dice.one(&types));
            (
                format!("type:{a},{b}"),
                Box::new(move |event| event.type_name == a || event.type_name == b),
            )
        }
        5 => (
            "type:credential".to_owned(),
            Box::new(|event| event.type_name.starts_with("credential.")),
        ),
        6 => {
            let environment = dice.one(&ENVIRONMENTS);
            let holds = move |event: &EventView| {
                let mut subjects = event.subjects.iter();
                subjects.any(|it| {
                    it.kind == "workspace" && it.handle.as_deref().is_some_and(|it| it.ends_with(environment))
                })
            };
            (format!("environment:{environment}"), Box::new(holds))
        }
        7 => {
            let source = dice.one(&SOURCES);
            (
                format!("source:{source}"),
                Box::new(move |event| event.source.as_deref() == Some(source)),
            )
        }
        8 => {
            let holds = |event: &EventView| {
                event
                    .source
                    .as_deref()
                    .is_some_and(|source| source.starts_with("192.0.2."))
            };
            ("source:192.0.2.0/24".to_owned(), Box::new(holds))
        }
        9 => {
            let parts = [
                ("laptop", "laptop"),
                ("QUARTERLY", "quarterly"),
                (r#""A \"quoted\"""#, "a \"quoted\""),
            ];
            let (part, plain) = parts[dice.below(parts.len())];
            let holds = move |event: &EventView| {
                let reason = event.reason.as_deref().unwrap_or_default();
                reason.to_lowercase().contains(plain)
            };
            (format!("reason:{part}"), Box::new(holds))
        }
        10 => {
            let request = format!("r-{}", dice.below(500));
            (
                format!("request:{request}"),
                Box::new(move |event| event.request_id == request),
            )
        }
        _ => {
            let head = world.ledger.view().head as usize;
            let (from, to) = (dice.below(head) as u64, dice.below(head) as u64);
            let holds = move |event: &EventView| (from..to).contains(&event.position);
            (format!("since:{from} until:{to}"), Box::new(holds))
        }
    }
}

#[tokio::test]
async fn every_filter_gives_what_a_plain_list_gives() {
    let mut world = World::new().await;
    let mut dice = Dice(TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    for round in 0..ROUNDS {
        for _ in 0..COMMANDS {
            world.act(&mut dice).await;
            // Windows end, so that most servings are records.
            let now = world.house.clock.now_us();
            world.house.clock.set_us(now + 120_000_000).unwrap();
        }
        if round == 5 {
            // Lists that were written, and lists that are read from the log again.
            world = world.opened_again();
        }
    }
    let head = world.ledger.view().head;
    assert!(head > 9_000, "{head} records: lists on disk are not read");
    for reader in ["mia", "ben", "zoe"] {
        // The ledger itself goes on counting what was served.
        let plain = world.all(reader, &format!("until:{head}"), false, 500);
        match reader {
            "mia" => assert_eq!(plain.len() as u64, head),
            _ => assert!(
                plain.len() > 100 && (plain.len() as u64) < head,
                "{reader} sees {}",
                plain.len()
            ),
        }
        let mut some = 0;
        for _ in 0..QUESTIONS {
            let clauses: Vec<Clause> = (0..=dice.below(2)).map(|_| clause(&world, &mut dice, reader)).collect();
            let negated: Vec<bool> = clauses
                .iter()
                .map(|(text, _)| !text.starts_with("since") && dice.below(4) == 0)
                .collect();
            let texts: Vec<String> = clauses
                .iter()
                .zip(&negated)
                .map(|((text, _), no)| format!("{}{text}", if *no { "-" } else { "" }))
                .collect();
            // Each record that is opened costs; somewhere in the log is enough.
            let from = dice.below(head as usize - SPAN) as u64;
            let within = from..from + SPAN as u64;
            let text = format!("{} position:{}..{}", texts.join(" "), within.start, within.end);
            let mut expected: Vec<u64> = plain
                .iter()
                .filter(|event| within.contains(&event.position))
                .filter(|event| clauses.iter().zip(&negated).all(|((_, holds), no)| holds(event) != *no))
                .map(|event| event.position)
                .collect();
            let newest_first = dice.below(2) == 0;
            if newest_first {
                expected.reverse();
            }
            let limit = 5 + dice.below(90);
            let found = world.all(reader, &text, newest_first, limit);
            let found: Vec<u64> = found.iter().map(|event| event.position).collect();
            assert_eq!(
                found, expected,
                "{reader}: {text} (newest first: {newest_first}, {limit} a page)"
            );
            some += usize::from(!expected.is_empty());
        }
        assert!(
            some >= QUESTIONS / 4,
            "{reader}: only {some} of {QUESTIONS} questions have answers"
        );
    }
    world.ledger.stop().unwrap();
}

#[tokio::test]
async fn the_past_is_what_a_fold_of_its_records_is() {
    let world = World::new().await;
    let mut dice = Dice(TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    for _ in 0..300 {
        world.act(&mut dice).await;
    }
    let caller = world.caller("mia");
    let head = world.ledger.view().head;
    for _ in 0..20 {
        let position = dice.below(head as usize) as u64;
        let then = world.ledger.view_as_of(&caller, Instant::Position(position)).unwrap();
        let folded = world.ledger.replay(position + 1, &mut |_| {}).unwrap();
        assert_eq!(then.head, position + 1);
        assert_eq!(then.state.last_recorded_at, folded.last_recorded_at);
        assert_eq!(then.state.credentials, folded.credentials, "as of {position}");
        // Of one credential from its own history, without the rest of the log.
        for handle in &world.credentials {
            let alone = world
                .ledger
                .credential_as_of(&caller, handle, Instant::Position(position))
                .unwrap();
            let id = alone.rights.names.credential_handles.get(handle.as_str()).unwrap();
            assert_eq!(
                alone.state.credentials.get(id),
                folded.credentials.get(id),
                "{handle} as of {position}"
            );
            assert_eq!((alone.head, alone.at), (then.head, then.at));
        }
        assert_eq!(then.state.installations, folded.installations, "as of {position}");
        assert_eq!(then.state.workspaces, folded.workspaces, "as of {position}");
        assert_eq!(then.state.principals, folded.principals, "as of {position}");
        // All that was recorded in that moment, and nothing later.
        let moment = world.ledger.event(&caller, position).unwrap().recorded_at;
        let by_time = world.ledger.view_as_of(&caller, Instant::Time(moment)).unwrap();
        assert!(by_time.head > position && by_time.state.last_recorded_at == moment);
        let next = world.ledger.event(&caller, by_time.head);
        assert!(next.is_err() || next.unwrap().recorded_at > moment);
    }
    let newest = world.ledger.view_as_of(&caller, Instant::Position(head - 1)).unwrap();
    assert_eq!(newest.head, head);
    assert!(world.ledger.view_as_of(&caller, Instant::Position(1 << 40)).is_err());
    assert!(world.ledger.view_as_of(&caller, Instant::Time(1)).is_err());
    world.ledger.stop().unwrap();
}

#[tokio::test]
async fn pages_stay_whole_while_others_write() {
    let world = World::new().await;
    let mut dice = Dice(TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    for _ in 0..200 {
        world.act(&mut dice).await;
    }
    let asked = "type:access.accessed,workspace,credential";
    let before = world.all("mia", asked, true, 500);
    let mut query = EventQuery {
        limit: 7,
        newest_first: true,
        filter: Filter::default(),
        ..EventQuery::default()
    };
    query.filter.text(asked).unwrap();
    let mut found = Vec::new();
    loop {
        let page = world.ledger.events(&world.caller("mia"), &query).unwrap();
        found.extend(page.items.into_iter().map(|event| event.position));
        query.cursor = page.next;
        if query.cursor.is_none() {
            break;
        }
        world.act(&mut dice).await;
    }
    let before: Vec<u64> = before.iter().map(|event| event.position).collect();
    assert_eq!(found, before, "what came in between is newer than the first page");
    world.ledger.stop().unwrap();
}

#[tokio::test]
async fn how_events_are_looked_for_is_said_before() {
    let world = World::new().await;
    let explained = |filter: &str| {
        let mut query = EventQuery {
            explain: true,
            ..EventQuery::default()
        };
        query.filter.text(filter).unwrap();
        let page = world.ledger.events(&world.caller("mia"), &query).unwrap();
        assert!(page.items.is_empty());
        page.explanation
    };
    let explanation = explained("type:credential environment:prod client:acme since:5");
    assert_eq!(explanation.indexed, ["type", "client"]);
    assert_eq!(
        (explanation.refined, explanation.full_scan),
        (vec!["environment"], false)
    );
    assert_eq!(explanation.range, 5..world.ledger.view().head);
    assert!(explained("environment:prod").full_scan);
    assert!(
        explained("-type:credential").full_scan,
        "what is not asked for is in no list"
    );
    assert!(!explained("").full_scan, "the newest records are simply read");
    world.ledger.stop().unwrap();
}
