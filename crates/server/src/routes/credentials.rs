//! Credentials. Values go in and never come out here but by `reveal`, which is recorded first.

use super::audit::blocking;
use super::{found_in, time_if, word};
use crate::answer::{self, Answer};
use crate::app::App;
use crate::call::{Asker, Call, Viewer, moment};
use crate::list::Slice;
use crate::params::{Params, Query};
use crate::problem::ApiError;
use crate::view::{Lens, credential_written};
use std::collections::BTreeMap;
use std::fmt::Write;
use strongroom_api::audit::{Event, HistoryQuery};
use strongroom_api::credential as api;
use strongroom_api::credential::{
    CreateCredential, Credential, CredentialQuery, CredentialWritten, RevealCredential, Revealed, RollbackCredential,
    RotateCredential, Rotation, ShareCredential, UpdateCredential, Usage, WhatIf, WhatIfQuery,
};
use strongroom_api::page::AsOfQuery;
use strongroom_api::written::Because;
use strongroom_api::{Fields, Page, Pairs};
use strongroom_domain::command::{self, Change, Command, FieldInput};
use strongroom_domain::event::{Pair, RotationPolicy, Sharing, Source, Variable};
use strongroom_domain::find;
use strongroom_domain::ids::TimeUs;
use strongroom_domain::resolve::{fits, suits};
use strongroom_domain::secret::SecretText;
use strongroom_domain::state;
use strongroom_domain::what_if;
use strongroom_domain::words::{CredentialStatus, FieldClass, Kind};
use strongroom_formats::catalogue::{Class, classify};
use strongroom_ledger::{Alphabet, CredentialDraft, FieldText, Generate, Receipt, RevealRequest, RotateDraft};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use zeroize::Zeroizing;

/// Characters of a value that is made up, where nothing is said: of letters and digits that is 190 bits.
const GENERATED_LENGTH: u32 = 32;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get))
        .routes(routes!(update))
        .routes(routes!(rotate))
        .routes(routes!(rollback))
        .routes(routes!(disable))
        .routes(routes!(enable))
        .routes(routes!(revoke))
        .routes(routes!(share))
        .routes(routes!(unshare))
        .routes(routes!(reveal))
        .routes(routes!(history))
        .routes(routes!(would_follow))
        .routes(routes!(usage))
}

/// Lists credentials, by handle; revoked ones only where they are asked for.
#[utoipa::path(get, path = "/api/v1/credentials", tag = "credentials", params(CredentialQuery, AsOfQuery),
    responses((status = 200, body = Page<Credential>)))]
async fn list(asker: Viewer, Query(query): Query<CredentialQuery>) -> Answer {
    let filters = [
        &query.service,
        &query.client,
        &query.kind,
        &query.status,
        &query.q,
        &query.fits,
        &query.workspace,
    ]
    .map(|filter| filter.as_deref());
    let slice = Slice::of("credentials", &filters, query.limit, query.cursor.as_deref())?;
    let view = asker.view();
    let lens = Lens::of(&view, &asker.caller);
    let wanted = Wanted::of(&lens, &query)?;
    let state = lens.state;
    let page = slice.take(
        state
            .names
            .credential_handles
            .range::<_, str>(slice.range())
            .filter_map(|(handle, id)| Some((handle, state.credentials.get(id)?)))
            .filter(|(_, it)| wanted.matches(it) && lens.seen.credential(it))
            .map(|(handle, it)| (handle, lens.credential(it, false))),
    );
    answer::ok(&page)
}

/// Makes a credential. A field that neither kind nor service knows is secret unless named in `plain` or `destinations`.
#[utoipa::path(post, path = "/api/v1/credentials", tag = "credentials", request_body = CreateCredential,
    responses((status = 201, body = CredentialWritten)))]
async fn create(call: Call<CreateCredential>) -> Answer {
    let body = call.body;
    let draft = CredentialDraft {
        name: body.name,
        service: body.service,
        kind: Kind::parse(&body.kind),
        fields: fields(body.fields, &body.json)?,
        plain: body.plain,
        destinations: body.destinations,
        handle: body.handle,
        client: body.client,
        tags: pairs(body.tags),
        settings: pairs(body.settings),
        description: body.description.unwrap_or_default(),
        steward: body.steward,
        expires_at: time_if(body.expires_at.as_deref(), "/expires_at")?,
        rotation: body.rotation.map(rotation),
        scopes: body.scopes,
        app: body.app,
        source: body.source.map(|source| Source {
            system: source.system,
            id: source.id,
        }),
        accept_duplicate: body.accept_duplicate,
    };
    let receipt = call.app.ledger.create_credential(call.context, draft).await?;
    let written = credential_written(&receipt, "")?;
    answer::created(
        &format!("/api/v1/credentials/{}", written.handle),
        written.etag,
        &written,
    )
}

/// One credential with its versions, without values but those of plain fields.
#[utoipa::path(get, path = "/api/v1/credentials/{handle}", tag = "credentials", params(AsOfQuery), responses((status = 200, body = Credential)))]
async fn get(asker: Asker, Params(handle): Params<String>, Query(query): Query<AsOfQuery>) -> Answer {
    let view = match query.as_of {
        None => asker.view(),
        Some(text) => {
            let instant = moment(&asker.app, &text, "/as_of")?;
            let (ledger, caller, handle) = (asker.app.ledger.clone(), asker.caller, handle.clone());
            blocking(move || ledger.credential_as_of(&caller, &handle, instant)).await?
        }
    };
    let lens = Lens::of(&view, &asker.caller);
    let it = find::credential(lens.state, &lens.seen, &handle, "")?;
    answer::versioned(it.head.changed, &lens.credential(it, true))
}

/// Changes what is not secret.
#[utoipa::path(post, path = "/api/v1/credentials/{handle}/update", tag = "credentials", request_body = UpdateCredential,
    responses((status = 200, body = CredentialWritten)))]
async fn update(Params(handle): Params<String>, call: Call<UpdateCredential>) -> Answer {
    let body = call.body;
    let expires_at = match body.expires_at {
        None => Change::Keep,
        Some(None) => Change::Clear,
        Some(Some(text)) => Change::Set(super::time_at(&text, "/expires_at")?),
    };
    let view = call.app.ledger.view();
    let lens = Lens::of(&view, &call.context.caller);
    let known = find::credential(lens.state, &lens.seen, &handle, "").ok();
    let inputs = fields(body.fields, &body.json)?
        .into_iter()
        .map(|(name, field)| FieldInput {
            class: class_of(known, &name),
            name,
            value: field.text,
            json: field.json,
        })
        .collect();
    let update = command::UpdateCredential {
        credential: handle.clone(),
        name: body.name,
        description: body.description,
        tags: body.tags.map(pairs),
        settings: body.settings.map(pairs),
        client: change(body.client, |client| client),
        steward: body.steward,
        expires_at,
        rotation: change(body.rotation, rotation),
        fields: inputs,
        remove_fields: body.remove_fields,
        scopes: body.scopes,
    };
    let receipt = call.app.ledger.update_credential(call.context, update).await?;
    done(&receipt, &handle)
}

/// Enters new values: the next version, at once wherever it is used.
#[utoipa::path(post, path = "/api/v1/credentials/{handle}/rotate", tag = "credentials", request_body = RotateCredential,
    responses((status = 200, body = CredentialWritten)))]
async fn rotate(Params(handle): Params<String>, call: Call<RotateCredential>) -> Answer {
    let body = call.body;
    let draft = RotateDraft {
        credential: handle.clone(),
        fields: fields(body.fields, &body.json)?,
        plain: body.plain,
        destinations: body.destinations,
        grace_days: body.grace_days,
        until_moved: body.grace_until_moved,
        generate: generate(&body.generate)?,
        expires_at: time_if(body.expires_at.as_deref(), "/expires_at")?,
        accept_duplicate: body.accept_duplicate,
    };
    let receipt = call.app.ledger.rotate_credential(call.context, draft).await?;
    done(&receipt, &handle)
}

/// Goes back to the values of an earlier version, as a new version.
#[utoipa::path(post, path = "/api/v1/credentials/{handle}/rollback", tag = "credentials", request_body = RollbackCredential,
    responses((status = 200, body = CredentialWritten)))]
async fn rollback(Params(handle): Params<String>, call: Call<RollbackCredential>) -> Answer {
    let command = Command::RollbackCredential {
        credential: handle.clone(),
        version: call.body.version,
    };
    let receipt = call.app.ledger.execute(call.context, command).await?;
    done(&receipt, &handle)
}

/// Stops serving it for now.
#[utoipa::path(post, path = "/api/v1/credentials/{handle}/disable", tag = "credentials", request_body = Because,
    responses((status = 200, body = CredentialWritten)))]
async fn disable(Params(handle): Params<String>, call: Call<Because>) -> Answer {
    let command = Command::DisableCredential {
        credential: handle.clone(),
    };
    let receipt = call.app.ledger.execute(call.context, command).await?;
    done(&receipt, &handle)
}

/// Serves it again.
#[utoipa::path(post, path = "/api/v1/credentials/{handle}/enable", tag = "credentials", request_body = Because,
    responses((status = 200, body = CredentialWritten)))]
async fn enable(Params(handle): Params<String>, call: Call<Because>) -> Answer {
    let command = Command::EnableCredential {
        credential: handle.clone(),
    };
    let receipt = call.app.ledger.execute(call.context, command).await?;
    done(&receipt, &handle)
}

/// Stops serving it for good: the delete.
#[utoipa::path(post, path = "/api/v1/credentials/{handle}/revoke", tag = "credentials", request_body = Because,
    responses((status = 200, body = CredentialWritten)))]
async fn revoke(Params(handle): Params<String>, call: Call<Because>) -> Answer {
    let command = Command::RevokeCredential {
        credential: handle.clone(),
    };
    let receipt = call.app.ledger.execute(call.context, command).await?;
    done(&receipt, &handle)
}

/// Lets others use it.
#[utoipa::path(post, path = "/api/v1/credentials/{handle}/share", tag = "credentials", request_body = ShareCredential,
    responses((status = 200, body = CredentialWritten)))]
async fn share(Params(handle): Params<String>, call: Call<ShareCredential>) -> Answer {
    let command = Command::ShareCredential(sharing(&handle, call.body));
    let receipt = call.app.ledger.execute(call.context, command).await?;
    done(&receipt, &handle)
}

/// Takes sharing back.
#[utoipa::path(post, path = "/api/v1/credentials/{handle}/unshare", tag = "credentials", request_body = ShareCredential,
    responses((status = 200, body = CredentialWritten)))]
async fn unshare(Params(handle): Params<String>, call: Call<ShareCredential>) -> Answer {
    let command = Command::UnshareCredential(sharing(&handle, call.body));
    let receipt = call.app.ledger.execute(call.context, command).await?;
    done(&receipt, &handle)
}

/// What would follow if it were disabled, revoked or shared less: nothing is done.
#[utoipa::path(get, path = "/api/v1/credentials/{handle}/what-if", tag = "credentials", params(WhatIfQuery),
    responses((status = 200, body = WhatIf)))]
async fn would_follow(asker: Asker, Params(handle): Params<String>, Query(query): Query<WhatIfQuery>) -> Answer {
    let view = asker.view();
    let lens = Lens::of(&view, &asker.caller);
    let it = find::credential(lens.state, &lens.seen, &handle, "")?;
    let acts = ["disable", "revoke", "unshare"];
    let act = match query.act.as_str() {
        "disable" => Some(what_if::WhatIf::Disable),
        "revoke" => Some(what_if::WhatIf::Revoke),
        "unshare" => Some(what_if::WhatIf::Unshare(unshared(&lens, &query)?)),
        _ => None,
    };
    let act = word(act, "/act", "act", &acts)?;
    let following = what_if::what_if(lens.state, &lens.seen, it, &act, lens.now);
    answer::ok(&lens.following(&query.act, it, &following))
}

/// Where it stands, and who came by its values when: for who sees it.
#[utoipa::path(get, path = "/api/v1/credentials/{handle}/usage", tag = "credentials", responses((status = 200, body = Usage)))]
async fn usage(asker: Asker, Params(handle): Params<String>) -> Answer {
    let view = asker.view();
    let lens = Lens::of(&view, &asker.caller);
    let it = find::credential(lens.state, &lens.seen, &handle, "")?;
    let (ledger, id) = (asker.app.ledger.clone(), it.id);
    let uses = super::audit::blocking(move || ledger.uses(id)).await?;
    answer::ok(&lens.usage(it, &uses))
}

/// Shows its values to a person; recorded before they leave, each time.
#[utoipa::path(post, path = "/api/v1/credentials/{handle}/reveal", tag = "credentials", request_body = RevealCredential,
    responses((status = 200, body = Revealed)))]
async fn reveal(Params(handle): Params<String>, call: Call<RevealCredential>) -> Answer {
    let request = RevealRequest {
        credential: handle,
        version: call.body.version,
        fields: call.body.fields,
        break_glass: call.body.break_glass,
    };
    let revealed = call.app.ledger.reveal(call.context, request).await?;
    let mut text = Zeroizing::new(Vec::with_capacity(super::resolve::room(&revealed.fields) + 1_024));
    super::resolve::write_revealed(&mut text, &revealed)?;
    Ok(answer::secret(text))
}

/// What happened to it, the newest first.
#[utoipa::path(get, path = "/api/v1/credentials/{handle}/history", tag = "credentials", params(HistoryQuery),
    responses((status = 200, body = Page<Event>)))]
async fn history(asker: Asker, Params(handle): Params<String>, Query(query): Query<HistoryQuery>) -> Answer {
    let slice = Slice::of("history", &[Some(&handle)], query.limit, query.cursor.as_deref())?;
    super::audit::page(asker, slice, move |ledger, caller, limit, cursor| {
        ledger.history(caller, &handle, limit, cursor)
    })
    .await
}

/// What a list of credentials is narrowed to.
struct Wanted<'q> {
    service: Option<&'q str>,
    client: Option<strongroom_domain::ids::ClientId>,
    kind: Option<Kind>,
    status: Option<CredentialStatus>,
    all: bool,
    q: Option<&'q str>,
    fits: Option<Fits<'q>>,
}

/// A variable that a credential is to stand behind.
struct Fits<'q> {
    variable: &'q Variable,
    workspace: Option<&'q state::Workspace>,
    now: TimeUs,
}

impl<'q> Fits<'q> {
    /// Reads `TEMPLATE/VARIABLE`, at the revision that runs in the workspace, else at the newest.
    fn of(lens: &Lens<'q>, text: &str, workspace: Option<&str>) -> Result<Self, ApiError> {
        let wrong = |what: &str, hint: &str| ApiError::Parameter {
            pointer: "/fits".to_owned(),
            what: what.to_owned(),
            hint: hint.to_owned(),
        };
        let (template, variable) = text
            .split_once('/')
            .ok_or_else(|| wrong("is no variable of a template", "send TEMPLATE/VARIABLE"))?;
        let template = find::template(lens.state, &lens.seen, template, "/fits")?;
        let workspace = match workspace {
            Some(reference) => Some(find::workspace(lens.state, &lens.seen, reference, "/workspace")?),
            None => None,
        };
        let installed = workspace.and_then(|it| lens.state.installations.get(&(it.id, template.id)));
        let admitted = installed.and_then(|it| it.revision);
        let mut revisions = template.revisions.iter().rev();
        let revision = revisions.find(|it| admitted.is_none_or(|admitted| it.revision == admitted));
        let variables = revision.map_or(&[][..], |it| &it.variables);
        let declared = variables.iter().find(|it| it.name == variable);
        let declared = declared.ok_or_else(|| {
            let names: Vec<&str> = variables.iter().map(|it| it.name.as_str()).collect();
            wrong(
                "names no variable of the template",
                &format!("it has {}", names.join(", ")),
            )
        })?;
        Ok(Self {
            variable: declared,
            workspace,
            now: lens.now,
        })
    }

    fn matches(&self, it: &state::Credential) -> bool {
        match self.workspace {
            Some(workspace) => fits(self.variable, it, workspace, self.now).is_ok(),
            None => suits(self.variable, it, self.now).is_ok(),
        }
    }
}

impl<'q> Wanted<'q> {
    fn of(lens: &Lens<'q>, query: &'q CredentialQuery) -> Result<Self, ApiError> {
        let client = match &query.client {
            Some(reference) => Some(find::client(lens.state, &lens.seen, reference, "/client")?.id),
            None => None,
        };
        let kind = |text: &String| {
            word(
                Kind::parse(text),
                "/kind",
                "kind",
                &all(Kind::ALL, |kind| kind.as_str()),
            )
        };
        let all_statuses = query.status.as_deref() == Some("all");
        let status = |text: &String| {
            let mut words = all(CredentialStatus::ALL, |status| status.as_str());
            words.push("all");
            word(CredentialStatus::parse(text), "/status", "status", &words)
        };
        Ok(Self {
            service: query.service.as_deref(),
            client,
            kind: query.kind.as_ref().map(kind).transpose()?,
            status: query
                .status
                .as_ref()
                .filter(|_| !all_statuses)
                .map(status)
                .transpose()?,
            all: all_statuses,
            q: query.q.as_deref(),
            fits: match &query.fits {
                Some(text) => Some(Fits::of(lens, text, query.workspace.as_deref())?),
                None => None,
            },
        })
    }

    fn matches(&self, it: &state::Credential) -> bool {
        let hidden = matches!(it.status, CredentialStatus::Revoked | CredentialStatus::Shredded);
        let status = match self.status {
            Some(status) => it.status == status,
            None => self.all || !hidden,
        };
        status
            && self.service.is_none_or(|service| it.service == service)
            && self.client.is_none_or(|client| it.client == Some(client))
            && self.kind.is_none_or(|kind| it.kind == kind)
            && self.fits.as_ref().is_none_or(|fits| fits.matches(it))
            && (found_in(self.q, &[&it.name, &it.handle, &it.service]) || tagged(self.q, &it.tags))
    }
}

fn tagged(q: Option<&str>, tags: &[Pair]) -> bool {
    let mut text = String::new();
    tags.iter().any(|tag| {
        text.clear();
        let _ = write!(text, "{}={}", tag.name, tag.value);
        found_in(q, &[&text])
    })
}

fn all<T: Copy>(words: &[T], as_str: impl Fn(T) -> &'static str) -> Vec<&'static str> {
    words.iter().map(|word| as_str(*word)).collect()
}

fn done(receipt: &Receipt, handle: &str) -> Answer {
    let written = credential_written(receipt, handle)?;
    answer::versioned(written.etag, &written)
}

/// Fields with what is JSON among them; a name in `json` that is no field is a mistake.
fn fields(fields: Fields, json: &[String]) -> Result<Vec<(String, FieldText)>, ApiError> {
    if let Some(at) = json
        .iter()
        .position(|name| !fields.0.iter().any(|(field, _)| field == name))
    {
        return Err(ApiError::Parameter {
            pointer: format!("/json/{at}"),
            what: "names no field of this request".to_owned(),
            hint: "name fields whose text is JSON".to_owned(),
        });
    }
    let field = |(name, text): (String, strongroom_api::SecretText)| {
        let json = json.contains(&name);
        (
            name,
            FieldText {
                text: SecretText::new(text.into_inner()),
                json,
            },
        )
    };
    Ok(fields.0.into_iter().map(field).collect())
}

/// How a field of a credential is kept: as it was entered, else as the catalogue says, else as a plain one is asked for.
fn class_of(known: Option<&state::Credential>, name: &str) -> FieldClass {
    let Some(known) = known else { return FieldClass::Plain };
    if let Some(fact) = known.fields.iter().find(|fact| fact.name == name) {
        return fact.class;
    }
    let kind = strongroom_formats::Kind::parse(known.kind.as_str());
    match kind.and_then(|kind| classify(&known.service, kind, name)) {
        Some(Class::Secret) => FieldClass::Secret,
        Some(Class::Destination) => FieldClass::Destination,
        Some(Class::Plain) | None => FieldClass::Plain,
    }
}

pub(super) fn pairs(pairs: Pairs) -> Vec<Pair> {
    pairs.0.into_iter().map(|(name, value)| Pair { name, value }).collect()
}

fn rotation(rotation: Rotation) -> RotationPolicy {
    RotationPolicy {
        every_days: rotation.every_days,
        grace_days: rotation.grace_days,
    }
}

fn change<A, B>(asked: Option<Option<A>>, to: impl Fn(A) -> B) -> Change<B> {
    match asked {
        None => Change::Keep,
        Some(None) => Change::Clear,
        Some(Some(value)) => Change::Set(to(value)),
    }
}

/// How values are to be made up.
fn generate(wishes: &BTreeMap<String, api::Generate>) -> Result<Vec<(String, Generate)>, ApiError> {
    let words: Vec<&str> = Alphabet::ALL.iter().map(|(word, _)| *word).collect();
    let one = |(name, wish): (&String, &api::Generate)| {
        let named = wish.alphabet.as_deref();
        let mut all = Alphabet::ALL.iter();
        let found = named.map_or(Some(Alphabet::default()), |text| {
            all.find(|(word, _)| *word == text).map(|(_, alphabet)| *alphabet)
        });
        let alphabet = word(found, &format!("/generate/{name}/alphabet"), "alphabet", &words)?;
        let length = usize::try_from(wish.length.unwrap_or(GENERATED_LENGTH)).unwrap_or(usize::MAX);
        Ok((name.clone(), Generate { length, alphabet }))
    };
    wishes.iter().map(one).collect()
}

/// Whom a question about unsharing names.
fn unshared(lens: &Lens<'_>, query: &WhatIfQuery) -> Result<Sharing, ApiError> {
    let words = |text: &Option<String>| -> Vec<String> {
        let words = text.as_deref().unwrap_or_default().split(',').map(str::trim);
        words.filter(|it| !it.is_empty()).map(str::to_owned).collect()
    };
    let client = |it: String| find::client(lens.state, &lens.seen, &it, "/clients").map(|it| it.id);
    let workspace = |it: String| find::workspace(lens.state, &lens.seen, &it, "/workspaces").map(|it| it.id);
    Ok(Sharing {
        all: query.all.unwrap_or(false),
        clients: words(&query.clients)
            .into_iter()
            .map(client)
            .collect::<Result<_, _>>()?,
        workspaces: words(&query.workspaces)
            .into_iter()
            .map(workspace)
            .collect::<Result<_, _>>()?,
    })
}

fn sharing(handle: &str, body: ShareCredential) -> command::ShareCredential {
    command::ShareCredential {
        credential: handle.to_owned(),
        all: body.all,
        clients: body.clients,
        workspaces: body.workspaces,
    }
}
