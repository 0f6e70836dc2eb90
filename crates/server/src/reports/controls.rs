//! What an auditor of SOC 2 or ISO/IEC 27001 asks: the control, the figures of the time, and where to look.
//!
//! Criteria: AICPA Trust Services Criteria 2017 (rev. 2022), ISO/IEC 27001:2022 Annex A; their subjects in our words. The figures are
//! evidence of what the ledger does, not a judgement of the organisation.

use super::events::{CHANGES, by_a_person};
use super::{Desk, Made, section};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use strongroom_domain::due::due;
use strongroom_domain::event::Event;
use strongroom_domain::ids::TimeUs;
use strongroom_domain::state::{Principal, WebhookStatus};
use strongroom_domain::words::{CredentialStatus, Effect, PrincipalKind, Right};
use strongroom_ledger::Failure;

/// What is known for a control.
#[derive(Clone, Copy)]
pub(super) enum Fact {
    Rights,
    JoinersAndLeavers,
    GrantChanges,
    Privileged,
    WaysIn,
    Secrets,
    Rotation,
    Encryption,
    Log,
    Refusals,
    BrokenGlass,
    Changes,
    FourEyes,
    Alerts,
}

/// What is so whatever happened.
const ENCRYPTION: &str = "Every event is encrypted at rest (XChaCha20-Poly1305, a key for each record under keys of the \
                          ledger); who reads the history holds no key to a secret value.";

impl Fact {
    /// Where more of it stands.
    fn look(self) -> &'static str {
        match self {
            Self::Rights => "audit report access-review; docs/rights.md",
            Self::JoinersAndLeavers => "audit report offboarding --principal NAME",
            Self::GrantChanges => "audit log type:principal.granted,principal.grant_withdrawn",
            Self::Privileged => "audit report access-review",
            Self::WaysIn => "token list; docs/identities.md",
            Self::Secrets => "audit log type:access; docs/threats.md",
            Self::Rotation => "audit report rotation",
            Self::Encryption => "docs/format.md; docs/threats.md",
            Self::Log => "verify; audit export; docs/verifier",
            Self::Refusals => "audit log outcome:denied,refused",
            Self::BrokenGlass => "audit report break-glass",
            Self::Changes => "audit report without-reason",
            Self::FourEyes => "policy show; approval list --all",
            Self::Alerts => "webhook list",
        }
    }
}

/// A control: its number, what it is about, and the facts for it.
pub(super) type Control = (&'static str, &'static str, &'static [Fact]);

pub(super) const SOC2: [Control; 11] = [
    (
        "CC6.1",
        "Logical access to what is protected",
        &[Fact::Rights, Fact::WaysIn, Fact::Encryption],
    ),
    ("CC6.2", "Joiners and leavers", &[Fact::JoinersAndLeavers]),
    (
        "CC6.3",
        "Roles, least privilege, segregation of duties",
        &[Fact::GrantChanges, Fact::Privileged, Fact::FourEyes],
    ),
    ("CC6.6", "Access from outside", &[Fact::Refusals]),
    ("CC6.7", "Transmission and use of secrets", &[Fact::Secrets]),
    ("CC7.1", "Detection of changes", &[Fact::Log, Fact::Alerts]),
    ("CC7.2", "Monitoring of anomalies", &[Fact::Refusals, Fact::BrokenGlass]),
    ("CC7.3", "Evaluation of incidents", &[Fact::BrokenGlass]),
    ("CC8.1", "Change management", &[Fact::Changes, Fact::FourEyes]),
    (
        "C1.1",
        "Confidential information is kept confidential",
        &[Fact::Encryption, Fact::Secrets],
    ),
    ("C1.2", "Confidential information is disposed of", &[Fact::Rotation]),
];

pub(super) const ISO27001: [Control; 13] = [
    ("A.5.3", "Segregation of duties", &[Fact::FourEyes]),
    ("A.5.15", "Access control", &[Fact::Rights]),
    ("A.5.16", "Identity management", &[Fact::JoinersAndLeavers]),
    (
        "A.5.17",
        "Authentication information",
        &[Fact::Secrets, Fact::Rotation, Fact::WaysIn],
    ),
    ("A.5.18", "Access rights", &[Fact::GrantChanges]),
    ("A.5.28", "Collection of evidence", &[Fact::Log]),
    (
        "A.6.5",
        "Responsibilities after termination",
        &[Fact::JoinersAndLeavers],
    ),
    (
        "A.8.2",
        "Privileged access rights",
        &[Fact::Privileged, Fact::BrokenGlass],
    ),
    ("A.8.3", "Restriction of access to information", &[Fact::Rights]),
    ("A.8.15", "Logging", &[Fact::Log, Fact::Changes]),
    ("A.8.16", "Monitoring activities", &[Fact::Refusals, Fact::Alerts]),
    ("A.8.24", "Use of cryptography", &[Fact::Encryption]),
    ("A.8.32", "Change management", &[Fact::Changes]),
];

/// Counts of the time.
#[derive(Default)]
struct Counts {
    by_type: BTreeMap<&'static str, u64>,
    changes: u64,
    reasoned: u64,
    denied: u64,
    refused: u64,
    served: u64,
    glass: u64,
}

impl Counts {
    fn of(&self, names: &[&str]) -> u64 {
        names.iter().filter_map(|name| self.by_type.get(name)).sum()
    }
}

impl Desk<'_> {
    pub(super) fn controls(&self, controls: &[Control]) -> Made {
        let counts = self.count()?;
        let mut table = section(
            "Controls",
            "Figures of the time, or as of now where they are of state, and the command or page that shows more.",
            &["control", "subject", "evidence", "where_to_look"],
        );
        for (control, subject, facts) in controls {
            for fact in *facts {
                let (evidence, look) = (self.evidence(*fact, &counts), fact.look());
                table
                    .rows
                    .push(vec![json!(control), json!(subject), json!(evidence), json!(look)]);
            }
        }
        let mut types = section(
            "Events of the time",
            "Everything that was recorded, by type.",
            &["type", "events"],
        );
        types.rows = counts
            .by_type
            .iter()
            .map(|(name, count)| vec![json!(name), json!(count)])
            .collect();
        Ok((vec![table, types], None))
    }

    fn count(&self) -> Result<Counts, Failure> {
        let mut counts = Counts::default();
        let categories: Vec<&str> = CHANGES.split(',').collect();
        self.matching(&self.period(), |recorded| {
            let name = recorded.event.name();
            *counts.by_type.entry(name).or_default() += 1;
            match &recorded.event {
                Event::Denied(data) => counts.denied += data.count,
                Event::Refused(data) => counts.refused += data.count,
                Event::Accessed(_) => counts.served += 1,
                Event::Counted(data) => counts.served += data.windows.iter().map(|it| it.count).sum::<u64>(),
                Event::Revealed(data) => counts.glass += u64::from(data.break_glass),
                _ => {}
            }
            let category = name.split('.').next().unwrap_or_default();
            if categories.contains(&category) && by_a_person(recorded) {
                counts.changes += 1;
                counts.reasoned += u64::from(recorded.envelope.reason.is_some());
            }
        })?;
        Ok(counts)
    }

    /// What the ledger knows for a fact.
    fn evidence(&self, fact: Fact, counts: &Counts) -> String {
        match fact {
            Fact::Rights => self.rights(),
            Fact::JoinersAndLeavers => self.joiners_and_leavers(counts),
            Fact::GrantChanges => {
                let given = counts.of(&["principal.granted"]);
                let taken = counts.of(&["principal.grant_withdrawn"]);
                format!("{given} grants were given, {taken} withdrawn.")
            }
            Fact::Privileged => self.privileged(),
            Fact::WaysIn => self.ways(),
            Fact::Secrets => self.secrets(counts),
            Fact::Rotation => self.rotated(counts),
            Fact::Encryption => ENCRYPTION.to_owned(),
            Fact::Log => {
                let total: u64 = counts.by_type.values().sum();
                format!(
                    "{total} events of the time, in one log without gaps: a Merkle tree whose root stands at the head of \
                     this report and in signed checkpoints."
                )
            }
            Fact::Refusals => format!(
                "{} acts were denied for want of a right, {} requests came without a valid token.",
                counts.denied, counts.refused
            ),
            Fact::BrokenGlass => format!(
                "The glass was broken {} times; {} searches for leaked values.",
                counts.glass,
                counts.of(&["access.leak_searched"])
            ),
            Fact::Changes => format!(
                "{} changes by people, {} of them with a reason.",
                counts.changes, counts.reasoned
            ),
            Fact::FourEyes => self.four_eyes(counts),
            Fact::Alerts => {
                let hooks = self.lens.state.webhooks.values();
                let live = hooks.filter(|it| it.status == WebhookStatus::Active).count();
                format!("{live} webhooks tell others of events as they happen.")
            }
        }
    }

    fn rights(&self) -> String {
        let (all, narrow, denials) = self.grants();
        format!(
            "{all} grants count; {narrow} are narrowed to part of the ledger, {denials} deny. Every act names the grant \
             that allowed it."
        )
    }

    fn joiners_and_leavers(&self, counts: &Counts) -> String {
        let made = counts.of(&["principal.created"]);
        let gone = counts.of(&["principal.disabled"]);
        let taken = counts.of(&["principal.token_revoked", "principal.identity_unbound"]);
        let disabled = self.lens.state.principals.values().filter(|it| it.disabled).count();
        format!(
            "{made} principals were made, {gone} disabled ({disabled} are now); {taken} tokens and identities were taken \
             back."
        )
    }

    fn privileged(&self) -> String {
        let holders = |right: Right| {
            let holds = |it: &&Arc<Principal>| {
                let mut live = it
                    .grants
                    .iter()
                    .filter(|fact| self.counts(fact))
                    .map(|fact| &fact.granted);
                !it.disabled && live.any(|granted| granted.effect == Effect::Allow && granted.role.holds(right))
            };
            self.lens.state.principals.values().filter(holds).count()
        };
        format!(
            "{} own, {} administer (owners among them), {} may read values by id.",
            holders(Right::Own),
            holders(Right::Administer),
            holders(Right::Read)
        )
    }

    fn secrets(&self, counts: &Counts) -> String {
        let credentials = self.lens.state.credentials.values();
        let active = credentials.filter(|it| it.status == CredentialStatus::Active).count();
        format!(
            "{active} credentials are active. At least {} servings to runs and {} views by people were recorded before the \
             first value left.",
            counts.served,
            counts.of(&["access.revealed"])
        )
    }

    fn rotated(&self, counts: &Counts) -> String {
        let rotated = counts.of(&["credential.rotated"]);
        let revoked = counts.of(&["credential.revoked"]);
        let overdue = due(self.lens.state, self.lens.now).len();
        let with_date = due(self.lens.state, TimeUs::MAX).len();
        format!(
            "{rotated} credentials were rotated, {revoked} revoked; {overdue} are overdue, of {with_date} with a date."
        )
    }

    fn four_eyes(&self, counts: &Counts) -> String {
        let acts: Vec<&str> = self
            .lens
            .state
            .policy
            .four_eyes
            .iter()
            .map(|act| act.as_str())
            .collect();
        let asked = if acts.is_empty() {
            "nothing".to_owned()
        } else {
            acts.join(", ")
        };
        let used = counts.of(&["approval.used"]);
        format!("Four eyes are asked for: {asked}. {used} approvals were used.")
    }

    fn grants(&self) -> (usize, usize, usize) {
        let live = self
            .lens
            .state
            .principals
            .values()
            .filter(|it| !it.disabled)
            .flat_map(|it| &it.grants);
        let live: Vec<_> = live.filter(|fact| self.counts(fact)).collect();
        let narrow = live.iter().filter(|fact| !fact.granted.scope.all).count();
        let denials = live.iter().filter(|fact| fact.granted.effect == Effect::Deny).count();
        (live.len(), narrow, denials)
    }

    fn ways(&self) -> String {
        let mut sums = (0, 0, 0);
        for principal in self.lens.state.principals.values() {
            if principal.disabled || principal.kind == PrincipalKind::System {
                continue;
            }
            let (tokens, identities) = self.ways_in(principal);
            let endless = principal
                .tokens
                .iter()
                .filter(|it| it.revoked_at.is_none() && it.expires_at.is_none());
            sums = (sums.0 + tokens, sums.1 + identities, sums.2 + endless.count());
        }
        let (tokens, identities, endless) = sums;
        format!(
            "{tokens} tokens and {identities} identities let somebody in; {endless} tokens have no end. Of a token only a hash \
             is kept."
        )
    }
}
