//! Webhooks.

use super::{Lens, written};
use crate::time::rfc3339;
use strongroom_api::webhook::{Failing, Webhook, WebhookWritten};
use strongroom_domain::context::Caller;
use strongroom_domain::find;
use strongroom_domain::ids::WebhookId;
use strongroom_domain::state::{self, WebhookStatus};
use strongroom_domain::words::Category;
use strongroom_ledger::{Failure, Receipt};

impl Lens<'_> {
    /// A webhook.
    pub(crate) fn webhook(&self, it: &state::Webhook) -> Webhook {
        let (status, gone) = match it.status {
            WebhookStatus::Active => ("active", false),
            WebhookStatus::Paused { gone } => ("paused", gone),
            WebhookStatus::Removed => ("removed", false),
        };
        Webhook {
            handle: it.handle.clone(),
            id: it.id.to_string(),
            name: it.name.clone(),
            url: it.aim.url.clone(),
            on: it.aim.on.clone(),
            filter: it.aim.filter.clone(),
            secret: self.credential_handle(it.secret),
            principal: self.principal_handle(it.principal),
            status: status.to_owned(),
            gone,
            next_position: it.next,
            delivered: it.delivered,
            failing: it.failure.as_ref().map(|failure| Failing {
                position: failure.position,
                since: rfc3339(failure.since),
                why: failure.why.clone(),
            }),
            created_at: rfc3339(it.head.created_at),
            updated_at: rfc3339(it.head.updated_at),
            etag: it.head.changed,
        }
    }
}

/// A webhook made or changed.
pub(crate) fn webhook_written(receipt: &Receipt, caller: &Caller, reference: &str) -> Result<WebhookWritten, Failure> {
    let lens = Lens::of(&receipt.view, caller);
    let event = receipt
        .events
        .iter()
        .rfind(|it| it.stream.category == Category::Webhook);
    let webhook = match event {
        Some(event) => lens.state.webhooks.get(&WebhookId(event.stream.id)).map(AsRef::as_ref),
        None => find::webhook(lens.state, &lens.seen, reference, "").ok(),
    };
    let webhook = webhook.ok_or_else(|| Failure::Internal("a webhook is not in the state that holds it".to_owned()))?;
    Ok(WebhookWritten {
        webhook: lens.webhook(webhook),
        written: written(receipt),
    })
}
