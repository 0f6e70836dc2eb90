//! `cargo xtask check`: what CI runs, for a person. `.ci/run` calls it too, so there is one list.
//!
//! No dependencies: it must build in a second, also from nothing.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that can't go on should stop"))]
#![expect(clippy::print_stderr, reason = "a program for people at a terminal")]

#[cfg(test)]
mod example; // the example of docs/format.md, read back
#[cfg(test)]
mod house; // what the house forbids: arrows, links, paths that docs name
#[cfg(test)]
mod pages; // tables in docs that must be those of the code
#[cfg(test)]
mod verifier; // the verifier in Python

use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

/// One step of the check: arguments to cargo.
type Step = &'static [&'static str];

const FORMAT: Step = &["fmt", "--all", "--check"];
const CLIPPY: Step = &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
const DENY: Step = &["deny", "check", "licenses", "bans", "sources"];
/// The README's second command.
const TEST: Step = &["test", "--workspace"];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["check"] => check(),
        _ => {
            eprintln!("usage: cargo xtask check    format, clippy, dependencies, tests: what CI runs");
            ExitCode::from(2)
        }
    }
}

/// Runs every step, also after one failed, so that one run shows all; tests only when the code is in order.
fn check() -> ExitCode {
    let mut in_order = run(FORMAT);
    in_order &= run(CLIPPY);
    in_order &= if has_deny() {
        run(DENY)
    } else {
        eprintln!("xtask: cargo-deny is absent, dependencies and licences are not checked");
        true
    };
    if in_order && run(TEST) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn run(step: Step) -> bool {
    eprintln!("xtask: cargo {}", step.join(" "));
    let began = Instant::now();
    let passed = cargo().args(step).status().is_ok_and(|status| status.success());
    let outcome = if passed { "passed" } else { "FAILED" };
    eprintln!(
        "xtask: cargo {}: {outcome} after {} s",
        step[0],
        began.elapsed().as_secs()
    );
    passed
}

fn has_deny() -> bool {
    let asked = cargo()
        .args(["deny", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    asked.is_ok_and(|status| status.success())
}

/// The cargo that runs us, so that a chosen toolchain stays chosen.
fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}
