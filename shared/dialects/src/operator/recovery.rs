//! Recovering what endpoints missed.

use std::sync::Arc;

use aiva_core::id::WorkspaceId;
use aiva_core::ports::Ports;
use aiva_core::recovery::{self, Missed, RecoverCommand, Recovery};
use aiva_core::time;
use http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;

use super::once::{Made, once};
use super::read::whole;
use super::{read, route};
use crate::http::{
    Call, Edge, Failure, Fields, Reply, Route, RouteSet, Verb, as_written, yes_or_no,
};

pub(super) const RECOVER: Route =
    route(Verb::Post, &["/admin/v1/workspaces/{workspace}/deliveries/recover"]);
pub(super) const READ: Route =
    route(Verb::Get, &["/admin/v1/workspaces/{workspace}/deliveries/recoveries/{recovery}"]);

pub(super) fn serving<P: Ports>() -> RouteSet<P> {
    RouteSet::new()
        .serve(RECOVER, |edge, call| Box::pin(recover(edge, call)))
        .serve(READ, |edge, call| Box::pin(show(edge, call)))
}

/// How much was missed, as answers show it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MissedRow {
    count: u64,
    /// Only where it is true: the window holds more than one request counts.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    count_is_minimum: bool,
}

impl From<Missed> for MissedRow {
    fn from(missed: Missed) -> Self {
        Self { count: missed.count, count_is_minimum: missed.is_minimum }
    }
}

/// What an endpoint that is switched on again has missed; `POST …/deliveries/recover` sends it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MissedSince {
    since: String,
    #[serde(flatten)]
    missed: MissedRow,
    recover: String,
}

impl MissedSince {
    pub(super) fn new(workspace: WorkspaceId, (since, missed): (Timestamp, Missed)) -> Self {
        Self {
            since: time::millis(since),
            missed: missed.into(),
            recover: format!("/admin/v1/workspaces/{workspace}/deliveries/recover"),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Begun {
    #[serde(flatten)]
    missed: MissedRow,
    #[serde(skip_serializing_if = "Option::is_none")]
    recovery_id: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RecoveryRow {
    recovery_id: String,
    status: &'static str,
    #[serde(flatten)]
    missed: MissedRow,
    reopened: u64,
    left: u64,
    rate_per_second: u32,
    since: String,
    until: String,
    created_at: String,
}

impl From<Recovery> for RecoveryRow {
    fn from(recovery: Recovery) -> Self {
        Self {
            recovery_id: recovery.id.to_string(),
            status: if recovery.is_done { "done" } else { "running" },
            missed: recovery.missed.into(),
            reopened: recovery.reopened,
            left: recovery.left,
            rate_per_second: recovery.rate,
            since: time::millis(recovery.window.since),
            until: time::millis(recovery.window.until),
            created_at: time::millis(recovery.created_at),
        }
    }
}

async fn recover<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let fields = call.fields().await?;
    let body = fields.canonical();
    let command = command(fields)?;
    let workspace = read::workspace(&edge, &call).await?.id;
    once(&edge, &call, (workspace, &body), |app, env| async move {
        let (missed, begun) = recovery::start(app, &env, workspace, command).await?;
        let recovery_id = begun.map(|recovery| recovery.id.to_string());
        Made::new(StatusCode::OK, &Begun { missed: missed.into(), recovery_id })
    })
    .await
}

fn command(mut fields: Fields) -> Result<RecoverCommand, Failure> {
    let since = fields.required_text("since", as_written);
    let until = fields.optional_text("until", as_written);
    let key = fields.optional_text("keyId", |field, text| Ok((field, text.to_owned())));
    let webhook = fields.optional_text("webhookId", |field, text| Ok((field, text.to_owned())));
    let dry_run = fields.optional("dryRun", yes_or_no);
    let rate_per_second = fields.optional("ratePerSecond", whole);
    let (Some(since), Some(until), Some(endpoint), Some(dry_run), Some(rate_per_second)) =
        (since, until, key, dry_run, rate_per_second)
    else {
        return Err(fields.refusal());
    };
    let Some(webhook) = webhook else { return Err(fields.refusal()) };
    let (dry_run, endpoint) = (dry_run.unwrap_or(false), endpoint.or(webhook));
    Ok(RecoverCommand { since, until, endpoint, dry_run, rate_per_second })
}

async fn show<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let (workspace, id) = (read::id(&call, "workspace")?, read::id(&call, "recovery")?);
    let recovery = recovery::find(&edge.app.store, workspace, id).await?;
    Reply::success(StatusCode::OK, &RecoveryRow::from(recovery))
}
