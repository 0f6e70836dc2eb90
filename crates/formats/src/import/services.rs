//! Which service of the catalogue an entry is for: by its name, the host of its URL, or a variable's name.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::catalogue::{self, service};
use crate::names;

/// Variables and URL schemes whose first word is not the service.
const WELL_KNOWN: &[(&str, &str)] = &[
    ("gh", "github"),
    ("hf", "hugging-face"),
    ("pg", "postgres"),
    ("pgpassword", "postgres"),
    ("postgresql", "postgres"),
    ("mongo", "mongodb"),
    ("amqp", "rabbitmq"),
    ("amqps", "rabbitmq"),
    ("rediss", "redis"),
    ("mongodb+srv", "mongodb"),
    ("wasb", "azure-blob-storage"),
    ("google_cloud_platform", "google"),
];

/// What a variable's name ends with when it holds something of a credential.
const ENDINGS: &[&str] = &[
    "key", "token", "secret", "password", "pass", "id", "sid", "url", "uri", "host", "port", "region", "user",
    "username", "dsn", "webhook", "account", "email", "domain", "database", "db",
];

fn known(word: &str) -> Option<&'static str> {
    WELL_KNOWN
        .iter()
        .find(|(have, _)| *have == word)
        .and_then(|(_, id)| service(id))
        .map(|found| found.id)
}

/// By a variable's name, with what is left of it: `STRIPE_SECRET_KEY` → `stripe`, `SECRET_KEY`.
pub(super) fn by_variable(name: &str) -> Option<(&'static str, &str)> {
    let last = name.rsplit('_').next()?.to_ascii_lowercase();
    if !ENDINGS.contains(&last.as_str()) {
        return known(&name.to_ascii_lowercase()).map(|id| (id, name));
    }
    // The longest beginning that is a service: GOOGLE_SHEETS before GOOGLE.
    name.rmatch_indices('_').find_map(|(at, _)| {
        let (before, after) = (name.get(..at)?, name.get(at + 1..)?);
        let lower = before.to_ascii_lowercase();
        let found = known(&lower).or_else(|| (before.len() > 2).then(|| catalogue::by_squeezed(before)).flatten());
        found.map(|id| (id, after))
    })
}

/// By a URL or host: one that the catalogue lists, or another of the domain of the service that is named like it.
pub(super) fn by_host(url: &str) -> Option<&'static str> {
    if let Some(id) = url
        .split_once("://")
        .and_then(|(scheme, _)| of_scheme(&scheme.to_ascii_lowercase()))
    {
        return Some(id);
    }
    let host = host_of(url)?;
    if let Some(id) = hosts().get(host.as_str()).copied().flatten() {
        return Some(id);
    }
    let mut labels = host.rsplit('.');
    let (top, name) = (labels.next()?, labels.next()?);
    let found = service(name)?;
    let domain = format!("{name}.{top}");
    let its = |have: &&str| *have == domain || have.strip_suffix(&domain).is_some_and(|left| left.ends_with('.'));
    found.hosts.iter().any(its).then_some(found.id)
}

fn of_scheme(scheme: &str) -> Option<&'static str> {
    if matches!(scheme, "http" | "https") {
        return None;
    }
    known(scheme).or_else(|| service(scheme).map(|found| found.id))
}

/// By the system's own word for it, as a connection type: `postgres`, `slack`.
pub(super) fn by_word(word: &str) -> Option<&'static str> {
    known(word).or_else(|| catalogue::by_squeezed(word))
}

/// By what people call an entry: its first words are a service's id or name.
pub(super) fn by_name(name: &str) -> Option<&'static str> {
    let ends: Vec<usize> = name
        .char_indices()
        .filter(|(_, c)| !c.is_alphanumeric())
        .map(|(at, _)| at)
        .chain([name.len()])
        .filter(|at| *at <= 100)
        .collect();
    ends.into_iter().rev().find_map(|end| {
        let words = name.get(..end)?;
        (names::squeeze(words).len() > 2)
            .then(|| catalogue::by_squeezed(words))
            .flatten()
    })
}

/// The host of a URL or of a bare `host.name`, lower case.
pub(super) fn host_of(url: &str) -> Option<String> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?.split(':').next()?.to_ascii_lowercase();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    (host.contains('.') && host.chars().all(plain)).then_some(host)
}

/// Exact hosts; `None` for those that several services share.
fn hosts() -> &'static HashMap<&'static str, Option<&'static str>> {
    static HOSTS: OnceLock<HashMap<&'static str, Option<&'static str>>> = OnceLock::new();
    HOSTS.get_or_init(|| {
        let mut out = HashMap::new();
        for found in catalogue::services() {
            for host in found.hosts.iter().filter(|host| !host.contains(['{', '*'])) {
                out.entry(*host).and_modify(|id| *id = None).or_insert(Some(found.id));
            }
        }
        out
    })
}
