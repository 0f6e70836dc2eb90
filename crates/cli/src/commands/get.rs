//! `get`: one value, by reference.

use crate::failure::{Failure, Outcome};
use crate::reference::{self, Reference};
use crate::session::Session;
use clap::Args;
use serde_json::json;
use std::collections::BTreeSet;

/// `get`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  strongroom get cred://npm-registry/token
  strongroom get 'cred://npm-registry/token?version=2' --reason \"the build of 1.4\"

It takes the right `read` (the role `reader`), and each time is recorded.")]
pub(crate) struct GetArgs {
    /// Which field of which credential
    #[arg(value_name = "cred://HANDLE/FIELD")]
    pub(crate) reference: String,
    /// Why; kept in the record
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "strongroom get",
        hide_default_value = true
    )]
    pub(crate) reason: String,
}

/// Reads it, and writes nothing but the value and a line end.
pub(crate) async fn run(args: &GetArgs, session: &Session) -> Outcome {
    let reference = Reference::parse(&args.reference).map_err(Failure::local)?;
    let wanted = BTreeSet::from([reference]);
    let values = reference::read(&wanted, &args.reason, session).await?;
    for (reference, value) in &values {
        if session.output.json() {
            session
                .output
                .document(&json!({"reference": reference.to_string(), "value": value.as_str()}))?;
        } else {
            session.output.bytes(value.as_bytes())?;
            session.output.bytes(b"\n")?;
        }
    }
    Ok(())
}
