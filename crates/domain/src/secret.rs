//! Values that must not be printed, compared in variable time, or serialised by accident.

use std::fmt;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A secret or destination value: wiped when dropped, never printed.
#[derive(Clone)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// Takes a value.
    #[must_use]
    pub fn new(value: String) -> Self {
        Self(Zeroizing::new(value))
    }

    /// Shows the value; easy to search for.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Compares in time that depends on the lengths only.
    #[must_use]
    pub fn ct_eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// The secret and destination values of one version, by field name, in the order of the fields.
#[derive(Debug, Clone, Default)]
pub struct SecretFields(pub Vec<(String, SecretText)>);

impl SecretFields {
    /// The value of a field.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&SecretText> {
        self.0.iter().find(|(field, _)| field == name).map(|(_, value)| value)
    }
}

/// What goes into a record's secret part.
#[derive(Debug, Clone)]
pub enum SecretPart {
    /// A credential version's values.
    Fields(SecretFields),
    /// A template revision's document and the keyed hashes of its references.
    Document(Document),
}

/// A template's document as stored.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Document {
    /// The document as served.
    pub bytes: Vec<u8>,
    /// Key of the reference hashes; random, one for each template.
    pub reference_key: [u8; 32],
    /// Variable and keyed hash of the reference that it came from.
    pub references: Vec<KnownReference>,
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[document of {} bytes]", self.bytes.len())
    }
}

/// What a revision keeps of one reference of its source document: keyed hashes, so that the next revision gives the
/// same reference its variable again. Never exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownReference {
    /// The variable it became.
    pub variable: String,
    /// Hash of type, id and name.
    pub hash: [u8; 32],
    /// Hash of type and id alone, when it has an id.
    pub id_hash: Option<[u8; 32]>,
    /// Hash of type and name alone, when it has a name.
    pub name_hash: Option<[u8; 32]>,
}
