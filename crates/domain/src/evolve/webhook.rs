//! What the events of a webhook do.

use super::thing;
use crate::event::{Recorded, WebhookCreated, WebhookDelivered, WebhookFailed, WebhookPaused};
use crate::ids::WebhookId;
use crate::state::{DeliveryFailure, State, StreamHead, Webhook, WebhookStatus};
use std::sync::Arc;

pub(super) fn created(state: &mut State, recorded: &Recorded, data: &WebhookCreated) {
    let id = WebhookId(recorded.stream.id);
    let webhook = Webhook {
        id,
        head: StreamHead::default().after(recorded),
        handle: data.handle.clone(),
        name: data.name.clone(),
        skeleton: data.skeleton.clone(),
        aim: data.aim.clone(),
        secret: data.secret,
        principal: recorded.envelope.actor,
        status: WebhookStatus::Active,
        // What happened before is nobody's news.
        next: recorded.position + 1,
        delivered: 0,
        failure: None,
    };
    state.webhooks.insert(id, Arc::new(webhook));
}

pub(super) fn change(state: &mut State, recorded: &Recorded, change: impl FnOnce(&mut Webhook)) {
    if let Some(webhook) = thing(&mut state.webhooks, WebhookId(recorded.stream.id)) {
        webhook.head = webhook.head.after(recorded);
        change(webhook);
    }
}

/// Whoever changes or resumes it answers for it: it tells what he sees.
pub(super) fn taken_over(state: &mut State, recorded: &Recorded, to: impl FnOnce(&mut Webhook)) {
    change(state, recorded, |webhook| {
        webhook.principal = recorded.envelope.actor;
        webhook.failure = None;
        to(webhook);
    });
}

pub(super) fn paused(state: &mut State, recorded: &Recorded, data: &WebhookPaused) {
    change(state, recorded, |it| {
        it.status = WebhookStatus::Paused { gone: data.gone }
    });
}

pub(super) fn delivered(state: &mut State, recorded: &Recorded, data: &WebhookDelivered) {
    change(state, recorded, |webhook| {
        webhook.next = data.position + 1;
        webhook.delivered += data.count;
        webhook.failure = None;
    });
}

pub(super) fn failed(state: &mut State, recorded: &Recorded, data: &WebhookFailed) {
    change(state, recorded, |webhook| {
        webhook.failure = Some(DeliveryFailure {
            position: data.position,
            since: recorded.recorded_at,
            why: data.why.clone(),
        });
    });
}
