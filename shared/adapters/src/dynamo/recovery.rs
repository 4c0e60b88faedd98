//! Recoveries: what was missed, made due again, and how far each has come.

use aiva_core::delivery::{Delivery, DeliveryStatus, Trigger};
use aiva_core::error::Result;
use aiva_core::id::{RecoveryId, WorkspaceId};
use aiva_core::page::{Limit, Page};
use aiva_core::ports::RecoveryStore;
use aiva_core::recovery::{Candidate, Recovery, Window};
use jiff::Timestamp;

use super::DynamoStore;
use super::item::{Item, expiry, from_item, moment, number, text, to_item};
use super::keys::{self, DUE, EXPIRY, OWED};
use super::row::delivery::DeliveryRow;
use super::row::recovery::RecoveryRow;
use super::settle::delivery_expiry;
use super::write::{Assignment, Change, Transacted, Written, put};

/// Days that a recovery is kept.
const RECOVERY_DAYS: i64 = 30;

impl RecoveryStore for DynamoStore {
    async fn candidates(
        &self,
        workspace: WorkspaceId,
        window: &Window,
        after: Option<&str>,
        limit: Limit,
    ) -> Result<Page<Candidate>> {
        let spans = keys::deliveries_between(workspace, window.since, window.until);
        let (rows, next) = self.oldest_first(&spans, after, limit.get()).await?;
        let mut items = Vec::with_capacity(rows.len());
        for item in rows {
            let row: DeliveryRow = from_item(item)?;
            let recovered_by = row.rc;
            let delivery = Delivery::try_from(row)?;
            if window.endpoint.is_none_or(|endpoint| endpoint == delivery.endpoint) {
                items.push(Candidate { delivery, recovered_by });
            }
        }
        Ok(Page { items, next })
    }

    async fn reopen_missed(
        &self,
        recovery: RecoveryId,
        delivery: &Delivery,
        (at, due): (Timestamp, Timestamp),
    ) -> Result<bool> {
        let mark = Some(text(recovery.to_string()));
        let values: [Assignment; 8] = [
            ("st", Some(text(DeliveryStatus::Pending.as_str()))),
            ("tr", Some(text(Trigger::Auto.as_str()))),
            ("n", Some(number(0))),
            ("nx", Some(moment(at))),
            ("rc", mark),
            (OWED, Some(text(keys::owed_mark(delivery.id)))),
            (DUE, Some(moment(due))),
            (EXPIRY, Some(delivery_expiry(at))),
        ];
        let change = Change::assigning(values)
            .when("(#st = :skipped OR #st = :gave_up)")
            .when("(attribute_not_exists(#rc) OR #rc <> :rc)")
            .with("skipped", text(DeliveryStatus::Skipped.as_str()))
            .with("gave_up", text(DeliveryStatus::GivenUp.as_str()));
        let key = keys::delivery(delivery.workspace(), delivery.id);
        Ok(matches!(self.update_row(key, &change).await?, Written::Yes(_)))
    }

    async fn create_recovery(&self, recovery: &Recovery, due: Timestamp) -> Result<()> {
        let item = recovery_item(recovery, due)?;
        let once = Change::only_when("attribute_not_exists(#pk)");
        // Refused means that it exists.
        let created: Transacted = self.transact(None, vec![put(&self.table, item, &once)?]).await?;
        tracing::debug!(?created, recovery_id = %recovery.id, "a recovery begins");
        Ok(())
    }

    async fn recovery(&self, workspace: WorkspaceId, id: RecoveryId) -> Result<Option<Recovery>> {
        let row: Option<RecoveryRow> = self.parsed_row(keys::recovery(workspace, id)).await?;
        row.map(|row| row.recovery(workspace)).transpose()
    }

    async fn advance_recovery(&self, recovery: &Recovery, due: Timestamp) -> Result<bool> {
        let before = recovery.version.saturating_sub(1);
        let item = recovery_item(recovery, due)?;
        let was = Change::only_when("#v = :before").with("before", number(before));
        let written = self.transact(None, vec![put(&self.table, item, &was)?]).await?;
        Ok(matches!(written, Transacted::Yes))
    }
}

fn recovery_item(recovery: &Recovery, due: Timestamp) -> Result<Item> {
    let key = keys::recovery(recovery.workspace, recovery.id);
    let mut item = to_item(key, &RecoveryRow::from(recovery))?;
    item.insert(EXPIRY.to_owned(), expiry(recovery.created_at, RECOVERY_DAYS));
    if !recovery.is_done {
        item.insert(OWED.to_owned(), text(keys::owed_mark(recovery.id)));
        item.insert(DUE.to_owned(), moment(due));
    }
    Ok(item)
}
