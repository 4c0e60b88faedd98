//! Wallets: credit, transfers, the ledger.

use std::sync::Arc;

use aiva_core::id::LedgerEntryId;
use aiva_core::money::MicroCredits;
use aiva_core::page::Limit;
use aiva_core::ports::WalletStore;
use aiva_core::text::IdempotencyKey;
use aiva_core::wallet::{Cover, Credit, Credited, LedgerEntry, LedgerKind, Need, cover};
use tokio::task::JoinSet;

use super::world::{MONTH, SHARDS, World, at, id};

fn credit(world: &World, amount: i64, key: &str) -> Credit {
    let entry = LedgerEntry {
        id: id(at(1)),
        kind: LedgerKind::TopUp,
        amount: MicroCredits(amount),
        message: None,
        usage: None,
        key: None,
        user: None,
        created_at: at(1),
    };
    let idempotency = IdempotencyKey::parse("k", key).unwrap();
    Credit { workspace: world.id(), shards: SHARDS, entry, idempotency }
}

fn need(amount: i64) -> Need {
    Need { amount: MicroCredits(amount), month: MONTH, quota: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credit_arrives_once_however_often_it_is_sent() {
    let world = World::poor().await;
    let mut tasks = JoinSet::new();
    for _ in 0..50 {
        let (store, credit) = (Arc::clone(&world.store), credit(&world, 1_003, "key"));
        tasks.spawn(async move { store.credit(&credit).await.unwrap() });
    }
    let outcomes = tasks.join_all().await;
    let stored = outcomes.iter().filter(|outcome| **outcome == Credited::Stored).count();
    assert_eq!(stored, 1);
    let shards = world.store.shards_serializable(world.id(), SHARDS, MONTH).await.unwrap();
    let amounts: Vec<i64> = shards.iter().map(|shard| shard.balance.0).collect();
    assert_eq!(amounts, [253, 250, 250, 250]);
    let ledger = world.store.ledger(world.id(), SHARDS, None, Limit::of(10)).await.unwrap();
    assert_eq!(ledger.items.len(), 1);
    let replayed =
        outcomes.iter().filter(|outcome| **outcome == Credited::Replay(ledger.items[0].clone()));
    assert_eq!(replayed.count(), 49);
}

#[tokio::test]
async fn the_same_credit_again_is_stored_already() {
    let world = World::poor().await;
    let credit = credit(&world, 2, "key");
    for _ in 0..3 {
        assert_eq!(world.store.credit(&credit).await.unwrap(), Credited::Stored);
    }
    assert_eq!(world.money().await, (2, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn transfers_at_once_never_lose_money_or_overdraw_a_shard() {
    let world = World::poor().await;
    world.store.credit(&credit(&world, 4_000, "key")).await.unwrap();
    let mut tasks = JoinSet::new();
    for turn in 0..200_u8 {
        let (store, workspace) = (Arc::clone(&world.store), world.id());
        let amount = MicroCredits(i64::from(turn) * 7 + 1);
        tasks.spawn(async move {
            let (from, to) = (turn % SHARDS, (turn / SHARDS) % SHARDS);
            store.transfer(workspace, from, to, amount).await.unwrap()
        });
    }
    let moved = tasks.join_all().await;
    assert!(moved.iter().any(|moved| *moved));
    assert_eq!(world.money().await, (4_000, 4_000));
    let most = MicroCredits(4_001);
    assert!(!world.store.transfer(world.id(), 0, 1, most).await.unwrap());
}

#[tokio::test]
async fn scattered_credit_is_gathered_until_one_shard_can_pay() {
    let world = World::poor().await;
    world.store.credit(&credit(&world, 400, "key")).await.unwrap();
    let store = world.store.as_ref();
    let gathered = cover(store, world.id(), SHARDS, need(400)).await.unwrap();
    assert!(matches!(gathered, Cover::Shard(_)));
    let short = cover(store, world.id(), SHARDS, need(401)).await.unwrap();
    assert_eq!(short, Cover::Short);
    assert_eq!(world.money().await, (400, 400));
}

#[tokio::test]
async fn a_ledger_is_listed_page_by_page_newest_first() {
    let world = World::poor().await;
    let mut ids: Vec<LedgerEntryId> = Vec::new();
    for turn in 0..23 {
        let mut credit = credit(&world, 8, &format!("k{turn}"));
        credit.entry.id = id(at(i64::from(turn)));
        world.store.credit(&credit).await.unwrap();
        ids.push(credit.entry.id);
    }
    ids.reverse();
    let (mut listed, mut position) = (Vec::new(), None);
    loop {
        let page = world
            .store
            .ledger(world.id(), SHARDS, position.as_deref(), Limit::of(5))
            .await
            .unwrap();
        listed.extend(page.items.iter().map(|entry| entry.id));
        position = page.next;
        if position.is_none() {
            break;
        }
        assert_eq!(page.items.len(), 5);
    }
    assert_eq!(listed, ids);
}

#[tokio::test]
async fn an_empty_wallet_is_empty() {
    let world = World::poor().await;
    assert_eq!(world.money().await, (0, 0));
    let ledger = world.store.ledger(world.id(), SHARDS, None, Limit::of(5)).await.unwrap();
    assert!(ledger.items.is_empty() && ledger.next.is_none());
}
