//! `kill -9` at random moments under sixteen writing clients: nothing acknowledged is lost, nothing is done twice.
//!
//! Each client sends writes with an idempotency key each and notes every answer. After a kill the directory is verified
//! as it lies there; after the restart every noted event must be in the log once, at its position, and the write whose
//! answer never came is sent again: it was done or it was not, and now it is done once.

mod birth; // beginnings and ends

use crate::harness::{Answer, Place, Random, Server};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const CLIENTS: usize = 16;
/// Rounds in CI.
const ROUNDS: u64 = 10;

/// One request that a client sends.
#[derive(Clone, Debug)]
struct Write {
    method: &'static str,
    route: String,
    key: String,
    body: Value,
    /// The type of its event.
    event: &'static str,
}

/// A request and the answer that was received for it.
#[derive(Debug)]
struct Acknowledged {
    write: Write,
    position: u64,
    answer: Value,
}

/// One client, over all rounds.
struct Writer {
    number: usize,
    random: Random,
    /// Handles that were acknowledged, with the version that was.
    own: Vec<(String, u64)>,
    sent: u64,
    acknowledged: Vec<Acknowledged>,
    /// The write whose answer never came.
    open: Option<Write>,
}

impl Writer {
    fn new(number: usize, random: Random) -> Self {
        Self {
            number,
            random,
            own: Vec::new(),
            sent: 0,
            acknowledged: Vec::new(),
            open: None,
        }
    }

    /// The next write: mostly new credentials, rotations of own ones, now and then a client or workspace.
    fn next(&mut self) -> Write {
        self.sent += 1;
        let name = format!("w{}-{}", self.number, self.sent);
        let key = format!("crash-{name}");
        match self.random.below(10) {
            0..4 if !self.own.is_empty() => {
                let handle = self.own[self.random.index(self.own.len())].0.clone();
                let body = json!({"fields": {"api_key": self.random.text(32)}});
                Write {
                    method: "POST",
                    route: format!("/credentials/{handle}/rotate"),
                    key,
                    body,
                    event: "credential.rotated",
                }
            }
            4 => Write {
                method: "POST",
                route: "/clients".into(),
                key,
                body: json!({"name": name}),
                event: "client.created",
            },
            5 => Write {
                method: "POST",
                route: "/workspaces".into(),
                key,
                body: json!({"name": name, "environment": "prod"}),
                event: "workspace.created",
            },
            _ => {
                let body = json!({"name": name, "service": "openai", "kind": "api_key", "fields": {"api_key": self.random.text(32)}});
                Write {
                    method: "POST",
                    route: "/credentials".into(),
                    key,
                    body,
                    event: "credential.created",
                }
            }
        }
    }

    /// Writes until the server is gone.
    fn run(&mut self, server: &crate::harness::Caller, count: &AtomicU64) {
        loop {
            let write = self.next();
            match server.write(write.method, &write.route, &write.key, &write.body) {
                Some(answer) if answer.status == 503 => self.open = Some(write), // it says that it does not know
                Some(answer) => {
                    self.note(write, answer);
                    count.fetch_add(1, Ordering::Relaxed);
                    continue;
                }
                None => self.open = Some(write),
            }
            return;
        }
    }

    fn note(&mut self, write: Write, answer: Answer) {
        let answer = answer.ok();
        let position = answer["position"].as_u64().unwrap();
        if write.event.starts_with("credential") {
            let (handle, version) = (
                answer["handle"].as_str().unwrap().to_owned(),
                answer["version"].as_u64().unwrap(),
            );
            match self.own.iter_mut().find(|(own, _)| *own == handle) {
                Some(own) => own.1 = version,
                None => self.own.push((handle, version)),
            }
        }
        self.acknowledged.push(Acknowledged {
            write,
            position,
            answer,
        });
    }
}

/// What was found after all rounds.
#[derive(Debug, Default)]
struct Figures {
    rounds: u64,
    acknowledged: u64,
    unanswered_done: u64,
    unanswered_not_done: u64,
    lost: u64,
    twice: u64,
    records: u64,
}

#[test]
fn killed_at_any_moment_it_loses_nothing_that_was_acknowledged() {
    let rounds = std::env::var("STRONGROOM_CRASH_ROUNDS")
        .ok()
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(ROUNDS);
    let (mut random, seed) = Random::seeded();
    let place = Place::new();
    let mut writers: Vec<Writer> = (0..CLIENTS)
        .map(|number| Writer::new(number, Random::new(random.next())))
        .collect();
    let mut figures = Figures::default();
    for round in 0..rounds {
        write_and_kill(&place, &mut writers, &mut random);
        let verified = place.run(&["verify", "--data", place.data().to_str().unwrap(), "--output", "json"]);
        assert_eq!(
            verified.code, 0,
            "seed {seed}, round {round}: {} {}",
            verified.out, verified.err
        );
        let server = place.serve();
        check(&server, &mut writers, &mut figures, &mut random);
        figures.rounds += 1;
        assert_eq!(
            (figures.lost, figures.twice),
            (0, 0),
            "seed {seed}, round {round}: {figures:?}"
        );
        // Half of the rounds go on after a clean stop, half after a kill in peace.
        if random.below(2) == 0 {
            server.stop()
        } else {
            server.kill9()
        }
    }
    let verified = place
        .run(&["verify", "--data", place.data().to_str().unwrap(), "--output", "json"])
        .exits(0)
        .json();
    assert_eq!(verified["records"].as_u64().unwrap(), figures.records, "seed {seed}");
    println!(
        "crash: {} rounds, {} acknowledged writes, {} lost, {} twice, {} unanswered ({} of them done), {} records verified, seed {seed}",
        figures.rounds,
        figures.acknowledged,
        figures.lost,
        figures.twice,
        figures.unanswered_done + figures.unanswered_not_done,
        figures.unanswered_done,
        figures.records,
    );
}

/// All clients write; the server is killed after a random number of answers and a random moment more.
fn write_and_kill(place: &Place, writers: &mut [Writer], random: &mut Random) {
    let mut server = place.serve();
    let (count, enough) = (AtomicU64::new(0), 20 + random.below(400));
    let moment = Duration::from_micros(random.below(5_000));
    std::thread::scope(|scope| {
        for writer in writers {
            let (caller, count) = (server.caller(), &count);
            scope.spawn(move || writer.run(&caller, count));
        }
        while count.load(Ordering::Relaxed) < enough {
            std::thread::yield_now();
        }
        // Not a wait for anything: the kill is to fall anywhere between two answers.
        let began = Instant::now();
        while began.elapsed() < moment {
            std::hint::spin_loop();
        }
        server.kill_now();
    });
}

/// Everything that was acknowledged is there once; what was not is done once, whatever became of it.
fn check(server: &Server, writers: &mut [Writer], figures: &mut Figures, random: &mut Random) {
    let events = server.all("/audit/events?order=oldest");
    let positions: Vec<u64> = events.iter().map(|event| event["position"].as_u64().unwrap()).collect();
    assert_eq!(
        positions,
        (0..server.size()).collect::<Vec<_>>(),
        "positions have no gap"
    );
    let versions: HashMap<String, u64> = server
        .all("/credentials")
        .iter()
        .map(|it| {
            (
                it["handle"].as_str().unwrap().to_owned(),
                it["version"].as_u64().unwrap(),
            )
        })
        .collect();
    let mut at: BTreeMap<u64, &str> = BTreeMap::new();
    figures.acknowledged = 0;
    for writer in writers.iter() {
        for done in &writer.acknowledged {
            figures.acknowledged += 1;
            figures.twice += u64::from(at.insert(done.position, &done.write.key).is_some());
            let event = usize::try_from(done.position)
                .ok()
                .and_then(|position| events.get(position));
            let same = event.is_some_and(|event| event["type"] == done.write.event && is_about(event, &done.answer));
            figures.lost += u64::from(!same);
        }
        for (handle, version) in &writer.own {
            // A rotation whose answer never came may have been done as well.
            let found = versions.get(handle).copied().unwrap_or(0);
            figures.lost += u64::from(found < *version);
        }
    }
    let made = events
        .iter()
        .filter(|event| event["type"] == "credential.created")
        .count();
    assert_eq!(made, versions.len(), "each creation is one credential");
    finish_open(server, writers, figures);
    repeat_some(server, writers, random);
    figures.records = server.size();
}

/// Whether an event is the one that an answer speaks of: its id stands in it.
fn is_about(event: &Value, answer: &Value) -> bool {
    let id = answer["id"].as_str().unwrap();
    let bare = id.split_once('_').map_or(id, |(_, bare)| bare);
    let text = event.to_string();
    text.contains(id)
        || text.contains(bare)
        || answer["handle"]
            .as_str()
            .is_some_and(|handle| event["subject"] == handle)
}

/// Sends every unanswered write again: it is answered now, and is in the log once.
fn finish_open(server: &Server, writers: &mut [Writer], figures: &mut Figures) {
    for writer in writers {
        let Some(write) = writer.open.take() else { continue };
        let before = server.size();
        let answer = server
            .caller()
            .write(write.method, &write.route, &write.key, &write.body)
            .unwrap();
        let done_before = answer.body["replayed"] == true;
        let appended = server.size() - before;
        assert_eq!(appended, u64::from(!done_before), "{write:?}: {}", answer.text());
        figures.unanswered_done += u64::from(done_before);
        figures.unanswered_not_done += u64::from(!done_before);
        writer.note(write, answer);
    }
}

/// Sends some acknowledged writes again: the first answer comes back and nothing is appended.
fn repeat_some(server: &Server, writers: &[Writer], random: &mut Random) {
    let before = server.size();
    let mut asked = HashSet::new();
    for writer in writers {
        for _ in 0..3.min(writer.acknowledged.len()) {
            let done = &writer.acknowledged[random.index(writer.acknowledged.len())];
            if !asked.insert(&done.write.key) {
                continue;
            }
            let write = &done.write;
            let again = server
                .caller()
                .write(write.method, &write.route, &write.key, &write.body)
                .unwrap()
                .ok();
            assert_eq!(again["replayed"], true, "{write:?}: {again}");
            for member in ["position", "handle", "id", "version", "events"] {
                assert_eq!(again[member], done.answer[member], "{member} of {write:?}");
            }
        }
    }
    assert_eq!(server.size(), before, "a repeat appends nothing");
}
