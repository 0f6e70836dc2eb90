//! `docs/runbooks/`: each block of each page as it stands there, in order, against a real ledger that has what the page is about.

use crate::backup::{Real, cut_journal};
use crate::harness::top;
use serde_json::json;
use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Stdio};

/// A block's commands, and whether the server runs while they do.
#[derive(Debug, PartialEq)]
struct Block {
    served: bool,
    commands: String,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut rest = page;
    while let Some((_, behind)) = rest.split_once("```sh ") {
        let (kind, behind) = behind.split_once('\n').unwrap();
        let (commands, behind) = behind.split_once("```").unwrap();
        blocks.push(Block {
            served: match kind {
                "served" => true,
                "stopped" => false,
                other => panic!("a block is `served` or `stopped`, not `{other}`"),
            },
            commands: commands.to_owned(),
        });
        rest = behind;
    }
    blocks
}

/// Runs a page in a ledger that was made ready, with these variables.
fn follow(name: &str, real: &mut Real, variables: &[(&str, String)]) {
    let page = fs::read_to_string(top().join("docs/runbooks").join(name)).unwrap();
    let blocks = blocks(&page);
    assert!(!blocks.is_empty(), "{name} has no command");
    for block in blocks {
        match (block.served, real.server.is_some()) {
            (true, false) => real.serve_again(),
            (false, true) => real.server.take().unwrap().stop(),
            _ => {}
        }
        let script = format!("set -eE -o pipefail\n{}", block.commands);
        let mut command = Command::new("bash");
        let program = crate::harness::STRONGROOM;
        let path = std::path::Path::new(program).parent().unwrap().display().to_string();
        command
            .args(["-c", &script])
            .current_dir(real.place.path())
            .env("PATH", format!("{path}:{}", std::env::var("PATH").unwrap()))
            .env("STRONGROOM_CONFIG_DIR", real.place.path().join("config"))
            .env("DATA", real.path("data"))
            .env("ROOT_KEY", real.path("root-key"))
            .env("BACKUP", real.path("kept"))
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        if let Some(server) = &real.server {
            command.envs([("STRONGROOM_ADDR", &server.addr), ("STRONGROOM_TOKEN", &server.token)]);
        }
        let output = command.output().unwrap();
        assert!(
            output.status.success(),
            "{name}: {}\n{}\nstdout: {}\nstderr: {}",
            output.status,
            block.commands,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

const PAGES: [&str; 9] = [
    "leaked-credential.md",
    "leaked-token.md",
    "wrong-bulk-change.md",
    "lost-disk.md",
    "refused.md",
    "stolen-backup.md",
    "full-disk.md",
    "clock-jump.md",
    "upgrade.md",
];

#[test]
fn every_page_is_tried_here_and_in_the_list() {
    let there: BTreeSet<String> = fs::read_dir(top().join("docs/runbooks"))
        .unwrap()
        .map(|it| it.unwrap().file_name().into_string().unwrap())
        .filter(|it| it != "README.md")
        .collect();
    assert_eq!(there, PAGES.iter().map(|it| (*it).to_owned()).collect());
    let list = fs::read_to_string(top().join("docs/runbooks/README.md")).unwrap();
    for page in PAGES {
        assert!(list.contains(&format!("({page})")), "{page}");
    }
    assert_eq!(
        blocks("# A\n```sh stopped\none\n```\n```sh served\ntwo\n```\n"),
        [
            Block {
                served: false,
                commands: "one\n".to_owned()
            },
            Block {
                served: true,
                commands: "two\n".to_owned()
            }
        ]
    );
}

#[test]
fn a_leaked_credential() {
    let mut real = Real::new();
    let leaked = [
        ("LEAKED", "key-of-all-Zq83nVx1".to_owned()),
        ("HANDLE", "openai".to_owned()),
        ("NEW_KEY", "key-made-anew-Zq83nVx1".to_owned()),
    ];
    follow("leaked-credential.md", &mut real, &leaked);
    let served = real
        .server()
        .post("/resolve", json!({"workspace": "shop-a", "template": "orders"}))
        .ok();
    assert!(served.to_string().contains("key-made-anew-Zq83nVx1"));
}

#[test]
fn a_leaked_token() {
    let mut real = Real::new();
    let body = json!({"principal": "Runner", "role": "service", "workspaces": ["shop-a"]});
    let token = real.server().post("/tokens", body).is(201);
    let runner = real.server().with_token(token["token"].as_str().unwrap());
    let asked = json!({"workspace": "shop-a", "template": "orders"});
    runner.post("/resolve", asked.clone()).ok();
    let id = token["id"].as_str().unwrap().to_owned();
    let variables = [("TOKEN_ID", id), ("PRINCIPAL", "runner".to_owned())];
    follow("leaked-token.md", &mut real, &variables);
    runner.post("/resolve", asked).refused(401, "unauthenticated");
}

#[test]
fn a_wrong_change_of_many_things() {
    let mut real = Real::new();
    let before = (real.server().size() - 1).to_string();
    let other =
        json!({"name": "Other", "service": "openai", "kind": "api_key", "fields": {"api_key": "key-other-Zq83nVx1"}});
    real.server().post("/credentials", other).is(201);
    let replaced = real
        .server()
        .post("/credentials/openai/replace", json!({"new": "other"}))
        .ok();
    let correlation = replaced["correlation"].as_str().unwrap().to_owned();
    real.server()
        .delete("/workspaces/shop-b/templates/orders/mappings/SHOP")
        .ok();
    let variables = [("BEFORE", before), ("CORRELATION", correlation)];
    follow("wrong-bulk-change.md", &mut real, &variables);
    let mapped = real.server().get("/workspaces/shop-b/mappings").ok().to_string();
    assert!(
        mapped.contains("openai") && mapped.contains("shopify-client-b"),
        "{mapped}"
    );
}

#[test]
fn a_lost_disk() {
    let mut real = Real::new();
    real.backup("kept");
    let last = real.server().post("/clients", json!({"name": "Lost"})).is(201);
    let known = real.place.file("known", last["checkpoint"].as_str().unwrap());
    real.server.take().unwrap().kill9();
    fs::remove_dir_all(real.place.data()).unwrap();
    real.new_owner = Some("ada-token".to_owned());
    follow("lost-disk.md", &mut real, &[("KNOWN", known)]);
    let mia = real.server().with_token(&real.token);
    mia.get("/whoami").ok();
    mia.get("/clients/lost").refused(404, "not_found");
}

#[test]
fn a_refused_ledger() {
    let mut real = Real::new();
    for number in 0..200 {
        let body = json!({"name": format!("Client {number}")});
        real.server().post("/clients", body).is(201);
    }
    real.server.take().unwrap().kill9();
    cut_journal(&real.place.data(), 70);
    real.new_owner = Some("ada-token".to_owned());
    follow("refused.md", &mut real, &[]);
    real.server().with_token(&real.token).get("/whoami").ok();
}

#[test]
fn a_stolen_backup_a_full_disk_a_clock_that_jumped_and_an_upgrade() {
    let mut real = Real::new();
    real.backup("kept");
    for page in ["stolen-backup.md", "full-disk.md", "clock-jump.md", "upgrade.md"] {
        follow(page, &mut real, &[]);
    }
}
