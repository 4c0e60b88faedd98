//! The logs of requests and deliveries, one delivery, and its replay.

use std::sync::Arc;

use aiva_core::callback::{EndpointId, Event};
use aiva_core::delivery::{self, Attempt, Delivery, DeliveryFilter, DeliveryStatus};
use aiva_core::error::Error;
use aiva_core::ports::{DeliveryStore, LogStore, Ports};
use aiva_core::request_log::{RequestFilter, RequestLogEntry, StatusFilter};
use aiva_core::time;
use http::StatusCode;
use serde::Serialize;

use super::once::{Made, once};
use super::page;
use super::read::filter;
use super::{read, route};
use crate::http::{Call, Edge, Failure, Reply, Route, RouteSet, Verb};

pub(super) const REQUEST_LOG: Route =
    route(Verb::Get, &["/admin/v1/workspaces/{workspace}/logs/requests"]);
pub(super) const LOG: Route =
    route(Verb::Get, &["/admin/v1/workspaces/{workspace}/logs/deliveries"]);
pub(super) const READ: Route =
    route(Verb::Get, &["/admin/v1/workspaces/{workspace}/deliveries/{delivery}"]);
pub(super) const REPLAY: Route =
    route(Verb::Post, &["/admin/v1/workspaces/{workspace}/deliveries/{delivery}/replay"]);

pub(super) fn serving<P: Ports>() -> RouteSet<P> {
    RouteSet::new()
        .serve(REQUEST_LOG, |edge, call| Box::pin(request_log(edge, call)))
        .serve(LOG, |edge, call| Box::pin(log(edge, call)))
        .serve(READ, |edge, call| Box::pin(show(edge, call)))
        .serve(REPLAY, |edge, call| Box::pin(replay(edge, call)))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestRow {
    request_id: String,
    key_id: String,
    method: String,
    route: String,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    duration_ms: u64,
    at: String,
}

impl From<RequestLogEntry> for RequestRow {
    fn from(entry: RequestLogEntry) -> Self {
        Self {
            request_id: entry.id.to_string(),
            key_id: entry.key.to_string(),
            method: entry.method,
            route: entry.route,
            status: entry.status,
            code: entry.code,
            duration_ms: entry.duration_ms,
            at: time::millis(entry.at),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DeliveryRow {
    delivery_id: String,
    event: &'static str,
    conversation_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook_id: Option<String>,
    url: String,
    status: &'static str,
    attempts: Vec<AttemptRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_attempt_at: Option<String>,
    created_at: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AttemptRow {
    at: String,
    trigger: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_code: Option<u16>,
    latency_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_body: Option<String>,
}

impl From<Attempt> for AttemptRow {
    fn from(attempt: Attempt) -> Self {
        Self {
            at: time::millis(attempt.at),
            trigger: attempt.trigger.as_str(),
            status_code: attempt.status_code,
            latency_ms: attempt.latency_ms,
            error: attempt.error,
            response_body: attempt.response_body,
        }
    }
}

impl From<Delivery> for DeliveryRow {
    fn from(delivery: Delivery) -> Self {
        Self {
            delivery_id: delivery.id.to_string(),
            event: delivery.event.as_str(),
            conversation_id: delivery.conversation,
            key_id: delivery.endpoint.key().map(|key| key.to_string()),
            webhook_id: delivery.endpoint.webhook().map(|webhook| webhook.to_string()),
            url: delivery.url,
            status: delivery.status.as_str(),
            attempts: delivery.attempts.into_iter().map(AttemptRow::from).collect(),
            next_attempt_at: delivery.next_attempt_at.map(time::millis),
            created_at: time::millis(delivery.created_at),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Replayed {
    delivery_id: String,
    status: &'static str,
}

async fn request_log<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let wanted = RequestFilter {
        status: filter(&call, "status", StatusFilter::parse)?,
        code: filter(&call, "code", |text| Some(text.to_owned()))?,
        key: filter(&call, "keyId", |text| text.parse().ok())?,
        method: filter(&call, "method", |text| Some(text.to_owned()))?,
        route: filter(&call, "route", |text| Some(text.to_owned()))?,
        since: filter(&call, "since", |text| text.parse().ok())?,
        until: filter(&call, "until", |text| text.parse().ok())?,
    };
    if wanted.until.is_some_and(|until| wanted.since.is_some_and(|since| until < since)) {
        return Err(Error::invalid("until", "must not be before since").into());
    }
    let workspace = read::workspace(&edge, &call).await?.id;
    // A cursor goes with the times that its list was read between.
    let list = format!("requests/{:?}/{:?}", wanted.since, wanted.until);
    let asked = page::asked(&edge, &call, workspace, &list).await?;
    let position = asked.position.as_deref();
    let page = edge.app.store.requests(workspace, &wanted, position, asked.limit).await?;
    page::reply(&asked, &edge, page, RequestRow::from).await
}

async fn log<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let wanted = DeliveryFilter {
        status: filter(&call, "status", DeliveryStatus::parse)?,
        event: filter(&call, "event", Event::parse)?,
        endpoint: filter(&call, "keyId", |text| text.parse().ok().map(EndpointId::Key))?
            .or(filter(&call, "webhookId", |text| text.parse().ok().map(EndpointId::Webhook))?),
    };
    let workspace = read::workspace(&edge, &call).await?.id;
    let asked = page::asked(&edge, &call, workspace, "deliveries").await?;
    let page = edge.app.store.deliveries(workspace, &wanted, asked.before()?, asked.limit).await?;
    page::reply(&asked, &edge, page, DeliveryRow::from).await
}

async fn show<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let (workspace, id) = (read::id(&call, "workspace")?, read::id(&call, "delivery")?);
    let delivery = delivery::find(&edge.app.store, workspace, id).await?;
    Reply::success(StatusCode::OK, &DeliveryRow::from(delivery))
}

async fn replay<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let body = call.fields_if_any().await?.canonical();
    let (workspace, id) = (read::id(&call, "workspace")?, read::id(&call, "delivery")?);
    once(&edge, &call, (workspace, &body), |app, _| async move {
        let replayed = delivery::replay(app, workspace, id).await?;
        let status = DeliveryStatus::Pending.as_str();
        let delivery_id = replayed.id.to_string();
        Made::new(StatusCode::ACCEPTED, &Replayed { delivery_id, status })
    })
    .await
}
