//! The webhooks of Aivastark: `{id,type,created_at,project_id,data}`.

use aiva_core::callback::Event;
use aiva_core::contact::Phone;
use aiva_core::id::{OccasionId, ProjectId};
use aiva_core::identity::EmailAddress;
use aiva_core::message;
use aiva_core::time;
use aiva_core::webhook::{Fact, Telling};
use serde::Serialize;
use serde_json::{Value, json};

use super::wire::share;

#[derive(Serialize)]
struct Body {
    id: OccasionId,
    #[serde(rename = "type")]
    kind: &'static str,
    created_at: String,
    project_id: ProjectId,
    data: Value,
}

pub(crate) fn render(telling: &Telling<'_>) -> Option<(Event, String)> {
    let (event, data) = match telling.fact {
        Fact::HandedOff { scene, reason, summary, .. } => (
            Event::ConversationEscalated,
            json!({
                "conversation_id": scene.conversation.id,
                "session_id": scene.conversation.reference.external.as_str(),
                "reason": reason,
                "summary": summary,
            }),
        ),
        Fact::LeadCaptured { scene } => (
            Event::LeadCaptured,
            json!({
                "conversation_id": scene.conversation.id,
                "session_id": scene.conversation.reference.external.as_str(),
                "name": scene.person.details.name.as_ref().map(ToString::to_string),
                "email": scene.person.details.email.as_ref().map(EmailAddress::as_str),
                "phone": scene.person.details.phone.as_ref().map(Phone::as_str),
                "page_url": scene.conversation.person.page_url,
            }),
        ),
        Fact::KnowledgeUpdated { source } => (
            Event::KnowledgeUpdated,
            json!({
                "source_id": source.id,
                "type": source.kind,
                "title": source.title,
                "status": source.status,
                "chunks": source.chunks,
            }),
        ),
        Fact::UnsureReply { scene, question, reply } => (
            Event::LowConfidenceDetected,
            json!({
                "conversation_id": scene.conversation.id,
                "session_id": scene.conversation.reference.external.as_str(),
                "message": question.content.as_str(),
                "confidence": message::confidence(reply).map(share),
            }),
        ),
        Fact::Test => (Event::TestPing, json!({})),
        Fact::ConversationStarted { .. }
        | Fact::MessageReceived { .. }
        | Fact::Replied { .. }
        | Fact::AgentReplied { .. }
        | Fact::TakenOver { .. }
        | Fact::Resolved { .. }
        | Fact::GenerationFailed { .. }
        | Fact::ContactCreated { .. }
        | Fact::ContactUpdated { .. }
        | Fact::Verified { .. } => return None,
    };
    let body = Body {
        id: telling.occasion,
        kind: event.as_str(),
        created_at: time::seconds(telling.at),
        project_id: telling.project,
        data,
    };
    Some((event, serde_json::to_string(&body).ok()?))
}
