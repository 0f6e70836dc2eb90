//! A credential made on the spot, within a setup: asked for like everything else before anything is done.

use super::{Behind, Choice, part};
use crate::args::WriteArgs;
use crate::doc::Doc;
use crate::failure::{Failure, Outcome};
use crate::input::Fields;
use crate::output::joined;
use crate::session::Session;
use serde_json::Value;
use std::collections::BTreeMap;
use strongroom_api::credential::CreateCredential;

/// Asks for a credential that fits a variable in a workspace: its service, one of its kinds, the workspace's client.
pub(super) fn ask(variable: &Value, workspace: &Value, session: &Session) -> Outcome<CreateCredential> {
    let service = variable.text("service").unwrap_or_default();
    let name = session.ask.text(&format!("{service}: name of the new credential:"))?;
    let name = name.ok_or_else(|| Failure::local("a credential needs a name; nothing was changed"))?;
    let kinds = match variable.texts("kinds") {
        kinds if kinds.is_empty() => KINDS.to_vec(),
        kinds => kinds,
    };
    let kind = match kinds.as_slice() {
        [only] => *only,
        _ => session
            .ask
            .choose("Kind:", "type to search", kinds.clone())?
            .ok_or_else(|| Failure::local("a credential needs a kind; nothing was changed"))?,
    };
    let mut fields = Fields::default();
    fields.ask_for_missing(kind, &session.ask)?;
    if fields.values.0.is_empty() {
        fields.ask_for_named(&session.ask)?;
    }
    let scopes = variable.texts("scopes");
    if !scopes.is_empty() {
        let needed = joined(scopes.clone());
        session.output.talk(format!(
            "the variable needs the scopes {needed}: `{name}` is kept as having them"
        ));
    }
    Ok(CreateCredential {
        name,
        service: service.to_owned(),
        kind: kind.to_owned(),
        client: workspace.text("client").map(str::to_owned),
        scopes: scopes.into_iter().map(str::to_owned).collect(),
        plain: fields.plain,
        destinations: fields.destinations,
        json: fields.json,
        fields: fields.values,
        ..CreateCredential::default()
    })
}

/// What a variable takes that names no kinds, but for those that belong to a connection.
const KINDS: [&str; 5] = ["api_key", "access_token", "basic", "client_credentials", "custom"];

/// Makes those that are new; their handles by variable.
pub(super) async fn make(
    choices: &[Choice],
    write: &WriteArgs,
    session: &Session,
) -> Outcome<BTreeMap<String, String>> {
    let mut made = BTreeMap::new();
    for choice in choices {
        let Behind::Fresh(body) = &choice.behind else { continue };
        let options = part(write, &format!("{}/create", choice.variable));
        let answer = session
            .write(session.client.create_credential(body, &options))
            .await
            .map_err(|failure| match made.is_empty() {
                true => failure.hint("nothing was changed"),
                false => failure.hint(format!(
                    "made before it: {}; nothing is mapped yet",
                    joined(made.values())
                )),
            })?;
        let handle = answer.text("handle").unwrap_or_default().to_owned();
        session.output.talk(format!("credential `{handle}` made"));
        made.insert(choice.variable.clone(), handle);
    }
    Ok(made)
}
