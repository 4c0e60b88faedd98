//! The wallet: balance, top-ups, ledger.

use std::sync::Arc;

use aiva_core::error::{Error, Result as CoreResult};
use aiva_core::money::MicroCredits;
use aiva_core::ports::{Clock, Ports};
use aiva_core::project;
use aiva_core::text::IdempotencyKey;
use aiva_core::time;
use aiva_core::wallet::{
    self, LedgerEntry, LedgerKind, TopUpCommand, Usage, UsageSource, WalletView,
};
use http::StatusCode;
use serde::Serialize;

use super::once::{header_key, replayed};
use super::page;
use super::read::whole;
use super::workspace::RatesRow;
use super::{for_deployment, for_owner, read};
use crate::http::{Call, Edge, Failure, Fields, Reply, Route, RouteSet, Verb};

pub(super) const READ: Route = for_owner(Verb::Get, &["/admin/v1/workspaces/{workspace}/wallet"]);
pub(super) const TOP_UP: Route =
    for_deployment(Verb::Post, &["/admin/v1/workspaces/{workspace}/wallet/top-ups"]);
pub(super) const LEDGER: Route =
    for_owner(Verb::Get, &["/admin/v1/workspaces/{workspace}/wallet/ledger"]);

pub(super) fn serving<P: Ports>() -> RouteSet<P> {
    RouteSet::new()
        .serve(READ, |edge, call| Box::pin(show(edge, call)))
        .serve(TOP_UP, |edge, call| Box::pin(top_up(edge, call)))
        .serve(LEDGER, |edge, call| Box::pin(ledger(edge, call)))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WalletRow {
    balance: MicroCredits,
    available: MicroCredits,
    held: MicroCredits,
    currency: &'static str,
    rates: RatesRow,
    worst_case: MicroCredits,
}

impl From<WalletView> for WalletRow {
    fn from(view: WalletView) -> Self {
        Self {
            balance: view.balance,
            available: view.available,
            held: view.held,
            currency: "microcredit",
            rates: view.rates.into(),
            worst_case: view.worst_case,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LedgerRow {
    entry_id: String,
    kind: &'static str,
    amount: MicroCredits,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<UsageRow>,
    created_at: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UsageRow {
    input_tokens: u64,
    output_tokens: u64,
    source: &'static str,
}

impl From<Usage> for UsageRow {
    fn from(usage: Usage) -> Self {
        let source = match usage.source {
            UsageSource::Reported => "reported",
            UsageSource::Estimated => "estimated",
        };
        Self { input_tokens: usage.input_tokens, output_tokens: usage.output_tokens, source }
    }
}

impl From<LedgerEntry> for LedgerRow {
    fn from(entry: LedgerEntry) -> Self {
        Self {
            entry_id: entry.id.to_string(),
            kind: entry.kind.as_str(),
            amount: entry.amount,
            message_id: entry.message.map(|message| message.to_string()),
            usage: entry.usage.map(UsageRow::from),
            created_at: time::millis(entry.created_at),
        }
    }
}

async fn show<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let store = &edge.app.store;
    let workspace = read::workspace(&edge, &call).await?;
    let project = project::resolve(store, workspace.id, "default").await?;
    let view = wallet::view(store, &workspace, &project, edge.app.now()).await?;
    Reply::success(StatusCode::OK, &WalletRow::from(view))
}

async fn top_up<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let fields = call.fields().await?;
    let command = credit(fields, header_key(&call)?)?;
    let workspace = read::workspace(&edge, &call).await?;
    let app = &*edge.app;
    let (entry, new) = wallet::top_up(&app.store, app, &workspace, command).await?;
    if new {
        Reply::success(StatusCode::CREATED, &LedgerRow::from(entry))
    } else {
        Reply::success(StatusCode::OK, &LedgerRow::from(entry)).map(replayed)
    }
}

/// Reads a top-up. Its key stands in the body, or in the header.
fn credit(mut fields: Fields, header: Option<IdempotencyKey>) -> Result<TopUpCommand, Failure> {
    let amount = fields.required("amount", whole);
    let in_body = fields.optional_text("idempotencyKey", IdempotencyKey::parse);
    let key = in_body.and_then(|in_body| match one_key(in_body, header) {
        Ok(key) => Some(key),
        Err(error) => {
            fields.note(error);
            None
        }
    });
    let (Some(amount), Some(idempotency)) = (amount, key) else { return Err(fields.refusal()) };
    Ok(TopUpCommand { kind: LedgerKind::TopUp, amount: MicroCredits(amount), idempotency })
}

fn one_key(
    in_body: Option<IdempotencyKey>,
    header: Option<IdempotencyKey>,
) -> CoreResult<IdempotencyKey> {
    match (in_body, header) {
        (Some(in_body), Some(header)) if in_body != header => {
            Err(Error::invalid("idempotencyKey", "differs from the Idempotency-Key header"))
        }
        (Some(key), _) | (None, Some(key)) => Ok(key),
        (None, None) => Err(Error::invalid("idempotencyKey", "is required")),
    }
}

async fn ledger<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let workspace = read::workspace(&edge, &call).await?;
    let asked = page::asked(&edge, &call, workspace.id, "ledger").await?;
    let position = asked.position.as_deref();
    let page = wallet::ledger(&edge.app.store, &workspace, position, asked.limit).await?;
    page::reply(&asked, &edge, page, LedgerRow::from).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Option<IdempotencyKey> {
        Some(IdempotencyKey::parse("k", text).unwrap())
    }

    #[test]
    fn the_key_stands_in_the_body_or_in_the_header_and_never_differs() {
        assert_eq!(one_key(key("a"), None).unwrap().as_str(), "a");
        assert_eq!(one_key(None, key("b")).unwrap().as_str(), "b");
        assert_eq!(one_key(key("c"), key("c")).unwrap().as_str(), "c");
        assert!(one_key(key("a"), key("b")).is_err());
        assert!(one_key(None, None).is_err());
    }
}
