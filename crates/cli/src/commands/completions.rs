//! `completions`.

use crate::args::Cli;
use crate::failure::Outcome;
use crate::output::Output;
use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};

/// `completions`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  strongroom completions bash > ~/.local/share/bash-completion/completions/strongroom
  strongroom completions zsh > ~/.zfunc/_strongroom
  strongroom completions fish > ~/.config/fish/completions/strongroom.fish")]
pub(crate) struct CompletionsArgs {
    /// Which shell
    pub(crate) shell: Shell,
}

/// Prints the script.
pub(crate) fn run(args: &CompletionsArgs, output: &Output) -> Outcome {
    let mut script = Vec::new();
    generate(args.shell, &mut Cli::command(), "strongroom", &mut script);
    output.bytes(&script)
}
