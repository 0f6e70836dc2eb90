//! TLS on the real binary: certificates made here, checked by reqwest and by the program itself.

use crate::harness::{Place, Server};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use reqwest::blocking::Client;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

/// Somebody who signs certificates.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for this machine, and its key.
    pub(crate) fn sign(&self) -> (String, String) {
        let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &self.0).unwrap();
        (certificate.pem(), key.serialize_pem())
    }
}

/// A client that trusts an authority and keeps no connection.
fn trusting(authority: &Authority) -> Client {
    let trusted = reqwest::Certificate::from_pem(authority.pem().as_bytes()).unwrap();
    Client::builder()
        .tls_certs_only([trusted])
        .pool_max_idle_per_host(0)
        .build()
        .unwrap()
}

fn healthy(client: &Client, server: &Server) -> bool {
    let answer = client.get(format!("{}/healthz", server.addr)).send();
    answer.is_ok_and(|answer| answer.status() == 200)
}

fn write_pair(place: &Place, pair: &(String, String)) -> [String; 2] {
    [place.file("cert.pem", &pair.0), place.file("key.pem", &pair.1)]
}

fn serve(place: &Place, pair: &(String, String)) -> Server {
    let [certificate, key] = write_pair(place, pair);
    place.serve_with(&["--tls-cert", &certificate, "--tls-key", &key], &[])
}

#[test]
fn the_program_talks_tls_to_who_it_trusts_and_to_nobody_else() {
    let (authority, stranger) = (Authority::new("ours"), Authority::new("theirs"));
    let place = Place::new();
    let server = serve(&place, &authority.sign());
    assert!(server.addr.starts_with("https://"), "{}", server.addr);
    assert!(healthy(&trusting(&authority), &server));
    assert!(!healthy(&trusting(&stranger), &server));
    let (ours, theirs) = (
        place.file("ca.pem", authority.pem()),
        place.file("other.pem", stranger.pem()),
    );
    let whoami = place.json(&["whoami", "--ca-file", &ours]);
    assert_eq!(whoami["handle"], "dev");
    let refused = place.run(&["whoami", "--ca-file", &theirs]).exits(1);
    assert!(
        refused.err.contains("certificate") && refused.err.contains("--ca-file"),
        "{}",
        refused.err
    );
    place.run(&["whoami"]).exits(1);
    let none = place.file("none.pem", "nothing");
    let refused = place.run(&["whoami", "--ca-file", &none]).exits(1);
    assert!(refused.err.contains("PEM"), "{}", refused.err);
    // `login` keeps whom it trusts.
    let mut login = place.command();
    login.args(["login", "--addr", &server.addr, "--ca-file", &ours]);
    crate::harness::Ran::of(login, &server.token).exits(0);
    place.run(&["whoami"]).exits(0);
    // Nobody is answered in the clear.
    let clear = server.addr.replace("https", "http");
    assert!(reqwest::blocking::get(format!("{clear}/healthz")).is_err());
}

#[test]
fn a_new_certificate_is_taken_up_and_a_broken_one_is_not() {
    let (first, second) = (Authority::new("first"), Authority::new("second"));
    let place = Place::new();
    let server = serve(&place, &first.sign());
    assert!(healthy(&trusting(&first), &server));
    write_pair(&place, &second.sign());
    while !healthy(&trusting(&second), &server) {
        std::thread::yield_now();
    }
    assert!(!healthy(&trusting(&first), &server));
    // A key of another certificate changes nothing, and is told of.
    place.file("key.pem", first.sign().1);
    let hangup = Command::new("sh")
        .args(["-c", &format!("kill -HUP {}", server.id())])
        .status();
    assert!(hangup.unwrap().success());
    while !place.log().contains("the certificate before stays in use") {
        std::thread::yield_now();
    }
    assert!(healthy(&trusting(&second), &server));
    assert!(!place.log().contains("PRIVATE KEY"));
    server.stop();
}

#[test]
fn what_can_not_be_served_is_refused_before_anything_is_opened() {
    let authority = Authority::new("ours");
    let place = Place::new();
    let (pair, other) = (authority.sign(), authority.sign());
    let [certificate, key] = write_pair(&place, &(pair.0, other.1));
    let refused = place
        .try_serve(&["--tls-cert", &certificate, "--tls-key", &key], &[])
        .err()
        .unwrap();
    assert_eq!(refused.code, 1, "{}", refused.text);
    let missing = place.path().join("missing.pem");
    let missing = missing.to_str().unwrap();
    let refused = place
        .try_serve(&["--tls-cert", missing, "--tls-key", &key], &[])
        .err()
        .unwrap();
    assert!(refused.text.contains("missing.pem"), "{}", refused.text);
    place.try_serve(&["--tls-cert", &certificate], &[]).err().unwrap();
    // In the clear only this machine is listened to, unless it is said.
    let listen = |more: &[&str]| {
        let mut command = place.command();
        command.args(["serve", "--dev", "--output", "json", "--listen", "0.0.0.0:0", "--data"]);
        command.arg(place.data()).args(more);
        command
    };
    let refused = crate::harness::Ran::of(listen(&[]), "").exits(1);
    assert!(refused.err.contains("--insecure-listen"), "{}", refused.err);
    assert!(fs::read_dir(place.data()).is_err(), "no ledger was made");
    let mut serving = listen(&["--insecure-listen"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut ready = String::new();
    BufReader::new(serving.stdout.take().unwrap())
        .read_line(&mut ready)
        .unwrap();
    serving.kill().unwrap();
    serving.wait().unwrap();
    assert!(ready.contains("127.0.0.1:"), "{ready}");
}
