//! One batch of a queue: which records are done, and which come back.
//!
//! The Lambda functions and the local runtime's pollers run the same code. A record comes back unless
//! its worker said otherwise: errors, panics and time that ran out all mean "again".

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

/// One message of a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The queue's id of the message.
    pub id: String,
    /// The body.
    pub body: String,
    /// The message group, if it has one.
    pub group: Option<String>,
    /// How often it has been received, this time included.
    pub receive_count: u32,
}

/// A record on a worker's desk.
#[derive(Debug, Clone)]
pub struct Task {
    /// The record.
    pub record: Record,
    /// Names this attempt; no other attempt has the same name.
    pub holder: String,
    /// How long the worker may take before it is stopped.
    pub time_left: Duration,
}

impl Task {
    /// Reads the body.
    ///
    /// # Errors
    /// [`Disposition::Dead`] when it is not what the queue is for: it never will be.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Disposition> {
        serde_json::from_str(&self.record.body)
            .map_err(|error| Disposition::Dead { reason: format!("unreadable body: {error}") })
    }
}

/// What becomes of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Disposition {
    /// It is done with.
    Done,
    /// It comes back.
    Retry {
        /// Not before this has passed; `None` leaves it to the backoff.
        after: Option<Duration>,
    },
    /// It can never succeed: it is logged and leaves the queue.
    Dead {
        /// For the log.
        reason: String,
    },
}

/// Whether records of one group wait for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Groups run at once, and within a group one after another; a failure fails the rest of its group.
    Grouped,
    /// All run at once; a group is a matter of fairness only.
    Free,
}

/// The bounds of one batch.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Names the invocation.
    pub invocation: String,
    /// Whether groups are kept in order.
    pub order: Order,
    /// Records worked on at once, at most.
    pub concurrency: usize,
    /// Of them, records of one group.
    pub places: usize,
    /// When whatever still runs is stopped.
    pub deadline: Instant,
    /// The first wait of a failed record; it doubles with every receive, up to five minutes.
    pub backoff: Duration,
}

/// A record that comes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The queue's id of the message.
    pub id: String,
    /// When it should be seen again.
    pub after: Duration,
}

const MAX_BACKOFF: Duration = Duration::from_secs(300);

/// Works on a batch and returns what comes back, in the order of the batch.
pub async fn run<W, F>(batch: Batch, records: Vec<Record>, work: W) -> Vec<Failure>
where
    W: Fn(Task) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Disposition> + Send + 'static,
{
    let places: HashMap<String, usize> =
        records.iter().enumerate().map(|(place, record)| (record.id.clone(), place)).collect();
    let batch = Arc::new(batch);
    let desks = Arc::new(Semaphore::new(batch.concurrency.max(1)));
    let mut running = JoinSet::new();
    let mut groups: HashMap<String, Arc<Semaphore>> = HashMap::new();
    for lane in lanes(batch.order, records) {
        let (batch, desks, work) = (Arc::clone(&batch), Arc::clone(&desks), work.clone());
        let group = lane.first().and_then(|record| record.group.clone());
        let places = group.map(|group| {
            let places = || Arc::new(Semaphore::new(batch.places.max(1)));
            Arc::clone(groups.entry(group).or_insert_with(places))
        });
        running.spawn(async move {
            // First a place of the group, then a desk: who waits for a place takes no desk.
            let _place = match &places {
                Some(places) => Some(places.acquire().await),
                None => None,
            };
            let _desk = desks.acquire().await;
            run_lane(&batch, lane, &work).await
        });
    }
    let mut failures = Vec::new();
    while let Some(lane) = running.join_next().await {
        match lane {
            Ok(failed) => failures.extend(failed),
            Err(error) => tracing::error!(%error, "a lane of a batch broke"),
        }
    }
    failures.sort_by_key(|failure| places.get(&failure.id).copied());
    failures
}

fn lanes(order: Order, records: Vec<Record>) -> Vec<Vec<Record>> {
    let mut lanes: Vec<Vec<Record>> = Vec::new();
    let mut of_group: HashMap<String, usize> = HashMap::new();
    for record in records {
        let known = match (order, &record.group) {
            (Order::Grouped, Some(group)) => {
                Some(*of_group.entry(group.clone()).or_insert(lanes.len()))
            }
            (Order::Grouped, None) | (Order::Free, _) => None,
        };
        match known.and_then(|lane| lanes.get_mut(lane)) {
            Some(lane) => lane.push(record),
            None => lanes.push(vec![record]),
        }
    }
    lanes
}

/// Works on the records of one lane in order; after a failure the rest comes back untouched.
async fn run_lane<W, F>(batch: &Batch, lane: Vec<Record>, work: &W) -> Vec<Failure>
where
    W: Fn(Task) -> F,
    F: Future<Output = Disposition> + Send + 'static,
{
    let mut failures: Vec<Failure> = Vec::new();
    for record in lane {
        if let Some(after) = failures.first().map(|first| first.after) {
            failures.push(Failure { id: record.id, after });
            continue;
        }
        let (id, count) = (record.id.clone(), record.receive_count);
        match run_record(batch, record, work).await {
            Disposition::Done => {}
            Disposition::Dead { reason } => {
                tracing::error!(record = id, reason, "dropped: it can never succeed");
            }
            Disposition::Retry { after } => {
                let after = after.unwrap_or_else(|| backoff(batch.backoff, count));
                failures.push(Failure { id, after });
            }
        }
    }
    failures
}

/// Works on one record in a task of its own, so that a panic is the record's alone.
async fn run_record<W, F>(batch: &Batch, record: Record, work: &W) -> Disposition
where
    W: Fn(Task) -> F,
    F: Future<Output = Disposition> + Send + 'static,
{
    let id = record.id.clone();
    let holder = format!("{}/{}/{}", batch.invocation, record.id, record.receive_count);
    let time_left = batch.deadline.saturating_duration_since(Instant::now());
    let again = Disposition::Retry { after: None };
    if time_left.is_zero() {
        return again;
    }
    let task = AbortOnDropHandle::new(tokio::spawn(work(Task { record, holder, time_left })));
    match tokio::time::timeout_at(batch.deadline, task).await {
        Ok(Ok(disposition)) => disposition,
        Ok(Err(error)) => {
            tracing::error!(record = id, panicked = error.is_panic(), "the worker broke");
            again
        }
        Err(_) => {
            tracing::warn!(record = id, "stopped: the batch ran out of time");
            again
        }
    }
}

fn backoff(first: Duration, receive_count: u32) -> Duration {
    let doublings = receive_count.saturating_sub(1).min(16);
    first.saturating_mul(1 << doublings).min(MAX_BACKOFF)
}

#[cfg(test)]
#[path = "batch_tests.rs"]
mod tests;
