//! `setup`.

use crate::args::WriteArgs;
use clap::Args;

/// `setup`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  strongroom setup client-a-shop order-sync
  strongroom setup client-a-shop order-sync --map SHOPIFY_API=shopify-client-a

On a terminal it asks what stands behind each variable that is not given, fitting
credentials first. Elsewhere nothing is asked: exit code 2 and the list of what is missing.")]
pub(crate) struct SetupArgs {
    /// The workspace
    pub(crate) workspace: String,
    /// The template
    pub(crate) template: String,
    /// What stands behind a variable
    #[arg(long = "map", value_name = "VARIABLE=CREDENTIAL")]
    pub(crate) maps: Vec<String>,
    /// Admit this revision instead of the newest
    #[arg(long, value_name = "N")]
    pub(crate) revision: Option<u32>,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}
