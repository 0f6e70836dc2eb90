//! Kinds of credentials and the fields that each has by itself.

/// How a credential authenticates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// One key.
    ApiKey,
    /// One token.
    AccessToken,
    /// User name and password.
    Basic,
    /// OAuth2 client that acts for itself.
    ClientCredentials,
    /// OAuth2 client, shared by many accounts.
    Oauth2App,
    /// One connected account.
    Oauth2,
    /// Anything else, each field marked.
    Custom,
}

impl Kind {
    /// All kinds, in their order.
    pub const ALL: [Self; 7] = [
        Self::ApiKey,
        Self::AccessToken,
        Self::Basic,
        Self::ClientCredentials,
        Self::Oauth2App,
        Self::Oauth2,
        Self::Custom,
    ];

    /// The kind's name in the API and in stored data.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ApiKey => "api_key",
            Self::AccessToken => "access_token",
            Self::Basic => "basic",
            Self::ClientCredentials => "client_credentials",
            Self::Oauth2App => "oauth2_app",
            Self::Oauth2 => "oauth2",
            Self::Custom => "custom",
        }
    }

    /// The kind of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// What a field's value is, and so where it may be kept and shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// Shown to nobody who doesn't need it.
    Plain,
    /// Decides where secrets are sent; kept with them.
    Destination,
    /// The thing itself.
    Secret,
}

impl Class {
    /// `secret`, `destination` or `plain`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Destination => "destination",
            Self::Secret => "secret",
        }
    }
}

/// One field that a kind or service has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldSpec {
    /// `[a-z][a-z0-9_]*`.
    pub name: &'static str,
    /// What it is.
    pub class: Class,
    /// Whether a credential of the kind can't do without it.
    pub required: bool,
}

const fn spec(name: &'static str, class: Class, required: bool) -> FieldSpec {
    FieldSpec { name, class, required }
}

/// The fields of a kind. `token_url` and `authorization_url` are not required: the catalogue has them for most services.
pub const fn kind_fields(kind: Kind) -> &'static [FieldSpec] {
    use Class::{Destination, Plain, Secret};
    match kind {
        Kind::ApiKey => const { &[spec("api_key", Secret, true)] },
        Kind::AccessToken => const { &[spec("token", Secret, true)] },
        Kind::Basic => const { &[spec("username", Plain, true), spec("password", Secret, true)] },
        Kind::ClientCredentials => {
            const {
                &[
                    spec("client_id", Plain, true),
                    spec("client_secret", Secret, true),
                    spec("token_url", Destination, false),
                    spec("scopes", Plain, false),
                ]
            }
        }
        Kind::Oauth2App => {
            const {
                &[
                    spec("client_id", Plain, true),
                    spec("client_secret", Secret, true),
                    spec("authorization_url", Destination, false),
                    spec("token_url", Destination, false),
                    spec("scopes", Plain, false),
                ]
            }
        }
        Kind::Oauth2 => {
            const {
                &[
                    spec("app", Plain, false),
                    spec("account", Plain, false),
                    spec("scopes", Plain, false),
                    spec("access_token", Secret, true),
                    spec("refresh_token", Secret, false),
                    spec("expires_at", Plain, false),
                ]
            }
        }
        Kind::Custom => &[],
    }
}
