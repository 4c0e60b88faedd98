//! The webhooks of an account.

use std::sync::Arc;

use aiva_core::dialect::Dialect;
use aiva_core::error::Error;
use aiva_core::key::ApiKey;
use aiva_core::ports::Ports;
use aiva_core::project;
use aiva_core::webhook::{self, CreateWebhook, NewWebhook, Webhook};
use aiva_core::workspace::default_project;
use http::StatusCode;

use super::asked::website_id;
use super::wire::{NewHook, Removed, Subscribed, Webhooks};
use crate::http::{Call, Edge, Failure, Made, Reply, as_written, list as texts, once};

pub(super) async fn list<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let key = call.authenticate(&edge).await?.key;
    // A key of another project than the default sees that one alone.
    let project = Some(key.project).filter(|own| *own != default_project(key.id.workspace));
    let mut found = webhook::list(&edge.app.store, key.id.workspace, project).await?;
    found.retain(|known| may_see(&key, known));
    Reply::json(StatusCode::OK, &Webhooks::new(found.iter().rev().map(Into::into).collect()))
}

pub(super) async fn create<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let fields = call.fields().await;
    let caller = call.authenticate(&edge).await?;
    let mut fields = fields?;
    let body = fields.canonical();
    let url = fields.required_text("url", as_written);
    let events = fields.required("events", texts);
    let number = fields.optional("website_id", website_id);
    let (Some(url), Some(events), Some(number)) = (url, events, number) else {
        return Err(fields.refusal());
    };
    let project = project::meant(&edge.app.store, &caller.key, number).await?;
    let (redaction, secret) = (None, None);
    let command = CreateWebhook { dialect: Dialect::Asyntai, url, events, redaction, secret };
    once(&edge, &call, (project.workspace, &body), |app, env| async move {
        let place = (project.workspace, project.id);
        let NewWebhook { webhook, secret } = webhook::create(app, &env, place, command).await?;
        Made::json(StatusCode::OK, &Subscribed::new(NewHook::new(&webhook, &secret)))
    })
    .await
}

pub(super) async fn remove<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let key = call.authenticate(&edge).await?.key;
    let id = call.param("id").parse().map_err(|_| Error::NotFound)?;
    let found = webhook::find(&edge.app.store, key.id.workspace, id).await?;
    if !may_see(&key, &found) {
        return Err(Error::NotFound.into());
    }
    webhook::delete(&edge.app, key.id.workspace, id).await?;
    Reply::json(StatusCode::OK, &Removed::webhook())
}

/// A webhook of this dialect, in a project that the key sees.
fn may_see(key: &ApiKey, webhook: &Webhook) -> bool {
    let default = default_project(key.id.workspace);
    webhook.dialect == Dialect::Asyntai
        && (key.project == default || key.project == webhook.project)
}
