//! Events to MessagePack and back. Old schemas live here for ever, each with its upcaster.
//!
//! A history part is one map: the envelope's keys and `d`, the map of the event's own data.

use crate::event::{Envelope, Event};
use crate::secret::{Document, SecretFields, SecretPart};
use zeroize::Zeroizing;

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
    #[error("{0} bytes stand behind a map")]
    Trailing(usize),
}

/// The type code of an event: category × 256 + n.
#[must_use]
pub fn type_code(_event: &Event) -> u16 {
    0
}

/// The schema version that this program writes for an event's type.
#[must_use]
pub fn schema_version(_event: &Event) -> u16 {
    1
}

/// The name of a type code, `credential.rotated`.
#[must_use]
pub fn type_name(_code: u16) -> Option<&'static str> {
    None
}

/// The type code of a name.
#[must_use]
pub fn type_code_of(_name: &str) -> Option<u16> {
    None
}

/// The served name of a stored key.
#[must_use]
pub fn long_name(_key: &str) -> Option<&'static str> {
    None
}

/// The history part's map.
#[must_use]
pub fn encode(_envelope: &Envelope, _event: &Event) -> Vec<u8> {
    Vec::new()
}

/// Reads a history part's map.
///
/// # Errors
/// [`DecodeError`]; unknown keys are none.
pub fn decode(code: u16, _schema: u16, _bytes: &[u8]) -> Result<(Envelope, Event), DecodeError> {
    Err(DecodeError::UnknownType { code })
}

/// The secret part's map.
#[must_use]
pub fn encode_secret(_part: &SecretPart) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(Vec::new())
}

/// Reads a credential version's values.
///
/// # Errors
/// [`DecodeError::MalformedSecret`], [`DecodeError::Trailing`].
pub fn decode_fields(_bytes: &[u8]) -> Result<SecretFields, DecodeError> {
    Err(DecodeError::MalformedSecret)
}

/// Reads a template revision's document.
///
/// # Errors
/// As for [`decode_fields`].
pub fn decode_document(_bytes: &[u8]) -> Result<Document, DecodeError> {
    Err(DecodeError::MalformedSecret)
}
