//! What is asked of a person, answered at a real terminal.

use crate::harness::{Agency, GoesOn, Place};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use serde_json::json;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::process::Stdio;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// How long something may take to be shown before the test is given up.
const PATIENCE: Duration = Duration::from_secs(60);

/// A command at a terminal of its own, and what it has shown.
struct Terminal {
    child: GoesOn,
    keys: File,
    shown: Receiver<Vec<u8>>,
    unread: String,
    all: String,
}

impl Terminal {
    fn run(place: &Place, arguments: &[&str]) -> Self {
        let owner = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&owner).unwrap();
        unlockpt(&owner).unwrap();
        let size = Winsize {
            ws_row: 40,
            ws_col: 120,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&owner, size).unwrap();
        let name = ptsname(&owner, Vec::new()).unwrap();
        let user = || {
            let path = std::ffi::OsStr::from_bytes(name.to_bytes());
            Stdio::from(OpenOptions::new().read(true).write(true).open(path).unwrap())
        };
        let mut command = place.command();
        command.args(arguments).env("TERM", "xterm");
        let child = GoesOn(command.stdin(user()).stdout(user()).stderr(user()).spawn().unwrap());
        drop(command); // the last of our own ends of the terminal: it closes with the command
        let keys = File::from(owner);
        let mut screen = keys.try_clone().unwrap();
        let (to_test, shown) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = screen.read(&mut buffer) {
                if to_test.send(buffer[..read].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self {
            child,
            keys,
            shown,
            unread: String::new(),
            all: String::new(),
        }
    }

    /// Waits until this is shown, and passes over what came before it.
    #[track_caller]
    fn until(&mut self, text: &str) {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.unread.find(text) {
                self.unread.drain(..at + text.len());
                return;
            }
            match self.shown.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(bytes) => {
                    let more = String::from_utf8_lossy(&bytes);
                    self.unread.push_str(&more);
                    self.all.push_str(&more);
                }
                Err(_) => panic!("`{text}` is not shown: {}", self.all),
            }
        }
    }

    fn enter(&mut self, text: &str) {
        self.keys.write_all(format!("{text}\r").as_bytes()).unwrap();
    }

    /// The exit code, and all that was shown.
    fn ends(mut self) -> (i32, String) {
        let status = self.child.0.wait().unwrap();
        while let Ok(bytes) = self.shown.recv() {
            self.all.push_str(&String::from_utf8_lossy(&bytes));
        }
        (status.code().unwrap_or(-1), self.all)
    }
}

/// A workspace of client-a with nothing behind the variables of a template.
fn empty_setup(place: &Place) -> crate::harness::Server {
    let server = place.serve();
    Agency::build(&server);
    server
        .post("/workspaces", json!({"name": "A new", "client": "client-a"}))
        .is(201);
    let variables = json!([
        {"name": "CHAT", "service": "slack", "kinds": ["access_token"], "scopes": ["chat:write"]},
        {"name": "PIN", "service": "own-thing", "kinds": ["custom"]},
    ]);
    server
        .post("/templates", json!({"name": "Notify", "variables": variables}))
        .is(201);
    server
}

/// A setup in which a new credential is named, and its secret asked for.
fn up_to_the_token(place: &Place) -> Terminal {
    let mut terminal = Terminal::run(place, &["setup", "a-new", "notify"]);
    terminal.until("CHAT (slack");
    terminal.enter("new credential");
    terminal.until("name of the new credential");
    terminal.enter("Slack A new");
    terminal.until("token:");
    terminal
}

#[test]
fn a_setup_makes_new_credentials_on_the_spot_and_shows_no_value() {
    let place = Place::new();
    let server = empty_setup(&place);
    let mut terminal = up_to_the_token(&place);
    terminal.enter("Zq81-spot-one");
    terminal.until("PIN (own-thing");
    let before = server.size();
    terminal.enter("new credential");
    terminal.until("name of the new credential");
    terminal.enter("Pin A new");
    terminal.until("name of its secret field");
    terminal.enter("pin");
    terminal.until("pin:");
    assert_eq!(server.size(), before, "nothing is done before all is known");
    terminal.enter("Zq81-spot-two");
    let (code, shown) = terminal.ends();
    assert_eq!(code, 0, "{shown}");
    assert!(shown.contains("it resolves"), "{shown}");
    assert!(!shown.contains("Zq81"), "{shown}");
    let made = server.get("/credentials/slack-a-new").ok();
    assert_eq!(
        (&made["client"], &made["scopes"]),
        (&json!("client-a"), &json!(["chat:write"]))
    );
    let question = json!({"workspace": "a-new", "template": "notify"});
    let served = server.post("/resolve", question).ok();
    assert_eq!(served["variables"]["CHAT"]["fields"]["token"], "Zq81-spot-one");
    assert_eq!(served["variables"]["PIN"]["fields"]["pin"], "Zq81-spot-two");
}

#[test]
fn a_setup_that_is_left_in_the_middle_makes_nothing() {
    let place = Place::new();
    let server = empty_setup(&place);
    let before = server.size();
    let mut terminal = up_to_the_token(&place);
    terminal.keys.write_all(b"\x03").unwrap();
    let (code, shown) = terminal.ends();
    assert_eq!(code, 1, "{shown}");
    assert!(shown.contains("nothing was changed"), "{shown}");
    assert_eq!(server.size(), before);
    assert_eq!(server.get("/credentials?q=Slack%20A%20new").ok()["items"], json!([]));
}
