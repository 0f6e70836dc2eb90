//! The work of an agency as scripts of the command line: from dev to prod and back, three duplicates made one and undone,
//! somebody who leaves.

use crate::harness::{Agency, Place};
use serde_json::Value;

fn column<'v>(list: &'v Value, name: &str) -> Vec<&'v str> {
    let items = list.as_array().unwrap();
    items.iter().map(|it| it[name].as_str().unwrap_or_default()).collect()
}

/// How each variable of two workspaces compares: `SHOP other`.
fn compared(place: &Place, from: &str, to: &str) -> Vec<String> {
    let comparison = place.json(&["workspace", "compare", from, to]);
    let items = comparison["items"].as_array().unwrap();
    let one = |it: &Value| {
        let what = it["variable"].as_str().unwrap_or("revision");
        format!("{what} {}", it["how"].as_str().unwrap())
    };
    items.iter().map(one).collect()
}

/// (F) Dev to prod by compare and copy, rolled back.
#[test]
#[expect(clippy::too_many_lines, reason = "one story from end to end")]
fn from_dev_to_prod_and_back() {
    let place = Place::new();
    let server = place.serve();
    Agency::build(&server);
    for (name, environment) in [("A dev", "dev"), ("A prod", "prod")] {
        let made = [
            "workspace",
            "create",
            name,
            "--client",
            "client-a",
            "--environment",
            environment,
        ];
        place.run(&made).exits(0);
    }
    let maps = ["--map", "SHOP=shopify-client-a", "--map", "AI=openai", "--yes"];
    place
        .run(&[&["setup", "a-dev", "orders"], &maps[..4]].concat())
        .exits(0);
    assert_eq!(
        compared(&place, "a-dev", "a-prod"),
        ["revision only_from", "AI only_from", "SHOP only_from"]
    );
    let table = place.run(&["workspace", "compare", "a-dev", "a-prod"]).exits(0);
    assert!(
        table.out.contains("only in a-dev") && table.out.contains("shopify-client-a"),
        "{}",
        table.out
    );
    let size = server.size();
    place
        .run(&["workspace", "compare", "a-dev", "a-prod", "--copy", "--dry-run"])
        .exits(0);
    assert_eq!(server.size(), size, "a dry run changes nothing");
    let copied = place.json(&[
        "workspace",
        "compare",
        "a-dev",
        "a-prod",
        "--copy",
        "--yes",
        "--reason",
        "go live",
    ]);
    assert_eq!(
        compared(&place, "a-dev", "a-prod"),
        ["revision same", "AI same", "SHOP same"]
    );
    let resolved = place.json(&["resolve", "a-prod", "orders", "--dry-run"]);
    assert_eq!(resolved["variables"]["SHOP"]["credential"], "shopify-client-a");
    // Prod gets a key of its own; that is what differs from then on.
    let secret = place.file("own.txt", "tkn-own-kX82hqLw93mDv1\n");
    let own = format!("token=@{secret}");
    place
        .run(&[
            "credential",
            "create",
            "Prod shop",
            "--service",
            "shopify",
            "--kind",
            "access_token",
            "--client",
            "client-a",
            "--secret",
            &own,
        ])
        .exits(0);
    place.run(&["map", "a-prod", "orders", "SHOP", "prod-shop"]).exits(0);
    assert_eq!(
        compared(&place, "a-dev", "a-prod"),
        ["revision same", "AI same", "SHOP other"]
    );
    place.run(&["unmap", "a-prod", "orders", "SHOP"]).exits(0);
    place
        .run(&["map", "a-prod", "orders", "SHOP", "shopify-client-a"])
        .exits(0);
    // And all of it taken back by its one name.
    let correlation = copied["correlation"].as_str().unwrap();
    place.run(&["undo", correlation, "--yes"]).exits(0);
    assert_eq!(
        compared(&place, "a-dev", "a-prod"),
        ["revision same", "AI only_from", "SHOP only_from"]
    );
    // As it was while it was live.
    let live = copied["position"].as_u64().unwrap() + 2;
    let then = place.json(&["workspace", "compare", "a-dev", "a-prod", "--as-of", &live.to_string()]);
    assert_eq!(column(&then["items"], "how"), ["same", "same", "same"], "{then}");
}

/// (H) Three duplicates made one, and un-merged.
#[test]
fn three_duplicates_become_one_and_three_again() {
    let place = Place::new();
    let server = place.serve();
    Agency::build(&server);
    let secret = place.file("key.txt", "key-of-all-Zq83nVx1\n");
    let value = format!("api_key=@{secret}");
    let create = |name: &str| {
        let base = [
            "credential",
            "create",
            name,
            "--service",
            "openai",
            "--kind",
            "api_key",
            "--secret",
            &value,
        ];
        place.run(&base).exits(2); // it is held already, and says by whom
        place.run(&[&base[..], &["--accept-duplicate"]].concat()).exits(0);
    };
    create("OpenAI copy");
    create("OpenAI old");
    for (shop, client, key) in [("shop-a", "a", "openai-copy"), ("shop-b", "b", "openai-old")] {
        place
            .run(&["map", shop, "orders", "SHOP", &format!("shopify-client-{client}")])
            .exits(0);
        place.run(&["map", shop, "orders", "AI", key]).exits(0);
    }
    let hygiene = place.json(&["hygiene"]);
    let duplicates: Vec<&str> = hygiene["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["untidy"].as_array().unwrap().contains(&Value::from("duplicate")))
        .map(|it| it["credential"].as_str().unwrap())
        .collect();
    assert_eq!(duplicates, ["openai", "openai-copy", "openai-old"]);
    let mut work = Vec::new();
    for old in ["openai-copy", "openai-old"] {
        let shown = place.json(&["credential", "replace", old, "openai", "--dry-run"]);
        assert_eq!(column(&shown["changes"], "from"), [old], "{shown}");
        let done = place.json(&["credential", "replace", old, "openai", "--yes"]);
        work.push(done["correlation"].as_str().unwrap().to_owned());
        place.run(&["credential", "revoke", old, "--dry-run"]).exits(0);
    }
    let behind =
        |shop: &str| place.json(&["resolve", shop, "orders", "--dry-run"])["variables"]["AI"]["credential"].clone();
    assert_eq!((behind("shop-a"), behind("shop-b")), ("openai".into(), "openai".into()));
    for correlation in &work {
        place.run(&["undo", correlation, "--yes"]).exits(0);
    }
    assert_eq!(
        (behind("shop-a"), behind("shop-b")),
        ("openai-copy".into(), "openai-old".into())
    );
}

#[test]
fn who_leaves_leaves_a_list_of_what_he_knows() {
    let place = Place::new();
    let server = place.serve();
    Agency::build(&server);
    place.run(&["principal", "create", "Ben"]).exits(0);
    place
        .run(&["grant", "add", "ben", "reader", "--credential", "openai"])
        .exits(0);
    let token = place.json(&["token", "create", "--for", "ben", "--label", "laptop"]);
    let ben = server.with_token(token["token"].as_str().unwrap());
    ben.post("/credentials/openai/reveal", serde_json::json!({"reason": "debugging"}))
        .ok();
    let shown = place.json(&["principal", "offboard", "ben", "--dry-run"]);
    assert_eq!(column(&shown["saw"], "credential"), ["openai"], "{shown}");
    assert_eq!(
        (column(&shown["rotate"], "credential"), column(&shown["rotate"], "why")),
        (vec!["openai"], vec!["revealed"])
    );
    let text = place.run(&["principal", "offboard", "ben", "--dry-run"]).exits(0).out;
    assert!(text.contains("ROTATED SINCE") && text.contains("revealed"), "{text}");
    place
        .run(&["principal", "offboard", "ben", "--yes", "--reason", "left"])
        .exits(0);
    ben.get("/whoami").refused(401, "unauthenticated");
    let secret = place.file("new.txt", "key-new-of-all-Zq83nVx1\n");
    place
        .run(&[
            "credential",
            "rotate",
            "openai",
            "--secret",
            &format!("api_key=@{secret}"),
        ])
        .exits(0);
    let impact = place.json(&["audit", "impact", "principal:ben"]);
    assert_eq!(
        (&impact["rotate"], &impact["reached"][0]["rotated_since"]),
        (&Value::Array(Vec::new()), &Value::Bool(true))
    );
}
