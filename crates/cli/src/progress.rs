//! A progress bar on stderr for long work; nothing where nobody watches.

use crate::output::Output;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar of records done and to do.
pub(crate) struct Progress {
    bar: ProgressBar,
    watched: bool,
}

impl Progress {
    /// A bar, hidden unless people watch.
    pub(crate) fn new(doing: &'static str, output: &Output) -> Self {
        let watched = output.stderr_terminal() && !output.json();
        let bar = ProgressBar::hidden(); // until something is known
        let template = if output.colour_stderr() {
            "{msg} {bar:30.green/dim} {human_pos}/{human_len} records, {eta} left"
        } else {
            "{msg} {bar:30} {human_pos}/{human_len} records, {eta} left"
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("━╸─"));
        }
        bar.set_message(doing);
        Self { bar, watched }
    }

    /// So many of so many are done.
    pub(crate) fn at(&self, done: u64, total: u64) {
        if self.watched && self.bar.is_hidden() {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.set_length(total);
        self.bar.set_position(done);
    }

    /// Takes the bar away.
    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }
}
