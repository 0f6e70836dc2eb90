//! Beginnings and ends: a birth that is killed is finished at the next start, a stop under load answers what it took.

use super::Writer;
use crate::harness::{Place, Random};
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

#[test]
fn a_birth_that_is_killed_is_finished_at_the_next_start() {
    let (mut random, seed) = Random::seeded();
    let mut stages = std::collections::BTreeSet::new();
    // As long as a birth takes here, so that the kills fall on all of it.
    let began = Instant::now();
    Place::new().serve().stop();
    let birth_us = u64::try_from(began.elapsed().as_micros()).unwrap();
    for round in 0..25 {
        let place = Place::new();
        // Killed up to three times, each anywhere in the first moments, then left alone.
        for _ in 0..=random.below(3) {
            let moment = Duration::from_micros(random.below(birth_us));
            let mut command = place.command();
            command
                .args(["serve", "--dev", "--listen", "127.0.0.1:0", "--data"])
                .arg(place.data());
            let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            let began = Instant::now();
            while began.elapsed() < moment {
                std::thread::yield_now();
            }
            child.kill().unwrap();
            child.wait().unwrap();
        }
        let there: Vec<&str> = ["dev-root-key", "dev-token", "key-file", "anchor", "db"]
            .into_iter()
            .filter(|name| place.data().join(name).exists())
            .collect();
        stages.insert(there.join(" "));
        let server = match place.try_serve(&[], &[]) {
            Ok(server) => server,
            Err(refusal) => panic!("seed {seed}, round {round}, {there:?} were there: {}", refusal.text),
        };
        assert_eq!(
            server.get("/whoami").ok()["handle"],
            "dev",
            "seed {seed}, round {round}"
        );
        let first = server.get("/audit/events/0").ok();
        assert_eq!(first["type"], "ledger.initialized", "seed {seed}, round {round}");
        server.stop();
        let data = place.data();
        let verified = place.run(&["verify", "--data", data.to_str().unwrap()]);
        assert_eq!(verified.code, 0, "seed {seed}, round {round}: {}", verified.err);
    }
    assert!(stages.len() > 1, "the kills fell on different moments: {stages:?}");
}

#[test]
fn a_stop_under_load_answers_what_it_took_and_loses_nothing() {
    let (mut random, seed) = Random::seeded();
    let place = Place::new();
    let server = place.serve();
    let count = AtomicU64::new(0);
    let mut writers: Vec<Writer> = (0..8)
        .map(|number| Writer::new(number, Random::new(random.next())))
        .collect();
    std::thread::scope(|scope| {
        for writer in &mut writers {
            let (caller, count) = (server.caller(), &count);
            scope.spawn(move || writer.run(&caller, count));
        }
        while count.load(Ordering::Relaxed) < 200 {
            std::thread::yield_now();
        }
        server.stop();
    });
    let server = place.serve();
    let mut figures = super::Figures::default();
    super::check(&server, &mut writers, &mut figures, &mut random);
    assert_eq!((figures.lost, figures.twice), (0, 0), "seed {seed}: {figures:?}");
    assert!(
        !place.log().contains("did not stop in order"),
        "the stop was a clean one: {}",
        place.log()
    );
}
