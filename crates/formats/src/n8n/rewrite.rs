//! Puts the variable's name in place of each credential reference.

use serde_json::{Map, Value};

use super::assign::Assigned;
use super::references::{NESTED_MAX, Nested, is_workflow, key_of, nested_text, nodes_mut};
use super::strip;

/// Rewrites a workflow in place; a reference that isn't in `assigned` is left out.
pub(super) fn workflow(document: &mut Value, assigned: &[Assigned], depth: usize) {
    for node in nodes_mut(document) {
        if let Some(entries) = node.get_mut("credentials") {
            credentials(entries, assigned);
        }
        if let Some(parameters) = node.get_mut("parameters") {
            nested(parameters, assigned, depth);
        }
    }
}

fn credentials(entries_of: &mut Value, assigned: &[Assigned]) {
    let mut rewritten = Map::new();
    if let Value::Object(entries) = &*entries_of {
        for (n8n_type, value) in entries {
            let key = key_of(n8n_type, value);
            if let Some(one) = assigned.iter().find(|one| one.reference.is(&key)) {
                let mut reference = Map::new();
                reference.insert("id".to_owned(), Value::String(one.variable.clone()));
                reference.insert("name".to_owned(), Value::String(one.variable.clone()));
                rewritten.insert(n8n_type.clone(), Value::Object(reference));
            }
        }
    }
    *entries_of = Value::Object(rewritten);
}

fn nested(value: &mut Value, assigned: &[Assigned], depth: usize) {
    if depth >= NESTED_MAX {
        return;
    }
    match value {
        Value::String(text) => {
            if let Nested::Workflow {
                value: mut inner,
                prefix,
            } = nested_text(text)
            {
                inside(&mut inner, assigned, depth + 1);
                *text = format!("{prefix}{inner}");
            }
        }
        other => inside(other, assigned, depth),
    }
}

fn inside(value: &mut Value, assigned: &[Assigned], depth: usize) {
    if is_workflow(value) {
        strip::workflow(value);
        workflow(value, assigned, depth);
        return;
    }
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| nested(item, assigned, depth)),
        Value::Object(entries) => entries.values_mut().for_each(|item| nested(item, assigned, depth)),
        _ => {}
    }
}
