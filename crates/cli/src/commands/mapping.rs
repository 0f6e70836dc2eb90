//! `map`, `unmap`.

use crate::args::WriteArgs;
use clap::Args;

/// `map`
#[derive(Debug, Args)]
pub(crate) struct MapArgs {
    /// The workspace
    pub(crate) workspace: String,
    /// The template
    pub(crate) template: String,
    /// The variable
    pub(crate) variable: String,
    /// The credential to stand behind it
    pub(crate) credential: String,
    /// Only for this instance of the workflow
    #[arg(long, value_name = "INSTANCE")]
    pub(crate) instance: Option<String>,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// `unmap`
#[derive(Debug, Args)]
pub(crate) struct UnmapArgs {
    /// The workspace
    pub(crate) workspace: String,
    /// The template
    pub(crate) template: String,
    /// The variable
    pub(crate) variable: String,
    /// Only for this instance of the workflow
    #[arg(long, value_name = "INSTANCE")]
    pub(crate) instance: Option<String>,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}
