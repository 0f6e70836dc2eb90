//! Reads the compiled-in rows. They are part of the program, so what is wrong with them is a bug and panics;
//! a test reads them all.

use serde::Deserialize;

use super::{Class, FieldSpec, Kind, N8nType, Service, TypeField};

const SERVICES: &str = include_str!("../../data/services.json");
const N8N_TYPES: &str = include_str!("../../data/n8n-types.json");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ServiceRow {
    id: &'static str,
    name: &'static str,
    kinds: Vec<&'static str>,
    authorization_url: Option<&'static str>,
    token_url: Option<&'static str>,
    #[serde(default)]
    hosts: Vec<&'static str>,
    #[serde(default)]
    fields: Vec<(&'static str, &'static str, u8)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TypeRow {
    r#type: &'static str,
    name: &'static str,
    service: &'static str,
    kinds: Vec<&'static str>,
    grant: Option<&'static str>,
    authorization_url: Option<&'static str>,
    token_url: Option<&'static str>,
    #[serde(default)]
    scopes: Vec<&'static str>,
    #[serde(default)]
    oauth: u8,
    fields: Vec<(&'static str, &'static str, &'static str, u8)>,
}

pub(super) fn services() -> Vec<Service> {
    rows::<ServiceRow>(SERVICES)
        .into_iter()
        .map(|row| Service {
            id: row.id,
            name: row.name,
            kinds: kinds(&row.kinds),
            fields: row
                .fields
                .into_iter()
                .map(|(name, class_letter, required)| FieldSpec {
                    name,
                    class: class(class_letter),
                    required: required == 1,
                })
                .collect(),
            authorization_url: row.authorization_url,
            token_url: row.token_url,
            hosts: row.hosts,
        })
        .collect()
}

pub(super) fn n8n_types() -> Vec<N8nType> {
    rows::<TypeRow>(N8N_TYPES)
        .into_iter()
        .map(|row| N8nType {
            n8n_type: row.r#type,
            name: row.name,
            service: row.service,
            kinds: kinds(&row.kinds),
            grant: row.grant,
            authorization_url: row.authorization_url,
            token_url: row.token_url,
            scopes: row.scopes,
            oauth: row.oauth == 1,
            fields: row
                .fields
                .into_iter()
                .map(|(from, name, class_letter, required)| TypeField {
                    from,
                    name: if name.is_empty() { from } else { name },
                    class: class(class_letter),
                    required: required == 1,
                })
                .collect(),
        })
        .collect()
}

fn rows<T: Deserialize<'static>>(text: &'static str) -> Vec<T> {
    match serde_json::from_str(text) {
        Ok(rows) => rows,
        Err(error) => panic!("compiled-in rows can't be read: {error}"),
    }
}

fn kinds(names: &[&str]) -> Vec<Kind> {
    names
        .iter()
        .map(|name| match Kind::parse(name) {
            Some(kind) => kind,
            None => panic!("compiled-in rows name the unknown kind {name}"),
        })
        .collect()
}

fn class(letter: &str) -> Class {
    match letter {
        "s" => Class::Secret,
        "d" => Class::Destination,
        "p" => Class::Plain,
        _ => panic!("compiled-in rows name the unknown class {letter}"),
    }
}
