//! The JSON shapes that server and client share: what is asked, what is answered, what an error looks like.
//!
//! In: nothing but plain values. Out: JSON. Not here: rules, storage, HTTP. Field names are for ever: one is added, never
//! renamed and never given another meaning. A request refuses fields that it does not know; an answer may grow.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may fail loudly"))]

pub mod value; // secret texts, ordered fields, documents
pub mod written; // what every write is answered with
pub mod page; // one page of a list, and how it is asked for
pub mod problem; // RFC 9457
pub mod credential;
pub mod client;
pub mod watch;
pub mod webhook;
pub mod workspace;
pub mod template;
pub mod report;
pub mod resolve;
pub mod import;
pub mod incident;
pub mod plan; // many places at once
pub mod principal;
pub mod identity;
pub mod approval;
pub mod audit;
pub mod inquiry; // why, who could, what it reaches, what differs
pub mod service;
pub mod admin;

pub use page::Page;
pub use problem::Problem;
pub use value::{Document, Fields, Pairs, SecretText, Values};
pub use written::Written;
