//! Real workflows from outside the repository: `STRONGROOM_WORKFLOWS=<folder> cargo test -p strongroom-formats`.
//! Prints what was found, and checks what must hold for any workflow. Skipped without the variable.

use std::collections::HashSet;

use serde_json::Value;
use strongroom_formats::n8n::assign::{Assigned, assign};
use strongroom_formats::n8n::workflow::{Workflow, variables};

use super::hash;

#[test]
fn real_workflows_become_templates() {
    let Ok(folder) = std::env::var("STRONGROOM_WORKFLOWS") else {
        println!("skipped: STRONGROOM_WORKFLOWS names no folder");
        return;
    };
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let (mut references, mut refused, mut custom) = (0, 0, HashSet::new());
    for file in &files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let workflow = Workflow::parse(&std::fs::read(file).unwrap()).unwrap();
        let assigned = assign(workflow.references(), &[], &[], &hash).assigned;
        check(&name, &workflow, &assigned);
        references += assigned.len();
        for variable in variables(&assigned).iter().filter(|v| v.kinds.len() == 1) {
            custom.insert(format!(
                "{} ({})",
                variable.service,
                variable.n8n_type.as_deref().unwrap()
            ));
        }
        let findings = workflow.findings();
        refused += usize::from(!findings.is_empty());
        for finding in findings {
            println!("{name}: {} {}", finding.rule, finding.pointer);
        }
        for warning in &workflow.warnings {
            println!("{name}: warning: {} {}", warning.pointer, warning.what);
        }
    }
    println!(
        "{} workflows, {references} variables, {refused} refused, custom only: {custom:?}",
        files.len()
    );
}

fn check(file: &str, workflow: &Workflow, assigned: &[Assigned]) {
    let names: HashSet<&str> = assigned.iter().map(|one| one.variable.as_str()).collect();
    assert_eq!(names.len(), assigned.len(), "{file}");
    let document: Value = serde_json::from_slice(&workflow.document(assigned)).unwrap();
    for gone in ["pinData", "staticData", "versionId", "id"] {
        assert!(document.get(gone).is_none(), "{file}: {gone}");
    }
    let nodes = document.get("nodes").and_then(Value::as_array).unwrap();
    for reference in nodes
        .iter()
        .filter_map(|node| node.get("credentials")?.as_object())
        .flat_map(|c| c.values())
    {
        let id = reference.get("id").and_then(Value::as_str).unwrap();
        assert!(names.contains(id), "{file}");
        assert_eq!(reference.get("name").and_then(Value::as_str), Some(id), "{file}");
    }
}
