//! Callbacks reach a receiver, signed.

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::support::{Product, config, fresh_dir};

/// One callback as it came in.
struct Received {
    headers: HeaderMap,
    body: Bytes,
}

impl Received {
    fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Checks both signatures over the raw bytes.
    fn verify(&self, secret: &str) {
        let body = std::str::from_utf8(&self.body).unwrap();
        let signed = format!("{}.{body}", self.header("x-assistify-timestamp"));
        let vendor = hmac(secret.as_bytes(), signed.as_bytes());
        let expected = format!("sha256={}", HEXLOWER.encode(&vendor));
        assert_eq!(self.header("x-assistify-signature"), expected);
        let (id, at) = (self.header("webhook-id"), self.header("webhook-timestamp"));
        let key = BASE64.decode(secret.strip_prefix("whsec_").unwrap().as_bytes()).unwrap();
        let standard = hmac(&key, format!("{id}.{at}.{body}").as_bytes());
        let expected = format!("v1,{}", BASE64.encode(&standard));
        assert_eq!(self.header("webhook-signature"), expected);
    }
}

fn hmac(key: &[u8], data: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(data);
    mac.finalize().into_bytes().to_vec()
}

/// A receiver on a free port that fails so many times before it accepts.
async fn receiver(failures: usize) -> (String, mpsc::UnboundedReceiver<Received>) {
    let (sender, received) = mpsc::unbounded_channel();
    let left = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(failures));
    let handler = move |headers: HeaderMap, body: Bytes| {
        let (sender, left) = (sender.clone(), left.clone());
        async move {
            sender.send(Received { headers, body }).unwrap();
            let less = |left: usize| left.checked_sub(1);
            let order = std::sync::atomic::Ordering::SeqCst;
            match left.fetch_update(order, order, less) {
                Ok(_) => StatusCode::INTERNAL_SERVER_ERROR,
                Err(_) => StatusCode::NO_CONTENT,
            }
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    tokio::spawn(async move {
        axum::serve(listener, Router::new().route("/hook", post(handler))).await.unwrap();
    });
    (url, received)
}

async fn next(received: &mut mpsc::UnboundedReceiver<Received>) -> Received {
    tokio::time::timeout(Duration::from_secs(10), received.recv()).await.unwrap().unwrap()
}

async fn key_with_callback(product: &Product, url: &str) -> (String, String, String) {
    let body = json!({ "name": "hooked", "scopes": ["messages:write"], "callbackUrl": url });
    let data = product.operate(Method::POST, "/keys", Some(&body)).await.data(201);
    let text = |field: &str| data[field].as_str().unwrap().to_owned();
    (text("keyId"), text("key"), text("callbackSecret"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_reaches_the_callback_of_its_key_with_signatures_that_verify() {
    let dir = fresh_dir();
    let product = Product::start(dir.path()).await;
    let (url, mut received) = receiver(0).await;
    let (_, key, secret) = key_with_callback(&product, &url).await;
    let uuid = "00000000-0000-4000-8000-000000000001";
    let question = "How much does express delivery cost?";
    let sent = product.say(&key, "order-4821", question, uuid).await.data(202);
    let callback = next(&mut received).await;
    callback.verify(&secret);
    let body = callback.json();
    assert_eq!(body["event"], "ai.reply");
    assert_eq!(body["conversationId"], "order-4821");
    assert_eq!(callback.header("x-assistify-event"), "ai.reply");
    assert_eq!(callback.header("x-assistify-delivery-id"), callback.header("webhook-id"));
    assert!(body.to_string().contains("12 euros"), "{body}");
    assert_ne!(body["messageId"], sent["messageId"]);
    product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_ping_goes_the_same_way() {
    let dir = fresh_dir();
    let product = Product::start(dir.path()).await;
    let (url, mut received) = receiver(0).await;
    let (key_id, _, secret) = key_with_callback(&product, &url).await;
    let ping = product.operate(Method::POST, &format!("/keys/{key_id}/test"), None).await;
    let ping = ping.data(202);
    let callback = next(&mut received).await;
    callback.verify(&secret);
    assert_eq!(callback.json()["event"], "test.ping");
    assert_eq!(callback.header("webhook-id"), ping["deliveryId"].as_str().unwrap());
    product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_is_delivered_at_the_third_attempt_with_the_same_id() {
    let dir = fresh_dir();
    let retries = [("AIVA_CALLBACK_RETRY_SECONDS", "1,1,1")];
    let product = Product::start_with(config(dir.path(), &retries)).await;
    let (url, mut received) = receiver(2).await;
    let (_, key, secret) = key_with_callback(&product, &url).await;
    let uuid = "00000000-0000-4000-8000-000000000001";
    product.say(&key, "c1", "Are you open on Sundays?", uuid).await.data(202);
    let first = next(&mut received).await;
    for _ in 0..2 {
        let again = next(&mut received).await;
        again.verify(&secret);
        assert_eq!(again.body, first.body);
        assert_eq!(again.header("webhook-id"), first.header("webhook-id"));
    }
    product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_callbacks_are_under_way_at_once() {
    const CALLBACKS: usize = 64;
    let dir = fresh_dir();
    let patient = [("AIVA_CALLBACK_TIMEOUT_MS", "30000")];
    let product = Product::start_with(config(dir.path(), &patient)).await;
    // Nobody is answered before all are here.
    let gate = std::sync::Arc::new(tokio::sync::Barrier::new(CALLBACKS + 1));
    let door = std::sync::Arc::clone(&gate);
    let handler = move || {
        let door = std::sync::Arc::clone(&door);
        async move {
            door.wait().await;
            StatusCode::NO_CONTENT
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    tokio::spawn(async move {
        axum::serve(listener, Router::new().route("/hook", post(handler))).await.unwrap();
    });
    let (_, key, _) = key_with_callback(&product, &url).await;
    for number in 0..CALLBACKS {
        let uuid = format!("00000000-0000-4000-8000-{number:012}");
        product.say(&key, &format!("c{number}"), "Do you ship abroad?", &uuid).await.data(202);
    }
    tokio::time::timeout(Duration::from_secs(30), gate.wait()).await.unwrap();
    product.stop().await;
}
