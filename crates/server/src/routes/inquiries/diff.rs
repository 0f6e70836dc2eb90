//! What differs between two moments: what is shown of both, compared member by member.

use crate::answer::{self, Answer};
use crate::app::App;
use crate::call::{Asker, as_of};
use crate::params::Query;
use crate::problem::ApiError;
use crate::routes::word;
use crate::view::{Lens, by_name, differs};
use imbl::OrdMap;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;
use strongroom_api::inquiry::{Diff, DiffQuery, Differs};
use strongroom_domain::find;
use strongroom_domain::ids::WorkspaceId;
use strongroom_domain::state::{Client, Credential, Default_, Principal, Template, Workspace};
use strongroom_ledger::Failure;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(diff))
}

/// Kinds of things that are compared, in the order of the answer.
const KINDS: [&str; 6] = ["credential", "client", "workspace", "template", "principal", "default"];

/// What is shown of a thing: its handle, and all else as JSON; none where the caller does not see it.
type Told = Result<Option<(String, Value)>, ApiError>;

/// What differs between two moments: of one thing, or of all that the caller sees now.
#[utoipa::path(get, path = "/api/v1/audit/diff", tag = "audit", params(DiffQuery), responses((status = 200, body = Diff)))]
async fn diff(asker: Asker, Query(query): Query<DiffQuery>) -> Answer {
    let caller = asker.caller;
    if let Some(kind) = &query.kind {
        word(
            KINDS.contains(&kind.as_str()).then_some(()),
            "/kind",
            "kind of thing",
            &KINDS,
        )?;
    }
    let before = as_of(&asker.app, caller, &query.from).await?;
    let after = match &query.to {
        Some(text) => as_of(&asker.app, caller, text).await?,
        None => asker.view(),
    };
    if after.head < before.head {
        return Err(ApiError::Parameter {
            pointer: "/to".to_owned(),
            what: "lies before `from`".to_owned(),
            hint: "name the earlier moment first".to_owned(),
        });
    }
    let compared = Compared {
        was: Lens::of(&before, &caller),
        is: Lens::of(&after, &caller),
    };
    let items = if query.credential.is_some() || query.workspace.is_some() {
        compared.named(&query)?
    } else {
        let mut items = Vec::new();
        for kind in KINDS {
            if query.kind.as_deref().is_none_or(|only| only == kind) {
                items.extend(compared.all(kind)?);
            }
        }
        items
    };
    answer::ok(&Diff {
        from: before.head,
        to: after.head,
        items,
    })
}

/// Two moments as one caller sees them.
struct Compared<'v> {
    was: Lens<'v>,
    is: Lens<'v>,
}

impl Compared<'_> {
    /// The things that a query names.
    fn named(&self, query: &DiffQuery) -> Result<Vec<Differs>, ApiError> {
        let mut items = Vec::new();
        if let Some(reference) = &query.credential {
            let of =
                |lens: &Lens<'_>| find::credential(lens.state, &lens.seen, reference, "/credential").map(|it| it.id);
            let id = of(&self.is).or_else(|_| of(&self.was))?;
            let at = |lens: &Lens<'_>| {
                lens.state
                    .credentials
                    .get(&id)
                    .map_or(Ok(None), |it| credential(lens, it))
            };
            items.extend(differs("credential", at(&self.was)?, at(&self.is)?));
        }
        if let Some(reference) = &query.workspace {
            let of = |lens: &Lens<'_>| find::workspace(lens.state, &lens.seen, reference, "/workspace").map(|it| it.id);
            let id = of(&self.is).or_else(|_| of(&self.was))?;
            items.extend(self.workspace(id)?);
        }
        Ok(items)
    }

    /// All things of a kind.
    fn all(&self, kind: &str) -> Result<Vec<Differs>, ApiError> {
        let (was, is) = (self.was.state, self.is.state);
        match kind {
            "credential" => self.things(kind, &was.credentials, &is.credentials, credential),
            "client" => self.things(kind, &was.clients, &is.clients, client),
            "template" => self.things(kind, &was.templates, &is.templates, template),
            "principal" => self.things(kind, &was.principals, &is.principals, principal),
            "default" => self.things(kind, &was.defaults, &is.defaults, default),
            _ => {
                // Mappings change without the workspace itself: all are looked at.
                let all: BTreeSet<&WorkspaceId> = was.workspaces.keys().chain(is.workspaces.keys()).collect();
                let each = all.into_iter().map(|id| self.workspace(*id));
                each.filter_map(Result::transpose).collect()
            }
        }
    }

    /// The things of a map that are not the very same.
    fn things<K: Ord + Clone, T>(
        &self,
        kind: &str,
        before: &OrdMap<K, Arc<T>>,
        after: &OrdMap<K, Arc<T>>,
        told: impl Fn(&Lens<'_>, &T) -> Told,
    ) -> Result<Vec<Differs>, ApiError> {
        let gone = before.keys().filter(|key| !after.contains_key(*key));
        let mut items = Vec::new();
        for key in after.keys().chain(gone) {
            let (was, is) = (before.get(key), after.get(key));
            if was.zip(is).is_some_and(|(was, is)| Arc::ptr_eq(was, is)) {
                continue;
            }
            let was = was.map_or(Ok(None), |it| told(&self.was, it))?;
            let is = is.map_or(Ok(None), |it| told(&self.is, it))?;
            items.extend(differs(kind, was, is));
        }
        Ok(items)
    }

    fn workspace(&self, id: WorkspaceId) -> Result<Option<Differs>, ApiError> {
        let at = |lens: &Lens<'_>| {
            lens.state
                .workspaces
                .get(&id)
                .map_or(Ok(None), |it| workspace(lens, it))
        };
        Ok(differs("workspace", at(&self.was)?, at(&self.is)?))
    }
}

fn json(shown: &impl Serialize) -> Result<Value, ApiError> {
    serde_json::to_value(shown).map_err(|error| Failure::Internal(error.to_string()).into())
}

fn told(sees: bool, handle: &str, shown: impl FnOnce() -> Result<Value, ApiError>) -> Told {
    if !sees {
        return Ok(None);
    }
    Ok(Some((handle.to_owned(), shown()?)))
}

fn text(value: &Value, name: &str) -> Option<String> {
    value.get(name).and_then(Value::as_str).map(str::to_owned)
}

fn credential(lens: &Lens<'_>, it: &Credential) -> Told {
    told(lens.seen.credential(it), &it.handle, || {
        let mut shown = json(&lens.credential(it, false))?;
        if let Some(fields) = shown.get_mut("fields").map(Value::take) {
            shown["fields"] = by_name(fields, |field| text(field, "name"));
        }
        Ok(shown)
    })
}

fn client(lens: &Lens<'_>, it: &Client) -> Told {
    told(lens.seen.client(it), &it.handle, || json(&lens.client(it)))
}

fn template(lens: &Lens<'_>, it: &Template) -> Told {
    told(lens.seen.template(it), &it.handle, || json(&lens.template(it, false)))
}

fn principal(lens: &Lens<'_>, it: &Principal) -> Told {
    told(lens.seen.principal(it), &it.handle, || {
        let mut shown = json(&lens.principal(it))?;
        if let Some(grants) = shown.get_mut("grants").map(Value::take) {
            shown["grants"] = by_name(grants, |grant| text(grant, "id"));
        }
        Ok(shown)
    })
}

fn default(lens: &Lens<'_>, it: &Default_) -> Told {
    let Some(shown) = lens.default(it) else { return Ok(None) };
    let place = shown.workspace.as_deref().unwrap_or("ledger");
    let name = format!("{place}/{}/{}", shown.service, shown.kind);
    Ok(Some((name, json(&shown)?)))
}

/// A workspace with its mappings, each by template, variable and instance.
fn workspace(lens: &Lens<'_>, it: &Workspace) -> Told {
    told(lens.seen.workspace(it), &it.handle, || {
        let mut shown = json(&lens.workspace(it, true))?;
        let Some(templates) = shown.get_mut("templates").map(Value::take) else {
            return Ok(shown);
        };
        let mut templates = by_name(templates, |template| text(template, "template"));
        for template in templates.as_object_mut().into_iter().flat_map(|all| all.values_mut()) {
            if let Some(mappings) = template.get_mut("mappings").map(Value::take) {
                template["mappings"] = by_name(mappings, |mapping| {
                    let instance = text(mapping, "instance").map(|it| format!("@{it}"));
                    Some(text(mapping, "variable")? + &instance.unwrap_or_default())
                });
            }
        }
        shown["templates"] = templates;
        Ok(shown)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_differs_is_told() {
        let before = json!({"name": "a", "etag": 1, "tags": {"x": "1"}, "list": [1]});
        let named = |handle: &str, json: &Value| Some((handle.to_owned(), json.clone()));
        let after = json!({"name": "b", "etag": 2, "tags": {"x": "1", "y": "2"}, "list": [1]});
        let found = differs("credential", named("old", &before), named("new", &after)).unwrap();
        assert_eq!((found.handle.as_str(), found.how.as_str()), ("new", "changed"));
        let told: Vec<_> = found
            .changes
            .iter()
            .map(|it| (it.what.as_str(), &it.before, &it.after))
            .collect();
        assert_eq!(
            told,
            [
                ("name", &Some(json!("a")), &Some(json!("b"))),
                ("tags.y", &None, &Some(json!("2")))
            ]
        );
        assert!(differs("credential", named("a", &before), named("a", &before)).is_none());
        assert_eq!(differs("credential", None, named("a", &before)).unwrap().how, "added");
    }
}
