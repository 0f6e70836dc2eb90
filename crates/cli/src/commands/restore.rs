//! `restore`: something is put back to what it was, by new records.

use super::plan::{PlanArgs, carry_out};
use crate::args::WriteArgs;
use crate::failure::{Failure, Outcome};
use crate::session::Session;
use clap::{ArgGroup, Args};
use strongroom_api::plan::Restore;
use strongroom_client::Options;

/// `restore`
#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("how_far").args(["dry_run", "apply"]).required(true),
    after_help = "\
Examples:
  strongroom restore --to 2026-11-20T14:05:00Z --scope mappings --dry-run
  strongroom restore --to 2h --scope workspace acme-prod --apply --reason \"wrong bulk change\"
  strongroom restore --to 4711 --scope credential openai --apply --reason \"wrong key\" --yes

The log keeps all: what differs is changed back by new records, in one step, under the rights of
now. What was revoked, archived or made since stays, and the plan says so; tokens and grants are no
part of it. To undo a restore, restore to the position before it."
)]
pub(crate) struct RestoreArgs {
    /// The moment: a time, a date, so long ago (2h), or after the record at a position
    #[arg(long, value_name = "WHEN")]
    pub(crate) to: String,
    /// What: `credential H`, `workspace W`, `client C`, or `mappings` of all workspaces
    #[arg(long, num_args = 1..=2, value_names = ["WHAT", "NAME"], required = true)]
    pub(crate) scope: Vec<String>,
    /// Only show what it would change
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do it, after it was shown
    #[arg(long)]
    pub(crate) apply: bool,
    /// Do it without asking
    #[arg(long, requires = "apply")]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// Does it.
pub(crate) async fn run(args: &RestoreArgs, session: &Session) -> Outcome {
    let wished = wished(args)?;
    let send = async |dry_run, expected, options: Options| {
        let body = Restore {
            dry_run,
            expected,
            ..wished.clone()
        };
        session.client.restore(&body, &options).await
    };
    let plan = PlanArgs {
        dry_run: args.dry_run,
        yes: args.yes,
    };
    carry_out(&plan, &args.write, session, send).await
}

fn wished(args: &RestoreArgs) -> Outcome<Restore> {
    let mut wished = Restore {
        to: args.to.clone(),
        ..Restore::default()
    };
    let words: Vec<&str> = args.scope.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["mappings"] => wished.mappings = true,
        ["credential", name] => wished.credential = Some((*name).to_owned()),
        ["workspace", name] => wished.workspace = Some((*name).to_owned()),
        ["client", name] => wished.client = Some((*name).to_owned()),
        _ => {
            return Err(
                Failure::local(format!("--scope `{}` is nothing that can be put back", words.join(" ")))
                    .hint("credential NAME, workspace NAME, client NAME, or mappings"),
            );
        }
    }
    Ok(wished)
}
