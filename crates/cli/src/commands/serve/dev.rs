//! A ledger to play with: root key and token lie beside the data and protect nothing.

use super::OpenedLedger;
use crate::context::write_private;
use crate::failure::{Failure, Outcome, file_failure};
use crate::output::Output;
use crate::root::DEV_ROOT_KEY;
use serde_json::json;
use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;
use strongroom_api::problem::TYPE_PREFIX;
use strongroom_domain::command::Command;
use strongroom_domain::rights::is_owner;
use strongroom_domain::state::Principal;
use strongroom_ledger::{
    Clock, Failure as LedgerFailure, InitOptions, Ledger, OpenError, OpenOptions, RequestContext, View,
};
use strongroom_seal::{FileProvider, RootKey, RootSource, Token};
use zeroize::Zeroizing;

/// The token of a dev ledger, in the ledger's directory.
const DEV_TOKEN: &str = "dev-token";

/// Opens the dev ledger in a directory, and makes it first where there is none.
///
/// A birth that was stopped is finished: key and token are kept before anything is made with them.
pub(super) fn open(data: &Path, clock: Arc<dyn Clock>, options: impl Fn() -> OpenOptions) -> Outcome<OpenedLedger> {
    let root_key = data.join(DEV_ROOT_KEY);
    if !is_new(data) && !root_key.exists() {
        return Err(open_failure(OpenError::NotDev));
    }
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(data)
        .map_err(|error| file_failure("make the directory", data, &error))?;
    if !root_key.exists() {
        RootKey::make()
            .map_err(|error| Failure::local(error.to_string()))?
            .write_new(&root_key)
            .map_err(|error| file_failure("write", &root_key, &error))?;
    }
    let token = token(&data.join(DEV_TOKEN))?;
    let there = if is_new(data) {
        Err(OpenError::NotBorn)
    } else {
        Ledger::open(data, options())
    };
    let ((ledger, report), made) = match there {
        Err(OpenError::NotBorn) => {
            make(data, &token, clock)?;
            (Ledger::open(data, options()).map_err(open_failure)?, true)
        }
        there => (there.map_err(open_failure)?, false),
    };
    Ok(OpenedLedger {
        ledger,
        report,
        token: Some(token),
        made,
    })
}

/// Issues a new token where the kept one opens nothing: it was revoked, it has ended, or its file was lost. Says so.
///
/// The new one is kept before it is issued: a start that is stopped in between leaves one that the next start finds
/// unknown, and replaces.
pub(super) async fn renew_token(opened: &mut OpenedLedger, data: &Path, output: &Output) -> Outcome {
    let Some(kept) = opened.token.as_ref() else {
        return Ok(());
    };
    let Err(LedgerFailure::Unauthenticated(why)) = opened.ledger.authenticate(kept) else {
        return Ok(());
    };
    let view = opened.ledger.view();
    let hash = Token::parse(kept).ok().map(|token| token.stored_hash());
    let owner = owner_for(&view, hash).ok_or_else(|| {
        Failure::local("nobody of this dev ledger may be issued a token")
            .hint("a dev ledger is for playing: delete its directory and start again")
    })?;
    let token = Token::make().map_err(|error| Failure::local(error.to_string()))?;
    write_private(&data.join(DEV_TOKEN), token.expose().as_bytes())?;
    let issue = Command::IssueToken {
        principal: owner.handle.clone(),
        hash: token.stored_hash(),
        label: "dev token".to_owned(),
        expires_at: None,
    };
    let context = RequestContext {
        reason: Some(format!("{why}: `serve --dev` issued another")),
        ..RequestContext::system()
    };
    let issued = opened.ledger.execute(context, issue).await;
    issued.map_err(|failure| refused("no new dev token could be issued", failure))?;
    output.warn(format!("{why}: a new dev token was issued to `{}`", owner.handle));
    opened.token = Some(token.expose());
    Ok(())
}

/// Who gets the new token: who had the old one, if he is an owner still, else the oldest owner by record.
fn owner_for(view: &View, hash: Option<[u8; 32]>) -> Option<Arc<Principal>> {
    let state = &view.state;
    let had = hash.and_then(|hash| state.tokens.get(&hash)).map(|(holder, _)| *holder);
    let owners = state
        .principals
        .values()
        .filter(|it| !it.disabled && is_owner(state, it.id, view.now));
    let first_granted = |it: &Principal| it.grants.first().map(|fact| fact.granted.from);
    owners
        .min_by_key(|it| (Some(it.id) != had, first_granted(it), it.id))
        .cloned()
}

/// The provider of its root key.
pub(super) fn root(data: &Path) -> crate::root::Root {
    Box::new(FileProvider(data.join(DEV_ROOT_KEY)))
}

/// Whether a directory holds no ledger yet, so that its clock may begin in the past.
pub(super) fn is_new(data: &Path) -> bool {
    !data.join("key-file").exists()
}

/// Whether a directory holds a dev ledger.
pub(super) fn is_dev(data: &Path) -> bool {
    data.join(DEV_ROOT_KEY).exists()
}

fn make(data: &Path, token: &Zeroizing<String>, clock: Arc<dyn Clock>) -> Outcome {
    let parsed = Token::parse(token).map_err(|_| {
        Failure::local(format!("{} holds no token", data.join(DEV_TOKEN).display()))
            .hint("a dev ledger is for playing: delete its directory and start again")
    })?;
    let options = InitOptions {
        name: "dev".to_owned(),
        dev: true,
        owner_name: "dev".to_owned(),
        root: root(data),
        source: RootSource::File,
        token_hash: parsed.stored_hash(),
        token_expires_at: None,
        owners_only: false,
        clock,
    };
    Ledger::init(data, options).map_err(open_failure)
}

/// The same token at each start, as long as it opens the ledger.
fn token(path: &Path) -> Outcome<Zeroizing<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Zeroizing::new(Zeroizing::new(text).trim().to_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let token = Token::make()
                .map_err(|error| Failure::local(error.to_string()))?
                .expose();
            write_private(path, token.as_bytes())?;
            Ok(token)
        }
        Err(error) => Err(file_failure("read", path, &error)),
    }
}

/// What the ledger itself refused to the program.
pub(crate) fn refused(what: &str, failure: LedgerFailure) -> Failure {
    match failure {
        LedgerFailure::Rejected(rejection) => {
            Failure::local(format!("{what}: {}", rejection.message())).maybe_hint(rejection.hint())
        }
        other => Failure::local(format!("{what}: {other:?}")),
    }
}

/// A ledger that was not opened, with what to do.
pub(crate) fn open_failure(error: OpenError) -> Failure {
    let mut message = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !message.contains(&cause_text) {
            message = format!("{message}: {cause_text}");
        }
        source = cause.source();
    }
    let problem = json!({
        "type": format!("{TYPE_PREFIX}{}", error.code()),
        "title": error.to_string(),
        "detail": message,
    });
    Failure::local(message).with_problem(problem).hint(error.hint())
}
