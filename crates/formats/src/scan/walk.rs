//! Every string of a document with what stands around it: its key, and the name in a `{name, value}` pair.

use serde_json::{Map, Value};

use super::context::{self, ASSIGNED};
use super::value::{self, Place};
use super::{FINDINGS_MAX, Finding, KEY_OF_OBJECT, MOVE_IT, find};
use crate::json::{may_be_named, push_key};

pub(super) fn walk(document: &Value) -> Vec<Finding> {
    let mut walk = Walk {
        pointer: String::new(),
        unnamed: 0,
        findings: Vec::new(),
    };
    walk.value(document, None);
    walk.findings
}

struct Walk {
    pointer: String,
    /// How many steps below the last one that may be named.
    unnamed: usize,
    findings: Vec<Finding>,
}

impl Walk {
    /// `calls_for` is what the key or the pair's name says about this value.
    fn value(&mut self, value: &Value, calls_for: Option<Place>) {
        if self.findings.len() >= FINDINGS_MAX {
            return;
        }
        match value {
            Value::String(text) => self.text(text, calls_for),
            Value::Number(number)
                if calls_for == Some(Place::Password) && value::is_secret(&number.to_string(), Place::Password) =>
            {
                self.report(ASSIGNED, MOVE_IT);
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    // `"Authorization": ["Bearer …"]`
                    let inherited = item.is_string().then_some(calls_for).flatten();
                    self.step(
                        |pointer| {
                            pointer.push('/');
                            pointer.push_str(&index.to_string());
                        },
                        |walk| walk.value(item, inherited),
                    );
                }
            }
            Value::Object(entries) => self.object(entries),
            _ => {}
        }
    }

    fn object(&mut self, entries: &Map<String, Value>) {
        let pair = pair_name(entries).and_then(context::place_of);
        for (key, value) in entries {
            let named = may_be_named(key);
            if !named && let Some((rule, what)) = find(key) {
                self.report((rule, what), KEY_OF_OBJECT);
            }
            let calls_for = if is_pair_value(key) {
                pair.max(context::place_of(key))
            } else {
                context::place_of(key)
            };
            if named && self.unnamed == 0 {
                self.step(|pointer| push_key(pointer, key), |walk| walk.value(value, calls_for));
            } else {
                self.unnamed += 1;
                self.value(value, calls_for);
                self.unnamed -= 1;
            }
        }
    }

    /// Goes one step down and back; below an unnamed key the pointer stays at the last place that may be named.
    fn step(&mut self, extend: impl FnOnce(&mut String), inside: impl FnOnce(&mut Self)) {
        let length = self.pointer.len();
        if self.unnamed == 0 {
            extend(&mut self.pointer);
        }
        inside(self);
        self.pointer.truncate(length);
    }

    fn text(&mut self, text: &str, calls_for: Option<Place>) {
        let found = find(text).or_else(|| {
            let place = calls_for?;
            value::is_secret(text, place).then_some(ASSIGNED)
        });
        if let Some(found) = found {
            self.report(found, MOVE_IT);
        }
    }

    fn report(&mut self, (rule, what): (&'static str, &'static str), hint: &'static str) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(Finding {
                pointer: self.pointer.clone(),
                rule,
                what,
                hint,
            });
        }
    }
}

/// The name in `{"name": "Authorization", "value": …}` and its relatives.
fn pair_name(entries: &Map<String, Value>) -> Option<&str> {
    ["name", "key", "header", "headerName", "parameter", "field"]
        .into_iter()
        .find_map(|name| entries.get(name)?.as_str())
}

fn is_pair_value(key: &str) -> bool {
    matches!(key, "value" | "headerValue" | "stringValue" | "defaultValue")
}
