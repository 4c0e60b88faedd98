//! Payments: when they are started, what they are paid with, and how they stand.

use std::sync::Arc;

use aiva_core::change::Change;
use aiva_core::error::Error;
use aiva_core::money::MicroCredits;
use aiva_core::payment::{self, Payment, PaymentMethod};
use aiva_core::ports::{BillingStore, Ports};
use aiva_core::recharge::{self, Recharge, RechargeRules};
use aiva_core::time;
use http::StatusCode;
use serde::Serialize;

use super::once::{Made, once};
use super::page;
use super::read::{change, whole};
use super::{for_deployment, for_owner, read};
use crate::http::{Call, Edge, Failure, Reply, Route, RouteSet, Verb, as_written, yes_or_no};

const RECHARGE: &[&str] = &["/admin/v1/workspaces/{workspace}/wallet/auto-recharge"];
const LOW_BALANCE: &[&str] = &["/admin/v1/workspaces/{workspace}/wallet/low-balance"];

pub(super) const SET_RECHARGE: Route = for_owner(Verb::Put, RECHARGE);
pub(super) const READ_RECHARGE: Route = for_owner(Verb::Get, RECHARGE);
pub(super) const SET_LOW_BALANCE: Route = for_owner(Verb::Put, LOW_BALANCE);
pub(super) const READ_LOW_BALANCE: Route = for_owner(Verb::Get, LOW_BALANCE);
pub(super) const SET_METHOD: Route =
    for_deployment(Verb::Put, &["/admin/v1/workspaces/{workspace}/wallet/payment-method"]);
pub(super) const LIST: Route =
    for_owner(Verb::Get, &["/admin/v1/workspaces/{workspace}/wallet/payments"]);
pub(super) const READ: Route =
    for_owner(Verb::Get, &["/admin/v1/workspaces/{workspace}/wallet/payments/{payment}"]);
pub(super) const CONFIRM: Route = for_deployment(
    Verb::Post,
    &["/admin/v1/workspaces/{workspace}/wallet/payments/{payment}/confirm"],
);
pub(super) const FAIL: Route = for_deployment(
    Verb::Post,
    &["/admin/v1/workspaces/{workspace}/wallet/payments/{payment}/fail"],
);

pub(super) fn serving<P: Ports>() -> RouteSet<P> {
    RouteSet::new()
        .serve(SET_RECHARGE, |edge, call| Box::pin(set_recharge(edge, call)))
        .serve(READ_RECHARGE, |edge, call| Box::pin(show_recharge(edge, call)))
        .serve(SET_LOW_BALANCE, |edge, call| Box::pin(set_low_balance(edge, call)))
        .serve(READ_LOW_BALANCE, |edge, call| Box::pin(show_low_balance(edge, call)))
        .serve(SET_METHOD, |edge, call| Box::pin(set_method(edge, call)))
        .serve(LIST, |edge, call| Box::pin(list(edge, call)))
        .serve(READ, |edge, call| Box::pin(show(edge, call)))
        .serve(CONFIRM, |edge, call| Box::pin(confirm(edge, call)))
        .serve(FAIL, |edge, call| Box::pin(fail(edge, call)))
}

/// When a wallet is recharged, and how that stands; amounts are null before the first setting.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RechargeRow {
    enabled: bool,
    threshold: Option<MicroCredits>,
    amount: Option<MicroCredits>,
    monthly_maximum: Option<MicroCredits>,
    started_this_month: MicroCredits,
    #[serde(skip_serializing_if = "Option::is_none")]
    pending_payment_id: Option<String>,
    /// Whether a failed payment keeps the next from being started.
    stopped_by_failure: bool,
    has_payment_method: bool,
}

impl From<Recharge> for RechargeRow {
    fn from(recharge: Recharge) -> Self {
        let rules = recharge.rules;
        Self {
            enabled: rules.is_some_and(|rules| rules.enabled),
            threshold: rules.map(|rules| rules.threshold),
            amount: rules.map(|rules| rules.amount),
            monthly_maximum: rules.map(|rules| rules.monthly_maximum),
            started_this_month: recharge.state.started,
            pending_payment_id: recharge.state.open.map(|id| id.to_string()),
            stopped_by_failure: recharge.state.failed,
            has_payment_method: recharge.method.is_some(),
        }
    }
}

#[derive(Serialize)]
struct LowBalance {
    threshold: Option<MicroCredits>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Method<'a> {
    customer: &'a str,
    payment_method: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PaymentRow {
    payment_id: String,
    amount: MicroCredits,
    price: u64,
    currency: String,
    provider: &'static str,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_at: Option<String>,
}

impl From<Payment> for PaymentRow {
    fn from(payment: Payment) -> Self {
        Self {
            payment_id: payment.id.to_string(),
            amount: payment.amount,
            price: payment.price.minor_units,
            currency: payment.price.currency,
            provider: payment.provider.as_str(),
            status: payment.status.as_str(),
            reference: payment.reference,
            reason: payment.reason,
            created_at: time::millis(payment.created_at),
            decided_at: payment.decided_at.map(time::millis),
        }
    }
}

async fn set_recharge<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let mut fields = call.fields().await?;
    let enabled = fields.required("enabled", yes_or_no);
    let threshold = fields.required("threshold", whole);
    let amount = fields.required("amount", whole);
    let monthly_maximum = fields.required("monthlyMaximum", whole);
    let (Some(enabled), Some(threshold), Some(amount), Some(monthly_maximum)) =
        (enabled, threshold, amount, monthly_maximum)
    else {
        return Err(fields.refusal());
    };
    let rules = RechargeRules::parse(enabled, threshold, amount, monthly_maximum)?;
    let workspace = read::workspace(&edge, &call).await?.id;
    let recharge = recharge::set_rules(&edge.app, workspace, rules).await?;
    Reply::success(StatusCode::OK, &RechargeRow::from(recharge))
}

async fn show_recharge<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let workspace = read::workspace(&edge, &call).await?.id;
    let recharge = recharge::find(&edge.app.store, workspace).await?;
    Reply::success(StatusCode::OK, &RechargeRow::from(recharge))
}

async fn set_low_balance<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let mut fields = call.fields().await?;
    let threshold = match change(&mut fields, "threshold", whole) {
        Some(Change::Set(threshold)) => Some(threshold),
        Some(Change::Clear) => None,
        Some(Change::Keep) => {
            return Err(Error::invalid("threshold", "is required; null is never").into());
        }
        None => return Err(fields.refusal()),
    };
    let workspace = read::workspace(&edge, &call).await?.id;
    let recharge = recharge::set_low_balance(&edge.app, workspace, threshold).await?;
    Reply::success(StatusCode::OK, &LowBalance { threshold: recharge.low_balance })
}

async fn show_low_balance<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let workspace = read::workspace(&edge, &call).await?.id;
    let recharge = recharge::find(&edge.app.store, workspace).await?;
    Reply::success(StatusCode::OK, &LowBalance { threshold: recharge.low_balance })
}

async fn set_method<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let mut fields = call.fields().await?;
    let customer = fields.required_text("customer", as_written);
    let method = fields.required_text("paymentMethod", as_written);
    let (Some(customer), Some(method)) = (customer, method) else { return Err(fields.refusal()) };
    let workspace = read::workspace(&edge, &call).await?.id;
    let method = PaymentMethod { customer, method };
    recharge::set_method(&edge.app, workspace, method.clone()).await?;
    let shown = Method { customer: &method.customer, payment_method: &method.method };
    Reply::success(StatusCode::OK, &shown)
}

async fn list<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let workspace = read::workspace(&edge, &call).await?.id;
    let asked = page::asked(&edge, &call, workspace, "payments").await?;
    let position = asked.position.as_deref();
    let page = edge.app.store.payments(workspace, position, asked.limit).await?;
    page::reply(&asked, &edge, page, PaymentRow::from).await
}

async fn show<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let (workspace, id) = (read::id(&call, "workspace")?, read::id(&call, "payment")?);
    let payment = edge.app.store.payment(workspace, id).await?.ok_or(Error::NotFound)?;
    Reply::success(StatusCode::OK, &PaymentRow::from(payment))
}

async fn confirm<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let body = call.fields_if_any().await?.canonical();
    let (workspace, id) = (read::id(&call, "workspace")?, read::id(&call, "payment")?);
    once(&edge, &call, (workspace, &body), |app, _| async move {
        let payment = payment::confirm(app, workspace, id).await?;
        Made::new(StatusCode::OK, &PaymentRow::from(payment))
    })
    .await
}

async fn fail<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let mut fields = call.fields_if_any().await?;
    let Some(reason) = fields.optional_text("reason", as_written) else {
        return Err(fields.refusal());
    };
    let reason = reason.unwrap_or_else(|| "it was not paid".to_owned());
    if reason.chars().count() > 200 {
        return Err(Error::invalid("reason", "must be at most 200 characters").into());
    }
    let (workspace, id) = (read::id(&call, "workspace")?, read::id(&call, "payment")?);
    let body = fields.canonical();
    once(&edge, &call, (workspace, &body), |app, _| async move {
        let payment = payment::fail(app, workspace, id, &reason).await?;
        Made::new(StatusCode::OK, &PaymentRow::from(payment))
    })
    .await
}
