//! One wish, many places, one step: planned on a snapshot to be shown, planned again by the writer to be done.

use crate::instant::Instant;
use crate::intake::{Counted, rehearse_one};
use crate::request::{Failure, Receipt, RequestContext};
use crate::{Ledger, done_or_asked};
use std::sync::Arc;
use strongroom_domain::command::Command;
use strongroom_domain::context::Caller;
use strongroom_domain::ids::{CorrelationId, CredentialId, Position, TimeUs};
use strongroom_domain::plan::{Blocked, Restore, RestoreScope, Step, Touched, Wish, plan};
use strongroom_domain::rights::{Denied, Target, authorize, visible};
use strongroom_domain::words::Right;
use strongroom_domain::{Rejection, State};

/// A wish on its way to the writer.
#[derive(Debug, Clone)]
pub(crate) struct Wished {
    pub(crate) wish: Wish,
    /// The plan that was shown; another by now is not done.
    pub(crate) expected: Option<u128>,
}

/// What becomes of a line.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// It is done so.
    Ok,
    /// It stays as it is.
    Kept(&'static str),
    /// It can't be done, whoever asks.
    Blocked(Blocked),
    /// The rules say no.
    Refused(Box<Rejection>),
}

/// One line.
#[derive(Debug, Clone)]
pub struct PlannedLine {
    /// What it touches.
    pub touched: Touched,
    /// What becomes of it.
    pub outcome: Outcome,
    /// Why so, for people.
    pub remark: Option<String>,
    /// Credentials to choose from, the likeliest first.
    pub fitting: Vec<CredentialId>,
    command: Option<Box<Command>>,
}

/// A plan of which each line was tried.
#[derive(Debug, Clone)]
pub struct Planned {
    /// Its lines.
    pub lines: Vec<PlannedLine>,
    /// Places that the asker may not see.
    pub hidden: usize,
    /// Names the plan.
    pub digest: u128,
}

impl Planned {
    /// Whether all of it can be done.
    #[must_use]
    pub fn feasible(&self) -> bool {
        let good = |line: &PlannedLine| matches!(line.outcome, Outcome::Ok | Outcome::Kept(_));
        self.hidden == 0 && self.lines.iter().all(good)
    }

    /// The first refusal that belongs into the record.
    pub(crate) fn denial(&self) -> Option<Denied> {
        self.lines.iter().find_map(|line| match &line.outcome {
            Outcome::Refused(rejection) => rejection.denial(),
            _ => None,
        })
    }

    /// All commands, or the whole list of what is in the way.
    pub(crate) fn commands(self) -> Result<Vec<Command>, Failure> {
        if !self.feasible() {
            return Err(Failure::PlanRefused(Arc::new(self)));
        }
        Ok(self
            .lines
            .into_iter()
            .filter_map(|line| line.command)
            .map(|it| *it)
            .collect())
    }
}

/// Plans a wish and tries each line on the state as the ones before it would leave it.
pub(crate) fn planned(
    context: &RequestContext,
    state: &State,
    head: Position,
    now: TimeUs,
    wish: &Wish,
) -> Result<Planned, Failure> {
    let plan = plan(state, &visible(state, &context.caller, now), wish, now)?;
    let digest = plan.digest();
    let (mut after, mut ids) = (state.clone(), Counted::default());
    let line = |line: strongroom_domain::plan::Line| {
        let (outcome, command) = match line.step {
            Step::Kept(why) => (Outcome::Kept(why), None),
            Step::Blocked(why) => (Outcome::Blocked(why), None),
            Step::Do(command) => match rehearse_one(context, &mut after, head, now, &mut ids, &command) {
                Ok(()) => (Outcome::Ok, Some(command)),
                Err(rejection) => (Outcome::Refused(Box::new(rejection)), None),
            },
        };
        PlannedLine {
            touched: line.touched,
            outcome,
            remark: line.remark,
            fitting: line.fitting,
            command,
        }
    };
    Ok(Planned {
        lines: plan.lines.into_iter().map(line).collect(),
        hidden: plan.hidden,
        digest,
    })
}

impl Ledger {
    /// What a wish would come to now. Nothing is changed.
    ///
    /// # Errors
    /// [`Failure`] of what the wish names.
    pub fn plan_wish(&self, context: &RequestContext, wish: &Wish) -> Result<Planned, Failure> {
        let view = self.view();
        planned(context, &view.state, view.head, view.now, wish)
    }

    /// Does a wish in one step: all of it, or nothing.
    ///
    /// # Errors
    /// [`Failure::PlanChanged`] where it is not the plan that was expected, [`Failure::PlanRefused`] with every line.
    pub async fn execute_wish(
        &self,
        mut context: RequestContext,
        wish: Wish,
        expected: Option<u128>,
    ) -> Result<Receipt, Failure> {
        // A version names one thing; a plan is guarded by its digest.
        context.if_match = None;
        let wished = Wished { wish, expected };
        let answer = self
            .enqueue_work(context, Vec::new(), Some(wished), false, Vec::new())?
            .await;
        done_or_asked(answer.unwrap_or(Err(Failure::Stopped)))
    }

    /// The wish to put something back to what it was. Takes `administer` on the ledger, and costs a fold of the log up to then.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn restoring(&self, caller: &Caller, instant: Instant, scope: RestoreScope) -> Result<Wish, Failure> {
        let view = self.view();
        authorize(&view.state, caller, Right::Administer, Target::Ledger, view.now).map_err(Rejection::from)?;
        let size = self.shared.size_at(view.head, instant, "/to")?;
        Ok(Wish::Restore(Restore {
            then: self.shared.state_at(size)?,
            position: size - 1,
            scope,
        }))
    }

    /// The wish to undo a piece of work: its events, read from the log.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn undoing(&self, correlation: CorrelationId) -> Result<Wish, Failure> {
        Ok(Wish::Undo {
            events: self.events_of(correlation)?,
        })
    }
}
