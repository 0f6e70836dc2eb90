//! Paths and queries: refused by name where they are wrong, without what was sent.

use crate::problem::ApiError;
use crate::strict::{self, JsonError};
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use serde::de::value::MapDeserializer;
use std::collections::HashSet;

/// The segments of a path that a route names.
#[derive(Debug)]
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        // What is no UTF-8, and what is no number where one stands, names nothing that there is.
        Path::<T>::from_request_parts(parts, state)
            .await
            .map(|Path(value)| Self(value))
            .map_err(|_| ApiError::NoRoute)
    }
}

/// A query: unknown parameters and wrong values are refused by name.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let query = parts.uri.query().unwrap_or_default();
        match parts.extensions.get::<Taken>() {
            Some(Taken(names)) => read(&without(query, names)?).map(Self),
            None => read(query).map(Self),
        }
    }
}

/// Parameters that were read before the others.
#[derive(Debug, Clone, Default)]
struct Taken(Vec<&'static str>);

/// Takes one parameter out of a query, before the others are read: what several routes have.
pub(crate) fn take(parts: &mut Parts, wanted: &'static str) -> Result<Option<String>, ApiError> {
    let pairs = pairs(parts.uri.query().unwrap_or_default())?;
    let mut found = pairs.into_iter().filter(|(name, _)| name == wanted);
    let text = found.next().map(|(_, text)| text);
    if found.next().is_some() {
        return Err(twice(wanted));
    }
    parts.extensions.get_or_insert_default::<Taken>().0.push(wanted);
    Ok(text)
}

/// The parameter `format`.
#[derive(Debug)]
pub(crate) struct Format(pub(crate) Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for Format {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        take(parts, "format").map(Self)
    }
}

fn without(query: &str, names: &[&str]) -> Result<String, ApiError> {
    let rest: Vec<(String, String)> = pairs(query)?
        .into_iter()
        .filter(|(name, _)| !names.contains(&name.as_str()))
        .collect();
    serde_urlencoded::to_string(rest).map_err(|_| malformed())
}

fn pairs(query: &str) -> Result<Vec<(String, String)>, ApiError> {
    serde_urlencoded::from_str(query).map_err(|_| malformed())
}

fn malformed() -> ApiError {
    ApiError::Parameter {
        pointer: String::new(),
        what: "the query is not of the form name=value&name=value".to_owned(),
        hint: "encode what is no letter or digit as %XX".to_owned(),
    }
}

fn twice(name: &str) -> ApiError {
    let shown = if strict::may_be_named(name) {
        format!("`{name}`")
    } else {
        "a parameter".to_owned()
    };
    ApiError::Parameter {
        pointer: String::new(),
        what: format!("{shown} stands twice in the query"),
        hint: "send each parameter once".to_owned(),
    }
}

fn read<T: DeserializeOwned>(query: &str) -> Result<T, ApiError> {
    let pairs = pairs(query)?;
    let mut names = HashSet::new();
    if let Some((name, _)) = pairs.iter().find(|(name, _)| !names.insert(name)) {
        return Err(twice(name));
    }
    let texts = MapDeserializer::new(pairs.into_iter().map(|(name, text)| (name, Text(text))));
    serde_path_to_error::deserialize(texts).map_err(|error: serde_path_to_error::Error<serde::de::value::Error>| {
        match strict::shape(&error.inner().to_string(), error.path()) {
            JsonError::Type { pointer, expected } => ApiError::Parameter {
                what: format!("the parameter `{}` is not {expected}", pointer.trim_start_matches('/')),
                hint: format!("send {expected}"),
                pointer,
            },
            other => ApiError::Json(other),
        }
    })
}

/// A parameter's text, read as whatever is asked for.
struct Text(String);

impl<'de> serde::de::IntoDeserializer<'de, serde::de::value::Error> for Text {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> serde::Deserializer<'de> for Text {
    type Error = serde::de::value::Error;

    fn deserialize_any<V: serde::de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_string(self.0)
    }

    fn deserialize_option<V: serde::de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_some(self)
    }

    fn deserialize_bool<V: serde::de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self.0.as_str() {
            "true" | "1" => visitor.visit_bool(true),
            "false" | "0" => visitor.visit_bool(false),
            _ => visitor.visit_string(self.0),
        }
    }

    fn deserialize_u32<V: serde::de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self.0.parse() {
            Ok(number) => visitor.visit_u32(number),
            Err(_) => visitor.visit_string(self.0),
        }
    }

    fn deserialize_u64<V: serde::de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self.0.parse() {
            Ok(number) => visitor.visit_u64(number),
            Err(_) => visitor.visit_string(self.0),
        }
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u128 f32 f64 char str string bytes byte_buf unit unit_struct newtype_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use strongroom_api::audit::ConsistencyQuery;
    use strongroom_api::client::ClientQuery;

    fn refused<T: DeserializeOwned>(query: &str) -> String {
        let problem = crate::problem::problem(&read::<T>(query).err().unwrap());
        format!(
            "{} {} {}",
            problem.status,
            problem.detail,
            problem.pointer.unwrap_or_default()
        )
    }

    #[test]
    fn a_query_is_read_by_name() {
        let query: ClientQuery = read("q=a%20b&archived=true&limit=5").unwrap();
        assert_eq!(
            (query.q.as_deref(), query.archived, query.limit),
            (Some("a b"), Some(true), Some(5))
        );
        assert_eq!(read::<ClientQuery>("").unwrap(), ClientQuery::default());
        assert_eq!(
            read::<ConsistencyQuery>("from=3").unwrap(),
            ConsistencyQuery { from: 3, to: None }
        );
    }

    #[test]
    fn what_is_wrong_is_named_and_not_repeated() {
        assert_eq!(
            refused::<ClientQuery>("surprise=cnry"),
            "422 there is no `surprise` in this request /surprise"
        );
        assert_eq!(
            refused::<ClientQuery>("limit=cnry"),
            "422 the parameter `limit` is not a whole number from 0 on /limit"
        );
        assert_eq!(
            refused::<ClientQuery>("archived=cnry"),
            "422 the parameter `archived` is not true or false /archived"
        );
        assert_eq!(
            refused::<ClientQuery>("q=cnry&q=cnry"),
            "422 `q` stands twice in the query "
        );
        assert_eq!(refused::<ConsistencyQuery>("to=5"), "422 `from` is missing /from");
        assert_eq!(
            refused::<ConsistencyQuery>("from=-1"),
            "422 the parameter `from` is not a whole number from 0 on /from"
        );
    }
}
