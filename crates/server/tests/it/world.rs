//! A ledger in a directory of its own, asked without a network.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use strongroom_ledger::{DevClock, InitOptions, Ledger, OpenOptions};
use strongroom_seal::{RootKey, RootKeyError, RootKeyProvider, RootSource, Token};
use tempfile::TempDir;
use tower::ServiceExt as _;

/// The same root key each time.
struct Fixed;

impl RootKeyProvider for Fixed {
    fn root_key(&self, _: &RootSource) -> Result<RootKey, RootKeyError> {
        Ok(RootKey::from_bytes(&[7; 32]))
    }
}

pub(crate) struct World {
    pub(crate) ledger: Ledger,
    pub(crate) router: Router,
    pub(crate) token: String,
    _dir: TempDir,
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    pub(crate) body: Value,
}

impl World {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let token = Token::make().unwrap();
        let clock = Arc::new(DevClock::default());
        let data = dir.path().join("ledger");
        let init = InitOptions {
            name: "test".to_owned(),
            dev: true,
            owner_name: "dev".to_owned(),
            root: Box::new(Fixed),
            source: RootSource::File,
            token_hash: token.stored_hash(),
            token_expires_at: None,
            owners_only: false,
            clock: clock.clone(),
        };
        Ledger::init(&data, init).unwrap();
        let open = OpenOptions {
            root: Box::new(Fixed),
            dev: true,
            clock,
            window: Duration::from_secs(300),
            new_windows: 0,
            rebuild_state: false,
            on_fatal: Box::new(|_| {}),
            cache_bytes: 8 << 20,
        };
        let (ledger, _) = Ledger::open(&data, open).unwrap();
        let router = strongroom_server::router(ledger.clone(), nowhere());
        Self {
            ledger,
            router,
            token: token.expose().to_string(),
            _dir: dir,
        }
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Reply {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        // Events come without an end: that they begin is what is asked here.
        let endless = parts
            .headers
            .get("content-type")
            .is_some_and(|it| it == "text/event-stream");
        let bytes = if endless {
            bytes::Bytes::new()
        } else {
            to_bytes(body, usize::MAX).await.unwrap()
        };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let body = serde_json::from_str(&text).unwrap_or_default();
        Reply {
            status: parts.status.as_u16(),
            headers: parts.headers,
            text,
            body,
        }
    }

    pub(crate) fn request(&self, method: &str, path: &str, body: &Value) -> Request<Body> {
        let body = if body.is_null() {
            Body::empty()
        } else {
            Body::from(body.to_string())
        };
        let bearer = format!("Bearer {}", self.token);
        Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", bearer)
            .body(body)
            .unwrap()
    }

    pub(crate) async fn api(&self, method: &str, route: &str, body: Value) -> Reply {
        self.send(self.request(method, &format!("/api/v1{route}"), &body)).await
    }
}

impl Reply {
    #[track_caller]
    pub(crate) fn is(self, status: StatusCode) -> Value {
        assert_eq!(self.status, status.as_u16(), "{}", self.text);
        self.body
    }

    #[track_caller]
    pub(crate) fn refused(self, status: u16, kind: &str) -> Value {
        let found = self.body["type"].as_str().unwrap_or_default();
        assert_eq!(
            (self.status, found),
            (status, format!("urn:strongroom:problem:{kind}").as_str()),
            "{}",
            self.text
        );
        assert_eq!(self.headers["content-type"], "application/problem+json");
        assert_eq!(self.body["request_id"], self.headers["x-request-id"].to_str().unwrap());
        self.body
    }
}

/// What asks nobody.
fn nowhere() -> strongroom_server::Outgoing {
    strongroom_server::Outgoing::new(strongroom_server::Reach::default())
        .expect("a client without certificates of its own")
}
