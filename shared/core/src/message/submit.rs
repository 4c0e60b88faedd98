//! Accepting a message: one transaction, then a word to the queue.

use std::time::Duration;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::{
    Disposition, Fingerprint, Message, Sender, SkipReason, Submission, Submitted, Visibility,
};
use crate::app::App;
use crate::conversation::{
    self, Conversation, ConversationRef, ConversationStatus, HandoffReason, Owner, Told,
};
use crate::error::{Conflict, Error, Quota, Result};
use crate::id::{ConversationId, MessageId};
use crate::key::{ApiKey, KeyId};
use crate::outbox::GenerationJob;
use crate::ports::{Clock, ConversationStore, KeyStore, MessageStore, Ports, Queue, Situation};
use crate::project::{Bounds, Project};
use crate::recharge;
use crate::reply::{self, tokens};
use crate::text::{Content, ExternalId, IdempotencyKey};
use crate::time;
use crate::wallet::{self, Cover, Hold, Need};

/// A message of an end user, as a dialect read it.
#[derive(Debug, Clone)]
pub struct SubmitCommand {
    /// The conversation; made if it does not exist.
    pub reference: ConversationRef,
    /// The end user, if named.
    pub user: Option<ExternalId>,
    /// What was said.
    pub content: Content,
    /// The key under which this happens once.
    pub idempotency: IdempotencyKey,
    /// The API key that sends it.
    pub key: KeyId,
}

/// What the caller is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubmitReceipt {
    /// Our conversation id.
    pub conversation: ConversationId,
    /// Our message id.
    pub message: MessageId,
    /// What became of it.
    pub status: SubmitStatus,
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

const MAX_ROUNDS: usize = 40;
/// Tokens of a prompt beside the message itself, at least.
const PROMPT_OVERHEAD_TOKENS: u64 = 1_024;

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
    let mut read = situation;
    let mut shard = None;
    for _ in 0..MAX_ROUNDS {
        let current = match read.take() {
            Some(situation) => situation,
            None => app.store.situation(&command.reference).await?.ok_or(Error::NotFound)?,
        };
        current.workspace.require_active()?;
        let fate = fate(&command, &current);
        // Only a handoff has an event, so that only it reads the key once more.
        let key = match fate {
            Fate::Handoff(_) => app.store.key(command.key).await?,
            Fate::Generate | Fate::Skip(_) => None,
        };
        let submission = draft(app, &command, &current, (fate, key.as_ref(), shard));
        match app.store.submit(&submission).await? {
            Submitted::Stored => return Ok(accepted(app, &submission).await),
            Submitted::Replay(first) if first.fingerprint == submission.fingerprint => {
                let (conversation, message) = (first.conversation, first.message);
                return Ok(SubmitReceipt {
                    conversation,
                    message,
                    status: SubmitStatus::Duplicate,
                });
            }
            Submitted::Replay(_) => return Err(Error::Conflict(Conflict::IdempotencyKeyReused)),
            Submitted::Stale => {}
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

async fn accepted<P: Ports>(app: &App<P>, submission: &Submission) -> SubmitReceipt {
    let conversation = &submission.conversation;
    let status = match submission.disposition {
        Disposition::Skip(reason) => {
            reply::announce(app, &submission.deliveries).await;
            SubmitStatus::Skipped(reason)
        }
        Disposition::Generate { .. } => {
            let job = GenerationJob {
                workspace_id: conversation.reference.workspace,
                project_id: conversation.reference.project,
                external_conversation_id: conversation.reference.external.clone(),
                conversation_id: conversation.id,
                seq: submission.message.seq,
                message_id: submission.message.id,
            };
            if let Err(error) = app.queue.send_generation(&job, 0).await {
                tracing::warn!(message_id = %submission.message.id, %error, "left to the sweep");
            }
            SubmitStatus::Queued
        }
    };
    SubmitReceipt { conversation: conversation.id, message: submission.message.id, status }
}

/// What becomes of a message, given how things stand.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Generate,
    Skip(SkipReason),
    Handoff(HandoffReason),
}

fn fate(command: &SubmitCommand, current: &Situation) -> Fate {
    let (workspace, agent) = (&current.workspace, &current.project.agent);
    if let Some(conversation) = &current.conversation {
        if matches!(conversation.owner, Owner::Human { .. }) {
            return Fate::Skip(SkipReason::HumanOwned);
        }
        if conversation.status == ConversationStatus::Resolved && !workspace.reopen_on_message {
            return Fate::Skip(SkipReason::ConversationResolved);
        }
    }
    if !agent.is_enabled() {
        return Fate::Skip(SkipReason::AiDisabled);
    }
    conversation::asked_for(&agent.escalation, command.content.as_str())
        .map_or(Fate::Generate, Fate::Handoff)
}

/// Writes down what the message will store.
fn draft<P: Ports>(
    app: &App<P>,
    command: &SubmitCommand,
    current: &Situation,
    (fate, key, shard): (Fate, Option<&ApiKey>, Option<u8>),
) -> Submission {
    let now = app.now();
    let before = current.conversation.as_ref();
    let mut conversation = before.cloned().unwrap_or_else(|| fresh(app, &command.reference, now));
    let disposition = match fate {
        Fate::Generate => {
            conversation.status = ConversationStatus::Open;
            conversation.pending_replies += 1;
            let shard = shard.unwrap_or_else(|| home_shard(current, &conversation));
            generation(app, command, current, shard)
        }
        Fate::Skip(reason) => Disposition::Skip(reason),
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
    let message = message_of(MessageId::new(now, app), conversation.seq, command, now);
    let event = match fate {
        Fate::Handoff(reason) => {
            let told = Told { reason: reason.as_str(), summary: None };
            conversation::handoff(app, key, &conversation, &message, told)
        }
        Fate::Generate | Fate::Skip(_) => None,
    };
    Submission {
        idempotency: command.idempotency.clone(),
        fingerprint: fingerprint(command),
        key: command.key,
        conversation,
        message,
        shard_quota: shard_quota(current, &disposition),
        disposition,
        deliveries: event.into_iter().collect(),
    }
}

/// What the hold's shard may take of the month's messages.
fn shard_quota(current: &Situation, disposition: &Disposition) -> Option<u32> {
    let Disposition::Generate { hold, .. } = disposition else { return None };
    let quota = current.workspace.plan.terms().messages_per_month?;
    let shards = wallet::shard_count(current.workspace.wallet_shards);
    Some(wallet::quota_share(quota, shards, hold.shard))
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
        citations: Vec::new(),
        created_at: now,
    }
}

fn fresh<P: Ports>(app: &App<P>, reference: &ConversationRef, now: Timestamp) -> Conversation {
    Conversation {
        id: ConversationId::new(now, app),
        reference: reference.clone(),
        owner: Owner::Ai,
        status: ConversationStatus::Open,
        seq: 0,
        version: 0,
        pending_replies: 0,
        last_key: None,
        last_user: None,
        low_confidence_turns: 0,
        human_seq: 0,
        created_at: now,
        updated_at: now,
    }
}

/// A reply is owed, and its worst case is held.
fn generation<P: Ports>(
    app: &App<P>,
    command: &SubmitCommand,
    current: &Situation,
    shard: u8,
) -> Disposition {
    let workspace = &current.workspace;
    let now = app.now();
    let bounds = bounds_for(&current.project, &command.content);
    let hold = Hold {
        amount: bounds.worst_case(&workspace.rates),
        shard,
        rates: workspace.rates,
        max_input_tokens: bounds.max_input_tokens,
        max_output_tokens: bounds.max_output_tokens,
        model_calls: bounds.model_calls,
        month: time::month(now),
    };
    // Only a named user has a cap.
    let user_cap = command.user.as_ref().and(workspace.limits.user_monthly_cap);
    let due = now + Duration::from_millis(app.settings.outbox_grace_ms);
    Disposition::Generate { hold, user_cap, due }
}

/// The agent's bounds, widened for a message that would not fit its prompt: what was accepted is read.
fn bounds_for(project: &Project, content: &Content) -> Bounds {
    let needed = tokens::estimate(content.as_str()) + PROMPT_OVERHEAD_TOKENS;
    project.bounds(u32::try_from(needed).unwrap_or(u32::MAX))
}

/// The shard that a conversation pays from first.
fn home_shard(current: &Situation, conversation: &Conversation) -> u8 {
    conversation.id.shard(wallet::shard_count(current.workspace.wallet_shards))
}

/// What makes two requests under one key the same: who says what where.
fn fingerprint(command: &SubmitCommand) -> Fingerprint {
    let mut hash = Sha256::new();
    let parts = [
        command.reference.project.to_string(),
        command.reference.external.to_string(),
        command.user.as_ref().map_or_else(|| "-".to_owned(), |user| format!("u{user}")),
        command.content.as_str().to_owned(),
    ];
    for part in parts {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
        hash.update(part.as_bytes());
    }
    Fingerprint(hash.finalize().into())
}
