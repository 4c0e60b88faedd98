//! Submitting: one idempotency key, one message, one hold.

use std::sync::Arc;

use aiva_core::conversation::Conversation;
use aiva_core::delivery::Delivery;
use aiva_core::message::{Disposition, SkipReason, Submission, Submitted};
use aiva_core::money::MicroCredits;
use aiva_core::ports::{ConversationStore, MessageStore, WalletStore};
use aiva_core::text::IdempotencyKey;
use aiva_core::wallet::Hold;
use tokio::task::JoinSet;

use super::world::{HELD, MONTH, SHARDS, TABLE, World, at, hold, id};

async fn all(world: &World, submissions: Vec<Submission>) -> Vec<Submitted> {
    let mut tasks = JoinSet::new();
    for submission in submissions {
        let store = Arc::clone(&world.store);
        tasks.spawn(async move { store.submit(&submission).await.unwrap() });
    }
    tasks.join_all().await
}

fn capped(submission: Submission, cap: i64) -> Submission {
    let Disposition::Generate { hold, due, .. } = submission.disposition else { panic!() };
    let user_cap = Some(MicroCredits(cap));
    Submission { disposition: Disposition::Generate { hold, user_cap, due }, ..submission }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_hundred_rivals_under_one_key_one_is_stored_and_all_others_are_told_its_ids() {
    let world = World::rich(500).await;
    let rivals = (0..200).map(|turn| world.first_message(&format!("c{turn}"), "one-key"));
    let outcomes = all(&world, rivals.collect()).await;
    let stored = outcomes.iter().filter(|outcome| matches!(outcome, Submitted::Stored)).count();
    assert_eq!(stored, 1);
    let mut told: Vec<_> = outcomes
        .iter()
        .filter_map(|outcome| match outcome {
            Submitted::Replay(first) => Some((first.conversation, first.message)),
            _ => None,
        })
        .collect();
    assert_eq!(told.len(), 199);
    told.dedup();
    assert_eq!(told.len(), 1);
    let conversations =
        world.store.conversations_before(world.id(), &[world.project.id], None, 50).await.unwrap();
    assert_eq!(conversations.len(), 1);
    assert_eq!(conversations[0].id, told[0].0);
    assert_eq!(world.money().await, (500 * HELD.0, 499 * HELD.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shard_that_can_pay_for_ten_pays_for_ten() {
    let world = World::rich(40).await;
    let rivals = (0..60).map(|turn| {
        let mut submission = world.first_message(&format!("c{turn}"), &format!("k{turn}"));
        submission.disposition =
            Disposition::Generate { hold: hold(2), user_cap: None, due: at(31) };
        submission
    });
    let outcomes = all(&world, rivals.collect()).await;
    let count = |wanted: fn(&Submitted) -> bool| outcomes.iter().filter(|o| wanted(o)).count();
    assert_eq!(count(|outcome| matches!(outcome, Submitted::Stored)), 10);
    assert_eq!(count(|outcome| matches!(outcome, Submitted::ShardShort)), 50);
    assert_eq!(world.money().await, (40 * HELD.0, 30 * HELD.0));
    let stored =
        world.store.conversations_before(world.id(), &[world.project.id], None, 50).await.unwrap();
    assert_eq!(stored.len(), 10);
}

#[tokio::test]
async fn a_conversation_that_moved_on_is_stale_and_nothing_is_stored() {
    let world = World::rich(10).await;
    let first = world.submitted("c").await;
    let again = world.first_message("c", "k2");
    assert!(matches!(world.store.submit(&again).await.unwrap(), Submitted::Stale));
    let second = world.message_in(first.conversation.clone(), "k3");
    assert!(matches!(world.store.submit(&second).await.unwrap(), Submitted::Stored));
    let rival = world.message_in(first.conversation.clone(), "k4");
    assert!(matches!(world.store.submit(&rival).await.unwrap(), Submitted::Stale));
    let messages = world.store.messages_after(&first.conversation.reference, 0, 10).await.unwrap();
    assert_eq!(messages.iter().map(|message| message.seq).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(world.money().await.1, 8 * HELD.0);
}

#[tokio::test]
async fn a_used_key_wins_over_every_other_reason() {
    let world = World::rich(4).await;
    let first = world.submitted("c").await;
    let mut again = capped(world.first_message("c", "c"), 1);
    again.conversation.version = 9;
    match world.store.submit(&again).await.unwrap() {
        Submitted::Replay(answer) => {
            assert_eq!(answer.message, first.message.id);
            assert_eq!(answer.conversation, first.conversation.id);
            assert_eq!(answer.fingerprint, first.fingerprint);
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_same_submission_again_is_stored_already() {
    let world = World::rich(4).await;
    let first = world.submitted("c").await;
    assert!(matches!(world.store.submit(&first).await.unwrap(), Submitted::Stored));
    assert_eq!(world.money().await.1, 3 * HELD.0);
}

#[tokio::test]
async fn a_users_cap_counts_what_is_spent_and_held() {
    let world = World::rich(100).await;
    let mut conversation: Option<Conversation> = None;
    let mut submit = async |key: &str, cap: i64| {
        let next = match conversation.clone() {
            None => world.first_message("c", key),
            Some(conversation) => world.message_in(conversation, key),
        };
        let next = capped(next, cap);
        let outcome = world.store.submit(&next).await.unwrap();
        if matches!(outcome, Submitted::Stored) {
            conversation = Some(next.conversation);
        }
        outcome
    };
    assert!(matches!(submit("a", HELD.0 - 1).await, Submitted::CapReached));
    assert!(matches!(submit("b", 2 * HELD.0).await, Submitted::Stored));
    assert!(matches!(submit("c", 2 * HELD.0).await, Submitted::Stored));
    assert!(matches!(submit("d", 2 * HELD.0).await, Submitted::CapReached));
    assert!(matches!(submit("e", 3 * HELD.0 - 1).await, Submitted::CapReached));
    assert!(matches!(submit("f", 3 * HELD.0).await, Submitted::Stored));
    assert_eq!(world.money().await.1, 97 * HELD.0);
}

#[tokio::test]
async fn a_skipped_message_is_stored_and_costs_nothing() {
    let world = World::poor().await;
    let mut skipped = world.first_message("c", "k");
    skipped.disposition = Disposition::Skip(SkipReason::AiDisabled);
    assert!(matches!(world.store.submit(&skipped).await.unwrap(), Submitted::Stored));
    let mut anonymous = world.message_in(skipped.conversation.clone(), "k2");
    anonymous.disposition = Disposition::Skip(SkipReason::HumanOwned);
    anonymous.message.user = None;
    assert!(matches!(world.store.submit(&anonymous).await.unwrap(), Submitted::Stored));
    let stored = world.store.messages_until(&world.reference("c"), 2, 10).await.unwrap();
    assert_eq!(stored.len(), 2);
    assert_eq!(stored[0].content, skipped.message.content);
    assert_eq!(stored[1].user, None);
}

#[tokio::test]
async fn a_contact_keeps_thirteen_months_of_its_spending() {
    let world = World::rich(100).await;
    let mut conversation: Option<Conversation> = None;
    for month in [202_608, 202_609, 202_610, 202_709] {
        let key = format!("k{month}");
        let mut next = match conversation.take() {
            None => world.first_message("c", &key),
            Some(conversation) => world.message_in(conversation, &key),
        };
        let Disposition::Generate { hold, user_cap, due } = next.disposition else { panic!() };
        let hold = Hold { month, ..hold };
        next.disposition = Disposition::Generate { hold, user_cap, due };
        assert!(matches!(world.store.submit(&next).await.unwrap(), Submitted::Stored));
        conversation = Some(next.conversation);
    }
    let rows = world.engine.client().scan().table_name(TABLE).send().await.unwrap();
    let contact = rows.items().iter().find(|row| row["sk"].as_s().is_ok_and(|sk| sk == "U"));
    let mut names: Vec<&String> = contact.unwrap().keys().collect();
    names.sort();
    assert_eq!(names, ["ca", "ct", "ls", "pj", "pk", "sk", "u202609", "u202610", "u202709"]);
}

#[tokio::test]
async fn an_idempotency_key_counts_in_its_workspace_alone() {
    let (one, other) = (World::rich(4).await, World::rich(4).await);
    one.submitted("same").await;
    other.submitted("same").await;
    let mut odd = one.first_message("odd", "x");
    odd.idempotency = IdempotencyKey::parse("k", "a#b /\"c\"").unwrap();
    odd.message.id = id(at(2));
    assert!(matches!(one.store.submit(&odd).await.unwrap(), Submitted::Stored));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shard_takes_its_share_of_the_months_messages_and_no_more() {
    let world = World::rich(400).await;
    let rivals = (0..40).map(|turn| {
        let mut submission = world.first_message(&format!("c{turn}"), &format!("k{turn}"));
        submission.disposition =
            Disposition::Generate { hold: hold(2), user_cap: None, due: at(31) };
        submission.shard_quota = Some(7);
        submission
    });
    let outcomes = all(&world, rivals.collect()).await;
    let stored = outcomes.iter().filter(|outcome| matches!(outcome, Submitted::Stored)).count();
    let short = outcomes.iter().filter(|outcome| matches!(outcome, Submitted::ShardShort)).count();
    assert_eq!((stored, short), (7, 33));
    let counted = async |month| {
        let shards = world.store.shards_serializable(world.id(), SHARDS, month).await.unwrap();
        shards.iter().map(|shard| shard.messages).collect::<Vec<_>>()
    };
    assert_eq!(counted(MONTH).await, [0, 0, 7, 0]);
    assert_eq!(counted(MONTH + 1).await, [0, 0, 0, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_first_messages_of_one_user_at_once_one_is_told_that_the_user_wrote_elsewhere() {
    let world = World::rich(40).await;
    let rivals = (0..8).map(|turn| {
        let mut submission = world.first_message(&format!("c{turn}"), &format!("k{turn}"));
        submission.learned.unmet = true;
        match turn % 2 {
            0 => capped(submission, i64::MAX),
            _ => {
                Submission { disposition: Disposition::Skip(SkipReason::AiDisabled), ..submission }
            }
        }
    });
    let outcomes = all(&world, rivals.collect()).await;
    let stored = outcomes.iter().filter(|outcome| matches!(outcome, Submitted::Stored)).count();
    let stale = outcomes.iter().filter(|outcome| matches!(outcome, Submitted::Stale)).count();
    assert_eq!((stored, stale), (1, 7), "{outcomes:?}");
}

#[tokio::test]
async fn a_message_is_told_to_ten_webhooks_in_its_one_transaction() {
    let world = World::rich(40).await;
    let mut submission = world.first_message("c", "k");
    submission.learned.lead = true;
    let delivery = world.delivery();
    submission.deliveries =
        (0..50).map(|_| (Delivery { id: id(at(2)), ..delivery.clone() }, at(40))).collect();
    assert!(matches!(world.store.submit(&submission).await.unwrap(), Submitted::Stored));
}
