//! Deliveries: claims, attempts, replays, cancellations, lists.

use std::sync::Arc;

use aiva_core::callback::{EndpointId, Event};
use aiva_core::delivery::{
    Attempt, Delivery, DeliveryClaim, DeliveryFilter, DeliveryStatus, DeliveryUpdate,
    MAX_ATTEMPTS_KEPT, Trigger,
};
use aiva_core::key::KeyId;
use aiva_core::page::Limit;
use aiva_core::ports::{DeliveryStore, OutboxStore};
use tokio::task::JoinSet;

use super::world::{World, at, id, lease};

fn attempt(seconds: i64, trigger: Trigger) -> Attempt {
    Attempt {
        at: at(seconds),
        trigger,
        status_code: Some(500),
        latency_ms: 12,
        error: Some("the endpoint answered 500".to_owned()),
        response_body: None,
    }
}

fn failed(attempt: Attempt, next: i64) -> DeliveryUpdate {
    DeliveryUpdate {
        attempt: Some(attempt),
        status: DeliveryStatus::Pending,
        next_attempt_at: Some(at(next)),
        due: Some(at(next + 30)),
    }
}

fn closed(attempt: Option<Attempt>, status: DeliveryStatus) -> DeliveryUpdate {
    DeliveryUpdate { attempt, status, next_attempt_at: None, due: None }
}

async fn stored(world: &World) -> Delivery {
    let delivery = world.delivery();
    world.store.create_delivery(&delivery, at(40)).await.unwrap();
    delivery
}

async fn claim(world: &World, delivery: &Delivery, holder: &str, seconds: i64) -> DeliveryClaim {
    world.store.claim_delivery(world.id(), delivery.id, &lease(holder, seconds)).await.unwrap()
}

async fn fence(world: &World, delivery: &Delivery, holder: &str, seconds: i64) -> u64 {
    match claim(world, delivery, holder, seconds).await {
        DeliveryClaim::Yes(claimed) => claimed.fence,
        other => panic!("not claimed: {other:?}"),
    }
}

async fn read(world: &World, delivery: &Delivery) -> Delivery {
    world.store.delivery(world.id(), delivery.id).await.unwrap().unwrap()
}

async fn owed(world: &World, seconds: i64) -> usize {
    let mut count = 0;
    for shard in 0..world.store.owed_shards() {
        count += world.owed(shard, at(seconds), 10).await.unwrap().len();
    }
    count
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_rival_claims_one_succeeds() {
    let world = World::poor().await;
    let delivery = stored(&world).await;
    let mut tasks = JoinSet::new();
    for turn in 0..50 {
        let (store, workspace, id) = (Arc::clone(&world.store), world.id(), delivery.id);
        tasks.spawn(async move {
            store.claim_delivery(workspace, id, &lease(&format!("w{turn}"), 4)).await.unwrap()
        });
    }
    let claims = tasks.join_all().await;
    let won = claims.iter().filter(|claim| matches!(claim, DeliveryClaim::Yes(_))).count();
    assert_eq!(won, 1);
    let told = claims
        .iter()
        .filter(|claim| matches!(claim, DeliveryClaim::NotYet { at: then } if *then == at(64)));
    assert_eq!(told.count(), 49);
}

#[tokio::test]
async fn a_delivery_is_claimed_when_it_is_due_and_a_second_early_at_most() {
    let world = World::poor().await;
    let delivery = stored(&world).await;
    let early = claim(&world, &delivery, "a", 1).await;
    assert!(matches!(early, DeliveryClaim::NotYet { at: then } if then == at(3)));
    let fence = fence(&world, &delivery, "a", 2).await;
    let update = failed(attempt(2, Trigger::Auto), 30);
    assert!(world.store.record_delivery(world.id(), delivery.id, fence, &update).await.unwrap());
    let early = claim(&world, &delivery, "b", 28).await;
    assert!(matches!(early, DeliveryClaim::NotYet { at: then } if then == at(30)));
    assert!(matches!(claim(&world, &delivery, "b", 29).await, DeliveryClaim::Yes(_)));
    let unknown = Delivery { id: id(at(0)), ..delivery };
    assert!(matches!(claim(&world, &unknown, "b", 29).await, DeliveryClaim::Closed));
}

#[tokio::test]
async fn an_attempt_is_recorded_once_even_when_its_answer_was_lost() {
    let world = World::poor().await;
    let delivery = stored(&world).await;
    let fence = fence(&world, &delivery, "a", 3).await;
    let update = failed(attempt(3, Trigger::Auto), 30);
    for _ in 0..3 {
        let recorded = world.store.record_delivery(world.id(), delivery.id, fence, &update).await;
        assert!(recorded.unwrap());
    }
    let found = read(&world, &delivery).await;
    assert_eq!(found.attempts, [attempt(3, Trigger::Auto)]);
    assert_eq!((found.automatic_attempts, found.next_attempt_at), (1, Some(at(30))));
    assert_eq!((owed(&world, 59).await, owed(&world, 60).await), (0, 1));
}

#[tokio::test]
async fn a_worker_that_lost_its_lease_records_nothing() {
    let world = World::poor().await;
    let delivery = stored(&world).await;
    let old = fence(&world, &delivery, "a", 3).await;
    let new = fence(&world, &delivery, "b", 64).await;
    let update = closed(Some(attempt(3, Trigger::Auto)), DeliveryStatus::Delivered);
    assert!(!world.store.record_delivery(world.id(), delivery.id, old, &update).await.unwrap());
    assert!(world.store.record_delivery(world.id(), delivery.id, new, &update).await.unwrap());
    let found = read(&world, &delivery).await;
    assert_eq!((found.status, found.attempts.len()), (DeliveryStatus::Delivered, 1));
    assert_eq!(found.next_attempt_at, None);
    assert_eq!(owed(&world, 999).await, 0);
    assert!(matches!(claim(&world, &delivery, "c", 999).await, DeliveryClaim::Closed));
    let unknown = id(at(0));
    assert!(!world.store.record_delivery(world.id(), unknown, 1, &update).await.unwrap());
}

#[tokio::test]
async fn the_log_of_attempts_keeps_the_newest() {
    let world = World::poor().await;
    let delivery = stored(&world).await;
    let most = i64::try_from(MAX_ATTEMPTS_KEPT).unwrap();
    for turn in 0..most + 3 {
        let fence = fence(&world, &delivery, "a", 100 + turn).await;
        let update = failed(attempt(100 + turn, Trigger::Auto), 100 + turn);
        let recorded = world.store.record_delivery(world.id(), delivery.id, fence, &update).await;
        assert!(recorded.unwrap());
    }
    let found = read(&world, &delivery).await;
    assert_eq!(found.attempts.len(), MAX_ATTEMPTS_KEPT);
    assert_eq!(found.attempts[0].at, at(103));
    assert_eq!(found.attempts[MAX_ATTEMPTS_KEPT - 1].at, at(100 + most + 2));
    assert_eq!(i64::from(found.automatic_attempts), most + 3);
}

#[tokio::test]
async fn a_replay_reopens_a_closed_delivery_and_does_not_count_as_automatic() {
    let world = World::poor().await;
    let delivery = stored(&world).await;
    let first = fence(&world, &delivery, "a", 3).await;
    let gave_up = closed(Some(attempt(3, Trigger::Auto)), DeliveryStatus::GivenUp);
    world.store.record_delivery(world.id(), delivery.id, first, &gave_up).await.unwrap();

    let reopened = world.store.reopen_delivery(world.id(), delivery.id, at(50), at(80)).await;
    assert!(reopened.unwrap());
    let found = read(&world, &delivery).await;
    assert_eq!((found.status, found.trigger), (DeliveryStatus::Pending, Trigger::Replay));
    assert_eq!(found.next_attempt_at, Some(at(50)));
    assert_eq!((owed(&world, 79).await, owed(&world, 80).await), (0, 1));

    let second = fence(&world, &delivery, "b", 50).await;
    let delivered = closed(Some(attempt(50, Trigger::Replay)), DeliveryStatus::Delivered);
    let recorded = world.store.record_delivery(world.id(), delivery.id, second, &delivered).await;
    assert!(recorded.unwrap());
    let found = read(&world, &delivery).await;
    assert_eq!((found.automatic_attempts, found.trigger), (1, Trigger::Auto));
    assert_eq!((found.attempts.len(), found.payload), (2, delivery.payload.clone()));
    let unknown = world.store.reopen_delivery(world.id(), id(at(0)), at(1), at(2)).await;
    assert!(!unknown.unwrap());
}

#[tokio::test]
async fn reopening_a_pending_delivery_hastens_it_and_keeps_its_schedule() {
    let world = World::poor().await;
    let delivery = stored(&world).await;
    let first = fence(&world, &delivery, "a", 3).await;
    let later = failed(attempt(3, Trigger::Auto), 3_600);
    world.store.record_delivery(world.id(), delivery.id, first, &later).await.unwrap();
    assert!(world.store.reopen_delivery(world.id(), delivery.id, at(50), at(80)).await.unwrap());
    let found = read(&world, &delivery).await;
    assert_eq!((found.trigger, found.next_attempt_at), (Trigger::Auto, Some(at(50))));
    assert!(matches!(claim(&world, &delivery, "b", 50).await, DeliveryClaim::Yes(_)));
}

#[tokio::test]
async fn a_waiting_delivery_is_cancelled_unless_a_worker_is_at_it() {
    let world = World::poor().await;
    let delivery = stored(&world).await;
    let cancel = async |seconds| {
        world.store.cancel_delivery(world.id(), delivery.id, at(seconds)).await.unwrap()
    };
    let first = fence(&world, &delivery, "a", 3).await;
    assert!(!cancel(10).await);
    assert!(cancel(63).await);
    assert!(!cancel(64).await);
    assert_eq!(read(&world, &delivery).await.status, DeliveryStatus::Cancelled);
    assert_eq!(owed(&world, 999).await, 0);
    let late = closed(Some(attempt(3, Trigger::Auto)), DeliveryStatus::Delivered);
    assert!(!world.store.record_delivery(world.id(), delivery.id, first, &late).await.unwrap());
}

#[tokio::test]
async fn a_skipped_delivery_is_stored_and_owed_to_nobody() {
    let world = World::poor().await;
    let skipped =
        Delivery { status: DeliveryStatus::Skipped, next_attempt_at: None, ..world.delivery() };
    world.store.create_delivery(&skipped, at(40)).await.unwrap();
    assert_eq!(read(&world, &skipped).await, skipped);
    assert_eq!(owed(&world, 999).await, 0);
}

#[tokio::test]
async fn deliveries_are_listed_over_all_shards_in_order_and_by_filter() {
    let world = World::poor().await;
    let mut deliveries = Vec::new();
    for turn in 0..50 {
        let mut delivery = Delivery { id: id(at(turn)), ..world.delivery() };
        if turn % 5 == 0 {
            delivery.event = Event::TestPing;
            delivery.endpoint = EndpointId::Key(KeyId { workspace: world.id(), key: id(at(1)) });
        }
        world.store.create_delivery(&delivery, at(40)).await.unwrap();
        deliveries.push(delivery);
    }
    deliveries.reverse();
    let all = async |filter: DeliveryFilter, limit| {
        let (mut listed, mut before) = (Vec::new(), None);
        loop {
            let page = world
                .store
                .deliveries(world.id(), &filter, before, Limit::of(limit))
                .await
                .unwrap();
            assert!(page.items.len() <= usize::from(limit));
            listed.extend(page.items);
            let Some(next) = page.next else { return listed };
            before = Some(next.parse().unwrap());
        }
    };
    assert_eq!(all(DeliveryFilter::default(), 7).await, deliveries);
    let pings = DeliveryFilter { event: Some(Event::TestPing), ..DeliveryFilter::default() };
    assert_eq!(all(pings, 3).await.len(), 10);
    let of_key =
        DeliveryFilter { endpoint: Some(deliveries[4].endpoint), ..DeliveryFilter::default() };
    assert_eq!(all(of_key, 3).await, [deliveries[4].clone()]);
    let none =
        DeliveryFilter { status: Some(DeliveryStatus::Delivered), ..DeliveryFilter::default() };
    assert!(all(none, 3).await.is_empty());
}
