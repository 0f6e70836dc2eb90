//! A span for each request, sent to an OpenTelemetry collector: OTLP over HTTP, in JSON.
//!
//! A span says which route was asked (its pattern, never the path), by which method, what was answered and how long it took, and has
//! the request id under which the log and the records know it. No handle, no name, no reason, no value. Names of attributes are
//! those of OpenTelemetry's semantic conventions for HTTP servers; a caller's trace is taken up from `traceparent` (W3C Trace
//! Context).
//!
//! Spans are sent behind the answers, from a bounded queue: a collector that is slow or gone costs spans, never a request.

use crate::outgoing::unguarded;
use async_trait::async_trait;
use http::HeaderMap;
use opentelemetry::KeyValue;
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::{Span as _, SpanKind, Status, Tracer as _, TracerProvider as _};
use opentelemetry_http::{Bytes, HeaderExtractor, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{ExporterBuildError, Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider, Span};
use std::time::Duration;
use url::Url;

/// Where a collector takes traces, when no path is given.
const TRACES_PATH: &str = "/v1/traces";

/// How long the end of the program waits for the last spans to go.
const LAST_WITHIN: Duration = Duration::from_secs(5);

/// Bytes of a collector's answer that are looked at: it says no more than what it did not take.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Why no traces can be sent.
#[derive(Debug, thiserror::Error)]
pub enum TracesError {
    /// Neither http nor https.
    #[error("traces go by http or https, not by {0}")]
    Scheme(String),
    /// The certificates of authorities can't be read.
    #[error("the certificates of authorities can't be read")]
    Client(#[from] reqwest::Error),
    /// No exporter could be made.
    #[error("no exporter of traces can be made")]
    Exporter(#[from] ExporterBuildError),
}

/// Sends spans to one collector. Clones are handles to the same.
#[derive(Debug, Clone)]
pub struct Traces {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

impl Traces {
    /// Begins to send to a collector. `sample` is the share of traces that are kept, from 0 to 1, of those that no caller began;
    /// for others the caller says so. Within a runtime, which does the sending.
    ///
    /// `authorities` (PEM) are trusted beside the usual ones. The address is the administrator's, not a caller's: it may be private, and go without TLS.
    ///
    /// # Errors
    /// [`TracesError`].
    pub fn to(collector: &Url, sample: f64, authorities: Option<&[u8]>) -> Result<Self, TracesError> {
        if !matches!(collector.scheme(), "http" | "https") {
            return Err(TracesError::Scheme(collector.scheme().to_owned()));
        }
        let mut endpoint = collector.clone();
        if matches!(endpoint.path(), "" | "/") {
            endpoint.set_path(TRACES_PATH);
        }
        let client = unguarded(authorities)?.build()?;
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Sender {
                client,
                runtime: tokio::runtime::Handle::current(),
            })
            .with_protocol(Protocol::HttpJson)
            .with_endpoint(endpoint)
            .build()?;
        let resource = Resource::builder()
            .with_service_name("strongroom")
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let provider = SdkTracerProvider::builder()
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(sample))))
            .with_resource(resource)
            .with_batch_exporter(exporter)
            .build();
        let tracer = provider.tracer("strongroom");
        Ok(Self { provider, tracer })
    }

    /// A request has come.
    #[must_use]
    pub fn asked(&self, method: &str, route: &str, request_id: &str, headers: &HeaderMap) -> Answered {
        let method = known(method);
        let parent = TraceContextPropagator::new().extract(&HeaderExtractor(headers));
        let span = self
            .tracer
            .span_builder(format!("{method} {route}"))
            .with_kind(SpanKind::Server)
            .with_attributes([
                KeyValue::new("http.request.method", method.to_owned()),
                KeyValue::new("http.route", route.to_owned()),
                KeyValue::new("strongroom.request_id", request_id.to_owned()),
            ])
            .start_with_context(&self.tracer, &parent);
        Answered(span)
    }

    /// Sends what is left. Blocks for a few seconds at most.
    pub fn end(&self) {
        if let Err(error) = self.provider.shutdown_with_timeout(LAST_WITHIN) {
            tracing::warn!(%error, "the last traces were not sent");
        }
    }
}

/// The method, if HTTP knows it: others are what a caller chose to write.
fn known(method: &str) -> &str {
    match method {
        "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS" | "CONNECT" | "TRACE" => method,
        _ => "_OTHER",
    }
}

/// A request that is being answered. Dropped without an answer, it ends as one that nobody waited for.
#[derive(Debug)]
pub struct Answered(Span);

impl Answered {
    /// It was answered.
    pub fn with(mut self, status: u16) {
        self.0
            .set_attribute(KeyValue::new("http.response.status_code", i64::from(status)));
        if status >= 500 {
            self.0.set_attribute(KeyValue::new("error.type", status.to_string()));
            self.0.set_status(Status::error(""));
        }
        self.0.end();
    }
}

/// Sends on the server's runtime, whatever thread asks.
#[derive(Debug)]
struct Sender {
    client: reqwest::Client,
    runtime: tokio::runtime::Handle,
}

#[async_trait]
impl HttpClient for Sender {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        self.runtime.spawn(send(client, request)).await?
    }
}

async fn send(client: reqwest::Client, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    let request = reqwest::Request::try_from(request.map(reqwest::Body::from))?;
    let mut answer = client.execute(request).await.map_err(reqwest::Error::without_url)?;
    let mut response = Response::builder().status(answer.status());
    if let Some(headers) = response.headers_mut() {
        headers.clone_from(answer.headers());
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() > ANSWER_BYTES_MAX {
            break;
        }
    }
    Ok(response.body(Bytes::from(body))?)
}

#[cfg(test)]
mod tests {
    use super::known;

    #[test]
    fn a_method_of_ones_own_is_not_passed_on() {
        assert_eq!(
            ["GET", "DELETE", "sk-live-1", "get"].map(known),
            ["GET", "DELETE", "_OTHER", "_OTHER"]
        );
    }
}
