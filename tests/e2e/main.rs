//! End-to-end tests: the real binary over HTTP and command line, real files, real signals.
//!
//! In: the program that cargo built. Out: what people and programs rely on. Not here: the insides of any crate; what a
//! unit test can find is found there. Nothing sleeps and nothing is timed: a test waits for what it needs.
#![expect(clippy::unwrap_used, reason = "a test that can't go on should stop")]
#![expect(clippy::print_stdout, reason = "a heavy test says in one line what it did")]

mod harness; // the program: started, asked, killed, started again

mod runbooks;
mod runner; // watching, and the client's cache
mod tls; // certificates: trusted, renewed, refused
mod sinks; // the log beside the ledger
mod looked; // a copy and a history key
mod tour; // the README's commands, as they stand there
mod connections; // slow ones, too many
mod sign_in; // by another issuer's word
mod api; // every route: what it does, what it refuses
mod cli; // the grammar, exit codes, what programs get
mod agencies; // many clients, one template, one key for all
mod import; // credentials and workflows of other systems
mod crash; // killed at any moment, nothing acknowledged is lost
mod backup;
mod canary; // no secret is anywhere but in secret parts
mod damage; // a damaged directory is never served as if whole
mod format; // what we write, others can verify

/// A file that no `mod` names would be tests that never run.
#[test]
fn no_file_is_forgotten() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/e2e");
    for path in harness::files(&folder) {
        let module = path.file_stem().unwrap().to_str().unwrap();
        let parent = path.parent().unwrap();
        let parent = if parent == folder {
            folder.join("main.rs")
        } else {
            parent.with_extension("rs")
        };
        let named = module == "main"
            || std::fs::read_to_string(parent)
                .unwrap()
                .contains(&format!("mod {module};"));
        assert!(named, "{} is named by no `mod`", path.display());
    }
}
