//! The fields of a credential as entered: names, classes, sizes, what a kind must have, where secrets are sent.

use super::{Desk, at};
use crate::command::FieldInput;
use crate::event::FieldFact;
use crate::ids::CredentialId;
use crate::kinds::{field_class, kind_fields};
use crate::limits::{FIELDS_MAX, PLAIN_BYTES_MAX, VALUES_BYTES_MAX};
use crate::rejection::{Held, Named, Rejection};
use crate::secret::{SecretFields, SecretText};
use crate::text;
use crate::words::{FieldClass, Kind};

/// All fields of a credential, with all their values.
#[derive(Default)]
pub(super) struct Fields {
    pub(super) all: Vec<FieldInput>,
}

impl Fields {
    /// The fields of a new credential.
    pub(super) fn entered(kind: Kind, inputs: Vec<FieldInput>) -> Result<Self, Rejection> {
        checked_names(&inputs)?;
        for input in &inputs {
            class_allowed(kind, &input.name, input.class)?;
        }
        let fields = Self { all: inputs };
        fields.complete(kind)?;
        Ok(fields)
    }

    /// The fields as they are, with the secret and destination values of the current version.
    ///
    /// None when a value is not at hand: the caller's values are of another version then.
    pub(super) fn current(facts: &[FieldFact], secret: Option<&SecretFields>) -> Option<Self> {
        let with_value = |fact: &FieldFact| {
            let value = match fact.class {
                FieldClass::Plain => SecretText::new(fact.value.clone().unwrap_or_default()),
                FieldClass::Secret | FieldClass::Destination => secret?.field(&fact.name)?.clone(),
            };
            Some(FieldInput {
                name: fact.name.clone(),
                value,
                class: fact.class,
                json: fact.json,
            })
        };
        facts
            .iter()
            .map(with_value)
            .collect::<Option<_>>()
            .map(|all| Self { all })
    }

    pub(super) fn find(&self, name: &str) -> Option<&FieldInput> {
        self.all.iter().find(|field| field.name == name)
    }

    /// Puts a value in the place of the one of that name, or at the end.
    pub(super) fn set(&mut self, input: FieldInput) {
        match self.all.iter_mut().find(|field| field.name == input.name) {
            Some(field) => *field = input,
            None => self.all.push(input),
        }
    }

    /// What a kind must have, and all sizes.
    pub(super) fn complete(&self, kind: Kind) -> Result<(), Rejection> {
        self.sizes()?;
        let present = |name: &str| self.find(name).is_some_and(|field| !field.value.expose().is_empty());
        // One of the two may be empty: some services take a key as user name or as password.
        let either = match kind {
            Kind::Basic => Some(["username", "password"]),
            Kind::Oauth2 => Some(["access_token", "refresh_token"]),
            _ => None,
        };
        for field in kind_fields(kind).iter().filter(|field| field.required) {
            let there = if kind == Kind::Basic {
                self.find(field.name).is_some()
            } else {
                present(field.name)
            };
            if !there {
                return Err(missing(kind, field.name));
            }
        }
        match either {
            Some(either) if !either.iter().any(|name| present(name)) => Err(missing(kind, either[0])),
            _ if self.all.is_empty() => Err(Rejection::invalid(
                "/fields",
                "a credential has at least one field",
                "enter its values",
            )),
            _ => Ok(()),
        }
    }

    /// The fields as the history knows them: plain ones with value.
    pub(super) fn facts(&self) -> Vec<FieldFact> {
        let fact = |field: &FieldInput| FieldFact {
            name: field.name.clone(),
            class: field.class,
            json: field.json,
            value: (field.class == FieldClass::Plain).then(|| field.value.expose().to_owned()),
        };
        self.all.iter().map(fact).collect()
    }

    /// The values that go into the secret part: secrets and where they are sent.
    pub(super) fn secret(&self) -> SecretFields {
        let kept = self.all.iter().filter(|field| field.class != FieldClass::Plain);
        SecretFields(kept.map(|field| (field.name.clone(), field.value.clone())).collect())
    }

    pub(super) fn sizes(&self) -> Result<(), Rejection> {
        if self.all.len() > FIELDS_MAX {
            return Err(Rejection::invalid(
                "/fields",
                format!("a credential has at most {FIELDS_MAX} fields"),
                "",
            ));
        }
        let bytes = |fields: &mut dyn Iterator<Item = &FieldInput>| -> usize {
            fields.map(|field| field.value.expose().len()).sum()
        };
        if bytes(&mut self.all.iter()) > VALUES_BYTES_MAX {
            let message = format!("all values of a credential together have at most {VALUES_BYTES_MAX} bytes");
            return Err(Rejection::invalid("/fields", message, "keep large things elsewhere"));
        }
        if bytes(&mut self.all.iter().filter(|field| field.class == FieldClass::Plain)) > PLAIN_BYTES_MAX {
            let message = format!("all plain values together have at most {PLAIN_BYTES_MAX} bytes");
            return Err(Rejection::invalid("/fields", message, "enter large values as secret"));
        }
        Ok(())
    }
}

/// Checks the names of entered fields; each once.
pub(super) fn checked_names(inputs: &[FieldInput]) -> Result<(), Rejection> {
    if inputs.len() > FIELDS_MAX {
        return Err(Rejection::invalid(
            "/fields",
            format!("a credential has at most {FIELDS_MAX} fields"),
            "",
        ));
    }
    for (number, input) in inputs.iter().enumerate() {
        text::field_name(&input.name).map_err(at("/fields"))?;
        if inputs.iter().take(number).any(|other| other.name == input.name) {
            return Err(Rejection::invalid(pointer(&input.name), "the field is there twice", ""));
        }
    }
    Ok(())
}

/// Checks that a field is kept no weaker than its kind says.
pub(super) fn class_allowed(kind: Kind, name: &str, class: FieldClass) -> Result<(), Rejection> {
    let allowed = match field_class(kind, name) {
        None | Some(FieldClass::Plain) => true,
        // A destination kept as secret would escape the rule that binds secrets to their destinations.
        Some(known) => class == known,
    };
    if allowed {
        return Ok(());
    }
    let known = field_class(kind, name).unwrap_or(FieldClass::Secret);
    Err(Rejection::invalid(
        pointer(name),
        format!("`{name}` of the kind {kind} is {known}"),
        "leave its class to the kind",
    ))
}

/// Refuses values that another credential holds which the caller may see; says whether some were accepted.
pub(super) fn duplicates(desk: &Desk<'_, '_, '_>, own: Option<CredentialId>, accept: bool) -> Result<bool, Rejection> {
    let others = desk
        .ctx
        .duplicates
        .iter()
        .filter(|duplicate| Some(duplicate.credential) != own);
    let held: Vec<Held> = others
        .filter_map(|duplicate| {
            let holder = desk.state.credentials.get(&duplicate.credential)?;
            desk.visible.credential(holder).then(|| Held {
                field: duplicate.field.clone(),
                by: Named::of(holder),
            })
        })
        .collect();
    if held.is_empty() || accept {
        return Ok(!held.is_empty());
    }
    Err(Rejection::DuplicateSecret { held })
}

pub(super) fn pointer(name: &str) -> String {
    format!("/fields/{name}")
}

fn missing(kind: Kind, name: &str) -> Rejection {
    Rejection::invalid(
        pointer(name),
        format!("a credential of the kind {kind} needs `{name}`"),
        "enter it",
    )
}
