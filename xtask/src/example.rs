//! The example of `docs/format.md`: built again from its fixed keys, and read back from page and file.

use std::fs;

use strongroom_domain::event::{
    CredentialCreated, Envelope, Event, FieldFact, Granted, LedgerInitialized, PrincipalCreated, Revealed, Scope,
};
use strongroom_domain::ids::{CorrelationId, CredentialId, GrantId, PrincipalId};
use strongroom_domain::secret::{SecretFields, SecretPart, SecretText};
use strongroom_domain::stored;
use strongroom_domain::words::{Effect, FieldClass, Kind, PrincipalKind, Role};
use strongroom_proof::dump::{DumpReader, DumpWriter};
use strongroom_proof::note::{Checkpoint, Origin};
use strongroom_proof::plain::{EpochCommitment, PlainPart};
use strongroom_proof::record::{self, RecordRef};
use strongroom_proof::tree::Frontier;
use strongroom_proof::verify::verify_dump;
use strongroom_seal::{
    Key32, RecordInput, SecretInput, SecretKind, Signer, build_record, epoch_commitment, open_history, open_secret,
};

use crate::house::top;

const LEDGER: [u8; 16] = [
    0x01, 0x92, 0xa0, 0xb1, 0xc2, 0xd3, 0x4e, 0x5f, 0x86, 7, 8, 9, 0x0a, 0x0b, 0x0c, 0x0d,
];
const INCARNATION: [u8; 8] = *b"\x11\x22\x33\x44\x55\x66\x77\x88";
const ADA: [u8; 16] = [0xad; 16];
const CREDENTIAL: [u8; 16] = [0xc4; 16];
const DATA_KEY_ID: [u8; 16] = [0xd1; 16];
const EPOCH_KEY: [u8; 32] = [0x21; 32];
const DATA_KEY: [u8; 32] = [0x40; 32];
pub(crate) const SEED: [u8; 32] = [0x31; 32];
/// 2026-11-23T12:00:00Z, in µs.
const NOON_US: u64 = 1_795_435_200_000_000;
const SECRET: &str = "not-a-real-key";

/// One event of the example, before it is sealed.
struct Draft {
    category: u16,
    stream_id: [u8; 16],
    actor: PrincipalId,
    event: Event,
    plain: Option<Vec<u8>>,
    secret: Option<SecretPart>,
}

#[test]
fn the_example_is_what_this_program_writes() {
    assert!(
        built() == stored_dump(),
        "docs/example/example.dump is not what is written now"
    );
}

#[test]
fn the_example_is_read_back() {
    let verified = verify_dump(stored_dump().as_slice()).unwrap();
    assert_eq!((verified.size, verified.streams), (5, 4));
    let records = records();
    let (epoch_key, data_key) = (Key32::from_bytes(&EPOCH_KEY), Key32::from_bytes(&DATA_KEY));
    for (bytes, draft) in records.iter().zip(drafts()) {
        let record = RecordRef::parse(bytes).unwrap();
        let history = open_history(&record, &LEDGER, &epoch_key).unwrap();
        let (envelope, event) = stored::decode(record.header.type_code, record.header.schema, &history).unwrap();
        assert_eq!((envelope.actor, event), (draft.actor, draft.event));
    }
    let created = RecordRef::parse(&records[3]).unwrap();
    let fields = stored::decode_fields(open_secret(&created, &LEDGER, &data_key).unwrap().expose()).unwrap();
    assert_eq!(fields.field("api_key").unwrap().expose(), SECRET);
}

#[test]
fn the_page_shows_the_bytes_of_the_example() {
    let page = fs::read_to_string(top().join("docs/format.md")).unwrap();
    let (_, section) = page.split_once("\n## Example\n").unwrap();
    let dump = stored_dump();
    let mut next = 0;
    for row in section
        .lines()
        .skip_while(|line| !line.starts_with("| 0 |"))
        .take_while(|line| line.starts_with('|'))
    {
        let mut cells = row.trim_matches('|').split('|').map(str::trim);
        let (offset, hex) = (cells.next().unwrap().parse::<usize>().unwrap(), cells.next().unwrap());
        assert_eq!(offset, next, "the rows leave nothing out");
        let bytes = bytes_of_hex(&hex.replace(['`', ' '], ""));
        assert_eq!(dump[offset..offset + bytes.len()], bytes, "offset {offset}");
        next = offset + bytes.len();
    }
    assert_eq!(next, 21 + 4 + records()[0].len(), "the rows end with the first record");
    for (position, bytes) in records().iter().enumerate() {
        let leaf = hex_of(&RecordRef::parse(bytes).unwrap().leaf_hash().0);
        assert!(
            section.contains(&format!("| {position} |")) && section.contains(&leaf),
            "leaf {position}"
        );
    }
    let note = DumpReader::begin(dump.as_slice()).and_then(read_to_end).unwrap();
    assert!(section.contains(note.trim_end()), "the checkpoint");
}

#[test]
fn the_keys_of_the_example_are_beside_it() {
    let text = fs::read_to_string(top().join("docs/example/keys.json")).unwrap();
    let keys: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(keys["epochs"]["1"], hex_of(&EPOCH_KEY));
    assert_eq!(keys["data_keys"][hex_of(&DATA_KEY_ID)], hex_of(&DATA_KEY));
}

pub(crate) fn stored_dump() -> Vec<u8> {
    fs::read(top().join("docs/example/example.dump")).unwrap()
}

pub(crate) fn records() -> Vec<Vec<u8>> {
    let stored = stored_dump();
    let mut dump = DumpReader::begin(stored.as_slice()).unwrap();
    let mut records = Vec::new();
    while let Some(bytes) = dump.next_record().unwrap() {
        records.push(bytes.to_vec());
    }
    records
}

fn read_to_end(mut dump: DumpReader<&[u8]>) -> Result<String, strongroom_proof::dump::DumpError> {
    while dump.next_record()?.is_some() {}
    dump.finish()
}

fn built() -> Vec<u8> {
    let mut frontier = Frontier::new();
    let mut dump = DumpWriter::begin(Vec::new(), 0, 5).unwrap();
    for (position, draft) in drafts().into_iter().enumerate() {
        let bytes = sealed(position as u8, draft);
        frontier.append(RecordRef::parse(&bytes).unwrap().leaf_hash());
        dump.record(&bytes).unwrap();
    }
    let checkpoint = Checkpoint {
        origin: origin(),
        size: frontier.size(),
        root: frontier.root(),
    };
    let note = Signer::new(&Key32::from_bytes(&SEED)).sign_checkpoint(checkpoint);
    dump.finish(&note.to_string()).unwrap()
}

fn sealed(position: u8, draft: Draft) -> Vec<u8> {
    let recorded_at_us = NOON_US + u64::from(position) * 1_500;
    let envelope = Envelope {
        actor: draft.actor,
        on_behalf_of: None,
        token: None,
        grant: (position > 2).then_some(GrantId([0x97; 16])),
        reason: (position == 4).then(|| "the shop is down".to_owned()),
        correlation: CorrelationId([0xc0 + position; 16]),
        causation: None,
        request_id: format!("r-{position}"),
        source: Some("192.0.2.10".to_owned()),
        user_agent: None,
        idempotency: None,
    };
    let (epoch_key, data_key) = (Key32::from_bytes(&EPOCH_KEY), Key32::from_bytes(&DATA_KEY));
    let secret = draft.secret.as_ref().map(stored::encode_secret);
    let mut random = [0x70 + position; 48];
    random[24..].fill(0x80 + position);
    let input = RecordInput {
        category: draft.category,
        stream_id: draft.stream_id,
        stream_version: if position == 2 { 2 } else { 1 },
        event_id: record::event_id(recorded_at_us, [0xe0 + position; 10]),
        recorded_at_us,
        type_code: stored::type_code(&draft.event),
        schema: stored::schema_version(&draft.event),
        plain: draft.plain.as_deref(),
        epoch: 1,
        epoch_key: &epoch_key,
        history: &stored::encode(&envelope, &draft.event),
        secret: secret.as_ref().map(|plaintext| SecretInput {
            key_id: DATA_KEY_ID,
            data_key: &data_key,
            plaintext,
            kind: SecretKind::Credential,
        }),
        random,
    };
    build_record(&input, &LEDGER).unwrap().bytes
}

fn drafts() -> [Draft; 5] {
    let ada = PrincipalId(ADA);
    let draft = |category, stream_id, actor, event| Draft {
        category,
        stream_id,
        actor,
        event,
        plain: None,
        secret: None,
    };
    let initialized = LedgerInitialized {
        name: "example".to_owned(),
        dev: false,
    };
    let created = PrincipalCreated {
        name: "Ada".to_owned(),
        skeleton: "ada".to_owned(),
        handle: "ada".to_owned(),
        kind: PrincipalKind::Person,
    };
    let granted = Granted {
        grant: GrantId([0x97; 16]),
        role: Role::Owner,
        scope: Scope {
            all: true,
            ..Scope::default()
        },
        effect: Effect::Allow,
        from: NOON_US,
        until: None,
    };
    let revealed = Revealed {
        break_glass: false,
        credential: CredentialId(CREDENTIAL),
        version: 1,
        fields: vec!["api_key".to_owned()],
    };
    let secret = SecretFields(vec![("api_key".to_owned(), SecretText::new(SECRET.to_owned()))]);
    [
        Draft {
            plain: Some(plain()),
            ..draft(1, LEDGER, PrincipalId::SYSTEM, Event::LedgerInitialized(initialized))
        },
        draft(2, ADA, PrincipalId::SYSTEM, Event::PrincipalCreated(created)),
        draft(2, ADA, PrincipalId::SYSTEM, Event::Granted(granted)),
        Draft {
            secret: Some(SecretPart::Fields(secret)),
            ..draft(4, CREDENTIAL, ada, Event::CredentialCreated(credential(ada)))
        },
        draft(8, ADA, ada, Event::Revealed(revealed)),
    ]
}

fn credential(steward: PrincipalId) -> CredentialCreated {
    let field = |name: &str, class, value: Option<&str>| FieldFact {
        name: name.to_owned(),
        class,
        json: false,
        value: value.map(str::to_owned),
    };
    CredentialCreated {
        name: "Shop – Client A".to_owned(),
        skeleton: "shop - client a".to_owned(),
        handle: "shop-client-a".to_owned(),
        service: "shop".to_owned(),
        kind: Kind::ApiKey,
        fields: vec![
            field("api_key", FieldClass::Secret, None),
            field("region", FieldClass::Plain, Some("eu")),
        ],
        description: String::new(),
        tags: vec![],
        settings: vec![],
        client: None,
        steward,
        expires_at: None,
        rotation: None,
        source: None,
        app: None,
        scopes: vec![],
        duplicate_accepted: false,
    }
}

fn plain() -> Vec<u8> {
    let part = PlainPart {
        ledger_id: LEDGER,
        origin: origin(),
        incarnation: INCARNATION,
        signing_key: Signer::new(&Key32::from_bytes(&SEED)).public_key(),
        epochs: vec![EpochCommitment {
            epoch: 1,
            commitment: epoch_commitment(&Key32::from_bytes(&EPOCH_KEY)),
        }],
        kept: None,
        signature: None,
        dev: false,
    };
    part.encode()
}

pub(crate) fn origin() -> String {
    Origin::new("example", LEDGER, INCARNATION).unwrap().to_string()
}

pub(crate) fn hex_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes_of_hex(hex: &str) -> Vec<u8> {
    assert!(hex.len().is_multiple_of(2), "{hex}");
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect()
}
