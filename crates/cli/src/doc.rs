//! Answers as documents: what programs get is what the server sent, whole; tables look at the members they show.

use crate::output::clean;
use serde_json::Value;

/// Looks into a document; what is missing is nothing.
pub(crate) trait Doc {
    /// A text member.
    fn text(&self, name: &str) -> Option<&str>;
    /// A number member.
    fn number(&self, name: &str) -> Option<u64>;
    /// Whether a member is `true`.
    fn is(&self, name: &str) -> bool;
    /// A list member.
    fn list(&self, name: &str) -> &[Value];
    /// The texts in a list member.
    fn texts(&self, name: &str) -> Vec<&str>;
    /// A member as people read it: text, number, yes or no; none when missing, null or a structure.
    fn shown(&self, name: &str) -> Option<String>;
    /// The pairs of an object member, or of a list of `{name, value}`.
    fn pairs(&self, name: &str) -> Vec<(String, String)>;
}

impl Doc for Value {
    fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.get(name)?.as_u64()
    }

    fn is(&self, name: &str) -> bool {
        self.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    fn list(&self, name: &str) -> &[Value] {
        self.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    fn texts(&self, name: &str) -> Vec<&str> {
        self.list(name).iter().filter_map(Value::as_str).collect()
    }

    fn shown(&self, name: &str) -> Option<String> {
        shown(self.get(name)?)
    }

    fn pairs(&self, name: &str) -> Vec<(String, String)> {
        match self.get(name) {
            Some(Value::Object(members)) => members
                .iter()
                .filter_map(|(name, value)| Some((name.clone(), shown(value)?)))
                .collect(),
            Some(Value::Array(items)) => items
                .iter()
                .filter_map(|item| Some((item.text("name")?.to_owned(), item.shown("value")?)))
                .collect(),
            _ => Vec::new(),
        }
    }
}

fn shown(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(clean(text)),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(true) => Some("yes".to_owned()),
        Value::Bool(false) => Some("no".to_owned()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A value as text: JSON values as JSON.
pub(crate) fn value_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The list of a page.
pub(crate) fn items(page: &Value) -> &[Value] {
    page.list("items")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_missing_is_nothing() {
        let doc = json!({"a": null, "b": 1});
        assert_eq!(doc.text("a"), None);
        assert_eq!(doc.text("b"), None);
        assert_eq!(doc.number("c"), None);
        assert!(doc.list("c").is_empty() && doc.pairs("b").is_empty() && !doc.is("b"));
    }

    #[test]
    fn members_read_well() {
        let doc =
            json!({"t": "a\u{7}b", "n": 3, "y": true, "tags": {"team": "eu"}, "list": [{"name": "x", "value": "1"}]});
        assert_eq!(doc.shown("t").unwrap(), "a\u{fffd}b");
        assert_eq!(doc.shown("n").unwrap(), "3");
        assert_eq!(doc.shown("y").unwrap(), "yes");
        assert_eq!(doc.pairs("tags"), [("team".to_owned(), "eu".to_owned())]);
        assert_eq!(doc.pairs("list"), [("x".to_owned(), "1".to_owned())]);
    }
}
