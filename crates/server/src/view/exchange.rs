//! An event as other programs know events: CloudEvents, OCSF.

use serde_json::{Value, json};
use strongroom_api::audit::Event;

/// CloudEvents 1.0 in JSON, with the sequence extension.
pub(crate) fn cloud_event(origin: &str, event: &Event) -> Value {
    let subject = event.subjects.first().map(|it| format!("{}/{}", it.kind, it.id));
    let mut document = json!({
        "specversion": "1.0",
        "id": event.extra.get("event_id"),
        "source": format!("urn:strongroom:{}", origin.replace('/', ":")),
        "type": format!("strongroom.{}", event.type_),
        "time": event.recorded_at,
        "datacontenttype": "application/json",
        "sequence": format!("{:020}", event.position),
        "data": event,
    });
    if let Some(subject) = subject {
        document["subject"] = json!(subject);
    }
    document
}

/// Whether an event says that something was refused.
pub(crate) fn is_refusal(type_: &str) -> bool {
    matches!(type_, "access.denied" | "access.refused")
}

/// OCSF 1.3: Entity Management (3004) for what changes, API Activity (6003) for servings and refusals.
pub(crate) fn ocsf(event: &Event) -> Value {
    let (category, what) = event.type_.split_once('.').unwrap_or((event.type_.as_str(), ""));
    let (class, activity) = match (category, what) {
        ("access", "accessed" | "revealed" | "leak_searched") => (6003, 2),
        ("access", _) => (6003, 99),
        (_, "created" | "registered" | "requested" | "token_issued" | "granted" | "initialized") => (3004, 1),
        (_, "revoked" | "archived" | "retired" | "token_revoked" | "grant_withdrawn") => (3004, 4),
        _ => (3004, 3),
    };
    let failed = is_refusal(&event.type_);
    let time = event
        .recorded_at
        .parse::<jiff::Timestamp>()
        .map_or(0, jiff::Timestamp::as_millisecond);
    let subject = event.subjects.first();
    let mut document = json!({
        "metadata": {
            "version": "1.3.0",
            "product": {"name": "Strongroom", "vendor_name": "Strongroom", "version": env!("CARGO_PKG_VERSION")},
            "uid": event.extra.get("event_id"),
            "sequence": event.position,
            "correlation_uid": event.correlation,
            "event_code": event.type_,
        },
        "time": time,
        "category_uid": class / 1000,
        "class_uid": class,
        "activity_id": activity,
        "type_uid": class * 100 + activity,
        "severity_id": if failed { 3 } else { 1 },
        "status_id": if failed { 2 } else { 1 },
        "actor": {"user": {"name": event.actor, "uid": event.actor_id}},
        "src_endpoint": {"ip": event.source},
        "message": event.type_,
        "comment": event.reason,
        "unmapped": {"changes": event.changes, "data": event.data, "grant": event.grant, "token": event.token,
            "on_behalf_of": event.on_behalf_of, "subjects": event.subjects},
    });
    let named = subject.map(|it| json!({"type": it.kind, "uid": it.id, "name": it.handle}));
    if class == 3004 {
        document["entity"] = named.unwrap_or_else(|| json!({"type": category}));
    } else {
        document["api"] = json!({"operation": event.type_, "request": {"uid": event.request_id}});
        document["resources"] = json!(named.into_iter().collect::<Vec<_>>());
    }
    document
}
