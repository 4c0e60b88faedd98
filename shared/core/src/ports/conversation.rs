//! What is stored of conversations and deliveries, and what is owed.

use std::future::Future;

use jiff::Timestamp;

use crate::conversation::{Advance, Advanced, Conversation, ConversationRef};
use crate::delivery::{Delivery, DeliveryClaim, DeliveryFilter, DeliveryUpdate};
use crate::error::Result;
use crate::id::{ConversationId, DeliveryId, MessageId, ProjectId, WorkspaceId};
use crate::message::{Claimed, Lease, Message, ReplyFate, Submission, Submitted};
use crate::outbox::{Owed, OwedItem, OwedMark};
use crate::page::{Limit, Page};
use crate::project::Project;
use crate::reply::{Settled, Settlement};
use crate::workspace::Workspace;

/// What a submit reads before it writes, in one round trip.
#[derive(Debug, Clone)]
pub struct Situation {
    /// The workspace.
    pub workspace: Workspace,
    /// The project.
    pub project: Project,
    /// The conversation, if it exists.
    pub conversation: Option<Conversation>,
}

/// Which messages of a conversation a page shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The first with a greater number.
    After(u64),
    /// The newest up to and including a number.
    Until(u64),
}

/// Messages for one answer, ascending.
#[derive(Debug, Clone)]
pub struct MessagePage {
    /// The messages.
    pub messages: Vec<Message>,
    /// Whether more were left out because the answer has no room for them.
    pub is_full: bool,
}

/// Conversations and their messages, as readers see them.
pub trait ConversationStore: Send + Sync + 'static {
    /// Reads workspace, project and conversation in one request; `None` without the first two.
    fn situation(
        &self,
        reference: &ConversationRef,
    ) -> impl Future<Output = Result<Option<Situation>>> + Send;

    /// Reads a conversation, strongly consistent.
    fn conversation(
        &self,
        reference: &ConversationRef,
    ) -> impl Future<Output = Result<Option<Conversation>>> + Send;

    /// Finds a conversation of a workspace by our id.
    fn conversation_by_id(
        &self,
        workspace: WorkspaceId,
        id: ConversationId,
    ) -> impl Future<Output = Result<Option<Conversation>>> + Send;

    /// Reads those of several conversations that exist, in their order, strongly consistent.
    fn conversations(
        &self,
        references: &[ConversationRef],
    ) -> impl Future<Output = Result<Vec<Conversation>>> + Send;

    /// Lists the conversations of some projects that were made before another, newest first.
    fn conversations_before(
        &self,
        workspace: WorkspaceId,
        projects: &[ProjectId],
        before: Option<ConversationId>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Conversation>>> + Send;

    /// Lists the conversations of some projects in which somebody told how to be reached, newest first.
    fn leads_before(
        &self,
        workspace: WorkspaceId,
        projects: &[ProjectId],
        before: Option<ConversationId>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Conversation>>> + Send;

    /// Reads the first message of each conversation, in their order; `None` where nothing was said.
    fn first_messages(
        &self,
        references: &[ConversationRef],
    ) -> impl Future<Output = Result<Vec<Option<Message>>>> + Send;

    /// Reads messages with a greater `seq`, ascending.
    fn messages_after(
        &self,
        reference: &ConversationRef,
        after: u64,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Message>>> + Send;

    /// Reads the newest messages up to and including `seq`, ascending.
    fn messages_until(
        &self,
        reference: &ConversationRef,
        seq: u64,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Message>>> + Send;

    /// Reads messages for one answer: at most so many, and no more than [`crate::page::MAX_PAGE_BYTES`]
    /// of them.
    fn messages_page(
        &self,
        reference: &ConversationRef,
        side: Side,
        limit: usize,
    ) -> impl Future<Output = Result<MessagePage>> + Send;

    /// Stores a conversation without messages; one that exists stays as it is (see
    /// [`super::KeyStore::create_key`]).
    fn create_conversation(
        &self,
        conversation: &Conversation,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Stores what an operator did to a conversation whole, or says why not.
    fn advance(&self, advance: &Advance) -> impl Future<Output = Result<Advanced>> + Send;
}

/// Messages before another that are looked through for one whose reply is owed.
pub const OWED_LOOKBACK: usize = 50;

/// The two transactions of a message's life, and the claim between them.
pub trait MessageStore: Send + Sync + 'static {
    /// Stores a submission whole, or says why not. An idempotency key that was used before wins over
    /// every other reason.
    fn submit(&self, submission: &Submission) -> impl Future<Output = Result<Submitted>> + Send;

    /// Waits a moment before what lost a race for a conversation is tried anew: longer from `round` to
    /// round, and not as long as its rivals.
    fn stand_back(
        &self,
        reference: &ConversationRef,
        round: u32,
    ) -> impl Future<Output = ()> + Send;

    /// Tells what has become of the reply to a visitor's message; `None` when there is no such message.
    fn fate(
        &self,
        reference: &ConversationRef,
        seq: u64,
    ) -> impl Future<Output = Result<Option<ReplyFate>>> + Send;

    /// The oldest message before `seq` that is owed its reply, as far as it is among the newest
    /// [`OWED_LOOKBACK`] of them.
    fn owed_before(
        &self,
        reference: &ConversationRef,
        seq: u64,
    ) -> impl Future<Output = Result<Option<(u64, MessageId)>>> + Send;

    /// Claims the reply owed for a message.
    fn claim(
        &self,
        reference: &ConversationRef,
        seq: u64,
        lease: &Lease,
    ) -> impl Future<Output = Result<Claimed>> + Send;

    /// Lengthens the lease of a claimed reply to its end, and has the sweep look after it no sooner than
    /// `due`; `false` when the lease is not the holder's any more, or the reply is settled.
    fn prolong(
        &self,
        reference: &ConversationRef,
        seq: u64,
        lease: &Lease,
        due: Timestamp,
    ) -> impl Future<Output = Result<bool>> + Send;

    /// Settles a claimed reply whole, or says why not.
    fn settle(&self, settlement: &Settlement) -> impl Future<Output = Result<Settled>> + Send;
}

/// Deliveries.
pub trait DeliveryStore: Send + Sync + 'static {
    /// Stores a delivery that no reply brings with it (a test, say); one that exists stays as it is.
    fn create_delivery(
        &self,
        delivery: &Delivery,
        due: Timestamp,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Reads a delivery.
    fn delivery(
        &self,
        workspace: WorkspaceId,
        id: DeliveryId,
    ) -> impl Future<Output = Result<Option<Delivery>>> + Send;

    /// Lists deliveries, newest first; a rare filter may answer a short page with a next position.
    fn deliveries(
        &self,
        workspace: WorkspaceId,
        filter: &DeliveryFilter,
        before: Option<DeliveryId>,
        limit: Limit,
    ) -> impl Future<Output = Result<Page<Delivery>>> + Send;

    /// Claims a pending delivery that is due.
    fn claim_delivery(
        &self,
        workspace: WorkspaceId,
        id: DeliveryId,
        lease: &Lease,
    ) -> impl Future<Output = Result<DeliveryClaim>> + Send;

    /// Records what came of a claimed delivery; `false` when the lease was lost.
    fn record_delivery(
        &self,
        workspace: WorkspaceId,
        id: DeliveryId,
        fence: u64,
        update: &DeliveryUpdate,
    ) -> impl Future<Output = Result<bool>> + Send;

    /// Puts a pending delivery off that nobody is at and nobody asked for, to its next attempt and the
    /// moment it is due for the sweep; `false` when it is not such a one, or not due yet.
    fn hold_back_delivery(
        &self,
        workspace: WorkspaceId,
        id: DeliveryId,
        now: Timestamp,
        next_and_due: (Timestamp, Timestamp),
    ) -> impl Future<Output = Result<bool>> + Send;

    /// Closes a pending delivery as cancelled; `false` when it is not pending, or a worker is at it.
    fn cancel_delivery(
        &self,
        workspace: WorkspaceId,
        id: DeliveryId,
        now: Timestamp,
    ) -> impl Future<Output = Result<bool>> + Send;

    /// Makes a closed delivery pending again, due now; a pending one is made due now. `false` when
    /// there is none.
    fn reopen_delivery(
        &self,
        workspace: WorkspaceId,
        id: DeliveryId,
        now: Timestamp,
        due: Timestamp,
    ) -> impl Future<Output = Result<bool>> + Send;
}

/// What is owed: replies and deliveries that a queue should be carrying.
pub trait OutboxStore: Send + Sync + 'static {
    /// How many shards the index of owed things has.
    fn owed_shards(&self) -> u8;

    /// Lists the marks that have been due in one shard, oldest first, behind `after`; fewer than `limit`
    /// are the last.
    fn marked(
        &self,
        shard: u8,
        now: Timestamp,
        after: Option<&OwedMark>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<OwedMark>>> + Send;

    /// Reads what is owed behind these marks, in their order; what is paid by now, or cannot be read, is
    /// left out.
    fn owed(
        &self,
        marks: &[OwedMark],
        now: Timestamp,
    ) -> impl Future<Output = Result<Vec<Owed>>> + Send;

    /// Moves the moment that something is due, which is no later than `seen`; `false` when it is no longer
    /// owed, or was moved on by another since.
    fn postpone(
        &self,
        item: &OwedItem,
        seen: Timestamp,
        due: Timestamp,
    ) -> impl Future<Output = Result<bool>> + Send;
}
