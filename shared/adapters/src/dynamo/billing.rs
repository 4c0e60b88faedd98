//! Payments, the rules of wallets, and the credit that comes with a plan.

use aiva_core::error::{Error, Result};
use aiva_core::id::{PaymentId, WorkspaceId};
use aiva_core::page::{Limit, Page};
use aiva_core::payment::{Decision, Payment, PaymentStatus};
use aiva_core::ports::BillingStore;
use aiva_core::recharge::{Recharge, RechargeAdvance};
use aws_sdk_dynamodb::types::TransactWriteItem;
use jiff::Timestamp;

use super::DynamoStore;
use super::item::{Item, from_item, key_item, key_of, moment, number, text, to_item};
use super::keys::{self, DUE, OWED};
use super::row::billing::{PaymentRow, RechargeRow};
use super::write::{Change, Transacted, Written, put};

impl BillingStore for DynamoStore {
    async fn recharge(&self, workspace: WorkspaceId) -> Result<Option<Recharge>> {
        let row: Option<RechargeRow> = self.parsed_row(keys::recharge(workspace)).await?;
        Ok(row.map(|row| row.of(workspace)))
    }

    async fn advance_recharge(&self, advance: &RechargeAdvance) -> Result<bool> {
        let workspace = advance.after.workspace;
        let mut item = to_item(keys::recharge(workspace), &RechargeRow::from(&advance.after))?;
        if let Some(due) = advance.due {
            owe(&mut item, workspace, due);
        }
        let once = match advance.after.version {
            0 | 1 => Change::only_when("attribute_not_exists(#pk)"),
            version => Change::only_when("#v = :read").with("read", number(version - 1)),
        };
        let mut actions = vec![put(&self.table, item, &once)?];
        if let Some(payment) = &advance.payment {
            actions.push(put(&self.table, payment_item(payment)?, &Change::default())?);
        }
        for notice in &advance.notices {
            actions.push(self.notice_again(notice)?);
        }
        Ok(matches!(self.transact(None, actions).await?, Transacted::Yes))
    }

    async fn wake_recharge(&self, workspace: WorkspaceId, now: Timestamp) -> Result<()> {
        let change = Change::new("SET #due = :now")
            .when("attribute_exists(#owed) AND #due > :now")
            .with("now", moment(now));
        // Refused means that it is not watched, or due already.
        self.update_row(keys::recharge(workspace), &change).await.map(|_| ())
    }

    async fn next_allowance(&self, workspace: WorkspaceId, due: Timestamp) -> Result<()> {
        let change = Change::new("SET #due = :due")
            .when("attribute_exists(#owed) AND #due < :due")
            .with("due", moment(due));
        self.update_row(keys::allowance(workspace), &change).await.map(|_| ())
    }

    async fn payment(&self, workspace: WorkspaceId, id: PaymentId) -> Result<Option<Payment>> {
        let row: Option<PaymentRow> = self.parsed_row(keys::payment(workspace, id)).await?;
        row.map(|row| row.named(workspace, id)).transpose()
    }

    async fn payments(
        &self,
        workspace: WorkspaceId,
        position: Option<&str>,
        limit: Limit,
    ) -> Result<Page<Payment>> {
        let spans = [keys::payments(workspace)];
        let parse = |item| {
            let named = keys::parse_payment(&key_of(&item)?);
            let (workspace, id) =
                named.ok_or_else(|| Error::internal("a payment without an id"))?;
            from_item::<PaymentRow>(item)?.named(workspace, id).map(Some)
        };
        let position = position.map(str::to_owned);
        let (items, next) = self.newest_first(&spans, position, limit.get(), parse).await?;
        Ok(Page { items, next })
    }

    async fn claim_payment(
        &self,
        workspace: WorkspaceId,
        id: PaymentId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Payment>> {
        let change = Change::new("SET #due = :until ADD #n :one")
            .when("attribute_exists(#owed) AND #due <= :now")
            .with("until", moment(until))
            .with("now", moment(now))
            .with("one", number(1));
        match self.update_row(keys::payment(workspace, id), &change).await? {
            Written::Yes(item) => from_item::<PaymentRow>(item)?.named(workspace, id).map(Some),
            Written::No(_) => Ok(None),
        }
    }

    async fn note_payment(
        &self,
        workspace: WorkspaceId,
        id: PaymentId,
        reference: &str,
        due: Timestamp,
    ) -> Result<()> {
        let change = Change::new("SET #rf = :reference, #due = :due")
            .when("attribute_exists(#owed) AND #st = :pending")
            .with("reference", text(reference))
            .with("due", moment(due))
            .with("pending", text(PaymentStatus::Pending.as_str()));
        self.update_row(keys::payment(workspace, id), &change).await.map(|_| ())
    }

    async fn decide_payment(
        &self,
        workspace: WorkspaceId,
        id: PaymentId,
        decision: &Decision,
        now: Timestamp,
    ) -> Result<Option<Payment>> {
        let mark = "#owed = :mark, #due = :now, #da = :now";
        let change = match decision {
            Decision::Succeeded => Change::new(format!("SET #st = :status, {mark} REMOVE #re"))
                .when("attribute_exists(#pk) AND #st <> :status")
                .with("status", text(PaymentStatus::Succeeded.as_str())),
            Decision::Failed(reason) => {
                Change::new(format!("SET #st = :status, #re = :reason, {mark}"))
                    .when("attribute_exists(#pk) AND #st = :pending")
                    .with("status", text(PaymentStatus::Failed.as_str()))
                    .with("pending", text(PaymentStatus::Pending.as_str()))
                    .with("reason", text(reason))
            }
        };
        let change = change.with("mark", text(keys::owed_mark(workspace))).with("now", moment(now));
        match self.update_row(keys::payment(workspace, id), &change).await? {
            Written::Yes(item) | Written::No(Some(item)) => {
                from_item::<PaymentRow>(item)?.named(workspace, id).map(Some)
            }
            Written::No(None) => Ok(None),
        }
    }

    async fn close_payment(
        &self,
        workspace: WorkspaceId,
        id: PaymentId,
        status: PaymentStatus,
    ) -> Result<()> {
        let change = Change::new("REMOVE #owed, #due")
            .when("attribute_exists(#owed) AND #st = :status")
            .with("status", text(status.as_str()));
        // Refused means that it is closed, or decided anew and owed for that.
        self.update_row(keys::payment(workspace, id), &change).await.map(|_| ())
    }
}

impl DynamoStore {
    /// Owes a workspace the credit of its plan, from a moment on.
    pub(super) fn allowance_action(
        &self,
        workspace: WorkspaceId,
        due: Timestamp,
    ) -> Result<TransactWriteItem> {
        let mut item = key_item(keys::allowance(workspace));
        owe(&mut item, workspace, due);
        put(&self.table, item, &Change::default())
    }
}

fn owe(item: &mut Item, workspace: WorkspaceId, due: Timestamp) {
    item.insert(OWED.to_owned(), text(keys::owed_mark(workspace)));
    item.insert(DUE.to_owned(), moment(due));
}

/// The row of a payment that is started. A manual one waits for people, the others are due at once.
fn payment_item(payment: &Payment) -> Result<Item> {
    let key = keys::payment(payment.workspace, payment.id);
    let mut item = to_item(key, &PaymentRow::from(payment))?;
    if payment.provider != aiva_core::payment::Provider::Manual {
        owe(&mut item, payment.workspace, payment.created_at);
    }
    Ok(item)
}
