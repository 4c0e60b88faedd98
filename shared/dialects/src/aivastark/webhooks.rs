//! `POST`, `GET …/webhooks`, and `GET`, `DELETE …/webhooks/{webhook_id}`.

use std::sync::Arc;

use aiva_core::dialect::Dialect;
use aiva_core::error::{Error, Result as CoreResult};
use aiva_core::key::{Caller, Scope};
use aiva_core::ports::Ports;
use aiva_core::time;
use aiva_core::webhook::{self, CreateWebhook, NewWebhook, Webhook, WebhookId};
use http::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::list::{self, DEFAULT_ITEMS};
use super::{project, route};
use crate::http::{
    Call, Edge, Failure, Fields, Function, Made, Reply, Route, RouteSet, Verb, as_written,
    list as texts, once,
};

const MANAGING: (Function, Scope) = (Function::Admin, Scope::WebhooksManage);

pub(super) const CREATE: Route =
    route(MANAGING, Verb::Post, &["/v1/projects/{project_id}/webhooks"]);
pub(super) const LIST: Route = route(MANAGING, Verb::Get, &["/v1/projects/{project_id}/webhooks"]);
pub(super) const READ: Route =
    route(MANAGING, Verb::Get, &["/v1/projects/{project_id}/webhooks/{webhook_id}"]);
pub(super) const DELETE: Route =
    route(MANAGING, Verb::Delete, &["/v1/projects/{project_id}/webhooks/{webhook_id}"]);

pub(super) fn serving<P: Ports>() -> RouteSet<P> {
    RouteSet::new()
        .serve(CREATE, |edge, call| Box::pin(create(edge, call)))
        .serve(LIST, |edge, call| Box::pin(list(edge, call)))
        .serve(READ, |edge, call| Box::pin(show(edge, call)))
        .serve(DELETE, |edge, call| Box::pin(delete(edge, call)))
}

#[derive(Serialize)]
struct WebhookRow {
    id: WebhookId,
    url: String,
    events: Vec<&'static str>,
    status: &'static str,
    created_at: String,
    /// Told once, and only where the caller chose none.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

impl From<Webhook> for WebhookRow {
    fn from(webhook: Webhook) -> Self {
        let enabled = webhook.callback.is_enabled();
        Self {
            id: webhook.id,
            events: webhook.events.iter().map(|event| event.as_str()).collect(),
            status: if enabled { "enabled" } else { "disabled" },
            created_at: time::seconds(webhook.created_at),
            url: webhook.callback.url,
            secret: None,
        }
    }
}

async fn create<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let caller = project::enter(&edge, &call).await?;
    let fields = call.fields().await?;
    let body = fields.canonical();
    let command = new_webhook(fields)?;
    let place = (caller.key.id.workspace, caller.key.project);
    once(&edge, &call, (place.0, &body), |app, env| async move {
        let chosen = command.secret.is_some();
        let NewWebhook { webhook, secret } = webhook::create(app, &env, place, command).await?;
        let secret = (!chosen).then(|| secret.expose_secret().to_owned());
        Made::json(StatusCode::CREATED, &WebhookRow { secret, ..webhook.into() })
    })
    .await
}

fn new_webhook(mut fields: Fields) -> Result<CreateWebhook, Failure> {
    let url = fields.required_text("url", as_written);
    let events = fields.required("events", texts);
    let secret = fields.optional_text("secret", |_, text| Ok(SecretString::from(text)));
    let (Some(url), Some(events), Some(secret)) = (url, events, secret) else {
        return Err(fields.refusal());
    };
    Ok(CreateWebhook { dialect: Dialect::Aivastark, url, events, redaction: None, secret })
}

async fn list<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let caller = project::enter(&edge, &call).await?;
    let (workspace, project) = (caller.key.id.workspace, caller.key.project);
    let name = format!("webhooks/{project}");
    let asked = list::asked(&edge, &call, (workspace, &name), DEFAULT_ITEMS).await?;
    let (place, position) = ((workspace, Some(project)), (asked.before()?, asked.limit));
    let page = webhook::page(&edge.app.store, place, Some(Dialect::Aivastark), position).await?;
    list::reply(&asked, &edge, page, WebhookRow::from).await
}

async fn show<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let caller = project::enter(&edge, &call).await?;
    let webhook = named(&edge, &call, &caller).await?;
    Reply::json(StatusCode::OK, &WebhookRow::from(webhook))
}

async fn delete<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let caller = project::enter(&edge, &call).await?;
    let webhook = named(&edge, &call, &caller).await?;
    webhook::delete(&edge.app, webhook.id.workspace, webhook.id).await?;
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

/// The webhook in the path, if it is this dialect's and this project's.
async fn named<P: Ports>(edge: &Edge<P>, call: &Call, caller: &Caller) -> CoreResult<Webhook> {
    let id = call.param("webhook_id").parse().map_err(|_| Error::NotFound)?;
    let webhook = webhook::find(&edge.app.store, caller.key.id.workspace, id).await?;
    // Another dialect's webhooks have events that this one has no words for.
    let own = webhook.dialect == Dialect::Aivastark && webhook.project == caller.key.project;
    own.then_some(webhook).ok_or(Error::NotFound)
}
