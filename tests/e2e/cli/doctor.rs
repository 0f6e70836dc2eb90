//! What is wrong with an installation, and the manual pages.

use crate::harness::Place;
use serde_json::Value;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

fn how(findings: &Value, what: &str) -> Vec<String> {
    let all = findings.as_array().unwrap().iter();
    let these = all.filter(|it| it["what"] == what);
    these.map(|it| it["how"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn it_says_what_is_wrong_and_changes_nothing() {
    let place = Place::new();
    let server = place.serve();
    let data = place.data();
    let data = data.to_str().unwrap();
    let ask = ["doctor", "--data", data, "--output", "json"];
    let running = place.run(&ask).exits(0).json();
    assert!(
        how(&running, "root key").contains(&"warn".to_owned()),
        "a server has it open: {running}"
    );
    server.stop();
    let whole = place.run(&ask).exits(0).json();
    assert!(how(&whole, "root key").contains(&"ok".to_owned()), "{whole}");
    for what in ["directory", "key file", "anchor", "clock", "context file"] {
        assert_eq!(how(&whole, what), ["ok"], "{whole}");
    }
    let key_file = place.data().join("key-file");
    fs::set_permissions(&key_file, Permissions::from_mode(0o644)).unwrap();
    let open = place.run(&ask).exits(1).json();
    assert_eq!(how(&open, "key file"), ["bad"]);
    assert!(open.to_string().contains("chmod 600"), "{open}");
    assert_eq!(
        fs::metadata(&key_file).unwrap().permissions().mode() & 0o777,
        0o644,
        "it only says so"
    );
    let people = place.run(&["doctor", "--data", data]).exits(1);
    assert!(
        people.out.contains("bad") && people.out.contains("others can read it"),
        "{}",
        people.out
    );
    let nothing = place
        .run(&["doctor", "--data", "/no/such/place", "--output", "json"])
        .exits(1)
        .json();
    assert_eq!(how(&nothing, "ledger"), ["bad"]);
}

#[test]
fn it_says_when_a_certificate_ends() {
    let place = Place::new();
    place.serve().stop();
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = |year| {
        let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(year, 1, 1);
        params.self_signed(&key).unwrap().pem()
    };
    let key_file = place.file("key.pem", key.serialize_pem());
    fs::set_permissions(&key_file, Permissions::from_mode(0o600)).unwrap();
    let data = place.data();
    for (year, code, expected) in [(2021, 1, "bad"), (4000, 0, "ok")] {
        let file = place.file("cert.pem", certificate(year));
        let ask = [
            "doctor",
            "--data",
            data.to_str().unwrap(),
            "--tls-cert",
            &file,
            "--tls-key",
            &key_file,
            "--output",
            "json",
        ];
        let told = place.run(&ask).exits(code).json();
        assert_eq!(how(&told, "certificate"), [expected], "{told}");
        assert_eq!(how(&told, "private key"), ["ok"]);
    }
}

#[test]
fn there_is_a_page_for_each_command() {
    let place = Place::new();
    let dir = place.path().join("man1");
    place.run(&["man", "--dir", dir.to_str().unwrap()]).exits(0);
    let page = |name: &str| fs::read_to_string(dir.join(format!("{name}.1"))).unwrap();
    assert!(page("strongroom").contains("strongroom"));
    assert!(page("strongroom-credential-rotate").contains("generate"));
}
