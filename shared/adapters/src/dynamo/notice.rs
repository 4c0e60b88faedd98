//! Mails that are owed to owners of workspaces.

use aiva_core::error::Result;
use aiva_core::id::WorkspaceId;
use aiva_core::notice::{ClaimedNotice, Notice};
use aiva_core::ports::NoticeStore;
use aws_sdk_dynamodb::types::TransactWriteItem;
use jiff::Timestamp;

use super::DynamoStore;
use super::item::{Item, expiry, from_item, moment, number, text, to_item};
use super::keys::{self, DUE, OWED};
use super::row::notice::NoticeRow;
use super::write::{Change, Transacted, Written, put};

/// Days that a notice is kept after it was sent, so that its name stays taken.
const SENT_DAYS: i64 = 400;

impl NoticeStore for DynamoStore {
    async fn add_notice(&self, notice: &Notice) -> Result<()> {
        // Refused means that it exists.
        match self.transact(None, vec![self.notice_action(notice)?]).await? {
            Transacted::Yes | Transacted::No(_) => Ok(()),
        }
    }

    async fn claim_notice(
        &self,
        workspace: WorkspaceId,
        name: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<ClaimedNotice>> {
        let change = Change::new("SET #due = :until ADD #n :one")
            .when("attribute_exists(#owed) AND #due <= :now")
            .with("until", moment(until))
            .with("now", moment(now))
            .with("one", number(1));
        match self.update_row(keys::notice(workspace, name), &change).await? {
            Written::Yes(item) => from_item::<NoticeRow>(item)?.claimed(workspace, name).map(Some),
            Written::No(_) => Ok(None),
        }
    }

    async fn postpone_notice(
        &self,
        workspace: WorkspaceId,
        name: &str,
        until: Timestamp,
    ) -> Result<()> {
        let change = Change::new("SET #due = :until")
            .when("attribute_exists(#owed)")
            .with("until", moment(until));
        self.update_row(keys::notice(workspace, name), &change).await.map(|_| ())
    }

    async fn end_notice(&self, workspace: WorkspaceId, name: &str, now: Timestamp) -> Result<()> {
        let change = Change::new("REMOVE #owed, #due SET #se = :now, #ttl = :end")
            .when("attribute_exists(#owed)")
            .with("now", moment(now))
            .with("end", expiry(now, SENT_DAYS));
        self.update_row(keys::notice(workspace, name), &change).await.map(|_| ())
    }
}

impl DynamoStore {
    /// Puts a notice whose name nothing else can have.
    pub(super) fn notice_again(&self, notice: &Notice) -> Result<TransactWriteItem> {
        put(&self.table, notice_item(notice)?, &Change::default())
    }

    /// Puts a notice, owed from the moment it arose; refused where one of its name exists.
    pub(super) fn notice_action(&self, notice: &Notice) -> Result<TransactWriteItem> {
        let once = Change::only_when("attribute_not_exists(#pk)");
        put(&self.table, notice_item(notice)?, &once)
    }
}

fn notice_item(notice: &Notice) -> Result<Item> {
    let key = keys::notice(notice.workspace, &notice.name);
    let mut item = to_item(key, &NoticeRow::from(notice))?;
    item.insert(OWED.to_owned(), text(keys::owed_mark(notice.workspace)));
    item.insert(DUE.to_owned(), moment(notice.created_at));
    Ok(item)
}
