//! Imports: an export of another system as one atomic step.

use super::credentials::pairs;
use super::templates::place;
use crate::answer::{self, Answer};
use crate::app::App;
use crate::call::Call;
use crate::view::written;
use strongroom_api::Written;
use strongroom_api::import::{Import, ImportItem, Imported};
use strongroom_domain::secret::SecretText;
use strongroom_ledger::ImportDraft;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(import))
}

/// Imports credentials: all of them or none. What is there already is left alone, what changed is proposed as a rotation.
#[utoipa::path(post, path = "/api/v1/import", tag = "import", request_body = Import, responses((status = 200, body = Imported)))]
async fn import(call: Call<Import>) -> Answer {
    let Import {
        format,
        document,
        encryption_key,
        client,
        tags,
        prefix,
        group,
        rotate,
        dry_run,
        ..
    } = call.body;
    let draft = ImportDraft {
        format,
        document: document.into_bytes().into(),
        encryption_key: encryption_key.map(|key| SecretText::new(key.into_inner())),
        client,
        tags: pairs(tags),
        prefix: prefix.unwrap_or_default(),
        group: group.unwrap_or_default(),
        rotate,
        dry_run,
    };
    let imported = call.app.ledger.import_credentials(call.context, draft).await;
    let report = imported.map_err(|failure| place(failure, "/document"))?;
    let item = |it: strongroom_ledger::ImportItem| ImportItem {
        source_id: Some(it.source_id),
        name: it.name,
        handle: it.handle,
        service: Some(it.service),
        kind: Some(it.kind.as_str().to_owned()),
        action: it.action.as_str().to_owned(),
        holder: it.holder,
        warnings: it.warnings,
    };
    let nothing = || Written {
        checkpoint: call.app.ledger.checkpoint().to_string(),
        ..Written::default()
    };
    answer::ok(&Imported {
        items: report.items.into_iter().map(item).collect(),
        dry_run,
        written: report.receipt.as_ref().map_or_else(nothing, written),
    })
}
