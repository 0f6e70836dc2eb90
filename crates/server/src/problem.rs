//! Failures as problem documents (RFC 9457): the one place that gives each its status, stable type, title and hint.
//!
//! The types are for ever. Nothing that was sent is repeated; what went wrong inside goes to the log, with the request id.

use crate::answer;
use crate::strict::JsonError;
use crate::view::approval_asked;
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use std::time::Duration;
use strongroom_api::Problem;
use strongroom_api::problem::{AtOdds, CredentialName, Finding, Held, MissingVariable, PassedOver, TYPE_PREFIX};
use strongroom_domain::Rejection;
use strongroom_domain::rejection::Named;
use strongroom_ledger::{ClockError, Failure, RETRY_AFTER_S};

#[cfg(test)]
mod tests;

/// All that a request can fail with.
#[derive(Debug)]
pub(crate) enum ApiError {
    /// The engine's.
    Failure(Failure),
    /// The engine's `variables_missing`, with handles where it has ids.
    VariablesMissing {
        detail: String,
        missing: Vec<MissingVariable>,
    },
    /// A plan that can't be done whole.
    PlanRefused {
        changes: Vec<strongroom_api::plan::Change>,
        hidden: u32,
    },
    /// No such path.
    NoRoute,
    /// The path has other methods.
    NoMethod,
    /// No bearer token, or not of a token's form.
    NoToken,
    /// A header is not what it should be.
    Header {
        name: &'static str,
        what: &'static str,
        hint: &'static str,
    },
    /// A parameter of the query is not what it should be.
    Parameter {
        pointer: String,
        what: String,
        hint: String,
    },
    /// A cursor of another list, or none at all.
    Cursor,
    /// The body is not said to be JSON.
    Media,
    /// The body is too large.
    TooLarge { bytes_max: usize },
    /// The body did not come to its end.
    BodyBroken,
    /// The body did not come in time.
    BodySlow,
    /// The body is not what it should be.
    Json(JsonError),
    /// The clock was not set.
    Clock(ClockError),
    /// Another long reading is under way.
    LongRead,
    /// An issuer whose word would be believed can't be asked for its keys.
    IssuerAway,
    /// More requests a second than somebody may send.
    TooMany(Duration),
    /// There are as many connections as the server takes.
    NoRoom,
    /// Our fault: the handler panicked.
    Panic,
}

impl From<Failure> for ApiError {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<Rejection> for ApiError {
    fn from(rejection: Rejection) -> Self {
        Self::Failure(rejection.into())
    }
}

/// A refusal on its way out; the outermost layer adds the request id and writes it.
#[derive(Debug, Clone)]
pub(crate) struct Refused {
    pub(crate) problem: Problem,
    /// What went wrong inside: for the log only.
    pub(crate) cause: Option<String>,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        if let Self::Failure(Failure::ApprovalRequested(receipt)) = &self {
            let asked = approval_asked(receipt).map_err(Self::from);
            return asked
                .and_then(|asked| answer::accepted(&asked))
                .unwrap_or_else(Self::into_response);
        }
        let refused = Refused {
            problem: problem(&self),
            cause: cause(&self),
        };
        let mut response = Response::default();
        *response.status_mut() =
            StatusCode::from_u16(refused.problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if let Some((name, value)) = header(&self) {
            response.headers_mut().insert(name, value);
        }
        response.extensions_mut().insert(refused);
        response
    }
}

/// The problem document of a failure.
pub(crate) fn problem(error: &ApiError) -> Problem {
    match error {
        ApiError::Failure(failure) => of_failure(failure),
        ApiError::VariablesMissing { detail, missing } => variables_missing(detail, missing),
        ApiError::PlanRefused { changes, hidden } => plan_refused()
            .with("changes", json!(changes))
            .with("hidden", json!(hidden)),
        ApiError::NoRoute => new(404, "not_found", "Not found", "nothing is served at this path")
            .hint("the routes stand in /api/v1/openapi.json"),
        ApiError::NoMethod => new(
            405,
            "method_not_allowed",
            "Method not allowed",
            "the path takes other methods",
        )
        .hint("the header `Allow` names them"),
        ApiError::NoToken => unauthenticated(),
        ApiError::Header { name, what, hint } => new(
            400,
            "invalid_header",
            "Invalid header",
            format!("the header `{name}` {what}"),
        )
        .hint(*hint),
        ApiError::Parameter { pointer, what, hint } => {
            new(422, "invalid", "Invalid input", what).hint(hint).pointer(pointer)
        }
        ApiError::Cursor => new(
            422,
            "invalid_cursor",
            "Invalid cursor",
            "the cursor is none of this list",
        )
        .hint("send `next` of a page with the same filters, or leave it out to begin anew")
        .pointer("/cursor"),
        ApiError::Media => new(
            415,
            "unsupported_media_type",
            "Unsupported media type",
            "the body is not JSON",
        )
        .hint("send `Content-Type: application/json`"),
        ApiError::TooLarge { bytes_max } => {
            let detail = format!("the body has more than {bytes_max} bytes");
            new(413, "too_large", "Too large", detail)
                .hint("send less at once")
                .with("bytes_max", json!(bytes_max))
        }
        ApiError::BodyBroken => new(
            400,
            "malformed",
            "Malformed request",
            "the body did not come to its end",
        )
        .hint("send the request again"),
        ApiError::BodySlow => {
            new(408, "timeout", "Timeout", "the body did not come in time").hint("send it faster, or less at once")
        }
        ApiError::Json(error) => of_json(error),
        ApiError::Clock(error) => new(409, "clock", "The clock was not set", error.to_string())
            .hint("the clock goes forwards only, and only under `serve --dev`"),
        ApiError::LongRead => new(503, "busy", "Busy", "another reading of the whole log is under way")
            .hint("repeat the request in a while"),
        ApiError::IssuerAway => issuer_away(),
        ApiError::TooMany(_) => too_many(),
        ApiError::NoRoom => new(503, "busy", "Busy", "the server has as many connections as it takes")
            .hint("connect again after the seconds in `Retry-After`, or keep connections and use them again"),
        ApiError::Panic => internal(),
    }
    .0
}

fn too_many() -> Draft {
    let detail = "more requests came than are taken in this time; this one was not done";
    new(429, "rate_limited", "Too many requests", detail).hint("repeat it after the seconds in `Retry-After`")
}

fn issuer_away() -> Draft {
    let detail = "the issuer of the assertion could not be asked, or its answer can't be used";
    new(503, "issuer_unavailable", "Issuer unavailable", detail)
        .hint("repeat the request in a while; the server's log says what was wrong")
}

fn of_failure(failure: &Failure) -> Draft {
    match failure {
        Failure::Rejected(rejection) => of_rejection(rejection),
        Failure::Filter {
            offset,
            length,
            failure,
        } => of_failure(failure)
            .with("offset", json!(offset))
            .with("length", json!(length)),
        // Which of them it was is nobody's business who has no token.
        Failure::Unauthenticated(_) => unauthenticated(),
        Failure::Busy => new(
            503,
            "busy",
            "Busy",
            "more requests wait than can be taken; this one was not done",
        )
        .hint("repeat it after the seconds in `Retry-After`"),
        Failure::OutcomeUnknown => new(
            503,
            "outcome_unknown",
            "Outcome unknown",
            "the disk did not say whether it kept the write",
        )
        .hint("look whether it was done before you repeat it, or repeat it with the same idempotency key"),
        Failure::Stopped => new(503, "stopped", "Stopped", "the ledger has stopped writing")
            .hint("ask whoever runs the server; its log says why"),
        Failure::ReadsOnly => new(
            403,
            "reads_only",
            "Reads only",
            "this server only reads: it was started without secrets, to look at",
        )
        .hint("ask the server that writes this ledger"),
        Failure::NoSpace => new(
            507,
            "no_space",
            "No space",
            "there is too little free space on the ledger's disk",
        )
        .hint("free space; disabling and revoking still work"),
        Failure::InFlight => new(
            409,
            "in_flight",
            "In flight",
            "a request with this idempotency key is under way",
        )
        .hint("repeat it in a moment: it is answered from the log then"),
        Failure::IdempotencyMismatch | Failure::IdempotencyShredded | Failure::IdempotencyUnchecked => {
            key_used(failure)
        }
        Failure::IndexDamaged => index_damaged(),
        Failure::Format {
            pointer,
            line,
            what,
            hint,
        } => malformed(pointer.as_deref(), *line, what, hint.as_deref()),
        Failure::PlanRefused(_) => plan_refused(),
        Failure::PlanChanged => plan_changed(),
        // Answered before it comes here.
        Failure::ApprovalRequested(_) => internal(),
        Failure::TooManyWindows => too_many_windows(),
        Failure::HardcodedSecret { findings } => hardcoded(findings),
        Failure::NotShareable { names, secrets } => not_shareable(names, secrets),
        Failure::Internal(_) => internal(),
    }
}

/// An idempotency key that was used before, and not for this.
fn key_used(failure: &Failure) -> Draft {
    let new_key = "use a new key for a new request";
    match failure {
        Failure::IdempotencyShredded => {
            let detail = "what the request did was shredded since: it is not done again";
            new(410, "idempotency_shredded", "Gone", detail).hint(new_key)
        }
        Failure::IdempotencyUnchecked => {
            let detail = "the idempotency key was used, and the first body can't be compared any more";
            let hint = "look what was done, and use a new key for a new request";
            new(409, "idempotency_unchecked", "Idempotency unchecked", detail).hint(hint)
        }
        _ => {
            let detail = "the idempotency key was used with another body";
            new(422, "idempotency_mismatch", "Idempotency mismatch", detail).hint(new_key)
        }
    }
}

fn index_damaged() -> Draft {
    let detail = "the index does not agree with the log";
    new(503, "index_damaged", "Index damaged", detail).hint("start the server anew: the index is rebuilt from the log")
}

fn too_many_windows() -> Draft {
    let detail = "more secrets were asked for in this minute than one principal may have recorded; nothing was served";
    new(429, "too_many_windows", "Too many requests", detail)
        .hint("repeat it after the seconds in `Retry-After`; ask with `known` for what you have already")
}

fn plan_changed() -> Draft {
    let detail = "someone was faster: it would touch something else by now than the plan that was shown";
    new(412, "plan_changed", "Plan changed", detail).hint("look at the plan again, with `dry_run`")
}

fn plan_refused() -> Draft {
    new(
        409,
        "plan_refused",
        "Plan refused",
        "not all of it can be done, so nothing was",
    )
    .hint("`changes` says of each what is in the way; what is `hidden` takes somebody who may see it")
}

#[expect(clippy::too_many_lines, reason = "an arm for each rejection, and nothing else")]
fn of_rejection(rejection: &Rejection) -> Draft {
    let draft = match rejection {
        Rejection::NotFound { suggestions, .. } => {
            let draft = refusal(404, "Not found", rejection);
            if suggestions.is_empty() {
                draft
            } else {
                draft.with("suggestions", json!(suggestions))
            }
        }
        Rejection::Denied(denied) => refusal(403, "Denied", rejection).with("right", json!(denied.right.as_str())),
        Rejection::NameTaken { holder, .. } => {
            let draft = refusal(409, "Name taken", rejection);
            match holder {
                Some(holder) => draft.with("holder", json!(holder)),
                None => draft,
            }
        }
        Rejection::HandleTaken { proposal, .. } => {
            refusal(409, "Handle taken", rejection).with("proposal", json!(proposal))
        }
        Rejection::Invalid { .. } => refusal(422, "Invalid input", rejection),
        Rejection::VersionMismatch { expected, current } => refusal(412, "Version mismatch", rejection)
            .with("expected", json!(expected))
            .with("current", json!(current)),
        Rejection::NotActive { status, .. } => {
            refusal(409, "Not active", rejection).with("current_status", json!(status))
        }
        Rejection::DestinationNeedsSecrets { destinations, secrets } => {
            refusal(409, "Destination needs secrets", rejection)
                .with("destinations", json!(destinations))
                .with("secrets", json!(secrets))
        }
        Rejection::DuplicateSecret { held } => {
            let held: Vec<Held> = held
                .iter()
                .map(|it| Held {
                    field: it.field.clone(),
                    by: name(&it.by),
                })
                .collect();
            refusal(409, "Duplicate secret", rejection).with("held", json!(held))
        }
        Rejection::VariablesMissing { missing } => {
            let missing: Vec<MissingVariable> = missing
                .iter()
                .map(|it| missing_variable(it, &|id| Some(id.to_string())))
                .collect();
            variables_missing(&rejection.message(), &missing)
        }
        Rejection::NotAdmitted { newest } => {
            refusal(409, "Not admitted", rejection).with("newest_revision", json!(newest))
        }
        Rejection::DoesNotFit { variable, why } => refusal(409, "Does not fit", rejection)
            .with("variable", json!(variable))
            .with("why", json!(why.as_str())),
        Rejection::ClientGuard { clients, .. } => {
            let draft = refusal(409, "Client guard", rejection);
            match clients {
                Some(clients) => draft.with("clients", json!(at_odds(clients))),
                None => draft,
            }
        }
        Rejection::Stale => refusal(409, "Stale", rejection),
        Rejection::LastOwner => refusal(409, "Last owner", rejection),
        Rejection::LastOwnerToken => refusal(409, "Last owner's token", rejection),
        Rejection::ReasonRequired => refusal(422, "Reason required", rejection),
        Rejection::SelfEscalation => refusal(403, "Self-escalation", rejection),
        Rejection::TooManyRunTokens => refusal(429, "Too many run tokens", rejection),
        Rejection::TokenTooStrong => refusal(403, "Token too strong", rejection),
        Rejection::AlreadyImported { .. } => refusal(409, "Already imported", rejection),
        Rejection::ApprovalRequired { bound } => refusal(403, "Approval required", rejection)
            .with("act", json!(bound.act.as_str()))
            .with("exactly", json!(bound.exactly)),
        Rejection::SelfApproval => refusal(403, "Self-approval", rejection),
        Rejection::Frozen {
            freeze, stop, since, ..
        } => refusal(423, "Frozen", rejection)
            .with("freeze", json!(freeze.to_string()))
            .with("stop", json!(stop.as_str()))
            .with("since", json!(crate::time::rfc3339(*since))),
        Rejection::AlreadyInitialized => refusal(409, "Already initialized", rejection),
    };
    draft.maybe_pointer(rejection.field())
}

fn of_json(error: &JsonError) -> Draft {
    match error {
        JsonError::Syntax { line, column } => new(
            400,
            "malformed",
            "Malformed JSON",
            format!("the body is no JSON at line {line}, column {column}"),
        )
        .hint("send one JSON object in UTF-8")
        .with("line", json!(line))
        .with("column", json!(column)),
        JsonError::Depth { max } => new(
            422,
            "too_deep",
            "Too deep",
            format!("arrays and objects lie more than {max} deep in each other"),
        )
        .hint("send flatter JSON"),
        JsonError::Unknown { pointer, name, known } => {
            let detail = match name {
                Some(name) => format!("there is no `{name}` in this request"),
                None => "a member is none of this request".to_owned(),
            };
            let hint = match known.is_empty() {
                true => "leave it out".to_owned(),
                false => format!("leave it out; there are {}", known.join(", ")),
            };
            new(422, "unknown_field", "Unknown field", detail)
                .hint(hint)
                .pointer(pointer)
        }
        JsonError::Missing { pointer, name } => {
            new(422, "missing_field", "Missing field", format!("`{name}` is missing"))
                .hint(format!("send `{name}`"))
                .pointer(pointer)
        }
        JsonError::Twice { pointer } => new(422, "duplicate_field", "Duplicate field", "a member stands twice")
            .hint("send each member once")
            .pointer(pointer),
        JsonError::Type { pointer, expected } => {
            let place = if pointer.is_empty() { "the body" } else { pointer };
            new(422, "wrong_type", "Wrong type", format!("{place} is not {expected}"))
                .hint(format!("send {expected}"))
                .pointer(pointer)
        }
    }
}

/// The two clients of a refusal.
pub(crate) fn at_odds(clients: &strongroom_domain::resolve::AtOdds) -> AtOdds {
    AtOdds {
        credential: clients.credential.clone(),
        workspace: clients.workspace.clone(),
    }
}

/// A missing variable, with credentials as `handle` names them.
pub(crate) fn missing_variable(
    missing: &strongroom_domain::rejection::MissingVariable,
    handle: &dyn Fn(strongroom_domain::ids::CredentialId) -> Option<String>,
) -> MissingVariable {
    let passed = |it: &strongroom_domain::resolve::PassedOver| PassedOver {
        step: it.step.as_str().to_owned(),
        credential: it.credential.and_then(handle),
        why: it.why.as_str().to_owned(),
        clients: it.clients.as_ref().map(at_odds),
    };
    MissingVariable {
        variable: missing.variable.clone(),
        service: missing.service.clone(),
        kinds: missing.kinds.iter().map(|kind| kind.as_str().to_owned()).collect(),
        scopes: missing.scopes.clone(),
        why: missing.why.as_str().to_owned(),
        passed_over: missing.passed_over.iter().map(passed).collect(),
        fitting: missing.fitting.iter().map(name).collect(),
    }
}

fn name(named: &Named) -> CredentialName {
    CredentialName {
        handle: named.handle.clone(),
        id: named.id.to_string(),
        name: named.name.clone(),
    }
}

fn variables_missing(detail: &str, missing: &[MissingVariable]) -> Draft {
    new(409, "variables_missing", "Variables missing", detail)
        .hint("map a credential to each missing variable, or set a default")
        .with("missing", json!(missing))
}

fn hardcoded(findings: &[strongroom_formats::scan::Finding]) -> Draft {
    let places: Vec<&str> = findings
        .iter()
        .map(|finding| finding.pointer.as_str())
        .take(3)
        .collect();
    let detail = match (places.as_slice(), findings.len()) {
        ([], _) => "a secret stands in a text".to_owned(),
        ([place], 1) => format!(
            "a secret stands at {}",
            if place.is_empty() { "the top" } else { place }
        ),
        (places, count) => format!("{count} secrets stand in texts, the first at {}", places.join(", ")),
    };
    let hint = findings
        .first()
        .map_or("put it into a credential and refer to that", |finding| finding.hint);
    let first = findings.first().map(|finding| finding.pointer.clone());
    let findings: Vec<Finding> = findings
        .iter()
        .map(|it| Finding {
            pointer: it.pointer.clone(),
            rule: it.rule.to_owned(),
            what: it.what.to_owned(),
            hint: it.hint.to_owned(),
        })
        .collect();
    new(422, "hardcoded_secret", "Hard-coded secret", detail)
        .hint(hint)
        .maybe_pointer(first.as_deref())
        .with("findings", json!(findings))
}

fn not_shareable(names: &[String], secrets: &[String]) -> Draft {
    let mut said = Vec::new();
    if let Some(first) = names.first() {
        let more = if names.len() > 1 { " and elsewhere" } else { "" };
        said.push(format!("a name of this ledger stands at {first}{more}"));
    }
    if let Some(first) = secrets.first() {
        said.push(format!("a secret that was accepted stands at {first}"));
    }
    new(409, "not_shareable", "Not shareable", said.join("; "))
        .hint("bring a revision without it, or ask for the template as it is with `as_is`")
        .with("names", json!(names))
        .with("secrets", json!(secrets))
}

fn malformed(pointer: Option<&str>, line: Option<u32>, what: &str, hint: Option<&str>) -> Draft {
    let draft = new(422, "invalid", "Invalid input", what)
        .hint(hint.unwrap_or("the pointer says where"))
        .maybe_pointer(pointer);
    match line {
        Some(line) => draft.with("line", json!(line)),
        None => draft,
    }
}

fn unauthenticated() -> Draft {
    new(
        401,
        "unauthenticated",
        "Unauthenticated",
        "the request carries no valid token",
    )
    .hint("send `Authorization: Bearer srt_…` with a token that is neither revoked nor ended")
}

fn internal() -> Draft {
    new(
        500,
        "internal",
        "Internal error",
        "the request failed by a fault of the program",
    )
    .hint("the server's log says more under the request id")
}

/// A refusal by the rules: they say what was wrong and what to do.
fn refusal(status: u16, title: &str, rejection: &Rejection) -> Draft {
    let hint = rejection
        .hint()
        .unwrap_or_else(|| "change what the message names, and send it again".to_owned());
    new(status, rejection.kind(), title, rejection.message()).hint(hint)
}

/// A problem document in the making.
struct Draft(Problem);

fn new(status: u16, kind: &str, title: &str, detail: impl Into<String>) -> Draft {
    Draft(Problem {
        type_: format!("{TYPE_PREFIX}{kind}"),
        title: title.to_owned(),
        status,
        detail: detail.into(),
        hint: None,
        pointer: None,
        request_id: None,
        extra: Map::new(),
    })
}

impl Draft {
    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    fn pointer(self, pointer: &str) -> Self {
        self.maybe_pointer(Some(pointer))
    }

    fn maybe_pointer(mut self, pointer: Option<&str>) -> Self {
        if let Some(pointer) = pointer.filter(|pointer| !pointer.is_empty()) {
            self.0.pointer = Some(pointer.to_owned());
        }
        self
    }

    fn with(mut self, member: &str, value: Value) -> Self {
        self.0.extra.insert(member.to_owned(), value);
        self
    }
}

/// The header that belongs to a refusal.
fn header(error: &ApiError) -> Option<(HeaderName, HeaderValue)> {
    match error {
        ApiError::NoToken | ApiError::Failure(Failure::Unauthenticated(_)) => Some((
            WWW_AUTHENTICATE,
            HeaderValue::from_static("Bearer realm=\"strongroom\""),
        )),
        ApiError::Failure(Failure::Busy | Failure::InFlight) => Some((RETRY_AFTER, HeaderValue::from(RETRY_AFTER_S))),
        ApiError::Failure(Failure::TooManyWindows) => Some((RETRY_AFTER, HeaderValue::from(60_u64))),
        ApiError::TooMany(wait) => Some((RETRY_AFTER, HeaderValue::from(wait.as_secs() + 1))),
        ApiError::LongRead => Some((RETRY_AFTER, HeaderValue::from(10_u64))),
        _ => None,
    }
}

/// What the log is to say beside the request id.
fn cause(error: &ApiError) -> Option<String> {
    match error {
        ApiError::Failure(Failure::Internal(cause)) => Some(cause.clone()),
        ApiError::Failure(failure @ (Failure::Stopped | Failure::OutcomeUnknown | Failure::IndexDamaged)) => {
            Some(format!("{failure:?}"))
        }
        _ => None,
    }
}
