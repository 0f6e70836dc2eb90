//! The keys of stored maps.

/// Short stored key, long served name. A key is never reused for another meaning.
#[rustfmt::skip]
pub const KEYS: &[(&str, &str)] = &[
    // envelope
    ("a", "actor"), ("ob", "on_behalf_of"), ("g", "grant"), ("r", "reason"), ("co", "correlation"), ("ca", "causation"),
    ("rq", "request_id"), ("ip", "source"), ("ua", "user_agent"), ("tk", "token"), ("ik", "idempotency"), ("d", "data"),
    ("key", "key"), ("rt", "route"), ("n", "events"), ("mac", "body_mac"),
    // names and texts
    ("nm", "name"), ("hd", "handle"), ("sk", "skeleton"), ("ds", "description"), ("lb", "label"), ("id", "id"),
    // credentials
    ("sv", "service"), ("kd", "kind"), ("kds", "kinds"), ("tg", "tags"), ("cl", "client"), ("st", "steward"), ("ex", "expires_at"),
    ("rp", "rotation"), ("ed", "every_days"), ("gd", "grace_days"), ("se", "settings"), ("fs", "fields"), ("fc", "class"), ("js", "json"),
    ("fv", "value"), ("ch", "changed"), ("v", "version"), ("fr", "from_version"), ("gu", "grace_until"), ("um", "until_moved"), ("mv", "moved"), ("bf", "before"), ("af", "after"),
    ("al", "all"), ("cls", "clients"), ("wss", "workspaces"), ("src", "imported_from"), ("sy", "system"), ("app", "app"), ("acc", "account"), ("sc", "scopes"),
    ("dup", "duplicate_accepted"),
    // workspaces, templates, mappings, defaults
    ("ws", "workspace"), ("tp", "template"), ("en", "environment"), ("va", "variable"), ("vs", "variables"), ("rv", "revision"), ("rc", "content"),
    ("dg", "digest"), ("fm", "format"), ("sz", "document_bytes"), ("re", "required"), ("cr", "credential"), ("crs", "credentials"), ("in", "instance"),
    ("hc", "hardcoded_accepted"), ("pt", "pointer"), ("ru", "rule"), ("pv", "previous"), ("add", "added"), ("rem", "removed"), ("uns", "unsure"), ("nt", "type"),
    // principals, grants, tokens
    ("ty", "principal_kind"), ("ro", "role"), ("sp", "scope"), ("ef", "effect"), ("nb", "from"), ("na", "until"), ("gi", "grant_id"), ("ti", "token_id"),
    ("th", "token_hash"), ("svs", "services"), ("ow", "owners_only"), ("run", "run"), ("iss", "issuer"), ("aud", "audience"), ("cms", "claims"), ("vls", "values"),
    // access
    ("us", "served"), ("wu", "window_until"), ("cn", "count"), ("ri", "right"), ("wy", "why"), ("wn", "windows"), ("pos", "position"), ("ac", "access"), ("tgt", "target"),
    ("bg", "break_glass"), ("sb", "searchable"), ("fnd", "found"), ("wys", "reasons"), ("ips", "sources"),
    // approvals, policies
    ("act", "act"), ("bnd", "bound_to"),
    // webhooks, what is due
    ("aim", "aim"), ("url", "url"), ("nts", "types"), ("flt", "filter"), ("gn", "gone"), ("du", "due_at"), ("be", "by_expiry"),
    // incidents
    ("stp", "stops"), ("prs", "principals"), ("tks", "tokens"), ("nws", "networks"), ("si", "since"), ("su", "suspects"), ("stn", "step"),
    // secret parts
    ("doc", "document"), ("rk", "reference_key"), ("rf", "references"), ("rh", "reference_hash"), ("rid", "reference_id_hash"), ("rnm", "reference_name_hash"),
    // ledger
    ("li", "ledger"), ("inc", "incarnation"), ("dev", "dev"), ("kp", "kept"), ("kn", "known"), ("sus", "suspended"),
];
