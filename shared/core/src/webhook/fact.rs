//! What can happen that somebody may have subscribed to.

use crate::contact::Profile;
use crate::conversation::Conversation;
use crate::id::{MessageId, SourceId};
use crate::message::Message;
use crate::text::ExternalId;

/// Where something happened.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// The conversation, as it stands afterwards.
    pub conversation: &'a Conversation,
    /// The person in it, as known afterwards.
    pub person: &'a Profile,
}

/// What happened, with what there is to say of it. Every dialect says each of these in its own words,
/// or not at all; a new one is met by an exhaustive match in each.
#[derive(Debug, Clone)]
pub enum Fact<'a> {
    /// The first message of a conversation came.
    ConversationStarted {
        /// Where.
        scene: Scene<'a>,
    },
    /// A visitor wrote.
    MessageReceived {
        /// Where.
        scene: Scene<'a>,
        /// What was written.
        message: &'a Message,
    },
    /// The agent answered a visitor's message.
    Replied {
        /// Where.
        scene: Scene<'a>,
        /// What was asked.
        question: &'a Message,
        /// What was answered.
        reply: &'a Message,
    },
    /// The agent's answer rests on nothing that it knows.
    UnsureReply {
        /// Where.
        scene: Scene<'a>,
        /// What was asked.
        question: &'a Message,
        /// What was answered.
        reply: &'a Message,
    },
    /// A human agent wrote.
    AgentReplied {
        /// Where.
        scene: Scene<'a>,
        /// What was written.
        reply: &'a Message,
    },
    /// The conversation was handed to humans.
    HandedOff {
        /// Where.
        scene: Scene<'a>,
        /// The visitor's message that caused it.
        message: &'a Message,
        /// Why.
        reason: &'a str,
        /// What a human should know.
        summary: &'a str,
    },
    /// A human agent took the conversation over.
    TakenOver {
        /// Where.
        scene: Scene<'a>,
        /// Who.
        agent: &'a str,
        /// The visitor's last message, where nothing had handed the conversation to humans before.
        unasked: Option<Unasked<'a>>,
    },
    /// The conversation was closed.
    Resolved {
        /// Where.
        scene: Scene<'a>,
    },
    /// A reply will never come.
    GenerationFailed {
        /// Where.
        scene: Scene<'a>,
        /// The visitor's message.
        message: MessageId,
        /// Why.
        reason: &'a str,
    },
    /// A person left a way to be reached, the first in this conversation.
    LeadCaptured {
        /// Where; the person has the way.
        scene: Scene<'a>,
    },
    /// A contact appeared.
    ContactCreated {
        /// Where.
        scene: Scene<'a>,
    },
    /// A contact's name, address or number changed, or two contacts turned out to be one.
    ContactUpdated {
        /// Where.
        scene: Scene<'a>,
        /// Which fields.
        changed: &'a [&'static str],
    },
    /// An end user proved who they are.
    Verified {
        /// Where the proof was asked for, if in a conversation.
        scene: Option<Scene<'a>>,
        /// The conversation that the integrator named, even if nothing was said in it yet.
        conversation: Option<&'a ExternalId>,
        /// The end user.
        user: &'a ExternalId,
        /// How.
        method: &'a str,
    },
    /// A source of knowledge changed its state.
    KnowledgeUpdated {
        /// The source.
        source: KnowledgeFact<'a>,
    },
    /// Somebody tests the endpoint.
    Test,
}

impl<'a> Fact<'a> {
    /// Where it happened, if in a conversation.
    pub fn scene(&self) -> Option<Scene<'a>> {
        match self {
            Self::ConversationStarted { scene }
            | Self::MessageReceived { scene, .. }
            | Self::Replied { scene, .. }
            | Self::UnsureReply { scene, .. }
            | Self::AgentReplied { scene, .. }
            | Self::HandedOff { scene, .. }
            | Self::TakenOver { scene, .. }
            | Self::Resolved { scene }
            | Self::GenerationFailed { scene, .. }
            | Self::LeadCaptured { scene }
            | Self::ContactCreated { scene }
            | Self::ContactUpdated { scene, .. } => Some(*scene),
            Self::Verified { scene, .. } => *scene,
            Self::KnowledgeUpdated { .. } | Self::Test => None,
        }
    }

    /// The integrator's id of the conversation that it happened in, or belongs to.
    pub fn conversation(&self) -> Option<&'a ExternalId> {
        let named = match self {
            Self::Verified { conversation, .. } => *conversation,
            Self::ConversationStarted { .. }
            | Self::MessageReceived { .. }
            | Self::Replied { .. }
            | Self::UnsureReply { .. }
            | Self::AgentReplied { .. }
            | Self::HandedOff { .. }
            | Self::TakenOver { .. }
            | Self::Resolved { .. }
            | Self::GenerationFailed { .. }
            | Self::LeadCaptured { .. }
            | Self::ContactCreated { .. }
            | Self::ContactUpdated { .. }
            | Self::KnowledgeUpdated { .. }
            | Self::Test => None,
        };
        self.scene().map(|scene| &scene.conversation.reference.external).or(named)
    }
}

/// What a take-over that nobody asked for is about.
#[derive(Debug, Clone, Copy)]
pub struct Unasked<'a> {
    /// The visitor's last message, if there is one near.
    pub last: Option<&'a Message>,
}

/// A source of knowledge.
#[derive(Debug, Clone, Copy)]
pub struct KnowledgeFact<'a> {
    /// Its id.
    pub id: SourceId,
    /// What it was made from: `url`, `file`, `raw`…
    pub kind: &'a str,
    /// Its title.
    pub title: &'a str,
    /// How it stands: `ready`, `failed`…
    pub status: &'a str,
    /// Passages that can be found in it.
    pub chunks: u64,
}
