//! Who asks, why, from where, with which body: read in this order, so that nobody without a token learns more.

use crate::app::App;
use crate::edge::RequestId;
use crate::headers;
use crate::identity;
use crate::limits::{
    BODY_BYTES_MAX, BODY_WITHIN_S, DRAIN_BYTES_MAX, IMPORT_BYTES_MAX, PAST_WAIT_S, PASTS_MAX, STRANGER_BYTES_MAX,
};
use crate::params;
use crate::problem::ApiError;
use crate::strict;
use axum::body::{Body, HttpBody};
use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use std::future::poll_fn;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::time::Duration;
use strongroom_api::admin::SetClock;
use strongroom_api::approval::SetPolicy;
use strongroom_api::client::{CreateClient, UpdateClient};
use strongroom_api::credential::{
    CreateCredential, RevealCredential, RollbackCredential, RotateCredential, ShareCredential, UpdateCredential,
};
use strongroom_api::identity::BindIdentity;
use strongroom_api::import::Import;
use strongroom_api::incident::{CreateFreeze, OpenIncident, SkipStep, TellStewards, WidenIncident};
use strongroom_api::inquiry::SearchLeaks;
use strongroom_api::plan::{CopyWorkspace, Offboard, ReplaceCredential, Restore, SetUp, TransferStewardship, Undo};
use strongroom_api::principal::{CreateGrant, CreatePrincipal, CreateRunToken, CreateToken};
use strongroom_api::resolve::Resolve;
use strongroom_api::template::{CreateTemplate, ReviseTemplate, UpdateTemplate};
use strongroom_api::webhook::{CreateWebhook, UpdateWebhook};
use strongroom_api::workspace::{AdmitTemplate, CreateWorkspace, MapVariable, SetDefault, UpdateWorkspace};
use strongroom_api::written::Because;
use strongroom_connect::is_assertion;
use strongroom_domain::context::Caller;
use strongroom_domain::ids::CorrelationId;
use strongroom_domain::rights::visible;
use strongroom_domain::{Rejection, find};
use strongroom_ledger::instant;
use strongroom_ledger::{Failure, IdempotencyKey, RequestContext, View};
use tokio::sync::Semaphore;
use zeroize::{Zeroize, Zeroizing};

/// Someone who reads: authenticated, nothing else looked at.
pub(crate) struct Asker {
    pub(crate) app: App,
    pub(crate) caller: Caller,
}

impl Asker {
    /// A durable snapshot.
    pub(crate) fn view(&self) -> View {
        self.app.ledger.view()
    }
}

impl FromRequestParts<App> for Asker {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        Ok(Self {
            caller: authenticate(parts, app).await?,
            app: app.clone(),
        })
    }
}

/// Someone who reads state, as it is or, with `as_of`, as it was.
pub(crate) struct Viewer {
    pub(crate) caller: Caller,
    view: View,
}

impl Viewer {
    /// A durable snapshot, of now or of then.
    pub(crate) fn view(&self) -> View {
        self.view.clone()
    }
}

impl FromRequestParts<App> for Viewer {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let caller = authenticate(parts, app).await?;
        let view = match params::take(parts, "as_of")? {
            None => app.ledger.view(),
            Some(text) => as_of(app, caller, &text).await?,
        };
        Ok(Self { caller, view })
    }
}

/// A moment as somebody wrote it.
pub(crate) fn moment(app: &App, text: &str, pointer: &str) -> Result<instant::Instant, ApiError> {
    instant::parse(text, app.ledger.view().now).ok_or_else(|| ApiError::Parameter {
        pointer: pointer.to_owned(),
        what: "is neither a position nor a time".to_owned(),
        hint: instant::HINT.to_owned(),
    })
}

/// Folds of the past that are under way, or wait for the one before.
static PASTS: Semaphore = Semaphore::const_new(PASTS_MAX);

/// State of then, read where waiting for it holds nobody up. Who has waited for others' questions for long is told to come
/// again: a long past takes a processor for seconds.
pub(crate) async fn as_of(app: &App, caller: Caller, text: &str) -> Result<View, ApiError> {
    let ledger = app.ledger.clone();
    let instant = moment(app, text, "/as_of")?;
    let place = tokio::time::timeout(Duration::from_secs(PAST_WAIT_S), PASTS.acquire()).await;
    let Ok(Ok(_place)) = place else {
        return Err(ApiError::LongRead);
    };
    let read = tokio::task::spawn_blocking(move || ledger.view_as_of(&caller, instant)).await;
    Ok(read.map_err(|error| Failure::Internal(error.to_string()))??)
}

/// Someone who has something done: all that goes along, and the body.
pub(crate) struct Call<T> {
    pub(crate) app: App,
    pub(crate) context: RequestContext,
    pub(crate) body: T,
}

/// A request's body, and what is particular about it.
pub(crate) trait Asked: DeserializeOwned + Send {
    /// Most bytes.
    const BYTES_MAX: usize = BODY_BYTES_MAX;
    /// Levels beyond 64 that JSON may lie deep: one where a document of 64 lies in the body.
    const DEPTH_BEYOND: usize = 0;
    /// Whether it may carry `Idempotency-Key` and `If-Match`; servings are never answered from the log.
    const KEYED: bool = true;

    /// Takes the reason out.
    fn reason(&mut self) -> Option<String>;
}

macro_rules! asked {
    ($($body:ty { $($constant:ident = $value:expr),* })+) => {
        $(impl Asked for $body {
            $(asked!(@ $constant $value);)*

            fn reason(&mut self) -> Option<String> {
                self.reason.take()
            }
        })+
    };
    (@ BYTES_MAX $value:expr) => { const BYTES_MAX: usize = $value; };
    (@ DEPTH_BEYOND $value:expr) => { const DEPTH_BEYOND: usize = $value; };
    (@ KEYED $value:expr) => { const KEYED: bool = $value; };
}

asked! {
    Because {}
    CreateCredential {}
    UpdateCredential {}
    RotateCredential {}
    RollbackCredential {}
    ShareCredential {}
    RevealCredential { KEYED = false }
    SearchLeaks { KEYED = false }
    Resolve { KEYED = false }
    CreateClient {}
    UpdateClient {}
    CreateWorkspace {}
    UpdateWorkspace {}
    CreateTemplate { DEPTH_BEYOND = 1 }
    ReviseTemplate { DEPTH_BEYOND = 1 }
    UpdateTemplate {}
    AdmitTemplate {}
    MapVariable {}
    SetDefault {}
    Import { BYTES_MAX = IMPORT_BYTES_MAX, DEPTH_BEYOND = 1 }
    CreatePrincipal {}
    ReplaceCredential {}
    Restore {}
    Undo {}
    CopyWorkspace {}
    TransferStewardship {}
    Offboard {}
    SetUp {}
    CreateGrant {}
    CreateToken {}
    CreateRunToken {}
    BindIdentity {}
    SetPolicy {}
    CreateFreeze {}
    OpenIncident {}
    WidenIncident {}
    TellStewards {}
    SkipStep {}
    CreateWebhook {}
    UpdateWebhook {}
}

impl Asked for SetClock {
    fn reason(&mut self) -> Option<String> {
        None
    }
}

impl<T: Asked> FromRequest<App> for Call<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let caller = authenticate(&parts, app).await?;
        let mut context = context(&parts, caller)?;
        if let Some(reference) = headers::incident(&parts.headers)? {
            context.correlation = Some(incident(app, &caller, &reference)?);
        }
        let key = if T::KEYED {
            headers::idempotency_key(&parts.headers)?
        } else {
            None
        };
        if T::KEYED {
            context.if_match = headers::if_match(&parts.headers)?;
        }
        json_or_nothing(&parts, &body)?;
        let (raw, mut body): (_, T) = read(body, T::BYTES_MAX, T::DEPTH_BEYOND).await?;
        if let Some(reason) = body.reason() {
            context.reason = Some(reason);
        }
        context.idempotency = key.map(|key| IdempotencyKey {
            key,
            route: route(&parts),
            body: raw,
        });
        Ok(Self {
            app: app.clone(),
            context,
            body,
        })
    }
}

/// Someone who is let in by what he sends, not by a token.
pub(crate) struct Stranger<T> {
    pub(crate) app: App,
    /// What goes along, of nobody yet.
    pub(crate) parts: Parts,
    pub(crate) body: T,
}

impl<T: DeserializeOwned + Send> FromRequest<App> for Stranger<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        json_or_nothing(&parts, &body)?;
        let (_, body) = read(body, STRANGER_BYTES_MAX, 0).await?;
        Ok(Self {
            app: app.clone(),
            parts,
            body,
        })
    }
}

fn json_or_nothing(parts: &Parts, body: &Body) -> Result<(), ApiError> {
    if headers::is_json(&parts.headers) || body.is_end_stream() {
        Ok(())
    } else {
        Err(ApiError::Media)
    }
}

async fn read<T: DeserializeOwned>(
    body: Body,
    bytes_max: usize,
    depth_beyond: usize,
) -> Result<(Zeroizing<Vec<u8>>, T), ApiError> {
    let raw = within(Duration::from_secs(BODY_WITHIN_S), collect(body, bytes_max)).await?;
    let body = strict::read(&raw, depth_beyond).map_err(ApiError::Json)?;
    Ok((raw, body))
}

/// Checks the token, or another issuer's word. Whoever has none is counted, not recorded.
async fn authenticate(parts: &Parts, app: &App) -> Result<Caller, ApiError> {
    let known = match headers::bearer(&parts.headers) {
        Some(token) if is_assertion(token) => identity::asserted(app, token).await,
        Some(token) => app.ledger.authenticate(token).map_err(ApiError::from),
        None => Err(ApiError::NoToken),
    };
    if let Ok(caller) = &known {
        app.rates.principal(caller.principal).map_err(ApiError::TooMany)?;
    }
    let known = known.inspect_err(|error| {
        app.metrics.unauthenticated.increment(1);
        let why = match error {
            ApiError::Failure(Failure::Unauthenticated(why)) => why.as_str(),
            ApiError::NoToken => "no_token",
            // An issuer that is away says nothing of who asks.
            _ => return,
        };
        app.ledger.note_stranger(why, source(parts).as_deref());
    });
    known.or_else(|error| {
        // Refused either way: beyond his rate a stranger is told to wait.
        let address = address(parts);
        app.rates.stranger(address).map_err(ApiError::TooMany)?;
        Err(error)
    })
}

fn address(parts: &Parts) -> Option<IpAddr> {
    let address = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    address.map(|ConnectInfo(address)| address.ip())
}

/// Where a request comes from.
fn source(parts: &Parts) -> Option<String> {
    address(parts).map(|address| address.to_string())
}

/// What goes along with a request.
pub(crate) fn context(parts: &Parts, caller: Caller) -> Result<RequestContext, ApiError> {
    let source = source(parts);
    Ok(RequestContext {
        reason: headers::reason(&parts.headers)?,
        correlation: headers::correlation(&parts.headers)?,
        approval: headers::approval(&parts.headers)?,
        request_id: parts
            .extensions
            .get::<RequestId>()
            .map(|RequestId(id)| id.clone())
            .unwrap_or_default(),
        source,
        user_agent: headers::user_agent(&parts.headers),
        ..RequestContext::of(caller)
    })
}

/// What ties a change to an incident that is open.
fn incident(app: &App, caller: &Caller, reference: &str) -> Result<CorrelationId, ApiError> {
    let view = app.ledger.view();
    let seen = visible(&view.state, caller, view.now);
    let incident = find::incident(&view.state, &seen, reference, "").map_err(Failure::from)?;
    match incident.closed {
        None => Ok(incident.correlation),
        Some(_) => Err(Failure::from(Rejection::NotActive {
            what: "incident",
            status: "closed",
        })
        .into()),
    }
}

/// Method and route with its parameters, which an idempotency key is bound to.
fn route(parts: &Parts) -> String {
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    format!("{} {target}", parts.method)
}

/// Waits for a body, but not for ever. One that is here already sets no timer.
async fn within<T>(time: Duration, body: impl Future<Output = Result<T, ApiError>>) -> Result<T, ApiError> {
    tokio::time::timeout(time, body)
        .await
        .unwrap_or(Err(ApiError::BodySlow))
}

/// A whole body, in a buffer that is wiped. One that is too large is read to its end (within reason), so that the sender
/// gets to hear why.
async fn collect(mut body: Body, bytes_max: usize) -> Result<Zeroizing<Vec<u8>>, ApiError> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let mut raw = Zeroizing::new(Vec::with_capacity(announced.min(bytes_max)));
    let mut bytes = 0_usize;
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let Ok(data) = frame.map_err(|_| ApiError::BodyBroken)?.into_data() else {
            continue;
        };
        bytes = bytes.saturating_add(data.len());
        if bytes > DRAIN_BYTES_MAX {
            break;
        }
        if bytes > bytes_max {
            raw.zeroize();
            continue;
        }
        if raw.capacity() - raw.len() < data.len() {
            raw = grown(&raw, data.len());
        }
        raw.extend_from_slice(&data);
        // The piece itself is wiped where nobody else holds it.
        if let Ok(mut data) = data.try_into_mut() {
            data.as_mut().zeroize();
        }
    }
    if bytes > bytes_max {
        Err(ApiError::TooLarge { bytes_max })
    } else {
        Ok(raw)
    }
}

/// A larger buffer with the same bytes; the smaller one is wiped, which growing in place would not do.
fn grown(raw: &Zeroizing<Vec<u8>>, beyond: usize) -> Zeroizing<Vec<u8>> {
    let mut larger = Zeroizing::new(Vec::with_capacity((raw.len() + beyond).max(raw.len() * 2)));
    larger.extend_from_slice(raw);
    larger
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use std::task::{Context, Poll};

    /// A body that comes in pieces and does not say how long it is.
    struct Pieces(Vec<Bytes>);

    impl HttpBody for Pieces {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
            Poll::Ready(self.0.pop().map(|piece| Ok(http_body::Frame::data(piece))))
        }
    }

    #[tokio::test]
    async fn a_body_is_taken_up_to_its_limit() {
        let whole = collect(Body::from(vec![7; 10]), 10).await.unwrap();
        assert_eq!(*whole, vec![7; 10]);
        let pieces = || Body::new(Pieces(vec![Bytes::from_static(&[3; 4]), Bytes::from_static(&[2; 4])]));
        assert_eq!(*collect(pieces(), 8).await.unwrap(), [2, 2, 2, 2, 3, 3, 3, 3]);
        assert!(matches!(
            collect(pieces(), 7).await,
            Err(ApiError::TooLarge { bytes_max: 7 })
        ));
        assert!(matches!(
            collect(Body::from(vec![7; 11]), 10).await,
            Err(ApiError::TooLarge { .. })
        ));
    }

    #[tokio::test]
    async fn a_body_that_does_not_come_is_not_waited_for() {
        let here = within(Duration::ZERO, collect(Body::from("here"), 10)).await;
        assert_eq!(*here.unwrap(), *b"here");
        let never = within(Duration::ZERO, std::future::pending::<Result<(), ApiError>>()).await;
        assert!(matches!(never, Err(ApiError::BodySlow)));
    }
}
