//! `dump`.

use super::serve::open_failure;
use crate::args::Globals;
use crate::ask::Ask;
use crate::failure::{Exit, Failure, Outcome, file_failure, system_said};
use crate::output::{Output, stdout_failure};
use crate::root::RootArgs;
use crate::session::{self, Session};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use serde_json::json;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::PathBuf;
use strongroom_ledger::VerifyError;
use strongroom_proof::dump::{DumpError, DumpReader};

/// `dump`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  strongroom dump --file ledger.srdp
  strongroom dump | python3 docs/verifier/verify.py -

The dump holds every record, sealed, and the checkpoint: a verifier needs nothing else.
With --output json and no file each record is a line {\"position\", \"record\"} (base64), and the last
line is {\"size\", \"checkpoint\"}; with a file the answer says where it is and how long.")]
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
    if args.file.is_none() && output.json() {
        return lines(args, globals, output).await;
    }
    if args.file.is_none() && output.terminal() {
        return Err(Failure::local("a dump is bytes, not for a terminal")
            .hint("--file FILE, or send stdout somewhere")
            .hint("--output json writes a line for each record"));
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

/// The dump as JSON, a line for each record: read from its bytes while they come, in memory of one record.
async fn lines(args: &DumpArgs, globals: &Globals, output: &Output) -> Outcome {
    let (reader, mut bytes) =
        std::io::pipe().map_err(|error| Failure::local(format!("can't make a pipe: {}", system_said(&error))))?;
    let teller = std::thread::spawn(move || tell(BufReader::new(reader), BufWriter::new(std::io::stdout())));
    let written = write(args, globals, output, &mut bytes).await;
    drop(bytes); // the end of the dump
    match (teller.join(), written) {
        (Ok(Ok(())), written) => written,
        // Nobody reads stdout any more: that the dump found no taker follows from it.
        (Ok(Err(Untold::Stdout(error))), _) => Err(stdout_failure(error)),
        (Ok(Err(Untold::Dump(error))), Ok(())) => Err(Failure::local(error.to_string())),
        // Half a dump can't be read; why it is half says the other side.
        (Ok(Err(Untold::Dump(_))), Err(failure)) => Err(failure),
        (Err(_), _) => Err(Failure::local("the dump was not written to its end")),
    }
}

/// Why a dump did not become lines.
#[derive(Debug)]
enum Untold {
    Stdout(io::Error),
    Dump(DumpError),
}

impl From<io::Error> for Untold {
    fn from(error: io::Error) -> Self {
        Self::Stdout(error)
    }
}

impl From<DumpError> for Untold {
    fn from(error: DumpError) -> Self {
        Self::Dump(error)
    }
}

fn tell(input: impl Read, mut out: impl Write) -> Result<(), Untold> {
    let mut dump = DumpReader::begin(input)?;
    let mut position = dump.first();
    while let Some(record) = dump.next_record()? {
        writeln!(
            out,
            "{}",
            json!({"position": position, "record": STANDARD.encode(record)})
        )?;
        position += 1;
    }
    let checkpoint = dump.finish()?;
    writeln!(out, "{}", json!({"size": position, "checkpoint": checkpoint}))?;
    Ok(out.flush()?)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// An output that nobody reads.
    struct Gone;

    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_dump_that_is_cut_is_not_told_to_its_end() {
        let mut lines = Vec::new();
        assert!(matches!(tell(&b"SRDP"[..], &mut lines), Err(Untold::Dump(_))));
        assert!(lines.is_empty());
    }

    #[test]
    fn who_stops_reading_is_no_fault_of_the_dump() {
        let mut bytes = Vec::new();
        strongroom_proof::dump::DumpWriter::begin(&mut bytes, 0, 0)
            .and_then(|dump| dump.finish("note"))
            .unwrap();
        assert!(matches!(tell(&bytes[..], Gone), Err(Untold::Stdout(_))));
        let mut lines = Vec::new();
        tell(&bytes[..], &mut lines).unwrap();
        assert_eq!(lines, b"{\"size\":0,\"checkpoint\":\"note\"}\n");
    }
}
