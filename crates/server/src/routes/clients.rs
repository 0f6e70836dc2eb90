//! Clients of an agency.

use super::found_in;
use crate::answer::{self, Answer};
use crate::app::App;
use crate::call::{Call, Viewer};
use crate::list::Slice;
use crate::params::{Params, Query};
use crate::view::{Lens, thing_written};
use strongroom_api::Page;
use strongroom_api::client::{Client, ClientQuery, CreateClient, UpdateClient};
use strongroom_api::page::AsOfQuery;
use strongroom_api::written::{Because, ThingWritten};
use strongroom_domain::command::Command;
use strongroom_domain::find;
use strongroom_domain::words::Category;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get))
        .routes(routes!(update))
        .routes(routes!(archive))
}

/// Lists clients, by handle; archived ones only where they are asked for.
#[utoipa::path(get, path = "/api/v1/clients", tag = "clients", params(ClientQuery, AsOfQuery),
    responses((status = 200, body = Page<Client>)))]
async fn list(asker: Viewer, Query(query): Query<ClientQuery>) -> Answer {
    let archived = query.archived.unwrap_or(false);
    let filters = [query.q.as_deref(), archived.then_some("archived")];
    let slice = Slice::of("clients", &filters, query.limit, query.cursor.as_deref())?;
    let view = asker.view();
    let lens = Lens::of(&view, &asker.caller);
    let state = lens.state;
    let page = slice.take(
        state
            .names
            .client_handles
            .range::<_, str>(slice.range())
            .filter_map(|(handle, id)| Some((handle, state.clients.get(id)?)))
            .filter(|(_, it)| archived || !it.archived)
            .filter(|(_, it)| found_in(query.q.as_deref(), &[&it.name, &it.handle]) && lens.seen.client(it))
            .map(|(handle, it)| (handle, lens.client(it))),
    );
    answer::ok(&page)
}

/// Makes a client.
#[utoipa::path(post, path = "/api/v1/clients", tag = "clients", request_body = CreateClient,
    responses((status = 201, body = ThingWritten)))]
async fn create(call: Call<CreateClient>) -> Answer {
    let body = call.body;
    let command = Command::CreateClient {
        name: body.name,
        handle: body.handle,
        description: body.description.unwrap_or_default(),
    };
    let receipt = call.app.ledger.execute(call.context, command).await?;
    let written = thing_written(&receipt, Category::Client, "")?;
    answer::created(&format!("/api/v1/clients/{}", written.handle), written.etag, &written)
}

/// One client.
#[utoipa::path(get, path = "/api/v1/clients/{handle}", tag = "clients", params(AsOfQuery), responses((status = 200, body = Client)))]
async fn get(asker: Viewer, Params(handle): Params<String>) -> Answer {
    let view = asker.view();
    let lens = Lens::of(&view, &asker.caller);
    let it = find::client(lens.state, &lens.seen, &handle, "")?;
    answer::versioned(it.head.changed, &lens.client(it))
}

/// Changes name and text.
#[utoipa::path(post, path = "/api/v1/clients/{handle}/update", tag = "clients", request_body = UpdateClient,
    responses((status = 200, body = ThingWritten)))]
async fn update(Params(handle): Params<String>, call: Call<UpdateClient>) -> Answer {
    let command = Command::UpdateClient {
        client: handle.clone(),
        name: call.body.name,
        description: call.body.description,
    };
    let receipt = call.app.ledger.execute(call.context, command).await?;
    let written = thing_written(&receipt, Category::Client, &handle)?;
    answer::versioned(written.etag, &written)
}

/// Puts it away.
#[utoipa::path(post, path = "/api/v1/clients/{handle}/archive", tag = "clients", request_body = Because,
    responses((status = 200, body = ThingWritten)))]
async fn archive(Params(handle): Params<String>, call: Call<Because>) -> Answer {
    let command = Command::ArchiveClient { client: handle.clone() };
    let receipt = call.app.ledger.execute(call.context, command).await?;
    let written = thing_written(&receipt, Category::Client, &handle)?;
    answer::versioned(written.etag, &written)
}
