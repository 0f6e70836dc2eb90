//! A server that runs, until it is stopped or killed.

use super::Answer;
use super::run::code;
use reqwest::Method;
use reqwest::blocking::{Client, RequestBuilder};
use serde_json::Value;
use std::fs::{self, OpenOptions};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

/// A running server, and what it said when it was ready.
pub(crate) struct Server {
    child: Child,
    pub(crate) addr: String,
    pub(crate) token: String,
    http: Client,
}

/// A server that did not become ready: its exit code, and what it wrote to stderr.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) code: i32,
    pub(crate) text: String,
}

impl Refusal {
    /// The failure as the program wrote it for programs.
    #[track_caller]
    pub(crate) fn document(&self) -> Value {
        let line = self
            .text
            .lines()
            .rfind(|line| line.starts_with('{'))
            .unwrap_or_default();
        match serde_json::from_str(line) {
            Ok(document) => document,
            Err(error) => panic!("no JSON document at the end of stderr ({error}): {}", self.text),
        }
    }

    /// The stable word of the refusal.
    #[track_caller]
    pub(crate) fn word(&self) -> String {
        last_part(self.document()["type"].as_str().unwrap_or_default()).to_owned()
    }
}

/// The word at the end of a problem's type.
pub(super) fn last_part(problem: &str) -> &str {
    problem.rsplit([':', '/']).next().unwrap_or_default()
}

impl Server {
    /// Starts a server and waits for its ready line, or for its end.
    pub(super) fn start(mut command: Command, log: &Path) -> Result<Self, Refusal> {
        let before = fs::metadata(log).map_or(0, |meta| usize::try_from(meta.len()).unwrap());
        let stderr = OpenOptions::new().create(true).append(true).open(log).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(stderr).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let Ok(ready) = serde_json::from_str::<Value>(&line) else {
            let _ = child.kill(); // it may have closed stdout without ending
            let code = code(child.wait().unwrap());
            let written = fs::read(log).unwrap_or_default();
            return Err(Refusal {
                code,
                text: line + &String::from_utf8_lossy(&written[before..]),
            });
        };
        let addr = ready["addr"].as_str().unwrap();
        let addr = if addr.contains("://") {
            addr.to_owned()
        } else {
            format!("http://{addr}")
        };
        let token = ready["token"].as_str().unwrap_or_default().to_owned();
        assert!(ready["data"].is_string(), "the ready line names the directory: {line}");
        let http = Client::builder().timeout(None).build().unwrap();
        Ok(Self {
            child,
            addr,
            token,
            http,
        })
    }

    /// Ends it at once, as a power switch would end the process.
    pub(crate) fn kill9(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Ends it through whoever holds its process id, while others still talk to it.
    pub(crate) fn kill_now(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop in order, and waits until it has.
    #[track_caller]
    pub(crate) fn stop(mut self) {
        let status = self.terminate();
        assert!(
            status.success(),
            "a server that is asked to stop ends with 0, not {status}"
        );
    }

    fn terminate(&mut self) -> ExitStatus {
        let sent = Command::new("sh")
            .args(["-c", &format!("kill -TERM {}", self.child.id())])
            .status()
            .unwrap();
        assert!(sent.success());
        self.child.wait().unwrap()
    }

    /// The same server for a caller with another token.
    pub(crate) fn with_token(&self, token: &str) -> Caller {
        Caller {
            addr: self.addr.clone(),
            token: token.to_owned(),
            http: self.http.clone(),
        }
    }

    /// The same server for another thread.
    pub(crate) fn caller(&self) -> Caller {
        self.with_token(&self.token)
    }

    /// A request to any path of the server, with the token.
    pub(crate) fn raw(&self, method: &str, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        self.http
            .request(method, format!("{}{path}", self.addr))
            .bearer_auth(&self.token)
    }

    pub(crate) fn request(&self, method: &str, route: &str) -> RequestBuilder {
        self.raw(method, &format!("/api/v1{route}"))
    }

    #[track_caller]
    pub(crate) fn get(&self, route: &str) -> Answer {
        Answer::of(self.request("GET", route))
    }

    #[track_caller]
    pub(crate) fn post(&self, route: &str, body: Value) -> Answer {
        Answer::of(self.request("POST", route).json(&body))
    }

    #[track_caller]
    pub(crate) fn put(&self, route: &str, body: Value) -> Answer {
        Answer::of(self.request("PUT", route).json(&body))
    }

    #[track_caller]
    pub(crate) fn delete(&self, route: &str) -> Answer {
        Answer::of(self.request("DELETE", route))
    }

    /// Number of records in the log.
    #[track_caller]
    pub(crate) fn size(&self) -> u64 {
        self.get("/audit/checkpoint").ok()["size"].as_u64().unwrap()
    }

    /// Sets the dev clock forwards.
    #[track_caller]
    pub(crate) fn advance(&self, seconds: u64) {
        Answer::of(
            self.raw("PUT", "/dev/clock")
                .json(&serde_json::json!({"advance_seconds": seconds})),
        )
        .ok();
    }

    /// All items of a list, page by page.
    #[track_caller]
    pub(crate) fn all(&self, route: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let joint = if route.contains('?') { '&' } else { '?' };
        let mut next = String::new();
        loop {
            let page = self.get(&format!("{route}{joint}limit=500{next}")).ok();
            items.extend(page["items"].as_array().unwrap().iter().cloned());
            match page["next"].as_str() {
                Some(cursor) => next = format!("&cursor={cursor}"),
                None => return items,
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Someone who talks to a server that may die meanwhile.
#[derive(Clone)]
pub(crate) struct Caller {
    addr: String,
    token: String,
    http: Client,
}

impl Caller {
    /// A request, not yet sent.
    pub(crate) fn request(&self, method: &str, route: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        self.http
            .request(method, format!("{}/api/v1{route}", self.addr))
            .bearer_auth(&self.token)
    }

    /// Sends a write with an idempotency key; none when no answer came.
    pub(crate) fn write(&self, method: &str, route: &str, key: &str, body: &Value) -> Option<Answer> {
        Answer::try_of(self.request(method, route).header("Idempotency-Key", key).json(body))
    }

    #[track_caller]
    pub(crate) fn get(&self, route: &str) -> Answer {
        Answer::of(self.request("GET", route))
    }

    #[track_caller]
    pub(crate) fn post(&self, route: &str, body: Value) -> Answer {
        Answer::of(self.request("POST", route).json(&body))
    }

    #[track_caller]
    pub(crate) fn put(&self, route: &str, body: Value) -> Answer {
        Answer::of(self.request("PUT", route).json(&body))
    }
}
