//! Work on many places at once: one wish becomes commands that are decided one after the other, all or none.
//!
//! A plan is made from state alone, so that the same state gives the same plan and the same digest: who was shown a plan
//! has that one done or none. It checks nothing that `decide` checks: each command is decided as if it had come alone.

mod copy;
mod people;
mod replace;
mod restore;
mod setup;
mod undo;

pub use restore::{Restore, RestoreScope};
pub use setup::{Places, Setup};

use crate::command::{Command, Ref};
use crate::event::{Event, Recorded};
use crate::ids::{CredentialId, GrantId, PrincipalId, Revision, TemplateId, TimeUs, TokenId, WorkspaceId};
use crate::limits::PLAN_LINES_MAX;
use crate::rejection::Rejection;
use crate::rights::Visible;
use crate::state::State;
use crate::words::Kind;
use std::sync::Arc;

/// What is wished for.
#[derive(Debug, Clone)]
pub enum Wish {
    /// Every mapping and default of one credential is moved to another.
    Replace {
        /// What stands there.
        old: Ref,
        /// What is to stand there.
        new: Ref,
        /// Only in these workspaces; empty: everywhere, and the ledger's defaults.
        workspaces: Vec<Ref>,
    },
    /// Revisions and mappings of one workspace are taken over by another.
    Copy {
        /// From here.
        from: Ref,
        /// To there.
        to: Ref,
        /// Also where something else is mapped there.
        overwrite: bool,
    },
    /// What one piece of work changed is changed back.
    Undo {
        /// Its events, in log order.
        events: Vec<Arc<Recorded>>,
    },
    /// A scope is put back to what it was.
    Restore(Restore),
    /// One steward's credentials are given to another.
    Stewards {
        /// Who answers for them.
        from: Ref,
        /// Who is to.
        to: Ref,
    },
    /// A principal leaves.
    Offboard {
        /// Who.
        principal: Ref,
        /// Who answers for his credentials from then on.
        steward: Option<Ref>,
    },
    /// A template runs in many workspaces.
    Setup(Setup),
}

/// What a line of a plan, or an event, touches. The words before and behind are what stood there and what will.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "fields are named as in the events")]
pub enum Touched {
    Mapping {
        workspace: WorkspaceId,
        template: TemplateId,
        variable: String,
        instance: Option<String>,
        from: Option<CredentialId>,
        to: Option<CredentialId>,
    },
    Default {
        workspace: Option<WorkspaceId>,
        service: String,
        kind: Kind,
        from: Option<CredentialId>,
        to: Option<CredentialId>,
    },
    Admission {
        workspace: WorkspaceId,
        template: TemplateId,
        from: Option<Revision>,
        to: Option<Revision>,
    },
    Reach {
        credential: CredentialId,
        shared: bool,
    },
    Steward {
        credential: CredentialId,
        from: PrincipalId,
        to: Option<PrincipalId>,
    },
    /// Something of a credential, by its word; what it is and what it will be, never a value.
    Credential {
        credential: CredentialId,
        what: &'static str,
        from: Option<String>,
        to: Option<String>,
    },
    Token {
        principal: PrincipalId,
        token: TokenId,
    },
    Grant {
        principal: PrincipalId,
        grant: GrantId,
    },
    Disabled {
        principal: PrincipalId,
    },
    /// Something of another kind, by the name of its event.
    Other(&'static str),
}

impl Touched {
    /// What an event touched.
    #[must_use]
    pub fn of(recorded: &Recorded) -> Self {
        let workspace = WorkspaceId(recorded.stream.id);
        let credential = CredentialId(recorded.stream.id);
        let principal = PrincipalId(recorded.stream.id);
        match &recorded.event {
            Event::VariableMapped(it) => Self::Mapping {
                workspace,
                template: it.template,
                variable: it.variable.clone(),
                instance: it.instance.clone(),
                from: it.previous,
                to: Some(it.credential),
            },
            Event::VariableUnmapped(it) => Self::Mapping {
                workspace,
                template: it.template,
                variable: it.variable.clone(),
                instance: it.instance.clone(),
                from: Some(it.previous),
                to: None,
            },
            Event::DefaultMapped(it) => Self::Default {
                workspace: it.workspace,
                service: it.service.clone(),
                kind: it.kind,
                from: it.previous,
                to: Some(it.credential),
            },
            Event::DefaultUnmapped(it) => Self::Default {
                workspace: it.workspace,
                service: it.service.clone(),
                kind: it.kind,
                from: Some(it.previous),
                to: None,
            },
            Event::TemplateAdmitted(it) => Self::Admission {
                workspace,
                template: it.template,
                from: it.previous,
                to: Some(it.revision),
            },
            Event::CredentialShared(_) => Self::Reach {
                credential,
                shared: true,
            },
            Event::CredentialUnshared(_) => Self::Reach {
                credential,
                shared: false,
            },
            Event::StewardChanged(it) => Self::Steward {
                credential,
                from: it.before,
                to: Some(it.after),
            },
            Event::TokenRevoked(it) => Self::Token {
                principal,
                token: it.token,
            },
            Event::GrantWithdrawn(it) => Self::Grant {
                principal,
                grant: it.grant,
            },
            Event::PrincipalDisabled(_) => Self::Disabled { principal },
            other => Self::Other(other.name()),
        }
    }
}

/// Why a line can't be done, whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blocked {
    /// It was changed since.
    ChangedSince,
    /// This kind of event is not undone.
    NotUndoable,
    /// Somebody must answer for it afterwards.
    NeedsSteward,
    /// No credential that the asker may use fits.
    NothingFits,
    /// More than one fits: none is chosen silently.
    SeveralFit,
}

impl Blocked {
    /// Stable word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ChangedSince => "changed_since",
            Self::NotUndoable => "not_undoable",
            Self::NeedsSteward => "needs_steward",
            Self::NothingFits => "nothing_fits",
            Self::SeveralFit => "several_fit",
        }
    }

    /// For people.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::ChangedSince => "it was changed since: what stands there now is somebody's later choice",
            Self::NotUndoable => "this is not undone: only mappings, defaults, admissions, sharing and stewards are",
            Self::NeedsSteward => "name who answers for it from now on",
            Self::NothingFits => "no credential that you may use fits",
            Self::SeveralFit => "several credentials fit: name the one that is meant",
        }
    }
}

/// What becomes of a line.
#[derive(Debug, Clone)]
pub enum Step {
    /// It is done so.
    Do(Box<Command>),
    /// It stays as it is, and that is no hindrance.
    Kept(&'static str),
    /// It hinders the whole.
    Blocked(Blocked),
}

/// One line of a plan.
#[derive(Debug, Clone)]
pub struct Line {
    /// What it touches.
    pub touched: Touched,
    /// What becomes of it.
    pub step: Step,
    /// Why so, for people, where there is more to say than the step says.
    pub remark: Option<String>,
    /// Credentials to choose from, the likeliest first; only such as the asker may see.
    pub fitting: Vec<CredentialId>,
}

impl Line {
    fn new(touched: Touched, step: Step) -> Self {
        Self {
            touched,
            step,
            remark: None,
            fitting: Vec::new(),
        }
    }
}

/// What a wish comes to.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Its lines, in the order in which they are done.
    pub lines: Vec<Line>,
    /// Places that belong to it and that the asker may not see: one of them refuses the whole.
    pub hidden: usize,
}

impl Plan {
    /// Names this plan: another state that gives another plan gives another digest. It guards against being overtaken, not
    /// against forgery: whoever sends one sends it with a wish of his own.
    #[must_use]
    pub fn digest(&self) -> u128 {
        xxhash_rust::xxh3::xxh3_128(format!("{:?} {}", self.lines, self.hidden).as_bytes())
    }

    fn take(&mut self, touched: Touched, command: Command) {
        self.line(touched, Step::Do(Box::new(command)));
    }

    fn line(&mut self, touched: Touched, step: Step) {
        self.lines.push(Line::new(touched, step));
    }
}

/// Makes the plan for a wish, of what the asker may see.
///
/// # Errors
/// [`Rejection`] of what the wish names, and of a plan that is too long.
pub fn plan(state: &State, visible: &Visible<'_>, wish: &Wish, now: TimeUs) -> Result<Plan, Rejection> {
    let plan = match wish {
        Wish::Replace { old, new, workspaces } => replace::plan(state, visible, old, new, workspaces)?,
        Wish::Copy { from, to, overwrite } => copy::plan(state, visible, from, to, *overwrite)?,
        Wish::Undo { events } => undo::plan(state, visible, events)?,
        Wish::Restore(restore) => restore::plan(state, visible, restore)?,
        Wish::Stewards { from, to } => people::stewards(state, visible, from, to)?,
        Wish::Offboard { principal, steward } => people::offboard(state, visible, principal, steward.as_deref(), now)?,
        Wish::Setup(setup) => setup::plan(state, visible, setup, now)?,
    };
    if plan.lines.len() > PLAN_LINES_MAX {
        let message = format!("{} places at once are more than {PLAN_LINES_MAX}", plan.lines.len());
        return Err(Rejection::invalid(
            "",
            message,
            "name some workspaces, and repeat it for the others",
        ));
    }
    Ok(plan)
}
