//! The queues: replies to generate (FIFO, in order within a conversation), deliveries to attempt
//! (standard, fair between endpoints) and knowledge to take in (FIFO, one writer a project).

use std::time::Duration;

use aiva_core::error::{Error, Result};
use aiva_core::outbox::{DeliveryJob, GenerationJob, IngestionJob};
use aiva_core::ports::Queue;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::ChangeMessageVisibilityBatchRequestEntry;
use aws_types::SdkConfig;
use serde::Serialize;

use crate::sdk_error::fault;
use crate::warm::Warm;

/// The longest delay that SQS keeps, in seconds.
const MAX_DELAY_SECONDS: i32 = 900;

/// The longest time that SQS hides a message, in seconds.
const MAX_HIDDEN_SECONDS: u128 = 43_200;

/// Records that one request names, at most.
const MAX_ENTRIES: usize = 10;

/// The queues of a deployment.
#[derive(Debug, Clone)]
pub struct SqsQueue {
    client: Client,
    generation_url: Option<String>,
    delivery_url: Option<String>,
    ingestion_url: Option<String>,
}

impl SqsQueue {
    /// Makes the queues by their URLs. One that a function never sends to may be absent.
    pub fn new(
        client: Client,
        generation_url: Option<String>,
        delivery_url: Option<String>,
    ) -> Self {
        Self { client, generation_url, delivery_url, ingestion_url: None }
    }

    /// Adds the queue of knowledge to take in.
    #[must_use]
    pub fn with_ingestion(mut self, url: Option<String>) -> Self {
        self.ingestion_url = url;
        self
    }
}

impl SqsQueue {
    /// Makes the queues over a client of their own.
    pub fn connect(
        sdk: &SdkConfig,
        generation_url: Option<String>,
        delivery_url: Option<String>,
    ) -> Self {
        Self::new(Client::new(sdk), generation_url, delivery_url)
    }

    /// Puts failed records of the generation queue back.
    pub fn generations_back(&self) -> PutBack {
        PutBack { client: self.client.clone(), url: self.generation_url.clone() }
    }

    /// Puts failed records of the ingestion queue back.
    pub fn ingestions_back(&self) -> PutBack {
        PutBack { client: self.client.clone(), url: self.ingestion_url.clone() }
    }

    /// Puts failed records of the delivery queue back.
    pub fn deliveries_back(&self) -> PutBack {
        PutBack { client: self.client.clone(), url: self.delivery_url.clone() }
    }
}

impl Warm for SqsQueue {
    /// Sends a message that SQS refuses for having no body.
    async fn warm(&self) {
        let known = [&self.generation_url, &self.delivery_url, &self.ingestion_url];
        if let Some(url) = known.into_iter().flatten().next() {
            let refused = self.client.send_message().queue_url(url).message_body("").send().await;
            tracing::trace!(refused = refused.is_err(), "the connection to SQS is tried");
        }
    }
}

impl Queue for SqsQueue {
    /// The group is the conversation, so that its replies come in order. The round goes into the
    /// deduplication id: what is sent again on purpose is no duplicate.
    async fn send_generation(&self, job: &GenerationJob, round: u64) -> Result<()> {
        let request = self
            .client
            .send_message()
            .queue_url(url(self.generation_url.as_ref())?)
            .message_body(body(job)?)
            .message_group_id(job.conversation_id.to_string())
            .message_deduplication_id(format!("{}-{round}", job.message_id));
        request.send().await.map_err(fault).map(|_| ())
    }

    /// The group is the endpoint: on a standard queue that asks for fairness between them, not for
    /// order.
    async fn send_delivery(&self, job: &DeliveryJob, delay: Duration) -> Result<()> {
        let seconds = i32::try_from(delay.as_secs()).unwrap_or(MAX_DELAY_SECONDS);
        let request = self
            .client
            .send_message()
            .queue_url(url(self.delivery_url.as_ref())?)
            .message_body(body(job)?)
            .message_group_id(&job.endpoint)
            .delay_seconds(seconds.min(MAX_DELAY_SECONDS));
        request.send().await.map_err(fault).map(|_| ())
    }

    /// The group is the project, so that it has one writer at a time.
    async fn send_ingestion(&self, job: &IngestionJob, round: u64) -> Result<()> {
        let about = match job.source_id {
            Some(source) => source.to_string(),
            None => job.project_id.to_string(),
        };
        let request = self
            .client
            .send_message()
            .queue_url(url(self.ingestion_url.as_ref())?)
            .message_body(body(job)?)
            .message_group_id(job.project_id.to_string())
            .message_deduplication_id(format!("{about}-{round}"));
        request.send().await.map_err(fault).map(|_| ())
    }
}

/// Makes records of one queue visible again when they should be tried.
#[derive(Debug, Clone)]
pub struct PutBack {
    client: Client,
    url: Option<String>,
}

impl PutBack {
    /// Shows records again, by their receipt handles, each after a time. Where that fails, or the queue is
    /// not known, a record waits for the queue's visibility timeout.
    pub async fn put(self, records: Vec<(String, Duration)>) {
        let Some(url) = self.url else { return };
        for some in records.chunks(MAX_ENTRIES) {
            let entries = some.iter().enumerate().filter_map(|(place, (receipt, after))| {
                let seconds = after.as_millis().div_ceil(1_000).min(MAX_HIDDEN_SECONDS);
                let entry = ChangeMessageVisibilityBatchRequestEntry::builder();
                let entry = entry.id(place.to_string()).receipt_handle(receipt);
                entry.visibility_timeout(i32::try_from(seconds).unwrap_or(i32::MAX)).build().ok()
            });
            let request = self.client.change_message_visibility_batch().queue_url(&url);
            match request.set_entries(Some(entries.collect())).send().await {
                Ok(answer) if answer.failed.is_empty() => {}
                Ok(answer) => {
                    let failed = answer.failed.len();
                    tracing::warn!(failed, "records wait for their visibility timeout");
                }
                Err(error) => {
                    let error = aws_sdk_sqs::error::DisplayErrorContext(error);
                    tracing::warn!(%error, "records wait for their visibility timeout");
                }
            }
        }
    }
}

fn url(url: Option<&String>) -> Result<&str> {
    url.map(String::as_str).ok_or_else(|| Error::internal("this function has no URL of the queue"))
}

fn body(job: &impl Serialize) -> Result<String> {
    serde_json::to_string(job).map_err(Error::internal)
}
