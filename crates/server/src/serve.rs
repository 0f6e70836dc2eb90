//! A listener and a ledger become a server that stops in order.

use crate::app::App;
use crate::edge::{edge, panicked};
use crate::limits::STOP_WITHIN_S;
use crate::problem::ApiError;
use crate::routes;
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::serve::ListenerExt as _;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use strongroom_ledger::Ledger;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tower_http::catch_panic::CatchPanicLayer;

/// How a server runs.
#[derive(Debug)]
pub struct ServeOptions {
    /// Where it listens; bound already, so that the caller knows the port.
    pub listener: TcpListener,
}

/// Serves a ledger until `shutdown` is done; then takes no new requests and gives open ones ten seconds. The ledger itself
/// is the caller's to stop, after this has returned.
///
/// # Errors
/// Those of the listener.
pub async fn serve(
    ledger: Ledger,
    options: ServeOptions,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let app = router(ledger).into_make_service_with_connect_info::<SocketAddr>();
    // An answer is one small write: waiting for more would only cost time.
    let listener = options.listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    let (stopping, mut stopped) = watch::channel(false);
    let graceful = axum::serve(listener, app).with_graceful_shutdown(async move {
        shutdown.await;
        let _ = stopping.send(true);
    });
    let late = async move {
        if stopped.wait_for(|stopping| *stopping).await.is_err() {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(Duration::from_secs(STOP_WITHIN_S)).await;
    };
    tokio::select! {
        done = graceful.into_future() => done,
        () = late => {
            tracing::warn!("requests were still open after {STOP_WITHIN_S} s and are cut");
            Ok(())
        }
    }
}

/// All routes over a ledger, as a service that may be called without a network.
pub fn router(ledger: Ledger) -> Router {
    let app = App::new(ledger);
    let (routes, _) = routes::all().split_for_parts();
    finish(routes, app)
}

/// Routes of one's own inside exactly the layers that ours have, for comparisons.
pub fn layered(routes: Router<()>, ledger: Ledger) -> Router {
    let app = App::new(ledger);
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
