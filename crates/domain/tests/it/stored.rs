//! Stored shapes: what was ever written still reads.

use crate::harness::*;
use std::collections::BTreeSet;
use strongroom_domain::event::{self as e, Envelope, Event, KEYS, Recorded, Stream, Subject};
use strongroom_domain::ids::{
    ClientId, CorrelationId, CredentialId, EventId, GrantId, PrincipalId, TemplateId, TokenId, WorkspaceId,
};
use strongroom_domain::rows::RowError;
use strongroom_domain::secret::{Document, KnownReference, SecretFields, SecretPart, SecretText};
use strongroom_domain::state::{EntityKey, State};
use strongroom_domain::stored::{self, DecodeError, TYPES};
use strongroom_domain::words::{Act, Category, Effect, FieldClass, Kind, PrincipalKind, Right, Role, Stop};

/// Each event once, every key of it written.
#[expect(clippy::too_many_lines, reason = "a table of events")]
fn samples() -> Vec<Event> {
    vec![
        Event::LedgerInitialized(e::LedgerInitialized {
            name: "test.example".to_owned(),
            dev: true,
        }),
        Event::Restored(e::Restored {
            position: 41,
            target: format!("workspace:{}", WorkspaceId([5; 16])),
            count: 3,
        }),
        Event::Recovered(e::Recovered {
            kept: 34,
            known: Some(35),
            suspended: true,
        }),
        Event::Released(e::Nothing {}),
        Event::PrincipalCreated(e::PrincipalCreated {
            name: "Eva".to_owned(),
            skeleton: "eva".to_owned(),
            handle: "eva".to_owned(),
            kind: PrincipalKind::Person,
        }),
        Event::TokenIssued(e::TokenIssued {
            token: TokenId([1; 16]),
            hash: [2; 32],
            label: "laptop".to_owned(),
            expires_at: Some(3),
            owners_only: true,
            run: None,
        }),
        Event::TokenRevoked(e::TokenRevoked {
            token: TokenId([1; 16]),
        }),
        Event::Granted(e::Granted {
            grant: GrantId([4; 16]),
            role: Role::Editor,
            scope: scope(),
            effect: Effect::Deny,
            from: 5,
            until: Some(6),
        }),
        Event::GrantWithdrawn(e::GrantWithdrawn {
            grant: GrantId([4; 16]),
        }),
        Event::PrincipalDisabled(e::Nothing {}),
        Event::IdentityBound(e::IdentityBound {
            identity: TokenId([1; 16]),
            issuer: "https://login.example.com".to_owned(),
            audience: "strongroom".to_owned(),
            claims: vec![e::ClaimRule {
                name: "sub".to_owned(),
                values: vec!["one".to_owned(), "two".to_owned()],
            }],
            label: "ci".to_owned(),
            expires_at: Some(3),
        }),
        Event::IdentityUnbound(e::IdentityUnbound {
            identity: TokenId([1; 16]),
        }),
        Event::ClientCreated(e::ClientCreated {
            name: "Client A".to_owned(),
            skeleton: "client a".to_owned(),
            handle: "client-a".to_owned(),
            description: "text".to_owned(),
        }),
        Event::ClientUpdated(updated()),
        Event::ClientArchived(e::Nothing {}),
        Event::CredentialCreated(created()),
        Event::CredentialUpdated(e::CredentialUpdated {
            before: change(),
            after: change(),
        }),
        Event::CredentialShared(sharing_all()),
        Event::CredentialUnshared(sharing_all()),
        Event::StewardChanged(e::StewardChanged {
            before: PrincipalId([7; 16]),
            after: PrincipalId([8; 16]),
        }),
        Event::CredentialRotated(e::CredentialRotated {
            version: 2,
            changed: vec!["password".to_owned()],
            fields: fields(),
            grace_until: Some(9),
            expires_at: Some(10),
            source: Some(source()),
            duplicate_accepted: true,
            until_moved: false,
        }),
        Event::CredentialRolledBack(e::CredentialRolledBack {
            version: 3,
            from_version: 1,
        }),
        Event::CredentialDisabled(e::Nothing {}),
        Event::CredentialEnabled(e::Nothing {}),
        Event::CredentialRevoked(e::Nothing {}),
        Event::GraceEnded(e::GraceEnded {
            version: 1,
            moved: true,
        }),
        Event::RotationDue(e::RotationDue {
            version: 1,
            due_at: 30,
            by_expiry: true,
        }),
        Event::TemplateRegistered(e::TemplateRegistered {
            name: "Sync".to_owned(),
            skeleton: "sync".to_owned(),
            handle: "sync".to_owned(),
            description: "text".to_owned(),
            content: content(),
        }),
        Event::TemplateRevised(e::TemplateRevised {
            revision: 2,
            content: content(),
            added: vec!["A".to_owned()],
            removed: vec!["B".to_owned()],
            unsure: vec!["C".to_owned()],
        }),
        Event::TemplateRetired(e::Nothing {}),
        Event::TemplateUpdated(updated()),
        Event::WorkspaceCreated(e::WorkspaceCreated {
            name: "W".to_owned(),
            skeleton: "w".to_owned(),
            handle: "w".to_owned(),
            client: Some(ClientId([11; 16])),
            environment: "prod".to_owned(),
            description: "text".to_owned(),
        }),
        Event::WorkspaceUpdated(updated()),
        Event::WorkspaceArchived(e::Nothing {}),
        Event::TemplateAdmitted(e::TemplateAdmitted {
            template: TemplateId([12; 16]),
            revision: 2,
            previous: Some(1),
        }),
        Event::VariableMapped(e::VariableMapped {
            template: TemplateId([12; 16]),
            variable: "SHOP".to_owned(),
            instance: Some("i-1".to_owned()),
            credential: CredentialId([13; 16]),
            previous: Some(CredentialId([14; 16])),
        }),
        Event::VariableUnmapped(e::VariableUnmapped {
            template: TemplateId([12; 16]),
            variable: "SHOP".to_owned(),
            instance: Some("i-1".to_owned()),
            previous: CredentialId([14; 16]),
        }),
        Event::DefaultMapped(e::DefaultMapped {
            workspace: Some(WorkspaceId([15; 16])),
            service: "shopify".to_owned(),
            kind: Kind::Oauth2App,
            credential: CredentialId([13; 16]),
            previous: Some(CredentialId([14; 16])),
        }),
        Event::DefaultUnmapped(e::DefaultUnmapped {
            workspace: Some(WorkspaceId([15; 16])),
            service: "shopify".to_owned(),
            kind: Kind::Custom,
            previous: CredentialId([14; 16]),
        }),
        Event::Accessed(e::Accessed {
            workspace: WorkspaceId([15; 16]),
            template: TemplateId([12; 16]),
            revision: 2,
            instance: Some("i-1".to_owned()),
            served: vec![e::Served {
                variable: "SHOP".to_owned(),
                credential: CredentialId([13; 16]),
                version: 2,
            }],
            window_until: Some(16),
        }),
        Event::Counted(e::Counted {
            windows: vec![e::WindowCount {
                accessed: 17,
                count: 18,
            }],
        }),
        Event::Revealed(e::Revealed {
            credential: CredentialId([13; 16]),
            version: 2,
            fields: vec!["password".to_owned()],
            break_glass: false,
        }),
        Event::Denied(e::DeniedAccess {
            right: Right::Read,
            target: format!("credential:{}", CredentialId([13; 16])),
            why: "no_grant".to_owned(),
            count: 19,
        }),
        Event::Refused(e::Refused {
            from: 20,
            until: 21,
            count: 22,
            reasons: vec![e::RefusedWhy {
                why: "malformed".to_owned(),
                count: 22,
            }],
            sources: vec![e::RefusedFrom {
                source: "192.0.2.1".to_owned(),
                count: 22,
            }],
        }),
        Event::LeakSearched(e::LeakSearched {
            count: 23,
            searchable: 24,
            found: 25,
        }),
        Event::ApprovalRequested(e::ApprovalRequested {
            act: Act::Reveal,
            target: format!("credential:{}", CredentialId([13; 16])),
            bound: "reveal shop version 2: password".to_owned(),
            expires_at: 29,
        }),
        Event::ApprovalApproved(e::Nothing {}),
        Event::ApprovalDeclined(e::Nothing {}),
        Event::ApprovalUsed(e::Nothing {}),
        Event::FourEyesSet(e::FourEyesSet {
            before: vec![Act::Owners],
            after: vec![Act::Reveal, Act::RevokeInUse],
        }),
        Event::WebhookCreated(e::WebhookCreated {
            name: "Pager".to_owned(),
            skeleton: "pager".to_owned(),
            handle: "pager".to_owned(),
            aim: aim(),
            secret: CredentialId([13; 16]),
        }),
        Event::WebhookUpdated(e::WebhookUpdated {
            before: aim(),
            after: aim(),
        }),
        Event::WebhookPaused(e::WebhookPaused { gone: true }),
        Event::WebhookResumed(e::Nothing {}),
        Event::WebhookRemoved(e::Nothing {}),
        Event::WebhookDelivered(e::WebhookDelivered {
            position: 31,
            count: 32,
        }),
        Event::WebhookFailed(e::WebhookFailed {
            position: 33,
            why: "status 500".to_owned(),
        }),
        Event::WebhookTested(e::Nothing {}),
        Event::Frozen(e::Frozen {
            scope: e::Scope {
                clients: vec![ClientId([15; 16])],
                services: vec!["stripe".to_owned()],
                ..e::Scope::default()
            },
            stops: vec![Stop::Writes, Stop::Serving],
        }),
        Event::Unfrozen(e::Nothing {}),
        Event::IncidentOpened(e::IncidentOpened {
            name: "Leaked token".to_owned(),
            skeleton: "leaked token".to_owned(),
            handle: "leaked-token".to_owned(),
            since: NOW - 3_600_000_000,
            suspects: e::Suspects {
                principals: vec![PrincipalId([2; 16])],
                tokens: vec![TokenId([4; 16])],
                sources: vec!["192.0.2.0/24".to_owned()],
                credentials: vec![CredentialId([13; 16])],
            },
        }),
        Event::IncidentWidened(e::IncidentWidened {
            suspects: e::Suspects {
                credentials: vec![CredentialId([14; 16])],
                ..e::Suspects::default()
            },
            since: Some(NOW - 7_200_000_000),
        }),
        Event::StewardsTold(e::StewardsTold {
            stewards: vec![PrincipalId([2; 16])],
            credentials: vec![CredentialId([13; 16]), CredentialId([14; 16])],
        }),
        Event::StepSkipped(e::StepSkipped {
            step: format!("rotate:{}", CredentialId([13; 16])),
        }),
        Event::IncidentClosed(e::Nothing {}),
    ]
}

/// Each event that has a second schema, with the keys that schema 1 lacks.
fn second_samples() -> Vec<Event> {
    vec![
        Event::Revealed(e::Revealed {
            credential: CredentialId([13; 16]),
            version: 2,
            fields: vec!["password".to_owned()],
            break_glass: true,
        }),
        Event::CredentialRotated(e::CredentialRotated {
            version: 2,
            changed: vec!["password".to_owned()],
            fields: Vec::new(),
            grace_until: Some(9),
            expires_at: None,
            source: None,
            duplicate_accepted: false,
            until_moved: true,
        }),
        Event::TokenIssued(e::TokenIssued {
            token: TokenId([1; 16]),
            hash: [2; 32],
            label: "run".to_owned(),
            expires_at: Some(3),
            owners_only: false,
            run: Some(e::Run {
                workspace: WorkspaceId([15; 16]),
                template: TemplateId([14; 16]),
                revision: 2,
                instance: Some("wf-1".to_owned()),
            }),
        }),
    ]
}

fn aim() -> e::WebhookAim {
    e::WebhookAim {
        url: "https://hooks.example.com/s".to_owned(),
        on: vec!["credential.rotated".to_owned()],
        filter: "client:client-a".to_owned(),
    }
}

fn scope() -> e::Scope {
    e::Scope {
        all: true,
        workspaces: vec![WorkspaceId([15; 16])],
        clients: vec![ClientId([11; 16])],
        services: vec!["shopify".to_owned()],
        tags: vec![pair()],
        credentials: vec![CredentialId([13; 16])],
    }
}

fn pair() -> e::Pair {
    e::Pair {
        name: "team".to_owned(),
        value: "blue".to_owned(),
    }
}

fn source() -> e::Source {
    e::Source {
        system: "n8n".to_owned(),
        id: "17".to_owned(),
    }
}

fn fields() -> Vec<e::FieldFact> {
    vec![
        e::FieldFact {
            name: "username".to_owned(),
            class: FieldClass::Plain,
            json: true,
            value: Some("\"me\"".to_owned()),
        },
        e::FieldFact {
            name: "password".to_owned(),
            class: FieldClass::Secret,
            json: false,
            value: None,
        },
        e::FieldFact {
            name: "host".to_owned(),
            class: FieldClass::Destination,
            json: false,
            value: None,
        },
    ]
}

fn created() -> e::CredentialCreated {
    e::CredentialCreated {
        name: "Shop".to_owned(),
        skeleton: "shop".to_owned(),
        handle: "shop".to_owned(),
        service: "shopify".to_owned(),
        kind: Kind::Basic,
        fields: fields(),
        description: "text".to_owned(),
        tags: vec![pair()],
        settings: vec![pair()],
        client: Some(ClientId([11; 16])),
        steward: PrincipalId([7; 16]),
        expires_at: Some(20),
        rotation: Some(e::RotationPolicy {
            every_days: 90,
            grace_days: 7,
        }),
        source: Some(source()),
        app: Some(CredentialId([14; 16])),
        scopes: vec!["read".to_owned()],
        duplicate_accepted: true,
    }
}

/// With `Some(None)` where there is one, since nil and absent are two things.
fn change() -> e::CredentialChange {
    e::CredentialChange {
        name: Some("Shop".to_owned()),
        skeleton: Some("shop".to_owned()),
        description: Some(String::new()),
        tags: Some(vec![]),
        settings: Some(vec![pair()]),
        client: Some(None),
        expires_at: Some(Some(20)),
        rotation: Some(None),
        fields: fields(),
        scopes: Some(vec!["read".to_owned()]),
    }
}

fn updated() -> e::ThingUpdated {
    let change = e::ThingChange {
        name: Some("X".to_owned()),
        skeleton: Some("x".to_owned()),
        description: Some("text".to_owned()),
        environment: Some("prod".to_owned()),
    };
    e::ThingUpdated {
        before: change.clone(),
        after: change,
    }
}

fn sharing_all() -> e::Sharing {
    e::Sharing {
        all: true,
        clients: vec![ClientId([11; 16])],
        workspaces: vec![WorkspaceId([15; 16])],
    }
}

fn content() -> e::RevisionContent {
    e::RevisionContent {
        format: "n8n".to_owned(),
        digest: [21; 32],
        document_bytes: 22,
        variables: vec![e::Variable {
            name: "SHOP".to_owned(),
            service: "shopify".to_owned(),
            kinds: vec![Kind::ApiKey, Kind::AccessToken],
            scopes: vec!["read".to_owned()],
            required: true,
            description: "text".to_owned(),
            foreign_type: Some("shopifyApi".to_owned()),
        }],
        hardcoded_accepted: vec![e::AcceptedFinding {
            pointer: "/nodes/0".to_owned(),
            rule: "aws_key".to_owned(),
        }],
        source: Some(source()),
    }
}

fn envelope() -> Envelope {
    Envelope {
        actor: PrincipalId([7; 16]),
        on_behalf_of: Some(PrincipalId([8; 16])),
        token: Some(TokenId([1; 16])),
        grant: Some(GrantId([4; 16])),
        reason: Some("why".to_owned()),
        correlation: CorrelationId([23; 16]),
        causation: Some(EventId([24; 16])),
        request_id: "rq-1".to_owned(),
        source: Some("192.0.2.1".to_owned()),
        user_agent: Some("curl/8".to_owned()),
        idempotency: Some(e::Idempotency {
            key: "abc".to_owned(),
            route: "POST /api/v1/credentials".to_owned(),
            events: 1,
            body_mac: Some(serde_bytes_array([25; 32])),
        }),
    }
}

fn serde_bytes_array(bytes: [u8; 32]) -> serde_bytes::ByteArray<32> {
    serde_bytes::ByteArray::new(bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(digit).collect()
}

#[test]
fn there_is_a_sample_of_every_type() {
    let sampled: Vec<_> = samples()
        .iter()
        .map(|event| (stored::type_code(event), event.name()))
        .collect();
    assert_eq!(sampled, TYPES);
    for (code, name) in TYPES {
        assert_eq!(
            (stored::type_name(*code), stored::type_code_of(name)),
            (Some(*name), Some(*code))
        );
        assert_eq!(
            Category::from_number(code / 256).unwrap().as_str(),
            name.split_once('.').unwrap().0
        );
    }
    assert!(TYPES.is_sorted_by(|one, other| one.0 < other.0), "no code twice");
}

/// The files were made once from these samples. They are never made again: who changes a shape gives it a new schema,
/// keeps what is there, and adds a line.
#[test]
fn what_was_ever_written_still_reads() {
    reads(include_str!("../stored/v1.txt"), samples());
    reads(include_str!("../stored/v2.txt"), second_samples());
}

#[track_caller]
fn reads(file: &str, samples: Vec<Event>) {
    let lines = file.lines().filter(|line| !line.starts_with('#'));
    let stored: Vec<(u16, u16, Vec<u8>)> = lines
        .map(|line| {
            let mut words = line.split(' ');
            let mut next = || words.next().unwrap();
            let code = stored::type_code_of(next()).unwrap();
            (code, next().parse().unwrap(), unhex(next()))
        })
        .collect();
    assert_eq!(stored.len(), samples.len());
    for (event, (code, schema, bytes)) in samples.into_iter().zip(stored) {
        assert_eq!(
            stored::decode(code, schema, &bytes).unwrap(),
            (envelope(), event.clone()),
            "{}",
            event.name()
        );
    }
}

#[test]
fn what_is_written_is_what_was_ever_written() {
    writes(include_str!("../stored/v1.txt"), samples());
    writes(include_str!("../stored/v2.txt"), second_samples());
}

#[track_caller]
fn writes(file: &str, samples: Vec<Event>) {
    let now: Vec<_> = samples
        .iter()
        .map(|event| {
            let bytes = stored::encode(&envelope(), event);
            format!("{} {} {}", event.name(), stored::schema_version(event), hex(&bytes))
        })
        .collect();
    let then: Vec<_> = file.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(now, then);
}

#[test]
fn every_key_is_short_known_and_means_one_thing() {
    let short: BTreeSet<_> = KEYS.iter().map(|(short, _)| *short).collect();
    assert_eq!(short.len(), KEYS.len(), "a key is there twice");
    assert!(KEYS.iter().all(|(short, _)| (1..=3).contains(&short.len())));
    let mut written = BTreeSet::new();
    for event in samples().into_iter().chain(second_samples()) {
        keys_of(&stored::encode(&envelope(), &event), &mut written);
    }
    for part in [fields_part(), document_part()] {
        keys_of(&stored::encode_secret(&part), &mut written);
    }
    for key in &written {
        assert!(stored::long_name(key).is_some(), "{key} is in no table");
    }
}

/// Every key of every map in MessagePack bytes.
fn keys_of(bytes: &[u8], to: &mut BTreeSet<String>) {
    let rest = walk(bytes, to);
    assert!(rest.is_empty());
}

fn walk<'a>(bytes: &'a [u8], to: &mut BTreeSet<String>) -> &'a [u8] {
    let (&marker, rest) = bytes.split_first().unwrap();
    let skip = |count: usize| &rest[count..];
    let number = |size: usize| {
        rest[..size]
            .iter()
            .fold(0_usize, |number, byte| number << 8 | usize::from(*byte))
    };
    let list = |count: usize, mut rest: &'a [u8], to: &mut BTreeSet<String>| {
        for _ in 0..count {
            rest = walk(rest, to);
        }
        rest
    };
    let map = |count: usize, mut rest: &'a [u8], to: &mut BTreeSet<String>| {
        for _ in 0..count {
            let length = usize::from(rest[0] & 0x1f);
            to.insert(String::from_utf8(rest[1..=length].to_vec()).unwrap());
            rest = walk(&rest[1 + length..], to);
        }
        rest
    };
    match marker {
        0x00..=0x7f | 0xc0 | 0xc2 | 0xc3 | 0xe0.. => rest,
        0x80..=0x8f => map(usize::from(marker & 0xf), rest, to),
        0xde => map(number(2), skip(2), to),
        0x90..=0x9f => list(usize::from(marker & 0xf), rest, to),
        0xdc => list(number(2), skip(2), to),
        0xa0..=0xbf => skip(usize::from(marker & 0x1f)),
        0xc4 | 0xd9 => skip(1 + number(1)),
        0xc5 | 0xda => skip(2 + number(2)),
        0xc6 | 0xdb => skip(4 + number(4)),
        0xcc => skip(1),
        0xcd => skip(2),
        0xce => skip(4),
        0xcf => skip(8),
        other => panic!("{other:#x}"),
    }
}

fn fields_part() -> SecretPart {
    let value = |text: &str| SecretText::new(text.to_owned());
    let long = "x".repeat(70_000);
    SecretPart::Fields(SecretFields(vec![
        ("password".to_owned(), value("hunter2")),
        ("empty".to_owned(), value("")),
        ("key".to_owned(), value(&long)),
    ]))
}

fn document_part() -> SecretPart {
    SecretPart::Document(Document {
        bytes: b"{\"nodes\":[]}".to_vec(),
        reference_key: [26; 32],
        references: vec![KnownReference {
            variable: "SHOP".to_owned(),
            hash: [27; 32],
            id_hash: Some([28; 32]),
            name_hash: None,
        }],
    })
}

#[test]
fn secret_parts_come_back() {
    let part = stored::encode_secret(&fields_part());
    let SecretPart::Fields(before) = fields_part() else {
        panic!()
    };
    let after = stored::decode_fields(&part).unwrap();
    assert_eq!(after.0.len(), before.0.len());
    for ((name, value), (other_name, other)) in before.0.iter().zip(&after.0) {
        assert!(name == other_name && value.ct_eq(other));
    }
    let part = stored::encode_secret(&document_part());
    let SecretPart::Document(before) = document_part() else {
        panic!()
    };
    assert_eq!(stored::decode_document(&part).unwrap(), before);
}

#[test]
fn secret_parts_are_not_printed() {
    let said = format!("{:?} {:?}", fields_part(), document_part());
    assert!(!said.contains("hunter2") && !said.contains("nodes"), "{said}");
    let error = stored::decode_fields(b"\x81\xa2fs\xa7hunter2").unwrap_err();
    assert!(!format!("{error:?} {error}").contains("hunter2"));
}

#[test]
fn a_part_is_one_map_and_nothing_behind_it() {
    let event = Event::CredentialRevoked(e::Nothing {});
    let (code, bytes) = (stored::type_code(&event), stored::encode(&envelope(), &event));
    for behind in [&b"\0"[..], b"\xc1", b"\xa3ab"] {
        let longer = [bytes.as_slice(), behind].concat();
        assert!(matches!(stored::decode(code, 1, &longer), Err(DecodeError::Trailing)));
        let longer = [stored::encode_secret(&fields_part()).as_slice(), behind].concat();
        assert!(stored::decode_fields(&longer).is_err());
    }
    for cut in 0..bytes.len() {
        assert!(stored::decode(code, 1, &bytes[..cut]).is_err(), "{cut}");
    }
    assert!(matches!(
        stored::decode(0x4ff, 1, &bytes),
        Err(DecodeError::UnknownType { code: 0x4ff })
    ));
    assert!(matches!(
        stored::decode(code, 2, &bytes),
        Err(DecodeError::UnknownSchema { schema: 2, .. })
    ));
}

#[test]
fn unknown_keys_are_left_alone_and_none_is_there_twice() {
    let event = Event::CredentialRevoked(e::Nothing {});
    let (code, bytes) = (stored::type_code(&event), stored::encode(&envelope(), &event));
    let with = |more: &[u8]| {
        let mut bytes = [bytes.as_slice(), more].concat();
        bytes[0] += 1;
        stored::decode(code, 1, &bytes)
    };
    assert_eq!(
        with(b"\xa3new\x92\x01\x81\xa1x\xc0").unwrap(),
        (envelope(), event.clone())
    );
    assert!(with(b"\xa1d\x80").is_err(), "data twice");
    assert!(with(b"\xa1r\xa1x").is_err(), "reason twice");
    let deep = [b"\xa3new".as_slice(), &[0x91; 40], b"\x01"].concat();
    assert!(with(&deep).is_err(), "too deep");
}

#[test]
fn an_event_says_what_it_concerns() {
    let recorded = |event: Event| Recorded {
        position: 0,
        recorded_at: 0,
        event_id: EventId([0; 16]),
        stream: Stream {
            category: event.category(),
            id: [9; 16],
        },
        stream_version: 1,
        secret_key_id: None,
        envelope: envelope(),
        event,
    };
    let about: Vec<String> = samples()
        .into_iter()
        .map(|event| {
            let name = event.name();
            let subjects = recorded(event).concerns();
            assert!(subjects.is_sorted());
            let words: Vec<_> = subjects.iter().map(subject_word).collect();
            format!("{name}: {}", words.join(" "))
        })
        .collect();
    insta::assert_snapshot!(about.join("\n"));
}

fn subject_word(subject: &Subject) -> String {
    match subject {
        Subject::Credential(id) => format!("cr:{}", id.0[0]),
        Subject::Client(id) => format!("cl:{}", id.0[0]),
        Subject::Workspace(id) => format!("ws:{}", id.0[0]),
        Subject::Template(id) => format!("tp:{}", id.0[0]),
        Subject::Principal(id) => format!("pr:{}", id.0[0]),
        Subject::Service(service) => service.clone(),
    }
}

#[test]
fn rows_are_taken_back_only_whole_and_in_order() {
    let mut world = World::agency();
    world.ok(create(key("Shop")));
    world.ok(rotate("shop", &[("api_key", "second")]));
    world.ok(rotate("shop", &[("api_key", "third")]));
    let id = world.credential("shop").id;
    let (credential, first, second) = (
        EntityKey::Credential(id),
        EntityKey::Version(id, 1),
        EntityKey::Version(id, 2),
    );
    let row = |key: &EntityKey| world.state.row(key).unwrap();
    let load = |rows: &[(&EntityKey, Vec<u8>)]| {
        let mut state = State::default();
        rows.iter()
            .try_for_each(|(key, row)| state.load_row(&key.to_bytes(), row))
    };
    assert!(
        load(&[
            (&credential, row(&credential)),
            (&first, row(&first)),
            (&second, row(&second))
        ])
        .is_ok()
    );
    assert!(matches!(load(&[(&first, row(&first))]), Err(RowError::Order)));
    let third = EntityKey::Version(id, 3);
    assert_eq!(
        world.state.row(&third),
        None,
        "the current version goes with the credential"
    );
    assert!(matches!(
        load(&[
            (&credential, row(&credential)),
            (&first, row(&first)),
            (&second, row(&second)),
            (&third, row(&second))
        ]),
        Err(RowError::Other)
    ));
    assert!(matches!(
        load(&[(&credential, row(&credential)), (&second, row(&second))]),
        Err(RowError::Order)
    ));
    assert!(matches!(
        load(&[(&credential, row(&credential)), (&first, row(&second))]),
        Err(RowError::Other)
    ));
    let other = EntityKey::Credential(CredentialId([1; 16]));
    assert!(matches!(load(&[(&other, row(&credential))]), Err(RowError::Other)));
    let longer = [row(&credential), vec![0]].concat();
    assert!(matches!(load(&[(&credential, longer)]), Err(RowError::Other)));
    assert!(matches!(
        load(&[(&credential, vec![0x80])]),
        Err(RowError::Malformed(_))
    ));
    assert!(matches!(State::default().load_row(&[77], &[]), Err(RowError::Key)));
}

#[test]
fn keys_of_rows_read_back_and_nothing_else_does() {
    let world = World::agency();
    for key in world.state.entities() {
        let bytes = key.to_bytes();
        assert_eq!(EntityKey::parse(&bytes), Some(key));
        assert_eq!(EntityKey::parse(&bytes[..bytes.len() - 1]), None);
        assert_eq!(EntityKey::parse(&[bytes.as_slice(), &[0]].concat()), None);
    }
    assert_eq!(EntityKey::parse(&[]), None);
}
