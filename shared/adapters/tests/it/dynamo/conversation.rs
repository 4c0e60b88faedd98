//! Conversations as readers see them.

use std::collections::BTreeSet;
use std::sync::Arc;

use aiva_core::conversation::{Advance, Advanced, ConversationRef, ConversationStatus, Owner};
use aiva_core::message::{Message, Sender, Submitted};
use aiva_core::ports::{ConversationStore, DeliveryStore, MessageStore, WorkspaceStore};
use aiva_core::project::Project;
use aiva_core::text::Content;
use tokio::task::JoinSet;

use super::world::{World, at, external, id, label};

#[tokio::test]
async fn a_situation_is_one_request_and_nothing_without_its_project() {
    let world = World::rich(4).await;
    world.recorder.take();
    let empty = world.store.situation(&world.reference("c")).await.unwrap().unwrap();
    let used = world.recorder.take();
    assert_eq!(used["BatchGetItem"].requests, 1);
    assert_eq!(used.len(), 1);
    assert_eq!(empty.workspace, world.workspace);
    assert_eq!(empty.project, world.project);
    assert_eq!(empty.conversation, None);
    let submission = world.submitted("c").await;
    let full = world.store.situation(&world.reference("c")).await.unwrap().unwrap();
    assert_eq!(full.conversation, Some(submission.conversation));
    let nowhere = ConversationRef { project: id(at(0)), ..world.reference("c") };
    assert!(world.store.situation(&nowhere).await.unwrap().is_none());
}

#[tokio::test]
async fn every_field_of_a_conversation_reads_back() {
    let world = World::rich(40).await;
    let mut submission = world.submitted("c").await;
    let mut next = world.message_in(submission.conversation.clone(), "k2");
    next.conversation.owner = Owner::Human { agent: Some("Ann".to_owned()) };
    next.conversation.status = ConversationStatus::Resolved;
    next.conversation.low_confidence_turns = 3;
    next.conversation.human_seq = 1;
    next.conversation.last_user = None;
    let stored = world.store.submit(&next).await.unwrap();
    assert!(matches!(stored, Submitted::Stored));
    submission.conversation = next.conversation;
    let stored = world.store.conversation(&world.reference("c")).await.unwrap();
    assert_eq!(stored, Some(submission.conversation));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_rival_changes_of_one_version_one_is_stored_with_its_message_and_its_event() {
    let world = World::rich(4).await;
    let read = world.submitted("c").await;
    let mut tasks = JoinSet::new();
    for turn in 0..20 {
        let mut conversation = read.conversation.clone();
        conversation.owner = Owner::Human { agent: Some(format!("agent {turn}")) };
        conversation.version += 1;
        conversation.seq += 1;
        let message = Message {
            id: id(at(2)),
            seq: conversation.seq,
            sender: Sender::Agent,
            agent_name: Some(format!("agent {turn}")),
            background: None,
            user: None,
            ..read.message.clone()
        };
        let deliveries = vec![(world.delivery(), at(40))];
        let advance = Advance { conversation, message: Some(message), deliveries };
        let store = Arc::clone(&world.store);
        tasks.spawn(async move { (store.advance(&advance).await.unwrap(), advance) });
    }
    let all = tasks.join_all().await;
    let stored: Vec<_> = all.iter().filter(|(outcome, _)| *outcome == Advanced::Stored).collect();
    let [(_, winner)] = stored[..] else { panic!("{} were stored", stored.len()) };
    let reference = &read.conversation.reference;
    let conversation = world.store.conversation(reference).await.unwrap();
    assert_eq!(conversation.as_ref(), Some(&winner.conversation));
    let messages = world.store.messages_after(reference, 1, 10).await.unwrap();
    assert_eq!(messages.len(), 1);
    assert_eq!(Some(messages[0].id), winner.message.as_ref().map(|message| message.id));
    for (outcome, advance) in &all {
        let delivery = world.store.delivery(world.id(), advance.deliveries[0].0.id).await.unwrap();
        assert_eq!(delivery.is_some(), *outcome == Advanced::Stored);
    }
}

#[tokio::test]
async fn our_id_finds_a_conversation_in_any_project_of_its_workspace_and_in_no_other() {
    let (world, other) = (World::rich(4).await, World::rich(4).await);
    let second = Project { id: id(at(9)), name: label("Second"), ..world.project.clone() };
    world.store.create_project(&second).await.unwrap();
    let in_default = world.submitted("c").await.conversation;
    let mut submission = world.first_message("c", "k2");
    submission.conversation.reference.project = second.id;
    world.store.submit(&submission).await.unwrap();
    let in_second = submission.conversation;
    for conversation in [&in_default, &in_second] {
        let found = world.store.conversation_by_id(world.id(), conversation.id).await.unwrap();
        assert_eq!(found.as_ref(), Some(conversation));
        let foreign = other.store.conversation_by_id(other.id(), conversation.id).await.unwrap();
        assert!(foreign.is_none());
    }
    assert!(world.store.conversation_by_id(world.id(), id(at(0))).await.unwrap().is_none());
}

#[tokio::test]
async fn conversations_are_listed_by_project_newest_first_over_all_shards() {
    let world = World::rich(200).await;
    let second = Project { id: id(at(9)), name: label("Second"), ..world.project.clone() };
    world.store.create_project(&second).await.unwrap();
    let mut ids = Vec::new();
    for turn in 0..41 {
        let mut submission = world.first_message(&format!("c{turn}"), &format!("k{turn}"));
        submission.conversation.id = id(at(turn));
        if turn % 10 == 3 {
            submission.conversation.reference.project = second.id;
        } else {
            ids.push(submission.conversation.id);
        }
        world.store.submit(&submission).await.unwrap();
    }
    ids.reverse();
    let shards: BTreeSet<u8> = ids.iter().map(|id| id.shard(4)).collect();
    assert!(shards.len() > 1);
    let (mut listed, mut before) = (Vec::new(), None);
    loop {
        let batch = world
            .store
            .conversations_before(world.id(), &[world.project.id], before, 6)
            .await
            .unwrap();
        listed.extend(batch.iter().map(|conversation| conversation.id));
        if batch.len() < 6 {
            break;
        }
        before = listed.last().copied();
    }
    assert_eq!(listed, ids);
    let others = [second.id];
    let others = world.store.conversations_before(world.id(), &others, None, 50).await.unwrap();
    assert_eq!(others.len(), 4);
    let both = [second.id, world.project.id];
    let both = world.store.conversations_before(world.id(), &both, None, 50).await.unwrap();
    assert_eq!(both.len(), 41);
    assert!(both.is_sorted_by(|one, other| one.id > other.id));
    let of = |project| both.iter().filter(move |known| known.reference.project == project);
    assert_eq!((of(second.id).count(), of(world.project.id).count()), (4, 37));
}

#[tokio::test]
async fn messages_come_in_order_from_either_end_even_when_they_are_long() {
    let world = World::rich(200).await;
    let mut conversation = None;
    for turn in 0..30 {
        let mut next = match conversation.take() {
            None => world.first_message("c", "k0"),
            Some(conversation) => world.message_in(conversation, &format!("k{turn}")),
        };
        // 64 KB each: a page of the database holds 16 of them.
        next.message.content = Content::parse("content", &"🦀".repeat(16_000)).unwrap();
        next.message.user = Some(external(&format!("user-{turn}")));
        world.store.submit(&next).await.unwrap();
        conversation = Some(next.conversation);
    }
    let reference = world.reference("c");
    let numbers =
        |messages: Vec<Message>| messages.iter().map(|message| message.seq).collect::<Vec<_>>();
    let after = world.store.messages_after(&reference, 2, 25).await.unwrap();
    assert_eq!(numbers(after), (3..=27).collect::<Vec<_>>());
    let until = world.store.messages_until(&reference, 29, 25).await.unwrap();
    assert_eq!(numbers(until), (5..=29).collect::<Vec<_>>());
    assert!(world.store.messages_after(&reference, 30, 5).await.unwrap().is_empty());
    assert!(world.store.messages_after(&world.reference("x"), 0, 5).await.unwrap().is_empty());
    assert!(world.store.conversation(&world.reference("x")).await.unwrap().is_none());
}
