//! Deliveries: stored, claimed, recorded, reopened.

use aiva_core::delivery::{
    Attempt, ClaimedDelivery, Delivery, DeliveryClaim, DeliveryFilter, DeliveryStatus,
    DeliveryUpdate, MAX_ATTEMPTS_KEPT, Trigger,
};
use aiva_core::error::{Error, Result};
use aiva_core::id::{DeliveryId, WorkspaceId};
use aiva_core::message::Lease;
use aiva_core::page::{Limit, Page};
use aiva_core::ports::DeliveryStore;
use jiff::{SignedDuration, Timestamp};

use super::DynamoStore;
use super::item::{from_item, moment, number, text, to_value};
use super::keys;
use super::lease;
use super::row::delivery::{AttemptRow, DeliveryRow};
use super::settle::{delivery_expiry, delivery_item};
use super::write::{Assignment, Change, Written};

/// A queue's delay counts whole seconds, so that an attempt may come a little early.
const EARLY: SignedDuration = SignedDuration::from_secs(1);
const LOST_RACES: usize = 8;

impl DeliveryStore for DynamoStore {
    async fn create_delivery(&self, delivery: &Delivery, due: Timestamp) -> Result<()> {
        let once = Change::only_when("attribute_not_exists(#pk)");
        self.put_row_if(delivery_item(delivery, due)?, &once).await
    }

    async fn delivery(&self, workspace: WorkspaceId, id: DeliveryId) -> Result<Option<Delivery>> {
        let row: Option<DeliveryRow> = self.parsed_row(keys::delivery(workspace, id)).await?;
        row.map(Delivery::try_from).transpose()
    }

    async fn deliveries(
        &self,
        workspace: WorkspaceId,
        filter: &DeliveryFilter,
        before: Option<DeliveryId>,
        limit: Limit,
    ) -> Result<Page<Delivery>> {
        let spans = keys::deliveries(workspace);
        let position = before.map(DeliveryId::bare);
        let wanted = |item| {
            let delivery = Delivery::try_from(from_item::<DeliveryRow>(item)?)?;
            Ok(wants(filter, &delivery).then_some(delivery))
        };
        let (items, next) = self.newest_first(&spans, position, limit.get(), wanted).await?;
        let next = next.as_deref().and_then(DeliveryId::from_bare);
        Ok(Page { items, next: next.map(|id| id.to_string()) })
    }

    async fn claim_delivery(
        &self,
        workspace: WorkspaceId,
        id: DeliveryId,
        lease: &Lease,
    ) -> Result<DeliveryClaim> {
        let take = Change::new(lease::TAKE)
            .when("#st = :pending AND #nx <= :soon")
            .with("pending", text(DeliveryStatus::Pending.as_str()))
            .with("soon", moment(lease.now.saturating_add(EARLY).unwrap_or(lease.now)));
        let key = keys::delivery(workspace, id);
        let row: DeliveryRow = match self.update_row(key, &lease::when_free(take, lease)).await? {
            Written::Yes(item) => {
                let row: DeliveryRow = from_item(item)?;
                let fence = row.f;
                let delivery = Delivery::try_from(row)?;
                return Ok(DeliveryClaim::Yes(Box::new(ClaimedDelivery { delivery, fence })));
            }
            Written::No(None) => return Ok(DeliveryClaim::Closed),
            Written::No(Some(item)) => from_item(item)?,
        };
        if row.st != DeliveryStatus::Pending {
            return Ok(DeliveryClaim::Closed);
        }
        let next = row.nx.map(super::row::Millis::moment).transpose()?;
        let held =
            row.lh.is_some_and(|holder| holder != lease.holder) && row.le == Some(lease.epoch);
        let leased = row.lu.filter(|_| held).map(super::row::Millis::moment).transpose()?;
        let at = next.into_iter().chain(leased).max();
        Ok(DeliveryClaim::NotYet { at: at.unwrap_or(lease.now) })
    }

    async fn record_delivery(
        &self,
        workspace: WorkspaceId,
        id: DeliveryId,
        fence: u64,
        update: &DeliveryUpdate,
    ) -> Result<bool> {
        let key = keys::delivery(workspace, id);
        let mut kept = None;
        for _ in 0..LOST_RACES {
            let change = recording(id, fence, update, kept.take())?;
            let row: DeliveryRow = match self.update_row(key.clone(), &change).await? {
                Written::Yes(_) => return Ok(true),
                Written::No(None) => return Ok(false),
                Written::No(Some(item)) => from_item(item)?,
            };
            // The lease given back under this very fence: an earlier try, whose answer was lost, is
            // stored.
            if row.f == fence && row.lh.is_none() {
                return Ok(true);
            }
            if row.f != fence || row.st != DeliveryStatus::Pending {
                return Ok(false);
            }
            kept = Some(row.at);
        }
        Err(Error::unavailable("a delivery is contended"))
    }

    async fn hold_back_delivery(
        &self,
        workspace: WorkspaceId,
        id: DeliveryId,
        now: Timestamp,
        (next, due): (Timestamp, Timestamp),
    ) -> Result<bool> {
        let later: [Assignment; 3] = [
            ("nx", Some(moment(next))),
            ("due", Some(moment(due))),
            ("ttl", Some(delivery_expiry(next))),
        ];
        let change = Change::assigning(later)
            .when("#st = :pending AND #tr = :auto AND #nx <= :soon")
            .when("(attribute_not_exists(#lh) OR #lu <= :now)")
            .with("pending", text(DeliveryStatus::Pending.as_str()))
            .with("auto", text(Trigger::Auto.as_str()))
            .with("soon", moment(now.saturating_add(EARLY).unwrap_or(now)))
            .with("now", moment(now));
        let written = self.update_row(keys::delivery(workspace, id), &change).await?;
        Ok(matches!(written, Written::Yes(_)))
    }

    async fn cancel_delivery(
        &self,
        workspace: WorkspaceId,
        id: DeliveryId,
        now: Timestamp,
    ) -> Result<bool> {
        // The fence moves on, so that a worker whose lease ran out cannot take this for its own doing.
        let closed = format!("SET #st = :st REMOVE #nx, #owed, #due, {} ADD #f :one", lease::DROP);
        let change = Change::new(closed)
            .when("#st = :pending AND (attribute_not_exists(#lh) OR #lu <= :now)")
            .with("st", text(DeliveryStatus::Cancelled.as_str()))
            .with("pending", text(DeliveryStatus::Pending.as_str()))
            .with("one", number(1))
            .with("now", moment(now));
        let written = self.update_row(keys::delivery(workspace, id), &change).await?;
        Ok(matches!(written, Written::Yes(_)))
    }

    /// One update for a closed delivery; a second one for a pending one, which keeps its schedule.
    async fn reopen_delivery(
        &self,
        workspace: WorkspaceId,
        id: DeliveryId,
        now: Timestamp,
        due: Timestamp,
    ) -> Result<bool> {
        let key = keys::delivery(workspace, id);
        let soon: [Assignment; 3] = [
            ("nx", Some(moment(now))),
            ("owed", Some(text(keys::owed_mark(id)))),
            ("due", Some(moment(due))),
        ];
        let again: [Assignment; 2] =
            [("tr", Some(text(Trigger::Replay.as_str()))), ("ttl", Some(delivery_expiry(now)))];
        let status = ("st", Some(text(DeliveryStatus::Pending.as_str())));
        for _ in 0..LOST_RACES {
            let reopen = soon.iter().chain(&again).chain([&status]).cloned();
            let reopen = Change::assigning(reopen).when("attribute_exists(#pk) AND #st <> :st");
            match self.update_row(key.clone(), &reopen).await? {
                Written::Yes(_) => return Ok(true),
                Written::No(None) => return Ok(false),
                Written::No(Some(_)) => {}
            }
            let hasten = Change::assigning(soon.clone()).when_is(status.clone());
            match self.update_row(key.clone(), &hasten).await? {
                Written::Yes(_) => return Ok(true),
                Written::No(None) => return Ok(false),
                Written::No(Some(_)) => {}
            }
        }
        Err(Error::unavailable("a delivery is contended"))
    }
}

fn wants(filter: &DeliveryFilter, delivery: &Delivery) -> bool {
    filter.status.is_none_or(|status| status == delivery.status)
        && filter.event.is_none_or(|event| event == delivery.event)
        && filter.endpoint.is_none_or(|endpoint| endpoint == delivery.endpoint)
}

/// What a worker writes after an attempt. The attempt is added to the list in place; where the list is
/// full, `kept` is what was read of it, and it is written anew without its oldest.
fn recording(
    id: DeliveryId,
    fence: u64,
    update: &DeliveryUpdate,
    kept: Option<Vec<AttemptRow>>,
) -> Result<Change> {
    let pending = update.status == DeliveryStatus::Pending;
    let due = update.due.or(update.next_attempt_at).filter(|_| pending);
    let mut sets = vec!["#st = :status".to_owned()];
    let mut removes = vec![lease::DROP.to_owned()];
    let mut change = Change::default();
    match (pending, update.next_attempt_at, due) {
        (true, Some(next), Some(due)) => {
            // A schedule may be longer than a closed delivery is kept.
            sets.push("#nx = :next, #owed = :owed, #due = :due, #ttl = :ttl".to_owned());
            change = change
                .with("next", moment(next))
                .with("ttl", delivery_expiry(next))
                .with("owed", text(keys::owed_mark(id)))
                .with("due", moment(due));
        }
        _ => removes.push("#nx, #owed, #due".to_owned()),
    }
    if let Some(attempt) = &update.attempt {
        let (list, bound) = attempts(attempt, kept)?;
        sets.push(format!("#at = {list}, #tr = :auto"));
        change = change.with("at", bound).with("auto", text(Trigger::Auto.as_str()));
        if list != ":at" {
            let most = i128::try_from(MAX_ATTEMPTS_KEPT).unwrap_or(i128::MAX);
            change = change.when("size(#at) < :most").with("most", number(most));
        }
        if attempt.trigger != Trigger::Replay {
            sets.push("#n = #n + :one".to_owned());
            change = change.with("one", number(1));
        }
    }
    let text_of_update = format!("SET {} REMOVE {}", sets.join(", "), removes.join(", "));
    Ok(change
        .updating(text_of_update)
        .when("#st = :pending AND #f = :fence AND attribute_exists(#lh)")
        .with("status", text(update.status.as_str()))
        .with("pending", text(DeliveryStatus::Pending.as_str()))
        .with("fence", number(fence)))
}

/// The expression that is the new list of attempts, and the value it binds.
fn attempts(
    attempt: &Attempt,
    kept: Option<Vec<AttemptRow>>,
) -> Result<(&'static str, aws_sdk_dynamodb::types::AttributeValue)> {
    let newest = AttemptRow::from(attempt);
    match kept {
        Some(mut rows) if rows.len() >= MAX_ATTEMPTS_KEPT => {
            rows.drain(..=rows.len() - MAX_ATTEMPTS_KEPT);
            rows.push(newest);
            Ok((":at", to_value(&rows)?))
        }
        _ => Ok(("list_append(#at, :at)", to_value(&vec![newest])?)),
    }
}
