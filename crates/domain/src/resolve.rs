//! Which credential stands behind a variable, and why.

use crate::event::{FieldFact, Served, Variable};
use crate::find;
use crate::ids::{ClientId, CredentialId, CredentialVersion, Revision, TemplateId, TimeUs, WorkspaceId};
use crate::limits::FITTING_MAX;
use crate::rejection::{MissingVariable, Named, Rejection};
use crate::rights::{Denied, DeniedWhy, Target, Visible};
use crate::state::{Credential, DefaultKey, Mapping, Reach, State, Template, Workspace};
use crate::words::{CredentialStatus, Kind, Right, Step};
use std::fmt;

/// Why a credential does not fit a variable in a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhyNot {
    /// It is for another service.
    Service,
    /// It is of a kind that the variable does not accept.
    Kind,
    /// It lacks scopes.
    Scopes {
        /// Those.
        missing: Vec<String>,
    },
    /// It belongs to another client than the workspace and is not shared with it.
    ClientGuard,
    /// It does not reach the workspace.
    OutOfReach,
    /// It is disabled.
    Disabled,
    /// It is revoked or shredded.
    Revoked,
    /// Its values have ended.
    Expired,
}

impl WhyNot {
    /// The stable word.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Kind => "kind",
            Self::Scopes { .. } => "scopes",
            Self::ClientGuard => "client_guard",
            Self::OutOfReach => "out_of_reach",
            Self::Disabled => "disabled",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Service | Self::Kind => "choose a credential of the service and kind that the variable declares",
            Self::Scopes { .. } => "choose a credential that has these scopes",
            Self::ClientGuard => "use a credential of the workspace's client, or share this one explicitly",
            Self::OutOfReach => "share the credential with the workspace, or choose another",
            Self::Disabled => "enable the credential, or choose another",
            Self::Revoked => "choose another credential: this is final",
            Self::Expired => "rotate the credential, or choose another",
        }
    }
}

impl fmt::Display for WhyNot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service => f.write_str("it is for another service"),
            Self::Kind => f.write_str("it is of another kind"),
            Self::Scopes { missing } => write!(f, "it lacks the scopes {}", missing.join(", ")),
            Self::ClientGuard => f.write_str("it belongs to another client than the workspace"),
            Self::OutOfReach => f.write_str("it does not reach the workspace"),
            Self::Disabled => f.write_str("it is disabled"),
            Self::Revoked => f.write_str("it is revoked"),
            Self::Expired => f.write_str("its values have ended"),
        }
    }
}

/// A credential that a step named and that was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassedOver {
    /// The step that named it.
    pub step: Step,
    /// Which; none when the asker may not see it.
    pub credential: Option<CredentialId>,
    /// Why not.
    pub why: WhyNot,
    /// Between two clients: which, for who may see both.
    pub clients: Option<AtOdds>,
    /// Which it was, for the record of the refusal: never for the answer.
    pub record: CredentialId,
}

/// The two clients of a refusal by the client guard, by handle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AtOdds {
    /// Whose the credential is.
    pub credential: String,
    /// Whose the workspace is.
    pub workspace: String,
}

impl AtOdds {
    /// Names the clients of a credential and a workspace to who may see both.
    #[must_use]
    pub fn of(state: &State, visible: &Visible<'_>, credential: &Credential, workspace: &Workspace) -> Option<Self> {
        let named = |id: Option<ClientId>| {
            let client = state.clients.get(&id?)?;
            visible.client(client).then(|| client.handle.clone())
        };
        Some(Self {
            credential: named(credential.client)?,
            workspace: named(workspace.client)?,
        })
    }
}

/// Why a variable has no credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingWhy {
    /// Nothing is mapped and no default is set.
    NotMapped,
    /// All that was named does not fit (any more).
    NothingFits,
    /// Several defaults of one step fit: none is chosen silently.
    Ambiguous,
}

impl MissingWhy {
    /// The stable word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotMapped => "not_mapped",
            Self::NothingFits => "nothing_fits",
            Self::Ambiguous => "ambiguous",
        }
    }
}

/// What became of a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A credential stands behind it.
    Chosen {
        /// Which.
        credential: CredentialId,
        /// Its current version.
        version: CredentialVersion,
        /// The step that named it.
        step: Step,
        /// What more specific steps named.
        passed_over: Vec<PassedOver>,
    },
    /// None does, and the variable is required.
    Missing {
        /// Why.
        why: MissingWhy,
        /// What was named.
        passed_over: Vec<PassedOver>,
        /// What would fit, among what the asker may see; the workspace's client's first.
        fitting: Vec<CredentialId>,
    },
    /// None does, and none is required.
    Unset {
        /// What was named.
        passed_over: Vec<PassedOver>,
    },
}

/// A variable and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedVariable {
    /// The variable as the admitted revision declares it.
    pub variable: Variable,
    /// What became of it.
    pub outcome: Outcome,
}

/// The answer for one workspace and template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The template.
    pub template: TemplateId,
    /// The admitted revision.
    pub revision: Revision,
    /// The digest of its document.
    pub digest: [u8; 32],
    /// Every variable, in the revision's order.
    pub variables: Vec<ResolvedVariable>,
}

impl Resolution {
    /// What would be served, in the revision's order.
    #[must_use]
    pub fn served(&self) -> Vec<Served> {
        let served = |resolved: &ResolvedVariable| match resolved.outcome {
            Outcome::Chosen {
                credential, version, ..
            } => Some(Served {
                variable: resolved.variable.name.clone(),
                credential,
                version,
            }),
            Outcome::Missing { .. } | Outcome::Unset { .. } => None,
        };
        self.variables.iter().filter_map(served).collect()
    }

    /// Checks, where a grant of the asker names services, tags or credentials, that he may be served each of them; and
    /// that a run's token is used for its own run.
    ///
    /// # Errors
    /// [`Rejection::Denied`], naming the first credential that he may not.
    pub fn narrowed(&self, state: &State, visible: &Visible<'_>, instance: Option<&str>) -> Result<(), Rejection> {
        if let Some(run) = visible.run()
            && (run.template, run.revision, run.instance.as_deref()) != (self.template, self.revision, instance)
        {
            return Err(Rejection::Denied(Denied {
                right: Right::Resolve,
                target: Target::Workspace(self.workspace).to_string(),
                why: DeniedWhy::RunToken,
            }));
        }
        if !visible.narrowed() {
            return Ok(());
        }
        for resolved in &self.variables {
            if let Outcome::Chosen { credential, .. } = &resolved.outcome
                && let Some(credential) = state.credentials.get(credential)
            {
                visible.authorize(Right::Resolve, Target::Within(self.workspace, Some(credential)))?;
            }
        }
        Ok(())
    }

    /// What is required and missing, as a rejection shows it; empty when all is there.
    #[must_use]
    pub fn missing(&self, state: &State) -> Vec<MissingVariable> {
        let missing = |ResolvedVariable { variable, outcome }: &ResolvedVariable| match outcome {
            Outcome::Missing {
                why,
                passed_over,
                fitting,
            } => Some(MissingVariable {
                variable: variable.name.clone(),
                service: variable.service.clone(),
                kinds: variable.kinds.clone(),
                scopes: variable.scopes.clone(),
                why: *why,
                passed_over: passed_over.clone(),
                fitting: fitting
                    .iter()
                    .filter_map(|id| state.credentials.get(id))
                    .map(|it| Named::of(it))
                    .collect(),
            }),
            Outcome::Chosen { .. } | Outcome::Unset { .. } => None,
        };
        self.variables.iter().filter_map(missing).collect()
    }
}

/// Says for every variable of the admitted revision which credential stands behind it, and why.
///
/// `visible` is the asker's: what he may not see is passed over without a name and never proposed.
///
/// # Errors
/// [`Rejection::NotActive`] in an archived workspace, [`Rejection::NotAdmitted`]. A missing variable is no error here:
/// see [`Resolution::missing`].
pub fn resolve(
    state: &State,
    workspace: &Workspace,
    template: &Template,
    instance: Option<&str>,
    visible: &Visible<'_>,
    now: TimeUs,
) -> Result<Resolution, Rejection> {
    if workspace.archived {
        return Err(Rejection::NotActive {
            what: "workspace",
            status: "archived",
        });
    }
    let installation = state.installations.get(&(workspace.id, template.id));
    let admitted = installation.and_then(|installation| installation.revision);
    let fact = admitted.and_then(|revision| template.revisions.iter().find(|fact| fact.revision == revision));
    let (Some(installation), Some(fact)) = (installation, fact) else {
        return Err(Rejection::NotAdmitted {
            newest: template.revisions.last().map_or(0, |fact| fact.revision),
        });
    };
    let asked = Asked {
        named: Steps {
            state,
            workspace,
            mappings: &installation.mappings,
            instance,
        },
        visible,
        now,
    };
    let variables = fact.variables.iter().map(|variable| ResolvedVariable {
        variable: variable.clone(),
        outcome: asked.outcome(variable),
    });
    Ok(Resolution {
        workspace: workspace.id,
        template: template.id,
        revision: fact.revision,
        digest: fact.digest,
        variables: variables.collect(),
    })
}

/// Whether a credential could stand behind a variable in a workspace.
///
/// # Errors
/// The first reason against it; the client guard before all others, since it holds whatever else is mended.
pub fn fits(variable: &Variable, credential: &Credential, workspace: &Workspace, now: TimeUs) -> Result<(), WhyNot> {
    in_reach(credential, workspace)?;
    suits(variable, credential, now)
}

/// Whether a credential could stand behind a variable somewhere: as [`fits`], wherever it reaches.
///
/// # Errors
/// The first reason against it.
pub fn suits(variable: &Variable, credential: &Credential, now: TimeUs) -> Result<(), WhyNot> {
    if credential.service != variable.service {
        return Err(WhyNot::Service);
    }
    if !variable.kinds.is_empty() && !variable.kinds.contains(&credential.kind) {
        return Err(WhyNot::Kind);
    }
    let missing: Vec<_> = variable
        .scopes
        .iter()
        .filter(|scope| !has_scope(credential, scope))
        .cloned()
        .collect();
    if !missing.is_empty() {
        return Err(WhyNot::Scopes { missing });
    }
    in_use(credential, now)
}

/// The credentials that fit, among the visible; the likeliest first, as [`rank`] has it.
#[must_use]
pub fn fitting(
    state: &State,
    variable: &Variable,
    workspace: &Workspace,
    visible: &Visible<'_>,
    now: TimeUs,
) -> Vec<CredentialId> {
    reaching(variable, &suitable(state, variable, visible, now), workspace)
}

/// The visible credentials that suit a variable wherever they reach: looked for once where many workspaces are asked about.
pub(crate) fn suitable<'s>(
    state: &'s State,
    variable: &Variable,
    visible: &Visible<'_>,
    now: TimeUs,
) -> Vec<&'s Credential> {
    let all = state.credentials.values().map(AsRef::as_ref);
    all.filter(|it| suits(variable, it, now).is_ok() && visible.credential(it))
        .collect()
}

/// Those of them that reach a workspace, the likeliest first.
pub(crate) fn reaching(variable: &Variable, suitable: &[&Credential], workspace: &Workspace) -> Vec<CredentialId> {
    let mut found: Vec<&Credential> = suitable.iter().copied().filter(|it| reaches(it, workspace)).collect();
    found.sort_by_cached_key(|it| rank(variable, it, workspace));
    found.truncate(FITTING_MAX);
    found.into_iter().map(|it| it.id).collect()
}

/// In which order credentials that fit are proposed: the workspace's client's own first, then by the order in which the
/// variable names kinds, then what has the fewest scopes that are not asked for, then by handle.
#[must_use]
pub fn rank(variable: &Variable, credential: &Credential, workspace: &Workspace) -> (bool, usize, usize, String) {
    let own = credential.client.is_some() && credential.client == workspace.client;
    let kind = variable.kinds.iter().position(|kind| *kind == credential.kind);
    let beyond = credential.scopes.iter().filter(|it| !variable.scopes.contains(it));
    (
        !own,
        kind.unwrap_or_default(),
        beyond.count(),
        credential.handle.clone(),
    )
}

/// The variable as the admitted revision declares it, else as the newest does: mapping may come before admitting.
///
/// # Errors
/// [`Rejection::NotFound`] at `pointer`.
pub fn declared<'s>(
    state: &State,
    workspace: Option<&Workspace>,
    template: &'s Template,
    name: &str,
    pointer: &str,
) -> Result<&'s Variable, Rejection> {
    let installation = workspace.and_then(|it| state.installations.get(&(it.id, template.id)));
    let admitted = installation.and_then(|it| it.revision);
    let admitted = template.revisions.iter().find(|fact| Some(fact.revision) == admitted);
    let declared = [admitted, template.revisions.last()].into_iter().flatten();
    let mut variables = declared.flat_map(|fact| &fact.variables);
    variables
        .find(|variable| variable.name == name)
        .ok_or_else(|| find::unknown_variable(template, name, pointer))
}

/// The credential that stands behind one variable, and the step that names it, whether a revision is admitted or not.
/// It looks for nothing else that would fit, and so costs little however many credentials there are.
pub(crate) fn chosen(
    state: &State,
    workspace: &Workspace,
    mappings: &[Mapping],
    instance: Option<&str>,
    variable: &Variable,
    now: TimeUs,
) -> Option<(Step, CredentialId)> {
    let named = Steps {
        state,
        workspace,
        mappings,
        instance,
    };
    match named.choose(variable, now, &mut |_, _, _| {}) {
        Chosen::One(step, credential) => Some((step, credential.id)),
        Chosen::Several | Chosen::Nothing => None,
    }
}

/// Whether a credential may be used in a workspace: all when it belongs to no client, else its client's; wider only
/// where it was shared.
#[must_use]
pub fn reaches(credential: &Credential, workspace: &Workspace) -> bool {
    reach_covers(credential.client, Some(&credential.reach), workspace)
}

/// As [`reaches`], for a credential that may not be there yet.
pub(crate) fn reach_covers(owner: Option<ClientId>, reach: Option<&Reach>, workspace: &Workspace) -> bool {
    let Some(owner) = owner else { return true };
    let shared = |reach: &Reach| {
        reach.all
            || reach.workspaces.contains(&workspace.id)
            || workspace.client.is_some_and(|client| reach.clients.contains(&client))
    };
    workspace.client == Some(owner) || reach.is_some_and(shared)
}

/// Whether a credential reaches a workspace, and what keeps it out.
///
/// # Errors
/// [`WhyNot::ClientGuard`] between two clients, else [`WhyNot::OutOfReach`].
pub fn in_reach(credential: &Credential, workspace: &Workspace) -> Result<(), WhyNot> {
    match (reaches(credential, workspace), workspace.client) {
        (true, _) => Ok(()),
        (false, Some(_)) => Err(WhyNot::ClientGuard),
        (false, None) => Err(WhyNot::OutOfReach),
    }
}

/// Whether a credential is served at all.
///
/// # Errors
/// [`WhyNot::Disabled`], [`WhyNot::Revoked`], [`WhyNot::Expired`] from the very microsecond of its end on.
pub fn in_use(credential: &Credential, now: TimeUs) -> Result<(), WhyNot> {
    match credential.status {
        CredentialStatus::Active if credential.expires_at.is_some_and(|end| now >= end) => Err(WhyNot::Expired),
        CredentialStatus::Active => Ok(()),
        CredentialStatus::Disabled => Err(WhyNot::Disabled),
        CredentialStatus::Revoked | CredentialStatus::Shredded => Err(WhyNot::Revoked),
    }
}

/// A scope counts when it was given with the credential, or stands in its plain field `scopes` or `scope`.
fn has_scope(credential: &Credential, scope: &str) -> bool {
    let in_field = |field: &FieldFact| {
        let value = field
            .value
            .as_deref()
            .filter(|_| field.name == "scopes" || field.name == "scope");
        value.is_some_and(|value| value.split([' ', ',']).any(|word| word == scope))
    };
    credential.scopes.iter().any(|given| given == scope) || credential.fields.iter().any(in_field)
}

/// One question, for all its variables.
struct Asked<'a> {
    named: Steps<'a>,
    visible: &'a Visible<'a>,
    now: TimeUs,
}

impl Asked<'_> {
    fn outcome(&self, variable: &Variable) -> Outcome {
        let mut passed_over = Vec::new();
        let mut pass = |step, credential: &Credential, why| {
            passed_over.push(PassedOver {
                step,
                credential: Some(credential.id).filter(|_| self.visible.credential(credential)),
                clients: (why == WhyNot::ClientGuard)
                    .then(|| AtOdds::of(self.named.state, self.visible, credential, self.named.workspace))
                    .flatten(),
                record: credential.id,
                why,
            });
        };
        let why = match self.named.choose(variable, self.now, &mut pass) {
            Chosen::One(step, credential) => {
                return Outcome::Chosen {
                    credential: credential.id,
                    version: credential.version(),
                    step,
                    passed_over,
                };
            }
            Chosen::Several => MissingWhy::Ambiguous,
            Chosen::Nothing if passed_over.is_empty() => MissingWhy::NotMapped,
            Chosen::Nothing => MissingWhy::NothingFits,
        };
        if !variable.required {
            return Outcome::Unset { passed_over };
        }
        let Steps { state, workspace, .. } = self.named;
        let fitting = fitting(state, variable, workspace, self.visible, self.now);
        Outcome::Missing {
            why,
            passed_over,
            fitting,
        }
    }
}

/// What the steps come to for one variable.
enum Chosen<'a> {
    One(Step, &'a Credential),
    Several,
    Nothing,
}

/// What mappings and defaults name.
#[derive(Clone, Copy)]
struct Steps<'a> {
    state: &'a State,
    workspace: &'a Workspace,
    mappings: &'a [Mapping],
    instance: Option<&'a str>,
}

impl<'a> Steps<'a> {
    /// Goes from the most specific step to the least; tells `pass` what was named and does not fit.
    fn choose(&self, variable: &Variable, now: TimeUs, pass: &mut dyn FnMut(Step, &Credential, WhyNot)) -> Chosen<'a> {
        for step in Step::ALL.iter().copied() {
            let mut fitting: Vec<&Credential> = Vec::new();
            for id in self.named(step, variable) {
                // What a mapping names is there: nothing is ever taken out of the state.
                let Some(credential) = self.state.credentials.get(&id) else {
                    continue;
                };
                match fits(variable, credential, self.workspace, now) {
                    Ok(()) => fitting.push(credential),
                    Err(why) => pass(step, credential, why),
                }
            }
            fitting.dedup_by_key(|credential| credential.id);
            match fitting.as_slice() {
                [] => {}
                [one] => return Chosen::One(step, one),
                [..] => return Chosen::Several,
            }
        }
        Chosen::Nothing
    }

    /// The credentials that a step names: one at most for a mapping, one for each accepted kind for a default.
    fn named(&self, step: Step, variable: &Variable) -> Vec<CredentialId> {
        match step {
            Step::Instance => self
                .instance
                .and_then(|it| self.mapped(&variable.name, Some(it)))
                .into_iter()
                .collect(),
            Step::Template => self.mapped(&variable.name, None).into_iter().collect(),
            Step::WorkspaceDefault => self.defaults(Some(self.workspace.id), variable),
            Step::LedgerDefault => self.defaults(None, variable),
        }
    }

    fn mapped(&self, variable: &str, instance: Option<&str>) -> Option<CredentialId> {
        let same = |mapping: &&Mapping| mapping.variable == variable && mapping.instance.as_deref() == instance;
        self.mappings.iter().find(same).map(|mapping| mapping.credential)
    }

    fn defaults(&self, workspace: Option<WorkspaceId>, variable: &Variable) -> Vec<CredentialId> {
        let kinds = if variable.kinds.is_empty() {
            Kind::ALL
        } else {
            &variable.kinds
        };
        let default = |kind: &Kind| {
            let key = DefaultKey {
                workspace,
                service: variable.service.clone(),
                kind: *kind,
            };
            self.state.defaults.get(&key)?.credential
        };
        kinds.iter().filter_map(default).collect()
    }
}
