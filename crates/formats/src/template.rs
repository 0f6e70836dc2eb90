//! Strongroom's own template document: variables written down by a person, and any document beside them.
//!
//! `{"name", "variables": [{"name", "service", "kinds", "required"?, "scopes"?, "description"?}], "document"?}`

use serde_json::{Map, Value};

use crate::catalogue::Kind;
use crate::error::FormatError;
use crate::json::{self, Limits, push_key};
use crate::variable::Variable;

/// Largest template document, in bytes.
pub const DOCUMENT_BYTES_MAX: usize = 4 << 20;

/// Most variables of one template.
pub const VARIABLES_MAX: usize = 500;

/// Longest variable name, in bytes.
pub const VARIABLE_NAME_BYTES_MAX: usize = 63;

const SCOPES_MAX: usize = 200;
const SHORT_BYTES_MAX: usize = 300;
const DESCRIPTION_BYTES_MAX: usize = 4_000;

/// A template as a person wrote it.
#[derive(Debug, Clone, PartialEq)]
pub struct TemplateDocument {
    /// Its name, as written.
    pub name: String,
    /// Its variables, in their order, names unique.
    pub variables: Vec<Variable>,
    /// What runs; anything, or nothing.
    pub document: Option<Value>,
}

/// Reads a template document.
///
/// # Errors
/// No JSON, a field that is missing, of the wrong type or unknown, a variable that is named badly or twice.
pub fn parse(document: &[u8]) -> Result<TemplateDocument, FormatError> {
    from_value(json::read(document, &Limits::strict(DOCUMENT_BYTES_MAX))?)
}

/// As [`parse`], of a value that was read already.
///
/// # Errors
/// As [`parse`].
pub fn from_value(value: Value) -> Result<TemplateDocument, FormatError> {
    let Value::Object(mut entries) = value else {
        return Err(FormatError::at("", "a template is a JSON object"));
    };
    only(&entries, "", &["name", "variables", "document"])?;
    let name = text(&entries, "", "name", SHORT_BYTES_MAX)?.ok_or_else(|| missing("", "name"))?;
    let variables = match entries.get("variables") {
        Some(Value::Array(items)) if items.len() <= VARIABLES_MAX => variables(items)?,
        Some(Value::Array(_)) => {
            return Err(FormatError::at(
                "/variables",
                format!("more than {VARIABLES_MAX} variables"),
            ));
        }
        Some(_) => return Err(FormatError::at("/variables", "variables is no array")),
        None => return Err(missing("", "variables")),
    };
    let document = entries.remove("document").filter(|document| !document.is_null());
    Ok(TemplateDocument {
        name,
        variables,
        document,
    })
}

/// Whether a text is a variable's name: `[A-Z][A-Z0-9_]{0,62}`.
pub fn is_variable_name(name: &str) -> bool {
    name.len() <= VARIABLE_NAME_BYTES_MAX
        && name.starts_with(|c: char| c.is_ascii_uppercase())
        && name
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

fn variables(items: &[Value]) -> Result<Vec<Variable>, FormatError> {
    let mut out: Vec<Variable> = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let at = format!("/variables/{index}");
        let variable = variable(item, &at)?;
        if out.iter().any(|other| other.name == variable.name) {
            return Err(FormatError::at(
                format!("{at}/name"),
                format!("the variable {} stands twice", variable.name),
            ));
        }
        out.push(variable);
    }
    Ok(out)
}

fn variable(item: &Value, at: &str) -> Result<Variable, FormatError> {
    let Value::Object(entries) = item else {
        return Err(FormatError::at(at, "a variable is a JSON object"));
    };
    only(
        entries,
        at,
        &["name", "service", "kinds", "required", "scopes", "description"],
    )?;
    let name = text(entries, at, "name", SHORT_BYTES_MAX)?.ok_or_else(|| missing(at, "name"))?;
    if !is_variable_name(&name) {
        return Err(FormatError::at(
            format!("{at}/name"),
            "a variable's name is a capital letter, then up to 62 capital letters, digits and underscores",
        )
        .hint("for example SHOPIFY_API"));
    }
    let service = text(entries, at, "service", SHORT_BYTES_MAX)?.ok_or_else(|| missing(at, "service"))?;
    let required = match entries.get("required") {
        None => true,
        Some(Value::Bool(required)) => *required,
        Some(_) => return Err(FormatError::at(format!("{at}/required"), "required is true or false")),
    };
    Ok(Variable {
        name,
        service,
        kinds: kinds(entries, at)?,
        scopes: texts(entries, at, "scopes")?.unwrap_or_default(),
        required,
        description: text(entries, at, "description", DESCRIPTION_BYTES_MAX)?.unwrap_or_default(),
        n8n_type: None,
    })
}

fn kinds(entries: &Map<String, Value>, at: &str) -> Result<Vec<Kind>, FormatError> {
    let given = texts(entries, at, "kinds")?.ok_or_else(|| missing(at, "kinds"))?;
    let mut kinds: Vec<Kind> = Vec::new();
    for (index, name) in given.iter().enumerate() {
        let Some(kind) = Kind::parse(name) else {
            let all: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
            return Err(FormatError::at(format!("{at}/kinds/{index}"), "no such kind")
                .hint(format!("one of {}", all.join(", "))));
        };
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    if kinds.is_empty() {
        return Err(FormatError::at(
            format!("{at}/kinds"),
            "a variable accepts at least one kind",
        ));
    }
    Ok(kinds)
}

fn only(entries: &Map<String, Value>, at: &str, known: &[&str]) -> Result<(), FormatError> {
    match entries.keys().find(|key| !known.contains(&key.as_str())) {
        None => Ok(()),
        Some(key) => {
            let mut pointer = at.to_owned();
            let what = if json::may_be_named(key) {
                push_key(&mut pointer, key);
                format!("unknown field {key}")
            } else {
                "a field with a name that can't be shown".to_owned()
            };
            Err(FormatError::at(pointer, what).hint(format!("the fields are {}", known.join(", "))))
        }
    }
}

fn text(entries: &Map<String, Value>, at: &str, name: &str, bytes_max: usize) -> Result<Option<String>, FormatError> {
    match entries.get(name) {
        None => Ok(None),
        Some(Value::String(text)) if text.len() <= bytes_max => Ok(Some(text.clone())),
        Some(Value::String(_)) => Err(FormatError::at(
            format!("{at}/{name}"),
            format!("{name} has more than {bytes_max} bytes"),
        )),
        Some(_) => Err(FormatError::at(format!("{at}/{name}"), format!("{name} is no text"))),
    }
}

fn texts(entries: &Map<String, Value>, at: &str, name: &str) -> Result<Option<Vec<String>>, FormatError> {
    let items = match entries.get(name) {
        None => return Ok(None),
        Some(Value::Array(items)) if items.len() <= SCOPES_MAX => items,
        Some(_) => {
            return Err(FormatError::at(
                format!("{at}/{name}"),
                format!("{name} is no array of at most {SCOPES_MAX} texts"),
            ));
        }
    };
    let texts = items.iter().enumerate().map(|(index, item)| match item {
        Value::String(text) if text.len() <= SHORT_BYTES_MAX => Ok(text.clone()),
        _ => Err(FormatError::at(
            format!("{at}/{name}/{index}"),
            format!("not a text of at most {SHORT_BYTES_MAX} bytes"),
        )),
    });
    texts.collect::<Result<Vec<_>, _>>().map(Some)
}

fn missing(at: &str, name: &str) -> FormatError {
    FormatError::at(at, format!("{name} is missing"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(document: &str, expected: &str) {
        assert_eq!(parse(document.as_bytes()).unwrap_err().to_string(), expected);
    }

    const ONE: &str = r#"{"name":"Orders","variables":[{"name":"SHOP","service":"shopify","kinds":["access_token","custom"],"scopes":["read_orders"]}],"document":{"steps":[]}}"#;

    #[test]
    fn a_template_is_read() {
        let template = parse(ONE.as_bytes()).unwrap();
        let variable = template.variables.first().unwrap();
        assert_eq!(template.name, "Orders");
        assert_eq!(variable.kinds, [Kind::AccessToken, Kind::Custom]);
        assert_eq!(variable.scopes, ["read_orders"]);
        assert!(variable.required && template.document.is_some());
    }

    #[test]
    fn what_is_wrong_is_named() {
        refused("[]", "a template is a JSON object");
        refused(r#"{"name":"x"}"#, "variables is missing");
        refused(
            r#"{"name":"x","variables":[],"colour":1}"#,
            "unknown field colour (at /colour)",
        );
        refused(r#"{"name":1,"variables":[]}"#, "name is no text (at /name)");
        refused(
            &ONE.replace("\"SHOP\"", "\"shop\""),
            "a variable's name is a capital letter, then up to 62 capital letters, digits and underscores (at /variables/0/name)",
        );
        refused(
            &ONE.replace("\"custom\"", "\"magic\""),
            "no such kind (at /variables/0/kinds/1)",
        );
        refused(
            &ONE.replace("\"access_token\",\"custom\"", ""),
            "a variable accepts at least one kind (at /variables/0/kinds)",
        );
        let twice = r#"{"name":"x","variables":[{"name":"A","service":"s","kinds":["basic"]},{"name":"A","service":"s","kinds":["basic"]}]}"#;
        refused(twice, "the variable A stands twice (at /variables/1/name)");
    }

    #[test]
    fn variable_names_end_at_63_characters() {
        assert!(is_variable_name(&format!("A{}", "B".repeat(62))));
        assert!(!is_variable_name(&format!("A{}", "B".repeat(63))));
        assert!(!is_variable_name("_A") && !is_variable_name("") && !is_variable_name("Ä"));
    }
}
