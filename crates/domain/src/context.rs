//! What `decide` is told beside state and command: time, fresh ids, who asks, what needs a key to know.

use crate::ids::{ApprovalId, CredentialId, PrincipalId, TimeUs, TokenId};
use crate::secret::SecretFields;

/// A source of fresh random 16-byte ids; tests count.
pub trait Ids {
    /// One never given before.
    fn fresh(&mut self) -> [u8; 16];
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    /// The principal.
    pub principal: PrincipalId,
    /// By which token (none: the ledger itself, or the root key in hand).
    pub token: Option<TokenId>,
    /// For whom.
    pub on_behalf_of: Option<PrincipalId>,
}

impl Caller {
    /// The ledger itself.
    pub const SYSTEM: Self = Self {
        principal: PrincipalId::SYSTEM,
        token: None,
        on_behalf_of: None,
    };
}

/// A secret value of the command that another credential holds already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duplicate {
    /// The field entered.
    pub field: String,
    /// Who holds it.
    pub credential: CredentialId,
}

/// Everything around a command.
pub struct Context<'a> {
    /// max(wall clock, last recorded time).
    pub now: TimeUs,
    /// Who asks.
    pub caller: Caller,
    /// Fresh ids.
    pub ids: &'a mut dyn Ids,
    /// The reason given.
    pub reason: Option<&'a str>,
    /// `If-Match`: the version of the stream's last change by a person.
    pub if_match: Option<u64>,
    /// Approvals to be used for what takes four eyes.
    pub approvals: &'a [ApprovalId],
    /// For commands that build on a credential's current values: those values.
    pub current_secret: Option<&'a SecretFields>,
    /// Which entered values are held elsewhere.
    pub duplicates: &'a [Duplicate],
}
