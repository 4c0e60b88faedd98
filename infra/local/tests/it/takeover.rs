//! A human takes over, from outside.

use reqwest::Method;
use serde_json::{Value, json};

use crate::receiver::Receiver;
use crate::support::{Product, config, fresh_dir};

const FIRST: &str = "00000000-0000-4000-8000-000000000001";
const SECOND: &str = "00000000-0000-4000-8000-000000000002";

async fn key_with_callback(product: &Product, url: &str) -> (String, String) {
    let body = json!({ "name": "hooked", "scopes": ["messages:write"], "callbackUrl": url });
    let data = product.operate(Method::POST, "/keys", Some(&body)).await.data(201);
    let text = |field: &str| data[field].as_str().unwrap().to_owned();
    (text("key"), text("callbackSecret"))
}

/// Does something to a conversation as a human agent.
async fn act(product: &Product, conversation: &Value, verb: &str, status: u16) -> Value {
    let id = conversation["conversationId"].as_str().unwrap();
    let body = json!({ "agentName": "Dana", "content": "Dana here." });
    let path = format!("/conversations/{id}/{verb}");
    product.operate(Method::POST, &path, Some(&body)).await.data(status)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handoff_and_what_a_human_says_reach_the_callback_signed() {
    let dir = fresh_dir();
    let product = Product::start(dir.path()).await;
    let mut receiver = Receiver::start(0).await;
    let (key, secret) = key_with_callback(&product, &receiver.url).await;
    let wish = "Can I speak to a human, please?";
    let sent = product.say(&key, "c1", wish, FIRST).await.data(202);
    assert_eq!((&sent["status"], &sent["reason"]), (&json!("skipped"), &json!("HUMAN_OWNED")));
    let handoff = receiver.next().await;
    handoff.verify(&secret);
    assert_eq!(handoff.header("x-assistify-event"), "conversation.handoff");
    let body = handoff.json();
    assert_eq!(body["messageId"], sent["messageId"]);
    assert_eq!(body["reason"], "user_request");
    assert!(body["summary"].as_str().unwrap().ends_with(wish), "{body}");

    act(&product, &sent, "take-over", 200).await;
    let said = act(&product, &sent, "messages", 201).await;
    let reply = receiver.next().await;
    reply.verify(&secret);
    let body = reply.json();
    assert_eq!((&body["event"], &body["agentName"]), (&json!("agent.reply"), &json!("Dana")));
    assert_eq!((&body["messageId"], &body["seq"]), (&said["messageId"], &json!(2)));

    // Handed back, the agent answers what comes next.
    act(&product, &sent, "hand-back", 200).await;
    let question = "How much does express delivery cost?";
    let next = product.say(&key, "c1", question, SECOND).await.data(202);
    assert_eq!(next["status"], "queued");
    assert_eq!(receiver.next().await.json()["event"], "ai.reply");
    product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_take_over_during_a_generation_silences_the_agent_and_pays_for_its_tokens() {
    let dir = fresh_dir();
    let product = Product::start_with(config(dir.path(), &[("AIVA_MODEL", "scripted")])).await;
    let key = product.runtime.demo().key.clone();
    let before = product.operate(Method::GET, "/wallet", None).await.data(200)["balance"].clone();
    let question = "[[sleep:1500]] [[usage:10,5]] hello";
    let sent = product.say(&key, "c1", question, FIRST).await.data(202);
    // However far the generation has come: the take-over is stored before it ends.
    act(&product, &sent, "take-over", 200).await;
    act(&product, &sent, "messages", 201).await;
    act(&product, &sent, "hand-back", 200).await;
    let said = product.settled("c1", 2).await;
    let senders: Vec<_> = said.iter().map(|message| message["senderType"].clone()).collect();
    assert_eq!(senders, ["VISITOR", "AGENT"]);
    let wallet = product.operate(Method::GET, "/wallet", None).await.data(200);
    let spent = before.as_i64().unwrap() - wallet["balance"].as_i64().unwrap();
    // Nothing, where no worker had asked the model yet.
    assert!(spent == 10 * 1_000 + 5 * 5_000 || spent == 0, "{spent}");
    assert_eq!(wallet["held"], 0);
    product.stop().await;
}
