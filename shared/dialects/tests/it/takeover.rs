//! Conversations in human hands, where one request after another is not enough: races and events.

use std::collections::BTreeMap;

use aiva_core::callback::Event;
use aiva_core::contact::Details;
use aiva_core::conversation::{self, AgentReply, Conversation, ConversationRef, Source};
use aiva_core::delivery::{Delivery, DeliveryFilter};
use aiva_core::id::{ConversationId, WorkspaceId};
use aiva_core::idempotency::Seeded;
use aiva_core::key::{self, CreateKey, KeyId};
use aiva_core::message::{Message, Sender, SubmitCommand, SubmitReceipt, SubmitStatus, submit};
use aiva_core::outbox;
use aiva_core::page::Limit;
use aiva_core::ports::{Clock, ConversationStore, DeliveryStore, Model};
use aiva_core::project::{self, AgentDraft};
use aiva_core::reply::{ModelCall, ModelError, ModelReply, ModelRequest, Stance};
use aiva_core::text::{Content, ExternalId, IdempotencyKey, Label};
use aiva_core::wallet::{self, Usage, UsageSource};
use aiva_core::workspace;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::world::{OPERATOR_TOKEN, World, request};

/// One conversation of the shop, written in with a key that has a callback.
struct Desk {
    world: World,
    shop: WorkspaceId,
    key: KeyId,
}

impl Desk {
    async fn open() -> Self {
        let world = World::new().await;
        let app = &*world.edge.app;
        let shop = world.names["shop"].parse().unwrap();
        let owner = workspace::find(&app.store, shop).await.unwrap();
        let command = CreateKey {
            name: "backend".to_owned(),
            scopes: vec!["messages:write".to_owned()],
            callback_url: Some("https://shop.example.com/".to_owned()),
            ..CreateKey::default()
        };
        let key = key::create(app, app, &owner, command).await.unwrap().key.id;
        Self { world, shop, key }
    }

    async fn after_low_confidence(turns: i64) -> Self {
        let desk = Self::open().await;
        let store = &desk.world.edge.app.store;
        let project = project::resolve(store, desk.shop, "default").await.unwrap();
        let draft = AgentDraft { low_confidence_turns: Some(turns), ..AgentDraft::default() };
        project::set_agent(store, &project, draft).await.unwrap();
        desk
    }

    fn reference(&self) -> ConversationRef {
        ConversationRef {
            workspace: self.shop,
            project: workspace::default_project(self.shop),
            external: ExternalId::parse("id", "order-1").unwrap(),
        }
    }

    async fn say(&self, content: &str) -> SubmitReceipt {
        self.world.wait(1);
        let now = self.world.edge.app.now();
        let command = SubmitCommand {
            background: None,
            details: Details::default(),
            source: Source::Api,
            minted: None,
            reference: self.reference(),
            user: None,
            content: Content::parse("content", content).unwrap(),
            idempotency: IdempotencyKey::parse("key", &now.to_string()).unwrap(),
            key: self.key,
        };
        submit(&self.world.edge.app, command, None).await.unwrap()
    }

    async fn conversation(&self) -> Conversation {
        self.world.edge.app.store.conversation(&self.reference()).await.unwrap().unwrap()
    }

    async fn messages(&self) -> Vec<Message> {
        let store = &self.world.edge.app.store;
        let messages = store.messages_after(&self.reference(), 0, 1_000).await.unwrap();
        let numbers: Vec<u64> = messages.iter().map(|message| message.seq).collect();
        assert_eq!(numbers, (1..=self.conversation().await.seq).collect::<Vec<_>>());
        messages
    }

    async fn senders(&self) -> Vec<Sender> {
        self.messages().await.iter().map(|message| message.sender).collect()
    }

    /// Every delivery, oldest first, with its body.
    async fn deliveries(&self) -> Vec<(Delivery, Value)> {
        let store = &self.world.edge.app.store;
        let filter = DeliveryFilter::default();
        let page = store.deliveries(self.shop, &filter, None, Limit::of(100)).await.unwrap();
        let parsed = page.items.into_iter().rev().map(|delivery| {
            let body = serde_json::from_str(&delivery.payload).unwrap();
            (delivery, body)
        });
        parsed.collect()
    }

    /// Balance, and what of it is held.
    async fn money(&self) -> (i64, i64) {
        let app = &self.world.edge.app;
        let store = &app.store;
        let owner = workspace::find(store, self.shop).await.unwrap();
        let project = project::resolve(store, self.shop, "default").await.unwrap();
        let view = wallet::view(store, &owner, &project, app.now()).await.unwrap();
        (view.balance.0, view.held.0)
    }

    async fn post(&self, id: ConversationId, verb: &str, body: &Value) -> (u16, Value) {
        let path = format!("/admin/v1/workspaces/{}/conversations/{id}/{verb}", self.shop);
        let asked = request("POST", &path, Some(OPERATOR_TOKEN), &body.to_string());
        let response = self.world.send(asked).await;
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }
}

fn agent(name: &str) -> Label {
    Label::parse("agentName", name).unwrap()
}

fn counts(answers: &[(u16, Value)]) -> BTreeMap<u16, usize> {
    let mut counts = BTreeMap::new();
    for (status, _) in answers {
        *counts.entry(*status).or_default() += 1;
    }
    counts
}

/// A model that says when it is asked, and answers when it is told to.
#[derive(Default)]
struct Gate {
    asked: Notify,
    go: Notify,
    usage: Option<Usage>,
}

impl Gate {
    fn reporting(input_tokens: u64, output_tokens: u64) -> Self {
        let source = UsageSource::Reported;
        let usage = Some(Usage { input_tokens, output_tokens, source });
        Self { usage, ..Self::default() }
    }
}

impl Model for Gate {
    async fn reply(
        &self,
        _request: &ModelRequest,
        _on_delta: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<ModelReply, ModelError> {
        self.asked.notify_one();
        self.go.notified().await;
        let text = "The agent's answer.".to_owned();
        Ok(ModelReply {
            text,
            stance: Stance::Quotes,
            usage: self.usage,
            cited: vec![0],
            calls: Vec::new(),
        })
    }
}

/// A model that knows nothing, or something.
struct Knows(bool);

impl Model for Knows {
    async fn reply(
        &self,
        _request: &ModelRequest,
        _on_delta: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<ModelReply, ModelError> {
        let cited = if self.0 { vec![0] } else { Vec::new() };
        Ok(ModelReply {
            text: "Well…".to_owned(),
            stance: Stance::Quotes,
            usage: None,
            cited,
            calls: Vec::new(),
        })
    }
}

#[tokio::test]
async fn of_many_agents_at_once_one_takes_the_conversation_over() {
    let desk = Desk::open().await;
    let id = desk.say("Hello").await.conversation;
    let names: Vec<String> = (0..16).map(|turn| format!("agent {turn}")).collect();
    let bodies: Vec<Value> = names.iter().map(|name| json!({"agentName": name})).collect();
    let answers = join_all(bodies.iter().map(|body| desk.post(id, "take-over", body))).await;
    assert_eq!(counts(&answers), BTreeMap::from([(200, 1), (409, 15)]));
    let winner = answers.iter().find(|(status, _)| *status == 200).unwrap();
    let shown = desk.conversation().await.owner;
    let holder = winner.1["data"]["agentName"].as_str().map(str::to_owned);
    assert_eq!(shown, conversation::Owner::Human { agent: holder.clone() });
    let say = |name: &String| json!({"agentName": name, "content": format!("{name} here")});
    let bodies: Vec<Value> = names.iter().map(say).collect();
    let answers = join_all(bodies.iter().map(|body| desk.post(id, "messages", body))).await;
    assert_eq!(counts(&answers), BTreeMap::from([(201, 1), (409, 15)]));
    assert_eq!(desk.messages().await[1].agent_name, holder);
}

#[tokio::test]
async fn of_many_hand_backs_at_once_one_succeeds() {
    let desk = Desk::open().await;
    let id = desk.say("Hello").await.conversation;
    desk.post(id, "take-over", &json!({"agentName": "Dana"})).await;
    let nothing = json!({});
    let answers = join_all((0..16).map(|_| desk.post(id, "hand-back", &nothing))).await;
    assert_eq!(counts(&answers), BTreeMap::from([(200, 1), (409, 15)]));
}

#[tokio::test]
async fn many_messages_of_one_agent_at_once_are_all_stored_in_one_order() {
    let desk = Desk::open().await;
    let id = desk.say("Hello").await.conversation;
    desk.post(id, "take-over", &json!({"agentName": "Dana"})).await;
    let bodies: Vec<Value> =
        (0..8).map(|turn| json!({"agentName": "Dana", "content": format!("{turn}")})).collect();
    let answers = join_all(bodies.iter().map(|body| desk.post(id, "messages", body))).await;
    assert_eq!(counts(&answers), BTreeMap::from([(201, 8)]));
    assert_eq!(desk.messages().await.len(), 9);
    let events = desk.deliveries().await;
    assert_eq!(events.len(), 8);
    assert!(events.iter().all(|(delivery, _)| delivery.event == Event::AgentReply));
}

#[tokio::test]
async fn a_reply_is_not_sent_once_a_human_took_over_and_its_reported_tokens_are_charged() {
    let desk = Desk::open().await;
    let (before, _) = desk.money().await;
    let id = desk.say("Hello").await.conversation;
    assert!(desk.money().await.1 > 0);
    let gate = Gate::reporting(10, 5);
    let meanwhile = async {
        gate.asked.notified().await;
        let (status, _) = desk.post(id, "take-over", &json!({"agentName": "Dana"})).await;
        assert_eq!(status, 200);
        gate.go.notify_one();
    };
    tokio::join!(desk.world.reply_with(&gate), meanwhile);
    assert_eq!(desk.senders().await, [Sender::Visitor]);
    assert!(desk.deliveries().await.is_empty());
    assert_eq!(desk.money().await, (before - (10 * 1_000 + 5 * 5_000), 0));
    assert_eq!(desk.conversation().await.pending_replies, 0);
}

#[tokio::test]
async fn what_no_model_reported_is_not_charged_for_a_reply_that_is_not_sent() {
    let desk = Desk::open().await;
    let (before, _) = desk.money().await;
    let id = desk.say("Hello").await.conversation;
    let gate = Gate::default();
    let meanwhile = async {
        gate.asked.notified().await;
        desk.post(id, "take-over", &json!({"agentName": "Dana"})).await;
        gate.go.notify_one();
    };
    tokio::join!(desk.world.reply_with(&gate), meanwhile);
    assert_eq!(desk.money().await, (before, 0));
}

#[tokio::test]
async fn an_agent_who_answered_and_handed_back_during_a_generation_stays_the_only_one_who_did() {
    let desk = Desk::open().await;
    let id = desk.say("Hello").await.conversation;
    let gate = Gate::reporting(10, 5);
    let meanwhile = async {
        gate.asked.notified().await;
        let said = json!({"agentName": "Dana", "content": "Dana's answer."});
        desk.post(id, "take-over", &said).await;
        assert_eq!(desk.post(id, "messages", &said).await.0, 201);
        assert_eq!(desk.post(id, "hand-back", &json!({})).await.0, 200);
        gate.go.notify_one();
    };
    tokio::join!(desk.world.reply_with(&gate), meanwhile);
    assert_eq!(desk.senders().await, [Sender::Visitor, Sender::Agent]);
    assert_eq!(desk.conversation().await.pending_replies, 0);
    // What is asked from now on is the agent's again.
    assert_eq!(desk.say("And now?").await.status, SubmitStatus::Queued);
    desk.world.reply("Yes.").await;
    let senders = desk.senders().await;
    assert_eq!(senders[2..], [Sender::Visitor, Sender::Ai]);
}

#[tokio::test]
async fn a_take_over_before_the_generation_asks_no_model() {
    let desk = Desk::open().await;
    let (before, _) = desk.money().await;
    let id = desk.say("Hello").await.conversation;
    desk.post(id, "take-over", &json!({"agentName": "Dana"})).await;
    // Nobody opens the gate: a model that were asked would never answer.
    desk.world.reply_with(&Gate::default()).await;
    assert_eq!(desk.senders().await, [Sender::Visitor]);
    assert_eq!(desk.money().await, (before, 0));
}

/// A model that asks for a call of the tool `look`, reports what that took, and then never answers.
#[derive(Default)]
struct Dying {
    asked_again: Notify,
}

impl Model for Dying {
    async fn reply(
        &self,
        request: &ModelRequest,
        _on_delta: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<ModelReply, ModelError> {
        if !request.rounds.is_empty() {
            self.asked_again.notify_one();
            return std::future::pending().await;
        }
        let (id, tool) = ("call".to_owned(), "look".to_owned());
        let calls = vec![ModelCall { id, tool, arguments: "{}".to_owned() }];
        let source = UsageSource::Reported;
        let usage = Some(Usage { input_tokens: 100, output_tokens: 50, source });
        let (text, cited, stance) = (String::new(), Vec::new(), Stance::default());
        Ok(ModelReply { text, usage, cited, stance, calls })
    }
}

#[tokio::test]
async fn what_a_dead_worker_had_the_model_do_is_charged_when_a_human_takes_over_before_the_next() {
    let desk = Desk::open().await;
    let tool = json!({
        "description": "looks", "parameters": {}, "access": "public",
        "url": "https://shop.example.com/look",
    });
    let path = format!("/admin/v1/workspaces/{}/projects/default/tools/look", desk.shop);
    let made = request("PUT", &path, Some(OPERATOR_TOKEN), &tool.to_string());
    assert_eq!(desk.world.send(made).await.status(), 201);
    let (before, _) = desk.money().await;
    let id = desk.say("Hello").await.conversation;
    let model = Dying::default();
    tokio::select! {
        () = desk.world.reply_with(&model) => panic!("it never answers"),
        () = model.asked_again.notified() => {}
    }
    let (status, _) = desk.post(id, "take-over", &json!({"agentName": "Dana"})).await;
    assert_eq!(status, 200);
    // The lease of the worker that died ends, and the sweep asks for the reply again.
    desk.world.wait(61);
    outbox::sweep(&desk.world.edge.app).await.unwrap();
    desk.world.reply_with(&Gate::default()).await;
    assert_eq!(desk.senders().await, [Sender::Visitor]);
    assert_eq!(desk.money().await, (before - (100 * 1_000 + 50 * 5_000), 0));
    assert_eq!(desk.conversation().await.pending_replies, 0);
}

#[tokio::test]
async fn an_agents_event_has_the_shape_of_a_reply_and_a_name() {
    let desk = Desk::open().await;
    let id = desk.say("Hello").await.conversation;
    desk.world.reply("Hi.").await;
    desk.world.wait(1);
    desk.post(id, "take-over", &json!({"agentName": "Dana"})).await;
    desk.post(id, "messages", &json!({"agentName": "Dana", "content": "Hi, too."})).await;
    let events = desk.deliveries().await;
    let [(_, reply), (_, human)] = &events[..] else { panic!("{events:?}") };
    let fields = |body: &Value| -> Vec<String> {
        body.as_object().unwrap().keys().filter(|field| *field != "agentName").cloned().collect()
    };
    assert_eq!(fields(reply), fields(human));
    assert_eq!(human["event"], "agent.reply");
    assert_eq!(human["agentName"], "Dana");
    assert_eq!(human["content"], "Hi, too.");
    assert_eq!(human["conversationId"], "order-1");
    assert_eq!(human["seq"], 3);
}

#[tokio::test]
async fn an_escalating_message_costs_nothing_and_tells_once_why() {
    let desk = Desk::open().await;
    let before = desk.money().await;
    let first = desk.say("I want to talk to a human").await;
    let owned = SubmitStatus::Skipped(aiva_core::message::SkipReason::HumanOwned);
    assert_eq!(first.status, owned);
    assert_eq!(desk.say("I want to talk to a human").await.status, owned);
    assert_eq!(desk.money().await, before);
    let events = desk.deliveries().await;
    let [(delivery, body)] = &events[..] else { panic!("{events:?}") };
    assert_eq!(delivery.endpoint.key(), Some(desk.key));
    assert_eq!(body["event"], "conversation.handoff");
    assert_eq!(body["messageId"], first.message.to_string());
    assert_eq!(body["reason"], "user_request");
    let summary = body["summary"].as_str().unwrap();
    assert!(summary.ends_with("I want to talk to a human"), "{summary}");
}

#[tokio::test]
async fn answers_of_low_confidence_in_a_row_hand_the_conversation_over() {
    let desk = Desk::after_low_confidence(2).await;
    // A confident answer between two others begins the row anew.
    for knows in [false, true, false] {
        assert_eq!(desk.say("What about this?").await.status, SubmitStatus::Queued);
        desk.world.reply_with(&Knows(knows)).await;
    }
    assert_eq!(desk.conversation().await.low_confidence_turns, 1);
    let last = desk.say("And this?").await;
    desk.world.reply_with(&Knows(false)).await;
    let conversation = desk.conversation().await;
    assert_eq!(conversation.owner, conversation::Owner::Human { agent: None });
    assert_eq!(conversation.low_confidence_turns, 0);
    assert_eq!(desk.senders().await.last(), Some(&Sender::Ai), "the reply is sent first");
    let events = desk.deliveries().await;
    assert_eq!(events.len(), 5, "four replies and a handoff");
    let handoffs: Vec<_> =
        events.iter().filter(|(each, _)| each.event == Event::ConversationHandoff).collect();
    let [(_, body)] = handoffs[..] else { panic!("{events:?}") };
    assert_eq!(body["reason"], "low_confidence");
    assert_eq!(body["messageId"], last.message.to_string());
    assert!(matches!(desk.say("Anybody?").await.status, SubmitStatus::Skipped(_)));
}

#[tokio::test]
async fn a_message_of_an_agent_that_was_stored_before_a_crash_is_not_stored_again() {
    let desk = Desk::open().await;
    let id = desk.say("Hello").await.conversation;
    desk.post(id, "take-over", &json!({"agentName": "Dana"})).await;
    let app = &*desk.world.edge.app;
    let began = app.now();
    let mut stored = Vec::new();
    for _ in 0..2 {
        let env = Seeded::new(began, [7; 32]);
        let content = Content::parse("content", "Once.").unwrap();
        let said = AgentReply { agent: agent("Dana"), content };
        let place = (desk.shop, id);
        stored.push(conversation::reply_as_agent(app, &env, place, said).await.unwrap().id);
        // Much else is said before it is tried again.
        desk.world.wait(1);
        for _ in 0..60 {
            desk.say("Hello?").await;
        }
    }
    assert_eq!(stored[0], stored[1]);
    let senders = desk.senders().await;
    assert_eq!(senders.iter().filter(|sender| **sender == Sender::Agent).count(), 1);
    assert_eq!(desk.deliveries().await.len(), 1);
}
