//! Who subscribed in the simulated workspace, and what each must have been told in the end.

use std::collections::{BTreeMap, BTreeSet};

use aiva_core::app::App;
use aiva_core::callback::{EndpointId, Event};
use aiva_core::contact::Person;
use aiva_core::delivery::Delivery;
use aiva_core::dialect::Dialect;
use aiva_core::message::{Message, Sender};
use aiva_core::webhook::{self, CreateWebhook, Webhook};
use aiva_core::workspace::Workspace;
use serde_json::Value;

use super::invariants::{field, of_sender, question};
use super::world::{Dice, SimPorts, World};

/// What no strict subscription may hold.
const DOMAIN: &str = "@people.example.com";

/// How a visitor now and then says where mail reaches them.
pub(super) fn address(serial: usize) -> String {
    format!(". My mail is visitor-{serial}{DOMAIN}")
}

/// A third of the dialects, by the dice, each with everything it can be told; AeroChat's is strict.
pub(super) async fn subscribe(
    app: &App<SimPorts>,
    workspace: &Workspace,
    dice: &Dice,
) -> Vec<Webhook> {
    let mut webhooks = Vec::new();
    for dialect in [Dialect::Aiva, Dialect::Aivastark, Dialect::Aerochat, Dialect::Asyntai] {
        if dice.chance(67) {
            continue;
        }
        let events = Event::of_dialect(dialect);
        let command = CreateWebhook {
            dialect,
            url: format!("https://{}.example/hook", dialect.as_str()),
            events: events.iter().map(|event| event.as_str().to_owned()).collect(),
            redaction: (dialect == Dialect::Aerochat).then(|| "strict".to_owned()),
            secret: None,
        };
        let place = (workspace.id, workspace.default_project());
        let made = webhook::create(app, app, place, command).await.expect("the webhook is saved");
        webhooks.push(made.webhook);
    }
    webhooks
}

/// Every fact is recorded once for each subscription that wants it. (That what is recorded arrives, or
/// ends visibly, is asked of all deliveries alike.)
pub(super) fn every_fact_is_told(
    world: &World,
    (persons, messages): (&[Person], &[Vec<Message>]),
    (callbacks, deliveries): (&[Delivery], &[Delivery]),
) {
    let mut known = 0;
    for webhook in &world.webhooks {
        let id = EndpointId::Webhook(webhook.id);
        let own: Vec<&Delivery> = deliveries.iter().filter(|told| told.endpoint == id).collect();
        known += own.len();
        assert!(own.iter().all(|told| webhook.events.contains(&told.event)), "nobody asked for it");
        let told = Told(own);
        match webhook.dialect {
            Dialect::Aiva => as_the_callback_was(&told, callbacks),
            Dialect::Aivastark => aivastark_was_told(&told, (persons, messages), callbacks),
            Dialect::Aerochat => aerochat_was_told(&told, messages),
            Dialect::Asyntai => asyntai_was_told(&told, messages, callbacks),
            Dialect::Aksita => panic!("Aksita has no webhooks"),
        }
    }
    assert_eq!(known, deliveries.len(), "somebody unknown was told");
}

/// What one subscription was told.
struct Told<'a>(Vec<&'a Delivery>);

impl Told<'_> {
    /// A field of the data of each of these events, in order; none may be there twice.
    fn once(&self, event: Event, name: &str) -> BTreeSet<String> {
        let values: Vec<String> = self.all(event, name);
        let set: BTreeSet<String> = values.iter().cloned().collect();
        assert_eq!(set.len(), values.len(), "{} was recorded twice: {values:?}", event.as_str());
        set
    }

    fn all(&self, event: Event, name: &str) -> Vec<String> {
        let of_event = self.0.iter().filter(|told| told.event == event);
        of_event.map(|told| text(&body(told)["data"][name])).collect()
    }
}

fn body(delivery: &Delivery) -> Value {
    serde_json::from_str(&delivery.payload).expect("a payload is JSON")
}

fn text(value: &Value) -> String {
    value.as_str().expect("the field is there").to_owned()
}

fn handoffs(callbacks: &[Delivery]) -> usize {
    callbacks.iter().filter(|told| told.event == Event::ConversationHandoff).count()
}

/// The ids of messages as they stand in a payload.
fn ids<'a>(messages: impl Iterator<Item = &'a Message>) -> BTreeSet<String> {
    messages.map(|message| message.id.to_string()).collect()
}

fn as_the_callback_was(told: &Told<'_>, callbacks: &[Delivery]) {
    let count = |deliveries: &mut dyn Iterator<Item = &Delivery>| {
        let mut counts: BTreeMap<(Event, String), usize> = BTreeMap::new();
        for delivery in deliveries {
            *counts.entry((delivery.event, field(delivery, "messageId"))).or_default() += 1;
        }
        counts
    };
    let (own, keys) = (count(&mut told.0.iter().copied()), count(&mut callbacks.iter()));
    assert_eq!(
        own, keys,
        "the project's webhook and the key's callback were told different things"
    );
}

fn aerochat_was_told(told: &Told<'_>, messages: &[Vec<Message>]) {
    let inbound = told.once(Event::MessageInbound, "message_id");
    assert_eq!(inbound, ids(of_sender(messages, Sender::Visitor)));
    let outbound = told.once(Event::MessageOutbound, "message_id");
    let said = of_sender(messages, Sender::Ai).chain(of_sender(messages, Sender::Agent));
    assert_eq!(outbound, ids(said));
    let created = told.once(Event::ContactCreated, "contact_id");
    for delivery in &told.0 {
        let contact = text(&body(delivery)["data"]["contact_id"]);
        assert!(created.contains(&contact), "a contact is told of that was never created");
        let row = format!("{delivery:?} {}", delivery.payload);
        assert!(!row.contains(DOMAIN), "a strict subscription holds an address: {row}");
    }
}

fn asyntai_was_told(told: &Told<'_>, messages: &[Vec<Message>], callbacks: &[Delivery]) {
    let started = told.once(Event::ConversationStarted, "session_id");
    assert_eq!(started.len(), messages.iter().filter(|said| !said.is_empty()).count());
    let answered = told.once(Event::MessageReceived, "message");
    let expected = of_sender(messages, Sender::Ai).map(|reply| question(reply).to_owned());
    assert_eq!(answered, expected.collect());
    assert_eq!(told.all(Event::EscalationRequested, "session_id").len(), handoffs(callbacks));
}

fn aivastark_was_told(
    told: &Told<'_>,
    (persons, messages): (&[Person], &[Vec<Message>]),
    callbacks: &[Delivery],
) {
    let leads = told.once(Event::LeadCaptured, "session_id");
    let mailed = |(person, said): &(&Person, &Vec<Message>)| {
        // What another user says in the person's conversation is not the person's.
        let is_persons = |message: &&Message| message.user.is_none() || message.user == person.user;
        let visitors = said.iter().filter(|message| message.sender == Sender::Visitor);
        let mut own = visitors.filter(is_persons);
        own.any(|message| message.content.as_str().contains(DOMAIN))
    };
    assert_eq!(
        leads.len(),
        persons.iter().zip(messages).filter(mailed).count(),
        "one lead a conversation"
    );
    let unsure = told.once(Event::LowConfidenceDetected, "message");
    let answered: BTreeSet<String> =
        of_sender(messages, Sender::Ai).map(|reply| question(reply).to_owned()).collect();
    assert!(unsure.is_subset(&answered), "an answer is doubted that was never given");
    assert_eq!(told.all(Event::ConversationEscalated, "session_id").len(), handoffs(callbacks));
}
