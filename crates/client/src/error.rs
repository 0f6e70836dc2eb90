//! What can go wrong between a client and a server.

use strongroom_api::Problem;
use strongroom_api::approval::ApprovalWritten;

/// Why there is no answer of the kind asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server said no, and why.
    #[error("{}", if .0.detail.is_empty() { &.0.title } else { &.0.detail })]
    Problem(Box<Problem>),
    /// It takes four eyes: an approval was asked for, and nothing was done.
    #[error("this takes four eyes: the approval {} was asked for, and nothing was done", .0.approval.id)]
    ApprovalRequested(Box<ApprovalWritten>),
    /// The server was not reached.
    #[error("no server answers at {addr}")]
    Connect {
        /// Where.
        addr: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// The connection broke before the answer was there; of a write it is not known whether it was done.
    #[error("the connection to {addr} broke before the answer was there")]
    Broken {
        /// Where.
        addr: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// Something answered that is no Strongroom server, or one of another time.
    #[error("{addr} answered {status} with something that is no answer of a Strongroom server")]
    Answer {
        /// Where.
        addr: String,
        /// The HTTP status.
        status: u16,
    },
    /// The address is none.
    #[error("the address is neither host:port nor an http or https URL")]
    Address,
    /// The certificates to be trusted are none.
    #[error("what is to be trusted is no certificate in PEM")]
    Certificates,
    /// The server's certificate is not trusted, or it speaks no TLS.
    #[error("no trusted connection to {addr}: {why}")]
    Tls {
        /// Where.
        addr: String,
        /// What is wrong with it.
        why: String,
    },
    /// The token holds characters that no token has.
    #[error("the token is none: it begins with `srt_` and has letters and digits")]
    Token,
    /// A name that no path can hold: empty, `.` or `..`.
    #[error("a reference is empty or only dots")]
    Reference,
    /// The request can't be written as JSON.
    #[error("the request can't be written as JSON")]
    Request(#[source] serde_json::Error),
    /// What no header can hold.
    #[error("the {0} is nothing that a request can say")]
    Header(&'static str),
    /// No random bytes for an idempotency key.
    #[error("the system gives no random bytes")]
    Random,
    /// What was received could not be written on.
    #[error("what was received could not be written")]
    Sink(#[from] std::io::Error),
}

impl Error {
    /// The problem document, if the server sent one.
    #[must_use]
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Problem(problem) => Some(problem),
            _ => None,
        }
    }

    /// The kind of the problem, the last part of its `type`.
    #[must_use]
    pub fn kind(&self) -> Option<&str> {
        self.problem().map(Problem::kind)
    }

    /// The HTTP status, if there was an answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Problem(problem) => Some(problem.status),
            Self::Answer { status, .. } => Some(*status),
            _ => None,
        }
    }
}
