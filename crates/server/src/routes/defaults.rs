//! What stands behind variables: mappings of a workspace, and defaults.

use super::word;
use crate::answer::{self, Answer};
use crate::app::App;
use crate::call::{Call, Viewer};
use crate::list::Slice;
use crate::params::{Params, Query};
use crate::problem::ApiError;
use crate::view::{Lens, default_written, mapping_written};
use strongroom_api::Page;
use strongroom_api::page::AsOfQuery;
use strongroom_api::workspace::{
    Default_, DefaultKey, DefaultQuery, DefaultWritten, InstanceQuery, MapVariable, MappingWritten, Mappings,
    SetDefault,
};
use strongroom_api::written::Because;
use strongroom_domain::command::Command;
use strongroom_domain::find;
use strongroom_domain::state;
use strongroom_domain::words::Kind;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(mappings))
        .routes(routes!(map, unmap))
        .routes(routes!(list, set, unset))
}

/// Each template in a workspace with its mappings, and the defaults that hold in it.
#[utoipa::path(get, path = "/api/v1/workspaces/{workspace}/mappings", tag = "mappings", params(AsOfQuery), responses((status = 200, body = Mappings)))]
async fn mappings(asker: Viewer, Params(workspace): Params<String>) -> Answer {
    let view = asker.view();
    let lens = Lens::of(&view, &asker.caller);
    let it = find::workspace(lens.state, &lens.seen, &workspace, "")?;
    let mappings = Mappings {
        workspace: it.handle.clone(),
        items: lens.installations(it.id),
        defaults: lens.defaults_in(it.id),
    };
    answer::versioned(it.head.changed, &mappings)
}

/// Puts a credential behind a variable, for the workspace or one instance of the workflow.
#[utoipa::path(put, path = "/api/v1/workspaces/{workspace}/templates/{template}/mappings/{variable}", tag = "mappings",
    request_body = MapVariable, responses((status = 200, body = MappingWritten)))]
async fn map(
    Params((workspace, template, variable)): Params<(String, String, String)>,
    call: Call<MapVariable>,
) -> Answer {
    let MapVariable {
        credential, instance, ..
    } = call.body;
    let command = Command::MapVariable {
        workspace: workspace.clone(),
        template: template.clone(),
        variable: variable.clone(),
        instance: instance.clone(),
        credential: credential.clone(),
    };
    let receipt = call.app.ledger.execute(call.context, command).await?;
    let written = mapping_written(&receipt, &workspace, &template, variable, instance, Some(&credential))?;
    answer::versioned(written.etag, &written)
}

/// Takes a mapping away.
#[utoipa::path(delete, path = "/api/v1/workspaces/{workspace}/templates/{template}/mappings/{variable}", tag = "mappings",
    params(InstanceQuery), responses((status = 200, body = MappingWritten)))]
async fn unmap(
    Params((workspace, template, variable)): Params<(String, String, String)>,
    Query(query): Query<InstanceQuery>,
    call: Call<Because>,
) -> Answer {
    let command = Command::UnmapVariable {
        workspace: workspace.clone(),
        template: template.clone(),
        variable: variable.clone(),
        instance: query.instance.clone(),
    };
    let receipt = call.app.ledger.execute(call.context, command).await?;
    let written = mapping_written(&receipt, &workspace, &template, variable, query.instance, None)?;
    answer::versioned(written.etag, &written)
}

/// Lists defaults: all, or those that hold in one workspace, its own first.
#[utoipa::path(get, path = "/api/v1/defaults", tag = "mappings", params(DefaultQuery, AsOfQuery),
    responses((status = 200, body = Page<Default_>)))]
async fn list(asker: Viewer, Query(query): Query<DefaultQuery>) -> Answer {
    let slice = Slice::of(
        "defaults",
        &[query.workspace.as_deref()],
        query.limit,
        query.cursor.as_deref(),
    )?;
    let view = asker.view();
    let lens = Lens::of(&view, &asker.caller);
    let all = match &query.workspace {
        Some(reference) => lens.defaults_in(find::workspace(lens.state, &lens.seen, reference, "/workspace")?.id),
        None => lens.state.defaults.values().filter_map(|it| lens.default(it)).collect(),
    };
    let key = |it: &Default_| {
        format!(
            "{}/{}/{}",
            it.workspace.as_deref().unwrap_or_default(),
            it.service,
            it.kind
        )
    };
    let mut keyed: Vec<(String, Default_)> = all.into_iter().map(|it| (key(&it), it)).collect();
    keyed.sort_by(|(a, _), (b, _)| a.cmp(b));
    let behind = keyed
        .into_iter()
        .filter(|(key, _)| slice.after().is_none_or(|after| key.as_str() > after));
    answer::ok(&slice.take(behind))
}

/// Sets what stands behind unmapped variables of a service and kind.
#[utoipa::path(put, path = "/api/v1/defaults", tag = "mappings", request_body = SetDefault,
    responses((status = 200, body = DefaultWritten)))]
async fn set(call: Call<SetDefault>) -> Answer {
    let SetDefault {
        workspace,
        service,
        kind,
        credential,
        ..
    } = call.body;
    let kind = kind_of(&kind)?;
    let command = Command::SetDefault {
        workspace: workspace.clone(),
        service: service.clone(),
        kind,
        credential: credential.clone(),
    };
    let caller = call.context.caller;
    let receipt = call.app.ledger.execute(call.context, command).await?;
    let key = key_of(&Lens::of(&receipt.view, &caller), workspace.as_deref(), service, kind)?;
    let written = default_written(&receipt, &key, Some(&credential));
    answer::versioned(written.etag, &written)
}

/// Takes a default away.
#[utoipa::path(delete, path = "/api/v1/defaults", tag = "mappings", params(DefaultKey),
    responses((status = 200, body = DefaultWritten)))]
async fn unset(Query(query): Query<DefaultKey>, call: Call<Because>) -> Answer {
    let kind = kind_of(&query.kind)?;
    let command = Command::UnsetDefault {
        workspace: query.workspace.clone(),
        service: query.service.clone(),
        kind,
    };
    let caller = call.context.caller;
    let receipt = call.app.ledger.execute(call.context, command).await?;
    let key = key_of(
        &Lens::of(&receipt.view, &caller),
        query.workspace.as_deref(),
        query.service,
        kind,
    )?;
    let written = default_written(&receipt, &key, None);
    answer::versioned(written.etag, &written)
}

fn kind_of(text: &str) -> Result<Kind, ApiError> {
    let words: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
    word(Kind::parse(text), "/kind", "kind", &words)
}

fn key_of(
    lens: &Lens<'_>,
    workspace: Option<&str>,
    service: String,
    kind: Kind,
) -> Result<state::DefaultKey, ApiError> {
    let workspace = match workspace {
        Some(reference) => Some(find::workspace(lens.state, &lens.seen, reference, "/workspace")?.id),
        None => None,
    };
    Ok(state::DefaultKey {
        workspace,
        service,
        kind,
    })
}
