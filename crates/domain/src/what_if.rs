//! What follows if a credential were disabled, revoked or shared less: the resolution of now and the one of then, on a
//! snapshot. Pure; nothing is decided or recorded. Costs one resolution before and after for each place that it stands in.

use crate::event::Sharing;
use crate::ids::{CredentialId, TemplateId, TimeUs, WebhookId, WorkspaceId};
use crate::resolve::{MissingWhy, Outcome, Resolution, resolve};
use crate::rights::{Target, Visible};
use crate::state::{Credential, Installation, State, Webhook, WebhookStatus};
use crate::words::{CredentialStatus, Right};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What might be done to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhatIf {
    /// It is not served for now.
    Disable,
    /// It is not served any more.
    Revoke,
    /// It is shared with these no more.
    Unshare(Sharing),
}

/// What would be behind a variable then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// Nothing: runs fail.
    Missing(MissingWhy),
    /// Nothing, and the variable is optional.
    Unset,
    /// Another credential, named by a less specific level.
    Other(CredentialId),
}

/// A variable behind which the credential stands now and would not then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touched {
    /// In this workspace.
    pub workspace: WorkspaceId,
    /// Of this template.
    pub template: TemplateId,
    /// For this workflow instance.
    pub instance: Option<String>,
    /// The variable.
    pub variable: String,
    /// What would be there then.
    pub then: Then,
}

/// All that would change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Following {
    /// Where the asker sees it, by workspace, template, instance, variable.
    pub touched: Vec<Touched>,
    /// Webhooks that would sign with it no more, by id; they are for who audits or administers.
    pub unsigned: Vec<WebhookId>,
    /// How many more there are where he does not.
    pub hidden: u32,
}

/// Says what would change.
#[must_use]
pub fn what_if(state: &State, visible: &Visible<'_>, credential: &Credential, act: &WhatIf, now: TimeUs) -> Following {
    let mut after = state.clone();
    after
        .credentials
        .insert(credential.id, Arc::new(changed(credential, act)));
    let everywhere = state.defaults.values().any(|it| it.credential == Some(credential.id));
    let stands =
        |it: &&Arc<Installation>| everywhere || it.mappings.iter().any(|mapping| mapping.credential == credential.id);
    let mut following = Following::default();
    signing(state, visible, credential, act, &mut following);
    for installation in state.installations.values().filter(stands) {
        let (Some(workspace), Some(template)) = (
            state.workspaces.get(&installation.workspace),
            state.templates.get(&installation.template),
        ) else {
            continue;
        };
        let seen = visible.may(Right::See, Target::Workspace(workspace.id));
        for instance in instances(installation) {
            let on = |state: &State| resolve(state, workspace, template, instance.as_deref(), visible, now).ok();
            let (Some(before), Some(then)) = (on(state), on(&after)) else {
                continue;
            };
            // An instance without a mapping of its own is what the template's level says already.
            let own = |name: &str| {
                let mut mappings = installation.mappings.iter();
                instance.is_none() || mappings.any(|it| it.instance == instance && it.variable == name)
            };
            for touched in differing(&before, &then, credential.id, &instance).filter(|it| own(&it.variable)) {
                if seen {
                    following.touched.push(touched);
                } else {
                    following.hidden += 1;
                }
            }
        }
    }
    following
}

/// The webhooks that a credential signs for: what is shared less signs on.
fn signing(state: &State, visible: &Visible<'_>, credential: &Credential, act: &WhatIf, following: &mut Following) {
    if matches!(act, WhatIf::Unshare(_)) {
        return;
    }
    let seen = [Right::Audit, Right::Administer]
        .iter()
        .any(|right| visible.may(*right, Target::Ledger));
    for webhook in state.webhooks.values().filter(|it| signs_by(it, credential.id)) {
        if seen {
            following.unsigned.push(webhook.id);
        } else {
            following.hidden += 1;
        }
    }
}

/// Whether a webhook that is there signs with a credential.
#[must_use]
pub fn signs_by(webhook: &Webhook, credential: CredentialId) -> bool {
    webhook.secret == credential && webhook.status != WebhookStatus::Removed
}

fn changed(credential: &Credential, act: &WhatIf) -> Credential {
    let mut changed = credential.clone();
    match act {
        WhatIf::Disable => changed.status = CredentialStatus::Disabled,
        WhatIf::Revoke => changed.status = CredentialStatus::Revoked,
        WhatIf::Unshare(sharing) => {
            changed.reach.all &= !sharing.all;
            changed.reach.clients.retain(|client| !sharing.clients.contains(client));
            let workspaces = &mut changed.reach.workspaces;
            workspaces.retain(|workspace| !sharing.workspaces.contains(workspace));
        }
    }
    changed
}

/// No instance, and each that has mappings of its own.
fn instances(installation: &Installation) -> BTreeSet<Option<String>> {
    let own = installation.mappings.iter().map(|mapping| mapping.instance.clone());
    std::iter::once(None).chain(own).collect()
}

fn differing<'r>(
    before: &'r Resolution,
    then: &'r Resolution,
    id: CredentialId,
    instance: &'r Option<String>,
) -> impl Iterator<Item = Touched> + 'r {
    let pairs = before.variables.iter().zip(&then.variables);
    pairs.filter_map(move |(now, then)| {
        let stands = matches!(now.outcome, Outcome::Chosen { credential, .. } if credential == id);
        let after = match &then.outcome {
            _ if !stands => return None,
            Outcome::Chosen { credential, .. } if *credential == id => return None,
            Outcome::Chosen { credential, .. } => Then::Other(*credential),
            Outcome::Missing { why, .. } => Then::Missing(*why),
            Outcome::Unset { .. } => Then::Unset,
        };
        Some(Touched {
            workspace: before.workspace,
            template: before.template,
            instance: instance.clone(),
            variable: now.variable.name.clone(),
            then: after,
        })
    })
}
