use super::*;
use axum::http::HeaderMap;
use strongroom_domain::ids::{CredentialId, FreezeId};
use strongroom_domain::resolve::{MissingWhy, PassedOver as Passed, WhyNot};
use strongroom_domain::rights::{Denied, DeniedWhy, TokenRefused};
use strongroom_domain::words::{Right, Step, Stop};
use strongroom_formats::scan::Finding as Found;

fn denied() -> Denied {
    Denied {
        right: Right::Use,
        target: "ledger".to_owned(),
        why: DeniedWhy::NoGrant,
    }
}

fn named() -> Named {
    Named {
        id: CredentialId([1; 16]),
        handle: "first".to_owned(),
        name: "First".to_owned(),
    }
}

fn missing() -> strongroom_domain::rejection::MissingVariable {
    strongroom_domain::rejection::MissingVariable {
        variable: "SHOP".to_owned(),
        service: "shopify".to_owned(),
        kinds: Vec::new(),
        scopes: Vec::new(),
        why: MissingWhy::NothingFits,
        passed_over: vec![Passed {
            step: Step::Template,
            credential: Some(CredentialId([2; 16])),
            why: WhyNot::Expired,
            clients: None,
            record: CredentialId([2; 16]),
        }],
        fitting: vec![named()],
    }
}

/// One of each, with the status and type that it has for ever.
#[expect(clippy::too_many_lines, reason = "a table of errors")]
fn all() -> Vec<(u16, &'static str, ApiError)> {
    let rejected = |rejection: Rejection| ApiError::from(rejection);
    let failed = ApiError::Failure;
    let texts = || vec!["a".to_owned()];
    vec![
        (404, "not_found", ApiError::NoRoute),
        (405, "method_not_allowed", ApiError::NoMethod),
        (401, "unauthenticated", ApiError::NoToken),
        (408, "timeout", ApiError::BodySlow),
        (503, "busy", ApiError::NoRoom),
        (
            400,
            "invalid_header",
            ApiError::Header {
                name: "If-Match",
                what: "is wrong",
                hint: "send another",
            },
        ),
        (
            422,
            "invalid",
            ApiError::Parameter {
                pointer: "/a".into(),
                what: "b".into(),
                hint: "c".into(),
            },
        ),
        (422, "invalid_cursor", ApiError::Cursor),
        (415, "unsupported_media_type", ApiError::Media),
        (413, "too_large", ApiError::TooLarge { bytes_max: 9 }),
        (400, "malformed", ApiError::BodyBroken),
        (
            400,
            "malformed",
            ApiError::Json(JsonError::Syntax { line: 1, column: 2 }),
        ),
        (422, "too_deep", ApiError::Json(JsonError::Depth { max: 64 })),
        (
            422,
            "unknown_field",
            ApiError::Json(JsonError::Unknown {
                pointer: "/a".into(),
                name: None,
                known: texts(),
            }),
        ),
        (
            422,
            "missing_field",
            ApiError::Json(JsonError::Missing {
                pointer: "/a".into(),
                name: "a".into(),
            }),
        ),
        (
            422,
            "duplicate_field",
            ApiError::Json(JsonError::Twice { pointer: "/a".into() }),
        ),
        (
            422,
            "wrong_type",
            ApiError::Json(JsonError::Type {
                pointer: "/a".into(),
                expected: "a text".into(),
            }),
        ),
        (409, "clock", ApiError::Clock(ClockError::Fixed)),
        (503, "busy", ApiError::LongRead),
        (503, "issuer_unavailable", ApiError::IssuerAway),
        (500, "internal", ApiError::Panic),
        (
            401,
            "unauthenticated",
            failed(Failure::Unauthenticated(TokenRefused::Revoked)),
        ),
        (503, "busy", failed(Failure::Busy)),
        (503, "outcome_unknown", failed(Failure::OutcomeUnknown)),
        (503, "stopped", failed(Failure::Stopped)),
        (507, "no_space", failed(Failure::NoSpace)),
        (409, "in_flight", failed(Failure::InFlight)),
        (422, "idempotency_mismatch", failed(Failure::IdempotencyMismatch)),
        (410, "idempotency_shredded", failed(Failure::IdempotencyShredded)),
        (409, "idempotency_unchecked", failed(Failure::IdempotencyUnchecked)),
        (503, "index_damaged", failed(Failure::IndexDamaged)),
        (422, "invalid", failed(Failure::format("/a", "b", None))),
        (
            422,
            "hardcoded_secret",
            failed(Failure::HardcodedSecret {
                findings: vec![found()],
            }),
        ),
        (
            409,
            "not_shareable",
            failed(Failure::NotShareable {
                names: texts(),
                secrets: texts(),
            }),
        ),
        (500, "internal", failed(Failure::Internal("cnry".to_owned()))),
        (
            404,
            "not_found",
            rejected(Rejection::NotFound {
                what: "credential",
                pointer: "/a".into(),
                suggestions: texts(),
                denied: Some(denied()),
            }),
        ),
        (403, "denied", rejected(Rejection::Denied(denied()))),
        (
            409,
            "name_taken",
            rejected(Rejection::NameTaken {
                what: "client",
                holder: None,
            }),
        ),
        (
            409,
            "handle_taken",
            rejected(Rejection::HandleTaken {
                what: "client",
                proposal: "a-2".into(),
            }),
        ),
        (422, "invalid", rejected(Rejection::invalid("/a", "b", "c"))),
        (
            412,
            "version_mismatch",
            rejected(Rejection::VersionMismatch {
                expected: 1,
                current: 2,
            }),
        ),
        (
            409,
            "not_active",
            rejected(Rejection::NotActive {
                what: "credential",
                status: "revoked",
            }),
        ),
        (
            409,
            "destination_needs_secrets",
            rejected(Rejection::DestinationNeedsSecrets {
                destinations: texts(),
                secrets: texts(),
            }),
        ),
        (
            409,
            "duplicate_secret",
            rejected(Rejection::DuplicateSecret {
                held: vec![strongroom_domain::rejection::Held {
                    field: "a".into(),
                    by: named(),
                }],
            }),
        ),
        (
            409,
            "variables_missing",
            rejected(Rejection::VariablesMissing {
                missing: vec![missing()],
            }),
        ),
        (409, "not_admitted", rejected(Rejection::NotAdmitted { newest: 1 })),
        (
            409,
            "does_not_fit",
            rejected(Rejection::DoesNotFit {
                variable: "A".into(),
                why: WhyNot::Kind,
            }),
        ),
        (
            409,
            "client_guard",
            rejected(Rejection::ClientGuard {
                credential: CredentialId([1; 16]),
                clients: None,
            }),
        ),
        (409, "stale", rejected(Rejection::Stale)),
        (409, "last_owner", rejected(Rejection::LastOwner)),
        (409, "last_owner_token", rejected(Rejection::LastOwnerToken)),
        (422, "reason_required", rejected(Rejection::ReasonRequired)),
        (403, "self_escalation", rejected(Rejection::SelfEscalation)),
        (403, "token_too_strong", rejected(Rejection::TokenTooStrong)),
        (
            429,
            "rate_limited",
            ApiError::TooMany(std::time::Duration::from_secs(1)),
        ),
        (429, "too_many_windows", ApiError::Failure(Failure::TooManyWindows)),
        (429, "too_many_run_tokens", rejected(Rejection::TooManyRunTokens)),
        (
            409,
            "already_imported",
            rejected(Rejection::AlreadyImported { holder: None }),
        ),
        (
            423,
            "frozen",
            rejected(Rejection::Frozen {
                freeze: FreezeId([1; 16]),
                stop: Stop::Serving,
                since: 1,
                reason: "an incident".to_owned(),
                denied: None,
            }),
        ),
        (409, "already_initialized", rejected(Rejection::AlreadyInitialized)),
    ]
}

fn found() -> Found {
    Found {
        pointer: "/nodes/0".to_owned(),
        rule: "aws-key",
        what: "an AWS key",
        hint: "put it into a credential",
    }
}

#[test]
fn each_failure_has_its_status_and_type_and_says_what_to_do() {
    for (status, kind, error) in all() {
        let problem = problem(&error);
        assert_eq!((problem.status, problem.kind()), (status, kind), "{error:?}");
        for text in [&problem.title, &problem.detail, problem.hint.as_ref().unwrap()] {
            assert!(!text.trim().is_empty(), "{error:?}: {problem:?}");
        }
        let shown = serde_json::to_string(&problem).unwrap();
        assert!(!shown.contains("cnry"), "what went wrong inside stays inside: {shown}");
        for reserved in ["type", "title", "status", "detail", "hint", "pointer", "request_id"] {
            assert!(
                !problem.extra.contains_key(reserved),
                "{error:?} has two of `{reserved}`"
            );
        }
        assert_eq!(error.into_response().status().as_u16(), status);
    }
}

#[test]
fn a_hidden_thing_is_told_like_one_that_is_not_there() {
    let told = |denied| {
        let rejection = Rejection::NotFound {
            what: "credential",
            pointer: String::new(),
            suggestions: Vec::new(),
            denied,
        };
        serde_json::to_string(&problem(&rejection.into())).unwrap()
    };
    assert_eq!(told(None), told(Some(denied())));
    let told = |why| serde_json::to_string(&problem(&Failure::Unauthenticated(why).into())).unwrap();
    assert_eq!(told(TokenRefused::Unknown), told(TokenRefused::Disabled));
}

#[test]
fn refusals_carry_the_headers_that_belong_to_them() {
    let headers = |error: ApiError| -> HeaderMap { error.into_response().headers().clone() };
    assert!(headers(Failure::Busy.into()).contains_key(RETRY_AFTER));
    assert!(headers(Failure::InFlight.into()).contains_key(RETRY_AFTER));
    assert!(
        !headers(Failure::OutcomeUnknown.into()).contains_key(RETRY_AFTER),
        "it is not to be repeated blindly"
    );
    assert_eq!(
        headers(ApiError::NoToken).get(WWW_AUTHENTICATE).unwrap(),
        "Bearer realm=\"strongroom\""
    );
}

#[test]
fn what_is_missing_is_named_with_what_fits() {
    let shown = missing_variable(&missing(), &|_| Some("old-one".to_owned()));
    assert_eq!(
        (shown.why.as_str(), shown.passed_over[0].why.as_str()),
        ("nothing_fits", "expired")
    );
    assert_eq!(shown.passed_over[0].credential.as_deref(), Some("old-one"));
    assert_eq!(shown.fitting[0].handle, "first");
    let problem = problem(&ApiError::VariablesMissing {
        detail: "x".to_owned(),
        missing: vec![shown],
    });
    assert_eq!(problem.extra["missing"][0]["variable"], "SHOP");
}

#[test]
fn the_cause_of_a_fault_is_for_the_log() {
    let response = ApiError::from(Failure::Internal("cnry".to_owned())).into_response();
    let refused = response.extensions().get::<Refused>().unwrap();
    assert_eq!(refused.cause.as_deref(), Some("cnry"));
    assert!(!serde_json::to_string(&refused.problem).unwrap().contains("cnry"));
}
