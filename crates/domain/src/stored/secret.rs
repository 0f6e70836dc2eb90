//! The maps of secret parts. Buffers are wiped, and big enough from the start, so that growing leaves no copy behind.

use super::{DecodeError, decoder, ended, write};
use crate::secret::{Document, KnownReference, SecretFields, SecretPart, SecretText};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

#[derive(Serialize, Deserialize)]
struct FieldsMap<'a> {
    #[serde(borrow)]
    fs: Vec<FieldMap<'a>>,
}

#[derive(Serialize, Deserialize)]
struct FieldMap<'a> {
    nm: &'a str,
    fv: &'a str,
}

#[derive(Serialize, Deserialize)]
struct DocumentMap<'a> {
    #[serde(borrow, with = "serde_bytes")]
    doc: &'a [u8],
    #[serde(with = "serde_bytes")]
    rk: [u8; 32],
    rf: Vec<ReferenceMap>,
}

#[derive(Serialize, Deserialize)]
struct ReferenceMap {
    va: String,
    #[serde(with = "serde_bytes")]
    rh: [u8; 32],
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rid: Option<serde_bytes::ByteArray<32>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rnm: Option<serde_bytes::ByteArray<32>>,
}

/// The secret part's map.
#[must_use]
pub fn encode_secret(part: &SecretPart) -> Zeroizing<Vec<u8>> {
    match part {
        SecretPart::Fields(fields) => {
            let bytes: usize = fields
                .0
                .iter()
                .map(|(name, value)| name.len() + value.expose().len() + 24)
                .sum();
            let mut out = Zeroizing::new(Vec::with_capacity(bytes + 16));
            let fs = fields
                .0
                .iter()
                .map(|(name, value)| FieldMap {
                    nm: name,
                    fv: value.expose(),
                })
                .collect();
            write(&FieldsMap { fs }, &mut out);
            out
        }
        SecretPart::Document(document) => {
            let references: usize = document
                .references
                .iter()
                .map(|reference| reference.variable.len() + 160)
                .sum();
            let mut out = Zeroizing::new(Vec::with_capacity(document.bytes.len() + references + 128));
            let rf = document.references.iter().map(|reference| ReferenceMap {
                va: reference.variable.clone(),
                rh: reference.hash,
                rid: reference.id_hash.map(serde_bytes::ByteArray::new),
                rnm: reference.name_hash.map(serde_bytes::ByteArray::new),
            });
            write(
                &DocumentMap {
                    doc: &document.bytes,
                    rk: document.reference_key,
                    rf: rf.collect(),
                },
                &mut out,
            );
            out
        }
    }
}

/// Reads a credential version's values.
///
/// # Errors
/// [`DecodeError::MalformedSecret`], [`DecodeError::Trailing`].
pub fn decode_fields(bytes: &[u8]) -> Result<SecretFields, DecodeError> {
    let mut decoder = decoder(bytes);
    let map = FieldsMap::deserialize(&mut decoder).map_err(|_| DecodeError::MalformedSecret)?;
    ended(&mut decoder)?;
    let take = |field: FieldMap<'_>| (field.nm.to_owned(), SecretText::new(field.fv.to_owned()));
    Ok(SecretFields(map.fs.into_iter().map(take).collect()))
}

/// Reads a template revision's document.
///
/// # Errors
/// As for [`decode_fields`].
pub fn decode_document(bytes: &[u8]) -> Result<Document, DecodeError> {
    let mut decoder = decoder(bytes);
    let map = DocumentMap::deserialize(&mut decoder).map_err(|_| DecodeError::MalformedSecret)?;
    ended(&mut decoder)?;
    Ok(Document {
        bytes: map.doc.to_vec(),
        reference_key: map.rk,
        references: map
            .rf
            .into_iter()
            .map(|reference| KnownReference {
                variable: reference.va,
                hash: reference.rh,
                id_hash: reference.rid.map(serde_bytes::ByteArray::into_array),
                name_hash: reference.rnm.map(serde_bytes::ByteArray::into_array),
            })
            .collect(),
    })
}
