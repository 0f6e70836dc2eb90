//! Wrong use, told to people and to programs.

use crate::harness::Place;
use serde_json::json;

#[test]
fn wrong_use_is_a_problem_for_programs_and_a_text_for_people() {
    let place = Place::new();
    let problem = place.run(&["credential", "lst", "--output", "json"]).exits(1);
    assert_eq!(problem.out, "");
    let failure = problem.failure();
    assert_eq!(
        (&failure["type"], &failure["exit"]),
        (&json!("urn:strongroom:problem:usage"), &json!(1)),
        "{failure}"
    );
    assert!(failure["hint"].as_str().unwrap().contains("list"), "{failure}");
    for line in [
        &["--output=json"][..],
        &["credential", "get", "--output", "json"],
        &["nonsense", "--output", "json"],
    ] {
        place.run(line).exits(1).failure();
    }
    let people = place.run(&["credential", "lst"]).exits(1);
    assert!(
        people.err.starts_with("error: unrecognized subcommand") && !people.err.contains('{'),
        "{}",
        people.err
    );
    let help = place.run(&["credential", "--help", "--output", "json"]).exits(0);
    assert!(
        help.out.contains("Usage"),
        "help is for people, whatever is asked: {}",
        help.out
    );
}
