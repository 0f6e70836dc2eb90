//! Resolution, the hot path: the answer is written once, into a buffer of the right size that is wiped.

use crate::answer::{self, Answer};
use crate::app::App;
use crate::call::{Call, as_of as as_of_view};
use crate::problem::{ApiError, at_odds, missing_variable};
use crate::time::rfc3339;
use crate::view::{Lens, hex};
use jiff::SignedDuration;
use serde::ser::{Error as _, SerializeMap, SerializeSeq, SerializeStruct};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use std::time::Duration;
use strongroom_api::resolve::{Resolve, Resolved as ResolvedShape};
use strongroom_domain::Rejection;
use strongroom_domain::secret::SecretText;
use strongroom_ledger::{Failure, ResolveRequest, Resolved, ResolvedValue, RevealedValues, View, WAIT_MAX};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use zeroize::Zeroizing;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(resolve))
}

/// Serves the secrets that a template needs in a workspace; the first serving of a window is recorded before they leave.
#[utoipa::path(post, path = "/api/v1/resolve", tag = "resolve", request_body = Resolve,
    responses((status = 200, body = ResolvedShape)))]
async fn resolve(call: Call<Resolve>) -> Answer {
    let Resolve {
        workspace,
        template,
        instance,
        dry_run,
        as_of,
        known,
        wait,
        ..
    } = call.body;
    if as_of.is_some() && (!dry_run || known.is_some()) {
        return Err(ApiError::Parameter {
            pointer: "/as_of".to_owned(),
            what: "goes with `dry_run` alone: values of the past are not served".to_owned(),
            hint: "send `\"dry_run\": true`".to_owned(),
        });
    }
    let wait = wait
        .map(|text| how_long(&text, known.is_some() && !dry_run))
        .transpose()?;
    let caller = call.context.caller;
    let request = ResolveRequest {
        workspace,
        template,
        instance,
        dry_run,
        known,
        wait,
    };
    let then = match as_of {
        Some(text) => Some(as_of_view(&call.app, caller, &text).await?),
        None => None,
    };
    let resolved = match &then {
        Some(view) => call.app.ledger.resolve_then(view, &caller, &request),
        None => call.app.ledger.resolve(call.context, request).await,
    };
    let resolved = match resolved {
        Ok(resolved) => resolved,
        Err(failure) => {
            let view = then.unwrap_or_else(|| call.app.ledger.view());
            return Err(with_handles(&view, &caller, failure));
        }
    };
    // Handles of what was passed over: only then is the state looked at once more.
    let passed_over = resolved.variables.iter().any(|it| !it.passed_over.is_empty());
    let view = passed_over.then(|| then.unwrap_or_else(|| call.app.ledger.view()));
    let lens = view.as_ref().map(|view| Lens::of(view, &caller));
    let body = ResolvedBody {
        resolved: &resolved,
        lens: lens.as_ref(),
        dry_run,
    };
    let room = resolved.variables.iter().map(variable_room).sum::<usize>() + 512;
    let mut text = Zeroizing::new(Vec::with_capacity(room));
    serde_json::to_writer(&mut *text, &body).map_err(|error| Failure::Internal(error.to_string()))?;
    Ok(answer::secret(text))
}

/// Reads `wait`, which goes with `known` only.
fn how_long(text: &str, known: bool) -> Result<Duration, ApiError> {
    let wrong = |what: &str, hint: &str| ApiError::Parameter {
        pointer: "/wait".to_owned(),
        what: what.to_owned(),
        hint: hint.to_owned(),
    };
    if !known {
        let hint = "send the `etag` of an earlier answer as `known`, and no dry run";
        return Err(wrong("there is nothing to wait for", hint));
    }
    let length = text.parse::<SignedDuration>().ok();
    let length = length.and_then(|length| Duration::try_from(length).ok());
    let length = length.filter(|length| *length <= WAIT_MAX);
    length.ok_or_else(|| wrong("it is not a time of up to 60 s", "say how long, as in 30s"))
}

/// The answer to a reveal.
pub(super) fn write_revealed(text: &mut Vec<u8>, revealed: &RevealedValues) -> Result<(), ApiError> {
    serde_json::to_writer(text, &RevealedBody(revealed)).map_err(|error| Failure::Internal(error.to_string()).into())
}

/// Bytes that fields take in an answer, at most: a control character takes six.
pub(super) fn room(fields: &[(String, SecretText, bool)]) -> usize {
    fields
        .iter()
        .map(|(name, value, _)| name.len() + value.expose().len() + value.expose().len() / 8 + 32)
        .sum()
}

fn variable_room(it: &ResolvedValue) -> usize {
    let hosts: usize = it.allowed_hosts.iter().map(|host| host.len() + 4).sum();
    room(&it.fields) + hosts + it.name.len() + 128 + 128 * it.passed_over.len()
}

/// A missing variable names credentials by handle, of those that the caller may see.
fn with_handles(view: &View, caller: &strongroom_domain::context::Caller, failure: Failure) -> ApiError {
    let Failure::Rejected(rejection) = &failure else {
        return failure.into();
    };
    let Rejection::VariablesMissing { missing } = rejection.as_ref() else {
        return failure.into();
    };
    let lens = Lens::of(view, caller);
    let missing = missing
        .iter()
        .map(|it| missing_variable(it, &|id| lens.credential_handle(id)))
        .collect();
    ApiError::VariablesMissing {
        detail: rejection.message(),
        missing,
    }
}

struct ResolvedBody<'a> {
    resolved: &'a Resolved,
    lens: Option<&'a Lens<'a>>,
    dry_run: bool,
}

impl Serialize for ResolvedBody<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let it = self.resolved;
        if it.unchanged {
            let mut body = s.serialize_struct("Resolved", 2)?;
            body.serialize_field("unchanged", &true)?;
            body.serialize_field("etag", &it.etag)?;
            return body.end();
        }
        let mut body = s.serialize_struct("Resolved", 5)?;
        body.serialize_field("revision", &it.revision)?;
        body.serialize_field("digest", &hex(&it.digest))?;
        body.serialize_field("etag", &it.etag)?;
        body.serialize_field("valid_until", &it.valid_until.map(rfc3339))?;
        body.serialize_field("variables", &VariablesBody(self))?;
        body.end()
    }
}

struct VariablesBody<'a>(&'a ResolvedBody<'a>);

impl Serialize for VariablesBody<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let all = &self.0.resolved.variables;
        let mut body = s.serialize_map(Some(all.len()))?;
        for variable in all {
            body.serialize_entry(
                &variable.name,
                &VariableBody {
                    variable,
                    within: self.0,
                },
            )?;
        }
        body.end()
    }
}

struct VariableBody<'a> {
    variable: &'a ResolvedValue,
    within: &'a ResolvedBody<'a>,
}

impl Serialize for VariableBody<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let it = self.variable;
        let mut body = s.serialize_struct("ResolvedVariable", 6)?;
        body.serialize_field("credential", &it.credential)?;
        body.serialize_field("version", &it.credential.as_ref().map(|_| it.version))?;
        body.serialize_field("step", &it.step.map(|step| step.as_str()))?;
        if !self.within.dry_run {
            body.serialize_field("fields", &FieldsBody(&it.fields))?;
        }
        body.serialize_field("allowed_hosts", &it.allowed_hosts)?;
        if !it.passed_over.is_empty() {
            body.serialize_field("passed_over", &PassedOverBody(self))?;
        }
        body.end()
    }
}

struct PassedOverBody<'a>(&'a VariableBody<'a>);

impl Serialize for PassedOverBody<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let all = &self.0.variable.passed_over;
        let mut body = s.serialize_seq(Some(all.len()))?;
        for it in all {
            let handle = it.credential.and_then(|id| self.0.within.lens?.credential_handle(id));
            body.serialize_element(&strongroom_api::problem::PassedOver {
                step: it.step.as_str().to_owned(),
                credential: handle,
                why: it.why.as_str().to_owned(),
                clients: it.clients.as_ref().map(at_odds),
            })?;
        }
        body.end()
    }
}

/// Values by name: texts, and JSON as it was entered, digit by digit.
struct FieldsBody<'a>(&'a [(String, SecretText, bool)]);

impl Serialize for FieldsBody<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let mut body = s.serialize_map(Some(self.0.len()))?;
        for (name, value, json) in self.0 {
            if *json {
                let raw: &RawValue = serde_json::from_str(value.expose())
                    .map_err(|_| S::Error::custom("a field that was entered as JSON holds none"))?;
                body.serialize_entry(name, raw)?;
            } else {
                body.serialize_entry(name, value.expose())?;
            }
        }
        body.end()
    }
}

struct RevealedBody<'a>(&'a RevealedValues);

impl Serialize for RevealedBody<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let it = self.0;
        let mut body = s.serialize_struct("Revealed", 5)?;
        body.serialize_field("version", &it.version)?;
        body.serialize_field("fields", &FieldsBody(&it.fields))?;
        body.serialize_field("position", &it.position)?;
        body.serialize_field("checkpoint", it.checkpoint.as_ref())?;
        body.serialize_field("events", &1)?;
        body.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use strongroom_domain::words::Step;

    fn resolved() -> Resolved {
        let field = |name: &str, value: &str, json| (name.to_owned(), SecretText::new(value.to_owned()), json);
        Resolved {
            unchanged: false,
            revision: 3,
            digest: [0xab; 32],
            etag: "e".to_owned(),
            valid_until: Some(1_700_000_000_000_000),
            variables: vec![
                ResolvedValue {
                    name: "DB".to_owned(),
                    credential: Some("orders-db".to_owned()),
                    version: 2,
                    step: Some(Step::Template),
                    fields: vec![field("password", "a\"b", false), field("port", "5432.10", true)],
                    allowed_hosts: vec!["db.example".to_owned()],
                    passed_over: Vec::new(),
                },
                ResolvedValue {
                    name: "MAIL".to_owned(),
                    credential: None,
                    version: 0,
                    step: None,
                    fields: Vec::new(),
                    allowed_hosts: Vec::new(),
                    passed_over: Vec::new(),
                },
            ],
            recorded_at: Some(7),
        }
    }

    fn body(resolved: &Resolved, dry_run: bool) -> String {
        serde_json::to_string(&ResolvedBody {
            resolved,
            lens: None,
            dry_run,
        })
        .unwrap()
    }

    #[test]
    fn the_answer_is_the_contracts_shape_with_json_typed() {
        let text = body(&resolved(), false);
        let shape: ResolvedShape = serde_json::from_str(&text).unwrap();
        assert_eq!((shape.revision, shape.etag.as_str()), (Some(3), "e"));
        assert_eq!(shape.valid_until.as_deref(), Some("2023-11-14T22:13:20.000000Z"));
        let (name, db) = &shape.variables.0[0];
        assert_eq!(
            (name.as_str(), db.credential.as_deref(), db.version),
            ("DB", Some("orders-db"), Some(2))
        );
        assert!(
            text.contains(r#""fields":{"password":"a\"b","port":5432.10}"#),
            "{text}"
        );
        assert!(
            text.contains(r#""MAIL":{"credential":null,"version":null,"step":null"#),
            "{text}"
        );
    }

    #[test]
    fn a_dry_run_has_no_fields_and_unchanged_nothing_at_all() {
        assert!(!body(&resolved(), true).contains("fields"));
        let unchanged = Resolved {
            unchanged: true,
            ..resolved()
        };
        assert_eq!(body(&unchanged, false), r#"{"unchanged":true,"etag":"e"}"#);
    }

    #[test]
    fn the_buffer_has_room_for_the_answer() {
        let resolved = resolved();
        let room = resolved.variables.iter().map(variable_room).sum::<usize>() + 512;
        assert!(body(&resolved, false).len() <= room);
    }
}
