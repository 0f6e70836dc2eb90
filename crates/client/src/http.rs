//! One request: its headers, when it is repeated, how the answer is read.
//!
//! A write carries an idempotency key, so that a repeat after a broken connection is answered from the log and done once.
//! Without one (`resolve`, `reveal`, dry runs) a request is repeated only when it surely was not done.

use crate::error::Error;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, IF_MATCH, RETRY_AFTER};
use reqwest::{Method, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;
use strongroom_api::Problem;
use strongroom_api::approval::ApprovalWritten;
use strongroom_api::problem::TYPE_PREFIX;
use zeroize::Zeroizing;

/// How often a request is sent, at most.
const ATTEMPTS_MAX: u32 = 4;
/// What is waited before the first repeat; doubled each time.
const BACKOFF: Duration = Duration::from_millis(200);
/// The longest that a `Retry-After` is followed.
const RETRY_AFTER_MAX_S: u64 = 10;

/// A client of one server. Clones share their connections.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    /// The moment that reads are about, if it is not now.
    as_of: Option<String>,
}

/// What goes along with a write.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// The same key with the same request is done once; else a random one is made.
    pub idempotency_key: Option<String>,
    /// Go on only if the thing's `etag` still is this.
    pub if_match: Option<u64>,
    /// Why; kept in the record. A `reason` in the body goes before it.
    pub reason: Option<String>,
    /// For what takes four eyes: `ask`, or ids of approvals, separated by commas.
    pub approval: Option<String>,
    /// The open incident that it is done about: handle or id.
    pub incident: Option<String>,
}

/// When a request may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Repeat {
    /// Whatever happened: it reads, or its key makes it happen once.
    Always,
    /// Only when it surely was not done.
    IfNotDone,
}

impl Client {
    /// Makes a client for `host:port` or an http(s) URL. Nothing is sent yet. Proxies of the environment are not used.
    ///
    /// # Errors
    /// [`Error::Address`], [`Error::Token`].
    pub fn new(addr: &str, token: Option<&str>) -> Result<Self, Error> {
        Self::trusting(addr, token, None)
    }

    /// As [`Client::new`], trusting these certificates (PEM) and no others where some are given.
    ///
    /// # Errors
    /// [`Error::Address`], [`Error::Token`], [`Error::Certificates`].
    pub fn trusting(addr: &str, token: Option<&str>, certificates: Option<&[u8]>) -> Result<Self, Error> {
        let base = base_of(addr)?;
        let mut headers = HeaderMap::new();
        if let Some(token) = token {
            let bearer = Zeroizing::new(format!("Bearer {}", token.trim()));
            let mut value = HeaderValue::from_str(&bearer).map_err(|_| Error::Token)?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let mut builder = reqwest::Client::builder();
        if let Some(pem) = certificates {
            let trusted = reqwest::Certificate::from_pem_bundle(pem).map_err(|_| Error::Certificates)?;
            if trusted.is_empty() {
                return Err(Error::Certificates);
            }
            builder = builder.tls_certs_only(trusted);
        }
        let http = builder
            .user_agent(concat!("strongroom/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(10))
            .build()
            .map_err(|_| Error::Address)?;
        Ok(Self {
            http,
            base,
            as_of: None,
        })
    }

    /// A client that reads state as it was: after the record at a position, or at a time (RFC 3339). What has no past is
    /// refused by the server.
    #[must_use]
    pub fn as_of(&self, moment: &str) -> Self {
        Self {
            as_of: Some(moment.to_owned()),
            ..self.clone()
        }
    }

    /// Where the server is, as a URL without a path.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    pub(crate) async fn get<A: DeserializeOwned>(&self, path: &str) -> Result<A, Error> {
        self.get_with(path, &()).await
    }

    pub(crate) async fn get_with<Q: Serialize + ?Sized, A: DeserializeOwned>(
        &self,
        path: &str,
        query: &Q,
    ) -> Result<A, Error> {
        let response = self
            .send(Method::GET, path, query, HeaderMap::new(), None, Repeat::Always)
            .await?;
        self.read(response).await
    }

    /// A write with its evidence.
    pub(crate) async fn write<B: Serialize + ?Sized, A: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &B,
        options: &Options,
    ) -> Result<A, Error> {
        let headers = write_headers(options)?;
        let body = serde_json::to_vec(body).map_err(Error::Request)?;
        let response = self
            .send(method, path, &(), headers, Some(body), Repeat::Always)
            .await?;
        self.read(response).await
    }

    /// A `DELETE`: what is meant stands in path and query.
    pub(crate) async fn delete<Q: Serialize + ?Sized, A: DeserializeOwned>(
        &self,
        path: &str,
        query: &Q,
        options: &Options,
    ) -> Result<A, Error> {
        let headers = write_headers(options)?;
        let response = self
            .send(Method::DELETE, path, query, headers, None, Repeat::Always)
            .await?;
        self.read(response).await
    }

    /// A `POST` that takes no key.
    pub(crate) async fn ask<B: Serialize + ?Sized, A: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
        reason: Option<&str>,
    ) -> Result<A, Error> {
        self.ask_approved(path, body, reason, None).await
    }

    /// A `POST` that takes no key, but may take four eyes.
    pub(crate) async fn ask_approved<B: Serialize + ?Sized, A: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
        reason: Option<&str>,
        approval: Option<&str>,
    ) -> Result<A, Error> {
        let mut headers = HeaderMap::new();
        add_reason(&mut headers, reason);
        add_approval(&mut headers, approval);
        let body = serde_json::to_vec(body).map_err(Error::Request)?;
        let response = self
            .send(Method::POST, path, &(), headers, Some(body), Repeat::IfNotDone)
            .await?;
        self.read(response).await
    }

    /// A response that is read piece by piece.
    pub(crate) async fn stream(&self, method: Method, path: &str) -> Result<Response, Error> {
        self.send(method, path, &(), HeaderMap::new(), None, Repeat::IfNotDone)
            .await
    }

    /// An answer that is read while it comes, of a route that reads.
    pub(crate) async fn stream_with(&self, path: &str, query: &(impl Serialize + ?Sized)) -> Result<Response, Error> {
        self.send(Method::GET, path, query, HeaderMap::new(), None, Repeat::IfNotDone)
            .await
    }

    /// Bytes as they come.
    pub(crate) async fn bytes(&self, path: &str, query: &(impl Serialize + ?Sized)) -> Result<Vec<u8>, Error> {
        let response = self
            .send(Method::GET, path, query, HeaderMap::new(), None, Repeat::Always)
            .await?;
        response
            .bytes()
            .await
            .map(Into::into)
            .map_err(|source| self.broken(source))
    }

    pub(crate) fn broken(&self, source: reqwest::Error) -> Error {
        Error::Broken {
            addr: self.base.clone(),
            source: source.without_url(),
        }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        query: &(impl Serialize + ?Sized),
        headers: HeaderMap,
        body: Option<Vec<u8>>,
        repeat: Repeat,
    ) -> Result<Response, Error> {
        let url = format!("{}{path}", self.base);
        let body = body.map(Zeroizing::new);
        let mut wait = BACKOFF;
        for attempt in 1.. {
            let mut request = self
                .http
                .request(method.clone(), &url)
                .query(query)
                .headers(headers.clone());
            if let Some(moment) = self.as_of.as_deref().filter(|_| method == Method::GET) {
                request = request.query(&[("as_of", moment)]);
            }
            if let Some(body) = &body {
                request = request.header(CONTENT_TYPE, "application/json").body(body.to_vec());
            }
            let error = match request.send().await {
                Ok(response) if response.status().is_success() => return Ok(response),
                Ok(response) => {
                    let after = retry_after(&response);
                    let problem = self.problem(response).await;
                    match after.filter(|_| problem.kind().is_some_and(undone)) {
                        Some(after) => wait = wait.max(after),
                        None => return Err(problem),
                    }
                    problem
                }
                Err(source) if source.is_connect() => {
                    let source = source.without_url();
                    if let Some(why) = tls_said(&source) {
                        return Err(Error::Tls {
                            addr: self.base.clone(),
                            why,
                        });
                    }
                    return Err(Error::Connect {
                        addr: self.base.clone(),
                        source,
                    });
                }
                Err(source) if repeat == Repeat::Always && !source.is_builder() => self.broken(source),
                Err(source) => return Err(self.broken(source)),
            };
            if attempt == ATTEMPTS_MAX {
                return Err(error);
            }
            tokio::time::sleep(wait).await;
            wait *= 2;
        }
        unreachable!("the last attempt returns")
    }

    async fn read<A: DeserializeOwned>(&self, response: Response) -> Result<A, Error> {
        let status = response.status().as_u16();
        let bytes = response.bytes().await.map_err(|source| self.broken(source))?;
        // An answer may hold secrets: wiped where the buffer is ours alone.
        let bytes = Zeroizing::new(Vec::from(bytes));
        if status == StatusCode::ACCEPTED.as_u16()
            && let Ok(asked) = serde_json::from_slice::<ApprovalWritten>(&bytes)
        {
            return Err(Error::ApprovalRequested(Box::new(asked)));
        }
        serde_json::from_slice(&bytes).map_err(|_| Error::Answer {
            addr: self.base.clone(),
            status,
        })
    }

    async fn problem(&self, response: Response) -> Error {
        let status = response.status();
        let bytes = match response.bytes().await {
            Ok(bytes) => bytes,
            Err(source) => return self.broken(source),
        };
        match serde_json::from_slice::<Problem>(&bytes) {
            Ok(problem) if problem.type_.starts_with(TYPE_PREFIX) => Error::Problem(Box::new(problem)),
            _ => Error::Answer {
                addr: self.base.clone(),
                status: status.as_u16(),
            },
        }
    }
}

/// What TLS has against a server: rustls' own words stand at the end of the chain of causes.
fn tls_said(error: &reqwest::Error) -> Option<String> {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    let mut said = None;
    while let Some(error) = cause {
        let text = error.to_string();
        if text.contains("certificate") || text.contains("InvalidContentType") || text.contains("HandshakeFailure") {
            said = Some(text);
        }
        cause = error.source();
    }
    said.map(|text| match text.contains("InvalidContentType") {
        true => "it speaks no TLS".to_owned(),
        false => text,
    })
}

/// Problems after which nothing was done, or the answer is still to come under the same key.
fn undone(kind: &str) -> bool {
    matches!(kind, "busy" | "in_flight" | "rate_limited")
}

fn retry_after(response: &Response) -> Option<Duration> {
    let status = response.status();
    if status != StatusCode::SERVICE_UNAVAILABLE
        && status != StatusCode::CONFLICT
        && status != StatusCode::TOO_MANY_REQUESTS
    {
        return None;
    }
    let seconds: u64 = response.headers().get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds.min(RETRY_AFTER_MAX_S)))
}

fn write_headers(options: &Options) -> Result<HeaderMap, Error> {
    let mut headers = HeaderMap::new();
    let key = match &options.idempotency_key {
        Some(key) => key.clone(),
        None => random_key()?,
    };
    // A key that no header can hold goes to the server in a form that it refuses, with words for it.
    let key = HeaderValue::from_str(&key).unwrap_or_else(|_| HeaderValue::from_static(" "));
    headers.insert(HeaderName::from_static("idempotency-key"), key);
    if let Some(version) = options.if_match {
        let etag = HeaderValue::from_str(&format!("\"{version}\"")).map_err(|_| Error::Reference)?;
        headers.insert(IF_MATCH, etag);
    }
    add_reason(&mut headers, options.reason.as_deref());
    add_approval(&mut headers, options.approval.as_deref());
    if let Some(incident) = &options.incident {
        headers.insert(
            HeaderName::from_static("x-strongroom-incident"),
            HeaderValue::from_bytes(incident.as_bytes()).map_err(|_| Error::Header("incident"))?,
        );
    }
    Ok(headers)
}

/// A reason as UTF-8; what no header can hold (line breaks) becomes spaces.
fn add_reason(headers: &mut HeaderMap, reason: Option<&str>) {
    let Some(reason) = reason else { return };
    let line: String = reason.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if let Ok(value) = HeaderValue::from_bytes(line.as_bytes()) {
        headers.insert(HeaderName::from_static("x-strongroom-reason"), value);
    }
}

/// What no header can hold goes to the server in a form that it refuses, with words for it.
fn add_approval(headers: &mut HeaderMap, approval: Option<&str>) {
    let Some(approval) = approval else { return };
    let value = HeaderValue::from_str(approval).unwrap_or_else(|_| HeaderValue::from_static("-"));
    headers.insert(HeaderName::from_static("x-strongroom-approval"), value);
}

fn random_key() -> Result<String, Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| Error::Random)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn base_of(addr: &str) -> Result<String, Error> {
    let addr = addr.trim().trim_end_matches('/');
    let url = if addr.contains("://") {
        addr.to_owned()
    } else {
        format!("http://{addr}")
    };
    let parsed = reqwest::Url::parse(&url).map_err(|_| Error::Address)?;
    let plain = matches!(parsed.scheme(), "http" | "https") && parsed.has_host() && parsed.path() == "/";
    if !plain || parsed.query().is_some() || !parsed.username().is_empty() || parsed.password().is_some() {
        return Err(Error::Address);
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_host_and_port_or_a_url() {
        assert_eq!(base_of("127.0.0.1:7420").unwrap(), "http://127.0.0.1:7420");
        assert_eq!(base_of("https://ledger.example/").unwrap(), "https://ledger.example");
        for bad in ["", "ftp://a", "http://a/b", "http://u:p@a", "http://a?b"] {
            assert!(matches!(base_of(bad), Err(Error::Address)), "{bad}");
        }
    }

    #[test]
    fn a_write_has_a_key_of_its_own() {
        let first = write_headers(&Options::default()).unwrap();
        let second = write_headers(&Options::default()).unwrap();
        assert_ne!(first.get("idempotency-key"), second.get("idempotency-key"));
        let options = Options {
            idempotency_key: Some("k".to_owned()),
            if_match: Some(3),
            reason: None,
            approval: None,
            incident: None,
        };
        let headers = write_headers(&options).unwrap();
        assert_eq!(headers.get("idempotency-key").unwrap(), "k");
        assert_eq!(headers.get("if-match").unwrap(), "\"3\"");
    }

    #[test]
    fn a_client_does_not_print_its_token() {
        let client = Client::new("127.0.0.1:1", Some("srt_secret")).unwrap();
        assert!(!format!("{client:?}").contains("srt_secret"));
    }
}
