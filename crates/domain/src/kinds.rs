//! Which fields a kind of credential has. The service catalogue may know more fields and may never weaken these.

use crate::words::{FieldClass, Kind};

/// A field that belongs to a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KindField {
    /// Its name.
    pub name: &'static str,
    /// How it is kept at least.
    pub class: FieldClass,
    /// Whether a credential of the kind must have it.
    pub required: bool,
}

const fn field(name: &'static str, class: FieldClass, required: bool) -> KindField {
    KindField { name, class, required }
}

/// The fields of a kind, in the order in which people enter them.
#[must_use]
pub fn kind_fields(kind: Kind) -> &'static [KindField] {
    use FieldClass::{Destination, Plain, Secret};
    const API_KEY: &[KindField] = &[field("api_key", Secret, true)];
    const ACCESS_TOKEN: &[KindField] = &[field("token", Secret, true)];
    const BASIC: &[KindField] = &[field("username", Plain, true), field("password", Secret, true)];
    const CLIENT_CREDENTIALS: &[KindField] = &[
        field("client_id", Plain, true),
        field("client_secret", Secret, true),
        field("token_url", Destination, false),
        field("scopes", Plain, false),
    ];
    const OAUTH2_APP: &[KindField] = &[
        field("client_id", Plain, true),
        field("client_secret", Secret, true),
        field("authorization_url", Destination, false),
        field("token_url", Destination, false),
        field("scopes", Plain, false),
    ];
    // One of the two tokens must be there; `decide` sees to it.
    const OAUTH2: &[KindField] = &[
        field("account", Plain, false),
        field("scopes", Plain, false),
        field("access_token", Secret, false),
        field("refresh_token", Secret, false),
    ];
    match kind {
        Kind::ApiKey => API_KEY,
        Kind::AccessToken => ACCESS_TOKEN,
        Kind::Basic => BASIC,
        Kind::ClientCredentials => CLIENT_CREDENTIALS,
        Kind::Oauth2App => OAUTH2_APP,
        Kind::Oauth2 => OAUTH2,
        Kind::Custom => &[],
    }
}

/// Whether values of a kind may be made up here: where the other side takes what it is given. Tokens and client secrets
/// are given out by the service.
#[must_use]
pub fn may_generate(kind: Kind) -> bool {
    match kind {
        Kind::ApiKey | Kind::Basic | Kind::Custom => true,
        Kind::AccessToken | Kind::ClientCredentials | Kind::Oauth2App | Kind::Oauth2 => false,
    }
}

/// How a kind keeps a field; none when the kind does not know it.
#[must_use]
pub fn field_class(kind: Kind, name: &str) -> Option<FieldClass> {
    kind_fields(kind)
        .iter()
        .find(|field| field.name == name)
        .map(|field| field.class)
}
