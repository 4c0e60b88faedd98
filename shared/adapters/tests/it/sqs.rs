//! The queues over the embedded engine.

use std::time::Duration;

use aiva_adapters::sqs::SqsQueue;
use aiva_core::id::{Id, Marker};
use aiva_core::outbox::{DeliveryJob, GenerationJob};
use aiva_core::ports::{Entropy, Queue};
use aiva_core::text::ExternalId;
use aiva_embedded::{Clock, EmbeddedSqs, Fault, FaultPlan, ManualClock};
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{MessageSystemAttributeName, QueueAttributeName};
use jiff::Timestamp;

struct Fixed(u8);
impl Entropy for Fixed {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0);
    }
}

fn id<M: Marker>(byte: u8) -> Id<M> {
    Id::new(Timestamp::UNIX_EPOCH, &Fixed(byte))
}

fn generation(message: u8) -> GenerationJob {
    GenerationJob {
        behind: false,
        workspace_id: id(1),
        project_id: id(2),
        external_conversation_id: ExternalId::parse("id", "order-1").unwrap(),
        conversation_id: id(3),
        seq: 4,
        message_id: id(message),
    }
}

fn delivery() -> DeliveryJob {
    DeliveryJob {
        workspace_id: id(1),
        delivery_id: id(6),
        endpoint: "key_endpoint".to_owned(),
        urgent: false,
    }
}

struct Queues {
    engine: EmbeddedSqs,
    clock: ManualClock,
    generation: String,
    delivery: String,
}

async fn queues() -> Queues {
    let clock = ManualClock::new(1_790_000_000_000);
    let engine = EmbeddedSqs::memory(Clock::from(clock.clone())).unwrap();
    let client = engine.client();
    let fifo = client.create_queue().queue_name("generation.fifo");
    let fifo = fifo.attributes(QueueAttributeName::FifoQueue, "true").send().await.unwrap();
    let standard = client.create_queue().queue_name("deliveries").send().await.unwrap();
    let generation = fifo.queue_url.unwrap();
    Queues { engine, clock, generation, delivery: standard.queue_url.unwrap() }
}

impl Queues {
    fn sender(&self, client: Client) -> SqsQueue {
        SqsQueue::new(client, Some(self.generation.clone()), Some(self.delivery.clone()))
    }

    /// The bodies and groups of what can be received now.
    async fn received(&self, url: &str) -> Vec<(String, Option<String>)> {
        let group = MessageSystemAttributeName::MessageGroupId;
        let request = self.engine.client().receive_message().queue_url(url);
        let request = request.max_number_of_messages(10);
        let request = request.message_system_attribute_names(group.clone());
        let messages = request.send().await.unwrap().messages.unwrap_or_default();
        let parts = messages.into_iter().map(|message| {
            let attributes = message.attributes.unwrap_or_default();
            (message.body.unwrap(), attributes.get(&group).cloned())
        });
        parts.collect()
    }
}

#[tokio::test]
async fn a_reply_is_asked_for_once_a_round_in_the_group_of_its_conversation() {
    let queues = queues().await;
    let sender = queues.sender(queues.engine.client());
    for round in [0, 0, 7, 7] {
        sender.send_generation(&generation(5), round).await.unwrap();
    }
    sender.send_generation(&generation(6), 0).await.unwrap();
    let received = queues.received(&queues.generation).await;
    let jobs: Vec<GenerationJob> =
        received.iter().map(|(body, _)| serde_json::from_str(body).unwrap()).collect();
    assert_eq!(jobs, [generation(5), generation(5), generation(6)]);
    let group = generation(5).conversation_id.to_string();
    assert!(received.iter().all(|(_, own)| own.as_deref() == Some(group.as_str())));
}

#[tokio::test]
async fn a_delivery_waits_as_long_as_it_is_told_and_fifteen_minutes_at_most() {
    let queues = queues().await;
    let sender = queues.sender(queues.engine.client());
    sender.send_delivery(&delivery(), Duration::from_secs(30)).await.unwrap();
    sender.send_delivery(&delivery(), Duration::from_secs(86_400)).await.unwrap();
    assert!(queues.received(&queues.delivery).await.is_empty());
    queues.clock.advance(Duration::from_secs(30));
    let received = queues.received(&queues.delivery).await;
    assert_eq!(received.len(), 1);
    assert_eq!(serde_json::from_str::<DeliveryJob>(&received[0].0).unwrap(), delivery());
    assert_eq!(received[0].1.as_deref(), Some("key_endpoint"));
    queues.clock.advance(Duration::from_secs(870));
    assert!(!queues.received(&queues.delivery).await.is_empty());
}

#[tokio::test]
async fn a_queue_that_cannot_be_reached_is_unavailable_and_one_that_is_not_there_a_fault() {
    let queues = queues().await;
    let faults = FaultPlan::new(1).with_rate(Fault::LostRequest, 1_000);
    let sender = queues.sender(queues.engine.client_with_faults(&faults));
    let lost = sender.send_generation(&generation(5), 0).await.unwrap_err();
    assert!(matches!(lost, aiva_core::error::Error::Unavailable(_)), "{lost:?}");
    let nowhere = SqsQueue::new(queues.engine.client(), None, Some("https://x/none".into()));
    let missing = nowhere.send_generation(&generation(5), 0).await.unwrap_err();
    assert!(matches!(missing, aiva_core::error::Error::Internal(_)));
    let unknown = nowhere.send_delivery(&delivery(), Duration::ZERO).await.unwrap_err();
    assert!(matches!(unknown, aiva_core::error::Error::Internal(_)), "{unknown:?}");
}

#[tokio::test]
async fn records_are_seen_again_when_they_were_put_back_for() {
    let queues = queues().await;
    let sender = queues.sender(queues.engine.client());
    for message in 10..22 {
        let alone = GenerationJob { conversation_id: id(message), ..generation(message) };
        sender.send_generation(&alone, 0).await.unwrap();
    }
    let mut receipts = Vec::new();
    for _ in 0..2 {
        let request = queues.engine.client().receive_message().queue_url(&queues.generation);
        let request = request.max_number_of_messages(10).visibility_timeout(540);
        let taken = request.send().await.unwrap().messages.unwrap_or_default();
        receipts.extend(taken.into_iter().filter_map(|message| message.receipt_handle));
    }
    assert_eq!(receipts.len(), 12);
    let wait = Duration::from_millis(1_500);
    let records = receipts.into_iter().map(|receipt| (receipt, wait)).collect();
    sender.generations_back().put(records).await;
    queues.clock.advance(Duration::from_millis(1_999));
    assert_eq!(queues.received(&queues.generation).await.len(), 0);
    queues.clock.advance(Duration::from_millis(1));
    let first = queues.received(&queues.generation).await.len();
    assert_eq!(first + queues.received(&queues.generation).await.len(), 12);
}
