//! What of a workflow belongs to its author's instance and not into a template.

use serde_json::{Map, Value};

use crate::error::Warning;
use crate::json;

/// What makes the workflow run elsewhere.
const KEPT: [&str; 10] = [
    "name",
    "description",
    "notes",
    "nodes",
    "connections",
    "nodeGroups",
    "settings",
    "tags",
    "meta",
    "version",
];

/// What n8n writes and a template doesn't need: ids, times, owners, data of executions.
const DROPPED: [&str; 31] = [
    "id",
    "versionId",
    "versionCounter",
    "activeVersion",
    "activeVersionId",
    "active",
    "pinData",
    "staticData",
    "shared",
    "ownedBy",
    "homeProject",
    "sharedWithProjects",
    "usedCredentials",
    "createdAt",
    "updatedAt",
    "triggerCount",
    "isArchived",
    "parentFolder",
    "parentFolderId",
    "scopes",
    "checksum",
    "hash",
    "autosaved",
    "sourceWorkflowId",
    "resource",
    "versionMetadata",
    "workflowHistory",
    "nodesAccess",
    "createdBy",
    "updatedBy",
    "instanceId",
];

/// Settings that hold ids of other workflows of the instance.
const SETTINGS_DROPPED: [&str; 2] = ["errorWorkflow", "callerIds"];

/// Removes it, in place. What is no object is left alone.
pub(super) fn workflow(workflow: &mut Value) {
    let Value::Object(entries) = workflow else { return };
    entries.retain(|key, _| KEPT.contains(&key.as_str()));
    if let Some(Value::Object(settings)) = entries.get_mut("settings") {
        settings.retain(|key, _| !SETTINGS_DROPPED.contains(&key.as_str()));
    }
    if let Some(meta) = entries.get_mut("meta") {
        match meta {
            Value::Object(meta) => meta.retain(|key, _| key == "templateId"),
            _ => *meta = Value::Object(Map::new()),
        }
    }
    if entries
        .get("meta")
        .and_then(Value::as_object)
        .is_some_and(Map::is_empty)
    {
        entries.shift_remove("meta");
    }
    if let Some(Value::Array(tags)) = entries.get_mut("tags") {
        for tag in tags {
            if let Value::Object(tag) = tag {
                tag.retain(|key, _| key == "name");
            }
        }
    }
}

/// Says what is left out that n8n doesn't write, and what will not work elsewhere.
pub(super) fn warnings(workflow: &Value, at: &str) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let Value::Object(entries) = workflow else {
        return warnings;
    };
    let unknown = entries
        .keys()
        .filter(|key| !KEPT.contains(&key.as_str()) && !DROPPED.contains(&key.as_str()));
    for key in unknown {
        let name = if json::may_be_named(key) {
            key.as_str()
        } else {
            "(a name that can't be shown)"
        };
        warnings.push(Warning::at(
            at,
            format!("{name} is no part of a workflow that n8n imports and is left out"),
        ));
    }
    if let Some(nodes) = entries.get("nodes").and_then(Value::as_array) {
        for (index, node) in nodes.iter().enumerate() {
            if calls_by_id(node) {
                warnings.push(Warning::at(
                    format!("{at}/nodes/{index}"),
                    "the node calls another workflow of the author's instance by its id",
                ));
            }
        }
    }
    warnings
}

fn calls_by_id(node: &Value) -> bool {
    let calls = node
        .get("type")
        .and_then(Value::as_str)
        .is_some_and(|kind| kind.ends_with(".executeWorkflow") || kind.ends_with(".toolWorkflow"));
    let id = node.pointer("/parameters/workflowId");
    let id = id.and_then(|id| id.get("value").unwrap_or(id).as_str());
    calls && id.is_some_and(|id| !id.is_empty() && !id.starts_with('='))
}

/// Replaces the author's name for a credential in the texts that are for people: notes, descriptions, sticky notes.
pub(super) fn forget_name(workflow: &mut Value, name: &str, variable: &str) {
    let replace = |text: Option<&mut Value>| {
        if let Some(Value::String(text)) = text
            && text.contains(name)
        {
            *text = text.replace(name, variable);
        }
    };
    replace(workflow.get_mut("notes"));
    replace(workflow.get_mut("description"));
    let Some(nodes) = workflow.get_mut("nodes").and_then(Value::as_array_mut) else {
        return;
    };
    for node in nodes {
        replace(node.get_mut("notes"));
        let sticky = node
            .get("type")
            .and_then(Value::as_str)
            .is_some_and(|kind| kind.ends_with("stickyNote"));
        if sticky {
            replace(
                node.get_mut("parameters")
                    .and_then(|parameters| parameters.get_mut("content")),
            );
        }
    }
}

/// Whether a string or key of the document contains the name.
pub(super) fn mentions(value: &Value, name: &str) -> bool {
    match value {
        Value::String(text) => text.contains(name),
        Value::Array(items) => items.iter().any(|item| mentions(item, name)),
        Value::Object(entries) => entries
            .iter()
            .any(|(key, item)| key.contains(name) || mentions(item, name)),
        _ => false,
    }
}
