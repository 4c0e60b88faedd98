//! What is owed: the rows that carry a mark, found by the sparse index.

use aiva_core::callback::Endpoint;
use aiva_core::error::{Error, Result};
use aiva_core::key::ApiKey;
use aiva_core::outbox::{DeliveryJob, IngestionJob, Owed, OwedItem, OwedMark, OwedWhat, Turn};
use aiva_core::ports::OutboxStore;
use aiva_core::webhook::Webhook;
use jiff::Timestamp;

use super::DynamoStore;
use super::item::{Item, from_item, key_of, moment, moment_of, text};
use super::keys::{self, DUE, Key, OWED, OWED_INDEX, PARTITION, SORT};
use super::row::delivery::DeliveryRow;
use super::row::key::KeyRow;
use super::row::message::{MessageRow, ReplyState};
use super::row::recovery::RecoveryRow;
use super::row::webhook::WebhookRow;
use super::write::{Change, Written};
use crate::sdk_error::fault;

impl OutboxStore for DynamoStore {
    fn owed_shards(&self) -> u8 {
        keys::OWED_SHARDS
    }

    async fn marked(
        &self,
        shard: u8,
        now: Timestamp,
        after: Option<&OwedMark>,
        limit: usize,
    ) -> Result<Vec<OwedMark>> {
        let mut marked = Vec::new();
        let mut start = after.map(|mark| place_in_index(shard, mark));
        loop {
            let wanted = i32::try_from(limit - marked.len()).unwrap_or(i32::MAX);
            let output = self
                .client
                .query()
                .table_name(&self.table)
                .index_name(OWED_INDEX)
                .key_condition_expression("#owed = :owed AND #due <= :now")
                .expression_attribute_names("#owed", OWED)
                .expression_attribute_names("#due", DUE)
                .expression_attribute_values(":owed", text(keys::owed_shard(shard)))
                .expression_attribute_values(":now", moment(now))
                .set_exclusive_start_key(start)
                .limit(wanted)
                .send()
                .await
                .map_err(fault)?;
            for item in output.items.unwrap_or_default() {
                marked.push(mark_of(&item)?);
            }
            start = output.last_evaluated_key;
            if start.is_none() || marked.len() >= limit {
                return Ok(marked);
            }
        }
    }

    /// The rows that the index names: it may be a moment behind them.
    async fn owed(&self, marks: &[OwedMark], now: Timestamp) -> Result<Vec<Owed>> {
        let keys: Vec<Key> = marks.iter().map(row_of).collect();
        let mut rows = self.rows(keys.clone()).await?;
        let mut owed = Vec::with_capacity(keys.len());
        for key in keys {
            let Some(item) = rows.remove(&key) else { continue };
            let due = moment_of(&item, DUE);
            if !item.contains_key(OWED) || due.is_none_or(|due| due > now) {
                continue;
            }
            match read(&key, item) {
                Ok(found) => owed.extend(found),
                // One broken row must not keep the others waiting.
                Err(error) => tracing::error!(?key, ?error, "what a row owes cannot be read"),
            }
        }
        Ok(owed)
    }

    async fn postpone(&self, item: &OwedItem, seen: Timestamp, due: Timestamp) -> Result<bool> {
        let key = match item {
            OwedItem::Message { reference, seq } => keys::message(reference, *seq),
            OwedItem::Delivery { workspace, id } => keys::delivery(*workspace, *id),
            OwedItem::Recharge(workspace) => keys::recharge(*workspace),
            OwedItem::Allowance(workspace) => keys::allowance(*workspace),
            OwedItem::Claimed => return Ok(true),
            OwedItem::Endpoint(id) => super::endpoint::key_of(*id),
            OwedItem::Recovery { workspace, id } => keys::recovery(*workspace, *id),
            OwedItem::Source { workspace, project, id } => keys::source(*workspace, *project, *id),
            OwedItem::Project { workspace, id } => keys::project(*workspace, *id),
        };
        // Refused means that it is paid, or that whoever works on it has put it off already.
        let change = Change::new("SET #due = :due")
            .when("attribute_exists(#owed) AND #due <= :seen")
            .with("seen", moment(seen))
            .with("due", moment(due));
        Ok(matches!(self.update_row(key, &change).await?, Written::Yes(_)))
    }
}

/// A mark as the index has it.
fn mark_of(item: &Item) -> Result<OwedMark> {
    let key = key_of(item)?;
    let due = moment_of(item, DUE).ok_or_else(|| Error::internal("a mark without a moment"))?;
    Ok(OwedMark { turn: turn_of(&key), due, row: (key.partition, key.sort) })
}

fn row_of(mark: &OwedMark) -> Key {
    let (partition, sort) = mark.row.clone();
    Key { partition, sort }
}

/// Where a mark stands in the index, for a query to go on behind it.
fn place_in_index(shard: u8, mark: &OwedMark) -> Item {
    let (partition, sort) = mark.row.clone();
    let place = [
        (PARTITION, text(partition)),
        (SORT, text(sort)),
        (OWED, text(keys::owed_shard(shard))),
        (DUE, moment(mark.due)),
    ];
    place.map(|(name, value)| (name.to_owned(), value)).into()
}

/// The name of a row tells what it may owe.
fn turn_of(key: &Key) -> Turn {
    if keys::parse_delivery(key).is_some() {
        Turn::Delivery
    } else if keys::parse_message(key).is_some()
        || keys::parse_source(key).is_some()
        || keys::parse_project(key).is_some()
    {
        Turn::Work
    } else if keys::parse_payment(key).is_some() {
        Turn::Payment
    } else {
        Turn::Owner
    }
}

/// What a marked row owes; `None` where it is settled.
fn read(key: &Key, item: Item) -> Result<Option<Owed>> {
    if let Some((reference, seq)) = keys::parse_message(key) {
        let row: MessageRow = from_item(item)?;
        if row.st != Some(ReplyState::Queued) {
            return Ok(None);
        }
        let what = OwedWhat::Generation(row.job((reference.clone(), seq))?);
        return Ok(Some(Owed { item: OwedItem::Message { reference, seq }, what }));
    }
    if let Some((workspace, id)) = keys::parse_delivery(key) {
        let delivery = aiva_core::delivery::Delivery::try_from(from_item::<DeliveryRow>(item)?)?;
        let job: DeliveryJob = aiva_core::delivery::job_of(&delivery);
        let what = OwedWhat::Delivery(job);
        return Ok(Some(Owed { item: OwedItem::Delivery { workspace, id }, what }));
    }
    if let Some((workspace_id, project_id, id)) = keys::parse_source(key) {
        let job = IngestionJob { workspace_id, project_id, source_id: Some(id) };
        let item = OwedItem::Source { workspace: workspace_id, project: project_id, id };
        return Ok(Some(Owed { item, what: OwedWhat::Ingestion(job) }));
    }
    if let Some((workspace_id, project_id)) = keys::parse_project(key) {
        let job = IngestionJob { workspace_id, project_id, source_id: None };
        let item = OwedItem::Project { workspace: workspace_id, id: project_id };
        return Ok(Some(Owed { item, what: OwedWhat::Ingestion(job) }));
    }
    if let Some(owed) = of_owner(key) {
        return Ok(Some(owed));
    }
    if let Some((workspace, id)) = keys::parse_recovery(key) {
        let recovery = from_item::<RecoveryRow>(item)?.recovery(workspace)?;
        let what = OwedWhat::Recovery(Box::new(recovery));
        return Ok(Some(Owed { item: OwedItem::Recovery { workspace, id }, what }));
    }
    let endpoint = if keys::is_webhook(key) {
        let webhook = Webhook::try_from(from_item::<WebhookRow>(item)?)?;
        Some(Endpoint::of_webhook(webhook))
    } else if keys::parse_api_key(key).is_some() {
        Endpoint::of_key(ApiKey::try_from(from_item::<KeyRow>(item)?)?)
    } else {
        tracing::error!(?key, "a row is marked as owed that is of no known kind");
        None
    };
    Ok(endpoint.map(|endpoint| Owed {
        item: OwedItem::Endpoint(endpoint.id),
        what: OwedWhat::Notice(Box::new(endpoint)),
    }))
}

/// What a row owes to the owner of a workspace, or to its wallet.
fn of_owner(key: &Key) -> Option<Owed> {
    if let Some((workspace, name)) = keys::parse_notice(key) {
        let what = OwedWhat::Mail { workspace, name: name.to_owned() };
        return Some(Owed { item: OwedItem::Claimed, what });
    }
    if let Some((workspace, id)) = keys::parse_payment(key) {
        return Some(Owed { item: OwedItem::Claimed, what: OwedWhat::Payment { workspace, id } });
    }
    if let Some(workspace) = keys::parse_recharge(key) {
        let (item, what) = (OwedItem::Recharge(workspace), OwedWhat::Recharge(workspace));
        return Some(Owed { item, what });
    }
    let workspace = keys::parse_allowance(key)?;
    Some(Owed { item: OwedItem::Allowance(workspace), what: OwedWhat::Allowance(workspace) })
}
