//! What a shell completes.

use crate::harness::{Agency, Place, Ran};
use serde_json::json;

/// The first column of what fish would be given for this line, whose last word is begun.
fn completed(place: &Place, line: &[&str], token: Option<&str>) -> Vec<String> {
    let mut command = place.command();
    command
        .env("STRONGROOM_COMPLETE", "fish")
        .args(["--", "strongroom"])
        .args(line);
    if let Some(token) = token {
        command.env("STRONGROOM_TOKEN", token);
    }
    let ran = Ran::of(command, "").exits(0);
    assert_eq!(ran.err, "", "nothing is said in the middle of a line");
    let word = |line: &str| line.split('\t').next().unwrap_or_default().to_owned();
    ran.out.lines().map(word).collect()
}

#[test]
fn a_shell_completes_words_and_the_handles_that_the_token_may_see() {
    let place = Place::new();
    let server = place.serve();
    Agency::build(&server);
    let all = |line: &[&str]| completed(&place, line, None);
    assert_eq!(
        all(&["credential", "get", "shopify-client"]),
        ["shopify-client-a", "shopify-client-b"]
    );
    assert_eq!(all(&["cred", "rotate", "opena"]), ["openai"]);
    assert_eq!(all(&["workspace", "get", "shop-a"]), ["shop-a"]);
    assert_eq!(all(&["map", "shop-a", "orders", "SHOP", "open"]), ["openai"]);
    assert_eq!(all(&["resolve", "shop-a", "ord"]), ["orders"]);
    assert_eq!(
        all(&["credential", "list", "--client", "client-"]),
        ["client-a", "client-b"]
    );
    assert_eq!(all(&["audit", "log", "--actor", "d"]), ["dev"]);
    assert!(all(&["credential", "rev"]).contains(&"revoke".to_owned()));

    // Who sees less completes less.
    let token = |body| {
        server.post("/tokens", body).is(201)["token"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let token = token(json!({"principal": "Runner", "role": "service", "workspaces": ["shop-a"]}));
    let seen = |line: &[&str]| completed(&place, line, Some(&token));
    assert_eq!(seen(&["credential", "get", "shopify"]), Vec::<String>::new());
    assert_eq!(seen(&["resolve", "shop-"]), ["shop-a"]);

    // Nobody answers: words, and silence.
    server.stop();
    assert_eq!(all(&["credential", "get", "shopify"]), Vec::<String>::new());
    assert!(all(&["credential", "rev"]).contains(&"revoke".to_owned()));
}

#[test]
fn the_script_of_each_shell_asks_the_program() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = place.run(&["completions", shell]).exits(0).out;
        assert!(script.contains("STRONGROOM_COMPLETE"), "{shell}: {script}");
    }
    place.run(&["completions", "csh"]).exits(1);
}
