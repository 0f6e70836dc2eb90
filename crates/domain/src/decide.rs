//! State, command and context become events, or a rejection. Pure: time, ids and what needs a key come in the context.
//!
//! Every command goes the same way: find what it names (of what the caller may see), check the right, check `If-Match`,
//! check the rules, say what changes. What would change nothing comes to no event.

use crate::command::Command;
use crate::context::Context;
use crate::event::{DeniedAccess, Event, LeakSearched, Nothing, Recovered, Restored, Stream};
use crate::find;
use crate::freeze;
use crate::ids::{CredentialId, CredentialVersion, GrantId, TimeUs};
use crate::limits::{DAYS_MAX, TIME_US_MAX};
use crate::rejection::Rejection;
use crate::rights::{Allowed, Target, Visible, visible};
use crate::secret::SecretPart;
use crate::state::{Client, Credential, State, Template, Workspace};
use crate::text::{self, Handle, Name, TextError};
use crate::words::{Category, Right};

mod access;
mod client;
mod credential;
mod fields;
mod four_eyes;
mod identity;
mod incident;
mod mapping;
mod principal;
mod run_token;
mod sharing;
mod template;
mod update;
mod webhook;
mod workspace;

pub use four_eyes::Bound;

/// An event to be sealed, and the secret part that goes with it.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// The stream it goes to.
    pub stream: Stream,
    /// The event.
    pub event: Event,
    /// What goes into the record's secret part.
    pub secret: Option<SecretPart>,
}

/// What a command comes to.
#[derive(Debug, Clone)]
pub struct Decision {
    /// The grant that every event names.
    pub grant: Option<GrantId>,
    /// The proof that the rights were checked: what serves a value asks for it.
    pub allowed: Allowed,
    /// The events, in order; none when nothing would change.
    pub events: Vec<NewEvent>,
}

impl Decision {
    /// Whether the command asks for what is so already.
    #[must_use]
    pub fn unchanged(&self) -> bool {
        self.events.is_empty()
    }
}

/// Decides a command against a state.
///
/// # Errors
/// [`Rejection`]: nothing happened and nothing is to be recorded but, perhaps, the refusal ([`Rejection::denial`]).
pub fn decide(state: &State, command: Command, ctx: &mut Context<'_>) -> Result<Decision, Rejection> {
    if let Some(reason) = ctx.reason {
        text::description(reason).map_err(at("/reason"))?;
    }
    let visible = visible(state, &ctx.caller, ctx.now);
    let mut desk = Desk { state, ctx, visible };
    let goes_on = freeze::goes_on(&command, &desk.ctx.caller);
    let decision = decide_command(&mut desk, command)?;
    if !goes_on {
        for new in &decision.events {
            freeze::check_change(state, &new.stream, &new.event)?;
        }
    }
    four_eyes::gate(&desk, decision)
}

/// The values that [`decide`] needs in [`Context::current_secret`] for this command: those of a credential's current
/// version, whose record is at the version's `values_at`.
#[must_use]
pub fn needs_current_secret(state: &State, command: &Command) -> Option<(CredentialId, CredentialVersion)> {
    let reference = match command {
        Command::RotateCredential(input) => &input.credential,
        // The new values must leave room for the secret ones.
        Command::UpdateCredential(input) if !input.fields.is_empty() => &input.credential,
        _ => return None,
    };
    let by_handle = || state.names.credential_handles.get(reference.as_str()).copied();
    let id = CredentialId::parse(reference).ok().or_else(by_handle)?;
    state.credentials.get(&id).map(|credential| (id, credential.version()))
}

/// One arm for each command and no other: a new one must be decided to compile.
#[expect(clippy::too_many_lines, reason = "an arm for each command, and nothing else")]
#[rustfmt::skip] // One line for each is a table that can be read.
fn decide_command(desk: &mut Desk<'_, '_, '_>, command: Command) -> Result<Decision, Rejection> {
    use Command as C;
    match command {
        C::CreateCredential(input) => credential::create(desk, *input),
        C::UpdateCredential(input) => update::update(desk, *input),
        C::RotateCredential(input) => credential::rotate(desk, *input),
        C::RollbackCredential { credential, version } => credential::roll_back(desk, &credential, version),
        C::ShareCredential(input) => sharing::share(desk, &input),
        C::UnshareCredential(input) => sharing::unshare(desk, &input),
        C::DisableCredential { credential } => credential::disable(desk, &credential),
        C::EnableCredential { credential } => credential::enable(desk, &credential),
        C::RevokeCredential { credential } => credential::revoke(desk, &credential),
        C::CreateClient { name, handle, description } => client::create(desk, &name, handle, &description),
        C::UpdateClient { client, name, description } => client::update(desk, &client, name, description),
        C::ArchiveClient { client } => client::archive(desk, &client),
        C::CreateWorkspace { name, handle, client, environment, description } =>
            workspace::create(desk, workspace::Texts { name, handle, environment, description }, client.as_deref()),
        C::UpdateWorkspace { workspace, name, description, environment } =>
            workspace::update(desk, &workspace, name, description, environment),
        C::ArchiveWorkspace { workspace } => workspace::archive(desk, &workspace),
        C::RegisterTemplate { name, handle, description, input } =>
            template::register(desk, &name, handle, &description, *input),
        C::ReviseTemplate { template, based_on, input } => template::revise(desk, &template, based_on, *input),
        C::UpdateTemplate { template, name, description } => template::update(desk, &template, name, description),
        C::RetireTemplate { template } => template::retire(desk, &template),
        C::AdmitTemplate { workspace, template, revision } => mapping::admit(desk, &workspace, &template, revision),
        C::MapVariable { workspace, template, variable, instance, credential } =>
            mapping::map(desk, &workspace, &template, variable, instance, &credential),
        C::UnmapVariable { workspace, template, variable, instance } =>
            mapping::unmap(desk, &workspace, &template, variable, instance),
        C::SetDefault { workspace, service, kind, credential } =>
            mapping::set_default(desk, workspace.as_deref(), service, kind, &credential),
        C::UnsetDefault { workspace, service, kind } =>
            mapping::unset_default(desk, workspace.as_deref(), service, kind),
        C::CreatePrincipal { name, handle, kind } => principal::create(desk, &name, handle, kind),
        C::DisablePrincipal { principal } => principal::disable(desk, &principal),
        C::Grant { principal, role, scope, effect, from, until } =>
            principal::grant(desk, &principal, principal::Wish { role, scope, effect, from, until }),
        C::WithdrawGrant { principal, grant } => principal::withdraw(desk, &principal, grant),
        C::IssueToken { principal, hash, label, expires_at } =>
            principal::issue_token(desk, &principal, hash, &label, expires_at),
        C::IssueRunToken { workspace, template, revision, instance, hash, expires_at } =>
            run_token::issue(desk, (&workspace, &template), revision, instance, hash, expires_at),
        C::RevokeToken { token } => principal::revoke_token(desk, token),
        C::BindIdentity(input) => identity::bind(desk, *input),
        C::UnbindIdentity { identity } => identity::unbind(desk, identity),
        C::SignIn { hash, expires_at } => identity::sign_in(desk, hash, expires_at),
        C::RecordAccess { workspace, template, instance, expected, window_until } =>
            access::accessed(desk, &workspace, &template, instance, expected, window_until),
        C::RecordReveal { credential, version, fields, break_glass } =>
            access::revealed(desk, &credential, version, fields, break_glass),
        C::RecordRecovered { kept, known, suspended } => recovered(desk, Recovered { kept, known, suspended }),
        C::ReleaseTokens => release(desk),
        C::RecordRestored { position, target, count } => restored(desk, Restored { position, target, count }),
        C::RecordLeakSearch { count, searchable, found } =>
            access::leak_searched(desk, LeakSearched { count, searchable, found }),
        C::RecordCounts { principal, windows } => access::counted(desk, principal, windows),
        C::RecordDenied { principal, right, target, why, count } =>
            access::denied(desk, principal, DeniedAccess { right, target, why, count }),
        C::RecordGraceEnded { credential, version, moved } => credential::end_grace(desk, credential, version, moved),
        C::RecordRotationDue { credential, version } => credential::rotation_due(desk, credential, version),
        C::RecordRefused { refused } => access::refused(desk, refused),
        C::RequestApproval { bound } => four_eyes::request(desk, bound),
        C::JudgeApproval { approval, approve } => four_eyes::judge(desk, approval, approve),
        C::SetFourEyes { acts } => four_eyes::set(desk, acts),
        C::Freeze { scope, stops } => incident::freeze(desk, scope, stops),
        C::Unfreeze { freeze } => incident::unfreeze(desk, freeze),
        C::OpenIncident { name, handle, since, suspects } => incident::open(desk, &name, handle, since, &suspects),
        C::WidenIncident { incident, since, suspects } => incident::widen(desk, &incident, since, &suspects),
        C::TellStewards { incident, stewards, credentials } => incident::tell(desk, &incident, &stewards, credentials),
        C::SkipStep { incident, step } => incident::skip(desk, &incident, step),
        C::CloseIncident { incident } => incident::close(desk, &incident),
        C::CreateWebhook { name, handle, aim, secret } => webhook::create(desk, &name, handle, aim, &secret),
        C::UpdateWebhook { webhook, url, on, filter } => webhook::update(desk, &webhook, url, on, filter),
        C::PauseWebhook { webhook } => webhook::pause(desk, &webhook),
        C::ResumeWebhook { webhook } => webhook::resume(desk, &webhook),
        C::RemoveWebhook { webhook } => webhook::remove(desk, &webhook),
        C::TestWebhook { webhook } => webhook::test(desk, &webhook),
        C::RecordDelivered { webhook, position, count } => webhook::delivered(desk, webhook, position, count),
        C::RecordDeliveryFailed { webhook, position, why } => webhook::failed(desk, webhook, position, why),
        C::RecordWebhookGone { webhook } => webhook::gone(desk, webhook),
        C::Initialize { ledger, name, dev, owner_name, token_hash: hash, token_expires_at: expires_at, owners_only } =>
            principal::initialize(desk, ledger, name, dev, &owner_name, principal::FirstToken { hash, expires_at, owners_only }),
    }
}

/// What every decision looks at.
struct Desk<'s, 'c, 'x> {
    state: &'s State,
    ctx: &'c mut Context<'x>,
    visible: Visible<'s>,
}

impl<'s> Desk<'s, '_, '_> {
    fn authorize(&self, right: Right, target: Target<'_>) -> Result<Allowed, Rejection> {
        self.visible.authorize(right, target).map_err(Rejection::Denied)
    }

    /// Checks `If-Match` against the version of a stream's last change; 0 for what is not there yet.
    fn match_version(&self, current: u64) -> Result<(), Rejection> {
        match self.ctx.if_match {
            Some(expected) if expected != current => Err(Rejection::VersionMismatch { expected, current }),
            _ => Ok(()),
        }
    }

    fn reason(&self) -> Option<&str> {
        self.ctx.reason.map(str::trim).filter(|reason| !reason.is_empty())
    }

    fn fresh(&mut self) -> [u8; 16] {
        self.ctx.ids.fresh()
    }

    fn credential(&self, reference: &str, pointer: &str) -> Result<&'s Credential, Rejection> {
        find::credential(self.state, &self.visible, reference, pointer)
    }

    fn workspace(&self, reference: &str, pointer: &str) -> Result<&'s Workspace, Rejection> {
        find::workspace(self.state, &self.visible, reference, pointer)
    }

    fn template(&self, reference: &str, pointer: &str) -> Result<&'s Template, Rejection> {
        find::template(self.state, &self.visible, reference, pointer)
    }

    /// A client that something new may belong to.
    fn client_in_use(&self, reference: &str, pointer: &str) -> Result<&'s Client, Rejection> {
        let client = find::client(self.state, &self.visible, reference, pointer)?;
        if client.archived {
            return Err(Rejection::NotActive {
                what: "client",
                status: "archived",
            });
        }
        Ok(client)
    }
}

fn one(stream: Stream, event: Event) -> NewEvent {
    NewEvent {
        stream,
        event,
        secret: None,
    }
}

fn stream(category: Category, id: [u8; 16]) -> Stream {
    Stream { category, id }
}

fn decided(allowed: Allowed, events: Vec<NewEvent>) -> Decision {
    Decision {
        grant: allowed.grant(),
        allowed,
        events,
    }
}

fn unchanged(allowed: Allowed) -> Result<Decision, Rejection> {
    Ok(decided(allowed, Vec::new()))
}

/// Says where in the request the text stood that breaks a rule.
fn at(pointer: &str) -> impl Fn(TextError) -> Rejection + '_ {
    move |error| Rejection::invalid(pointer, error.to_string(), "")
}

/// Reads a name for something of a category, and the handle that goes with it; both must be free.
fn named<'n>(
    what: &'static str,
    name: &str,
    handle: Option<String>,
    handle_taken: impl Fn(&str) -> bool,
    holder: impl Fn(&str) -> Option<Option<&'n str>>,
) -> Result<(Name, Handle), Rejection> {
    let name = free_name(what, name, holder)?;
    let handle = match handle {
        Some(handle) => Handle::parse(&handle).map_err(at("/handle"))?,
        // A name of signs only has no slug: the word for the thing stands in.
        None => name
            .handle()
            .or_else(|| Handle::parse(what).ok())
            .ok_or_else(|| Rejection::invalid("/handle", "the name gives no handle", "give one"))?,
    };
    if handle_taken(handle.as_str()) {
        return Err(Rejection::HandleTaken {
            what,
            proposal: handle.free(handle_taken).as_str().to_owned(),
        });
    }
    Ok((name, handle))
}

/// Reads a name that must be free. `holder` says who has a skeleton: nobody, somebody hidden, or a handle to show.
fn free_name<'n>(
    what: &'static str,
    name: &str,
    holder: impl Fn(&str) -> Option<Option<&'n str>>,
) -> Result<Name, Rejection> {
    let name = Name::parse(name).map_err(at("/name"))?;
    match holder(name.skeleton()) {
        None => Ok(name),
        Some(holder) => Err(Rejection::NameTaken {
            what,
            holder: holder.map(str::to_owned),
        }),
    }
}

/// A date that something ends at: to come, and one that can be written.
fn to_come(end: Option<TimeUs>, now: TimeUs, pointer: &str) -> Result<(), Rejection> {
    match end {
        Some(end) if end <= now => Err(Rejection::invalid(pointer, "the time is past", "give a time to come")),
        Some(end) if end > TIME_US_MAX => Err(Rejection::invalid(pointer, "the time is after the year 9999", "")),
        _ => Ok(()),
    }
}

/// A number of days that no sum of times overflows with.
fn days(days: u32, pointer: &str) -> Result<u32, Rejection> {
    if days > DAYS_MAX {
        return Err(Rejection::invalid(pointer, format!("at most {DAYS_MAX} days"), ""));
    }
    Ok(days)
}

/// Only who has the root key begins a new incarnation.
fn recovered(desk: &mut Desk<'_, '_, '_>, recovered: Recovered) -> Result<Decision, Rejection> {
    let allowed = access::by_the_ledger(desk)?;
    let stream = stream(Category::Ledger, desk.state.ledger.id);
    Ok(decided(allowed, vec![one(stream, Event::Recovered(recovered))]))
}

fn release(desk: &mut Desk<'_, '_, '_>) -> Result<Decision, Rejection> {
    principal::only_owners_are_made(desk)?;
    let allowed = desk.authorize(Right::Own, Target::Ledger)?;
    if desk.state.ledger.suspended_before.is_none() {
        return unchanged(allowed);
    }
    if desk.reason().is_none() {
        return Err(Rejection::ReasonRequired);
    }
    let stream = stream(Category::Ledger, desk.state.ledger.id);
    Ok(decided(allowed, vec![one(stream, Event::Released(Nothing {}))]))
}

/// Says that what follows in the same step puts something back.
fn restored(desk: &mut Desk<'_, '_, '_>, restored: Restored) -> Result<Decision, Rejection> {
    let allowed = desk.authorize(Right::Administer, Target::Ledger)?;
    let stream = stream(Category::Ledger, desk.state.ledger.id);
    Ok(decided(allowed, vec![one(stream, Event::Restored(restored))]))
}
