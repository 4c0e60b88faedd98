//! Accepting a message: one transaction, then a word to the queue.

use std::time::Duration;

use jiff::Timestamp;

use super::fate::{Fate, fate};
use super::fingerprint::fingerprint;
use super::hold::{generation, home_shard, shard_quota};
use super::learn::learn;
use super::news::{self, Before, Met};
use super::{
    Disposition, FirstAnswer, Message, Sender, SkipReason, Submission, Submitted, Visibility,
};
use crate::app::App;
use crate::contact::Details;
use crate::conversation::{Conversation, ConversationRef, ConversationStatus, Source};
use crate::error::{Conflict, Error, Quota, Result};
use crate::id::{ConversationId, MessageId};
use crate::key::{ApiKey, KeyId};
use crate::outbox::GenerationJob;
use crate::ports::{Clock, ConversationStore, KeyStore, MessageStore, Ports, Queue, Situation};
use crate::recharge;
use crate::reply;
use crate::text::{Background, Content, ExternalId, IdempotencyKey};
use crate::time;
use crate::wallet::{self, Cover, Need};

/// A message of an end user, as a dialect read it.
#[derive(Debug, Clone)]
pub struct SubmitCommand {
    /// The conversation; made if it does not exist.
    pub reference: ConversationRef,
    /// The end user, if named.
    pub user: Option<ExternalId>,
    /// What was said.
    pub content: Content,
    /// What the integrator's system says of the person, for the prompt.
    pub background: Option<Background>,
    /// What the caller tells of the person, or nothing.
    pub details: Details,
    /// Where the person chats; it counts where the conversation begins with this message.
    pub source: Source,
    /// Set where the conversation begins with this message and its sender has no id for it: ours, which
    /// is then in `reference` too.
    pub minted: Option<ConversationId>,
    /// The key under which this happens once.
    pub idempotency: IdempotencyKey,
    /// The API key that sends it.
    pub key: KeyId,
}

/// What the caller is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubmitReceipt {
    /// Where the conversation's rows are.
    pub reference: ConversationRef,
    /// Our conversation id.
    pub conversation: ConversationId,
    /// Our message id.
    pub message: MessageId,
    /// The message's number; 0 for a duplicate of a message older than such numbers.
    pub seq: u64,
    /// What became of it.
    pub status: SubmitStatus,
    /// Whether the conversation may owe a reply to an earlier message.
    pub behind: bool,
}

impl SubmitReceipt {
    /// Whether the idempotency key was used before.
    pub fn is_duplicate(&self) -> bool {
        self.status == SubmitStatus::Duplicate
    }

    /// What the queue carries for the reply.
    pub(super) fn job(&self) -> GenerationJob {
        GenerationJob {
            workspace_id: self.reference.workspace,
            project_id: self.reference.project,
            external_conversation_id: self.reference.external.clone(),
            conversation_id: self.conversation,
            seq: self.seq,
            message_id: self.message,
            behind: self.behind,
        }
    }
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubmitStatus {
    /// A reply is being generated.
    Queued,
    /// The idempotency key was used before; nothing new is stored.
    Duplicate,
    /// It is stored, and no reply will be generated.
    Skipped(SkipReason),
}

/// A message that loses against others of its conversation is tried again for so long.
const PATIENCE: Duration = Duration::from_secs(8);
/// And so often, whatever the clock says.
const MAX_ROUNDS: u32 = 200;

/// Stores a message and asks for its reply. `situation` may be what was read beside authentication.
///
/// # Errors
/// [`Error::InsufficientCredits`], [`Error::SpendCapReached`] and [`Error::QuotaReached`] with nothing
/// stored;
/// [`Error::Conflict`] when the idempotency key was used with another body.
pub async fn submit<P: Ports>(
    app: &App<P>,
    command: SubmitCommand,
    situation: Option<Situation>,
) -> Result<SubmitReceipt> {
    let grace = Duration::from_millis(app.settings.outbox_grace_ms);
    accept(app, &command, situation, Accepting { grace, tell_queue: true }).await
}

/// Who writes the reply to a message that is accepted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Accepting {
    /// When the sweep may take it that the reply was lost.
    pub(super) grace: Duration,
    /// Whether a worker is asked for it.
    pub(super) tell_queue: bool,
}

/// Stores a message.
pub(super) async fn accept<P: Ports>(
    app: &App<P>,
    command: &SubmitCommand,
    situation: Option<Situation>,
    how: Accepting,
) -> Result<SubmitReceipt> {
    let mut read = situation;
    let mut shard = None;
    let end = app.now() + PATIENCE;
    for round in 1..=MAX_ROUNDS {
        let current = match read.take() {
            Some(situation) => situation,
            None => app.store.situation(&command.reference).await?.ok_or(Error::NotFound)?,
        };
        current.workspace.require_active()?;
        let fate = fate(command, &current);
        // Only a handoff has an event, so that only it reads the key once more.
        let key = match fate {
            Fate::Handoff(_) => app.store.key(command.key).await?,
            Fate::Generate | Fate::Skip(_) => None,
        };
        let met = news::met(app, &current, command.user.as_ref()).await?;
        let known = Known { current: &current, key: key.as_ref(), met: &met };
        let submission = draft(app, command, known, (fate, shard), how);
        match app.store.submit(&submission).await? {
            Submitted::Stored => return Ok(accepted(app, &submission, how).await),
            Submitted::Replay(first) if first.fingerprint == submission.fingerprint => {
                return repeated(app, command, (&current, &first), how).await;
            }
            Submitted::Replay(_) => return Err(Error::Conflict(Conflict::IdempotencyKeyReused)),
            Submitted::Stale if app.now() < end => {
                app.store.stand_back(&command.reference, round).await;
            }
            Submitted::Stale => break,
            Submitted::ShardShort => {
                shard = Some(funded_shard(app, &submission, &current).await?);
                read = Some(current);
            }
            Submitted::CapReached => {
                let retry_after_seconds = until_next_month(app.now());
                return Err(Error::SpendCapReached { retry_after_seconds });
            }
        }
    }
    Err(Error::unavailable("the conversation or the wallet is contended"))
}

fn until_next_month(now: Timestamp) -> u64 {
    crate::key::seconds_until(time::next_month(now), now)
}

async fn funded_shard<P: Ports>(
    app: &App<P>,
    submission: &Submission,
    current: &Situation,
) -> Result<u8> {
    let Disposition::Generate { hold, .. } = submission.disposition else {
        return Err(Error::internal("a skipped message needs no money"));
    };
    let workspace = &current.workspace;
    let quota = workspace.plan.terms().messages_per_month;
    let need = Need { amount: hold.amount, month: hold.month, quota };
    let shards = wallet::shard_count(workspace.wallet_shards);
    match wallet::cover(&app.store, workspace.id, shards, need).await? {
        Cover::Shard(shard) => Ok(shard),
        Cover::Short => {
            recharge::wake(app, workspace.id).await;
            Err(Error::InsufficientCredits)
        }
        Cover::QuotaReached => Err(Error::QuotaReached {
            quota: Quota::MessagesPerMonth,
            limit: quota.unwrap_or(u32::MAX),
            retry_after_seconds: until_next_month(app.now()),
        }),
    }
}

/// What the first use of the idempotency key made. The word to the queue may have been lost then: until the
/// sweep takes it that it was, it is said again, unless the conversation owes nothing. A queue that has it
/// drops the second one.
async fn repeated<P: Ports>(
    app: &App<P>,
    command: &SubmitCommand,
    (current, first): (&Situation, &FirstAnswer),
    how: Accepting,
) -> Result<SubmitReceipt> {
    let receipt = duplicate(command, first)?;
    let conversation = current.conversation.as_ref().filter(|found| found.id == first.conversation);
    let may_owe = conversation.is_none_or(|conversation| conversation.pending_replies > 0);
    let is_young = app.now() < first.message.timestamp() + how.grace;
    if how.tell_queue && first.seq > 0 && may_owe && is_young {
        tell_queue(app, &receipt).await;
    }
    Ok(receipt)
}

async fn tell_queue<P: Ports>(app: &App<P>, receipt: &SubmitReceipt) {
    if let Err(error) = app.queue.send_generation(&receipt.job(), 0).await {
        tracing::warn!(message_id = %receipt.message, %error, "left to the sweep");
    }
}

/// What the first use of the idempotency key made.
fn duplicate(command: &SubmitCommand, first: &FirstAnswer) -> Result<SubmitReceipt> {
    let mut reference = command.reference.clone();
    if command.minted.is_some() {
        reference.external = ExternalId::parse("conversation", &first.conversation.to_string())?;
    }
    Ok(SubmitReceipt {
        reference,
        conversation: first.conversation,
        message: first.message,
        seq: first.seq,
        status: SubmitStatus::Duplicate,
        behind: true,
    })
}

async fn accepted<P: Ports>(
    app: &App<P>,
    submission: &Submission,
    how: Accepting,
) -> SubmitReceipt {
    let conversation = &submission.conversation;
    let mut receipt = SubmitReceipt {
        reference: conversation.reference.clone(),
        conversation: conversation.id,
        message: submission.message.id,
        seq: submission.message.seq,
        status: SubmitStatus::Queued,
        behind: conversation.pending_replies > 1,
    };
    match submission.disposition {
        Disposition::Skip(reason) => receipt.status = SubmitStatus::Skipped(reason),
        Disposition::Generate { .. } if how.tell_queue => tell_queue(app, &receipt).await,
        Disposition::Generate { .. } => {}
    }
    reply::announce(app, &submission.deliveries).await;
    receipt
}

/// What was read before a message is stored.
#[derive(Debug, Clone, Copy)]
struct Known<'a> {
    current: &'a Situation,
    /// The key, where its callback is told.
    key: Option<&'a ApiKey>,
    /// The end users, where a subscription is told.
    met: &'a Met,
}

/// Writes down what the message will store.
fn draft<P: Ports>(
    app: &App<P>,
    command: &SubmitCommand,
    Known { current, key, met }: Known<'_>,
    (fate, shard): (Fate, Option<u8>),
    how: Accepting,
) -> Submission {
    let now = app.now();
    let before = current.conversation.as_ref();
    let mut conversation = before.cloned().unwrap_or_else(|| fresh(app, command, now));
    let disposition = match fate {
        Fate::Generate => {
            conversation.status = ConversationStatus::Open;
            conversation.pending_replies += 1;
            let shard = shard.unwrap_or_else(|| home_shard(current, &conversation));
            generation(app, command, current, shard, how.grace)
        }
        Fate::Skip(reason) => {
            // Whoever else answers it finds it open.
            if reason != SkipReason::ConversationResolved {
                conversation.status = ConversationStatus::Open;
            }
            Disposition::Skip(reason)
        }
        Fate::Handoff(_) => {
            conversation.give_to_human(None);
            Disposition::Skip(SkipReason::HumanOwned)
        }
    };
    conversation.seq += 1;
    conversation.version += 1;
    conversation.updated_at = now;
    conversation.last_key = Some(command.key);
    conversation.last_user.clone_from(&command.user);
    conversation.said_at = now;
    if command.background.is_some() {
        conversation.note_told(command.user.as_ref(), conversation.seq);
    }
    let row = met.person.as_ref();
    let mut learned = learn(&mut conversation.person, command, (row, now));
    let message = message_of(MessageId::new(now, app), conversation.seq, command, now);
    let before = Before { conversation: before, met };
    learned.unmet = news::is_unmet(current, row, &conversation, command.user.as_ref());
    let said = (&conversation, &message);
    let deliveries = news::drafts(app, (current, before, key), said, (fate, &learned));
    Submission {
        idempotency: command.idempotency.clone(),
        fingerprint: fingerprint(command),
        key: command.key,
        conversation,
        message,
        shard_quota: shard_quota(current, &disposition),
        disposition,
        learned,
        deliveries,
    }
}

fn message_of(id: MessageId, seq: u64, command: &SubmitCommand, now: Timestamp) -> Message {
    Message {
        id,
        seq,
        sender: Sender::Visitor,
        content: command.content.clone(),
        visibility: Visibility::Public,
        user: command.user.clone(),
        agent_name: None,
        background: command.background.clone(),
        citations: Vec::new(),
        confidence: None,
        created_at: now,
    }
}

fn fresh<P: Ports>(app: &App<P>, command: &SubmitCommand, now: Timestamp) -> Conversation {
    let id = command.minted.unwrap_or_else(|| ConversationId::new(now, app));
    let fresh = Conversation::fresh(id, command.reference.clone(), now);
    Conversation { source: command.source, ..fresh }
}
