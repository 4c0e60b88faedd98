//! What every dialect says of what happens, against the samples of their documents.

use std::collections::{BTreeMap, BTreeSet};

use aiva_core::callback::Event;
use aiva_core::contact::{Details, Person, Phone, Profile, id_of};
use aiva_core::conversation::{Conversation, ConversationRef, ConversationStatus, Owner, Source};
use aiva_core::dialect::Dialect;
use aiva_core::identity::EmailAddress;
use aiva_core::message::{Message, Sender, Visibility};
use aiva_core::text::{Content, ExternalId, Label};
use aiva_core::webhook::{Fact, KnowledgeFact, Listener, Redaction, Scene, Telling, Unasked};
use aiva_dialects::telling::render;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::described::Documents;

const ZEROS: &str = "00000000000000000000000000";
const AT: &str = "2026-06-16T10:00:00Z";

fn at() -> Timestamp {
    AT.parse().unwrap()
}

fn conversation() -> Conversation {
    Conversation {
        id: format!("cv_{ZEROS}").parse().unwrap(),
        reference: ConversationRef {
            workspace: format!("ws_{ZEROS}").parse().unwrap(),
            project: format!("pr_{ZEROS}").parse().unwrap(),
            external: ExternalId::parse("id", "sess_abc123").unwrap(),
        },
        owner: Owner::Ai,
        status: ConversationStatus::Open,
        seq: 2,
        version: 2,
        pending_replies: 0,
        last_key: None,
        last_user: None,
        person: Person::default(),
        told: Vec::new(),
        source: Source::Api,
        said_at: at(),
        low_confidence_turns: 0,
        human_seq: 0,
        created_at: at(),
        updated_at: at(),
    }
}

fn message(sender: Sender, text: &str) -> Message {
    Message {
        id: format!("msg_{ZEROS}").parse().unwrap(),
        seq: 1,
        sender,
        content: Content::parse("content", text).unwrap(),
        visibility: Visibility::Public,
        user: None,
        agent_name: (sender == Sender::Agent).then(|| "Sarah".to_owned()),
        background: None,
        citations: Vec::new(),
        confidence: None,
        created_at: at(),
    }
}

fn told(dialect: Dialect, redaction: Redaction, fact: &Fact<'_>) -> Option<(Event, Value)> {
    let telling = Telling {
        listener: Listener { dialect, redaction, number: 1 },
        occasion: format!("evt_{ZEROS}").parse().unwrap(),
        delivery: format!("dl_{ZEROS}").parse().unwrap(),
        at: at(),
        project: format!("pr_{ZEROS}").parse().unwrap(),
        brand: "Acme Support",
        powered_by: "Assistify",
        fact,
    };
    let (event, body) = render(&telling)?;
    Some((event, serde_json::from_str(&body).unwrap()))
}

fn jane(conversation: &Conversation) -> Profile {
    Profile {
        id: id_of(conversation.id),
        details: Details {
            name: Some(Label::parse("name", "Jane Doe").unwrap()),
            email: Some(EmailAddress::parse("email", "jane@example.com").unwrap()),
            phone: None::<Phone>,
        },
        source: Source::Api,
        created_at: at(),
        last_seen: at(),
    }
}

/// Gives every fact to `each`, under a name.
fn with_facts(mut each: impl FnMut(&str, &Fact<'_>)) {
    let conversation = &conversation();
    let person = &jane(conversation);
    let guest = &Profile { details: Details::default(), ..person.clone() };
    let (known, scene) = (Scene { conversation, person }, Scene { conversation, person: guest });
    let question = &message(Sender::Visitor, "where is my order? mail jane@example.com");
    let reply = &message(Sender::Ai, "Your order #123 ships tomorrow.");
    let said = &message(Sender::Agent, "Call me: +1 555 123 4567");
    let source = KnowledgeFact {
        id: format!("src_{ZEROS}").parse().unwrap(),
        kind: "url",
        title: "Getting started",
        status: "ready",
        chunks: 7,
    };
    let user = &ExternalId::parse("user", "user-93").unwrap();
    let named = Some(&conversation.reference.external);
    let (reason, summary, method) = ("user_request", "2 messages so far.", "magic_link");
    let (nobody, last) = (Unasked { last: None }, Unasked { last: Some(question) });
    for (name, fact) in [
        ("started", Fact::ConversationStarted { scene }),
        ("received", Fact::MessageReceived { scene, message: question }),
        ("replied", Fact::Replied { scene, question, reply }),
        ("unsure", Fact::UnsureReply { scene, question, reply }),
        ("agent replied", Fact::AgentReplied { scene, reply: said }),
        ("handed off", Fact::HandedOff { scene, message: question, reason, summary }),
        ("taken over", Fact::TakenOver { scene, agent: "Sarah", unasked: None }),
        ("taken over unasked", Fact::TakenOver { scene, agent: "Sarah", unasked: Some(last) }),
        ("taken over in silence", Fact::TakenOver { scene, agent: "Sarah", unasked: Some(nobody) }),
        ("resolved", Fact::Resolved { scene }),
        ("failed", Fact::GenerationFailed { scene, message: question.id, reason: "no" }),
        ("lead", Fact::LeadCaptured { scene: known }),
        ("knowledge", Fact::KnowledgeUpdated { source }),
        ("contact", Fact::ContactCreated { scene: known }),
        ("guest", Fact::ContactCreated { scene }),
        ("contact changed", Fact::ContactUpdated { scene: known, changed: &["name", "email"] }),
        ("verified", Fact::Verified { scene: Some(scene), conversation: None, user, method }),
        ("verified ahead", Fact::Verified { scene: None, conversation: named, user, method }),
        ("test", Fact::Test),
    ] {
        each(name, &fact);
    }
}

/// The data of every event that a dialect tells, by the fact's name, after its envelope was checked.
fn all_of(
    dialect: Dialect,
    redaction: Redaction,
    envelope: fn(&str, &Value) -> Value,
) -> BTreeMap<String, (Event, Value)> {
    let mut all = BTreeMap::new();
    with_facts(|name, fact| {
        let Some((event, body)) = told(dialect, redaction, fact) else { return };
        let known = Event::of_dialect(dialect).contains(&event) || event == Event::TestPing;
        assert!(known, "{name}: nobody can subscribe to {}", event.as_str());
        let data = body["data"].clone();
        assert_eq!(body, envelope(event.as_str(), &data), "{name}");
        all.insert(name.to_owned(), (event, data));
    });
    let told: BTreeSet<Event> = all.values().map(|(event, _)| *event).collect();
    for event in Event::of_dialect(dialect) {
        assert!(told.contains(event), "nothing tells {}", event.as_str());
    }
    all
}

#[test]
fn aivastark_tells_its_four_events_in_its_envelope() {
    let all = all_of(Dialect::Aivastark, Redaction::Passthrough, |event, data| {
        json!({ "id": format!("evt_{ZEROS}"), "type": event, "created_at": AT,
            "project_id": format!("pr_{ZEROS}"), "data": data })
    });
    let (cv, session) = (format!("cv_{ZEROS}"), "sess_abc123");
    assert_eq!(
        all["handed off"].1,
        json!({ "conversation_id": cv, "session_id": session, "reason": "user_request",
            "summary": "2 messages so far." })
    );
    assert_eq!(
        all["lead"].1,
        json!({ "conversation_id": cv, "session_id": session, "name": "Jane Doe",
            "email": "jane@example.com", "phone": null, "page_url": null })
    );
    assert_eq!(
        all["knowledge"].1,
        json!({ "source_id": format!("src_{ZEROS}"), "type": "url", "title": "Getting started",
            "status": "ready", "chunks": 7 })
    );
    assert_eq!(
        all["unsure"].1,
        json!({ "conversation_id": cv, "session_id": session, "confidence": 0.0,
            "message": "where is my order? mail jane@example.com" })
    );
}

#[test]
fn asyntai_tells_its_four_events_in_its_envelope() {
    let all = all_of(
        Dialect::Asyntai,
        Redaction::Passthrough,
        |event, data| json!({ "id": format!("evt_{ZEROS}"), "event": event, "timestamp": AT, "data": data }),
    );
    let session = "sess_abc123";
    assert_eq!(
        all["replied"].1,
        json!({ "session_id": session, "website_id": 1,
            "message": "where is my order? mail jane@example.com",
            "response": "Your order #123 ships tomorrow." })
    );
    assert_eq!(
        all["started"].1,
        json!({ "session_id": session, "website_id": 1, "source": "api", "started_at": AT })
    );
    assert_eq!(all["handed off"].1["reason"], "user_request");
    assert_eq!(
        all["taken over"].1,
        json!({ "session_id": session, "website_id": 1, "agent_name": "Sarah" })
    );
}

fn aerochat(event: &str, data: &Value) -> Value {
    json!({ "id": format!("evt_{ZEROS}"), "type": event, "created_at": AT, "data": data })
}

#[test]
fn aerochat_tells_its_six_events_with_the_fields_of_its_document() {
    let all = all_of(Dialect::Aerochat, Redaction::Passthrough, aerochat);
    let (cv, ct) = (format!("cv_{ZEROS}"), format!("ct_{ZEROS}"));
    let message = |direction, author: Value, text| {
        json!({ "message_id": format!("msg_{ZEROS}"), "conversation_id": cv, "contact_id": ct,
            "channel": "api", "direction": direction, "author": author, "text": text,
            "language": "en", "created_at": AT })
    };
    let customer = json!({ "type": "customer" });
    let inbound = message("inbound", customer, "where is my order? mail jane@example.com");
    assert_eq!(all["received"], (Event::MessageInbound, inbound));
    let bot = json!({ "type": "bot", "name": "Acme Support" });
    let mut outbound = message("outbound", bot, "Your order #123 ships tomorrow.");
    outbound["intent"] = json!("order_status");
    assert_eq!(all["replied"], (Event::MessageOutbound, outbound));
    let agent = json!({ "type": "agent", "name": "Sarah" });
    let by_agent = message("outbound", agent, "Call me: +1 555 123 4567");
    assert_eq!(all["agent replied"], (Event::MessageOutbound, by_agent));
    let who = json!({ "conversation_id": cv, "contact_id": ct, "contact_name": "Guest000000" });
    assert_eq!(all["resolved"], (Event::ConversationResolved, who.clone()));
    let mut escalated = who;
    escalated["trigger_message"] = json!({ "text": "where is my order? mail jane@example.com" });
    escalated["assigned_agent"] = Value::Null;
    assert_eq!(all["handed off"], (Event::ConversationEscalated, escalated.clone()));
    let mut taken = escalated;
    taken["assigned_agent"] = json!({ "name": "Sarah" });
    assert_eq!(all["taken over unasked"], (Event::ConversationEscalated, taken.clone()));
    taken["trigger_message"] = Value::Null;
    assert_eq!(all["taken over in silence"], (Event::ConversationEscalated, taken));
    assert!(!all.contains_key("taken over"), "it was told when it was handed off");
    assert_eq!(
        all["contact"].1,
        json!({ "contact_id": ct, "name": "Jane Doe", "phone": null,
            "email": "jane@example.com", "channel": "api", "source": "api", "geo": null,
            "created_at": AT, "updated_at": AT })
    );
    assert_eq!(
        (&all["guest"].1["name"], &all["guest"].1["email"]),
        (&json!("Guest000000"), &Value::Null)
    );
    assert_eq!(
        all["contact changed"].1,
        json!({ "contact_id": ct, "changed_fields": ["name", "email"],
            "name": "Jane Doe", "email": "jane@example.com", "phone": null, "channel": "api",
            "updated_at": AT })
    );
}

#[test]
fn a_strict_subscription_of_aerochat_never_holds_an_address_or_a_number() {
    let all = all_of(Dialect::Aerochat, Redaction::Strict, aerochat);
    for (name, (_, data)) in &all {
        let text = data.to_string();
        assert!(!text.contains("jane@") && !text.contains("555"), "{name}: {text}");
    }
    assert_eq!(all["received"].1["text"], "where is my order? mail [redacted]");
    assert_eq!(all["agent replied"].1["text"], "Call me: [redacted]");
    assert_eq!(
        all["handed off"].1["trigger_message"]["text"],
        "where is my order? mail [redacted]"
    );
    assert_eq!(all["contact"].1["email"], "[redacted]");
    assert_eq!(all["contact"].1["phone"], Value::Null);
    // Ids and times are no numbers of a phone.
    assert_eq!(all["received"].1["message_id"], format!("msg_{ZEROS}"));
    assert_eq!(all["received"].1["created_at"], AT);
}

#[test]
fn a_strict_subscription_never_holds_what_is_known_of_its_person() {
    let mut conversation = conversation();
    conversation.person.details.phone = Some(Phone::parse("phone", "12345").unwrap());
    let person = &jane(&conversation);
    let scene = Scene { conversation: &conversation, person };
    let text = "is order 12345 for JANE@example.com?";
    let fact = Fact::MessageReceived { scene, message: &message(Sender::Visitor, text) };
    let told = |redaction| told(Dialect::Aerochat, redaction, &fact).unwrap().1["data"].clone();
    assert_eq!(told(Redaction::Strict)["text"], "is order [redacted] for [redacted]?");
    assert_eq!(told(Redaction::Passthrough)["text"], text);
}

#[test]
fn the_native_events_of_a_project_read_like_the_callbacks_of_a_key() {
    let mut told_events = BTreeSet::new();
    with_facts(|name, fact| {
        let Some((event, body)) = told(Dialect::Aiva, Redaction::Passthrough, fact) else { return };
        assert_eq!(body["event"], event.as_str(), "{name}");
        assert_eq!(body["deliveryId"], format!("dl_{ZEROS}"));
        assert_eq!(body["poweredBy"], "Assistify");
        let conversation =
            if event == Event::TestPing { json!(null) } else { json!("sess_abc123") };
        assert_eq!(body["conversationId"], conversation, "{name}");
        if event == Event::IdentityVerified {
            assert_eq!(
                (&body["externalUserId"], &body["method"]),
                (&json!("user-93"), &json!("magic_link"))
            );
        }
        told_events.insert(event);
    });
    for event in Event::of_dialect(Dialect::Aiva) {
        assert!(told_events.contains(event), "nothing tells {}", event.as_str());
    }
}

#[test]
fn what_is_told_is_what_the_documents_describe_field_by_field() {
    let mut documents = Documents::read();
    for (dialect, redaction) in [
        (Dialect::Aiva, Redaction::Passthrough),
        (Dialect::Aivastark, Redaction::Passthrough),
        (Dialect::Aerochat, Redaction::Passthrough),
        (Dialect::Aerochat, Redaction::Strict),
        (Dialect::Asyntai, Redaction::Passthrough),
    ] {
        let mut checked = 0;
        with_facts(|name, fact| {
            let Some((event, body)) = told(dialect, redaction, fact) else { return };
            let place = "post/requestBody/content/application~1json/schema";
            let schema = format!("/webhooks/{}/{place}", event.as_str());
            let outcome = documents.check(dialect.as_str(), &schema, &body);
            assert_eq!(outcome, Ok(()), "{} {name}", dialect.as_str());
            checked += 1;
        });
        assert!(checked > Event::of_dialect(dialect).len(), "{}: {checked}", dialect.as_str());
    }
}

#[test]
fn aksita_has_no_webhooks() {
    assert!(Event::of_dialect(Dialect::Aksita).is_empty());
    with_facts(|name, fact| {
        assert_eq!(told(Dialect::Aksita, Redaction::Passthrough, fact), None, "{name}");
    });
}
