//! Keys: create, list, change, revoke, rotate, send test.

use std::sync::Arc;

use aiva_core::callback::Callback;
use aiva_core::key::{self, ApiKey, CreateKey, KeyId, KeyPatch, NewKey, Scope};
use aiva_core::ports::{Clock, KeyStore, Ports};
use aiva_core::time;
use http::StatusCode;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::once::{Made, once};
use super::page;
use super::read::{change, whole};
use super::recovery::MissedSince;
use super::{read, route};
use crate::http::{
    Call, Edge, Failure, Fields, Reply, Route, RouteSet, Verb, as_written, list as texts, text,
    yes_or_no,
};

pub(super) const CREATE: Route = route(Verb::Post, &["/admin/v1/workspaces/{workspace}/keys"]);
pub(super) const LIST: Route = route(Verb::Get, &["/admin/v1/workspaces/{workspace}/keys"]);
pub(super) const READ: Route = route(Verb::Get, &["/admin/v1/workspaces/{workspace}/keys/{key}"]);
pub(super) const UPDATE: Route =
    route(Verb::Patch, &["/admin/v1/workspaces/{workspace}/keys/{key}"]);
pub(super) const REVOKE: Route =
    route(Verb::Delete, &["/admin/v1/workspaces/{workspace}/keys/{key}"]);
pub(super) const ROTATE_SECRET: Route =
    route(Verb::Post, &["/admin/v1/workspaces/{workspace}/keys/{key}/rotate-secret"]);
pub(super) const ROTATE_CALLBACK_SECRET: Route =
    route(Verb::Post, &["/admin/v1/workspaces/{workspace}/keys/{key}/rotate-callback-secret"]);
pub(super) const TEST: Route =
    route(Verb::Post, &["/admin/v1/workspaces/{workspace}/keys/{key}/test"]);

pub(super) fn serving<P: Ports>() -> RouteSet<P> {
    RouteSet::new()
        .serve(CREATE, |edge, call| Box::pin(create(edge, call)))
        .serve(LIST, |edge, call| Box::pin(list(edge, call)))
        .serve(READ, |edge, call| Box::pin(show(edge, call)))
        .serve(UPDATE, |edge, call| Box::pin(update(edge, call)))
        .serve(REVOKE, |edge, call| Box::pin(revoke(edge, call)))
        .serve(ROTATE_SECRET, |edge, call| Box::pin(rotate_secret(edge, call)))
        .serve(ROTATE_CALLBACK_SECRET, |edge, call| Box::pin(rotate_callback_secret(edge, call)))
        .serve(TEST, |edge, call| Box::pin(send_test(edge, call)))
}

/// Secrets that are shown this once.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Secrets<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    key_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    callback_secret: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ping {
    delivery_id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KeyRow {
    key_id: String,
    name: String,
    status: &'static str,
    scopes: Vec<&'static str>,
    dialect: &'static str,
    project_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    callback: Option<CallbackRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    requests_per_minute: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    requests_per_day: Option<u32>,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CallbackRow {
    url: String,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled_reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled_at: Option<String>,
}

impl KeyRow {
    /// A key as it stands at a moment.
    fn at(now: Timestamp, key: ApiKey) -> Self {
        let status = match (key.revoked_at, key.expires_at) {
            (Some(_), _) => "revoked",
            (None, Some(end)) if end <= now => "expired",
            (None, Some(_) | None) => "live",
        };
        Self {
            key_id: key.id.to_string(),
            name: key.name.to_string(),
            status,
            scopes: key.scopes.iter().map(|scope| Scope::as_str(*scope)).collect(),
            dialect: key.dialect.as_str(),
            project_id: key.project.to_string(),
            callback: key.callback.map(CallbackRow::from),
            requests_per_minute: key.own_limits.per_minute,
            requests_per_day: key.own_limits.per_day,
            created_at: time::millis(key.created_at),
            last_used_at: key.last_used_at.map(time::millis),
            expires_at: key.expires_at.map(time::millis),
            revoked_at: key.revoked_at.map(time::millis),
        }
    }
}

impl From<Callback> for CallbackRow {
    fn from(callback: Callback) -> Self {
        // The query may hold the integrator's own secret.
        let url = callback.url.split('?').next().unwrap_or_default().to_owned();
        let status = if callback.is_enabled() { "enabled" } else { "disabled" };
        let disabled_at = callback.disabled.as_ref().map(|disabled| time::millis(disabled.at));
        let disabled_reason = callback.disabled.map(|disabled| disabled.reason);
        Self { url, status, disabled_reason, disabled_at }
    }
}

async fn create<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let fields = call.fields().await?;
    let body = fields.canonical();
    let command = new_key(fields)?;
    let workspace = read::workspace(&edge, &call).await?;
    once(&edge, &call, (workspace.id, &body), |app, env| async move {
        let NewKey { key, token, callback_secret } =
            key::create(app, &env, &workspace, command).await?;
        let secrets = Secrets {
            key_id: Some(key.id.to_string()),
            key: Some(token.expose_secret()),
            callback_secret: callback_secret.as_ref().map(|secret| secret.expose_secret()),
        };
        Made::new(StatusCode::CREATED, &secrets)
    })
    .await
}

fn new_key(mut fields: Fields) -> Result<CreateKey, Failure> {
    let name = fields.required_text("name", as_written);
    let scopes = fields.required("scopes", texts);
    let dialect = fields.optional_text("dialect", as_written);
    let project = fields.optional_text("projectId", as_written);
    let callback_url = fields.optional_text("callbackUrl", as_written);
    let requests_per_minute = fields.optional("requestsPerMinute", whole);
    let requests_per_day = fields.optional("requestsPerDay", whole);
    let expires_at = fields.optional_text("expiresAt", as_written);
    let (Some(name), Some(scopes), Some(dialect), Some(project)) = (name, scopes, dialect, project)
    else {
        return Err(fields.refusal());
    };
    let (Some(callback_url), Some(requests_per_minute), Some(requests_per_day), Some(expires_at)) =
        (callback_url, requests_per_minute, requests_per_day, expires_at)
    else {
        return Err(fields.refusal());
    };
    Ok(CreateKey {
        name,
        scopes,
        dialect,
        project,
        callback_url,
        requests_per_minute,
        requests_per_day,
        expires_at,
    })
}

async fn list<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let workspace = read::workspace(&edge, &call).await?.id;
    let asked = page::asked(&edge, &call, workspace, "keys").await?;
    let page = edge.app.store.keys(workspace, asked.before()?, asked.limit).await?;
    let now = edge.app.now();
    page::reply(&asked, &edge, page, |key| KeyRow::at(now, key)).await
}

async fn show<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let (workspace, id) = (read::id(&call, "workspace")?, key_id(&call)?);
    let key = key::find(&edge.app.store, workspace, id).await?;
    Reply::success(StatusCode::OK, &KeyRow::at(edge.app.now(), key))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Updated {
    #[serde(flatten)]
    key: KeyRow,
    #[serde(skip_serializing_if = "Option::is_none")]
    callback_secret: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    missed: Option<MissedSince>,
}

async fn update<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let mut fields = call.fields().await?;
    let name = fields.optional_text("name", as_written);
    let callback_url =
        change(&mut fields, "callbackUrl", |field, value| text(field, value).map(str::to_owned));
    let callback_enabled = fields.optional("callbackEnabled", yes_or_no);
    let (Some(name), Some(callback_url), Some(callback_enabled)) =
        (name, callback_url, callback_enabled)
    else {
        return Err(fields.refusal());
    };
    let patch = KeyPatch { name, callback_url, callback_enabled };
    let workspace = read::workspace(&edge, &call).await?;
    let id = key_id(&call)?;
    let app = &*edge.app;
    let changed = key::update(app, app, &workspace, id, patch).await?;
    let callback_secret = changed.secret.map(|secret| secret.expose_secret().to_owned());
    let missed = changed.missed.map(|missed| MissedSince::new(workspace.id, missed));
    let key = KeyRow::at(app.now(), changed.key);
    Reply::success(StatusCode::OK, &Updated { key, callback_secret, missed })
}

async fn revoke<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let (workspace, id) = (read::id(&call, "workspace")?, key_id(&call)?);
    let key = key::revoke(&edge.app, workspace, id).await?;
    Reply::success(StatusCode::OK, &KeyRow::at(edge.app.now(), key))
}

async fn rotate_secret<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let (overlap, body) = overlap(&call).await?;
    let (workspace, id) = (read::workspace(&edge, &call).await?.id, key_id(&call)?);
    once(&edge, &call, (workspace, &body), |app, env| async move {
        let key = key::rotate_secret(&app.store, &env, workspace, id, overlap).await?;
        let key: &SecretString = &key;
        let key = Some(key.expose_secret());
        Made::new(StatusCode::OK, &Secrets { key_id: None, key, callback_secret: None })
    })
    .await
}

async fn rotate_callback_secret<P: Ports>(
    edge: Arc<Edge<P>>,
    call: Call,
) -> Result<Reply, Failure> {
    let (overlap, body) = overlap(&call).await?;
    let (workspace, id) = (read::workspace(&edge, &call).await?.id, key_id(&call)?);
    once(&edge, &call, (workspace, &body), |app, env| async move {
        let secret = key::rotate_callback_secret(app, &env, workspace, id, overlap).await?;
        let callback_secret = Some(secret.expose_secret());
        Made::new(StatusCode::OK, &Secrets { key_id: None, key: None, callback_secret })
    })
    .await
}

async fn overlap(call: &Call) -> Result<(Option<i64>, Vec<u8>), Failure> {
    let mut fields = call.fields_if_any().await?;
    match fields.optional("overlapSeconds", whole) {
        Some(overlap) => Ok((overlap, fields.canonical())),
        None => Err(fields.refusal()),
    }
}

async fn send_test<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let body = call.fields_if_any().await?.canonical();
    let (workspace, id) = (read::workspace(&edge, &call).await?.id, key_id(&call)?);
    once(&edge, &call, (workspace, &body), |app, env| async move {
        let delivery_id = key::send_test(app, &env, workspace, id).await?.to_string();
        Made::new(StatusCode::ACCEPTED, &Ping { delivery_id })
    })
    .await
}

fn key_id(call: &Call) -> Result<KeyId, Failure> {
    Ok(read::id(call, "key")?)
}
