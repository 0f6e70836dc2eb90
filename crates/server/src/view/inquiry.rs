//! Answers to auditors' questions.

use super::Lens;
use crate::time::rfc3339;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::sync::Arc;
use strongroom_api::audit::Change;
use strongroom_api::inquiry::{
    Access, Could, Differs, Explained, ExplainedGrant, Hygiene, HygieneItem, ImpactReached, ImpactRotate, LeakHolder,
    LeakResult, Means,
};
use strongroom_domain::access::{self, Means as By};
use strongroom_domain::hygiene::Untidy;
use strongroom_domain::ids::{CredentialId, CredentialVersion, PrincipalId};
use strongroom_domain::state::{Credential, GrantFact};
use strongroom_ledger::{CameBy, Leak, Uses};

/// Members of a thing that differ whenever anything of it does.
const UNTOLD: [&str; 3] = ["etag", "updated_at", "last_used_at"];

impl Lens<'_> {
    /// Why something was allowed or denied: `self` shows the state that it was decided on.
    pub(crate) fn explained(&self, it: strongroom_ledger::Explained) -> Explained {
        let one = |holder: PrincipalId, fact: &GrantFact| ExplainedGrant {
            holder: self.principal_handle(holder),
            grant: self.grant(fact),
        };
        let chain: Vec<ExplainedGrant> = it.chain.iter().map(|(holder, fact)| one(*holder, fact)).collect();
        let denied = it.event.type_name == "access.denied";
        let event = self.event(it.event);
        let text = if denied {
            let told = |name: &str| event.data.get(name).and_then(Value::as_str).unwrap_or_default();
            let (right, why) = (told("right"), told("why"));
            format!("denied: `{}` had no `{right}` there ({why})", event.actor)
        } else {
            match chain.first() {
                None => format!(
                    "`{}` did it without a grant: the ledger itself, or what everybody may do to his own",
                    event.actor
                ),
                Some(first) => {
                    let giver = first
                        .grant
                        .granted_by
                        .clone()
                        .unwrap_or_else(|| "nobody that is known".to_owned());
                    format!(
                        "allowed by `{}`'s grant as {}, given by `{giver}` at {}",
                        event.actor, first.grant.role, first.grant.granted_at
                    )
                }
            }
        };
        Explained {
            text,
            event,
            outcome: if denied { "denied" } else { "allowed" }.to_owned(),
            chain,
            in_force: it.in_force.iter().map(|fact| one(it.actor, fact)).collect(),
        }
    }

    /// Who could come by a credential, and who did.
    pub(crate) fn access(&self, it: &Credential, uses: &Uses) -> Access {
        let could = access::who_could(self.state, it, self.now);
        let used: BTreeSet<PrincipalId> = uses.uses.iter().map(|one| one.principal).collect();
        let handle = |id: PrincipalId| self.principal_handle(id).unwrap_or_else(|| id.to_string());
        let never = could.iter().filter(|one| !used.contains(&one.principal));
        Access {
            credential: it.handle.clone(),
            never: never.map(|one| handle(one.principal)).collect(),
            could: could
                .iter()
                .map(|one| Could {
                    principal: handle(one.principal),
                    means: one.means.iter().map(|by| self.means(*by)).collect(),
                    gets_in: one.gets_in,
                })
                .collect(),
            did: uses.uses.iter().map(|one| self.one_use(one)).collect(),
            complete: uses.complete,
        }
    }

    fn means(&self, by: By) -> Means {
        let (way, place, grant) = match by {
            By::Served {
                workspace,
                template,
                grant,
            } => ("served", Some((workspace, template)), grant),
            By::Read { grant } => ("read", None, grant),
            By::BreakGlass { grant } => ("break_glass", None, grant),
        };
        Means {
            way: way.to_owned(),
            workspace: place.and_then(|(workspace, _)| self.workspace_handle(workspace)),
            template: place.and_then(|(_, template)| self.template_handle(template)),
            grant: grant.map(|id| id.to_string()),
        }
    }

    /// What came out.
    pub(crate) fn reached(&self, it: &CameBy) -> ImpactReached {
        let credential = self.state.credentials.get(&it.credential);
        ImpactReached {
            credential: self.credential_handle(it.credential),
            version: it.version,
            rotated_since: credential.is_none_or(|now| !now.still_has_values_of(it.version)),
            revealed: it.revealed,
            first_at: rfc3339(it.first_at),
            last_at: rfc3339(it.last_at),
            records: it.records,
        }
    }

    /// What to rotate: what came out and is current first, then what could have.
    pub(crate) fn to_rotate(&self, reached: &[ImpactReached], could: &[(String, &'static str)]) -> Vec<ImpactRotate> {
        let mut named = BTreeSet::new();
        let mut rotate = Vec::new();
        for it in reached.iter().filter(|it| !it.rotated_since) {
            let Some(credential) = it.credential.clone().filter(|handle| named.insert(handle.clone())) else {
                continue;
            };
            rotate.push(ImpactRotate {
                credential,
                why: if it.revealed { "revealed" } else { "served" }.to_owned(),
                last_at: Some(it.last_at.clone()),
            });
        }
        // What came out and was rotated since is done with, though it could come out again.
        let done: BTreeSet<&String> = reached.iter().filter_map(|it| it.credential.as_ref()).collect();
        for (credential, why) in could {
            // Who entered the current values knows them, whatever he had seen before.
            if (*why == "entered" || !done.contains(credential)) && named.insert(credential.clone()) {
                rotate.push(ImpactRotate {
                    credential: credential.clone(),
                    why: (*why).to_owned(),
                    last_at: None,
                });
            }
        }
        rotate
    }

    /// What is known of a value that leaked.
    pub(crate) fn leak(&self, it: &Leak) -> LeakResult {
        let (outcome, by, hidden) = match it {
            Leak::NotHeld => ("not_held", &[][..], 0),
            Leak::NotSearchable => ("not_searchable", &[][..], 0),
            Leak::Held { by, hidden } => ("held", by.as_slice(), *hidden),
        };
        let holder = |(id, version): &(CredentialId, CredentialVersion)| {
            let credential = self.state.credentials.get(id)?;
            Some(LeakHolder {
                credential: credential.handle.clone(),
                version: *version,
                current: credential.version() == *version,
                status: credential.status.as_str().to_owned(),
            })
        };
        LeakResult {
            outcome: outcome.to_owned(),
            by: by.iter().filter_map(holder).collect(),
            hidden,
        }
    }

    /// What is untidy.
    pub(crate) fn hygiene(&self, found: &[(Arc<Credential>, Vec<Untidy>)]) -> Hygiene {
        let items = found.iter().map(|(it, untidy)| HygieneItem {
            credential: it.handle.clone(),
            name: it.name.clone(),
            steward: self.principal_handle(it.steward),
            untidy: untidy.iter().map(|one| one.as_str().to_owned()).collect(),
        });
        let accepted = self.state.templates.values().filter(|template| {
            let newest = template.revisions.last();
            !template.retired
                && newest.is_some_and(|fact| !fact.hardcoded_accepted.is_empty())
                && self.seen.template(template)
        });
        Hygiene {
            items: items.collect(),
            hardcoded: accepted.map(|template| template.handle.clone()).collect(),
        }
    }
}

/// What differs between two showings of one thing; none where nothing does.
pub(crate) fn differs(kind: &str, before: Option<(String, Value)>, after: Option<(String, Value)>) -> Option<Differs> {
    let item = |how: &str, handle, changes| Differs {
        kind: kind.to_owned(),
        handle,
        how: how.to_owned(),
        changes,
    };
    match (before, after) {
        (None, None) => None,
        (None, Some((handle, _))) => Some(item("added", handle, Vec::new())),
        (Some((handle, _)), None) => Some(item("removed", handle, Vec::new())),
        (Some((_, before)), Some((handle, after))) => {
            let mut changes = Vec::new();
            members(&mut changes, "", &before, &after);
            (!changes.is_empty()).then(|| item("changed", handle, changes))
        }
    }
}

/// The members that differ, by their path. Lists are told whole.
fn members(changes: &mut Vec<Change>, path: &str, before: &Value, after: &Value) {
    if before == after {
        return;
    }
    let (Value::Object(was), Value::Object(is)) = (before, after) else {
        let told = |value: &Value| Some(value.clone()).filter(|value| !value.is_null());
        changes.push(Change {
            what: path.to_owned(),
            before: told(before),
            after: told(after),
            secret: false,
        });
        return;
    };
    let none = Value::Null;
    let names: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
    for name in names.into_iter().filter(|name| !UNTOLD.contains(&name.as_str())) {
        let path = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        members(
            changes,
            &path,
            was.get(name).unwrap_or(&none),
            is.get(name).unwrap_or(&none),
        );
    }
}

/// A list of things as an object by a name, so that one that changed is told of and not the whole list.
pub(crate) fn by_name(list: Value, name: impl Fn(&Value) -> Option<String>) -> Value {
    let Value::Array(items) = list else { return list };
    let named = items.into_iter().filter_map(|item| Some((name(&item)?, item)));
    Value::Object(named.collect::<Map<_, _>>())
}
