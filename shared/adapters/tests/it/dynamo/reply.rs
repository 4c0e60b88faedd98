//! Claiming and settling a reply.

use std::sync::Arc;

use aiva_core::message::{Claimed, Submitted};
use aiva_core::page::Limit;
use aiva_core::ports::{ConversationStore, DeliveryStore, MessageStore, OutboxStore, WalletStore};
use aiva_core::reply::{Ending, Settled};
use tokio::task::JoinSet;

use super::world::{HELD, MONTH, SHARDS, World, at, lease};

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_rival_claims_one_succeeds() {
    let world = World::rich(4).await;
    let submission = world.submitted("c").await;
    let mut tasks = JoinSet::new();
    for turn in 0..50 {
        let store = Arc::clone(&world.store);
        let reference = submission.conversation.reference.clone();
        tasks.spawn(async move {
            store.claim(&reference, 1, &lease(&format!("w{turn}"), 2)).await.unwrap()
        });
    }
    let claims = tasks.join_all().await;
    let won = claims.iter().filter(|claim| matches!(claim, Claimed::Yes(_))).count();
    let busy =
        claims.iter().filter(|claim| matches!(claim, Claimed::Busy { until } if *until == at(62)));
    assert_eq!((won, busy.count()), (1, 49));
}

#[tokio::test]
async fn a_lease_is_taken_over_when_it_ends_or_its_epoch_does_and_its_holder_keeps_it() {
    let world = World::rich(4).await;
    let submission = world.submitted("c").await;
    let reference = &submission.conversation.reference;
    let first = world.claimed(&submission, &lease("a", 2)).await;
    assert_eq!((first.fence, first.attempts), (1, 1));
    assert_eq!(first.hold, super::world::hold(first.hold.shard));
    assert_eq!(first.message.content, submission.message.content);
    assert_eq!(first.key, submission.key);
    let again = world.claimed(&submission, &lease("a", 3)).await;
    assert_eq!(again.fence, 2);
    let early = world.store.claim(reference, 1, &lease("b", 4)).await.unwrap();
    assert!(matches!(early, Claimed::Busy { until } if until == at(63)));
    let late = world.claimed(&submission, &lease("b", 63)).await;
    assert_eq!(late.fence, 3);
    let mut restarted = lease("c", 64);
    restarted.epoch = 1;
    assert_eq!(world.claimed(&submission, &restarted).await.fence, 4);
    assert!(matches!(
        world.store.claim(reference, 9, &lease("a", 2)).await.unwrap(),
        Claimed::Finished
    ));
}

#[tokio::test]
async fn a_settlement_writes_everything_and_closes_the_message() {
    let world = World::rich(4).await;
    let submission = world.submitted("c").await;
    let owed = world.claimed(&submission, &lease("a", 2)).await;
    let settlement = world.settlement(&submission, &owed).await;
    assert_eq!(world.store.settle(&settlement).await.unwrap(), Settled::Stored);

    assert_eq!(world.money().await, (4 * HELD.0 - 300, 4 * HELD.0 - 300));
    let reference = &settlement.reference;
    let messages = world.store.messages_after(reference, 1, 10).await.unwrap();
    assert_eq!(messages[0].id, settlement.reply.as_ref().unwrap().id);
    let conversation = world.store.conversation(reference).await.unwrap().unwrap();
    assert_eq!(conversation, settlement.conversation);
    let ledger = world.store.ledger(world.id(), SHARDS, None, Limit::of(10)).await.unwrap();
    assert_eq!(ledger.items[0], settlement.charge.clone().unwrap());
    assert_eq!(ledger.items.iter().map(|entry| entry.amount.0).sum::<i64>(), 4 * HELD.0 - 300);
    let delivery = &settlement.deliveries[0].0;
    let stored = world.store.delivery(world.id(), delivery.id).await.unwrap().unwrap();
    assert_eq!(&stored, delivery);
    let after = world.store.claim(reference, 1, &lease("b", 99)).await.unwrap();
    assert!(matches!(after, Claimed::Finished));
    let mut owed = Vec::new();
    for shard in 0..world.store.owed_shards() {
        owed.extend(world.owed(shard, at(99), 10).await.unwrap());
    }
    assert_eq!(owed.len(), 1, "only the delivery is owed: {owed:?}");
}

#[tokio::test]
async fn a_worker_that_lost_its_lease_writes_nothing() {
    let world = World::rich(4).await;
    let submission = world.submitted("c").await;
    let old = world.claimed(&submission, &lease("a", 2)).await;
    let new = world.claimed(&submission, &lease("b", 99)).await;
    let late = world.settlement(&submission, &old).await;
    assert_eq!(world.store.settle(&late).await.unwrap(), Settled::LostLease);
    assert_eq!(world.money().await, (4 * HELD.0, 3 * HELD.0));
    let right = world.settlement(&submission, &new).await;
    assert_eq!(world.store.settle(&right).await.unwrap(), Settled::Stored);
    let twice = world.settlement(&submission, &old).await;
    assert_eq!(world.store.settle(&twice).await.unwrap(), Settled::LostLease);
    assert_eq!(world.money().await, (4 * HELD.0 - 300, 4 * HELD.0 - 300));
}

#[tokio::test]
async fn a_settlement_whose_answer_was_lost_counts_as_stored_once() {
    let world = World::rich(4).await;
    let submission = world.submitted("c").await;
    let owed = world.claimed(&submission, &lease("a", 2)).await;
    let settlement = world.settlement(&submission, &owed).await;
    assert_eq!(world.store.settle(&settlement).await.unwrap(), Settled::Stored);
    assert_eq!(world.store.settle(&settlement).await.unwrap(), Settled::Stored);
    // Drafted anew, so that no token covers it.
    let mut redrafted = settlement.clone();
    redrafted.conversation.updated_at = at(50);
    assert_eq!(world.store.settle(&redrafted).await.unwrap(), Settled::Stored);
    assert_eq!(world.money().await, (4 * HELD.0 - 300, 4 * HELD.0 - 300));
}

#[tokio::test]
async fn a_conversation_that_moved_on_makes_a_settlement_stale() {
    let world = World::rich(40).await;
    let submission = world.submitted("c").await;
    let owed = world.claimed(&submission, &lease("a", 2)).await;
    let early = world.settlement(&submission, &owed).await;
    let next = world.message_in(submission.conversation.clone(), "next");
    let stored = world.store.submit(&next).await.unwrap();
    assert!(matches!(stored, Submitted::Stored));
    assert_eq!(world.store.settle(&early).await.unwrap(), Settled::Stale);
    let redrafted = world.settlement(&submission, &owed).await;
    assert_eq!(world.store.settle(&redrafted).await.unwrap(), Settled::Stored);
    let messages = world.store.messages_after(&early.reference, 0, 10).await.unwrap();
    assert_eq!(messages.iter().map(|message| message.seq).collect::<Vec<_>>(), [1, 2, 3]);
}

#[tokio::test]
async fn a_failure_releases_the_hold_and_charges_nothing() {
    let world = World::rich(4).await;
    let submission = world.submitted("c").await;
    let owed = world.claimed(&submission, &lease("a", 2)).await;
    let mut settlement = world.settlement(&submission, &owed).await;
    settlement.ending = Ending::Failed;
    settlement.reply = None;
    settlement.charge = None;
    settlement.conversation.seq -= 1;
    settlement.deliveries.clear();
    assert_eq!(messages(&world).await, 1);
    assert_eq!(world.store.settle(&settlement).await.unwrap(), Settled::Stored);
    assert_eq!(world.money().await, (4 * HELD.0, 4 * HELD.0));
    assert_eq!(messages(&world).await, 0, "a failure counts to the plan's messages");
}

async fn messages(world: &World) -> i64 {
    let shards = world.store.shards_serializable(world.id(), SHARDS, MONTH).await.unwrap();
    shards.iter().map(|shard| shard.messages).sum()
}
