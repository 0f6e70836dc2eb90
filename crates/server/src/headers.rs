//! What stands in headers, as types. An error names the header, never what stood in it.

use crate::limits::{IDEMPOTENCY_KEY_BYTES_MAX, USER_AGENT_BYTES_MAX};
use crate::problem::ApiError;
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, IF_MATCH, USER_AGENT};
use strongroom_domain::ids::{ApprovalId, CorrelationId};
use strongroom_ledger::ApprovalWish;

pub(crate) const IDEMPOTENCY_KEY: &str = "idempotency-key";
pub(crate) const REASON: &str = "x-strongroom-reason";
pub(crate) const APPROVAL: &str = "x-strongroom-approval";
pub(crate) const CORRELATION: &str = "x-correlation-id";
pub(crate) const INCIDENT: &str = "x-strongroom-incident";

/// Approvals that one request uses.
const APPROVALS_MAX: usize = 20;

/// The bearer token.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// `Idempotency-Key`: 1 to 128 visible ASCII characters.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(value) = one(headers, IDEMPOTENCY_KEY, "Idempotency-Key")? else {
        return Ok(None);
    };
    let bad = || ApiError::Header {
        name: "Idempotency-Key",
        what: "is not 1 to 128 visible ASCII characters",
        hint: "send a random text of your own, 32 letters and digits for example",
    };
    let visible = value.iter().all(u8::is_ascii_graphic);
    if value.is_empty() || value.len() > IDEMPOTENCY_KEY_BYTES_MAX || !visible {
        return Err(bad());
    }
    String::from_utf8(value.to_vec()).map(Some).map_err(|_| bad())
}

/// `If-Match: "<version>"`; `*` asks for nothing.
pub(crate) fn if_match(headers: &HeaderMap) -> Result<Option<u64>, ApiError> {
    let Some(value) = one(headers, IF_MATCH.as_str(), "If-Match")? else {
        return Ok(None);
    };
    if value == b"*" {
        return Ok(None);
    }
    std::str::from_utf8(value)
        .ok()
        .and_then(|text| text.strip_prefix('"')?.strip_suffix('"'))
        .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|digits| digits.parse().ok())
        .map(Some)
        .ok_or(ApiError::Header {
            name: "If-Match",
            what: "is not one version in quotes",
            hint: "send the `ETag` of what you read, for example `If-Match: \"3\"`",
        })
}

/// `X-Strongroom-Reason`, UTF-8.
pub(crate) fn reason(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(value) = one(headers, REASON, "X-Strongroom-Reason")? else {
        return Ok(None);
    };
    String::from_utf8(value.to_vec())
        .map(Some)
        .map_err(|_| ApiError::Header {
            name: "X-Strongroom-Reason",
            what: "is not UTF-8",
            hint: "send it as UTF-8, or as `reason` in the body",
        })
}

/// `X-Correlation-Id`: an id of the form `co_…`.
pub(crate) fn correlation(headers: &HeaderMap) -> Result<Option<CorrelationId>, ApiError> {
    let Some(value) = one(headers, CORRELATION, "X-Correlation-Id")? else {
        return Ok(None);
    };
    std::str::from_utf8(value)
        .ok()
        .and_then(|text| CorrelationId::parse(text).ok())
        .map(Some)
        .ok_or(ApiError::Header {
            name: "X-Correlation-Id",
            what: "is not `co_` and 32 hexadecimal digits",
            hint: "send the `correlation` of an earlier event, or leave the header out",
        })
}

/// `X-Strongroom-Incident`: the handle or id of the incident that a change belongs to.
pub(crate) fn incident(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(value) = one(headers, INCIDENT, "X-Strongroom-Incident")? else {
        return Ok(None);
    };
    let wrong = |what, hint| ApiError::Header {
        name: "X-Strongroom-Incident",
        what,
        hint,
    };
    if headers.contains_key(CORRELATION) {
        return Err(wrong(
            "goes with no X-Correlation-Id",
            "an incident has a correlation of its own: send one of the two",
        ));
    }
    let text = std::str::from_utf8(value).map_err(|_| wrong("is not UTF-8", "send the incident's handle or id"))?;
    Ok(Some(text.to_owned()))
}

/// `X-Strongroom-Approval`: `ask`, or ids of approvals to be used.
pub(crate) fn approval(headers: &HeaderMap) -> Result<ApprovalWish, ApiError> {
    let Some(value) = one(headers, APPROVAL, "X-Strongroom-Approval")? else {
        return Ok(ApprovalWish::default());
    };
    let words = std::str::from_utf8(value).unwrap_or_default().split(',').map(str::trim);
    let mut wish = ApprovalWish::default();
    for word in words {
        match ApprovalId::parse(word) {
            Ok(id) if wish.given.len() < APPROVALS_MAX => wish.given.push(id),
            _ if word == "ask" => wish.ask = true,
            _ => {
                return Err(ApiError::Header {
                    name: "X-Strongroom-Approval",
                    what: "is neither `ask` nor ids of approvals",
                    hint: "send `ask` to ask for one, and `ap_…` when somebody has approved it",
                });
            }
        }
    }
    Ok(wish)
}

/// `Last-Event-ID`: the position behind which a watch goes on.
pub(crate) fn last_event_id(headers: &HeaderMap) -> Result<Option<u64>, ApiError> {
    let Some(value) = one(headers, "last-event-id", "Last-Event-ID")? else {
        return Ok(None);
    };
    let position = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
    position.map(Some).ok_or(ApiError::Header {
        name: "Last-Event-ID",
        what: "is no position",
        hint: "send the `id` of the last event, or leave the header out",
    })
}

/// The program that asks: visible ASCII, cut where it is long. It is no place for an error.
pub(crate) fn user_agent(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(USER_AGENT)?.to_str().ok()?;
    Some(text.chars().take(USER_AGENT_BYTES_MAX).collect())
}

/// A body is JSON, or says nothing of what it is.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE) else {
        return true;
    };
    let Ok(text) = value.to_str() else { return false };
    let media = text.split(';').next().unwrap_or_default().trim();
    media.eq_ignore_ascii_case("application/json")
        || media.len() > 5
            && media
                .get(media.len() - 5..)
                .is_some_and(|end| end.eq_ignore_ascii_case("+json"))
}

/// A header that stands once or not at all.
fn one<'h>(headers: &'h HeaderMap, name: &str, shown: &'static str) -> Result<Option<&'h [u8]>, ApiError> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(ApiError::Header {
            name: shown,
            what: "stands more than once",
            hint: "send it once",
        });
    }
    Ok(first.map(|value| value.as_bytes().trim_ascii()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn with(name: &'static str, value: &[u8]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_bytes(value).unwrap());
        headers
    }

    #[test]
    fn a_bearer_token_is_found() {
        for (value, token) in [
            ("Bearer srt_x", Some("srt_x")),
            ("bearer srt_x", Some("srt_x")),
            ("Basic eA==", None),
        ] {
            assert_eq!(bearer(&with("authorization", value.as_bytes())), token);
        }
        assert_eq!(bearer(&HeaderMap::new()), None);
    }

    #[test]
    fn an_idempotency_key_is_visible_and_at_most_128_long() {
        let read = |value: &[u8]| idempotency_key(&with(IDEMPOTENCY_KEY, value));
        assert_eq!(read(b"k").unwrap().as_deref(), Some("k"));
        assert_eq!(read(&[b'k'; 128]).unwrap().unwrap().len(), 128);
        for bad in [&b""[..], b" ", b"two words", "ü".as_bytes(), &[b'k'; 129]] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
        let mut twice = with(IDEMPOTENCY_KEY, b"a");
        twice.append(IDEMPOTENCY_KEY, HeaderValue::from_static("b"));
        assert!(idempotency_key(&twice).is_err());
    }

    #[test]
    fn a_version_stands_in_quotes() {
        let read = |value: &str| if_match(&with("if-match", value.as_bytes()));
        assert_eq!(read("\"12\"").unwrap(), Some(12));
        assert_eq!(read("*").unwrap(), None);
        for bad in [
            "12",
            "W/\"12\"",
            "\"\"",
            "\"x\"",
            "\"+1\"",
            "\"1\", \"2\"",
            "\"99999999999999999999\"",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_reason_is_utf_8() {
        assert_eq!(
            reason(&with(REASON, "Zürich".as_bytes())).unwrap().as_deref(),
            Some("Zürich")
        );
        assert!(reason(&with(REASON, b"\xe9")).is_err());
    }

    #[test]
    fn a_body_is_json() {
        for good in [
            "application/json",
            "Application/JSON; charset=utf-8",
            "application/merge-patch+json",
        ] {
            assert!(is_json(&with("content-type", good.as_bytes())), "{good}");
        }
        assert!(is_json(&HeaderMap::new()));
        for bad in ["text/plain", "application/x-www-form-urlencoded", "json"] {
            assert!(!is_json(&with("content-type", bad.as_bytes())), "{bad}");
        }
    }
}
