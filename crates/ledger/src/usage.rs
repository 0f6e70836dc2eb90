//! Who used a credential: servings and reveals read from its part of the log, with the counts of their windows.

use crate::Ledger;
use crate::index::Concern;
use crate::inner::Shared;
use crate::request::Failure;
use std::collections::{BTreeMap, HashMap, HashSet};
use strongroom_domain::event::{Event, Subject};
use strongroom_domain::ids::{CredentialId, CredentialVersion, Position, PrincipalId, TemplateId, TimeUs, WorkspaceId};
use strongroom_domain::state::State;
use strongroom_domain::stored;

/// Servings of one credential that are looked at, the newest.
const SERVINGS_MAX: usize = 20_000;

/// How somebody came by the values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// A run was served them.
    Resolved {
        /// In this workspace.
        workspace: WorkspaceId,
        /// For this template.
        template: TemplateId,
    },
    /// A person saw them.
    Revealed,
}

/// One use: by whom, how, of which version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// By whom.
    pub principal: PrincipalId,
    /// How.
    pub way: Way,
    /// Of which version.
    pub version: CredentialVersion,
    /// The first that was looked at.
    pub first_at: TimeUs,
    /// The last, to the window.
    pub last_at: TimeUs,
    /// How often: a lower bound.
    pub times: u64,
}

/// All uses of a credential.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Uses {
    /// The latest first.
    pub uses: Vec<Use>,
    /// Whether all of its history was looked at.
    pub complete: bool,
}

/// A run that was last served values which were replaced since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Behind {
    /// Who runs it.
    pub principal: PrincipalId,
    /// In this workspace.
    pub workspace: WorkspaceId,
    /// This template.
    pub template: TemplateId,
    /// The version that it was last served.
    pub version: CredentialVersion,
    /// When, to the window.
    pub last_at: TimeUs,
}

impl Uses {
    /// The runs that have not been served a version since `current`, of those that still could be.
    #[must_use]
    pub fn behind(&self, state: &State, current: CredentialVersion) -> Vec<Behind> {
        let mut newest: BTreeMap<(PrincipalId, WorkspaceId, TemplateId), (CredentialVersion, TimeUs)> = BTreeMap::new();
        for one in &self.uses {
            let Way::Resolved { workspace, template } = one.way else {
                continue;
            };
            let entry = newest.entry((one.principal, workspace, template)).or_default();
            *entry = (*entry).max((one.version, one.last_at));
        }
        let runs = |principal: &PrincipalId, workspace: &WorkspaceId| {
            state.principals.get(principal).is_some_and(|it| !it.disabled)
                && state.workspaces.get(workspace).is_some_and(|it| !it.archived)
        };
        newest
            .into_iter()
            .filter(|((principal, workspace, _), (version, _))| *version < current && runs(principal, workspace))
            .map(|((principal, workspace, template), (version, last_at))| Behind {
                principal,
                workspace,
                template,
                version,
                last_at,
            })
            .collect()
    }
}

impl Ledger {
    /// Who used a credential. It says nothing of who may know.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn uses(&self, credential: CredentialId) -> Result<Uses, Failure> {
        self.shared.uses(credential)
    }
}

impl Shared {
    /// As [`Ledger::uses`].
    pub(crate) fn uses(&self, credential: CredentialId) -> Result<Uses, Failure> {
        let head = self.view().head;
        let concerns = [vec![Concern::Subject(Subject::Credential(credential))]];
        let mut range = 0..head;
        let mut found: BTreeMap<(PrincipalId, Way, CredentialVersion), Use> = BTreeMap::new();
        let mut windows: HashMap<Position, (PrincipalId, Way, CredentialVersion)> = HashMap::new();
        let mut looked = 0;
        let complete = loop {
            let candidates = self.candidates(&concerns, &range, true)?;
            let Some(last) = candidates.last().copied() else {
                break true;
            };
            if looked >= SERVINGS_MAX {
                break false;
            }
            for position in candidates {
                let Some((recorded, _)) = self.opened(position)? else {
                    continue;
                };
                let principal = PrincipalId(recorded.stream.id);
                let (way, version) = match &recorded.event {
                    Event::Accessed(data) => {
                        let served = data.served.iter().find(|it| it.credential == credential);
                        let Some(served) = served else { continue };
                        let way = Way::Resolved {
                            workspace: data.workspace,
                            template: data.template,
                        };
                        windows.insert(position, (principal, way, served.version));
                        (way, served.version)
                    }
                    Event::Revealed(data) if data.credential == credential => (Way::Revealed, data.version),
                    _ => continue,
                };
                looked += 1;
                let at = recorded.recorded_at;
                let entry = found.entry((principal, way, version)).or_insert(Use {
                    principal,
                    way,
                    version,
                    first_at: at,
                    last_at: at,
                    times: 0,
                });
                entry.first_at = entry.first_at.min(at);
                entry.last_at = entry.last_at.max(at);
                entry.times += 1;
            }
            range.end = last;
        };
        self.count_windows(&windows, &mut found)?;
        let mut uses: Vec<Use> = found.into_values().collect();
        uses.sort_by(|one, other| {
            other
                .last_at
                .cmp(&one.last_at)
                .then_with(|| one.principal.cmp(&other.principal))
        });
        Ok(Uses { uses, complete })
    }

    /// Adds what was counted in the windows that servings opened: it stands in the streams of those who were served.
    fn count_windows(
        &self,
        windows: &HashMap<Position, (PrincipalId, Way, CredentialVersion)>,
        found: &mut BTreeMap<(PrincipalId, Way, CredentialVersion), Use>,
    ) -> Result<(), Failure> {
        let Some(first) = windows.keys().min().copied() else {
            return Ok(());
        };
        let counted = stored::type_code_of("access.counted").unwrap_or_default();
        let principals: HashSet<PrincipalId> = windows.values().map(|(principal, ..)| *principal).collect();
        let concerns = [vec![Concern::Type(counted)]];
        let mut range = first..self.view().head;
        let mut looked = 0;
        while looked < SERVINGS_MAX {
            let candidates = self.candidates(&concerns, &range, true)?;
            let Some(last) = candidates.last().copied() else { break };
            for position in candidates {
                looked += 1;
                let Some((recorded, _)) = self.opened(position)? else {
                    continue;
                };
                let Event::Counted(data) = &recorded.event else {
                    continue;
                };
                if !principals.contains(&PrincipalId(recorded.stream.id)) {
                    continue;
                }
                for window in &data.windows {
                    if let Some(entry) = windows.get(&window.accessed).and_then(|key| found.get_mut(key)) {
                        entry.times += window.count;
                    }
                }
            }
            range.end = last;
        }
        Ok(())
    }
}
