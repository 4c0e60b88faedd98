//! The conversation: who owns it, whether it is open, and how far it has come.

use jiff::Timestamp;

use crate::id::{ConversationId, ProjectId, WorkspaceId};
use crate::key::KeyId;
use crate::text::ExternalId;

mod list;
mod read;

pub use list::{ConversationFilter, list};
pub use read::{ConversationView, find, read};

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
    /// Answers of low confidence in a row.
    pub low_confidence_turns: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
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
