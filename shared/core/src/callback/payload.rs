//! The body of a callback, in the order of the document's sample.

use jiff::Timestamp;
use serde::Serialize;

use super::Event;
use crate::id::{DeliveryId, MessageId};
use crate::message::Message;

/// What an event has to say; absent fields are left out of the body.
#[derive(Debug, Clone, Default)]
pub struct Payload<'a> {
    /// The message that the event is, for replies.
    pub message: Option<PayloadMessage<'a>>,
    /// The visitor's message that the event is about, for failures and handoffs.
    pub message_id: Option<MessageId>,
    /// Why.
    pub reason: Option<&'a str>,
    /// What a human should know.
    pub summary: Option<&'a str>,
    /// The end user.
    pub external_user_id: Option<&'a str>,
    /// How the end user was verified.
    pub method: Option<&'a str>,
}

/// A reply inside a payload.
#[derive(Debug, Clone)]
pub struct PayloadMessage<'a> {
    message: &'a Message,
}

impl<'a> PayloadMessage<'a> {
    /// Shows a message.
    pub fn of(message: &'a Message) -> Self {
        Self { message }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    event: &'static str,
    // Present and null for account events, absent never: receivers route by it.
    conversation_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<MessageId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    visibility: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_user_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'a str>,
    powered_by: &'a str,
    timestamp: String,
    delivery_id: DeliveryId,
}

/// What the envelope of every callback holds.
#[derive(Debug, Clone, Copy)]
pub struct Envelope<'a> {
    /// The event.
    pub event: Event,
    /// The integrator's conversation id; `None` for account events.
    pub conversation: Option<&'a str>,
    /// What the deployment calls itself.
    pub powered_by: &'a str,
    /// When it happened.
    pub at: Timestamp,
    /// The delivery.
    pub delivery: DeliveryId,
}

impl Payload<'_> {
    /// Renders the bytes that every attempt will send.
    pub fn render(&self, envelope: Envelope<'_>) -> String {
        let message = self.message.as_ref().map(|shown| shown.message);
        let body = Body {
            event: envelope.event.as_str(),
            conversation_id: envelope.conversation,
            message_id: message.map(|message| message.id).or(self.message_id),
            seq: message.map(|message| message.seq),
            content: message.map(|message| message.content.as_str()),
            visibility: message.map(|message| message.visibility.as_str()),
            agent_name: message.and_then(|message| message.agent_name.as_deref()),
            reason: self.reason,
            summary: self.summary,
            external_user_id: self.external_user_id,
            method: self.method,
            powered_by: envelope.powered_by,
            timestamp: crate::time::millis(envelope.at),
            delivery_id: envelope.delivery,
        };
        serde_json::to_string(&body).unwrap_or_default()
    }
}
