//! What an event changed, before and after: read from its data alone. Secret values are no part of it: of a secret field only
//! that it changed is known, and in which version.

use super::Lens;
use crate::time::rfc3339;
use serde_json::{Map, Value, json};
use strongroom_api::audit::Change;

/// Members of changes that tell people nothing.
const UNTOLD: [&str; 1] = ["skeleton"];
/// Members that are times, in µs since 1970.
const TIMES: [&str; 1] = ["expires_at"];

impl Lens<'_> {
    /// What an event of a type changed, of what the caller may see.
    pub(super) fn changes(&self, type_: &str, data: &Value) -> Vec<Change> {
        let Some(members) = data.as_object() else {
            return Vec::new();
        };
        let of = |name: &str| members.get(name).filter(|value| !value.is_null());
        let one = |what: &str, before: Option<&Value>, after: Option<&Value>| self.change(what, before, after);
        match type_ {
            "credential.rotated" => {
                let version = of("version").and_then(Value::as_u64).unwrap_or_default();
                let mut changes = vec![Change {
                    what: "version".to_owned(),
                    before: version.checked_sub(1).map(|before| json!(before)),
                    after: Some(json!(version)),
                    secret: false,
                }];
                let fields = of("changed").and_then(Value::as_array).into_iter().flatten();
                changes.extend(fields.filter_map(Value::as_str).map(|field| Change {
                    what: format!("fields.{field}"),
                    before: None,
                    after: Some(json!(format!("changed in version {version}"))),
                    secret: true,
                }));
                changes
            }
            "credential.rolled_back" => vec![
                one("version", None, of("version")),
                one("values_of", None, of("from_version")),
            ],
            "credential.disabled" => vec![status("active", "disabled")],
            "credential.enabled" => vec![status("disabled", "active")],
            "credential.revoked" => vec![one("status", None, Some(&json!("revoked")))],
            "client.archived" | "workspace.archived" => vec![status("active", "archived")],
            "template.retired" => vec![status("active", "retired")],
            "principal.disabled" => vec![status("active", "disabled")],
            "credential.shared" => vec![one("shared_with", None, Some(&sharing(members)))],
            "credential.unshared" => vec![one("shared_with", Some(&sharing(members)), None)],
            "workspace.template_admitted" => {
                let template = self.named(of("template"));
                vec![one(&format!("{template}.revision"), of("previous"), of("revision"))]
            }
            "workspace.variable_mapped" | "workspace.variable_unmapped" => {
                let instance = of("instance").and_then(Value::as_str).map(|it| format!("@{it}"));
                let variable = of("variable").and_then(Value::as_str).unwrap_or_default();
                let what = format!(
                    "{}.{variable}{}",
                    self.named(of("template")),
                    instance.unwrap_or_default()
                );
                vec![one(&what, of("previous"), of("credential"))]
            }
            "default.default_mapped" | "default.default_unmapped" => {
                let text = |name: &str| of(name).and_then(Value::as_str).unwrap_or_default();
                vec![one(
                    &format!("default.{}.{}", text("service"), text("kind")),
                    of("previous"),
                    of("credential"),
                )]
            }
            "template.revised" => {
                let revision = of("content")
                    .and_then(|content| content.get("revision"))
                    .or_else(|| of("revision"));
                vec![one("revision", None, revision)]
            }
            "principal.granted" => vec![one("grants", None, of("role"))],
            "principal.grant_withdrawn" => vec![one("grants", of("grant_id"), None)],
            "principal.token_issued" => vec![one("tokens", None, of("token_id"))],
            "principal.token_revoked" => vec![one("tokens", of("token_id"), None)],
            _ => self.before_and_after(of("before"), of("after")),
        }
    }

    /// The members that changed. Of fields each is told for itself.
    fn before_and_after(&self, before: Option<&Value>, after: Option<&Value>) -> Vec<Change> {
        let (Some(before), Some(after)) = (before, after) else {
            return Vec::new();
        };
        let (Some(was), Some(is)) = (before.as_object(), after.as_object()) else {
            return vec![self.change("steward", Some(before), Some(after))];
        };
        let mut names: Vec<&String> = was.keys().chain(is.keys()).collect();
        names.sort();
        names.dedup();
        let mut changes = Vec::new();
        for name in names.into_iter().filter(|name| !UNTOLD.contains(&name.as_str())) {
            let (was, is) = (was.get(name), is.get(name));
            if name == "fields" {
                changes.extend(self.fields(was, is));
            } else {
                changes.push(self.change(name, was, is));
            }
        }
        changes
    }

    fn fields(&self, was: Option<&Value>, is: Option<&Value>) -> Vec<Change> {
        let list = |fields: Option<&Value>| -> Vec<(String, Value)> {
            let fields = fields.and_then(Value::as_array).into_iter().flatten();
            let one = |field: &Value| {
                let name = field.get("name")?.as_str()?.to_owned();
                Some((name, field.get("value").cloned().unwrap_or(Value::Null)))
            };
            fields.filter_map(one).collect()
        };
        let (was, is) = (list(was), list(is));
        let mut names: Vec<&String> = was.iter().chain(&is).map(|(name, _)| name).collect();
        names.sort();
        names.dedup();
        let value = |list: &[(String, Value)], name: &str| {
            let found = list.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.clone()).filter(|value| !value.is_null())
        };
        let change = |name: &String| {
            let (was, is) = (value(&was, name), value(&is, name));
            self.change(&format!("fields.{name}"), was.as_ref(), is.as_ref())
        };
        names.into_iter().map(change).collect()
    }

    fn change(&self, what: &str, before: Option<&Value>, after: Option<&Value>) -> Change {
        let told = |value: Option<&Value>| {
            let value = value.filter(|value| !value.is_null())?;
            match value.as_u64() {
                Some(us) if TIMES.contains(&what) => Some(json!(rfc3339(us))),
                _ => Some(self.with_handles(value)),
            }
        };
        Change {
            what: what.to_owned(),
            before: told(before),
            after: told(after),
            secret: false,
        }
    }

    /// Handles in the place of ids; what the caller may not see is not named.
    fn with_handles(&self, value: &Value) -> Value {
        match value {
            Value::String(text) if is_thing(text) => {
                json!(self.handle_of(text).unwrap_or_else(|| "hidden".to_owned()))
            }
            Value::Array(items) => items.iter().map(|item| self.with_handles(item)).collect(),
            Value::Object(members) => {
                let each = members
                    .iter()
                    .map(|(name, value)| (name.clone(), self.with_handles(value)));
                Value::Object(each.collect::<Map<_, _>>())
            }
            other => other.clone(),
        }
    }

    fn named(&self, id: Option<&Value>) -> String {
        let id = id.and_then(Value::as_str).unwrap_or_default();
        self.handle_of(id).unwrap_or_else(|| "hidden".to_owned())
    }
}

fn status(before: &str, after: &str) -> Change {
    Change {
        what: "status".to_owned(),
        before: Some(json!(before)),
        after: Some(json!(after)),
        secret: false,
    }
}

/// With whom: all, or ids.
fn sharing(members: &Map<String, Value>) -> Value {
    if members.get("all").and_then(Value::as_bool).unwrap_or_default() {
        return json!("all");
    }
    let ids = ["clients", "workspaces"]
        .iter()
        .filter_map(|name| members.get(*name)?.as_array())
        .flatten();
    ids.cloned().collect()
}

/// Whether a text is the id of something that has a handle.
fn is_thing(text: &str) -> bool {
    let digits = text.split_once('_').map_or("", |(_, digits)| digits);
    let prefix = text.split('_').next().unwrap_or_default();
    digits.len() == 32
        && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
        && ["cr", "cl", "ws", "tp", "pr"].contains(&prefix)
}
