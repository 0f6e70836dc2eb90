//! What people rely on from outside the crate: the contract.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

mod contract; // docs/openapi.json is what the server says
mod live; // requests all the way to a ledger
mod matrix; // every route × role × scope
mod world; // a ledger without a network

/// A file beside this one that no `mod` names would be tests that never run.
#[test]
fn no_file_is_forgotten() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let named = std::fs::read_to_string(folder.join("main.rs")).unwrap();
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let module = name.trim_end_matches(".rs");
        assert!(
            module == "main" || named.contains(&format!("mod {module};")),
            "{name} is named by no `mod`"
        );
    }
}
