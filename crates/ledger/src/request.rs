//! What comes with a command, and what goes back.

use crate::view::View;
use std::sync::Arc;
use strongroom_domain::Rejection;
use strongroom_domain::context::Caller;
use strongroom_domain::event::Recorded;
use strongroom_domain::ids::{ApprovalId, CorrelationId, Position};
use strongroom_domain::rights::TokenRefused;
use strongroom_formats::scan::Finding;

/// Everything around a request that is not its command.
#[derive(Debug, Clone)]
pub struct RequestContext {
    /// Who asks.
    pub caller: Caller,
    /// Why, in the caller's words.
    pub reason: Option<String>,
    /// The piece of work it belongs to; else one is made.
    pub correlation: Option<CorrelationId>,
    /// The request's id, as in the server's log.
    pub request_id: String,
    /// The source address.
    pub source: Option<String>,
    /// The program that asks.
    pub user_agent: Option<String>,
    /// `If-Match`: the version of the stream's last change by a person.
    pub if_match: Option<u64>,
    /// What is to be done about four eyes.
    pub approval: ApprovalWish,
    /// `Idempotency-Key` with what it is bound to.
    pub idempotency: Option<IdempotencyKey>,
}

impl RequestContext {
    /// A request by the ledger itself.
    #[must_use]
    pub fn system() -> Self {
        Self::of(Caller::SYSTEM)
    }

    /// A request by a caller, with nothing else known.
    #[must_use]
    pub fn of(caller: Caller) -> Self {
        Self {
            caller,
            reason: None,
            correlation: None,
            request_id: String::new(),
            source: None,
            user_agent: None,
            if_match: None,
            approval: ApprovalWish::default(),
            idempotency: None,
        }
    }
}

/// What a caller has for what takes four eyes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApprovalWish {
    /// Ask for an approval where one is missing.
    pub ask: bool,
    /// Approvals to be used.
    pub given: Vec<ApprovalId>,
}

/// A key under which a repeat of a request is recognised.
#[derive(Clone)]
pub struct IdempotencyKey {
    /// As sent: at most 128 visible ASCII characters.
    pub key: String,
    /// Method and route with its parameters, `POST /api/v1/credentials/shopify/rotate`.
    pub route: String,
    /// The raw body.
    pub body: zeroize::Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IdempotencyKey")
            .field("route", &self.route)
            .finish_non_exhaustive()
    }
}

/// What a durable write is answered with.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// The events, in log order; none when nothing changed.
    pub events: Vec<Arc<Recorded>>,
    /// The first event's position.
    pub position: Option<Position>,
    /// The size of the log that the checkpoint signs.
    pub head: u64,
    /// The checkpoint: a signed note.
    pub checkpoint: Arc<str>,
    /// Answered from the log: this request was done before.
    pub replayed: bool,
    /// What the caller should know.
    pub warnings: Vec<String>,
    /// State that holds the events.
    pub view: View,
}

/// Why a request was not done. The server maps each to one problem document.
#[derive(Debug, Clone)]
pub enum Failure {
    /// The rules say no.
    Rejected(Box<Rejection>),
    /// The token is none of ours, or no longer.
    Unauthenticated(TokenRefused),
    /// The queue is full: try again in a moment.
    Busy,
    /// The disk did not say whether it kept the write; look before you repeat it.
    OutcomeUnknown,
    /// The ledger has stopped writing.
    Stopped,
    /// Too little free space.
    NoSpace,
    /// A request with this idempotency key is under way.
    InFlight,
    /// The idempotency key was used for another body.
    IdempotencyMismatch,
    /// What the idempotency key did was shredded since.
    IdempotencyShredded,
    /// The body of the first request can't be compared.
    IdempotencyUnchecked,
    /// The index does not agree with the log.
    IndexDamaged,
    /// The body or document is not what it should be.
    Format {
        /// Where, as a JSON pointer.
        pointer: Option<String>,
        /// Where, as a line.
        line: Option<u32>,
        /// What was wrong.
        what: String,
        /// What to do.
        hint: Option<String>,
    },
    /// A word of a filter is not what it should be.
    Filter {
        /// Where it begins in the filter, in characters.
        offset: usize,
        /// How many characters it has.
        length: usize,
        /// What was wrong with it.
        failure: Box<Failure>,
    },
    /// A text holds a secret in clear.
    HardcodedSecret {
        /// Where.
        findings: Vec<Finding>,
    },
    /// A template that is not for another ledger as it stands.
    NotShareable {
        /// Where names of this ledger stand.
        names: Vec<String>,
        /// Where secrets stand that were accepted.
        secrets: Vec<String>,
    },
    /// Some lines of a plan can't be done, so none was.
    PlanRefused(Arc<crate::planned::Planned>),
    /// It takes four eyes; an approval was asked for, durably.
    ApprovalRequested(Box<Receipt>),
    /// A principal opens too many windows of serving.
    TooManyWindows,
    /// It is a ledger that is only looked at.
    ReadsOnly,
    /// The plan that was shown is another by now.
    PlanChanged,
    /// Our fault; the text is for the log only.
    Internal(String),
}

impl From<Rejection> for Failure {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(Box::new(rejection))
    }
}

impl Failure {
    /// A format failure with its place.
    #[must_use]
    pub fn format(pointer: impl Into<String>, what: impl Into<String>, hint: Option<&str>) -> Self {
        Self::Format {
            pointer: Some(pointer.into()),
            line: None,
            what: what.into(),
            hint: hint.map(str::to_owned),
        }
    }
}
