//! Endpoints that fail, hang or are gone, beside endpoints that work.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aiva_core::callback::EndpointId;
use aiva_core::ports::EndpointStore;
use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::time::{Instant, timeout};

use crate::receiver::Receiver;
use crate::support::{Product, config, fresh_dir};

const PATIENCE: Duration = Duration::from_secs(20);

/// A key with a callback: its id and the key.
async fn key_for(product: &Product, url: &str) -> (String, String) {
    let body = json!({ "name": "hooked", "scopes": ["messages:write"], "callbackUrl": url });
    let data = product.operate(Method::POST, "/keys", Some(&body)).await.data(201);
    let text = |field: &str| data[field].as_str().unwrap().to_owned();
    (text("keyId"), text("key"))
}

async fn say(product: &Product, key: &str, serial: usize) {
    let uuid = format!("00000000-0000-4000-8000-{serial:012}");
    let conversation = format!("c{serial}");
    product.say(key, &conversation, "Do you ship abroad?", &uuid).await.data(202);
}

/// An endpoint that always answers so, and how often it was asked.
async fn answering(status: Arc<AtomicUsize>) -> (String, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let handler = move || {
        count.fetch_add(1, Ordering::SeqCst);
        let status = u16::try_from(status.load(Ordering::SeqCst)).unwrap();
        async move { StatusCode::from_u16(status).unwrap() }
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}/hook?token=t", listener.local_addr().unwrap());
    tokio::spawn(async move {
        axum::serve(listener, Router::new().route("/hook", post(handler))).await.unwrap();
    });
    (url, asked)
}

/// Reads the log of deliveries until it is as wanted.
async fn log_when(product: &Product, query: &str, wanted: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let path = format!("/logs/deliveries?limit=200&{query}");
        let items = product.operate(Method::GET, &path, None).await.data(200)["items"].clone();
        let items = items.as_array().cloned().unwrap();
        if wanted(&items) {
            return items;
        }
        assert!(Instant::now() < deadline, "{items:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn attempts(delivery: &Value) -> usize {
    delivery["attempts"].as_array().unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_hangs_does_not_hold_up_the_others() {
    let dir = fresh_dir();
    let patient = [("AIVA_CALLBACK_TIMEOUT_MS", "30000")];
    let product = Product::start_with(config(dir.path(), &patient)).await;
    // Takes connections and answers nothing.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let hanging = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&hanging);
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            count.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move { while socket.read_u8().await.is_ok() {} });
        }
    });
    let (_, hole) = key_for(&product, &url).await;
    for serial in 0..100 {
        say(&product, &hole, serial).await;
    }
    let deadline = Instant::now() + PATIENCE;
    while hanging.load(Ordering::SeqCst) < 16 {
        assert!(Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let mut receiver = Receiver::start(0).await;
    let (_, shop) = key_for(&product, &receiver.url).await;
    for serial in 1_000..1_010 {
        say(&product, &shop, serial).await;
        timeout(PATIENCE, receiver.next()).await.expect("it is not held up");
    }
    assert_eq!(hanging.load(Ordering::SeqCst), 16, "an endpoint has its places and no more");
    product.runtime.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_fails_gets_no_more_until_one_probe_finds_it_well() {
    let dir = fresh_dir();
    // Nothing here is tried again by itself, however slow the machine is.
    let patient = [("AIVA_CALLBACK_RETRY_SECONDS", "6000,6000")];
    let product = Product::start_with(config(dir.path(), &patient)).await;
    let status = Arc::new(AtomicUsize::new(500));
    let (url, asked) = answering(Arc::clone(&status)).await;
    let (key_id, key) = key_for(&product, &url).await;
    let of_key = format!("keyId={key_id}");
    for serial in 0..5 {
        say(&product, &key, serial).await;
        log_when(&product, &of_key, |items| {
            items.len() == serial + 1 && items.iter().all(|item| attempts(item) == 1)
        })
        .await;
    }
    // What an attempt says of its endpoint is written down behind the attempt.
    let endpoint = EndpointId::Key(key_id.parse().unwrap());
    let store = &product.runtime.app().store;
    let deadline = Instant::now() + PATIENCE;
    while store.endpoint(endpoint).await.unwrap().unwrap().callback.health.failures < 5 {
        assert!(Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // The sixth is written down, due behind the pause, and not sent.
    let before = asked.load(Ordering::SeqCst);
    say(&product, &key, 5).await;
    let items = log_when(&product, &of_key, |items| items.len() == 6).await;
    assert_eq!((&items[0]["status"], attempts(&items[0])), (&json!("pending"), 0));
    assert!(items[0]["nextAttemptAt"].as_str().unwrap() > items[0]["createdAt"].as_str().unwrap());
    assert_eq!(asked.load(Ordering::SeqCst), before);
    // Who asks for it gets it, and its success lets others through.
    status.store(204, Ordering::SeqCst);
    let id = items[0]["deliveryId"].as_str().unwrap();
    product.operate(Method::POST, &format!("/deliveries/{id}/replay"), None).await.data(202);
    assert_eq!(product.delivered(id).await["status"], "delivered");
    say(&product, &key, 6).await;
    let delivered = format!("{of_key}&status=delivered");
    log_when(&product, &delivered, |items| items.len() == 2).await;
    product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_asks_for_time_is_given_it() {
    let dir = fresh_dir();
    let retries = [("AIVA_CALLBACK_RETRY_SECONDS", "1,1")];
    let product = Product::start_with(config(dir.path(), &retries)).await;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let busy = || async { (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", "30")]) };
    tokio::spawn(async move {
        axum::serve(listener, Router::new().route("/hook", post(busy))).await.unwrap();
    });
    let (key_id, key) = key_for(&product, &url).await;
    say(&product, &key, 1).await;
    let of_key = format!("keyId={key_id}");
    let tried = |items: &[Value]| items.first().is_some_and(|item| attempts(item) == 1);
    let delivery = log_when(&product, &of_key, tried).await.remove(0);
    assert_eq!(delivery["attempts"][0]["statusCode"], 503);
    let at = |value: &Value| value.as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let waits = at(&delivery["nextAttemptAt"]).duration_since(at(&delivery["attempts"][0]["at"]));
    assert!((30..40).contains(&waits.as_secs()), "{waits:?}");
    product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_is_told_once_that_an_endpoint_is_gone() {
    let dir = fresh_dir();
    let product = Product::start(dir.path()).await;
    let (url, asked) = answering(Arc::new(AtomicUsize::new(410))).await;
    let (key_id, key) = key_for(&product, &url).await;
    say(&product, &key, 1).await;
    let deadline = Instant::now() + PATIENCE;
    let mailbox = loop {
        let mailbox = product.get("/local/mailbox").await.json()["items"].clone();
        if mailbox.as_array().is_some_and(|items| !items.is_empty()) {
            break mailbox;
        }
        assert!(Instant::now() < deadline, "no mail");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let text = mailbox[0]["text"].as_str().unwrap();
    assert!(text.contains("410 Gone") && text.contains("/hook (hooked)"), "{text}");
    assert!(!text.contains("token"), "{text}");
    let shown = product.operate(Method::GET, &format!("/keys/{key_id}"), None).await.data(200);
    assert_eq!(shown["callback"]["status"], "disabled");
    // What happens meanwhile is kept, and nobody is told again.
    say(&product, &key, 2).await;
    let of_key = format!("keyId={key_id}&status=skipped");
    log_when(&product, &of_key, |items| items.len() == 1).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let mailbox = product.get("/local/mailbox").await.json()["items"].clone();
    assert_eq!(mailbox.as_array().unwrap().len(), 1);
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_disabled_endpoint_missed_is_counted_and_sent_again_with_the_same_bytes() {
    let dir = fresh_dir();
    let product = Product::start(dir.path()).await;
    let mut receiver = Receiver::start(0).await;
    let (key_id, key) = key_for(&product, &receiver.url).await;
    let path = format!("/keys/{key_id}");
    let switch = async |on: bool| {
        let body = json!({ "callbackEnabled": on });
        product.operate(Method::PATCH, &path, Some(&body)).await.data(200)
    };
    switch(false).await;
    for serial in 0..4 {
        say(&product, &key, serial).await;
    }
    let skipped = format!("keyId={key_id}&status=skipped&event=ai.reply");
    let missed = log_when(&product, &skipped, |items| items.len() == 4).await;
    let since = missed[3]["createdAt"].as_str().unwrap().to_owned();
    let recover = async |body: Value| {
        product.operate(Method::POST, "/deliveries/recover", Some(&body)).await.data(200)
    };
    // A disabled endpoint is left as it is.
    let told = recover(json!({ "since": since, "keyId": key_id, "dryRun": true })).await;
    assert_eq!(told, json!({ "count": 4 }));
    let begun = recover(json!({ "since": since, "keyId": key_id })).await;
    let progress = format!("/deliveries/recoveries/{}", begun["recoveryId"].as_str().unwrap());
    let progress = product.operate(Method::GET, &progress, None).await.data(200);
    assert_eq!((&progress["status"], &progress["left"]), (&json!("done"), &json!(4)));
    let shown = switch(true).await;
    assert_eq!(shown["missed"]["count"], 4, "{shown}");
    assert!(shown["missed"]["recover"].as_str().unwrap().ends_with("/deliveries/recover"));
    // Its own part of the window, then the rest: nothing is sent twice.
    let first = json!({ "since": since, "until": since, "keyId": key_id });
    assert_eq!(recover(first).await["count"], 1);
    assert_eq!(receiver.next().await.json()["conversationId"], missed[3]["conversationId"]);
    product.delivered(missed[3]["deliveryId"].as_str().unwrap()).await;
    let begun = recover(json!({ "since": since, "ratePerSecond": 100 })).await;
    assert_eq!(begun["count"], 3, "{begun}");
    let mut came = Vec::new();
    for _ in 0..3 {
        came.push(receiver.next().await.header("x-assistify-delivery-id").to_owned());
    }
    came.sort();
    let mut expected: Vec<_> =
        missed[..3].iter().map(|item| item["deliveryId"].as_str().unwrap().to_owned()).collect();
    expected.sort();
    assert_eq!(came, expected);
    log_when(&product, &skipped, <[Value]>::is_empty).await;
    product.stop().await;
}
