//! What the life of a message costs, in the engine's own figures (`docs/DATA.md`).

use std::collections::HashMap;

use aiva_core::delivery::{Attempt, DeliveryClaim, DeliveryStatus, DeliveryUpdate, Trigger};
use aiva_core::key::RequestLimits;
use aiva_core::ports::{DeliveryStore, LogStore, MessageStore};
use aiva_core::request_log::RequestLogEntry;
use aws_sdk_dynamodb::types::AttributeValue;

use super::world::{TABLE, World, at, id, lease};

#[tokio::test]
async fn a_message_of_300_bytes_costs_what_the_table_says() {
    let world = World::rich(40).await;
    let first = world.submitted("c").await;
    world.recorder.take();
    let spent = || world.recorder.take().values().map(|usage| usage.write_units).sum::<f64>();

    let second = world.message_in(first.conversation.clone(), "k2");
    assert_eq!(second.message.content.as_str().len(), 299);
    world.store.submit(&second).await.unwrap();
    let submit = spent();
    assert!(submit <= 11.0, "submit takes {submit}");

    let owed = world.claimed(&second, &lease("a", 2)).await;
    let claim = spent();
    assert!(claim <= 1.0, "claim takes {claim}");

    let settlement = world.settlement(&second, &owed).await;
    world.recorder.take();
    world.store.settle(&settlement).await.unwrap();
    let settle = spent();
    assert!(settle <= 16.0, "settle takes {settle}");

    let delivery = &settlement.deliveries[0].0;
    let claimed = world.store.claim_delivery(world.id(), delivery.id, &lease("b", 4)).await;
    let DeliveryClaim::Yes(claimed) = claimed.unwrap() else { panic!("not due") };
    let update = DeliveryUpdate {
        attempt: Some(Attempt {
            at: at(4),
            trigger: Trigger::Auto,
            status_code: Some(200),
            latency_ms: 50,
            error: None,
            response_body: Some("ok".to_owned()),
        }),
        status: DeliveryStatus::Delivered,
        next_attempt_at: None,
        due: None,
    };
    world.store.record_delivery(world.id(), delivery.id, claimed.fence, &update).await.unwrap();
    let deliver = spent();
    assert!(deliver <= 3.0, "a delivery takes {deliver}");

    let entry = RequestLogEntry {
        id: id(at(1)),
        key: second.key,
        at: at(1),
        method: "POST".to_owned(),
        route: "/messages".to_owned(),
        status: 202,
        code: None,
        duration_ms: 12,
    };
    world.store.log_request(&entry).await.unwrap();
    let log = spent();
    assert!(log <= 1.0, "the log takes {log}");
    println!("submit {submit} claim {claim} settle {settle} deliver {deliver} log {log}");
}

#[tokio::test]
async fn an_idle_sweep_of_one_shard_reads_half_a_unit() {
    let world = World::poor().await;
    world.recorder.take();
    world.owed(0, at(99), 200).await.unwrap();
    let used = world.recorder.take();
    assert_eq!(used["Query"].read_units, 0.5);
    assert_eq!(used.len(), 1);
}

#[tokio::test]
async fn every_row_of_a_messages_life_stays_under_a_kilobyte() {
    let world = World::rich(40).await;
    world.key(RequestLimits { per_minute: Some(60), per_day: Some(1_000) }).await;
    let submission = world.submitted("order-4821").await;
    let owed = world.claimed(&submission, &lease("a-worker-with-a-name-of-36-characters", 2)).await;
    let settlement = world.settlement(&submission, &owed).await;
    world.store.settle(&settlement).await.unwrap();
    let rows = world.engine.client().scan().table_name(TABLE).send().await.unwrap();
    let mut sizes: Vec<(String, usize)> = rows
        .items()
        .iter()
        .map(|row| {
            let key = |name: &str| row[name].as_s().unwrap().clone();
            let kind = |text: &str| {
                let parts = text.split('#').filter(|part| part.len() < 26);
                parts.collect::<Vec<_>>().join("#")
            };
            (format!("{} / {}", kind(&key("pk")), kind(&key("sk"))), size(row))
        })
        .collect();
    sizes.sort();
    sizes.dedup_by(|one, other| one.0 == other.0);
    for (kind, bytes) in &sizes {
        println!("{bytes:5} {kind}");
        assert!(*bytes < 1_024, "{kind} has {bytes} bytes");
    }
}

/// The bytes by which DynamoDB measures an item: names and values.
fn size(row: &HashMap<String, AttributeValue>) -> usize {
    fn value(each: &AttributeValue) -> usize {
        match each {
            AttributeValue::S(text) => text.len(),
            AttributeValue::N(digits) => digits.len().div_ceil(2) + 1,
            AttributeValue::L(list) => 3 + list.iter().map(|each| 1 + value(each)).sum::<usize>(),
            AttributeValue::M(map) => {
                3 + map.iter().map(|(name, each)| name.len() + 1 + value(each)).sum::<usize>()
            }
            _ => 1,
        }
    }
    row.iter().map(|(name, each)| name.len() + value(each)).sum()
}
