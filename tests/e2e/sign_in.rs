//! Other issuers' word, with a real OpenID provider (`tests/oidc/provider.mjs`). Where Node.js or its packages are absent the
//! tests say so and skip; `STRONGROOM_OIDC` names the folder that has `node_modules`.

use crate::harness::{Agency, Answer, Place, Server, top};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

/// A provider that runs until it is dropped.
struct Provider {
    child: Child,
    issuer: String,
    http: reqwest::blocking::Client,
}

impl Provider {
    fn start() -> Option<Self> {
        let Ok(folder) = std::env::var("STRONGROOM_OIDC") else {
            println!(
                "skipped: no OpenID provider (npm install oidc-provider@9 somewhere, and set STRONGROOM_OIDC to it)"
            );
            return None;
        };
        let mut child = Command::new("node")
            .arg(top().join("tests/oidc/provider.mjs"))
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let ready: Value = serde_json::from_str(&line).expect("the provider says where it is");
        Some(Self {
            child,
            issuer: ready["issuer"].as_str().unwrap().to_owned(),
            http: reqwest::blocking::Client::new(),
        })
    }

    fn ask(&self, path: &str, body: &Value) -> Value {
        let answer = self
            .http
            .post(format!("{}{path}", self.issuer))
            .json(body)
            .send()
            .unwrap();
        let status = answer.status();
        let text = answer.text().unwrap();
        assert!(status.is_success(), "{text}");
        serde_json::from_str(&text).unwrap()
    }

    /// An assertion with these claims beside the usual ones; null takes one away.
    fn mint(&self, how: &str, alg: &str, change: Value) -> String {
        let mut claims = json!({
            "iss": self.issuer, "aud": "strongroom", "sub": "runner-1", "iat": now_s(), "exp": now_s() + 600,
        });
        for (name, value) in change.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        let answer = self.ask("/_mint", &json!({"how": how, "alg": alg, "claims": claims}));
        answer["token"].as_str().unwrap().to_owned()
    }

    /// What the provider itself issues to a service.
    fn of_client(&self) -> String {
        let request = self.http.post(format!("{}/token", self.issuer));
        let answer = request
            .basic_auth("ci", Some("a-secret-of-the-test"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body("grant_type=client_credentials")
            .send()
            .unwrap();
        let answer: Value = serde_json::from_str(&answer.text().unwrap()).unwrap();
        answer["access_token"].as_str().unwrap().to_owned()
    }

    /// Signs in on the login page; the URL that the browser is sent back to.
    fn sign_in(&self, url: &str, login: &str) -> String {
        let answer = self.ask("/_sign-in", &json!({"url": url, "login": login}));
        answer["url"].as_str().unwrap().to_owned()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// `Runner`, a service that may resolve in `shop-a`, known by its subject; what it is to ask.
fn runner(server: &Server, provider: &Provider) -> Value {
    Agency::build(server);
    Agency::map(server, "shop-a", "shopify-client-a");
    let grants = json!([{"role": "service", "workspaces": ["shop-a"]}]);
    let body = json!({"name": "Runner", "kind": "service", "grants": grants});
    server.post("/principals", body).is(201);
    bind(
        server,
        "runner",
        &provider.issuer,
        "strongroom",
        json!({"sub": ["runner-1", "ci"]}),
    )
    .is(201)
}

fn bind(server: &Server, principal: &str, issuer: &str, audience: &str, claims: Value) -> Answer {
    let body = json!({"issuer": issuer, "audience": audience, "claims": claims});
    server.post(&format!("/principals/{principal}/identities"), body)
}

fn resolve() -> Value {
    json!({"workspace": "shop-a", "template": "orders"})
}

#[test]
fn a_service_is_served_by_its_issuers_word() {
    let Some(provider) = Provider::start() else { return };
    let place = Place::new();
    let server = place.serve();
    let identity = runner(&server, &provider);
    for token in [
        provider.of_client(),
        provider.mint("real", "RS256", json!({})),
        provider.mint("real", "ES256", json!({"aud": ["other", "strongroom"]})),
    ] {
        let caller = server.with_token(&token);
        let whoami = caller.get("/whoami").ok();
        assert_eq!((&whoami["handle"], &whoami["token"]), (&json!("runner"), &Value::Null));
        assert_eq!(whoami["identity"]["id"], identity["id"]);
        let answer = caller.post("/resolve", resolve()).ok();
        assert!(answer["variables"]["SHOP"]["fields"]["token"].is_string(), "{answer}");
        // No more than its grants: the rest is not even there.
        caller
            .post("/resolve", json!({"workspace": "shop-b", "template": "orders"}))
            .refused(404, "not_found");
    }
    let served = server.all("/audit/events?type=access.accessed");
    assert!(!served.is_empty());
    assert!(served.iter().all(|event| event["actor"] == "runner"), "{served:?}");
    // Taken back, it opens nothing, at once.
    let caller = server.with_token(&provider.of_client());
    caller.get("/whoami").ok();
    server
        .delete(&format!("/identities/{}", identity["id"].as_str().unwrap()))
        .ok();
    caller.get("/whoami").refused(401, "unauthenticated");
    server.stop();
    assert!(!place.log().contains("eyJ"), "no assertion is in the server's log");
}

#[test]
fn what_the_issuer_did_not_say_for_us_lets_nobody_in() {
    let Some(provider) = Provider::start() else { return };
    let Some(other) = Provider::start() else { return };
    let place = Place::new();
    let server = place.serve();
    runner(&server, &provider);
    let good = provider.mint("real", "RS256", json!({}));
    server.with_token(&good).get("/whoami").ok();
    let before = server.size();
    let (head, rest) = good.split_once('.').unwrap();
    let (body, signature) = rest.split_once('.').unwrap();
    let (_, other_rest) = provider
        .mint("real", "RS256", json!({"sub": "x"}))
        .split_once('.')
        .map_or_else(
            || unreachable!("three parts"),
            |(head, rest)| (head.to_owned(), rest.to_owned()),
        );
    let other_body = other_rest.split('.').next().unwrap();
    for (why, token) in [
        (
            "another subject",
            provider.mint("real", "RS256", json!({"sub": "runner-2"})),
        ),
        ("no subject", provider.mint("real", "RS256", json!({"sub": null}))),
        (
            "another audience",
            provider.mint("real", "RS256", json!({"aud": "somebody-else"})),
        ),
        ("no audience", provider.mint("real", "RS256", json!({"aud": null}))),
        ("expired", provider.mint("real", "RS256", json!({"exp": now_s() - 61}))),
        ("no end", provider.mint("real", "RS256", json!({"exp": null}))),
        ("not yet", provider.mint("real", "RS256", json!({"nbf": now_s() + 300}))),
        (
            "another's key under this key's id",
            provider.mint("foreign", "RS256", json!({})),
        ),
        ("no signature", provider.mint("none", "RS256", json!({}))),
        (
            "the public key as a shared secret",
            provider.mint("shared", "RS256", json!({})),
        ),
        ("an issuer that nobody bound", other.mint("real", "RS256", json!({}))),
        (
            "another issuer's key",
            other.mint("real", "RS256", json!({"iss": provider.issuer})),
        ),
        ("another body", format!("{head}.{other_body}.{signature}")),
        (
            "a cut signature",
            format!("{head}.{body}.{}", &signature[..signature.len() - 4]),
        ),
        ("no parts", "eyJhbGciOiJSUzI1NiJ9..".to_owned()),
        ("too long", format!("{head}.{}.{signature}", "A".repeat(20_000))),
    ] {
        let refused = server.with_token(&token).get("/whoami");
        let told = refused.refused(401, "unauthenticated");
        assert_eq!(told["detail"], unknown(&server), "{why}: it is not said what was wrong");
    }
    assert_eq!(server.size(), before, "strangers make no records");
}

/// What somebody with a token of no form at all is told.
fn unknown(server: &Server) -> Value {
    server
        .with_token("srt_x")
        .get("/whoami")
        .refused(401, "unauthenticated")["detail"]
        .clone()
}

#[test]
fn an_issuer_changes_its_keys() {
    let Some(provider) = Provider::start() else { return };
    let place = Place::new();
    // Who asks again and again until the new keys are there is a stranger meanwhile: his rate is not what is looked at here.
    let server = place.serve_with(&["--max-stranger-requests", "0"], &[]);
    runner(&server, &provider);
    let old = provider.mint("real", "RS256", json!({}));
    server.with_token(&old).get("/whoami").ok();
    provider.ask("/_renew", &json!({}));
    let new = provider.mint("real", "RS256", json!({}));
    // The issuer is left alone for a while after it was asked; then the new keys are fetched.
    while server.with_token(&new).get("/whoami").status != 200 {
        std::thread::yield_now();
    }
    // By an old key nothing new is believed.
    let foreign = provider.mint("foreign", "RS256", json!({}));
    server
        .with_token(&foreign)
        .get("/whoami")
        .refused(401, "unauthenticated");
}

#[test]
fn an_issuer_that_is_away_is_waited_for() {
    let Some(provider) = Provider::start() else { return };
    let place = Place::new();
    let server = place.serve();
    runner(&server, &provider);
    let token = provider.mint("real", "RS256", json!({}));
    let another = provider.mint("real", "RS256", json!({"jti": "2"}));
    server.with_token(&token).get("/whoami").ok();
    drop(provider);
    // Its keys are known: it need not be there.
    server.with_token(&another).get("/whoami").ok();
    let server = {
        server.stop();
        place.serve()
    };
    server
        .with_token(&token)
        .get("/whoami")
        .refused(503, "issuer_unavailable");
}

/// `eva`, a person who signs in.
fn eva(server: &Server, provider: &Provider) -> Value {
    server.post("/principals", json!({"name": "Eva"})).is(201);
    bind(
        server,
        "eva",
        &provider.issuer,
        "strongroom-cli",
        json!({"sub": ["eva"]}),
    )
    .is(201)
}

#[test]
fn a_person_signs_in_at_the_issuer() {
    let Some(provider) = Provider::start() else { return };
    let place = Place::new();
    let server = place.serve();
    let identity = eva(&server, &provider);
    let mut login = place.command();
    login.args(["login", "--addr", &server.addr, "--sign-in", "--output", "json"]);
    let mut login = login.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(login.stderr.take().unwrap()).lines();
    let url = said.find_map(|line| line.unwrap().trim().strip_prefix(&provider.issuer).map(str::to_owned));
    let back = provider.sign_in(&format!("{}{}", provider.issuer, url.unwrap()), "eva");
    // Who comes without the state is not let in, and spoils nothing.
    let port = back.split('?').next().unwrap();
    let wrong = provider.http.get(format!("{port}?code=x&state=y")).send().unwrap();
    assert_eq!(wrong.status(), 404);
    let page = provider.http.get(&back).send().unwrap();
    assert!(page.text().unwrap().contains("signed in"));
    let mut out = String::new();
    login.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    assert!(login.wait().unwrap().success());
    let out: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(out["principal"], "eva", "{out}");
    let tokens = server.all("/tokens?principal=eva");
    assert_eq!((tokens.len(), &tokens[0]["label"]), (1, &json!("sign-in")));
    assert!(tokens[0]["expires_at"].is_string());
    // The context has the token now: the next command just works, until the identity is taken back.
    assert_eq!(place.json(&["whoami"])["handle"], "eva");
    server
        .delete(&format!("/identities/{}", identity["id"].as_str().unwrap()))
        .ok();
    place.run(&["whoami"]).exits(4);
}

#[test]
fn a_state_is_used_once_and_a_code_is_nobody_elses() {
    let Some(provider) = Provider::start() else { return };
    let place = Place::new();
    let server = place.serve();
    eva(&server, &provider);
    let redirect = "http://127.0.0.1:4711/callback";
    let begin = || {
        server
            .with_token("")
            .post("/sign-in", json!({"redirect_uri": redirect}))
            .ok()
    };
    let code_of = |begun: &Value, login: &str| {
        let back = provider.sign_in(begun["url"].as_str().unwrap(), login);
        let url = url::Url::parse(&back).unwrap();
        let found = url
            .query_pairs()
            .find(|(name, _)| name == "code")
            .map(|(_, code)| code.into_owned());
        found.unwrap()
    };
    let finish = |state: &Value, code: &str| {
        server
            .with_token("")
            .post("/sign-in/finish", json!({"state": state, "code": code}))
    };
    let begun = begin();
    let code = code_of(&begun, "eva");
    let token = finish(&begun["state"], &code).is(201);
    assert_eq!(token["principal"], "eva");
    // Replayed: neither state nor code works again.
    finish(&begun["state"], &code).refused(422, "invalid");
    let second = begin();
    finish(&second["state"], &code).refused(401, "unauthenticated");
    // A code that was got for another sign-in has another verifier (and nonce).
    let (third, fourth) = (begin(), begin());
    let code = code_of(&third, "eva");
    finish(&fourth["state"], &code).refused(401, "unauthenticated");
    // Whom the issuer knows and nobody bound stays outside.
    let begun = begin();
    let code = code_of(&begun, "mallory");
    finish(&begun["state"], &code).refused(401, "unauthenticated");
    // A code is sent to the person's own machine only.
    let elsewhere = json!({"redirect_uri": "https://evil.example/callback"});
    server
        .with_token("")
        .post("/sign-in", elsewhere)
        .refused(422, "invalid");
    let unknown = json!({"redirect_uri": redirect, "issuer": "https://unknown.example"});
    server.with_token("").post("/sign-in", unknown).refused(422, "invalid");
}
