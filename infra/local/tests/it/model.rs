//! A model's endpoint that notes what it was asked.

use std::sync::{Arc, Mutex};

use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// An endpoint that speaks OpenAI's chat completions and always says the same.
pub(crate) struct Endpoint {
    /// Its base.
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Value>>>,
}

impl Endpoint {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        let answer = move |Json(asked): Json<Value>| async move {
            log.lock().unwrap().push(asked);
            let message = json!({ "role": "assistant", "content": "Certainly." });
            Json(json!({
                "choices": [{ "index": 0, "message": message, "finish_reason": "stop" }],
                "usage": { "prompt_tokens": 100, "completion_tokens": 5 },
            }))
        };
        let routes = Router::new().route("/v1/chat/completions", post(answer));
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { url, seen }
    }

    /// What it was asked, oldest first, each with everything that it was told.
    pub(crate) fn prompts(&self) -> Vec<String> {
        let seen = self.seen.lock().unwrap();
        let texts = seen.iter().map(|asked| asked["messages"].to_string());
        texts.collect()
    }
}
