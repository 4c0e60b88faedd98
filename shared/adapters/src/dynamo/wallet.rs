//! Wallets: shards, credits and the ledger.

use aiva_core::error::{Error, Result};
use aiva_core::id::WorkspaceId;
use aiva_core::money::MicroCredits;
use aiva_core::page::{Limit, Page};
use aiva_core::ports::WalletStore;
use aiva_core::wallet::{
    Credit, Credited, LedgerEntry, LedgerKind, MAX_SHARDS, Period, Recount, Shard,
};
use aws_sdk_dynamodb::operation::transact_get_items::TransactGetItemsError as ReadError;
use aws_sdk_dynamodb::types::{Get, ItemResponse, TransactGetItem};

use super::DynamoStore;
use super::backoff::Backoff;
use super::item::{from_item, key_item, number, number_of, to_item};
use super::keys;
use super::row::wallet::{LedgerRow, ShardRow};
use super::submit::messages_attribute;
use super::write::{Change, Transacted, is_race, put, update};
use crate::sdk_error::fault;

impl WalletStore for DynamoStore {
    async fn shards_serializable(
        &self,
        workspace: WorkspaceId,
        shards: u8,
        month: u32,
    ) -> Result<Vec<Shard>> {
        let shards = count(shards)?;
        let mut gets = Vec::with_capacity(usize::from(shards));
        for shard in 0..shards {
            let key = key_item(keys::wallet_shard(workspace, shard));
            let get = Get::builder().table_name(&self.table).set_key(Some(key)).build();
            let get = get.map_err(Error::internal)?;
            gets.push(TransactGetItem::builder().get(get).build());
        }
        let rows = (0..shards).zip(self.read_at_once(gets).await?);
        rows.map(|(index, response)| {
            let item = response.item.unwrap_or_default();
            let messages = number_of(&item, &messages_attribute(month)).unwrap_or(0);
            let row: ShardRow =
                if item.is_empty() { ShardRow::default() } else { from_item(item)? };
            Ok(row.indexed(index, messages))
        })
        .collect()
    }

    /// Moves balance and available alike, so that both stay in order on either side. Run twice by
    /// mistake it moves twice, and nothing is lost: money stays inside the wallet.
    async fn transfer(
        &self,
        workspace: WorkspaceId,
        from: u8,
        to: u8,
        amount: MicroCredits,
    ) -> Result<bool> {
        if from == to || amount <= MicroCredits::ZERO {
            return Ok(true);
        }
        let moved =
            |by: MicroCredits| Change::new("ADD #b :moved, #a :moved").with("moved", number(by.0));
        let take = moved(amount.negated()).when("#a >= :amount").with("amount", number(amount.0));
        let actions = vec![
            update(&self.table, keys::wallet_shard(workspace, from), &take)?,
            update(&self.table, keys::wallet_shard(workspace, to), &moved(amount))?,
        ];
        Ok(matches!(self.transact(None, actions).await?, Transacted::Yes))
    }

    /// Both shards keep to their shares, so that run twice by mistake it does no harm. A shard that was
    /// never credited becomes a whole row.
    async fn recount(
        &self,
        workspace: WorkspaceId,
        month: u32,
        Recount { from, to, messages }: Recount,
    ) -> Result<bool> {
        let count = messages_attribute(month);
        let ((from, keeps), (to, takes)) = (from, to);
        let less = Change::new(format!("ADD #{count} :less"))
            .when(format!("#{count} >= :least"))
            .with("less", number(-messages))
            .with("least", number(i64::from(keeps).saturating_add(messages)));
        let more = Change::new(format!("ADD #a :none, #b :none, #{count} :more"))
            .when(format!("(attribute_not_exists(#{count}) OR #{count} <= :most)"))
            .with("none", number(0))
            .with("more", number(messages))
            .with("most", number(i64::from(takes).saturating_sub(messages)));
        let actions = vec![
            update(&self.table, keys::wallet_shard(workspace, from), &less)?,
            update(&self.table, keys::wallet_shard(workspace, to), &more)?,
        ];
        Ok(matches!(self.transact(None, actions).await?, Transacted::Yes))
    }

    async fn credit(&self, credit: &Credit) -> Result<Credited> {
        let shards = count(credit.shards)?;
        let once = Change::only_when("attribute_not_exists(#pk)");
        let first_use = keys::top_up(credit.workspace, credit.entry.kind, &credit.idempotency);
        let row = LedgerRow::from(&credit.entry);
        let ledger_row = to_item(keys::credit(credit.workspace, credit.entry.id), &row)?;
        let mut actions = vec![
            put(&self.table, to_item(first_use, &row)?, &once)?,
            put(&self.table, ledger_row, &once)?,
        ];
        for (shard, part) in (0..shards).zip(parts(credit.entry.amount, shards)) {
            if part != MicroCredits::ZERO {
                let change = Change::new("ADD #b :part, #a :part").with("part", number(part.0));
                let key = keys::wallet_shard(credit.workspace, shard);
                actions.push(update(&self.table, key, &change)?);
            }
        }
        let refusals = match self.transact(None, actions).await? {
            Transacted::Yes => return Ok(Credited::Stored),
            Transacted::No(refusals) => refusals,
        };
        let first = refusals.into_iter().next().and_then(|refusal| refusal.item);
        let first = first.ok_or_else(|| Error::internal("a credit was refused"))?;
        let first = LedgerEntry::try_from(from_item::<LedgerRow>(first)?)?;
        // The row of this very credit: an earlier try, whose answer was lost, is stored.
        Ok(if first.id == credit.entry.id { Credited::Stored } else { Credited::Replay(first) })
    }

    async fn charges(
        &self,
        workspace: WorkspaceId,
        shards: u8,
        (period, position): (Period, Option<&str>),
        limit: Limit,
    ) -> Result<Page<LedgerEntry>> {
        let spans = keys::ledger(workspace, count(shards)?).into_iter();
        let spans: Vec<_> =
            spans.map(|span| span.between(Some(period.from), Some(period.to))).collect();
        let position = position.map(str::to_owned);
        let parse = |item| {
            let entry = LedgerEntry::try_from(from_item::<LedgerRow>(item)?)?;
            Ok((entry.kind == LedgerKind::Charge).then_some(entry))
        };
        let (items, next) = self.newest_first(&spans, position, limit.get(), parse).await?;
        Ok(Page { items, next })
    }

    async fn ledger(
        &self,
        workspace: WorkspaceId,
        shards: u8,
        position: Option<&str>,
        limit: Limit,
    ) -> Result<Page<LedgerEntry>> {
        let spans = keys::ledger(workspace, count(shards)?);
        let position = position.map(str::to_owned);
        let parse = |item| LedgerEntry::try_from(from_item::<LedgerRow>(item)?).map(Some);
        let (items, next) = self.newest_first(&spans, position, limit.get(), parse).await?;
        Ok(Page { items, next })
    }
}

impl DynamoStore {
    /// Reads rows as they stood at one moment; tried again, within a deadline, while one is written.
    async fn read_at_once(&self, gets: Vec<TransactGetItem>) -> Result<Vec<ItemResponse>> {
        let mut backoff = Backoff::new("shards");
        loop {
            let request = self.client.transact_get_items();
            let error = match request.set_transact_items(Some(gets.clone())).send().await {
                Ok(output) => return Ok(output.responses.unwrap_or_default()),
                Err(error) => error,
            };
            let raced = match error.as_service_error() {
                Some(ReadError::TransactionCanceledException(cancelled)) => {
                    let reasons = cancelled.cancellation_reasons();
                    reasons.iter().any(|reason| reason.code().is_some_and(is_race))
                }
                _ => return Err(fault(error)),
            };
            if !raced {
                return Err(Error::internal(error));
            }
            if !backoff.wait().await {
                return Err(Error::unavailable(error));
            }
        }
    }
}

fn count(shards: u8) -> Result<u8> {
    match shards {
        0 => Ok(1),
        1..=MAX_SHARDS => Ok(shards),
        _ => Err(Error::internal("a wallet has more shards than one transaction can hold")),
    }
}

/// Spreads an amount evenly; the remainder goes to the first shard.
fn parts(amount: MicroCredits, shards: u8) -> impl Iterator<Item = MicroCredits> {
    let shards = i64::from(shards);
    let (each, rest) = (amount.0 / shards, amount.0 % shards);
    (0..shards).map(move |shard| MicroCredits(if shard == 0 { each + rest } else { each }))
}
