//! What must be true when everything has come to rest.

use std::collections::{BTreeMap, BTreeSet};

use aiva_core::conversation::ConversationFilter;
use aiva_core::delivery::{Delivery, DeliveryFilter, DeliveryStatus};
use aiva_core::id::MessageId;
use aiva_core::message::{Message, Sender, SubmitStatus};
use aiva_core::money::MicroCredits;
use aiva_core::page::Limit;
use aiva_core::ports::{ConversationStore, DeliveryStore, WalletStore};
use aiva_core::wallet::{LedgerEntry, LedgerKind};

use super::world::World;

pub(super) async fn check(world: &World) {
    let messages = messages(world).await;
    let ledger = ledger(world).await;
    let deliveries = deliveries(world).await;
    messages_are_exactly_those_accepted(world, &messages);
    every_queued_message_has_one_ending(&messages, &deliveries);
    money_adds_up(world, &messages, &ledger).await;
    every_event_arrived_unchanged(world, &messages, &deliveries);
}

async fn messages(world: &World) -> Vec<Vec<Message>> {
    let store = &world.truth.store;
    let place = (world.workspace.id, world.workspace.default_project());
    let filter = ConversationFilter::default();
    let page = aiva_core::conversation::list(store, place, &filter, None, Limit::of(100)).await;
    let mut all = Vec::new();
    for conversation in page.expect("the list is readable").items {
        let reference = &conversation.reference;
        let messages = store.messages_after(reference, 0, 1_000).await.expect("readable");
        let numbers: Vec<u64> = messages.iter().map(|message| message.seq).collect();
        let expected: Vec<u64> = (1..=conversation.seq).collect();
        assert_eq!(numbers, expected, "seq has a gap or a repetition");
        assert_eq!(conversation.pending_replies, 0, "a reply is pending for ever");
        all.push(messages);
    }
    all
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
    assert!(
        world
            .sent
            .iter()
            .filter_map(|sent| sent.receipt.as_ref())
            .all(|receipt| !matches!(receipt.status, SubmitStatus::Skipped(_))),
        "nobody took over, so nothing is skipped"
    );
}

fn every_queued_message_has_one_ending(messages: &[Vec<Message>], deliveries: &[Delivery]) {
    let count =
        |sender| messages.iter().flatten().filter(|message| message.sender == sender).count();
    let failed: Vec<_> = deliveries
        .iter()
        .filter(|delivery| delivery.event == aiva_core::callback::Event::GenerationFailed)
        .collect();
    let named: BTreeSet<String> =
        failed.iter().map(|delivery| field(delivery, "messageId")).collect();
    assert_eq!(named.len(), failed.len(), "one message failed twice");
    assert_eq!(count(Sender::Visitor), count(Sender::Ai) + failed.len(), "replies and failures");
}

async fn money_adds_up(world: &World, messages: &[Vec<Message>], ledger: &[LedgerEntry]) {
    let shards = world.workspace.wallet_shards;
    let state = world.truth.store.shards_serializable(world.workspace.id, shards).await;
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
    let replies = messages.iter().flatten().filter(|message| message.sender == Sender::Ai).count();
    assert_eq!(charges.len(), replies, "every reply is charged once and nothing else is");
    for charge in charges {
        assert!(charge.amount.negated() <= world.worst_case(), "a charge is greater than its hold");
    }
}

fn every_event_arrived_unchanged(
    world: &World,
    messages: &[Vec<Message>],
    deliveries: &[Delivery],
) {
    let received = world.endpoint.received.lock().expect("no panic holds the endpoint");
    let mut by_message: BTreeMap<String, usize> = BTreeMap::new();
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
        *by_message.entry(field(delivery, "messageId")).or_default() += 1;
    }
    for reply in messages.iter().flatten().filter(|message| message.sender == Sender::Ai) {
        assert_eq!(by_message.get(&reply.id.to_string()), Some(&1), "one delivery for each reply");
    }
    let known: BTreeSet<String> =
        deliveries.iter().map(|delivery| delivery.id.to_string()).collect();
    assert!(received.keys().all(|id| known.contains(id)), "something unknown was sent");
}

fn field(delivery: &Delivery, name: &str) -> String {
    let body: serde_json::Value =
        serde_json::from_str(&delivery.payload).expect("a payload is JSON");
    body[name].as_str().unwrap_or_default().to_owned()
}
