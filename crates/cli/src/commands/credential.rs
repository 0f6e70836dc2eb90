//! `credential …`.

mod args;
mod show;
mod withdraw;

pub(crate) use withdraw::{WhatIfArgs, would_follow};

pub(crate) use args::CredentialCommand;

use crate::doc::{Doc, value_text};
use crate::failure::{Failure, Outcome};
use crate::input::{FieldArgs, Fields, days, future, pairs};
use crate::output::joined;
use crate::session::Session;
use args::{
    CreateArgs, ListArgs, ReplaceArgs, RevealArgs, RollbackArgs, RotateArgs, ShareArgs, StewardArgs, UpdateArgs,
};
use jiff::Timestamp;
use serde_json::Value;
use strongroom_api::audit::HistoryQuery;
use strongroom_api::credential::{
    CreateCredential, CredentialQuery, RevealCredential, RollbackCredential, RotateCredential, Rotation,
    ShareCredential, UpdateCredential,
};
use strongroom_api::plan::{ReplaceCredential, TransferStewardship};
use strongroom_client::Options;

/// Does it.
pub(crate) async fn run(command: &CredentialCommand, session: &Session) -> Outcome {
    match command {
        CredentialCommand::Create(args) => create(args, session).await,
        CredentialCommand::Replace(args) => replace(args, session).await,
        CredentialCommand::Steward(args) => steward(args, session).await,
        CredentialCommand::List(args) => list(args, session).await,
        CredentialCommand::Get(args) => {
            let credential = session.read(session.client.credential(&args.handle)).await?;
            session.output.show(&credential, |look| show::one(&credential, look))
        }
        CredentialCommand::Update(args) => update(args, session).await,
        CredentialCommand::Share(args) => {
            let (body, options) = (sharing(args)?, args.write.options());
            let answer = session
                .write(session.client.share_credential(&args.handle, &body, &options))
                .await?;
            session.tell(&answer, &format!("credential `{}` is shared", args.handle))
        }
        CredentialCommand::Unshare(args) => withdraw::unshare(args, session).await,
        CredentialCommand::Rotate(args) => rotate(args, session).await,
        CredentialCommand::Rollback(args) => rollback(args, session).await,
        CredentialCommand::Disable(args) => withdraw::disable(args, session).await,
        CredentialCommand::Enable(args) => {
            let answer = session
                .write(session.client.enable_credential(&args.handle, &args.write.options()))
                .await?;
            session.tell(&answer, &format!("credential `{}` is enabled", args.handle))
        }
        CredentialCommand::Revoke(args) => withdraw::revoke(args, session).await,
        CredentialCommand::Usage(args) => withdraw::usage(args, session).await,
        CredentialCommand::History(args) => {
            let page = session
                .list(&args.page, async |limit, cursor| {
                    session
                        .client
                        .credential_history(&args.handle, &HistoryQuery { limit, cursor })
                        .await
                })
                .await?;
            session.show_list(&page, |look| super::audit::history(&page).render(look, "nothing yet"))
        }
        CredentialCommand::Reveal(args) => reveal(args, session).await,
    }
}

async fn replace(args: &ReplaceArgs, session: &Session) -> Outcome {
    let send = async |dry_run, expected, options: Options| {
        let body = ReplaceCredential {
            new: args.new.clone(),
            workspaces: args.workspaces.clone(),
            dry_run,
            expected,
            reason: None,
        };
        session.client.replace_credential(&args.old, &body, &options).await
    };
    super::plan::carry_out(&args.plan, &args.write, session, send).await
}

async fn steward(args: &StewardArgs, session: &Session) -> Outcome {
    let send = async |dry_run, expected, options: Options| {
        let body = TransferStewardship {
            to: args.to.clone(),
            dry_run,
            expected,
            reason: None,
        };
        session.client.transfer_stewardship(&args.from, &body, &options).await
    };
    super::plan::carry_out(&args.plan, &args.write, session, send).await
}

async fn rollback(args: &RollbackArgs, session: &Session) -> Outcome {
    let version = args.version.or(args.to);
    let version = version.ok_or_else(|| Failure::local("to which version?"))?;
    let body = RollbackCredential { version, reason: None };
    let options = args.write.options();
    let answer = session
        .write(session.client.rollback_credential(&args.handle, &body, &options))
        .await?;
    let now = answer
        .number("version")
        .map(|now| format!(", as version {now}"))
        .unwrap_or_default();
    session.tell(
        &answer,
        &format!(
            "credential `{}` has the values of version {version} again{now}",
            args.handle
        ),
    )
}

async fn create(args: &CreateArgs, session: &Session) -> Outcome {
    let mut fields = Fields::read(
        &args.fields,
        &args.service,
        &args.kind,
        &session.ask,
        &mut session.stdin.borrow_mut(),
    )?;
    fields.ask_for_missing(&args.kind, &session.ask)?;
    let expires_at = args
        .expires
        .as_deref()
        .map(|text| future("--expires", text, Timestamp::now()))
        .transpose()?;
    let body = CreateCredential {
        name: args.name.clone(),
        service: args.service.clone(),
        kind: args.kind.clone(),
        handle: args.handle.clone(),
        client: args.client.clone(),
        tags: pairs("--tag", &args.tags)?.into_iter().collect(),
        settings: pairs("--setting", &args.settings)?.into_iter().collect(),
        description: args.description.clone(),
        steward: args.steward.clone(),
        expires_at,
        rotation: rotation(args.rotate_every.as_deref(), args.grace.as_deref())?,
        scopes: args.scopes.clone(),
        app: args.app.clone(),
        source: None,
        accept_duplicate: args.accept_duplicate,
        reason: None,
        plain: fields.plain,
        destinations: fields.destinations,
        json: fields.json,
        fields: fields.values,
    };
    let answer = session
        .write(session.client.create_credential(&body, &args.write.options()))
        .await?;
    session.tell(
        &answer,
        &format!("credential `{}` made", answer.text("handle").unwrap_or_default()),
    )
}

async fn list(args: &ListArgs, session: &Session) -> Outcome {
    let query = CredentialQuery {
        service: args.service.clone(),
        client: args.client.clone(),
        kind: args.kind.clone(),
        status: args.status.clone(),
        q: args.query.clone(),
        fits: args.fits.clone(),
        workspace: args.workspace.clone(),
        ..CredentialQuery::default()
    };
    let page = session
        .list(&args.page, async |limit, cursor| {
            session
                .client
                .credentials(&CredentialQuery {
                    limit,
                    cursor,
                    ..query.clone()
                })
                .await
        })
        .await?;
    session.show_list(&page, |look| {
        show::table(&page).render(look, "no credentials: `strongroom credential create`")
    })
}

/// Tags and settings are sent whole: what is set or taken away here is put on what is there, and only if nobody changed
/// it in between.
async fn update(args: &UpdateArgs, session: &Session) -> Outcome {
    let mut write = args.write.clone();
    let mut body = UpdateCredential {
        name: args.name.clone(),
        description: args.description.clone(),
        client: if args.no_client {
            Some(None)
        } else {
            args.client.clone().map(Some)
        },
        steward: args.steward.clone(),
        expires_at: match args.expires.as_deref() {
            Some("never") => Some(None),
            Some(text) => Some(Some(future("--expires", text, Timestamp::now())?)),
            None => None,
        },
        rotation: match args.rotate_every.as_deref() {
            Some("never") => Some(None),
            every => rotation(every, args.grace.as_deref())?.map(Some),
        },
        remove_fields: args.remove_fields.clone(),
        scopes: (!args.scopes.is_empty()).then(|| args.scopes.clone()),
        ..UpdateCredential::default()
    };
    let whole = [&args.tags, &args.untag, &args.settings, &args.unset]
        .iter()
        .any(|given| !given.is_empty());
    if whole || !args.fields.is_empty() {
        let there = session.read(session.client.credential(&args.handle)).await?;
        if whole {
            write.if_match = write.if_match.or(there.number("etag"));
        }
        if !args.tags.is_empty() || !args.untag.is_empty() {
            let tags = merged(there.pairs("tags"), pairs("--tag", &args.tags)?, &args.untag);
            body.tags = Some(tags.into_iter().collect());
        }
        if !args.settings.is_empty() || !args.unset.is_empty() {
            let settings = merged(
                there.pairs("settings"),
                pairs("--setting", &args.settings)?,
                &args.unset,
            );
            body.settings = Some(settings.into_iter().collect());
        }
        let given = FieldArgs {
            fields: args.fields.clone(),
            ..FieldArgs::default()
        };
        body.fields = read_fields(&given, &there, session)?.values;
    }
    if serde_json::to_value(&body).is_ok_and(|body| body.as_object().is_some_and(serde_json::Map::is_empty)) {
        return Err(Failure::local("there is nothing to change")
            .hint("`strongroom credential update --help` says what can be changed"));
    }
    let answer = session
        .write(session.client.update_credential(&args.handle, &body, &write.options()))
        .await?;
    session.tell(&answer, &format!("credential `{}` changed", args.handle))
}

fn sharing(args: &ShareArgs) -> Outcome<ShareCredential> {
    if !args.all && args.clients.is_empty() && args.workspaces.is_empty() {
        return Err(Failure::local("with whom?").hint("--client CLIENT, --workspace WORKSPACE or --all"));
    }
    Ok(ShareCredential {
        clients: args.clients.clone(),
        workspaces: args.workspaces.clone(),
        all: args.all,
        reason: None,
    })
}

async fn rotate(args: &RotateArgs, session: &Session) -> Outcome {
    // What is there says which fields are secret: for asking, and so that none is taken from an argument.
    let there = session.read(session.client.credential(&args.handle)).await?;
    let mut given = args.fields.clone();
    if given.is_empty() && args.generate.is_empty() {
        given.secrets = there
            .list("fields")
            .iter()
            .filter(|field| field.text("class") == Some("secret"))
            .filter_map(|field| field.text("name").map(str::to_owned))
            .collect();
        if !session.ask.somebody() {
            return Err(Failure::local("no new values were given").hint(format!(
                "--secret NAME=@FILE or NAME=-; its secrets are {}",
                joined(given.secrets.iter().map(|name| format!("`{name}`")))
            )));
        }
    }
    let fields = read_fields(&given, &there, session)?;
    let expires_at = args
        .expires
        .as_deref()
        .map(|text| future("--expires", text, Timestamp::now()))
        .transpose()?;
    let grace_days = args.grace.as_deref().map(|text| days("--grace", text)).transpose()?;
    let body = RotateCredential {
        plain: fields.plain,
        destinations: fields.destinations,
        json: fields.json,
        fields: fields.values,
        grace_days,
        grace_until_moved: args.until_moved,
        generate: args.generate.iter().cloned().collect(),
        expires_at,
        accept_duplicate: args.accept_duplicate,
        reason: None,
    };
    let answer = session
        .write(
            session
                .client
                .rotate_credential(&args.handle, &body, &args.write.options()),
        )
        .await?;
    let version = answer
        .number("version")
        .map(|version| format!(": version {version} is current everywhere"))
        .unwrap_or_default();
    session.tell(&answer, &format!("credential `{}` rotated{version}", args.handle))
}

async fn reveal(args: &RevealArgs, session: &Session) -> Outcome {
    if args.raw && args.fields.len() != 1 {
        return Err(Failure::local("--raw prints one value").hint("name it with one --field NAME"));
    }
    let reason = match &args.reason {
        Some(reason) => Some(reason.clone()),
        None => session.ask.text("Reason (kept in the record):")?,
    };
    let body = RevealCredential {
        reason,
        version: args.version,
        fields: (!args.fields.is_empty()).then(|| args.fields.clone()),
        break_glass: args.break_glass,
    };
    let answer = session
        .read(
            session
                .client
                .reveal_approved(&args.handle, &body, args.approval.as_deref()),
        )
        .await?;
    if args.raw && !session.output.json() {
        let value = args
            .fields
            .first()
            .and_then(|name| answer.get("fields")?.get(name))
            .map(value_text)
            .unwrap_or_default();
        return session.output.bytes(format!("{value}\n").as_bytes());
    }
    session.output.show(&answer, |look| show::values(&answer, look))?;
    session.output.talk(format!(
        "recorded at position {}",
        answer.number("position").unwrap_or_default()
    ));
    Ok(())
}

fn read_fields(given: &FieldArgs, there: &Value, session: &Session) -> Outcome<Fields> {
    let (service, kind) = (
        there.text("service").unwrap_or_default(),
        there.text("kind").unwrap_or_default(),
    );
    Fields::read(given, service, kind, &session.ask, &mut session.stdin.borrow_mut())
}

fn rotation(every: Option<&str>, grace: Option<&str>) -> Outcome<Option<Rotation>> {
    let Some(every) = every else { return Ok(None) };
    let grace_days = grace.map(|text| days("--grace", text)).transpose()?.unwrap_or_default();
    Ok(Some(Rotation {
        every_days: days("--rotate-every", every)?,
        grace_days,
    }))
}

/// What is there, with what is set put on it and what is unset taken away.
fn merged(there: Vec<(String, String)>, set: Vec<(String, String)>, unset: &[String]) -> Vec<(String, String)> {
    let mut merged: Vec<_> = there.into_iter().filter(|(name, _)| !unset.contains(name)).collect();
    for (name, value) in set {
        match merged.iter_mut().find(|(there, _)| *there == name) {
            Some(pair) => pair.1 = value,
            None => merged.push((name, value)),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|&(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    #[test]
    fn tags_are_put_on_what_is_there() {
        let there = owned(&[("team", "eu"), ("owner", "mia")]);
        let tags = merged(there, owned(&[("team", "us"), ("tier", "1")]), &["owner".to_owned()]);
        assert_eq!(tags, owned(&[("team", "us"), ("tier", "1")]));
    }

    #[test]
    fn a_rotation_policy_is_in_days() {
        assert_eq!(rotation(None, None).unwrap(), None);
        assert_eq!(
            rotation(Some("12w"), Some("7d")).unwrap(),
            Some(Rotation {
                every_days: 84,
                grace_days: 7
            })
        );
        assert!(rotation(Some("often"), None).is_err());
    }
}
