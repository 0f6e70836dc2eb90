//! HTTP: routes, authentication, problem documents.
//!
//! In: requests. Out: JSON as in `strongroom-api`. Not here: rules (`domain`), querying and records (`ledger`), terminals.
//! A handler reads, calls the engine once, and says what came of it.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may fail loudly"))]

mod limits;
mod serve; // a listener and a ledger become a server
mod connections; // taken up to a limit, cut when no request comes
mod deliveries; // what webhooks send
mod sinks; // where the log goes beside the ledger
mod edge; // around every request: id, panic, problem document, log
mod app; // what all requests share
mod call; // who asks, why, what goes along; the body
mod identity; // another issuer's word
mod headers; // what stands in headers, as types
mod params; // paths and queries
mod strict; // JSON bodies: where something is wrong, never what was sent
mod reports; // what auditors ask each quarter
mod routes; // the handlers
mod list; // pages and cursors
mod view; // state and events -> what is shown
mod answer; // responses
mod problem; // failures -> RFC 9457
mod tls; // certificate and key, read again when they change
mod rates; // how many requests a second
mod metrics;
mod time;
mod openapi; // the contract

pub use limits::{CONNECTIONS_MAX, HEADER_WITHIN_S};
pub use openapi::document as openapi_document;
pub use rates::RateLimits;
pub use serve::{ServeOptions, layered, router, serve};
pub use sinks::SinkOptions;
pub use strongroom_connect::{AimError, Outgoing, OutgoingError, Reach, Sink, SinkAim, SinkError, Traces};
pub use tls::{Tls, TlsError};
