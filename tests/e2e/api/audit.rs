//! The log over HTTP: who did what, and what proves that nothing is missing.

use crate::harness::{Agency, Place, Server};
use base64::Engine as _;
use serde_json::{Value, json};
use strongroom_proof::Hash;
use strongroom_proof::note::{SignedNote, VerifierKey};
use strongroom_proof::tree::{Frontier, hash_children, verify_consistency};
use strongroom_proof::verify::Checked;

fn serve() -> (Place, Server) {
    let place = Place::new();
    let server = place.serve();
    Agency::build(&server);
    (place, server)
}

fn positions(events: &[Value]) -> Vec<u64> {
    events.iter().map(|event| event["position"].as_u64().unwrap()).collect()
}

#[test]
fn every_event_says_who_when_why_and_by_which_right() {
    let (_place, server) = serve();
    let request = server
        .request("POST", "/credentials/openai/disable")
        .header("user-agent", "a-test/1.0");
    crate::harness::Answer::of(request.json(&json!({"reason": "Zürich is closed"}))).ok();
    let event = server.get("/audit/events?limit=1").ok()["items"][0].clone();
    assert_eq!(event["position"].as_u64().unwrap() + 1, server.size());
    assert_eq!(
        (&event["type"], &event["actor"], &event["reason"]),
        (&json!("credential.disabled"), &json!("dev"), &json!("Zürich is closed"))
    );
    assert!(event["recorded_at"].as_str().unwrap().ends_with('Z'));
    assert!(event["actor_id"].as_str().unwrap().starts_with("pr_"), "{event}");
    assert!(
        event["grant"].as_str().unwrap().starts_with("gr_"),
        "the grant that allowed it: {event}"
    );
    assert!(event["token"].as_str().unwrap().starts_with("tk_"), "{event}");
    for member in ["correlation", "request_id"] {
        assert!(
            !event[member].as_str().unwrap_or_default().is_empty(),
            "{member}: {event}"
        );
    }
    assert!(event["source"].as_str().unwrap().starts_with("127.0.0.1"), "{event}");
    assert_eq!(event["user_agent"], "a-test/1.0");
    let one = server.get(&format!("/audit/events/{}", event["position"])).ok();
    assert_eq!(one["type"], event["type"]);
    server.get("/audit/events/999999").refused(404, "not_found");
    let answer = server.get("/audit/events/x");
    assert!(matches!(answer.status, 400 | 404 | 422), "{}", answer.text());
}

#[test]
fn a_change_shows_before_and_after() {
    let (_place, server) = serve();
    server
        .post(
            "/credentials/openai/update",
            json!({"description": "from the old account"}),
        )
        .ok();
    let done = server
        .post(
            "/credentials/openai/update",
            json!({"description": "from the new account"}),
        )
        .ok();
    let event = server.get(&format!("/audit/events/{}", done["position"])).ok();
    let data = event["data"].to_string();
    assert!(
        data.contains("from the old account") && data.contains("from the new account"),
        "{data}"
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "each filter is asked of one and the same ledger")]
fn filters_find_exactly_what_they_say() {
    let (_place, server) = serve();
    let mia = server.with_token(
        server
            .post("/tokens", json!({"principal": "Mia", "role": "editor"}))
            .is(201)["token"]
            .as_str()
            .unwrap(),
    );
    mia.post(
        "/credentials/openai/rotate",
        json!({"fields": {"api_key": "v-Qk82nvX7"}}),
    )
    .ok();
    Agency::map(&server, "shop-a", "shopify-client-a");
    server
        .post("/resolve", json!({"workspace": "shop-a", "template": "orders"}))
        .ok();
    let all = server.all("/audit/events");
    let size = server.size();
    assert_eq!(
        positions(&all),
        (0..size).rev().collect::<Vec<_>>(),
        "the newest first, without gaps"
    );
    assert_eq!(
        positions(&server.all("/audit/events?order=oldest")),
        (0..size).collect::<Vec<_>>()
    );
    let types = |query: &str| -> Vec<String> {
        server
            .all(&format!("/audit/events?order=oldest&{query}"))
            .iter()
            .map(|event| event["type"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(types("actor=mia&type=credential.rotated"), ["credential.rotated"]);
    assert_eq!(
        types("credential=openai"),
        [
            "credential.created",
            "credential.rotated",
            "workspace.variable_mapped",
            "access.accessed"
        ]
    );
    assert_eq!(
        types("template=orders&type=template.registered,workspace.template_admitted"),
        [
            "template.registered",
            "workspace.template_admitted",
            "workspace.template_admitted"
        ]
    );
    assert_eq!(
        types("workspace=shop-b"),
        ["workspace.created", "workspace.template_admitted"]
    );
    assert_eq!(
        types("workspace=shop-a&credential=openai"),
        ["workspace.variable_mapped", "access.accessed"]
    );
    assert_eq!(
        positions(&server.all("/audit/events?since=3&until=6&order=oldest")),
        [3, 4, 5]
    );
    let at = all.iter().find(|event| event["position"] == 5).unwrap()["recorded_at"]
        .as_str()
        .unwrap()
        .to_owned();
    let since = positions(&server.all(&format!("/audit/events?order=oldest&since={}", at.replace('+', "%2B"))));
    assert!(
        since.first().is_some_and(|first| *first <= 5) && since.last() == Some(&(size - 1)),
        "{since:?}"
    );
    assert!(server.all("/audit/events?until=1970-01-02T00:00:00Z").is_empty());
    server.get("/audit/events?credential=nobody").refused(404, "not_found");
    for bad in [
        "since=yesterday",
        "type=nothing.happened",
        "limit=0",
        "cursor=x",
        "order=sideways",
    ] {
        let answer = server.get(&format!("/audit/events?{bad}"));
        assert!(
            matches!(answer.status, 400 | 422),
            "{bad}: {} {}",
            answer.status,
            answer.text()
        );
    }
}

#[test]
fn every_write_is_answered_with_a_checkpoint_that_proves_it() {
    let (_place, server) = serve();
    let key: VerifierKey = VerifierKey::parse(server.get("/audit/key").ok()["key"].as_str().unwrap()).unwrap();
    let mut notes = Vec::new();
    for number in 0..40 {
        let done = server
            .post("/clients", json!({"name": format!("Client number {number}")}))
            .is(201);
        let note = SignedNote::parse(done["checkpoint"].as_str().unwrap()).unwrap();
        key.verify(&note).unwrap();
        assert!(
            done["position"].as_u64().unwrap() < note.checkpoint.size,
            "the log of the checkpoint holds the event"
        );
        notes.push(note);
    }
    let newest = SignedNote::parse(server.get("/audit/checkpoint").ok()["checkpoint"].as_str().unwrap()).unwrap();
    key.verify(&newest).unwrap();
    for note in &notes {
        let (from, to) = (note.checkpoint.size, newest.checkpoint.size);
        let answer = server.get(&format!("/audit/consistency?from={from}&to={to}")).ok();
        let hashes: Vec<Hash> = answer["hashes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|hash| hash_of(hash.as_str().unwrap()))
            .collect();
        verify_consistency(from, to, &hashes, &note.checkpoint.root, &newest.checkpoint.root).unwrap();
    }
    for bad in ["from=0&to=5", "from=9&to=5", "from=1&to=99999", "to=5", "from=x&to=1"] {
        let answer = server.get(&format!("/audit/consistency?{bad}"));
        assert!(
            matches!(answer.status, 400 | 404 | 422),
            "{bad}: {} {}",
            answer.status,
            answer.text()
        );
    }
}

/// A hash in text: 64 hexadecimal digits, or base64.
fn hash_of(text: &str) -> Hash {
    let bytes = match text.len() {
        64 => (0..32)
            .map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap())
            .collect(),
        _ => base64::engine::general_purpose::STANDARD.decode(text).unwrap(),
    };
    Hash(bytes.try_into().unwrap())
}

#[test]
fn the_tiles_are_the_tree() {
    let (_place, server) = serve();
    for number in 0..280 {
        server
            .post("/clients", json!({"name": format!("Client number {number}")}))
            .is(201);
    }
    let tile = |path: &str| {
        let answer = server.get(&format!("/audit/log/{path}"));
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.bytes
    };
    let note = SignedNote::parse(&String::from_utf8(tile("checkpoint")).unwrap()).unwrap();
    let size = note.checkpoint.size;
    assert!(size > 256, "a full tile and a partial one: {size}");
    let mut leaves = tile("tile/0/000");
    leaves.extend(tile(&format!("tile/0/001.p/{}", size - 256)));
    let mut frontier = Frontier::new();
    for leaf in leaves.chunks_exact(32) {
        frontier.append(Hash(leaf.try_into().unwrap()));
    }
    assert_eq!((frontier.size(), frontier.root()), (size, note.checkpoint.root));
    assert_eq!(tile("tile/1/000.p/1"), subtree(&leaves[..256 * 32]));
    let bundles = [
        tile("tile/entries/000"),
        tile(&format!("tile/entries/001.p/{}", size - 256)),
    ];
    let headers: Vec<_> = bundles
        .iter()
        .flat_map(|bundle| strongroom_proof::tiles::read_entries(bundle).unwrap())
        .collect();
    assert_eq!(headers.len() as u64, size);
    for (header, leaf) in headers.iter().zip(leaves.chunks_exact(32)) {
        assert_eq!(strongroom_proof::record::leaf_hash(header).0, leaf);
    }
    for bad in [
        "tile/0/009",
        "tile/0/000.p/0",
        "tile/0/000.p/257",
        "tile/x/000",
        "tile/0/..",
        "nothing",
    ] {
        let answer = server.get(&format!("/audit/log/{bad}"));
        assert!(
            matches!(answer.status, 400 | 404),
            "{bad}: {} {}",
            answer.status,
            answer.text()
        );
    }
    let viewer = server.with_token(
        server
            .post("/tokens", json!({"principal": "Vera", "role": "viewer"}))
            .is(201)["token"]
            .as_str()
            .unwrap(),
    );
    assert_eq!(
        viewer.get("/audit/log/tile/0/000").status,
        200,
        "hashes are for any token"
    );
    assert_eq!(
        viewer.get("/audit/log/tile/entries/000").status,
        403,
        "entries show everyone's activity"
    );
}

/// The root over a full tile, level by level.
fn subtree(leaves: &[u8]) -> Vec<u8> {
    let mut row: Vec<Hash> = leaves
        .chunks_exact(32)
        .map(|leaf| Hash(leaf.try_into().unwrap()))
        .collect();
    while row.len() > 1 {
        row = row
            .chunks_exact(2)
            .map(|pair| hash_children(&pair[0], &pair[1]))
            .collect();
    }
    row[0].0.to_vec()
}

#[test]
fn a_dump_over_http_is_the_log() {
    let (_place, server) = serve();
    let answer = server.get("/admin/dump");
    assert_eq!(answer.status, 200, "{}", answer.text());
    let verified = strongroom_proof::verify::verify_dump(answer.bytes.as_slice()).unwrap();
    assert_eq!(verified.size, server.size());
    let mut reader = strongroom_proof::dump::DumpReader::begin(answer.bytes.as_slice()).unwrap();
    while let Some(bytes) = reader.next_record().unwrap() {
        Checked::check(bytes).unwrap();
    }
}

#[test]
fn one_long_reading_after_another_is_not_refused() {
    let (place, _server) = serve();
    for _ in 0..10 {
        place.run(&["verify"]).exits(0);
        let dumped = place
            .run(&["dump", "--file", place.path().join("a.dump").to_str().unwrap()])
            .exits(0);
        assert!(dumped.err.is_empty() || !dumped.err.contains("busy"), "{}", dumped.err);
        std::fs::remove_file(place.path().join("a.dump")).unwrap();
    }
}
