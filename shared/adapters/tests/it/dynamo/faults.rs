//! What AWS does and the engine alone never would: conflicts, throttling, lost answers.

use std::sync::Arc;

use aiva_core::message::{Claimed, Submitted};
use aiva_core::money::MicroCredits;
use aiva_core::ports::{ConversationStore, MessageStore, WalletStore};
use aiva_core::reply::Settled;
use aiva_embedded::{Fault, FaultPlan};
use tokio::task::JoinSet;

use super::world::{HELD, SHARDS, World, lease};

async fn funded(faults: FaultPlan) -> World {
    let world = World::with_faults(faults).await;
    world.faults.set_enabled(false);
    world.top_up(MicroCredits(HELD.0 * 400)).await;
    world.faults.set_enabled(true);
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_that_only_conflict_are_tried_again_until_they_are_stored() {
    let faults = FaultPlan::new(11)
        .with_rate(Fault::TransactionConflict, 400)
        .with_rate(Fault::TransactionInProgress, 100);
    let world = funded(faults).await;
    let mut tasks = JoinSet::new();
    for turn in 0..40 {
        let store = Arc::clone(&world.store);
        let submission = world.first_message(&format!("c{turn}"), &format!("k{turn}"));
        tasks.spawn(async move { store.submit(&submission).await.unwrap() });
    }
    let outcomes = tasks.join_all().await;
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Submitted::Stored)));
    assert!(world.faults.injected(Fault::TransactionConflict) > 10);
    world.faults.set_enabled(false);
    assert_eq!(world.money().await, (400 * HELD.0, 360 * HELD.0));
}

#[tokio::test]
async fn a_conflict_that_never_ends_is_given_up_within_the_deadline() {
    let world = funded(FaultPlan::new(12).with_rate(Fault::TransactionConflict, 1_000)).await;
    let outcome = world.store.submit(&world.first_message("c", "k")).await;
    assert!(outcome.unwrap_err().is_retryable());
    world.faults.set_enabled(false);
    assert!(world.store.conversation(&world.reference("c")).await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn under_every_fault_each_message_is_held_and_charged_once() {
    for seed in 0..12 {
        let faults = FaultPlan::everything(seed, 120);
        let world = funded(faults).await;
        let mut tasks = JoinSet::new();
        for turn in 0..12 {
            let store = Arc::clone(&world.store);
            let submission = world.first_message(&format!("c{turn}"), &format!("k{turn}"));
            tasks.spawn(async move {
                for _ in 0..50 {
                    match store.submit(&submission).await {
                        Ok(Submitted::Stored) => return submission,
                        Ok(other) => panic!("{other:?}"),
                        Err(error) => assert!(error.is_retryable(), "{error:?}"),
                    }
                }
                panic!("never stored")
            });
        }
        for submission in tasks.join_all().await {
            settle(&world, &submission).await;
        }
        world.faults.set_enabled(false);
        assert_eq!(world.money().await, (400 * HELD.0 - 12 * 300, 400 * HELD.0 - 12 * 300));
        let limit = aiva_core::page::Limit::of(100);
        let ledger = world.store.ledger(world.id(), SHARDS, None, limit).await.unwrap();
        assert_eq!(ledger.items.len(), 13, "seed {seed}");
    }
}

async fn settle(world: &World, submission: &aiva_core::message::Submission) {
    let reference = &submission.conversation.reference;
    for turn in 0..50 {
        let claimed = world.store.claim(reference, 1, &lease(&format!("w{turn}"), turn * 61)).await;
        let owed = match claimed {
            Ok(Claimed::Yes(owed)) => *owed,
            Ok(Claimed::Finished) => return,
            _ => continue,
        };
        world.faults.set_enabled(false);
        let settlement = world.settlement(submission, &owed).await;
        world.faults.set_enabled(true);
        match world.store.settle(&settlement).await {
            Ok(Settled::Stored) => return,
            Ok(other) => panic!("{other:?}"),
            Err(error) => assert!(error.is_retryable(), "{error:?}"),
        }
    }
    panic!("never settled");
}
