//! Serving values: resolve and reveal. No value leaves before a durable record says so; the types see to it:
//! opening takes an [`Allowed`] (only the rights check makes one) and a [`Recorded`] (only a durable commit or an open
//! window makes one).

use crate::inner::{Shared, open_values};
use crate::request::{Failure, RequestContext};
use crate::view::{Published, View};
use crate::{Ledger, windows};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use strongroom_domain::Rejection;
use strongroom_domain::command::Command;
use strongroom_domain::context::Caller;
use strongroom_domain::event::{Event, Served};
use strongroom_domain::find;
use strongroom_domain::freeze;
use strongroom_domain::ids::{CredentialVersion, Position, Revision, TimeUs};
use strongroom_domain::resolve::{Outcome, PassedOver, Resolution, resolve};
use strongroom_domain::rights::{Allowed, Target, visible};
use strongroom_domain::secret::{SecretFields, SecretText};
use strongroom_domain::state::{Credential, State};
use strongroom_domain::words::{CredentialStatus, FieldClass, Right, Step};
use strongroom_formats::catalogue::allowed_hosts;
use strongroom_log::FreeSpace;
use tokio::time::{Instant, sleep_until, timeout_at};

/// Times a recorded serving is computed again when the state moved on in between.
const STALE_RETRIES: usize = 8;

/// How long an answer may wait for a change.
pub const WAIT_MAX: Duration = Duration::from_secs(60);

/// Who waits asks again at most so often: thousands who wait must not look at each of thousands of commits a second.
const WAIT_PAUSE: Duration = Duration::from_millis(50);

/// Asks for the secrets of one workspace and template.
#[derive(Debug, Clone, Default)]
pub struct ResolveRequest {
    /// Handle or id.
    pub workspace: String,
    /// Handle or id.
    pub template: String,
    /// The workflow instance.
    pub instance: Option<String>,
    /// Only says what would be served, and why.
    pub dry_run: bool,
    /// The etag of an earlier answer: nothing is served when nothing changed.
    pub known: Option<String>,
    /// While nothing has changed, how long to wait for a change; [`WAIT_MAX`] at most.
    pub wait: Option<Duration>,
}

/// One variable of an answer.
#[derive(Debug, Clone)]
pub struct ResolvedValue {
    /// The variable.
    pub name: String,
    /// The credential's handle; none for an optional variable without one.
    pub credential: Option<String>,
    /// Its version.
    pub version: CredentialVersion,
    /// The step that named it.
    pub step: Option<Step>,
    /// Fields with their values; a value is JSON text where the flag says so. Empty for a dry run.
    pub fields: Vec<(String, SecretText, bool)>,
    /// Where a runner may send the secrets.
    pub allowed_hosts: Vec<String>,
    /// What more specific steps named and why it was not taken.
    pub passed_over: Vec<PassedOver>,
}

/// An answer to [`ResolveRequest`].
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The etag asked with is still right: no values.
    pub unchanged: bool,
    /// The admitted revision.
    pub revision: Revision,
    /// BLAKE3 of its document.
    pub digest: [u8; 32],
    /// Names this answer; another when anything of it changes.
    pub etag: String,
    /// Until when this answer stands without asking again (its window), where one is open.
    pub valid_until: Option<TimeUs>,
    /// Every variable, in the revision's order.
    pub variables: Vec<ResolvedValue>,
    /// The record that covers this serving; none for a dry run.
    pub recorded_at: Option<Position>,
}

/// Asks for a credential's values by hand.
#[derive(Debug, Clone, Default)]
pub struct RevealRequest {
    /// Handle or id.
    pub credential: String,
    /// Which version; else the current one.
    pub version: Option<CredentialVersion>,
    /// Which fields; else all.
    pub fields: Option<Vec<String>>,
    /// Who administers sees it without `read`; the record says so.
    pub break_glass: bool,
}

/// Revealed values.
#[derive(Debug, Clone)]
pub struct RevealedValues {
    /// The credential's handle.
    pub credential: String,
    /// The version.
    pub version: CredentialVersion,
    /// Fields with their values; JSON text where the flag says so.
    pub fields: Vec<(String, SecretText, bool)>,
    /// The record that says so.
    pub position: Position,
    /// The checkpoint that covers it.
    pub checkpoint: Arc<str>,
}

/// Proof that a durable record covers a serving.
#[derive(Debug, Clone, Copy)]
struct Recorded {
    at: Position,
}

impl Ledger {
    /// Serves the secrets of one workspace and template, on the record.
    ///
    /// # Errors
    /// [`Failure`]; [`Rejection::VariablesMissing`] lists what is missing with what would fit.
    pub async fn resolve(&self, context: RequestContext, request: ResolveRequest) -> Result<Resolved, Failure> {
        let answer = match request.wait {
            Some(wait) => self.resolve_changed(&context, &request, wait.min(WAIT_MAX)).await,
            None => self.resolve_now(&context, &request).await,
        };
        let counters = &self.shared.counters;
        match &answer {
            Ok(resolved) if resolved.unchanged => counters.reads_unchanged.fetch_add(1, Ordering::Relaxed),
            Ok(_) => 0,
            Err(_) => counters.reads_refused.fetch_add(1, Ordering::Relaxed),
        };
        answer
    }

    /// What would have been served in a past that [`Ledger::view_as_of`] gave, and why: never a value, and no record.
    ///
    /// # Errors
    /// [`Failure`]; [`Rejection::VariablesMissing`] lists what was missing.
    pub fn resolve_then(&self, view: &View, caller: &Caller, request: &ResolveRequest) -> Result<Resolved, Failure> {
        let resolution = decide_then(view, caller, request)?;
        let missing = resolution.missing(&view.state);
        if !missing.is_empty() {
            return Err(Rejection::VariablesMissing { missing }.into());
        }
        Ok(Resolved {
            unchanged: false,
            revision: resolution.revision,
            digest: resolution.digest,
            etag: etag(&view.state, &resolution),
            valid_until: None,
            variables: explain(&view.state, &resolution),
            recorded_at: None,
        })
    }

    /// Asks again behind commits until the answer is another one; whatever is answered was decided on the newest state.
    async fn resolve_changed(
        &self,
        context: &RequestContext,
        request: &ResolveRequest,
        wait: Duration,
    ) -> Result<Resolved, Failure> {
        let until = Instant::now() + wait;
        let mut commits = self.shared.waits.subscribe();
        loop {
            let go_on = *commits.borrow_and_update(); // before the question: no commit is missed
            let answer = self.resolve_now(context, request).await;
            let same = answer.as_ref().is_ok_and(|resolved| resolved.unchanged);
            if !same || !go_on || Instant::now() >= until {
                return answer;
            }
            // Ended, or in time: either way it is asked again.
            let _ = timeout_at(until, commits.changed()).await;
            if *commits.borrow() {
                sleep_until((Instant::now() + WAIT_PAUSE).min(until)).await;
            }
        }
    }

    /// Has all who wait for a change answered now, and nobody wait any more: the server is about to stop.
    pub fn end_waits(&self) {
        self.shared.waits.send_replace(false);
    }

    async fn resolve_now(&self, context: &RequestContext, request: &ResolveRequest) -> Result<Resolved, Failure> {
        for _ in 0..STALE_RETRIES {
            match self.try_resolve(context, request).await {
                Err(Failure::Rejected(rejection)) if matches!(*rejection, Rejection::Stale) => {}
                answer => return answer,
            }
        }
        Err(Failure::Busy)
    }

    async fn try_resolve(&self, context: &RequestContext, request: &ResolveRequest) -> Result<Resolved, Failure> {
        let published = self.shared.published.load_full();
        let now = self.shared.now(&published);
        let decided = decide(&published.state, &context.caller, request, now);
        let (allowed, resolution) = match decided {
            Ok(decided) => decided,
            Err(rejection) => return Err(self.refuse(context, rejection).await),
        };
        let etag = etag(&published.state, &resolution);
        let answer = |values, valid_until, recorded_at, unchanged| Resolved {
            unchanged,
            revision: resolution.revision,
            digest: resolution.digest,
            etag: etag.clone(),
            valid_until,
            variables: values,
            recorded_at,
        };
        if !request.dry_run && request.known.as_deref() == Some(etag.as_str()) {
            return Ok(answer(Vec::new(), None, None, true));
        }
        let missing = resolution.missing(&published.state);
        if !missing.is_empty() {
            let rejection = Rejection::VariablesMissing { missing };
            // A dry run leaves no record, of refusals neither.
            return Err(if request.dry_run {
                rejection.into()
            } else {
                self.refuse(context, rejection).await
            });
        }
        if request.dry_run {
            return Ok(answer(explain(&published.state, &resolution), None, None, false));
        }
        let (recorded, valid_until) = self.record_serving(context, request, &resolution, now).await?;
        let values = self.values(&published, &resolution, &allowed, recorded)?;
        self.still_holds(&published, context, request, &resolution)?;
        let valid_until =
            valid_until.map(|until| ends(&published.state, &context.caller, &resolution).fold(until, TimeUs::min));
        Ok(answer(values, valid_until, Some(recorded.at), false))
    }

    /// Looks once more before the values leave: what was revoked or mapped anew meanwhile is decided anew.
    fn still_holds(
        &self,
        then: &Published,
        context: &RequestContext,
        request: &ResolveRequest,
        resolution: &Resolution,
    ) -> Result<(), Failure> {
        let published = self.shared.published.load_full();
        if Arc::ptr_eq(&published.state, &then.state) {
            return Ok(());
        }
        match decide(&published.state, &context.caller, request, self.shared.now(&published)) {
            Ok((_, now)) if now.served() == resolution.served() => Ok(()),
            _ => Err(Rejection::Stale.into()),
        }
    }

    /// A window that is open covers the serving; else an `accessed` is durable first.
    async fn record_serving(
        &self,
        context: &RequestContext,
        request: &ResolveRequest,
        resolution: &Resolution,
        now: TimeUs,
    ) -> Result<(Recorded, Option<TimeUs>), Failure> {
        if self.shared.free_space() != FreeSpace::Enough {
            return Err(Failure::NoSpace);
        }
        let window_us = u64::try_from(self.shared.window.as_micros()).unwrap_or(u64::MAX);
        let served = resolution.served();
        let key = window_key(context, request, resolution, &served);
        if window_us > 0
            && !self.shared.has_stopped()
            && let Some((at, until)) = self.shared.windows.count(&key, now)
        {
            self.shared.counters.reads_counted.fetch_add(1, Ordering::Relaxed);
            return Ok((Recorded { at }, Some(until)));
        }
        if !self.shared.quota.take(context.caller.principal, now) {
            return Err(Failure::TooManyWindows);
        }
        let window_until = (window_us > 0).then(|| now.saturating_add(window_us));
        let command = Command::RecordAccess {
            workspace: request.workspace.clone(),
            template: request.template.clone(),
            instance: request.instance.clone(),
            expected: served,
            window_until,
        };
        let receipt = self.submit(unkeyed(context), vec![command], false, Vec::new()).await?;
        let at = receipt
            .position
            .ok_or_else(|| Failure::Internal("a serving made no record".to_owned()))?;
        self.shared.counters.reads_recorded.fetch_add(1, Ordering::Relaxed);
        if let Some(until) = window_until
            && let Some((principal, count)) = self.shared.windows.open(key, context.caller.principal, at, until)
        {
            let counts = Command::RecordCounts {
                principal,
                windows: vec![count],
            };
            drop(self.enqueue(RequestContext::system(), vec![counts], false, Vec::new()));
        }
        Ok((Recorded { at }, window_until))
    }

    fn values(
        &self,
        published: &Published,
        resolution: &Resolution,
        allowed: &Allowed,
        recorded: Recorded,
    ) -> Result<Vec<ResolvedValue>, Failure> {
        let mut values = Vec::with_capacity(resolution.variables.len());
        for variable in &resolution.variables {
            let Outcome::Chosen {
                credential,
                version,
                step,
                passed_over,
            } = &variable.outcome
            else {
                values.push(unset(variable));
                continue;
            };
            let credential = published
                .state
                .credentials
                .get(credential)
                .ok_or_else(|| Failure::Internal(format!("{credential} is resolved but not there")))?;
            let secrets = open_version(&self.shared, credential, *version, allowed, recorded)?;
            values.push(ResolvedValue {
                name: variable.variable.name.clone(),
                credential: Some(credential.handle.clone()),
                version: *version,
                step: Some(*step),
                allowed_hosts: hosts(credential, &secrets),
                fields: fields_of(credential, *version, secrets),
                passed_over: passed_over.clone(),
            });
        }
        Ok(values)
    }

    /// Shows a credential's values to a person; always recorded singly.
    ///
    /// # Errors
    /// [`Failure`]; a reason is required.
    pub async fn reveal(&self, context: RequestContext, request: RevealRequest) -> Result<RevealedValues, Failure> {
        let command = Command::RecordReveal {
            credential: request.credential.clone(),
            version: request.version,
            fields: request.fields.clone(),
            break_glass: request.break_glass,
        };
        let caller = context.caller;
        let receipt = self.submit(unkeyed(&context), vec![command], false, Vec::new()).await?;
        let event = receipt
            .events
            .first()
            .ok_or_else(|| Failure::Internal("a reveal made no record".to_owned()))?;
        let Event::Revealed(revealed) = &event.event else {
            return Err(Failure::Internal("a reveal was recorded as something else".to_owned()));
        };
        let recorded = Recorded { at: event.position };
        let newest = self.shared.view();
        let state = &newest.state;
        let credential = state
            .credentials
            .get(&revealed.credential)
            .ok_or_else(|| Failure::Internal("what was revealed is not there".to_owned()))?;
        // Judged once more, on the newest durable state: a revocation that was faster wins.
        if !matches!(credential.status, CredentialStatus::Active | CredentialStatus::Disabled) {
            let status = credential.status.as_str();
            return Err(Rejection::NotActive {
                what: "credential",
                status,
            }
            .into());
        }
        freeze::check_reveal(state, credential)?;
        let seen = visible(state, &caller, newest.now);
        let (allowed, _) = seen.reads(credential, revealed.break_glass).map_err(Rejection::from)?;
        let secrets = open_version(&self.shared, credential, revealed.version, &allowed, recorded)?;
        let mut fields = fields_of(credential, revealed.version, secrets);
        fields.retain(|(name, ..)| revealed.fields.contains(name));
        Ok(RevealedValues {
            credential: credential.handle.clone(),
            version: revealed.version,
            fields,
            position: recorded.at,
            checkpoint: Arc::clone(&receipt.checkpoint),
        })
    }

    /// Has a refusal recorded where it belongs on the record, and gives it back.
    async fn refuse(&self, context: &RequestContext, rejection: Rejection) -> Failure {
        if let Some(denied) = rejection.denial() {
            self.note_denied(context, denied).await;
        }
        rejection.into()
    }
}

/// The same request without a key: servings are never answered from the log.
fn unkeyed(context: &RequestContext) -> RequestContext {
    RequestContext {
        idempotency: None,
        ..context.clone()
    }
}

/// Rights and resolution on one state.
fn decide(
    state: &State,
    caller: &Caller,
    request: &ResolveRequest,
    now: TimeUs,
) -> Result<(Allowed, Resolution), Rejection> {
    let visible = visible(state, caller, now);
    let workspace = find::workspace(state, &visible, &request.workspace, "/workspace")?;
    let template = find::template(state, &visible, &request.template, "/template")?;
    let allowed = visible.authorize(Right::Resolve, Target::Workspace(workspace.id))?;
    let resolution = resolve(state, workspace, template, request.instance.as_deref(), &visible, now)?;
    resolution.narrowed(state, &visible, request.instance.as_deref())?;
    freeze::check_resolution(state, &resolution)?;
    Ok((allowed, resolution))
}

/// What would have been served then, to whom it may concern now: it takes `see` or `resolve` on the workspace.
fn decide_then(view: &View, caller: &Caller, request: &ResolveRequest) -> Result<Resolution, Rejection> {
    let (state, instance) = (&view.state, request.instance.as_deref());
    let visible = visible(&view.rights, caller, view.now);
    let workspace = find::workspace(state, &visible, &request.workspace, "/workspace")?;
    let template = find::template(state, &visible, &request.template, "/template")?;
    if !visible.may(Right::See, Target::Workspace(workspace.id)) {
        visible.authorize(Right::Resolve, Target::Workspace(workspace.id))?;
    }
    let resolution = resolve(state, workspace, template, instance, &visible, view.at)?;
    resolution.narrowed(state, &visible, instance)?;
    freeze::check_resolution(state, &resolution)?;
    Ok(resolution)
}

/// When what an answer rests on ends: the credentials' values, the token or identity.
fn ends<'a>(state: &'a State, caller: &'a Caller, resolution: &'a Resolution) -> impl Iterator<Item = TimeUs> + 'a {
    let credentials = resolution
        .variables
        .iter()
        .filter_map(|variable| match &variable.outcome {
            Outcome::Chosen { credential, .. } => state.credentials.get(credential)?.expires_at,
            Outcome::Missing { .. } | Outcome::Unset { .. } => None,
        });
    let principal = || state.principals.get(&caller.principal).into_iter();
    let tokens = principal().flat_map(|principal| &principal.tokens);
    let token = tokens
        .filter(|token| Some(token.id) == caller.token)
        .filter_map(|token| token.expires_at);
    let identities = principal().flat_map(|principal| &principal.identities);
    let identity = identities
        .filter(|identity| Some(identity.bound.identity) == caller.token)
        .filter_map(|identity| identity.bound.expires_at);
    credentials.chain(token).chain(identity)
}

/// A dry run's answer: everything but values.
fn explain(state: &State, resolution: &Resolution) -> Vec<ResolvedValue> {
    let one = |variable: &strongroom_domain::resolve::ResolvedVariable| match &variable.outcome {
        Outcome::Chosen {
            credential,
            version,
            step,
            passed_over,
        } => ResolvedValue {
            name: variable.variable.name.clone(),
            credential: state
                .credentials
                .get(credential)
                .map(|credential| credential.handle.clone()),
            version: *version,
            step: Some(*step),
            fields: Vec::new(),
            allowed_hosts: Vec::new(),
            passed_over: passed_over.clone(),
        },
        Outcome::Missing { .. } | Outcome::Unset { .. } => unset(variable),
    };
    resolution.variables.iter().map(one).collect()
}

fn unset(variable: &strongroom_domain::resolve::ResolvedVariable) -> ResolvedValue {
    let passed_over = match &variable.outcome {
        Outcome::Chosen { passed_over, .. } | Outcome::Missing { passed_over, .. } | Outcome::Unset { passed_over } => {
            passed_over.clone()
        }
    };
    ResolvedValue {
        name: variable.variable.name.clone(),
        credential: None,
        version: 0,
        step: None,
        fields: Vec::new(),
        allowed_hosts: Vec::new(),
        passed_over,
    }
}

/// Names an answer: revision, and for each variable the credential, its version and its stream's last change (plain
/// fields belong to the credential, not to a version).
pub(crate) fn etag(state: &State, resolution: &Resolution) -> String {
    // Hashed at once: many small pieces cost more than their bytes.
    let mut named = Vec::with_capacity(512);
    named.extend_from_slice(&resolution.workspace.0);
    named.extend_from_slice(&resolution.template.0);
    named.extend_from_slice(&resolution.revision.to_be_bytes());
    for variable in &resolution.variables {
        named.extend_from_slice(&(variable.variable.name.len() as u64).to_be_bytes());
        named.extend_from_slice(variable.variable.name.as_bytes());
        if let Outcome::Chosen {
            credential, version, ..
        } = &variable.outcome
        {
            let changed = state
                .credentials
                .get(credential)
                .map_or(0, |credential| credential.head.changed);
            named.extend_from_slice(&credential.0);
            named.extend_from_slice(&version.to_be_bytes());
            named.extend_from_slice(&changed.to_be_bytes());
        }
    }
    let hash = blake3::Hash::from_bytes(blake3::derive_key("strongroom v1 resolution etag", &named));
    hash.to_hex()[..32].to_owned()
}

/// What makes two servings the same one (design §8).
fn window_key(
    context: &RequestContext,
    request: &ResolveRequest,
    resolution: &Resolution,
    served: &[Served],
) -> windows::WindowKey {
    let mut named = Vec::with_capacity(512);
    let mut text = |part: &[u8]| {
        named.extend_from_slice(&(part.len() as u64).to_be_bytes());
        named.extend_from_slice(part);
    };
    text(&context.caller.principal.0);
    text(context.caller.token.as_ref().map_or(&[][..], |token| &token.0));
    text(context.source.as_deref().unwrap_or_default().as_bytes());
    text(request.instance.as_deref().unwrap_or_default().as_bytes());
    text(&resolution.workspace.0);
    text(&resolution.template.0);
    text(&resolution.revision.to_be_bytes());
    for one in served {
        text(one.variable.as_bytes());
        text(&one.credential.0);
        text(&one.version.to_be_bytes());
    }
    blake3::derive_key("strongroom v1 serving window", &named)
}

/// Opens a version's values: only for who was allowed, and only behind a record.
fn open_version(
    shared: &Shared,
    credential: &Credential,
    version: CredentialVersion,
    _allowed: &Allowed,
    _recorded: Recorded,
) -> Result<SecretFields, Failure> {
    let internal = |what: String| Failure::Internal(format!("{} version {version}: {what}", credential.id));
    let fact = credential
        .version_fact(version)
        .ok_or_else(|| internal("no such version".to_owned()))?;
    let bytes = shared.record_bytes(fact.values_at)?;
    open_values(&shared.keys, &bytes, credential).map_err(internal)
}

/// All fields of a version: its secret and destination values, and the credential's plain ones.
fn fields_of(
    credential: &Credential,
    version: CredentialVersion,
    secrets: SecretFields,
) -> Vec<(String, SecretText, bool)> {
    let facts = credential
        .version_fact(version)
        .map_or(credential.fields.as_slice(), |fact| &fact.fields);
    let is_json = |name: &str| {
        facts
            .iter()
            .chain(&credential.fields)
            .find(|fact| fact.name == name)
            .is_some_and(|fact| fact.json)
    };
    let mut fields: Vec<(String, SecretText, bool)> = secrets
        .0
        .into_iter()
        .map(|(name, value)| {
            let json = is_json(&name);
            (name, value, json)
        })
        .collect();
    for fact in credential.fields.iter().filter(|fact| fact.class == FieldClass::Plain) {
        if let Some(value) = &fact.value
            && !fields.iter().any(|(name, ..)| *name == fact.name)
        {
            fields.push((fact.name.clone(), SecretText::new(value.clone()), fact.json));
        }
    }
    fields
}

/// Where a runner may send a credential's secrets: the service's own hosts and those of its destination fields.
fn hosts(credential: &Credential, secrets: &SecretFields) -> Vec<String> {
    let destinations: Vec<(&str, &str)> = credential
        .fields
        .iter()
        .filter(|fact| fact.class == FieldClass::Destination)
        .filter_map(|fact| Some((fact.name.as_str(), secrets.field(&fact.name)?.expose())))
        .collect();
    allowed_hosts(&credential.service, &destinations)
}
