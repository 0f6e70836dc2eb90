//! What goes out to others: the keys of issuers whose word is believed, signing people in, traces of what was answered.
//!
//! In: URLs that people entered, assertions that came in. Out: what was proved, as a value that only a proof makes.
//! Not here: who may do what (`domain`), routes (`server`), records (`ledger`).
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may fail loudly"))]

mod limits;
mod outgoing; // one client for everything that goes out, and where it may go
mod oidc; // issuers, their keys, what they say
mod sign_in; // authorization code with PKCE
mod sinks; // files, syslog, OpenTelemetry logs
mod webhook; // one signed message (Standard Webhooks)
mod traces; // spans to an OpenTelemetry collector

pub use oidc::{AssertionError, Issuers, Proved, is_assertion};
pub use outgoing::{Outgoing, OutgoingError, Reach};
pub use sign_in::{Begun, SignInError, SignIns};
pub use sinks::{AimError, Entry, Settled, Sink, SinkAim, SinkError, SinkFormat, SinkKind};
pub use traces::{Answered, Traces, TracesError};
pub use webhook::{Message, SendError};
