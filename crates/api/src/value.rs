//! Values with manners: secret texts that do not print, maps that keep their order, documents kept as they were sent.

use serde::de::{Error as _, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use std::fmt;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};
use zeroize::Zeroizing;

/// A text that must not be printed; wiped when dropped.
#[derive(Clone, Default)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// Takes a text.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// Shows the text; easy to search for.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Hands the text over without a copy.
    #[must_use]
    pub fn into_inner(mut self) -> String {
        std::mem::take(&mut *self.0)
    }
}

impl From<String> for SecretText {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for SecretText {
    fn from(text: &str) -> Self {
        Self::new(text.to_owned())
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl Serialize for SecretText {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d).map(Self::new)
    }
}

impl PartialSchema for SecretText {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)).into()
    }
}
impl ToSchema for SecretText {}

/// Field values by name, in the order in which they were sent: `{"api_key": "…"}`. No name twice.
#[derive(Debug, Clone, Default)]
pub struct Fields(pub Vec<(String, SecretText)>);

impl Fields {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<K: Into<String>, V: Into<SecretText>> FromIterator<(K, V)> for Fields {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self(
            pairs
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_map(FieldsVisitor)
    }
}

impl PartialSchema for Fields {
    fn schema() -> RefOr<Schema> {
        texts("values by name, each a text; a JSON value as its text, and named in `json`")
    }
}
impl ToSchema for Fields {}

/// Tags or settings by name: `{"team": "eu"}`. A list of `name=value` texts is read as well.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pairs(pub Vec<(String, String)>);

impl Pairs {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Pairs {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self(
            pairs
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}

impl Serialize for Pairs {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(PairsVisitor)
    }
}

impl PartialSchema for Pairs {
    fn schema() -> RefOr<Schema> {
        texts("values by name, each a text")
    }
}
impl ToSchema for Pairs {}

/// Values as they are served: texts, and JSON values typed. Wiped when dropped.
#[derive(Debug, Clone, Default)]
pub struct Values(pub Vec<(String, Value)>);

/// One value as it is served.
#[derive(Debug, Clone)]
pub struct Value {
    /// The text; of a JSON value its JSON text.
    pub text: SecretText,
    /// Whether it is a JSON value other than a string.
    pub json: bool,
}

impl Values {
    /// The value of a field.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }
}

impl Serialize for Values {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_map(ValuesVisitor)
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        if self.json {
            raw(self.text.expose())
                .map_err(|_| S::Error::custom("a JSON field holds no JSON"))?
                .serialize(s)
        } else {
            self.text.serialize(s)
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let document = Document::deserialize(d)?;
        Ok(Self {
            json: !document.was_text,
            text: SecretText(document.text),
        })
    }
}

impl PartialSchema for Values {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::Object))
            .description(Some(
                "values by name: a text, or the JSON value of a field that was entered as JSON",
            ))
            .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(true)))
            .into()
    }
}
impl ToSchema for Values {}

/// A document inside a request: any JSON value as it stands, or a string that holds the document's text. Wiped when dropped.
#[derive(Clone)]
pub struct Document {
    text: Zeroizing<String>,
    was_text: bool,
}

impl Document {
    /// Takes a document's text: sent as JSON when it is some, else as a string.
    #[must_use]
    pub fn new(text: String) -> Self {
        let was_text = text.trim_start().starts_with('"') || serde_json::from_str::<&RawValue>(&text).is_err();
        Self {
            text: Zeroizing::new(text),
            was_text,
        }
    }

    /// The document's text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it stood in a string.
    #[must_use]
    pub fn was_text(&self) -> bool {
        self.was_text
    }

    /// The document's bytes, without a copy.
    #[must_use]
    pub fn into_bytes(mut self) -> Vec<u8> {
        std::mem::take(&mut *self.text).into_bytes()
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[document of {} bytes]", self.text.len())
    }
}

impl Serialize for Document {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        if self.was_text {
            return s.serialize_str(&self.text);
        }
        raw(&self.text)
            .map_err(|_| S::Error::custom("the document is no JSON"))?
            .serialize(s)
    }
}

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(d)?;
        let raw = Zeroizing::new(String::from(Box::<str>::from(raw)));
        if raw.starts_with('"') {
            let text = serde_json::from_str(&raw).map_err(|_| D::Error::custom("the text is no JSON string"))?;
            return Ok(Self {
                text: Zeroizing::new(text),
                was_text: true,
            });
        }
        Ok(Self {
            text: raw,
            was_text: false,
        })
    }
}

impl PartialSchema for Document {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::AnyValue)
            .description(Some("the document: a JSON value, or a string that holds its text"))
            .into()
    }
}
impl ToSchema for Document {}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Fields, A::Error> {
        entries(map).map(Fields)
    }
}

struct ValuesVisitor;

impl<'de> Visitor<'de> for ValuesVisitor {
    type Value = Values;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of values")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Values, A::Error> {
        entries(map).map(Values)
    }
}

struct PairsVisitor;

impl<'de> Visitor<'de> for PairsVisitor {
    type Value = Pairs;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Pairs, A::Error> {
        entries(map).map(Pairs)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Pairs, A::Error> {
        let mut pairs = Vec::new();
        while let Some(text) = seq.next_element::<String>()? {
            let (name, value) = text
                .split_once('=')
                .ok_or_else(|| A::Error::invalid_value(Unexpected::Other("a text without `=`"), &"`name=value`"))?;
            pairs.push((name.to_owned(), value.to_owned()));
        }
        Ok(Pairs(pairs))
    }
}

/// Reads an object in its order; no name twice.
fn entries<'de, V: Deserialize<'de>, A: MapAccess<'de>>(mut map: A) -> Result<Vec<(String, V)>, A::Error> {
    let mut entries: Vec<(String, V)> = Vec::new();
    while let Some(name) = map.next_key::<String>()? {
        if entries.iter().any(|(known, _)| *known == name) {
            return Err(A::Error::custom("one name stands twice"));
        }
        entries.push((name, map.next_value()?));
    }
    Ok(entries)
}

fn raw(text: &str) -> serde_json::Result<&RawValue> {
    serde_json::from_str(text)
}

fn texts(description: &str) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::Object))
        .description(Some(description))
        .additional_properties(Some(ObjectBuilder::new().schema_type(SchemaType::Type(Type::String))))
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_secret_is_printed() {
        let fields: Fields = [("api_key", "s3cr3t")].into_iter().collect();
        let document = Document::new("{\"a\":\"s3cr3t\"}".to_owned());
        let printed = format!("{fields:?} {document:?} {:?}", SecretText::from("s3cr3t"));
        assert!(!printed.contains("s3cr3t"), "{printed}");
    }

    #[test]
    fn fields_keep_their_order_and_refuse_a_name_twice() {
        let fields: Fields = serde_json::from_str(r#"{"b":"1","a":"2"}"#).unwrap();
        assert_eq!(serde_json::to_string(&fields).unwrap(), r#"{"b":"1","a":"2"}"#);
        assert!(serde_json::from_str::<Fields>(r#"{"b":"1","b":"2"}"#).is_err());
        assert!(serde_json::from_str::<Fields>(r#"{"b":1}"#).is_err());
    }

    #[test]
    fn pairs_come_as_an_object_or_as_name_and_value() {
        let object: Pairs = serde_json::from_str(r#"{"team":"eu"}"#).unwrap();
        let list: Pairs = serde_json::from_str(r#"["team=eu"]"#).unwrap();
        assert_eq!(object, list);
        assert!(serde_json::from_str::<Pairs>(r#"["team"]"#).is_err());
    }

    #[test]
    fn a_document_is_kept_as_it_was_sent() {
        for (sent, text) in [
            (r#"{"b":1.0, "a":[]}"#, r#"{"b":1.0, "a":[]}"#),
            (r#""{\"a\":1}""#, r#"{"a":1}"#),
        ] {
            let document: Document = serde_json::from_str(sent).unwrap();
            assert_eq!(document.text(), text);
            assert_eq!(serde_json::to_string(&document).unwrap(), sent);
        }
        assert!(Document::new("no json".to_owned()).was_text());
        assert!(!Document::new(" {\"a\": 1} ".to_owned()).was_text());
    }

    #[test]
    fn json_values_come_back_typed() {
        let values: Values = serde_json::from_str(r#"{"port":993,"host":"a","on":true}"#).unwrap();
        assert!(values.field("port").unwrap().json);
        assert_eq!(values.field("host").unwrap().text.expose(), "a");
        assert_eq!(
            serde_json::to_string(&values).unwrap(),
            r#"{"port":993,"host":"a","on":true}"#
        );
    }
}
