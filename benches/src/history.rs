//! A ledger with a long history: few makings, some rotations and changes, most of all servings.

use crate::Result;
use crate::fixture::draft;
use std::cell::Cell;
use std::rc::Rc;
use strongroom_domain::command::{Command, UpdateCredential};
use strongroom_ledger::{Failure, Ledger, RequestContext, ResolveRequest, RotateDraft, TemplateDraft};
use tokio::task::LocalSet;

/// Requests under way at a time.
const TASKS: usize = 256;
/// Workspaces that run the template.
const WORKSPACES: usize = 100;
/// Variables of the template.
const VARIABLES: usize = 3;

/// A failure as an error: it has no text of its own.
pub(crate) fn failed(failure: Failure) -> Box<dyn std::error::Error> {
    format!("{failure:?}").into()
}

/// Makes workspaces that run one template, with a credential of their own behind each variable.
pub(crate) async fn furnish(
    ledger: &Ledger,
    context: &RequestContext,
    workspaces: usize,
    variables: usize,
) -> Result<()> {
    let listed: Vec<_> = (0..variables)
        .map(|variable| serde_json::json!({"name": format!("KEY_{variable}"), "service": "openai", "kinds": ["api_key"]}))
        .collect();
    let template = TemplateDraft {
        document: serde_json::json!({"name": "Orders", "variables": listed})
            .to_string()
            .into_bytes(),
        ..TemplateDraft::default()
    };
    ledger
        .import_template(context.clone(), template)
        .await
        .map_err(failed)?;
    for number in 0..workspaces {
        let workspace = workspace(number);
        let mut commands = vec![
            Command::CreateWorkspace {
                name: workspace.clone(),
                handle: Some(workspace.clone()),
                client: None,
                environment: "prod".to_owned(),
                description: String::new(),
            },
            Command::AdmitTemplate {
                workspace: workspace.clone(),
                template: "orders".to_owned(),
                revision: None,
            },
        ];
        for variable in 0..variables {
            let mut draft = draft(format!("Behind {variable} of {number}"))?;
            let credential = format!("behind-{number}-{variable}");
            draft.handle = Some(credential.clone());
            ledger.create_credential(context.clone(), draft).await.map_err(failed)?;
            commands.push(Command::MapVariable {
                workspace: workspace.clone(),
                template: "orders".to_owned(),
                variable: format!("KEY_{variable}"),
                instance: None,
                credential,
            });
        }
        ledger.execute_all(context.clone(), commands).await.map_err(failed)?;
    }
    Ok(())
}

/// Makes credentials that nothing uses, by many tasks at a time.
pub(crate) fn credentials(ledger: &Ledger, context: &RequestContext, count: usize) -> Result<()> {
    at_once(ledger, context, async move |ledger, context, number| {
        if number >= count {
            return Ok(false);
        }
        let mut draft = draft(format!("Other {number}"))?;
        draft.handle = Some(format!("other-{number}"));
        ledger.create_credential(context, draft).await.map_err(failed)?;
        Ok(true)
    })
}

/// Asks for the secrets of a workspace that [`furnish`] made.
pub(crate) fn request(number: usize) -> ResolveRequest {
    ResolveRequest {
        workspace: workspace(number),
        template: "orders".to_owned(),
        ..ResolveRequest::default()
    }
}

fn workspace(number: usize) -> String {
    format!("workspace-{number}")
}

/// Writes events until the log has `events`: 2 in 100 make a credential, 20 rotate one, 10 change one, the rest serve.
/// The ledger records each serving singly.
pub(crate) fn write(ledger: &Ledger, context: &RequestContext, events: usize) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(furnish(ledger, context, WORKSPACES, VARIABLES))?;
    drop(runtime);
    let credentials = events / 50;
    at_once(ledger, context, async move |ledger, context, number| {
        if ledger.view().head as usize >= events {
            return Ok(false);
        }
        one(ledger, context, number, credentials).await.map(|()| true)
    })
}

/// Has many tasks of one thread do pieces of work, numbered from 0 on, until one says that there is no more.
fn at_once(
    ledger: &Ledger,
    context: &RequestContext,
    work: impl AsyncFn(&Ledger, RequestContext, usize) -> Result<bool> + Copy + 'static,
) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let (next, error) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(None)));
    let clients = LocalSet::new();
    for _ in 0..TASKS {
        let (ledger, context) = (ledger.clone(), context.clone());
        let (next, error) = (Rc::clone(&next), Rc::clone(&error));
        clients.spawn_local(async move {
            loop {
                let number = next.replace(next.get() + 1);
                match work(&ledger, context.clone(), number).await {
                    Ok(true) => {}
                    Ok(false) => return,
                    Err(what) => {
                        error.set(Some(what.to_string()));
                        return;
                    }
                }
            }
        });
    }
    runtime.block_on(clients);
    error.take().map_or(Ok(()), |what: String| Err(what.into()))
}

async fn one(ledger: &Ledger, context: RequestContext, number: usize, credentials: usize) -> Result<()> {
    let name = |number: usize| format!("key-{number}");
    if number < credentials {
        let mut draft = draft(format!("Key {number}"))?;
        draft.handle = Some(name(number));
        ledger.create_credential(context, draft).await.map_err(failed)?;
        return Ok(());
    }
    let credential = name(number.wrapping_mul(2_654_435_761) % credentials);
    match number % 98 {
        0..20 => {
            let rotate = RotateDraft {
                credential,
                fields: draft(String::new())?.fields,
                ..RotateDraft::default()
            };
            ledger.rotate_credential(context, rotate).await.map_err(failed)?;
        }
        20..30 => {
            let update = UpdateCredential {
                credential,
                description: Some(format!("as of {number}")),
                ..UpdateCredential::default()
            };
            ledger.update_credential(context, update).await.map_err(failed)?;
        }
        _ => {
            let served = request(number % WORKSPACES);
            ledger.resolve(context, served).await.map_err(failed)?;
        }
    }
    Ok(())
}
