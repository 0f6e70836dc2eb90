//! Templates and their documents.

use super::found_in;
use crate::answer::{self, Answer};
use crate::app::App;
use crate::call::{Asker, Call, Viewer};
use crate::list::Slice;
use crate::params::{Params, Query};
use crate::problem::ApiError;
use crate::strict::JsonError;
use crate::view::{Lens, template_written, thing_written};
use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::Response;
use serde::Serialize;
use strongroom_api::page::AsOfQuery;
use strongroom_api::template::{
    Affected, AffectedQuery, CreateTemplate, DocumentQuery, ExportQuery, ReviseTemplate, Template, TemplateQuery,
    TemplateWritten, UpdateTemplate, VariableInput,
};
use strongroom_api::written::{Because, ThingWritten};
use strongroom_api::{Document, Page};
use strongroom_domain::command::Command;
use strongroom_domain::find;
use strongroom_domain::rights::visible;
use strongroom_domain::words::Category;
use strongroom_ledger::{Failure, RequestContext, TemplateDraft};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get))
        .routes(routes!(update))
        .routes(routes!(revise))
        .routes(routes!(retire))
        .routes(routes!(archive))
        .routes(routes!(document))
        .routes(routes!(export))
        .routes(routes!(affected))
}

/// Lists templates, by handle; retired ones only where they are asked for.
#[utoipa::path(get, path = "/api/v1/templates", tag = "templates", params(TemplateQuery, AsOfQuery),
    responses((status = 200, body = Page<Template>)))]
async fn list(asker: Viewer, Query(query): Query<TemplateQuery>) -> Answer {
    let retired = query.retired.unwrap_or(false);
    let filters = [query.q.as_deref(), retired.then_some("retired")];
    let slice = Slice::of("templates", &filters, query.limit, query.cursor.as_deref())?;
    let view = asker.view();
    let lens = Lens::of(&view, &asker.caller);
    let state = lens.state;
    let page = slice.take(
        state
            .names
            .template_handles
            .range::<_, str>(slice.range())
            .filter_map(|(handle, id)| Some((handle, state.templates.get(id)?)))
            .filter(|(_, it)| retired || !it.retired)
            .filter(|(_, it)| found_in(query.q.as_deref(), &[&it.name, &it.handle]) && lens.seen.template(it))
            .map(|(handle, it)| (handle, lens.template(it, false))),
    );
    answer::ok(&page)
}

/// Makes a template: from variables, or from a document in which each credential reference becomes one.
#[utoipa::path(post, path = "/api/v1/templates", tag = "templates", request_body = CreateTemplate,
    responses((status = 201, body = TemplateWritten)))]
async fn create(call: Call<CreateTemplate>) -> Answer {
    let body = call.body;
    let source = source(body.name.as_deref(), body.variables, body.document, body.format)?;
    let draft = TemplateDraft {
        name: body.name,
        handle: body.handle,
        description: body.description.unwrap_or_default(),
        format: source.format,
        document: source.document,
        revise: None,
        allow_hardcoded: body.allow_hardcoded,
    };
    let placed = source.placed;
    let receipt = call
        .app
        .ledger
        .import_template(call.context, draft)
        .await
        .map_err(|failure| place(failure, placed))?;
    let written = template_written(&receipt, "")?;
    answer::created(&format!("/api/v1/templates/{}", written.handle), written.etag, &written)
}

/// One template with its revisions.
#[utoipa::path(get, path = "/api/v1/templates/{handle}", tag = "templates", params(AsOfQuery), responses((status = 200, body = Template)))]
async fn get(asker: Viewer, Params(handle): Params<String>) -> Answer {
    let view = asker.view();
    let lens = Lens::of(&view, &asker.caller);
    let it = find::template(lens.state, &lens.seen, &handle, "")?;
    answer::versioned(it.head.changed, &lens.template(it, true))
}

/// Changes name and text.
#[utoipa::path(post, path = "/api/v1/templates/{handle}/update", tag = "templates", request_body = UpdateTemplate,
    responses((status = 200, body = ThingWritten)))]
async fn update(Params(handle): Params<String>, call: Call<UpdateTemplate>) -> Answer {
    let command = Command::UpdateTemplate {
        template: handle.clone(),
        name: call.body.name,
        description: call.body.description,
    };
    let receipt = call.app.ledger.execute(call.context, command).await?;
    let written = thing_written(&receipt, Category::Template, &handle)?;
    answer::versioned(written.etag, &written)
}

/// Brings a newer document as the next revision; what runs stays what was admitted.
#[utoipa::path(post, path = "/api/v1/templates/{handle}/revise", tag = "templates", request_body = ReviseTemplate,
    responses((status = 200, body = TemplateWritten)))]
async fn revise(Params(handle): Params<String>, call: Call<ReviseTemplate>) -> Answer {
    let body = call.body;
    // The name in the document is of no account here: a template keeps its own.
    let source = source(Some("template"), body.variables, body.document, body.format)?;
    let draft = TemplateDraft {
        format: source.format,
        document: source.document,
        revise: Some(handle.clone()),
        allow_hardcoded: body.allow_hardcoded,
        ..TemplateDraft::default()
    };
    let placed = source.placed;
    if body.dry_run {
        return rehearsed(&call.app, &call.context, &draft, placed);
    }
    let caller = call.context.caller;
    let receipt = call
        .app
        .ledger
        .import_template(call.context, draft)
        .await
        .map_err(|failure| place(failure, placed))?;
    let mut written = template_written(&receipt, &handle)?;
    let lens = Lens::of(&receipt.view, &caller);
    let it = find::template(lens.state, &lens.seen, &written.id, "")?;
    let fact = find::revision(it, Some(written.revision), "")?;
    written.affected = Some(lens.affected(it, fact));
    answer::versioned(written.etag, &written)
}

/// What a revision would come to. Nothing is changed.
fn rehearsed(app: &App, context: &RequestContext, draft: &TemplateDraft, placed: &str) -> Answer {
    let rehearsed = app
        .ledger
        .rehearse_template(context, draft)
        .map_err(|failure| place(failure, placed))?;
    let view = &rehearsed.before;
    let lens = Lens {
        state: &rehearsed.after,
        seen: visible(&rehearsed.after, &context.caller, view.now),
        now: view.now,
        last_use: &view.last_use,
    };
    let reference = draft.revise.as_deref().unwrap_or_default();
    let after = find::template(lens.state, &lens.seen, reference, "")?;
    let shown = view
        .state
        .templates
        .get(&after.id)
        .and_then(|before| lens.template_rehearsed(before, after, &rehearsed, &app.ledger.checkpoint()));
    answer::ok(&shown.ok_or_else(|| Failure::Internal("a template without revision".to_owned()))?)
}

/// Which workspaces that run it lack something for a revision, before that is admitted there.
#[utoipa::path(get, path = "/api/v1/templates/{handle}/affected", tag = "templates", params(AffectedQuery),
    responses((status = 200, body = Affected)))]
async fn affected(asker: Asker, Params(handle): Params<String>, Query(query): Query<AffectedQuery>) -> Answer {
    let view = asker.view();
    let lens = Lens::of(&view, &asker.caller);
    let it = find::template(lens.state, &lens.seen, &handle, "")?;
    let fact = find::revision(it, query.revision, "/revision")?;
    answer::ok(&lens.affected(it, fact))
}

/// A revision as a file for another ledger: its variables and its document, nothing of where it runs.
#[utoipa::path(get, path = "/api/v1/templates/{handle}/export", tag = "templates", params(ExportQuery),
    responses((status = 200, body = Document)))]
async fn export(asker: Asker, Params(handle): Params<String>, Query(query): Query<ExportQuery>) -> Answer {
    let (ledger, caller) = (asker.app.ledger.clone(), asker.caller);
    let as_is = query.as_is.unwrap_or(false);
    let read = move || ledger.export_template(&caller, &handle, query.revision, as_is);
    Ok(json_bytes(super::audit::blocking(read).await?))
}

/// Puts it away: it is not admitted any more; where it runs it goes on.
#[utoipa::path(post, path = "/api/v1/templates/{handle}/retire", tag = "templates", request_body = Because,
    responses((status = 200, body = ThingWritten)))]
async fn retire(Params(handle): Params<String>, call: Call<Because>) -> Answer {
    put_away(handle, call).await
}

/// The same as `retire`.
#[utoipa::path(post, path = "/api/v1/templates/{handle}/archive", tag = "templates", request_body = Because,
    responses((status = 200, body = ThingWritten)))]
async fn archive(Params(handle): Params<String>, call: Call<Because>) -> Answer {
    put_away(handle, call).await
}

/// A revision's document, the bytes that its digest is of: references, no credential names.
#[utoipa::path(get, path = "/api/v1/templates/{handle}/document", tag = "templates", params(DocumentQuery),
    responses((status = 200, body = Document)))]
async fn document(asker: Asker, Params(handle): Params<String>, Query(query): Query<DocumentQuery>) -> Answer {
    let (ledger, caller) = (asker.app.ledger.clone(), asker.caller);
    let read = move || ledger.template_document(&caller, &handle, query.revision);
    Ok(json_bytes(super::audit::blocking(read).await?))
}

fn json_bytes(bytes: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(bytes));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn put_away(handle: String, call: Call<Because>) -> Answer {
    let command = Command::RetireTemplate {
        template: handle.clone(),
    };
    let receipt = call.app.ledger.execute(call.context, command).await?;
    let written = thing_written(&receipt, Category::Template, &handle)?;
    answer::versioned(written.etag, &written)
}

/// What a template is made of.
struct Source {
    format: Option<String>,
    document: Vec<u8>,
    /// Where the document stands in the request: places in it are told from there.
    placed: &'static str,
}

/// A strongroom template document, as `formats::template` reads it.
#[derive(Serialize)]
struct Composed<'a> {
    name: &'a str,
    variables: &'a [VariableInput],
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<&'a Document>,
}

fn source(
    name: Option<&str>,
    variables: Option<Vec<VariableInput>>,
    document: Option<Document>,
    format: Option<String>,
) -> Result<Source, ApiError> {
    let missing = |name: &str| {
        ApiError::Json(JsonError::Missing {
            pointer: format!("/{name}"),
            name: name.to_owned(),
        })
    };
    let Some(variables) = variables else {
        let document = document.ok_or_else(|| missing("variables"))?;
        return Ok(Source {
            format,
            document: document.into_bytes(),
            placed: "/document",
        });
    };
    if format.as_deref().is_some_and(|format| format != "strongroom") {
        return Err(ApiError::Parameter {
            pointer: "/variables".to_owned(),
            what: "are made of a document of this format: they can't be given beside it".to_owned(),
            hint: "leave out `variables`, or the format".to_owned(),
        });
    }
    let name = name.ok_or_else(|| missing("name"))?;
    let composed = Composed {
        name,
        variables: &variables,
        document: document.as_ref(),
    };
    let document = serde_json::to_vec(&composed).map_err(|error| Failure::Internal(error.to_string()))?;
    Ok(Source {
        format: Some("strongroom".to_owned()),
        document,
        placed: "",
    })
}

/// Tells a place in the document as a place in the request.
pub(super) fn place(failure: Failure, placed: &str) -> ApiError {
    let of_request = |pointer: &str| matches!(pointer, "/format" | "/encryption_key" | "/reason" | "/template");
    match failure {
        Failure::Format {
            pointer,
            line,
            what,
            hint,
        } if !pointer.as_deref().is_some_and(of_request) => {
            let pointer = Some(format!("{placed}{}", pointer.unwrap_or_default()));
            Failure::Format {
                pointer,
                line,
                what,
                hint,
            }
            .into()
        }
        other => other.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_and_document_become_one_template_document() {
        let variables = vec![VariableInput {
            name: "A".to_owned(),
            service: "openai".to_owned(),
            ..VariableInput::default()
        }];
        let document = Document::new("{\"b\":1.0}".to_owned());
        let source = source(Some("N"), Some(variables), Some(document), None).unwrap();
        let text = String::from_utf8(source.document).unwrap();
        assert_eq!(
            text,
            r#"{"name":"N","variables":[{"name":"A","service":"openai","kinds":[]}],"document":{"b":1.0}}"#
        );
        assert_eq!((source.format.as_deref(), source.placed), (Some("strongroom"), ""));
    }

    #[test]
    fn a_place_in_the_document_is_told_from_the_request() {
        let shown = |failure: Failure| crate::problem::problem(&place(failure, "/document")).pointer;
        assert_eq!(
            shown(Failure::format("/nodes/0", "x", None)).as_deref(),
            Some("/document/nodes/0")
        );
        assert_eq!(shown(Failure::format("/format", "x", None)).as_deref(), Some("/format"));
    }
}
