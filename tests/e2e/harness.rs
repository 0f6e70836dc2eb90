//! The program under test: a place for its files, a server in it, commands beside it.

mod agency; // a small world to ask about
mod answer; // what a route answers
mod random; // the same numbers for the same seed
mod receiver; // somebody who is told by HTTP
mod run; // one command, run to its end
mod server; // a server that runs, until it is stopped or killed

pub(crate) use agency::{Agency, workflow};
pub(crate) use answer::Answer;
pub(crate) use random::Random;
pub(crate) use receiver::{Received, Receiver};
pub(crate) use run::{GoesOn, Ran};
pub(crate) use server::{Caller, Refusal, Server};

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// The program that cargo built for these tests.
pub(crate) const STRONGROOM: &str = env!("CARGO_BIN_EXE_strongroom");

/// The top of the repository.
pub(crate) fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// A sample of `examples/`, as text.
pub(crate) fn example(name: &str) -> String {
    fs::read_to_string(top().join("examples").join(name)).unwrap()
}

/// A directory of one test: data, context file, the server's log.
pub(crate) struct Place {
    dir: TempDir,
}

impl Place {
    /// An empty one.
    pub(crate) fn new() -> Self {
        Self {
            dir: TempDir::new().unwrap(),
        }
    }

    /// A place with the files that a data directory holds now.
    pub(crate) fn copy_of(data: &Path) -> Self {
        let place = Self::new();
        copy_all(data, &place.data());
        place
    }

    /// The directory.
    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// The ledger's directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    /// Everything that servers here have written to stderr.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    fn log_path(&self) -> PathBuf {
        self.path().join("server.log")
    }

    /// Writes a file and gives its path.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Starts a dev server that is to become ready.
    #[track_caller]
    pub(crate) fn serve(&self) -> Server {
        self.serve_with(&[], &[])
    }

    /// Starts one with more arguments and variables.
    #[track_caller]
    pub(crate) fn serve_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Server {
        match self.try_serve(arguments, variables) {
            Ok(server) => server,
            Err(refusal) => panic!("the server did not start: {}", refusal.text),
        }
    }

    /// Starts one where another was before.
    #[track_caller]
    pub(crate) fn serve_at(&self, addr: &str) -> Server {
        match self.try_serve_at(addr, &[], &[]) {
            Ok(server) => server,
            Err(refusal) => panic!("the server did not start: {}", refusal.text),
        }
    }

    /// Starts a dev server that may refuse.
    pub(crate) fn try_serve(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Result<Server, Refusal> {
        self.try_serve_at("127.0.0.1:0", arguments, variables)
    }

    fn try_serve_at(&self, addr: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Result<Server, Refusal> {
        let mut command = self.command();
        command
            .args(["serve", "--dev", "--output", "json", "--listen", addr, "--data"])
            .arg(self.data());
        command.args(arguments).envs(variables.iter().copied());
        Server::start(command, &self.log_path())
    }

    /// Starts a server of a real ledger, to be asked with this token.
    #[track_caller]
    pub(crate) fn serve_real(&self, options: &[&str], token: &str) -> Server {
        let mut command = self.command();
        command.args(["serve", "--output", "json"]).args(options);
        if !options.contains(&"--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        match Server::start(command, &self.log_path()) {
            Ok(mut server) => {
                assert_eq!(server.token, "", "a real ledger shows no token");
                server.token = token.to_owned();
                server
            }
            Err(refusal) => panic!("the server did not start: {}", refusal.text),
        }
    }

    /// Runs a command to its end, with nobody to ask.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, "")
    }

    /// Runs a command that reads this from stdin.
    pub(crate) fn run_with(&self, arguments: &[&str], stdin: &str) -> Ran {
        let mut command = self.command();
        command.args(arguments);
        Ran::of(command, stdin)
    }

    /// Runs a command that is to succeed, and gives its one JSON document.
    #[track_caller]
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let arguments: Vec<&str> = arguments.iter().copied().chain(["--output", "json"]).collect();
        self.run(&arguments).exits(0).json()
    }

    /// The program with this place's context and nothing of the machine's.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(STRONGROOM);
        for name in ["STRONGROOM_ADDR", "STRONGROOM_TOKEN", "STRONGROOM_LOG", "RUST_LOG"] {
            command.env_remove(name);
        }
        command
            .env("STRONGROOM_CONFIG_DIR", self.path().join("config"))
            .env("NO_COLOR", "1");
        command.current_dir(self.path()).stdin(Stdio::null());
        command
    }
}

/// Copies a directory as it lies there; what is zeros stays a hole, so that preallocated journals cost nothing.
pub(crate) fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_all(&entry.path(), &target);
        } else {
            copy_sparse(&entry.path(), &target);
        }
    }
}

fn copy_sparse(from: &Path, to: &Path) {
    use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
    let (mut input, mut output) = (fs::File::open(from).unwrap(), fs::File::create(to).unwrap());
    let mut block = vec![0; 1 << 16];
    let mut length = 0;
    loop {
        let read = input.read(&mut block).unwrap();
        if read == 0 {
            break;
        }
        if block[..read].iter().any(|byte| *byte != 0) {
            output.seek(SeekFrom::Start(length)).unwrap();
            output.write_all(&block[..read]).unwrap();
        }
        length += read as u64;
    }
    output.set_len(length).unwrap();
    output
        .set_permissions(fs::metadata(from).unwrap().permissions())
        .unwrap();
}

/// Every file below a directory.
pub(crate) fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}
