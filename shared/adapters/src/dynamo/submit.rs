//! Accepting a message: one transaction.

use std::fmt::Write as _;

use aiva_core::contact;
use aiva_core::conversation::Conversation;
use aiva_core::error::{Error, Result};
use aiva_core::id::{WorkspaceId, base32, base32_decode};
use aiva_core::message::{Disposition, Fingerprint, FirstAnswer, Message, Submission, Submitted};
use aiva_core::money::MicroCredits;
use aiva_core::text::ExternalId;
use aiva_core::time;
use aiva_core::wallet::Hold;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};

use super::DynamoStore;
use super::item::{Item, from_item, moment, number, text, to_item};
use super::keys::{self, DUE, OWED};
use super::row::conversation::{ConversationRow, EntryRow, FirstUseRow};
use super::row::message::MessageRow;
use super::write::{Change, Refusal, Transacted, put, update};

/// Months of a contact's spending that are kept beside the running one.
const MONTHS_KEPT: u32 = 12;

impl DynamoStore {
    /// Stores a submission whole. The order of the actions is the order in which refusals count.
    pub(super) async fn store_submission(&self, submission: &Submission) -> Result<Submitted> {
        let conversation = &submission.conversation;
        let workspace = conversation.reference.workspace;
        if let Some(refused) = never_fits(&submission.disposition) {
            return self.replay(submission).await.map(|first| first.unwrap_or(refused));
        }
        let mut actions = vec![
            self.first_use(submission)?,
            self.conversation_action(conversation)?,
            self.message_action(submission)?,
        ];
        let mut money = Vec::new();
        if let Disposition::Generate { hold, .. } = &submission.disposition {
            actions.push(self.hold_action(workspace, hold, submission.shard_quota)?);
            money.push(Submitted::ShardShort);
        }
        if let Some(user) = &submission.message.user {
            actions.push(self.contact_action(workspace, user, submission)?);
            money.push(Submitted::CapReached);
        }
        if conversation.version == 1 {
            actions.push(self.entry_action(conversation)?);
        }
        if submission.learned.lead {
            actions.push(self.lead_action(conversation)?);
        }
        actions.extend(self.unnamed_action(submission)?);
        actions.extend(self.delivery_actions(&submission.deliveries)?);
        let token = submission.message.id.bare();
        match self.transact(Some(token), actions).await? {
            Transacted::Yes => Ok(Submitted::Stored),
            Transacted::No(refusals) => why(submission, refusals, money),
        }
    }

    /// The answer of an earlier use of the idempotency key, read alone. It is needed only where the
    /// transaction cannot even be tried.
    async fn replay(&self, submission: &Submission) -> Result<Option<Submitted>> {
        let workspace = submission.conversation.reference.workspace;
        let row = self.row(keys::idempotency(workspace, &submission.idempotency)).await?;
        row.map(|item| first_answer(submission, item)).transpose()
    }

    fn first_use(&self, submission: &Submission) -> Result<TransactWriteItem> {
        let workspace = submission.conversation.reference.workspace;
        let row = FirstUseRow {
            f: base32(&submission.fingerprint.0),
            cv: submission.conversation.id,
            m: submission.message.id,
            q: submission.message.seq,
        };
        let item = to_item(keys::idempotency(workspace, &submission.idempotency), &row)?;
        put(&self.table, item, &Change::only_when("attribute_not_exists(#pk)"))
    }

    /// Makes a conversation, or advances it by compare-and-set on its version.
    pub(super) fn conversation_action(
        &self,
        conversation: &Conversation,
    ) -> Result<TransactWriteItem> {
        let key = keys::conversation(&conversation.reference);
        let item = to_item(key, &ConversationRow::from(conversation))?;
        let condition = match conversation.version {
            0 | 1 => Change::only_when("attribute_not_exists(#pk)"),
            version => Change::only_when("#v = :read").with("read", number(version - 1)),
        };
        put(&self.table, item, &condition)
    }

    pub(super) fn entry_action(&self, conversation: &Conversation) -> Result<TransactWriteItem> {
        let place = &conversation.reference;
        let key = keys::conversation_entry(place.workspace, place.project, conversation.id);
        let item = to_item(key, &EntryRow { x: place.external.clone() })?;
        put(&self.table, item, &Change::default())
    }

    /// Puts the conversation into the list of leads.
    fn lead_action(&self, conversation: &Conversation) -> Result<TransactWriteItem> {
        let place = &conversation.reference;
        let key = keys::lead_entry(place.workspace, place.project, conversation.id);
        let item = to_item(key, &EntryRow { x: place.external.clone() })?;
        put(&self.table, item, &Change::default())
    }

    fn message_action(&self, submission: &Submission) -> Result<TransactWriteItem> {
        let message = &submission.message;
        let key = keys::message(&submission.conversation.reference, message.seq);
        let mut item = to_item(key, &MessageRow::from(submission))?;
        if let Disposition::Generate { due, .. } = submission.disposition {
            item.insert(OWED.to_owned(), text(keys::owed_mark(message.id)));
            item.insert(DUE.to_owned(), moment(due));
        }
        put(&self.table, item, &Change::only_when("attribute_not_exists(#pk)"))
    }

    /// Puts a message of the agent; nothing is owed for it.
    pub(super) fn reply_action(
        &self,
        conversation: &Conversation,
        reply: &Message,
    ) -> Result<TransactWriteItem> {
        let key = keys::message(&conversation.reference, reply.seq);
        let item = to_item(key, &MessageRow::from(reply))?;
        put(&self.table, item, &Change::only_when("attribute_not_exists(#pk)"))
    }

    /// Takes the hold from its shard and counts the message to the month. That the count stands in the
    /// shard makes the plan's quota exact (each shard has a share of it) at no cost: the row is written
    /// anyway. It is counted also where the plan has no quota, so that one set later begins with the
    /// truth.
    fn hold_action(
        &self,
        workspace: WorkspaceId,
        hold: &Hold,
        quota: Option<u32>,
    ) -> Result<TransactWriteItem> {
        let count = messages_attribute(hold.month);
        let old = messages_attribute(time::month_before(hold.month, MONTHS_KEPT + 1));
        // Nothing can be taken from a shard that was never credited; it becomes a whole row then.
        let (adds, covered) = if hold.amount == MicroCredits::ZERO {
            (", #b :taken", "(attribute_not_exists(#a) OR #a >= :held)")
        } else {
            ("", "#a >= :held")
        };
        let change = Change::new(format!("REMOVE #{old} ADD #a :taken{adds}, #{count} :one"))
            .when(covered)
            .with("held", number(hold.amount.0))
            .with("taken", number(hold.amount.negated().0))
            .with("one", number(1));
        let change = match quota {
            None => change,
            Some(quota) => change
                .when(format!("(attribute_not_exists(#{count}) OR #{count} < :quota)"))
                .with("quota", number(quota)),
        };
        update(&self.table, keys::wallet_shard(workspace, hold.shard), &change)
    }

    /// Notes what a message that names nobody tells of the person of its conversation, where that is an end
    /// user who was named before.
    fn unnamed_action(&self, submission: &Submission) -> Result<Option<TransactWriteItem>> {
        let place = &submission.conversation.reference;
        let (None, Some(person)) = (&submission.message.user, &submission.conversation.person.user)
        else {
            return Ok(None);
        };
        let told = told(submission);
        if told.is_empty() {
            return Ok(None);
        }
        let seen = ("ls", moment(submission.message.created_at));
        let told = told.into_iter().chain([seen]);
        let change = Change::assigning(told.map(|(name, value)| (name, Some(value))));
        update(&self.table, keys::contact(place.workspace, person), &change).map(Some)
    }

    /// Notes that the end user wrote, and counts the hold to the month. Spent and held are one number,
    /// because a condition cannot add; it is counted also where no cap is set, so that one set later
    /// begins with the truth.
    fn contact_action(
        &self,
        workspace: WorkspaceId,
        user: &ExternalId,
        submission: &Submission,
    ) -> Result<TransactWriteItem> {
        let (set, values) = who_wrote(submission);
        let change = match &submission.disposition {
            Disposition::Skip(_) => Change::new(format!("{set} ADD #pj :pj")),
            Disposition::Generate { hold, user_cap, .. } => {
                let month = month_attribute(hold.month);
                let old = month_attribute(time::month_before(hold.month, MONTHS_KEPT + 1));
                let change =
                    Change::new(format!("{set} REMOVE #{old} ADD #{month} :held, #pj :pj"));
                let change = change.with("held", number(hold.amount.0));
                match user_cap {
                    None => change,
                    Some(cap) => change
                        .when(format!("(attribute_not_exists(#{month}) OR #{month} <= :room)"))
                        .with("room", number(cap.saturating_sub(hold.amount).0)),
                }
            }
        };
        let change =
            values.into_iter().fold(change, |change, (name, value)| change.with(name, value));
        let change = match submission.learned.unmet {
            true => change.when("attribute_not_exists(#ct)"),
            false => change,
        };
        update(&self.table, keys::contact(workspace, user), &change)
    }
}

/// What is newly known of a person, as the attributes of a contact.
fn told(submission: &Submission) -> Vec<(&'static str, AttributeValue)> {
    let Some(details) = &submission.learned.details else { return Vec::new() };
    let told = [
        ("nm", details.name.as_ref().map(ToString::to_string)),
        ("em", details.email.as_ref().map(|email| email.as_str().to_owned())),
        ("ph", details.phone.as_ref().map(|phone| phone.as_str().to_owned())),
    ];
    told.into_iter().filter_map(|(name, value)| Some((name, text(value?)))).collect()
}

/// The attribute of a shard that counts the messages of a month.
pub(super) fn messages_attribute(month: u32) -> String {
    format!("n{month}")
}

/// What a message tells of the end user who wrote it and where, and the id that the first conversation of their own
/// gives; in another person's, the id would be that person's.
fn who_wrote(submission: &Submission) -> (String, Vec<(&'static str, AttributeValue)>) {
    let conversation = &submission.conversation;
    let mut set = "SET #ca = if_not_exists(#ca, :now), #ls = :now".to_owned();
    let project = vec![conversation.reference.project.bare()];
    let mut values =
        vec![("now", moment(submission.message.created_at)), ("pj", AttributeValue::Ss(project))];
    if conversation.person.user == submission.message.user {
        set.push_str(", #ct = if_not_exists(#ct, :ct)");
        values.push(("ct", text(contact::id_of(conversation.id).bare())));
    }
    for (name, value) in told(submission) {
        let _ = write!(set, ", #{name} = :{name}");
        values.push((name, value));
    }
    (set, values)
}

/// The attribute that counts what an end user spent and holds in a month.
pub(super) fn month_attribute(month: u32) -> String {
    format!("u{month}")
}

/// A worst case above the cap can never be held, and its condition would hold for an absent count.
fn never_fits(disposition: &Disposition) -> Option<Submitted> {
    match disposition {
        Disposition::Generate { hold, user_cap: Some(cap), .. }
            if cap.saturating_sub(hold.amount) < MicroCredits::ZERO =>
        {
            Some(Submitted::CapReached)
        }
        Disposition::Generate { .. } | Disposition::Skip(_) => None,
    }
}

fn why(
    submission: &Submission,
    refusals: Vec<Refusal>,
    money: Vec<Submitted>,
) -> Result<Submitted> {
    let mut refusals = refusals.into_iter();
    let idempotency = refusals.next().unwrap_or_default();
    if idempotency.refused {
        let item = idempotency.item.ok_or_else(|| Error::internal("a replay without its row"))?;
        return first_answer(submission, item);
    }
    let conversation = refusals.next().unwrap_or_default();
    let message = refusals.next().unwrap_or_default();
    if conversation.refused || message.refused {
        return Ok(Submitted::Stale);
    }
    let short = refusals.zip(money).find(|(refusal, _)| refusal.refused);
    let (refusal, reason) = short.ok_or_else(|| Error::internal("a submission was refused"))?;
    // The end user wrote elsewhere at the same moment, and is no new contact any more.
    let known = refusal.item.is_some_and(|row| row.contains_key("ct"));
    let moved_on = matches!(reason, Submitted::CapReached) && submission.learned.unmet && known;
    Ok(if moved_on { Submitted::Stale } else { reason })
}

/// What the first use was answered; the submission's own row means that an earlier try of it, whose
/// answer was lost, is stored.
fn first_answer(submission: &Submission, item: Item) -> Result<Submitted> {
    let row: FirstUseRow = from_item(item)?;
    if row.m == submission.message.id {
        return Ok(Submitted::Stored);
    }
    let bytes = base32_decode(&row.f).and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    let fingerprint = bytes.ok_or_else(|| Error::internal("a stored fingerprint is broken"))?;
    Ok(Submitted::Replay(FirstAnswer {
        fingerprint: Fingerprint(fingerprint),
        conversation: row.cv,
        message: row.m,
        seq: row.q,
    }))
}
