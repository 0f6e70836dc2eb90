//! Airflow: `airflow connections export --file-format json|env`, each connection an object or a URI.
//!
//! `conn_type`, `login`, `password`, `host`, `port`, `schema`, `extra` (JSON in a text);
//! `type://login:password@host:port/schema?extra`, percent-encoded, `-` for `_` in the type. The env form has lines
//! `conn_id=…`; `AIRFLOW_CONN_ID=…` of an environment is taken as well. Not tried with a real export.

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::entry::{Entry, below, object, read, some, text};
use super::{Options, dotenv, services};
use crate::catalogue::Class;
use crate::error::FormatError;
use crate::n8n::credentials::{ImportCredential, Wiped};

pub(super) fn parse(document: &[u8], options: &Options<'_>) -> Result<Vec<ImportCredential>, FormatError> {
    let plain = text(document)?;
    if plain.trim_start().starts_with('{') {
        let document = read(document)?;
        let whole = object(&document.0, "", "the export")?.iter();
        return whole
            .map(|(id, value)| one(id, &below("", id), value, options))
            .collect();
    }
    let mut out = Vec::new();
    for variable in dotenv::variables(plain)? {
        let id = variable.name.strip_prefix("AIRFLOW_CONN_").map(str::to_ascii_lowercase);
        let id = id.unwrap_or_else(|| variable.name.clone());
        let in_line = |mut error: FormatError| {
            error.line = variable.at.trim_start_matches("line ").parse().ok();
            error.column = Some(1);
            error
        };
        let value = if variable.value.starts_with('{') {
            read(variable.value.as_bytes()).map_err(in_line)?
        } else {
            Wiped(Value::String(variable.value.to_string()))
        };
        out.push(one(&id, "", &value.0, options).map_err(in_line)?);
    }
    Ok(out)
}

fn one(id: &str, at: &str, value: &Value, options: &Options<'_>) -> Result<ImportCredential, FormatError> {
    let read_uri;
    let connection = match value {
        Value::Object(connection) => connection,
        Value::String(uri) => {
            read_uri = uri_fields(uri).ok_or_else(|| FormatError::at(at, "this is no URI of a connection"))?;
            object(&read_uri.0, at, "the connection")?
        }
        _ => return Err(FormatError::at(at, "a connection is an object or a URI")),
    };
    let conn_type =
        some(connection, "conn_type").ok_or_else(|| FormatError::at(at, "the connection has no conn_type"))?;
    let name = if options.prefix.is_empty() {
        id.to_owned()
    } else {
        format!("{} {id}", options.prefix)
    };
    let mut entry = Entry::new(at, format!("{}/{}/{id}", options.scope, options.prefix), name);
    entry.service(services::by_word(conn_type).filter(|service| *service != "http"));
    entry.text("username", some(connection, "login").unwrap_or(""));
    entry.known("password", some(connection, "password").unwrap_or(""), Class::Secret);
    let host = some(connection, "host").unwrap_or("");
    if host.contains("://") || host.contains('@') {
        entry.url("host", host);
    } else {
        entry.known("host", host, Class::Destination);
        entry.service(services::by_host(host));
    }
    entry.service(services::by_word(conn_type));
    match connection.get("port") {
        Some(Value::Number(port)) => entry.known("port", &port.to_string(), Class::Destination),
        Some(Value::String(port)) => entry.known("port", port, Class::Destination),
        _ => {}
    }
    entry.json("schema", connection.get("schema").unwrap_or(&Value::Null));
    match connection.get("extra") {
        Some(Value::String(extra)) => match read(extra.as_bytes()) {
            Ok(extra) if extra.0.is_object() => all(&mut entry, extra.0.as_object()),
            _ => entry.known("extra", extra, Class::Secret),
        },
        Some(Value::Object(extra)) => all(&mut entry, Some(extra)),
        _ => {}
    }
    Ok(entry.finish())
}

fn all(entry: &mut Entry, extra: Option<&Map<String, Value>>) {
    for (key, value) in extra.into_iter().flatten() {
        entry.json(key, value);
    }
}

/// A URI as the object that it stands for.
fn uri_fields(uri: &str) -> Option<Wiped> {
    let (scheme, rest) = uri.split_once("://")?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '+' | '.');
    if scheme.is_empty() || !scheme.chars().all(plain) {
        return None;
    }
    let mut out = Map::new();
    let mut put = |key: &str, value: Zeroizing<String>| {
        out.insert(key.to_owned(), Value::String(value.to_string()));
    };
    put("conn_type", Zeroizing::new(scheme.replace('-', "_")));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, schema) = rest.split_once('/').unwrap_or((rest, ""));
    put("schema", decode(schema)?);
    let host = match authority.rsplit_once('@') {
        Some((user, host)) => {
            let (login, password) = user.split_once(':').unwrap_or((user, ""));
            put("login", decode(login)?);
            put("password", decode(password)?);
            host
        }
        None => authority,
    };
    let (host, port) = host.rsplit_once(':').unwrap_or((host, ""));
    put("host", decode(host)?);
    put("port", decode(port)?);
    let mut extra = Map::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (key, value) = (decode(key)?, decode(&value.replace('+', " "))?);
        match read(value.as_bytes()) {
            Ok(mut inner) if key.as_str() == "__extra__" => extra = inner.0.as_object_mut().map(std::mem::take)?,
            _ => _ = extra.insert(key.to_string(), Value::String(value.to_string())),
        }
    }
    out.insert("extra".to_owned(), Value::Object(extra));
    Some(Wiped(Value::Object(out)))
}

fn decode(text: &str) -> Option<Zeroizing<String>> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let hex = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        out.push(if byte == b'%' {
            hex(bytes.next()?)? << 4 | hex(bytes.next()?)?
        } else {
            byte
        });
    }
    String::from_utf8(out).ok().map(Zeroizing::new)
}
