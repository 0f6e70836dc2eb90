//! Tests through the public API: the examples of the repository, and real workflows where there are some.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]
#![allow(clippy::print_stdout, reason = "what was found in real workflows is to be looked at")]

mod examples;
mod real;

use strongroom_formats::n8n::workflow::Reference;

/// Stands in for the keyed hash of the ledger.
fn hash(reference: &Reference) -> [u8; 32] {
    let (id, name) = (reference.id.as_deref(), reference.name.as_deref());
    *blake3::hash(format!("{:?}", (&reference.n8n_type, id, name)).as_bytes()).as_bytes()
}

/// A file that is not named above would never run.
#[test]
fn every_file_here_is_part_of_the_tests() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it");
    let main = include_str!("main.rs");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let module = name.trim_end_matches(".rs");
        assert!(
            module == "main" || main.contains(&format!("mod {module};")),
            "{name} is forgotten"
        );
    }
}
