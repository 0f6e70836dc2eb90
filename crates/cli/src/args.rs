//! The grammar: what all commands take, and the commands.
//!
//! People and scripts rely on these words: a word is added, never taken back or given another meaning.

use crate::commands::{
    approval, audit, backup, client, completions, config, credential, default, doctor, dump, freeze, get, identity,
    import, incident, init, inject, keys, login, man, mapping, plan, principal, recover, replay, resolve, restore,
    rotation, run, serve, service, setup, status, template, token, verify, watch, webhook, workspace,
};
use crate::output::Format;
use clap::{Args, Parser, Subcommand};
use strongroom_client::Options;

/// The credential ledger of an automation platform
#[derive(Debug, Parser)]
#[command(
    name = "strongroom",
    version,
    about = "Strongroom keeps the credentials of an automation platform in a ledger: every change, and every time a secret \
             is served, is an encrypted record in one log that can be verified.",
    after_help = FIRST_STEPS,
    max_term_width = 100,
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) globals: Globals,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const FIRST_STEPS: &str = "\
First steps, and what they do:
  strongroom serve --dev --sample        runs a ledger to play with, a sample agency in it
  strongroom credential list             in another terminal: finds the server by itself
  strongroom template import flow.json   makes a variable of each credential in a workflow
  strongroom setup WORKSPACE TEMPLATE    asks what stands behind each variable
  strongroom resolve WORKSPACE TEMPLATE  gets the secrets, as a workflow runner does
  strongroom audit log --since -1h       shows who did what, and who was served what

Exit codes: 0 done · 1 wrong use or local failure · 2 the server said no · 3 not found ·
4 denied · 5 verification failed";

/// What every command takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct Globals {
    /// `table` for people, `json` for programs
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "FORMAT",
        hide_possible_values = true,
        display_order = 900
    )]
    pub(crate) output: Format,
    /// The server's address, instead of the one in the context file
    #[arg(
        long,
        global = true,
        env = "STRONGROOM_ADDR",
        hide_env_values = true,
        value_name = "ADDR",
        display_order = 901
    )]
    pub(crate) addr: Option<String>,
    /// Trust the certificates in this file (PEM) and no others; `login` keeps it
    #[arg(
        long,
        global = true,
        env = "STRONGROOM_CA_FILE",
        value_name = "FILE",
        display_order = 902
    )]
    pub(crate) ca_file: Option<std::path::PathBuf>,
    /// Show state as it was: at a time, a date, so long ago (2h), or after the record at a position. For what lists or
    /// shows state
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        allow_hyphen_values = true,
        display_order = 903
    )]
    pub(crate) as_of: Option<String>,
}

/// What every command that changes something takes.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Request")]
pub(crate) struct WriteArgs {
    /// Why, in your words; kept in the record
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// Makes a repeat safe: the same key with the same request is done once
    #[arg(long, value_name = "KEY")]
    pub(crate) idempotency_key: Option<String>,
    /// Go on only if nobody changed it since this version
    #[arg(long, value_name = "VERSION")]
    pub(crate) if_match: Option<u64>,
    /// For what takes four eyes: `ask` for an approval, or use those with these ids
    #[arg(long, value_name = "ask|ID", value_delimiter = ',')]
    pub(crate) approval: Vec<String>,
    /// The open incident that it is done about
    #[arg(long, value_name = "HANDLE")]
    pub(crate) incident: Option<String>,
}

impl WriteArgs {
    /// As the client takes it.
    pub(crate) fn options(&self) -> Options {
        Options {
            idempotency_key: self.idempotency_key.clone(),
            if_match: self.if_match,
            reason: self.reason.clone(),
            approval: (!self.approval.is_empty()).then(|| self.approval.join(",")),
            incident: self.incident.clone(),
        }
    }
}

/// What every list takes.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Page")]
pub(crate) struct PageArgs {
    /// At most so many; else all
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: Option<u32>,
    /// Go on after an earlier page: its `next`
    #[arg(long, value_name = "CURSOR")]
    pub(crate) cursor: Option<String>,
}

impl Command {
    /// Whether it shows state, which has a past.
    pub(crate) fn shows_state(&self) -> bool {
        use crate::commands::{client, credential, default, principal, rotation, template, token, workspace};
        match self {
            Self::Credential(command) => matches!(
                command,
                credential::CredentialCommand::List(_) | credential::CredentialCommand::Get(_)
            ),
            Self::Client(command) => {
                matches!(command, client::ClientCommand::List(_) | client::ClientCommand::Get(_))
            }
            Self::Workspace(command) => matches!(
                command,
                workspace::WorkspaceCommand::List(_)
                    | workspace::WorkspaceCommand::Get(_)
                    | workspace::WorkspaceCommand::Compare(_)
            ),
            Self::Template(command) => matches!(
                command,
                template::TemplateCommand::List(_) | template::TemplateCommand::Get(_)
            ),
            Self::Default(command) => matches!(command, default::DefaultCommand::List(_)),
            Self::Principal(command) => matches!(command, principal::PrincipalCommand::List(_)),
            Self::Grant(command) => matches!(command, principal::GrantCommand::List(_)),
            Self::Token(command) => matches!(command, token::TokenCommand::List(_)),
            Self::Rotation(rotation::RotationCommand::Due(_))
            | Self::Resolve(_)
            | Self::Audit(crate::commands::audit::AuditCommand::Access(_)) => true,
            _ => false,
        }
    }
}

/// The history of one thing.
#[derive(Debug, Clone, Args)]
pub(crate) struct HistoryArgs {
    /// Its handle or id
    pub(crate) handle: String,
    #[command(flatten)]
    pub(crate) page: PageArgs,
}

/// The commands, in the order of a first day.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the server
    Serve(serve::ServeArgs),
    /// Make a new ledger
    Init(init::InitArgs),
    /// Keep a server's address and a token for it in the context file
    Login(login::LoginArgs),
    /// Who the token in use belongs to, and what it may do
    Whoami,
    /// Credentials: create, list, rotate, share, revoke, …
    #[command(subcommand, visible_alias = "cred")]
    Credential(credential::CredentialCommand),
    /// The clients that an agency works for
    #[command(subcommand)]
    Client(client::ClientCommand),
    /// Workspaces: where workflows run
    #[command(subcommand)]
    Workspace(workspace::WorkspaceCommand),
    /// Templates: workflows that declare what they need and carry no secret
    #[command(subcommand)]
    Template(template::TemplateCommand),
    /// Let a template run in a workspace: admit its revision and map its variables
    Setup(setup::SetupArgs),
    /// Put a credential behind a variable
    Map(mapping::MapArgs),
    /// Take a mapping away
    Unmap(mapping::UnmapArgs),
    /// Change back what one piece of work changed
    Undo(plan::UndoArgs),
    /// Put something back to what it was, by new records
    Restore(restore::RestoreArgs),
    /// Incidents: what is looked into, and done about it
    #[command(subcommand)]
    Incident(incident::IncidentCommand),
    /// Stop changes, serving or both in a scope, at once
    Freeze(freeze::FreezeArgs),
    /// Let what is frozen go on
    Unfreeze(freeze::UnfreezeArgs),
    /// List what is frozen
    Freezes(freeze::FreezesArgs),
    /// What stands behind variables that nobody mapped
    #[command(subcommand)]
    Default(default::DefaultCommand),
    /// Get the secrets that a template needs in a workspace
    Resolve(resolve::ResolveArgs),
    /// Run a command with secrets in its environment
    Run(run::RunArgs),
    /// Replace references in a file by values
    Inject(inject::InjectArgs),
    /// Say when what a template would be served changes
    Watch(watch::WatchArgs),
    /// Print one value, by reference
    Get(get::GetArgs),
    /// Who did what, when, and why they were allowed
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Bring in credentials from elsewhere
    #[command(subcommand)]
    Import(import::ImportCommand),
    /// The service catalogue
    Services(service::ServicesArgs),
    /// People and services that may act
    #[command(subcommand)]
    Principal(principal::PrincipalCommand),
    /// What a principal may do (also `principal grant`)
    #[command(subcommand)]
    Grant(principal::GrantCommand),
    /// Identities: who may act as a principal by another issuer's word (OpenID Connect)
    #[command(subcommand)]
    Identity(identity::IdentityCommand),
    /// Tokens: what a principal shows to be let in
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// What is to be rotated, and when
    #[command(subcommand)]
    Rotation(rotation::RotationCommand),
    /// What is untidy: duplicates, unused, overdue, never rotated, unclear names, over-shared, no steward
    Hygiene,
    /// Approvals: what takes four eyes
    #[command(subcommand)]
    Approval(approval::ApprovalCommand),
    /// What the ledger asks of everybody
    #[command(subcommand)]
    Policy(approval::PolicyCommand),
    /// Webhooks: who is told of what, signed
    #[command(subcommand)]
    Webhook(webhook::WebhookCommand),
    /// Check every record, the tree, the signatures and the state
    Verify(verify::VerifyArgs),
    /// Backups: both halves of a ledger kept elsewhere, and a ledger made from them
    #[command(subcommand)]
    Backup(backup::BackupCommand),
    /// Fold the log once more and compare it with what is served
    Replay(replay::ReplayArgs),
    /// Go on with what is whole of a ledger that is refused
    Recover(recover::RecoverArgs),
    /// Write the whole log as one file for a verifier
    Dump(dump::DumpArgs),
    /// How the ledger is doing
    Status(status::StatusArgs),
    /// Look for what is wrong with an installation, and say what to do
    Doctor(doctor::DoctorArgs),
    /// Write the manual pages
    Man(man::ManArgs),
    /// The configuration file of `serve`
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// The ledger's keys
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Print completions for a shell
    Completions(completions::CompletionsArgs),
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_grammar_contradicts_nothing() {
        Cli::command().debug_assert();
    }

    /// Each command with its arguments: a change here is a change of what scripts rely on.
    #[test]
    fn the_grammar_is_kept() {
        let mut cli = Cli::command();
        cli.build();
        let mut grammar = String::new();
        for command in cli.get_subcommands() {
            usage("", command, &mut grammar);
        }
        insta::assert_snapshot!(grammar);
    }

    fn usage(before: &str, command: &clap::Command, grammar: &mut String) {
        let name = format!("{before}{}", command.get_name());
        for below in command.get_subcommands() {
            usage(&format!("{name} "), below, grammar);
        }
        if command.has_subcommands() {
            return;
        }
        grammar.push_str(&name);
        for argument in command.get_arguments() {
            let id = argument.get_id().as_str();
            if id == "help" || argument.is_global_set() {
                continue;
            }
            let several = if matches!(argument.get_action(), clap::ArgAction::Append) {
                "…"
            } else {
                ""
            };
            let shown = argument.to_string();
            let bare = argument.is_required_set() || shown.starts_with('[');
            let shown = if bare {
                format!("{shown}{several}")
            } else {
                format!("[{shown}]{several}")
            };
            grammar.push_str(&format!(" {}", shown.replace("...", "")));
        }
        grammar.push('\n');
    }

    #[test]
    fn a_new_user_reads_this_first() {
        insta::assert_snapshot!(Cli::command().render_help());
    }

    #[test]
    fn making_a_credential_is_explained() {
        let mut cli = Cli::command();
        cli.build();
        let create = cli
            .find_subcommand_mut("credential")
            .and_then(|nouns| nouns.find_subcommand_mut("create"));
        insta::assert_snapshot!(
            create
                .map(|create| create.render_help().to_string())
                .unwrap_or_default()
        );
    }

    #[test]
    fn times_before_now_may_begin_with_a_minus() {
        let cli = Cli::try_parse_from(["strongroom", "audit", "log", "--since", "-2h", "--limit", "5"]).unwrap();
        assert!(
            matches!(cli.command, Command::Audit(audit::AuditCommand::Log(log)) if log.flags.since.as_deref() == Some("-2h"))
        );
    }

    #[test]
    fn a_version_is_given_as_a_word_or_as_an_option() {
        for line in [
            &["rollback", "openai", "2"][..],
            &["rollback", "openai", "--to", "2"],
            &["rollback", "openai", "--version", "2"],
        ] {
            let words = ["strongroom", "credential"].iter().chain(line);
            assert!(Cli::try_parse_from(words).is_ok(), "{line:?}");
        }
        assert!(Cli::try_parse_from(["strongroom", "credential", "rollback", "openai"]).is_err());
        assert!(Cli::try_parse_from(["strongroom", "credential", "rollback", "openai", "2", "--to", "2"]).is_err());
    }
}
