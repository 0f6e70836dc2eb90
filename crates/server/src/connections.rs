//! Connections: taken up to a limit, cut when no request comes in time, let go in order at the end.
//!
//! `axum::serve` knows no time for headers and no number of connections, so this is its loop with both. A request costs
//! one timer of hyper's, and that only when its header has not come yet.

use crate::app::App;
use crate::limits::{HANDSHAKE_WITHIN_S, HTTP2_PING_EVERY_S, HTTP2_PONG_WITHIN_S, REFUSALS_MAX, REFUSE_WITHIN_S};
use crate::problem::{ApiError, problem};
use axum::Router;
use axum::extract::ConnectInfo;
use axum::serve::Listener;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use strongroom_api::problem::MEDIA_TYPE;
use strongroom_ledger::RETRY_AFTER_S;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_rustls::TlsAcceptor;
use tower::Service as _;

/// What a connection may take.
#[derive(Clone)]
pub(crate) struct Limits {
    /// How long the header of a request may be on its way; so long an idle HTTP/1 connection is kept, too.
    pub(crate) header_within: Duration,
    /// Connections at a time.
    pub(crate) connections_max: u32,
    /// What speaks TLS with it; none for HTTP in the clear.
    pub(crate) tls: Option<TlsAcceptor>,
}

/// What all connections share.
struct Shared {
    router: Router,
    builder: Builder<TokioExecutor>,
    header_within: Duration,
    tls: Option<TlsAcceptor>,
    app: App,
}

/// Takes connections until `stopping` says so, then lets those that are open finish what they have begun.
pub(crate) async fn run(
    mut listener: TcpListener,
    router: Router,
    limits: Limits,
    app: App,
    mut stopping: watch::Receiver<bool>,
) {
    let shared = Arc::new(Shared {
        router,
        builder: builder(limits.header_within),
        header_within: limits.header_within,
        tls: limits.tls,
        app,
    });
    let slots = Arc::new(Semaphore::new(limits.connections_max as usize));
    let refusals = Arc::new(Semaphore::new(REFUSALS_MAX));
    loop {
        let (stream, from) = tokio::select! {
            accepted = Listener::accept(&mut listener) => accepted, // waits out what the system lacks
            _ = stopping.wait_for(|stopping| *stopping) => break,
        };
        // An answer is one small write: waiting for more would only cost time.
        let _ = stream.set_nodelay(true);
        if let Ok(slot) = Arc::clone(&slots).try_acquire_owned() {
            tokio::spawn(welcome(stream, from, Arc::clone(&shared), stopping.clone(), slot));
        } else {
            shared.app.metrics.connections_refused.increment(1);
            // Beyond these it is closed without a word: whoever opens so many reads none.
            // Nor does who speaks TLS: to tell him would take a handshake.
            if shared.tls.is_none()
                && let Ok(slot) = Arc::clone(&refusals).try_acquire_owned()
            {
                tokio::spawn(refuse(stream, slot));
            }
        }
    }
    drop(listener);
    let _ = slots.acquire_many(limits.connections_max).await; // each connection gives its slot back at its end
}

fn builder(header_within: Duration) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(header_within);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_secs(HTTP2_PING_EVERY_S))
        .keep_alive_timeout(Duration::from_secs(HTTP2_PONG_WITHIN_S));
    builder
}

/// Shakes hands where there is TLS, and serves a connection to its end.
async fn welcome(
    stream: TcpStream,
    from: SocketAddr,
    shared: Arc<Shared>,
    stopping: watch::Receiver<bool>,
    slot: OwnedSemaphorePermit,
) {
    let Some(tls) = shared.tls.clone() else {
        return converse(stream, from, shared, stopping, slot).await;
    };
    match tokio::time::timeout(Duration::from_secs(HANDSHAKE_WITHIN_S), tls.accept(stream)).await {
        Ok(Ok(stream)) => converse(stream, from, shared, stopping, slot).await,
        Ok(Err(error)) => tracing::debug!(%from, %error, "no TLS came of a connection"),
        Err(_) => tracing::debug!(%from, "a handshake took too long"),
    }
}

/// Serves one connection to its end.
async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    from: SocketAddr,
    shared: Arc<Shared>,
    mut stopping: watch::Receiver<bool>,
    slot: OwnedSemaphorePermit,
) {
    let metrics = &shared.app.metrics;
    metrics.connections.increment(1.0);
    let asked = Arc::new(AtomicBool::new(false));
    let service = service_fn(|mut request: Request<Incoming>| {
        asked.store(true, Ordering::Relaxed);
        request.extensions_mut().insert(ConnectInfo(from));
        shared.router.clone().call(request)
    });
    let mut connection = pin!(shared.builder.serve_connection(TokioIo::new(stream), service));
    // hyper counts from the first byte that tells HTTP/1 from HTTP/2, and for HTTP/1 only.
    let mut first = pin!(tokio::time::sleep(shared.header_within));
    let (mut waiting, mut open) = (true, true);
    loop {
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::trace!(%error, "a connection broke");
                }
                break;
            }
            () = first.as_mut(), if waiting => {
                waiting = false;
                if !asked.load(Ordering::Relaxed) {
                    break;
                }
            }
            _ = stopping.wait_for(|stopping| *stopping), if open => {
                open = false;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
    metrics.connections.decrement(1.0);
    drop(slot);
}

/// Says that there is no room, and closes.
async fn refuse(mut stream: TcpStream, slot: OwnedSemaphorePermit) {
    let answer = async {
        stream.write_all(refusal().as_bytes()).await?;
        stream.shutdown().await?;
        // A socket that is closed over unread bytes is reset, and the answer may be lost with it.
        let mut unread = [0; 1024];
        while stream.read(&mut unread).await? > 0 {}
        io::Result::Ok(())
    };
    let _ = tokio::time::timeout(Duration::from_secs(REFUSE_WITHIN_S), answer).await; // politeness has an end
    drop(slot);
}

fn refusal() -> String {
    let body = serde_json::to_string(&problem(&ApiError::NoRoom)).unwrap_or_default();
    format!(
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: {MEDIA_TYPE}\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         Retry-After: {RETRY_AFTER_S}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}
