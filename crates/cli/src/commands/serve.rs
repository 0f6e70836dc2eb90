//! `serve`.

use crate::root::RootArgs;
use clap::Args;
use std::path::PathBuf;

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
    #[command(flatten)]
    pub(crate) root: RootArgs,
}
