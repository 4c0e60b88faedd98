//! The integrator's endpoint: counts callbacks, and tells whoever waits for one that it is there.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::AbortHandle;

use crate::Result;

/// A running endpoint; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Receiver {
    pub(crate) url: String,
    inbox: Arc<Inbox>,
    server: AbortHandle,
}

#[derive(Debug)]
struct Inbox {
    awaited: Mutex<HashMap<String, oneshot::Sender<Instant>>>,
    count: AtomicU64,
    seen: watch::Sender<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Callback {
    conversation_id: Option<String>,
}

impl Receiver {
    /// Listens on a free loopback port.
    pub(crate) async fn start() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}/callback", listener.local_addr()?);
        let inbox = Arc::new(Inbox {
            awaited: Mutex::default(),
            count: AtomicU64::new(0),
            seen: watch::Sender::new(0),
        });
        let router = Router::new().route("/callback", post(take)).with_state(Arc::clone(&inbox));
        let server = tokio::spawn(async { axum::serve(listener, router).await });
        Ok(Self { url, inbox, server: server.abort_handle() })
    }

    /// Completes with the moment at which a callback about the conversation arrives.
    pub(crate) fn expect(&self, conversation: &str) -> oneshot::Receiver<Instant> {
        let (told, tells) = oneshot::channel();
        let mut awaited = self.inbox.awaited.lock().unwrap_or_else(PoisonError::into_inner);
        awaited.insert(conversation.to_owned(), told);
        tells
    }

    /// How many callbacks have come so far.
    pub(crate) fn count(&self) -> u64 {
        self.inbox.count.load(Ordering::Relaxed)
    }

    /// Waits until so many callbacks have come; `false` when they have not in time.
    pub(crate) async fn reached(&self, count: u64, patience: Duration) -> bool {
        let mut seen = self.inbox.seen.subscribe();
        let all = seen.wait_for(|seen| *seen >= count);
        tokio::time::timeout(patience, all).await.is_ok_and(|waited| waited.is_ok())
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn take(State(inbox): State<Arc<Inbox>>, body: Bytes) -> StatusCode {
    let at = Instant::now();
    let callback = serde_json::from_slice::<Callback>(&body).ok();
    if let Some(conversation) = callback.and_then(|callback| callback.conversation_id) {
        let mut awaited = inbox.awaited.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(told) = awaited.remove(&conversation) {
            // Whoever waited may have given up.
            let _ = told.send(at);
        }
    }
    let count = inbox.count.fetch_add(1, Ordering::Relaxed) + 1;
    inbox.seen.send_if_modified(|seen| {
        let is_more = count > *seen;
        *seen = count.max(*seen);
        is_more
    });
    StatusCode::NO_CONTENT
}

/// An endpoint that takes connections and never answers.
#[derive(Debug)]
pub(crate) struct BlackHole {
    pub(crate) url: String,
    server: AbortHandle,
}

impl BlackHole {
    /// Listens on a free loopback port.
    pub(crate) async fn start() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}/callback", listener.local_addr()?);
        let router = Router::new().fallback(std::future::pending::<StatusCode>);
        let server = tokio::spawn(async { axum::serve(listener, router).await });
        Ok(Self { url, server: server.abort_handle() })
    }
}

impl Drop for BlackHole {
    fn drop(&mut self) {
        self.server.abort();
    }
}
