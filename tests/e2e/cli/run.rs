//! `run`, `inject`, `get`: secrets for a command, a file, a script, each serving on record.

use crate::harness::{Agency, Place, Ran, Server};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

const OF_A: &str = "tkn-a-kX82hqLw93mDv1";
const OF_ALL: &str = "key-of-all-Zq83nVx1";

fn shop_a() -> (Place, Server) {
    let place = Place::new();
    let server = place.serve();
    Agency::build(&server);
    Agency::map(&server, "shop-a", "shopify-client-a");
    (place, server)
}

const RUN: [&str; 5] = ["run", "--workspace", "shop-a", "--template", "orders"];

fn run(place: &Place, options: &[&str], command: &[&str]) -> Ran {
    let words = [&RUN[..], options, &["--"], command].concat();
    place.run(&words)
}

#[test]
fn a_command_has_the_fields_in_its_environment_and_the_serving_is_recorded() {
    let (place, server) = shop_a();
    let mut command = place.command();
    command.env("STRONGROOM_TOKEN", &server.token).args(RUN);
    command.args(["--env", "AI=cred://openai/api_key?version=1", "--", "sh", "-c"]);
    command.arg("echo $SHOP $SHOP_TOKEN $AI_API_KEY $AI ${STRONGROOM_TOKEN-none}");
    let shown = Ran::of(command, "");
    assert_eq!(shown.exits(0).out, format!("{OF_A} {OF_A} {OF_ALL} {OF_ALL} none\n"));
    for (kind, count) in [("access.accessed", 1), ("access.revealed", 1)] {
        let recorded = server.all(&format!("/audit/events?type={kind}"));
        assert_eq!(recorded.len(), count, "{kind}: {recorded:?}");
    }
    // Nothing of it lies in a file beside the ledger's own.
    for entry in fs::read_dir(place.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = fs::read(&path).unwrap();
            assert!(!String::from_utf8_lossy(&bytes).contains(OF_A), "{}", path.display());
        }
    }
}

#[test]
fn a_command_is_alone_with_its_exit_code_and_its_signals() {
    let (place, _server) = shop_a();
    for mask in [&[][..], &["--mask"]] {
        run(&place, mask, &["sh", "-c", "exit 7"]).exits(7);
        run(&place, mask, &["true"]).exits(0);
        run(&place, mask, &["/no/such/command"]).exits(127);
        run(&place, mask, &["/"]).exits(126);
        let mut command = place.command();
        command.args(RUN).args(mask).args([
            "--",
            "sh",
            "-c",
            "trap 'echo told; exit 9' TERM; echo ready; while :; do sleep 0.05; done",
        ]);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        let pid = child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let mut rest = String::new();
        lines.read_to_string(&mut rest).unwrap();
        assert_eq!(
            (rest.as_str(), child.wait().unwrap().code()),
            ("told\n", Some(9)),
            "{mask:?}"
        );
    }
    // A signal that ends it: shells see 128 + n, with a mask as without.
    run(&place, &["--mask"], &["sh", "-c", "kill -KILL $$"]).exits(137);
}

#[test]
fn its_own_failures_are_never_taken_for_those_of_the_command() {
    let (place, server) = shop_a();
    run(&place, &["--nothing"], &["true"]).exits(125);
    place.run(&["run", "--", "true"]).exits(125);
    place
        .run(&["--output", "json", "run", "--env", "A=nonsense", "--", "true"])
        .exits(125);
    place
        .run(&["run", "--workspace", "shop-b", "--template", "orders", "--", "true"])
        .exits(125);
    server.stop();
    let gone = run(&place, &[], &["sh", "-c", "echo ran"]).exits(125);
    assert_eq!(gone.out, "", "without its values it does not run");
}

#[test]
fn values_are_masked_on_request() {
    let (place, _server) = shop_a();
    let script = "echo \"a=$SHOP b\"; printf %s \"$AI\" | cut -c1-5; echo \"$AI\" >&2";
    let shown = run(&place, &["--mask"], &["sh", "-c", script]).exits(0);
    assert_eq!((shown.out.as_str(), shown.err.as_str()), ("a=*** b\nkey-o\n", "***\n"));
}

#[test]
fn a_file_has_all_values_or_is_not_written() {
    let (place, server) = shop_a();
    let template = place.file(
        "app.tmpl",
        "shop = \"cred://shopify-client-a/token\"\nai = cred://openai/api_key?version=1 # and cred://openai/api_key.\n",
    );
    let out = place.path().join("app.env");
    fs::write(&out, "before").unwrap();
    fs::set_permissions(&out, fs::Permissions::from_mode(0o644)).unwrap();
    let out = out.to_str().unwrap();
    place.run(&["inject", "-i", &template, "-o", out]).exits(0);
    let filled = format!("shop = \"{OF_A}\"\nai = {OF_ALL} # and {OF_ALL}.\n");
    assert_eq!(fs::read_to_string(out).unwrap(), filled);
    assert_eq!(fs::metadata(out).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(
        server.all("/audit/events?type=access.revealed").len(),
        3,
        "one for each credential and version"
    );

    let bad = "cred://openai/api_key cred://nobody/token cred://openai/other cred://openai/api_key?version=9";
    let failed = place.run_with(&["inject", "-i", "-", "-o", out], bad);
    for missing in [
        "cred://nobody/token",
        "cred://openai/other",
        "cred://openai/api_key?version=9",
    ] {
        assert!(failed.err.contains(missing), "{missing}: {}", failed.err);
    }
    assert_ne!(failed.code, 0);
    assert!(!failed.err.contains(OF_ALL), "{}", failed.err);
    let malformed = place
        .run_with(&["inject", "-i", "-", "-o", out], "a\ncred://openai\n")
        .exits(1);
    assert!(malformed.err.contains("line 2"), "{}", malformed.err);
    assert_eq!(fs::read_to_string(out).unwrap(), filled, "the file is as it was");
    let left: Vec<_> = fs::read_dir(place.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert!(
        !left.iter().any(|name| name.to_string_lossy().contains(".new")),
        "{left:?}"
    );
}

#[test]
fn a_value_is_read_by_id_by_those_who_may() {
    let (place, server) = shop_a();
    let got = place.run(&["get", "cred://openai/api_key"]).exits(0);
    assert_eq!(got.out, format!("{OF_ALL}\n"));
    let token = |role: &str| {
        let body = serde_json::json!({"principal": format!("the {role}"), "role": role, "credentials": ["openai"]});
        server.post("/tokens", body).is(201)["token"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let (reader, viewer) = (token("reader"), token("viewer"));
    let get = |token: &str, reference: &str| {
        let mut command = place.command();
        command.args(["get", reference]).env("STRONGROOM_TOKEN", token);
        Ran::of(command, "")
    };
    assert_eq!(
        get(&reader, "cred://openai/api_key").exits(0).out,
        format!("{OF_ALL}\n")
    );
    get(&reader, "cred://shopify-client-a/token").exits(3);
    let denied = get(&viewer, "cred://openai/api_key").exits(4);
    assert_eq!(denied.out, "");
    place.run(&["get", "openai/api_key"]).exits(1);
}
