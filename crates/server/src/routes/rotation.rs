//! What is to be rotated.

use crate::answer::{self, Answer};
use crate::app::App;
use crate::call::Viewer;
use crate::list::Slice;
use crate::params::Query;
use crate::view::Lens;
use strongroom_api::Page;
use strongroom_api::credential::{Due, DueQuery};
use strongroom_api::page::AsOfQuery;
use strongroom_domain::due::due;
use strongroom_domain::find;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

const DAY_US: u64 = 24 * 3_600 * 1_000_000;
const WITHIN_DAYS: u32 = 30;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list))
}

/// Credentials that are to be rotated, by their policy or since their values end: overdue ones first.
#[utoipa::path(get, path = "/api/v1/rotation/due", tag = "rotation", params(DueQuery, AsOfQuery),
    responses((status = 200, body = Page<Due>)))]
async fn list(asker: Viewer, Query(query): Query<DueQuery>) -> Answer {
    let within = query.within_days.unwrap_or(WITHIN_DAYS);
    let days = within.to_string();
    let filters = [Some(days.as_str()), query.client.as_deref()];
    let slice = Slice::of("due", &filters, query.limit, query.cursor.as_deref())?;
    let view = asker.view();
    let lens = Lens::of(&view, &asker.caller);
    let client = match &query.client {
        Some(reference) => Some(find::client(lens.state, &lens.seen, reference, "/client")?.id),
        None => None,
    };
    let before = lens.now.saturating_add(u64::from(within) * DAY_US);
    let found = due(lens.state, before).into_iter();
    let seen = found
        .filter(|it| client.is_none_or(|client| it.credential.client == Some(client)))
        .filter(|it| lens.seen.credential(it.credential))
        .map(|it| (format!("{:020}/{}", it.at, it.credential.handle), it))
        .filter(|(key, _)| slice.after().is_none_or(|after| key.as_str() > after));
    answer::ok(&slice.take(seen.map(|(key, it)| (key, lens.due(&it)))))
}
