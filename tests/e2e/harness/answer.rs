//! What a route answers.

use super::server::last_part;
use reqwest::blocking::RequestBuilder;
use reqwest::header::HeaderMap;
use serde_json::Value;

/// Status, headers and body; the body as JSON where it is.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
    pub(crate) body: Value,
}

impl Answer {
    /// Sends a request that is to be answered.
    #[track_caller]
    pub(crate) fn of(request: RequestBuilder) -> Self {
        match send(request) {
            Ok(answer) => answer,
            Err(error) => panic!("no answer: {error:?}"),
        }
    }

    /// Sends a request to a server that may be gone.
    pub(crate) fn try_of(request: RequestBuilder) -> Option<Self> {
        send(request).ok()
    }

    /// It was done.
    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert!((200..300).contains(&self.status), "{} {}", self.status, self.text());
        self.body
    }

    /// It was done, with this status.
    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        self.body
    }

    /// It was refused, for this reason, with a whole problem document.
    #[track_caller]
    pub(crate) fn refused(self, status: u16, kind: &str) -> Value {
        assert_eq!((self.status, self.kind()), (status, kind), "{}", self.text());
        self.problem()
    }

    /// It was refused with a problem document that has all its members.
    #[track_caller]
    pub(crate) fn problem(self) -> Value {
        let media = self.header("content-type").unwrap_or_default();
        assert!(
            media.starts_with("application/problem+json"),
            "{media}: {}",
            self.text()
        );
        assert!((400..600).contains(&self.status), "{} {}", self.status, self.text());
        for member in ["type", "title", "detail", "hint"] {
            let text = self.body[member].as_str().unwrap_or_default();
            assert!(!text.trim().is_empty(), "no {member}: {}", self.text());
        }
        assert_eq!(self.body["status"], self.status, "{}", self.text());
        self.body
    }

    /// The stable word of a problem.
    pub(crate) fn kind(&self) -> &str {
        last_part(self.body["type"].as_str().unwrap_or_default())
    }

    /// A header as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

fn send(request: RequestBuilder) -> reqwest::Result<Answer> {
    let response = request.send()?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let bytes = response.bytes()?.to_vec();
    let body = serde_json::from_slice(&bytes).unwrap_or_default();
    Ok(Answer {
        status,
        headers,
        bytes,
        body,
    })
}
