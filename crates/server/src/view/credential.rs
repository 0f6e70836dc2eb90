//! Credentials as they are shown.

use super::{Lens, pairs};
use crate::time::rfc3339;
use strongroom_api::credential::{Credential, CredentialVersion, Field, Reach, Rotation, Source};
use strongroom_domain::event::{self, FieldFact};
use strongroom_domain::state::{self, VersionFact};
use strongroom_domain::words::FieldClass;

impl Lens<'_> {
    /// A credential; with its versions where one is asked for.
    pub(crate) fn credential(&self, it: &state::Credential, with_versions: bool) -> Credential {
        let versions = if with_versions {
            it.versions.iter().map(|fact| self.version(fact)).collect()
        } else {
            Vec::new()
        };
        Credential {
            handle: it.handle.clone(),
            id: it.id.to_string(),
            name: it.name.clone(),
            service: it.service.clone(),
            kind: it.kind.as_str().to_owned(),
            status: it.status.as_str().to_owned(),
            version: it.version(),
            description: it.description.clone(),
            tags: pairs(&it.tags),
            settings: pairs(&it.settings),
            client: it.client.and_then(|id| self.client_handle(id)),
            reach: self.reach(it),
            steward: self.principal_handle(it.steward),
            fields: it.fields.iter().map(field).collect(),
            expires_at: it.expires_at.map(rfc3339),
            rotation: it.rotation.as_ref().map(rotation),
            scopes: it.scopes.clone(),
            app: it.app.and_then(|id| self.credential_handle(id)),
            source: it.source.as_ref().map(source),
            etag: it.head.changed,
            created_at: rfc3339(it.head.created_at),
            updated_at: rfc3339(it.head.updated_at),
            versions,
        }
    }

    fn reach(&self, it: &state::Credential) -> Reach {
        let clients = it.client.iter().chain(&it.reach.clients);
        Reach {
            all: it.client.is_none() || it.reach.all,
            clients: clients.filter_map(|id| self.client_handle(*id)).collect(),
            workspaces: it
                .reach
                .workspaces
                .iter()
                .filter_map(|id| self.workspace_handle(*id))
                .collect(),
        }
    }

    fn version(&self, fact: &VersionFact) -> CredentialVersion {
        CredentialVersion {
            version: fact.version,
            entered_at: rfc3339(fact.entered_at),
            entered_by: self.principal_handle(fact.entered_by),
            from_version: fact.from_version,
            grace_until: fact.grace_until.map(rfc3339),
            until_moved: fact.until_moved,
            grace_ended_at: fact.grace_ended_at.map(rfc3339),
            expires_at: fact.expires_at.map(rfc3339),
            position: fact.values_at,
        }
    }
}

fn field(fact: &FieldFact) -> Field {
    Field {
        name: fact.name.clone(),
        class: fact.class.as_str().to_owned(),
        json: fact.json,
        value: fact.value.clone().filter(|_| fact.class == FieldClass::Plain),
    }
}

fn rotation(policy: &event::RotationPolicy) -> Rotation {
    Rotation {
        every_days: policy.every_days,
        grace_days: policy.grace_days,
    }
}

/// Where a thing was imported from.
pub(super) fn source(source: &event::Source) -> Source {
    Source {
        system: source.system.clone(),
        id: source.id.clone(),
    }
}
