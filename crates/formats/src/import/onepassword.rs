//! 1Password: the CSV export, and the 1PUX file, a zip in which one JSON file, `export.data`, has all items.
//!
//! Shapes after `libs/importer/src/importers/onepassword` of the repository bitwarden/clients: accounts, vaults, items
//! with `loginFields` (designated `username` and `password`) and sections of fields whose value is an object of one sort
//! (`concealed`, `string`, `totp`, `url` …). The columns of the CSV are found by name: Title, Url, Username, Password,
//! OTPAuth, Notes; Favorite, Archived and Tags are passed over, others kept as fields.

use std::collections::HashMap;
use std::io::{Read, Seek};

use serde_json::{Map, Value};
use zeroize::Zeroizing;
use zip::ZipArchive;
use zip::result::ZipError;

use super::entry::{Entry, array, at_line, object, read, required, some, text};
use super::{Options, csv};
use crate::catalogue::Class;
use crate::error::FormatError;
use crate::n8n::credentials::ImportCredential;

/// The file of a 1PUX archive that has the items.
const EXPORT_DATA: &str = "export.data";

/// Whether these are the first bytes of a zip.
#[must_use]
pub fn is_zip(start: &[u8]) -> bool {
    start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06")
}

/// Takes the `export.data` out of a 1PUX file: what [`super::parse`] reads as `1password`.
///
/// Attachments, which may be large, are passed over: only the directory at the archive's end and this one file are read. Of
/// this no more than `bytes_max` bytes are unpacked, whatever the archive says of its size, so that a small file that unpacks
/// to a huge one costs no more than an honest one. What is read is wiped when dropped.
///
/// # Errors
/// No zip, a damaged one, one without that file or with an encrypted one, more than `bytes_max` bytes, text that is not UTF-8.
pub fn export_data(archive: impl Read + Seek, bytes_max: u64) -> Result<Zeroizing<String>, FormatError> {
    let mut archive = ZipArchive::new(archive).map_err(|error| damaged(&error))?;
    let file = archive.by_name(EXPORT_DATA).map_err(|error| match error {
        ZipError::FileNotFound => FormatError::at("", format!("the zip has no file {EXPORT_DATA}"))
            .hint("1Password writes it with File > Export, format 1PUX; a zip of one holds the .1pux inside"),
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => {
            FormatError::at("", format!("{EXPORT_DATA} is encrypted in the zip"))
                .hint("unpack it first, then import the file")
        }
        error => damaged(&error),
    })?;
    // Room for all of it at once: a buffer that grows leaves copies of what it held behind.
    let room = file.size().min(bytes_max).saturating_add(1);
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(room).unwrap_or(0)));
    file.take(bytes_max.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| FormatError::at("", format!("{EXPORT_DATA} can't be unpacked: {error}")))?;
    if bytes.len() as u64 > bytes_max {
        let what = format!("{EXPORT_DATA} has more than {} MiB", bytes_max >> 20);
        return Err(FormatError::at("", what).hint("export fewer vaults at a time"));
    }
    String::from_utf8(std::mem::take(&mut *bytes))
        .map(Zeroizing::new)
        .map_err(|error| {
            drop(Zeroizing::new(error.into_bytes()));
            FormatError::at("", format!("{EXPORT_DATA} is not UTF-8 text"))
        })
}

fn damaged(error: &ZipError) -> FormatError {
    FormatError::at("", format!("the zip can't be read: {error}")).hint("is the file whole? export it again")
}

pub(super) fn parse(document: &[u8], options: &Options<'_>) -> Result<Vec<ImportCredential>, FormatError> {
    if is_zip(document) {
        return Err(FormatError::at("", "this is a zip").hint("send the file export.data of it, as the program does"));
    }
    let plain = text(document)?;
    if plain.trim_start().starts_with('{') {
        pux(document)
    } else {
        of_csv(plain, options)
    }
}

fn pux(document: &[u8]) -> Result<Vec<ImportCredential>, FormatError> {
    let document = read(document)?;
    let mut out = Vec::new();
    for (a, account) in array(object(&document.0, "", "the export")?, "accounts", "")?
        .iter()
        .enumerate()
    {
        let at = format!("/accounts/{a}");
        for (v, vault) in array(object(account, &at, "the account")?, "vaults", &at)?
            .iter()
            .enumerate()
        {
            let at = format!("{at}/vaults/{v}");
            for (i, item) in array(object(vault, &at, "the vault")?, "items", &at)?
                .iter()
                .enumerate()
            {
                let at = format!("{at}/items/{i}");
                out.push(one(object(item, &at, "the item")?, &at)?);
            }
        }
    }
    Ok(out)
}

fn one(item: &Map<String, Value>, at: &str) -> Result<ImportCredential, FormatError> {
    let none = Map::new();
    let part = |key: &str| item.get(key).and_then(Value::as_object).unwrap_or(&none);
    let (details, overview) = (part("details"), part("overview"));
    let title = required(overview, "title", &format!("{at}/overview"))?;
    let mut entry = Entry::new(at, required(item, "uuid", at)?, title);
    if some(item, "state") == Some("archived") {
        entry.warn("it is archived in 1Password");
    }
    entry.url("url", some(overview, "url").unwrap_or(""));
    for field in details
        .get("loginFields")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let name = field
            .get("designation")
            .and_then(Value::as_str)
            .filter(|name| !name.is_empty());
        let name = name
            .or_else(|| field.get("name").and_then(Value::as_str))
            .unwrap_or("field");
        entry.json(name, field.get("value").unwrap_or(&Value::Null));
    }
    entry.known("password", some(details, "password").unwrap_or(""), Class::Secret);
    for section in details.get("sections").and_then(Value::as_array).into_iter().flatten() {
        for field in section.get("fields").and_then(Value::as_array).into_iter().flatten() {
            let title = field
                .get("title")
                .and_then(Value::as_str)
                .filter(|title| !title.is_empty());
            let name = title
                .or_else(|| field.get("id").and_then(Value::as_str))
                .unwrap_or("field");
            for (sort, value) in field.get("value").and_then(Value::as_object).unwrap_or(&none) {
                match (sort.as_str(), value) {
                    ("reference" | "file", _) => entry.warn("a reference or a file in it is not imported"),
                    ("url", Value::String(url)) => entry.url(name, url),
                    ("sshKey", key) => entry.json("private_key", key.get("privateKey").unwrap_or(&Value::Null)),
                    (_, value) => entry.json(name, value),
                }
            }
        }
    }
    if details.get("documentAttributes").is_some_and(Value::is_object) {
        entry.warn("a document in it is not imported");
    }
    entry.known("notes", some(details, "notesPlain").unwrap_or(""), Class::Secret);
    Ok(entry.finish())
}

fn of_csv(document: &str, options: &Options<'_>) -> Result<Vec<ImportCredential>, FormatError> {
    let mut records = csv::records(document)?.into_iter();
    let head = records.next().map(|(_, head)| head).unwrap_or_default();
    let column = |name: &str| head.iter().position(|have| have.trim().eq_ignore_ascii_case(name));
    let Some(title) = column("title") else {
        return Err(
            at_line(1, "the head has no column Title").hint("export from 1Password as CSV with a head, or as 1PUX")
        );
    };
    let mut seen: HashMap<String, u32> = HashMap::new();
    let mut out = Vec::new();
    for (line, fields) in records {
        let name = fields
            .get(title)
            .map(|name| name.trim())
            .filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| at_line(line, "the record has no title"))?;
        // The CSV has no ids: a title's second record is told apart by its place.
        let number = seen.entry(name.to_owned()).or_insert(0);
        *number += 1;
        let mut entry = Entry::new(
            &format!("line {line}"),
            format!("{}/{name}#{number}", options.scope),
            name,
        );
        for (column, value) in head.iter().zip(&fields) {
            match column.trim().to_ascii_lowercase().as_str() {
                "title" | "favorite" | "archived" | "tags" | "type" => {}
                "url" | "website" => entry.url("url", value),
                "otpauth" => entry.known("totp", value, Class::Secret),
                other => entry.text(other, value),
            }
        }
        out.push(entry.finish());
    }
    Ok(out)
}
