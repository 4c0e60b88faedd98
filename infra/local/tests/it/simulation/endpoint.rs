//! Whoever is called: callbacks and tools, in all their moods.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use aiva_core::ports::{HttpOut, OutgoingError, OutgoingRequest, OutgoingResponse};
use serde_json::Value;

use super::world::Dice;

/// A call that a tool received.
pub(super) struct ToolCall {
    /// Its id.
    pub(super) id: String,
    /// The body.
    pub(super) body: Value,
    /// Whether the contact in it was verified at that moment, in truth.
    pub(super) verified: bool,
}

/// An endpoint that fails, or gets the request and lets its answer be lost.
pub(super) struct SimEndpoint {
    dice: Dice,
    pub(super) healthy: Mutex<bool>,
    /// Bodies received, by delivery id.
    pub(super) received: Mutex<BTreeMap<String, Vec<Vec<u8>>>>,
    /// Names of AeroChat's attempts.
    attempts: Mutex<BTreeSet<String>>,
    /// Calls received by the tools.
    pub(super) calls: Mutex<Vec<ToolCall>>,
    /// Who is verified now, in truth.
    pub(super) verified: Mutex<BTreeSet<String>>,
}

impl SimEndpoint {
    pub(super) fn new(dice: Dice) -> Self {
        Self {
            dice,
            healthy: Mutex::new(false),
            received: Mutex::default(),
            attempts: Mutex::default(),
            calls: Mutex::default(),
            verified: Mutex::default(),
        }
    }

    fn take_call(&self, id: String, body: &[u8]) {
        let body: Value = serde_json::from_slice(body).expect("a call is JSON");
        let verified = self.verified.lock().expect("no panic holds the endpoint");
        let verified = body["externalUserId"].as_str().is_some_and(|user| verified.contains(user));
        let mut calls = self.calls.lock().expect("no panic holds the endpoint");
        calls.push(ToolCall { id, body, verified });
    }
}

impl HttpOut for SimEndpoint {
    async fn post(&self, request: OutgoingRequest) -> Result<OutgoingResponse, OutgoingError> {
        let healthy = *self.healthy.lock().expect("no panic holds the endpoint");
        let fate = if healthy { 99 } else { self.dice.below(100) };
        if fate < 10 {
            return Err(OutgoingError::Connect);
        }
        let header = |name: &str| {
            let found = request.headers.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| value.clone())
        };
        let id = header("webhook-id").expect("every request names itself");
        if header("x-assistify-event").as_deref() == Some("tool.call") {
            self.take_call(id, &request.body);
        } else {
            if let Some(attempt) = header("x-aerochat-delivery") {
                let mut attempts = self.attempts.lock().expect("no panic holds the endpoint");
                assert!(attempts.insert(attempt), "two attempts have one name");
            }
            let mut received = self.received.lock().expect("no panic holds the endpoint");
            received.entry(id).or_default().push(request.body);
        }
        match fate {
            10..20 => Err(OutgoingError::Timeout),
            20..35 => Ok(answer(500)),
            35..37 => Ok(answer(410)),
            _ => Ok(answer(204)),
        }
    }
}

fn answer(status: u16) -> OutgoingResponse {
    let (retry_after, body) = (None, Vec::new());
    OutgoingResponse { status, retry_after, body, truncated: false, body_complete: true }
}
