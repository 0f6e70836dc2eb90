//! Certificate and key of `serve`: read, watched, read again.

use super::ServeArgs;
use crate::failure::{Failure, Outcome};
use clap::Args;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use strongroom_server::Tls;
use tokio::signal::unix::{SignalKind, signal};

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// How `serve` is reached.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "TLS")]
pub(crate) struct TlsArgs {
    /// The server's certificate chain, PEM; read again when it changes, and on SIGHUP
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// The certificate's private key, PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Listen beyond this machine without TLS, because something in front of it speaks TLS
    #[arg(long, conflicts_with = "tls_cert")]
    pub(crate) insecure_listen: bool,
}

impl TlsArgs {
    /// The pair to serve with, where one is given.
    pub(super) fn load(&self) -> Outcome<Option<Arc<Tls>>> {
        let (Some(certificate), Some(key)) = (&self.tls_cert, &self.tls_key) else {
            return Ok(None);
        };
        let loaded = Tls::load(certificate.clone(), key.clone());
        loaded.map(|tls| Some(Arc::new(tls))).map_err(|error| {
            Failure::local(error.to_string())
                .hint("--tls-cert takes a PEM chain, the server's own certificate first; --tls-key its private key")
        })
    }
}

/// Refuses to send tokens and secrets over a network in the clear, unless told to.
pub(super) fn check_listener(args: &ServeArgs, addr: SocketAddr) -> Outcome {
    if addr.ip().is_loopback() || args.tls.tls_cert.is_some() || args.tls.insecure_listen {
        return Ok(());
    }
    Err(Failure::local(format!(
        "{} is reached by other machines, and tokens and secrets would travel in the clear",
        addr.ip()
    ))
    .hint("--tls-cert FILE --tls-key FILE serves TLS")
    .hint("--insecure-listen, where a proxy in front of it speaks TLS and nobody else reaches the port"))
}

/// Looks at the files now and then, and when told to by SIGHUP. A pair that can't be used changes nothing.
pub(super) async fn keep_up(tls: Arc<Tls>) {
    let Ok(mut hangups) = signal(SignalKind::hangup()) else {
        return tracing::warn!("SIGHUP can't be listened for: a new certificate takes a restart");
    };
    let mut looks = tokio::time::interval(LOOK_EVERY);
    loop {
        let told = tokio::select! {
            _ = hangups.recv() => true,
            _ = looks.tick() => false,
        };
        let reading = Arc::clone(&tls);
        let read = tokio::task::spawn_blocking(move || reading.reload(!told)).await;
        match read {
            Ok(Ok(true)) => tracing::info!("a new certificate is in use"),
            Ok(Ok(false)) => {}
            Ok(Err(error)) => tracing::error!(%error, "the certificate before stays in use"),
            Err(error) => tracing::error!(%error, "the certificate was not looked at"),
        }
    }
}
