//! What of a credential may change without its secrets.

use super::credential::{holder, open, pairs, policy, scopes, steward, stream_of};
use super::fields::{Fields, checked_names, class_allowed, pointer};
use super::{Decision, Desk, at, decided, free_name, one, to_come};
use crate::command::{Change, FieldInput, UpdateCredential};
use crate::event::{CredentialChange, CredentialUpdated, Event, FieldFact, Pair, StewardChanged};
use crate::find;
use crate::ids::ClientId;
use crate::kinds::kind_fields;
use crate::rejection::Rejection;
use crate::rights::{Target, gains, holds_token_of};
use crate::state::{Credential, GrantFact, Principal};
use crate::text;
use crate::words::{FieldClass, Right};

pub(super) fn update(desk: &mut Desk<'_, '_, '_>, input: UpdateCredential) -> Result<Decision, Rejection> {
    let (credential, allowed) = open(desk, &input.credential, Right::Edit)?;
    let steward = input.steward.as_deref().map(|it| steward(desk, it)).transpose()?;
    let (before, after) = changes(desk, credential, input)?;
    moved(desk, credential, &after)?;
    let mut events = Vec::new();
    if after != CredentialChange::default() {
        events.push(one(
            stream_of(credential),
            Event::CredentialUpdated(CredentialUpdated { before, after }),
        ));
    }
    if let Some(after) = steward.filter(|steward| *steward != credential.steward) {
        let changed = StewardChanged {
            before: credential.steward,
            after,
        };
        events.push(one(stream_of(credential), Event::StewardChanged(changed)));
    }
    Ok(decided(allowed, events))
}

/// What an update changes: only what is another thing afterwards is named.
fn changes(
    desk: &Desk<'_, '_, '_>,
    credential: &Credential,
    input: UpdateCredential,
) -> Result<(CredentialChange, CredentialChange), Rejection> {
    let (mut before, mut after) = (CredentialChange::default(), CredentialChange::default());
    plain_changes(
        desk,
        credential,
        input.fields,
        &input.remove_fields,
        &mut before,
        &mut after,
    )?;
    if let Some(name) = input.name {
        let name = free_name("credential", &name, |skeleton| {
            holder(desk, skeleton, Some(credential.id))
        })?;
        if name.as_str() != credential.name {
            (before.name, after.name) = (Some(credential.name.clone()), Some(name.as_str().to_owned()));
        }
        if name.skeleton() != credential.skeleton {
            (before.skeleton, after.skeleton) = (Some(credential.skeleton.clone()), Some(name.skeleton().to_owned()));
        }
    }
    let description = input
        .description
        .map(|it| text::description(&it).map_err(at("/description")))
        .transpose()?;
    differ(
        &credential.description,
        description,
        &mut before.description,
        &mut after.description,
    );
    let tags = input.tags.map(|tags| pairs(tags, "/tags")).transpose()?;
    differ(&credential.tags, tags, &mut before.tags, &mut after.tags);
    let settings = input
        .settings
        .map(|settings| pairs(settings, "/settings"))
        .transpose()?;
    differ(
        &credential.settings,
        settings,
        &mut before.settings,
        &mut after.settings,
    );
    differ(
        &credential.scopes,
        input.scopes.map(scopes).transpose()?,
        &mut before.scopes,
        &mut after.scopes,
    );
    let client = other_client(desk, credential, input.client)?;
    differ(&credential.client, client, &mut before.client, &mut after.client);
    if let Change::Set(end) = input.expires_at {
        to_come(Some(end), desk.ctx.now, "/expires_at")?;
    }
    differ(
        &credential.expires_at,
        wanted(input.expires_at),
        &mut before.expires_at,
        &mut after.expires_at,
    );
    let rotation = match input.rotation {
        Change::Set(wish) => Change::Set(policy(wish)?),
        other => other,
    };
    differ(
        &credential.rotation,
        wanted(rotation),
        &mut before.rotation,
        &mut after.rotation,
    );
    Ok((before, after))
}

/// Tags and clients say which grants hold: changing one that a grant names takes `share` before and after, and whoever
/// changes it raises neither himself nor whose token he holds.
fn moved(desk: &Desk<'_, '_, '_>, credential: &Credential, after: &CredentialChange) -> Result<(), Rejection> {
    if after.tags.is_none() && after.client.is_none() {
        return Ok(());
    }
    let mut moved = credential.clone();
    if let Some(tags) = &after.tags {
        moved.tags.clone_from(tags);
    }
    if let Some(client) = after.client {
        moved.client = client;
    }
    let changed = |tag: &Pair| credential.tags.contains(tag) != moved.tags.contains(tag);
    let named = |tag: &Pair| changed(tag) && tag_is_named(desk, tag);
    if after.client.is_some() || credential.tags.iter().chain(&moved.tags).any(named) {
        desk.authorize(Right::Share, Target::Credential(credential))?;
        desk.authorize(Right::Share, Target::Credential(&moved))?;
    }
    nobody_is_raised(desk, credential, &moved)
}

/// Whether a grant that holds, or will, names a tag.
fn tag_is_named(desk: &Desk<'_, '_, '_>, tag: &Pair) -> bool {
    let holds =
        |fact: &GrantFact| fact.withdrawn_at.is_none() && fact.granted.until.is_none_or(|end| desk.ctx.now < end);
    let names = |fact: &GrantFact| fact.granted.scope.tags.contains(tag) && holds(fact);
    desk.state
        .principals
        .values()
        .any(|principal| principal.grants.iter().any(names))
}

/// Refuses a change of a credential by which the caller, or one whose token he holds, would get a right on it.
pub(super) fn nobody_is_raised(
    desk: &Desk<'_, '_, '_>,
    before: &Credential,
    after: &Credential,
) -> Result<(), Rejection> {
    let (caller, now) = (desk.ctx.caller.principal, desk.ctx.now);
    let his = |principal: &&Principal| principal.id == caller || holds_token_of(caller, principal, now);
    let mut his = desk.state.principals.values().map(AsRef::as_ref).filter(his);
    if his.any(|principal| gains(desk.state, principal, before, after, now)) {
        return Err(Rejection::SelfEscalation);
    }
    Ok(())
}

/// Another client is another reach: that takes `share` as well.
fn other_client(
    desk: &Desk<'_, '_, '_>,
    credential: &Credential,
    change: Change<String>,
) -> Result<Option<Option<ClientId>>, Rejection> {
    let client = match change {
        Change::Keep => return Ok(None),
        Change::Clear => None,
        Change::Set(reference) => Some(find::client(desk.state, &desk.visible, &reference, "/client")?),
    };
    let id = client.map(|client| client.id);
    if id != credential.client {
        desk.authorize(Right::Share, Target::Credential(credential))?;
        if client.is_some_and(|client| client.archived) {
            return Err(Rejection::NotActive {
                what: "client",
                status: "archived",
            });
        }
    }
    Ok(Some(id))
}

fn plain_changes(
    desk: &Desk<'_, '_, '_>,
    credential: &Credential,
    inputs: Vec<FieldInput>,
    remove: &[String],
    before: &mut CredentialChange,
    after: &mut CredentialChange,
) -> Result<(), Rejection> {
    checked_names(&inputs)?;
    let old = |name: &str| credential.fields.iter().find(|fact| fact.name == name);
    let mut fields = credential.fields.clone();
    let mut note = |name: &str, was: Option<&FieldFact>, is: Option<&FieldFact>| {
        let gone = FieldFact {
            name: name.to_owned(),
            class: FieldClass::Plain,
            json: false,
            value: None,
        };
        before.fields.push(was.cloned().unwrap_or_else(|| gone.clone()));
        after.fields.push(is.cloned().unwrap_or(gone));
    };
    for input in inputs {
        let was = old(&input.name);
        // A value sent as secret is not kept plain, whatever the field was before.
        let class = was
            .map(|fact| fact.class)
            .filter(|class| *class != FieldClass::Plain)
            .unwrap_or(input.class);
        if class != FieldClass::Plain {
            let message = format!("`{}` is {class}: its values come with a version", input.name);
            return Err(Rejection::invalid(
                pointer(&input.name),
                message,
                "rotate the credential instead",
            ));
        }
        if was.is_none() {
            class_allowed(credential.kind, &input.name, class)?;
        }
        let is = FieldFact {
            name: input.name,
            class,
            json: input.json,
            value: Some(input.value.expose().to_owned()),
        };
        if was != Some(&is) {
            note(&is.name, was, Some(&is));
            fields.retain(|fact| fact.name != is.name);
            fields.push(is);
        }
    }
    for name in remove {
        let Some(was) = old(name) else { continue };
        let required = kind_fields(credential.kind)
            .iter()
            .any(|field| field.required && field.name == name);
        if was.class != FieldClass::Plain || required || !fields.contains(was) {
            let message = format!("`{name}` cannot be taken away");
            return Err(Rejection::invalid(
                "/remove_fields",
                message,
                "only plain fields that the kind can do without",
            ));
        }
        note(name, Some(was), None);
        fields.retain(|fact| fact.name != *name);
    }
    if after.fields.is_empty() {
        return Ok(());
    }
    // Without the secret values at hand the plain ones alone are measured.
    let plain = || {
        fields
            .iter()
            .filter(|fact| fact.class == FieldClass::Plain)
            .cloned()
            .collect::<Vec<_>>()
    };
    let all = Fields::current(&fields, desk.ctx.current_secret).or_else(|| Fields::current(&plain(), None));
    all.unwrap_or_default().sizes()
}

fn wanted<T>(change: Change<T>) -> Option<Option<T>> {
    match change {
        Change::Keep => None,
        Change::Clear => Some(None),
        Change::Set(value) => Some(Some(value)),
    }
}

/// Notes a change, if it is one.
fn differ<T: Clone + PartialEq>(was: &T, is: Option<T>, before: &mut Option<T>, after: &mut Option<T>) {
    if let Some(is) = is.filter(|is| is != was) {
        (*before, *after) = (Some(was.clone()), Some(is));
    }
}
