//! A model's endpoint that notes what it was asked.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::IntoResponse as _;
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
        Self::start_with(|_| true, Duration::ZERO).await
    }

    /// An endpoint that thinks for so long about every answer.
    pub(crate) async fn thinking(time: Duration) -> Self {
        Self::start_with(|_| true, time).await
    }

    /// An endpoint that refuses every request with tools, as many do.
    pub(crate) async fn without_tools() -> Self {
        Self::start_with(|asked| asked.get("tools").is_none(), Duration::ZERO).await
    }

    async fn start_with(takes: fn(&Value) -> bool, thinks: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        let answer = move |Json(asked): Json<Value>| async move {
            if !takes(&asked) {
                let error =
                    json!({ "error": { "type": "invalid_request_error", "code": "tools" } });
                return (StatusCode::BAD_REQUEST, Json(error)).into_response();
            }
            log.lock().unwrap().push(asked);
            tokio::time::sleep(thinks).await;
            let message = json!({ "role": "assistant", "content": "Certainly." });
            let answer = json!({
                "choices": [{ "index": 0, "message": message, "finish_reason": "stop" }],
                "usage": { "prompt_tokens": 100, "completion_tokens": 5 },
            });
            Json(answer).into_response()
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
