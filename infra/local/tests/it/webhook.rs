//! One conversation, told to one subscriber of each dialect.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::receiver::{Received, Receiver};
use crate::support::{Product, config, fresh_dir};

/// A subscription to everything of a dialect: its id, its secret and its endpoint.
async fn subscribe(
    product: &Product,
    dialect: &str,
    events: &[&str],
) -> (String, String, Receiver) {
    let receiver = Receiver::start(0).await;
    let body = json!({ "dialect": dialect, "url": receiver.url, "events": events });
    let made = product.operate(Method::POST, "/webhooks", Some(&body)).await.data(201);
    let text = |field: &str| made[field].as_str().unwrap().to_owned();
    (text("webhookId"), text("secret"), receiver)
}

/// The signature as the documents verify it: the hex HMAC of the raw body.
fn verify(received: &Received, prefix: &str, secret: &str) {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(&received.body);
    let expected = HEXLOWER.encode(&mac.finalize().into_bytes());
    assert_eq!(received.header(&format!("{prefix}-signature")), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_reaches_a_subscriber_of_each_dialect_in_its_own_words() {
    let dir = fresh_dir();
    let product = Product::start(dir.path()).await;
    let (_, aiva_secret, mut aiva) = subscribe(&product, "aiva", &["ai.reply"]).await;
    let aerochat_events = ["message.inbound", "message.outbound"];
    let (_, aerochat_secret, mut aerochat) =
        subscribe(&product, "aerochat", &aerochat_events).await;
    let (webhook, asyntai_secret, mut asyntai) =
        subscribe(&product, "asyntai", &["message.received", "takeover.started"]).await;
    let (_, stark_secret, mut stark) =
        subscribe(&product, "aivastark", &["conversation.escalated"]).await;

    let key = product.runtime.demo().key.clone();
    let uuid = |n: u8| format!("00000000-0000-4000-8000-0000000000{n:02}");
    product.say(&key, "order-1", "Are you open on Sundays?", &uuid(1)).await.data(202);
    let native = aiva.next().await;
    native.verify(&aiva_secret);
    assert_eq!(
        (&native.json()["event"], &native.json()["conversationId"]),
        (&json!("ai.reply"), &json!("order-1"))
    );
    let mut kinds = Vec::new();
    for _ in 0..2 {
        let received = aerochat.next().await;
        verify(&received, "x-aerochat", &aerochat_secret);
        assert!(received.header("x-aerochat-delivery").starts_with("att_"));
        kinds.push(received.json()["type"].as_str().unwrap().to_owned());
    }
    kinds.sort();
    assert_eq!(kinds, aerochat_events);
    let answered = asyntai.next().await;
    verify(&answered, "x-webhook", &asyntai_secret);
    assert_eq!(answered.header("x-webhook-event"), "message.received");
    assert_eq!(answered.json()["data"]["session_id"], "order-1");
    assert_eq!(answered.json()["data"]["website_id"], 1);

    product.say(&key, "order-1", "I want to talk to a human", &uuid(2)).await.data(202);
    let escalated = stark.next().await;
    verify(&escalated, "x-aivastark", &stark_secret);
    assert_eq!(escalated.json()["data"]["session_id"], "order-1");
    let conversation = escalated.json()["data"]["conversation_id"].as_str().unwrap().to_owned();
    let agent = json!({ "agentName": "Sarah" });
    let path = format!("/conversations/{conversation}/take-over");
    product.operate(Method::POST, &path, Some(&agent)).await.data(200);
    let taken = asyntai.next().await;
    assert_eq!(taken.json()["event"], "takeover.started");
    assert_eq!(taken.json()["data"]["agent_name"], "Sarah");

    // The log knows whose they are.
    let id = taken.header("x-webhook-delivery").to_owned();
    let delivery = product.delivered(&id).await;
    assert_eq!((&delivery["webhookId"], &delivery["keyId"]), (&json!(webhook), &Value::Null));
    let path = format!("/logs/deliveries?webhookId={webhook}&event=takeover.started");
    let items = product.operate(Method::GET, &path, None).await.data(200)["items"].clone();
    assert_eq!(items.as_array().unwrap().len(), 1);
    product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_tested_rotated_switched_off_recovered_and_taken_away() {
    let dir = fresh_dir();
    let product = Product::start(dir.path()).await;
    let (webhook, secret, mut receiver) =
        subscribe(&product, "asyntai", &["conversation.started"]).await;
    let path = format!("/webhooks/{webhook}");
    let test = format!("{path}/test");
    product.operate(Method::POST, &test, None).await.data(202);
    let ping = receiver.next().await;
    verify(&ping, "x-webhook", &secret);
    assert_eq!(ping.json()["event"], "test.ping");
    let rotate = format!("{path}/rotate-secret");
    let fresh = product.operate(Method::POST, &rotate, None).await.data(200)["secret"].clone();
    product.operate(Method::POST, &test, None).await.data(202);
    verify(&receiver.next().await, "x-webhook", fresh.as_str().unwrap());

    let off = json!({ "enabled": false });
    let shown = product.operate(Method::PATCH, &path, Some(&off)).await.data(200);
    assert_eq!(shown["status"], "disabled");
    let key = product.runtime.demo().key.clone();
    let uuid = "00000000-0000-4000-8000-000000000001";
    product.say(&key, "order-1", "Are you open on Sundays?", uuid).await.data(202);
    let log = format!("/logs/deliveries?webhookId={webhook}&status=skipped");
    let skipped = loop {
        let items = product.operate(Method::GET, &log, None).await.data(200)["items"].clone();
        if let Some(item) = items.get(0) {
            break item.clone();
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    };
    let on = json!({ "enabled": true });
    let on = product.operate(Method::PATCH, &path, Some(&on)).await.data(200);
    assert_eq!((&on["status"], &on["missed"]["count"]), (&json!("enabled"), &json!(1)));
    let recover = json!({ "since": skipped["createdAt"], "webhookId": webhook });
    let told = product.operate(Method::POST, "/deliveries/recover", Some(&recover)).await;
    assert_eq!(told.data(200)["count"], 1);
    let started = receiver.next().await;
    assert_eq!(started.header("x-webhook-delivery"), skipped["deliveryId"].as_str().unwrap());
    assert_eq!(started.json()["event"], "conversation.started");

    product.operate(Method::DELETE, &path, None).await.data(200);
    assert_eq!(product.operate(Method::GET, &path, None).await.status, 404);
    let listed = product.operate(Method::GET, "/webhooks", None).await.data(200);
    assert_eq!(listed["items"], json!([]));
    product.stop().await;
}

/// Everything that a dialect tells, as its webhooks are asked for.
const AEROCHAT: [&str; 6] = [
    "message.inbound",
    "message.outbound",
    "contact.created",
    "contact.updated",
    "conversation.escalated",
    "conversation.resolved",
];

/// The next so many events, by their type.
async fn take(receiver: &mut Receiver, count: usize) -> BTreeMap<String, Value> {
    let mut events = BTreeMap::new();
    for _ in 0..count {
        let event = receiver.next().await.json();
        let kind = event["type"].as_str().unwrap().to_owned();
        assert!(events.insert(kind, event).is_none(), "one type came twice");
    }
    events
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_who_leaves_an_address_is_told_of_as_the_api_shows_them() {
    let dir = fresh_dir();
    let product = Product::start(dir.path()).await;
    let (_, _, mut open) = subscribe(&product, "aerochat", &AEROCHAT).await;
    let (_, _, mut leads) =
        subscribe(&product, "aivastark", &["lead.captured", "low_confidence.detected"]).await;
    let key = product.runtime.demo().key.clone();
    let send = async |body: Value| {
        let path = "/bot/v1/conversations/messages";
        let answer = product.send(Method::POST, path, &key, Some(&body)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    };
    let first = send(json!({ "message": "Are you open on Sundays?" })).await;
    let told = take(&mut open, 3).await;
    let (contact, conversation) = (&first["contact_id"], &first["conversation_id"]);
    let created = &told["contact.created"]["data"];
    assert_eq!((&created["contact_id"], &created["email"]), (contact, &Value::Null));
    assert!(created["name"].as_str().unwrap().starts_with("Guest"));
    let inbound = &told["message.inbound"]["data"];
    assert_eq!((&inbound["message_id"], &inbound["contact_id"]), (&first["message_id"], contact));
    assert_eq!((&inbound["language"], &inbound["conversation_id"]), (&json!("en"), conversation));
    let outbound = &told["message.outbound"]["data"];
    assert_eq!(
        (&outbound["text"], &outbound["intent"]),
        (&first["reply"]["text"], &first["intent"])
    );
    assert_eq!(outbound["author"]["type"], "bot");

    let said = "Do you sell submarines? Write to jane@people.example.com";
    let details = json!({ "name": "Jane Doe" });
    send(json!({ "message": said, "conversation_id": conversation, "contact": details })).await;
    let told = take(&mut open, 3).await;
    let updated = &told["contact.updated"]["data"];
    assert_eq!(updated["changed_fields"], json!(["name", "email"]));
    let path = format!("/bot/v1/contacts/{}", contact.as_str().unwrap());
    let shown = product.send(Method::GET, &path, &key, None).await.json();
    for field in ["contact_id", "name", "email", "phone", "channel"] {
        assert_eq!(updated[field], shown[field], "{field}");
    }
    let told = take(&mut leads, 2).await;
    let lead = &told["lead.captured"]["data"];
    assert_eq!((&lead["email"], &lead["name"]), (&shown["email"], &json!("Jane Doe")));
    assert_eq!(&lead["conversation_id"], conversation);
    let unsure = &told["low_confidence.detected"]["data"];
    assert_eq!((&unsure["message"], &unsure["confidence"]), (&json!(said), &json!(0.0)));

    // The same address again is no second lead, and changes nothing.
    let again = "jane@people.example.com, are you open on Sundays?";
    send(json!({ "message": again, "conversation_id": conversation })).await;
    assert_eq!(take(&mut open, 2).await.into_keys().collect::<Vec<_>>(), AEROCHAT[..2]);
    let listed = product.operate(Method::GET, "/logs/deliveries?event=lead.captured", None).await;
    assert_eq!(listed.data(200)["items"].as_array().unwrap().len(), 1);
    product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_delivery_log_or_replay_of_a_strict_subscription_holds_an_address_or_a_number() {
    let dir = fresh_dir();
    let soon = [("AIVA_CALLBACK_RETRY_SECONDS", "1")];
    let product = Product::start_with(config(dir.path(), &soon)).await;
    let mut strict = Receiver::start(1).await;
    let body = json!({
        "dialect": "aerochat", "url": strict.url, "events": AEROCHAT, "redaction": "strict",
    });
    let made = product.operate(Method::POST, "/webhooks", Some(&body)).await.data(201);
    let key = product.runtime.demo().key.clone();
    // The integrator's own ids are addresses, too.
    let message = json!({
        "externalConversationId": "jane@people.example.com", "externalUserId": "+15551234567",
        "content": "I want to talk to a human. Call +1 (555) 123-4567 or mail jane@people.example.com",
        "idempotencyKey": "00000000-0000-4000-8000-000000000001",
    });
    product.send(Method::POST, "/api/v1/messages", &key, Some(&message)).await.data(202);
    let log = format!("/logs/deliveries?webhookId={}", made["webhookId"].as_str().unwrap());
    let items = product.operate(Method::GET, &log, None).await.data(200)["items"].clone();
    let items = items.as_array().unwrap().clone();
    assert_eq!(items.len(), 3, "contact.created, message.inbound, conversation.escalated");
    let mut held = Vec::new();
    for item in items {
        let id = item["deliveryId"].as_str().unwrap();
        let shown = product.delivered(id).await;
        assert_eq!(shown["status"], "delivered");
        held.push(shown.to_string());
        let path = format!("/deliveries/{id}/replay");
        product.operate(Method::POST, &path, None).await.data(202);
    }
    // One try failed, three succeeded, three were replayed.
    for _ in 0..7 {
        let received = strict.next().await;
        held.push(String::from_utf8(received.body.to_vec()).unwrap());
        held.push(format!("{:?}", received.headers));
    }
    held.push(product.operate(Method::GET, "/logs/deliveries", None).await.text);
    for text in held {
        for raw in ["jane@", "people.example", "123-4567", "5551234567"] {
            assert!(!text.contains(raw), "{raw} in {text}");
        }
    }
    product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_take_over_that_nobody_asked_for_and_an_ending_are_told_of() {
    let dir = fresh_dir();
    let product = Product::start(dir.path()).await;
    let events = ["conversation.escalated", "conversation.resolved"];
    let (_, secret, mut receiver) = subscribe(&product, "aerochat", &events).await;
    let key = product.runtime.demo().key.clone();
    let body = json!({ "message": "Are you open on Sundays?" });
    let sent = product.send(Method::POST, "/bot/v1/conversations/messages", &key, Some(&body));
    let sent = sent.await.json();
    let conversation = sent["conversation_id"].as_str().unwrap();
    let act = async |what: &str, body: Value| {
        let path = format!("/conversations/{conversation}/{what}");
        product.operate(Method::POST, &path, Some(&body)).await.data(200)
    };
    act("take-over", json!({ "agentName": "Sarah" })).await;
    let told = receiver.next().await;
    verify(&told, "x-aerochat", &secret);
    let told = told.json();
    assert_eq!(told["type"], "conversation.escalated");
    let name = told["data"]["contact_name"].clone();
    assert!(name.as_str().unwrap().starts_with("Guest"), "{told}");
    let mut data = json!({
        "conversation_id": conversation, "contact_id": sent["contact_id"], "contact_name": name,
    });
    let closed = data.clone();
    data["trigger_message"] = json!({ "text": "Are you open on Sundays?" });
    data["assigned_agent"] = json!({ "name": "Sarah" });
    assert_eq!(told["data"], data);

    // The same agent again is no news, nor is the way back.
    act("take-over", json!({ "agentName": "Sarah" })).await;
    act("hand-back", json!({})).await;
    act("resolve", json!({})).await;
    let told = receiver.next().await;
    verify(&told, "x-aerochat", &secret);
    assert_eq!(told.header("x-aerochat-event"), "conversation.resolved");
    assert_eq!((&told.json()["type"], &told.json()["data"]), (&json!(events[1]), &closed));
    product.stop().await;
}
