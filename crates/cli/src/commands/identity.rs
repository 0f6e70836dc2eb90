//! `identity …`.

use crate::args::WriteArgs;
use crate::doc::{Doc, items};
use crate::failure::{Failure, Outcome};
use crate::input::future;
use crate::output::{Cell, Table, Tone, time};
use crate::session::Session;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;
use strongroom_api::identity::BindIdentity;

/// `identity …`
#[derive(Debug, Subcommand)]
pub(crate) enum IdentityCommand {
    /// Let who an issuer says he is act as a principal
    Bind(BindArgs),
    /// List a principal's identities
    List(ListArgs),
    /// End an identity at once, with the tokens of who signed in through it
    Unbind(UnbindArgs),
}

/// `identity bind`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  strongroom identity bind ci --issuer https://token.actions.githubusercontent.com \\
      --audience strongroom --claim repository=acme/shop --claim environment=prod
  strongroom identity bind runner --issuer https://kubernetes.default.svc \\
      --audience strongroom --claim sub=system:serviceaccount:flows:runner
  strongroom identity bind mia --issuer https://login.example.com \\
      --audience strongroom-cli --claim email=mia@example.com

A service sends the issuer's JWT as its bearer token; a person signs in with
`strongroom login --sign-in`. Each claim that is named must be there, with one of the values
given for it, to the letter.")]
pub(crate) struct BindArgs {
    /// Who the identity acts as: a principal's handle or id
    pub(crate) principal: String,
    /// The issuer's URL, to the letter as in its `iss`
    #[arg(long, value_name = "URL")]
    pub(crate) issuer: String,
    /// For whom its assertions must be made; for people, the client id at the issuer
    #[arg(long, value_name = "TEXT")]
    pub(crate) audience: String,
    /// A claim that must be made; the same name again gives another value that will do
    #[arg(long = "claim", value_name = "NAME=VALUE", required = true)]
    pub(crate) claims: Vec<String>,
    /// When it ends: a time, or how long from now (90d)
    #[arg(long, value_name = "TIME")]
    pub(crate) expires: Option<String>,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    pub(crate) label: Option<String>,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// `identity list`
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Whose: a principal's handle or id
    pub(crate) principal: String,
}

/// `identity unbind`
#[derive(Debug, Args)]
pub(crate) struct UnbindArgs {
    /// The identity's id (`identity list`)
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// Does it.
pub(crate) async fn run(command: &IdentityCommand, session: &Session) -> Outcome {
    match command {
        IdentityCommand::Bind(args) => bind(args, session).await,
        IdentityCommand::List(args) => {
            let page = session.read(session.client.identities(&args.principal)).await?;
            session.show_list(&page, |look| table(&page).render(look, "no identities"))
        }
        IdentityCommand::Unbind(args) => {
            let options = args.write.options();
            let answer = session.client.unbind_identity(&args.id, &options);
            let answer = session.write(answer).await?;
            session.tell(&answer, &format!("identity {} opens nothing any more", args.id))
        }
    }
}

async fn bind(args: &BindArgs, session: &Session) -> Outcome {
    let mut claims: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for claim in &args.claims {
        let (name, value) = claim.split_once('=').ok_or_else(|| {
            Failure::local("a claim has a name and a value").hint("for example: --claim sub=repo:acme/shop")
        })?;
        claims.entry(name.to_owned()).or_default().push(value.to_owned());
    }
    let body = BindIdentity {
        issuer: args.issuer.clone(),
        audience: args.audience.clone(),
        claims,
        label: args.label.clone(),
        expires_at: args
            .expires
            .as_deref()
            .map(|text| future("--expires", text, Timestamp::now()))
            .transpose()?,
        reason: None,
    };
    let options = args.write.options();
    let answer = session.client.bind_identity(&args.principal, &body, &options);
    let answer = session.write(answer).await?;
    let id = answer.text("id").unwrap_or_default().to_owned();
    session.tell(&answer, &format!("identity {id} acts as `{}`", args.principal))
}

fn table(page: &Value) -> Table {
    let mut table = Table::new(&["id", "issuer", "audience", "claims", "label", "expires"])
        .without_if_narrow(&["label", "audience"]);
    for identity in items(page) {
        let claims = identity.get("claims").and_then(Value::as_object);
        let claims = claims.into_iter().flatten().flat_map(|(name, values)| {
            let values = values.as_array().into_iter().flatten().filter_map(Value::as_str);
            values.map(move |value| format!("{name}={value}"))
        });
        let expires = match identity.text("unbound_at") {
            Some(at) => Cell::toned(format!("ended {}", time(at)), Tone::Bad),
            None => identity
                .text("expires_at")
                .map_or_else(|| Cell::dim("never"), |at| time(at).into()),
        };
        table.row([
            Cell::dim(identity.text("id").unwrap_or_default()),
            identity.text("issuer").unwrap_or_default().into(),
            identity.text("audience").unwrap_or_default().into(),
            claims.collect::<Vec<_>>().join("\n").into(),
            Cell::maybe(identity.text("label")),
            expires,
        ]);
    }
    table
}
