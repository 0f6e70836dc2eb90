//! `map`, `unmap`.

use crate::args::WriteArgs;
use crate::failure::Outcome;
use crate::session::Session;
use clap::Args;
use strongroom_api::workspace::MapVariable;

/// `map`
#[derive(Debug, Args)]
pub(crate) struct MapArgs {
    /// The workspace
    pub(crate) workspace: String,
    /// The template
    pub(crate) template: String,
    /// The variable
    pub(crate) variable: String,
    /// The credential to stand behind it
    pub(crate) credential: String,
    /// Only for this instance of the workflow
    #[arg(long, value_name = "INSTANCE")]
    pub(crate) instance: Option<String>,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// `unmap`
#[derive(Debug, Args)]
pub(crate) struct UnmapArgs {
    /// The workspace
    pub(crate) workspace: String,
    /// The template
    pub(crate) template: String,
    /// The variable
    pub(crate) variable: String,
    /// Only for this instance of the workflow
    #[arg(long, value_name = "INSTANCE")]
    pub(crate) instance: Option<String>,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// `map`
pub(crate) async fn map(args: &MapArgs, session: &Session) -> Outcome {
    let body = MapVariable {
        credential: args.credential.clone(),
        instance: args.instance.clone(),
        reason: None,
    };
    let options = args.write.options();
    let mapped = session
        .client
        .map_variable(&args.workspace, &args.template, &args.variable, &body, &options);
    let answer = session.write(mapped).await?;
    session.tell(
        &answer,
        &format!("{} is `{}` in `{}`", args.variable, args.credential, args.workspace),
    )
}

/// `unmap`
pub(crate) async fn unmap(args: &UnmapArgs, session: &Session) -> Outcome {
    let options = args.write.options();
    let instance = args.instance.as_deref();
    let unmapped = session
        .client
        .unmap_variable(&args.workspace, &args.template, &args.variable, instance, &options);
    let answer = session.write(unmapped).await?;
    session.tell(
        &answer,
        &format!("{} is not mapped in `{}` any more", args.variable, args.workspace),
    )
}
