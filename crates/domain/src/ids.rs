//! Ids, positions and versions as types of their own, so that none passes for another.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;

/// Why a text is no id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an id of this kind reads `{prefix}_` and 32 hexadecimal digits")]
pub struct IdError {
    /// The prefix that was expected.
    pub prefix: &'static str,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; 16]);

        impl $name {
            /// The prefix of the text form.
            pub const PREFIX: &'static str = $prefix;

            /// Reads the text form, `<prefix>_` and 32 lower-case hexadecimal digits.
            ///
            /// # Errors
            /// [`IdError`] when it is anything else.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                parse_hex(text, $prefix).map(Self).ok_or(IdError { prefix: $prefix })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}_", $prefix)?;
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        /// Text for people (JSON), 16 bytes for the log.
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                if s.is_human_readable() { s.collect_str(self) } else { s.serialize_bytes(&self.0) }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                if d.is_human_readable() {
                    let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
                    Self::parse(&text).map_err(de::Error::custom)
                } else {
                    serde_bytes::ByteArray::<16>::deserialize(d).map(|bytes| Self(bytes.into_array()))
                }
            }
        }
    };
}

id!(
    /// A credential.
    CredentialId, "cr"
);
id!(
    /// A client of an agency.
    ClientId, "cl"
);
id!(
    /// A workspace.
    WorkspaceId, "ws"
);
id!(
    /// A template.
    TemplateId, "tp"
);
id!(
    /// A principal: a person, a service or the system.
    PrincipalId, "pr"
);
id!(
    /// A grant.
    GrantId, "gr"
);
id!(
    /// A token; never the token itself.
    TokenId, "tk"
);
id!(
    /// An event (`UUIDv7`).
    EventId, "ev"
);
id!(
    /// What ties the events of one piece of work together.
    CorrelationId, "co"
);
id!(
    /// The ledger.
    LedgerId, "lg"
);
id!(
    /// An approval: asked for, given, used.
    ApprovalId, "ap"
);
id!(
    /// A webhook: who is told of what.
    WebhookId, "wh"
);
id!(
    /// A freeze: what was stopped, and where.
    FreezeId, "fz"
);
id!(
    /// An incident: what is looked into and done about it.
    IncidentId, "ic"
);

impl PrincipalId {
    /// The ledger itself, as actor of what nobody asked for.
    pub const SYSTEM: Self = Self([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
}

/// A record's place in the whole log: 0, 1, 2 …, without gaps.
pub type Position = u64;
/// The number of an event within its stream: 1, 2, 3 …
pub type StreamVersion = u64;
/// The number of a set of field values of a credential: 1, 2, 3 …
pub type CredentialVersion = u32;
/// The number of a template's revision: 1, 2, 3 …
pub type Revision = u32;
/// Microseconds since 1970, UTC.
pub type TimeUs = u64;

fn parse_hex(text: &str, prefix: &str) -> Option<[u8; 16]> {
    let digits = text.strip_prefix(prefix)?.strip_prefix('_')?.as_bytes();
    if digits.len() != 32 {
        return None;
    }
    let mut id = [0; 16];
    for (byte, [high, low]) in id.iter_mut().zip(digits.as_chunks().0) {
        *byte = nibble(*high)? << 4 | nibble(*low)?;
    }
    Some(id)
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}
