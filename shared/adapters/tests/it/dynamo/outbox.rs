//! What is owed, as the sweep finds it.

use aiva_core::outbox::{Owed, OwedWhat};
use aiva_core::ports::{DeliveryStore, MessageStore, OutboxStore};

use super::world::{World, at, lease};

async fn owed(world: &World, seconds: i64) -> Vec<Owed> {
    let mut all = Vec::new();
    for shard in 0..world.store.owed_shards() {
        all.extend(world.owed(shard, at(seconds), 10).await.unwrap());
    }
    all
}

#[tokio::test]
async fn an_unanswered_message_is_owed_from_its_moment_on_until_it_is_settled() {
    let world = World::rich(4).await;
    let submission = world.submitted("c").await;
    assert!(owed(&world, 30).await.is_empty());
    let found = owed(&world, 31).await;
    let OwedWhat::Generation(job) = &found[0].what else { panic!("{found:?}") };
    assert_eq!(job.conversation_id, submission.conversation.id);
    assert_eq!(job.message_id, submission.message.id);
    assert_eq!((job.reference(), job.seq), (world.reference("c"), 1));

    assert!(world.store.postpone(&found[0].item, at(31), at(90)).await.unwrap());
    assert!(owed(&world, 89).await.is_empty());
    assert_eq!(owed(&world, 90).await.len(), 1);

    // A claim leaves the mark alone: the worker may die.
    let claimed = world.claimed(&submission, &lease("a", 2)).await;
    assert_eq!(owed(&world, 90).await.len(), 1);
    let mut settlement = world.settlement(&submission, &claimed).await;
    settlement.deliveries.clear();
    world.store.settle(&settlement).await.unwrap();
    assert!(owed(&world, 999).await.is_empty());
    assert!(!world.store.postpone(&found[0].item, at(100), at(100)).await.unwrap());
    assert!(owed(&world, 999).await.is_empty());
}

#[tokio::test]
async fn what_a_worker_has_put_off_since_it_was_read_is_not_brought_forward() {
    let world = World::rich(4).await;
    let submission = world.submitted("c").await;
    let found = owed(&world, 31).await;
    let lease = lease("a", 2);
    world.claimed(&submission, &lease).await;
    let place = &submission.conversation.reference;
    assert!(world.store.prolong(place, 1, &lease, at(300)).await.unwrap());
    assert!(!world.store.postpone(&found[0].item, at(31), at(90)).await.unwrap());
    assert!(owed(&world, 299).await.is_empty());
    assert_eq!(owed(&world, 300).await.len(), 1);
}

#[tokio::test]
async fn a_pending_delivery_is_owed_to_its_endpoint() {
    let world = World::poor().await;
    let delivery = world.delivery();
    world.store.create_delivery(&delivery, at(40)).await.unwrap();
    assert!(owed(&world, 39).await.is_empty());
    let found = owed(&world, 40).await;
    let OwedWhat::Delivery(job) = &found[0].what else { panic!("{found:?}") };
    assert_eq!((job.workspace_id, job.delivery_id), (world.id(), delivery.id));
    assert_eq!(job.endpoint, delivery.endpoint.to_string());
    assert!(world.store.postpone(&found[0].item, at(40), at(50)).await.unwrap());
    assert!(owed(&world, 49).await.is_empty());
    assert_eq!(owed(&world, 50).await.len(), 1);
}

#[tokio::test]
async fn a_shard_is_listed_oldest_first_and_no_further_than_asked() {
    let world = World::rich(400).await;
    for turn in 0..60 {
        world.submitted(&format!("c{turn}")).await;
    }
    let mut total = 0;
    for shard in 0..world.store.owed_shards() {
        let few = world.owed(shard, at(31), 3).await.unwrap();
        assert!(few.len() <= 3);
        total += world.owed(shard, at(31), 200).await.unwrap().len();
    }
    assert_eq!(total, 60);
}
