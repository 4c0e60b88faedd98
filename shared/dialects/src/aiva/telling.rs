//! The native events, for those who subscribe to a whole project instead of a key's own traffic.

use aiva_core::callback::{Envelope, Event, Payload, PayloadMessage};
use aiva_core::message::Message;
use aiva_core::webhook::{Fact, Telling};

pub(crate) fn render(telling: &Telling<'_>) -> Option<(Event, String)> {
    let (event, payload) = match telling.fact {
        Fact::Replied { reply, .. } => (Event::AiReply, said(reply)),
        Fact::AgentReplied { reply, .. } => (Event::AgentReply, said(reply)),
        Fact::HandedOff { message, reason, summary, .. } => {
            let (reason, summary) = (Some(*reason), Some(*summary));
            let payload =
                Payload { message_id: Some(message.id), reason, summary, ..Payload::default() };
            (Event::ConversationHandoff, payload)
        }
        Fact::GenerationFailed { message, reason, .. } => {
            let (message_id, reason) = (Some(*message), Some(*reason));
            (Event::GenerationFailed, Payload { message_id, reason, ..Payload::default() })
        }
        Fact::Test => (Event::TestPing, Payload::default()),
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
    let scene = telling.fact.scene();
    let envelope = Envelope {
        event,
        conversation: scene.map(|scene| scene.conversation.reference.external.as_str()),
        powered_by: telling.powered_by,
        at: telling.at,
        delivery: telling.delivery,
    };
    Some((event, payload.render(envelope)))
}

fn said(reply: &Message) -> Payload<'_> {
    Payload { message: Some(PayloadMessage::of(reply)), ..Payload::default() }
}
