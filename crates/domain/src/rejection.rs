//! Why the rules say no. Each has a stable kind, says what was wrong and what to do, and never holds a value that was
//! sent: not a field's value, not a name, not a reference. What the caller may not see is not named either.

use crate::decide::Bound;
use crate::ids::{CredentialId, FreezeId, Revision, TimeUs};
use crate::resolve::{AtOdds, MissingWhy, PassedOver, WhyNot};
use crate::rights::Denied;
use crate::state::Credential;
use crate::words::{Kind, Stop};

/// A credential as an error may name it: only to those who may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Its id.
    pub id: CredentialId,
    /// Its handle.
    pub handle: String,
    /// Its name.
    pub name: String,
}

impl Named {
    /// Names a credential; whether the asker may see it is for the caller to know.
    #[must_use]
    pub fn of(credential: &Credential) -> Self {
        Self {
            id: credential.id,
            handle: credential.handle.clone(),
            name: credential.name.clone(),
        }
    }
}

/// A variable for which nothing could be served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingVariable {
    /// Its name.
    pub variable: String,
    /// The service it needs.
    pub service: String,
    /// The kinds it accepts; empty: any.
    pub kinds: Vec<Kind>,
    /// The scopes it needs.
    pub scopes: Vec<String>,
    /// Why there is nothing.
    pub why: MissingWhy,
    /// What was found and not taken.
    pub passed_over: Vec<PassedOver>,
    /// What would fit, among what the caller may see: the workspace's client's first.
    pub fitting: Vec<Named>,
}

/// An entered value that another credential holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The field entered.
    pub field: String,
    /// The credential that holds the value.
    pub by: Named,
}

/// A refusal by the rules.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// There is no such thing, or the caller may not know of it.
    #[error("there is no such {what}")]
    NotFound {
        /// `credential`, `workspace`, …
        what: &'static str,
        /// Where in the request it was named.
        pointer: String,
        /// Handles of visible things that are spelt alike.
        suggestions: Vec<String>,
        /// Set when it is there, but hidden from the caller: for the record, never for the answer.
        denied: Option<Denied>,
    },
    /// The caller lacks a right.
    #[error("{0}")]
    Denied(Denied),
    /// A name looks like one in use.
    #[error("the name is taken by another {what}, or looks like that one's")]
    NameTaken {
        /// `credential`, `workspace`, …
        what: &'static str,
        /// Handle of the one that has it, when the caller may see it.
        holder: Option<String>,
    },
    /// A handle is or was in use.
    #[error("the handle is taken; `{proposal}` is free")]
    HandleTaken {
        /// `credential`, `workspace`, …
        what: &'static str,
        /// A free handle.
        proposal: String,
    },
    /// An input breaks a rule.
    #[error("{message}")]
    Invalid {
        /// JSON pointer to the input.
        pointer: String,
        /// What is wrong.
        message: String,
        /// What to do.
        hint: &'static str,
    },
    /// `If-Match` named another version than the current one.
    #[error("someone was faster: the version is {current} by now, not {expected}")]
    VersionMismatch {
        /// The version named.
        expected: u64,
        /// The version of the last change; 0 for what does not exist yet.
        current: u64,
    },
    /// The thing is out of use.
    #[error("the {what} is {status}")]
    NotActive {
        /// `credential`, `workspace`, …
        what: &'static str,
        /// `disabled`, `revoked`, `archived`, `retired`, …
        status: &'static str,
    },
    /// Where secrets are sent changes, but not all secrets were entered with it.
    #[error("{} says where secrets are sent: changing it takes entering {} again", list(.destinations), list(.secrets))]
    DestinationNeedsSecrets {
        /// The destination fields that would change.
        destinations: Vec<String>,
        /// The secret fields that were not entered.
        secrets: Vec<String>,
    },
    /// Another credential holds an entered value.
    #[error("{}", say_held(.held))]
    DuplicateSecret {
        /// Which fields, which credentials.
        held: Vec<Held>,
    },
    /// A resolution has no credential for some variables.
    #[error("no credential for {}", list(&.missing.iter().map(|missing| missing.variable.clone()).collect::<Vec<_>>()))]
    VariablesMissing {
        /// Each of them.
        missing: Vec<MissingVariable>,
    },
    /// The template was not admitted in the workspace.
    #[error("no revision of the template is admitted in the workspace")]
    NotAdmitted {
        /// The newest revision.
        newest: Revision,
    },
    /// A credential does not fit a variable.
    #[error("the credential does not fit `{variable}`: {why}")]
    DoesNotFit {
        /// The variable, or `service kind` of a default.
        variable: String,
        /// Why.
        why: WhyNot,
    },
    /// A credential of one client is kept out of another's workspace, whoever asks.
    #[error("the credential belongs to {}", at_odds(.clients.as_ref()))]
    ClientGuard {
        /// For the record of the refusal.
        credential: CredentialId,
        /// Which clients, for who may see both.
        clients: Option<AtOdds>,
    },
    /// What was computed before no longer holds; the caller computes it again.
    #[error("the state moved on since this was computed")]
    Stale,
    /// It would leave the ledger without an owner who can act.
    #[error("it would leave the ledger without an owner who has a token")]
    LastOwner,
    /// It would leave no owner with a token.
    #[error("it is the last token by which an owner gets in")]
    LastOwnerToken,
    /// The act needs a reason.
    #[error("this needs a reason")]
    ReasonRequired,
    /// Someone would raise himself.
    #[error(
        "nobody raises himself, or a principal whose token he holds: not by a grant, nor by changing what a grant is about"
    )]
    SelfEscalation,
    /// A token would do more than who issues it.
    #[error("the principal may do more than you: its token is not yours to issue")]
    TokenTooStrong,
    /// A principal has as many tokens of runs as it may.
    #[error("{} tokens of runs are in use: more are not issued", crate::limits::RUN_TOKENS_MAX)]
    TooManyRunTokens,
    /// The thing was imported already.
    #[error("it was imported already{}", .holder.as_ref().map(|holder| format!(", as `{holder}`")).unwrap_or_default())]
    AlreadyImported {
        /// Handle of the credential, when the caller may see it.
        holder: Option<String>,
    },
    /// The policy asks that another looks at it first.
    #[error("this takes four eyes: {}", .bound.exactly)]
    ApprovalRequired {
        /// What an approval would be bound to.
        bound: Bound,
    },
    /// Somebody would approve what he asked for himself.
    #[error("somebody else must approve it: not who asked, nor who acts by a token that he issued")]
    SelfApproval,
    /// It is stopped.
    #[error("{stop} {} frozen here: {reason}", if *.stop == Stop::Writes { "are" } else { "is" })]
    Frozen {
        /// By which freeze.
        freeze: FreezeId,
        /// What is stopped.
        stop: Stop,
        /// Since when.
        since: TimeUs,
        /// Why.
        reason: String,
        /// The refused serving, for the record.
        denied: Option<Denied>,
    },
    /// A second `initialize`.
    #[error("the ledger was initialized already")]
    AlreadyInitialized,
}

impl Rejection {
    /// An input that breaks a rule.
    #[must_use]
    pub fn invalid(pointer: impl Into<String>, message: impl Into<String>, hint: &'static str) -> Self {
        Self::Invalid {
            pointer: pointer.into(),
            message: message.into(),
            hint,
        }
    }

    /// The stable word for it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "not_found",
            Self::Denied(_) => "denied",
            Self::NameTaken { .. } => "name_taken",
            Self::HandleTaken { .. } => "handle_taken",
            Self::Invalid { .. } => "invalid",
            Self::VersionMismatch { .. } => "version_mismatch",
            Self::NotActive { .. } => "not_active",
            Self::DestinationNeedsSecrets { .. } => "destination_needs_secrets",
            Self::DuplicateSecret { .. } => "duplicate_secret",
            Self::VariablesMissing { .. } => "variables_missing",
            Self::NotAdmitted { .. } => "not_admitted",
            Self::DoesNotFit { .. } => "does_not_fit",
            Self::ClientGuard { .. } => "client_guard",
            Self::Stale => "stale",
            Self::LastOwner => "last_owner",
            Self::LastOwnerToken => "last_owner_token",
            Self::ReasonRequired => "reason_required",
            Self::SelfEscalation => "self_escalation",
            Self::TokenTooStrong => "token_too_strong",
            Self::TooManyRunTokens => "too_many_run_tokens",
            Self::AlreadyImported { .. } => "already_imported",
            Self::ApprovalRequired { .. } => "approval_required",
            Self::SelfApproval => "self_approval",
            Self::Frozen { .. } => "frozen",
            Self::AlreadyInitialized => "already_initialized",
        }
    }

    /// What was wrong: one sentence, lower case, no full stop.
    #[must_use]
    pub fn message(&self) -> String {
        self.to_string()
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NotFound { suggestions, .. } if !suggestions.is_empty() => {
                return Some(format!("did you mean {}?", list(suggestions)));
            }
            Self::NotFound { .. } => "list what there is; what your grants do not reach is not shown",
            Self::Denied(denied) => denied.hint(),
            Self::NameTaken {
                holder: Some(holder), ..
            } => {
                return Some(format!(
                    "`{holder}` has it: use that one, or choose a name that cannot be mistaken for it"
                ));
            }
            Self::NameTaken { .. } => "choose a name that cannot be mistaken for another",
            Self::HandleTaken { proposal, .. } => return Some(format!("ask for the handle `{proposal}`")),
            Self::Invalid { hint, .. } => hint,
            Self::VersionMismatch { .. } => "read it again and repeat the change on what it is now",
            Self::NotActive { status: "disabled", .. } => "enable it first",
            Self::NotActive { what: "version", .. } => "ask for the current version: its period of grace is over",
            Self::NotActive { .. } => "use another one: this is final",
            Self::DestinationNeedsSecrets { .. } => "send the secret fields together with the destination",
            Self::DuplicateSecret { .. } => "use the credential that holds it, or repeat with accept_duplicate",
            Self::VariablesMissing { .. } => "map a credential to each missing variable, or set a default",
            Self::NotAdmitted { .. } => "admit a revision first; it takes `map` on the workspace",
            Self::DoesNotFit { why, .. } => why.hint(),
            Self::ClientGuard { .. } => "use a credential of the workspace's client, or share this one explicitly",
            Self::Stale => "repeat the request",
            Self::LastOwner => "make another owner first, and issue a token",
            Self::LastOwnerToken => "issue another token to an owner first, then revoke this one",
            Self::ReasonRequired => "say why: the reason is recorded",
            Self::SelfEscalation => "ask another administrator",
            Self::TokenTooStrong => "ask an owner",
            Self::TooManyRunTokens => "revoke a run's token when the run is over, or let it live for a shorter time",
            Self::AlreadyImported { .. } => "rotate the credential that it became",
            Self::ApprovalRequired { .. } => {
                "ask for an approval with `X-Strongroom-Approval: ask` and a reason, and repeat the request with its id"
            }
            Self::SelfApproval => "ask another who may approve it",
            Self::Frozen { freeze, .. } => {
                return Some(format!("an administrator lifts it with `strongroom unfreeze {freeze}`"));
            }
            Self::AlreadyInitialized => return None,
        };
        (!hint.is_empty()).then(|| hint.to_owned())
    }

    /// JSON pointer to the input at fault.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::NotFound { pointer, .. } | Self::Invalid { pointer, .. } => {
                Some(pointer).filter(|p| !p.is_empty()).map(String::as_str)
            }
            Self::NameTaken { .. } => Some("/name"),
            Self::HandleTaken { .. } => Some("/handle"),
            Self::ReasonRequired => Some("/reason"),
            _ => None,
        }
    }

    /// The refusal that belongs into the access stream, if it is one of rights or of the client guard: also when the
    /// answer only says that there is no such thing.
    #[must_use]
    pub fn denial(&self) -> Option<Denied> {
        match self {
            Self::Denied(denied) => Some(denied.clone()),
            Self::NotFound { denied, .. } | Self::Frozen { denied, .. } => denied.clone(),
            Self::ClientGuard { credential, .. } => Some(Denied::client_guard(*credential)),
            // Another client's credential that still stands behind a variable is tried at each run.
            Self::VariablesMissing { missing } => {
                let mut passed = missing.iter().flat_map(|it| &it.passed_over);
                let guarded = passed.find(|it| it.why == WhyNot::ClientGuard);
                guarded.map(|it| Denied::client_guard(it.record))
            }
            _ => None,
        }
    }
}

impl From<Denied> for Rejection {
    fn from(denied: Denied) -> Self {
        Self::Denied(denied)
    }
}

fn list(items: &[String]) -> String {
    let quoted: Vec<_> = items.iter().map(|item| format!("`{item}`")).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

fn at_odds(clients: Option<&AtOdds>) -> String {
    match clients {
        Some(AtOdds { credential, workspace }) => {
            format!("the client `{credential}`, the workspace to `{workspace}`, and it is not shared with that one")
        }
        None => "another client than the workspace and is not shared with it".to_owned(),
    }
}

fn say_held(held: &[Held]) -> String {
    let each: Vec<_> = held
        .iter()
        .map(|held| format!("`{}` is held by `{}` already", held.field, held.by.handle))
        .collect();
    each.join(", ")
}
