//! A sample agency: three clients, eight credentials, four templates and some weeks of history, made through the public
//! API like any other, with the dev clock moving forwards. Every value says that it is fake.

mod workflows;

use crate::failure::{Exit, Failure, Outcome};
use crate::session::failure;
use jiff::{SignedDuration, Timestamp};
use strongroom_api::admin::SetClock;
use strongroom_api::client::CreateClient;
use strongroom_api::credential::{
    CreateCredential, RevealCredential, RollbackCredential, RotateCredential, Rotation, UpdateCredential,
};
use strongroom_api::principal::{CreatePrincipal, CreateToken, GrantInput};
use strongroom_api::resolve::Resolve;
use strongroom_api::template::{CreateTemplate, ReviseTemplate};
use strongroom_api::workspace::{AdmitTemplate, CreateWorkspace, MapVariable, SetDefault};
use strongroom_api::{Document, Fields, Pairs};
use strongroom_client::{Client, Error, Options};

/// How many days of history there are.
pub(crate) const DAYS: u32 = 24;

const CLIENTS: [(&str, &str); 3] = [
    ("Client A", "Nordlicht Coffee, a roastery with a web shop"),
    ("Client B", "Atlas Outdoor, tents and boots, two shops"),
    ("Client C", "Harbour Dental, a practice with a newsletter"),
];

const WORKSPACES: [(&str, &str, &str); 5] = [
    ("Client A shop", "client-a", "prod"),
    ("Client A staging", "client-a", "dev"),
    ("Client B shop", "client-b", "prod"),
    ("Client B support", "client-b", "prod"),
    ("Client C newsletter", "client-c", "prod"),
];

/// Workspace, template, and what is mapped: variable and credential.
type Setup = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

/// What runs where; defaults fill what is not mapped.
const SETUPS: [Setup; 6] = [
    (
        "client-a-shop",
        "order-sync",
        &[("SHOPIFY_ACCESS_TOKEN_API", "shopify-client-a")],
    ),
    (
        "client-a-staging",
        "order-sync",
        &[("SHOPIFY_ACCESS_TOKEN_API", "shopify-client-a")],
    ),
    ("client-a-shop", "payment-alerts", &[("STRIPE_API", "stripe-client-a")]),
    (
        "client-b-shop",
        "order-sync",
        &[("SHOPIFY_ACCESS_TOKEN_API", "shopify-client-b")],
    ),
    (
        "client-b-support",
        "support-triage",
        &[("ZENDESK_API", "zendesk-client-b")],
    ),
    (
        "client-c-newsletter",
        "weekly-newsletter",
        &[("MAILCHIMP_API", "mailchimp-client-c")],
    ),
];

/// Loads the sample; does nothing where it is already. Returns whether it was loaded.
pub(crate) async fn load(owner: &Client) -> Outcome<bool> {
    match owner.client("client-a").await {
        Ok(_) => return Ok(false),
        Err(Error::Problem(problem)) if problem.status == 404 => {}
        Err(error) => return Err(failure(error)),
    }
    let sample = Sample::begin(owner).await.map_err(told)?;
    sample.tell().await.map_err(told)?;
    Ok(true)
}

fn told(error: Error) -> Failure {
    let failure = failure(error);
    Failure::new(Exit::Local, format!("the sample could not be loaded: {failure}"))
        .hint("a new directory begins a new sample: --data DIR")
}

/// Who acts, and when.
struct Sample<'a> {
    owner: &'a Client,
    mia: Client,
    runner: Client,
    start: Timestamp,
}

impl<'a> Sample<'a> {
    /// The first day: the people.
    async fn begin(owner: &'a Client) -> Result<Self, Error> {
        let clock = owner
            .set_clock(&SetClock {
                now: None,
                advance_seconds: Some(1), // a clock is read by setting it, and it goes forwards only
            })
            .await?;
        let start = clock.now.parse().unwrap_or_else(|_| Timestamp::now());
        let mia = person(owner, "Mia Lindqvist", "editor").await?;
        person(owner, "Noor Haddad", "auditor").await?;
        for (name, description) in CLIENTS {
            let client = CreateClient {
                name: name.to_owned(),
                description: Some(description.to_owned()),
                ..CreateClient::default()
            };
            mia.create_client(&client, &Options::default()).await?;
        }
        for (name, client, environment) in WORKSPACES {
            let workspace = CreateWorkspace {
                name: name.to_owned(),
                client: Some(client.to_owned()),
                environment: Some(environment.to_owned()),
                ..CreateWorkspace::default()
            };
            mia.create_workspace(&workspace, &Options::default()).await?;
        }
        let runner = CreateToken {
            principal: Some("Workflow runner".to_owned()),
            label: Some("sample runner".to_owned()),
            role: Some("service".to_owned()),
            workspaces: WORKSPACES
                .iter()
                .map(|(name, ..)| name.to_lowercase().replace(' ', "-"))
                .collect(),
            ..CreateToken::default()
        };
        let runner = with_token(owner, &owner.create_token(&runner, &Options::default()).await?)?;
        Ok(Self {
            owner,
            mia,
            runner,
            start,
        })
    }

    /// The weeks after it, day by day.
    async fn tell(&self) -> Result<(), Error> {
        self.at(0, 9).await?;
        self.credentials().await?;
        self.at(1, 10).await?;
        self.templates().await?;
        self.at(2, 9).await?;
        self.setups().await?;
        for day in 3..DAYS {
            self.at(day, 3).await?;
            self.runs(day).await?;
            self.at(day, 11).await?;
            self.happenings(day).await?;
        }
        self.now().await
    }

    async fn credentials(&self) -> Result<(), Error> {
        for credential in credentials_of_clients().into_iter().chain(credentials_of_agency()) {
            self.mia.create_credential(&credential, &Options::default()).await?;
        }
        for (service, kind, credential) in [
            ("slack", "access_token", "slack-agency"),
            ("openai", "api_key", "openai-agency"),
        ] {
            let default = SetDefault {
                service: service.to_owned(),
                kind: kind.to_owned(),
                credential: credential.to_owned(),
                ..SetDefault::default()
            };
            self.mia
                .set_default(&default, &because("the agency pays for it"))
                .await?;
        }
        Ok(())
    }

    async fn templates(&self) -> Result<(), Error> {
        for (name, document) in workflows::all() {
            let template = CreateTemplate {
                name: Some(name.to_owned()),
                document: Some(Document::new(document.to_string())),
                format: Some("n8n".to_owned()),
                ..CreateTemplate::default()
            };
            self.mia.create_template(&template, &Options::default()).await?;
        }
        Ok(())
    }

    async fn setups(&self) -> Result<(), Error> {
        for (workspace, template, mappings) in SETUPS {
            self.admit(workspace, template).await?;
            for (variable, credential) in mappings {
                let mapping = MapVariable {
                    credential: (*credential).to_owned(),
                    ..MapVariable::default()
                };
                self.mia
                    .map_variable(workspace, template, variable, &mapping, &Options::default())
                    .await?;
            }
        }
        Ok(())
    }

    /// Every night the runner asks for what it runs; the newsletter once a week.
    async fn runs(&self, day: u32) -> Result<(), Error> {
        for (workspace, template, _) in SETUPS {
            if template == "weekly-newsletter" && day % 7 != 3 {
                continue;
            }
            let run = Resolve {
                workspace: workspace.to_owned(),
                template: template.to_owned(),
                ..Resolve::default()
            };
            self.runner.resolve(&run).await?;
        }
        Ok(())
    }

    /// What happened on single days.
    async fn happenings(&self, day: u32) -> Result<(), Error> {
        match day {
            7 => {
                self.rotate(
                    "shopify-client-a",
                    "token",
                    "fake-shopify-token-client-a-2",
                    "Jonas left the team",
                )
                .await?
            }
            9 => {
                self.update(
                    "stripe-client-a",
                    UpdateCredential {
                        tags: Some(Pairs(vec![("owner".to_owned(), "finance".to_owned())])),
                        expires_at: Some(Some((self.start + SignedDuration::from_hours(24 * 34)).to_string())),
                        ..UpdateCredential::default()
                    },
                )
                .await?
            }
            10 => self.revise_order_sync().await?,
            12 => {
                self.mia
                    .disable_credential("telegram-old-bot", &because("nobody seems to use it"))
                    .await?;
            }
            15 => {
                self.rotate(
                    "zendesk-client-b",
                    "token",
                    "fake-zendesk-token-2",
                    "quarterly rotation",
                )
                .await?;
                let back = RollbackCredential {
                    version: 1,
                    reason: None,
                };
                let why = because("the new token lacked a permission");
                self.mia.rollback_credential("zendesk-client-b", &back, &why).await?;
            }
            17 => {
                // An editor never reads: the refusal is on record.
                let reveal = RevealCredential {
                    reason: Some("curious".to_owned()),
                    ..RevealCredential::default()
                };
                let _ = self.mia.reveal_credential("stripe-client-a", &reveal).await;
            }
            18 => {
                self.rotate("openai-agency", "api_key", "fake-openai-key-2", "rotation policy")
                    .await?
            }
            20 => {
                let reveal = RevealCredential {
                    reason: Some("comparing it with the provider's console after failed payments".to_owned()),
                    ..RevealCredential::default()
                };
                self.owner.reveal_credential("stripe-client-a", &reveal).await?;
            }
            _ => {}
        }
        Ok(())
    }

    async fn rotate(&self, handle: &str, field: &str, value: &str, why: &str) -> Result<(), Error> {
        let rotation = RotateCredential {
            fields: [(field, value)].into_iter().collect(),
            ..RotateCredential::default()
        };
        self.mia
            .rotate_credential(handle, &rotation, &because(why))
            .await
            .map(|_| ())
    }

    async fn update(&self, handle: &str, change: UpdateCredential) -> Result<(), Error> {
        self.mia
            .update_credential(handle, &change, &Options::default())
            .await
            .map(|_| ())
    }

    /// A second revision that needs one thing more; Client A takes it, the others stay where they are.
    async fn revise_order_sync(&self) -> Result<(), Error> {
        let revision = ReviseTemplate {
            document: Some(Document::new(workflows::order_sync_with_summary().to_string())),
            format: Some("n8n".to_owned()),
            ..ReviseTemplate::default()
        };
        self.mia
            .revise_template("order-sync", &revision, &because("a summary for each day"))
            .await?;
        self.admit("client-a-shop", "order-sync").await
    }

    async fn admit(&self, workspace: &str, template: &str) -> Result<(), Error> {
        self.mia
            .admit_template(workspace, template, &AdmitTemplate::default(), &Options::default())
            .await
            .map(|_| ())
    }

    /// Moves the clock to an hour of a day of the sample. Where that is past, or has not come yet, as in a ledger that
    /// was there before, it stays.
    async fn at(&self, day: u32, hour: i64) -> Result<(), Error> {
        let midnight = self.start - SignedDuration::from_secs(self.start.as_second() % 86_400);
        let minutes = i64::from(day * 7 % 41);
        let then =
            midnight + SignedDuration::from_hours(i64::from(day) * 24 + hour) + SignedDuration::from_mins(minutes);
        if self.start < then && then < Timestamp::now() {
            self.set(then).await
        } else {
            Ok(())
        }
    }

    /// Moves the clock to the present.
    async fn now(&self) -> Result<(), Error> {
        match self.set(Timestamp::now()).await {
            // It is there, or a little further.
            Err(Error::Problem(_)) => Ok(()),
            other => other,
        }
    }

    async fn set(&self, then: Timestamp) -> Result<(), Error> {
        self.owner
            .set_clock(&SetClock {
                now: Some(then.to_string()),
                advance_seconds: None,
            })
            .await
            .map(|_| ())
    }
}

/// A person with a role, and a token to act with.
async fn person(owner: &Client, name: &str, role: &str) -> Result<Client, Error> {
    let grant = GrantInput {
        role: role.to_owned(),
        all: true,
        ..GrantInput::default()
    };
    let principal = CreatePrincipal {
        name: name.to_owned(),
        grants: vec![grant],
        ..CreatePrincipal::default()
    };
    let made = owner.create_principal(&principal, &Options::default()).await?;
    let token = CreateToken {
        principal: Some(made.handle),
        label: Some("sample".to_owned()),
        ..CreateToken::default()
    };
    with_token(owner, &owner.create_token(&token, &Options::default()).await?)
}

/// The same server, as somebody else.
fn with_token(owner: &Client, written: &strongroom_api::principal::TokenWritten) -> Result<Client, Error> {
    Client::new(owner.base(), written.token.as_ref().map(|token| token.expose()))
}

fn credentials_of_clients() -> [CreateCredential; 5] {
    [
        credential(
            "Shopify – Client A",
            "shopify",
            "access_token",
            Some("client-a"),
            &[
                ("token", "fake-shopify-token-client-a-1"),
                ("shop_subdomain", "nordlicht-example"),
                ("app_secret_key", "fake-shopify-app-secret-client-a"),
            ],
        ),
        credential(
            "Shopify – Client B",
            "shopify",
            "access_token",
            Some("client-b"),
            &[
                ("token", "fake-shopify-token-client-b-1"),
                ("shop_subdomain", "atlas-example"),
                ("app_secret_key", "fake-shopify-app-secret-client-b"),
            ],
        ),
        credential(
            "Stripe – Client A",
            "stripe",
            "api_key",
            Some("client-a"),
            &[("api_key", "fake-stripe-key-1")],
        ),
        credential(
            "Zendesk – Client B",
            "zendesk",
            "access_token",
            Some("client-b"),
            &[
                ("token", "fake-zendesk-token-1"),
                ("subdomain", "atlas-example"),
                ("email", "support@atlas.example"),
            ],
        ),
        credential(
            "Mailchimp – Client C",
            "mailchimp",
            "api_key",
            Some("client-c"),
            &[("api_key", "fake-mailchimp-key-1")],
        ),
    ]
}

fn credentials_of_agency() -> [CreateCredential; 3] {
    [
        credential(
            "Slack – agency",
            "slack",
            "access_token",
            None,
            &[("token", "fake-slack-token-1")],
        ),
        CreateCredential {
            rotation: Some(Rotation {
                every_days: 30,
                grace_days: 3,
            }),
            ..credential(
                "OpenAI – agency",
                "openai",
                "api_key",
                None,
                &[("api_key", "fake-openai-key-1")],
            )
        },
        credential(
            "Telegram – old bot",
            "telegram",
            "access_token",
            None,
            &[("token", "fake-telegram-token-1")],
        ),
    ]
}

fn credential(
    name: &str,
    service: &str,
    kind: &str,
    client: Option<&str>,
    fields: &[(&str, &str)],
) -> CreateCredential {
    CreateCredential {
        name: name.to_owned(),
        service: service.to_owned(),
        kind: kind.to_owned(),
        client: client.map(str::to_owned),
        fields: fields.iter().copied().collect::<Fields>(),
        ..CreateCredential::default()
    }
}

fn because(why: &str) -> Options {
    Options {
        reason: Some(why.to_owned()),
        ..Options::default()
    }
}
