//! What is untidy about credentials: a view of current state. Who holds the same secret, and who was ever served, is found
//! outside and comes in.

use crate::access::places;
use crate::due::due;
use crate::ids::{CredentialId, PrincipalId, TimeUs};
use crate::state::{Credential, State};
use crate::words::CredentialStatus;
use std::collections::BTreeSet;

const DAY_US: TimeUs = 24 * 3_600 * 1_000_000;
/// Values that were never rotated are told of from this age on.
const OLD_US: TimeUs = 180 * DAY_US;
/// What nobody has used is told of from this age on: a new one is about to be used.
const SETTLED_US: TimeUs = 7 * DAY_US;
/// Words that say nothing of what a credential is for.
const EMPTY_WORDS: [&str; 14] = [
    "test",
    "key",
    "api",
    "token",
    "new",
    "old",
    "copy",
    "temp",
    "tmp",
    "untitled",
    "default",
    "account",
    "credential",
    "my",
];

/// One thing that is untidy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Untidy {
    /// Another holds the same secret.
    Duplicate,
    /// It stands nowhere, and nobody was served it.
    Unused,
    /// It should have been rotated by now.
    Overdue,
    /// Its values are those that it was made with, half a year ago or longer.
    NeverRotated,
    /// Its name does not say what it is for.
    UnclearName,
    /// It belongs to a client and is shared with all, or reaches all and stands in one workspace.
    OverShared,
    /// Who answers for it is disabled, or nobody.
    NoSteward,
    /// It stands in archived workspaces only.
    ArchivedOnly,
}

impl Untidy {
    /// Every kind, in the order in which people are told.
    pub const ALL: &'static [Self] = &[
        Self::Duplicate,
        Self::Overdue,
        Self::NoSteward,
        Self::OverShared,
        Self::Unused,
        Self::NeverRotated,
        Self::ArchivedOnly,
        Self::UnclearName,
    ];

    /// The word that is served.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Duplicate => "duplicate",
            Self::Unused => "unused",
            Self::Overdue => "overdue",
            Self::NeverRotated => "never_rotated",
            Self::UnclearName => "unclear_name",
            Self::OverShared => "over_shared",
            Self::NoSteward => "no_steward",
            Self::ArchivedOnly => "archived_only",
        }
    }
}

/// What is found outside of state.
pub trait Found {
    /// Whether a credential's current values are held by another one, too.
    fn duplicated(&self, credential: &Credential) -> bool;
    /// Whether anybody ever came by its values.
    fn used(&self, credential: CredentialId) -> bool;
}

/// What is untidy about a credential; nothing of one that is revoked.
#[must_use]
pub fn untidy(state: &State, credential: &Credential, found: &dyn Found, now: TimeUs) -> BTreeSet<Untidy> {
    let mut untidy = BTreeSet::new();
    if credential.status == CredentialStatus::Revoked {
        return untidy;
    }
    let places = places(state, credential);
    let age = now.saturating_sub(credential.head.created_at);
    let open = |workspace| state.workspaces.get(workspace).is_some_and(|it| !it.archived);
    let workspaces: BTreeSet<_> = places.iter().map(|(workspace, _)| *workspace).collect();
    let mut note = |it: Untidy, holds: bool| {
        if holds {
            untidy.insert(it);
        }
    };
    note(Untidy::Duplicate, found.duplicated(credential));
    note(
        Untidy::Unused,
        places.is_empty() && age >= SETTLED_US && !found.used(credential.id),
    );
    let entered = credential.versions.back().map_or(now, |version| version.entered_at);
    note(
        Untidy::NeverRotated,
        credential.version() == 1 && now.saturating_sub(entered) >= OLD_US,
    );
    note(Untidy::UnclearName, unclear(credential));
    let wide =
        credential.client.is_some() && credential.reach.all || credential.client.is_none() && workspaces.len() == 1;
    note(Untidy::OverShared, wide && age >= SETTLED_US);
    let steward = state.principals.get(&credential.steward);
    note(
        Untidy::NoSteward,
        credential.steward == PrincipalId::SYSTEM || steward.is_none_or(|it| it.disabled),
    );
    note(
        Untidy::ArchivedOnly,
        !workspaces.is_empty() && !workspaces.iter().any(open),
    );
    untidy
}

/// The credentials that should have been rotated by now.
#[must_use]
pub fn overdue(state: &State, now: TimeUs) -> BTreeSet<CredentialId> {
    due(state, now).into_iter().map(|it| it.credential.id).collect()
}

/// Whether a name has no word of its own beside its service's, its kind's and empty ones.
fn unclear(credential: &Credential) -> bool {
    let name = credential.name.to_lowercase();
    let kind = credential.kind.as_str().to_owned();
    let mut words = name
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    !words.any(|word| {
        let empty = EMPTY_WORDS.contains(&word) || word.chars().all(|c| c.is_ascii_digit());
        !empty && word.chars().count() > 1 && word != credential.service && !kind.split('_').any(|part| part == word)
    })
}
