//! One template in many workspaces: its revision admitted, and behind each variable the one credential that fits.
//!
//! Where several fit, none is chosen: somebody says which. What stands there and fits stays, so that a repeat does nothing.

use super::{Blocked, Line, Plan, Step, Touched};
use crate::command::{Command, Ref};
use crate::event::Variable;
use crate::find;
use crate::ids::{CredentialId, Revision, TimeUs};
use crate::limits::{FITTING_MAX, PLAN_LINES_MAX};
use crate::rejection::Rejection;
use crate::resolve::{chosen, in_reach, rank, suits};
use crate::rights::{Target, Visible};
use crate::state::{Credential, Installation, Mapping, RevisionFact, State, Template, Workspace};
use crate::words::{Right, Step as Level};

/// A template that is to run in several workspaces.
#[derive(Debug, Clone, Default)]
pub struct Setup {
    /// Which.
    pub template: Ref,
    /// Its revision; else the newest.
    pub revision: Option<Revision>,
    /// Where.
    pub places: Places,
    /// What is to stand behind a variable, where it is not to be found out: variable and credential.
    pub maps: Vec<(String, Ref)>,
    /// Leave out a workspace in which something is missing, instead of refusing the whole.
    pub skip_incomplete: bool,
}

/// Names workspaces: sorts narrow each other, several of one sort widen.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// These.
    pub workspaces: Vec<Ref>,
    /// Those of these clients.
    pub clients: Vec<Ref>,
    /// Those of these environments.
    pub environments: Vec<String>,
    /// All in which the asker may map, of what the others leave.
    pub each: bool,
}

pub(super) fn plan(state: &State, visible: &Visible<'_>, setup: &Setup, now: TimeUs) -> Result<Plan, Rejection> {
    let template = find::template(state, visible, &setup.template, "/template")?;
    let fact = revision(template, setup.revision)?;
    let workspaces = workspaces(state, visible, &setup.places)?;
    let mut variables = Vec::new();
    for variable in &fact.variables {
        variables.push(Wanted::of(state, visible, variable, &setup.maps, now)?);
    }
    if let Some((name, _)) = setup.maps.iter().find(|(name, _)| !fact.declares(name)) {
        return Err(find::unknown_variable(template, name, "/map"));
    }
    let twice = |at: usize, name: &str| setup.maps.iter().take(at).any(|(before, _)| before == name);
    if (setup.maps.iter().enumerate()).any(|(at, (name, _))| twice(at, name)) {
        return Err(Rejection::invalid(
            "/map",
            "one variable is named twice",
            "name one credential for each",
        ));
    }
    let mut plan = Plan::default();
    for workspace in workspaces {
        let here = Here {
            state,
            visible,
            workspace,
            template,
            installation: state.installations.get(&(workspace.id, template.id)).map(AsRef::as_ref),
            now,
        };
        let mut lines = here.lines(fact, &variables);
        let lacking = lines.iter().any(|line| matches!(line.step, Step::Blocked(_)));
        if lacking && setup.skip_incomplete {
            lines.iter_mut().for_each(leave_out);
        }
        plan.lines.append(&mut lines);
        if plan.lines.len() > PLAN_LINES_MAX {
            break; // the caller says so
        }
    }
    Ok(plan)
}

fn revision(template: &Template, wanted: Option<Revision>) -> Result<&RevisionFact, Rejection> {
    let newest = template.revisions.last().map_or(0, |fact| fact.revision);
    let wanted = wanted.unwrap_or(newest);
    let found = template.revisions.iter().find(|fact| fact.revision == wanted);
    found.ok_or_else(|| {
        let message = format!("the template has the revisions 1 to {newest}");
        Rejection::invalid("/revision", message, "leave it out for the newest")
    })
}

/// The workspaces that are meant, by handle; what is archived only where it is named.
fn workspaces<'s>(state: &'s State, visible: &Visible<'_>, places: &Places) -> Result<Vec<&'s Workspace>, Rejection> {
    let mut named = Vec::new();
    for reference in &places.workspaces {
        named.push(find::workspace(state, visible, reference, "/workspaces")?.id);
    }
    let mut clients = Vec::new();
    for reference in &places.clients {
        clients.push(find::client(state, visible, reference, "/clients")?.id);
    }
    let environments = &places.environments;
    if named.is_empty() && clients.is_empty() && environments.is_empty() && !places.each {
        return Err(Rejection::invalid(
            "/workspaces",
            "it says nowhere where",
            "name workspaces, clients or environments, or ask for each",
        ));
    }
    let meant = |it: &Workspace| {
        let in_use = if named.is_empty() {
            !it.archived
        } else {
            named.contains(&it.id)
        };
        in_use
            && (clients.is_empty() || it.client.is_some_and(|id| clients.contains(&id)))
            && (environments.is_empty() || environments.contains(&it.environment))
            && visible.workspace(it)
            && (!places.each || visible.may(Right::Map, Target::Workspace(it.id)))
    };
    let mut found: Vec<&Workspace> = state
        .workspaces
        .values()
        .map(AsRef::as_ref)
        .filter(|it| meant(it))
        .collect();
    found.sort_by(|left, right| left.handle.cmp(&right.handle));
    if found.is_empty() {
        return Err(Rejection::invalid(
            "/workspaces",
            "no workspace is meant by this, among those that you may see",
            "name others: `strongroom workspace list` shows clients and environments",
        ));
    }
    Ok(found)
}

/// A variable, and the credentials that may stand behind it wherever they reach.
struct Wanted<'s> {
    variable: &'s Variable,
    /// What was asked for.
    asked: Option<&'s Credential>,
    /// What suits, and what the asker may use.
    usable: Vec<&'s Credential>,
}

impl<'s> Wanted<'s> {
    /// Looks through all credentials once for all workspaces: the writer waits meanwhile.
    fn of(
        state: &'s State,
        visible: &Visible<'_>,
        variable: &'s Variable,
        maps: &[(String, Ref)],
        now: TimeUs,
    ) -> Result<Self, Rejection> {
        let asked = match maps.iter().find(|(name, _)| *name == variable.name) {
            Some((_, reference)) => Some(find::credential(state, visible, reference, "/map")?),
            None => None,
        };
        let usable = |it: &&Credential| {
            suits(variable, it, now).is_ok()
                && visible.credential(it)
                && visible.may(Right::Use, Target::Credential(it))
        };
        Ok(Self {
            variable,
            asked,
            usable: state.credentials.values().map(AsRef::as_ref).filter(usable).collect(),
        })
    }

    /// `shopify access_token with read_orders`.
    fn need(&self) -> String {
        let kinds: Vec<&str> = self.variable.kinds.iter().map(|kind| kind.as_str()).collect();
        let mut need = self.variable.service.clone();
        if !kinds.is_empty() {
            need.push_str(&format!(" {}", kinds.join(" or ")));
        }
        if !self.variable.scopes.is_empty() {
            need.push_str(&format!(" with {}", self.variable.scopes.join(", ")));
        }
        need
    }
}

/// One workspace.
struct Here<'a> {
    state: &'a State,
    visible: &'a Visible<'a>,
    workspace: &'a Workspace,
    template: &'a Template,
    installation: Option<&'a Installation>,
    now: TimeUs,
}

impl Here<'_> {
    fn lines(&self, fact: &RevisionFact, variables: &[Wanted<'_>]) -> Vec<Line> {
        let standing = self.installation.and_then(|it| it.revision);
        let mut lines = Vec::new();
        if standing != Some(fact.revision) {
            let command = Command::AdmitTemplate {
                workspace: self.workspace.id.to_string(),
                template: self.template.id.to_string(),
                revision: Some(fact.revision),
            };
            let touched = Touched::Admission {
                workspace: self.workspace.id,
                template: self.template.id,
                from: standing,
                to: Some(fact.revision),
            };
            lines.push(Line::new(touched, Step::Do(Box::new(command))));
        }
        lines.extend(variables.iter().map(|wanted| self.line(wanted)));
        lines
    }

    fn line(&self, wanted: &Wanted<'_>) -> Line {
        let standing = self.standing(&wanted.variable.name);
        if let Some(asked) = wanted.asked {
            return match standing == Some(asked.id) {
                true => self.kept(wanted, standing, "it is mapped so already"),
                false => self.mapped(wanted, standing, asked, "as asked for"),
            };
        }
        if let Some((level, credential)) = self.resolved(wanted) {
            return match level {
                Level::Instance | Level::Template => self.kept(wanted, Some(credential), "it is mapped already"),
                Level::WorkspaceDefault => self.kept(wanted, standing, "the workspace's default stands behind it"),
                Level::LedgerDefault => self.kept(wanted, standing, "the ledger's default stands behind it"),
            };
        }
        let mut fitting: Vec<&Credential> = wanted.usable.iter().copied().filter(|it| self.reached(it)).collect();
        match fitting.as_slice() {
            [one] => self.mapped(wanted, standing, one, self.why(one)),
            [] if !wanted.variable.required => self.kept(wanted, standing, "nothing fits, and it may stay empty"),
            [] => self.blocked(wanted, standing, Blocked::NothingFits),
            [..] => {
                fitting.sort_by_cached_key(|it| rank(wanted.variable, it, self.workspace));
                let mut line = match wanted.variable.required {
                    true => self.blocked(wanted, standing, Blocked::SeveralFit),
                    false => self.kept(wanted, standing, "several fit, and it may stay empty"),
                };
                line.fitting = fitting.iter().take(FITTING_MAX).map(|it| it.id).collect();
                line
            }
        }
    }

    /// Whether a credential may stand here: by the rule, and by the grants of who asks.
    fn reached(&self, credential: &Credential) -> bool {
        in_reach(credential, self.workspace).is_ok()
            && self
                .visible
                .may(Right::Map, Target::Within(self.workspace.id, Some(credential)))
    }

    /// What stands behind a variable at the template's level, whether it fits or not.
    fn standing(&self, variable: &str) -> Option<CredentialId> {
        let same = |it: &&Mapping| it.variable == variable && it.instance.is_none();
        self.installation?.mappings.iter().find(same).map(|it| it.credential)
    }

    /// What resolution chooses now.
    fn resolved(&self, wanted: &Wanted<'_>) -> Option<(Level, CredentialId)> {
        let mappings = self.installation.map_or(&[][..], |it| &it.mappings);
        chosen(self.state, self.workspace, mappings, None, wanted.variable, self.now)
    }

    fn why(&self, chosen: &Credential) -> &'static str {
        match chosen.client {
            None => "the only one that fits, of no client",
            Some(client) if self.workspace.client == Some(client) => "the only one that fits, the client's own",
            Some(_) => "the only one that fits, shared with it",
        }
    }

    fn mapped(&self, wanted: &Wanted<'_>, from: Option<CredentialId>, to: &Credential, why: &'static str) -> Line {
        let command = Command::MapVariable {
            workspace: self.workspace.id.to_string(),
            template: self.template.id.to_string(),
            variable: wanted.variable.name.clone(),
            instance: None,
            credential: to.id.to_string(),
        };
        let mut line = Line::new(self.touched(wanted, from, Some(to.id)), Step::Do(Box::new(command)));
        line.remark = Some(why.to_owned());
        line
    }

    fn kept(&self, wanted: &Wanted<'_>, stays: Option<CredentialId>, why: &'static str) -> Line {
        Line::new(self.touched(wanted, stays, stays), Step::Kept(why))
    }

    fn blocked(&self, wanted: &Wanted<'_>, from: Option<CredentialId>, why: Blocked) -> Line {
        let mut line = Line::new(self.touched(wanted, from, None), Step::Blocked(why));
        line.remark = Some(format!("it needs {}", wanted.need()));
        line
    }

    fn touched(&self, wanted: &Wanted<'_>, from: Option<CredentialId>, to: Option<CredentialId>) -> Touched {
        Touched::Mapping {
            workspace: self.workspace.id,
            template: self.template.id,
            variable: wanted.variable.name.clone(),
            instance: None,
            from,
            to,
        }
    }
}

/// Nothing is done in this workspace.
fn leave_out(line: &mut Line) {
    let why = match line.step {
        Step::Kept(_) => return,
        Step::Blocked(why) => why.sentence(),
        Step::Do(_) => "the workspace is left out: not all of it has a credential",
    };
    line.step = Step::Kept(why);
    if let Touched::Mapping { from, to, .. } = &mut line.touched {
        *to = *from;
    }
    if let Touched::Admission { from, to, .. } = &mut line.touched {
        *to = *from;
    }
}
