//! What the events of a credential do.

use super::thing;
use crate::event::{
    CredentialChange, CredentialCreated, CredentialRolledBack, CredentialRotated, FieldFact, GraceEnded, Recorded,
    RotationDue, Sharing, Source,
};
use crate::ids::{CredentialId, Position, TimeUs};
use crate::state::{Credential, Reach, State, StreamHead, VersionFact};
use crate::words::{CredentialStatus, FieldClass};
use imbl::Vector;
use std::sync::Arc;

pub(super) const ACTIVE: CredentialStatus = CredentialStatus::Active;
pub(super) const DISABLED: CredentialStatus = CredentialStatus::Disabled;
pub(super) const REVOKED: CredentialStatus = CredentialStatus::Revoked;

pub(super) fn created(state: &mut State, recorded: &Recorded, data: &CredentialCreated) {
    let id = CredentialId(recorded.stream.id);
    let version = entered(recorded, 1, &data.fields, data.expires_at);
    state.names.credential_handles.insert(data.handle.as_str().into(), id);
    state.names.credential_skeletons.insert(&data.skeleton, id);
    if let Some(source) = &data.source {
        state.sources.insert(source.clone(), id);
    }
    let credential = Credential {
        id,
        head: StreamHead::default().after(recorded),
        handle: data.handle.clone(),
        name: data.name.clone(),
        skeleton: data.skeleton.clone(),
        service: data.service.clone(),
        kind: data.kind,
        description: data.description.clone(),
        tags: data.tags.clone(),
        settings: data.settings.clone(),
        client: data.client,
        reach: Reach::default(),
        steward: data.steward,
        status: ACTIVE,
        fields: data.fields.clone(),
        versions: Vector::unit(Arc::new(version)),
        expires_at: data.expires_at,
        rotation: data.rotation.clone(),
        source: data.source.clone(),
        app: data.app,
        scopes: data.scopes.clone(),
        key_id: recorded.secret_key_id.unwrap_or_default(),
    };
    state.credentials.insert(id, Arc::new(credential));
}

pub(super) fn change(state: &mut State, recorded: &Recorded, apply: impl FnOnce(&mut Credential)) {
    if let Some(credential) = thing(&mut state.credentials, CredentialId(recorded.stream.id)) {
        credential.head = credential.head.after(recorded);
        apply(credential);
    }
}

pub(super) fn set_status(state: &mut State, recorded: &Recorded, status: CredentialStatus) {
    change(state, recorded, |credential| credential.status = status);
}

pub(super) fn updated(state: &mut State, recorded: &Recorded, after: &CredentialChange) {
    let id = CredentialId(recorded.stream.id);
    let mut renamed = None;
    change(state, recorded, |credential| {
        if let Some(name) = &after.name {
            credential.name.clone_from(name);
        }
        if let Some(skeleton) = &after.skeleton {
            renamed = Some(std::mem::replace(&mut credential.skeleton, skeleton.clone()));
        }
        if let Some(description) = &after.description {
            credential.description.clone_from(description);
        }
        if let Some(tags) = &after.tags {
            credential.tags.clone_from(tags);
        }
        if let Some(settings) = &after.settings {
            credential.settings.clone_from(settings);
        }
        if let Some(client) = after.client {
            credential.client = client;
        }
        if let Some(expires_at) = after.expires_at {
            credential.expires_at = expires_at;
        }
        if let Some(rotation) = &after.rotation {
            credential.rotation.clone_from(rotation);
        }
        if let Some(scopes) = &after.scopes {
            credential.scopes.clone_from(scopes);
        }
        for field in &after.fields {
            set_plain(&mut credential.fields, field);
        }
    });
    if let (Some(before), Some(skeleton)) = (renamed, &after.skeleton) {
        state.names.credential_skeletons.remove(&before);
        state.names.credential_skeletons.insert(skeleton, id);
    }
}

pub(super) fn shared(state: &mut State, recorded: &Recorded, data: &Sharing) {
    change(state, recorded, |credential| {
        let reach = &mut credential.reach;
        reach.all |= data.all;
        add(&mut reach.clients, &data.clients);
        add(&mut reach.workspaces, &data.workspaces);
    });
}

pub(super) fn unshared(state: &mut State, recorded: &Recorded, data: &Sharing) {
    change(state, recorded, |credential| {
        let reach = &mut credential.reach;
        reach.all &= !data.all;
        reach.clients.retain(|client| !data.clients.contains(client));
        reach
            .workspaces
            .retain(|workspace| !data.workspaces.contains(workspace));
    });
}

pub(super) fn rotated(state: &mut State, recorded: &Recorded, data: &CredentialRotated) {
    let id = CredentialId(recorded.stream.id);
    let mut old_source = None;
    change(state, recorded, |credential| {
        if let (Some(grace_until), Some(before)) = (data.grace_until, credential.versions.back_mut()) {
            let before = Arc::make_mut(before);
            before.grace_until = Some(grace_until);
            before.until_moved = data.until_moved;
        }
        let mut version = entered(recorded, data.version, &data.fields, data.expires_at);
        if let Some(before) = credential.versions.back() {
            version.share_fields(before);
        }
        credential.versions.push_back(Arc::new(version));
        credential.fields.clone_from(&data.fields);
        credential.expires_at = data.expires_at;
        if let Some(key_id) = recorded.secret_key_id {
            credential.key_id = key_id;
        }
        if data.source.is_some() {
            old_source = std::mem::replace(&mut credential.source, data.source.clone());
        }
    });
    if data.grace_until.is_some() && state.credentials.contains_key(&id) {
        state.graces.insert((id, data.version.saturating_sub(1)));
    }
    if let Some(source) = &data.source {
        move_source(state, old_source, source, id);
    }
}

pub(super) fn grace_ended(state: &mut State, recorded: &Recorded, data: &GraceEnded) {
    state.graces.remove(&(CredentialId(recorded.stream.id), data.version));
    change(state, recorded, |credential| {
        let at = data.version.checked_sub(1).map(|at| at as usize);
        if let Some(fact) = at.and_then(|at| credential.versions.get_mut(at)) {
            Arc::make_mut(fact).grace_ended_at = Some(recorded.recorded_at);
        }
    });
}

pub(super) fn rotation_due(state: &mut State, recorded: &Recorded, data: &RotationDue) {
    change(state, recorded, |credential| {
        let at = data.version.checked_sub(1).map(|at| at as usize);
        if let Some(fact) = at.and_then(|at| credential.versions.get_mut(at)) {
            Arc::make_mut(fact).due_said = Some(data.due_at);
        }
    });
}

pub(super) fn rolled_back(state: &mut State, recorded: &Recorded, data: &CredentialRolledBack) {
    change(state, recorded, |credential| {
        let Some(from) = credential.version_fact(data.from_version).cloned() else {
            return;
        };
        credential.fields.retain(|field| {
            field.class == FieldClass::Plain && !from.fields.iter().any(|other| other.name == field.name)
        });
        credential.fields.extend(from.fields.iter().cloned());
        credential.expires_at = from.expires_at;
        credential.versions.push_back(Arc::new(VersionFact {
            version: data.version,
            entered_at: recorded.recorded_at,
            entered_by: recorded.envelope.actor,
            from_version: Some(data.from_version),
            grace_until: None,
            until_moved: false,
            grace_ended_at: None,
            due_said: None,
            ..from
        }));
    });
}

/// The facts of a version whose values lie in this very record.
fn entered(recorded: &Recorded, version: u32, fields: &[FieldFact], expires_at: Option<TimeUs>) -> VersionFact {
    let values_at: Position = recorded.position;
    VersionFact {
        version,
        values_at,
        entered_at: recorded.recorded_at,
        entered_by: recorded.envelope.actor,
        from_version: None,
        grace_until: None,
        until_moved: false,
        grace_ended_at: None,
        due_said: None,
        expires_at,
        fields: fields
            .iter()
            .filter(|field| field.class != FieldClass::Plain)
            .cloned()
            .collect(),
    }
}

/// Sets a plain field, or takes it away when it comes without a value.
fn set_plain(fields: &mut Vec<FieldFact>, field: &FieldFact) {
    if field.value.is_none() {
        return fields.retain(|other| other.name != field.name);
    }
    match fields.iter_mut().find(|other| other.name == field.name) {
        Some(other) => other.clone_from(field),
        None => fields.push(field.clone()),
    }
}

fn add<T: Copy + Ord>(to: &mut Vec<T>, items: &[T]) {
    to.extend_from_slice(items);
    to.sort_unstable();
    to.dedup();
}

fn move_source(state: &mut State, old: Option<Source>, new: &Source, id: CredentialId) {
    if let Some(old) = old.filter(|old| old != new) {
        state.sources.remove(&old);
    }
    state.sources.insert(new.clone(), id);
}
