//! `--field`, `--secret`, `--destination`, `--json`: the fields of a credential as typed.

use super::pair::{NameValue, pair};
use super::secret::{Stdin, secret_from};
use crate::ask::Ask;
use crate::failure::{Failure, Outcome};
use clap::Args;
use strongroom_api::SecretText;
use strongroom_formats::catalogue::{self, Class, Kind};
use zeroize::Zeroizing;

/// The options for fields.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Fields")]
pub(crate) struct FieldArgs {
    /// A field that is no secret: a user name, a region
    #[arg(long = "field", value_name = "NAME=VALUE")]
    pub(crate) fields: Vec<String>,
    /// A secret: NAME asks for it, NAME=@FILE reads a file, NAME=- reads stdin; never as an argument
    #[arg(long = "secret", value_name = "NAME[=@FILE|=-]")]
    pub(crate) secrets: Vec<String>,
    /// A field that says where secrets are sent (a URL, a host) and that the catalogue doesn't know as one
    #[arg(long = "destination", value_name = "NAME=VALUE")]
    pub(crate) destinations: Vec<String>,
    /// Keep this field as JSON (a number, a list), not as text; its value is JSON text
    #[arg(long = "json", value_name = "NAME")]
    pub(crate) json: Vec<String>,
}

impl FieldArgs {
    /// Whether nothing was given.
    pub(crate) fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.secrets.is_empty() && self.destinations.is_empty()
    }
}

/// Fields, ready to be sent. Its values are wiped when dropped and never printed.
#[derive(Default)]
pub(crate) struct Fields {
    /// Name and value, in the order given.
    pub(crate) values: strongroom_api::Fields,
    /// Which of those nobody knows are plain.
    pub(crate) plain: Vec<String>,
    /// Which of those nobody knows are destinations.
    pub(crate) destinations: Vec<String>,
    /// Which hold JSON text.
    pub(crate) json: Vec<String>,
}

impl Fields {
    /// Reads the fields of a credential of this service and kind.
    pub(crate) fn read(args: &FieldArgs, service: &str, kind: &str, ask: &Ask, stdin: &mut Stdin) -> Outcome<Self> {
        let mut fields = Self::default();
        for text in &args.fields {
            fields.open("--field", pair("--field", text)?, service, kind)?;
        }
        for text in &args.destinations {
            fields.open("--destination", pair("--destination", text)?, service, kind)?;
        }
        for text in &args.secrets {
            let (name, place) = match text.split_once('=') {
                Some((name, place)) => (name.trim(), Some(place)),
                None => (text.trim(), None),
            };
            if name.is_empty() {
                return Err(Failure::local("--secret names no field").hint("for example: --secret api_key"));
            }
            let value = secret_from(name, place, ask, stdin)?;
            fields.add(name.to_owned(), value)?;
        }
        for name in &args.json {
            if !fields.has(name) {
                return Err(Failure::local(format!(
                    "--json names `{name}`, which is not among the fields given"
                )));
            }
            fields.json.push(name.clone());
        }
        Ok(fields)
    }

    /// Asks for what the kind can't do without and was not given, when somebody is there.
    pub(crate) fn ask_for_missing(&mut self, kind: &str, ask: &Ask) -> Outcome {
        let Some(kind) = Kind::parse(kind).filter(|_| ask.somebody()) else {
            return Ok(());
        };
        for spec in catalogue::kind_fields(kind).iter().filter(|spec| spec.required) {
            if self.has(spec.name) {
                continue;
            }
            if spec.class == Class::Secret {
                self.add(spec.name.to_owned(), ask.secret(spec.name)?)?;
            } else if let Some(value) = ask.text(&format!("{}:", spec.name))? {
                self.add(spec.name.to_owned(), Zeroizing::new(value))?;
            }
        }
        Ok(())
    }

    /// Asks for one secret field and its name: where the kind says nothing of its fields.
    pub(crate) fn ask_for_named(&mut self, ask: &Ask) -> Outcome {
        let name = ask.text("name of its secret field:")?;
        let name = name.ok_or_else(|| Failure::local("a credential needs a field; nothing was changed"))?;
        let value = ask.secret(&name)?;
        self.add(name, value)
    }

    /// Whether a field was given.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.values.0.iter().any(|(field, _)| field == name)
    }

    fn open(&mut self, option: &str, (name, value): NameValue, service: &str, kind: &str) -> Outcome {
        let value = Zeroizing::new(value);
        let known = Kind::parse(kind).and_then(|kind| catalogue::classify(service, kind, &name));
        if known == Some(Class::Secret) || (known.is_none() && sounds_secret(&name)) {
            return Err(secret_as_field(option, &name));
        }
        if known.is_none() {
            let marked = if option == "--destination" {
                &mut self.destinations
            } else {
                &mut self.plain
            };
            marked.push(name.clone());
        } else if option == "--destination" && known == Some(Class::Plain) {
            return Err(
                Failure::local(format!("`{name}` is a plain field of {service}, not a destination"))
                    .hint(format!("--field {name}=…")),
            );
        }
        self.add(name, value)
    }

    fn add(&mut self, name: String, value: Zeroizing<String>) -> Outcome {
        if self.has(&name) {
            return Err(Failure::local(format!("the field `{name}` is given twice")));
        }
        self.values.0.push((name, SecretText::from(value.as_str())));
        Ok(())
    }
}

/// Whether some kind calls a field of this name secret: then it is not taken from an argument, whatever the kind.
fn sounds_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    Kind::ALL
        .into_iter()
        .flat_map(catalogue::kind_fields)
        .any(|spec| spec.class == Class::Secret && spec.name == name)
}

fn secret_as_field(option: &str, name: &str) -> Failure {
    Failure::local(format!(
        "`{name}` is a secret: {option} would show it to other programs and the shell's history"
    ))
    .hint(format!(
        "--secret {name} asks for it; --secret {name}=@FILE reads a file; --secret {name}=- reads stdin"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|&text| text.to_owned()).collect()
    }

    fn read(args: &FieldArgs, kind: &str) -> Outcome<Fields> {
        Fields::read(args, "nowhere-known", kind, &Ask::nobody(), &mut Stdin::default())
    }

    fn field(text: &str, kind: &str) -> Outcome<Fields> {
        read(
            &FieldArgs {
                fields: texts(&[text]),
                ..FieldArgs::default()
            },
            kind,
        )
    }

    #[test]
    fn a_secret_field_is_refused_and_its_value_not_repeated() {
        for (text, kind) in [
            ("api_key=sk-live-1", "api_key"),
            ("password=sk-live-1", "basic"),
            ("token=sk-live-1", "custom"),
        ] {
            let failure = field(text, kind).map(|_| ()).unwrap_err();
            assert!(!format!("{failure:?}").contains("sk-live"), "{failure:?}");
            assert!(failure.to_string().contains("is a secret"), "{failure}");
        }
    }

    #[test]
    fn a_secret_typed_behind_its_name_is_refused() {
        let args = FieldArgs {
            secrets: texts(&["api_key=sk-live-1"]),
            ..FieldArgs::default()
        };
        let failure = read(&args, "api_key").map(|_| ()).unwrap_err();
        assert!(!format!("{failure:?}").contains("sk-live"), "{failure:?}");
    }

    #[test]
    fn what_nobody_knows_is_sent_as_it_was_named() {
        let fields = field("region=eu", "custom").unwrap();
        assert_eq!(fields.plain, ["region"]);
        let args = FieldArgs {
            destinations: texts(&["callback_url=https://x.example"]),
            ..FieldArgs::default()
        };
        assert_eq!(read(&args, "custom").unwrap().destinations, ["callback_url"]);
    }

    #[test]
    fn what_the_kind_knows_is_not_named_again() {
        let fields = field("username=mia", "basic").unwrap();
        assert!(fields.plain.is_empty());
        assert_eq!(fields.values.0.len(), 1);
        assert!(
            field("token_url=https://x.example/token", "client_credentials")
                .unwrap()
                .destinations
                .is_empty()
        );
    }

    #[test]
    fn json_names_a_field_that_is_given() {
        let args = FieldArgs {
            fields: texts(&["port=5432"]),
            json: texts(&["port"]),
            ..FieldArgs::default()
        };
        assert_eq!(read(&args, "custom").unwrap().json, ["port"]);
        let args = FieldArgs {
            json: texts(&["port"]),
            ..FieldArgs::default()
        };
        assert!(read(&args, "custom").is_err());
    }

    #[test]
    fn a_field_comes_once() {
        let args = FieldArgs {
            fields: texts(&["a=1", "a=2"]),
            ..FieldArgs::default()
        };
        assert!(read(&args, "custom").is_err());
    }
}
