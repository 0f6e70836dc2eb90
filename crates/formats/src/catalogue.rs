//! The service catalogue: which systems there are, what authenticates to them, which field is secret.
//!
//! Facts, compiled in from `data/` (its README gives the shape of the rows and where they came from). Parsed once, at
//! first use, in a few milliseconds. A fact is a default, never a verdict: services, kinds and fields that the catalogue
//! doesn't know are taken as they come, a field that nobody knows counts as secret.

mod hosts;
mod kind;
mod load;

use std::collections::HashMap;
use std::sync::OnceLock;

pub use hosts::allowed_hosts;
pub use kind::{Class, FieldSpec, Kind, kind_fields};

use crate::names;

/// A system outside that a credential authenticates to.
#[derive(Debug)]
pub struct Service {
    /// `[a-z0-9-]+`, what a credential names.
    pub id: &'static str,
    /// For people.
    pub name: &'static str,
    /// What usually authenticates to it, in the order of [`Kind`]; advice, not a limit.
    pub kinds: Vec<Kind>,
    /// Its fields beyond those of the kinds, over all its kinds; `required` is advice.
    pub fields: Vec<FieldSpec>,
    /// Where a person grants access; `{field}` stands for a destination field.
    pub authorization_url: Option<&'static str>,
    /// Where tokens are fetched; `{field}` stands for a destination field.
    pub token_url: Option<&'static str>,
    /// Hosts that its secrets go to: names, `*.suffix`, or with `{field}` for a destination field.
    pub hosts: Vec<&'static str>,
}

/// One of n8n's credential types.
#[derive(Debug)]
pub struct N8nType {
    /// n8n's name for it: `slackApi`.
    pub n8n_type: &'static str,
    /// For people.
    pub name: &'static str,
    /// Id of a service of the catalogue.
    pub service: &'static str,
    /// The kind that an import makes, then what else a variable of this type accepts. Ends with `custom`.
    pub kinds: Vec<Kind>,
    /// n8n's default grant, when it isn't the authorization code: `clientCredentials`, `pkce`.
    pub grant: Option<&'static str>,
    /// Default of a type whose field n8n hides, and so doesn't export.
    pub authorization_url: Option<&'static str>,
    /// As `authorization_url`.
    pub token_url: Option<&'static str>,
    /// What n8n asks for unless told otherwise; an account may have been granted less.
    pub scopes: Vec<&'static str>,
    /// Whether it is one of n8n's OAuth2 types, and so has the fields of `oAuth2Api` too.
    pub oauth: bool,
    /// Its own fields.
    pub fields: Vec<TypeField>,
}

/// One field of an n8n credential type.
#[derive(Debug)]
pub struct TypeField {
    /// n8n's name: `apiKey`.
    pub from: &'static str,
    /// Our name: `api_key`.
    pub name: &'static str,
    /// What it is.
    pub class: Class,
    /// Whether n8n insists on it.
    pub required: bool,
}

impl N8nType {
    /// The field that n8n calls `from`, of this type or of n8n's generic `oAuth2Api` below it.
    pub fn field(&self, from: &str) -> Option<&'static TypeField> {
        let this = n8n_type(self.n8n_type)?;
        let own = this.fields.iter().find(|field| field.from == from);
        match own {
            None if self.oauth => n8n_type("oAuth2Api")?.fields.iter().find(|f| f.from == from),
            found => found,
        }
    }
}

/// All services, sorted by id.
pub fn services() -> &'static [Service] {
    static SERVICES: OnceLock<Vec<Service>> = OnceLock::new();
    SERVICES.get_or_init(load::services)
}

/// All n8n credential types, sorted by type.
pub fn n8n_types() -> &'static [N8nType] {
    static TYPES: OnceLock<Vec<N8nType>> = OnceLock::new();
    TYPES.get_or_init(load::n8n_types)
}

/// The service with this id.
pub fn service(id: &str) -> Option<&'static Service> {
    let all = services();
    let at = all.binary_search_by(|service| service.id.cmp(id)).ok()?;
    all.get(at)
}

/// The facts of an n8n credential type.
pub fn n8n_type(name: &str) -> Option<&'static N8nType> {
    let all = n8n_types();
    let at = all.binary_search_by(|row| row.n8n_type.cmp(name)).ok()?;
    all.get(at)
}

/// The service and kinds of an n8n type that the table doesn't have: a service named after it, kind `custom`.
pub fn service_of_unknown(n8n_type: &str) -> String {
    let slug = names::service_slug(n8n_type);
    let squeezed = names::squeeze(&slug);
    by_squeezed_id()
        .get(squeezed.as_str())
        .map_or(slug, |id| (*id).to_owned())
}

/// Services whose id or name contains `text`, ignoring case; those that begin with it come first. All for an empty text.
pub fn search(text: &str) -> Vec<&'static Service> {
    let text = text.trim().to_lowercase();
    let mut found: Vec<(bool, &'static Service)> = services()
        .iter()
        .filter_map(|service| {
            let name = service.name.to_lowercase();
            let hit = service.id.contains(&text) || name.contains(&text);
            let begins = service.id.starts_with(&text) || name.starts_with(&text);
            hit.then_some((!begins, service))
        })
        .collect();
    found.sort_by_key(|(late, service)| (*late, service.id));
    found.into_iter().map(|(_, service)| service).collect()
}

/// Ids of services that somebody who wrote `unknown` may have meant: at most three, the likeliest first.
pub fn suggest(unknown: &str) -> Vec<&'static str> {
    const CLOSE: f64 = 0.88;
    let wanted = names::squeeze(unknown);
    if wanted.len() < 2 || wanted.len() > 60 {
        return Vec::new();
    }
    let mut scored: Vec<(f64, &'static str)> = services()
        .iter()
        .filter_map(|service| {
            let mut score = 0.0_f64;
            for have in [names::squeeze(service.id), names::squeeze(service.name)] {
                let alike = if have == wanted {
                    2.0
                } else if wanted.len() >= 4
                    && have.len() >= 3
                    && (have.starts_with(&wanted) || wanted.starts_with(&have))
                {
                    1.0 + strsim::jaro_winkler(&have, &wanted) / 2.0
                } else {
                    strsim::jaro_winkler(&have, &wanted)
                };
                score = score.max(alike);
            }
            (score >= CLOSE).then_some((score, service.id))
        })
        .collect();
    scored.sort_by(|(a, x), (b, y)| b.total_cmp(a).then(x.len().cmp(&y.len())).then(x.cmp(y)));
    scored.into_iter().take(3).map(|(_, id)| id).collect()
}

/// What a field is: by its kind, else by its service, else by what OAuth2 fields are called.
///
/// The name may be in n8n's convention. `None`: nobody knows it, and it has to be treated as secret.
pub fn classify(service_id: &str, kind: Kind, field: &str) -> Option<Class> {
    let name = names::snake_case(field);
    let of = |fields: &[FieldSpec]| fields.iter().find(|f| f.name == name).map(|f| f.class);
    of(kind_fields(kind))
        .or_else(|| service(service_id).and_then(|service| of(&service.fields)))
        .or_else(|| match kind {
            Kind::Oauth2 | Kind::Oauth2App | Kind::ClientCredentials => n8n_type("oAuth2Api")?
                .fields
                .iter()
                .find(|f| f.name == name)
                .map(|f| f.class),
            _ => None,
        })
}

/// The service whose id is `name`, but for case and punctuation.
pub(crate) fn by_squeezed(name: &str) -> Option<&'static str> {
    by_squeezed_id().get(names::squeeze(name).as_str()).copied()
}

fn by_squeezed_id() -> &'static HashMap<String, &'static str> {
    static INDEX: OnceLock<HashMap<String, &'static str>> = OnceLock::new();
    INDEX.get_or_init(|| {
        services()
            .iter()
            .map(|service| (names::squeeze(service.id), service.id))
            .collect()
    })
}

#[cfg(test)]
mod tests;
