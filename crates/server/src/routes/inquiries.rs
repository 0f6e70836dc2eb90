//! Questions of auditors: why, who could, what it reaches, what differs, what is untidy.

mod diff; // what differs between two moments

use super::audit::{blocking, position_of};
use super::word;
use crate::answer::{self, Answer};
use crate::app::App;
use crate::call::{Asker, Call, Viewer};
use crate::params::{Params, Query};
use crate::problem::ApiError;
use crate::view::Lens;
use std::sync::Arc;
use strongroom_api::credential::WhatIfTouched;
use strongroom_api::inquiry::{Access, Explained, Hygiene, Impact, ImpactQuery, ImpactRotate, LeakSearch, SearchLeaks};
use strongroom_api::page::AsOfQuery;
use strongroom_domain::access::{self, Means};
use strongroom_domain::context::Caller;
use strongroom_domain::ids::CredentialVersion;
use strongroom_domain::rights::Target;
use strongroom_domain::secret::SecretText;
use strongroom_domain::state::{Credential, Principal};
use strongroom_domain::what_if::{self, WhatIf};
use strongroom_domain::words::{CredentialStatus, Right};
use strongroom_domain::{Rejection, find};
use strongroom_ledger::{CameBy, FilterKey};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(explain))
        .routes(routes!(access))
        .routes(routes!(impact))
        .merge(diff::routes())
        .routes(routes!(hygiene))
        .routes(routes!(leak_search))
}

/// Why what is recorded at a position was allowed or denied: the grants in force then, the one that decided, and who gave it.
#[utoipa::path(get, path = "/api/v1/audit/explain/{position}", tag = "audit", responses((status = 200, body = Explained)))]
async fn explain(asker: Asker, Params(position): Params<String>) -> Answer {
    let position = position_of(&position)?;
    let (ledger, caller) = (asker.app.ledger.clone(), asker.caller);
    let explained = blocking(move || ledger.explain(&caller, position)).await?;
    // Handles as they were, rights as they are.
    let mut view = asker.view();
    view.state = Arc::clone(&explained.then);
    let lens = Lens::of(&view, &asker.caller);
    answer::ok(&lens.explained(explained))
}

/// Who could come by a credential's values, who did, and who could and never did. Takes `audit`.
#[utoipa::path(get, path = "/api/v1/credentials/{handle}/access", tag = "credentials", params(AsOfQuery),
    responses((status = 200, body = Access)))]
async fn access(asker: Asker, viewer: Viewer, Params(handle): Params<String>) -> Answer {
    let view = viewer.view();
    let lens = Lens::of(&view, &asker.caller);
    let it = find::credential(lens.state, &lens.seen, &handle, "")?;
    audits(&lens)?;
    let (ledger, id) = (asker.app.ledger.clone(), it.id);
    let uses = blocking(move || ledger.uses(id)).await?;
    answer::ok(&lens.access(it, &uses))
}

/// What a credential, a version of it, a token, a principal or a service reaches and reached, and what to rotate first. Takes
/// `audit`.
#[utoipa::path(get, path = "/api/v1/audit/impact", tag = "audit", params(ImpactQuery), responses((status = 200, body = Impact)))]
async fn impact(asker: Asker, Query(query): Query<ImpactQuery>) -> Answer {
    let view = asker.view();
    let lens = Lens::of(&view, &asker.caller);
    audits(&lens)?;
    let (kind, reference) = query.of.split_once(':').unwrap_or(("", ""));
    let kinds = ["credential", "token", "principal", "service"];
    let known = kinds.contains(&kind).then_some(kind);
    let mut impact = match word(known, "/of", "kind of thing", &kinds)? {
        "credential" => of_credential(&asker, &lens, reference).await?,
        "service" => {
            let seen = |it: &&Arc<Credential>| it.service == reference && lens.seen.credential(it);
            let all: Vec<&Credential> = lens.state.credentials.values().filter(seen).map(Arc::as_ref).collect();
            let mut impact = came_by(&asker.app, asker.caller, FilterKey::Service, reference)
                .await?
                .shown(&lens);
            let own = |it: &strongroom_api::inquiry::ImpactReached| {
                all.iter()
                    .any(|credential| Some(&credential.handle) == it.credential.as_ref())
            };
            impact.reached.retain(own);
            for credential in &all {
                stands(&lens, credential, &mut impact);
            }
            let could: Vec<_> = all
                .iter()
                .filter(|it| live(it))
                .map(|it| (it.handle.clone(), "leaked"))
                .collect();
            impact.rotate = lens.to_rotate(&impact.reached, &could);
            impact
        }
        "token" => {
            let holds = |it: &&Arc<Principal>| it.tokens.iter().any(|token| token.id.to_string() == reference);
            let mut impact = came_by(&asker.app, asker.caller, FilterKey::Token, reference)
                .await?
                .shown(&lens);
            let holder = lens.state.principals.values().find(holds);
            let could = holder.map_or_else(Vec::new, |it| could_come_by(&lens, it));
            impact.rotate = lens.to_rotate(&impact.reached, &could);
            impact
        }
        _ => {
            let it = find::principal(lens.state, &lens.seen, reference, "/of")?;
            of_principal(&asker.app, asker.caller, &lens, it).await?
        }
    };
    impact.of = query.of;
    answer::ok(&impact)
}

/// What is untidy: duplicates, unused, overdue, never rotated, unclear names, over-shared, without steward.
#[utoipa::path(get, path = "/api/v1/hygiene", tag = "audit", responses((status = 200, body = Hygiene)))]
async fn hygiene(asker: Asker) -> Answer {
    let (ledger, caller) = (asker.app.ledger.clone(), asker.caller);
    let found = blocking(move || Ok(ledger.hygiene(&caller))).await?;
    let view = asker.view();
    answer::ok(&Lens::of(&view, &asker.caller).hygiene(&found))
}

/// Says whether values are, or were, a secret field of any credential. Recorded before it is answered; takes `audit` and a
/// reason.
#[utoipa::path(post, path = "/api/v1/audit/leak-search", tag = "audit", request_body = SearchLeaks,
    responses((status = 200, body = LeakSearch)))]
async fn leak_search(call: Call<SearchLeaks>) -> Answer {
    let caller = call.context.caller;
    let values = call
        .body
        .values
        .into_iter()
        .map(|value| SecretText::new(value.into_inner()));
    let found = call.app.ledger.leak_search(call.context, values.collect()).await?;
    let view = call.app.ledger.view();
    let lens = Lens::of(&view, &caller);
    answer::ok(&LeakSearch {
        position: found.position,
        results: found.results.iter().map(|it| lens.leak(it)).collect(),
    })
}

fn audits(lens: &Lens<'_>) -> Result<(), ApiError> {
    lens.seen
        .authorize(Right::Audit, Target::Ledger)
        .map_err(Rejection::from)?;
    Ok(())
}

fn live(it: &Credential) -> bool {
    it.status == CredentialStatus::Active
}

/// One credential, or one version of it: what stands where, who came by it.
async fn of_credential(asker: &Asker, lens: &Lens<'_>, reference: &str) -> Result<Impact, ApiError> {
    let (handle, version) = match reference.split_once('@') {
        Some((handle, version)) => (handle, Some(version)),
        None => (reference, None),
    };
    let version: Option<CredentialVersion> = version.map(str::parse).transpose().map_err(|_| ApiError::Parameter {
        pointer: "/of".to_owned(),
        what: "names no version".to_owned(),
        hint: "for example credential:shopify-client-a@2".to_owned(),
    })?;
    let it = find::credential(lens.state, &lens.seen, handle, "/of")?;
    let mut impact = came_by(&asker.app, asker.caller, FilterKey::Credential, &it.id.to_string())
        .await?
        .shown(lens);
    let is = |one: &strongroom_api::inquiry::ImpactReached| {
        one.credential.as_ref() == Some(&it.handle) && version.is_none_or(|version| version == one.version)
    };
    impact.reached.retain(is);
    stands(lens, it, &mut impact);
    if live(it) && version.is_none_or(|version| version == it.version()) {
        impact.rotate.push(ImpactRotate {
            credential: it.handle.clone(),
            why: "leaked".to_owned(),
            last_at: impact.reached.first().map(|it| it.last_at.clone()),
        });
    }
    Ok(impact)
}

/// What came out, and whether that was all.
struct Found {
    came_by: Vec<CameBy>,
    complete: bool,
}

impl Found {
    fn shown(&self, lens: &Lens<'_>) -> Impact {
        Impact {
            reached: self.came_by.iter().map(|it| lens.reached(it)).collect(),
            complete: self.complete,
            ..Impact::default()
        }
    }
}

async fn came_by(app: &App, caller: Caller, key: FilterKey, reference: &str) -> Result<Found, ApiError> {
    let (ledger, text) = (app.ledger.clone(), reference.to_owned());
    let (came_by, complete) = blocking(move || ledger.came_by(&caller, key, &text)).await?;
    Ok(Found { came_by, complete })
}

/// What a principal came by, what he entered himself, and what he could come by.
pub(super) async fn of_principal(
    app: &App,
    caller: Caller,
    lens: &Lens<'_>,
    it: &Principal,
) -> Result<Impact, ApiError> {
    let mut impact = came_by(app, caller, FilterKey::Actor, &it.id.to_string())
        .await?
        .shown(lens);
    // Who entered values knows them, without a record that he saw them.
    let entered = |credential: &&Arc<Credential>| {
        let current = credential.versions.back();
        live(credential) && current.is_some_and(|fact| fact.entered_by == it.id) && lens.seen.credential(credential)
    };
    let mut could: Vec<(String, &'static str)> = lens
        .state
        .credentials
        .values()
        .filter(entered)
        .map(|credential| (credential.handle.clone(), "entered"))
        .collect();
    could.extend(could_come_by(lens, it));
    impact.rotate = lens.to_rotate(&impact.reached, &could);
    Ok(impact)
}

/// Adds what would break without a credential.
fn stands(lens: &Lens<'_>, it: &Credential, impact: &mut Impact) {
    let following = what_if::what_if(lens.state, &lens.seen, it, &WhatIf::Revoke, lens.now);
    let shown = lens.following("revoke", it, &following);
    impact.stands.extend(shown.touched);
    impact.stands.sort_by(|a, b| {
        let key = |it: &WhatIfTouched| {
            (
                it.workspace.clone(),
                it.template.clone(),
                it.variable.clone(),
                it.instance.clone(),
            )
        };
        key(a).cmp(&key(b))
    });
    impact.hidden += shown.hidden;
}

/// What a principal could come by, what he may read first.
fn could_come_by(lens: &Lens<'_>, principal: &Principal) -> Vec<(String, &'static str)> {
    let mut could = Vec::new();
    for credential in lens
        .state
        .credentials
        .values()
        .filter(|it| live(it) && lens.seen.credential(it))
    {
        let means = access::how(lens.state, principal, credential, lens.now);
        let why = match means.last() {
            None => continue,
            Some(Means::Read { .. } | Means::BreakGlass { .. }) => "could_read",
            Some(Means::Served { .. }) => "could_be_served",
        };
        could.push((credential.handle.clone(), why));
    }
    could.sort_by(|(a, why), (b, other)| (*why != "could_read", a).cmp(&(*other != "could_read", b)));
    could
}
