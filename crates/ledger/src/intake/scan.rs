//! Every text of every command is looked at before it is decided: what is not a secret field must not hold a secret.

use crate::request::{Failure, RequestContext};
use strongroom_domain::command::{
    BindIdentity, Command, CreateCredential, FieldInput, TemplateInput, UpdateCredential,
};
use strongroom_domain::event::Pair;
use strongroom_domain::words::FieldClass;
use strongroom_formats::scan::{Finding, scan_text};

/// Refuses commands whose texts hold a secret, naming the places.
///
/// # Errors
/// [`Failure::HardcodedSecret`].
pub(crate) fn scan(context: &RequestContext, commands: &[Command]) -> Result<(), Failure> {
    let mut texts = Texts::default();
    texts.optional("/reason", context.reason.as_deref());
    texts.optional(
        "/headers/idempotency-key",
        context.idempotency.as_ref().map(|key| key.key.as_str()),
    );
    commands.iter().for_each(|command| texts.command(command));
    match texts.findings.is_empty() {
        true => Ok(()),
        false => Err(Failure::HardcodedSecret {
            findings: texts.findings,
        }),
    }
}

#[derive(Default)]
struct Texts {
    findings: Vec<Finding>,
}

impl Texts {
    fn text(&mut self, pointer: &str, text: &str) {
        if let Some(mut finding) = scan_text(text) {
            finding.pointer = pointer.to_owned();
            self.findings.push(finding);
        }
    }

    fn optional(&mut self, pointer: &str, text: Option<&str>) {
        text.into_iter().for_each(|text| self.text(pointer, text));
    }

    fn pairs(&mut self, pointer: &str, pairs: &[Pair]) {
        for pair in pairs {
            self.text(pointer, &pair.name);
            self.text(&format!("{pointer}/{}", escape(&pair.name)), &pair.value);
        }
    }

    /// What of a template goes into the history: never to be accepted with a secret in it.
    fn variables(&mut self, input: &TemplateInput) {
        for (index, variable) in input.variables.iter().enumerate() {
            self.text(&format!("/variables/{index}/description"), &variable.description);
            variable
                .scopes
                .iter()
                .for_each(|scope| self.text(&format!("/variables/{index}/scopes"), scope));
        }
    }

    fn fields(&mut self, fields: &[FieldInput]) {
        for field in fields {
            self.text("/fields", &field.name);
            if field.class == FieldClass::Plain {
                self.text(&format!("/fields/{}", escape(&field.name)), field.value.expose());
            }
        }
    }

    fn creation(&mut self, create: &CreateCredential) {
        self.text("/name", &create.name);
        self.text("/description", &create.description);
        self.pairs("/tags", &create.tags);
        self.pairs("/settings", &create.settings);
        create.scopes.iter().for_each(|scope| self.text("/scopes", scope));
        self.fields(&create.fields);
    }

    fn update(&mut self, update: &UpdateCredential) {
        self.optional("/name", update.name.as_deref());
        self.optional("/description", update.description.as_deref());
        self.pairs("/tags", update.tags.as_deref().unwrap_or_default());
        self.pairs("/settings", update.settings.as_deref().unwrap_or_default());
        let scopes = update.scopes.iter().flatten();
        scopes.for_each(|scope| self.text("/scopes", scope));
        self.fields(&update.fields);
    }

    fn workspace(&mut self, name: Option<&str>, description: Option<&str>, environment: Option<&str>) {
        self.optional("/name", name);
        self.optional("/description", description);
        self.optional("/environment", environment);
    }

    fn identity(&mut self, bind: &BindIdentity) {
        self.text("/issuer", &bind.issuer);
        self.text("/audience", &bind.audience);
        self.text("/label", &bind.label);
        for claim in &bind.claims {
            self.text("/claims", &claim.name);
            claim.values.iter().for_each(|value| self.text("/claims", value));
        }
    }

    /// Commands that carry texts of people; the others carry ids, words and hashes only.
    #[expect(clippy::too_many_lines, reason = "an arm for each command, and nothing else")]
    fn command(&mut self, command: &Command) {
        match command {
            Command::CreateCredential(create) => self.creation(create),
            Command::UpdateCredential(update) => self.update(update),
            Command::RotateCredential(rotate) => self.fields(&rotate.fields),
            Command::CreateClient { name, description, .. } => {
                self.text("/name", name);
                self.text("/description", description);
            }
            Command::CreateWorkspace {
                name,
                description,
                environment,
                ..
            } => self.workspace(Some(name), Some(description), Some(environment)),
            Command::UpdateClient { name, description, .. } | Command::UpdateTemplate { name, description, .. } => {
                self.optional("/name", name.as_deref());
                self.optional("/description", description.as_deref());
            }
            Command::UpdateWorkspace {
                name,
                description,
                environment,
                ..
            } => self.workspace(name.as_deref(), description.as_deref(), environment.as_deref()),
            Command::RegisterTemplate {
                name,
                description,
                input,
                ..
            } => {
                self.variables(input);
                self.text("/name", name);
                self.text("/description", description);
            }
            Command::CreatePrincipal { name, .. } | Command::OpenIncident { name, .. } => self.text("/name", name),
            Command::SkipStep { step, .. } => self.text("/step", step),
            Command::CreateWebhook { name, aim, .. } => {
                self.text("/name", name);
                self.text("/url", &aim.url);
                self.text("/filter", &aim.filter);
            }
            Command::UpdateWebhook { url, filter, .. } => {
                self.optional("/url", url.as_deref());
                self.optional("/filter", filter.as_deref());
            }
            Command::IssueToken { label, .. } => self.text("/label", label),
            Command::BindIdentity(bind) => self.identity(bind),
            Command::MapVariable { instance, .. }
            | Command::UnmapVariable { instance, .. }
            | Command::IssueRunToken { instance, .. } => {
                self.optional("/instance", instance.as_deref());
            }
            // The document is scanned by the importer, with places in it; what becomes history is scanned here.
            Command::ReviseTemplate { input, .. } => self.variables(input),
            // References, ids, words, times and hashes only.
            Command::RollbackCredential { .. }
            | Command::ShareCredential(_)
            | Command::UnshareCredential(_)
            | Command::DisableCredential { .. }
            | Command::EnableCredential { .. }
            | Command::RevokeCredential { .. }
            | Command::ArchiveClient { .. }
            | Command::ArchiveWorkspace { .. }
            | Command::RetireTemplate { .. }
            | Command::AdmitTemplate { .. }
            | Command::SetDefault { .. }
            | Command::UnsetDefault { .. }
            | Command::DisablePrincipal { .. }
            | Command::Grant { .. }
            | Command::WithdrawGrant { .. }
            | Command::RevokeToken { .. }
            | Command::UnbindIdentity { .. }
            | Command::SignIn { .. }
            | Command::RecordReveal { .. }
            | Command::RecordLeakSearch { .. }
            | Command::RecordRestored { .. }
            | Command::RecordRecovered { .. }
            | Command::ReleaseTokens
            | Command::RecordCounts { .. }
            | Command::RecordDenied { .. }
            | Command::RecordRefused { .. }
            | Command::RecordGraceEnded { .. }
            | Command::RecordRotationDue { .. }
            | Command::PauseWebhook { .. }
            | Command::ResumeWebhook { .. }
            | Command::RemoveWebhook { .. }
            | Command::TestWebhook { .. }
            | Command::RecordDelivered { .. }
            | Command::RecordDeliveryFailed { .. }
            | Command::RecordWebhookGone { .. }
            | Command::RequestApproval { .. }
            | Command::JudgeApproval { .. }
            | Command::SetFourEyes { .. }
            | Command::Freeze { .. }
            | Command::Unfreeze { .. }
            | Command::WidenIncident { .. }
            | Command::TellStewards { .. }
            | Command::CloseIncident { .. } => {}
            Command::RecordAccess { instance, .. } => self.optional("/instance", instance.as_deref()),
            Command::Initialize { owner_name, .. } => self.text("/owner_name", owner_name),
        }
    }
}

/// A JSON pointer's reference token (RFC 6901).
fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// A user agent as it may be recorded: not at all, when it holds a secret.
pub(crate) fn recordable(user_agent: Option<String>) -> Option<String> {
    user_agent.filter(|text| scan_text(text).is_none())
}
