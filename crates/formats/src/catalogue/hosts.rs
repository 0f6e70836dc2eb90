//! Where the secrets of one credential may go: the service's hosts and the credential's own destinations.

/// The hosts that a runner may send this credential's secrets to, sorted, each once.
///
/// `destinations` are the credential's destination fields. A URL counts with its host, a bare name as it is; a service's
/// host with `{field}` is filled in and left out when that field is absent or isn't a plain label. A host may be
/// `*.suffix`: any name below it. Empty when neither the catalogue nor the credential says.
pub fn allowed_hosts(service: &str, destinations: &[(&str, &str)]) -> Vec<String> {
    let mut hosts: Vec<String> = Vec::new();
    if let Some(service) = super::service(service) {
        hosts.extend(service.hosts.iter().filter_map(|host| fill(host, destinations)));
    }
    hosts.extend(
        destinations
            .iter()
            .filter(|(name, _)| !is_label(name))
            .filter_map(|(_, value)| host_of(value)),
    );
    hosts.sort();
    hosts.dedup();
    hosts
}

/// Destination fields that are a part of a host, or a number beside one, never a host by themselves.
fn is_label(name: &str) -> bool {
    name.ends_with("port") || name.ends_with("region") || name.ends_with("subdomain")
}

/// A host with its `{field}`s filled in.
fn fill(host: &str, destinations: &[(&str, &str)]) -> Option<String> {
    let mut out = String::new();
    let mut rest = host;
    while let Some((before, after)) = rest.split_once('{') {
        let (field, tail) = after.split_once('}')?;
        let (_, value) = destinations.iter().find(|(name, _)| *name == field)?;
        let value = value.trim();
        // What follows the field is the service's own domain: a value that brings it along is taken without it.
        let value = value.strip_suffix(tail).unwrap_or(value);
        let label = value.to_ascii_lowercase();
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if label.is_empty() || !label.chars().all(plain) || label.starts_with('.') {
            return None;
        }
        out.push_str(before);
        out.push_str(&label);
        rest = tail;
    }
    out.push_str(rest);
    Some(out)
}

/// The host of a URL, or of `host`, `host:port`; `None` for what is neither.
fn host_of(value: &str) -> Option<String> {
    let value = value.trim();
    let authority = match value.split_once("://") {
        Some((_, rest)) => rest.split(['/', '?', '#', '\\']).next()?,
        None => value.split(['/', '?', '#', '\\']).next()?,
    };
    let host = authority.rsplit('@').next()?;
    let host = match host.strip_prefix('[') {
        Some(v6) => return v6.split(']').next().map(|ip| format!("[{}]", ip.to_ascii_lowercase())),
        None => host.split(':').next()?,
    };
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let plain = host
        .chars()
        .all(|c| c.is_alphanumeric() || matches!(c, '-' | '.' | '_'));
    let named = host.contains('.') || host == "localhost" || value.contains("://");
    (plain && named && !host.is_empty()).then_some(host)
}
