//! The configuration file of `serve`: what it says, what it may not say, what goes before it.

use crate::harness::{Place, Ran};
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

fn check(place: &Place, text: &str) -> Ran {
    let file = place.file("strongroom.toml", text);
    place.run(&["config", "check", &file, "--output", "json"])
}

#[test]
fn a_server_is_what_its_file_says_and_what_is_typed_goes_before() {
    let place = Place::new();
    let text = "dev = true\ndata = \"ledger\"\nlisten = \"127.0.0.1:0\"\naccess_window = \"0s\"\nmax_new_windows = 1\n";
    let file = place.file("strongroom.toml", text);
    let ready = |more: &[&str], variable: Option<&str>| -> Value {
        let mut command = place.command();
        command.args(["serve", "--output", "json"]).args(more);
        variable.map(|file| command.env("STRONGROOM_CONFIG", file));
        let mut serving = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(serving.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        serving.kill().unwrap();
        serving.wait().unwrap();
        serde_json::from_str(&line).unwrap()
    };
    let ledger = place.path().join("ledger");
    assert_eq!(
        ready(&["--config", &file], None)["data"],
        ledger.to_str().unwrap(),
        "a path is from the file on"
    );
    assert_eq!(ready(&[], Some(&file))["data"], ledger.to_str().unwrap());
    let typed = ready(&["--data", "typed", "--config", &file], None);
    assert_eq!(typed["data"], "typed");
}

#[test]
fn a_file_is_checked_with_the_line_where_it_is_wrong() {
    let place = Place::new();
    let example = crate::harness::example("strongroom.toml");
    let good = check(&place, &example).exits(0).json();
    let options: Vec<&str> = good["options"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it.as_str().unwrap())
        .collect();
    assert!(options.contains(&"--max-new-windows=60000") && options.contains(&"--data=/var/lib/strongroom/ledger"));
    for (text, line, what) in [
        ("listen = \"x\"\nlisten_on = \"y\"\n", "line 2", "did you mean"),
        ("\n\nmax_connection = 5\n", "line 3", "max_connections"),
        ("dev = \"yes\"\n", "line 1", "true or false"),
        ("listen = 1.5\n", "line 1", "a text or a number"),
        ("listen = [\n", "line", ""),
        ("config = \"other.toml\"\n", "line 1", "there is no"),
        ("[tls]\ncert = \"x\"\n", "line 1", ""),
    ] {
        let failure = check(&place, text).exits(1).failure();
        let told = failure.to_string();
        assert!(told.contains(line) && told.contains(what), "{text}: {told}");
    }
    // What the options themselves refuse is refused here too.
    for text in ["max_connections = 0\n", "tls_cert = \"a\"\n", "max_new_windows = -1\n"] {
        check(&place, text).exits(1);
    }
    place.run(&["config", "check"]).exits(1);
    place.run(&["config", "check", "/no/such/file.toml"]).exits(1);
    place.run(&["serve", "--config", "/no/such/file.toml"]).exits(1);
}
