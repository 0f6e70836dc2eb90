//! A ledger of plain values: decides, records, folds, keeps rows, as the engine does.

use std::collections::BTreeMap;
use strongroom_domain::command::{
    Change, Command, CreateCredential, FieldInput, RotateCredential, ShareCredential, TemplateInput, UpdateCredential,
};
use strongroom_domain::context::{Caller, Context, Duplicate, Ids};
use strongroom_domain::decide::{decide, needs_current_secret};
use strongroom_domain::event::{Envelope, Event, Recorded, Scope, Variable};
use strongroom_domain::evolve::{evolve, touched};
use strongroom_domain::ids::{ApprovalId, CorrelationId, EventId, LedgerId, PrincipalId, TimeUs};
use strongroom_domain::kinds::field_class;
use strongroom_domain::rejection::Rejection;
use strongroom_domain::secret::{Document, SecretFields, SecretPart, SecretText};
use strongroom_domain::state::{Credential, State, Workspace};
use strongroom_domain::stored;
use strongroom_domain::words::{Category, Effect, FieldClass, Kind, PrincipalKind, Role};

pub(crate) const NOW: TimeUs = 1_800_000_000_000_000;
pub(crate) const DAY: TimeUs = 24 * 60 * 60 * 1_000_000;

/// Counts, where the engine draws.
#[derive(Default)]
struct Counter(u64);

impl Ids for Counter {
    fn fresh(&mut self) -> [u8; 16] {
        self.0 += 1;
        let mut id = [0xee; 16];
        id[8..].copy_from_slice(&self.0.to_be_bytes());
        id
    }
}

/// A ledger in memory.
pub(crate) struct World {
    pub(crate) state: State,
    pub(crate) log: Vec<Recorded>,
    pub(crate) secrets: BTreeMap<u64, SecretPart>,
    pub(crate) now: TimeUs,
    pub(crate) caller: Caller,
    pub(crate) reason: Option<String>,
    pub(crate) if_match: Option<u64>,
    pub(crate) duplicates: Vec<Duplicate>,
    pub(crate) approvals: Vec<ApprovalId>,
    /// The piece of work that what follows belongs to.
    pub(crate) work: u8,
    /// Where requests come from.
    pub(crate) source: Option<String>,
    rows: BTreeMap<Vec<u8>, Vec<u8>>,
    ids: Counter,
}

impl World {
    /// Nothing at all.
    pub(crate) fn empty() -> Self {
        Self {
            state: State::default(),
            log: Vec::new(),
            secrets: BTreeMap::new(),
            now: NOW,
            caller: Caller::SYSTEM,
            reason: None,
            if_match: None,
            duplicates: Vec::new(),
            approvals: Vec::new(),
            work: 7,
            source: None,
            rows: BTreeMap::new(),
            ids: Counter::default(),
        }
    }

    /// A ledger with the owner `root`, who asks from now on.
    pub(crate) fn new() -> Self {
        let mut world = Self::empty();
        world.ok(initialize(false));
        world.act_as("root")
    }

    /// Clients `a` and `b`, a workspace for each (`wa`, `wb`), one without client (`w`), and the template `sync` with
    /// the variable SHOP for Shopify, admitted in all three.
    pub(crate) fn agency() -> Self {
        let mut world = Self::new();
        for client in ["a", "b"] {
            world.ok(client_named(client));
            world.ok(workspace_named(&format!("w{client}"), Some(client)));
        }
        world.ok(workspace_named("w", None));
        world.ok(template_named("sync", vec![variable("SHOP", "shopify")]));
        for workspace in ["wa", "wb", "w"] {
            world.ok(admit(workspace, "sync", None));
        }
        world
    }

    /// From now on this principal asks, without a token.
    pub(crate) fn act_as(mut self, handle: &str) -> Self {
        self.become_(handle);
        self
    }

    pub(crate) fn become_(&mut self, handle: &str) {
        self.caller = Caller {
            principal: self.principal(handle),
            token: None,
            on_behalf_of: None,
        };
    }

    /// Makes a principal with one grant; `workspaces` empty is the whole ledger.
    pub(crate) fn person(&mut self, name: &str, role: Role, workspaces: &[&str]) {
        self.ok(person(name));
        let scope = self.scope(workspaces);
        self.ok(grant(name, role, scope, Effect::Allow));
    }

    pub(crate) fn scope(&self, workspaces: &[&str]) -> Scope {
        let workspaces: Vec<_> = workspaces.iter().map(|handle| self.workspace(handle).id).collect();
        Scope {
            all: workspaces.is_empty(),
            workspaces,
            ..Scope::default()
        }
    }

    pub(crate) fn principal(&self, handle: &str) -> PrincipalId {
        *self.state.names.principal_handles.get(handle).unwrap()
    }

    pub(crate) fn credential(&self, handle: &str) -> &Credential {
        &self.state.credentials[self.state.names.credential_handles.get(handle).unwrap()]
    }

    pub(crate) fn workspace(&self, handle: &str) -> &Workspace {
        &self.state.workspaces[self.state.names.workspace_handles.get(handle).unwrap()]
    }

    /// The values that a version serves.
    pub(crate) fn values(&self, handle: &str, version: u32) -> Vec<(String, String)> {
        let at = self.credential(handle).version_fact(version).unwrap().values_at;
        let SecretPart::Fields(fields) = &self.secrets[&at] else {
            panic!("no fields at {at}")
        };
        fields
            .0
            .iter()
            .map(|(name, value)| (name.clone(), value.expose().to_owned()))
            .collect()
    }

    /// Decides and records, as the engine does; what was recorded has been through its stored form.
    pub(crate) fn run(&mut self, command: Command) -> Result<Vec<Event>, Rejection> {
        let needed = needs_current_secret(&self.state, &command);
        let current: Option<SecretFields> = needed.map(|(id, version)| {
            let at = self.state.credentials[&id].version_fact(version).unwrap().values_at;
            let part = stored::encode_secret(&self.secrets[&at]);
            stored::decode_fields(&part).unwrap()
        });
        let mut ctx = Context {
            now: self.now,
            caller: self.caller,
            ids: &mut self.ids,
            reason: self.reason.as_deref(),
            if_match: self.if_match,
            approvals: &self.approvals,
            current_secret: current.as_ref(),
            duplicates: &self.duplicates,
        };
        let decision = decide(&self.state, command, &mut ctx)?;
        let mut events = Vec::new();
        for new in decision.events {
            let position = self.log.len() as u64;
            let envelope = self.envelope(decision.grant);
            let bytes = stored::encode(&envelope, &new.event);
            let (code, schema) = (stored::type_code(&new.event), stored::schema_version(&new.event));
            assert_eq!(
                stored::decode(code, schema, &bytes).unwrap(),
                (envelope.clone(), new.event.clone())
            );
            let recorded = Recorded {
                position,
                recorded_at: self.now,
                event_id: EventId([position as u8; 16]),
                stream: new.stream,
                stream_version: self.state.stream_version(&new.stream) + 1,
                secret_key_id: new.secret.as_ref().map(|_| new.stream.id),
                envelope,
                event: new.event,
            };
            self.secrets.extend(new.secret.map(|part| (position, part)));
            evolve(&mut self.state, &recorded);
            for key in touched(&recorded) {
                self.rows
                    .insert(key.to_bytes(), self.state.row(&key).expect("what was touched is there"));
            }
            events.push(recorded.event.clone());
            self.log.push(recorded);
        }
        Ok(events)
    }

    #[track_caller]
    pub(crate) fn ok(&mut self, command: Command) -> Vec<Event> {
        let asked = format!("{command:?}");
        match self.run(command) {
            Ok(events) => events,
            Err(rejection) => panic!("{asked} was refused: {rejection:?}"),
        }
    }

    /// Decides a command that must come to exactly one event, of this name.
    #[track_caller]
    pub(crate) fn event(&mut self, command: Command, name: &str) -> Event {
        let mut events = self.ok(command);
        assert_eq!(events.iter().map(Event::name).collect::<Vec<_>>(), [name]);
        events.remove(0)
    }

    #[track_caller]
    pub(crate) fn unchanged(&mut self, command: Command) {
        let asked = format!("{command:?}");
        assert_eq!(self.ok(command), [], "{asked} changes nothing");
    }

    #[track_caller]
    pub(crate) fn refused(&mut self, command: Command, kind: &str) -> Rejection {
        let asked = format!("{command:?}");
        let before = self.log.len();
        match self.run(command) {
            Ok(events) => panic!("{asked} came to {events:?}"),
            Err(rejection) => {
                assert_eq!(rejection.kind(), kind, "{asked}: {rejection:?}");
                assert_eq!(self.log.len(), before);
                rejection
            }
        }
    }

    /// The live state, the fold of all events and the state loaded from rows are the same.
    #[track_caller]
    pub(crate) fn check(&self) {
        let mut fold = State::default();
        self.log.iter().for_each(|recorded| evolve(&mut fold, recorded));
        assert_eq!(fold.first_difference(&self.state), None, "the fold differs");

        let keys: Vec<_> = self.state.entities().map(|key| key.to_bytes()).collect();
        assert!(keys.is_sorted(), "entities come in the order of their keys");
        assert_eq!(
            keys,
            self.rows.keys().cloned().collect::<Vec<_>>(),
            "each entity is one row"
        );
        let mut loaded = State::default();
        for (key, row) in &self.rows {
            loaded.load_row(key, row).unwrap();
        }
        assert_eq!(loaded.first_difference(&self.state), None, "the rows differ");
        assert_eq!(
            derived(&loaded),
            derived(&self.state),
            "what is derived from rows differs"
        );
    }

    fn envelope(&self, grant: Option<strongroom_domain::ids::GrantId>) -> Envelope {
        Envelope {
            actor: self.caller.principal,
            on_behalf_of: self.caller.on_behalf_of,
            token: self.caller.token,
            grant,
            reason: self.reason.clone(),
            correlation: CorrelationId([self.work; 16]),
            causation: None,
            request_id: String::new(),
            source: self.source.clone(),
            user_agent: None,
            idempotency: None,
        }
    }
}

/// What is in no row, in a fixed order.
fn derived(state: &State) -> Vec<String> {
    let names = &state.names;
    let mut lines: Vec<String> = Vec::new();
    lines.extend(names.credential_handles.iter().map(|it| format!("{it:?}")));
    lines.extend(names.credential_skeletons.iter().map(|it| format!("{it:?}")));
    lines.extend(names.client_handles.iter().map(|it| format!("{it:?}")));
    lines.extend(names.client_skeletons.iter().map(|it| format!("{it:?}")));
    lines.extend(names.workspace_handles.iter().map(|it| format!("{it:?}")));
    lines.extend(names.workspace_skeletons.iter().map(|it| format!("{it:?}")));
    lines.extend(names.template_handles.iter().map(|it| format!("{it:?}")));
    lines.extend(names.template_skeletons.iter().map(|it| format!("{it:?}")));
    lines.extend(names.principal_handles.iter().map(|it| format!("{it:?}")));
    lines.extend(names.principal_skeletons.iter().map(|it| format!("{it:?}")));
    lines.extend(state.tokens.iter().map(|it| format!("{it:?}")));
    lines.extend(state.graces.iter().map(|it| format!("{it:?}")));
    lines.extend(state.sources.iter().map(|it| format!("{it:?}")));
    lines.extend(state.default_keys.iter().map(|it| format!("{it:?}")));
    lines.sort();
    lines
}

pub(crate) fn initialize(owners_only: bool) -> Command {
    Command::Initialize {
        ledger: LedgerId([0xaa; 16]),
        name: "test.example".to_owned(),
        dev: false,
        owner_name: "root".to_owned(),
        token_hash: [1; 32],
        token_expires_at: None,
        owners_only,
    }
}

/// A field as the catalogue classifies it: as its kind says, else secret.
pub(crate) fn field(kind: Kind, name: &str, value: &str) -> FieldInput {
    classed(name, value, field_class(kind, name).unwrap_or(FieldClass::Secret))
}

pub(crate) fn classed(name: &str, value: &str, class: FieldClass) -> FieldInput {
    FieldInput {
        name: name.to_owned(),
        value: SecretText::new(value.to_owned()),
        class,
        json: false,
    }
}

pub(crate) fn credential(name: &str, kind: Kind, fields: &[(&str, &str)]) -> CreateCredential {
    CreateCredential {
        name: name.to_owned(),
        handle: None,
        service: "shopify".to_owned(),
        kind,
        fields: fields.iter().map(|(name, value)| field(kind, name, value)).collect(),
        description: String::new(),
        tags: Vec::new(),
        settings: Vec::new(),
        client: None,
        steward: None,
        expires_at: None,
        rotation: None,
        source: None,
        app: None,
        scopes: Vec::new(),
        accept_duplicate: false,
    }
}

/// An API key for Shopify.
pub(crate) fn key(name: &str) -> CreateCredential {
    credential(name, Kind::ApiKey, &[("api_key", "first")])
}

/// An API key of a client.
pub(crate) fn key_of(name: &str, client: &str) -> Command {
    create(CreateCredential {
        client: Some(client.to_owned()),
        ..key(name)
    })
}

/// OAuth client credentials, sent to `token_url`.
pub(crate) fn oauth(name: &str) -> CreateCredential {
    let fields = [
        ("client_id", "id"),
        ("client_secret", "first"),
        ("token_url", "https://shop.example/token"),
    ];
    credential(name, Kind::ClientCredentials, &fields)
}

pub(crate) fn create(input: CreateCredential) -> Command {
    Command::CreateCredential(Box::new(input))
}

pub(crate) fn update(credential: &str, apply: impl FnOnce(&mut UpdateCredential)) -> Command {
    let mut input = UpdateCredential {
        credential: credential.to_owned(),
        ..UpdateCredential::default()
    };
    apply(&mut input);
    Command::UpdateCredential(Box::new(input))
}

pub(crate) fn rename(credential: &str, name: &str) -> Command {
    update(credential, |input| input.name = Some(name.to_owned()))
}

pub(crate) fn move_to(credential: &str, client: Option<&str>) -> Command {
    update(credential, |input| {
        input.client = client.map_or(Change::Clear, |client| Change::Set(client.to_owned()))
    })
}

pub(crate) fn rotation(credential: &str, fields: Vec<FieldInput>) -> RotateCredential {
    RotateCredential {
        credential: credential.to_owned(),
        fields,
        grace_days: None,
        until_moved: false,
        expires_at: None,
        source: None,
        accept_duplicate: false,
    }
}

pub(crate) fn rotate(credential: &str, fields: &[(&str, &str)]) -> Command {
    let fields = fields
        .iter()
        .map(|(name, value)| classed(name, value, FieldClass::Secret))
        .collect();
    Command::RotateCredential(Box::new(rotation(credential, fields)))
}

pub(crate) fn rollback(credential: &str, version: u32) -> Command {
    Command::RollbackCredential {
        credential: credential.to_owned(),
        version,
    }
}

pub(crate) fn disable(credential: &str) -> Command {
    Command::DisableCredential {
        credential: credential.to_owned(),
    }
}

pub(crate) fn enable(credential: &str) -> Command {
    Command::EnableCredential {
        credential: credential.to_owned(),
    }
}

pub(crate) fn revoke(credential: &str) -> Command {
    Command::RevokeCredential {
        credential: credential.to_owned(),
    }
}

pub(crate) fn sharing(credential: &str, all: bool, clients: &[&str], workspaces: &[&str]) -> ShareCredential {
    let texts = |refs: &[&str]| refs.iter().map(|it| (*it).to_owned()).collect();
    ShareCredential {
        credential: credential.to_owned(),
        all,
        clients: texts(clients),
        workspaces: texts(workspaces),
    }
}

pub(crate) fn client_named(name: &str) -> Command {
    Command::CreateClient {
        name: name.to_owned(),
        handle: None,
        description: String::new(),
    }
}

pub(crate) fn workspace_named(name: &str, client: Option<&str>) -> Command {
    Command::CreateWorkspace {
        name: name.to_owned(),
        handle: None,
        client: client.map(str::to_owned),
        environment: "prod".to_owned(),
        description: String::new(),
    }
}

pub(crate) fn variable(name: &str, service: &str) -> Variable {
    Variable {
        name: name.to_owned(),
        service: service.to_owned(),
        kinds: Vec::new(),
        scopes: Vec::new(),
        required: true,
        description: String::new(),
        foreign_type: None,
    }
}

pub(crate) fn template_input(variables: Vec<Variable>) -> TemplateInput {
    let bytes = format!("{variables:?}").into_bytes();
    let mut digest = [0_u8; 32];
    // No digest, but one that differs where the variables do.
    bytes
        .iter()
        .enumerate()
        .for_each(|(at, byte)| digest[at % 32] = digest[at % 32].wrapping_mul(31) ^ *byte);
    TemplateInput {
        format: "strongroom".to_owned(),
        variables,
        document: Document {
            bytes,
            ..Document::default()
        },
        digest,
        hardcoded_accepted: Vec::new(),
        unsure: Vec::new(),
        source: None,
    }
}

pub(crate) fn template_named(name: &str, variables: Vec<Variable>) -> Command {
    let input = Box::new(template_input(variables));
    Command::RegisterTemplate {
        name: name.to_owned(),
        handle: None,
        description: String::new(),
        input,
    }
}

pub(crate) fn revise(template: &str, based_on: u32, variables: Vec<Variable>) -> Command {
    Command::ReviseTemplate {
        template: template.to_owned(),
        based_on,
        input: Box::new(template_input(variables)),
    }
}

pub(crate) fn admit(workspace: &str, template: &str, revision: Option<u32>) -> Command {
    Command::AdmitTemplate {
        workspace: workspace.to_owned(),
        template: template.to_owned(),
        revision,
    }
}

/// Maps SHOP of `sync`.
pub(crate) fn map(workspace: &str, instance: Option<&str>, credential: &str) -> Command {
    Command::MapVariable {
        workspace: workspace.to_owned(),
        template: "sync".to_owned(),
        variable: "SHOP".to_owned(),
        instance: instance.map(str::to_owned),
        credential: credential.to_owned(),
    }
}

pub(crate) fn unmap(workspace: &str, instance: Option<&str>) -> Command {
    Command::UnmapVariable {
        workspace: workspace.to_owned(),
        template: "sync".to_owned(),
        variable: "SHOP".to_owned(),
        instance: instance.map(str::to_owned),
    }
}

pub(crate) fn default(workspace: Option<&str>, kind: Kind, credential: &str) -> Command {
    Command::SetDefault {
        workspace: workspace.map(str::to_owned),
        service: "shopify".to_owned(),
        kind,
        credential: credential.to_owned(),
    }
}

pub(crate) fn person(name: &str) -> Command {
    Command::CreatePrincipal {
        name: name.to_owned(),
        handle: None,
        kind: PrincipalKind::Person,
    }
}

pub(crate) fn grant(principal: &str, role: Role, scope: Scope, effect: Effect) -> Command {
    Command::Grant {
        principal: principal.to_owned(),
        role,
        scope,
        effect,
        from: None,
        until: None,
    }
}

pub(crate) fn token(principal: &str, hash: u8) -> Command {
    Command::IssueToken {
        principal: principal.to_owned(),
        hash: [hash; 32],
        label: "test".to_owned(),
        expires_at: None,
    }
}

/// The stream categories of a log, for tests of what lies where.
pub(crate) fn categories(world: &World) -> Vec<Category> {
    world.log.iter().map(|recorded| recorded.stream.category).collect()
}
