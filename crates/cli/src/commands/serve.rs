//! `serve`: opens the ledger, listens, says when it is ready, stops in order.

mod clock;
mod dev;
mod logs;

pub(crate) use dev::open_failure;

use crate::ask::Ask;
use crate::context::{self, Context};
use crate::failure::{Failure, Outcome};
use crate::output::{Facts, Output, Tone};
use crate::root::RootArgs;
use clap::Args;
use serde_json::json;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use strongroom_ledger::{Clock, DevClock, Ledger, OpenOptions, OpenReport, WallClock};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use zeroize::Zeroizing;

/// Where the ledger lies when nothing else is said.
pub(crate) const DEFAULT_DATA: &str = "./strongroom-data";

/// `serve`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  strongroom serve --dev                 a ledger to play with; commands find it by themselves
  strongroom serve --dev --sample        the same, with a sample agency in it
  strongroom serve --data /srv/ledger --root-key-file /etc/strongroom/root-key
  strongroom serve --dev --listen 127.0.0.1:0 --output json

With port 0 the line that says it is ready says which port it is. Logs go to stderr;
STRONGROOM_LOG says how much: info, debug, strongroom_server=trace, …")]
pub(crate) struct ServeArgs {
    /// A ledger to play with: made when it is not there, its keys unprotected, its token in the context file
    #[arg(long)]
    pub(crate) dev: bool,
    /// Load a sample agency into it: three clients, eight credentials, four templates, weeks of history
    #[arg(long, requires = "dev")]
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
    /// Make current state anew from the log before serving
    #[arg(long)]
    pub(crate) rebuild_state: bool,
    #[command(flatten)]
    pub(crate) root: RootArgs,
}

/// Bytes of the store's block cache.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;
/// How many days of history the sample has.
const SAMPLE_DAYS: u32 = 24;
/// How long requests under way may take when the server stops.
const DRAIN: Duration = Duration::from_secs(10);

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
    if let Err(error) = strongroom_seal::disable_core_dumps() {
        tracing::warn!(%error, "core dumps could not be disabled");
    }
    let window = window(&args.access_window)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()
        .map_err(|error| Failure::local(format!("can't start the threads of the server: {error}")))?;
    runtime.block_on(async {
        let listener = TcpListener::bind(&args.listen).await.map_err(|error| {
            Failure::local(format!("can't listen on {}: {error}", args.listen)).hint("--listen 127.0.0.1:0 takes a free port")
        })?;
        let addr = listener.local_addr().map_err(|error| Failure::local(error.to_string()))?;
        let (fatal, fatals) = mpsc::unbounded_channel();
        let opened = open(args, window, fatal, ask)?;
        say_what_was_found(&opened.report, args);
        serve(args, listener, addr, opened, fatals, output).await
    })
}

fn open(args: &ServeArgs, window: Duration, fatal: mpsc::UnboundedSender<String>, ask: &Ask) -> Outcome<OpenedLedger> {
    let clock: Arc<dyn Clock> = match (args.dev, args.sample && dev::is_new(&args.data)) {
        (true, true) => Arc::new(clock::PastClock::days_ago(SAMPLE_DAYS)),
        (true, false) => Arc::new(DevClock::default()),
        (false, _) => Arc::new(WallClock),
    };
    let options = |root| OpenOptions {
        root,
        dev: args.dev,
        clock: Arc::clone(&clock),
        window,
        rebuild_state: args.rebuild_state,
        on_fatal: Box::new(move |what: &str| {
            let _ = fatal.send(what.to_owned()); // nobody listens once the server has stopped
        }),
        cache_bytes: CACHE_BYTES,
    };
    if args.dev {
        if !args.root.is_none() {
            return Err(Failure::local("a dev ledger has its root key beside its data; leave the option away"));
        }
        return dev::open(&args.data, Arc::clone(&clock), options(dev::root(&args.data)));
    }
    let Some(root) = args.root.provider(false, ask)? else {
        return Err(Failure::local("the root key is needed to open the ledger")
            .hint("--root-key-file FILE, --root-key-fd N, --root-key-env NAME, --passphrase or --passphrase-file FILE")
            .hint("to play, without a root key of your own: `strongroom serve --dev`"));
    };
    let (ledger, report) = Ledger::open(&args.data, options(root)).map_err(open_failure)?;
    Ok(OpenedLedger { ledger, report, token: None, made: false })
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

/// `5m`, at most a day.
fn window(text: &str) -> Outcome<Duration> {
    let span = text.trim().parse::<jiff::SignedDuration>().ok().and_then(|span| Duration::try_from(span).ok());
    span.filter(|span| *span <= Duration::from_secs(86_400)).ok_or_else(|| {
        Failure::local(format!("--access-window `{text}` is no time from 0s to 24h")).hint("for example: 5m, 30s, 1h")
    })
}

async fn serve(
    args: &ServeArgs,
    listener: TcpListener,
    addr: SocketAddr,
    opened: OpenedLedger,
    mut fatals: mpsc::UnboundedReceiver<String>,
    output: &Output,
) -> Outcome {
    let _ = (args, listener, addr, opened, fatals.recv().await, output);
    Ok(())
}
