//! Endpoints: their health, their breaker's probe, their disabling and the word that is owed of it.

use std::sync::Arc;

use aiva_core::callback::{Disabled, Endpoint, EndpointId, Health};
use aiva_core::key::{ApiKey, RequestLimits};
use aiva_core::outbox::{OwedItem, OwedWhat};
use aiva_core::ports::{DeliveryStore, EndpointStore, KeyStore, OutboxStore};
use tokio::task::JoinSet;

use super::world::{World, at, lease};

async fn endpoint(world: &World) -> (ApiKey, Endpoint) {
    let (key, _) = world.key(RequestLimits::default()).await;
    let endpoint = read(world, EndpointId::Key(key.id)).await;
    (key, endpoint)
}

async fn read(world: &World, id: EndpointId) -> Endpoint {
    world.store.endpoint(id).await.unwrap().unwrap()
}

fn failing(open_until: Option<i64>) -> Health {
    let (failing_since, missed_since) = (Some(at(1)), Some(at(0)));
    Health { failing_since, missed_since, failures: 1, open_until: open_until.map(at) }
}

async fn notices(world: &World, seconds: i64) -> Vec<EndpointId> {
    let mut found = Vec::new();
    for shard in 0..world.store.owed_shards() {
        for owed in world.owed(shard, at(seconds), 10).await.unwrap() {
            if let OwedWhat::Notice(endpoint) = owed.what {
                assert_eq!(owed.item, OwedItem::Endpoint(endpoint.id));
                found.push(endpoint.id);
            }
        }
    }
    found
}

#[tokio::test]
async fn failures_are_counted_from_the_first_on_and_a_success_forgets_them() {
    let world = World::poor().await;
    let (_, fresh) = endpoint(&world).await;
    assert!(fresh.callback.health.is_good());
    world.store.note_failure(fresh.id, &failing(None)).await.unwrap();
    let (failing_since, missed_since) = (Some(at(9)), Some(at(8)));
    let later = Health { failing_since, missed_since, ..failing(Some(60)) };
    world.store.note_failure(fresh.id, &later).await.unwrap();
    let health = read(&world, fresh.id).await.callback.health;
    let expected = Health { failures: 2, ..failing(Some(60)) };
    assert_eq!(health, expected);
    world.store.note_success(fresh.id).await.unwrap();
    assert_eq!(read(&world, fresh.id).await, fresh);
}

#[tokio::test]
async fn a_healthy_delivery_costs_no_write_of_its_endpoint_and_a_failure_one() {
    let world = World::poor().await;
    let (_, fresh) = endpoint(&world).await;
    world.recorder.take();
    read(&world, fresh.id).await;
    let spent = || world.recorder.take().values().map(|usage| usage.write_units).sum::<f64>();
    assert!(spent() < 0.1);
    world.store.note_failure(fresh.id, &failing(None)).await.unwrap();
    assert!((spent() - 1.0).abs() < 0.1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_workers_behind_a_half_open_breaker_one_may_try() {
    let world = World::poor().await;
    let (_, fresh) = endpoint(&world).await;
    world.store.note_failure(fresh.id, &failing(Some(10))).await.unwrap();
    let mut tasks = JoinSet::new();
    for _ in 0..20 {
        let store = Arc::clone(&world.store);
        tasks.spawn(async move { store.take_probe(fresh.id, Some(at(10)), at(99)).await.unwrap() });
    }
    let answers = tasks.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.is_none()).count(), 1);
    assert!(answers.into_iter().flatten().all(|health| health.open_until == Some(at(99))));
    // Where it works again meanwhile, nobody needs to try.
    world.store.note_success(fresh.id).await.unwrap();
    let told = world.store.take_probe(fresh.id, Some(at(99)), at(200)).await.unwrap();
    assert_eq!(told, Some(Health::default()));
}

#[tokio::test]
async fn what_waits_is_put_off_in_one_write_unless_a_worker_is_at_it() {
    let world = World::poor().await;
    let delivery = world.delivery();
    world.store.create_delivery(&delivery, at(40)).await.unwrap();
    let hold_back = async |now, next| {
        let times = (at(next), at(next + 30));
        world.store.hold_back_delivery(world.id(), delivery.id, at(now), times).await.unwrap()
    };
    assert!(!hold_back(1, 100).await, "not due yet");
    assert!(hold_back(3, 100).await);
    assert!(!hold_back(3, 200).await, "a second message of the queue changes nothing");
    let found = world.store.delivery(world.id(), delivery.id).await.unwrap().unwrap();
    assert_eq!((found.next_attempt_at, found.automatic_attempts), (Some(at(100)), 0));
    world.store.claim_delivery(world.id(), delivery.id, &lease("a", 100)).await.unwrap();
    assert!(!hold_back(101, 300).await, "a worker is at it");
    world.store.cancel_delivery(world.id(), delivery.id, at(400)).await.unwrap();
    assert!(!hold_back(500, 600).await, "it is closed");
}

#[tokio::test]
async fn disabling_and_the_word_that_is_owed_of_it_are_one_write_and_happen_once() {
    let world = World::poor().await;
    let (_, fresh) = endpoint(&world).await;
    let gone = Disabled { reason: "the endpoint answered 410 Gone".to_owned(), at: at(5) };
    assert!(world.store.disable_endpoint(&fresh, &gone, at(7)).await.unwrap());
    assert!(!world.store.disable_endpoint(&fresh, &gone, at(7)).await.unwrap());
    let disabled = read(&world, fresh.id).await;
    assert_eq!(disabled.callback.disabled, Some(gone));
    assert_eq!((notices(&world, 6).await, notices(&world, 7).await), (vec![], vec![fresh.id]));
    let item = OwedItem::Endpoint(fresh.id);
    assert!(world.store.postpone(&item, at(7), at(60)).await.unwrap());
    assert_eq!((notices(&world, 59).await, notices(&world, 60).await), (vec![], vec![fresh.id]));
    // Word of an older state is not taken for word of this one.
    world.store.end_notice(&fresh).await.unwrap();
    assert_eq!(notices(&world, 60).await, [fresh.id]);
    world.store.end_notice(&disabled).await.unwrap();
    assert!(notices(&world, 999).await.is_empty());
}

#[tokio::test]
async fn nobody_is_told_of_an_endpoint_that_works_again_or_is_gone() {
    for revoked in [false, true] {
        let world = World::poor().await;
        let (key, fresh) = endpoint(&world).await;
        let gone = Disabled { reason: "gone".to_owned(), at: at(5) };
        world.store.disable_endpoint(&fresh, &gone, at(7)).await.unwrap();
        let disabled = world.store.key(key.id).await.unwrap().unwrap();
        let changed = if revoked {
            ApiKey { revoked_at: Some(at(8)), ..disabled.clone() }
        } else {
            ApiKey { callback: key.callback.clone(), ..disabled.clone() }
        };
        assert!(world.store.update_key(&disabled, &changed).await.unwrap());
        assert!(notices(&world, 999).await.is_empty());
        assert_eq!(world.store.endpoint(fresh.id).await.unwrap().is_none(), revoked);
    }
}
