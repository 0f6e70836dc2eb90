//! Reports of auditors.

use super::audit::blocking;
use super::word;
use crate::answer::{self, Answer};
use crate::app::App;
use crate::call::Asker;
use crate::params::{Format, Params, Query};
use crate::problem::ApiError;
use crate::reports::{self, Kind};
use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::Response;
use strongroom_api::report::{Report, ReportFormat, ReportQuery, Reports};
use strongroom_domain::Rejection;
use strongroom_domain::rights::{Target, visible};
use strongroom_domain::words::Right;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(report))
}

/// The reports that there are.
#[utoipa::path(get, path = "/api/v1/audit/reports", tag = "reports", responses((status = 200, body = Reports)))]
async fn list(asker: Asker) -> Answer {
    audits(&asker)?;
    let items = Kind::ALL.into_iter().map(Kind::shown).collect();
    answer::ok(&Reports { items })
}

/// One report, with `audit` on the ledger: tables as JSON, CSV, Markdown, or one page to print. It holds no value of a credential.
#[utoipa::path(get, path = "/api/v1/audit/reports/{name}", tag = "reports", params(ReportFormat, ReportQuery),
    responses((status = 200, body = Report)))]
async fn report(
    asker: Asker,
    Params(name): Params<String>,
    Format(format): Format,
    Query(query): Query<ReportQuery>,
) -> Answer {
    audits(&asker)?;
    let kind = Kind::ALL.into_iter().find(|kind| kind.name() == name);
    let kind = kind.ok_or_else(|| {
        ApiError::from(Rejection::NotFound {
            what: "report",
            pointer: String::new(),
            suggestions: Kind::ALL.iter().map(|kind| kind.name().to_owned()).collect(),
            denied: None,
        })
    })?;
    let formats = ["json", "csv", "markdown", "html"];
    let format = format.as_deref().unwrap_or("json").to_owned();
    let known = formats.contains(&format.as_str()).then_some(());
    word(known, "/format", "format", &formats)?;
    let (app, caller) = (asker.app.clone(), asker.caller);
    let made = blocking(move || reports::make(&app, caller, kind, &query)).await?;
    match format.as_str() {
        "csv" => Ok(paper(reports::csv(&made)?, "text/csv; charset=utf-8")),
        "markdown" => Ok(paper(
            reports::markdown(&made)?.into_bytes(),
            "text/markdown; charset=utf-8",
        )),
        "html" => Ok(paper(reports::html(&made)?.into_bytes(), "text/html; charset=utf-8")),
        _ => answer::ok(&made),
    }
}

fn audits(asker: &Asker) -> Result<(), ApiError> {
    let view = asker.view();
    visible(&view.state, &asker.caller, view.now)
        .authorize(Right::Audit, Target::Ledger)
        .map_err(Rejection::from)?;
    Ok(())
}

fn paper(bytes: Vec<u8>, media: &'static str) -> Response {
    let mut response = Response::new(Body::from(bytes));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let nothing = "default-src 'none'; style-src 'unsafe-inline'";
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(nothing));
    response
}
