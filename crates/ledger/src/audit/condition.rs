//! What must hold of an event, judged on the opened record. Rows of the index are hints: the record itself must match.
//!
//! A reader without `audit` is not to learn by filters what he is not shown: what is redacted for him matches nothing.

use super::filter::{Clause, FilterKey};
use super::reader::Reader;
use crate::index::Concern;
use ipnet::IpNet;
use std::collections::HashSet;
use std::net::IpAddr;
use std::ops::Range;
use strongroom_domain::event::{Event, Recorded, Subject};
use strongroom_domain::ids::{CorrelationId, GrantId, Position, PrincipalId, TokenId};
use strongroom_domain::incident::Watched;
use strongroom_domain::stored;
use strongroom_domain::words::Kind;

/// How a request ended that an event tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It was done.
    Ok,
    /// The rights or the client guard said no.
    Denied,
    /// It had no valid token.
    Refused,
}

/// `access.denied` and `access.refused`.
const DENIED: &[u16] = &[0x0804];
const REFUSED: &[u16] = &[0x0805];

impl Outcome {
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "ok" | "allowed" => Some(Self::Ok),
            "denied" => Some(Self::Denied),
            "refused" => Some(Self::Refused),
            _ => None,
        }
    }

    /// The types that say so; `ok` is all others.
    pub(super) fn codes(self) -> &'static [u16] {
        match self {
            Self::Ok => &[],
            Self::Denied => DENIED,
            Self::Refused => REFUSED,
        }
    }

    fn of(event: &Event) -> Self {
        match event {
            Event::Denied(_) => Self::Denied,
            Event::Refused(_) => Self::Refused,
            _ => Self::Ok,
        }
    }
}

/// What a clause asks of an event; any of the alternatives is enough.
#[derive(Debug, Clone)]
pub(super) enum Test {
    Subjects(HashSet<Subject>),
    Actors(Vec<PrincipalId>),
    For(Vec<PrincipalId>),
    Grants(Vec<GrantId>),
    Tokens(Vec<TokenId>),
    Types(Vec<u16>),
    Outcomes(Vec<Outcome>),
    Kinds(Vec<Kind>),
    Environments(Vec<String>),
    Variables(Vec<String>),
    Sources(Vec<IpNet>),
    Correlations(Vec<CorrelationId>),
    Incidents(Vec<Watched>),
    Requests(Vec<String>),
    /// In lower case.
    Reasons(Vec<String>),
    Positions(Vec<Range<Position>>),
}

/// A clause that is understood.
#[derive(Debug, Clone)]
pub(super) struct Condition {
    /// Its key, to tell of.
    pub(super) key: FilterKey,
    negated: bool,
    test: Test,
    /// The lists that hold all that match; none when it has to be looked for.
    pub(super) lists: Option<Vec<Concern>>,
}

impl Condition {
    /// One whose matches all stand in these lists.
    pub(super) fn listed(clause: &Clause, lists: Vec<Concern>, test: Test) -> Self {
        Self {
            key: clause.key,
            negated: clause.negated,
            test,
            lists: (!clause.negated).then_some(lists),
        }
    }

    /// One that is in no list.
    pub(super) fn unlisted(clause: &Clause, test: Test) -> Self {
        Self {
            key: clause.key,
            negated: clause.negated,
            test,
            lists: None,
        }
    }

    /// Everything in one list, for queries that no filter says.
    pub(super) fn of(concern: Concern) -> Self {
        let (key, test) = match &concern {
            Concern::Subject(subject) => (FilterKey::Credential, Test::Subjects(HashSet::from([subject.clone()]))),
            Concern::Actor(id) => (FilterKey::Actor, Test::Actors(vec![PrincipalId(*id)])),
            Concern::Correlation(id) => (FilterKey::Correlation, Test::Correlations(vec![CorrelationId(*id)])),
            Concern::Source(text) => {
                let network = text.parse::<IpAddr>().map(IpNet::from);
                (FilterKey::Source, Test::Sources(network.into_iter().collect()))
            }
            Concern::Type(code) => (FilterKey::Type, Test::Types(vec![*code])),
        };
        Self {
            key,
            negated: false,
            test,
            lists: Some(vec![concern]),
        }
    }

    /// Whether an event is one, as far as the reader may know.
    pub(super) fn holds(&self, reader: &Reader<'_>, recorded: &Recorded) -> bool {
        self.test.holds(reader, recorded) != self.negated
    }
}

impl Test {
    fn holds(&self, reader: &Reader<'_>, recorded: &Recorded) -> bool {
        let envelope = &recorded.envelope;
        // Where others' requests came from, and by which token and grant, is for auditors.
        let whole = reader.audits || envelope.actor == reader.caller.principal;
        match self {
            Self::Subjects(subjects) => recorded
                .concerns()
                .iter()
                .any(|it| subjects.contains(it) && reader.sees_subject(it)),
            Self::Actors(ids) => {
                ids.contains(&envelope.actor) || envelope.on_behalf_of.is_some_and(|other| ids.contains(&other))
            }
            Self::For(ids) => envelope.on_behalf_of.is_some_and(|other| ids.contains(&other)),
            Self::Grants(ids) => {
                whole && envelope.grant.is_some_and(|id| ids.contains(&id))
                    || match &recorded.event {
                        Event::Granted(data) => ids.contains(&data.grant),
                        Event::GrantWithdrawn(data) => ids.contains(&data.grant),
                        _ => false,
                    }
            }
            Self::Tokens(ids) => {
                whole && envelope.token.is_some_and(|id| ids.contains(&id))
                    || match &recorded.event {
                        Event::TokenIssued(data) => ids.contains(&data.token),
                        Event::TokenRevoked(data) => ids.contains(&data.token),
                        Event::IdentityBound(data) => ids.contains(&data.identity),
                        Event::IdentityUnbound(data) => ids.contains(&data.identity),
                        _ => false,
                    }
            }
            Self::Types(codes) => codes.contains(&stored::type_code(&recorded.event)),
            Self::Outcomes(outcomes) => outcomes.contains(&Outcome::of(&recorded.event)),
            Self::Kinds(kinds) => match &recorded.event {
                Event::DefaultMapped(data) if kinds.contains(&data.kind) => true,
                Event::DefaultUnmapped(data) if kinds.contains(&data.kind) => true,
                _ => recorded.concerns().iter().any(|it| match it {
                    Subject::Credential(id) => reader.credential(id).is_some_and(|it| kinds.contains(&it.kind)),
                    _ => false,
                }),
            },
            Self::Environments(environments) => recorded.concerns().iter().any(|it| match it {
                Subject::Workspace(id) => reader
                    .workspace(id)
                    .is_some_and(|it| environments.contains(&it.environment)),
                _ => false,
            }),
            Self::Variables(names) => variables(reader, &recorded.event, names),
            Self::Sources(networks) => {
                let address = envelope.source.as_deref().filter(|_| whole);
                let address = address.and_then(|text| text.parse::<IpAddr>().ok());
                address.is_some_and(|address| networks.iter().any(|network| network.contains(&address)))
            }
            Self::Correlations(ids) => ids.contains(&envelope.correlation),
            // Whom an incident suspects is for auditors.
            Self::Incidents(watched) => reader.audits && watched.iter().any(|it| it.holds(recorded)),
            Self::Requests(ids) => ids.contains(&envelope.request_id),
            Self::Reasons(parts) => envelope.reason.as_deref().is_some_and(|reason| {
                let reason = reason.to_lowercase();
                parts.iter().any(|part| reason.contains(part.as_str()))
            }),
            Self::Positions(ranges) => ranges.iter().any(|range| range.contains(&recorded.position)),
        }
    }
}

fn variables(reader: &Reader<'_>, event: &Event, names: &[String]) -> bool {
    let named = |name: &String| names.contains(name);
    match event {
        Event::VariableMapped(data) => named(&data.variable),
        Event::VariableUnmapped(data) => named(&data.variable),
        Event::Accessed(data) => data
            .served
            .iter()
            .any(|served| named(&served.variable) && reader.credential(&served.credential).is_some()),
        Event::TemplateRegistered(data) => data.content.variables.iter().any(|it| named(&it.name)),
        Event::TemplateRevised(data) => data.content.variables.iter().any(|it| named(&it.name)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_know_their_types() {
        assert_eq!(stored::type_name(DENIED[0]), Some("access.denied"));
        assert_eq!(stored::type_name(REFUSED[0]), Some("access.refused"));
    }
}
