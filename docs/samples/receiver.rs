//! A callback endpoint: `CALLBACK_SECRET=whsec_… PORT=9000 cargo run --package aiva-local --example receiver`
//!
//! Needs `axum`, `data-encoding`, `hmac`, `serde_json`, `sha2` and `tokio`.

#![expect(clippy::print_stdout, reason = "a program that shows what it receives")]
#![expect(clippy::disallowed_methods, reason = "a program of its own reads clock and environment")]

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

/// Takes the bytes as they came in, before any JSON parser, and the time in unix seconds.
fn verify(headers: &HeaderMap, raw_body: &[u8], secret: &str, now: i64) -> bool {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let timestamp = header("x-assistify-timestamp").unwrap_or_default();
    if !timestamp.parse::<i64>().is_ok_and(|seconds| now.abs_diff(seconds) <= 300) {
        return false;
    }
    let given = header("x-assistify-signature").and_then(|given| given.strip_prefix("sha256="));
    let given = given.and_then(|given| HEXLOWER.decode(given.as_bytes()).ok());
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length is a key");
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(raw_body);
    given.is_some_and(|given| mac.verify_slice(&given).is_ok())
}

fn handle(event: &Value) {
    let detail = match event["event"].as_str() {
        // One code path: the second also has `agentName`.
        Some("ai.reply" | "agent.reply") => &event["content"],
        _ => &event["reason"],
    };
    let conversation = event["conversationId"].as_str().unwrap_or_default();
    println!("{} {conversation} {detail}", event["event"].as_str().unwrap_or_default());
}

struct Endpoint {
    secret: String,
    /// In production: a table with a unique key on the delivery id.
    seen: Mutex<HashSet<String>>,
}

async fn receive(
    State(endpoint): State<Arc<Endpoint>>,
    headers: HeaderMap,
    raw_body: Bytes,
) -> StatusCode {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = now.map_or(0, |since| since.as_secs().cast_signed());
    if !verify(&headers, &raw_body, &endpoint.secret, now) {
        return StatusCode::UNAUTHORIZED;
    }
    let Ok(event) = serde_json::from_slice::<Value>(&raw_body) else {
        return StatusCode::BAD_REQUEST;
    };
    let delivery = event["deliveryId"].as_str().unwrap_or_default().to_owned();
    if endpoint.seen.lock().expect("nobody panics while holding it").insert(delivery) {
        handle(&event);
    }
    StatusCode::NO_CONTENT
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let secret = std::env::var("CALLBACK_SECRET")?;
    let port = std::env::var("PORT").unwrap_or_else(|_| "9000".to_owned());
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let endpoint = Arc::new(Endpoint { secret, seen: Mutex::default() });
    let router = Router::new().route("/", post(receive)).with_state(endpoint);
    axum::serve(listener, router).await?;
    Ok(())
}
