//! The callback of a key: one endpoint, its secrets, and the events it gets.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

mod endpoint;
mod health;
mod notice;
mod payload;
mod sign;

pub use endpoint::{Endpoint, EndpointId};
pub use health::{Breaker, FAILURES_TO_OPEN, Health};
pub(crate) use notice::tell_owners;
pub(crate) use payload::Envelope;
pub use payload::{Payload, PayloadMessage};
pub use sign::{SignedHeaders, new_secret, sign};

/// Where a key's events go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Callback {
    /// The endpoint, as it was vetted when it was saved; vetted again at every connect.
    pub url: String,
    /// Secrets, newest first; at most three alive at once.
    pub secrets: Vec<CallbackSecret>,
    /// Why and since when nothing is sent, if so.
    pub disabled: Option<Disabled>,
    /// How it has been doing. Stored beside the rest, so that the two are changed independently.
    #[serde(skip)]
    pub health: Health,
}

impl Callback {
    /// Whether events are sent.
    pub fn is_enabled(&self) -> bool {
        self.disabled.is_none()
    }
}

/// One signing secret, sealed (see [`crate::ports::Vault`]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallbackSecret {
    /// The sealed text.
    pub sealed: String,
    /// When it stops signing; `None` for the current one.
    pub expires_at: Option<Timestamp>,
}

/// A callback that is switched off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disabled {
    /// Why, in a short sentence for the operator.
    pub reason: String,
    /// Since when.
    pub at: Timestamp,
}

/// The events of the native dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Event {
    /// The agent replied.
    #[serde(rename = "ai.reply")]
    AiReply,
    /// A human agent replied.
    #[serde(rename = "agent.reply")]
    AgentReply,
    /// The conversation was handed to a human.
    #[serde(rename = "conversation.handoff")]
    ConversationHandoff,
    /// The end user proved who they are.
    #[serde(rename = "identity.verified")]
    IdentityVerified,
    /// A reply will never come.
    #[serde(rename = "generation.failed")]
    GenerationFailed,
    /// A test of the endpoint.
    #[serde(rename = "test.ping")]
    TestPing,
}

impl Event {
    /// Every event.
    pub const ALL: [Self; 6] = [
        Self::AiReply,
        Self::AgentReply,
        Self::ConversationHandoff,
        Self::IdentityVerified,
        Self::GenerationFailed,
        Self::TestPing,
    ];

    /// The event's name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AiReply => "ai.reply",
            Self::AgentReply => "agent.reply",
            Self::ConversationHandoff => "conversation.handoff",
            Self::IdentityVerified => "identity.verified",
            Self::GenerationFailed => "generation.failed",
            Self::TestPing => "test.ping",
        }
    }

    /// The event with this name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.as_str() == text)
    }
}
