//! Logs: to stderr, as much as `STRONGROOM_LOG` says.

use crate::output::Output;
use tracing_subscriber::EnvFilter;

/// What is logged when nothing else is said.
const DEFAULT: &str = "info,fjall=warn,lsm_tree=warn";

/// Starts logging. A filter that can't be understood is said and not used.
pub(super) fn start(output: &Output) {
    let wanted = std::env::var("STRONGROOM_LOG")
        .ok()
        .filter(|text| !text.trim().is_empty());
    let filter = match wanted.as_deref().map(EnvFilter::try_new) {
        Some(Ok(filter)) => filter,
        Some(Err(error)) => {
            output.warn(format!(
                "STRONGROOM_LOG is not understood ({error}); logging `{DEFAULT}`"
            ));
            EnvFilter::new(DEFAULT)
        }
        None => EnvFilter::new(DEFAULT),
    };
    let started = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(output.colour_stderr())
        .with_target(false)
        .try_init();
    debug_assert!(started.is_ok(), "logging is started once");
}
