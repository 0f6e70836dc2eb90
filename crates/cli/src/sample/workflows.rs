//! The sample's workflows, in the shape of n8n's exports.

use serde_json::{Value, json};

/// A node: name, type, and the credential type and name that it refers to.
type Node = (&'static str, &'static str, Option<(&'static str, &'static str)>);

/// Name and document of each.
pub(super) fn all() -> [(&'static str, Value); 4] {
    [
        ("Order sync", workflow("Order sync", &ORDER_SYNC)),
        ("Support triage", workflow("Support triage", &SUPPORT_TRIAGE)),
        ("Weekly newsletter", workflow("Weekly newsletter", &WEEKLY_NEWSLETTER)),
        ("Payment alerts", workflow("Payment alerts", &PAYMENT_ALERTS)),
    ]
}

/// `Order sync` as it was revised: a summary is written for each day.
pub(super) fn order_sync_with_summary() -> Value {
    let mut nodes = ORDER_SYNC.to_vec();
    nodes.push(("Write summary", "n8n-nodes-base.openAi", Some(("openAiApi", "OpenAI"))));
    workflow("Order sync", &nodes)
}

const ORDER_SYNC: [Node; 4] = [
    ("Every night", "n8n-nodes-base.scheduleTrigger", None),
    (
        "New orders",
        "n8n-nodes-base.shopify",
        Some(("shopifyAccessTokenApi", "Shop")),
    ),
    ("Keep what is paid", "n8n-nodes-base.filter", None),
    ("Tell the team", "n8n-nodes-base.slack", Some(("slackApi", "Slack"))),
];

const SUPPORT_TRIAGE: [Node; 4] = [
    ("Every night", "n8n-nodes-base.scheduleTrigger", None),
    (
        "Open tickets",
        "n8n-nodes-base.zendesk",
        Some(("zendeskApi", "Zendesk")),
    ),
    ("Sort them", "n8n-nodes-base.openAi", Some(("openAiApi", "OpenAI"))),
    ("Tell the team", "n8n-nodes-base.slack", Some(("slackApi", "Slack"))),
];

const WEEKLY_NEWSLETTER: [Node; 3] = [
    ("Every Monday", "n8n-nodes-base.scheduleTrigger", None),
    ("Write a draft", "n8n-nodes-base.openAi", Some(("openAiApi", "OpenAI"))),
    (
        "Make the campaign",
        "n8n-nodes-base.mailchimp",
        Some(("mailchimpApi", "Mailchimp")),
    ),
];

const PAYMENT_ALERTS: [Node; 3] = [
    ("Every night", "n8n-nodes-base.scheduleTrigger", None),
    (
        "Failed payments",
        "n8n-nodes-base.stripe",
        Some(("stripeApi", "Stripe")),
    ),
    ("Tell the team", "n8n-nodes-base.slack", Some(("slackApi", "Slack"))),
];

/// Nodes in a row, each connected to the next.
fn workflow(name: &str, nodes: &[Node]) -> Value {
    let mut connections = serde_json::Map::new();
    for pair in nodes.windows(2) {
        let [from, to] = pair else { continue };
        connections.insert(
            from.0.to_owned(),
            json!({"main": [[{"node": to.0, "type": "main", "index": 0}]]}),
        );
    }
    let nodes: Vec<Value> = nodes
        .iter()
        .enumerate()
        .map(|(index, node)| made(index, node))
        .collect();
    json!({"name": name, "nodes": nodes, "connections": connections, "settings": {}, "active": false})
}

fn made(index: usize, (name, kind, credential): &Node) -> Value {
    let mut node = json!({
        "parameters": {}, "name": name, "type": kind, "typeVersion": 1, "position": [240 + 220 * index, 300],
    });
    if let Some((of_type, named)) = credential {
        node["credentials"] = json!({*of_type: {"id": format!("sample-{of_type}"), "name": named}});
    }
    node
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_follow_each_other() {
        let workflow = workflow("Order sync", &ORDER_SYNC);
        assert_eq!(
            workflow["connections"]["New orders"]["main"][0][0]["node"],
            "Keep what is paid"
        );
        assert_eq!(
            workflow["nodes"][1]["credentials"]["shopifyAccessTokenApi"]["name"],
            "Shop"
        );
    }
}
