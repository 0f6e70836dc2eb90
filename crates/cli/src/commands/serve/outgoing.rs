//! Where the server may go by itself: other issuers, for their keys; a collector of traces; whoever else keeps the log.

use crate::failure::{Failure, Outcome};
use clap::Args;
use std::path::{Path, PathBuf};
use strongroom_server::{Outgoing, Reach, Sink, SinkAim, SinkOptions, Traces};
use url::Url;

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
    /// Send a trace of each request to this OpenTelemetry collector, by OTLP over HTTP (http://localhost:4318)
    #[arg(long, value_name = "URL")]
    otlp_endpoint: Option<Url>,
    /// The share of traces to keep, 0 to 1, of those that no caller began
    #[arg(long, value_name = "SHARE", default_value = "1", value_parser = share)]
    otlp_sample: f64,
    /// Keep the log elsewhere, too, as what a principal sees: NAME=file:///…, syslog+tls://…, otlp+https://… with `?as=PRINCIPAL`; may be repeated
    #[arg(long = "sink", value_name = "NAME=URL")]
    sinks: Vec<SinkAim>,
}

fn share(text: &str) -> Result<f64, &'static str> {
    match text.parse::<f64>() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("a number from 0 to 1, as 0.05 for one of twenty"),
    }
}

impl OutgoingArgs {
    /// The authorities' certificates, where some are named.
    fn authorities(&self) -> Outcome<Option<Vec<u8>>> {
        let read = |path: &PathBuf| {
            std::fs::read(path).map_err(|error| Failure::local(format!("can't read {}: {error}", path.display())))
        };
        self.authorities.as_ref().map(read).transpose()
    }

    /// Sends traces, where somebody takes them. Within the server's runtime.
    pub(crate) fn traces(&self) -> Outcome<Option<Traces>> {
        let Some(collector) = &self.otlp_endpoint else {
            return Ok(None);
        };
        Traces::to(collector, self.otlp_sample, self.authorities()?.as_deref())
            .map(Some)
            .map_err(|error| {
                Failure::local(format!("--otlp-endpoint: {error}")).hint("for example http://localhost:4318")
            })
    }

    /// Where the log goes beside the ledger; how far each is stands beside the data.
    pub(crate) fn sinks(&self, data: &Path) -> Outcome<Option<SinkOptions>> {
        if self.sinks.is_empty() {
            return Ok(None);
        }
        let authorities = self.authorities()?;
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let mut sinks: Vec<(SinkAim, Sink)> = Vec::new();
        for aim in &self.sinks {
            let wrong = |what: &str| Failure::local(format!("--sink {}: {what}", aim.name));
            if sinks.iter().any(|(other, _)| other.name == aim.name) {
                return Err(wrong("there are two of this name"));
            }
            let sink = Sink::new(aim, authorities.as_deref(), &host).map_err(|error| wrong(&error.to_string()))?;
            sinks.push((aim.clone(), sink));
        }
        let places = data.join("sinks");
        Ok(Some(SinkOptions { sinks, places }))
    }

    /// The client for what goes out. A dev server may ask this machine.
    pub(crate) fn client(&self, dev: bool) -> Outcome<Outgoing> {
        let reach = Reach {
            hosts: self.hosts.clone(),
            this_machine: dev,
            authorities: self.authorities()?,
        };
        Outgoing::new(reach).map_err(|error| {
            Failure::local(error.to_string()).hint("--outgoing-ca takes a file of certificates in PEM form")
        })
    }
}
