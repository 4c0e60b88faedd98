//! Webhooks of all dialects: create, list, change, test, rotate, remove.

use std::sync::Arc;

use aiva_core::dialect::Dialect;
use aiva_core::error::Error;
use aiva_core::ports::Ports;
use aiva_core::project;
use aiva_core::time;
use aiva_core::webhook::{self, CreateWebhook, NewWebhook, Webhook, WebhookPatch};
use http::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::once::{Made, once};
use super::read::whole;
use super::recovery::MissedSince;
use super::{page, read, route};
use crate::http::{
    Call, Edge, Failure, Fields, Reply, Route, RouteSet, Verb, as_written, list as texts, yes_or_no,
};

pub(super) const CREATE: Route = route(Verb::Post, &["/admin/v1/workspaces/{workspace}/webhooks"]);
pub(super) const LIST: Route = route(Verb::Get, &["/admin/v1/workspaces/{workspace}/webhooks"]);
pub(super) const READ: Route =
    route(Verb::Get, &["/admin/v1/workspaces/{workspace}/webhooks/{webhook}"]);
pub(super) const UPDATE: Route =
    route(Verb::Patch, &["/admin/v1/workspaces/{workspace}/webhooks/{webhook}"]);
pub(super) const REMOVE: Route =
    route(Verb::Delete, &["/admin/v1/workspaces/{workspace}/webhooks/{webhook}"]);
pub(super) const TEST: Route =
    route(Verb::Post, &["/admin/v1/workspaces/{workspace}/webhooks/{webhook}/test"]);
pub(super) const ROTATE_SECRET: Route =
    route(Verb::Post, &["/admin/v1/workspaces/{workspace}/webhooks/{webhook}/rotate-secret"]);

pub(super) fn serving<P: Ports>() -> RouteSet<P> {
    RouteSet::new()
        .serve(CREATE, |edge, call| Box::pin(create(edge, call)))
        .serve(LIST, |edge, call| Box::pin(list(edge, call)))
        .serve(READ, |edge, call| Box::pin(show(edge, call)))
        .serve(UPDATE, |edge, call| Box::pin(update(edge, call)))
        .serve(REMOVE, |edge, call| Box::pin(remove(edge, call)))
        .serve(TEST, |edge, call| Box::pin(test(edge, call)))
        .serve(ROTATE_SECRET, |edge, call| Box::pin(rotate_secret(edge, call)))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Created<'a> {
    webhook_id: String,
    secret: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Secret<'a> {
    secret: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ping {
    delivery_id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WebhookRow {
    webhook_id: String,
    project_id: String,
    dialect: &'static str,
    events: Vec<&'static str>,
    redaction: &'static str,
    url: String,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled_reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled_at: Option<String>,
    created_at: String,
}

#[derive(Serialize)]
struct Updated {
    #[serde(flatten)]
    webhook: WebhookRow,
    #[serde(skip_serializing_if = "Option::is_none")]
    missed: Option<MissedSince>,
}

impl From<Webhook> for WebhookRow {
    fn from(webhook: Webhook) -> Self {
        let callback = &webhook.callback;
        Self {
            webhook_id: webhook.id.to_string(),
            project_id: webhook.project.to_string(),
            dialect: webhook.dialect.as_str(),
            events: webhook.events.iter().map(|event| event.as_str()).collect(),
            redaction: webhook.redaction.as_str(),
            url: webhook.subscription().url,
            status: if callback.is_enabled() { "enabled" } else { "disabled" },
            disabled_reason: callback.disabled.as_ref().map(|disabled| disabled.reason.clone()),
            disabled_at: callback.disabled.as_ref().map(|disabled| time::millis(disabled.at)),
            created_at: time::millis(webhook.created_at),
        }
    }
}

async fn create<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let fields = call.fields().await?;
    let body = fields.canonical();
    let (command, project) = new_webhook(fields)?;
    let workspace = read::workspace(&edge, &call).await?;
    once(&edge, &call, (workspace.id, &body), |app, env| async move {
        let project = match project {
            None => workspace.default_project(),
            Some(text) => match project::resolve(&app.store, workspace.id, &text).await {
                Ok(project) => project.id,
                Err(Error::NotFound) => {
                    let problem = "names no project of this workspace";
                    return Err(Error::invalid("projectId", problem));
                }
                Err(error) => return Err(error),
            },
        };
        let NewWebhook { webhook, secret } =
            webhook::create(app, &env, (workspace.id, project), command).await?;
        let (webhook_id, secret) = (webhook.id.to_string(), secret.expose_secret());
        Made::new(StatusCode::CREATED, &Created { webhook_id, secret })
    })
    .await
}

fn new_webhook(mut fields: Fields) -> Result<(CreateWebhook, Option<String>), Failure> {
    let dialect = fields.required_text("dialect", |field, text| {
        Dialect::parse(text)
            .filter(|dialect| *dialect != Dialect::Aksita)
            .ok_or_else(|| Error::invalid(field, "must be aiva, aivastark, aerochat or asyntai"))
    });
    let url = fields.required_text("url", as_written);
    let events = fields.required("events", texts);
    let redaction = fields.optional_text("redaction", as_written);
    let project = fields.optional_text("projectId", as_written);
    let secret = fields.optional_text("secret", |_, text| Ok(SecretString::from(text)));
    let (Some(dialect), Some(url), Some(events), Some(redaction), Some(project), Some(secret)) =
        (dialect, url, events, redaction, project, secret)
    else {
        return Err(fields.refusal());
    };
    Ok((CreateWebhook { dialect, url, events, redaction, secret }, project))
}

async fn list<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let workspace = read::workspace(&edge, &call).await?.id;
    let asked = page::asked(&edge, &call, workspace, "webhooks").await?;
    let position = (asked.before()?, asked.limit);
    let found = webhook::page(&edge.app.store, (workspace, None), None, position).await?;
    page::reply(&asked, &edge, found, WebhookRow::from).await
}

async fn show<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let (workspace, id) = (read::id(&call, "workspace")?, read::id(&call, "webhook")?);
    let webhook = webhook::find(&edge.app.store, workspace, id).await?;
    Reply::success(StatusCode::OK, &WebhookRow::from(webhook))
}

async fn update<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let mut fields = call.fields().await?;
    let url = fields.optional_text("url", as_written);
    let events = fields.optional("events", texts);
    let redaction = fields.optional_text("redaction", as_written);
    let enabled = fields.optional("enabled", yes_or_no);
    let (Some(url), Some(events), Some(redaction), Some(enabled)) =
        (url, events, redaction, enabled)
    else {
        return Err(fields.refusal());
    };
    let patch = WebhookPatch { url, events, redaction, enabled };
    let (workspace, id) = (read::id(&call, "workspace")?, read::id(&call, "webhook")?);
    let changed = webhook::update(&edge.app, workspace, id, patch).await?;
    let missed = changed.missed.map(|missed| MissedSince::new(workspace, missed));
    Reply::success(StatusCode::OK, &Updated { webhook: changed.webhook.into(), missed })
}

async fn remove<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let (workspace, id) = (read::id(&call, "workspace")?, read::id(&call, "webhook")?);
    let webhook = webhook::find(&edge.app.store, workspace, id).await?;
    webhook::delete(&edge.app, workspace, id).await?;
    Reply::success(StatusCode::OK, &WebhookRow::from(webhook))
}

async fn test<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let body = call.fields_if_any().await?.canonical();
    let (workspace, id) = (read::id(&call, "workspace")?, read::id(&call, "webhook")?);
    once(&edge, &call, (workspace, &body), |app, env| async move {
        let delivery_id = webhook::send_test(app, &env, workspace, id).await?.to_string();
        Made::new(StatusCode::ACCEPTED, &Ping { delivery_id })
    })
    .await
}

async fn rotate_secret<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let mut fields = call.fields_if_any().await?;
    let overlap = fields.optional("overlapSeconds", whole);
    let Some(overlap) = overlap else { return Err(fields.refusal()) };
    let body = fields.canonical();
    let (workspace, id) = (read::id(&call, "workspace")?, read::id(&call, "webhook")?);
    once(&edge, &call, (workspace, &body), |app, env| async move {
        let secret = webhook::rotate_secret(app, &env, workspace, id, overlap).await?;
        Made::new(StatusCode::OK, &Secret { secret: secret.expose_secret() })
    })
    .await
}
