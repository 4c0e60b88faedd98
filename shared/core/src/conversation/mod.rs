//! The conversation: who owns it, whether it is open, and how far it has come.

use jiff::Timestamp;

use crate::contact::Person;
use crate::delivery::Delivery;
use crate::id::{ConversationId, ProjectId, WorkspaceId};
use crate::key::KeyId;
use crate::message::Message;
use crate::text::ExternalId;

mod advance;
mod create;
mod escalation;
mod hand_back;
mod leads;
mod list;
mod read;
mod reply_as_agent;
mod resolve;
mod summary;
mod take_over;
mod told;
mod wish;

pub use create::{create, minted};
pub use escalation::HandoffReason;
pub(crate) use escalation::asked_for;
pub use hand_back::hand_back;
pub use leads::leads;
pub use list::{ConversationFilter, list, recent};
pub use read::{ConversationView, find, find_anywhere, find_by_id, messages, newest, read};
pub use reply_as_agent::{AgentReply, reply_as_agent};
pub use resolve::resolve;
pub(crate) use summary::summary;
pub use take_over::take_over;
pub use told::Told;

/// Names a conversation the way its rows are found: by the integrator's own id.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ConversationRef {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The project; it is the namespace of external ids.
    pub project: ProjectId,
    /// The integrator's id, or ours in text where it was made without one.
    pub external: ExternalId,
}

/// A thread of messages with one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// Our id.
    pub id: ConversationId,
    /// Where its rows are.
    pub reference: ConversationRef,
    /// Who answers.
    pub owner: Owner,
    /// Open or resolved.
    pub status: ConversationStatus,
    /// The number of the last message; they are gapless from 1.
    pub seq: u64,
    /// Counts the changes of this row; compare-and-set guards on it, and ETags show it.
    pub version: u64,
    /// Replies that are being generated.
    pub pending_replies: u32,
    /// The key that last wrote here; events of the whole conversation go to its callback.
    pub last_key: Option<KeyId>,
    /// The end user who last wrote here, if named.
    pub last_user: Option<ExternalId>,
    /// The person in it.
    pub person: Person,
    /// Where the integrator's system last told of the people in it, newest last.
    pub told: Vec<Told>,
    /// Where the person chats.
    pub source: Source,
    /// When something was last said.
    pub said_at: Timestamp,
    /// Answers of low confidence in a row.
    pub low_confidence_turns: u32,
    /// The number of the last message that was in human hands; no reply of the agent is sent for it or
    /// for an earlier one any more.
    pub human_seq: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Conversation {
    /// A conversation in which nothing was said yet; it is not stored, so its version is 0.
    pub(crate) fn fresh(id: ConversationId, reference: ConversationRef, now: Timestamp) -> Self {
        Self {
            id,
            reference,
            owner: Owner::Ai,
            status: ConversationStatus::Open,
            seq: 0,
            version: 0,
            pending_replies: 0,
            last_key: None,
            last_user: None,
            person: Person::default(),
            told: Vec::new(),
            source: Source::default(),
            said_at: now,
            low_confidence_turns: 0,
            human_seq: 0,
            created_at: now,
            updated_at: now,
        }
    }

    /// Whether the agent's reply to the message with this number may be sent.
    pub fn ai_answers(&self, seq: u64) -> bool {
        self.owner == Owner::Ai && seq > self.human_seq
    }

    /// Puts the conversation into human hands: somebody's, or nobody's in particular yet.
    pub(crate) fn give_to_human(&mut self, agent: Option<String>) {
        self.owner = Owner::Human { agent };
        self.status = ConversationStatus::Open;
        self.low_confidence_turns = 0;
    }

    /// Puts the conversation into the agent's hands. What was said until now stays the human's.
    pub(crate) fn give_to_ai(&mut self) {
        if self.owner != Owner::Ai {
            self.owner = Owner::Ai;
            self.human_seq = self.seq;
        }
    }
}

/// What an operator does to a conversation writes in one transaction: the conversation by
/// compare-and-set on its version, a human agent's message, the events.
#[derive(Debug, Clone)]
pub struct Advance {
    /// The conversation as it will stand; `version` is one more than was read.
    pub conversation: Conversation,
    /// What a human agent says, if anything.
    pub message: Option<Message>,
    /// Events on their way, with the moment the sweep may take each that the queue lost it.
    pub deliveries: Vec<(Delivery, Timestamp)>,
}

/// What came of an [`Advance`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advanced {
    /// All of it is stored.
    Stored,
    /// The conversation moved on since it was read; nothing is stored.
    Stale,
}

/// Where a person chats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Source {
    /// In something of the integrator's own, through the API.
    #[default]
    Api,
    /// In a widget on a page.
    Widget,
}

impl Source {
    /// The source's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Widget => "widget",
        }
    }
}

/// Who answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// The agent.
    Ai,
    /// A human; the name is absent while nobody in particular took it.
    Human {
        /// The human agent's name.
        agent: Option<String>,
    },
}

impl Owner {
    /// The owner on the wire of the native dialect.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Ai => "AI",
            Self::Human { .. } => "HUMAN",
        }
    }
}

/// Whether a conversation goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConversationStatus {
    /// It goes on.
    Open,
    /// It was closed.
    Resolved,
}

impl ConversationStatus {
    /// The status on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Resolved => "resolved",
        }
    }

    /// The status with this name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Open, Self::Resolved].into_iter().find(|status| status.as_str() == text)
    }
}
