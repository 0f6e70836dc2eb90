//! From the words of a filter to what they mean here and now: things by their ids, times by their positions, and the lists of
//! the index in which such events stand.

use super::condition::{Condition, Outcome, Test};
use super::filter::{Clause, Filter, FilterFault, FilterKey, Place, Word};
use super::reader::Reader;
use crate::index::Concern;
use crate::inner::Shared;
use crate::instant::{self, Instant};
use crate::request::Failure;
use ipnet::IpNet;
use std::collections::{BTreeSet, HashSet};
use std::net::IpAddr;
use std::ops::Range;
use strongroom_domain::Rejection;
use strongroom_domain::event::Subject;
use strongroom_domain::find;
use strongroom_domain::ids::{ClientId, CorrelationId, GrantId, Position, PrincipalId, TimeUs, TokenId};
use strongroom_domain::incident::Watched;
use strongroom_domain::state::{IdentityFact, Principal};
use strongroom_domain::stored;
use strongroom_domain::words::Kind;

/// Lists that one clause may read; of a client with more things than that, or a service, records are looked at instead.
const LISTS_MAX: usize = 1_024;

/// A filter that is understood.
pub(super) struct Bound {
    /// The positions that it is about.
    pub(super) range: Range<Position>,
    /// What must hold.
    pub(super) conditions: Vec<Condition>,
}

/// Understands a filter as its reader may.
///
/// # Errors
/// The first word that means nothing, or nothing that the reader sees, with its place.
pub(super) fn bind(shared: &Shared, reader: &Reader<'_>, filter: &Filter) -> Result<Bound, Failure> {
    let mut bound = Bound {
        range: 0..reader.head,
        conditions: Vec::new(),
    };
    for clause in &filter.clauses {
        match clause.key {
            FilterKey::Since | FilterKey::Until => {
                let [word] = clause.words.as_slice() else {
                    return Err(wrong(&clause.words[1], "takes one position or time", None));
                };
                if clause.negated {
                    return Err(wrong(
                        word,
                        "is not to be negated",
                        Some("use the other of since and until"),
                    ));
                }
                let position = moment(shared, reader, word)?;
                if clause.key == FilterKey::Since {
                    bound.range.start = bound.range.start.max(position);
                } else {
                    bound.range.end = bound.range.end.min(position);
                }
            }
            FilterKey::Position => {
                let ranges = each(clause, |word| positions(reader, word))?;
                // All that it may be lies between the first and the last.
                if !clause.negated {
                    let first = ranges.iter().map(|range| range.start).min().unwrap_or_default();
                    let end = ranges.iter().map(|range| range.end).max().unwrap_or_default();
                    bound.range.start = bound.range.start.max(first);
                    bound.range.end = bound.range.end.min(end);
                }
                bound
                    .conditions
                    .push(Condition::unlisted(clause, Test::Positions(ranges)));
            }
            FilterKey::Incident => {
                let (condition, since) = incidents(shared, reader, clause)?;
                if !clause.negated {
                    let position = shared.store.view().find_time(since);
                    let position = position.map_err(|error| Failure::Internal(error.to_string()))?;
                    bound.range.start = bound.range.start.max(position.min(reader.head));
                }
                bound.conditions.push(condition);
            }
            _ => bound.conditions.push(condition(reader, clause)?),
        }
    }
    bound.range.end = bound.range.end.max(bound.range.start);
    Ok(bound)
}

fn condition(reader: &Reader<'_>, clause: &Clause) -> Result<Condition, Failure> {
    match clause.key {
        FilterKey::Credential
        | FilterKey::Workspace
        | FilterKey::Template
        | FilterKey::Principal
        | FilterKey::Client
        | FilterKey::Service => about(reader, clause),
        FilterKey::Actor | FilterKey::For | FilterKey::Grant | FilterKey::Token => by(reader, clause),
        FilterKey::Type | FilterKey::Outcome | FilterKey::Source | FilterKey::Correlation => listed(clause),
        FilterKey::Kind
        | FilterKey::Environment
        | FilterKey::Variable
        | FilterKey::Request
        | FilterKey::Reason
        | FilterKey::Incident
        | FilterKey::Since
        | FilterKey::Until
        | FilterKey::Position => refined(clause),
    }
}

/// Incidents, and when the first of them begins.
fn incidents(shared: &Shared, reader: &Reader<'_>, clause: &Clause) -> Result<(Condition, TimeUs), Failure> {
    let watched = each(clause, |word| {
        let incident = find::incident(reader.state, &reader.seen, &word.text, &word.place.pointer());
        super::incidents::watched(shared, found(word, incident)?, reader.head)
    })?;
    let since = watched.iter().map(Watched::looked_at_from).min().unwrap_or_default();
    let networks = || watched.iter().flat_map(Watched::networks);
    let is_one = |network: &&IpNet| network.prefix_len() == network.max_prefix_len();
    // A network has no list of its own: every record since then is looked at.
    if !networks().all(|network| is_one(&network)) {
        return Ok((Condition::unlisted(clause, Test::Incidents(watched)), since));
    }
    let mut lists: Vec<Concern> = networks()
        .map(|network| Concern::Source(network.addr().to_string()))
        .collect();
    for it in &watched {
        let suspects = it.suspects();
        let holders = reader.holders(|principal| suspects.tokens.iter().any(|token| has(principal, *token)));
        lists.push(Concern::Correlation(it.correlation().0));
        let holders = holders.into_iter().chain(it.made_for());
        lists.extend(
            holders
                .collect::<BTreeSet<_>>()
                .into_iter()
                .map(|id| Concern::Actor(id.0)),
        );
        lists.extend(by_or_about(&suspects.principals));
        let credentials = suspects.credentials.iter();
        lists.extend(credentials.map(|id| Concern::Subject(Subject::Credential(*id))));
    }
    if lists.len() > LISTS_MAX {
        return Ok((Condition::unlisted(clause, Test::Incidents(watched)), since));
    }
    Ok((Condition::listed(clause, lists, Test::Incidents(watched)), since))
}

/// Whether a token or identity is a principal's.
fn has(principal: &Principal, id: TokenId) -> bool {
    let identity = |it: &IdentityFact| it.bound.identity == id;
    principal.tokens.iter().any(|token| token.id == id) || principal.identities.iter().any(identity)
}

/// What an event is about.
fn about(reader: &Reader<'_>, clause: &Clause) -> Result<Condition, Failure> {
    let subjects = match clause.key {
        FilterKey::Client => {
            let clients = each(clause, |word| {
                let client = find::client(reader.state, &reader.seen, &word.text, &word.place.pointer());
                found(word, client).map(|it| it.id)
            })?;
            clients.iter().flat_map(|client| things_of(reader, *client)).collect()
        }
        FilterKey::Service => services(reader, clause)?,
        key => each(clause, |word| subject(reader, key, word))?.into_iter().collect(),
    };
    Ok(of_subjects(clause, subjects))
}

/// Services, and the credentials of them that the reader sees.
fn services(reader: &Reader<'_>, clause: &Clause) -> Result<HashSet<Subject>, Failure> {
    let named: Vec<&str> = clause.words.iter().map(|word| word.text.as_str()).collect();
    let own = reader.credentials().filter(|it| named.contains(&it.service.as_str()));
    let mut subjects: HashSet<Subject> = own.map(|it| Subject::Credential(it.id)).collect();
    for word in &clause.words {
        let known = strongroom_formats::catalogue::service(&word.text).is_some();
        if !known && !reader.credentials().any(|it| it.service == word.text) {
            let near = strongroom_formats::catalogue::suggest(&word.text).join(", ");
            let hint = (!near.is_empty()).then(|| format!("did you mean {near}?"));
            return Err(wrong(word, "there is no such service", hint.as_deref()));
        }
        subjects.insert(Subject::Service(word.text.clone()));
    }
    Ok(subjects)
}

/// Who did it, and by what.
fn by(reader: &Reader<'_>, clause: &Clause) -> Result<Condition, Failure> {
    let condition = match clause.key {
        FilterKey::Grant => {
            let ids = each(clause, |word| {
                id(word, GrantId::parse(&word.text).ok(), GrantId::PREFIX)
            })?;
            let holders = reader.holders(|it| it.grants.iter().any(|grant| ids.contains(&grant.granted.grant)));
            Condition::listed(clause, by_or_about(&holders).collect(), Test::Grants(ids))
        }
        FilterKey::Token => {
            let ids = each(clause, |word| {
                id(word, TokenId::parse(&word.text).ok(), TokenId::PREFIX)
            })?;
            let holders = reader.holders(|it| ids.iter().any(|token| has(it, *token)));
            Condition::listed(clause, by_or_about(&holders).collect(), Test::Tokens(ids))
        }
        key => {
            let ids = each(clause, |word| principal(reader, word))?;
            let lists = ids.iter().map(|id| Concern::Actor(id.0)).collect();
            let test = if key == FilterKey::For {
                Test::For(ids)
            } else {
                Test::Actors(ids)
            };
            Condition::listed(clause, lists, test)
        }
    };
    Ok(condition)
}

/// What else has lists.
fn listed(clause: &Clause) -> Result<Condition, Failure> {
    let condition = match clause.key {
        FilterKey::Outcome => {
            let hint = Some("one of ok, denied, refused");
            let outcomes = each(clause, |word| {
                Outcome::parse(&word.text).ok_or_else(|| wrong(word, "is no outcome", hint))
            })?;
            if outcomes.contains(&Outcome::Ok) {
                return Ok(Condition::unlisted(clause, Test::Outcomes(outcomes)));
            }
            let codes = outcomes.iter().flat_map(|outcome| outcome.codes()).copied();
            Condition::listed(clause, codes.map(Concern::Type).collect(), Test::Outcomes(outcomes))
        }
        FilterKey::Source => {
            let networks = each(clause, network)?;
            if networks
                .iter()
                .any(|network| network.prefix_len() != network.max_prefix_len())
            {
                return Ok(Condition::unlisted(clause, Test::Sources(networks)));
            }
            let lists = networks
                .iter()
                .map(|network| Concern::Source(network.addr().to_string()));
            Condition::listed(clause, lists.collect(), Test::Sources(networks))
        }
        FilterKey::Correlation => {
            let read = |word: &Word| id(word, CorrelationId::parse(&word.text).ok(), CorrelationId::PREFIX);
            let ids = each(clause, read)?;
            let lists = ids.iter().map(|id| Concern::Correlation(id.0)).collect();
            Condition::listed(clause, lists, Test::Correlations(ids))
        }
        _ => {
            let codes: Vec<u16> = each(clause, codes_of)?.into_iter().flatten().collect();
            let lists = codes.iter().copied().map(Concern::Type).collect();
            Condition::listed(clause, lists, Test::Types(codes))
        }
    };
    Ok(condition)
}

/// What has no lists.
fn refined(clause: &Clause) -> Result<Condition, Failure> {
    let test = match clause.key {
        FilterKey::Kind => {
            let all: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
            let hint = format!("one of {}", all.join(", "));
            let kind = |word: &Word| {
                Kind::parse(&word.text).ok_or_else(|| wrong(word, "is no kind of credential", Some(&hint)))
            };
            Test::Kinds(each(clause, kind)?)
        }
        FilterKey::Environment => Test::Environments(texts(clause)),
        FilterKey::Variable => Test::Variables(texts(clause)),
        FilterKey::Request => Test::Requests(texts(clause)),
        FilterKey::Reason => Test::Reasons(texts(clause).iter().map(|text| text.to_lowercase()).collect()),
        _ => Test::Positions(Vec::new()),
    };
    Ok(Condition::unlisted(clause, test))
}

/// By the lists of these subjects, unless there are too many.
fn of_subjects(clause: &Clause, subjects: HashSet<Subject>) -> Condition {
    if subjects.len() > LISTS_MAX {
        return Condition::unlisted(clause, Test::Subjects(subjects));
    }
    let concerns: Vec<Concern> = subjects.iter().cloned().map(Concern::Subject).collect();
    Condition::listed(clause, concerns, Test::Subjects(subjects))
}

/// A client, its credentials and its workspaces, of what the reader sees.
fn things_of(reader: &Reader<'_>, client: ClientId) -> Vec<Subject> {
    let credentials = reader.credentials().filter(|it| it.client == Some(client));
    let workspaces = reader.workspaces().filter(|it| it.client == Some(client));
    let mut things = vec![Subject::Client(client)];
    things.extend(credentials.map(|it| Subject::Credential(it.id)));
    things.extend(workspaces.map(|it| Subject::Workspace(it.id)));
    things
}

/// What a grant or token did is in its holder's list, what was done to it in the list of what is about him.
fn by_or_about(holders: &[PrincipalId]) -> impl Iterator<Item = Concern> {
    holders
        .iter()
        .flat_map(|id| [Concern::Actor(id.0), Concern::Subject(Subject::Principal(*id))])
}

fn subject(reader: &Reader<'_>, key: FilterKey, word: &Word) -> Result<Subject, Failure> {
    let (state, seen, text, pointer) = (reader.state, &reader.seen, word.text.as_str(), word.place.pointer());
    match key {
        FilterKey::Credential => {
            found(word, find::credential(state, seen, text, &pointer)).map(|it| Subject::Credential(it.id))
        }
        FilterKey::Workspace => {
            found(word, find::workspace(state, seen, text, &pointer)).map(|it| Subject::Workspace(it.id))
        }
        FilterKey::Template => {
            found(word, find::template(state, seen, text, &pointer)).map(|it| Subject::Template(it.id))
        }
        _ => principal(reader, word).map(Subject::Principal),
    }
}

fn principal(reader: &Reader<'_>, word: &Word) -> Result<PrincipalId, Failure> {
    found(
        word,
        find::principal(reader.state, &reader.seen, &word.text, &word.place.pointer()),
    )
    .map(|it| it.id)
}

/// A type's code, or those of a whole category: `credential`, `credential.*`.
fn codes_of(word: &Word) -> Result<Vec<u16>, Failure> {
    let name = word.text.as_str();
    let category = name.strip_suffix(".*").unwrap_or(name);
    let known = |(_, type_name): &&(u16, &str)| {
        *type_name == name || type_name.split_once('.').is_some_and(|(of, _)| of == category)
    };
    let codes: Vec<u16> = stored::TYPES.iter().filter(known).map(|(code, _)| *code).collect();
    if codes.is_empty() {
        let alike = |type_name: &str| {
            let alone = type_name.split_once('.').map_or(type_name, |(_, alone)| alone);
            strsim::osa_distance(type_name, name).min(strsim::osa_distance(alone, name))
        };
        let near = stored::TYPES
            .iter()
            .map(|(_, type_name)| (alike(type_name), *type_name))
            .min();
        let hint = match near {
            Some((distance, near)) if distance <= 3 => format!("did you mean `{near}`?"),
            _ => {
                let all: Vec<&str> = stored::TYPES.iter().map(|(_, known)| *known).collect();
                format!("one of {}, or a category: `credential`", all.join(", "))
            }
        };
        return Err(wrong(word, "there is no such type of event", Some(&hint)));
    }
    Ok(codes)
}

fn network(word: &Word) -> Result<IpNet, Failure> {
    let address = word.text.parse::<IpAddr>().map(IpNet::from);
    address
        .or_else(|_| word.text.parse::<IpNet>().map(|network| network.trunc()))
        .map_err(|_| {
            wrong(
                word,
                "is no address and no network",
                Some("for example 192.0.2.7 or 192.0.2.0/24"),
            )
        })
}

fn positions(reader: &Reader<'_>, word: &Word) -> Result<Range<Position>, Failure> {
    let one = |text: &str, otherwise: u64| {
        if text.is_empty() {
            Some(otherwise)
        } else {
            text.parse().ok()
        }
    };
    let range = match word.text.split_once("..") {
        Some((from, to)) => one(from, 0).zip(one(to, reader.head)),
        None => word.text.parse().ok().map(|at: u64| (at, at.saturating_add(1))),
    };
    match range {
        Some((from, to)) => Ok(from..to.max(from)),
        None => Err(wrong(
            word,
            "is no position",
            Some("for example 1200, or 1000..2000: up to 2000, without it"),
        )),
    }
}

/// The first position at or behind a position or time.
fn moment(shared: &Shared, reader: &Reader<'_>, word: &Word) -> Result<Position, Failure> {
    match instant::parse(&word.text, reader.now) {
        Some(Instant::Position(position)) => Ok(position.min(reader.head)),
        Some(Instant::Time(us)) => {
            let found = shared.store.view().find_time(us);
            Ok(found
                .map_err(|error| Failure::Internal(error.to_string()))?
                .min(reader.head))
        }
        None => Err(wrong(word, "is neither a position nor a time", Some(instant::HINT))),
    }
}

fn id<T>(word: &Word, parsed: Option<T>, prefix: &str) -> Result<T, Failure> {
    let hint = format!("`{prefix}_` and 32 hexadecimal digits, as an event shows it");
    parsed.ok_or_else(|| wrong(word, "is no such id", Some(&hint)))
}

fn texts(clause: &Clause) -> Vec<String> {
    clause.words.iter().map(|word| word.text.clone()).collect()
}

fn each<T>(clause: &Clause, read: impl FnMut(&Word) -> Result<T, Failure>) -> Result<Vec<T>, Failure> {
    clause.words.iter().map(read).collect()
}

fn found<T>(word: &Word, found: Result<T, Rejection>) -> Result<T, Failure> {
    found.map_err(|rejection| at(&word.place, rejection.into()))
}

fn wrong(word: &Word, what: &str, hint: Option<&str>) -> Failure {
    Failure::from(FilterFault {
        place: word.place.clone(),
        what: what.to_owned(),
        hint: hint.map(str::to_owned),
    })
}

impl From<FilterFault> for Failure {
    fn from(fault: FilterFault) -> Self {
        at(
            &fault.place,
            Self::format(fault.place.pointer(), fault.what, fault.hint.as_deref()),
        )
    }
}

/// A failure with the place of the word that it is about.
fn at(place: &Place, failure: Failure) -> Failure {
    match place {
        Place::Text(range) => Failure::Filter {
            offset: range.start,
            length: range.len(),
            failure: Box::new(failure),
        },
        Place::Parameter(_) => failure,
    }
}
