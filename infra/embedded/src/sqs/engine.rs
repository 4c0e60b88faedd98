//! The engine: operations by name, long polls, and who is woken by what.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::refusal::{Code, Refusal};
use super::store::{Session, Store};
use super::{batch, queue, receive, redrive, send, settle};
use crate::clock::Clock;

pub(super) struct Engine {
    store: Store,
    clock: Clock,
    /// Receivers that wait, by the name of their queue.
    waiting: Mutex<HashMap<String, Arc<Notify>>>,
    /// Counts receives, so that lanes served within one millisecond keep their order.
    turn: AtomicI64,
}

impl Engine {
    pub(super) fn new(store: Store, clock: Clock) -> Self {
        Self { store, clock, waiting: Mutex::default(), turn: AtomicI64::new(0) }
    }

    /// Runs one operation and returns its answer.
    pub(super) async fn run(&self, operation: &str, body: &[u8]) -> Result<Value, Refusal> {
        match operation {
            "ReceiveMessage" => self.receive(&read(body)?).await,
            _ => self.transact(|session| run_at_once(session, operation, body)),
        }
    }

    /// Makes every message that is in flight visible.
    pub(super) fn release_in_flight(&self) -> Result<usize, Refusal> {
        self.transact(settle::release_all)
    }

    fn transact<T>(
        &self,
        work: impl FnOnce(&mut Session<'_>) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let (outcome, woken) = self.store.transact(self.clock.now_ms(), work)?;
        for name in woken {
            let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(receivers) = waiting.get(&name) {
                receivers.notify_waiters();
            }
        }
        Ok(outcome)
    }

    async fn receive(&self, request: &receive::Request) -> Result<Value, Refusal> {
        let started_ms = self.clock.now_ms();
        let first = self.look(request)?;
        if !first.messages.is_empty() || first.wait_ms == 0 {
            return Ok(answer(&first.messages));
        }
        let deadline_ms = started_ms + first.wait_ms;
        let receivers = self.receivers(request);
        loop {
            let woken = receivers.notified();
            tokio::pin!(woken);
            // Registered before the look, so that a send between the two is not missed.
            woken.as_mut().enable();
            let attempt = self.look(request)?;
            if !attempt.messages.is_empty() || self.clock.now_ms() >= deadline_ms {
                return Ok(answer(&attempt.messages));
            }
            let due_ms = attempt.next_ready_ms.unwrap_or(deadline_ms).min(deadline_ms);
            tokio::select! {
                () = woken => {}
                () = self.clock.sleep_until(due_ms) => {}
            }
        }
    }

    fn look(&self, request: &receive::Request) -> Result<receive::Attempt, Refusal> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        self.transact(|session| receive::attempt(session, request, turn))
    }

    /// Where receivers of the request's queue wait; asked for only once the queue was seen.
    fn receivers(&self, request: &receive::Request) -> Arc<Notify> {
        let name = queue::name_in_url(request.queue_url.as_deref().unwrap_or_default());
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(waiting.entry(name.to_owned()).or_default())
    }
}

fn answer(messages: &[Value]) -> Value {
    match messages {
        [] => json!({}),
        some => json!({"Messages": some}),
    }
}

fn run_at_once(session: &mut Session<'_>, operation: &str, body: &[u8]) -> Result<Value, Refusal> {
    match operation {
        "SendMessage" => {
            let entry: send::Entry = read(body)?;
            let queue = queue::at_url(session, entry.queue_url.as_deref())?;
            send::send(session, &queue, &entry)
        }
        "SendMessageBatch" => {
            let request = read(body)?;
            batch::check_size(&request)?;
            batch::run(session, &request, send::send)
        }
        "DeleteMessage" | "ChangeMessageVisibility" => {
            let entry: settle::Entry = read(body)?;
            let queue = queue::at_url(session, entry.queue_url.as_deref())?;
            match operation {
                "DeleteMessage" => settle::delete(session, &queue, &entry),
                _ => settle::change_visibility(session, &queue, &entry),
            }
        }
        "DeleteMessageBatch" => batch::run(session, &read(body)?, settle::delete),
        "ChangeMessageVisibilityBatch" => {
            batch::run(session, &read(body)?, settle::change_visibility)
        }
        "CreateQueue" => queue::create(session, read(body)?),
        "GetQueueUrl" => queue::url(session, &read(body)?),
        "ListQueues" => queue::list(session, &read(body)?),
        "GetQueueAttributes" => queue::describe(session, &read(body)?),
        "SetQueueAttributes" => queue::change(session, read(body)?),
        "PurgeQueue" => queue::purge(session, &read(body)?),
        "DeleteQueue" => queue::delete(session, &read(body)?),
        "StartMessageMoveTask" => redrive::start_move(session, &read(body)?),
        "ListMessageMoveTasks" => redrive::list_moves(session, &read(body)?),
        unknown => {
            let message = format!("The embedded engine does not serve the action {unknown:?}.");
            Err(Refusal::new(Code::InvalidAction, message))
        }
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body)
        .map_err(|cause| Refusal::new(Code::Serialization, cause.to_string()))
}
