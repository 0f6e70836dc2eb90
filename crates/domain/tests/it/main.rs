//! The rules, on plain values: no disk, no clock, no network.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod access;
mod affected;
mod credential;
mod escalation;
mod four_eyes;
mod freeze;
mod harness;
mod identity;
mod incident;
mod laws;
mod plan;
mod principal;
mod resolve;
mod rights;
mod rotation;
mod run_token;
mod stored;
mod template;
mod webhook;
mod what_if;
mod workspace;

/// A file beside this one that nobody names would never run.
#[test]
fn no_file_is_forgotten() {
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it");
    let main = include_str!("main.rs");
    #[expect(clippy::disallowed_methods, reason = "the test looks at its own sources")]
    let files = std::fs::read_dir(here).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    for name in names.filter(|name| name.ends_with(".rs") && name != "main.rs") {
        let module = name.trim_end_matches(".rs");
        assert!(main.contains(&format!("mod {module};")), "{name} is in no mod line");
    }
}
