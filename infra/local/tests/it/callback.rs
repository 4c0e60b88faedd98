//! Callbacks reach a receiver, signed.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use reqwest::Method;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use crate::receiver::Receiver;
use crate::support::{Product, config, fresh_dir};

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
    let mut receiver = Receiver::start(0).await;
    let (_, key, secret) = key_with_callback(&product, &receiver.url).await;
    let uuid = "00000000-0000-4000-8000-000000000001";
    let question = "How much does express delivery cost?";
    let sent = product.say(&key, "order-4821", question, uuid).await.data(202);
    let callback = receiver.next().await;
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
    let mut receiver = Receiver::start(0).await;
    let (key_id, _, secret) = key_with_callback(&product, &receiver.url).await;
    let ping = product.operate(Method::POST, &format!("/keys/{key_id}/test"), None).await;
    let ping = ping.data(202);
    let callback = receiver.next().await;
    callback.verify(&secret);
    assert_eq!(callback.json()["event"], "test.ping");
    assert_eq!(callback.header("webhook-id"), ping["deliveryId"].as_str().unwrap());
    product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_fails_three_times_gets_the_fourth_attempt_signed_afresh() {
    let dir = fresh_dir();
    let retries = [("AIVA_CALLBACK_RETRY_SECONDS", "1,1,1")];
    let product = Product::start_with(config(dir.path(), &retries)).await;
    let mut receiver = Receiver::start(3).await;
    let (_, key, secret) = key_with_callback(&product, &receiver.url).await;
    let uuid = "00000000-0000-4000-8000-000000000001";
    product.say(&key, "c1", "Are you open on Sundays?", uuid).await.data(202);
    let first = receiver.next().await;
    let mut newest = first.header("x-assistify-timestamp").to_owned();
    let id = first.header("x-assistify-delivery-id").to_owned();
    for _ in 0..3 {
        let again = receiver.next().await;
        again.verify(&secret);
        assert_eq!(again.body, first.body, "the same bytes");
        assert_eq!(again.header("x-assistify-delivery-id"), id, "the same id");
        let timestamp = again.header("x-assistify-timestamp").to_owned();
        assert!(timestamp > newest, "a fresh timestamp, and with it a fresh signature");
        newest = timestamp;
    }
    // The log knows all four, and shows the endpoint without its query.
    let delivery = product.delivered(&id).await;
    assert_eq!(delivery["attempts"].as_array().unwrap().len(), 4, "{delivery}");
    assert_eq!(delivery["attempts"][0]["statusCode"], 500);
    assert_eq!(delivery["attempts"][3]["statusCode"], 204);
    assert!(!delivery["url"].as_str().unwrap().contains("token"), "{delivery}");
    product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_two_secrets_overlap_a_callback_is_signed_with_both() {
    let dir = fresh_dir();
    let product = Product::start(dir.path()).await;
    let mut receiver = Receiver::start(0).await;
    let (key_id, key, old) = key_with_callback(&product, &receiver.url).await;
    let rotate = async |seconds: u32| {
        let (path, body) = ("rotate-callback-secret", json!({ "overlapSeconds": seconds }));
        let path = format!("/keys/{key_id}/{path}");
        let rotated = product.operate(Method::POST, &path, Some(&body)).await.data(200);
        rotated["callbackSecret"].as_str().unwrap().to_owned()
    };
    let say = async |number: u32| {
        let uuid = format!("00000000-0000-4000-8000-{number:012}");
        product.say(&key, "c1", "Are you open on Sundays?", &uuid).await.data(202);
    };
    let new = rotate(3_600).await;
    say(1).await;
    let both = receiver.next().await;
    assert_eq!(both.header("webhook-signature").split(' ').count(), 2);
    both.verify_all(&[&new, &old]);
    // Without an overlap the newest but one ends for the very next attempt; the oldest has its hour.
    let newest = rotate(0).await;
    say(2).await;
    receiver.next().await.verify_all(&[&newest, &old]);
    product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documents_own_javascript_accepts_the_signature_over_the_raw_bytes() {
    let dir = fresh_dir();
    let product = Product::start(dir.path()).await;
    let mut receiver = Receiver::start(0).await;
    let (_, key, secret) = key_with_callback(&product, &receiver.url).await;
    let uuid = "00000000-0000-4000-8000-000000000001";
    product.say(&key, "c1", "What is your refund policy?", uuid).await.data(202);
    let callback = receiver.next().await;
    let raw = std::str::from_utf8(&callback.body).unwrap();
    let reserialized = format!(" {raw}");
    let call = "console.log(verify(JSON.parse(process.argv[1]), process.argv[2]));";
    let program = format!("{}{call}", crate::program::text("aiva/03-verify.js"));
    for (body, secret, accepted) in [
        (raw, secret.as_str(), "true"),
        (reserialized.as_str(), secret.as_str(), "false"),
        (raw, "whsec_another", "false"),
    ] {
        let request = json!({ "headers": {
            "x-assistify-timestamp": callback.header("x-assistify-timestamp"),
            "x-assistify-signature": callback.header("x-assistify-signature"),
        }, "rawBody": body });
        let node = std::process::Command::new("node")
            .args(["-e", &program, &request.to_string(), secret])
            .output()
            .expect("node is installed: `make test` installs it");
        assert_eq!(String::from_utf8_lossy(&node.stdout).trim(), accepted, "{node:?}");
    }
    product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_gets_sixteen_callbacks_at_once_and_sixty_four_once_it_answers() {
    const FIRST: usize = 16;
    const MOST: usize = 64;
    let dir = fresh_dir();
    let patient = [("AIVA_CALLBACK_TIMEOUT_MS", "30000")];
    let product = Product::start_with(config(dir.path(), &patient)).await;
    let (arrived, mut arrivals) = watch::channel(0_usize);
    let answers = Arc::new(Semaphore::new(0));
    let wanted = Arc::clone(&answers);
    let handler = move || {
        arrived.send_modify(|count| *count += 1);
        let answers = Arc::clone(&wanted);
        async move {
            answers.acquire().await.unwrap().forget();
            StatusCode::NO_CONTENT
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    tokio::spawn(async move {
        axum::serve(listener, Router::new().route("/hook", post(handler))).await.unwrap();
    });
    let (_, key, _) = key_with_callback(&product, &url).await;
    for number in 0..2 * MOST {
        let uuid = format!("00000000-0000-4000-8000-{number:012}");
        product.say(&key, &format!("c{number}"), "Do you ship abroad?", &uuid).await.data(202);
    }
    for answered in 0..=MOST - FIRST {
        // Each answer makes room for the next callback, and for one more.
        let all = arrivals.wait_for(|count| *count >= FIRST + 2 * answered);
        let seen = *tokio::time::timeout(Duration::from_secs(30), all).await.unwrap().unwrap();
        assert_eq!(seen - answered, FIRST + answered);
        answers.add_permits(1);
    }
    answers.add_permits(2 * MOST);
    product.stop().await;
}
