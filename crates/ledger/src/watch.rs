//! "Something that you use has changed": the resolutions that somebody watches, compared by their etags behind commits.
//!
//! No value is opened and nothing is recorded. What is told is decided on the newest durable state, so that several changes
//! come to one word, and a slow reader misses none.

use crate::Ledger;
use crate::request::Failure;
use crate::serve::etag;
use crate::view::View;
use strongroom_domain::Rejection;
use strongroom_domain::context::Caller;
use strongroom_domain::find;
use strongroom_domain::ids::{CredentialId, Position, TemplateId, WorkspaceId};
use strongroom_domain::resolve::{Outcome, Resolution, resolve};
use strongroom_domain::rights::{Target, visible};
use strongroom_domain::state::{Installation, State, Template, Workspace};
use strongroom_domain::words::Right;
use tokio::sync::watch;

/// Most resolutions that one watcher follows.
pub const WATCHED_MAX: usize = 1_000;

/// What somebody watches.
#[derive(Debug, Clone, Default)]
pub struct WatchRequest {
    /// Workspaces, handles or ids; never empty.
    pub workspaces: Vec<String>,
    /// Only this template; else all that run there.
    pub template: Option<String>,
}

/// One resolution that is watched, as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The template.
    pub template: TemplateId,
    /// Names what would be served now, as `resolve` with no instance does; another when anything of it changes. None while
    /// nothing would be: a variable has no credential, or the right is gone.
    pub etag: Option<String>,
    /// The last record that had to do with it: what changed behind an older position has changed since.
    pub last: Position,
}

impl Ledger {
    /// What is watched, as it is on the newest durable state. Takes `resolve` on each workspace.
    ///
    /// # Errors
    /// [`Failure`]: a workspace is not there, or the right ended.
    pub fn watched(&self, caller: &Caller, request: &WatchRequest) -> Result<(View, Vec<Watched>), Failure> {
        let view = self.view();
        let state = &view.state;
        let seen = visible(state, caller, view.now);
        let template = match &request.template {
            Some(reference) => Some(find::template(state, &seen, reference, "/template")?.id),
            None => None,
        };
        let mut all = Vec::new();
        for reference in &request.workspaces {
            let workspace = find::workspace(state, &seen, reference, "/workspace")?;
            seen.authorize(Right::Resolve, Target::Workspace(workspace.id))
                .map_err(Rejection::from)?;
            for installation in installed(state, workspace.id) {
                let Some(of) = state.templates.get(&installation.template) else {
                    continue;
                };
                let wanted = template.is_none_or(|wanted| wanted == of.id);
                // A run's token watches its own run.
                let its_own = seen.run().is_none_or(|run| run.template == of.id);
                if wanted && its_own && all.len() < WATCHED_MAX {
                    all.push(one(&view, caller, workspace, of, installation));
                }
            }
        }
        Ok((view, all))
    }

    /// Told of each commit; false when nobody is to wait any more.
    #[must_use]
    pub fn commits(&self) -> watch::Receiver<bool> {
        self.shared.waits.subscribe()
    }
}

fn one(
    view: &View,
    caller: &Caller,
    workspace: &Workspace,
    template: &Template,
    installation: &Installation,
) -> Watched {
    let state = &view.state;
    let seen = visible(state, caller, view.now);
    let resolution = resolve(state, workspace, template, None, &seen, view.now);
    let served = resolution
        .ok()
        .filter(|it| it.narrowed(state, &seen, None).is_ok() && it.missing(state).is_empty());
    Watched {
        workspace: workspace.id,
        template: template.id,
        etag: served.as_ref().map(|resolution| etag(state, resolution)),
        last: last_of(state, workspace, installation, served.as_ref()),
    }
}

/// The templates that run in a workspace.
fn installed(state: &State, workspace: WorkspaceId) -> impl Iterator<Item = &Installation> {
    let from = (workspace, TemplateId([0; 16]));
    let within = state
        .installations
        .range(from..)
        .take_while(move |((of, _), _)| *of == workspace);
    within.map(|(_, installation)| installation.as_ref())
}

/// The last record of whatever a resolution rests on: the workspace with its mappings and admissions, the defaults, and each
/// credential that any of them names.
fn last_of(
    state: &State,
    workspace: &Workspace,
    installation: &Installation,
    resolution: Option<&Resolution>,
) -> Position {
    let credential = |id: &CredentialId| state.credentials.get(id).map_or(0, |it| it.head.last);
    let mapped = installation
        .mappings
        .iter()
        .map(|mapping| credential(&mapping.credential));
    let chosen = resolution
        .into_iter()
        .flat_map(|it| &it.variables)
        .map(|it| match &it.outcome {
            Outcome::Chosen { credential: id, .. } => credential(id),
            Outcome::Missing { .. } | Outcome::Unset { .. } => 0,
        });
    let defaults = state
        .defaults
        .values()
        .filter(|it| it.key.workspace.is_none_or(|of| of == workspace.id))
        .map(|it| it.head.last.max(it.credential.as_ref().map_or(0, credential)));
    mapped
        .chain(chosen)
        .chain(defaults)
        .fold(workspace.head.last, Position::max)
}
