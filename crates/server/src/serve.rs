//! A listener and a ledger become a server that stops in order.

use crate::app::App;
use crate::connections::{self, Limits};
use crate::deliveries;
use crate::edge::{edge, panicked};
use crate::limits::{CONNECTIONS_MAX, COURIERS_STOP_WITHIN_S, HEADER_WITHIN_S, STOP_WITHIN_S};
use crate::problem::ApiError;
use crate::rates::RateLimits;
use crate::routes;
use crate::sinks::{self, SinkOptions};
use crate::tls::Tls;
use axum::Router;
use axum::middleware::from_fn_with_state;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use strongroom_connect::{Outgoing, Traces};
use strongroom_ledger::Ledger;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tower_http::catch_panic::CatchPanicLayer;

/// How a server runs.
#[derive(Debug)]
pub struct ServeOptions {
    /// Where it listens; bound already, so that the caller knows the port.
    pub listener: TcpListener,
    /// How long the header of a request may be on its way; so long an idle HTTP/1 connection is kept, too.
    pub header_within: Duration,
    /// Connections at a time; one more is told to come back.
    pub connections_max: u32,
    /// How others are asked.
    pub outgoing: Outgoing,
    /// Where traces of what was answered go; none for nowhere.
    pub traces: Option<Traces>,
    /// Requests a second.
    pub rates: RateLimits,
    /// Certificate and key; none for HTTP in the clear.
    pub tls: Option<Arc<Tls>>,
    /// Where the log goes beside the ledger.
    pub sinks: Option<SinkOptions>,
    /// How long open requests have to end in when the server stops.
    pub drain_within: Duration,
}

impl ServeOptions {
    /// The usual limits.
    #[must_use]
    pub fn new(listener: TcpListener, outgoing: Outgoing) -> Self {
        Self {
            listener,
            outgoing,
            traces: None,
            header_within: Duration::from_secs(HEADER_WITHIN_S),
            connections_max: CONNECTIONS_MAX,
            rates: RateLimits::NONE,
            tls: None,
            sinks: None,
            drain_within: Duration::from_secs(STOP_WITHIN_S),
        }
    }
}

/// Serves a ledger until `shutdown` is done; then takes no new requests and gives open ones a little time. The ledger itself
/// is the caller's to stop, after this has returned.
///
/// # Errors
/// None for now: what goes wrong with one connection is that one's.
pub async fn serve(
    ledger: Ledger,
    options: ServeOptions,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let traces = options.traces.clone();
    let app = App::new(ledger, options.outgoing, options.rates, options.traces);
    let limits = Limits {
        header_within: options.header_within,
        connections_max: options.connections_max,
        tls: options.tls.as_ref().map(|tls| tls.acceptor()),
    };
    let drain_within = options.drain_within;
    let (stop, stopping) = watch::channel(false);
    let mut stopped = stop.subscribe();
    let waiting = app.clone();
    tokio::spawn(async move {
        shutdown.await;
        waiting.ledger.end_waits();
        let _ = stop.send(true);
    });
    let couriers = tokio::spawn(deliveries::run(app.clone(), stopping.clone()));
    let sinks = tokio::spawn(sinks::run(app.clone(), options.sinks, stopping.clone()));
    let late = async move {
        let _ = stopped.wait_for(|stopping| *stopping).await; // sent or dropped: both say stop
        tokio::time::sleep(drain_within).await;
    };
    tokio::select! {
        () = connections::run(options.listener, all_routes(app.clone()), limits, app, stopping) => {}
        () = late => {
            tracing::warn!(?drain_within, "requests were still open and are cut");
        }
    }
    // What was taken is recorded before the ledger stops; a receiver that is slow is not waited for.
    let both = async { (couriers.await, sinks.await) };
    let _ = tokio::time::timeout(Duration::from_secs(COURIERS_STOP_WITHIN_S), both).await;
    if let Some(traces) = traces {
        let _ = tokio::task::spawn_blocking(move || traces.end()).await; // it has said what went wrong
    }
    Ok(())
}

/// All routes over a ledger, as a service that may be called without a network.
pub fn router(ledger: Ledger, outgoing: Outgoing) -> Router {
    all_routes(App::new(ledger, outgoing, RateLimits::NONE, None))
}

fn all_routes(app: App) -> Router {
    let (routes, _) = routes::all().split_for_parts();
    finish(routes, app)
}

/// Routes of one's own inside exactly the layers that ours have, for comparisons.
pub fn layered(routes: Router<()>, ledger: Ledger, outgoing: Outgoing) -> Router {
    let app = App::new(ledger, outgoing, RateLimits::NONE, None);
    finish(routes.with_state(()), app)
}

fn finish(routes: Router<App>, app: App) -> Router {
    let panics = app.clone();
    routes
        .fallback(|| async { ApiError::NoRoute })
        .method_not_allowed_fallback(|| async { ApiError::NoMethod })
        .layer(CatchPanicLayer::custom(move |panic: Box<dyn std::any::Any + Send>| {
            panicked(&panics, &*panic)
        }))
        .layer(from_fn_with_state(app.clone(), edge))
        .with_state(app)
}
