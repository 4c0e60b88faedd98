//! The webhooks of Asyntai: `{id,event,timestamp,data}`.

use aiva_core::callback::Event;
use aiva_core::id::OccasionId;
use aiva_core::time;
use aiva_core::webhook::{Fact, Telling};
use serde::Serialize;
use serde_json::{Value, json};

#[derive(Serialize)]
struct Body {
    id: OccasionId,
    event: &'static str,
    timestamp: String,
    data: Value,
}

pub(crate) fn render(telling: &Telling<'_>) -> Option<(Event, String)> {
    let website = telling.listener.number;
    let (event, data) = match telling.fact {
        Fact::Replied { scene, question, reply } => (
            Event::MessageReceived,
            json!({
                "session_id": scene.conversation.reference.external.as_str(),
                "message": question.content.as_str(),
                "response": reply.content.as_str(),
                "website_id": website,
            }),
        ),
        Fact::ConversationStarted { scene } => (
            Event::ConversationStarted,
            json!({
                "session_id": scene.conversation.reference.external.as_str(),
                "website_id": website,
                "source": scene.conversation.source.as_str(),
                "started_at": time::seconds(scene.conversation.created_at),
            }),
        ),
        Fact::HandedOff { scene, message, reason, .. } => (
            Event::EscalationRequested,
            json!({
                "session_id": scene.conversation.reference.external.as_str(),
                "website_id": website,
                "message": message.content.as_str(),
                "reason": reason,
            }),
        ),
        Fact::TakenOver { scene, agent, .. } => (
            Event::TakeoverStarted,
            json!({
                "session_id": scene.conversation.reference.external.as_str(),
                "website_id": website,
                "agent_name": agent,
            }),
        ),
        Fact::Test => (Event::TestPing, json!({ "website_id": website })),
        Fact::MessageReceived { .. }
        | Fact::UnsureReply { .. }
        | Fact::AgentReplied { .. }
        | Fact::Resolved { .. }
        | Fact::GenerationFailed { .. }
        | Fact::LeadCaptured { .. }
        | Fact::KnowledgeUpdated { .. }
        | Fact::ContactCreated { .. }
        | Fact::ContactUpdated { .. }
        | Fact::Verified { .. } => return None,
    };
    let body = Body {
        id: telling.occasion,
        event: event.as_str(),
        timestamp: time::seconds(telling.at),
        data,
    };
    Some((event, serde_json::to_string(&body).ok()?))
}
