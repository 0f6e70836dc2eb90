//! Principals, grants, tokens.

use super::{found_in, time_if, word};
use crate::answer::{self, Answer};
use crate::app::App;
use crate::call::{Asker, Call, Viewer};
use crate::list::Slice;
use crate::params::{Params, Query};
use crate::problem::ApiError;
use crate::view::{Lens, grant_written, thing_written, token_written, written};
use strongroom_api::page::AsOfQuery;
use strongroom_api::principal::{
    CreateGrant, CreatePrincipal, CreateRunToken, CreateToken, Grant, GrantInput, GrantWritten, Principal,
    PrincipalQuery, Token, TokenQuery, TokenWritten, Whoami,
};
use strongroom_api::written::{Because, ThingWritten, Written};
use strongroom_api::{Page, SecretText};
use strongroom_domain::Rejection;
use strongroom_domain::command::Command;
use strongroom_domain::event::{Pair, Scope};
use strongroom_domain::find;
use strongroom_domain::ids::{GrantId, TokenId};
use strongroom_domain::rights::Target;
use strongroom_domain::text::{Handle, Name};
use strongroom_domain::words::{Category, Effect, PrincipalKind, Right, Role};
use strongroom_ledger::{Failure, Receipt};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// How long a run's token lives where nothing is said: an hour.
const RUN_TOKEN_S: u32 = 3_600;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(whoami))
        .routes(routes!(list, create))
        .routes(routes!(get))
        .routes(routes!(disable))
        .routes(routes!(grants, grant))
        .routes(routes!(withdraw))
        .routes(routes!(tokens, issue))
        .routes(routes!(issue_run))
        .routes(routes!(release))
        .routes(routes!(revoke))
}

/// Who the token in use belongs to, and what it may do.
#[utoipa::path(get, path = "/api/v1/whoami", tag = "principals", responses((status = 200, body = Whoami)))]
async fn whoami(asker: Asker) -> Answer {
    let view = asker.view();
    let whoami = Lens::of(&view, &asker.caller).whoami(&asker.caller);
    answer::ok(&whoami.ok_or_else(|| Failure::Internal("the caller is no principal".to_owned()))?)
}

/// Lists principals, by handle; disabled ones only where they are asked for.
#[utoipa::path(get, path = "/api/v1/principals", tag = "principals", params(PrincipalQuery, AsOfQuery),
    responses((status = 200, body = Page<Principal>)))]
async fn list(asker: Viewer, Query(query): Query<PrincipalQuery>) -> Answer {
    let disabled = query.disabled.unwrap_or(false);
    let filters = [query.q.as_deref(), disabled.then_some("disabled")];
    let slice = Slice::of("principals", &filters, query.limit, query.cursor.as_deref())?;
    let view = asker.view();
    let lens = Lens::of(&view, &asker.caller);
    if !lens.seen.principals() {
        lens.seen
            .authorize(Right::Administer, Target::Ledger)
            .map_err(Rejection::from)?;
    }
    let state = lens.state;
    let page = slice.take(
        state
            .names
            .principal_handles
            .range::<_, str>(slice.range())
            .filter_map(|(handle, id)| Some((handle, state.principals.get(id)?)))
            .filter(|(_, it)| disabled || !it.disabled)
            .filter(|(_, it)| found_in(query.q.as_deref(), &[&it.name, &it.handle]) && lens.seen.principal(it))
            .map(|(handle, it)| (handle, lens.principal(it))),
    );
    answer::ok(&page)
}

/// Makes a principal; it may do nothing but what it is granted.
#[utoipa::path(post, path = "/api/v1/principals", tag = "principals", request_body = CreatePrincipal,
    responses((status = 201, body = ThingWritten)))]
async fn create(call: Call<CreatePrincipal>) -> Answer {
    let body = call.body;
    let kind = kind_of(body.kind.as_deref())?;
    let view = call.app.ledger.view();
    let lens = Lens::of(&view, &call.context.caller);
    // Grants in the same step name the principal by the handle that it gets.
    let handle = match (&body.handle, body.grants.is_empty()) {
        (None, false) => Some(free_handle(&lens, &body.name)?),
        (handle, _) => handle.clone(),
    };
    let principal = handle.clone().unwrap_or_default();
    let mut commands = vec![Command::CreatePrincipal {
        name: body.name,
        handle,
        kind,
    }];
    for (at, input) in body.grants.into_iter().enumerate() {
        commands.push(grant_command(
            &lens,
            principal.clone(),
            input,
            &format!("/grants/{at}"),
        )?);
    }
    let receipt = call.app.ledger.execute_all(call.context, commands).await?;
    let written = thing_written(&receipt, Category::Principal, "")?;
    answer::created(
        &format!("/api/v1/principals/{}", written.handle),
        written.etag,
        &written,
    )
}

/// One principal with what it was granted.
#[utoipa::path(get, path = "/api/v1/principals/{handle}", tag = "principals", params(AsOfQuery), responses((status = 200, body = Principal)))]
async fn get(asker: Viewer, Params(handle): Params<String>) -> Answer {
    let view = asker.view();
    let lens = Lens::of(&view, &asker.caller);
    let it = find::principal(lens.state, &lens.seen, &handle, "")?;
    answer::versioned(it.head.changed, &lens.principal(it))
}

/// Ends all its tokens at once.
#[utoipa::path(post, path = "/api/v1/principals/{handle}/disable", tag = "principals", request_body = Because,
    responses((status = 200, body = ThingWritten)))]
async fn disable(Params(handle): Params<String>, call: Call<Because>) -> Answer {
    let command = Command::DisablePrincipal {
        principal: handle.clone(),
    };
    let receipt = call.app.ledger.execute(call.context, command).await?;
    let written = thing_written(&receipt, Category::Principal, &handle)?;
    answer::versioned(written.etag, &written)
}

/// What a principal was granted, oldest first, also what was taken back; everybody sees his own.
#[utoipa::path(get, path = "/api/v1/principals/{handle}/grants", tag = "principals",
    params(AsOfQuery), responses((status = 200, body = Page<Grant>)))]
async fn grants(asker: Viewer, Params(handle): Params<String>) -> Answer {
    let view = asker.view();
    let lens = Lens::of(&view, &asker.caller);
    let it = find::principal(lens.state, &lens.seen, &handle, "")?;
    answer::ok(&Page {
        items: lens.principal(it).grants,
        next: None,
    })
}

/// Grants a role.
#[utoipa::path(post, path = "/api/v1/principals/{handle}/grants", tag = "principals", request_body = CreateGrant,
    responses((status = 201, body = GrantWritten)))]
async fn grant(Params(handle): Params<String>, call: Call<CreateGrant>) -> Answer {
    let CreateGrant {
        role,
        all,
        workspaces,
        clients,
        services,
        tags,
        credentials,
        effect,
        from,
        until,
        ..
    } = call.body;
    let input = GrantInput {
        role,
        all,
        workspaces,
        clients,
        services,
        tags,
        credentials,
        effect,
        from,
        until,
    };
    let view = call.app.ledger.view();
    let command = grant_command(&Lens::of(&view, &call.context.caller), handle.clone(), input, "")?;
    let receipt = call.app.ledger.execute(call.context, command).await?;
    let written = grant_written(&receipt, &handle, None)?;
    answer::created(
        &format!("/api/v1/principals/{}/grants/{}", written.principal, written.id),
        1,
        &written,
    )
}

/// Takes a grant back.
#[utoipa::path(delete, path = "/api/v1/principals/{handle}/grants/{id}", tag = "principals",
    responses((status = 200, body = GrantWritten)))]
async fn withdraw(Params((handle, id)): Params<(String, String)>, call: Call<Because>) -> Answer {
    let grant = GrantId::parse(&id).map_err(|_| not_found("grant"))?;
    let command = Command::WithdrawGrant {
        principal: handle.clone(),
        grant,
    };
    let receipt = call.app.ledger.execute(call.context, command).await?;
    answer::ok(&grant_written(&receipt, &handle, Some(&id))?)
}

/// Lists tokens by principal, never their text; revoked ones only where they are asked for.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "tokens", params(TokenQuery, AsOfQuery), responses((status = 200, body = Page<Token>)))]
async fn tokens(asker: Viewer, Query(query): Query<TokenQuery>) -> Answer {
    let revoked = query.revoked.unwrap_or(false);
    let runs = query.runs.unwrap_or(false);
    let filters = [
        query.principal.as_deref(),
        revoked.then_some("revoked"),
        runs.then_some("runs"),
    ];
    let slice = Slice::of("tokens", &filters, query.limit, query.cursor.as_deref())?;
    let view = asker.view();
    let lens = Lens::of(&view, &asker.caller);
    let of = match &query.principal {
        Some(reference) => Some(find::principal(lens.state, &lens.seen, reference, "/principal")?.id),
        None => None,
    };
    let owners = lens
        .state
        .names
        .principal_handles
        .iter()
        .filter_map(|(_, id)| lens.state.principals.get(id));
    let seen = owners.filter(|it| of.is_none_or(|id| it.id == id) && lens.seen.principal(it));
    let all = seen.flat_map(|owner| owner.tokens.iter().map(move |token| (owner, token)));
    let keyed = all
        .filter(|(_, token)| (revoked || token.revoked_at.is_none()) && (runs || token.run.is_none()))
        .map(|(owner, token)| {
            // The order of issue within a principal: ids are random, times are not.
            (
                format!("{}/{:020}/{}", owner.handle, token.issued_at, token.id),
                lens.token(owner, token),
            )
        });
    answer::ok(&slice.take(keyed.filter(|(key, _)| slice.after().is_none_or(|after| key.as_str() > after))))
}

/// Issues a token; it is shown once. With a role, the principal is made if it is not there, and granted the role.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "tokens", request_body = CreateToken,
    responses((status = 201, body = TokenWritten)))]
async fn issue(call: Call<CreateToken>) -> Answer {
    let body = call.body;
    let view = call.app.ledger.view();
    let lens = Lens::of(&view, &call.context.caller);
    let mut commands = Vec::new();
    let principal = match (body.principal, &body.role) {
        (None, _) => call.context.caller.principal.to_string(),
        (Some(reference), None) => reference,
        (Some(reference), Some(role)) => owner(&lens, reference, role, &mut commands)?,
    };
    if let Some(role) = body.role {
        let mut input = GrantInput {
            role,
            workspaces: body.workspaces,
            clients: body.clients,
            services: body.services,
            tags: body.tags,
            credentials: body.credentials,
            ..GrantInput::default()
        };
        input.all = names_nothing(&input);
        commands.push(grant_command(&lens, principal.clone(), input, "")?);
    }
    let token = strongroom_seal::Token::make().map_err(|error| Failure::Internal(error.to_string()))?;
    commands.push(Command::IssueToken {
        principal: principal.clone(),
        hash: token.stored_hash(),
        label: body.label.unwrap_or_default(),
        expires_at: time_if(body.expires_at.as_deref(), "/expires_at")?,
    });
    let receipt = call.app.ledger.execute_all(call.context, commands).await?;
    show_once(&receipt, &principal, &token)
}

/// Issues a token for one run of a workflow; it is shown once. It is served that run's secrets and opens nothing else, and
/// ends with the token or identity by which it was asked for.
#[utoipa::path(post, path = "/api/v1/tokens/run", tag = "tokens", request_body = CreateRunToken,
    responses((status = 201, body = TokenWritten)))]
async fn issue_run(call: Call<CreateRunToken>) -> Answer {
    let body = call.body;
    let view = call.app.ledger.view();
    let expires_in = u64::from(body.expires_in.unwrap_or(RUN_TOKEN_S));
    let token = strongroom_seal::Token::make().map_err(|error| Failure::Internal(error.to_string()))?;
    let principal = call.context.caller.principal.to_string();
    let command = Command::IssueRunToken {
        workspace: body.workspace,
        template: body.template,
        revision: body.revision,
        instance: body.instance,
        hash: token.stored_hash(),
        expires_at: view.now.saturating_add(expires_in * 1_000_000),
    };
    let receipt = call.app.ledger.execute(call.context, command).await?;
    show_once(&receipt, &principal, &token)
}

fn show_once(receipt: &Receipt, principal: &str, token: &strongroom_seal::Token) -> Answer {
    let mut written = token_written(receipt, principal, None)?;
    if receipt.replayed {
        written
            .written
            .warnings
            .push("the token was shown when it was issued and is shown no more".to_owned());
    } else {
        written.token = Some(SecretText::new(token.expose().to_string()));
    }
    answer::created(&format!("/api/v1/tokens/{}", written.id), 1, &written)
}

/// Lets tokens and identities of before a recovery open again: they are suspended since nobody knows what was revoked after the
/// backup. Takes `own`.
#[utoipa::path(post, path = "/api/v1/tokens/release", tag = "tokens", request_body = Because,
    responses((status = 200, body = Written)))]
async fn release(call: Call<Because>) -> Answer {
    let receipt = call.app.ledger.execute(call.context, Command::ReleaseTokens).await?;
    answer::ok(&written(&receipt))
}

/// Ends a token at once.
#[utoipa::path(delete, path = "/api/v1/tokens/{id}", tag = "tokens", responses((status = 200, body = TokenWritten)))]
async fn revoke(Params(id): Params<String>, call: Call<Because>) -> Answer {
    let token = TokenId::parse(&id).map_err(|_| not_found("token"))?;
    let receipt = call
        .app
        .ledger
        .execute(call.context, Command::RevokeToken { token })
        .await?;
    let owner = receipt
        .view
        .state
        .principals
        .values()
        .find(|it| it.tokens.iter().any(|held| held.id == token));
    let owner = owner.map(|it| it.handle.clone()).unwrap_or_default();
    answer::ok(&token_written(&receipt, &owner, Some(&id))?)
}

/// Whose token it is to be: one who is there, by handle, id or name, or one to be made.
fn owner(lens: &Lens<'_>, reference: String, role: &str, commands: &mut Vec<Command>) -> Result<String, ApiError> {
    if let Ok(it) = find::principal(lens.state, &lens.seen, &reference, "/principal") {
        return Ok(it.handle.clone());
    }
    let by_name = Name::parse(&reference).ok().and_then(|name| {
        let id = lens.state.names.principal_skeletons.get(name.skeleton())?;
        lens.state.principals.get(id).filter(|it| lens.seen.principal(it))
    });
    if let Some(it) = by_name {
        return Ok(it.handle.clone());
    }
    let handle = free_handle(lens, &reference)?;
    let kind = if role == Role::Service.as_str() {
        PrincipalKind::Service
    } else {
        PrincipalKind::Person
    };
    commands.push(Command::CreatePrincipal {
        name: reference,
        handle: Some(handle.clone()),
        kind,
    });
    Ok(handle)
}

/// The handle that a new principal of this name gets.
fn free_handle(lens: &Lens<'_>, name: &str) -> Result<String, ApiError> {
    let invalid = |what: &str| ApiError::Parameter {
        pointer: "/name".to_owned(),
        what: what.to_owned(),
        hint: "choose another name, or make the principal with a handle of its own first".to_owned(),
    };
    let name = Name::parse(name).map_err(|error| invalid(error.0))?;
    let handle: Handle = name
        .handle()
        .ok_or_else(|| invalid("nothing of the name can be spelt in a handle"))?;
    let free = handle.free(|taken| lens.state.names.principal_handles.contains_key(taken));
    Ok(free.as_str().to_owned())
}

fn grant_command(lens: &Lens<'_>, principal: String, input: GrantInput, at: &str) -> Result<Command, ApiError> {
    let roles: Vec<&str> = Role::ALL.iter().map(|role| role.as_str()).collect();
    let role = word(Role::parse(&input.role), &format!("{at}/role"), "role", &roles)?;
    let effects: Vec<&str> = Effect::ALL.iter().map(|effect| effect.as_str()).collect();
    let effect = match &input.effect {
        Some(text) => word(Effect::parse(text), &format!("{at}/effect"), "effect", &effects)?,
        None => Effect::Allow,
    };
    Ok(Command::Grant {
        principal,
        role,
        scope: scope_of(lens, &input, "a grant", at)?,
        effect,
        from: time_if(input.from.as_deref(), &format!("{at}/from"))?,
        until: time_if(input.until.as_deref(), &format!("{at}/until"))?,
    })
}

fn names_nothing(input: &GrantInput) -> bool {
    let named = [
        &input.workspaces,
        &input.clients,
        &input.services,
        &input.tags,
        &input.credentials,
    ];
    named.iter().all(|names| names.is_empty())
}

/// What a grant or a freeze names, found among what the caller sees: all, or what is named.
pub(super) fn scope_of(lens: &Lens<'_>, input: &GrantInput, what: &str, at: &str) -> Result<Scope, ApiError> {
    if input.all != names_nothing(input) {
        return Err(ApiError::Parameter {
            pointer: format!("{at}/all"),
            what: format!("{what} holds for the whole ledger or for what it names"),
            hint: "send either `all: true` or some of `workspaces`, `clients`, `services`, `tags`, `credentials`"
                .to_owned(),
        });
    }
    fn each<T>(
        names: &[String],
        at: &str,
        find: impl Fn(&str, &str) -> Result<T, ApiError>,
    ) -> Result<Vec<T>, ApiError> {
        let one = |(number, name): (usize, &String)| find(name, &format!("{at}/{number}"));
        names.iter().enumerate().map(one).collect()
    }
    let (state, seen) = (lens.state, &lens.seen);
    Ok(Scope {
        all: input.all,
        workspaces: each(&input.workspaces, &format!("{at}/workspaces"), |name, at| {
            Ok(find::workspace(state, seen, name, at)?.id)
        })?,
        clients: each(&input.clients, &format!("{at}/clients"), |name, at| {
            Ok(find::client(state, seen, name, at)?.id)
        })?,
        services: input.services.clone(),
        tags: each(&input.tags, &format!("{at}/tags"), tag)?,
        credentials: each(&input.credentials, &format!("{at}/credentials"), |name, at| {
            Ok(find::credential(state, seen, name, at)?.id)
        })?,
    })
}

fn tag(text: &str, at: &str) -> Result<Pair, ApiError> {
    let (name, value) = text.split_once('=').ok_or_else(|| ApiError::Parameter {
        pointer: at.to_owned(),
        what: "a tag has a name and a value".to_owned(),
        hint: "send it as `name=value`".to_owned(),
    })?;
    Ok(Pair {
        name: name.to_owned(),
        value: value.to_owned(),
    })
}

fn kind_of(text: Option<&str>) -> Result<PrincipalKind, ApiError> {
    let Some(text) = text else {
        return Ok(PrincipalKind::Person);
    };
    let kind = PrincipalKind::parse(text).filter(|kind| *kind != PrincipalKind::System);
    word(kind, "/kind", "kind of principal", &["person", "service"])
}

fn not_found(what: &'static str) -> ApiError {
    Rejection::NotFound {
        what,
        pointer: String::new(),
        suggestions: Vec::new(),
        denied: None,
    }
    .into()
}
