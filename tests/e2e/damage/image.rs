//! Directories to damage, and what was acknowledged in them.

use crate::harness::{Agency, Place, Random, Server, files};
use serde_json::json;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use strongroom_proof::dump::DumpReader;

/// A directory that no process has open.
pub(super) struct Image {
    pub(super) name: &'static str,
    pub(super) place: Place,
    /// What each credential was given last.
    values: BTreeMap<String, String>,
    /// Every record that was acknowledged, as stored.
    records: Vec<Vec<u8>>,
}

impl Image {
    /// Stopped in order, after two runs.
    pub(super) fn stopped() -> Self {
        Self::make("stopped", false, true)
    }

    /// Killed in its second run: tables and a journal.
    pub(super) fn killed() -> Self {
        Self::make("killed", true, true)
    }

    /// Killed in its first run: all of it in the journal.
    pub(super) fn killed_at_first() -> Self {
        Self::make("killed in its first run", true, false)
    }

    fn make(name: &'static str, killed: bool, two_runs: bool) -> Self {
        let place = Place::new();
        let mut server = place.serve();
        let mut image = Self::begin(name, place);
        Agency::build(&server);
        image.write(&server, 150);
        if two_runs {
            server.stop();
            image.keep_older();
            server = image.place.serve();
        }
        image.write(&server, 130);
        for shop in Agency::SHOPS {
            Agency::map(&server, shop, &format!("shopify-client-{}", &shop[shop.len() - 1..]));
            server
                .post("/resolve", json!({"workspace": shop, "template": "orders"}))
                .ok();
        }
        image.seal(server, killed);
        image
    }

    /// An image that nothing was written to yet.
    pub(super) fn begin(name: &'static str, place: Place) -> Self {
        Self {
            name,
            place,
            values: BTreeMap::new(),
            records: Vec::new(),
        }
    }

    /// Writes so many credentials, by four clients, and rotates some.
    pub(super) fn write(&mut self, server: &Server, count: usize) {
        let first = self.values.len();
        let made: Vec<BTreeMap<String, String>> = std::thread::scope(|scope| {
            let write = |part: usize| {
                let caller = server.caller();
                let mut random = Random::new((first + part) as u64);
                (first..first + count).filter(|number| number % 4 == part).map(|number| {
                    let (name, mut value) = (format!("made-{number}"), random.text(24));
                    caller.post("/credentials", json!({"name": name, "service": "openai", "kind": "api_key", "fields": {"api_key": value}})).is(201);
                    if number % 5 == 0 {
                        value = random.text(24);
                        caller.post(&format!("/credentials/{name}/rotate"), json!({"fields": {"api_key": value}})).ok();
                    }
                    (name, value)
                }).collect()
            };
            let threads: Vec<_> = (0..4).map(|part| scope.spawn(move || write(part))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        self.values.extend(made.into_iter().flatten());
    }

    /// Notes what was acknowledged and ends the server.
    pub(super) fn seal(&mut self, server: Server, killed: bool) {
        self.records = records(&self.place);
        assert_eq!(self.records.len() as u64, server.size());
        if killed { server.kill9() } else { server.stop() }
    }

    /// Puts a copy of the directory as it is now beside it.
    fn keep_older(&self) {
        crate::harness::copy_all(&self.place.data(), &older(&self.place.data()));
    }

    /// Number of records that were acknowledged.
    pub(super) fn size(&self) -> u64 {
        self.records.len() as u64
    }

    /// Every acknowledged record is there byte by byte, every credential has its value.
    pub(super) fn assert_whole(&self, server: &Server, name: &str) {
        let found = records_of(server);
        assert!(
            found.len() >= self.records.len(),
            "{name}: {} records of {}",
            found.len(),
            self.records.len()
        );
        for (position, (found, acknowledged)) in found.iter().zip(&self.records).enumerate() {
            assert!(found == acknowledged, "{name}: position {position} has other bytes");
        }
        let listed = server.all("/credentials").len();
        assert!(
            listed >= self.values.len(),
            "{name}: {listed} credentials of {}",
            self.values.len()
        );
        super::values_are_right(server, &self.values, name);
    }
}

/// Where an image keeps the directory as it was before.
pub(super) fn older(data: &Path) -> PathBuf {
    data.with_file_name("older")
}

/// The records of a server, by the program's own dump.
fn records(place: &Place) -> Vec<Vec<u8>> {
    let path = place.path().join("records.dump");
    place.run(&["dump", "--file", path.to_str().unwrap()]).exits(0);
    let dump = std::fs::read(&path).unwrap();
    std::fs::remove_file(path).unwrap();
    read(&dump)
}

fn records_of(server: &Server) -> Vec<Vec<u8>> {
    let mut answer = server.get(DUMP);
    // Another reading may still be ending.
    while answer.status == 503 && answer.kind() == "busy" {
        answer = server.get(DUMP);
    }
    assert_eq!(answer.status, 200, "{}", answer.text());
    read(&answer.bytes)
}

/// The route of the dump.
pub(super) const DUMP: &str = "/admin/dump";

fn read(dump: &[u8]) -> Vec<Vec<u8>> {
    let mut reader = DumpReader::begin(dump).unwrap();
    let mut records = Vec::new();
    while let Some(bytes) = reader.next_record().unwrap() {
        records.push(bytes.to_vec());
    }
    records
}

/// Each file of a directory with a hash of its content.
pub(super) fn digests(dir: &Path) -> BTreeMap<PathBuf, u64> {
    let digest = |path: PathBuf| {
        let mut hasher = DefaultHasher::new();
        std::fs::read(&path).unwrap().hash(&mut hasher);
        (path, hasher.finish())
    };
    files(dir).into_iter().map(digest).collect()
}
