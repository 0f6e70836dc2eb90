//! Tests against published vectors and against the reference cipher.

#![allow(clippy::unwrap_used, reason = "a test that can't go on should stop")]

mod cipher;

/// A file that is not named above would never run.
#[test]
fn every_file_here_is_part_of_the_tests() {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it");
    let main = include_str!("main.rs");
    for entry in std::fs::read_dir(dir).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let module = name.trim_end_matches(".rs");
        assert!(
            module == "main" || main.contains(&format!("mod {module};")),
            "{name} is forgotten"
        );
    }
}
