//! n8n's credential export, decrypted (`n8n export:credentials --all --decrypted`) or encrypted.
//!
//! In: an array of `{"id", "name", "type", "data"}`, or one such object. Out: credentials in our words, each field with
//! its class. Values are in [`SecretText`] and nowhere else; errors and warnings name the entry and the field.

use std::collections::HashSet;

use serde_json::{Map, Value};
use zeroize::{Zeroize, Zeroizing};

use super::encryption::{self, OpenError};
use crate::catalogue::{self, Class, Kind, N8nType, kind_fields};
use crate::error::{FormatError, Warning};
use crate::json::{self, Limits, push_key};
use crate::names;

/// Largest export, in bytes.
pub const DOCUMENT_BYTES_MAX: usize = 16 << 20;

/// Most credentials in one export.
pub const CREDENTIALS_MAX: usize = 10_000;

const FIELDS_MAX: usize = 200;
const FIELD_NAME_BYTES_MAX: usize = 60;

/// n8n puts this in place of a value that it doesn't give away.
const WITHHELD: &str = "__n8n_BLANK_VALUE_";

/// A value of an export. No `Debug`, `Display` or `==`; zeroed when dropped.
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    pub(crate) fn new(text: Zeroizing<String>) -> Self {
        Self(text)
    }

    /// The value, for sealing it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Gives the value away, still zeroed when dropped.
    pub fn into_zeroizing(self) -> Zeroizing<String> {
        self.0
    }
}

/// One credential of an export.
pub struct ImportCredential {
    /// Its id in the instance, unique in the export; by this a second import knows it again.
    pub source_id: String,
    /// Its name there, trimmed.
    pub name: String,
    /// The other system's word for its sort: n8n's credential type; may be empty.
    pub source_type: String,
    /// Id of the service.
    pub service: String,
    /// What it becomes; `custom` when the type is unknown or a field that the kind needs is empty.
    pub kind: Kind,
    /// Its fields, names unique, empty ones left out.
    pub fields: Vec<ImportField>,
    /// What a person should know.
    pub warnings: Vec<Warning>,
}

/// One field of a credential of an export.
pub struct ImportField {
    /// In our convention: `[a-z][a-z0-9_]*`.
    pub name: String,
    /// The text, or JSON text when `json`.
    pub value: SecretText,
    /// What it is.
    pub class: Class,
    /// The value was a number, boolean, object or array.
    pub json: bool,
}

/// Reads an export. Entries whose `data` is a text are opened with `encryption_key`, the instance's.
///
/// # Errors
/// No JSON, entries of another shape, two with one id, encrypted entries without a key, a key that doesn't open one.
/// Nothing is returned then: one bad entry fails the export.
pub fn parse(document: &[u8], encryption_key: Option<&str>) -> Result<Vec<ImportCredential>, FormatError> {
    let document = Wiped(json::read(document, &Limits::strict(DOCUMENT_BYTES_MAX))?);
    let entries = entries(document)?;
    if entries.len() > CREDENTIALS_MAX {
        return Err(FormatError::at(
            "",
            format!("more than {CREDENTIALS_MAX} credentials in one export"),
        ));
    }
    let key = encryption_key.map(|key| key.trim_end_matches(['\r', '\n']));
    let mut ids = HashSet::new();
    let mut out = Vec::with_capacity(entries.len());
    for (at, entry) in entries {
        let credential = credential(entry, &at, key)?;
        if !ids.insert(credential.source_id.clone()) {
            return Err(
                FormatError::at(format!("{at}/id"), "an entry before this one has the same id")
                    .hint("export the credentials again, or remove one of the two"),
            );
        }
        out.push(credential);
    }
    Ok(out)
}

/// JSON whose texts are zeroed when it is dropped, also on the way out of an error.
pub(crate) struct Wiped(pub(crate) Value);

impl Wiped {
    fn take(&mut self) -> Value {
        std::mem::take(&mut self.0)
    }
}

impl Drop for Wiped {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(entries) => entries.values_mut().for_each(wipe),
        _ => {}
    }
}

fn entries(mut document: Wiped) -> Result<Vec<(String, Wiped)>, FormatError> {
    match &mut document.0 {
        Value::Array(items) => Ok(items
            .iter_mut()
            .enumerate()
            .map(|(index, item)| (format!("/{index}"), Wiped(item.take())))
            .collect()),
        Value::Object(object) if object.contains_key("type") => Ok(vec![(String::new(), Wiped(document.take()))]),
        Value::Object(object) if object.contains_key("nodes") => {
            Err(FormatError::at("", "this is a workflow, not a credential export").hint("import it as a template"))
        }
        Value::Object(object) => match object.get_mut("credentials") {
            Some(Value::Array(items)) => Ok(items
                .iter_mut()
                .enumerate()
                .map(|(index, item)| (format!("/credentials/{index}"), Wiped(item.take())))
                .collect()),
            _ => Err(not_an_export("")),
        },
        _ => Err(not_an_export("")),
    }
}

fn not_an_export(at: &str) -> FormatError {
    FormatError::at(at, "this is no n8n credential export")
        .hint("make one with n8n export:credentials --all --decrypted")
}

fn credential(mut entry: Wiped, at: &str, key: Option<&str>) -> Result<ImportCredential, FormatError> {
    let Value::Object(object) = &mut entry.0 else {
        return Err(not_an_export(at));
    };
    let source_id = match object.get("id") {
        Some(Value::String(id)) if !id.is_empty() => id.clone(),
        Some(Value::Number(id)) => id.to_string(),
        _ => {
            return Err(FormatError::at(at, "the entry has no id").hint("an import knows a credential again by its id"));
        }
    };
    let name = text_of(object, "name", at)?;
    let n8n_type = text_of(object, "type", at)?;
    let data_at = format!("{at}/data");
    let mut data = match object.get_mut("data") {
        Some(Value::Object(data)) => Wiped(Value::Object(std::mem::take(data))),
        Some(Value::String(sealed)) => opened(sealed, key, &data_at)?,
        _ => return Err(FormatError::at(data_at, "the entry has no data")),
    };
    let Value::Object(data) = &mut data.0 else {
        return Err(FormatError::at(data_at, "the data of the entry is no object"));
    };
    let managed = object.get("isManaged").and_then(Value::as_bool) == Some(true);

    let row = catalogue::n8n_type(&n8n_type);
    let mut fields = Fields {
        at: data_at,
        row,
        kind: Kind::Custom,
        service: String::new(),
        out: Vec::new(),
        warnings: Vec::new(),
    };
    fields.service = row.map_or_else(
        || catalogue::service_of_unknown(&n8n_type),
        |row| row.service.to_owned(),
    );
    fields.kind = kind_of(row, data);
    if row.is_none() {
        fields.warn("the catalogue doesn't have this n8n credential type: it becomes a custom credential, all its fields secret");
    }
    if managed {
        fields.warn("n8n manages this credential: its value may stop working outside n8n");
    }
    fields.all(data)?;
    fields.finish();
    Ok(ImportCredential {
        source_id,
        name,
        source_type: n8n_type,
        service: fields.service,
        kind: fields.kind,
        fields: fields.out,
        warnings: fields.warnings,
    })
}

fn text_of(object: &Map<String, Value>, field: &str, at: &str) -> Result<String, FormatError> {
    match object.get(field) {
        Some(Value::String(text)) if !text.trim().is_empty() => Ok(text.trim().to_owned()),
        _ => Err(FormatError::at(at, format!("the entry has no {field}"))),
    }
}

fn opened(sealed: &str, key: Option<&str>, at: &str) -> Result<Wiped, FormatError> {
    let Some(key) = key else {
        return Err(FormatError::at(at, "the export is encrypted")
            .hint("give the instance's encryption key with --encryption-key @file, or export with --decrypted"));
    };
    let wrong = || {
        FormatError::at(at, "the encryption key doesn't open this entry").hint(
            "it is N8N_ENCRYPTION_KEY, or encryptionKey in n8n's config file, of the instance that made the export",
        )
    };
    let plain = encryption::open(sealed, key).map_err(|error| match error {
        OpenError::NotEncrypted => FormatError::at(at, "the data is neither an object nor encrypted by n8n"),
        OpenError::WrongKey => wrong(),
    })?;
    // A wrong key passes the padding once in 256 times.
    let value = json::read(&plain, &Limits::strict(DOCUMENT_BYTES_MAX)).map_err(|_| wrong())?;
    if value.is_object() {
        Ok(Wiped(value))
    } else {
        Err(wrong())
    }
}

fn kind_of(row: Option<&N8nType>, data: &Map<String, Value>) -> Kind {
    let Some(row) = row else { return Kind::Custom };
    let usual = row.kinds.first().copied().unwrap_or(Kind::Custom);
    if !row.oauth {
        return usual;
    }
    let token = data.get("oauthTokenData").and_then(|token| token.get("access_token"));
    let grant = data.get("grantType").and_then(Value::as_str).or(row.grant);
    match grant {
        Some("clientCredentials") => Kind::ClientCredentials,
        _ if token.and_then(Value::as_str).is_some_and(|token| !token.is_empty()) => Kind::Oauth2,
        _ => Kind::Oauth2App,
    }
}

struct Fields {
    at: String,
    row: Option<&'static N8nType>,
    service: String,
    kind: Kind,
    out: Vec<ImportField>,
    warnings: Vec<Warning>,
}

impl Fields {
    fn warn(&mut self, what: &str) {
        self.warnings.push(Warning::at(self.at.clone(), what));
    }

    fn all(&mut self, data: &mut Map<String, Value>) -> Result<(), FormatError> {
        if data.len() > FIELDS_MAX {
            return Err(FormatError::at(
                self.at.clone(),
                format!("more than {FIELDS_MAX} fields in one credential"),
            ));
        }
        // First, so that the account's tokens get their names.
        if let Some(token) = data.get_mut("oauthTokenData") {
            let mut token = Wiped(token.take());
            if let Value::Object(token) = &mut token.0 {
                self.token(token);
            }
        }
        for (key, value) in data.iter_mut() {
            let value = value.take();
            let (name, class) = self.name_and_class(key);
            self.push(key, &name, class, value);
        }
        Ok(())
    }

    /// The answer of the token endpoint, as n8n keeps it.
    fn token(&mut self, token: &mut Map<String, Value>) {
        let mut take = |name: &str| token.get_mut(name).map_or(Value::Null, Value::take);
        let (access, refresh, scope) = (take("access_token"), take("refresh_token"), take("scope"));
        let expiry = take("expiry_date");
        let _ = Wiped(take("callbackQueryString")); // the one-time code that the tokens were made of
        self.push("oauthTokenData", "access_token", Class::Secret, access);
        self.push("oauthTokenData", "refresh_token", Class::Secret, refresh);
        self.push("oauthTokenData", "scopes", Class::Plain, scope);
        if let Some(time) = expiry.as_i64().and_then(rfc3339) {
            self.push("oauthTokenData", "expires_at", Class::Plain, Value::String(time));
        }
        token.retain(|key, value| !value.is_null() && !matches!(key.as_str(), "token_type" | "expires_in"));
        let rest = Value::Object(std::mem::take(token));
        self.push("oauthTokenData", "oauth_token_data", Class::Secret, rest);
    }

    fn name_and_class(&self, key: &str) -> (String, Class) {
        if let Some(field) = self.row.and_then(|row| row.field(key)) {
            return (field.name.to_owned(), field.class);
        }
        let mut name = names::snake_case(key);
        if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
            name = format!("field_{name}").trim_end_matches('_').to_owned();
        }
        name.truncate(FIELD_NAME_BYTES_MAX);
        let class = match (self.row, key) {
            (None, _) => None,
            (Some(_), "allowedDomains") => Some(Class::Destination),
            (Some(_), "allowedHttpRequestDomains" | "notice" | "scope") => Some(Class::Plain),
            (Some(_), _) => catalogue::classify(&self.service, self.kind, &name),
        };
        (name, class.unwrap_or(Class::Secret))
    }

    fn push(&mut self, key: &str, name: &str, class: Class, value: Value) {
        let (text, json) = match value {
            Value::Null => return,
            Value::String(text) => (Zeroizing::new(text), false),
            Value::Array(items) if items.is_empty() => return,
            Value::Object(entries) if entries.is_empty() => return,
            other => {
                let other = Wiped(other);
                (Zeroizing::new(other.0.to_string()), true)
            }
        };
        if text.is_empty() {
            return;
        }
        let place = if json::may_be_named(key) {
            key
        } else {
            "(a field with a name that can't be shown)"
        };
        let mut pointer = self.at.clone();
        if json::may_be_named(key) {
            push_key(&mut pointer, key);
        }
        if !json && text.starts_with(WITHHELD) {
            self.warnings.push(Warning::at(
                pointer,
                format!("n8n withheld the value of {place}: enter it by hand"),
            ));
            return;
        }
        if !json && text.starts_with("={{") {
            self.warnings.push(Warning::at(
                pointer,
                format!("{place} is an expression of n8n and is kept as text"),
            ));
        }
        let name = self.unused(name);
        self.out.push(ImportField {
            name,
            value: SecretText(text),
            class,
            json,
        });
    }

    fn unused(&self, name: &str) -> String {
        let taken = |name: &str| self.out.iter().any(|field| field.name == name);
        let mut unused = name.to_owned();
        let mut number: u32 = 2;
        while taken(&unused) {
            unused = format!("{name}_{number}");
            number += 1;
        }
        unused
    }

    fn has(&self, name: &str) -> bool {
        self.out.iter().any(|field| field.name == name)
    }

    /// Adds what n8n hides and so doesn't export, and steps back to `custom` where the kind's own fields are empty.
    fn finish(&mut self) {
        if let Some(row) = self.row.filter(|row| row.oauth) {
            for (name, url) in [
                ("authorization_url", row.authorization_url),
                ("token_url", row.token_url),
            ] {
                let unneeded = name == "authorization_url" && self.kind == Kind::ClientCredentials;
                if let Some(url) = url.filter(|_| !self.has(name) && !unneeded) {
                    self.push(name, name, Class::Destination, Value::String(url.to_owned()));
                }
            }
            if self.kind == Kind::Oauth2App {
                self.warn("no account is connected: only the OAuth client is imported");
            }
        }
        let missing = kind_fields(self.kind)
            .iter()
            .find(|field| field.required && !self.has(field.name));
        if let Some(field) = missing {
            let what = format!("{} is empty: it becomes a custom credential", field.name);
            self.warn(&what);
            self.kind = Kind::Custom;
        }
        if !self.out.iter().any(|field| field.class == Class::Secret) {
            self.warn("the entry holds no secret value");
        }
    }
}

/// Milliseconds since 1970 as RFC 3339 in UTC; `None` outside the years 1970 to 9999.
fn rfc3339(milliseconds: i64) -> Option<String> {
    let seconds = u64::try_from(milliseconds.div_euclid(1_000))
        .ok()
        .filter(|s| *s < 253_402_300_800)?;
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Days in years that begin with March, so that the leap day is the last one: 400 years have 146,097 days.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute) = (second / 3_600, second / 60 % 60);
    Some(format!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{:02}Z",
        second % 60
    ))
}

#[cfg(test)]
mod tests;
