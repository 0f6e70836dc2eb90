//! `completions`.

use crate::complete::VARIABLE;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use clap::Args;
use clap_complete::Shell;
use clap_complete::env::Shells;

/// `completions`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  echo 'source <(strongroom completions bash)' >> ~/.bashrc
  echo 'source <(strongroom completions zsh)' >> ~/.zshrc
  strongroom completions fish > ~/.config/fish/completions/strongroom.fish

The script asks `strongroom` on each Tab, and so completes handles too: those that the token in
use may see. After an upgrade, print it again.")]
pub(crate) struct CompletionsArgs {
    /// Which shell
    pub(crate) shell: Shell,
}

/// Prints the script.
pub(crate) fn run(args: &CompletionsArgs, output: &Output) -> Outcome {
    let name = args.shell.to_string();
    let mut script = Vec::new();
    let written = Shells::builtins()
        .completer(&name)
        .map(|shell| shell.write_registration(VARIABLE, "strongroom", "strongroom", "strongroom", &mut script));
    match written {
        Some(Ok(())) => output.bytes(&script),
        Some(Err(error)) => Err(Failure::local(format!("can't make the script: {error}"))),
        None => Err(Failure::local(format!("nothing is completed in {name}"))),
    }
}
