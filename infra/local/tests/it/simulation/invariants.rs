//! What must be true when everything has come to rest.

use std::collections::{BTreeMap, BTreeSet};

use aiva_core::callback::Event;
use aiva_core::contact::Person;
use aiva_core::conversation::ConversationFilter;
use aiva_core::delivery::{Delivery, DeliveryFilter, DeliveryStatus};
use aiva_core::id::MessageId;
use aiva_core::message::{Message, Sender, SubmitStatus};
use aiva_core::money::MicroCredits;
use aiva_core::page::Limit;
use aiva_core::ports::{ConversationStore, DeliveryStore, WalletStore};
use aiva_core::wallet::{LedgerEntry, LedgerKind};

use super::model::WISH;
use super::tools::{LOOKUP, REFUND};
use super::world::World;
use super::{money, webhooks};

pub(super) async fn check(world: &World) {
    let (persons, messages) = conversations(world).await;
    let ledger = ledger(world).await;
    let deliveries = deliveries(world).await;
    let endings = endings(world).await;
    messages_are_exactly_those_accepted(world, &messages);
    every_event_arrived_unchanged(world, &deliveries);
    let (callbacks, webhooks): (Vec<Delivery>, Vec<Delivery>) =
        deliveries.into_iter().partition(|delivery| delivery.endpoint.key().is_some());
    every_message_has_one_ending(world, &messages, &callbacks, &endings);
    nobody_speaks_beside_a_human(&messages);
    replies_come_in_the_order_of_their_messages(&messages);
    every_handoff_is_told(&messages, &callbacks, &endings);
    every_reply_is_told_once(&messages, &callbacks);
    webhooks::every_fact_is_told(world, (&persons, &messages), (&callbacks, &webhooks));
    money_adds_up(world, &messages, &ledger, &endings).await;
    money::came_in_once(world, &ledger).await;
    no_call_is_repeated_or_made_for_the_wrong_one(world);
}

/// A call that may not be repeated reaches its tool at most once, and a personal one only for a contact
/// who is verified at that moment; what reaches a tool fits its schema.
fn no_call_is_repeated_or_made_for_the_wrong_one(world: &World) {
    let calls = world.endpoint.calls.lock().expect("no panic holds the endpoint");
    let mut seen: BTreeMap<&str, (&str, &serde_json::Value)> = BTreeMap::new();
    for call in calls.iter() {
        let tool = call.body["tool"].as_str().expect("a call names its tool");
        assert_eq!(call.body["callId"], call.id.as_str(), "the body names another call");
        assert_eq!(call.body["verified"], call.verified, "a tool was told a wrong tier");
        assert!(call.body["arguments"]["order"].is_u64(), "arguments break the schema");
        assert!(tool != REFUND || call.verified, "a personal tool ran for somebody unproven");
        if let Some((first, arguments)) = seen.insert(&call.id, (tool, &call.body["arguments"])) {
            assert_eq!(tool, LOOKUP, "a call was repeated");
            assert_eq!((first, arguments), (tool, &call.body["arguments"]), "a repetition differs");
        }
    }
}

/// The person of each conversation, and what was said in it.
async fn conversations(world: &World) -> (Vec<Person>, Vec<Vec<Message>>) {
    let store = &world.truth.store;
    let place = (world.workspace.id, world.workspace.default_project());
    let filter = ConversationFilter::default();
    let page = aiva_core::conversation::list(store, place, &filter, None, Limit::of(100)).await;
    let (mut persons, mut all) = (Vec::new(), Vec::new());
    for conversation in page.expect("the list is readable").items {
        persons.push(conversation.person.clone());
        let reference = &conversation.reference;
        let messages = store.messages_after(reference, 0, 1_000).await.expect("readable");
        let numbers: Vec<u64> = messages.iter().map(|message| message.seq).collect();
        let expected: Vec<u64> = (1..=conversation.seq).collect();
        assert_eq!(numbers, expected, "seq has a gap or a repetition");
        assert_eq!(conversation.pending_replies, 0, "a reply is pending for ever");
        all.push(messages);
    }
    (persons, all)
}

async fn ledger(world: &World) -> Vec<LedgerEntry> {
    let (mut all, mut position) = (Vec::new(), None::<String>);
    loop {
        let shards = world.workspace.wallet_shards;
        let page = world
            .truth
            .store
            .ledger(world.workspace.id, shards, position.as_deref(), Limit::of(50))
            .await
            .expect("the ledger is readable");
        all.extend(page.items);
        position = page.next;
        if position.is_none() {
            return all;
        }
    }
}

async fn deliveries(world: &World) -> Vec<Delivery> {
    let (mut all, mut before) = (Vec::new(), None);
    loop {
        let filter = DeliveryFilter::default();
        let store = &world.truth.store;
        let page = store.deliveries(world.workspace.id, &filter, before, Limit::of(50)).await;
        let page = page.expect("the log is readable");
        all.extend(page.items);
        match page.next {
            Some(next) => before = Some(next.parse().expect("a position is an id")),
            None => return all,
        }
    }
}

fn messages_are_exactly_those_accepted(world: &World, messages: &[Vec<Message>]) {
    let visitors = messages.iter().flatten().filter(|message| message.sender == Sender::Visitor);
    let stored: BTreeSet<MessageId> = visitors.map(|message| message.id).collect();
    let accepted: BTreeSet<MessageId> = world
        .sent
        .iter()
        .filter_map(|sent| sent.receipt.as_ref().map(|receipt| receipt.message))
        .collect();
    assert_eq!(stored, accepted, "what is stored is not what was accepted");
    let receipts = world.sent.iter().filter(|sent| sent.receipt.is_some()).count();
    assert_eq!(receipts, accepted.len(), "two requests share one message");
}

/// How the reply to each visitor's message ended, by what the message says: every text is unique.
type Endings = BTreeMap<String, String>;

/// No port shows this: it is read from the table.
async fn endings(world: &World) -> Endings {
    let rows = world.table.scan().table_name(super::world::TABLE).into_paginator().items().send();
    let rows = rows.collect::<Result<Vec<_>, _>>().await.expect("the table is readable");
    let messages = rows.iter().filter_map(|row| {
        let text = |name: &str| row.get(name)?.as_s().ok().cloned();
        text("sk")?.starts_with("M#").then_some(())?;
        Some((text("c")?, text("st")?))
    });
    messages.collect()
}

fn ended(endings: &Endings, how: &str) -> usize {
    endings.values().filter(|ending| *ending == how).count()
}

pub(super) fn of_sender(
    messages: &[Vec<Message>],
    sender: Sender,
) -> impl Iterator<Item = &Message> {
    messages.iter().flatten().filter(move |message| message.sender == sender)
}

/// The question that a reply of the simulated model answers.
pub(super) fn question(reply: &Message) -> &str {
    reply.content.as_str().split_once(" to ").expect("an answer names its question").1
}

fn every_message_has_one_ending(
    world: &World,
    messages: &[Vec<Message>],
    deliveries: &[Delivery],
    endings: &Endings,
) {
    assert_eq!(endings.len(), of_sender(messages, Sender::Visitor).count());
    assert_eq!(ended(endings, "queued"), 0, "a reply is owed for ever");
    let failed: Vec<_> =
        deliveries.iter().filter(|delivery| delivery.event == Event::GenerationFailed).collect();
    let named: BTreeSet<String> =
        failed.iter().map(|delivery| field(delivery, "messageId")).collect();
    assert_eq!(named.len(), failed.len(), "one message failed twice");
    assert_eq!(ended(endings, "failed"), failed.len(), "each failure is told");
    let answered: BTreeSet<&str> = of_sender(messages, Sender::Ai).map(question).collect();
    let replies = of_sender(messages, Sender::Ai).count();
    assert_eq!(answered.len(), replies, "one message was answered twice");
    assert_eq!(ended(endings, "replied"), replies);
    assert!(answered.iter().all(|question| endings[*question] == "replied"));
    for sent in &world.sent {
        let ending = endings.get(sent.command.content.as_str()).map(String::as_str);
        match sent.receipt.as_ref().map(|receipt| receipt.status) {
            Some(SubmitStatus::Skipped(_)) => assert_eq!(ending, Some("skipped")),
            Some(SubmitStatus::Queued) => assert!(ending.is_some() && ending != Some("skipped")),
            // What became of a duplicate's first use was never heard.
            Some(SubmitStatus::Duplicate) | None => {}
        }
    }
}

fn replies_come_in_the_order_of_their_messages(messages: &[Vec<Message>]) {
    for conversation in messages {
        let seq_of: BTreeMap<&str, u64> =
            conversation.iter().map(|said| (said.content.as_str(), said.seq)).collect();
        let replies = conversation.iter().filter(|message| message.sender == Sender::Ai);
        let answered: Vec<u64> = replies.map(|reply| seq_of[question(reply)]).collect();
        assert!(answered.is_sorted(), "a later message was answered first: {answered:?}");
    }
}

/// No reply of the agent comes after a human's that came after its question.
fn nobody_speaks_beside_a_human(messages: &[Vec<Message>]) {
    let mut said = BTreeSet::new();
    for conversation in messages {
        for reply in conversation.iter().filter(|message| message.sender == Sender::Ai) {
            let asked = conversation
                .iter()
                .find(|message| message.content.as_str() == question(reply))
                .expect("what is answered was asked here");
            let between = conversation
                .iter()
                .filter(|message| (asked.seq..reply.seq).contains(&message.seq))
                .filter(|message| message.sender == Sender::Agent);
            assert_eq!(between.count(), 0, "a human and the agent answered one message");
        }
        for human in conversation.iter().filter(|message| message.sender == Sender::Agent) {
            assert!(human.agent_name.is_some(), "a human agent has a name");
            assert!(said.insert(human.content.as_str()), "a human said one thing twice");
        }
    }
}

fn every_handoff_is_told(messages: &[Vec<Message>], deliveries: &[Delivery], endings: &Endings) {
    let handoffs =
        deliveries.iter().filter(|delivery| delivery.event == Event::ConversationHandoff);
    let mut named = BTreeSet::new();
    for handoff in handoffs {
        let id = field(handoff, "messageId");
        let about = of_sender(messages, Sender::Visitor)
            .find(|message| message.id.to_string() == id)
            .expect("a handoff names a visitor's message");
        let ending = endings[about.content.as_str()].as_str();
        match field(handoff, "reason").as_str() {
            "user_request" => {
                assert_eq!(ending, "skipped");
                assert!(about.content.as_str().contains("human"));
            }
            "low_confidence" | WISH => assert_eq!(ending, "replied"),
            other => panic!("a handoff for {other:?}"),
        }
        assert!(named.insert(id), "one message was handed over twice");
    }
    // A wish is never put to the model.
    let mut wishes = endings.iter().filter(|(said, _)| said.contains("human"));
    assert!(wishes.all(|(_, ending)| ending == "skipped"));
}

async fn money_adds_up(
    world: &World,
    messages: &[Vec<Message>],
    ledger: &[LedgerEntry],
    endings: &Endings,
) {
    let shards = world.workspace.wallet_shards;
    let state = world.truth.store.shards_serializable(world.workspace.id, shards, 0).await;
    let state = state.expect("the wallet is readable");
    for shard in &state {
        assert!(
            shard.available >= MicroCredits::ZERO && shard.balance >= MicroCredits::ZERO,
            "{shard:?}"
        );
        assert_eq!(shard.balance, shard.available, "a hold is open for ever: {shard:?}");
    }
    let balance: MicroCredits = state.iter().map(|shard| shard.balance).sum();
    let sum: MicroCredits = ledger.iter().map(|entry| entry.amount).sum();
    assert_eq!(balance, sum, "balance is not the sum of the ledger");
    let credited: i64 = ledger
        .iter()
        .filter(|entry| entry.kind == LedgerKind::TopUp)
        .map(|entry| entry.amount.0)
        .sum();
    assert_eq!(credited, world.credited, "a top-up was lost or counted twice");

    let charges: Vec<_> = ledger.iter().filter(|entry| entry.kind == LedgerKind::Charge).collect();
    let charged: BTreeSet<MessageId> = charges.iter().filter_map(|entry| entry.message).collect();
    assert_eq!(charged.len(), charges.len(), "one message was charged twice");
    let replies = of_sender(messages, Sender::Ai).count();
    // One that a human's take-over suppressed is charged where the model reported its tokens.
    let most = replies + ended(endings, "suppressed");
    assert!((replies..=most).contains(&charges.len()), "a reply is charged once, nothing else is");
    for charge in charges {
        assert!(charge.amount.negated() <= world.worst_case, "a charge is greater than its hold");
    }
}

fn every_event_arrived_unchanged(world: &World, deliveries: &[Delivery]) {
    let received = world.endpoint.received.lock().expect("no panic holds the endpoint");
    for delivery in deliveries {
        let ended = matches!(delivery.status, DeliveryStatus::Delivered | DeliveryStatus::GivenUp);
        assert!(ended, "a delivery is {:?} for ever", delivery.status);
        let bodies = received.get(&delivery.id.to_string()).map(Vec::as_slice).unwrap_or_default();
        assert!(
            bodies.iter().all(|body| body == delivery.payload.as_bytes()),
            "an attempt differs"
        );
        if delivery.status == DeliveryStatus::Delivered {
            assert!(!bodies.is_empty(), "delivered and never received");
        }
        let answered = |code: Option<u16>| code.is_some_and(|code| (200..300).contains(&code));
        let successes =
            delivery.attempts.iter().filter(|attempt| answered(attempt.status_code)).count();
        assert_eq!(successes > 0, delivery.status == DeliveryStatus::Delivered, "the log is wrong");
    }
    let known: BTreeSet<String> =
        deliveries.iter().map(|delivery| delivery.id.to_string()).collect();
    assert!(received.keys().all(|id| known.contains(id)), "something unknown was sent");
}

fn every_reply_is_told_once(messages: &[Vec<Message>], callbacks: &[Delivery]) {
    let mut by_message: BTreeMap<String, usize> = BTreeMap::new();
    for delivery in callbacks {
        *by_message.entry(field(delivery, "messageId")).or_default() += 1;
    }
    let replies = of_sender(messages, Sender::Ai).chain(of_sender(messages, Sender::Agent));
    for reply in replies {
        assert_eq!(by_message.get(&reply.id.to_string()), Some(&1), "one delivery for each reply");
    }
}

pub(super) fn field(delivery: &Delivery, name: &str) -> String {
    let body: serde_json::Value =
        serde_json::from_str(&delivery.payload).expect("a payload is JSON");
    body[name].as_str().unwrap_or_default().to_owned()
}
