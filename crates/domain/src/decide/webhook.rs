//! Webhooks: who is told of what, and how far he has been told.

use super::access::by_the_ledger;
use super::{Decision, Desk, at, decided, named, one, stream, unchanged};
use crate::event::{
    Event, Nothing, Stream, WebhookAim, WebhookCreated, WebhookDelivered, WebhookFailed, WebhookPaused, WebhookUpdated,
};
use crate::find;
use crate::ids::{Position, WebhookId};
use crate::limits::{TEXT_CHARS_MAX, URL_CHARS_MAX, WEBHOOK_TYPES_MAX, WEBHOOKS_MAX};
use crate::rejection::Rejection;
use crate::rights::{Allowed, Target};
use crate::state::{Webhook, WebhookStatus};
use crate::stored::TYPES;
use crate::words::{Category, CredentialStatus, FieldClass, Right};

pub(super) fn create(
    desk: &mut Desk<'_, '_, '_>,
    name: &str,
    handle: Option<String>,
    aim: WebhookAim,
    secret: &str,
) -> Result<Decision, Rejection> {
    let allowed = desk.authorize(Right::Administer, Target::Ledger)?;
    desk.match_version(0)?;
    let live = || {
        desk.state
            .webhooks
            .values()
            .filter(|it| it.status != WebhookStatus::Removed)
    };
    if live().count() >= WEBHOOKS_MAX {
        return Err(Rejection::invalid(
            "",
            format!("there are {WEBHOOKS_MAX} webhooks already"),
            "remove one that is not needed",
        ));
    }
    // A handle is never given twice: the log names it.
    let taken = |handle: &str| desk.state.webhooks.values().any(|it| it.handle == handle);
    let holder = |skeleton: &str| {
        live()
            .find(|it| it.skeleton == skeleton)
            .map(|it| Some(it.handle.as_str()))
    };
    let (name, handle) = named("webhook", name, handle, taken, holder)?;
    let aim = checked(aim)?;
    let credential = desk.credential(secret, "/secret")?;
    desk.authorize(Right::Use, Target::Credential(credential))?;
    if credential.status != CredentialStatus::Active {
        return Err(Rejection::NotActive {
            what: "credential",
            status: credential.status.as_str(),
        });
    }
    let secrets = credential.fields.iter().filter(|it| it.class == FieldClass::Secret);
    if secrets.count() != 1 {
        return Err(Rejection::invalid(
            "/secret",
            "the credential has not exactly one secret field",
            "name one whose only secret is `whsec_` and base64",
        ));
    }
    let created = WebhookCreated {
        name: name.as_str().to_owned(),
        skeleton: name.skeleton().to_owned(),
        handle: handle.as_str().to_owned(),
        aim,
        secret: credential.id,
    };
    let stream = stream(Category::Webhook, desk.fresh());
    Ok(decided(allowed, vec![one(stream, Event::WebhookCreated(created))]))
}

pub(super) fn update(
    desk: &mut Desk<'_, '_, '_>,
    reference: &str,
    url: Option<String>,
    on: Option<Vec<String>>,
    filter: Option<String>,
) -> Result<Decision, Rejection> {
    let (webhook, allowed) = open(desk, reference)?;
    let before = webhook.aim.clone();
    let after = checked(WebhookAim {
        url: url.unwrap_or_else(|| before.url.clone()),
        on: on.unwrap_or_else(|| before.on.clone()),
        filter: filter.unwrap_or_else(|| before.filter.clone()),
    })?;
    if before == after {
        return unchanged(allowed);
    }
    let updated = Event::WebhookUpdated(WebhookUpdated { before, after });
    Ok(decided(allowed, vec![one(stream_of(webhook.id), updated)]))
}

pub(super) fn pause(desk: &mut Desk<'_, '_, '_>, reference: &str) -> Result<Decision, Rejection> {
    let (webhook, allowed) = open(desk, reference)?;
    if webhook.status != WebhookStatus::Active {
        return unchanged(allowed);
    }
    let paused = Event::WebhookPaused(WebhookPaused { gone: false });
    Ok(decided(allowed, vec![one(stream_of(webhook.id), paused)]))
}

pub(super) fn resume(desk: &mut Desk<'_, '_, '_>, reference: &str) -> Result<Decision, Rejection> {
    let (webhook, allowed) = open(desk, reference)?;
    // By somebody else it is taken over, also where it runs.
    if webhook.status == WebhookStatus::Active && webhook.principal == desk.ctx.caller.principal {
        return unchanged(allowed);
    }
    let resumed = Event::WebhookResumed(Nothing {});
    Ok(decided(allowed, vec![one(stream_of(webhook.id), resumed)]))
}

pub(super) fn remove(desk: &mut Desk<'_, '_, '_>, reference: &str) -> Result<Decision, Rejection> {
    let (webhook, allowed) = open(desk, reference)?;
    let removed = Event::WebhookRemoved(Nothing {});
    Ok(decided(allowed, vec![one(stream_of(webhook.id), removed)]))
}

/// A message is about to be sent to see what comes of it: it is signed, so it is said first.
pub(super) fn test(desk: &mut Desk<'_, '_, '_>, reference: &str) -> Result<Decision, Rejection> {
    let (webhook, allowed) = open(desk, reference)?;
    let tested = Event::WebhookTested(Nothing {});
    Ok(decided(allowed, vec![one(stream_of(webhook.id), tested)]))
}

/// The receiver has taken everything up to a position.
pub(super) fn delivered(
    desk: &mut Desk<'_, '_, '_>,
    id: WebhookId,
    position: Position,
    count: u64,
) -> Result<Decision, Rejection> {
    let delivered = WebhookDelivered { position, count };
    said(desk, id, Event::WebhookDelivered(delivered), |it| it.next <= position)
}

/// The receiver did not take an event. Said once, until it takes one again.
pub(super) fn failed(
    desk: &mut Desk<'_, '_, '_>,
    id: WebhookId,
    position: Position,
    why: String,
) -> Result<Decision, Rejection> {
    let failed = WebhookFailed { position, why };
    said(desk, id, Event::WebhookFailed(failed), |it| {
        it.status == WebhookStatus::Active && it.failure.is_none()
    })
}

/// The receiver is gone for good.
pub(super) fn gone(desk: &mut Desk<'_, '_, '_>, id: WebhookId) -> Result<Decision, Rejection> {
    let paused = Event::WebhookPaused(WebhookPaused { gone: true });
    said(desk, id, paused, |it| it.status == WebhookStatus::Active)
}

/// What the ledger itself notes of a webhook, where it is news.
fn said(
    desk: &Desk<'_, '_, '_>,
    id: WebhookId,
    event: Event,
    is_news: impl FnOnce(&Webhook) -> bool,
) -> Result<Decision, Rejection> {
    let allowed = by_the_ledger(desk)?;
    let found = desk.state.webhooks.get(&id);
    match found.filter(|it| it.status != WebhookStatus::Removed && is_news(it)) {
        Some(_) => Ok(decided(allowed, vec![one(stream_of(id), event)])),
        None => unchanged(allowed),
    }
}

/// A webhook that is there, for who may change it.
fn open<'s>(desk: &Desk<'s, '_, '_>, reference: &str) -> Result<(&'s Webhook, Allowed), Rejection> {
    let webhook = find::webhook(desk.state, &desk.visible, reference, "")?;
    let allowed = desk.authorize(Right::Administer, Target::Ledger)?;
    desk.match_version(webhook.head.changed)?;
    if webhook.status == WebhookStatus::Removed {
        return Err(Rejection::NotActive {
            what: "webhook",
            status: "removed",
        });
    }
    Ok((webhook, allowed))
}

fn checked(aim: WebhookAim) -> Result<WebhookAim, Rejection> {
    let url = aim.url.trim();
    let is_plain = url.chars().all(|it| it.is_ascii_graphic());
    if !is_plain || url.chars().count() > URL_CHARS_MAX || !url.contains("://") {
        return Err(Rejection::invalid(
            "/url",
            format!("it is no URL of at most {URL_CHARS_MAX} characters"),
            "for example https://hooks.example.com/strongroom",
        ));
    }
    if aim.on.is_empty() || aim.on.len() > WEBHOOK_TYPES_MAX {
        return Err(Rejection::invalid(
            "/on",
            format!("it names no types, or more than {WEBHOOK_TYPES_MAX}"),
            "for example credential.rotated, or credential.*",
        ));
    }
    let mut on = Vec::with_capacity(aim.on.len());
    for (at, word) in aim.on.iter().enumerate() {
        on.push(type_named(word.trim()).ok_or_else(|| unknown_type(at, word))?);
    }
    on.sort();
    on.dedup();
    if aim.filter.chars().count() > TEXT_CHARS_MAX {
        return Err(Rejection::invalid(
            "/filter",
            format!("it has more than {TEXT_CHARS_MAX} characters"),
            "",
        ));
    }
    crate::text::description(&aim.filter).map_err(at("/filter"))?;
    Ok(WebhookAim {
        url: url.to_owned(),
        on,
        filter: aim.filter.trim().to_owned(),
    })
}

fn unknown_type(at: usize, word: &str) -> Rejection {
    let own = word.starts_with(Category::Webhook.as_str());
    let what = if own {
        "a webhook does not tell of webhooks: each delivery is an event"
    } else {
        "there is no such type of event"
    };
    Rejection::invalid(
        format!("/on/{at}"),
        what,
        "rotation_due, rotated, grace_ended, or a type as in docs/events.md, or category.*",
    )
}

/// A type by its name, all of a category, or one of a credential's by its last word.
fn type_named(word: &str) -> Option<String> {
    let told = || {
        TYPES
            .iter()
            .map(|(_, name)| *name)
            .filter(|name| !name.starts_with(Category::Webhook.as_str()))
    };
    if let Some(category) = word.strip_suffix(".*") {
        let is_one = |name: &str| name.split('.').next() == Some(category);
        return told().any(is_one).then(|| word.to_owned());
    }
    let of_credential = || format!("{}.{word}", Category::Credential);
    told()
        .find(|name| *name == word || *name == of_credential())
        .map(str::to_owned)
}

fn stream_of(id: WebhookId) -> Stream {
    stream(Category::Webhook, id.0)
}
