//! `resolve`.

use clap::Args;

/// `resolve`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  strongroom resolve client-a-shop order-sync --dry-run --explain
  strongroom resolve client-a-shop order-sync --output json

Whatever is served is recorded before it is served. Tables mask secret values unless
--show is given; JSON holds them.")]
pub(crate) struct ResolveArgs {
    /// The workspace
    pub(crate) workspace: String,
    /// The template
    pub(crate) template: String,
    /// The instance of the workflow
    #[arg(long, value_name = "INSTANCE")]
    pub(crate) instance: Option<String>,
    /// Answer without values; nothing is served or recorded
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Say at which level each credential was found and what was passed over
    #[arg(long)]
    pub(crate) explain: bool,
    /// The `etag` of an earlier answer: when nothing changed since, no value is served
    #[arg(long, value_name = "ETAG")]
    pub(crate) known: Option<String>,
    /// Show secret values in the table
    #[arg(long)]
    pub(crate) show: bool,
}
