//! `status`.

use crate::doc::Doc;
use crate::failure::Outcome;
use crate::output::{Cell, Facts, Tone, clean, time};
use crate::session::Session;
use clap::Args;
use serde_json::Value;

/// `status`
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {}

/// Shows it.
pub(crate) async fn run(session: &Session) -> Outcome {
    let status = session.read(session.client.status()).await?;
    session.output.show(&status, |look| {
        let mut facts = Facts::default();
        for (name, value) in status.as_object().into_iter().flatten() {
            let shown = match (name.as_str(), value) {
                ("checkpoint", _) => continue,
                ("writing", Value::Bool(true)) => Cell::toned("yes", Tone::Good),
                ("writing", Value::Bool(false)) => Cell::toned("no: writes are refused", Tone::Bad),
                ("dev", Value::Bool(true)) => Cell::toned("yes: its keys protect nothing", Tone::Warn),
                ("frozen", Value::Number(count)) if count.as_u64() > Some(0) => {
                    Cell::toned(format!("{count}: `strongroom freezes` lists them"), Tone::Warn)
                }
                ("incidents", Value::Number(count)) if count.as_u64() > Some(0) => {
                    Cell::toned(format!("{count}: `strongroom incident list` names them"), Tone::Warn)
                }
                ("tokens_suspended", Value::Bool(true)) => {
                    Cell::toned("yes: `strongroom token release` ends it", Tone::Warn)
                }
                ("window_s", Value::Number(seconds)) => {
                    facts = facts.fact("access window", format!("{seconds} s"));
                    continue;
                }
                ("disk_bytes", Value::Number(bytes)) => {
                    let bytes = bytes.as_u64().unwrap_or_default();
                    facts = facts.fact("on disk", indicatif::HumanBytes(bytes).to_string());
                    continue;
                }
                (name, _) if name.ends_with("_at") => time(value.as_str().unwrap_or_default()).into(),
                (name, Value::Object(_) | Value::Array(_)) => {
                    facts = facts.named(name, Cell::dim(value.to_string()));
                    continue;
                }
                (name, _) => Cell::maybe(status.shown(name)),
            };
            facts = facts.named(name, shown);
        }
        let note = status
            .text("checkpoint")
            .unwrap_or_default()
            .lines()
            .map(clean)
            .collect::<Vec<_>>()
            .join("\n  ");
        format!(
            "{}\n\n{}\n  {note}",
            facts.render(look),
            look.paint("checkpoint", Tone::Head)
        )
    })
}
