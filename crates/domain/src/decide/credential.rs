//! Credentials: create, update, rotate, roll back, disable, enable, revoke.

use super::access::by_the_ledger;
use super::fields::{Fields, checked_names, class_allowed, duplicates, pointer};
use super::{Decision, Desk, NewEvent, at, days, decided, named, one, stream, to_come, unchanged};
use crate::command::{CreateCredential, FieldInput, RotateCredential};
use crate::due::{self, DueBy};
use crate::event::{
    CredentialCreated, CredentialRolledBack, CredentialRotated, Event, GraceEnded, Nothing, Pair, RotationDue,
    RotationPolicy, Source, Stream,
};
use crate::find;
use crate::ids::{CredentialId, CredentialVersion, PrincipalId, TimeUs};
use crate::limits::TAGS_MAX;
use crate::rejection::Rejection;
use crate::rights::{Allowed, NewCredential, Target};
use crate::secret::SecretPart;
use crate::state::Credential;
use crate::text;
use crate::words::{Category, CredentialStatus, FieldClass, Kind, Right};

const DAY_US: TimeUs = 24 * 60 * 60 * 1_000_000;

pub(super) fn create(desk: &mut Desk<'_, '_, '_>, input: CreateCredential) -> Result<Decision, Rejection> {
    let client = input
        .client
        .as_deref()
        .map(|client| desk.client_in_use(client, "/client"))
        .transpose()?;
    let tags = pairs(input.tags, "/tags")?;
    let new = NewCredential {
        client: client.map(|client| client.id),
        service: &input.service,
        tags: &tags,
    };
    let allowed = desk.authorize(Right::Create, Target::NewCredential(&new))?;
    desk.match_version(0)?;
    let names = &desk.state.names;
    let (name, handle) = named(
        "credential",
        &input.name,
        input.handle,
        |handle| names.credential_handles.contains_key(handle),
        |skeleton| holder(desk, skeleton, None),
    )?;
    text::service_id(&input.service).map_err(at("/service"))?;
    let now = desk.ctx.now;
    let steward = input
        .steward
        .as_deref()
        .map_or(Ok(desk.ctx.caller.principal), |it| steward(desk, it))?;
    let app = input
        .app
        .as_deref()
        .map(|app| oauth2_app(desk, app, input.kind))
        .transpose()?;
    to_come(input.expires_at, now, "/expires_at")?;
    new_source(desk, input.source.as_ref(), None)?;
    let fields = Fields::entered(input.kind, input.fields)?;
    let duplicate_accepted = duplicates(desk, None, input.accept_duplicate)?;
    let created = CredentialCreated {
        name: name.as_str().to_owned(),
        skeleton: name.skeleton().to_owned(),
        handle: handle.as_str().to_owned(),
        service: input.service,
        kind: input.kind,
        fields: fields.facts(),
        description: text::description(&input.description).map_err(at("/description"))?,
        tags,
        settings: pairs(input.settings, "/settings")?,
        client: client.map(|client| client.id),
        steward,
        expires_at: input.expires_at,
        rotation: input.rotation.map(policy).transpose()?,
        source: input.source,
        app,
        scopes: scopes(input.scopes)?,
        duplicate_accepted,
    };
    let event = NewEvent {
        stream: stream(Category::Credential, desk.fresh()),
        event: Event::CredentialCreated(created),
        secret: Some(SecretPart::Fields(fields.secret())),
    };
    Ok(decided(allowed, vec![event]))
}

pub(super) fn rotate(desk: &mut Desk<'_, '_, '_>, input: RotateCredential) -> Result<Decision, Rejection> {
    let (credential, allowed) = open(desk, &input.credential, Right::Edit)?;
    if input.fields.is_empty() {
        return Err(Rejection::invalid(
            "/fields",
            "no field was entered",
            "enter the values that change",
        ));
    }
    checked_names(&input.fields)?;
    to_come(input.expires_at, desk.ctx.now, "/expires_at")?;
    new_source(desk, input.source.as_ref(), Some(credential.id))?;
    let grace = days(
        input
            .grace_days
            .or(credential.rotation.as_ref().map(|it| it.grace_days))
            .unwrap_or(0),
        "/grace_days",
    )?;
    if input.until_moved && grace == 0 {
        return Err(Rejection::invalid(
            "/grace_until_moved",
            "there is no grace period that could end sooner",
            "say how long it lasts at most: `grace_days`",
        ));
    }
    let entered = entered(credential, input.fields)?;
    // The values at hand are of another version than the state's: decided anew, they are not.
    let mut fields = Fields::current(&credential.fields, desk.ctx.current_secret).ok_or(Rejection::Stale)?;
    destinations_stay(&fields, &entered)?;
    let same = entered.iter().all(|field| {
        fields
            .find(&field.name)
            .is_some_and(|old| old.value.ct_eq(&field.value) && old.json == field.json && old.class == field.class)
    });
    if same && input.expires_at.is_none_or(|end| credential.expires_at == Some(end)) {
        return unchanged(allowed);
    }
    let duplicate_accepted = duplicates(desk, Some(credential.id), input.accept_duplicate)?;
    let kept = entered.iter().filter(|field| field.class != FieldClass::Plain);
    let changed = kept.map(|field| field.name.clone()).collect();
    entered.into_iter().for_each(|field| fields.set(field));
    fields.complete(credential.kind)?;
    let rotated = CredentialRotated {
        version: credential.version() + 1,
        changed,
        fields: fields.facts(),
        grace_until: (grace > 0).then(|| desk.ctx.now + TimeUs::from(grace) * DAY_US),
        expires_at: input.expires_at,
        source: input.source,
        duplicate_accepted,
        until_moved: grace > 0 && input.until_moved,
    };
    let event = NewEvent {
        stream: stream_of(credential),
        event: Event::CredentialRotated(rotated),
        secret: Some(SecretPart::Fields(fields.secret())),
    };
    Ok(decided(allowed, vec![event]))
}

/// Says that a replaced version resolves by number no more.
pub(super) fn end_grace(
    desk: &mut Desk<'_, '_, '_>,
    credential: CredentialId,
    version: CredentialVersion,
    moved: bool,
) -> Result<Decision, Rejection> {
    let allowed = by_the_ledger(desk)?;
    let found = desk.state.credentials.get(&credential);
    let Some((credential, fact)) = found.and_then(|it| Some((it, it.version_fact(version)?))) else {
        return unchanged(allowed);
    };
    let over = fact.grace_until.is_some_and(|end| desk.ctx.now >= end);
    if !fact.grace_is_open() || !(over || moved && fact.until_moved) {
        return unchanged(allowed);
    }
    let ended = GraceEnded { version, moved: !over };
    Ok(decided(
        allowed,
        vec![one(stream_of(credential), Event::GraceEnded(ended))],
    ))
}

/// Says that a version is to be rotated: once for each date.
pub(super) fn rotation_due(
    desk: &mut Desk<'_, '_, '_>,
    credential: CredentialId,
    version: CredentialVersion,
) -> Result<Decision, Rejection> {
    let allowed = by_the_ledger(desk)?;
    let found = desk.state.credentials.get(&credential);
    let Some((credential, due)) = found.and_then(|it| Some((it, due::unsaid(it, desk.ctx.now)?))) else {
        return unchanged(allowed);
    };
    if credential.version() != version {
        return unchanged(allowed);
    }
    let event = Event::RotationDue(RotationDue {
        version,
        due_at: due.at,
        by_expiry: due.by == DueBy::Expiry,
    });
    Ok(decided(allowed, vec![one(stream_of(credential), event)]))
}

pub(super) fn roll_back(
    desk: &mut Desk<'_, '_, '_>,
    reference: &str,
    version: CredentialVersion,
) -> Result<Decision, Rejection> {
    let (credential, allowed) = open(desk, reference, Right::Edit)?;
    let Some(from) = credential.version_fact(version) else {
        return Err(Rejection::NotFound {
            what: "version",
            pointer: "/version".to_owned(),
            suggestions: Vec::new(),
            denied: None,
        });
    };
    let current = credential.version_fact(credential.version());
    if current.is_some_and(|current| current.values_at == from.values_at) {
        return unchanged(allowed);
    }
    let rolled_back = CredentialRolledBack {
        version: credential.version() + 1,
        from_version: version,
    };
    Ok(decided(
        allowed,
        vec![one(stream_of(credential), Event::CredentialRolledBack(rolled_back))],
    ))
}

pub(super) fn disable(desk: &mut Desk<'_, '_, '_>, reference: &str) -> Result<Decision, Rejection> {
    let (credential, allowed) = open(desk, reference, Right::Withdraw)?;
    match credential.status {
        CredentialStatus::Disabled => unchanged(allowed),
        _ => Ok(decided(
            allowed,
            vec![one(stream_of(credential), Event::CredentialDisabled(Nothing {}))],
        )),
    }
}

pub(super) fn enable(desk: &mut Desk<'_, '_, '_>, reference: &str) -> Result<Decision, Rejection> {
    let (credential, allowed) = open(desk, reference, Right::Withdraw)?;
    match credential.status {
        CredentialStatus::Active => unchanged(allowed),
        _ => Ok(decided(
            allowed,
            vec![one(stream_of(credential), Event::CredentialEnabled(Nothing {}))],
        )),
    }
}

pub(super) fn revoke(desk: &mut Desk<'_, '_, '_>, reference: &str) -> Result<Decision, Rejection> {
    let credential = desk.credential(reference, "")?;
    let allowed = desk.authorize(Right::Withdraw, Target::Credential(credential))?;
    desk.match_version(credential.head.changed)?;
    match credential.status {
        CredentialStatus::Revoked | CredentialStatus::Shredded => unchanged(allowed),
        _ => Ok(decided(
            allowed,
            vec![one(stream_of(credential), Event::CredentialRevoked(Nothing {}))],
        )),
    }
}

pub(super) fn stream_of(credential: &Credential) -> Stream {
    stream(Category::Credential, credential.id.0)
}

/// Finds a credential to change: visible, the right there, the version as expected, not withdrawn for good.
pub(super) fn open<'s>(
    desk: &Desk<'s, '_, '_>,
    reference: &str,
    right: Right,
) -> Result<(&'s Credential, Allowed), Rejection> {
    let credential = desk.credential(reference, "")?;
    let allowed = desk.authorize(right, Target::Credential(credential))?;
    desk.match_version(credential.head.changed)?;
    match credential.status {
        CredentialStatus::Active | CredentialStatus::Disabled => Ok((credential, allowed)),
        CredentialStatus::Revoked => Err(Rejection::NotActive {
            what: "credential",
            status: "revoked",
        }),
        CredentialStatus::Shredded => Err(Rejection::NotActive {
            what: "credential",
            status: "shredded",
        }),
    }
}

/// Who has a name: nobody, somebody hidden, or a handle to show.
pub(super) fn holder<'s>(
    desk: &Desk<'s, '_, '_>,
    skeleton: &str,
    but: Option<CredentialId>,
) -> Option<Option<&'s str>> {
    let id = desk
        .state
        .names
        .credential_skeletons
        .get(skeleton)
        .filter(|id| Some(**id) != but)?;
    let holder = desk
        .state
        .credentials
        .get(id)
        .filter(|holder| desk.visible.credential(holder));
    Some(holder.map(|holder| holder.handle.as_str()))
}

pub(super) fn steward(desk: &Desk<'_, '_, '_>, reference: &str) -> Result<PrincipalId, Rejection> {
    let steward = find::steward(desk.state, &desk.visible, reference, "/steward")?;
    if steward.disabled {
        return Err(Rejection::NotActive {
            what: "principal",
            status: "disabled",
        });
    }
    Ok(steward.id)
}

fn oauth2_app(desk: &Desk<'_, '_, '_>, reference: &str, kind: Kind) -> Result<CredentialId, Rejection> {
    if kind != Kind::Oauth2 {
        return Err(Rejection::invalid(
            "/app",
            format!("the kind {kind} has no app"),
            "only oauth2 accounts have one",
        ));
    }
    let app = desk.credential(reference, "/app")?;
    desk.authorize(Right::Use, Target::Credential(app))?;
    if app.kind != Kind::Oauth2App {
        return Err(Rejection::invalid(
            "/app",
            "the credential is no oauth2_app",
            "name the OAuth client",
        ));
    }
    Ok(app.id)
}

/// An import comes once: what it brought is rotated afterwards, never created again.
fn new_source(desk: &Desk<'_, '_, '_>, source: Option<&Source>, own: Option<CredentialId>) -> Result<(), Rejection> {
    let Some(source) = source else { return Ok(()) };
    let good = |text: &str| text::tag_value(text).is_ok_and(|same| same == text && !text.is_empty());
    if !good(&source.system) || !good(&source.id) {
        return Err(Rejection::invalid(
            "/source",
            "system and id are 1 to 200 visible characters each",
            "",
        ));
    }
    let Some(id) = desk.state.sources.get(source).filter(|id| Some(**id) != own) else {
        return Ok(());
    };
    let holder = desk
        .state
        .credentials
        .get(id)
        .filter(|holder| desk.visible.credential(holder));
    Err(Rejection::AlreadyImported {
        holder: holder.map(|holder| holder.handle.clone()),
    })
}

pub(super) fn policy(policy: RotationPolicy) -> Result<RotationPolicy, Rejection> {
    if policy.every_days == 0 {
        return Err(Rejection::invalid(
            "/rotation/every_days",
            "at least one day",
            "leave the policy out for never",
        ));
    }
    days(policy.every_days, "/rotation/every_days")?;
    days(policy.grace_days, "/rotation/grace_days")?;
    Ok(policy)
}

/// Tags or settings: sorted, each name once.
pub(super) fn pairs(pairs: Vec<Pair>, pointer: &str) -> Result<Vec<Pair>, Rejection> {
    if pairs.len() > TAGS_MAX {
        return Err(Rejection::invalid(pointer, format!("at most {TAGS_MAX}"), ""));
    }
    let read = |pair: Pair| {
        let name = text::tag_name(&pair.name).map_err(at(pointer))?;
        Ok(Pair {
            name,
            value: text::tag_value(&pair.value).map_err(at(pointer))?,
        })
    };
    let mut pairs = pairs.into_iter().map(read).collect::<Result<Vec<_>, Rejection>>()?;
    pairs.sort();
    if pairs
        .iter()
        .zip(pairs.iter().skip(1))
        .any(|(one, next)| one.name == next.name)
    {
        return Err(Rejection::invalid(pointer, "a name is there twice", ""));
    }
    Ok(pairs)
}

/// Scopes: sorted, each once.
pub(super) fn scopes(mut scopes: Vec<String>) -> Result<Vec<String>, Rejection> {
    if scopes.len() > TAGS_MAX {
        return Err(Rejection::invalid("/scopes", format!("at most {TAGS_MAX}"), ""));
    }
    scopes
        .iter()
        .try_for_each(|scope| text::scope(scope).map_err(at("/scopes")))?;
    scopes.sort();
    scopes.dedup();
    Ok(scopes)
}

/// The entered fields as they will be kept: no weaker than before, and as their kind allows.
fn entered(credential: &Credential, inputs: Vec<FieldInput>) -> Result<Vec<FieldInput>, Rejection> {
    let keep = |mut input: FieldInput| {
        let known = credential
            .fields
            .iter()
            .find(|fact| fact.name == input.name)
            .map(|fact| fact.class);
        let weaker = match known {
            Some(FieldClass::Secret) => input.class != FieldClass::Secret,
            Some(FieldClass::Destination) => input.class == FieldClass::Plain,
            Some(FieldClass::Plain) | None => false,
        };
        if weaker {
            let message = format!(
                "`{}` is {} and stays so",
                input.name,
                known.unwrap_or(FieldClass::Secret)
            );
            return Err(Rejection::invalid(pointer(&input.name), message, "leave its class out"));
        }
        // What was sent as secret is never kept plain; where secrets are sent stays bound to them.
        if known == Some(FieldClass::Destination) {
            input.class = FieldClass::Destination;
        }
        class_allowed(credential.kind, &input.name, input.class)?;
        Ok(input)
    };
    inputs.into_iter().map(keep).collect()
}

/// Secrets are bound to their destinations: who changes where they are sent must know them.
fn destinations_stay(current: &Fields, entered: &[FieldInput]) -> Result<(), Rejection> {
    let moved = |field: &&FieldInput| {
        field.class == FieldClass::Destination
            && !current
                .find(&field.name)
                .is_some_and(|old| old.value.ct_eq(&field.value))
    };
    let destinations: Vec<_> = entered.iter().filter(moved).map(|field| field.name.clone()).collect();
    if destinations.is_empty() {
        return Ok(());
    }
    let secrets = current.all.iter().filter(|field| field.class == FieldClass::Secret);
    let kept = secrets.filter(|secret| !entered.iter().any(|field| field.name == secret.name));
    let secrets: Vec<_> = kept.map(|secret| secret.name.clone()).collect();
    if secrets.is_empty() {
        Ok(())
    } else {
        Err(Rejection::DestinationNeedsSecrets { destinations, secrets })
    }
}
