//! A model that takes its time, as real ones do: an OpenAI-compatible endpoint on loopback.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

use crate::Result;
use crate::report::{Report, megabytes, millis};

/// How long one answer takes.
const ANSWER: Duration = Duration::from_secs(1);
/// The smallest number of generations at once that the budget allows.
const WANTED: u64 = 10;
/// The smallest setting of a function's memory.
const MEMORY_BYTES: u64 = 128 << 20;

/// A running model; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct SlowModel {
    base_url: String,
    desk: Arc<Desk>,
    server: AbortHandle,
}

#[derive(Debug, Default)]
struct Desk {
    now: AtomicU64,
    most: AtomicU64,
    answered: AtomicU64,
}

impl SlowModel {
    /// Listens on a free loopback port.
    pub(crate) async fn start() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let base_url = format!("http://{}/v1", listener.local_addr()?);
        let desk = Arc::new(Desk::default());
        let router = Router::new().fallback(answer).with_state(Arc::clone(&desk));
        let server = tokio::spawn(async { axum::serve(listener, router).await });
        Ok(Self { base_url, desk, server: server.abort_handle() })
    }

    /// What makes a function ask this model.
    pub(crate) fn variables(&self) -> [(&'static str, String); 4] {
        [
            ("AIVA_MODEL", "openai".to_owned()),
            ("AIVA_OPENAI_BASE_URL", self.base_url.clone()),
            ("AIVA_OPENAI_MODEL", "slow".to_owned()),
            ("AIVA_OPENAI_API_KEY", "none".to_owned()),
        ]
    }

    /// The most requests that it had at one moment.
    pub(crate) fn most(&self) -> u64 {
        self.desk.most.load(Ordering::Relaxed)
    }

    /// Answers so far.
    pub(crate) fn answered(&self) -> u64 {
        self.desk.answered.load(Ordering::Relaxed)
    }
}

impl Drop for SlowModel {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(State(desk): State<Arc<Desk>>, Json(request): Json<Value>) -> impl IntoResponse {
    let now = desk.now.fetch_add(1, Ordering::Relaxed) + 1;
    desk.most.fetch_max(now, Ordering::Relaxed);
    tokio::time::sleep(ANSWER).await;
    desk.now.fetch_sub(1, Ordering::Relaxed);
    desk.answered.fetch_add(1, Ordering::Relaxed);
    let text = "A refund takes five working days.";
    let usage = json!({ "prompt_tokens": 500, "completion_tokens": 10, "total_tokens": 510 });
    if request["stream"] == true {
        let delta = json!({ "choices": [{ "index": 0, "delta": { "content": text } }] });
        let choices = json!([{ "index": 0, "delta": {}, "finish_reason": "stop" }]);
        let last = json!({ "choices": choices, "usage": usage });
        let body = format!("data: {delta}\n\ndata: {last}\n\ndata: [DONE]\n\n");
        return ([(CONTENT_TYPE, "text/event-stream")], body);
    }
    let message = json!({ "role": "assistant", "content": text });
    let choices = json!([{ "index": 0, "message": message, "finish_reason": "stop" }]);
    let body = json!({ "id": "bench", "choices": choices, "usage": usage });
    ([(CONTENT_TYPE, "application/json")], body.to_string())
}

/// How one sandbox did with ten conversations and the slow model.
#[derive(Debug)]
pub(crate) struct AtOnce {
    pub(crate) most: u64,
    pub(crate) took: Duration,
    pub(crate) peak_kib: u64,
}

impl AtOnce {
    /// Adds its budget.
    pub(crate) fn report(&self, report: &mut Report) {
        let bytes = self.peak_kib * 1_024;
        report.row(
            "generations at once in one sandbox, a batch of ten, a model that takes 1 s",
            "≥ 10 in 128 MB",
            format!("{} in {}, {}", self.most, megabytes(bytes), millis(self.took)),
            self.most >= WANTED && bytes <= MEMORY_BYTES,
        );
    }
}
