//! Events to MessagePack and back. Old schemas live here for ever, each with its upcaster.
//!
//! A history part is one map: the envelope's keys and `d`, the map of the event's own data. Unknown keys are left alone;
//! an unknown type or schema is an error, since nobody could say what it did to the state.

use crate::event::{
    Accessed, ApprovalRequested, ClientCreated, Counted, CredentialCreated, CredentialRolledBack, CredentialRotated,
    CredentialUpdated, DefaultMapped, DefaultUnmapped, DeniedAccess, Envelope, Event, FourEyesSet, Frozen, GraceEnded,
    GrantWithdrawn, Granted, IdentityBound, IdentityUnbound, IncidentOpened, IncidentWidened, KEYS, LeakSearched,
    LedgerInitialized, Nothing, PrincipalCreated, Recovered, Refused, Restored, Revealed, RotationDue, Sharing,
    StepSkipped, StewardChanged, StewardsTold, TemplateAdmitted, TemplateRegistered, TemplateRevised, ThingUpdated,
    TokenIssued, TokenRevoked, VariableMapped, VariableUnmapped, WebhookCreated, WebhookDelivered, WebhookFailed,
    WebhookPaused, WebhookUpdated, WorkspaceCreated,
};
use crate::words::Category;
use serde::de::value::{BorrowedStrDeserializer, MapAccessDeserializer};
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

mod secret;
#[cfg(test)]
mod tests;

pub use secret::{decode_document, decode_fields, encode_secret};

/// Depth of maps and lists in a stored part; ours are at most five deep.
const DEPTH_MAX: usize = 16;

/// Why stored bytes are no event.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// A type that this version does not know: written by a newer one.
    #[error("event type {code:#06x} is unknown: the ledger was written by a newer version")]
    UnknownType {
        /// The type code.
        code: u16,
    },
    /// A schema that this version does not know.
    #[error("schema {schema} of event type {code:#06x} is unknown: the ledger was written by a newer version")]
    UnknownSchema {
        /// The type code.
        code: u16,
        /// The schema version.
        schema: u16,
    },
    /// The map is not what the type says.
    #[error("an event of type {code:#06x} is malformed")]
    Malformed {
        /// The type code.
        code: u16,
        /// What the decoder says.
        #[source]
        source: rmp_serde::decode::Error,
    },
    /// The secret part is not what it should be. The decoder's words are left out: they could hold a value.
    #[error("a secret part is malformed")]
    MalformedSecret,
    /// Something stands behind the map.
    #[error("bytes stand behind the map of a part")]
    Trailing,
}

/// Declares every event once: where its code, name, encoding and decoding come from. A number is never reused.
macro_rules! events {
    ($($category:ident $number:literal $name:literal $variant:ident($payload:ty);)+) => {
        /// Every type of event: code and name, by code.
        pub const TYPES: &[(u16, &str)] = &[$((Category::$category.number() * 256 + $number, $name)),+];

        /// The type code of an event: category × 256 + n.
        #[must_use]
        pub fn type_code(event: &Event) -> u16 {
            match event { $(Event::$variant(_) => Category::$category.number() * 256 + $number),+ }
        }

        fn write_data(event: &Event, out: &mut Vec<u8>) {
            match event { $(Event::$variant(data) => write(data, out)),+ }
        }

        /// An event's own data, without envelope and type, to be serialized: with stored keys, ids as text where text is meant.
        #[derive(Debug, Clone, Copy)]
        pub struct DataOf<'a>(pub &'a Event);

        impl Serialize for DataOf<'_> {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self.0 { $(Event::$variant(data) => data.serialize(serializer)),+ }
            }
        }

        impl Event {
            /// Its name, `credential.rotated`.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name),+ }
            }

            /// The category of its stream.
            #[must_use]
            pub fn category(&self) -> Category {
                match self { $(Self::$variant(_) => Category::$category),+ }
            }
        }

        impl<'de> DeserializeSeed<'de> for Data {
            type Value = Event;

            fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Event, D::Error> {
                $(if self.code == Category::$category.number() * 256 + $number {
                    return <$payload>::deserialize(d).map(Event::$variant);
                })+
                Err(D::Error::custom("unknown type"))
            }
        }
    };
}

events! {
    Ledger 1 "ledger.initialized" LedgerInitialized(LedgerInitialized);
    Ledger 2 "ledger.restored" Restored(Restored);
    Ledger 3 "ledger.recovered" Recovered(Recovered);
    Ledger 4 "ledger.released" Released(Nothing);
    Principal 1 "principal.created" PrincipalCreated(PrincipalCreated);
    Principal 2 "principal.token_issued" TokenIssued(TokenIssued);
    Principal 3 "principal.token_revoked" TokenRevoked(TokenRevoked);
    Principal 4 "principal.granted" Granted(Granted);
    Principal 5 "principal.grant_withdrawn" GrantWithdrawn(GrantWithdrawn);
    Principal 6 "principal.disabled" PrincipalDisabled(Nothing);
    Principal 7 "principal.identity_bound" IdentityBound(IdentityBound);
    Principal 8 "principal.identity_unbound" IdentityUnbound(IdentityUnbound);
    Client 1 "client.created" ClientCreated(ClientCreated);
    Client 2 "client.updated" ClientUpdated(ThingUpdated);
    Client 3 "client.archived" ClientArchived(Nothing);
    Credential 1 "credential.created" CredentialCreated(CredentialCreated);
    Credential 2 "credential.updated" CredentialUpdated(CredentialUpdated);
    Credential 3 "credential.shared" CredentialShared(Sharing);
    Credential 4 "credential.unshared" CredentialUnshared(Sharing);
    Credential 5 "credential.steward_changed" StewardChanged(StewardChanged);
    Credential 6 "credential.rotated" CredentialRotated(CredentialRotated);
    Credential 7 "credential.rolled_back" CredentialRolledBack(CredentialRolledBack);
    Credential 8 "credential.disabled" CredentialDisabled(Nothing);
    Credential 9 "credential.enabled" CredentialEnabled(Nothing);
    Credential 10 "credential.revoked" CredentialRevoked(Nothing);
    Credential 11 "credential.grace_ended" GraceEnded(GraceEnded);
    Credential 12 "credential.rotation_due" RotationDue(RotationDue);
    Template 1 "template.registered" TemplateRegistered(TemplateRegistered);
    Template 2 "template.revised" TemplateRevised(TemplateRevised);
    Template 3 "template.retired" TemplateRetired(Nothing);
    Template 4 "template.updated" TemplateUpdated(ThingUpdated);
    Workspace 1 "workspace.created" WorkspaceCreated(WorkspaceCreated);
    Workspace 2 "workspace.updated" WorkspaceUpdated(ThingUpdated);
    Workspace 3 "workspace.archived" WorkspaceArchived(Nothing);
    Workspace 4 "workspace.template_admitted" TemplateAdmitted(TemplateAdmitted);
    Workspace 5 "workspace.variable_mapped" VariableMapped(VariableMapped);
    Workspace 6 "workspace.variable_unmapped" VariableUnmapped(VariableUnmapped);
    Default 1 "default.default_mapped" DefaultMapped(DefaultMapped);
    Default 2 "default.default_unmapped" DefaultUnmapped(DefaultUnmapped);
    Access 1 "access.accessed" Accessed(Accessed);
    Access 2 "access.counted" Counted(Counted);
    Access 3 "access.revealed" Revealed(Revealed);
    Access 4 "access.denied" Denied(DeniedAccess);
    Access 5 "access.refused" Refused(Refused);
    Access 6 "access.leak_searched" LeakSearched(LeakSearched);
    Approval 1 "approval.requested" ApprovalRequested(ApprovalRequested);
    Approval 2 "approval.approved" ApprovalApproved(Nothing);
    Approval 3 "approval.declined" ApprovalDeclined(Nothing);
    Approval 4 "approval.used" ApprovalUsed(Nothing);
    Policy 1 "policy.four_eyes_set" FourEyesSet(FourEyesSet);
    Webhook 1 "webhook.created" WebhookCreated(WebhookCreated);
    Webhook 2 "webhook.updated" WebhookUpdated(WebhookUpdated);
    Webhook 3 "webhook.paused" WebhookPaused(WebhookPaused);
    Webhook 4 "webhook.resumed" WebhookResumed(Nothing);
    Webhook 5 "webhook.removed" WebhookRemoved(Nothing);
    Webhook 6 "webhook.delivered" WebhookDelivered(WebhookDelivered);
    Webhook 7 "webhook.failed" WebhookFailed(WebhookFailed);
    Webhook 8 "webhook.tested" WebhookTested(Nothing);
    Incident 1 "incident.frozen" Frozen(Frozen);
    Incident 2 "incident.unfrozen" Unfrozen(Nothing);
    Incident 3 "incident.opened" IncidentOpened(IncidentOpened);
    Incident 4 "incident.widened" IncidentWidened(IncidentWidened);
    Incident 5 "incident.told" StewardsTold(StewardsTold);
    Incident 6 "incident.step_skipped" StepSkipped(StepSkipped);
    Incident 7 "incident.closed" IncidentClosed(Nothing);
}

/// The schema version that this program writes an event with. Schema 2 of a type has a key that schema 1 has not, and that
/// nobody may overlook: where the key is absent, schema 1 is written, as ever.
#[must_use]
pub fn schema_version(event: &Event) -> u16 {
    match event {
        Event::Revealed(revealed) if revealed.break_glass => 2,
        Event::TokenIssued(issued) if issued.run.is_some() => 2,
        Event::CredentialRotated(rotated) if rotated.until_moved => 2,
        _ => 1,
    }
}

/// The newest schema of a type that this program reads. Each before it is the same map without the keys that came later.
fn schema_max(code: u16) -> u16 {
    let with_second = ["access.revealed", "principal.token_issued", "credential.rotated"];
    if type_name(code).is_some_and(|name| with_second.contains(&name)) {
        2
    } else {
        1
    }
}

/// The name of a type code, `credential.rotated`.
#[must_use]
pub fn type_name(code: u16) -> Option<&'static str> {
    TYPES.iter().find(|(known, _)| *known == code).map(|(_, name)| *name)
}

/// The type code of a name.
#[must_use]
pub fn type_code_of(name: &str) -> Option<u16> {
    TYPES.iter().find(|(_, known)| *known == name).map(|(code, _)| *code)
}

/// The served name of a stored key.
#[must_use]
pub fn long_name(key: &str) -> Option<&'static str> {
    KEYS.iter().find(|(short, _)| *short == key).map(|(_, long)| *long)
}

/// The history part's map.
#[must_use]
pub fn encode(envelope: &Envelope, event: &Event) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    write(envelope, &mut out);
    // The envelope is a map of at most twelve keys, whose length lies in the first byte: `d` becomes one more of them.
    assert!(matches!(out.first(), Some(0x80..=0x8e)), "an envelope is a small map");
    if let Some(first) = out.first_mut() {
        *first += 1;
    }
    out.extend_from_slice(&[0xa1, b'd']);
    write_data(event, &mut out);
    out
}

/// Reads a history part's map.
///
/// # Errors
/// [`DecodeError`]; unknown keys are none.
pub fn decode(code: u16, schema: u16, bytes: &[u8]) -> Result<(Envelope, Event), DecodeError> {
    if type_name(code).is_none() {
        return Err(DecodeError::UnknownType { code });
    }
    if !(1..=schema_max(code)).contains(&schema) {
        return Err(DecodeError::UnknownSchema { code, schema });
    }
    let mut decoder = decoder(bytes);
    let both = decoder
        .deserialize_map(Both { code })
        .map_err(|source| DecodeError::Malformed { code, source })?;
    ended(&mut decoder)?;
    Ok(both)
}

/// `Option<Option<T>>`: absent, nil, or a value.
pub mod double_option {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// Writes nil for `Some(None)`.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<T: Serialize, S: Serializer>(value: &Option<Option<T>>, s: S) -> Result<S::Ok, S::Error> {
        value.as_ref().and_then(Option::as_ref).serialize(s)
    }

    /// A key that is there gives `Some`, nil or not.
    ///
    /// # Errors
    /// Those of the deserializer.
    pub fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(d: D) -> Result<Option<Option<T>>, D::Error> {
        Option::<T>::deserialize(d).map(Some)
    }
}

type Decoder<'de> = rmp_serde::Deserializer<rmp_serde::decode::ReadRefReader<'de, [u8]>>;

pub(crate) fn decoder(bytes: &[u8]) -> Decoder<'_> {
    let mut decoder = rmp_serde::Deserializer::from_read_ref(bytes);
    decoder.set_max_depth(DEPTH_MAX);
    decoder
}

/// Refuses anything behind what was read: only at the end is there no marker to read.
pub(crate) fn ended(decoder: &mut Decoder<'_>) -> Result<(), DecodeError> {
    match IgnoredAny::deserialize(decoder) {
        Err(rmp_serde::decode::Error::InvalidMarkerRead(_)) => Ok(()),
        _ => Err(DecodeError::Trailing),
    }
}

pub(crate) fn write<T: Serialize>(value: &T, out: &mut Vec<u8>) {
    let mut serializer = rmp_serde::Serializer::new(out).with_struct_map();
    value
        .serialize(&mut serializer)
        .expect("plain data is written to memory");
}

/// Reads an event's data by its type.
struct Data {
    code: u16,
}

/// Reads envelope and data in one pass.
struct Both {
    code: u16,
}

impl<'de> Visitor<'de> for Both {
    type Value = (Envelope, Event);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the map of an event")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        let mut event = None;
        let keys = WithoutData {
            map,
            code: self.code,
            event: &mut event,
        };
        let envelope = Envelope::deserialize(MapAccessDeserializer::new(keys))?;
        event
            .map(|event| (envelope, event))
            .ok_or_else(|| A::Error::missing_field("d"))
    }
}

/// A map as the envelope reads it: `d` is taken out on the way.
struct WithoutData<'a, A> {
    map: A,
    code: u16,
    event: &'a mut Option<Event>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for WithoutData<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        loop {
            match self.map.next_key::<&'de str>()? {
                None => return Ok(None),
                Some("d") if self.event.is_some() => return Err(A::Error::duplicate_field("d")),
                Some("d") => *self.event = Some(self.map.next_value_seed(Data { code: self.code })?),
                Some(key) => return seed.deserialize(BorrowedStrDeserializer::new(key)).map(Some),
            }
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}
