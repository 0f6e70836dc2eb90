//! The authorisation matrix: every route of the contract × every role × every place that a grant can stand in to what is
//! asked for. The routes come from the OpenAPI document: a route without a row here, or a row without a route, fails.
//!
//! What is asked for belongs to client a. The columns are where the asker's grant holds:
//!
//! | column | the grant |
//! |---|---|
//! | all | the whole ledger |
//! | in | client a |
//! | out | a workspace of no client, where nothing of client a is used |
//! | other | client b |
//! | hole | the whole ledger, and the same role denied at client a |
//! | denied | the whole ledger, and the same role denied on the whole ledger |
//! | ended | the whole ledger, until an hour ago |
//!
//! and each has a letter for each role, in this order: viewer, member, editor, service, reader, auditor, admin, owner.
//!
//! - `y` the rights let it pass (what is wrong behind them does not matter: writes carry an `If-Match` that never fits);
//! - `e` a list is answered, and says nothing of what is asked for;
//! - `d` denied: that something is there is no secret;
//! - `.` not found: it is as if it were not there.

use crate::world::{Reply, World};
use axum::http::StatusCode;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const ROLES: [&str; 8] = [
    "viewer", "member", "editor", "service", "reader", "auditor", "admin", "owner",
];
const PLACES: [&str; 7] = ["all", "in", "out", "other", "hole", "denied", "ended"];

#[rustfmt::skip]
const TABLE: &str = "
                                                                        | all      in       out      other    hole     denied   ended
GET /admin/backup                                                       | ddddddyy dddddddd dddddddd dddddddd ddddddyy dddddddd dddddddd
GET /admin/dump                                                         | dddddyyy dddddddd dddddddd dddddddd dddddyyy dddddddd dddddddd
POST /admin/replay                                                      | dddddyyy dddddddd dddddddd dddddddd dddddyyy dddddddd dddddddd
GET /admin/status                                                       | yyydyyyy dddddddd dddddddd dddddddd yyydyyyy dddddddd dddddddd
POST /admin/verify                                                      | dddddyyy dddddddd dddddddd dddddddd dddddyyy dddddddd dddddddd
GET /approvals                                                          | eeeeeyyy eeeeeeyy eeeeeeee eeeeeeee eeeeeeee eeeeeeee eeeeeeee
GET /approvals/{id}                                                     | .....yyy ......yy ........ ........ .....yyy ........ ........
POST /approvals/{id}/approve                                            | .....dyy ......yy ........ ........ .....ddd ........ ........
POST /approvals/{id}/decline                                            | .....dyy ......yy ........ ........ .....ddd ........ ........
GET /audit/checkpoint                                                   | yyyyyyyy yyyyyyyy yyyyyyyy yyyyyyyy yyyyyyyy yyyyyyyy yyyyyyyy
GET /audit/consistency                                                  | yyyyyyyy yyyyyyyy yyyyyyyy yyyyyyyy yyyyyyyy yyyyyyyy yyyyyyyy
GET /audit/diff                                                         | yyy.yyyy yyy.yyyy ........ ........ ........ ........ ........
GET /audit/events                                                       | yyyyyyyy yyyyyyyy eeeeeeee eeeeeeee yyyeyyyy eeeeeeee eeeeeeee
GET /audit/events/{position}                                            | dddddyyy dddddddd dddddddd dddddddd dddddyyy dddddddd dddddddd
GET /audit/explain/{position}                                           | dddddyyy dddddddd dddddddd dddddddd dddddyyy dddddddd dddddddd
GET /audit/export                                                       | dddddyyy dddddddd dddddddd dddddddd dddddyyy dddddddd dddddddd
GET /audit/impact                                                       | dddddyyy dddddddd dddddddd dddddddd ddddd... dddddddd dddddddd
GET /audit/key                                                          | yyyyyyyy yyyyyyyy yyyyyyyy yyyyyyyy yyyyyyyy yyyyyyyy yyyyyyyy
POST /audit/leak-search                                                 | dddddyyy dddddddd dddddddd dddddddd dddddyyy dddddddd dddddddd
GET /audit/log/{path}                                                   | dddddyyy dddddddd dddddddd dddddddd dddddyyy dddddddd dddddddd
GET /audit/reports                                                      | dddddeee dddddddd dddddddd dddddddd dddddeee dddddddd dddddddd
GET /audit/reports/{name}                                               | dddddyyy dddddddd dddddddd dddddddd ddddd... dddddddd dddddddd
GET /audit/tail                                                         | yyyyyyyy yyyyyyyy yyyyyyyy yyyyyyyy yyyyyyyy yyyyyyyy yyyyyyyy
GET /clients                                                            | yyyeyyyy yyyeyyyy eeeeeeee eeeeeeee eeeeeeee eeeeeeee eeeeeeee
POST /clients                                                           | ddydddyy dddddddd dddddddd dddddddd ddydddyy dddddddd dddddddd
GET /clients/{handle}                                                   | yyy.yyyy yyy.yyyy ........ ........ ........ ........ ........
POST /clients/{handle}/archive                                          | ddy.ddyy ddy.ddyy ........ ........ ........ ........ ........
POST /clients/{handle}/update                                           | ddy.ddyy ddy.ddyy ........ ........ ........ ........ ........
GET /credentials                                                        | yyyeyyyy yyyeyyyy eeeeeeee eeeeeeee eeeeeeee eeeeeeee eeeeeeee
POST /credentials                                                       | ddy.ddyy ddy.ddyy ........ ........ ........ ........ ........
GET /credentials/{handle}                                               | yyy.yyyy yyy.yyyy ........ ........ ........ ........ ........
GET /credentials/{handle}/access                                        | ddd.dyyy ddd.dddd ........ ........ ........ ........ ........
POST /credentials/{handle}/disable                                      | ddy.ddyy ydy.ddyy ........ ........ ........ ........ ........
POST /credentials/{handle}/enable                                       | ddy.ddyy ydy.ddyy ........ ........ ........ ........ ........
GET /credentials/{handle}/history                                       | yyy.yyyy yyy.yyyy ........ ........ ........ ........ ........
POST /credentials/{handle}/replace                                      | yyy.yyyy yyy.yyyy ........ ........ ........ ........ ........
POST /credentials/{handle}/reveal                                       | ddd.yddy ddd.yddy ........ ........ ........ ........ ........
POST /credentials/{handle}/revoke                                       | ddy.ddyy ydy.ddyy ........ ........ ........ ........ ........
POST /credentials/{handle}/rollback                                     | ddy.ddyy ddy.ddyy ........ ........ ........ ........ ........
POST /credentials/{handle}/rotate                                       | ddy.ddyy ddy.ddyy ........ ........ ........ ........ ........
POST /credentials/{handle}/share                                        | ddd.ddyy ddd.ddyy ........ ........ ........ ........ ........
POST /credentials/{handle}/unshare                                      | ddd.ddyy ddd.ddyy ........ ........ ........ ........ ........
GET /credentials/{handle}/usage                                         | yyy.yyyy yyy.yyyy ........ ........ ........ ........ ........
GET /credentials/{handle}/what-if                                       | yyy.yyyy yyy.yyyy ........ ........ ........ ........ ........
POST /credentials/{handle}/update                                       | ddy.ddyy ddy.ddyy ........ ........ ........ ........ ........
DELETE /defaults                                                        | dyydddyy dyydddyy ........ ........ ........ ........ ........
GET /defaults                                                           | yyyyyyyy yyyyyyyy ........ ........ ........ ........ ........
PUT /defaults                                                           | dyydddyy dyydddyy ........ ........ ........ ........ ........
PUT /dev/clock                                                          | ddddddyy dddddddd dddddddd dddddddd ddddddyy dddddddd dddddddd
GET /freezes                                                            | dddddeee dddddddd dddddddd dddddddd dddddeee dddddddd dddddddd
POST /freezes                                                           | ddddddyy dddddddd ........ ........ ........ ........ ........
POST /freezes/{id}/lift                                                 | ddddddyy dddddddd dddddddd dddddddd ddddddyy dddddddd dddddddd
GET /hygiene                                                            | yyyeyyyy yyyeyyyy eeeeeeee eeeeeeee eeeeeeee eeeeeeee eeeeeeee
DELETE /identities/{id}                                                 | .....dyy ........ ........ ........ .....dyy ........ ........
POST /import                                                            | ddydddyy dddddddd dddddddd dddddddd ddydddyy dddddddd dddddddd
GET /incidents                                                          | dddddyyy dddddddd dddddddd dddddddd dddddyyy dddddddd dddddddd
POST /incidents                                                         | ddddddyy dddddddd dddddddd dddddddd ddddddyy dddddddd dddddddd
GET /incidents/{handle}                                                 | dddddyyy dddddddd dddddddd dddddddd dddddyyy dddddddd dddddddd
POST /incidents/{handle}/close                                          | ddddddyy dddddddd dddddddd dddddddd ddddddyy dddddddd dddddddd
POST /incidents/{handle}/skip                                           | ddddddyy dddddddd dddddddd dddddddd ddddddyy dddddddd dddddddd
POST /incidents/{handle}/tell                                           | ddddddyy dddddddd dddddddd dddddddd ddddddyy dddddddd dddddddd
POST /incidents/{handle}/widen                                          | ddddddyy dddddddd dddddddd dddddddd ddddddyy dddddddd dddddddd
GET /principals                                                         | dddddyyy dddddddd dddddddd dddddddd dddddyyy dddddddd dddddddd
POST /principals                                                        | ddddddyy dddddddd dddddddd dddddddd ddddddyy dddddddd dddddddd
GET /principals/{handle}                                                | .....yyy ........ ........ ........ .....yyy ........ ........
POST /principals/{handle}/disable                                       | .....dyy ........ ........ ........ .....dyy ........ ........
GET /principals/{handle}/grants                                         | .....yyy ........ ........ ........ .....eee ........ ........
POST /principals/{handle}/grants                                        | .....dyy ........ ........ ........ .....dyy ........ ........
DELETE /principals/{handle}/grants/{id}                                 | .....dyy ........ ........ ........ .....dyy ........ ........
GET /principals/{handle}/identities                                     | .....yyy ........ ........ ........ .....yyy ........ ........
POST /principals/{handle}/identities                                    | .....dyy ........ ........ ........ .....dyy ........ ........
POST /principals/{handle}/offboard                                      | .....yyy ........ ........ ........ .....yyy ........ ........
GET /policy                                                             | yyyyyyyy yyyyyyyy yyyyyyyy yyyyyyyy yyyyyyyy yyyyyyyy yyyyyyyy
PUT /policy                                                             | dddddddy dddddddd dddddddd dddddddd dddddddy dddddddd dddddddd
POST /principals/{handle}/stewardship                                   | yyy.yyyy ........ ........ ........ yyy.yyyy ........ ........
POST /resolve                                                           | dddydddy dddydddy ........ ........ ........ ........ ........
POST /restore                                                           | ddddddyy dddddddd dddddddd dddddddd ddddddyy dddddddd dddddddd
GET /rotation/due                                                       | yyyeyyyy yyyeyyyy eeeeeeee eeeeeeee eeeeeeee eeeeeeee eeeeeeee
GET /services                                                           | yyyyyyyy yyyyyyyy yyyyyyyy yyyyyyyy yyyyyyyy yyyyyyyy yyyyyyyy
GET /services/{id}                                                      | yyyyyyyy yyyyyyyy yyyyyyyy yyyyyyyy yyyyyyyy yyyyyyyy yyyyyyyy
GET /templates                                                          | yyyyyyyy yyyyyyyy eeeeeeee eeeeeeee yyyyyyyy eeeeeeee eeeeeeee
POST /templates                                                         | ddydddyy dddddddd dddddddd dddddddd ddydddyy dddddddd dddddddd
GET /templates/{handle}                                                 | yyyyyyyy yyyyyyyy ........ ........ yyyyyyyy ........ ........
GET /templates/{handle}/affected                                        | yyyyyyyy yyyyyyyy ........ ........ yyyyyyyy ........ ........
POST /templates/{handle}/archive                                        | ddydddyy dddddddd ........ ........ ddydddyy ........ ........
GET /templates/{handle}/document                                        | yyyyyyyy yyyyyyyy ........ ........ yyyyyyyy ........ ........
GET /templates/{handle}/export                                          | ddydddyy dddddddd ........ ........ ddydddyy ........ ........
POST /templates/{handle}/retire                                         | ddydddyy dddddddd ........ ........ ddydddyy ........ ........
POST /templates/{handle}/revise                                         | ddydddyy dddddddd ........ ........ ddydddyy ........ ........
POST /templates/{handle}/setup                                          | yyyyyyyy yyyyyyyy ........ ........ ........ ........ ........
POST /templates/{handle}/update                                         | ddydddyy dddddddd ........ ........ ddydddyy ........ ........
GET /tokens                                                             | .....yyy ........ ........ ........ .....yyy ........ ........
POST /tokens                                                            | .....dyy ........ ........ ........ .....dyy ........ ........
POST /tokens/release                                                    | dddddddy dddddddd dddddddd dddddddd dddddddy dddddddd dddddddd
POST /tokens/run                                                        | dddydddy dddydddy ........ ........ ........ ........ ........
DELETE /tokens/{id}                                                     | .....dyy ........ ........ ........ .....dyy ........ ........
POST /undo                                                              | ........ ........ ........ ........ ........ ........ ........
GET /whoami                                                             | yyyyyyyy yyyyyyyy yyyyyyyy yyyyyyyy yyyyyyyy yyyyyyyy yyyyyyyy
GET /watch                                                              | dddydddy dddydddy ........ ........ ........ ........ ........
GET /webhooks                                                           | eeeeeyyy eeeeeeee eeeeeeee eeeeeeee eeeeeyyy eeeeeeee eeeeeeee
POST /webhooks                                                          | ddddddyy dddddddd dddddddd dddddddd ddddddyy dddddddd dddddddd
GET /webhooks/{handle}                                                  | dddddyyy dddddddd dddddddd dddddddd dddddyyy dddddddd dddddddd
POST /webhooks/{handle}/pause                                           | ddddddyy dddddddd dddddddd dddddddd ddddddyy dddddddd dddddddd
POST /webhooks/{handle}/remove                                          | ddddddyy dddddddd dddddddd dddddddd ddddddyy dddddddd dddddddd
POST /webhooks/{handle}/resume                                          | ddddddyy dddddddd dddddddd dddddddd ddddddyy dddddddd dddddddd
POST /webhooks/{handle}/test                                            | ddddddyy dddddddd dddddddd dddddddd ddddddyy dddddddd dddddddd
POST /webhooks/{handle}/update                                          | ddddddyy dddddddd dddddddd dddddddd ddddddyy dddddddd dddddddd
GET /workspaces                                                         | yyyyyyyy yyyyyyyy eeeeeeee eeeeeeee eeeeeeee eeeeeeee eeeeeeee
POST /workspaces                                                        | ddy.ddyy ddy.ddyy ........ ........ ........ ........ ........
GET /workspaces/{from}/compare/{to}                                     | yyydyyyy yyydyyyy ........ ........ ........ ........ ........
POST /workspaces/{from}/copy/{to}                                       | yyyyyyyy yyyyyyyy ........ ........ ........ ........ ........
GET /workspaces/{handle}                                                | yyyyyyyy yyyyyyyy ........ ........ ........ ........ ........
POST /workspaces/{handle}/archive                                       | ddydddyy ddydddyy ........ ........ ........ ........ ........
POST /workspaces/{handle}/update                                        | ddydddyy ddydddyy ........ ........ ........ ........ ........
GET /workspaces/{workspace}/mappings                                    | yyyyyyyy yyyyyyyy ........ ........ ........ ........ ........
POST /workspaces/{workspace}/templates/{template}/admit                 | dyydddyy dyydddyy ........ ........ ........ ........ ........
DELETE /workspaces/{workspace}/templates/{template}/mappings/{variable} | dyydddyy dyydddyy ........ ........ ........ ........ ........
PUT /workspaces/{workspace}/templates/{template}/mappings/{variable}    | dyydddyy dyydddyy ........ ........ ........ ........ ........
";

/// Open to everybody, token or not: they say nothing of what the ledger holds. Who signs in is let in by what he sends.
const OPEN: [&str; 5] = [
    "GET /healthz",
    "GET /readyz",
    "GET /metrics",
    "POST /sign-in",
    "POST /sign-in/finish",
];

#[tokio::test(flavor = "multi_thread")]
async fn every_route_lets_pass_who_may_and_nobody_else() {
    let (world, ids) = agency().await;
    let tokens = askers(&world).await;
    let routes = routes();
    let mut rows: BTreeMap<&str, Vec<&str>> = TABLE
        .lines()
        .filter_map(|line| line.split_once('|'))
        .filter(|(route, _)| !route.trim().is_empty())
        .map(|(route, cells)| (route.trim(), cells.split_whitespace().collect()))
        .collect();
    let mut wrong = String::new();
    for route in &routes {
        if OPEN.contains(&route.as_str()) {
            continue;
        }
        let mut found = Vec::new();
        for place in PLACES {
            let mut cell = String::new();
            for role in ROLES {
                cell.push(outcome(&world, &ids, route, &tokens[&(place, role)]).await);
            }
            found.push(cell);
        }
        let (route, found) = (route.as_str(), found);
        if rows.remove(route).unwrap_or_default() != found {
            wrong.push_str(&format!("{route:<71} | {}\n", found.join(" ")));
        }
    }
    assert!(wrong.is_empty(), "rows that are not as they should be:\n{wrong}");
    assert!(rows.is_empty(), "rows without a route: {:?}", rows.keys());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_nothing_but_health_is_answered() {
    let (world, ids) = agency().await;
    for route in routes() {
        for token in [None, Some("srt_of_nobody")] {
            let (method, path, body) = ask(&route, &ids);
            let mut request = world.request(method, &path, &body);
            request.headers_mut().remove("authorization");
            if let Some(token) = token {
                let bearer = format!("Bearer {token}").parse().unwrap();
                request.headers_mut().insert("authorization", bearer);
            }
            let status = world.send(request).await.status;
            let open = OPEN.contains(&route.as_str());
            assert_eq!(status == 401, !open, "{route}: {status}");
        }
    }
}

/// Every route of the contract, `GET /credentials`.
fn routes() -> BTreeSet<String> {
    let document: Value = serde_json::from_str(strongroom_server::openapi_document()).unwrap();
    let mut routes = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            let short = path.strip_prefix("/api/v1").unwrap_or(path);
            routes.insert(format!("{} {short}", method.to_uppercase()));
        }
    }
    routes
}

/// What someone has, by whom nothing is asked.
struct Ids {
    token: String,
    grant: String,
    identity: String,
    approval: String,
    freeze: String,
}

/// What is sent for a route: method, path, body. Everything named is client a's.
fn ask<'r>(route: &'r str, ids: &Ids) -> (&'r str, String, Value) {
    let (method, path) = route.split_once(' ').unwrap();
    let handle = match path.split('/').nth(1).unwrap_or_default() {
        "credentials" => "shopify-a",
        "clients" => "client-a",
        "workspaces" => "shop-a",
        "templates" => "orders",
        "webhooks" => "pager",
        "incidents" => "breach",
        _ => "someone",
    };
    let named = |id: &str| path.replace("{handle}", handle).replace("{id}", id);
    let path_filled = match path {
        "/principals" if method == "GET" => "/principals?q=someone".to_owned(),
        "/tokens" if method == "GET" => "/tokens?principal=someone".to_owned(),
        "/services/{id}" => named("shopify"),
        "/watch" => "/watch?workspace=shop-a".to_owned(),
        "/credentials/{handle}/what-if" => named("") + "?act=revoke",
        "/approvals" => "/approvals?all=true".to_owned(),
        "/tokens/{id}" => named(&ids.token),
        "/identities/{id}" => named(&ids.identity),
        _ if path.starts_with("/approvals/{id}") => named(&ids.approval),
        "/freezes/{id}/lift" => named(&ids.freeze),
        "/principals/{handle}/grants/{id}" => named(&ids.grant),
        "/audit/events/{position}" => "/audit/events/0".to_owned(),
        "/audit/reports/{name}" => "/audit/reports/client?client=client-a".to_owned(),
        "/audit/explain/{position}" => "/audit/explain/1".to_owned(),
        "/audit/impact" => "/audit/impact?of=credential:shopify-a".to_owned(),
        "/audit/diff" => "/audit/diff?from=1&credential=shopify-a".to_owned(),
        "/audit/consistency" => "/audit/consistency?from=1&to=2".to_owned(),
        "/audit/log/{path}" => "/audit/log/tile/entries/000.p/1".to_owned(),
        "/defaults" if method != "PUT" => {
            let what = "/defaults?workspace=shop-a";
            if method == "GET" {
                what.to_owned()
            } else {
                format!("{what}&service=shopify&kind=access_token")
            }
        }
        _ => named("")
            .replace("{workspace}", "shop-a")
            .replace("{template}", "orders")
            .replace("{from}", "shop-a")
            .replace("{to}", "shop-a-2")
            .replace("{variable}", "SHOP"),
    };
    let path_filled = if path.starts_with("/healthz")
        || path.starts_with("/readyz")
        || path.starts_with("/metrics")
        || path.starts_with("/dev/")
    {
        path_filled
    } else {
        format!("/api/v1{path_filled}")
    };
    (method, path_filled, body(route, method))
}

/// What is sent, with what each route cannot do without.
fn body(route: &str, method: &str) -> Value {
    let secret = json!({"token": "tkn-new-kX82hqLw93mDv1"});
    match route {
        "POST /audit/leak-search" => json!({"values": ["x"], "reason": "a dump"}),
        "POST /credentials" => json!({
            "name": "New", "service": "shopify", "kind": "access_token", "client": "client-a", "fields": secret,
        }),
        "POST /credentials/{handle}/rotate" => json!({"fields": secret}),
        "POST /credentials/{handle}/rollback" => json!({"version": 1}),
        "POST /credentials/{handle}/share" | "POST /credentials/{handle}/unshare" => json!({"all": true}),
        "POST /credentials/{handle}/reveal" => json!({"reason": "the matrix"}),
        "POST /credentials/{handle}/update"
        | "POST /clients/{handle}/update"
        | "POST /workspaces/{handle}/update"
        | "POST /templates/{handle}/update" => json!({"description": "new"}),
        "POST /clients" | "POST /principals" => json!({"name": "New"}),
        "POST /workspaces" => json!({"name": "New", "client": "client-a"}),
        "POST /templates" => json!({"name": "New", "variables": variables()}),
        "POST /templates/{handle}/revise" => json!({"variables": variables()}),
        "PUT /workspaces/{workspace}/templates/{template}/mappings/{variable}" => json!({"credential": "shopify-a"}),
        "PUT /defaults" => json!({
            "workspace": "shop-a", "service": "shopify", "kind": "access_token", "credential": "shopify-a",
        }),
        "POST /resolve" => json!({"workspace": "shop-a", "template": "orders"}),
        "POST /import" => json!({"format": "n8n", "document": {"nodes": [], "connections": {}}}),
        "POST /principals/{handle}/grants" => json!({"role": "viewer", "all": true}),
        "POST /principals/{handle}/identities" => identity("another"),
        "POST /tokens" => json!({"principal": "someone"}),
        "POST /tokens/run" => json!({"workspace": "shop-a", "template": "orders"}),
        "POST /webhooks" => json!({"name": "New", "url": "https://hooks.example.com", "on": ["rotated"]}),
        "POST /webhooks/{handle}/update" => json!({"on": ["grace_ended"]}),
        "POST /freezes" => json!({"workspaces": ["shop-a"], "reason": "the matrix"}),
        "POST /freezes/{id}/lift" => json!({"reason": "the matrix"}),
        "POST /incidents" => json!({"name": "Another", "since": "1h", "reason": "the matrix"}),
        "POST /incidents/{handle}/widen" => json!({"suspects": {"principals": ["someone"]}}),
        "POST /incidents/{handle}/tell" => json!({"stewards": ["dev"], "reason": "the matrix"}),
        "POST /incidents/{handle}/skip" => json!({"step": "disable:someone", "reason": "the matrix"}),
        "POST /incidents/{handle}/close" => json!({"reason": "the matrix"}),
        "PUT /policy" => json!({"four_eyes": ["revoke_in_use"]}),
        // Plans are shown to who sees what they touch; each line is judged as the command that it stands for.
        "POST /credentials/{handle}/replace" => json!({"new": "shopify-a-2", "dry_run": true}),
        "POST /undo" => json!({"correlation": format!("co_{}", "0".repeat(32)), "dry_run": true}),
        "POST /restore" => json!({"to": "0", "mappings": true, "dry_run": true}),
        "POST /workspaces/{from}/copy/{to}" => json!({"dry_run": true}),
        "POST /principals/{handle}/stewardship" => json!({"to": "someone", "dry_run": true}),
        "POST /principals/{handle}/offboard" => json!({"dry_run": true}),
        "POST /templates/{handle}/setup" => json!({"workspaces": ["shop-a"], "dry_run": true}),
        "PUT /dev/clock" => json!({"advance_seconds": 0}),
        _ if method == "GET" => Value::Null,
        _ => json!({}),
    }
}

async fn outcome(world: &World, ids: &Ids, route: &str, token: &str) -> char {
    let (method, path, body) = ask(route, ids);
    let mut request = world.request(method, &path, &body);
    request
        .headers_mut()
        .insert("authorization", format!("Bearer {token}").parse().unwrap());
    // No write may change what the next asker finds. A mapping that stands already is none; a serving changes nothing.
    let keeps_still = ["/resolve", "/reveal", "/mappings/SHOP", "/clock", "/verify", "/import"];
    if method != "GET" && !keeps_still.iter().any(|part| path.ends_with(part)) {
        request.headers_mut().insert("if-match", "\"999999\"".parse().unwrap());
    }
    let reply = world.send(request).await;
    match reply.status {
        403 => 'd',
        404 => {
            hides(&reply, route);
            '.'
        }
        200 if reply.body["items"].is_array() && route != "GET /services" => list(&reply),
        status if status < 500 && status != 401 => 'y',
        status => panic!("{route}: {status} {}", reply.text),
    }
}

/// A list that names a thing of client a, or does not.
fn list(reply: &Reply) -> char {
    let told = [
        "shopify-a",
        "client-a",
        "shop-a",
        "orders",
        "someone",
        "pager",
        "breach",
    ]
    .iter()
    .any(|handle| reply.text.contains(&format!("\"{handle}\"")));
    if told { 'y' } else { 'e' }
}

/// What is not found is not proposed either.
fn hides(reply: &Reply, route: &str) {
    for told in ["Client A", "shopify-a", "Shopify A", "kX82hqLw93mDv1"] {
        assert!(!reply.text.contains(told), "{route} tells of {told}: {}", reply.text);
    }
}

fn identity(subject: &str) -> Value {
    json!({"issuer": "https://login.example.com", "audience": "strongroom", "claims": {"sub": [subject]}})
}

fn variables() -> Value {
    json!([{"name": "SHOP", "service": "shopify", "kinds": ["access_token"]}])
}

/// Two clients with a shop and a key each, a workspace of nobody, a template that runs in client a's shop only.
async fn agency() -> (World, Ids) {
    let world = World::new();
    for letter in ["a", "b"] {
        let upper = letter.to_uppercase();
        let client = format!("client-{letter}");
        let shop = json!({"name": format!("Shop {upper}"), "client": client});
        let key = json!({
            "name": format!("Shopify {upper}"), "service": "shopify", "kind": "access_token", "client": client,
            "fields": {"token": format!("tkn-{letter}-kX82hqLw93mDv1")}, "rotation": {"every_days": 9, "grace_days": 0},
        });
        made(&world, "/clients", json!({"name": format!("Client {upper}")})).await;
        made(&world, "/workspaces", shop).await;
        made(&world, "/credentials", key).await;
    }
    made(&world, "/workspaces", json!({"name": "Lab"})).await;
    made(&world, "/workspaces", json!({"name": "Shop A 2", "client": "client-a"})).await;
    let second = json!({
        "name": "Shopify A 2", "service": "shopify", "kind": "access_token", "client": "client-a",
        "fields": {"token": "tkn-a2-kX82hqLw93mDv1"},
    });
    made(&world, "/credentials", second).await;
    made(
        &world,
        "/templates",
        json!({"name": "Orders", "variables": variables()}),
    )
    .await;
    let someone = json!({"principal": "Someone", "role": "viewer", "clients": ["client-a"]});
    let token = made(&world, "/tokens", someone).await;
    let admit = "/workspaces/shop-a/templates/orders/admit";
    world.api("POST", admit, json!({})).await.is(StatusCode::OK);
    let mapping = "/workspaces/shop-a/templates/orders/mappings/SHOP";
    let key = json!({"credential": "shopify-a"});
    world.api("PUT", mapping, key.clone()).await.is(StatusCode::OK);
    let mut default = key;
    default["workspace"] = json!("shop-a");
    default["service"] = json!("shopify");
    default["kind"] = json!("access_token");
    world.api("PUT", "/defaults", default).await.is(StatusCode::OK);
    let someone = world
        .api("GET", "/principals/someone", Value::Null)
        .await
        .is(StatusCode::OK);
    let id = |of: &Value| of["id"].as_str().unwrap().to_owned();
    let identity = made(&world, "/principals/someone/identities", identity("someone-1")).await;
    let pager = json!({"name": "Pager", "url": "https://hooks.example.com", "on": ["rotated"]});
    made(&world, "/webhooks", pager).await;
    let freeze = json!({"tags": ["frozen=yes"], "reason": "the matrix"});
    let freeze = made(&world, "/freezes", freeze).await;
    let breach = json!({
        "name": "Breach", "since": "1h", "reason": "the matrix",
        "suspects": {"principals": ["someone"], "credentials": ["shopify-a"]},
    });
    made(&world, "/incidents", breach).await;
    let ids = Ids {
        approval: approval(&world).await,
        freeze: freeze["freeze"]["id"].as_str().unwrap().to_owned(),
        token: id(&token),
        grant: id(&someone["grants"][0]),
        identity: id(&identity),
    };
    (world, ids)
}

/// An approval that was asked for of revoking what stands in client a's shop.
async fn approval(world: &World) -> String {
    let second = json!({"principal": "Second owner", "role": "owner"});
    made(world, "/tokens", second).await;
    let policy = json!({"four_eyes": ["revoke_in_use"]});
    world.api("PUT", "/policy", policy).await.is(StatusCode::OK);
    let revoke = json!({"reason": "the matrix"});
    let mut ask = world.request("POST", "/api/v1/credentials/shopify-a/revoke", &revoke);
    ask.headers_mut()
        .insert("x-strongroom-approval", "ask".parse().unwrap());
    let asked = world.send(ask).await.is(StatusCode::ACCEPTED);
    asked["approval"]["id"].as_str().unwrap().to_owned()
}

async fn made(world: &World, route: &str, body: Value) -> Value {
    world.api("POST", route, body).await.is(StatusCode::CREATED)
}

/// A token for each place and role; then an hour and more goes by.
async fn askers(world: &World) -> BTreeMap<(&'static str, &'static str), String> {
    let soon = world.ledger.view().now + 3_600_000_000;
    let until = jiff::Timestamp::from_microsecond(i64::try_from(soon).unwrap())
        .unwrap()
        .to_string();
    let mut tokens = BTreeMap::new();
    for place in PLACES {
        for role in ROLES {
            let allow = match place {
                "in" => json!({"role": role, "clients": ["client-a"]}),
                "out" => json!({"role": role, "workspaces": ["lab"]}),
                "other" => json!({"role": role, "clients": ["client-b"]}),
                "ended" => json!({"role": role, "all": true, "until": until}),
                _ => json!({"role": role, "all": true}),
            };
            let deny = match place {
                "hole" => Some(json!({"role": role, "clients": ["client-a"], "effect": "deny"})),
                "denied" => Some(json!({"role": role, "all": true, "effect": "deny"})),
                _ => None,
            };
            let grants: Vec<Value> = [Some(allow), deny].into_iter().flatten().collect();
            let name = format!("{place} {role}");
            let principal = made(world, "/principals", json!({"name": name, "grants": grants})).await;
            let token = made(world, "/tokens", json!({"principal": principal["handle"]})).await;
            tokens.insert((place, role), token["token"].as_str().unwrap().to_owned());
        }
    }
    world.ledger.set_clock(soon + 1_000_000).unwrap();
    tokens
}
