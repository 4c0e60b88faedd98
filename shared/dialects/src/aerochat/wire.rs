//! What goes over the wire.

use aiva_core::contact::{Phone, Profile};
use aiva_core::conversation::ConversationView;
use aiva_core::id::{ContactId, ConversationId, MessageId};
use aiva_core::identity::EmailAddress;
use aiva_core::message::{self, Asked, Message, Outcome, Sender, SkipReason};
use aiva_core::page::Limit;
use aiva_core::time;
use serde::Serialize;

/// The answer to a message.
#[derive(Debug, Serialize)]
pub(super) struct Sent {
    conversation_id: ConversationId,
    contact_id: ContactId,
    message_id: MessageId,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply: Option<Text>,
    intent: &'static str,
    language: &'static str,
    created_at: String,
}

#[derive(Debug, Serialize)]
struct Text {
    text: String,
}

impl Sent {
    /// What came of a message with this text. It depends on nothing that happened later, so that a
    /// replayed request is answered alike.
    pub(super) fn new(asked: &Asked, said: &str, contact_id: ContactId) -> Self {
        let (status, reply) = match &asked.outcome {
            // The reply that hands over is in the conversation, and a human goes on: there is none here.
            Outcome::Replied { handed_over: true, .. } => ("queued_for_agent", None),
            Outcome::Replied { reply, .. } => {
                ("bot", Some(Text { text: reply.content.as_str().to_owned() }))
            }
            Outcome::Silent { reason: SkipReason::HumanOwned, .. } => ("queued_for_agent", None),
            Outcome::Silent {
                reason: SkipReason::ConversationResolved | SkipReason::AiDisabled,
                ..
            }
            | Outcome::Failed
            | Outcome::Slow => ("unavailable", None),
        };
        Self {
            conversation_id: asked.receipt.conversation,
            contact_id,
            message_id: asked.receipt.message,
            status,
            reply,
            intent: message::intent_of(said).as_str(),
            language: message::language_of(said),
            created_at: time::seconds(asked.receipt.message.timestamp()),
        }
    }
}

/// A contact.
#[derive(Debug, Serialize)]
pub(super) struct Contact {
    contact_id: ContactId,
    name: String,
    email: Option<String>,
    phone: Option<String>,
    channel: &'static str,
    source: &'static str,
    created_at: String,
    last_seen: String,
}

impl From<&Profile> for Contact {
    fn from(profile: &Profile) -> Self {
        let details = &profile.details;
        Self {
            contact_id: profile.id,
            name: profile.name(),
            email: details.email.as_ref().map(EmailAddress::as_str).map(str::to_owned),
            phone: details.phone.as_ref().map(Phone::as_str).map(str::to_owned),
            channel: channel(profile.source),
            source: profile.source.as_str(),
            created_at: time::seconds(profile.created_at),
            last_seen: time::seconds(profile.last_seen),
        }
    }
}

/// Where a conversation happens: a widget stands on the web.
pub(super) fn channel(source: aiva_core::conversation::Source) -> &'static str {
    match source {
        aiva_core::conversation::Source::Api => "api",
        aiva_core::conversation::Source::Widget => "web",
    }
}

/// Messages of a conversation, oldest first.
#[derive(Debug, Serialize)]
pub(super) struct MessagePage {
    conversation_id: ConversationId,
    messages: Vec<MessageRow>,
    paging: Paging,
}

#[derive(Debug, Serialize)]
struct Paging {
    page: u32,
    limit: usize,
    total: u64,
    has_more: bool,
}

#[derive(Debug, Serialize)]
struct MessageRow {
    message_id: MessageId,
    direction: &'static str,
    author: Author,
    text: String,
    attachments: [(); 0],
    #[serde(skip_serializing_if = "Option::is_none")]
    intent: Option<&'static str>,
    language: &'static str,
    created_at: String,
}

#[derive(Debug, Serialize)]
struct Author {
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

impl MessagePage {
    /// One page; the bot goes by the name of the brand.
    pub(super) fn new(view: &ConversationView, (page, limit): (u32, Limit), brand: &str) -> Self {
        let total = view.conversation.seq;
        let end = u64::from(page) * limit.get() as u64;
        let messages = view.messages.iter().map(|message| MessageRow::new(message, brand));
        Self {
            conversation_id: view.conversation.id,
            messages: messages.collect(),
            paging: Paging { page, limit: limit.get(), total, has_more: end < total },
        }
    }
}

impl MessageRow {
    fn new(message: &Message, brand: &str) -> Self {
        let text = message.content.as_str();
        let (direction, kind, name) = match message.sender {
            Sender::Visitor => ("inbound", "customer", None),
            Sender::Ai => ("outbound", "bot", Some(brand.to_owned())),
            Sender::Agent => ("outbound", "agent", message.agent_name.clone()),
        };
        let asked = message.sender == Sender::Visitor;
        Self {
            message_id: message.id,
            direction,
            author: Author { r#type: kind, name },
            text: text.to_owned(),
            attachments: [],
            intent: asked.then(|| message::intent_of(text).as_str()),
            language: message::language_of(text),
            created_at: time::seconds(message.created_at),
        }
    }
}
