//! What a reply is made of, and who is told of it: what was said before, what was told of the person, what
//! happened while the model was writing.

use std::sync::Mutex;

use aiva_core::contact::Details;
use aiva_core::conversation::{ConversationRef, Source};
use aiva_core::key::KeyId;
use aiva_core::message::{Sender, SubmitCommand, submit};
use aiva_core::ports::{Clock, Model};
use aiva_core::reply::{ModelError, ModelReply, ModelRequest, Stance};
use aiva_core::text::{Background, Content, ExternalId, IdempotencyKey};
use aiva_core::workspace;
use aiva_dialects::SourceAddress;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::world::{OPERATOR_TOKEN, World, request};

/// A model that answers by numbers and keeps what it was asked.
#[derive(Default)]
struct Asked(Mutex<Vec<ModelRequest>>);

impl Asked {
    /// What was said before the newest question, and that question.
    fn newest(&self) -> (Vec<(Sender, String)>, String) {
        let asked = self.0.lock().unwrap();
        let request = asked.last().unwrap();
        let turns = request.history.iter().map(|turn| (turn.sender, turn.text.clone()));
        (turns.collect(), request.question.clone())
    }

    /// All that the model was told before the newest question.
    fn system(&self) -> String {
        self.0.lock().unwrap().last().unwrap().system.clone()
    }
}

impl Model for Asked {
    async fn reply(
        &self,
        request: &ModelRequest,
        _on_delta: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<ModelReply, ModelError> {
        let mut asked = self.0.lock().unwrap();
        asked.push(request.clone());
        // A word, for a number would be a claim that nothing supports.
        let number = ["one", "two", "three"].get(asked.len() - 1).unwrap_or(&"more");
        let text = format!("answer {number}");
        Ok(ModelReply { text, stance: Stance::Courtesy, ..ModelReply::default() })
    }
}

/// One conversation of the shop.
struct Shop {
    world: World,
    key: KeyId,
}

impl Shop {
    async fn open() -> Self {
        let world = World::new().await;
        let path = format!("/admin/v1/workspaces/{}/keys", world.names["shop"]);
        let body = json!({ "name": "backend", "scopes": ["messages:write"] });
        let made = operate(&world, "POST", &path, &body).await;
        let key = made["data"]["keyId"].as_str().unwrap().parse().unwrap();
        Self { world, key }
    }

    async fn say(&self, user: Option<&str>, content: &str, background: Option<&str>) {
        self.world.wait(1);
        let app = &self.world.edge.app;
        let shop = self.world.names["shop"].parse().unwrap();
        let background = background.map(|text| Background::parse("b", text).unwrap().unwrap());
        let command = SubmitCommand {
            reference: ConversationRef {
                workspace: shop,
                project: workspace::default_project(shop),
                external: ExternalId::parse("id", "order-1").unwrap(),
            },
            user: user.map(|user| ExternalId::parse("user", user).unwrap()),
            content: Content::parse("content", content).unwrap(),
            background,
            details: Details::default(),
            source: Source::Api,
            minted: None,
            idempotency: IdempotencyKey::parse("key", &app.now().to_string()).unwrap(),
            key: self.key,
        };
        submit(app, command, None).await.unwrap();
    }
}

async fn operate(world: &World, method: &str, path: &str, body: &Value) -> Value {
    let text = if body.is_null() { String::new() } else { body.to_string() };
    let response = world.send(request(method, path, Some(OPERATOR_TOKEN), &text)).await;
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[tokio::test]
async fn an_answer_given_while_a_question_waited_stands_before_it_and_later_questions_do_not() {
    let (shop, model) = (Shop::open().await, Asked::default());
    let said = |who, text: &str| (who, text.to_owned());
    for question in ["one", "two", "three"] {
        shop.say(None, question, None).await;
    }
    shop.world.reply_with(&model).await;
    let asked = model.0.lock().unwrap().clone();
    assert!(asked[0].history.is_empty(), "{:?}", asked[0].history);
    let second: Vec<_> =
        asked[1].history.iter().map(|turn| (turn.sender, turn.text.clone())).collect();
    assert_eq!(second, [said(Sender::Visitor, "one"), said(Sender::Ai, "answer one")]);
    let (third, question) = model.newest();
    let all = ["one", "two"].map(|text| said(Sender::Visitor, text)).into_iter();
    let all = all.chain(["answer one", "answer two"].map(|text| said(Sender::Ai, text)));
    assert_eq!((third, question.as_str()), (all.collect(), "three"));
}

#[tokio::test]
async fn a_long_queue_of_later_questions_does_not_push_out_what_was_said_before() {
    let (shop, model) = (Shop::open().await, Asked::default());
    shop.say(None, "the first", None).await;
    shop.world.reply_with(&model).await;
    for number in 0..30 {
        shop.say(None, &format!("question {number}"), None).await;
    }
    shop.world.reply_with(&model).await;
    let first_of_queue = &model.0.lock().unwrap()[1];
    assert_eq!(first_of_queue.question, "question 0");
    let turns = first_of_queue.history.iter().map(|turn| turn.text.as_str());
    assert_eq!(turns.collect::<Vec<_>>(), ["the first", "answer one"]);
}

#[tokio::test]
async fn what_was_told_of_a_person_is_known_for_the_whole_conversation_and_of_that_person_alone() {
    let (shop, model) = (Shop::open().await, Asked::default());
    shop.say(Some("ada"), "hello", Some("Ada has the gold plan")).await;
    shop.say(None, "hello", Some("A guest from the fair")).await;
    for number in 0..15 {
        shop.say(Some("eve"), &format!("question {number}"), None).await;
        shop.world.reply_with(&model).await;
    }
    assert!(!model.system().contains("<context>"), "{}", model.system());
    for (user, known) in [(Some("ada"), "Ada has the gold plan"), (None, "A guest from the fair")] {
        shop.say(user, "which plan have I?", None).await;
        shop.world.reply_with(&model).await;
        let (history, _) = model.newest();
        assert_eq!(history.len(), 20);
        assert!(model.system().contains(&format!("<context>\n{known}\n</context>")));
    }
    shop.say(Some("ada"), "and now?", Some("Ada has the silver plan")).await;
    for number in 15..30 {
        shop.say(Some("eve"), &format!("question {number}"), None).await;
    }
    shop.say(Some("ada"), "once more?", None).await;
    shop.world.reply_with(&model).await;
    assert!(model.system().contains("Ada has the silver plan"), "{}", model.system());
}

/// A model during whose answer a webhook is made.
struct Interrupted {
    router: Mutex<axum::Router>,
    path: String,
}

impl Model for Interrupted {
    async fn reply(
        &self,
        _request: &ModelRequest,
        _on_delta: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<ModelReply, ModelError> {
        let router = self.router.lock().unwrap().clone();
        let body = json!({ "dialect": "aerochat", "url": "https://crm.example.com/hook",
            "events": ["message.outbound"] });
        let mut made = request("POST", &self.path, Some(OPERATOR_TOKEN), &body.to_string());
        made.extensions_mut().insert(SourceAddress("192.0.2.1".to_owned()));
        assert_eq!(router.oneshot(made).await.unwrap().status(), 201);
        let text = "Of course.".to_owned();
        Ok(ModelReply { text, stance: Stance::Courtesy, ..ModelReply::default() })
    }
}

#[tokio::test]
async fn who_subscribes_while_the_model_is_writing_is_told_of_the_reply() {
    let shop = Shop::open().await;
    let base = format!("/admin/v1/workspaces/{}", shop.world.names["shop"]);
    shop.say(None, "hello", None).await;
    let router = Mutex::new(shop.world.router.clone());
    let model = Interrupted { router, path: format!("{base}/webhooks") };
    shop.world.reply_with(&model).await;
    let log = operate(&shop.world, "GET", &format!("{base}/logs/deliveries"), &Value::Null).await;
    let told = log["data"]["items"].as_array().unwrap().iter();
    let told: Vec<&str> = told.map(|row| row["event"].as_str().unwrap()).collect();
    assert_eq!(told, ["message.outbound"]);
}

#[tokio::test]
async fn a_word_to_the_queue_that_was_lost_is_said_again_by_a_replay_while_the_reply_is_owed() {
    let world = World::new().await;
    let say = async || {
        let body = json!({ "externalConversationId": "order-1", "content": "Hello",
            "idempotencyKey": "00000000-0000-4000-8000-000000000001" });
        let key = &world.names["key"];
        let said = world.send(request("POST", "/v1/messages", Some(key), &body.to_string())).await;
        assert_eq!(said.status(), 202);
    };
    world.break_queue(true);
    say().await;
    world.break_queue(false);
    assert_eq!(world.words(), 0);
    world.recorder.take();
    say().await;
    let asked = world.recorder.take();
    assert!(!asked.contains_key("GetItem") && !asked.contains_key("Query"), "{asked:?}");
    assert_eq!(world.words(), 1);
    world.reply("Hello!").await;
    say().await;
    assert_eq!(world.words(), 0, "nothing is owed any more");
}

#[tokio::test]
async fn what_the_sweep_takes_for_lost_is_left_to_the_sweep_by_a_replay() {
    let world = World::new().await;
    let body = json!({ "externalConversationId": "order-1", "content": "Hello",
        "idempotencyKey": "00000000-0000-4000-8000-000000000001" });
    let key = world.names["key"].clone();
    world.break_queue(true);
    for _ in 0..2 {
        let said = request("POST", "/v1/messages", Some(&key), &body.to_string());
        assert_eq!(world.send(said).await.status(), 202);
        world.break_queue(false);
        world.wait(11);
    }
    assert_eq!(world.words(), 0);
}
