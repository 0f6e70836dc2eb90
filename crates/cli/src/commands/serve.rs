//! `serve`: opens the ledger, listens, says when it is ready, stops in order.

mod clock;
mod connections;
mod dev;
mod logs;
mod outgoing;
mod ready;
mod tls;

pub(crate) use dev::{open_failure, refused};

use crate::ask::Ask;
use crate::failure::{Failure, Outcome, file_failure, system_said};
use crate::output::Output;
use crate::root::RootArgs;
use clap::Args;
use std::fs;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use strongroom_ledger::{
    Clock, DevClock, Ledger, LookKey, LookOptions, NEW_WINDOWS_DEFAULT, OpenError, OpenOptions, OpenReport, WallClock,
};
use strongroom_seal::{HistoryKey, LockState};
use strongroom_server::{RateLimits, ServeOptions};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, oneshot};
use zeroize::Zeroizing;

/// Where the ledger lies when nothing else is said.
pub(crate) const DEFAULT_DATA: &str = "./strongroom-data";

/// `serve`
#[derive(Debug, Args)]
#[command(
    args_override_self = true,
    after_help = "\
Examples:
  strongroom serve --dev                 a ledger to play with; commands find it by themselves
  strongroom serve --dev --sample        the same, with a sample agency in it
  strongroom serve --data /srv/ledger --root-key-file /etc/strongroom/root-key
  strongroom serve --dev --listen 127.0.0.1:0 --output json
  strongroom serve --without-secrets --data /copy/of/ledger --history-key-file history-key

With port 0 the line that says it is ready says which port it is. Logs go to stderr;
STRONGROOM_LOG says how much: info, debug, strongroom_server=trace, …"
)]
pub(crate) struct ServeArgs {
    /// Read options from this file (TOML, by their long names); what is typed goes before. Also STRONGROOM_CONFIG
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// A ledger to play with: made when it is not there, its keys unprotected, its token in the context file
    #[arg(long)]
    pub(crate) dev: bool,
    /// Load a sample agency into it: three clients, eight credentials, four templates, weeks of history
    #[arg(long, requires = "dev", conflicts_with = "tls_cert")]
    pub(crate) sample: bool,
    /// The ledger's directory
    #[arg(long, value_name = "DIR", default_value = DEFAULT_DATA)]
    pub(crate) data: PathBuf,
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = crate::context::DEFAULT_ADDR)]
    pub(crate) listen: String,
    /// How long one record covers repeated reads of the same secrets by the same token: 0s to 24h
    #[arg(long, value_name = "TIME", default_value = "5m")]
    pub(crate) access_window: String,
    /// How long the header of a request may take to come, and an idle HTTP/1 connection is kept: at most 1h
    #[arg(long, value_name = "TIME", default_value = connections::HEADER_TIMEOUT)]
    pub(crate) header_timeout: String,
    /// Connections at a time; one more is told to come back
    #[arg(long, value_name = "N", default_value_t = connections::MAX,
        value_parser = clap::value_parser!(u32).range(1..=connections::MOST))]
    pub(crate) max_connections: u32,
    /// Requests a second of one principal, ten seconds' worth at once; 0 is no bound
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) max_requests: u32,
    /// Requests a second without a valid token from one address, ten seconds' worth at once; 0 is no bound
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(crate) max_stranger_requests: u32,
    /// Windows of serving that one principal may open in a minute, each a record: one more is refused; 0 is no bound
    #[arg(long, value_name = "N", default_value_t = NEW_WINDOWS_DEFAULT)]
    pub(crate) max_new_windows: u32,
    /// Only read, with the keys of the history: no value can be opened and nothing is written, the directory stays as it is
    #[arg(long, visible_alias = "read-only",
        conflicts_with_all = ["dev", "sample", "rebuild_state", "sinks"])]
    pub(crate) without_secrets: bool,
    /// The history key for it, from `strongroom keys export-history`; else the root key opens the history
    #[arg(long, value_name = "FILE", requires = "without_secrets", conflicts_with = "root_key")]
    pub(crate) history_key_file: Option<PathBuf>,
    /// Make current state anew from the log before serving
    #[arg(long)]
    pub(crate) rebuild_state: bool,
    /// How long open requests have to end in when the server stops: at most 10m
    #[arg(long, value_name = "TIME", default_value = "10s")]
    pub(crate) drain_timeout: String,
    #[command(flatten)]
    pub(crate) tls: tls::TlsArgs,
    #[command(flatten)]
    pub(crate) outgoing: outgoing::OutgoingArgs,
    #[command(flatten)]
    pub(crate) root: RootArgs,
}

/// Bytes of the store's block cache.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// A ledger that runs.
pub(crate) struct OpenedLedger {
    ledger: Ledger,
    report: OpenReport,
    /// The token of a dev ledger.
    token: Option<Zeroizing<String>>,
    /// Whether it was made just now.
    made: bool,
}

/// Serves until told to stop.
pub(crate) fn run(args: &ServeArgs, output: &Output, ask: &Ask) -> Outcome {
    logs::start(output);
    if let LockState::NotLocked(errno) = strongroom_seal::lock_key_arena() {
        tracing::warn!(
            errno,
            "keys can't be locked in memory and may reach swap: raise the limit of locked memory"
        );
    }
    let window = span(
        "--access-window",
        &args.access_window,
        Duration::ZERO..=DAY,
        "5m, 30s, 1h",
    )?;
    let header_within = span("--header-timeout", &args.header_timeout, MOMENT..=HOUR, "30s, 5s, 1m")?;
    let drain_within = span(
        "--drain-timeout",
        &args.drain_timeout,
        Duration::ZERO..=HOUR / 6,
        "10s, 1m",
    )?;
    let tls = args.tls.load()?;
    let connections_max = connections::room_for(args.max_connections);
    let outgoing = args.outgoing.client(args.dev)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::local(format!("can't start the threads of the server: {error}")))?;
    runtime.block_on(async {
        let listener = TcpListener::bind(&args.listen).await.map_err(|error| {
            Failure::local(format!("can't listen on {}: {}", args.listen, system_said(&error)))
                .hint("--listen 127.0.0.1:0 takes a free port")
        })?;
        let addr = listener
            .local_addr()
            .map_err(|error| Failure::local(error.to_string()))?;
        tls::check_listener(args, addr)?;
        let (fatal, fatals) = mpsc::unbounded_channel();
        let mut opened = open(args, window, fatal, ask)?;
        dev::renew_token(&mut opened, &args.data, output).await?;
        say_what_was_found(&opened.report, args);
        let options = ServeOptions {
            header_within,
            connections_max,
            drain_within,
            tls: tls.clone(),
            traces: args.outgoing.traces()?,
            sinks: args.outgoing.sinks(&args.data)?,
            rates: RateLimits {
                principal: args.max_requests,
                stranger: args.max_stranger_requests,
            },
            ..ServeOptions::new(listener, outgoing)
        };
        if let Some(tls) = tls {
            tokio::spawn(tls::keep_up(tls));
        }
        serve(args, options, addr, opened, fatals, output).await
    })
}

fn open(args: &ServeArgs, window: Duration, fatal: mpsc::UnboundedSender<String>, ask: &Ask) -> Outcome<OpenedLedger> {
    let clock: Arc<dyn Clock> = match (args.dev, args.sample && dev::is_new(&args.data)) {
        (true, true) => Arc::new(clock::PastClock::morning(crate::sample::DAYS)),
        (true, false) => Arc::new(DevClock::default()),
        (false, _) => Arc::new(WallClock),
    };
    let options = |root| {
        let fatal = fatal.clone();
        OpenOptions {
            root,
            dev: args.dev,
            clock: Arc::clone(&clock),
            window,
            new_windows: args.max_new_windows,
            rebuild_state: args.rebuild_state,
            on_fatal: Box::new(move |what: &str| {
                let _ = fatal.send(what.to_owned()); // nobody listens once the server has stopped
            }),
            cache_bytes: CACHE_BYTES,
        }
    };
    if args.dev {
        if !args.root.is_none() {
            return Err(Failure::local(
                "a dev ledger has its root key beside its data; leave the option away",
            ));
        }
        return dev::open(&args.data, Arc::clone(&clock), || options(dev::root(&args.data)));
    }
    if args.without_secrets {
        return look(args, clock, ask);
    }
    if dev::is_dev(&args.data) {
        return Err(open_failure(OpenError::Dev));
    }
    let Some(root) = args.root.provider(ask)? else {
        return Err(Failure::local("the root key is needed to open the ledger")
            .hint("--root-key-file FILE, --root-key-fd N, --root-key-env NAME, --passphrase or --passphrase-file FILE")
            .hint("to play, without a root key of your own: `strongroom serve --dev`"));
    };
    let (ledger, report) = Ledger::open(&args.data, options(root)).map_err(open_failure)?;
    Ok(OpenedLedger {
        ledger,
        report,
        token: None,
        made: false,
    })
}

/// Opens a ledger to look at.
fn look(args: &ServeArgs, clock: Arc<dyn Clock>, ask: &Ask) -> Outcome<OpenedLedger> {
    let key = match &args.history_key_file {
        None => LookKey::Root(args.root.provider_for(&args.data, ask)?),
        Some(path) => {
            let text = fs::read_to_string(path).map_err(|error| file_failure("read", path, &error))?;
            let key = HistoryKey::parse(&Zeroizing::new(text));
            LookKey::History(key.map_err(|error| {
                Failure::local(format!("{}: {error}", path.display()))
                    .hint("`strongroom keys export-history` writes such a file")
            })?)
        }
    };
    let options = LookOptions {
        key,
        clock,
        cache_bytes: CACHE_BYTES,
    };
    let (ledger, report) = Ledger::look(&args.data, options).map_err(open_failure)?;
    Ok(OpenedLedger {
        ledger,
        report,
        token: None,
        made: false,
    })
}

/// Whatever is unusual about an opening is logged; what is usual is one line.
fn say_what_was_found(report: &OpenReport, args: &ServeArgs) {
    tracing::info!(records = report.records, clean = report.clean, data = %args.data.display(), "the ledger is open");
    if !report.clean {
        tracing::warn!(
            records = report.records,
            anchored = report.anchored,
            torn_bytes_cut = report.torn_bytes_cut,
            "the last run did not stop in order; everything acknowledged is there"
        );
    }
    for what in &report.rebuilt {
        tracing::warn!("rebuilt from the log: {what}");
    }
}

const MOMENT: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// A time such as `5m`, within bounds.
fn span(option: &str, text: &str, bounds: RangeInclusive<Duration>, such_as: &str) -> Outcome<Duration> {
    let span = text
        .trim()
        .parse::<jiff::SignedDuration>()
        .ok()
        .and_then(|span| Duration::try_from(span).ok());
    span.filter(|span| bounds.contains(span)).ok_or_else(|| {
        let (least, most) = bounds.into_inner();
        Failure::local(format!(
            "{option} `{text}` is no time from {least:?} to {}h",
            most.as_secs() / 3_600
        ))
        .hint(format!("for example: {such_as}"))
    })
}

/// Why the server stops.
enum Stop {
    /// Somebody asked it to.
    Asked,
    /// The ledger can't write any more.
    Fatal(String),
    /// It could not get ready.
    Failed(Failure),
    /// Listening ended by itself.
    Ended(String),
}

impl Stop {
    fn outcome(self) -> Outcome {
        match self {
            Self::Asked => Ok(()),
            Self::Fatal(what) => Err(Failure::local(format!("the ledger can't write any more: {what}"))
                .hint("what was acknowledged is kept; look at the disk, then start again")),
            Self::Failed(failure) => Err(failure),
            Self::Ended(what) => Err(Failure::local(format!("the server ended: {what}"))),
        }
    }
}

/// Serves from here on, and says when people may come. Stops on a signal, or when the ledger can't write any more.
async fn serve(
    args: &ServeArgs,
    options: ServeOptions,
    addr: SocketAddr,
    opened: OpenedLedger,
    mut fatals: mpsc::UnboundedReceiver<String>,
    output: &Output,
) -> Outcome {
    let ledger = opened.ledger.clone();
    let mut signals = Signals::listen()?;
    let (stop, stopped) = oneshot::channel::<()>();
    let until = async move {
        let _ = stopped.await; // sent or dropped: both say stop
    };
    let mut server = tokio::spawn(strongroom_server::serve(ledger.clone(), options, until));
    let why = {
        let mut getting_ready = pin!(ready::get_ready(args, addr, &opened, output));
        let mut is_ready = false;
        loop {
            tokio::select! {
                done = &mut getting_ready, if !is_ready => match done {
                    Ok(()) => is_ready = true,
                    Err(failure) => break Stop::Failed(failure),
                },
                () = signals.any() => break Stop::Asked,
                Some(what) = fatals.recv() => break Stop::Fatal(what),
                ended = &mut server => break Stop::Ended(ended_with(ended)),
            }
        }
    };
    tracing::info!("stopping");
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
    drop(stop);
    if !server.is_finished() {
        let _ = server.await; // it gives open requests a little time
    }
    let stopped = tokio::task::spawn_blocking(move || ledger.stop()).await;
    why.outcome()?;
    let stopped = stopped.map_err(|error| error.to_string()).and_then(|stopped| stopped);
    stopped.map_err(|what| {
        Failure::local(format!("the ledger did not stop in order: {what}"))
            .hint("nothing acknowledged is lost; the next start checks it as after a crash")
    })
}

fn ended_with(ended: Result<std::io::Result<()>, tokio::task::JoinError>) -> String {
    match ended {
        Ok(Ok(())) => "nobody asked it to".to_owned(),
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.to_string(),
    }
}

/// What asks the server to stop.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn listen() -> Outcome<Self> {
        let listen = |kind| signal(kind).map_err(|error| Failure::local(format!("can't listen for signals: {error}")));
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    async fn any(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_lasts_a_day_at_most() {
        let window = |text| span("--access-window", text, Duration::ZERO..=DAY, "5m");
        for (text, seconds) in [("5m", 300), ("0s", 0), ("24h", 86_400), ("90s", 90)] {
            assert_eq!(window(text).unwrap(), Duration::from_secs(seconds), "{text}");
        }
        for text in ["25h", "-5m", "soon", ""] {
            assert!(window(text).is_err(), "{text}");
        }
    }

    #[test]
    fn no_header_takes_no_time_or_for_ever() {
        let header = |text| span("--header-timeout", text, MOMENT..=HOUR, "30s");
        assert_eq!(header("100ms").unwrap(), Duration::from_millis(100));
        assert_eq!(header("1h").unwrap(), HOUR);
        for text in ["0s", "61m"] {
            let told = header(text).unwrap_err().to_string();
            assert!(told.contains("from 1ms to 1h"), "{told}");
        }
    }
}
