use super::*;
use std::collections::HashSet;

#[test]
fn the_compiled_in_rows_fit_together() {
    assert!(services().len() >= 1_013);
    assert!(n8n_types().len() >= 409);
    assert!(services().is_sorted_by(|a, b| a.id < b.id));
    assert!(n8n_types().is_sorted_by(|a, b| a.n8n_type < b.n8n_type));
    for row in services() {
        assert!(!row.kinds.is_empty() && !row.name.is_empty(), "{}", row.id);
        assert!(
            row.id
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        );
        check_fields(row.id, row.fields.iter().map(|f| f.name));
    }
    for row in n8n_types() {
        assert!(service(row.service).is_some(), "{} → {}", row.n8n_type, row.service);
        assert!(row.kinds.contains(&Kind::Custom), "{}", row.n8n_type);
        check_fields(row.n8n_type, row.fields.iter().map(|f| f.name));
        let needed: &[&str] = match row.kinds.first() {
            Some(Kind::ApiKey) => &["api_key"],
            Some(Kind::AccessToken) => &["token"],
            Some(Kind::Basic) => &["username", "password"],
            _ => &[],
        };
        for name in needed {
            assert!(
                row.fields.iter().any(|f| f.name == *name),
                "{} has no {name}",
                row.n8n_type
            );
        }
    }
}

#[track_caller]
fn check_fields<'a>(owner: &str, fields: impl Iterator<Item = &'a str>) {
    let mut seen = HashSet::new();
    for field in fields {
        assert!(field.starts_with(|c: char| c.is_ascii_lowercase()), "{owner}: {field}");
        assert!(
            field
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'),
            "{owner}: {field}"
        );
        assert!(seen.insert(field), "{owner} has {field} twice");
    }
}

#[track_caller]
fn check(n8n: &str, service: &str, kind: Kind, fields: &[(&str, &str, Class)]) {
    let row = n8n_type(n8n).unwrap();
    assert_eq!((row.service, row.kinds.first()), (service, Some(&kind)));
    for (from, name, class) in fields {
        let field = row.field(from).unwrap();
        assert_eq!((field.name, field.class), (*name, *class), "{n8n} {from}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of types")]
fn well_known_n8n_types_find_service_kind_and_classes() {
    use Class::{Destination, Plain, Secret};
    check(
        "slackApi",
        "slack",
        Kind::AccessToken,
        &[("accessToken", "token", Secret)],
    );
    check(
        "openAiApi",
        "openai",
        Kind::ApiKey,
        &[("apiKey", "api_key", Secret), ("url", "url", Destination)],
    );
    check(
        "shopifyApi",
        "shopify",
        Kind::ApiKey,
        &[
            ("shopSubdomain", "shop_subdomain", Destination),
            ("password", "password", Secret),
        ],
    );
    check(
        "httpBasicAuth",
        "http",
        Kind::Basic,
        &[("user", "username", Plain), ("password", "password", Secret)],
    );
    check(
        "httpHeaderAuth",
        "http",
        Kind::Custom,
        &[("name", "name", Plain), ("value", "value", Secret)],
    );
    check(
        "telegramApi",
        "telegram",
        Kind::AccessToken,
        &[("baseUrl", "base_url", Destination)],
    );
    check(
        "postgres",
        "postgres",
        Kind::Custom,
        &[
            ("host", "host", Destination),
            ("password", "password", Secret),
            ("user", "user", Plain),
        ],
    );
    check(
        "googleSheetsOAuth2Api",
        "google",
        Kind::Oauth2,
        &[
            ("clientSecret", "client_secret", Secret),
            ("accessTokenUrl", "token_url", Destination),
        ],
    );
    check(
        "databricksOAuth2Api",
        "databricks",
        Kind::ClientCredentials,
        &[("host", "host", Destination)],
    );
    check(
        "aws",
        "aws",
        Kind::Custom,
        &[
            ("secretAccessKey", "secret_access_key", Secret),
            ("region", "region", Destination),
        ],
    );
    check("httpCustomAuth", "http", Kind::Custom, &[("json", "json", Secret)]);
}

#[test]
fn a_field_nobody_knows_is_not_classified() {
    assert_eq!(classify("slack", Kind::AccessToken, "token"), Some(Class::Secret));
    assert_eq!(
        classify("shopify", Kind::Custom, "shopSubdomain"),
        Some(Class::Destination)
    );
    assert_eq!(classify("google", Kind::Oauth2, "clientSecret"), Some(Class::Secret));
    assert_eq!(
        classify("unheard-of", Kind::Oauth2App, "token_url"),
        Some(Class::Destination)
    );
    assert_eq!(classify("slack", Kind::AccessToken, "mystery"), None);
    assert_eq!(classify("unheard-of", Kind::Custom, "host"), None);
}

#[test]
fn a_mistyped_service_is_suggested() {
    for (typed, meant) in [
        ("shopfy", "shopify"),
        ("Slack", "slack"),
        ("google_sheets", "google-sheet"),
        ("opnai", "openai"),
        ("hub-spot", "hubspot"),
    ] {
        assert!(suggest(typed).contains(&meant), "{typed}: {:?}", suggest(typed));
    }
    assert_eq!(suggest("shopify").first(), Some(&"shopify"));
    assert!(suggest("qqqqqqqqqq").is_empty());
    assert!(suggest("").is_empty());
}

#[test]
fn search_finds_names_and_ids() {
    assert_eq!(search("slack").first().map(|s| s.id), Some("slack"));
    assert!(search("Adobe Commerce").iter().any(|s| s.id == "adobe-commerce"));
    assert_eq!(search("").len(), services().len());
}

#[test]
fn an_unknown_type_gets_a_service_named_after_it() {
    assert_eq!(service_of_unknown("acmeCrmApi"), "acme-crm");
    assert_eq!(service_of_unknown("hub_spotOAuth2Api"), "hubspot");
}

#[test]
fn hosts_come_from_the_service_and_the_destinations() {
    let shop = allowed_hosts("shopify", &[("shop_subdomain", "client-a")]);
    assert_eq!(shop, ["client-a.myshopify.com"]);
    let brought_along = allowed_hosts("shopify", &[("shop_subdomain", "client-a.myshopify.com")]);
    assert_eq!(brought_along, ["client-a.myshopify.com"]);
    assert!(allowed_hosts("shopify", &[("shop_subdomain", "evil.example/?x=")]).is_empty());
    let db = allowed_hosts("postgres", &[("host", "db.example.org"), ("port", "5432")]);
    assert_eq!(db, ["db.example.org"]);
    let url = allowed_hosts("n8n", &[("base_url", "https://user@N8N.example.org:5678/api/v1")]);
    assert_eq!(url, ["n8n.example.org"]);
    assert!(allowed_hosts("openai", &[]).contains(&"api.openai.com".to_owned()));
}
