//! What a template asks for.

use crate::catalogue::Kind;

/// One variable of a template: what a workspace has to put a credential behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// `[A-Z][A-Z0-9_]{0,62}`, unique in the template.
    pub name: String,
    /// Id of the service; not necessarily one of the catalogue.
    pub service: String,
    /// The kinds it accepts, at least one, the usual one first.
    pub kinds: Vec<Kind>,
    /// Scopes that the account must have been granted; none when the format doesn't say.
    pub scopes: Vec<String>,
    /// Whether the template can run without it.
    pub required: bool,
    /// For people; may be empty.
    pub description: String,
    /// The n8n credential type that it stands for, when it was made from a workflow.
    pub n8n_type: Option<String>,
}
