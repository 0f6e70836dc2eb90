//! `audit export`: the log for other programs.

use super::{FilterFlags, at_fault};
use crate::failure::{Outcome, file_failure};
use crate::session::{Session, failure};
use clap::Args;
use serde_json::json;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;

/// `audit export`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  strongroom audit export --file audit.ndjson
  strongroom audit export --format csv client:acme since:2026-01-01 --file acme.csv
  strongroom audit export --format cloudevents --since-position 1200 | to-the-pipeline

The oldest first, in constant memory. The last line says how many events there were, and the size,
root and signed checkpoint of the log that it was true of; without it the export was cut. Takes `audit`.")]
pub(crate) struct ExportArgs {
    /// What to export: key:word[,word], -key:word, \"text in a reason\"
    #[arg(value_name = "FILTER")]
    pub(crate) filters: Vec<String>,
    /// How it is written: ndjson, csv, cloudevents (1.0), ocsf (1.3), parquet
    #[arg(long, value_name = "FORMAT", default_value = "ndjson", value_parser = ["ndjson", "csv", "cloudevents", "ocsf", "parquet"])]
    pub(crate) format: String,
    /// From this position on: one more than the last that was exported
    #[arg(long, value_name = "POSITION", conflicts_with = "since")]
    pub(crate) since_position: Option<u64>,
    /// Write to this new file instead of to stdout
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) flags: FilterFlags,
}

/// Exports.
pub(super) async fn run(args: &ExportArgs, session: &Session) -> Outcome {
    let mut query = args.flags.query(&args.filters)?;
    if let Some(position) = args.since_position {
        query.since = Some(position.to_string());
    }
    let text = query.q.clone();
    let told = |error| at_fault(failure(error), text.as_deref());
    let Some(path) = &args.file else {
        let stdout = std::io::stdout().lock();
        session
            .client
            .export(&args.format, &query, stdout)
            .await
            .map_err(told)?;
        return Ok(());
    };
    let file = File::create_new(path).map_err(|error| file_failure("make", path, &error))?;
    let mut file = BufWriter::new(file);
    let written = session
        .client
        .export(&args.format, &query, &mut file)
        .await
        .map_err(told);
    let written = written.and_then(|bytes| {
        let synced = file.flush().and_then(|()| file.get_ref().sync_all());
        synced
            .map(|()| bytes)
            .map_err(|error| file_failure("write", path, &error))
    });
    if written.is_err() {
        let _ = std::fs::remove_file(path); // half an export is none
    }
    let bytes = written?;
    session.output.show(&json!({"file": path, "bytes": bytes}), |_| {
        format!("{} holds the events ({bytes} bytes)", path.display())
    })
}
