//! Reads: one row, several rows by key, runs of rows, and lists over several shards.

use std::collections::HashMap;

use aiva_core::error::{Error, Result};
use aiva_core::page::Room;
use aws_sdk_dynamodb::types::KeysAndAttributes;
use futures_util::future::try_join_all;

use super::DynamoStore;
use super::backoff::Backoff;
use super::item::{Item, from_item, key_item, key_of, text, text_of, weight};
use super::keys::{Key, PARTITION, SORT, Span};
use crate::sdk_error::fault;

/// Rows of one `BatchGetItem` at most.
const BATCH: usize = 100;
/// Rounds over the shards of one list at most. A list without a filter needs fewer for any page.
const MAX_ROUNDS: usize = 16;

/// How a run of rows is read.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    /// Goes on after the row with this sort key.
    pub(super) after: Option<String>,
    /// Ascending by sort key.
    pub(super) ascending: bool,
    /// Sees every write that was acknowledged before.
    pub(super) consistent: bool,
    /// Rows at most.
    pub(super) limit: usize,
    /// No more rows than one answer may hold.
    pub(super) for_answer: bool,
}

impl Reading {
    /// Newest first, eventually consistent: good for lists.
    pub(super) fn newest(limit: usize) -> Self {
        Self { after: None, ascending: false, consistent: false, limit, for_answer: false }
    }

    /// Oldest first, strongly consistent.
    pub(super) fn oldest(limit: usize) -> Self {
        Self { after: None, ascending: true, consistent: true, limit, for_answer: false }
    }
}

/// Rows in order, and whether there may be more.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) items: Vec<Item>,
    pub(super) more: bool,
    /// Whether it ends where an answer has no more room.
    pub(super) is_full: bool,
}

impl DynamoStore {
    /// Reads one row, strongly consistent.
    pub(super) async fn row(&self, key: Key) -> Result<Option<Item>> {
        let request = self.client.get_item().table_name(&self.table).consistent_read(true);
        let output = request.set_key(Some(key_item(key))).send().await.map_err(fault)?;
        Ok(output.item)
    }

    /// Reads one row and parses it.
    pub(super) async fn parsed_row<T: serde::de::DeserializeOwned>(
        &self,
        key: Key,
    ) -> Result<Option<T>> {
        self.row(key).await?.map(from_item).transpose()
    }

    /// Reads rows by key, strongly consistent, in any order. Missing rows are left out.
    pub(super) async fn rows(&self, keys: Vec<Key>) -> Result<HashMap<Key, Item>> {
        let mut found = HashMap::with_capacity(keys.len());
        for chunk in keys.chunks(BATCH) {
            let mut open: Vec<Item> = chunk.iter().cloned().map(key_item).collect();
            let mut backoff = Backoff::new("batch");
            while !open.is_empty() {
                let wanted = KeysAndAttributes::builder().set_keys(Some(open));
                let wanted = wanted.consistent_read(true).build().map_err(Error::internal)?;
                let request = self.client.batch_get_item().request_items(&self.table, wanted);
                let output = request.send().await.map_err(fault)?;
                let items = output.responses.unwrap_or_default().remove(&self.table);
                for item in items.unwrap_or_default() {
                    found.insert(key_of(&item)?, item);
                }
                let rest = output.unprocessed_keys.unwrap_or_default().remove(&self.table);
                open = rest.map(|rest| rest.keys).unwrap_or_default();
                if !open.is_empty() && !backoff.wait().await {
                    return Err(Error::unavailable("reads were throttled"));
                }
            }
        }
        Ok(found)
    }

    /// Reads a run of rows, over as many pages of the database as it takes.
    pub(super) async fn run(&self, span: &Span, reading: Reading) -> Result<Run> {
        let (mut items, mut room) = (Vec::<Item>::new(), Room::default());
        let mut start =
            reading.after.map(|sort| key_item(Key { partition: span.partition.clone(), sort }));
        loop {
            let wanted = i32::try_from(reading.limit - items.len()).unwrap_or(i32::MAX);
            let output = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression("#pk = :pk AND #sk BETWEEN :low AND :high")
                .expression_attribute_names("#pk", PARTITION)
                .expression_attribute_names("#sk", SORT)
                .expression_attribute_values(":pk", text(&span.partition))
                .expression_attribute_values(":low", text(&span.low))
                .expression_attribute_values(":high", text(&span.high))
                .set_exclusive_start_key(start)
                .scan_index_forward(reading.ascending)
                .consistent_read(reading.consistent)
                .limit(wanted)
                .send()
                .await
                .map_err(fault)?;
            for item in output.items.unwrap_or_default() {
                if reading.for_answer && !room.take(weight(&item)) {
                    return Ok(Run { items, more: true, is_full: true });
                }
                items.push(item);
            }
            start = output.last_evaluated_key;
            if start.is_none() || items.len() >= reading.limit {
                return Ok(Run { items, more: start.is_some(), is_full: false });
            }
        }
    }

    /// Lists rows of several shards, newest first by the ids in their sort keys, from a position that
    /// an earlier page gave. `wanted` answers `None` for a row that a filter leaves out.
    ///
    /// A page is short of `limit` only at the end of the list, where a filter leaves out most, or where an
    /// answer has no more room; then it comes with the position to go on from.
    pub(super) async fn newest_first<T>(
        &self,
        spans: &[Span],
        position: Option<String>,
        limit: usize,
        wanted: impl Fn(Item) -> Result<Option<T>>,
    ) -> Result<(Vec<T>, Option<String>)> {
        let (mut taken, mut room) = (Vec::new(), Room::default());
        let mut position = position;
        // A share of the page with some to spare, so that few rows are read twice.
        let share = limit.div_ceil(spans.len().max(1)) + limit.div_ceil(8) + 1;
        for _ in 0..MAX_ROUNDS {
            let runs = spans.iter().map(|span| {
                let after = position.as_deref().map(|position| span.sort_of(position));
                self.run(span, Reading { after, ..Reading::newest(share) })
            });
            let (rows, horizon) = merge(spans, try_join_all(runs).await?)?;
            for (id, item) in rows {
                if taken.len() >= limit {
                    return Ok((taken, position));
                }
                let bytes = weight(&item);
                if let Some(row) = wanted(item)? {
                    if !room.take(bytes) {
                        return Ok((taken, position));
                    }
                    taken.push(row);
                }
                position = Some(id);
            }
            if horizon.is_none() {
                return Ok((taken, None));
            }
        }
        Ok((taken, position))
    }
}

impl DynamoStore {
    /// Lists rows of several shards, oldest first by the ids in their sort keys, after a position: about
    /// `limit` of them, and the position to go on from.
    pub(super) async fn oldest_first(
        &self,
        spans: &[Span],
        after: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<Item>, Option<String>)> {
        let share = limit.div_ceil(spans.len().max(1)) + 1;
        let runs = spans.iter().map(|span| {
            let after = after.map(|position| span.sort_of(position));
            self.run(span, Reading { after, ..Reading::oldest(share) })
        });
        let (mut rows, mut horizon) = (Vec::new(), None::<String>);
        for run in try_join_all(runs).await? {
            let mut last = None;
            for item in run.items {
                let sort = text_of(&item, SORT).unwrap_or_default().to_owned();
                last = Some(sort.clone());
                rows.push((sort, item));
            }
            // Behind the last row of a shard that has more, there may be rows that are not read yet.
            if let Some(last) = last.filter(|_| run.more) {
                horizon = Some(horizon.map_or(last.clone(), |other| other.min(last)));
            }
        }
        rows.sort_by(|one, other| one.0.cmp(&other.0));
        if let Some(horizon) = &horizon {
            rows.retain(|(sort, _)| sort <= horizon);
        }
        Ok((rows.into_iter().map(|(_, item)| item).collect(), horizon))
    }
}

/// A row with the id in its sort key.
type Identified = (String, Item);

/// Puts the runs of several shards in one order, newest first, and cuts what lies beyond the horizon:
/// behind the last row of a shard that has more, there may be rows that are not read yet.
fn merge(spans: &[Span], runs: Vec<Run>) -> Result<(Vec<Identified>, Option<String>)> {
    let mut rows = Vec::new();
    let mut horizon: Option<String> = None;
    for (span, run) in spans.iter().zip(runs) {
        let mut last = None;
        for item in run.items {
            let sort =
                text_of(&item, SORT).ok_or_else(|| Error::internal("a row without a key"))?;
            let id = span.position_of(sort).to_owned();
            last = Some(id.clone());
            rows.push((id, item));
        }
        if run.more {
            horizon = horizon.max(last);
        }
    }
    rows.sort_by(|one, other| other.0.cmp(&one.0));
    if let Some(horizon) = &horizon {
        rows.retain(|(id, _)| id >= horizon);
    }
    Ok((rows, horizon))
}
