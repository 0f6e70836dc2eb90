//! What belongs to an incident, and what is to be done about it.
//!
//! An incident names suspects and a time. What they did, what was done to them, and what is done about it since then is its
//! timeline; steps follow from the timeline and from what holds now, so that a step that somebody has done otherwise is done.

use crate::event::{Event, Recorded, Subject, Suspects};
use crate::ids::{
    CorrelationId, CredentialId, CredentialVersion, GrantId, Position, PrincipalId, TimeUs, TokenId, WebhookId,
};
use crate::limits::ACCESS_WINDOW_US_MAX;
use crate::plan::{self, Touched, Wish};
use crate::rights::Visible;
use crate::state::{Credential, Incident, Principal, State, WebhookStatus};
use crate::words::CredentialStatus;
use ipnet::IpNet;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

/// What tells whether an event belongs to an incident.
#[derive(Debug, Clone)]
pub struct Watched {
    since: TimeUs,
    end: Option<Position>,
    correlation: CorrelationId,
    suspects: Suspects,
    networks: Vec<IpNet>,
    /// Tokens and identities that suspects made, and what those made; each with whose it is.
    made: BTreeMap<TokenId, PrincipalId>,
    /// Principals that suspects made.
    made_principals: BTreeSet<PrincipalId>,
}

impl Watched {
    /// Of an incident.
    #[must_use]
    pub fn of(incident: &Incident) -> Self {
        Self {
            since: incident.since,
            end: incident.closed.map(|(_, _, position)| position),
            correlation: incident.correlation,
            suspects: incident.suspects.clone(),
            networks: incident
                .suspects
                .sources
                .iter()
                .filter_map(|it| it.parse().ok())
                .collect(),
            made: BTreeMap::new(),
            made_principals: BTreeSet::new(),
        }
    }

    /// Takes account of what lets in whom a suspect chose: a token, an identity, a principal. What is done with it is a suspect's act,
    /// too. Events come in log order.
    pub fn note_made(&mut self, recorded: &Recorded) {
        if !self.holds(recorded) || !self.acted(recorded) {
            return;
        }
        let of = PrincipalId(recorded.stream.id);
        match &recorded.event {
            Event::TokenIssued(data) => drop(self.made.insert(data.token, of)),
            Event::IdentityBound(data) => drop(self.made.insert(data.identity, of)),
            Event::PrincipalCreated(_) => drop(self.made_principals.insert(of)),
            _ => {}
        }
    }

    /// Whose acts may be by what suspects made.
    pub fn made_for(&self) -> impl Iterator<Item = PrincipalId> + '_ {
        self.made.values().chain(&self.made_principals).copied()
    }

    /// From when on records may belong to it: a serving covers what was served again within its window.
    #[must_use]
    pub fn looked_at_from(&self) -> TimeUs {
        self.since.saturating_sub(ACCESS_WINDOW_US_MAX)
    }

    /// When nothing more belongs to it.
    #[must_use]
    pub fn end(&self) -> Option<Position> {
        self.end
    }

    /// From when on.
    #[must_use]
    pub fn since(&self) -> TimeUs {
        self.since
    }

    /// What ties to it what is done about it.
    #[must_use]
    pub fn correlation(&self) -> CorrelationId {
        self.correlation
    }

    /// Who and what is suspected.
    #[must_use]
    pub fn suspects(&self) -> &Suspects {
        &self.suspects
    }

    /// The addresses and networks that are suspected.
    #[must_use]
    pub fn networks(&self) -> &[IpNet] {
        &self.networks
    }

    /// Whether an event is what is done about it.
    #[must_use]
    pub fn answers(&self, recorded: &Recorded) -> bool {
        recorded.envelope.correlation == self.correlation
    }

    /// Whether an event belongs to it: a suspect's act, what concerns one, or what is done about it.
    #[must_use]
    pub fn holds(&self, recorded: &Recorded) -> bool {
        let within = recorded.recorded_at >= self.since || self.reaches_into(recorded);
        self.answers(recorded)
            || within
                && self.end.is_none_or(|end| recorded.position < end)
                && (self.acted(recorded) || recorded.concerns().iter().any(|it| self.suspects_subject(it)))
    }

    /// Whether a serving of before covers what was served again since.
    fn reaches_into(&self, recorded: &Recorded) -> bool {
        match &recorded.event {
            Event::Accessed(data) => data.window_until.is_some_and(|until| until > self.since),
            _ => false,
        }
    }

    /// Whether a suspect did it.
    #[must_use]
    pub fn acted(&self, recorded: &Recorded) -> bool {
        let envelope = &recorded.envelope;
        let suspects = &self.suspects;
        suspects.principals.contains(&envelope.actor)
            || envelope
                .on_behalf_of
                .is_some_and(|it| suspects.principals.contains(&it))
            || envelope
                .token
                .is_some_and(|it| suspects.tokens.contains(&it) || self.made.contains_key(&it))
            || self.made_principals.contains(&envelope.actor)
            || self.came_from(recorded)
    }

    /// Whether it was asked for from a suspected address.
    fn came_from(&self, recorded: &Recorded) -> bool {
        let address = recorded
            .envelope
            .source
            .as_deref()
            .filter(|_| !self.networks.is_empty());
        let address = address.and_then(|text| text.parse::<IpAddr>().ok());
        address.is_some_and(|address| self.networks.iter().any(|network| network.contains(&address)))
    }

    fn suspects_subject(&self, subject: &Subject) -> bool {
        match subject {
            Subject::Credential(id) => self.suspects.credentials.contains(id),
            Subject::Principal(id) => self.suspects.principals.contains(id),
            Subject::Client(_) | Subject::Workspace(_) | Subject::Template(_) | Subject::Service(_) => false,
        }
    }
}

/// What the timeline of an incident comes to.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Events of the timeline.
    pub events: u64,
    /// Of them, what suspects did.
    pub acts: u64,
    /// When the first was recorded.
    pub first_at: Option<TimeUs>,
    /// When the last was.
    pub last_at: Option<TimeUs>,
    /// Credentials whose values suspects were served, saw or entered, with the newest such version.
    pub known: BTreeMap<CredentialId, CredentialVersion>,
    /// Tokens that were used from suspected addresses.
    pub used: BTreeSet<TokenId>,
    /// Tokens and identities that suspects made.
    pub tokens: BTreeSet<TokenId>,
    /// Grants that suspects gave, and to whom.
    pub grants: BTreeSet<(PrincipalId, GrantId)>,
    /// Principals that suspects made.
    pub principals: BTreeSet<PrincipalId>,
    /// Webhooks that suspects made, changed or resumed.
    pub webhooks: BTreeSet<WebhookId>,
    /// Pieces of work of suspects that may be undone, the newest first.
    pub works: Vec<(CorrelationId, Vec<Arc<Recorded>>)>,
}

impl Facts {
    /// Takes an event of the timeline into account; they come newest first.
    pub fn note(&mut self, watched: &Watched, recorded: &Recorded) {
        self.events += 1;
        self.first_at = Some(recorded.recorded_at);
        self.last_at = self.last_at.or(Some(recorded.recorded_at));
        // Also what a suspect ties to the incident: nothing is hidden by calling it a repair.
        if !watched.acted(recorded) {
            return;
        }
        self.acts += 1;
        if watched.came_from(recorded) {
            self.used.extend(recorded.envelope.token);
        }
        let (principal, credential) = (PrincipalId(recorded.stream.id), CredentialId(recorded.stream.id));
        match &recorded.event {
            Event::Accessed(data) => {
                for it in &data.served {
                    self.knows(it.credential, it.version);
                }
            }
            Event::Revealed(data) => self.knows(data.credential, data.version),
            Event::CredentialCreated(_) => self.knows(credential, 1),
            Event::CredentialRotated(data) => self.knows(credential, data.version),
            Event::TokenIssued(data) if data.run.is_none() => {
                self.tokens.insert(data.token);
            }
            Event::IdentityBound(data) => {
                self.tokens.insert(data.identity);
            }
            Event::Granted(data) => {
                self.grants.insert((principal, data.grant));
            }
            Event::PrincipalCreated(_) => {
                self.principals.insert(principal);
            }
            Event::WebhookCreated(_) | Event::WebhookUpdated(_) | Event::WebhookResumed(_) => {
                self.webhooks.insert(WebhookId(recorded.stream.id));
            }
            _ => {}
        }
        if is_undoable(&Touched::of(recorded)) {
            self.worked(recorded);
        }
    }

    fn knows(&mut self, credential: CredentialId, version: CredentialVersion) {
        let known = self.known.entry(credential).or_insert(version);
        *known = (*known).max(version);
    }

    fn worked(&mut self, recorded: &Recorded) {
        let of = recorded.envelope.correlation;
        let recorded = Arc::new(recorded.clone());
        // Undoing reads events in log order.
        match self.works.iter_mut().find(|(it, _)| *it == of) {
            Some((_, events)) => events.insert(0, recorded),
            None => self.works.push((of, vec![recorded])),
        }
    }
}

fn is_undoable(touched: &Touched) -> bool {
    match touched {
        Touched::Mapping { .. }
        | Touched::Default { .. }
        | Touched::Admission { .. }
        | Touched::Reach { .. }
        | Touched::Steward { .. } => true,
        Touched::Credential { .. }
        | Touched::Token { .. }
        | Touched::Grant { .. }
        | Touched::Disabled { .. }
        | Touched::Other(_) => false,
    }
}

/// What a step does, in the order in which steps are done: first nobody gets in, then what is known is worthless, then what was
/// changed is put back, then those who answer for it hear of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StepKind {
    /// Revokes a token.
    RevokeToken,
    /// Takes an identity back.
    Unbind,
    /// Withdraws a grant.
    Withdraw,
    /// Pauses a webhook.
    PauseWebhook,
    /// Disables a principal.
    Disable,
    /// Rotates a credential.
    Rotate,
    /// Undoes a piece of work.
    Undo,
    /// Tells a steward.
    Tell,
}

impl StepKind {
    /// Stable word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RevokeToken => "revoke-token",
            Self::Unbind => "unbind",
            Self::Withdraw => "withdraw",
            Self::PauseWebhook => "pause-webhook",
            Self::Disable => "disable",
            Self::Rotate => "rotate",
            Self::Undo => "undo",
            Self::Tell => "tell",
        }
    }
}

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StepState {
    /// It is to be done.
    Open,
    /// It holds already, whoever did it.
    Done,
    /// Somebody decided to leave it out.
    Skipped,
}

impl StepState {
    /// Stable word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Done => "done",
            Self::Skipped => "skipped",
        }
    }
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What it does.
    pub kind: StepKind,
    /// Its kind and an id: names it for ever.
    pub key: String,
    /// The same with a handle, for people.
    pub name: String,
    /// What it is about, for people.
    pub about: String,
    /// Why it is proposed, for people.
    pub why: String,
    /// Where it stands.
    pub state: StepState,
    /// The words of the command that does it, without the program's name and options of all commands.
    pub command: Vec<String>,
    /// Of telling: of which credentials.
    pub credentials: Vec<CredentialId>,
}

/// The steps of an incident, in order.
#[must_use]
pub fn steps(state: &State, visible: &Visible<'_>, incident: &Incident, facts: &Facts, now: TimeUs) -> Vec<Step> {
    let mut desk = Desk {
        state,
        incident,
        now,
        steps: Vec::new(),
    };
    desk.ways_in(facts);
    desk.given(facts);
    desk.people(facts);
    let exposed = desk.exposed(facts);
    desk.put_back(visible, facts);
    desk.stewards(&exposed);
    // Work is undone from the newest on; all else is found by its name.
    let name = |step: &Step| (step.kind != StepKind::Undo).then(|| step.name.clone());
    desk.steps.sort_by_cached_key(|step| (step.kind, name(step)));
    desk.steps
}

struct Desk<'a> {
    state: &'a State,
    incident: &'a Incident,
    now: TimeUs,
    steps: Vec<Step>,
}

impl<'a> Desk<'a> {
    /// Adds a step; of its name, `id` is for ever and `name` for people.
    fn step(
        &mut self,
        kind: StepKind,
        (id, name): (&str, &str),
        about: String,
        why: &str,
        done: bool,
        command: &[&str],
    ) {
        let key = format!("{}:{id}", kind.as_str());
        let skipped = self.incident.skipped.iter().any(|it| it.step == key);
        self.steps.push(Step {
            kind,
            name: format!("{}:{name}", kind.as_str()),
            about,
            why: why.to_owned(),
            state: match (done, skipped) {
                (true, _) => StepState::Done,
                (false, true) => StepState::Skipped,
                (false, false) => StepState::Open,
            },
            command: command.iter().map(|word| (*word).to_owned()).collect(),
            key,
            credentials: Vec::new(),
        });
    }

    fn is_suspect(&self, principal: PrincipalId) -> bool {
        self.incident.suspects.principals.contains(&principal)
    }

    /// Tokens and identities of suspects, those that are suspected themselves, and what suspects made or used.
    fn ways_in(&mut self, facts: &Facts) {
        let state = self.state;
        for principal in state.principals.values() {
            let suspect = self.is_suspect(principal.id);
            let why = |id: TokenId| {
                if self.incident.suspects.tokens.contains(&id) {
                    Some("it is suspected")
                } else if facts.tokens.contains(&id) {
                    Some("a suspect made it")
                } else if facts.used.contains(&id) {
                    Some("it was used from a suspected address")
                } else {
                    suspect.then_some("it is a suspect's")
                }
            };
            // A run's token ends with the one that it was issued by.
            let tokens = principal.tokens.iter().filter(|it| it.run.is_none());
            let tokens: Vec<_> = tokens
                .filter(|it| it.revoked_at.is_none_or(|at| at >= self.incident.since))
                .filter(|it| it.revoked_at.is_some() || it.expires_at.is_none_or(|end| end > self.now))
                .filter_map(|it| why(it.id).map(|why| (it.id, it.label.clone(), it.revoked_at.is_some(), why)))
                .collect();
            let identities = principal.identities.iter();
            let identities: Vec<_> = identities
                .filter(|it| it.unbound_at.is_none_or(|at| at >= self.incident.since))
                .filter_map(|it| {
                    let id = it.bound.identity;
                    why(id).map(|why| (id, it.bound.label.clone(), it.unbound_at.is_some(), why))
                })
                .collect();
            for (id, label, done, why) in tokens {
                let (id, about) = (id.to_string(), way_of("token", &label, principal));
                self.step(
                    StepKind::RevokeToken,
                    (&id, &id),
                    about,
                    why,
                    done,
                    &["token", "revoke", &id],
                );
            }
            for (id, label, done, why) in identities {
                let (id, about) = (id.to_string(), way_of("identity", &label, principal));
                self.step(
                    StepKind::Unbind,
                    (&id, &id),
                    about,
                    why,
                    done,
                    &["identity", "unbind", &id],
                );
            }
        }
    }

    /// Grants that suspects gave, webhooks that tell what suspects chose.
    fn given(&mut self, facts: &Facts) {
        let state = self.state;
        for (holder, grant) in &facts.grants {
            let Some(principal) = state.principals.get(holder) else {
                continue;
            };
            let Some(fact) = principal.grants.iter().find(|it| it.granted.grant == *grant) else {
                continue;
            };
            let ended = fact.granted.until.is_some_and(|end| end <= self.now);
            let done = fact.withdrawn_at.is_some() || ended;
            let id = grant.to_string();
            let about = format!("{} of {}", fact.granted.role.as_str(), principal.handle);
            let command = ["grant", "withdraw", &principal.handle, &id];
            self.step(
                StepKind::Withdraw,
                (&id, &id),
                about,
                "a suspect gave it",
                done,
                &command,
            );
        }
        for id in &facts.webhooks {
            let Some(webhook) = state.webhooks.get(id) else {
                continue;
            };
            let done = webhook.status != WebhookStatus::Active;
            let why = "a suspect made or changed it: it tells of what happens here";
            let (about, command) = (webhook.aim.url.clone(), ["webhook", "pause", &webhook.handle]);
            self.step(
                StepKind::PauseWebhook,
                (&id.to_string(), &webhook.handle),
                about,
                why,
                done,
                &command,
            );
        }
    }

    /// Suspects, and whom they made.
    fn people(&mut self, facts: &Facts) {
        let state = self.state;
        for principal in state.principals.values() {
            let why = match (self.is_suspect(principal.id), facts.principals.contains(&principal.id)) {
                (true, _) => "is suspected",
                (false, true) => "was made by a suspect",
                (false, false) => continue,
            };
            let (id, handle) = (principal.id.to_string(), principal.handle.as_str());
            let command = ["principal", "disable", handle];
            let about = principal.name.clone();
            self.step(
                StepKind::Disable,
                (&id, handle),
                about,
                why,
                principal.disabled,
                &command,
            );
        }
    }

    /// What suspects know, and what is suspected to be known.
    fn exposed(&mut self, facts: &Facts) -> Vec<&'a Credential> {
        let state = self.state;
        let suspected = self.incident.suspects.credentials.iter();
        let ids: BTreeSet<CredentialId> = facts.known.keys().chain(suspected).copied().collect();
        let mut exposed = Vec::new();
        for credential in ids.iter().filter_map(|id| state.credentials.get(id)) {
            let suspected = self.incident.suspects.credentials.contains(&credential.id);
            let known = facts.known.get(&credential.id).copied();
            let before = |version: CredentialVersion| {
                let fact = credential.version_fact(version);
                fact.is_some_and(|it| it.entered_at < self.incident.head.created_at)
            };
            // Of what is suspected to be known, every version that there was when somebody said so.
            let newest = known.max(
                suspected
                    .then(|| (1..=credential.version()).rev().find(|it| before(*it)))
                    .flatten(),
            );
            let gone = matches!(
                credential.status,
                CredentialStatus::Revoked | CredentialStatus::Shredded
            );
            let done = gone || newest.is_some_and(|version| !credential.still_has_values_of(version));
            let why = match known {
                Some(version) => format!("a suspect knows version {version}"),
                None => "it is suspected to be known".to_owned(),
            };
            let (id, handle) = (credential.id.to_string(), credential.handle.as_str());
            let about = format!("{}, {}", credential.name, credential.service);
            self.step(
                StepKind::Rotate,
                (&id, handle),
                about,
                &why,
                done,
                &["credential", "rotate", handle],
            );
            exposed.push(credential.as_ref());
        }
        exposed
    }

    /// What suspects changed and what can be changed back, the newest first.
    fn put_back(&mut self, visible: &Visible<'_>, facts: &Facts) {
        let mut newer_open = false;
        for (work, events) in &facts.works {
            let wish = Wish::Undo { events: events.clone() };
            let lines = plan::plan(self.state, visible, &wish, self.now).map(|plan| plan.lines);
            let lines = lines.unwrap_or_default();
            let any = |test: fn(&plan::Step) -> bool| lines.iter().any(|line| test(&line.step));
            let todo = any(|step| matches!(step, plan::Step::Do(_)));
            // What a newer piece of work changed over is to be changed back when that one has been.
            let behind = any(|step| matches!(step, plan::Step::Blocked(_))) && newer_open;
            let done = !todo && !behind;
            newer_open |= !done;
            let id = work.to_string();
            let about = format!(
                "{} changes of mappings, defaults, admissions, sharing or stewards",
                events.len()
            );
            self.step(
                StepKind::Undo,
                (&id, &id),
                about,
                "a suspect changed it",
                done,
                &["undo", &id],
            );
        }
    }

    /// Who answers for what is exposed, and is not suspected himself.
    fn stewards(&mut self, exposed: &[&Credential]) {
        let mut by_steward: BTreeMap<PrincipalId, Vec<&Credential>> = BTreeMap::new();
        for credential in exposed.iter().filter(|it| !self.is_suspect(it.steward)) {
            by_steward.entry(credential.steward).or_default().push(credential);
        }
        for (steward, credentials) in by_steward {
            let Some(principal) = self.state.principals.get(&steward) else {
                continue;
            };
            let told = |id: &CredentialId| {
                let mut told = self.incident.told.iter().filter(|it| it.stewards.contains(&steward));
                told.any(|it| it.credentials.contains(id))
            };
            let done = credentials.iter().all(|it| told(&it.id));
            let handles: Vec<&str> = credentials.iter().map(|it| it.handle.as_str()).collect();
            let (id, handle) = (steward.to_string(), principal.handle.as_str());
            let command = ["incident", "tell", &self.incident.handle, handle];
            let why = "answers for what is exposed";
            self.step(StepKind::Tell, (&id, handle), handles.join(", "), why, done, &command);
            if let Some(step) = self.steps.last_mut() {
                step.credentials = credentials.iter().map(|it| it.id).collect();
            }
        }
    }
}

fn way_of(what: &str, label: &str, principal: &Principal) -> String {
    if label.is_empty() {
        format!("{what} of {}", principal.handle)
    } else {
        format!("{what} of {}: {label}", principal.handle)
    }
}
