//! The words of `credential …`.

use crate::args::{PageArgs, WriteArgs};
use crate::commands::plan::PlanArgs;
use crate::input::FieldArgs;
use clap::{Args, Subcommand};
use strongroom_api::credential::Generate;

/// `credential …`
#[derive(Debug, Subcommand)]
pub(crate) enum CredentialCommand {
    /// Put another credential wherever this one stands, in one step
    Replace(ReplaceArgs),
    /// Give the credentials that one principal answers for to another
    Steward(StewardArgs),
    /// Make a credential
    Create(Box<CreateArgs>),
    /// List credentials
    List(ListArgs),
    /// Show one, without values
    Get(GetArgs),
    /// Change what is not secret: name, tags, client, expiry, plain fields
    Update(Box<UpdateArgs>),
    /// Let others use it: clients, workspaces, or all
    Share(ShareArgs),
    /// Take sharing back
    Unshare(UnshareArgs),
    /// Enter new values: the next version, at once in every workspace that uses it
    Rotate(RotateArgs),
    /// Go back to the values of an earlier version, as a new version
    Rollback(RollbackArgs),
    /// Stop serving it for now
    Disable(WithdrawArgs),
    /// Serve it again
    Enable(ChangeArgs),
    /// Stop serving it for good: the delete
    Revoke(WithdrawArgs),
    /// Where it stands, and who came by its values
    Usage(UsageArgs),
    /// What happened to it
    History(HistoryArgs),
    /// Show its values; always recorded, with a reason
    Reveal(RevealArgs),
}

/// `credential create`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  strongroom credential create OpenAI --service openai --kind api_key --secret api_key
  strongroom credential create \"Shopify – Client A\" --service shopify \\
      --kind access_token --secret token=@token.txt --client client-a --tag team=eu
  pass show mail | strongroom credential create Mail --service smtp \\
      --kind basic --field username=mia --secret password=-")]
pub(crate) struct CreateArgs {
    /// Its name, for people
    pub(crate) name: String,
    /// The service it authenticates to (`strongroom services list`)
    #[arg(long, value_name = "SERVICE")]
    pub(crate) service: String,
    /// api_key, access_token, basic, client_credentials, oauth2_app, oauth2 or custom
    #[arg(long, value_name = "KIND")]
    pub(crate) kind: String,
    /// The handle that references use; else made from the name
    #[arg(long, value_name = "HANDLE")]
    pub(crate) handle: Option<String>,
    /// The client it belongs to; only that client's workspaces may use it
    #[arg(long, value_name = "CLIENT")]
    pub(crate) client: Option<String>,
    /// A tag
    #[arg(long = "tag", value_name = "NAME=VALUE")]
    pub(crate) tags: Vec<String>,
    /// A setting for its service
    #[arg(long = "setting", value_name = "NAME=VALUE")]
    pub(crate) settings: Vec<String>,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,
    /// Who answers for it; else you
    #[arg(long, value_name = "PRINCIPAL")]
    pub(crate) steward: Option<String>,
    /// When its values end: a time, or how long from now (90d)
    #[arg(long, value_name = "TIME")]
    pub(crate) expires: Option<String>,
    /// How often it should be rotated (90d)
    #[arg(long, value_name = "DAYS")]
    pub(crate) rotate_every: Option<String>,
    /// How long the version before stays good after a rotation (7d)
    #[arg(long, value_name = "DAYS", requires = "rotate_every")]
    pub(crate) grace: Option<String>,
    /// A scope that it was granted
    #[arg(long = "scope", value_name = "SCOPE")]
    pub(crate) scopes: Vec<String>,
    /// For an oauth2 account: the credential that is its app
    #[arg(long, value_name = "CREDENTIAL")]
    pub(crate) app: Option<String>,
    /// Go on though another credential holds the same secret
    #[arg(long)]
    pub(crate) accept_duplicate: bool,
    #[command(flatten)]
    pub(crate) fields: FieldArgs,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// `credential list`
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Only of this service
    #[arg(long, value_name = "SERVICE")]
    pub(crate) service: Option<String>,
    /// Only of this client
    #[arg(long, value_name = "CLIENT")]
    pub(crate) client: Option<String>,
    /// Only of this kind
    #[arg(long, value_name = "KIND")]
    pub(crate) kind: Option<String>,
    /// Only with this status (active, disabled, revoked); revoked ones are hidden unless asked for
    #[arg(long, value_name = "STATUS")]
    pub(crate) status: Option<String>,
    /// Only where this text is in name, handle, service or tags
    #[arg(short, long, value_name = "TEXT")]
    pub(crate) query: Option<String>,
    /// Only what could stand behind this variable of a template
    #[arg(long, value_name = "TEMPLATE/VARIABLE")]
    pub(crate) fits: Option<String>,
    /// With --fits: in this workspace
    #[arg(long, value_name = "WORKSPACE", requires = "fits")]
    pub(crate) workspace: Option<String>,
    #[command(flatten)]
    pub(crate) page: PageArgs,
}

/// `credential get`
#[derive(Debug, Args)]
pub(crate) struct GetArgs {
    /// Its handle or id
    pub(crate) handle: String,
}

/// `credential update`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  strongroom credential update openai --name \"OpenAI (shared)\" --tag team=data
  strongroom credential update openai --expires 90d --rotate-every 60d

Secrets and destinations are changed together, by `credential rotate`.")]
pub(crate) struct UpdateArgs {
    /// Its handle or id
    pub(crate) handle: String,
    /// A new name
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// A new description
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,
    /// Set a tag; the others stay
    #[arg(long = "tag", value_name = "NAME=VALUE")]
    pub(crate) tags: Vec<String>,
    /// Take a tag away
    #[arg(long = "untag", value_name = "NAME")]
    pub(crate) untag: Vec<String>,
    /// Set a setting; the others stay
    #[arg(long = "setting", value_name = "NAME=VALUE")]
    pub(crate) settings: Vec<String>,
    /// Take a setting away
    #[arg(long = "unset", value_name = "NAME")]
    pub(crate) unset: Vec<String>,
    /// Another client
    #[arg(long, value_name = "CLIENT", conflicts_with = "no_client")]
    pub(crate) client: Option<String>,
    /// No client any more
    #[arg(long)]
    pub(crate) no_client: bool,
    /// Who answers for it
    #[arg(long, value_name = "PRINCIPAL")]
    pub(crate) steward: Option<String>,
    /// When its values end: a time, how long from now (90d), or `never`
    #[arg(long, value_name = "TIME")]
    pub(crate) expires: Option<String>,
    /// How often it should be rotated (90d), or `never`
    #[arg(long, value_name = "DAYS")]
    pub(crate) rotate_every: Option<String>,
    /// How long the version before stays good after a rotation (7d)
    #[arg(long, value_name = "DAYS", requires = "rotate_every")]
    pub(crate) grace: Option<String>,
    /// Set a plain field
    #[arg(long = "field", value_name = "NAME=VALUE")]
    pub(crate) fields: Vec<String>,
    /// Take a plain field away
    #[arg(long = "remove-field", value_name = "NAME")]
    pub(crate) remove_fields: Vec<String>,
    /// All scopes that it was granted
    #[arg(long = "scope", value_name = "SCOPE")]
    pub(crate) scopes: Vec<String>,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// `credential share`, `credential unshare`
#[derive(Debug, Args)]
pub(crate) struct ShareArgs {
    /// Its handle or id
    pub(crate) handle: String,
    /// With this client's workspaces
    #[arg(long = "client", value_name = "CLIENT")]
    pub(crate) clients: Vec<String>,
    /// With this workspace
    #[arg(long = "workspace", value_name = "WORKSPACE")]
    pub(crate) workspaces: Vec<String>,
    /// With every workspace
    #[arg(long)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// `credential rotate`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  strongroom credential rotate openai          asks for each of its secrets
  strongroom credential rotate openai --secret api_key=@new-key --grace 2d
  new-token | strongroom credential rotate shopify-client-a --secret token=-

The fields that you don't give stay as they were.")]
pub(crate) struct RotateArgs {
    /// Its handle or id
    pub(crate) handle: String,
    /// How long the version before stays good (7d); else as its rotation policy says
    #[arg(long, value_name = "DAYS")]
    pub(crate) grace: Option<String>,
    /// That ends sooner, when the last run has been served the new version
    #[arg(long)]
    pub(crate) until_moved: bool,
    /// Have this secret field's value made up, and shown to nobody: 32 letters and digits, or as you say
    #[arg(long, value_name = "FIELD[=LENGTH[:ALPHABET]]", value_parser = generate)]
    pub(crate) generate: Vec<(String, Generate)>,
    /// When the new values end: a time, or how long from now (90d)
    #[arg(long, value_name = "TIME")]
    pub(crate) expires: Option<String>,
    /// Go on though another credential holds the same secret
    #[arg(long)]
    pub(crate) accept_duplicate: bool,
    #[command(flatten)]
    pub(crate) fields: FieldArgs,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// `credential rollback`
#[derive(Debug, Args)]
pub(crate) struct RollbackArgs {
    /// Its handle or id
    pub(crate) handle: String,
    /// The version whose values are to be current again (`credential get` lists them)
    #[arg(value_name = "VERSION", required_unless_present = "to")]
    pub(crate) version: Option<u32>,
    /// The same, as an option
    #[arg(long, visible_alias = "version", value_name = "VERSION", conflicts_with = "version")]
    pub(crate) to: Option<u32>,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// A change that needs no more than a handle.
#[derive(Debug, Args)]
pub(crate) struct ChangeArgs {
    /// Its handle or id
    pub(crate) handle: String,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// `credential disable`, `credential revoke`
#[derive(Debug, Args)]
#[command(after_help = "\
What would break is said first: --dry-run says that only. Where something would, --yes is
asked for.")]
pub(crate) struct WithdrawArgs {
    /// Its handle or id
    pub(crate) handle: String,
    #[command(flatten)]
    pub(crate) plan: PlanArgs,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// `credential unshare`
#[derive(Debug, Args)]
pub(crate) struct UnshareArgs {
    #[command(flatten)]
    pub(crate) share: ShareArgs,
    #[command(flatten)]
    pub(crate) plan: PlanArgs,
}

/// `credential usage`
#[derive(Debug, Args)]
pub(crate) struct UsageArgs {
    /// Its handle or id
    pub(crate) handle: String,
}

/// `credential history`
#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    /// Its handle or id
    pub(crate) handle: String,
    #[command(flatten)]
    pub(crate) page: PageArgs,
}

/// `credential reveal`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  strongroom credential reveal openai --reason \"moving to the new platform\"
  strongroom credential reveal openai --field api_key --raw --reason migration")]
pub(crate) struct RevealArgs {
    /// Its handle or id
    pub(crate) handle: String,
    /// Why; kept in the record
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// An earlier version instead of the current one
    #[arg(long, value_name = "VERSION")]
    pub(crate) version: Option<u32>,
    /// Only this field
    #[arg(long = "field", value_name = "NAME")]
    pub(crate) fields: Vec<String>,
    /// Print the value of the one --field and nothing else
    #[arg(long)]
    pub(crate) raw: bool,
    /// See it without the right to read, as an administrator; the record says so
    #[arg(long)]
    pub(crate) break_glass: bool,
    /// Where it takes four eyes: `ask` for an approval, or use the one with this id
    #[arg(long, value_name = "ask|ID")]
    pub(crate) approval: Option<String>,
}

/// `credential replace`
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  strongroom credential replace openai-old openai --dry-run

All of its mappings and defaults are moved, or none. `strongroom undo` takes it back.")]
pub(crate) struct ReplaceArgs {
    /// The credential that stands there now
    pub(crate) old: String,
    /// The credential that is to stand there
    pub(crate) new: String,
    /// Only in this workspace
    #[arg(long = "workspace", value_name = "WORKSPACE")]
    pub(crate) workspaces: Vec<String>,
    #[command(flatten)]
    pub(crate) plan: PlanArgs,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// `credential steward`
#[derive(Debug, Args)]
pub(crate) struct StewardArgs {
    /// Who answers for them now
    #[arg(long, value_name = "PRINCIPAL")]
    pub(crate) from: String,
    /// Who is to
    #[arg(long, value_name = "PRINCIPAL")]
    pub(crate) to: String,
    #[command(flatten)]
    pub(crate) plan: PlanArgs,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// Reads `password`, `password=40` or `password=40:hex`; the server knows lengths and alphabets.
fn generate(text: &str) -> Result<(String, Generate), String> {
    let (name, how) = text.split_once('=').unwrap_or((text, ""));
    let (length, alphabet) = how.split_once(':').unwrap_or((how, ""));
    let length = (!length.is_empty()).then(|| length.parse());
    let length = length
        .transpose()
        .map_err(|_| format!("`{how}` begins with no number of characters"))?;
    if name.is_empty() {
        return Err("name a field".to_owned());
    }
    let generate = Generate {
        length,
        alphabet: (!alphabet.is_empty()).then(|| alphabet.to_owned()),
    };
    Ok((name.to_owned(), generate))
}
