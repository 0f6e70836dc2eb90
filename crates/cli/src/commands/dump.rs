//! `dump`.

use super::serve::open_failure;
use crate::args::Globals;
use crate::ask::Ask;
use crate::failure::{Exit, Failure, Outcome, file_failure};
use crate::output::Output;
use crate::root::RootArgs;
use crate::session::{self, Session};
use clap::Args;
use serde_json::json;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use strongroom_ledger::VerifyError;

/// `dump`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  strongroom dump --file ledger.srdp
  strongroom dump | python3 docs/verifier/verify.py -

The dump holds every record, sealed, and the checkpoint: a verifier needs nothing else.")]
pub(crate) struct DumpArgs {
    /// Write to this new file instead of to stdout
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Dump this directory instead of asking the server
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) root: RootArgs,
}

/// Dumps.
pub(crate) async fn run(args: &DumpArgs, globals: &Globals, output: &Output) -> Outcome {
    if args.file.is_none() && output.terminal() {
        return Err(Failure::local("a dump is bytes, not for a terminal").hint("--file FILE, or send stdout somewhere"));
    }
    let Some(path) = &args.file else {
        write(args, globals, output, &mut std::io::stdout().lock()).await?;
        return Ok(());
    };
    let file = File::create_new(path).map_err(|error| file_failure("make", path, &error))?;
    let mut file = BufWriter::new(file);
    let written = write(args, globals, output, &mut file).await;
    let written = written.and_then(|()| {
        file.flush()
            .and_then(|()| file.get_ref().sync_all())
            .map_err(|error| file_failure("write", path, &error))
    });
    if written.is_err() {
        let _ = std::fs::remove_file(path); // half a dump is none
    }
    written?;
    let bytes = std::fs::metadata(path)
        .map(|metadata| metadata.len())
        .unwrap_or_default();
    output.show(&json!({"file": path, "bytes": bytes}), |_| {
        format!("{} holds the whole log ({bytes} bytes)", path.display())
    })
}

async fn write(args: &DumpArgs, globals: &Globals, output: &Output, sink: &mut dyn Write) -> Outcome {
    match &args.data {
        Some(data) => {
            let root = args.root.provider_for(data, &Ask::new(output))?;
            strongroom_ledger::dump_offline(data, root.as_ref(), sink).map_err(|error| match error {
                VerifyError::Open(error) => open_failure(error),
                other => Failure::new(Exit::Unverified, other.to_string()),
            })?;
        }
        None if !args.root.is_none() => {
            return Err(Failure::local(
                "the root key is for --data DIR; a running server has it already",
            ));
        }
        None => {
            let session = Session::open(globals, output)?;
            session.client.dump(sink).await.map_err(session::failure)?;
        }
    }
    Ok(())
}
