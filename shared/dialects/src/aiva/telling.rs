//! What happens, in the order of the document's sample: the callbacks of keys, and webhooks of projects.

use aiva_core::callback::Event;
use aiva_core::id::{DeliveryId, MessageId};
use aiva_core::message::Message;
use aiva_core::text::ExternalId;
use aiva_core::time;
use aiva_core::webhook::{Fact, Telling};
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    event: &'static str,
    // Present and null for account events, absent never: receivers route by it.
    conversation_id: Option<&'a str>,
    #[serde(flatten)]
    said: Said<'a>,
    powered_by: &'a str,
    timestamp: String,
    delivery_id: DeliveryId,
}

/// What an event has to say; absent fields are left out of the body.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Said<'a> {
    /// Of a reply, its own; of a failure or a handoff, the visitor's.
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
}

pub(crate) fn render(telling: &Telling<'_>) -> Option<(Event, String)> {
    let (event, said) = match telling.fact {
        Fact::Replied { reply, .. } => (Event::AiReply, reply_of(reply)),
        Fact::AgentReplied { reply, .. } => (Event::AgentReply, reply_of(reply)),
        Fact::HandedOff { message, reason, summary, .. } => {
            let (message_id, reason) = (Some(message.id), Some(*reason));
            let said = Said { message_id, reason, summary: Some(summary), ..Said::default() };
            (Event::ConversationHandoff, said)
        }
        Fact::GenerationFailed { message, reason, .. } => {
            let (message_id, reason) = (Some(*message), Some(*reason));
            (Event::GenerationFailed, Said { message_id, reason, ..Said::default() })
        }
        Fact::Verified { user, method, .. } => {
            let (external_user_id, method) = (Some(user.as_str()), Some(*method));
            (Event::IdentityVerified, Said { external_user_id, method, ..Said::default() })
        }
        Fact::Test => (Event::TestPing, Said::default()),
        Fact::ConversationStarted { .. }
        | Fact::MessageReceived { .. }
        | Fact::UnsureReply { .. }
        | Fact::TakenOver { .. }
        | Fact::Resolved { .. }
        | Fact::LeadCaptured { .. }
        | Fact::KnowledgeUpdated { .. }
        | Fact::ContactCreated { .. }
        | Fact::ContactUpdated { .. } => return None,
    };
    let body = Body {
        event: event.as_str(),
        conversation_id: telling.fact.conversation().map(ExternalId::as_str),
        said,
        powered_by: telling.powered_by,
        timestamp: time::millis(telling.at),
        delivery_id: telling.delivery,
    };
    Some((event, serde_json::to_string(&body).ok()?))
}

fn reply_of(reply: &Message) -> Said<'_> {
    Said {
        message_id: Some(reply.id),
        seq: Some(reply.seq),
        content: Some(reply.content.as_str()),
        visibility: Some(reply.visibility.as_str()),
        agent_name: reply.agent_name.as_deref(),
        ..Said::default()
    }
}
