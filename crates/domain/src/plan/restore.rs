//! A scope put back to what it was: the difference between then and now as changes, none of which takes a record away.
//!
//! What was taken from somebody stays taken: revoked credentials, what is archived, stewards who are gone. Tokens and grants are no part of
//! any scope. Each change is decided by the rights, reach and client guard of now.

use super::{Plan, Step, Touched};
use crate::command::{Change, Command, FieldInput, Ref, ShareCredential, UpdateCredential};
use crate::event::FieldFact;
use crate::find;
use crate::ids::{CredentialId, Position, TemplateId, WorkspaceId};
use crate::rejection::Rejection;
use crate::rights::Visible;
use crate::secret::SecretText;
use crate::state::{Credential, DefaultKey, Installation, Mapping, Reach, State, Workspace};
use crate::words::{CredentialStatus, FieldClass};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What is put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RestoreScope {
    /// Mappings, defaults and admissions of every workspace.
    Mappings,
    /// Those of one workspace.
    Workspace(Ref),
    /// A client's credentials, and what its workspaces have.
    Client(Ref),
    /// A credential: values, what is known of it, reach, steward.
    Credential(Ref),
}

/// A wish to put something back.
#[derive(Debug, Clone)]
pub struct Restore {
    /// State as it was.
    pub then: Arc<State>,
    /// The last record of it.
    pub position: Position,
    /// What of it.
    pub scope: RestoreScope,
}

const REVOKED: &str = "it is revoked: what is revoked does not come back";
const ARCHIVED: &str = "it is archived: nothing is served in it";
const MADE_SINCE: &str = "it was made since: what was made stays";
const FIRST_ADMISSION: &str = "a first admission stays: without mappings nothing of it is served";
const GONE_STEWARD: &str = "who answered for it then is disabled or not there any more";
const NO_USE: &str = "what stood there is revoked or disabled by now: it is not put back";

/// Makes the plan. Where nothing differs it has no lines.
pub(super) fn plan(state: &State, visible: &Visible<'_>, wish: &Restore) -> Result<Plan, Rejection> {
    let back = Back {
        state,
        then: &wish.then,
        visible,
    };
    let mut plan = Plan::default();
    let target = match &wish.scope {
        RestoreScope::Mappings => {
            back.workspaces(|_| true, &mut plan);
            back.defaults(None, &mut plan);
            "mappings".to_owned()
        }
        RestoreScope::Workspace(reference) => {
            let workspace = find::workspace(state, visible, reference, "/scope/workspace")?;
            if !wish.then.workspaces.contains_key(&workspace.id) {
                return Err(not_there("the workspace"));
            }
            back.workspace(workspace, &mut plan);
            format!("workspace:{}", workspace.id)
        }
        RestoreScope::Client(reference) => {
            let client = find::client(state, visible, reference, "/scope/client")?;
            if !wish.then.clients.contains_key(&client.id) {
                return Err(not_there("the client"));
            }
            // What was another's then is that one's to put back.
            let own = state.credentials.values().filter(|it| it.client == Some(client.id));
            let mut own: Vec<&Arc<Credential>> = own.collect();
            own.sort_by(|a, b| a.handle.cmp(&b.handle));
            for credential in own {
                back.seen_credential(credential, &mut plan);
            }
            back.workspaces(|it| it.client == Some(client.id), &mut plan);
            format!("client:{}", client.id)
        }
        RestoreScope::Credential(reference) => {
            let credential = find::credential(state, visible, reference, "/scope/credential")?;
            if !wish.then.credentials.contains_key(&credential.id) {
                return Err(not_there("the credential"));
            }
            back.seen_credential(credential, &mut plan);
            format!("credential:{}", credential.id)
        }
    };
    let done = plan
        .lines
        .iter()
        .filter(|line| matches!(line.step, Step::Do(_)))
        .count();
    if done > 0 {
        let command = Command::RecordRestored {
            position: wish.position,
            target,
            count: done as u64,
        };
        let line = super::Line::new(Touched::Other("ledger.restored"), Step::Do(Box::new(command)));
        plan.lines.insert(0, line);
    }
    Ok(plan)
}

fn not_there(what: &str) -> Rejection {
    let message = format!("{what} was not there then");
    Rejection::invalid("/to", message, "name a later moment")
}

struct Back<'p> {
    state: &'p State,
    then: &'p State,
    visible: &'p Visible<'p>,
}

impl Back<'_> {
    /// What some workspaces had, in the order in which people list them.
    fn workspaces(&self, of: impl Fn(&Workspace) -> bool, plan: &mut Plan) {
        let mut some: Vec<&Arc<Workspace>> = self.state.workspaces.values().filter(|it| of(it)).collect();
        some.sort_by(|a, b| a.handle.cmp(&b.handle));
        for workspace in some {
            self.workspace(workspace, plan);
        }
    }

    /// What a workspace had, or how much of it the asker may not see.
    fn workspace(&self, workspace: &Workspace, plan: &mut Plan) {
        let mut lines = Plan::default();
        self.admissions_and_mappings(workspace, &mut lines);
        self.defaults(Some(workspace.id), &mut lines);
        if self.visible.workspace(workspace) {
            plan.lines.append(&mut lines.lines);
        } else {
            plan.hidden += lines.lines.len();
        }
    }

    fn admissions_and_mappings(&self, workspace: &Workspace, plan: &mut Plan) {
        let of = |state: &State| -> BTreeSet<TemplateId> {
            let keys = state.installations.keys().filter(|(id, _)| *id == workspace.id);
            keys.map(|(_, template)| *template).collect()
        };
        for template in of(self.state).union(&of(self.then)) {
            let key = (workspace.id, *template);
            let (now, then) = (self.state.installations.get(&key), self.then.installations.get(&key));
            let mut lines = Plan::default();
            admission(key, now.map(AsRef::as_ref), then.map(AsRef::as_ref), &mut lines);
            self.mappings(key, now.map(AsRef::as_ref), then.map(AsRef::as_ref), &mut lines);
            for mut line in lines.lines {
                if workspace.archived {
                    line.step = Step::Kept(ARCHIVED);
                }
                plan.lines.push(line);
            }
        }
    }

    fn mappings(
        &self,
        (workspace, template): (WorkspaceId, TemplateId),
        now: Option<&Installation>,
        then: Option<&Installation>,
        plan: &mut Plan,
    ) {
        let places = |it: Option<&Installation>| -> BTreeSet<(String, Option<String>)> {
            let mappings = it.into_iter().flat_map(|it| &it.mappings);
            mappings.map(|it| (it.variable.clone(), it.instance.clone())).collect()
        };
        for (variable, instance) in places(now).union(&places(then)) {
            let mapped = |it: Option<&Installation>| -> Option<CredentialId> {
                let same = |it: &&Mapping| it.variable == *variable && it.instance == *instance;
                it?.mappings.iter().find(same).map(|it| it.credential)
            };
            let (from, to) = (mapped(now), mapped(then));
            if from == to {
                continue;
            }
            let touched = Touched::Mapping {
                workspace,
                template,
                variable: variable.clone(),
                instance: instance.clone(),
                from,
                to,
            };
            let (place, template_ref) = (workspace.to_string(), template.to_string());
            let command = match to {
                Some(credential) => Command::MapVariable {
                    workspace: place,
                    template: template_ref,
                    variable: variable.clone(),
                    instance: instance.clone(),
                    credential: credential.to_string(),
                },
                None => Command::UnmapVariable {
                    workspace: place,
                    template: template_ref,
                    variable: variable.clone(),
                    instance: instance.clone(),
                },
            };
            self.put(touched, to, command, plan);
        }
    }

    fn defaults(&self, workspace: Option<WorkspaceId>, plan: &mut Plan) {
        let of = |state: &State| -> BTreeSet<DefaultKey> {
            let keys = state.defaults.keys().filter(|key| key.workspace == workspace);
            keys.cloned().collect()
        };
        for key in of(self.state).union(&of(self.then)) {
            let set = |state: &State| state.defaults.get(key).and_then(|it| it.credential);
            let (from, to) = (set(self.state), set(self.then));
            if from == to {
                continue;
            }
            let touched = Touched::Default {
                workspace,
                service: key.service.clone(),
                kind: key.kind,
                from,
                to,
            };
            let (place, service, kind) = (workspace.map(|id| id.to_string()), key.service.clone(), key.kind);
            let command = match to {
                Some(credential) => Command::SetDefault {
                    workspace: place,
                    service,
                    kind,
                    credential: credential.to_string(),
                },
                None => Command::UnsetDefault {
                    workspace: place,
                    service,
                    kind,
                },
            };
            self.put(touched, to, command, plan);
        }
    }

    /// What stood there is put there again, unless it may not be used any more.
    fn put(&self, touched: Touched, to: Option<CredentialId>, command: Command, plan: &mut Plan) {
        let good = |id: CredentialId| {
            let credential = self.state.credentials.get(&id);
            credential.is_some_and(|it| it.status == CredentialStatus::Active)
        };
        if to.is_none_or(good) {
            plan.take(touched, command);
        } else {
            plan.line(touched, Step::Kept(NO_USE));
        }
    }

    fn seen_credential(&self, credential: &Credential, plan: &mut Plan) {
        let mut lines = Plan::default();
        self.credential(credential, &mut lines);
        if self.visible.credential(credential) {
            plan.lines.append(&mut lines.lines);
        } else {
            plan.hidden += lines.lines.len();
        }
    }

    fn credential(&self, now: &Credential, plan: &mut Plan) {
        let line = |what, from: Option<String>, to: Option<String>| Touched::Credential {
            credential: now.id,
            what,
            from,
            to,
        };
        let Some(then) = self.then.credentials.get(&now.id) else {
            plan.line(line("credential", None, None), Step::Kept(MADE_SINCE));
            return;
        };
        if now.status == CredentialStatus::Revoked {
            if then.status != CredentialStatus::Revoked {
                let touched = line(
                    "status",
                    Some("revoked".to_owned()),
                    Some(then.status.as_str().to_owned()),
                );
                plan.line(touched, Step::Kept(REVOKED));
            }
            return;
        }
        let reference = now.id.to_string();
        let base = version(now, then, &reference, plan);
        details(now, then, base.as_deref().unwrap_or(&now.fields), &reference, plan);
        self.steward(now, then, &reference, plan);
        reach(now, then, &reference, plan);
        // Last: what is disabled can be changed, and what comes back is whole.
        let (from, to) = (now.status, then.status);
        let touched = line("status", Some(from.as_str().to_owned()), Some(to.as_str().to_owned()));
        match (from, to) {
            (CredentialStatus::Active, CredentialStatus::Disabled) => {
                plan.take(touched, Command::DisableCredential { credential: reference });
            }
            (CredentialStatus::Disabled, CredentialStatus::Active) => {
                plan.take(touched, Command::EnableCredential { credential: reference });
            }
            _ => {}
        }
    }

    fn steward(&self, now: &Credential, then: &Credential, reference: &str, plan: &mut Plan) {
        if now.steward == then.steward {
            return;
        }
        let touched = Touched::Steward {
            credential: now.id,
            from: now.steward,
            to: Some(then.steward),
        };
        let there = self.state.principals.get(&then.steward);
        if there.is_none_or(|it| it.disabled) {
            plan.line(touched, Step::Kept(GONE_STEWARD));
            return;
        }
        let update = UpdateCredential {
            credential: reference.to_owned(),
            steward: Some(then.steward.to_string()),
            ..UpdateCredential::default()
        };
        plan.take(touched, Command::UpdateCredential(Box::new(update)));
    }
}

fn admission(
    (workspace, template): (WorkspaceId, TemplateId),
    now: Option<&Installation>,
    then: Option<&Installation>,
    plan: &mut Plan,
) {
    let (from, to) = (now.and_then(|it| it.revision), then.and_then(|it| it.revision));
    if from == to {
        return;
    }
    let touched = Touched::Admission {
        workspace,
        template,
        from,
        to,
    };
    let Some(revision) = to else {
        plan.line(touched, Step::Kept(FIRST_ADMISSION));
        return;
    };
    let command = Command::AdmitTemplate {
        workspace: workspace.to_string(),
        template: template.to_string(),
        revision: Some(revision),
    };
    plan.take(touched, command);
}

/// The values that it had; gives the fields that it has then, where they are others.
fn version(now: &Credential, then: &Credential, reference: &str, plan: &mut Plan) -> Option<Vec<FieldFact>> {
    let (current, wanted) = (now.versions.back()?, then.versions.back()?);
    if current.values_at == wanted.values_at {
        return None;
    }
    let touched = Touched::Credential {
        credential: now.id,
        what: "version",
        from: Some(current.version.to_string()),
        to: Some(wanted.version.to_string()),
    };
    plan.take(
        touched,
        Command::RollbackCredential {
            credential: reference.to_owned(),
            version: wanted.version,
        },
    );
    if let Some(line) = plan.lines.last_mut() {
        let remark = "values that were replaced may be good no more: the service has likely retired them";
        line.remark = Some(remark.to_owned());
    }
    // The version's own, which it was entered with.
    now.version_fact(wanted.version).map(|fact| fact.fields.to_vec())
}

/// What is known of it beside its values, in one change. `fields` are those that it has by then.
fn details(now: &Credential, then: &Credential, fields: &[FieldFact], reference: &str, plan: &mut Plan) {
    let mut which: Vec<&str> = Vec::new();
    let mut differs = |name, differs: bool| {
        if differs {
            which.push(name);
        }
        differs
    };
    let plain = |facts: &[FieldFact]| -> Vec<FieldFact> {
        let plain = facts.iter().filter(|it| it.class == FieldClass::Plain);
        plain.cloned().collect()
    };
    let (have, had) = (plain(fields), plain(&then.fields));
    let changed = |it: &&FieldFact| !have.contains(it);
    let gone = |it: &&FieldFact| !had.iter().any(|one| one.name == it.name);
    // A version that is put back brings the end of its values along.
    let expires_at = if fields == now.fields {
        now.expires_at
    } else {
        then.expires_at
    };
    let update = UpdateCredential {
        credential: reference.to_owned(),
        name: differs("name", now.name != then.name).then(|| then.name.clone()),
        description: differs("description", now.description != then.description).then(|| then.description.clone()),
        tags: differs("tags", now.tags != then.tags).then(|| then.tags.clone()),
        settings: differs("settings", now.settings != then.settings).then(|| then.settings.clone()),
        client: change(
            differs("client", now.client != then.client),
            then.client.map(|id| id.to_string()),
        ),
        expires_at: change(differs("expires_at", expires_at != then.expires_at), then.expires_at),
        rotation: change(
            differs("rotation", now.rotation != then.rotation),
            then.rotation.clone(),
        ),
        scopes: differs("scopes", now.scopes != then.scopes).then(|| then.scopes.clone()),
        fields: if differs("fields", have != had) {
            had.iter().filter(changed).filter_map(entered).collect()
        } else {
            Vec::new()
        },
        remove_fields: have.iter().filter(gone).map(|it| it.name.clone()).collect(),
        steward: None,
    };
    if which.is_empty() {
        return;
    }
    let touched = Touched::Credential {
        credential: now.id,
        what: "details",
        from: None,
        to: Some(which.join(", ")),
    };
    plan.take(touched, Command::UpdateCredential(Box::new(update)));
}

fn change<T>(differs: bool, to: Option<T>) -> Change<T> {
    match (differs, to) {
        (false, _) => Change::Keep,
        (true, None) => Change::Clear,
        (true, Some(to)) => Change::Set(to),
    }
}

/// A plain field as it would be entered.
fn entered(fact: &FieldFact) -> Option<FieldInput> {
    Some(FieldInput {
        name: fact.name.clone(),
        value: SecretText::new(fact.value.clone()?),
        class: FieldClass::Plain,
        json: fact.json,
    })
}

/// What of some the others don't have.
fn beyond<T: PartialEq + ToString>(some: &[T], others: &[T]) -> Vec<String> {
    let beyond = some.iter().filter(|it| !others.contains(it));
    beyond.map(ToString::to_string).collect()
}

fn reach(now: &Credential, then: &Credential, reference: &str, plan: &mut Plan) {
    let (have, had) = (&now.reach, &then.reach);
    let sharing = |of: &Reach, other: &Reach| ShareCredential {
        credential: reference.to_owned(),
        all: of.all && !other.all,
        clients: beyond(&of.clients, &other.clients),
        workspaces: beyond(&of.workspaces, &other.workspaces),
    };
    let is_something = |it: &ShareCredential| it.all || !it.clients.is_empty() || !it.workspaces.is_empty();
    let (more, less) = (sharing(had, have), sharing(have, had));
    for (shared, input) in [(true, more), (false, less)] {
        if !is_something(&input) {
            continue;
        }
        let touched = Touched::Reach {
            credential: now.id,
            shared,
        };
        let command = if shared {
            Command::ShareCredential(input)
        } else {
            Command::UnshareCredential(input)
        };
        plan.take(touched, command);
    }
}
