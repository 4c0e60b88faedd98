//! Settling a reply: one transaction by the holder of the lease.

use aiva_core::delivery::{Delivery, DeliveryStatus};
use aiva_core::error::{Error, Result};
use aiva_core::money::MicroCredits;
use aiva_core::reply::{Settled, Settlement};
use aiva_core::wallet::LedgerEntry;
use aws_sdk_dynamodb::types::TransactWriteItem;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::DynamoStore;
use super::item::{Item, expiry, from_item, moment, number, text, to_item};
use super::keys::{self, DUE, EXPIRY, OWED};
use super::row::delivery::DeliveryRow;
use super::row::message::{MessageRow, ReplyState};
use super::row::wallet::LedgerRow;
use super::submit::{messages_attribute, month_attribute};
use super::write::{Change, Refusal, Transacted, put, update};

/// Days that a delivery is kept.
const DELIVERY_DAYS: i64 = 30;

impl DynamoStore {
    /// Stores a settlement whole. The order of the actions is the order in which refusals count.
    pub(super) async fn store_settlement(&self, settlement: &Settlement) -> Result<Settled> {
        let key = keys::message(&settlement.reference, settlement.seq);
        let mut actions = vec![
            update(&self.table, key, &Self::closing(settlement))?,
            self.conversation_action(&settlement.conversation)?,
            self.release(settlement)?,
        ];
        if let Some(reply) = &settlement.reply {
            actions.push(self.reply_action(&settlement.conversation, reply)?);
        }
        if let Some(entry) = &settlement.charge {
            actions.push(self.charge_action(settlement, entry)?);
        }
        if settlement.user.is_some() {
            actions.extend(self.uncount(settlement)?);
        }
        actions.extend(self.delivery_actions(&settlement.deliveries)?);
        match self.transact(Some(token(settlement)), actions).await? {
            Transacted::Yes => Ok(Settled::Stored),
            Transacted::No(refusals) => why(settlement, refusals),
        }
    }

    /// Stores what is to be delivered, each due for the sweep at its moment.
    pub(super) fn delivery_actions(
        &self,
        deliveries: &[(Delivery, Timestamp)],
    ) -> Result<Vec<TransactWriteItem>> {
        let put = |(delivery, due): &(Delivery, Timestamp)| {
            put(&self.table, delivery_item(delivery, *due)?, &Change::default())
        };
        deliveries.iter().map(put).collect()
    }

    /// Releases the hold and takes the charge, whose amount is negative. What is not charged does not
    /// count to the plan's messages either.
    fn release(&self, settlement: &Settlement) -> Result<TransactWriteItem> {
        let charge = charged(settlement);
        let released = settlement.hold.amount.saturating_add(charge);
        let count = messages_attribute(settlement.hold.month);
        let change = match settlement.charge {
            Some(_) => Change::new("ADD #b :charge, #a :released"),
            None => Change::new(format!("ADD #b :charge, #a :released, #{count} :less"))
                .with("less", number(-1)),
        };
        let change = change
            .when("attribute_exists(#pk)")
            .with("charge", number(charge.0))
            .with("released", number(released.0));
        let shard = settlement.hold.shard;
        update(&self.table, keys::wallet_shard(settlement.reference.workspace, shard), &change)
    }

    fn charge_action(
        &self,
        settlement: &Settlement,
        entry: &LedgerEntry,
    ) -> Result<TransactWriteItem> {
        let workspace = settlement.reference.workspace;
        let key = keys::charge(workspace, settlement.hold.shard, entry.id);
        let item = to_item(key, &LedgerRow::from(entry))?;
        put(&self.table, item, &Change::only_when("attribute_not_exists(#pk)"))
    }

    /// Takes what was held and not spent off the end user's month.
    fn uncount(&self, settlement: &Settlement) -> Result<Option<TransactWriteItem>> {
        let Some(user) = &settlement.user else { return Ok(None) };
        let unspent = settlement.hold.amount.saturating_add(charged(settlement)).negated();
        let month = month_attribute(settlement.hold.month);
        let change =
            Change::new(format!("ADD #{month} :unspent")).with("unspent", number(unspent.0));
        let key = keys::contact(settlement.reference.workspace, user);
        update(&self.table, key, &change).map(Some)
    }
}

fn charged(settlement: &Settlement) -> MicroCredits {
    settlement.charge.as_ref().map_or(MicroCredits::ZERO, |entry| entry.amount)
}

/// The row of a delivery; a pending one carries the mark that the sweep looks for.
pub(super) fn delivery_item(delivery: &Delivery, due: Timestamp) -> Result<Item> {
    let key = keys::delivery(delivery.workspace(), delivery.id);
    let mut item = to_item(key, &DeliveryRow::from(delivery))?;
    item.insert(EXPIRY.to_owned(), expiry(delivery.created_at, DELIVERY_DAYS));
    if delivery.status == DeliveryStatus::Pending {
        item.insert(OWED.to_owned(), text(keys::owed_mark(delivery.id)));
        item.insert(DUE.to_owned(), moment(due));
    }
    Ok(item)
}

/// When a delivery whose next attempt is due then expires.
pub(super) fn delivery_expiry(next: Timestamp) -> aws_sdk_dynamodb::types::AttributeValue {
    expiry(next, DELIVERY_DAYS)
}

/// Names the transaction by everything that a new draft of it would change.
fn token(settlement: &Settlement) -> String {
    let mut hash = Sha256::new();
    hash.update(settlement.message.uuid());
    hash.update(settlement.fence.to_le_bytes());
    hash.update(settlement.conversation.version.to_le_bytes());
    hash.update(settlement.conversation.updated_at.as_nanosecond().to_le_bytes());
    for id in [
        settlement.reply.as_ref().map(|reply| reply.id.uuid()),
        settlement.charge.as_ref().map(|entry| entry.id.uuid()),
    ] {
        hash.update(id.unwrap_or_default());
    }
    for (delivery, due) in &settlement.deliveries {
        hash.update(delivery.id.uuid());
        hash.update(due.as_nanosecond().to_le_bytes());
    }
    aiva_core::id::base32(&hash.finalize()[..16])
}

fn why(settlement: &Settlement, refusals: Vec<Refusal>) -> Result<Settled> {
    let mut refusals = refusals.into_iter();
    let message = refusals.next().unwrap_or_default();
    if message.refused {
        let row: Option<MessageRow> = message.item.map(from_item).transpose()?;
        // Closed by this very claim: an earlier try, whose answer was lost, is stored.
        let ours = row.is_some_and(|row| {
            let closed = row.st.is_some_and(|state| state != ReplyState::Queued);
            closed && row.f == settlement.fence
        });
        return Ok(if ours { Settled::Stored } else { Settled::LostLease });
    }
    let conversation = refusals.next().unwrap_or_default();
    let wallet = refusals.next().unwrap_or_default();
    if conversation.refused {
        return Ok(Settled::Stale);
    }
    if wallet.refused {
        return Err(Error::internal("a hold has no wallet"));
    }
    // A reply under the same number would have moved the version too; a charge of this message, its
    // state. Neither can stand alone.
    Err(Error::internal("a settlement contradicts what is stored"))
}
