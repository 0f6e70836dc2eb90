//! Templates on their way to another ledger: nothing of this one goes along.

use crate::Ledger;
use crate::request::Failure;
use serde_json::Value;
use strongroom_domain::context::Caller;
use strongroom_domain::event::Variable;
use strongroom_domain::ids::Revision;
use strongroom_domain::rights::{Target, visible};
use strongroom_domain::words::Right;
use strongroom_domain::{Rejection, State, find};
use strongroom_formats::Kind;
use strongroom_formats::share::{self, OwnNames};

impl Ledger {
    /// A template's revision (else its newest) as a file for another ledger. Takes `design` on the ledger.
    ///
    /// # Errors
    /// [`Failure::NotShareable`] where names of this ledger stand in it, or secrets that were accepted, unless `as_is`.
    pub fn export_template(
        &self,
        caller: &Caller,
        template: &str,
        revision: Option<Revision>,
        as_is: bool,
    ) -> Result<Vec<u8>, Failure> {
        let view = self.view();
        let seen = visible(&view.state, caller, view.now);
        let template = find::template(&view.state, &seen, template, "/template")?;
        seen.authorize(Right::Design, Target::Ledger).map_err(Rejection::from)?;
        let fact = find::revision(template, revision, "/revision")?;
        let document = self.open_document(fact.document_at)?.bytes;
        let internal = |error: serde_json::Error| Failure::Internal(error.to_string());
        let document: Value = serde_json::from_slice(&document).map_err(internal)?;
        let variables: Vec<_> = fact.variables.iter().map(variable).collect();
        let shared = share::value(
            &template.name,
            &template.description,
            &fact.format,
            &variables,
            &document,
        );
        if !as_is {
            let names = own_names(&view.state).places(&shared);
            let secret = |it: &strongroom_domain::event::AcceptedFinding| format!("/document{}", it.pointer);
            let secrets: Vec<String> = fact.hardcoded_accepted.iter().map(secret).collect();
            if !names.is_empty() || !secrets.is_empty() {
                return Err(Failure::NotShareable { names, secrets });
            }
        }
        let mut bytes = serde_json::to_vec_pretty(&shared).map_err(internal)?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

/// Whatever the asker may see: a name must not leave because he does not know it. Places alone are told to him.
fn own_names(state: &State) -> OwnNames {
    let ids: Vec<String> = state
        .credentials
        .keys()
        .map(ToString::to_string)
        .chain(state.clients.keys().map(ToString::to_string))
        .chain(state.workspaces.keys().map(ToString::to_string))
        .chain(state.templates.keys().map(ToString::to_string))
        .collect();
    let credentials = state
        .credentials
        .values()
        .flat_map(|it| [it.name.as_str(), it.handle.as_str()]);
    let clients = state
        .clients
        .values()
        .flat_map(|it| [it.name.as_str(), it.handle.as_str()]);
    let workspaces = state
        .workspaces
        .values()
        .flat_map(|it| [it.name.as_str(), it.handle.as_str()]);
    let names = credentials.chain(clients).chain(workspaces);
    OwnNames::of(names.chain(ids.iter().map(String::as_str)))
}

fn variable(it: &Variable) -> strongroom_formats::Variable {
    strongroom_formats::Variable {
        name: it.name.clone(),
        service: it.service.clone(),
        kinds: it.kinds.iter().filter_map(|kind| Kind::parse(kind.as_str())).collect(),
        scopes: it.scopes.clone(),
        required: it.required,
        description: it.description.clone(),
        n8n_type: it.foreign_type.clone(),
    }
}
