//! Workspaces, and what is admitted in them.

use super::found_in;
use crate::answer::{self, Answer};
use crate::app::App;
use crate::call::{Call, Viewer};
use crate::list::Slice;
use crate::params::{Params, Query};
use crate::view::{Lens, admitted, thing_written};
use strongroom_api::Page;
use strongroom_api::page::AsOfQuery;
use strongroom_api::workspace::{
    AdmitTemplate, Admitted, Comparison, CreateWorkspace, UpdateWorkspace, Workspace, WorkspaceQuery,
};
use strongroom_api::written::{Because, ThingWritten};
use strongroom_domain::command::Command;
use strongroom_domain::rights::Target;
use strongroom_domain::words::{Category, Right};
use strongroom_domain::{Rejection, find};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get))
        .routes(routes!(update))
        .routes(routes!(archive))
        .routes(routes!(admit))
        .routes(routes!(compare))
}

/// Lists workspaces, by handle; archived ones only where they are asked for.
#[utoipa::path(get, path = "/api/v1/workspaces", tag = "workspaces", params(WorkspaceQuery, AsOfQuery),
    responses((status = 200, body = Page<Workspace>)))]
async fn list(asker: Viewer, Query(query): Query<WorkspaceQuery>) -> Answer {
    let archived = query.archived.unwrap_or(false);
    let environment = query.environment.as_deref();
    let filters = [
        query.client.as_deref(),
        environment,
        query.q.as_deref(),
        archived.then_some("archived"),
    ];
    let slice = Slice::of("workspaces", &filters, query.limit, query.cursor.as_deref())?;
    let view = asker.view();
    let lens = Lens::of(&view, &asker.caller);
    let state = lens.state;
    let client = match &query.client {
        Some(reference) => Some(find::client(state, &lens.seen, reference, "/client")?.id),
        None => None,
    };
    let page = slice.take(
        state
            .names
            .workspace_handles
            .range::<_, str>(slice.range())
            .filter_map(|(handle, id)| Some((handle, state.workspaces.get(id)?)))
            .filter(|(_, it)| archived || !it.archived)
            .filter(|(_, it)| client.is_none_or(|client| it.client == Some(client)))
            .filter(|(_, it)| environment.is_none_or(|environment| it.environment == environment))
            .filter(|(_, it)| found_in(query.q.as_deref(), &[&it.name, &it.handle]) && lens.seen.workspace(it))
            .map(|(handle, it)| (handle, lens.workspace(it, false))),
    );
    answer::ok(&page)
}

/// Makes a workspace.
#[utoipa::path(post, path = "/api/v1/workspaces", tag = "workspaces", request_body = CreateWorkspace,
    responses((status = 201, body = ThingWritten)))]
async fn create(call: Call<CreateWorkspace>) -> Answer {
    let body = call.body;
    let command = Command::CreateWorkspace {
        name: body.name,
        handle: body.handle,
        client: body.client,
        environment: body.environment.unwrap_or_default(),
        description: body.description.unwrap_or_default(),
    };
    let receipt = call.app.ledger.execute(call.context, command).await?;
    let written = thing_written(&receipt, Category::Workspace, "")?;
    answer::created(
        &format!("/api/v1/workspaces/{}", written.handle),
        written.etag,
        &written,
    )
}

/// One workspace with what runs in it.
#[utoipa::path(get, path = "/api/v1/workspaces/{handle}", tag = "workspaces", params(AsOfQuery), responses((status = 200, body = Workspace)))]
async fn get(asker: Viewer, Params(handle): Params<String>) -> Answer {
    let view = asker.view();
    let lens = Lens::of(&view, &asker.caller);
    let it = find::workspace(lens.state, &lens.seen, &handle, "")?;
    answer::versioned(it.head.changed, &lens.workspace(it, true))
}

/// What runs in one workspace and in another: revisions, and the credentials behind the variables, by mapping or default.
#[utoipa::path(get, path = "/api/v1/workspaces/{from}/compare/{to}", tag = "workspaces", params(AsOfQuery),
    responses((status = 200, body = Comparison)))]
async fn compare(asker: Viewer, Params((from, to)): Params<(String, String)>) -> Answer {
    let view = asker.view();
    let lens = Lens::of(&view, &asker.caller);
    let sees = |reference: &str, pointer: &str| {
        let it = find::workspace(lens.state, &lens.seen, reference, pointer)?;
        // Who is only served there does not see what stands behind it.
        lens.seen
            .authorize(Right::See, Target::Workspace(it.id))
            .map(|_| it)
            .map_err(Rejection::from)
    };
    let (one, other) = (sees(&from, "/from")?, sees(&to, "/to")?);
    answer::ok(&lens.comparison(one, other))
}

/// Changes name, text and environment.
#[utoipa::path(post, path = "/api/v1/workspaces/{handle}/update", tag = "workspaces", request_body = UpdateWorkspace,
    responses((status = 200, body = ThingWritten)))]
async fn update(Params(handle): Params<String>, call: Call<UpdateWorkspace>) -> Answer {
    let command = Command::UpdateWorkspace {
        workspace: handle.clone(),
        name: call.body.name,
        description: call.body.description,
        environment: call.body.environment,
    };
    let receipt = call.app.ledger.execute(call.context, command).await?;
    let written = thing_written(&receipt, Category::Workspace, &handle)?;
    answer::versioned(written.etag, &written)
}

/// Puts it away: nothing is resolved in it any more.
#[utoipa::path(post, path = "/api/v1/workspaces/{handle}/archive", tag = "workspaces", request_body = Because,
    responses((status = 200, body = ThingWritten)))]
async fn archive(Params(handle): Params<String>, call: Call<Because>) -> Answer {
    let command = Command::ArchiveWorkspace {
        workspace: handle.clone(),
    };
    let receipt = call.app.ledger.execute(call.context, command).await?;
    let written = thing_written(&receipt, Category::Workspace, &handle)?;
    answer::versioned(written.etag, &written)
}

/// A workspace's yes to one revision of a template: from now on that one runs.
#[utoipa::path(post, path = "/api/v1/workspaces/{workspace}/templates/{template}/admit", tag = "workspaces",
    request_body = AdmitTemplate, responses((status = 200, body = Admitted)))]
async fn admit(Params((workspace, template)): Params<(String, String)>, call: Call<AdmitTemplate>) -> Answer {
    let command = Command::AdmitTemplate {
        workspace: workspace.clone(),
        template: template.clone(),
        revision: call.body.revision,
    };
    let receipt = call.app.ledger.execute(call.context, command).await?;
    let admitted = admitted(&receipt, &workspace, &template)?;
    answer::versioned(admitted.etag, &admitted)
}
