//! The checklist at the end of the integrator's guide, item by item, against the running product.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::receiver::Receiver;
use crate::support::{Product, fresh_dir};

const FIRST: &str = "00000000-0000-4000-8000-000000000001";
const SECOND: &str = "00000000-0000-4000-8000-000000000002";

/// A workspace's backend: its one key and the endpoint behind it.
struct Backend {
    product: Product,
    endpoint: Receiver,
    key_id: String,
    key: String,
    secret: String,
}

impl Backend {
    async fn start(dir: &std::path::Path) -> Self {
        let product = Product::start(dir).await;
        let endpoint = Receiver::start(0).await;
        let body = json!({
            "name": "shop backend", "scopes": ["messages:write"], "callbackUrl": endpoint.url,
        });
        let made = product.operate(Method::POST, "/keys", Some(&body)).await.data(201);
        let text = |field: &str| made[field].as_str().unwrap().to_owned();
        let (key_id, key, secret) = (text("keyId"), text("key"), text("callbackSecret"));
        Self { product, endpoint, key_id, key, secret }
    }

    async fn act(&self, conversation: &Value, verb: &str, status: u16) -> Value {
        let id = conversation["conversationId"].as_str().unwrap();
        let body = json!({ "agentName": "Dana", "content": "Dana here." });
        let path = format!("/conversations/{id}/{verb}");
        self.product.operate(Method::POST, &path, Some(&body)).await.data(status)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_can_do_what_its_scopes_say_and_its_secrets_are_shown_once() {
    let dir = fresh_dir();
    let backend = Backend::start(dir.path()).await;
    let product = &backend.product;
    product.say(&backend.key, "c1", "Are you open on Sundays?", FIRST).await.data(202);
    let refused = product.send(Method::GET, "/api/v1/conversations/c1", &backend.key, None).await;
    assert_eq!(
        (refused.status.as_u16(), &refused.json()["code"]),
        (403, &json!("INSUFFICIENT_SCOPE"))
    );
    let secret_of_key = backend.key.rsplit('_').next().unwrap();
    for path in ["/keys".to_owned(), format!("/keys/{}", backend.key_id)] {
        let shown = product.operate(Method::GET, &path, None).await;
        assert_eq!(shown.status, 200);
        assert!(!shown.text.contains(secret_of_key), "{}", shown.text);
        assert!(!shown.text.contains(&backend.secret), "{}", shown.text);
    }
    backend.product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn send_test_confirms_the_endpoint_and_a_replay_keeps_its_id_and_bytes() {
    let dir = fresh_dir();
    let mut backend = Backend::start(dir.path()).await;
    let test = format!("/keys/{}/test", backend.key_id);
    let ping = backend.product.operate(Method::POST, &test, None).await.data(202);
    let ping = ping["deliveryId"].as_str().unwrap();
    let first = backend.endpoint.next().await;
    first.verify(&backend.secret);
    let logged = backend.product.delivered(ping).await;
    assert_eq!((&logged["status"], &logged["event"]), (&json!("delivered"), &json!("test.ping")));

    let replay = format!("/deliveries/{ping}/replay");
    backend.product.operate(Method::POST, &replay, None).await.data(202);
    let again = backend.endpoint.next().await;
    again.verify(&backend.secret);
    assert_eq!(again.body, first.body);
    assert_eq!(again.header("x-assistify-delivery-id"), ping);
    assert_eq!(again.json()["deliveryId"], ping, "what is signed names the delivery");
    backend.product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outbound_queue_that_retries_with_its_key_sends_and_pays_once() {
    let dir = fresh_dir();
    let mut backend = Backend::start(dir.path()).await;
    let question = "What is your refund policy?";
    let product = &backend.product;
    let first = product.say(&backend.key, "c1", question, FIRST).await.data(202);
    for _ in 0..3 {
        let retry = product.say(&backend.key, "c1", question, FIRST).await.data(202);
        assert_eq!(retry["status"], "duplicate");
        assert_eq!(retry["messageId"], first["messageId"]);
    }
    let other = product.say(&backend.key, "c1", "Something else?", FIRST).await;
    assert_eq!(
        (other.status.as_u16(), &other.json()["code"]),
        (409, &json!("IDEMPOTENCY_KEY_REUSED"))
    );
    assert_eq!(backend.endpoint.next().await.json()["event"], "ai.reply");
    assert_eq!(product.settled("c1", 2).await.len(), 2);
    let ledger = product.operate(Method::GET, "/wallet/ledger", None).await.data(200);
    let rows = ledger["items"].as_array().unwrap();
    assert_eq!(rows.iter().filter(|row| row["kind"] == "charge").count(), 1, "{ledger}");
    backend.product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_human_takeover_reaches_the_end_user() {
    let dir = fresh_dir();
    let mut backend = Backend::start(dir.path()).await;
    let wish = "I want to talk to a human.";
    let sent = backend.product.say(&backend.key, "c1", wish, FIRST).await.data(202);
    assert_eq!((&sent["status"], &sent["reason"]), (&json!("skipped"), &json!("HUMAN_OWNED")));
    let handoff = backend.endpoint.next().await.json();
    assert_eq!(handoff["event"], "conversation.handoff");
    assert!(handoff["reason"].is_string() && handoff["summary"].is_string(), "{handoff}");
    backend.act(&sent, "take-over", 200).await;
    backend.act(&sent, "messages", 201).await;
    let reply = backend.endpoint.next().await.json();
    assert_eq!((&reply["event"], &reply["agentName"]), (&json!("agent.reply"), &json!("Dana")));
    for field in ["conversationId", "messageId", "seq", "content", "visibility", "timestamp"] {
        assert!(!reply[field].is_null(), "agent.reply has the shape of ai.reply: {reply}");
    }
    backend.product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_funded_wallet_with_a_cap_stops_one_end_user_and_nobody_else() {
    let dir = fresh_dir();
    let backend = Backend::start(dir.path()).await;
    let product = &backend.product;
    let top_up = json!({ "amount": 1_000_000, "idempotencyKey": "invoice-1" });
    product.operate(Method::POST, "/wallet/top-ups", Some(&top_up)).await.data(201);
    let wallet = product.operate(Method::GET, "/wallet", None).await.data(200);
    assert!(wallet["available"].as_i64().unwrap() > wallet["worstCase"].as_i64().unwrap());
    let cap = json!({ "userMonthlyCap": wallet["worstCase"].as_i64().unwrap() - 1 });
    product.operate(Method::PUT, "/limits", Some(&cap)).await.data(200);
    let body = json!({
        "externalConversationId": "c1", "externalUserId": "user-93",
        "content": "Are you open on Sundays?", "idempotencyKey": FIRST,
    });
    let capped = product.send(Method::POST, "/api/v1/messages", &backend.key, Some(&body)).await;
    assert_eq!(
        (capped.status.as_u16(), &capped.json()["code"]),
        (429, &json!("USER_SPEND_CAP_REACHED"))
    );
    let anonymous = product.say(&backend.key, "c2", "Are you open on Sundays?", SECOND).await;
    assert_eq!(anonymous.data(202)["status"], "queued");
    backend.product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_that_runs_low_reminds_its_owner_by_mail_once() {
    let dir = fresh_dir();
    let backend = Backend::start(dir.path()).await;
    let product = &backend.product;
    let wallet = product.operate(Method::GET, "/wallet", None).await.data(200);
    let threshold = wallet["available"].as_i64().unwrap();
    let rule = json!({ "threshold": threshold });
    product.operate(Method::PUT, "/wallet/low-balance", Some(&rule)).await.data(200);
    product.say(&backend.key, "c1", "Are you open on Sundays?", FIRST).await.data(202);
    let reminders = async || {
        let mailbox = product.get("/local/mailbox").await.json()["items"].clone();
        let mails = mailbox.as_array().cloned().unwrap_or_default().into_iter();
        mails.filter(|mail| mail["subject"].as_str().unwrap().contains("low on credits")).count()
    };
    let deadline = Instant::now() + Duration::from_secs(20);
    while reminders().await == 0 {
        assert!(Instant::now() < deadline, "nobody is reminded");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // Another message makes the wallet poorer, and nobody is told of it again.
    product.say(&backend.key, "c1", "And on Mondays?", SECOND).await.data(202);
    product.settled("c1", 4).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(reminders().await, 1);
    backend.product.stop().await;
}
