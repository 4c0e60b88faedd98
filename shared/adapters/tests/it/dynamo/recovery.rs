//! Recoveries: what was missed is found in order, made due again once, and counted after crashes.

use aiva_core::callback::EndpointId;
use aiva_core::delivery::{Delivery, DeliveryStatus, Trigger};
use aiva_core::id::RecoveryId;
use aiva_core::key::KeyId;
use aiva_core::outbox::OwedWhat;
use aiva_core::page::Limit;
use aiva_core::ports::{DeliveryStore, OutboxStore, RecoveryStore};
use aiva_core::recovery::{Missed, Recovery, Window, count};

use super::world::{World, at, id};

fn window(since: i64, until: i64) -> Window {
    Window { since: at(since), until: at(until), endpoint: None }
}

async fn missed(world: &World, seconds: i64, status: DeliveryStatus) -> Delivery {
    let delivery = Delivery {
        id: id(at(seconds)),
        status,
        next_attempt_at: None,
        automatic_attempts: 10,
        ..world.delivery()
    };
    world.store.create_delivery(&delivery, at(seconds)).await.unwrap();
    delivery
}

fn recovery(world: &World) -> Recovery {
    Recovery {
        id: id(at(500)),
        workspace: world.id(),
        window: window(0, 400),
        rate: 10,
        missed: Missed { count: 3, is_minimum: false },
        reopened: 0,
        left: 0,
        position: None,
        next_slot: at(500),
        is_done: false,
        version: 0,
        created_at: at(500),
    }
}

#[tokio::test]
async fn a_window_is_walked_oldest_first_over_all_shards_and_each_page_once() {
    let world = World::poor().await;
    let mut expected = Vec::new();
    for seconds in 0..60 {
        expected.push(missed(&world, seconds, DeliveryStatus::Skipped).await.id);
    }
    let (mut walked, mut position) = (Vec::new(), None::<String>);
    loop {
        let span = window(10, 49);
        let store = &world.store;
        let page = store.candidates(world.id(), &span, position.as_deref(), Limit::of(7)).await;
        let page = page.unwrap();
        walked.extend(page.items.into_iter().map(|candidate| candidate.delivery.id));
        position = page.next;
        if position.is_none() {
            break;
        }
    }
    assert_eq!(walked, expected[10..50]);
}

#[tokio::test]
async fn what_was_delivered_waits_or_is_anothers_does_not_count_as_missed() {
    let world = World::poor().await;
    let skipped = missed(&world, 1, DeliveryStatus::Skipped).await;
    missed(&world, 2, DeliveryStatus::GivenUp).await;
    missed(&world, 3, DeliveryStatus::Delivered).await;
    missed(&world, 4, DeliveryStatus::Cancelled).await;
    world.store.create_delivery(&world.delivery(), at(9)).await.unwrap();
    let counted = count(&*world.store, world.id(), &window(0, 100)).await.unwrap();
    assert_eq!(counted, Missed { count: 2, is_minimum: false });
    for (endpoint, expected) in [
        (skipped.endpoint, 1),
        (EndpointId::Key(KeyId { workspace: world.id(), key: id(at(7)) }), 0),
    ] {
        let window = Window { endpoint: Some(endpoint), ..window(0, 100) };
        assert_eq!(count(&*world.store, world.id(), &window).await.unwrap().count, expected);
    }
}

#[tokio::test]
async fn what_is_due_again_has_its_whole_schedule_and_is_not_taken_twice_by_one_recovery() {
    let world = World::poor().await;
    let delivery = missed(&world, 1, DeliveryStatus::GivenUp).await;
    let (one, other): (RecoveryId, RecoveryId) = (id(at(500)), id(at(501)));
    let reopen = async |recovery| {
        world.store.reopen_missed(recovery, &delivery, (at(510), at(540))).await.unwrap()
    };
    assert!(reopen(one).await);
    let found = world.store.delivery(world.id(), delivery.id).await.unwrap().unwrap();
    assert_eq!((found.status, found.trigger), (DeliveryStatus::Pending, Trigger::Auto));
    assert_eq!((found.automatic_attempts, found.next_attempt_at), (0, Some(at(510))));
    assert_eq!(found.payload, delivery.payload);
    assert!(!reopen(one).await && !reopen(other).await, "it waits already");
    world.store.cancel_delivery(world.id(), delivery.id, at(511)).await.unwrap();
    assert!(!reopen(other).await, "what was cancelled stays so");
    let page = world.store.candidates(world.id(), &window(0, 400), None, Limit::of(9)).await;
    assert_eq!(page.unwrap().items[0].recovered_by, Some(one));
}

#[tokio::test]
async fn of_two_workers_on_one_recovery_one_moves_it_on_and_a_finished_one_is_owed_to_nobody() {
    let world = World::poor().await;
    let first = recovery(&world);
    world.store.create_recovery(&first, at(501)).await.unwrap();
    let again = Recovery { rate: 99, ..first.clone() };
    world.store.create_recovery(&again, at(501)).await.unwrap();
    let stored = world.store.recovery(world.id(), first.id).await.unwrap();
    assert_eq!(stored.as_ref(), Some(&first));
    let owed = async |seconds| {
        let mut found = Vec::new();
        for shard in 0..world.store.owed_shards() {
            for owed in world.owed(shard, at(seconds), 9).await.unwrap() {
                let OwedWhat::Recovery(recovery) = owed.what else { panic!("not a recovery") };
                found.push(*recovery);
            }
        }
        found
    };
    assert_eq!((owed(500).await, owed(501).await), (vec![], vec![first.clone()]));
    let step = Recovery {
        version: 1,
        reopened: 2,
        position: Some("0001".to_owned()),
        next_slot: at(510),
        ..first.clone()
    };
    assert!(world.store.advance_recovery(&step, at(520)).await.unwrap());
    let late = Recovery { reopened: 7, ..step.clone() };
    assert!(!world.store.advance_recovery(&late, at(520)).await.unwrap());
    assert_eq!((owed(519).await, owed(520).await), (vec![], vec![step.clone()]));
    let done = Recovery { version: 2, is_done: true, ..step };
    assert!(world.store.advance_recovery(&done, at(530)).await.unwrap());
    assert!(owed(999).await.is_empty());
    assert_eq!(world.store.recovery(world.id(), done.id).await.unwrap(), Some(done));
    assert_eq!(world.store.recovery(world.id(), id(at(1))).await.unwrap(), None);
}
