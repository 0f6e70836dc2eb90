//! What comes in from outside, read and understood: bytes and text in, values out.
//!
//! In: JSON documents, n8n workflows, n8n credential exports, templates, any text that people send.
//! Out: variables and documents without references to anybody's instance, credentials to import with each field's class,
//! the places of hard-coded secrets, facts of services.
//! Not here: files, network, clocks, randomness, keys, what the ledger knows. The secret values of an export are in
//! [`SecretText`] and nowhere else; no error, finding or warning holds one.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that panics has failed"))]

mod error;
pub mod json;
pub mod names;

pub mod catalogue;
pub mod scan;

pub mod n8n;
pub mod import; // exports of other systems
pub mod template;
pub mod share; // templates for another ledger
mod variable;

pub use catalogue::{Class, Kind};
pub use error::{FormatError, Warning};
pub use n8n::credentials::SecretText;
pub use variable::Variable;
