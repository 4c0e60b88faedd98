//! The webhooks of AeroChat: `{id,type,created_at,data}`, with the six events and payloads of its
//! document.
//!
//! Redaction happens here, before anything is stored or signed: no log, retry or replay of a strict
//! subscription ever holds what was taken out.

use std::borrow::Cow;

use aiva_core::callback::Event;
use aiva_core::contact::Phone;
use aiva_core::id::OccasionId;
use aiva_core::identity::EmailAddress;
use aiva_core::message::{self, Message};
use aiva_core::time;
use aiva_core::webhook::{Fact, Redaction, Scene, Telling};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::redact::{Known, REDACTED, scrubbed};
use super::wire::channel;

#[derive(Serialize)]
struct Body {
    id: OccasionId,
    #[serde(rename = "type")]
    kind: &'static str,
    created_at: String,
    data: Value,
}

pub(crate) fn render(telling: &Telling<'_>) -> Option<(Event, String)> {
    let redaction = telling.listener.redaction;
    let profile = Profile { redaction, known: Known::of(telling.fact.scene()) };
    let (event, data) = match telling.fact {
        Fact::MessageReceived { scene, message } => {
            let author = json!({ "type": "customer" });
            (Event::MessageInbound, profile.message(*scene, message, ("inbound", author)))
        }
        Fact::Replied { scene, question, reply } => {
            let author = json!({ "type": "bot", "name": profile.text(telling.brand) });
            let mut data = profile.message(*scene, reply, ("outbound", author));
            data["intent"] = message::intent_of(question.content.as_str()).as_str().into();
            (Event::MessageOutbound, data)
        }
        Fact::AgentReplied { scene, reply } => {
            let name = reply.agent_name.as_deref().map(|name| profile.text(name));
            let author = json!({ "type": "agent", "name": name });
            (Event::MessageOutbound, profile.message(*scene, reply, ("outbound", author)))
        }
        Fact::HandedOff { scene, message, .. } => {
            (Event::ConversationEscalated, profile.escalated(*scene, Some(message), None))
        }
        Fact::TakenOver { scene, agent, unasked: Some(unasked) } => {
            (Event::ConversationEscalated, profile.escalated(*scene, unasked.last, Some(agent)))
        }
        Fact::Resolved { scene } => (Event::ConversationResolved, profile.who(*scene)),
        Fact::ContactCreated { scene } => {
            (Event::ContactCreated, profile.created(*scene, telling.at))
        }
        Fact::ContactUpdated { scene, changed } => {
            (Event::ContactUpdated, profile.updated(*scene, changed, telling.at))
        }
        Fact::Test => (Event::TestPing, json!({})),
        Fact::TakenOver { unasked: None, .. }
        | Fact::ConversationStarted { .. }
        | Fact::UnsureReply { .. }
        | Fact::GenerationFailed { .. }
        | Fact::LeadCaptured { .. }
        | Fact::KnowledgeUpdated { .. }
        | Fact::Verified { .. } => return None,
    };
    let body = Body {
        id: telling.occasion,
        kind: event.as_str(),
        created_at: time::seconds(telling.at),
        data,
    };
    Some((event, serde_json::to_string(&body).ok()?))
}

/// What a subscription may be told of a person.
struct Profile {
    redaction: Redaction,
    known: Known,
}

impl Profile {
    fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.redaction {
            Redaction::Passthrough => Cow::Borrowed(text),
            Redaction::Strict => scrubbed(text, &self.known),
        }
    }

    /// An address or a number as a whole.
    fn personal<'a>(&self, text: Option<&'a str>) -> Option<&'a str> {
        match self.redaction {
            Redaction::Passthrough => text,
            Redaction::Strict => text.map(|_| REDACTED),
        }
    }

    fn message(
        &self,
        Scene { conversation, person }: Scene<'_>,
        message: &Message,
        (direction, author): (&str, Value),
    ) -> Value {
        let text = message.content.as_str();
        json!({
            "message_id": message.id,
            "conversation_id": conversation.id,
            "contact_id": person.id,
            "channel": channel(conversation.source),
            "direction": direction,
            "author": author,
            "text": self.text(text),
            "language": message::language_of(text),
            "created_at": time::seconds(message.created_at),
        })
    }

    /// Whose conversation it is.
    fn who(&self, Scene { conversation, person }: Scene<'_>) -> Value {
        json!({
            "conversation_id": conversation.id,
            "contact_id": person.id,
            "contact_name": self.text(&person.name()),
        })
    }

    fn escalated(&self, scene: Scene<'_>, asked: Option<&Message>, agent: Option<&str>) -> Value {
        let mut data = self.who(scene);
        data["trigger_message"] =
            asked.map_or(Value::Null, |asked| json!({ "text": self.text(asked.content.as_str()) }));
        data["assigned_agent"] =
            agent.map_or(Value::Null, |name| json!({ "name": self.text(name) }));
        data
    }

    fn created(&self, Scene { person, .. }: Scene<'_>, at: Timestamp) -> Value {
        json!({
            "contact_id": person.id,
            "name": self.text(&person.name()),
            "email": self.personal(person.details.email.as_ref().map(EmailAddress::as_str)),
            "phone": self.personal(person.details.phone.as_ref().map(Phone::as_str)),
            "channel": channel(person.source),
            "source": person.source.as_str(),
            "geo": null,
            "created_at": time::seconds(person.created_at),
            "updated_at": time::seconds(at),
        })
    }

    fn updated(&self, Scene { person, .. }: Scene<'_>, changed: &[&str], at: Timestamp) -> Value {
        json!({
            "contact_id": person.id,
            "changed_fields": changed,
            "name": self.text(&person.name()),
            "email": self.personal(person.details.email.as_ref().map(EmailAddress::as_str)),
            "phone": self.personal(person.details.phone.as_ref().map(Phone::as_str)),
            "channel": channel(person.source),
            "updated_at": time::seconds(at),
        })
    }
}
