//! One command, run to its end.

use serde_json::Value;
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, ExitStatus, Stdio};

/// What it left: exit code and both streams.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// Runs it, with this on stdin.
    pub(crate) fn of(mut command: Command, stdin: &str) -> Self {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        let stdin = stdin.to_owned();
        // A command that ends without reading breaks the pipe: that is its right.
        let writer = std::thread::spawn(move || input.write_all(stdin.as_bytes()));
        let output = child.wait_with_output().unwrap();
        let _ = writer.join();
        Self {
            code: code(output.status),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// It ended with this code; minus the signal's number where one ended it.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout: {}\nstderr: {}", self.out, self.err);
        self
    }

    /// Stdout is one JSON document.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        match serde_json::from_str(&self.out) {
            Ok(document) => document,
            Err(error) => panic!(
                "stdout is not one JSON document ({error}): {}\nstderr: {}",
                self.out, self.err
            ),
        }
    }

    /// The last line of stderr is the failure as JSON.
    #[track_caller]
    pub(crate) fn failure(&self) -> Value {
        let line = self.err.lines().rfind(|line| line.starts_with('{')).unwrap_or_default();
        match serde_json::from_str(line) {
            Ok(document) => document,
            Err(error) => panic!("stderr ends with no JSON document ({error}): {}", self.err),
        }
    }
}

/// The exit code; minus the signal's number where a signal ended it.
pub(super) fn code(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| -status.signal().unwrap_or_default())
}

/// A program that goes on by itself: ended with the test, also with one that fails, so that nothing waits for it.
pub(crate) struct GoesOn(pub(crate) std::process::Child);

impl Drop for GoesOn {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
