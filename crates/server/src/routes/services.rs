//! The service catalogue: facts, the same for everybody with a token.

use crate::answer::{self, Answer};
use crate::app::App;
use crate::call::Asker;
use crate::list::Slice;
use crate::params::{Params, Query};
use strongroom_api::Page;
use strongroom_api::service::{Service, ServiceField, ServiceQuery};
use strongroom_domain::Rejection;
use strongroom_formats::catalogue;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get))
}

/// Lists services, by id.
#[utoipa::path(get, path = "/api/v1/services", tag = "services", params(ServiceQuery),
    responses((status = 200, body = Page<Service>)))]
async fn list(_asker: Asker, Query(query): Query<ServiceQuery>) -> Answer {
    let slice = Slice::of("services", &[query.q.as_deref()], query.limit, query.cursor.as_deref())?;
    let mut found = catalogue::search(query.q.as_deref().unwrap_or_default());
    found.sort_by_key(|service| service.id);
    let behind = found
        .into_iter()
        .filter(|service| slice.after().is_none_or(|after| service.id > after));
    answer::ok(&slice.take(behind.map(|service| (service.id, shown(service)))))
}

/// One service with its fields.
#[utoipa::path(get, path = "/api/v1/services/{id}", tag = "services", responses((status = 200, body = Service)))]
async fn get(_asker: Asker, Params(id): Params<String>) -> Answer {
    let service = catalogue::service(&id).ok_or_else(|| Rejection::NotFound {
        what: "service",
        pointer: String::new(),
        suggestions: catalogue::suggest(&id).into_iter().map(str::to_owned).collect(),
        denied: None,
    })?;
    answer::ok(&shown(service))
}

fn shown(service: &catalogue::Service) -> Service {
    let field = |field: &catalogue::FieldSpec| ServiceField {
        name: field.name.to_owned(),
        class: field.class.as_str().to_owned(),
        required: field.required,
    };
    Service {
        id: service.id.to_owned(),
        name: service.name.to_owned(),
        kinds: service.kinds.iter().map(|kind| kind.as_str().to_owned()).collect(),
        fields: service.fields.iter().map(field).collect(),
        authorization_url: service.authorization_url.map(str::to_owned),
        token_url: service.token_url.map(str::to_owned),
        hosts: service.hosts.iter().map(|host| (*host).to_owned()).collect(),
    }
}
