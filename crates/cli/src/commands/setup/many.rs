//! `setup` for many workspaces: the server plans it, this shows it.

use super::SetupArgs;
use crate::commands::plan;
use crate::failure::{Failure, Outcome};
use crate::input::pairs;
use crate::session::Session;
use strongroom_api::plan::SetUp;
use strongroom_client::Options;

/// Whether it is to be planned: for many, and where it is to be shown or done without questions.
pub(super) fn asked(args: &SetupArgs) -> bool {
    args.template.is_none() || args.skip_incomplete || args.plan.dry_run || args.plan.yes
}

/// Plans, shows, asks, does.
pub(super) async fn run(args: &SetupArgs, session: &Session) -> Outcome {
    let template = args.template.as_deref().unwrap_or(&args.workspace);
    let body = body(args)?;
    let send = async |dry_run, expected, options: Options| {
        let body = SetUp {
            dry_run,
            expected,
            ..body.clone()
        };
        session.client.set_up(template, &body, &options).await
    };
    plan::carry_out(&args.plan, &args.write, session, send).await
}

fn body(args: &SetupArgs) -> Outcome<SetUp> {
    let mut body = SetUp {
        each: args.each,
        revision: args.revision,
        map: pairs("--map", &args.maps)?.into_iter().collect(),
        skip_incomplete: args.skip_incomplete,
        ..SetUp::default()
    };
    if args.template.is_some() {
        body.workspaces.push(args.workspace.clone());
    }
    for place in &args.places {
        match place.split_once('=') {
            Some(("workspace", value)) => body.workspaces.push(value.to_owned()),
            Some(("client", value)) => body.clients.push(value.to_owned()),
            Some(("environment", value)) => body.environments.push(value.to_owned()),
            Some((name, _)) => {
                return Err(Failure::local(format!("--workspaces: there is no `{name}`"))
                    .hint("client=CLIENT, environment=NAME or workspace=WORKSPACE"));
            }
            None => {
                return Err(Failure::local("--workspaces takes NAME=VALUE")
                    .hint("client=CLIENT, environment=NAME or workspace=WORKSPACE"));
            }
        }
    }
    Ok(body)
}
