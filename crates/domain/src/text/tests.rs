use super::*;

#[track_caller]
fn looks_alike(left: &str, right: &str, expected: bool) {
    let skeletons = [left, right].map(|text| Name::parse(text).unwrap().skeleton().to_owned());
    assert_eq!(
        skeletons[0] == skeletons[1],
        expected,
        "{left:?} {right:?}: {skeletons:?}"
    );
}

#[test]
fn names_that_look_alike_are_one() {
    looks_alike("Shopify – Client A", "Shopify - Client A", true);
    looks_alike("Shopify - Client A", "shopify - client a", true);
    looks_alike(" ROOT", "root", true);
    looks_alike("Раураl", "Paypal", true); // Cyrillic Р, а, у, р, а
    looks_alike("Cafe\u{301}", "Caf\u{e9}", true);
    looks_alike("Shopify - Client A", "Shopify - Client B", false);
    looks_alike("Straße", "STRASSE", true);
    looks_alike("ΟΔΟΣ", "οδοσ", true);
}

proptest::proptest! {
    #[test]
    fn the_short_way_of_ascii_gives_the_same_skeleton(text in "[ -~]{0,40}") {
        proptest::prop_assert_eq!(skeleton_of(&text), skeleton_of_any(&text));
    }
}

#[test]
fn a_name_is_trimmed_and_composed() {
    assert_eq!(Name::parse("  Cafe\u{301}\n").unwrap().as_str(), "Caf\u{e9}");
}

#[test]
fn names_that_hide_something_are_refused() {
    for name in [
        "",
        "  ",
        "a\u{7}b",
        "a\u{202e}b",
        "a\u{200b}b",
        "a\u{feff}b",
        "a\nb",
        "a\u{2066}b",
        "\u{3164}",
    ] {
        assert!(Name::parse(name).is_err(), "{name:?}");
    }
}

#[test]
fn names_end_at_two_hundred_characters() {
    assert!(Name::parse(&"ä".repeat(NAME_CHARS_MAX)).is_ok());
    assert!(Name::parse(&"ä".repeat(NAME_CHARS_MAX + 1)).is_err());
}

#[test]
fn handles_are_made_from_names() {
    for (name, handle) in [
        ("Shopify – Client A", Some("shopify-client-a")),
        ("  Ünïcode & Söhne!  ", Some("unicode-sohne")),
        ("…", None),
        ("北京", Some("bei-jing")),
    ] {
        assert_eq!(
            Name::parse(name).unwrap().handle().map(|handle| handle.0).as_deref(),
            handle,
            "{name}"
        );
    }
    let long = Name::parse(&"ab ".repeat(60)).unwrap().handle().unwrap();
    assert!(long.as_str().len() <= HANDLE_CHARS_MAX);
    assert!(!long.as_str().ends_with('-'));
}

#[test]
fn a_taken_handle_gets_the_next_free_number() {
    let handle = Handle::parse("shopify").unwrap();
    assert_eq!(handle.free(|_| false).as_str(), "shopify");
    assert_eq!(
        handle.free(|text| ["shopify", "shopify-2"].contains(&text)).as_str(),
        "shopify-3"
    );
    let long = Handle::parse(&"x".repeat(63)).unwrap();
    let free = long.free(|text| text == long.as_str());
    assert_eq!(free.as_str().len(), 63);
    assert!(free.as_str().ends_with("x-2"));
}

#[track_caller]
fn check(parse: impl Fn(&str) -> bool, good: &[&str], bad: &[&str]) {
    good.iter().for_each(|text| assert!(parse(text), "{text:?} is good"));
    bad.iter().for_each(|text| assert!(!parse(text), "{text:?} is bad"));
}

#[test]
fn each_kind_of_text_has_its_pattern() {
    let (long63, long64) = ("a".repeat(63), "a".repeat(64));
    check(
        |text| Handle::parse(text).is_ok(),
        &["a", "0-1", &long63],
        &["", "-a", "A", "a_b", "a b", "é", &long64],
    );
    check(
        |text| ledger_name(text).is_ok(),
        &["a", "ledger.example", "a-b", &long63],
        &["", "a.", "-a", "A", "a/b", &long64],
    );
    check(
        |text| service_id(text).is_ok(),
        &["shopify", "x.y_z-1"],
        &["", "Shopify", ".x", "a b", &long64],
    );
    check(
        |text| variable_name(text).is_ok(),
        &["A", "SHOPIFY_2"],
        &["", "a", "_A", "2A", "A-B"],
    );
    check(
        |text| field_name(text).is_ok(),
        &["_", "api_key", "X-Api.Key", &long64],
        &["", "1a", "a b", "a/b", "é"],
    );
    check(
        |text| environment(text).is_ok(),
        &["", "prod", "eu-west-1"],
        &["Prod", "-", "a b"],
    );
    check(|text| instance_id(text).is_ok(), &["wf:1/2"], &["", "a b", "é"]);
    check(
        |text| scope(text).is_ok(),
        &["https://a.b/c", "read:all"],
        &["", "a b", "a\"b"],
    );
    check(
        |text| tag_name(text).is_ok(),
        &["team", "Größe"],
        &["", " ", "a=b", "a\u{0}"],
    );
    check(
        |text| tag_value(text).is_ok(),
        &["", "a=b"],
        &["a\nb", &"x".repeat(201)],
    );
    check(
        |text| description(text).is_ok(),
        &["", "two\nlines"],
        &["a\u{1b}[0m", &"x".repeat(2_001)],
    );
}
