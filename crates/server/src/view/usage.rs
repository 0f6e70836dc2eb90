//! Where a credential stands, who came by it, what would follow without it.

use super::Lens;
use crate::time::rfc3339;
use std::collections::BTreeSet;
use strongroom_api::credential::{
    Due, Usage, UsageBehind, UsageDefault, UsageMapping, UsageUse, WhatIf, WhatIfTouched,
};
use strongroom_domain::due::{self as domain, DueBy};
use strongroom_domain::ids::WorkspaceId;
use strongroom_domain::rights::Target;
use strongroom_domain::state::Credential;
use strongroom_domain::what_if::{Following, Then, Touched};
use strongroom_domain::words::Right;
use strongroom_ledger::{Behind, Use, Uses, Way};

impl Lens<'_> {
    /// What would follow.
    pub(crate) fn following(&self, act: &str, it: &Credential, following: &Following) -> WhatIf {
        let touched = |it: &Touched| {
            let (then, credential) = match it.then {
                Then::Missing(_) => ("missing", None),
                Then::Unset => ("unset", None),
                Then::Other(id) => ("other", self.credential_handle(id)),
            };
            WhatIfTouched {
                workspace: self.workspace_handle(it.workspace),
                template: self.template_handle(it.template),
                variable: it.variable.clone(),
                instance: it.instance.clone(),
                then: then.to_owned(),
                credential,
            }
        };
        WhatIf {
            act: act.to_owned(),
            credential: it.handle.clone(),
            touched: following.touched.iter().map(touched).collect(),
            unsigned: {
                let handle = |id| self.state.webhooks.get(id).map(|it| it.handle.clone());
                following.unsigned.iter().filter_map(handle).collect()
            },
            hidden: following.hidden,
        }
    }

    /// Where a credential stands, and who came by it.
    pub(crate) fn usage(&self, it: &Credential, uses: &Uses) -> Usage {
        let mut usage = Usage {
            credential: it.handle.clone(),
            uses: uses.uses.iter().map(|one| self.one_use(one)).collect(),
            behind: uses
                .behind(self.state, it.version())
                .iter()
                .map(|one| self.behind(one))
                .collect(),
            complete: uses.complete,
            ..Usage::default()
        };
        for installation in self.state.installations.values() {
            let sees = || self.seen.may(Right::See, Target::Workspace(installation.workspace));
            for mapping in installation
                .mappings
                .iter()
                .filter(|mapping| mapping.credential == it.id)
            {
                if sees() {
                    usage.mapped.push(UsageMapping {
                        workspace: self.workspace_handle(installation.workspace),
                        template: self.template_handle(installation.template),
                        variable: mapping.variable.clone(),
                        instance: mapping.instance.clone(),
                    });
                } else {
                    usage.hidden += 1;
                }
            }
        }
        for default in self
            .state
            .defaults
            .values()
            .filter(|default| default.credential == Some(it.id))
        {
            let place = default.key.workspace.map_or(Target::Ledger, Target::Workspace);
            if self.seen.may(Right::See, place) {
                usage.defaults.push(UsageDefault {
                    workspace: default.key.workspace.and_then(|id| self.workspace_handle(id)),
                    service: default.key.service.clone(),
                    kind: default.key.kind.as_str().to_owned(),
                });
            } else {
                usage.hidden += 1;
            }
        }
        usage
    }

    /// A credential that is to be rotated.
    pub(crate) fn due(&self, it: &domain::Due<'_>) -> Due {
        let credential = it.credential;
        let mapped = self.state.installations.values().filter(|installation| {
            let mut mappings = installation.mappings.iter();
            mappings.any(|mapping| mapping.credential == credential.id)
        });
        let workspaces: BTreeSet<WorkspaceId> = mapped.map(|installation| installation.workspace).collect();
        Due {
            credential: credential.handle.clone(),
            service: credential.service.clone(),
            client: credential.client.and_then(|id| self.client_handle(id)),
            steward: self.principal_handle(credential.steward),
            due_at: rfc3339(it.at),
            overdue: it.at <= self.now,
            by: match it.by {
                DueBy::Policy => "policy",
                DueBy::Expiry => "expiry",
            }
            .to_owned(),
            entered_at: rfc3339(it.entered_at),
            never_rotated: it.never_rotated,
            workspaces: u32::try_from(workspaces.len()).unwrap_or(u32::MAX),
        }
    }

    fn behind(&self, it: &Behind) -> UsageBehind {
        UsageBehind {
            principal: self.state.principals.get(&it.principal).map(|it| it.handle.clone()),
            workspace: self.workspace_handle(it.workspace),
            template: self.template_handle(it.template),
            version: it.version,
            last_at: rfc3339(it.last_at),
        }
    }

    pub(super) fn one_use(&self, it: &Use) -> UsageUse {
        let (how, workspace, template) = match it.way {
            Way::Resolved { workspace, template } => (
                "resolved",
                self.workspace_handle(workspace),
                self.template_handle(template),
            ),
            Way::Revealed => ("revealed", None, None),
        };
        // Who used it is for everybody to know who sees it, as in its history.
        let principal = self.state.principals.get(&it.principal);
        UsageUse {
            principal: principal.map(|it| it.handle.clone()),
            how: how.to_owned(),
            workspace,
            template,
            version: it.version,
            first_at: rfc3339(it.first_at),
            last_at: rfc3339(it.last_at),
            times: it.times,
        }
    }
}
