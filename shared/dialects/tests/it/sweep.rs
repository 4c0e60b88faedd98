//! The sweep, where very much is owed or something cannot be read.

use std::sync::Arc;
use std::time::Duration;

use aiva_core::callback::{EndpointId, Event};
use aiva_core::delivery::{Delivery, DeliveryStatus, Trigger};
use aiva_core::error::Result;
use aiva_core::id::{BareKeyId, DeliveryId, MessageId, WorkspaceId};
use aiva_core::key::KeyId;
use aiva_core::outbox;
use aiva_core::payment::{Collected, PaymentOrder};
use aiva_core::ports::{Clock, DeliveryStore, OutboxStore, Payments};
use serde_json::{Value, json};

use crate::billing::with_a_payment;
use crate::world::{World, request};

/// Submits a message that nobody answers, and names it.
async fn unanswered(world: &World) -> MessageId {
    let body = json!({
        "externalConversationId": "c1", "content": "Are you open?",
        "idempotencyKey": "00000000-0000-4000-8000-000000000001",
    });
    let asked = request("POST", "/v1/messages", Some(&world.names["key"]), &body.to_string());
    let answer = world.send(asked).await;
    let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    body["data"]["messageId"].as_str().unwrap().parse().unwrap()
}

/// A delivery in the same part of the index as a message.
fn delivery_beside(world: &World, message: MessageId) -> Delivery {
    let app = &*world.edge.app;
    let workspace: WorkspaceId = world.names["shop"].parse().unwrap();
    let shards = app.store.owed_shards();
    let ids = std::iter::repeat_with(|| DeliveryId::new(app.now(), app));
    let mut ids = ids.filter(|id| id.shard(shards) == message.shard(shards));
    let key = BareKeyId::from_bare(&"0".repeat(26)).unwrap();
    Delivery {
        id: ids.next().unwrap(),
        endpoint: EndpointId::Key(KeyId { workspace, key }),
        event: Event::AiReply,
        conversation: None,
        payload: "{}".to_owned(),
        url: "https://shop.example.com/hook".to_owned(),
        status: DeliveryStatus::Pending,
        attempts: Vec::new(),
        automatic_attempts: 0,
        next_attempt_at: Some(app.now()),
        created_at: app.now(),
        trigger: Trigger::Auto,
    }
}

#[tokio::test]
async fn a_lost_reply_behind_hundreds_of_overdue_deliveries_is_asked_for_in_the_same_sweep() {
    let world = World::new().await;
    let app = &*world.edge.app;
    let message = unanswered(&world).await;
    let long_ago = app.now() - Duration::from_secs(3_600);
    for _ in 0..300 {
        let delivery = delivery_beside(&world, message);
        app.store.create_delivery(&delivery, long_ago).await.unwrap();
    }
    world.wait(60);
    let report = outbox::sweep(app).await.unwrap();
    assert_eq!((report.generations, report.deliveries), (1, 300), "{report:?}");
    // All were put off, so that a slow queue is not flooded.
    assert_eq!(outbox::sweep(app).await.unwrap(), outbox::SweepReport::default());
}

#[tokio::test]
async fn a_row_that_cannot_be_read_keeps_nobody_waiting() {
    let world = World::new().await;
    let app = &*world.edge.app;
    let message = unanswered(&world).await;
    let long_ago = app.now() - Duration::from_secs(3_600);
    let broken = delivery_beside(&world, message);
    app.store.create_delivery(&broken, long_ago).await.unwrap();
    world.spoil(&broken.id.to_string()).await;
    let whole = delivery_beside(&world, message);
    app.store.create_delivery(&whole, long_ago).await.unwrap();
    world.wait(60);
    let report = outbox::sweep(app).await.unwrap();
    assert_eq!((report.generations, report.deliveries), (1, 1), "{report:?}");
}

/// A provider of payments that answers when the reply that is owed was asked for, and not before.
struct Patient(Arc<World>);

impl Payments for Patient {
    async fn collect(&self, _: &PaymentOrder) -> Result<Collected> {
        while self.0.words() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(Collected::Pending { reference: "pi_1".to_owned() })
    }
}

#[tokio::test]
async fn a_slow_provider_of_payments_takes_no_time_from_replies_that_are_owed() {
    let world = Arc::new(World::paying_by_stripe().await);
    with_a_payment(&world).await;
    unanswered(&world).await;
    world.wait(600);
    let provider = Patient(Arc::clone(&world));
    let swept = outbox::sweep_with(&world.edge.app, &provider);
    let swept = tokio::time::timeout(Duration::from_secs(10), swept).await;
    let (report, payments) = swept.expect("neither waits for the other").unwrap();
    assert_eq!((report.generations, payments), (1, 1), "{report:?}");
}
