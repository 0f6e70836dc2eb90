//! `NAME=value` pairs, as dotenv, Infisical and Doppler have them, become credentials.

use std::collections::HashMap;

use zeroize::Zeroizing;

use super::entry::Entry;
use super::{Group, Options, services};
use crate::json;
use crate::n8n::credentials::ImportCredential;

/// One variable.
pub(super) struct Variable {
    /// Pointer or line, for warnings.
    pub(super) at: String,
    /// Where it stands among others of its name: Infisical's folder; mostly empty.
    pub(super) folder: String,
    pub(super) name: String,
    pub(super) value: Zeroizing<String>,
}

/// Groups them. An entry's id is scope, prefix, folder and name: the same file for another client is another thing.
pub(super) fn credentials(variables: Vec<Variable>, options: &Options<'_>) -> Vec<ImportCredential> {
    let mut at_service: HashMap<(String, &'static str), usize> = HashMap::new();
    let mut entries: Vec<(Entry, Vec<(Variable, String)>)> = Vec::new();
    for variable in variables {
        let found = services::by_variable(&variable.name);
        let service = found.map(|(id, _)| id);
        let rest = found.map_or(variable.name.as_str(), |(_, rest)| rest).to_owned();
        let place = match (options.group, service) {
            (Group::File, _) => Some((String::new(), "")),
            (Group::Service, Some(id)) => Some((variable.folder.clone(), id)),
            _ => None,
        };
        let known = place.as_ref().and_then(|place| at_service.get(place)).copied();
        let index = known.unwrap_or_else(|| {
            let shown = if json::may_be_named(&variable.name) {
                variable.name.as_str()
            } else {
                "variable"
            };
            let (id, name) = match (options.group, service) {
                (Group::File, _) => ("*".to_owned(), "variables".to_owned()),
                (Group::Service, Some(id)) => (format!("{}*{id}", variable.folder), id.to_owned()),
                _ => (format!("{}{}", variable.folder, variable.name), shown.to_owned()),
            };
            let source_id = format!("{}/{}/{id}", options.scope, options.prefix);
            let name = format!("{} {name}", options.prefix).trim().to_owned();
            let mut entry = Entry::new(&variable.at, source_id, name);
            if options.group != Group::File {
                entry.service(service);
                entry.service(services::by_host(&variable.value));
            }
            entries.push((entry, Vec::new()));
            entries.len() - 1
        });
        if let Some(place) = place {
            at_service.insert(place, index);
        }
        if let Some((_, fields)) = entries.get_mut(index) {
            fields.push((variable, rest));
        }
    }
    entries
        .into_iter()
        .map(|(mut entry, fields)| {
            let alone = fields.len() == 1 && options.group != Group::File;
            for (variable, rest) in &fields {
                let whole = options.group == Group::File;
                let name = if whole { &variable.name } else { rest };
                entry.text(if alone { lone(name) } else { name }, &variable.value);
            }
            entry.finish()
        })
        .collect()
}

/// A field by itself is what its kind calls it.
fn lone(name: &str) -> &str {
    let lower = name.to_ascii_lowercase();
    if lower.ends_with("token") {
        "token"
    } else if lower.ends_with("key") {
        "api_key"
    } else {
        name
    }
}
