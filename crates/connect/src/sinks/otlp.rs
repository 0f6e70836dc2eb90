//! Log records to an OpenTelemetry collector: OTLP over HTTP, in JSON (opentelemetry-proto, "OTLP/HTTP request").

use super::{Entry, SinkError};
use crate::webhook::retry_after;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};
use url::Url;

/// INFO and WARN of the log data model, section "Field: SeverityNumber".
const SEVERITY: [(u8, &str); 2] = [(9, "INFO"), (13, "WARN")];

/// A collector.
#[derive(Debug)]
pub(super) struct Otlp {
    client: reqwest::Client,
    url: Url,
    host: String,
}

impl Otlp {
    pub(super) fn new(client: reqwest::Client, url: Url, host: String) -> Self {
        Self { client, url, host }
    }

    pub(super) async fn send(&self, entries: &[Entry]) -> Result<(), SinkError> {
        let body = self.document(entries).to_string();
        let request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json");
        let no_answer = |error: reqwest::Error| SinkError::NoAnswer(error.without_url());
        let answer = request.body(body).send().await.map_err(no_answer)?;
        let status = answer.status();
        if !status.is_success() {
            return Err(SinkError::Status {
                status: status.as_u16(),
                retry_after: retry_after(answer.headers()),
            });
        }
        // A collector that takes a request says what of it it will never take: asking again would change nothing.
        let taken: Value = serde_json::from_slice(&answer.bytes().await.map_err(no_answer)?).unwrap_or_default();
        let rejected = &taken["partialSuccess"]["rejectedLogRecords"];
        if !matches!(rejected.as_str().unwrap_or("0"), "0") || rejected.as_i64().unwrap_or(0) != 0 {
            tracing::warn!(%rejected, "the collector has thrown away records: it will not take them");
        }
        Ok(())
    }

    fn document(&self, entries: &[Entry]) -> Value {
        let text = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
        let records: Vec<Value> = entries
            .iter()
            .map(|it| {
                let nanoseconds = u128::from(it.recorded_at_us) * 1_000;
                let (number, name) = SEVERITY[usize::from(it.refused)];
                json!({
                    "timeUnixNano": nanoseconds.to_string(),
                    "observedTimeUnixNano": nanoseconds.to_string(),
                    "severityNumber": number,
                    "severityText": name,
                    "eventName": format!("strongroom.{}", it.type_),
                    "body": {"stringValue": it.line},
                    "attributes": [{"key": "strongroom.position", "value": {"intValue": it.position.to_string()}}],
                })
            })
            .collect();
        let resource = [
            text("service.name", "strongroom"),
            text("service.version", env!("CARGO_PKG_VERSION")),
            text("host.name", &self.host),
        ];
        let scope = json!({"name": "strongroom.audit", "version": env!("CARGO_PKG_VERSION")});
        json!({"resourceLogs": [{
            "resource": {"attributes": resource},
            "scopeLogs": [{"scope": scope, "logRecords": records}],
        }]})
    }
}
