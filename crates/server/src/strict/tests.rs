use super::*;
use strongroom_api::Document;
use strongroom_api::credential::{CreateCredential, RollbackCredential};
use strongroom_api::template::CreateTemplate;

const SECRET: &str = "cnry, expected `x`";

fn error<T: DeserializeOwned>(body: &str) -> JsonError {
    read::<T>(body.as_bytes(), 0).err().unwrap()
}

fn create(members: &str) -> JsonError {
    error::<CreateCredential>(&format!(
        "{{\"name\":\"N\",\"service\":\"openai\",\"kind\":\"api_key\"{members}}}"
    ))
}

#[test]
fn an_unknown_member_is_named_with_its_place() {
    let JsonError::Unknown { pointer, name, known } = create(",\"fields\":{},\"surprise\":\"cnry\"") else {
        panic!()
    };
    assert_eq!((pointer.as_str(), name.as_deref()), ("/surprise", Some("surprise")));
    assert!(known.iter().any(|name| name == "destinations"), "{known:?}");
    let nested = r#"{"variables":[{"name":"A","service":"s","colour":1}]}"#;
    let JsonError::Unknown { pointer, .. } = error::<CreateTemplate>(nested) else {
        panic!()
    };
    assert_eq!(pointer, "/variables/0/colour");
}

#[test]
fn a_member_whose_name_is_a_secret_is_not_repeated() {
    let key = ["sk_live_", "51Nq8xKwZ7hVt2Lm9PdRfYbGcJ4"].concat();
    let found = create(&format!(",\"fields\":{{}},\"{key}\":1"));
    assert!(!format!("{found:?}").contains(&key), "{found:?}");
    let long = "n".repeat(2_000);
    assert!(format!("{:?}", create(&format!(",\"{long}\":1"))).len() < 1_000);
}

#[test]
fn a_missing_member_is_named() {
    let found = error::<CreateCredential>(r#"{"name":"N","kind":"api_key","fields":{}}"#);
    assert_eq!(
        found,
        JsonError::Missing {
            pointer: "/service".to_owned(),
            name: "service".to_owned()
        }
    );
    let empty = error::<CreateCredential>("");
    assert!(matches!(empty, JsonError::Missing { name, .. } if name == "name"));
}

#[test]
fn a_wrong_type_is_placed_and_never_repeated() {
    let cases = [
        (
            create(&format!(",\"fields\":{SECRET:?}")),
            "/fields",
            "an object of texts",
        ),
        (
            create(&format!(",\"fields\":{{\"api_key\":[{SECRET:?}]}}")),
            "/fields/api_key",
            "a text",
        ),
        (create(",\"fields\":{\"api_key\":77123}"), "/fields/api_key", "a text"),
        (
            create(&format!(",\"fields\":{{}},\"plain\":{SECRET:?}")),
            "/plain",
            "a list",
        ),
        (
            create(&format!(",\"fields\":{{}},\"accept_duplicate\":{SECRET:?}")),
            "/accept_duplicate",
            "true or false",
        ),
        (
            create(&format!(",\"fields\":{{}},\"tags\":[{SECRET:?}]")),
            "/tags",
            "`name=value`",
        ),
        (
            error::<RollbackCredential>(&format!("{{\"version\":{SECRET:?}}}")),
            "/version",
            "a whole number from 0 on",
        ),
        (
            error::<RollbackCredential>("{\"version\":-77123}"),
            "/version",
            "a whole number from 0 on",
        ),
        (error::<RollbackCredential>(&format!("[{SECRET:?}]")), "", "an object"),
        (error::<RollbackCredential>(&format!("{SECRET:?}")), "", "an object"),
    ];
    for (found, at, what) in cases {
        let shown = format!("{found:?}");
        assert!(!shown.contains("cnry") && !shown.contains("77123"), "{shown}");
        let JsonError::Type { pointer, expected } = found else {
            panic!("{shown}")
        };
        assert_eq!((pointer.as_str(), expected.as_str()), (at, what));
    }
}

#[test]
fn a_member_twice_is_refused() {
    assert!(matches!(create(",\"name\":\"cnry\""), JsonError::Twice { pointer } if pointer == "/name"));
    let fields = create(",\"fields\":{\"a\":\"1\",\"a\":\"cnry\"}");
    assert!(matches!(fields, JsonError::Twice { pointer } if pointer.starts_with("/fields")));
}

#[test]
fn what_is_no_json_is_placed_by_line_and_column() {
    for bad in [
        "{\"name\": \"cnry\"",
        "{\"name\": cnry}",
        "{\"name\": \"\\ud800\"}",
        "\u{feff}{}",
    ] {
        let found = error::<CreateCredential>(bad);
        assert!(matches!(found, JsonError::Syntax { line: 1, .. }), "{bad}: {found:?}");
    }
    assert!(matches!(
        read::<CreateCredential>(b"{\"name\": \"\xe9\"}", 0),
        Err(JsonError::Syntax { .. })
    ));
}

#[test]
fn depth_is_counted_outside_strings() {
    let nested = |depth: usize| format!("{{\"name\": {}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
    assert_eq!(error::<CreateCredential>(&nested(65)), JsonError::Depth { max: 64 });
    assert!(matches!(error::<CreateCredential>(&nested(64)), JsonError::Type { pointer, .. } if pointer == "/name"));
    assert_eq!(
        error::<CreateCredential>(&nested(200_000)),
        JsonError::Depth { max: 64 }
    );
    assert_eq!(depth(br#"{"a":"[[[[\"[[","b":[1]}"#), 2);
    let document = format!("{}{}", "[".repeat(64), "]".repeat(64));
    assert!(read::<CreateTemplate>(format!("{{\"document\":{document}}}").as_bytes(), 1).is_ok());
    assert!(matches!(serde_json::from_str::<Document>(&document), Ok(document) if document.text().len() == 128));
}
