//! The house as tests: what must not be where, and what docs say that files must bear out.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Which of our own packages each package may name. Arrows go down only.
const ARROWS: &[(&str, &[&str])] = &[
    ("proof", &[]),
    ("domain", &[]),
    ("seal", &["proof"]),
    ("formats", &["domain"]),
    ("log", &["proof", "seal"]),
    ("ledger", &["domain", "formats", "log", "proof", "seal"]),
    ("api", &[]),
    ("client", &["api"]),
    ("connect", &[]),
    (
        "server",
        &["api", "connect", "domain", "formats", "ledger", "proof", "seal"],
    ),
    (
        "cli",
        &[
            "api", "client", "domain", "formats", "ledger", "proof", "seal", "server",
        ],
    ),
];

/// Packages of others that only these of ours may name outside tests.
const OWNERS: &[(&str, &[&str])] = &[
    ("fjall", &["log"]),
    ("axum", &["server"]),
    ("governor", &["server"]),
    ("postgres", &[]),
    ("tokio-rustls", &["connect", "server"]),
    ("rustls-platform-verifier", &["connect"]),
    ("socket2", &["connect"]),
    ("reqwest", &["client", "connect"]),
    ("jsonwebtoken", &["connect"]),
    ("oauth2", &["connect"]),
    ("opentelemetry", &["connect"]),
    ("opentelemetry-otlp", &["connect"]),
    ("opentelemetry_sdk", &["connect"]),
    ("clap", &["cli"]),
    ("argon2", &["seal"]),
    ("chacha20", &["seal"]),
    ("aws-lc-rs", &["seal"]),
    ("ed25519-dalek", &["seal", "proof"]),
    ("getrandom", &["seal", "ledger", "client"]),
    ("tokio", &["client", "connect", "server", "cli", "ledger"]),
    ("rmp-serde", &["domain", "ledger"]),
    ("unicode-security", &["domain"]),
];

pub(crate) fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// The names under `[dependencies]` of a package of ours.
fn dependencies(package: &str) -> Vec<String> {
    let manifest = fs::read_to_string(top().join("crates").join(package).join("Cargo.toml")).unwrap();
    let section = manifest.lines().skip_while(|line| *line != "[dependencies]").skip(1);
    let lines = section.take_while(|line| !line.starts_with('['));
    let names = lines.filter_map(|line| line.split(['.', ' ', '=']).next());
    names
        .filter(|name| !name.is_empty() && !name.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

#[test]
fn arrows_go_down_only() {
    for (package, allowed) in ARROWS {
        for name in dependencies(package) {
            if let Some(ours) = name.strip_prefix("strongroom-") {
                assert!(allowed.contains(&ours), "{package} must not know {ours}");
            }
        }
    }
}

#[test]
fn every_package_has_its_arrows() {
    let mut packages: Vec<String> = fs::read_dir(top().join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    packages.sort();
    let mut listed: Vec<&str> = ARROWS.iter().map(|(package, _)| *package).collect();
    listed.sort_unstable();
    assert_eq!(packages, listed);
}

#[test]
fn what_has_an_owner_is_used_by_its_owner_only() {
    let used: BTreeMap<&str, Vec<String>> = ARROWS
        .iter()
        .map(|(package, _)| (*package, dependencies(package)))
        .collect();
    for (dependency, owners) in OWNERS {
        for (package, names) in &used {
            let uses = names.iter().any(|name| name == dependency);
            assert!(!uses || owners.contains(package), "{package} must not use {dependency}");
        }
    }
}

#[test]
fn the_readme_begins_with_the_two_commands() {
    let readme = fs::read_to_string(top().join("README.md")).unwrap();
    for command in ["cargo run --release -- serve --dev", "cargo test --workspace"] {
        assert!(
            readme.lines().take(20).any(|line| line.trim() == command),
            "the README lacks `{command}`"
        );
    }
}

#[test]
fn what_docs_link_to_and_name_is_there() {
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        let beside = page.parent().unwrap();
        for target in links(&text) {
            let file = target.split('#').next().unwrap_or_default();
            assert!(beside.join(file).exists(), "{} links to {target}", page.display());
        }
        for path in paths(&text) {
            assert!(top().join(path).exists(), "{} names {path}", page.display());
        }
    }
}

fn pages() -> Vec<PathBuf> {
    let folders = [
        top(),
        top().join("docs"),
        top().join("docs/decisions"),
        top().join("docs/verifier"),
    ];
    let files = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap());
    let paths = files.map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect()
}

/// Targets of `](…)` outside code that are files beside the page.
fn links(text: &str) -> Vec<String> {
    let prose: String = text.split('`').step_by(2).collect();
    let targets = prose.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let ours = |target: &&str| !target.contains("://") && !target.starts_with('#') && !target.is_empty();
    targets.filter(ours).map(str::to_owned).collect()
}

/// Paths of ours between backticks. A path with `…`, `*`, `{` or `<` stands for many and is not looked up.
fn paths(text: &str) -> impl Iterator<Item = &str> {
    let spans = text.split('`').skip(1).step_by(2);
    spans.filter(|span| {
        let ours = ["crates/", "docs/", "tests/", "benches/", "xtask/", "examples/", ".ci/"];
        ours.iter().any(|prefix| span.starts_with(prefix)) && !span.contains(['…', '*', '{', '<', ' '])
    })
}
