//! `status`.

use clap::Args;

/// `status`
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {}
