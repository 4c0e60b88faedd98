//! The event source mapping: takes messages off a queue and hands them to a worker, as Lambda would.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use aiva_kit::batch::{self, Batch, Disposition, Failure, Order, Record, Task};
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, Message,
    MessageSystemAttributeName,
};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::floor::{Floor, Places};

/// One queue and its worker.
pub(crate) struct Poller<W> {
    pub(crate) client: Client,
    pub(crate) queue_url: String,
    /// Which start of the runtime this is; no two of them name a batch alike.
    pub(crate) epoch: u64,
    pub(crate) order: Order,
    /// Batches worked on at once, at most.
    pub(crate) desks: u32,
    /// Of them, batches of one group.
    pub(crate) places: Places,
    /// How long one batch may take.
    pub(crate) time_limit: Duration,
    pub(crate) work: W,
}

/// Tells the tasks of a runtime to end: first by finishing, then at once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stop {
    /// Nothing new is begun.
    pub(crate) soft: CancellationToken,
    /// Nothing goes on.
    pub(crate) hard: CancellationToken,
}

const LONG_POLL_SECONDS: i32 = 20;
const MAX_RECEIVE: u32 = 10;
/// The first wait of a failed record: the engine is in this process, there is little to wait for.
const BACKOFF: Duration = Duration::from_secs(1);
/// The wait before the next receive, and what it takes in, where the last one brought nothing but work
/// for groups that have no place left: taking in thousands of them at once would take the processor from
/// everybody else. The queue is fair, so what others sent comes first in the next receive.
const CROWDED_PAUSE: Duration = Duration::from_millis(10);
const CROWDED_RECEIVE: u32 = 2;
/// The wait after a receive that failed.
const RECEIVE_PAUSE: Duration = Duration::from_millis(200);

impl<W, F> Poller<W>
where
    W: Fn(Task) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Disposition> + Send + 'static,
{
    /// Polls until it is stopped. Batches run in `tasks`, so that a stop can wait for them.
    pub(crate) async fn run(self, stop: Stop, tasks: TaskTracker) {
        let poller = Arc::new(self);
        let mut floor = Floor::new(poller.desks, poller.places);
        let (left, mut leaving) = mpsc::channel::<String>(poller.desks as usize);
        let mut receiving = None;
        let mut is_crowded = false;
        let mut rounds = 0_u64;
        while !stop.soft.is_cancelled() {
            while let Some((group, lane)) = floor.seat() {
                rounds += 1;
                let (poller, hard, left) = (Arc::clone(&poller), stop.hard.clone(), left.clone());
                let invocation = format!("local-{}-{rounds}", poller.epoch);
                tasks.spawn(async move {
                    hard.run_until_cancelled(poller.process(invocation, lane)).await;
                    // Refused when the poller has ended; the channel has room for every desk.
                    let _ = left.send(group).await;
                });
            }
            if receiving.is_none()
                && let Some(room) = floor.room()
            {
                let (pause, most) = match std::mem::take(&mut is_crowded) {
                    true => (CROWDED_PAUSE, CROWDED_RECEIVE),
                    false => (Duration::ZERO, MAX_RECEIVE),
                };
                let receive = Arc::clone(&poller).receive_after(pause, room.min(most));
                receiving = Some(Box::pin(receive));
            }
            let taken = async {
                match receiving.as_mut() {
                    Some(receiving) => receiving.await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = stop.soft.cancelled() => break,
                Some(group) = leaving.recv() => floor.leave(&group),
                messages = taken => {
                    receiving = None;
                    is_crowded = !messages.is_empty();
                    for (group, lane) in lanes(poller.order, messages) {
                        let group = group.unwrap_or_default();
                        is_crowded &= floor.is_full(&group);
                        floor.arrive(group, lane);
                    }
                }
            }
        }
    }

    /// Waits for messages, after a pause; none where the queue fails, after another.
    async fn receive_after(self: Arc<Self>, pause: Duration, most: u32) -> Vec<Message> {
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        let request = self.client.receive_message().queue_url(&self.queue_url);
        let request = request
            .max_number_of_messages(i32::try_from(most).unwrap_or(1))
            .wait_time_seconds(LONG_POLL_SECONDS)
            .message_system_attribute_names(MessageSystemAttributeName::All);
        match request.send().await {
            Ok(answer) => answer.messages.unwrap_or_default(),
            Err(error) => {
                let error = aws_sdk_sqs::error::DisplayErrorContext(error);
                tracing::warn!(%error, "receiving failed");
                tokio::time::sleep(RECEIVE_PAUSE).await;
                Vec::new()
            }
        }
    }

    /// Works on one batch, deletes what is done with and puts back what is not.
    async fn process(&self, invocation: String, messages: Vec<Message>) {
        let mut receipts: HashMap<String, String> = HashMap::new();
        let mut records = Vec::new();
        for message in messages {
            if let Some((record, receipt)) = record(message) {
                receipts.insert(record.id.clone(), receipt);
                records.push(record);
            }
        }
        let batch = Batch {
            invocation,
            order: self.order,
            concurrency: records.len(),
            places: records.len(),
            deadline: Instant::now() + self.time_limit,
            backoff: BACKOFF,
        };
        let failures = batch::run(batch, records, self.work.clone()).await;
        self.put_back(&failures, &mut receipts).await;
        self.delete(receipts.into_values()).await;
    }

    /// Makes failed records visible again after their wait, and takes them out of `receipts`.
    async fn put_back(&self, failures: &[Failure], receipts: &mut HashMap<String, String>) {
        let mut entries = Vec::new();
        for (place, failure) in failures.iter().enumerate() {
            let Some(receipt) = receipts.remove(&failure.id) else { continue };
            let seconds = failure.after.as_millis().div_ceil(1_000);
            let entry = ChangeMessageVisibilityBatchRequestEntry::builder()
                .id(place.to_string())
                .receipt_handle(receipt)
                .visibility_timeout(i32::try_from(seconds).unwrap_or(i32::MAX).min(43_200))
                .build();
            entries.extend(entry.ok());
        }
        if entries.is_empty() {
            return;
        }
        let request = self.client.change_message_visibility_batch().queue_url(&self.queue_url);
        if let Err(error) = request.set_entries(Some(entries)).send().await {
            let error = aws_sdk_sqs::error::DisplayErrorContext(error);
            tracing::warn!(%error, "failed records wait for the queue's visibility timeout");
        }
    }

    async fn delete(&self, receipts: impl Iterator<Item = String>) {
        let entries: Vec<_> = receipts
            .enumerate()
            .filter_map(|(place, receipt)| {
                let entry = DeleteMessageBatchRequestEntry::builder();
                entry.id(place.to_string()).receipt_handle(receipt).build().ok()
            })
            .collect();
        if entries.is_empty() {
            return;
        }
        let request = self.client.delete_message_batch().queue_url(&self.queue_url);
        if let Err(error) = request.set_entries(Some(entries)).send().await {
            let error = aws_sdk_sqs::error::DisplayErrorContext(error);
            tracing::warn!(%error, "records that are done with will come again");
        }
    }
}

/// Messages of one group, worked on one after another.
type Lane = (Option<String>, Vec<Message>);

/// Splits a receive into batches that do not hold each other up: one for each group that is kept in
/// order, one for each message otherwise.
fn lanes(order: Order, messages: Vec<Message>) -> Vec<Lane> {
    let mut lanes: Vec<Lane> = Vec::new();
    for message in messages {
        let group = attribute(&message, &MessageSystemAttributeName::MessageGroupId);
        let known = lanes.iter_mut().find(|(of, _)| {
            order == Order::Grouped && group.is_some() && of.as_deref() == group.as_deref()
        });
        match known {
            Some((_, lane)) => lane.push(message),
            None => lanes.push((group, vec![message])),
        }
    }
    lanes
}

fn record(message: Message) -> Option<(Record, String)> {
    let count = attribute(&message, &MessageSystemAttributeName::ApproximateReceiveCount);
    let group = attribute(&message, &MessageSystemAttributeName::MessageGroupId);
    let record = Record {
        id: message.message_id?,
        body: message.body.unwrap_or_default(),
        group,
        receive_count: count.and_then(|count| count.parse().ok()).unwrap_or(1),
    };
    Some((record, message.receipt_handle?))
}

fn attribute(message: &Message, name: &MessageSystemAttributeName) -> Option<String> {
    message.attributes.as_ref()?.get(name).cloned()
}
