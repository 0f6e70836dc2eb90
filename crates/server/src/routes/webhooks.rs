//! Webhooks: who is told of what.

use crate::answer::{self, Answer};
use crate::app::App;
use crate::call::{Asker, Call};
use crate::deliveries;
use crate::list::Slice;
use crate::params::{Params, Query};
use crate::problem::ApiError;
use crate::view::{Lens, webhook_written, written};
use strongroom_api::Page;
use strongroom_api::webhook::{CreateWebhook, UpdateWebhook, Webhook, WebhookQuery, WebhookTried, WebhookWritten};
use strongroom_api::written::Because;
use strongroom_connect::SendError;
use strongroom_domain::command::{self, Command, FieldInput};
use strongroom_domain::event::WebhookAim;
use strongroom_domain::find;
use strongroom_domain::rights::{Target, visible};
use strongroom_domain::state::WebhookStatus;
use strongroom_domain::text::Name;
use strongroom_domain::words::{FieldClass, Kind, Right};
use strongroom_ledger::{Failure, new_webhook_secret};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get))
        .routes(routes!(update))
        .routes(routes!(pause))
        .routes(routes!(resume))
        .routes(routes!(remove))
        .routes(routes!(try_it))
}

/// The service of credentials that hold signing secrets.
const SERVICE: &str = "standard-webhooks";

/// Lists webhooks, by handle; removed ones only where they are asked for.
#[utoipa::path(get, path = "/api/v1/webhooks", tag = "webhooks", params(WebhookQuery),
    responses((status = 200, body = Page<Webhook>)))]
async fn list(asker: Asker, Query(query): Query<WebhookQuery>) -> Answer {
    let removed = query.removed.unwrap_or(false);
    let slice = Slice::of(
        "webhooks",
        &[removed.then_some("removed")],
        query.limit,
        query.cursor.as_deref(),
    )?;
    let view = asker.view();
    let lens = Lens::of(&view, &asker.caller);
    let may = lens.seen.may(Right::Audit, Target::Ledger) || lens.seen.may(Right::Administer, Target::Ledger);
    let mut seen: Vec<_> = lens
        .state
        .webhooks
        .values()
        .filter(|it| may && (removed || it.status != WebhookStatus::Removed))
        .filter(|it| slice.after().is_none_or(|after| it.handle.as_str() > after))
        .map(|it| (it.handle.clone(), lens.webhook(it)))
        .collect();
    seen.sort_by(|one, other| one.0.cmp(&other.0));
    answer::ok(&slice.take(seen.into_iter()))
}

/// Makes a webhook, and the credential with its signing secret where none is named.
#[utoipa::path(post, path = "/api/v1/webhooks", tag = "webhooks", request_body = CreateWebhook,
    responses((status = 201, body = WebhookWritten)))]
async fn create(call: Call<CreateWebhook>) -> Answer {
    let body = call.body;
    let caller = call.context.caller;
    let aim = WebhookAim {
        url: body.url,
        on: body.on,
        filter: body.filter.unwrap_or_default(),
    };
    let may = administers(&call.app, &caller);
    if may {
        check_url(&call.app, &aim.url)?;
        call.app.ledger.check_webhook_filter(&caller, &aim.filter)?;
    }
    let mut commands = Vec::new();
    let secret = match body.secret {
        Some(secret) => {
            call.app.ledger.check_signing(&caller, &secret)?;
            secret
        }
        None if may => {
            let (made, handle) = new_secret(&call.app, &body.name)?;
            commands.push(made);
            handle
        }
        None => String::new(),
    };
    commands.push(Command::CreateWebhook {
        name: body.name,
        handle: body.handle,
        aim,
        secret,
    });
    let receipt = call.app.ledger.execute_all(call.context, commands).await?;
    let written = webhook_written(&receipt, &caller, "")?;
    let location = format!("/api/v1/webhooks/{}", written.webhook.handle);
    answer::created(&location, written.webhook.etag, &written)
}

/// A credential with a signing secret for a webhook of that name, and its handle.
fn new_secret(app: &App, webhook: &str) -> Result<(Command, String), ApiError> {
    let name = format!("Signing secret of {}", webhook.trim());
    // A name that is none is refused where the webhook itself is.
    let handle = Name::parse(&name).ok().and_then(|name| name.handle());
    let taken = |handle: &str| app.ledger.view().state.names.credential_handles.contains_key(handle);
    let handle = handle.map_or_else(|| SERVICE.to_owned(), |handle| handle.free(taken).as_str().to_owned());
    let create = command::CreateCredential {
        name,
        handle: Some(handle.clone()),
        service: SERVICE.to_owned(),
        kind: Kind::Custom,
        fields: vec![FieldInput {
            name: "secret".to_owned(),
            value: new_webhook_secret()?,
            class: FieldClass::Secret,
            json: false,
        }],
        description: String::new(),
        tags: Vec::new(),
        settings: Vec::new(),
        client: None,
        steward: None,
        expires_at: None,
        rotation: None,
        source: None,
        app: None,
        scopes: Vec::new(),
        accept_duplicate: false,
    };
    Ok((Command::CreateCredential(Box::new(create)), handle))
}

/// One webhook, and how far its receiver is.
#[utoipa::path(get, path = "/api/v1/webhooks/{handle}", tag = "webhooks", responses((status = 200, body = Webhook)))]
async fn get(asker: Asker, Params(handle): Params<String>) -> Answer {
    let view = asker.view();
    let lens = Lens::of(&view, &asker.caller);
    let it = find::webhook(lens.state, &lens.seen, &handle, "")?;
    answer::versioned(it.head.changed, &lens.webhook(it))
}

/// Changes where it sends what; who does so answers for it from then on.
#[utoipa::path(post, path = "/api/v1/webhooks/{handle}/update", tag = "webhooks", request_body = UpdateWebhook,
    responses((status = 200, body = WebhookWritten)))]
async fn update(Params(handle): Params<String>, call: Call<UpdateWebhook>) -> Answer {
    let caller = call.context.caller;
    if administers(&call.app, &caller) {
        if let Some(url) = &call.body.url {
            check_url(&call.app, url)?;
        }
        if let Some(filter) = &call.body.filter {
            call.app.ledger.check_webhook_filter(&caller, filter)?;
        }
    }
    let command = Command::UpdateWebhook {
        webhook: handle.clone(),
        url: call.body.url,
        on: call.body.on,
        filter: call.body.filter,
    };
    let receipt = call.app.ledger.execute(call.context, command).await?;
    let written = webhook_written(&receipt, &caller, &handle)?;
    answer::versioned(written.webhook.etag, &written)
}

/// Sends nothing until it is resumed; nothing is skipped.
#[utoipa::path(post, path = "/api/v1/webhooks/{handle}/pause", tag = "webhooks", request_body = Because,
    responses((status = 200, body = WebhookWritten)))]
async fn pause(Params(handle): Params<String>, call: Call<Because>) -> Answer {
    change(call, &handle, |webhook| Command::PauseWebhook { webhook }).await
}

/// Sends again, from where it was; who does so answers for it from then on.
#[utoipa::path(post, path = "/api/v1/webhooks/{handle}/resume", tag = "webhooks", request_body = Because,
    responses((status = 200, body = WebhookWritten)))]
async fn resume(Params(handle): Params<String>, call: Call<Because>) -> Answer {
    change(call, &handle, |webhook| Command::ResumeWebhook { webhook }).await
}

/// Sends never again.
#[utoipa::path(post, path = "/api/v1/webhooks/{handle}/remove", tag = "webhooks", request_body = Because,
    responses((status = 200, body = WebhookWritten)))]
async fn remove(Params(handle): Params<String>, call: Call<Because>) -> Answer {
    change(call, &handle, |webhook| Command::RemoveWebhook { webhook }).await
}

async fn change(call: Call<Because>, handle: &str, command: fn(String) -> Command) -> Answer {
    let caller = call.context.caller;
    let receipt = call
        .app
        .ledger
        .execute(call.context, command(handle.to_owned()))
        .await?;
    let written = webhook_written(&receipt, &caller, handle)?;
    answer::versioned(written.webhook.etag, &written)
}

/// Sends one message of the type `webhook.test`, once, and says what came of it. That it is tried is recorded first.
#[utoipa::path(post, path = "/api/v1/webhooks/{handle}/test", tag = "webhooks", request_body = Because,
    responses((status = 200, body = WebhookTried)))]
async fn try_it(Params(handle): Params<String>, call: Call<Because>) -> Answer {
    let caller = call.context.caller;
    let test = Command::TestWebhook {
        webhook: handle.clone(),
    };
    let receipt = call.app.ledger.execute(call.context, test).await?;
    let lens = Lens::of(&receipt.view, &caller);
    let webhook = find::webhook(lens.state, &lens.seen, &handle, "")?;
    let written = written(&receipt);
    if receipt.replayed {
        let answer = "this request was tried before, and what came of it is not kept".to_owned();
        return answer::ok(&WebhookTried {
            ok: false,
            answer,
            written,
        });
    }
    let tried = match deliveries::try_once(&call.app, webhook).await {
        Ok(status) => WebhookTried {
            ok: true,
            answer: format!("the receiver answered with {status}"),
            written,
        },
        Err(why) => WebhookTried {
            ok: false,
            answer: why.to_string(),
            written,
        },
    };
    answer::ok(&tried)
}

/// What only who administers is told of: the rules refuse the others without a look at what they sent.
fn administers(app: &App, caller: &strongroom_domain::context::Caller) -> bool {
    let view = app.ledger.view();
    visible(&view.state, caller, view.now).may(Right::Administer, Target::Ledger)
}

fn check_url(app: &App, url: &str) -> Result<(), ApiError> {
    let checked = app.outgoing.check_receiver(url.trim());
    let refused = |error: SendError| {
        let hint = "https, at a public address; `serve --outgoing-host HOST` lists others";
        ApiError::from(Failure::format("/url", error.to_string(), Some(hint)))
    };
    checked.map_err(refused)
}
