//! The README's tour: every line of its block `sh tour`, as it stands there, against the real program.
//!
//! A reader has a clone, a built program and a server beside it; so has this test: a directory with `examples/` and
//! `target/`, a dev ledger, nobody at the terminal.

use crate::harness::{Place, STRONGROOM, copy_all, top};
use std::fs;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

/// The lines of the block that begins with ```` ```sh tour ````.
fn tour(readme: &str) -> Option<String> {
    let (_, rest) = readme.split_once("```sh tour\n")?;
    let (block, _) = rest.split_once("```")?;
    Some(block.to_owned())
}

#[test]
fn the_readmes_tour_runs_as_it_stands_there() {
    let Some(tour) = tour(&fs::read_to_string(top().join("README.md")).unwrap()) else {
        println!("skipped: README.md has no block `sh tour`");
        return;
    };
    let place = Place::new();
    let clone = place.path().join("clone");
    copy_all(&top().join("examples"), &clone.join("examples"));
    for profile in ["debug", "release"] {
        fs::create_dir_all(clone.join("target").join(profile)).unwrap();
        symlink(STRONGROOM, clone.join("target").join(profile).join("strongroom")).unwrap();
    }
    let server = place.serve();
    // Each failure is told with its line; a line that is to fail says so itself (`… || true`).
    let script = format!("set -E\ntrap 'echo \"tour line $((LINENO - 3)): $BASH_COMMAND\" >&2; exit 99' ERR\n\n{tour}");
    let path = place.file("tour.sh", script);
    let mut command = Command::new("bash");
    let path_variable = format!(
        "{}:{}",
        place.path().join("nowhere").display(),
        std::env::var("PATH").unwrap()
    );
    command
        .arg(path)
        .current_dir(&clone)
        .env("PATH", path_variable)
        .env("STRONGROOM_CONFIG_DIR", place.path().join("config"));
    for name in ["STRONGROOM_ADDR", "STRONGROOM_TOKEN"] {
        command.env_remove(name);
    }
    let output = command.stdin(Stdio::null()).output().unwrap();
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(
        output.status.success(),
        "{}\nstdout: {out}\nstderr: {err}",
        output.status
    );
    let lines = tour
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .count();
    assert!(lines > 3, "a tour of {lines} lines is none");
    server.stop();
}

#[test]
fn a_tour_is_found_in_its_block() {
    assert_eq!(
        tour("# A\n```sh\nno\n```\n```sh tour\none\ntwo\n```\n"),
        Some("one\ntwo\n".to_owned())
    );
    assert_eq!(tour("# A\n```sh\nno\n```\n"), None);
}
