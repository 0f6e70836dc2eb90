//! Clients, workspaces, templates, admissions, mappings, defaults.

use crate::error::Error;
use crate::http::{Client, Options};
use crate::path::path;
use reqwest::Method;
use strongroom_api::Page;
use strongroom_api::client::{Client as AgencyClient, ClientQuery, CreateClient, UpdateClient};
use strongroom_api::template::{
    Affected, AffectedQuery, CreateTemplate, DocumentQuery, ExportQuery, ReviseTemplate, Template, TemplateQuery,
    TemplateWritten, UpdateTemplate,
};
use strongroom_api::workspace::{
    AdmitTemplate, Admitted, CreateWorkspace, Default_, DefaultKey, DefaultQuery, DefaultWritten, InstanceQuery,
    MapVariable, MappingWritten, Mappings, SetDefault, UpdateWorkspace, Workspace, WorkspaceQuery,
};
use strongroom_api::written::{Because, ThingWritten};

/// Each method's errors: [`Error`], with the server's problem document where it said no.
impl Client {
    /// `POST /clients`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn create_client(&self, request: &CreateClient, options: &Options) -> Result<ThingWritten, Error> {
        self.write(Method::POST, &path(&["clients"])?, request, options).await
    }

    /// `GET /clients`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn clients(&self, query: &ClientQuery) -> Result<Page<AgencyClient>, Error> {
        self.get_with(&path(&["clients"])?, query).await
    }

    /// `GET /clients/{handle}`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn client(&self, handle: &str) -> Result<AgencyClient, Error> {
        self.get(&path(&["clients", handle])?).await
    }

    /// `POST /clients/{handle}/update`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn update_client(
        &self,
        handle: &str,
        request: &UpdateClient,
        options: &Options,
    ) -> Result<ThingWritten, Error> {
        self.write(Method::POST, &path(&["clients", handle, "update"])?, request, options)
            .await
    }

    /// `POST /clients/{handle}/archive`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn archive_client(&self, handle: &str, options: &Options) -> Result<ThingWritten, Error> {
        self.write(
            Method::POST,
            &path(&["clients", handle, "archive"])?,
            &Because::default(),
            options,
        )
        .await
    }

    /// `POST /workspaces`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn create_workspace(&self, request: &CreateWorkspace, options: &Options) -> Result<ThingWritten, Error> {
        self.write(Method::POST, &path(&["workspaces"])?, request, options)
            .await
    }

    /// `GET /workspaces`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn workspaces(&self, query: &WorkspaceQuery) -> Result<Page<Workspace>, Error> {
        self.get_with(&path(&["workspaces"])?, query).await
    }

    /// `GET /workspaces/{handle}`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn workspace(&self, handle: &str) -> Result<Workspace, Error> {
        self.get(&path(&["workspaces", handle])?).await
    }

    /// `POST /workspaces/{handle}/update`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn update_workspace(
        &self,
        handle: &str,
        request: &UpdateWorkspace,
        options: &Options,
    ) -> Result<ThingWritten, Error> {
        self.write(
            Method::POST,
            &path(&["workspaces", handle, "update"])?,
            request,
            options,
        )
        .await
    }

    /// `POST /workspaces/{handle}/archive`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn archive_workspace(&self, handle: &str, options: &Options) -> Result<ThingWritten, Error> {
        self.write(
            Method::POST,
            &path(&["workspaces", handle, "archive"])?,
            &Because::default(),
            options,
        )
        .await
    }

    /// `POST /templates`.
    ///
    /// # Errors
    /// [`Error`]; `hardcoded_secret` names the places.
    pub async fn create_template(&self, request: &CreateTemplate, options: &Options) -> Result<TemplateWritten, Error> {
        self.write(Method::POST, &path(&["templates"])?, request, options).await
    }

    /// `GET /templates`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn templates(&self, query: &TemplateQuery) -> Result<Page<Template>, Error> {
        self.get_with(&path(&["templates"])?, query).await
    }

    /// `GET /templates/{handle}`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn template(&self, handle: &str) -> Result<Template, Error> {
        self.get(&path(&["templates", handle])?).await
    }

    /// `POST /templates/{handle}/update`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn update_template(
        &self,
        handle: &str,
        request: &UpdateTemplate,
        options: &Options,
    ) -> Result<ThingWritten, Error> {
        self.write(Method::POST, &path(&["templates", handle, "update"])?, request, options)
            .await
    }

    /// `POST /templates/{handle}/revise`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn revise_template(
        &self,
        handle: &str,
        request: &ReviseTemplate,
        options: &Options,
    ) -> Result<TemplateWritten, Error> {
        let path = path(&["templates", handle, "revise"])?;
        if request.dry_run {
            return self.ask(&path, request, options.reason.as_deref()).await;
        }
        self.write(Method::POST, &path, request, options).await
    }

    /// `GET /templates/{handle}/affected`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn template_affected(&self, handle: &str, query: &AffectedQuery) -> Result<Affected, Error> {
        self.get_with(&path(&["templates", handle, "affected"])?, query).await
    }

    /// `GET /templates/{handle}/export`: a file for another ledger.
    ///
    /// # Errors
    /// [`Error`]; `not_shareable` names the places.
    pub async fn export_template(&self, handle: &str, query: &ExportQuery) -> Result<Vec<u8>, Error> {
        self.bytes(&path(&["templates", handle, "export"])?, query).await
    }

    /// `POST /templates/{handle}/retire`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn retire_template(&self, handle: &str, options: &Options) -> Result<ThingWritten, Error> {
        self.write(
            Method::POST,
            &path(&["templates", handle, "retire"])?,
            &Because::default(),
            options,
        )
        .await
    }

    /// `GET /templates/{handle}/document`: the document's bytes, as its digest is of.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn template_document(&self, handle: &str, revision: Option<u32>) -> Result<Vec<u8>, Error> {
        self.bytes(&path(&["templates", handle, "document"])?, &DocumentQuery { revision })
            .await
    }

    /// `POST /workspaces/{w}/templates/{t}/admit`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn admit_template(
        &self,
        workspace: &str,
        template: &str,
        request: &AdmitTemplate,
        options: &Options,
    ) -> Result<Admitted, Error> {
        let path = path(&["workspaces", workspace, "templates", template, "admit"])?;
        self.write(Method::POST, &path, request, options).await
    }

    /// `GET /workspaces/{w}/mappings`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn mappings(&self, workspace: &str) -> Result<Mappings, Error> {
        self.get(&path(&["workspaces", workspace, "mappings"])?).await
    }

    /// `PUT /workspaces/{w}/templates/{t}/mappings/{variable}`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn map_variable(
        &self,
        workspace: &str,
        template: &str,
        variable: &str,
        request: &MapVariable,
        options: &Options,
    ) -> Result<MappingWritten, Error> {
        let path = path(&["workspaces", workspace, "templates", template, "mappings", variable])?;
        self.write(Method::PUT, &path, request, options).await
    }

    /// `DELETE /workspaces/{w}/templates/{t}/mappings/{variable}`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn unmap_variable(
        &self,
        workspace: &str,
        template: &str,
        variable: &str,
        instance: Option<&str>,
        options: &Options,
    ) -> Result<MappingWritten, Error> {
        let path = path(&["workspaces", workspace, "templates", template, "mappings", variable])?;
        self.delete(
            &path,
            &InstanceQuery {
                instance: instance.map(str::to_owned),
            },
            options,
        )
        .await
    }

    /// `GET /defaults`: all, or those that hold in one workspace.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn defaults(&self, query: &DefaultQuery) -> Result<Page<Default_>, Error> {
        self.get_with(&path(&["defaults"])?, query).await
    }

    /// `PUT /defaults`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn set_default(&self, request: &SetDefault, options: &Options) -> Result<DefaultWritten, Error> {
        self.write(Method::PUT, &path(&["defaults"])?, request, options).await
    }

    /// `DELETE /defaults`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn unset_default(&self, key: &DefaultKey, options: &Options) -> Result<DefaultWritten, Error> {
        self.delete(&path(&["defaults"])?, key, options).await
    }
}
