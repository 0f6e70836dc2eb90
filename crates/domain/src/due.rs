//! Which credentials are to be rotated, and when: a view of current state, computed when it is asked for.

use crate::ids::TimeUs;
use crate::state::{Credential, State};
use crate::words::CredentialStatus;

const DAY_US: TimeUs = 24 * 3_600 * 1_000_000;

/// A credential that is to be rotated.
#[derive(Debug, Clone, Copy)]
pub struct Due<'s> {
    /// Which.
    pub credential: &'s Credential,
    /// When, by its policy or since its values end.
    pub at: TimeUs,
    /// By what.
    pub by: DueBy,
    /// When its values were entered.
    pub entered_at: TimeUs,
    /// The values are those that it was made with.
    pub never_rotated: bool,
}

/// What makes it due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DueBy {
    /// Its rotation policy.
    Policy,
    /// Its values end.
    Expiry,
}

/// What is due before a time, the earliest first. Only what is served counts: what is disabled or revoked is nobody's
/// task.
#[must_use]
pub fn due(state: &State, before: TimeUs) -> Vec<Due<'_>> {
    let active = state
        .credentials
        .values()
        .filter(|it| it.status == CredentialStatus::Active);
    let mut due: Vec<Due<'_>> = active.filter_map(|it| of(it)).filter(|it| it.at < before).collect();
    due.sort_by(|one, other| (one.at, &one.credential.handle).cmp(&(other.at, &other.credential.handle)));
    due
}

/// What is due by now and was not said to be, by this date.
#[must_use]
pub fn unsaid(credential: &Credential, now: TimeUs) -> Option<Due<'_>> {
    let said = credential.versions.back()?.due_said;
    let is_news = |due: &Due<'_>| due.at <= now && said.is_none_or(|said| said < due.at);
    let active = credential.status == CredentialStatus::Active;
    of(credential).filter(|due| active && is_news(due))
}

fn of(credential: &Credential) -> Option<Due<'_>> {
    let current = credential.versions.back()?;
    let by_policy = credential.rotation.as_ref().map(|policy| {
        let days = TimeUs::from(policy.every_days);
        (current.entered_at.saturating_add(days * DAY_US), DueBy::Policy)
    });
    let by_expiry = credential.expires_at.map(|at| (at, DueBy::Expiry));
    let (at, by) = by_policy.into_iter().chain(by_expiry).min()?;
    Some(Due {
        credential,
        at,
        by,
        entered_at: current.entered_at,
        never_rotated: credential.version() == 1,
    })
}
