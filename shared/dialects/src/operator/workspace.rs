//! Workspaces: request, approve, read, limits and rates.

use std::sync::Arc;

use aiva_core::error::{Error, Forbidden};
use aiva_core::idempotency::NO_WORKSPACE;
use aiva_core::money::{MicroCredits, Rates};
use aiva_core::operator::Role;
use aiva_core::ports::{Clock, Ports, WorkspaceStore};
use aiva_core::time;
use aiva_core::workspace::{
    self, LimitsPatch, RatesPatch, RequestAccess, SettingsPatch, Workspace, WorkspaceStatus,
};
use http::StatusCode;
use serde::Serialize;

use super::once::{Made, once};
use super::page;
use super::read::{change, whole};
use super::{for_deployment, read, route};
use crate::http::{
    Call, Edge, Failure, Fields, Reply, Route, RouteSet, Verb, as_written, yes_or_no,
};

pub(super) const REQUEST: Route = for_deployment(Verb::Post, &["/admin/v1/workspaces"]);
pub(super) const LIST: Route = for_deployment(Verb::Get, &["/admin/v1/workspaces"]);
pub(super) const READ: Route = route(Verb::Get, &["/admin/v1/workspaces/{workspace}"]);
pub(super) const UPDATE: Route = route(Verb::Patch, &["/admin/v1/workspaces/{workspace}"]);
pub(super) const APPROVE: Route =
    for_deployment(Verb::Post, &["/admin/v1/workspaces/{workspace}/approve"]);
pub(super) const LIMITS: Route = route(Verb::Put, &["/admin/v1/workspaces/{workspace}/limits"]);
pub(super) const RATES: Route =
    for_deployment(Verb::Put, &["/admin/v1/workspaces/{workspace}/rates"]);

pub(super) fn serving<P: Ports>() -> RouteSet<P> {
    RouteSet::new()
        .serve(REQUEST, |edge, call| Box::pin(request(edge, call)))
        .serve(LIST, |edge, call| Box::pin(list(edge, call)))
        .serve(READ, |edge, call| Box::pin(show(edge, call)))
        .serve(UPDATE, |edge, call| Box::pin(update(edge, call)))
        .serve(APPROVE, |edge, call| Box::pin(approve(edge, call)))
        .serve(LIMITS, |edge, call| Box::pin(limits(edge, call)))
        .serve(RATES, |edge, call| Box::pin(rates(edge, call)))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Standing {
    #[serde(skip_serializing_if = "Option::is_none")]
    workspace_id: Option<String>,
    status: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WorkspaceRow {
    workspace_id: String,
    name: String,
    email: String,
    status: &'static str,
    plan: &'static str,
    default_project_id: String,
    limits: LimitsRow,
    rates: RatesRow,
    wallet_shards: u8,
    reopen_on_message: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    use_case: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected_volume: Option<String>,
    created_at: String,
}

/// The limits in force; null is no limit.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LimitsRow {
    requests_per_minute: Option<u32>,
    requests_per_day: Option<u32>,
    user_monthly_cap: Option<MicroCredits>,
    messages_per_month: Option<u32>,
    characters_per_day: Option<u32>,
    rows_per_upload: u32,
}

/// What tokens cost.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RatesRow {
    input_per_million_tokens: MicroCredits,
    output_per_million_tokens: MicroCredits,
}

impl From<Rates> for RatesRow {
    fn from(rates: Rates) -> Self {
        Self {
            input_per_million_tokens: rates.input_per_million_tokens,
            output_per_million_tokens: rates.output_per_million_tokens,
        }
    }
}

impl From<&Workspace> for LimitsRow {
    fn from(workspace: &Workspace) -> Self {
        let (limits, terms) = (workspace.request_limits(), workspace.plan.terms());
        Self {
            requests_per_minute: limits.per_minute,
            requests_per_day: limits.per_day,
            user_monthly_cap: workspace.limits.user_monthly_cap,
            messages_per_month: terms.messages_per_month,
            characters_per_day: terms.characters_per_day,
            rows_per_upload: terms.rows_per_upload,
        }
    }
}

impl From<Workspace> for WorkspaceRow {
    fn from(workspace: Workspace) -> Self {
        Self {
            workspace_id: workspace.id.to_string(),
            status: workspace.status.as_str(),
            plan: workspace.plan.as_str(),
            default_project_id: workspace.default_project().to_string(),
            limits: LimitsRow::from(&workspace),
            rates: workspace.rates.into(),
            wallet_shards: workspace.wallet_shards,
            reopen_on_message: workspace.reopen_on_message,
            created_at: time::millis(workspace.created_at),
            name: workspace.name.to_string(),
            email: workspace.email,
            use_case: workspace.request.use_case,
            expected_volume: workspace.request.expected_volume,
        }
    }
}

async fn request<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let fields = call.fields().await?;
    let body = fields.canonical();
    let command = access(fields)?;
    once(&edge, &call, (NO_WORKSPACE, &body), |app, env| async move {
        let made = workspace::request(&app.store, &env, command).await?;
        let workspace_id = Some(made.id.to_string());
        Made::new(StatusCode::CREATED, &Standing { workspace_id, status: made.status.as_str() })
    })
    .await
}

fn access(mut fields: Fields) -> Result<RequestAccess, Failure> {
    let name = fields.required_text("name", as_written);
    let email = fields.required_text("email", as_written);
    let plan = fields.optional_text("plan", as_written);
    let domain = fields.optional_text("domain", as_written);
    let use_case = fields.optional_text("useCase", as_written);
    let expected_volume = fields.optional_text("expectedVolume", as_written);
    let (Some(name), Some(email), Some(plan), Some(domain)) = (name, email, plan, domain) else {
        return Err(fields.refusal());
    };
    let (Some(use_case), Some(expected_volume)) = (use_case, expected_volume) else {
        return Err(fields.refusal());
    };
    Ok(RequestAccess { name, email, plan, domain, use_case, expected_volume })
}

async fn list<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let asked = page::asked(&edge, &call, NO_WORKSPACE, "workspaces").await?;
    let page = edge.app.store.workspaces(asked.before()?, asked.limit).await?;
    page::reply(&asked, &edge, page, WorkspaceRow::from).await
}

async fn show<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let workspace = read::workspace(&edge, &call).await?;
    Reply::success(StatusCode::OK, &WorkspaceRow::from(workspace))
}

async fn approve<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let mut fields = call.fields_if_any().await?;
    let Some(starter_credit) = fields.optional("starterCredit", whole) else {
        return Err(fields.refusal());
    };
    let workspace = read::workspace(&edge, &call).await?;
    let body = fields.canonical();
    once(&edge, &call, (workspace.id, &body), |app, env| async move {
        workspace::approve(&app.store, &env, &workspace, starter_credit).await?;
        let status = WorkspaceStatus::Active.as_str();
        Made::new(StatusCode::OK, &Standing { workspace_id: None, status })
    })
    .await
}

async fn limits<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let mut fields = call.fields().await?;
    let requests_per_minute = change(&mut fields, "requestsPerMinute", whole);
    let requests_per_day = change(&mut fields, "requestsPerDay", whole);
    let user_monthly_cap = change(&mut fields, "userMonthlyCap", whole);
    let (Some(requests_per_minute), Some(requests_per_day), Some(user_monthly_cap)) =
        (requests_per_minute, requests_per_day, user_monthly_cap)
    else {
        return Err(fields.refusal());
    };
    let patch = LimitsPatch { requests_per_minute, requests_per_day, user_monthly_cap };
    let id = read::id(&call, "workspace")?;
    let changed =
        workspace::set_limits(&edge.app.store, id, patch, call.is_by_deployment()).await?;
    Reply::success(StatusCode::OK, &LimitsRow::from(&changed))
}

async fn update<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let mut fields = call.fields().await?;
    let name = fields.optional_text("name", as_written);
    let email = fields.optional_text("email", as_written);
    let plan = fields.optional_text("plan", as_written);
    let reopen_on_message = fields.optional("reopenOnMessage", yes_or_no);
    let wallet_shards = fields.optional("walletShards", whole);
    let (Some(name), Some(email), Some(plan), Some(reopen_on_message), Some(wallet_shards)) =
        (name, email, plan, reopen_on_message, wallet_shards)
    else {
        return Err(fields.refusal());
    };
    if (plan.is_some() || wallet_shards.is_some()) && !call.is_by_deployment() {
        return Err(Error::Forbidden(Forbidden::Role(Role::Deployment)).into());
    }
    let patch = SettingsPatch { name, email, plan, reopen_on_message, wallet_shards };
    let id = read::id(&call, "workspace")?;
    let (store, now) = (&edge.app.store, edge.app.now());
    let changed = workspace::set_settings(store, id, patch, now).await?;
    Reply::success(StatusCode::OK, &WorkspaceRow::from(changed))
}

async fn rates<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let mut fields = call.fields().await?;
    let input = change(&mut fields, "inputPerMillionTokens", whole);
    let output = change(&mut fields, "outputPerMillionTokens", whole);
    let (Some(input_per_million_tokens), Some(output_per_million_tokens)) = (input, output) else {
        return Err(fields.refusal());
    };
    let patch = RatesPatch { input_per_million_tokens, output_per_million_tokens };
    let id = read::id(&call, "workspace")?;
    let rates = workspace::set_rates(&edge.app.store, id, patch).await?;
    Reply::success(StatusCode::OK, &RatesRow::from(rates))
}
