use super::*;
use proptest::prelude::*;

const EXAMPLE: &str = include_str!("../../../../../examples/n8n-credentials.json");

fn one(n8n_type: &str, data: &str) -> String {
    format!(r#"[{{"id":"1","name":"N","type":"{n8n_type}","data":{data}}}]"#)
}

#[track_caller]
fn read(document: &str) -> Vec<ImportCredential> {
    match parse(document.as_bytes(), None) {
        Ok(credentials) => credentials,
        Err(error) => panic!("{error}"),
    }
}

#[track_caller]
fn first(document: &str) -> ImportCredential {
    read(document).into_iter().next().unwrap()
}

#[track_caller]
fn refused(document: &str, expected: &str) {
    let error = parse(document.as_bytes(), None).err().unwrap();
    assert_eq!(error.to_string(), expected);
}

/// `name=value class` of each field, `#` for JSON.
fn fields(credential: &ImportCredential) -> Vec<String> {
    let show = |field: &ImportField| {
        let mark = if field.json { "#" } else { "" };
        format!("{}={}{mark} {}", field.name, field.value.expose(), field.class.as_str())
    };
    credential.fields.iter().map(show).collect()
}

#[test]
fn the_example_is_read() {
    let credentials = read(EXAMPLE);
    let kinds: Vec<(&str, &str)> = credentials
        .iter()
        .map(|c| (c.service.as_str(), c.kind.as_str()))
        .collect();
    let expected = [
        ("shopify", "access_token"),
        ("openai", "api_key"),
        ("slack", "access_token"),
        ("http", "custom"),
        ("google", "oauth2"),
        ("postgres", "custom"),
    ];
    assert_eq!(kinds, expected);
    assert!(credentials.iter().all(|c| c.warnings.is_empty()));
    assert_eq!(
        fields(credentials.first().unwrap()),
        [
            "shop_subdomain=demo-client-a destination",
            "token=demo-shop-token-for-client-a secret",
            "app_secret_key=demo-shop-app-secret secret"
        ]
    );
    let postgres = fields(credentials.last().unwrap());
    assert!(postgres.contains(&"port=5432# destination".to_owned()));
    assert!(postgres.contains(&"user=demo_reader plain".to_owned()));
}

#[test]
fn an_account_has_its_tokens_and_the_endpoints_that_n8n_hides() {
    let account = read(EXAMPLE).into_iter().nth(4).unwrap();
    let fields = fields(&account);
    for expected in [
        "access_token=demo-google-access-token secret",
        "refresh_token=demo-google-refresh-token secret",
        "scopes=https://www.googleapis.com/auth/gmail.modify plain",
        "expires_at=2026-11-18T11:06:40Z plain",
        "client_secret=demo-google-client-secret secret",
        "token_url=https://oauth2.googleapis.com/token destination",
    ] {
        assert!(fields.contains(&expected.to_owned()), "{expected} is not in {fields:?}");
    }
}

#[test]
fn the_grant_decides_the_kind() {
    let app = first(&one("slackOAuth2Api", r#"{"clientId":"a","clientSecret":"b"}"#));
    assert_eq!(app.kind, Kind::Oauth2App);
    assert_eq!(app.warnings.len(), 1);
    let client = first(&one(
        "oAuth2Api",
        r#"{"grantType":"clientCredentials","clientId":"a","clientSecret":"b","accessTokenUrl":"https://id.example.org/token"}"#,
    ));
    assert_eq!(client.kind, Kind::ClientCredentials);
    assert!(fields(&client).contains(&"token_url=https://id.example.org/token destination".to_owned()));
}

#[test]
fn what_the_token_endpoint_said_besides_is_kept_secret() {
    let slack = first(&one(
        "slackOAuth2Api",
        r#"{"oauthTokenData":{"access_token":"x","token_type":"Bearer","authed_user":{"access_token":"y"}}}"#,
    ));
    assert!(fields(&slack).contains(&r#"oauth_token_data={"authed_user":{"access_token":"y"}}# secret"#.to_owned()));
}

#[test]
fn an_unknown_type_is_custom_and_all_secret() {
    let credential = first(&one(
        "acmeCrmApi",
        r#"{"apiKey":"k","host":"h","flag":true,"9 lives":"x","":"e"}"#,
    ));
    assert_eq!(
        (credential.service.as_str(), credential.kind),
        ("acme-crm", Kind::Custom)
    );
    assert_eq!(credential.warnings.len(), 1);
    assert_eq!(
        fields(&credential),
        [
            "api_key=k secret",
            "host=h secret",
            "flag=true# secret",
            "field_9_lives=x secret",
            "field=e secret"
        ]
    );
}

#[test]
fn a_field_that_the_type_does_not_have_is_secret() {
    let credential = first(&one(
        "openAiApi",
        r#"{"apiKey":"k","mystery":"m","allowedHttpRequestDomains":"all"}"#,
    ));
    assert_eq!(
        fields(&credential),
        [
            "api_key=k secret",
            "mystery=m secret",
            "allowed_http_request_domains=all plain"
        ]
    );
}

#[test]
fn empty_and_withheld_values_are_left_out() {
    let credential = first(&one(
        "slackApi",
        r#"{"accessToken":"__n8n_BLANK_VALUE_e5","signatureSecret":"","teamId":null,"x":{},"y":[]}"#,
    ));
    assert!(credential.fields.is_empty());
    assert_eq!(credential.kind, Kind::Custom);
    let what: Vec<&str> = credential.warnings.iter().map(|w| w.what.as_str()).collect();
    assert_eq!(
        what,
        [
            "n8n withheld the value of accessToken: enter it by hand",
            "token is empty: it becomes a custom credential",
            "the entry holds no secret value"
        ]
    );
}

#[test]
fn two_fields_never_share_a_name() {
    let credential = first(&one("acmeApi", r#"{"apiKey":"1","api_key":"2","api-key":"3"}"#));
    assert_eq!(
        fields(&credential),
        ["api_key=1 secret", "api_key_2=2 secret", "api_key_3=3 secret"]
    );
}

#[test]
fn a_bad_export_is_refused_by_place_and_field() {
    refused("{}", "this is no n8n credential export");
    refused("[3]", "this is no n8n credential export (at /0)");
    refused(r#"{"nodes":[]}"#, "this is a workflow, not a credential export");
    refused(r#"[{"name":"a","type":"t","data":{}}]"#, "the entry has no id (at /0)");
    refused(
        r#"[{"id":"1","name":" ","type":"t","data":{}}]"#,
        "the entry has no name (at /0)",
    );
    refused(r#"[{"id":"1","name":"n","data":{}}]"#, "the entry has no type (at /0)");
    refused(
        r#"[{"id":"1","name":"n","type":"t","data":[]}]"#,
        "the entry has no data (at /0/data)",
    );
    let twice = r#"[{"id":"1","name":"a","type":"aws","data":{}},{"id":1,"name":"b","type":"aws","data":{}}]"#;
    refused(twice, "an entry before this one has the same id (at /1/id)");
    refused(
        r#"[{"id":"1","data":{"a":"hunter2","a":"hunter3"}}]"#,
        "a key stands twice in one object (at /0/data/a, line 1, column 36)",
    );
}

#[test]
fn an_encrypted_export_opens_with_its_key_only() {
    let sealed = encryption::seal(br#"{"accessToken":"demo-value"}"#, "instance key ü", b"saltsalt");
    let document = one("slackApi", &format!("\"{sealed}\""));
    let opened = parse(document.as_bytes(), Some("instance key ü\n")).ok().unwrap();
    assert_eq!(fields(opened.first().unwrap()), ["token=demo-value secret"]);

    refused(&document, "the export is encrypted (at /0/data)");
    for wrong in 0..600 {
        let key = format!("wrong key {wrong}");
        let error = parse(document.as_bytes(), Some(&key)).err().unwrap();
        assert_eq!(
            error.to_string(),
            "the encryption key doesn't open this entry (at /0/data)"
        );
        assert!(!format!("{error:?}").contains(&key));
    }
}

#[test]
fn times_are_those_of_the_calendar() {
    assert_eq!(rfc3339(0).as_deref(), Some("1970-01-01T00:00:00Z"));
    assert_eq!(rfc3339(951_782_400_000).as_deref(), Some("2000-02-29T00:00:00Z"));
    assert_eq!(rfc3339(1_735_689_599_999).as_deref(), Some("2024-12-31T23:59:59Z"));
    assert_eq!(rfc3339(253_402_300_799_999).as_deref(), Some("9999-12-31T23:59:59Z"));
    assert_eq!((rfc3339(253_402_300_800_000), rfc3339(-1)), (None, None));
}

proptest! {
    #[test]
    fn no_document_makes_it_panic_or_tell_a_value(
        key in ".{0,12}",
        n8n_type in prop_oneof![Just("slackApi".to_owned()), Just("oAuth2Api".to_owned()), ".{0,8}"],
        tail in ".{0,20}",
    ) {
        let value = format!("canary-{tail}");
        let document = serde_json::json!([
            {"id": "1", "name": "n", "type": n8n_type, "data": {key.clone(): value, "oauthTokenData": {key: value}}},
            {"id": "1", "name": "n", "type": "x", "data": {"a": value}},
        ]);
        if let Err(error) = parse(document.to_string().as_bytes(), Some("k")) {
            let shown = format!("{error:?}");
            prop_assert!(!shown.contains("canary-"));
        }
        let _ = parse(tail.as_bytes(), None);
    }
}
