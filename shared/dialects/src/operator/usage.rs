//! What a workspace used, by day, end user or key.

use std::sync::Arc;

use aiva_core::error::Error;
use aiva_core::money::MicroCredits;
use aiva_core::page::Page;
use aiva_core::ports::{Clock, Ports};
use aiva_core::project;
use aiva_core::time;
use aiva_core::wallet::{self, Period, UsageBucket, UsageBy};
use http::StatusCode;
use serde::Serialize;

use super::page;
use super::{for_owner, read};
use crate::http::{Call, Edge, Failure, Reply, Route, RouteSet, Verb};

pub(super) const READ: Route = for_owner(Verb::Get, &["/admin/v1/workspaces/{workspace}/usage"]);

pub(super) fn serving<P: Ports>() -> RouteSet<P> {
    RouteSet::new().serve(READ, |edge, call| Box::pin(show(edge, call)))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Usage {
    by: &'static str,
    from: String,
    to: String,
    currency: &'static str,
    items: Vec<Bucket>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    messages_this_month: u32,
    messages_per_month: Option<u32>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Bucket {
    /// The day, the end user or the key, under its own name.
    #[serde(flatten)]
    of: Of,
    messages: u64,
    input_tokens: u64,
    output_tokens: u64,
    credits: MicroCredits,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Of {
    Day(Option<String>),
    ExternalUserId(Option<String>),
    KeyId(Option<String>),
}

fn row(by: UsageBy, bucket: UsageBucket) -> Bucket {
    let of = match by {
        UsageBy::Day => Of::Day(bucket.of),
        UsageBy::User => Of::ExternalUserId(bucket.of),
        UsageBy::Key => Of::KeyId(bucket.of),
    };
    Bucket {
        of,
        messages: bucket.messages,
        input_tokens: bucket.input_tokens,
        output_tokens: bucket.output_tokens,
        credits: bucket.cost,
    }
}

async fn show<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let by = call.query.get("by").unwrap_or("day");
    let by = UsageBy::parse(by);
    let by = by.ok_or_else(|| Error::invalid("by", "must be day, user or key"))?;
    let named = |name: &str| call.query.get(name).filter(|text| !text.is_empty());
    let (app, now) = (&edge.app, edge.app.now());
    // An open end moves on; a cursor goes with the period it was given for.
    let period = Period::parse(named("from"), named("to"), now)?;
    let list = format!("usage/{}/{:?}/{:?}", by.as_str(), named("from"), named("to"));
    let workspace = read::workspace(&edge, &call).await?;
    let asked = page::asked(&edge, &call, workspace.id, &list).await?;
    let position = asked.position.clone();
    let Page { items, next } = wallet::usage(&app.store, &workspace, by, period, position).await?;
    let project = project::resolve(&app.store, workspace.id, "default").await?;
    let view = wallet::view(&app.store, &workspace, &project, now).await?;
    let usage = Usage {
        by: by.as_str(),
        from: time::millis(period.from),
        to: time::millis(period.to),
        currency: "microcredit",
        items: items.into_iter().map(|bucket| row(by, bucket)).collect(),
        next_cursor: asked.seal(&edge, next).await?,
        messages_this_month: view.messages_this_month,
        messages_per_month: workspace.plan.terms().messages_per_month,
    };
    Reply::success(StatusCode::OK, &usage)
}
