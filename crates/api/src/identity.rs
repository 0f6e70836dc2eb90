//! Identities: who acts by another issuer's word, and signing in.

use crate::value::SecretText;
use crate::written::Written;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// `POST /principals/{handle}/identities`: who this issuer says he is, by all of these claims, acts as the principal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BindIdentity {
    /// The issuer's URL, to the letter as in its `iss`.
    pub issuer: String,
    /// For whom its assertions must be made (`aud`); for people who sign in, the client id that the issuer knows.
    pub audience: String,
    /// What they must say: each claim with the values of which one must be there, to the letter. A name that begins with
    /// `/` is a JSON pointer.
    pub claims: BTreeMap<String, Vec<String>>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// When it ends (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What binding and unbinding are answered with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IdentityWritten {
    /// The identity's id.
    pub id: String,
    /// Handle of the principal.
    pub principal: String,
    /// The evidence.
    #[serde(flatten)]
    pub written: Written,
}

/// An identity.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Identity {
    /// Its id; in the log it stands where a token's does.
    pub id: String,
    /// Handle of the principal.
    pub principal: String,
    /// The issuer.
    pub issuer: String,
    /// The audience.
    pub audience: String,
    /// What assertions must say.
    pub claims: BTreeMap<String, Vec<String>>,
    /// What it is for.
    #[serde(default)]
    pub label: String,
    /// When it was bound.
    pub bound_at: String,
    /// Handle of who bound it.
    pub bound_by: Option<String>,
    /// When it ends.
    pub expires_at: Option<String>,
    /// When it was taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unbound_at: Option<String>,
    /// When it was last used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<String>,
}

/// `POST /sign-in`: begins to sign a person in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BeginSignIn {
    /// By which issuer; may be left out where there is one only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// As which client of the issuer's; may be left out where there is one only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// Where the issuer sends the person back to: a port of the person's own machine, `http://127.0.0.1:4711/callback`.
    pub redirect_uri: String,
}

/// A sign-in under way.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignInBegun {
    /// Where the person goes.
    pub url: String,
    /// What must come back with the code.
    pub state: String,
}

/// `POST /sign-in/finish`: what came back. A state is used once.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FinishSignIn {
    /// The state.
    pub state: String,
    /// The code.
    pub code: SecretText,
}
