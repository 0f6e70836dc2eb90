//! Credentials as people send them, with each field classified: secret, destination or plain.

use crate::Ledger;
use crate::inner::credential_id;
use crate::request::{Failure, Receipt, RequestContext};
use std::sync::Arc;
use strongroom_domain::command::{Command, CreateCredential, FieldInput, RotateCredential, UpdateCredential};
use strongroom_domain::event::{Pair, RotationPolicy, Source};
use strongroom_domain::ids::TimeUs;
use strongroom_domain::kinds::may_generate;
use strongroom_domain::secret::SecretText;
use strongroom_domain::state::Credential;
use strongroom_domain::words::{FieldClass, Kind};
use strongroom_formats::catalogue::{self, Class, classify};
use strongroom_formats::json::{Limits, read};
use strongroom_seal::random_text;

/// A field's value as sent.
#[derive(Debug, Clone)]
pub struct FieldText {
    /// The text; JSON text when `json`.
    pub text: SecretText,
    /// Kept as JSON, given back typed.
    pub json: bool,
}

/// A credential to be made.
#[derive(Debug, Clone, Default)]
pub struct CredentialDraft {
    /// Display name.
    pub name: String,
    /// Service id.
    pub service: String,
    /// Kind.
    pub kind: Option<Kind>,
    /// All fields by name, in the order sent.
    pub fields: Vec<(String, FieldText)>,
    /// Names of fields that are plain.
    pub plain: Vec<String>,
    /// Names of fields that are destinations.
    pub destinations: Vec<String>,
    /// Handle wished for.
    pub handle: Option<String>,
    /// Client.
    pub client: Option<String>,
    /// Tags.
    pub tags: Vec<Pair>,
    /// Settings for the service.
    pub settings: Vec<Pair>,
    /// Text.
    pub description: String,
    /// Steward.
    pub steward: Option<String>,
    /// Expiry.
    pub expires_at: Option<TimeUs>,
    /// Rotation policy.
    pub rotation: Option<RotationPolicy>,
    /// Scopes.
    pub scopes: Vec<String>,
    /// `oauth2`: the app.
    pub app: Option<String>,
    /// Where it was imported from.
    pub source: Option<Source>,
    /// Go on though the secret is held elsewhere.
    pub accept_duplicate: bool,
}

/// New values for a credential.
#[derive(Debug, Clone, Default)]
pub struct RotateDraft {
    /// Handle or id.
    pub credential: String,
    /// The fields that change.
    pub fields: Vec<(String, FieldText)>,
    /// Names of fields that are plain.
    pub plain: Vec<String>,
    /// Names of fields that are destinations.
    pub destinations: Vec<String>,
    /// Days during which the version before still resolves by number.
    pub grace_days: Option<u32>,
    /// That ends sooner, when the last reader has moved.
    pub until_moved: bool,
    /// Fields whose values are made up here.
    pub generate: Vec<(String, Generate)>,
    /// Expiry of the new values.
    pub expires_at: Option<TimeUs>,
    /// Go on though the secret is held elsewhere.
    pub accept_duplicate: bool,
}

impl Ledger {
    /// Makes a credential.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn create_credential(&self, context: RequestContext, draft: CredentialDraft) -> Result<Receipt, Failure> {
        let warnings = service_warnings(&draft.service);
        let command = create_command(draft)?;
        self.submit(context, vec![command], true, warnings).await
    }

    /// Enters new values.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn rotate_credential(&self, context: RequestContext, mut draft: RotateDraft) -> Result<Receipt, Failure> {
        let view = self.view();
        let known = credential_id(&view.state, &draft.credential).and_then(|id| view.state.credentials.get(&id));
        let classify_field = |name: &str| {
            let known = known?;
            known
                .fields
                .iter()
                .find(|fact| fact.name == name)
                .map(|fact| fact.class)
                .or_else(|| class_of(&known.service, known.kind, name))
        };
        let generated = generated(known, &draft, classify_field)?;
        draft.fields.extend(generated);
        if let Some(known) = known {
            check_known_fields(known, &draft, classify_field)?;
        }
        let fields = classified(draft.fields, &draft.plain, &draft.destinations, classify_field)?;
        let command = Command::RotateCredential(Box::new(RotateCredential {
            credential: draft.credential,
            fields,
            grace_days: draft.grace_days,
            until_moved: draft.until_moved,
            expires_at: draft.expires_at,
            source: None,
            accept_duplicate: draft.accept_duplicate,
        }));
        self.submit(context, vec![command], true, Vec::new()).await
    }

    /// Changes what of a credential is not secret.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn update_credential(
        &self,
        context: RequestContext,
        update: UpdateCredential,
    ) -> Result<Receipt, Failure> {
        self.execute(context, Command::UpdateCredential(Box::new(update))).await
    }
}

/// How a value is to be made up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Generate {
    /// Its characters.
    pub length: usize,
    /// What they are taken from.
    pub alphabet: Alphabet,
}

/// Characters that values are made up of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Alphabet {
    /// Letters and digits.
    #[default]
    Alphanumeric,
    /// Digits and `a` to `f`.
    Hex,
    /// Letters, digits, `-` and `_`.
    Url,
    /// Letters, digits and signs that need no escape in most places.
    Signs,
}

impl Alphabet {
    /// Every alphabet, with its word.
    pub const ALL: &[(&str, Self)] = &[
        ("alphanumeric", Self::Alphanumeric),
        ("hex", Self::Hex),
        ("url", Self::Url),
        ("signs", Self::Signs),
    ];

    fn letters(self) -> &'static [u8] {
        match self {
            Self::Alphanumeric => b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
            Self::Hex => b"0123456789abcdef",
            Self::Url => b"-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz",
            Self::Signs => b"!#%*+-.0123456789:=?@ABCDEFGHIJKLMNOPQRSTUVWXYZ^_abcdefghijklmnopqrstuvwxyz~",
        }
    }
}

/// Fewest characters of a value that is made up: of hexadecimal digits that is 96 bits.
const GENERATED_MIN: usize = 24;
/// Most characters of it.
const GENERATED_MAX: usize = 256;

/// Makes up the values that are asked for. Where nothing is known of the credential the rules refuse the rotation anyway.
fn generated(
    known: Option<&Arc<Credential>>,
    draft: &RotateDraft,
    class_of: impl Fn(&str) -> Option<FieldClass>,
) -> Result<Vec<(String, FieldText)>, Failure> {
    let Some(known) = known else { return Ok(Vec::new()) };
    let one = |(name, how): &(String, Generate)| {
        let wrong = |what: &str, hint: &str| Failure::format(format!("/generate/{name}"), what, Some(hint));
        if !may_generate(known.kind) {
            let what = format!("values of {} are given out by the service", known.kind);
            return Err(wrong(&what, "make a new one there and enter it"));
        }
        if draft.fields.iter().any(|(entered, _)| entered == name) {
            return Err(wrong("the field was entered as well", "enter it, or have it made up"));
        }
        if class_of(name).is_some_and(|class| class != FieldClass::Secret) {
            return Err(wrong("the field is no secret", "enter its value"));
        }
        if !(GENERATED_MIN..=GENERATED_MAX).contains(&how.length) {
            let hint = format!("{GENERATED_MIN} to {GENERATED_MAX} characters");
            return Err(wrong("it would be too short or too long", &hint));
        }
        let text =
            random_text(how.length, how.alphabet.letters()).map_err(|error| Failure::Internal(error.to_string()))?;
        let text = SecretText::new(text.to_string());
        Ok((name.clone(), FieldText { text, json: false }))
    };
    draft.generate.iter().map(one).collect()
}

/// A rotation that names a field which neither credential, kind nor service has is most likely misspelt: it would leave
/// the real secret as it was. A new field is said to be one by naming it plain or destination, or entered at `custom`.
fn check_known_fields(
    known: &Credential,
    draft: &RotateDraft,
    class_of: impl Fn(&str) -> Option<FieldClass>,
) -> Result<(), Failure> {
    if known.kind == Kind::Custom {
        return Ok(());
    }
    for (name, _) in &draft.fields {
        if class_of(name).is_none() && !draft.plain.contains(name) && !draft.destinations.contains(name) {
            let names: Vec<&str> = known.fields.iter().map(|fact| fact.name.as_str()).collect();
            return Err(Failure::format(
                format!("/fields/{name}"),
                "the credential has no such field: nothing was rotated",
                Some(&format!("it has {}", names.join(", "))),
            ));
        }
    }
    Ok(())
}

/// The command of a draft.
pub(super) fn create_command(draft: CredentialDraft) -> Result<Command, Failure> {
    let Some(kind) = draft.kind else {
        let kinds: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
        return Err(Failure::format(
            "/kind",
            "there is no such kind",
            Some(&format!("one of {}", kinds.join(", "))),
        ));
    };
    let service = draft.service.clone();
    let fields = classified(draft.fields, &draft.plain, &draft.destinations, |name| {
        class_of(&service, kind, name)
    })?;
    Ok(Command::CreateCredential(Box::new(CreateCredential {
        name: draft.name,
        handle: draft.handle,
        service: draft.service,
        kind,
        fields,
        description: draft.description,
        tags: draft.tags,
        settings: draft.settings,
        client: draft.client,
        steward: draft.steward,
        expires_at: draft.expires_at,
        rotation: draft.rotation,
        source: draft.source,
        app: draft.app,
        scopes: draft.scopes,
        accept_duplicate: draft.accept_duplicate,
    })))
}

/// What an unknown service is told.
fn service_warnings(service: &str) -> Vec<String> {
    if catalogue::service(service).is_some() {
        return Vec::new();
    }
    let near = catalogue::suggest(service);
    let hint = if near.is_empty() {
        String::new()
    } else {
        format!(" (did you mean {}?)", near.join(", "))
    };
    vec![format!(
        "the catalogue has no such service{hint}; it is accepted, with all unknown fields secret"
    )]
}

/// A field that neither kind nor service knows is secret, unless named plain or destination. What they do know is not
/// made weaker: a secret named plain is refused.
fn classified(
    fields: Vec<(String, FieldText)>,
    plain: &[String],
    destinations: &[String],
    class_of: impl Fn(&str) -> Option<FieldClass>,
) -> Result<Vec<FieldInput>, Failure> {
    let sent = |name: &String| fields.iter().any(|(field, _)| field == name);
    for (list, pointer) in [(plain, "/plain"), (destinations, "/destinations")] {
        if let Some(index) = list.iter().position(|name| !sent(name)) {
            return Err(Failure::format(
                format!("{pointer}/{index}"),
                "names a field that was not sent",
                None,
            ));
        }
    }
    let mut inputs = Vec::with_capacity(fields.len());
    for (name, FieldText { text, json }) in fields {
        let known = class_of(&name);
        let class = if destinations.contains(&name) {
            FieldClass::Destination
        } else if plain.contains(&name) {
            FieldClass::Plain
        } else {
            known.unwrap_or(FieldClass::Secret)
        };
        let weaker = matches!(
            (known, class),
            (Some(FieldClass::Secret), FieldClass::Plain | FieldClass::Destination)
        ) || matches!((known, class), (Some(FieldClass::Destination), FieldClass::Plain));
        if weaker {
            return Err(Failure::format(
                format!("/fields/{name}"),
                "the service or kind keeps this field more closely than was asked for",
                Some("leave it out of `plain` and `destinations`"),
            ));
        }
        if json
            && read(
                text.expose().as_bytes(),
                &Limits::strict(strongroom_domain::limits::VALUES_BYTES_MAX),
            )
            .is_err()
        {
            return Err(Failure::format(
                format!("/fields/{name}"),
                "is not JSON",
                Some("leave it out of `json`"),
            ));
        }
        inputs.push(FieldInput {
            name,
            value: text,
            class,
            json,
        });
    }
    Ok(inputs)
}

fn class_of(service: &str, kind: Kind, name: &str) -> Option<FieldClass> {
    let kind = strongroom_formats::Kind::parse(kind.as_str())?;
    classify(service, kind, name).map(from_class)
}

/// The catalogue's class as the domain's.
pub(super) fn from_class(class: Class) -> FieldClass {
    match class {
        Class::Secret => FieldClass::Secret,
        Class::Destination => FieldClass::Destination,
        Class::Plain => FieldClass::Plain,
    }
}
