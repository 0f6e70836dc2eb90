//! Where the log goes beside the ledger: a file that is rotated, syslog over TLS, a collector of OpenTelemetry logs.
//!
//! A sink is handed events in order and says when it has them. It keeps no place in the log: that is whoever's who hands them on.

mod aim; // what an operator writes: `siem=syslog+tls://host:6514?as=siem`
mod file;
mod otlp;
mod syslog;

pub use aim::{AimError, SinkAim, SinkFormat, SinkKind};

use crate::outgoing::unguarded;
use std::time::Duration;

/// One event on its way.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its position in the log.
    pub position: u64,
    /// Its type.
    pub type_: String,
    /// When it was recorded, µs since 1970.
    pub recorded_at_us: u64,
    /// The same in RFC 3339, with six digits of a second.
    pub recorded_at: String,
    /// Something was refused.
    pub refused: bool,
    /// The event as one line of JSON, without an end of line.
    pub line: String,
}

/// Why a sink did not take what it was handed.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// A file can't be written.
    #[error("can't write {path}: {source}")]
    File {
        /// Which.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// No connection, or one that broke.
    #[error("{host}: {source}")]
    Connection {
        /// To whom.
        host: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// TLS can't be set up.
    #[error("TLS can't be set up: {0}")]
    Tls(#[from] rustls::Error),
    /// The certificates of authorities can't be read.
    #[error("the certificates of authorities can't be read: {0}")]
    Authorities(String),
    /// A collector did not answer.
    #[error("the collector did not answer: {0}")]
    NoAnswer(#[source] reqwest::Error),
    /// A collector did not take it.
    #[error("the collector answered with status {status}")]
    Status {
        /// The status.
        status: u16,
        /// How long it asks to be left alone.
        retry_after: Option<Duration>,
    },
}

impl SinkError {
    /// How long the other side asks to be left alone.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

/// What a sink has of what it was handed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// All.
    All,
    /// Everything before this position; what is behind it may have to be handed on again.
    Before(u64),
}

/// A sink that is open.
#[derive(Debug)]
pub struct Sink(Kind);

#[derive(Debug)]
enum Kind {
    File(file::File),
    Syslog(Box<syslog::Syslog>),
    Otlp(otlp::Otlp),
}

impl Sink {
    /// Makes ready to hand on. Nothing is opened or connected before the first event.
    ///
    /// `authorities` (PEM) are trusted beside the usual ones. Where it goes is the operator's word, not a caller's: it may be private.
    /// `host` is this machine's name, for those who ask.
    ///
    /// # Errors
    /// [`SinkError`] when TLS can't be set up.
    pub fn new(aim: &SinkAim, authorities: Option<&[u8]>, host: &str) -> Result<Self, SinkError> {
        let kind = match &aim.kind {
            SinkKind::File { path, rotate, keep } => Kind::File(file::File::new(path.clone(), *rotate, *keep)),
            SinkKind::Syslog { host: to, port } => {
                Kind::Syslog(Box::new(syslog::Syslog::new(to.clone(), *port, authorities, host)?))
            }
            SinkKind::Otlp { url } => {
                let client = unguarded(authorities).and_then(reqwest::ClientBuilder::build);
                let client = client.map_err(|error| SinkError::Authorities(error.to_string()))?;
                Kind::Otlp(otlp::Otlp::new(client, url.clone(), host.to_owned()))
            }
        };
        Ok(Self(kind))
    }

    /// Hands on events, in order. After an error none of them counts as taken.
    ///
    /// # Errors
    /// [`SinkError`].
    pub async fn send(&mut self, entries: Vec<Entry>) -> Result<(), SinkError> {
        match &mut self.0 {
            Kind::File(file) => file.write(entries).await,
            Kind::Syslog(syslog) => syslog.send(&entries).await,
            Kind::Otlp(otlp) => otlp.send(&entries).await,
        }
    }

    /// Looks whether what it was handed is still on its way.
    ///
    /// # Errors
    /// [`SinkError`] when something is lost: what, says [`Self::settled`].
    pub fn look(&mut self) -> Result<(), SinkError> {
        match &mut self.0 {
            Kind::File(_) | Kind::Otlp(_) => Ok(()),
            Kind::Syslog(syslog) => syslog.look(),
        }
    }

    /// Done when it has to be looked at; never for those that answer.
    pub async fn broken(&mut self) {
        match &mut self.0 {
            Kind::File(_) | Kind::Otlp(_) => std::future::pending().await,
            Kind::Syslog(syslog) => syslog.ended().await,
        }
    }

    /// What it has by now. After an error, from there on is to be handed on again.
    pub fn settled(&mut self) -> Settled {
        match &mut self.0 {
            Kind::File(_) | Kind::Otlp(_) => Settled::All,
            Kind::Syslog(syslog) => syslog.settled(),
        }
    }

    /// Ends in order: what is under way arrives, where the other side says so within a moment.
    pub async fn close(&mut self) {
        match &mut self.0 {
            Kind::File(_) | Kind::Otlp(_) => {}
            Kind::Syslog(syslog) => syslog.close().await,
        }
    }
}
