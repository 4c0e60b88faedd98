//! An integrator's endpoint on this machine.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// One callback as it came in.
pub(crate) struct Received {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Checks both signatures over the raw bytes, where there is one secret.
    pub(crate) fn verify(&self, secret: &str) {
        self.verify_all(&[secret]);
    }

    /// Checks the signatures over the raw bytes: that of the vendor by the newest secret, which comes first,
    /// those of Standard Webhooks by every one.
    pub(crate) fn verify_all(&self, secrets: &[&str]) {
        let (body, secret) = (std::str::from_utf8(&self.body).unwrap(), secrets[0]);
        let signed = format!("{}.{body}", self.header("x-assistify-timestamp"));
        let vendor = hmac(secret.as_bytes(), signed.as_bytes());
        let expected = format!("sha256={}", HEXLOWER.encode(&vendor));
        assert_eq!(self.header("x-assistify-signature"), expected);
        let (id, at) = (self.header("webhook-id"), self.header("webhook-timestamp"));
        let standard = secrets.iter().map(|secret| {
            let key = BASE64.decode(secret.strip_prefix("whsec_").unwrap().as_bytes()).unwrap();
            let standard = hmac(&key, format!("{id}.{at}.{body}").as_bytes());
            format!("v1,{}", BASE64.encode(&standard))
        });
        let expected = standard.collect::<Vec<_>>().join(" ");
        assert_eq!(self.header("webhook-signature"), expected);
    }
}

fn hmac(key: &[u8], data: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(data);
    mac.finalize().into_bytes().to_vec()
}

/// An endpoint on a free port, and what reached it.
pub(crate) struct Receiver {
    pub(crate) url: String,
    received: mpsc::UnboundedReceiver<Received>,
}

impl Receiver {
    /// Answers 500 so many times before it accepts.
    pub(crate) async fn start(failures: usize) -> Self {
        let (sender, received) = mpsc::unbounded_channel();
        let left = Arc::new(AtomicUsize::new(failures));
        let handler = move |headers: HeaderMap, body: Bytes| {
            let (sender, left) = (sender.clone(), Arc::clone(&left));
            async move {
                // A test that has seen enough no longer listens.
                let _ = sender.send(Received { headers, body });
                let less = |left: usize| left.checked_sub(1);
                match left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less) {
                    Ok(_) => StatusCode::INTERNAL_SERVER_ERROR,
                    Err(_) => StatusCode::NO_CONTENT,
                }
            }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook?token=t", listener.local_addr().unwrap());
        tokio::spawn(async move {
            axum::serve(listener, Router::new().route("/hook", post(handler))).await.unwrap();
        });
        Self { url, received }
    }

    pub(crate) async fn next(&mut self) -> Received {
        tokio::time::timeout(Duration::from_secs(10), self.received.recv()).await.unwrap().unwrap()
    }

    /// Waits until each of these messages came in, and answers all that came, each once.
    pub(crate) async fn wait_for(&mut self, messages: &BTreeSet<String>) -> BTreeSet<String> {
        let mut seen = BTreeSet::new();
        while !messages.is_subset(&seen) {
            let id = self.next().await.json()["messageId"].clone();
            seen.insert(id.as_str().unwrap_or_default().to_owned());
        }
        seen
    }
}
