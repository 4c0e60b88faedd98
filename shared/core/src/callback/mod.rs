//! The callback of a key: one endpoint, its secrets, and the events it gets.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::dialect::Dialect;

mod endpoint;
mod health;
mod notice;
mod sign;

pub use endpoint::{Endpoint, EndpointId};
pub use health::{Breaker, FAILURES_TO_OPEN, Health};
pub(crate) use notice::tell_owners;
pub use sign::{Signable, SignedHeaders, new_secret, sign};

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

    /// Since when what arose may be missing at a disabled callback: the moment of the oldest event that
    /// it did not take, which lies before the moment it was switched off.
    pub(crate) fn off_since(&self) -> Option<Timestamp> {
        let disabled = self.disabled.as_ref()?.at;
        let known = [self.health.missed_since, self.health.failing_since];
        Some(known.into_iter().flatten().fold(disabled, Timestamp::min))
    }

    /// At another URL, with a clean record; what a disabled one misses stays known.
    #[must_use]
    pub(crate) fn moved_to(self, url: String) -> Self {
        let missed_since = self.health.missed_since.filter(|_| self.disabled.is_some());
        Self { url, health: Health { missed_since, ..Health::default() }, ..self }
    }

    /// Switched on with a clean record, or off by the operator; one that is off keeps its reason.
    #[must_use]
    pub fn switched(mut self, on: bool, now: Timestamp) -> Self {
        if on {
            self.disabled = None;
            self.health = Health::default();
        } else if self.is_enabled() {
            let reason = "switched off by the operator".to_owned();
            self.disabled = Some(Disabled { reason, at: now });
        }
        self
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

macro_rules! events {
    ($($(#[$doc:meta])* $variant:ident = $text:literal),* $(,)?) => {
        /// Every event that an endpoint can get, by its name on the wire.
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        pub enum Event { $( $(#[$doc])* #[serde(rename = $text)] $variant ),* }

        impl Event {
            /// Every event.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The event's name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
        }
    };
}

events! {
    /// The agent replied (Aiva).
    AiReply = "ai.reply",
    /// A human agent replied (Aiva).
    AgentReply = "agent.reply",
    /// The conversation was handed to a human (Aiva).
    ConversationHandoff = "conversation.handoff",
    /// The end user proved who they are (Aiva).
    IdentityVerified = "identity.verified",
    /// A reply will never come (Aiva).
    GenerationFailed = "generation.failed",
    /// A test of the endpoint (all).
    TestPing = "test.ping",
    /// The conversation was handed to a human (Aivastark, AeroChat).
    ConversationEscalated = "conversation.escalated",
    /// A person left a way to be reached (Aivastark).
    LeadCaptured = "lead.captured",
    /// A source of knowledge changed its state (Aivastark).
    KnowledgeUpdated = "knowledge.updated",
    /// An answer rests on nothing (Aivastark).
    LowConfidenceDetected = "low_confidence.detected",
    /// A customer wrote (AeroChat).
    MessageInbound = "message.inbound",
    /// The bot or a human agent replied (AeroChat).
    MessageOutbound = "message.outbound",
    /// A contact appeared (AeroChat).
    ContactCreated = "contact.created",
    /// A contact changed (AeroChat).
    ContactUpdated = "contact.updated",
    /// The conversation was closed (AeroChat).
    ConversationResolved = "conversation.resolved",
    /// A visitor wrote and was answered (Asyntai).
    MessageReceived = "message.received",
    /// A conversation began (Asyntai).
    ConversationStarted = "conversation.started",
    /// The conversation was handed to a human (Asyntai).
    EscalationRequested = "escalation.requested",
    /// A human agent took over (Asyntai).
    TakeoverStarted = "takeover.started",
}

impl Event {
    /// The events that one can subscribe to in a dialect; tests go to every endpoint.
    pub const fn of_dialect(dialect: Dialect) -> &'static [Self] {
        match dialect {
            Dialect::Aiva => &[
                Self::AiReply,
                Self::AgentReply,
                Self::ConversationHandoff,
                Self::IdentityVerified,
                Self::GenerationFailed,
            ],
            Dialect::Aivastark => &[
                Self::ConversationEscalated,
                Self::LeadCaptured,
                Self::KnowledgeUpdated,
                Self::LowConfidenceDetected,
            ],
            Dialect::Aksita => &[],
            Dialect::Aerochat => &[
                Self::MessageInbound,
                Self::MessageOutbound,
                Self::ContactCreated,
                Self::ContactUpdated,
                Self::ConversationEscalated,
                Self::ConversationResolved,
            ],
            Dialect::Asyntai => &[
                Self::MessageReceived,
                Self::ConversationStarted,
                Self::EscalationRequested,
                Self::TakeoverStarted,
            ],
        }
    }

    /// The event with this name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|event| event.as_str() == text)
    }
}
