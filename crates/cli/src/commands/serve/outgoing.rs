//! Where the server may go by itself: other issuers, for their keys.

use crate::failure::{Failure, Outcome};
use clap::Args;
use std::path::PathBuf;
use strongroom_server::{Outgoing, Reach};

/// Options of what goes out.
#[derive(Debug, Args)]
#[command(next_help_heading = "Going out")]
pub(crate) struct OutgoingArgs {
    /// A host, name or address, that may be asked though it lies at a private address; may be repeated
    #[arg(long = "outgoing-host", value_name = "HOST")]
    hosts: Vec<String>,
    /// Certificates (PEM) of authorities that are trusted for what goes out, beside the usual ones
    #[arg(long = "outgoing-ca", value_name = "FILE")]
    authorities: Option<PathBuf>,
}

impl OutgoingArgs {
    /// The client for what goes out. A dev server may ask this machine.
    pub(crate) fn client(&self, dev: bool) -> Outcome<Outgoing> {
        let read = |path: &PathBuf| {
            std::fs::read(path).map_err(|error| Failure::local(format!("can't read {}: {error}", path.display())))
        };
        let reach = Reach {
            hosts: self.hosts.clone(),
            this_machine: dev,
            authorities: self.authorities.as_ref().map(read).transpose()?,
        };
        Outgoing::new(reach).map_err(|error| {
            Failure::local(error.to_string()).hint("--outgoing-ca takes a file of certificates in PEM form")
        })
    }
}
