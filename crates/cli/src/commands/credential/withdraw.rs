//! `credential disable`, `revoke`, `unshare`, `usage`: what would break is said before it is done.

use super::args::{UnshareArgs, UsageArgs, WithdrawArgs};
use super::sharing;
use crate::commands::plan::PlanArgs;
use crate::doc::Doc;
use crate::failure::{Exit, Failure, Outcome};
use crate::output::{Cell, Look, Table, joined, time};
use crate::session::Session;
use clap::{Args, ValueEnum};
use serde_json::Value;
use strongroom_api::credential::WhatIfQuery;

/// `audit what-if`
#[derive(Debug, Args)]
pub(crate) struct WhatIfArgs {
    /// What would be done
    pub(crate) act: Act,
    /// The credential's handle or id
    pub(crate) credential: String,
    /// Of unshare: with this client no more; else with all
    #[arg(long = "client", value_name = "CLIENT")]
    pub(crate) clients: Vec<String>,
    /// Of unshare: with this workspace no more
    #[arg(long = "workspace", value_name = "WORKSPACE")]
    pub(crate) workspaces: Vec<String>,
}

/// What would be done to a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Act {
    /// Not served for now
    Disable,
    /// Not served any more
    Revoke,
    /// Shared less
    Unshare,
}

/// Stops serving it for now.
pub(super) async fn disable(args: &WithdrawArgs, session: &Session) -> Outcome {
    if !goes_on(&args.handle, &asked("disable"), &args.plan, session).await? {
        return Ok(());
    }
    let options = args.write.options();
    let answer = session.client.disable_credential(&args.handle, &options);
    let answer = session.write(answer).await?;
    let said = format!("credential `{}` is disabled: not served until enabled", args.handle);
    session.tell(&answer, &said)
}

/// Stops serving it for good.
pub(super) async fn revoke(args: &WithdrawArgs, session: &Session) -> Outcome {
    if !goes_on(&args.handle, &asked("revoke"), &args.plan, session).await? {
        return Ok(());
    }
    let options = args.write.options();
    let answer = session.client.revoke_credential(&args.handle, &options);
    let answer = session.write(answer).await?;
    let said = format!("credential `{}` is revoked: not served any more", args.handle);
    session.tell(&answer, &said)
}

/// Takes sharing back.
pub(super) async fn unshare(args: &UnshareArgs, session: &Session) -> Outcome {
    let (share, body) = (&args.share, sharing(&args.share)?);
    let query = WhatIfQuery {
        all: body.all.then_some(true),
        clients: (!body.clients.is_empty()).then(|| body.clients.join(",")),
        workspaces: (!body.workspaces.is_empty()).then(|| body.workspaces.join(",")),
        ..asked("unshare")
    };
    if !goes_on(&share.handle, &query, &args.plan, session).await? {
        return Ok(());
    }
    let options = share.write.options();
    let answer = session.client.unshare_credential(&share.handle, &body, &options);
    let answer = session.write(answer).await?;
    let said = format!("credential `{}` is not shared with them any more", share.handle);
    session.tell(&answer, &said)
}

/// Where it stands, and who came by its values.
pub(super) async fn usage(args: &UsageArgs, session: &Session) -> Outcome {
    let usage = session.read(session.client.credential_usage(&args.handle)).await?;
    session.output.show(&usage, |look| show_usage(&usage, look))?;
    if usage.get("complete") == Some(&Value::Bool(false)) {
        session.output.talk("only the newest 20,000 servings were looked at");
    }
    Ok(())
}

/// What would break, and nothing else.
pub(crate) async fn would_follow(args: &WhatIfArgs, session: &Session) -> Outcome {
    let text = |all: &Vec<String>| (!all.is_empty()).then(|| all.join(","));
    let act = match args.act {
        Act::Disable => "disable",
        Act::Revoke => "revoke",
        Act::Unshare => "unshare",
    };
    let narrowed = !args.clients.is_empty() || !args.workspaces.is_empty();
    let query = WhatIfQuery {
        all: (act == "unshare" && !narrowed).then_some(true),
        clients: text(&args.clients),
        workspaces: text(&args.workspaces),
        ..asked(act)
    };
    let following = session.read(session.client.what_if(&args.credential, &query)).await?;
    session.output.show(&following, |look| show_following(&following, look))
}

fn asked(act: &str) -> WhatIfQuery {
    WhatIfQuery {
        act: act.to_owned(),
        ..WhatIfQuery::default()
    }
}

/// Says what would break. Whether to go on: at once where nothing would, else when somebody says yes.
async fn goes_on(handle: &str, query: &WhatIfQuery, plan: &PlanArgs, session: &Session) -> Outcome<bool> {
    if plan.yes && !plan.dry_run {
        return Ok(true);
    }
    let following = session.read(session.client.what_if(handle, query)).await?;
    let hidden = following.number("hidden").unwrap_or_default();
    let signs = !following.texts("unsigned").is_empty();
    let breaks = hidden > 0 || signs || !following.list("touched").is_empty();
    if plan.dry_run || breaks {
        session
            .output
            .show(&following, |look| show_following(&following, look))?;
    }
    if plan.dry_run {
        return Ok(false);
    }
    if breaks && session.ask.text("It is in use. Type yes to do it:")?.as_deref() != Some("yes") {
        return Err(Failure::new(Exit::Refused, "it is in use; nothing was changed").hint("--yes does it all the same"));
    }
    Ok(true)
}

fn show_following(following: &Value, look: &Look) -> String {
    let mut table = Table::new(&["workspace", "template", "variable", "then"]);
    for touched in following.list("touched") {
        let then = match touched.text("then") {
            Some("missing") => "nothing: runs fail".to_owned(),
            Some("unset") => "nothing: it is optional".to_owned(),
            _ => touched
                .text("credential")
                .unwrap_or("another that you may not see")
                .to_owned(),
        };
        let variable = touched.text("variable").unwrap_or_default();
        let variable = match touched.text("instance") {
            Some(instance) => format!("{variable} (instance {instance})"),
            None => variable.to_owned(),
        };
        table.row([
            Cell::maybe(touched.text("workspace")),
            Cell::maybe(touched.text("template")),
            variable.into(),
            then.into(),
        ]);
    }
    let webhooks = following.texts("unsigned");
    let nothing = if webhooks.is_empty() {
        "nothing would break"
    } else {
        "no variable would lack it"
    };
    let mut text = table.render(look, nothing);
    if !webhooks.is_empty() {
        text.push_str(&format!("\nwebhooks that would sign no more: {}", joined(webhooks)));
    }
    with_hidden(text, following)
}

fn show_usage(usage: &Value, look: &Look) -> String {
    let mut mapped = Table::new(&["workspace", "template", "variable"]);
    for mapping in usage.list("mapped") {
        let variable = mapping.text("variable").unwrap_or_default();
        let variable = match mapping.text("instance") {
            Some(instance) => format!("{variable} (instance {instance})"),
            None => variable.to_owned(),
        };
        mapped.row([
            Cell::maybe(mapping.text("workspace")),
            Cell::maybe(mapping.text("template")),
            variable.into(),
        ]);
    }
    for default in usage.list("defaults") {
        let what = format!(
            "default for {} {}",
            default.text("service").unwrap_or_default(),
            default.text("kind").unwrap_or_default()
        );
        mapped.row([
            default.text("workspace").unwrap_or("(the whole ledger)").into(),
            Cell::dim("any"),
            what.into(),
        ]);
    }
    let mut uses = Table::new(&[
        "who",
        "how",
        "workspace",
        "template",
        "version",
        "times",
        "first",
        "last",
    ])
    .without_if_narrow(&["first", "template"]);
    for one in usage.list("uses") {
        uses.row([
            Cell::maybe(one.text("principal")),
            one.text("how").unwrap_or_default().into(),
            Cell::maybe(one.text("workspace")),
            Cell::maybe(one.text("template")),
            one.shown("version").unwrap_or_default().into(),
            one.shown("times").unwrap_or_default().into(),
            Cell::maybe(one.text("first_at").map(time)),
            Cell::maybe(one.text("last_at").map(time)),
        ]);
    }
    let mapped = with_hidden(mapped.render(look, "mapped nowhere"), usage);
    format!("{}\n\n{}", mapped.trim_end(), uses.render(look, "used by nobody"))
}

fn with_hidden(text: String, document: &Value) -> String {
    match document.number("hidden") {
        Some(hidden) if hidden > 0 => format!("{text}\n{hidden} places that you may not see"),
        _ => text,
    }
}
