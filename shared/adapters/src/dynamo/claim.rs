//! Claiming the reply that a message is owed: one conditional update.

use aiva_core::conversation::ConversationRef;
use aiva_core::error::Result;
use aiva_core::id::MessageId;
use aiva_core::message::{Claimed, Lease, ReplyFate, Submission, Submitted};
use aiva_core::ports::{MessageStore, OWED_LOOKBACK};
use aiva_core::reply::{Settled, Settlement};
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use super::DynamoStore;
use super::backoff;
use super::item::{from_item, key_of, moment, number, text};
use super::keys;
use super::lease;
use super::read::Reading;
use super::row::message::{MessageRow, ReplyState};
use super::write::{Change, Written};

impl MessageStore for DynamoStore {
    async fn submit(&self, submission: &Submission) -> Result<Submitted> {
        self.store_submission(submission).await
    }

    async fn stand_back(&self, reference: &ConversationRef, round: u32) {
        backoff::pause(reference.external.as_str(), round).await;
    }

    async fn owed_before(
        &self,
        reference: &ConversationRef,
        seq: u64,
    ) -> Result<Option<(u64, MessageId)>> {
        let span = keys::messages(reference, 0, seq.saturating_sub(1));
        let reading = Reading { ascending: false, ..Reading::oldest(OWED_LOOKBACK) };
        let mut oldest = None;
        for item in self.run(&span, reading).await?.items {
            let place = keys::parse_message(&key_of(&item)?);
            let row: MessageRow = from_item(item)?;
            if let (Some((_, seq)), Some(message)) = (place, row.owed()) {
                oldest = Some((seq, message));
            }
        }
        Ok(oldest)
    }

    /// The owed mark is not touched, because moving it would cost a write of the index.
    async fn claim(&self, reference: &ConversationRef, seq: u64, lease: &Lease) -> Result<Claimed> {
        // A claim repeated by its holder, whose first answer was lost, succeeds and counts twice.
        let take = Change::new(format!("{}, #n :one", lease::TAKE))
            .when("#st = :queued")
            .with("queued", text(ReplyState::Queued.as_str()));
        let key = keys::message(reference, seq);
        let row = match self.update_row(key, &lease::when_free(take, lease)).await? {
            Written::Yes(item) => {
                let row: MessageRow = from_item(item)?;
                return Ok(Claimed::Yes(Box::new(row.owed_reply(seq)?)));
            }
            Written::No(None) => return Ok(Claimed::Finished),
            Written::No(Some(item)) => from_item::<MessageRow>(item)?,
        };
        match (row.st, row.lu) {
            (Some(ReplyState::Queued), Some(until)) => Ok(Claimed::Busy { until: until.moment()? }),
            _ => Ok(Claimed::Finished),
        }
    }

    async fn prolong(
        &self,
        reference: &ConversationRef,
        seq: u64,
        lease: &Lease,
        due: Timestamp,
    ) -> Result<bool> {
        let change = lease::prolonged("#due = :due", lease)
            .when("#st = :queued")
            .with("due", moment(due))
            .with("queued", text(ReplyState::Queued.as_str()));
        let written = self.update_row(keys::message(reference, seq), &change).await?;
        Ok(matches!(written, Written::Yes(_)))
    }

    async fn fate(&self, reference: &ConversationRef, seq: u64) -> Result<Option<ReplyFate>> {
        let row: Option<MessageRow> = self.parsed_row(keys::message(reference, seq)).await?;
        row.map(MessageRow::fate).transpose()
    }

    async fn settle(&self, settlement: &Settlement) -> Result<Settled> {
        self.store_settlement(settlement).await
    }
}

impl DynamoStore {
    /// The change that closes a claimed message: its state, the reply's number and price, its lease and
    /// its owed mark.
    pub(super) fn closing(settlement: &Settlement) -> Change {
        let state = ReplyState::from(settlement.ending);
        let (mut more, mut values) = (String::new(), Vec::new());
        if let Some(reply) = &settlement.reply {
            more.push_str(", #rq = :rq");
            values.push(("rq", number(reply.seq)));
        }
        if settlement.hands_over() {
            more.push_str(", #rh = :rh");
            values.push(("rh", AttributeValue::Bool(true)));
        }
        if let Some(entry) = &settlement.charge {
            more.push_str(", #rc = :rc");
            values.push(("rc", number(entry.amount.negated().0)));
        }
        let change =
            Change::new(format!("SET #st = :ending{more} REMOVE #owed, #due, {}", lease::DROP));
        let change =
            values.into_iter().fold(change, |change, (name, value)| change.with(name, value));
        change
            .when("#st = :queued AND #f = :fence")
            .with("ending", text(state.as_str()))
            .with("queued", text(ReplyState::Queued.as_str()))
            .with("fence", number(settlement.fence))
    }
}
