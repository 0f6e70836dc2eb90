//! State to rows of the `state` keyspace and back. Rows may be dropped and rebuilt from the log at any time, so their
//! values are maps with the fields' own names; what is derived from entities is in no row.

use crate::event::Stream;
use crate::ids::{
    ApprovalId, ClientId, CredentialId, CredentialVersion, FreezeId, IncidentId, PrincipalId, StreamVersion,
    TemplateId, TokenId, WebhookId, WorkspaceId,
};
use crate::state::{
    AccessStream, Approval, Client, Credential, Default_, EntityKey, Freeze, Incident, Installation, Ledger, Policy,
    Principal, State, StreamHead, Template, VersionFact, Webhook, Workspace,
};
use crate::stored;
use crate::words::Category;
use imbl::OrdMap;
use serde::de::DeserializeOwned;
use serde::{Deserialize as _, Serialize};
use std::sync::Arc;

/// Why a row cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RowError {
    /// The key names no entity.
    #[error("a row's key names no entity")]
    Key,
    /// The value is no such entity.
    #[error("a row is malformed")]
    Malformed(#[source] rmp_serde::decode::Error),
    /// The value is an entity, but something stands behind it, or it is not the one of the key.
    #[error("a row does not hold what its key names")]
    Other,
    /// The rows are not in the order of their keys, or one is missing.
    #[error("a row stands before the one that it belongs to")]
    Order,
}

impl EntityKey {
    /// The row's key: a byte for the kind of entity, then its ids. Keys sort as the entities do, and in that order each
    /// row finds what it belongs to.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut key = Vec::with_capacity(33);
        match self {
            Self::Ledger => key.push(0),
            Self::Credential(id) => one(&mut key, 1, &id.0),
            Self::Version(id, version) => {
                one(&mut key, 2, &id.0);
                key.extend_from_slice(&version.to_be_bytes());
            }
            Self::Client(id) => one(&mut key, 3, &id.0),
            Self::Workspace(id) => one(&mut key, 4, &id.0),
            Self::Template(id) => one(&mut key, 5, &id.0),
            Self::Installation(workspace, template) => {
                one(&mut key, 6, &workspace.0);
                key.extend_from_slice(&template.0);
            }
            Self::Default(id) => one(&mut key, 7, id),
            Self::Principal(id) => one(&mut key, 8, &id.0),
            Self::Access(id) => one(&mut key, 9, &id.0),
            Self::Approval(id) => one(&mut key, 10, &id.0),
            Self::Policy => key.push(11),
            Self::Webhook(id) => one(&mut key, 12, &id.0),
            Self::Freeze(id) => one(&mut key, 13, &id.0),
            Self::Incident(id) => one(&mut key, 14, &id.0),
        }
        key
    }

    /// Reads a row's key.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (&kind, rest) = bytes.split_first()?;
        if kind == 0 {
            return rest.is_empty().then_some(Self::Ledger);
        }
        if kind == 11 {
            return rest.is_empty().then_some(Self::Policy);
        }
        let (&id, rest) = rest.split_first_chunk::<16>()?;
        match kind {
            2 => {
                return Some(Self::Version(
                    CredentialId(id),
                    u32::from_be_bytes(rest.try_into().ok()?),
                ));
            }
            6 => return Some(Self::Installation(WorkspaceId(id), TemplateId(rest.try_into().ok()?))),
            _ if !rest.is_empty() => return None,
            _ => {}
        }
        Some(match kind {
            1 => Self::Credential(CredentialId(id)),
            3 => Self::Client(ClientId(id)),
            4 => Self::Workspace(WorkspaceId(id)),
            5 => Self::Template(TemplateId(id)),
            7 => Self::Default(id),
            8 => Self::Principal(PrincipalId(id)),
            9 => Self::Access(PrincipalId(id)),
            10 => Self::Approval(ApprovalId(id)),
            12 => Self::Webhook(WebhookId(id)),
            13 => Self::Freeze(FreezeId(id)),
            14 => Self::Incident(IncidentId(id)),
            _ => return None,
        })
    }

    /// Whether the row is covered by the sum over what decides rights. So is every row of today: one that grants nothing
    /// still holds its stream's head, and a version given twice would be in the log for ever.
    #[must_use]
    pub fn counted_in_rights(&self) -> bool {
        // Each is named, so that a new kind of row has to say which it is.
        match self {
            Self::Ledger
            | Self::Credential(_)
            | Self::Version(..)
            | Self::Client(_)
            | Self::Workspace(_)
            | Self::Template(_)
            | Self::Installation(..)
            | Self::Default(_)
            | Self::Principal(_)
            | Self::Access(_)
            | Self::Approval(_)
            | Self::Policy
            | Self::Webhook(_)
            | Self::Freeze(_)
            | Self::Incident(_) => true,
        }
    }
}

impl State {
    /// The row of an entity; none when there is no such entity.
    #[must_use]
    pub fn row(&self, key: &EntityKey) -> Option<Vec<u8>> {
        match key {
            EntityKey::Ledger => (self.ledger.head.version > 0).then(|| bytes(self.ledger.as_ref())),
            EntityKey::Credential(id) => credential_row(self.credentials.get(id)?),
            EntityKey::Version(id, version) => older_version(self.credentials.get(id)?, *version).map(bytes),
            EntityKey::Client(id) => self.clients.get(id).map(|it| bytes(it.as_ref())),
            EntityKey::Workspace(id) => self.workspaces.get(id).map(|it| bytes(it.as_ref())),
            EntityKey::Template(id) => self.templates.get(id).map(|it| bytes(it.as_ref())),
            EntityKey::Installation(workspace, template) => self
                .installations
                .get(&(*workspace, *template))
                .map(|it| bytes(it.as_ref())),
            EntityKey::Default(id) => self
                .defaults
                .get(self.default_keys.get(id)?)
                .map(|it| bytes(it.as_ref())),
            EntityKey::Principal(id) => self.principals.get(id).map(|it| bytes(it.as_ref())),
            EntityKey::Access(id) => self.access.get(id).map(|it| bytes(it.as_ref())),
            EntityKey::Approval(id) => self.approvals.get(id).map(|it| bytes(it.as_ref())),
            EntityKey::Policy => (self.policy.head.version > 0).then(|| bytes(self.policy.as_ref())),
            EntityKey::Webhook(id) => self.webhooks.get(id).map(|it| bytes(it.as_ref())),
            EntityKey::Freeze(id) => self.freezes.get(id).map(|it| bytes(it.as_ref())),
            EntityKey::Incident(id) => self.incidents.get(id).map(|it| bytes(it.as_ref())),
        }
    }

    /// Takes a row back in. Rows come in the order of their keys. `last_recorded_at` is the caller's to set.
    ///
    /// # Errors
    /// [`RowError`]; the state is to be thrown away then.
    pub fn load_row(&mut self, key: &[u8], row: &[u8]) -> Result<(), RowError> {
        match EntityKey::parse(key).ok_or(RowError::Key)? {
            EntityKey::Ledger => self.ledger = read::<Ledger>(row)?,
            EntityKey::Credential(id) => self.load_credential(own(read_credential(row)?, |it| it.id == id)?),
            EntityKey::Version(id, version) => self.load_version(id, version, read(row)?)?,
            EntityKey::Client(id) => self.load_client(own(read(row)?, |it: &Client| it.id == id)?),
            EntityKey::Workspace(id) => self.load_workspace(own(read(row)?, |it: &Workspace| it.id == id)?),
            EntityKey::Template(id) => self.load_template(own(read(row)?, |it: &Template| it.id == id)?),
            EntityKey::Installation(workspace, template) => {
                let same = |it: &Installation| (it.workspace, it.template) == (workspace, template);
                self.installations.insert((workspace, template), own(read(row)?, same)?);
            }
            EntityKey::Default(id) => {
                let default = own(read(row)?, |it: &Default_| it.stream_id == id)?;
                self.default_keys.insert(id, default.key.clone());
                self.defaults.insert(default.key.clone(), default);
            }
            EntityKey::Principal(id) => self.load_principal(own(read(row)?, |it: &Principal| it.id == id)?),
            EntityKey::Access(id) => {
                self.access.insert(id, read::<AccessStream>(row)?);
            }
            EntityKey::Approval(id) => {
                self.approvals.insert(id, own(read(row)?, |it: &Approval| it.id == id)?);
            }
            EntityKey::Policy => self.policy = read::<Policy>(row)?,
            EntityKey::Webhook(id) => {
                self.webhooks.insert(id, own(read(row)?, |it: &Webhook| it.id == id)?);
            }
            EntityKey::Freeze(id) => {
                self.freezes.insert(id, own(read(row)?, |it: &Freeze| it.id == id)?);
            }
            EntityKey::Incident(id) => {
                self.incidents.insert(id, own(read(row)?, |it: &Incident| it.id == id)?);
            }
        }
        Ok(())
    }

    /// The keys of all rows, in order.
    pub fn entities(&self) -> impl Iterator<Item = EntityKey> + '_ {
        let versions = |it: &Arc<Credential>| {
            let id = it.id;
            (1..it.version()).map(move |version| EntityKey::Version(id, version))
        };
        // Defaults are sorted by what they are for; their rows by stream.
        let mut defaults: Vec<_> = self
            .defaults
            .values()
            .map(|it| EntityKey::Default(it.stream_id))
            .collect();
        defaults.sort_unstable();
        let ledger = (self.ledger.head.version > 0).then_some(EntityKey::Ledger);
        ledger
            .into_iter()
            .chain(self.credentials.keys().copied().map(EntityKey::Credential))
            .chain(self.credentials.values().flat_map(versions))
            .chain(self.clients.keys().copied().map(EntityKey::Client))
            .chain(self.workspaces.keys().copied().map(EntityKey::Workspace))
            .chain(self.templates.keys().copied().map(EntityKey::Template))
            .chain(
                self.installations
                    .keys()
                    .map(|&(workspace, template)| EntityKey::Installation(workspace, template)),
            )
            .chain(defaults)
            .chain(self.principals.keys().copied().map(EntityKey::Principal))
            .chain(self.access.keys().copied().map(EntityKey::Access))
            .chain(self.approvals.keys().copied().map(EntityKey::Approval))
            .chain((self.policy.head.version > 0).then_some(EntityKey::Policy))
            .chain(self.webhooks.keys().copied().map(EntityKey::Webhook))
            .chain(self.freezes.keys().copied().map(EntityKey::Freeze))
            .chain(self.incidents.keys().copied().map(EntityKey::Incident))
    }

    /// The first row in which two states differ; a credential's versions count as its own row.
    #[must_use]
    pub fn first_difference(&self, other: &Self) -> Option<EntityKey> {
        if self.ledger != other.ledger {
            return Some(EntityKey::Ledger);
        }
        let default = |key: DefaultKeyRef<'_>| {
            let stream_id = self
                .defaults
                .get(key)
                .or_else(|| other.defaults.get(key))
                .map(|it| it.stream_id);
            EntityKey::Default(stream_id.unwrap_or_default())
        };
        differing(&self.credentials, &other.credentials)
            .map(|id| EntityKey::Credential(*id))
            .or_else(|| differing(&self.clients, &other.clients).map(|id| EntityKey::Client(*id)))
            .or_else(|| differing(&self.workspaces, &other.workspaces).map(|id| EntityKey::Workspace(*id)))
            .or_else(|| differing(&self.templates, &other.templates).map(|id| EntityKey::Template(*id)))
            .or_else(|| {
                differing(&self.installations, &other.installations).map(|id| EntityKey::Installation(id.0, id.1))
            })
            .or_else(|| differing(&self.defaults, &other.defaults).map(default))
            .or_else(|| differing(&self.principals, &other.principals).map(|id| EntityKey::Principal(*id)))
            .or_else(|| differing(&self.access, &other.access).map(|id| EntityKey::Access(*id)))
            .or_else(|| differing(&self.approvals, &other.approvals).map(|id| EntityKey::Approval(*id)))
            .or_else(|| (self.policy != other.policy).then_some(EntityKey::Policy))
            .or_else(|| differing(&self.webhooks, &other.webhooks).map(|id| EntityKey::Webhook(*id)))
            .or_else(|| differing(&self.freezes, &other.freezes).map(|id| EntityKey::Freeze(*id)))
            .or_else(|| differing(&self.incidents, &other.incidents).map(|id| EntityKey::Incident(*id)))
    }

    /// Whether two states have the same rows.
    #[must_use]
    pub fn rows_equal(&self, other: &Self) -> bool {
        self.first_difference(other).is_none()
    }

    /// Where a stream stands; none for a stream without events.
    #[must_use]
    pub fn stream_head(&self, stream: &Stream) -> Option<StreamHead> {
        let id = stream.id;
        let head = match stream.category {
            Category::Ledger => Some(self.ledger.head).filter(|_| self.ledger.id == id),
            Category::Principal => self.principals.get(&PrincipalId(id)).map(|it| it.head),
            Category::Client => self.clients.get(&ClientId(id)).map(|it| it.head),
            Category::Credential => self.credentials.get(&CredentialId(id)).map(|it| it.head),
            Category::Template => self.templates.get(&TemplateId(id)).map(|it| it.head),
            Category::Workspace => self.workspaces.get(&WorkspaceId(id)).map(|it| it.head),
            Category::Default => self
                .default_keys
                .get(&id)
                .and_then(|key| self.defaults.get(key))
                .map(|it| it.head),
            Category::Access => self.access.get(&PrincipalId(id)).map(|it| it.head),
            Category::Approval => self.approvals.get(&ApprovalId(id)).map(|it| it.head),
            Category::Policy => Some(self.policy.head).filter(|_| self.ledger.id == id),
            Category::Webhook => self.webhooks.get(&WebhookId(id)).map(|it| it.head),
            // A freeze and an incident are streams of one category; their ids are random.
            Category::Incident => {
                let freeze = self.freezes.get(&FreezeId(id)).map(|it| it.head);
                freeze.or_else(|| self.incidents.get(&IncidentId(id)).map(|it| it.head))
            }
        };
        head.filter(|head| head.version > 0)
    }

    /// The version of a stream's last event; 0 for a stream without events.
    #[must_use]
    pub fn stream_version(&self, stream: &Stream) -> StreamVersion {
        self.stream_head(stream).map_or(0, |head| head.version)
    }

    fn load_credential(&mut self, it: Arc<Credential>) {
        self.names.credential_handles.insert(it.handle.as_str().into(), it.id);
        self.names.credential_skeletons.insert(&it.skeleton, it.id);
        if let Some(source) = &it.source {
            self.sources.insert(source.clone(), it.id);
        }
        self.credentials.insert(it.id, it);
    }

    fn load_version(
        &mut self,
        id: CredentialId,
        number: CredentialVersion,
        mut fact: Arc<VersionFact>,
    ) -> Result<(), RowError> {
        let credential = self
            .credentials
            .get_mut(&id)
            .map(Arc::make_mut)
            .ok_or(RowError::Order)?;
        if fact.version != number {
            return Err(RowError::Other);
        }
        // The current one came with the credential and stands behind all others.
        let older = credential.versions.len().saturating_sub(1);
        if older + 1 != number as usize || number >= credential.version() {
            return Err(RowError::Order);
        }
        if fact.grace_is_open() {
            self.graces.insert((id, number));
        }
        // Taken off and put back behind it: an insert before the end costs a rebalancing of the vector each time.
        let current = credential.versions.pop_back();
        if let Some(current) = &current {
            Arc::make_mut(&mut fact).share_fields(current);
        }
        credential.versions.push_back(fact);
        credential.versions.extend(current);
        Ok(())
    }

    fn load_client(&mut self, it: Arc<Client>) {
        self.names.client_handles.insert(it.handle.as_str().into(), it.id);
        self.names.client_skeletons.insert(&it.skeleton, it.id);
        self.clients.insert(it.id, it);
    }

    fn load_workspace(&mut self, it: Arc<Workspace>) {
        self.names.workspace_handles.insert(it.handle.as_str().into(), it.id);
        self.names.workspace_skeletons.insert(&it.skeleton, it.id);
        self.workspaces.insert(it.id, it);
    }

    fn load_template(&mut self, it: Arc<Template>) {
        self.names.template_handles.insert(it.handle.as_str().into(), it.id);
        self.names.template_skeletons.insert(&it.skeleton, it.id);
        self.templates.insert(it.id, it);
    }

    fn load_principal(&mut self, it: Arc<Principal>) {
        self.names.principal_handles.insert(it.handle.as_str().into(), it.id);
        self.names.principal_skeletons.insert(&it.skeleton, it.id);
        let tokens = it
            .tokens
            .iter()
            .map(|token| -> ([u8; 32], (PrincipalId, TokenId)) { (token.hash, (it.id, token.id)) });
        for (hash, owner) in tokens {
            self.tokens.insert(hash, owner);
        }
        for identity in &it.identities {
            let of = self.issuers.entry(identity.bound.issuer.clone()).or_default();
            of.push((it.id, identity.bound.identity));
        }
        self.principals.insert(it.id, it);
    }
}

type DefaultKeyRef<'a> = &'a crate::state::DefaultKey;

fn one(key: &mut Vec<u8>, kind: u8, id: &[u8; 16]) {
    key.push(kind);
    key.extend_from_slice(id);
}

fn bytes<T: Serialize>(entity: &T) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    stored::write(entity, &mut out);
    out
}

/// The credential, and behind it its current version.
fn credential_row(credential: &Credential) -> Option<Vec<u8>> {
    let mut out = bytes(credential);
    stored::write(credential.versions.back()?.as_ref(), &mut out);
    Some(out)
}

fn older_version(credential: &Credential, version: CredentialVersion) -> Option<&VersionFact> {
    credential
        .version_fact(version)
        .filter(|_| version < credential.version())
}

fn read_credential(row: &[u8]) -> Result<Arc<Credential>, RowError> {
    let mut decoder = stored::decoder(row);
    let mut credential = Credential::deserialize(&mut decoder).map_err(RowError::Malformed)?;
    let current = VersionFact::deserialize(&mut decoder).map_err(RowError::Malformed)?;
    stored::ended(&mut decoder).map_err(|_| RowError::Other)?;
    credential.versions.push_back(Arc::new(current));
    Ok(Arc::new(credential))
}

fn read<T: DeserializeOwned>(row: &[u8]) -> Result<Arc<T>, RowError> {
    let mut decoder = stored::decoder(row);
    let entity = T::deserialize(&mut decoder).map_err(RowError::Malformed)?;
    stored::ended(&mut decoder).map_err(|_| RowError::Other)?;
    Ok(Arc::new(entity))
}

fn own<T>(entity: Arc<T>, same: impl FnOnce(&T) -> bool) -> Result<Arc<T>, RowError> {
    if same(&entity) {
        Ok(entity)
    } else {
        Err(RowError::Other)
    }
}

/// The first key, in order, that one side lacks or whose entities differ.
fn differing<'a, K: Ord + Clone, V: PartialEq>(
    left: &'a OrdMap<K, Arc<V>>,
    right: &'a OrdMap<K, Arc<V>>,
) -> Option<&'a K> {
    let (mut left, mut right) = (left.iter(), right.iter());
    loop {
        match (left.next(), right.next()) {
            (None, None) => return None,
            (Some((key, _)), None) | (None, Some((key, _))) => return Some(key),
            (Some((key, one)), Some((other_key, other))) => {
                if key != other_key {
                    return Some(key.min(other_key));
                }
                if !Arc::ptr_eq(one, other) && one != other {
                    return Some(key);
                }
            }
        }
    }
}
