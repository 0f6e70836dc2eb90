//! Samples are put together at run time, so that no scanner takes this file for a leak.

use super::*;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::json;

/// Letters and digits that look random and are the same each time.
fn random(length: usize) -> String {
    const ALPHABET: &[u8] = b"aB3dE5fG7hJ9kLmN2pQrS4tUvW6xYz8cRtZyQ1";
    let mut state: usize = 11;
    let next = || {
        state = (state * 48_271 + 7) % 2_147_483_647;
        char::from(*ALPHABET.get(state % ALPHABET.len()).unwrap())
    };
    std::iter::repeat_with(next).take(length).collect()
}

fn places(document: &Value) -> Vec<(String, &'static str)> {
    scan_json(document)
        .into_iter()
        .map(|finding| (finding.pointer, finding.rule))
        .collect()
}

#[track_caller]
fn found(document: &Value, expected: &[(&str, &str)]) {
    let places = places(document);
    let places: Vec<(&str, &str)> = places.iter().map(|(p, r)| (p.as_str(), *r)).collect();
    assert_eq!(places, expected);
}

#[track_caller]
fn clean(document: &Value) {
    assert_eq!(places(document), []);
}

#[test]
fn each_format_finds_what_it_describes() {
    let mut runner = TestRunner::deterministic();
    assert!(format_count() >= 60);
    for (id, pattern) in rules::patterns() {
        let strategy = proptest::string::string_regex(
            &pattern
                .replace("\\b{end-half}", "")
                .replace("\\b", "")
                .replace("\\s", " "),
        )
        .unwrap();
        let mut hits = 0;
        for _ in 0..40 {
            let sample = strategy.new_tree(&mut runner).unwrap().current();
            let text = format!("const x = call(\"{sample}\");");
            hits += usize::from(rules::find(&text).is_some());
        }
        // A few of the generated samples are as monotonous as a placeholder.
        assert!(hits >= 36, "{id}: {hits} of 40");
    }
}

#[test]
fn the_rule_that_is_named_is_the_right_one() {
    for (prefix, length, rule) in [
        ("ghp_", 36, "github-token"),
        ("sk-proj-", 48, "openai-key"),
        ("sk-ant-api03-", 40, "anthropic-key"),
        ("sk-", 40, "sk-key"),
        ("xoxb-", 30, "slack-token"),
        ("sk_live_", 24, "stripe-key"),
        ("AIza", 35, "google-api-key"),
        ("shpat_", 32, "shopify-token"),
        ("glpat-", 20, "gitlab-token"),
        ("hf_", 34, "hugging-face-token"),
        ("srt_", 33, "strongroom-token"),
        ("123456789:", 35, "telegram-bot-token"),
        ("https://hooks.slack.com/services/T0123/B0123/", 24, "slack-webhook"),
    ] {
        let text = format!("it is {prefix}{}.", random(length));
        assert_eq!(scan_text(&text).map(|f| f.rule), Some(rule), "{prefix}");
    }
}

#[test]
fn keys_certificates_and_tokens_in_texts_are_found() {
    let pem = format!("-----BEGIN {} KEY-----\n{}\n{}", "RSA PRIVATE", random(64), random(64));
    assert_eq!(scan_text(&pem).map(|f| f.rule), Some("private-key"));
    let escaped = pem.replace('\n', "\\n");
    assert_eq!(scan_text(&escaped).map(|f| f.rule), Some("private-key"));
    let jwt = format!("eyJ{}.eyJ{}.{}", random(20), random(40), random(43));
    assert_eq!(scan_text(&jwt).map(|f| f.rule), Some("jwt"));
    let public = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----";
    assert_eq!(scan_text(public), None);
    let told = "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----";
    assert_eq!(scan_text(told), None);
}

#[test]
fn values_of_fields_that_call_for_a_secret_are_found() {
    found(
        &json!({
            "password": "hunter2!", "apiKey": random(24), "client_secret": random(16), "token": random(32),
            "nested": {"x-api-key": random(20)}, "list": {"Authorization": [format!("Bearer {}", random(30))]},
            "dbPassword": 73_918_264,
        }),
        &[
            ("/password", "assigned-secret"),
            ("/apiKey", "assigned-secret"),
            ("/client_secret", "assigned-secret"),
            ("/token", "assigned-secret"),
            ("/nested/x-api-key", "assigned-secret"),
            ("/list/Authorization/0", "authorization-header"),
            ("/dbPassword", "assigned-secret"),
        ],
    );
}

#[test]
fn pairs_of_name_and_value_are_read_together() {
    found(
        &json!({"headerParameters": {"parameters": [
            {"name": "Accept", "value": "application/json"},
            {"name": "Authorization", "value": format!("Bearer {}", random(40))},
            {"name": "X-Api-Key", "value": random(24)},
            {"value": format!("={}", random(24)), "name": "api_key"},
            {"name": "Authorization", "value": "Bearer {{ $json.token }}"},
            {"name": "Authorization", "value": format!("=Token {}", random(30))},
        ]}}),
        &[
            ("/headerParameters/parameters/1/value", "authorization-header"),
            ("/headerParameters/parameters/2/value", "assigned-secret"),
            ("/headerParameters/parameters/3/value", "assigned-secret"),
            ("/headerParameters/parameters/5/value", "assigned-secret"),
        ],
    );
}

#[test]
fn addresses_give_away_passwords_and_keys() {
    let key = random(32);
    found(
        &json!([
            format!("postgres://app:{}@db.example.org/x", random(12)),
            "https://bob:correcthorse@intranet.example.org",
            format!("https://api.example.org/v1?units=metric&appid={key}"),
            format!("https://api.example.org/?access_token={key}&x=1"),
            "https://user:password@example.org/",
            "https://api.example.org/?key={{ $vars.key }}&token=YOUR_TOKEN_HERE",
            "https://docs.google.com/spreadsheets/d/1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgVE2upms/edit?gid=0",
            "mailto:anna@example.org",
        ]),
        &[
            ("/0", "url-password"),
            ("/1", "url-password"),
            ("/2", "url-query-secret"),
            ("/3", "url-query-secret"),
        ],
    );
}

#[test]
fn code_and_json_in_texts_are_read() {
    let key = random(28);
    found(
        &json!({"nodes": [
            {"parameters": {"jsCode": format!("const a = 1;\nconst apiKey = '{key}';\nreturn a;")}},
            {"parameters": {"jsonBody": format!("{{\"auth\": {{\"client_secret\": \"{key}\"}}}}")}},
            {"parameters": {"code": format!("headers.set(\"X-Api-Key\", \"{key}\")")}},
            {"parameters": {"text": format!("{{\\\"access_token\\\":\\\"{key}\\\"}}")}},
            {"parameters": {"command": format!("curl -H 'Authorization: Bearer {key}' https://x.example.org")}},
            {"parameters": {"jsCode": "const token = $json.token; accessToken = authResult2.token; apiKey = storedKey2; f(['password', 'username1']); const apiKey = process.env.API_KEY_2; setPassword('passwordField1', x)"}},
        ]}),
        &[
            ("/nodes/0/parameters/jsCode", "assigned-secret"),
            ("/nodes/1/parameters/jsonBody", "assigned-secret"),
            ("/nodes/2/parameters/code", "assigned-secret"),
            ("/nodes/3/parameters/text", "assigned-secret"),
            ("/nodes/4/parameters/command", "authorization-header"),
        ],
    );
}

#[test]
fn prose_with_a_password_is_found_and_prose_about_passwords_is_not() {
    assert!(scan_text("The shop's password: Winter!2026 (ask Anna)").is_some());
    assert!(scan_text(&format!("api key is {}", random(24))).is_some());
    for text in [
        "Rotate the password every 90 days",
        "Password: at least 12 characters",
        "Shopify – Client A",
        "token=page2",
        "Ask for the API key: it is in the vault",
        "key: value, secret: none",
        "the access token is refreshed2 hourly",
        "",
    ] {
        assert_eq!(scan_text(text), None, "{text}");
    }
}

#[test]
fn basic_authorization_is_decoded() {
    use base64::Engine as _;
    let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let of = |text: &str| scan_text(&format!("Authorization: Basic {}", encode(text))).map(|f| f.rule);
    assert_eq!(of("shop:tr0ub4dor"), Some("authorization-header"));
    assert_eq!(of("user:password"), None);
    assert_eq!(scan_text("our Basic subscription2026 ends"), None);
}

#[test]
fn expressions_placeholders_and_names_are_clean() {
    clean(&json!({
        "apiKey": "={{ $json.apiKey }}", "api_key": "YOUR_API_KEY", "token": "<your-token-1234567890>", "secret": "***************",
        "password": "", "accessToken": "xxxxxxxxxxxxxxxx", "clientSecret": "${CLIENT_SECRET_2}", "privateKey": "[insert key 1]",
        "auth_token": "{{ $credentials.token1 }}", "authToken": "$vars.token_2", "bearerToken": "process.env.TOKEN_9",
        "apiToken": "OPENAI_API_KEY_2", "secretKey": "my-secret-key", "token2": "accessToken", "Authorization": "=Bearer {{ $json.t1 }}",
        "passwordField": "field-1234567890abcdef", "tokenType": "Bearer", "max_tokens": 4096, "nextPageToken": random(40),
        "genericAuthType": "httpHeaderAuth", "authentication": "predefinedCredentialType", "tokenUrl": "https://id.example.org/oauth2/token",
    }));
}

#[test]
fn ids_are_clean() {
    clean(&json!({
        "id": "94fc73af-a35d-4d5c-a192-6190d2a731ff", "webhookId": "a0d5e8ea-3f53-496e-a41b-cb022f715b43",
        "meta": {"instanceId": "cb484ba7b742928a2048bf8829668bed5b5ad9787579adea888f05980292a4a7"},
        "documentId": {"__rl": true, "value": "1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgVE2upms", "mode": "list"},
        "credentials": {"slackApi": {"id": "VfK3js0YdqBdQLGP", "name": "Slack account"}},
        "channelId": "C04A1B2C3D4", "folderId": "1a2B3c4D5e6F7g8H9i0J", "versionId": "c9c1f0a4-0000-4000-8000-000000000000",
        "sha": "9b74c9897bac770ffc029102a200c5de", "pageId": "8f1d2c3b4a5968778695a4b3c2d1e0f1", "userId": "U02ABCDEF12",
    }));
}

#[test]
fn a_finding_never_holds_the_secret() {
    let secret = format!("ghp_{}", random(36));
    let document =
        json!({"a": {secret.clone(): {"password": "hunter2!", "deep": [secret.clone()]}}, "b": secret.clone()});
    let findings = scan_json(&document);
    assert!(!format!("{findings:?}").contains(&secret));
    let places: Vec<&str> = findings.iter().map(|finding| finding.pointer.as_str()).collect();
    assert_eq!(places, ["/a", "/a", "/a", "/b"]);
    assert!(findings.first().unwrap().hint.starts_with("a key of this object"));
}

#[test]
fn pointers_are_escaped() {
    found(
        &json!({"a/b": {"~": {"password": "hunter2!"}}}),
        &[("/a~1b/~0/password", "assigned-secret")],
    );
}

#[test]
fn findings_are_limited() {
    let many: Vec<Value> = (0..2 * FINDINGS_MAX).map(|_| json!({"password": "hunter2!"})).collect();
    assert_eq!(scan_json(&Value::Array(many)).len(), FINDINGS_MAX);
}

#[test]
fn a_long_text_of_half_matches_ends() {
    for piece in [
        "sk-",
        "eyJaaaaaaaaaa.",
        "https://a:",
        "password: ",
        "-----BEGIN ",
        "Bearer ",
        "token=\"",
        "?key=",
        "xoxb-1-",
        "0/1:",
        "SG.aaaaaaaaaaaaaaaa.",
    ] {
        let _ = scan_text(&piece.repeat(200_000 / piece.len()));
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,80}", key in "\\PC{0,12}") {
        let _ = scan_text(&text);
        let _ = scan_json(&json!({key: text.clone(), "name": text.clone(), "value": text}));
    }

    #[test]
    fn ordinary_words_are_clean(words in proptest::collection::vec("[a-z]{1,9}", 1..12)) {
        let text = words.join(" ");
        prop_assert_eq!(scan_text(&text), None);
    }
}
