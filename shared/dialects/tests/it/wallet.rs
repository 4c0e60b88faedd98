//! A wallet that is spread over more rows than before.

use aiva_core::id::WorkspaceId;
use aiva_core::money::MicroCredits;
use aiva_core::page::Limit;
use aiva_core::ports::{Clock, WalletStore, WorkspaceStore};
use aiva_core::time;
use aiva_core::wallet::Shard;
use serde_json::{Value, json};

use crate::world::{OPERATOR_TOKEN, World, request};

struct Shop {
    world: World,
    id: WorkspaceId,
}

impl Shop {
    async fn open() -> Self {
        let world = World::new().await;
        let id = world.names["shop"].parse().unwrap();
        let shop = Self { world, id };
        assert_eq!(shop.patch(&json!({ "plan": "enterprise" })).await.0, 200);
        shop
    }

    async fn patch(&self, body: &Value) -> (u16, Value) {
        let path = format!("/admin/v1/workspaces/{}", self.id);
        self.send(request("PATCH", &path, Some(OPERATOR_TOKEN), &body.to_string())).await
    }

    async fn send(&self, asked: axum::extract::Request) -> (u16, Value) {
        let answer = self.world.send(asked).await;
        let (status, body) = (answer.status().as_u16(), answer.into_body());
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    async fn say(&self, number: u32) -> u16 {
        let body = json!({
            "externalConversationId": format!("c{number}"), "content": "Are you open?",
            "idempotencyKey": format!("00000000-0000-4000-8000-{number:012}"),
        });
        let key = &self.world.names["key"];
        self.send(request("POST", "/v1/messages", Some(key), &body.to_string())).await.0
    }

    async fn shards(&self) -> Vec<Shard> {
        let app = &*self.world.edge.app;
        let count = app.store.workspace(self.id).await.unwrap().unwrap().wallet_shards;
        app.store.shards_serializable(self.id, count, time::month(app.now())).await.unwrap()
    }

    /// Balance = Σ ledger and nothing is held, in every shard and over all of them.
    async fn assert_whole(&self) {
        let shards = self.shards().await;
        let count = u8::try_from(shards.len()).unwrap();
        for shard in &shards {
            assert!(shard.available >= MicroCredits::ZERO, "{shard:?}");
            assert_eq!(shard.available, shard.balance, "{shard:?}");
        }
        let store = &self.world.edge.app.store;
        let ledger = store.ledger(self.id, count, None, Limit::of(200)).await.unwrap();
        let ledger: MicroCredits = ledger.items.iter().map(|entry| entry.amount).sum();
        assert_eq!(shards.iter().map(|shard| shard.balance).sum::<MicroCredits>(), ledger);
    }
}

#[tokio::test]
async fn a_wallet_that_grew_has_its_credit_everywhere_and_keeps_its_books() {
    let shop = Shop::open().await;
    // A hold from before is settled in its own shard.
    assert_eq!(shop.say(0).await, 202);
    for _ in 0..2 {
        let (status, shown) = shop.patch(&json!({ "walletShards": 24 })).await;
        assert_eq!((status, &shown["data"]["walletShards"]), (200, &json!(24)), "{shown}");
    }
    let shards = shop.shards().await;
    assert_eq!(shards.len(), 24);
    let total: i64 = shards.iter().map(|shard| shard.available.0).sum();
    for shard in &shards {
        assert!(shard.available.0 >= total / 48, "{shard:?} of {total}");
    }
    for number in 1..40 {
        assert_eq!(shop.say(number).await, 202);
    }
    shop.world.reply("Yes.").await;
    let used = shop.shards().await.into_iter().filter(|shard| shard.messages > 0).count();
    assert!(used > 4, "conversations pay from {used} shards");
    shop.assert_whole().await;
}

#[tokio::test]
async fn credit_that_is_only_in_old_shards_is_found_from_the_new_ones() {
    let shop = Shop::open().await;
    let app = &*shop.world.edge.app;
    assert_eq!(shop.patch(&json!({ "walletShards": 96 })).await.0, 200);
    // As a crash before the spreading would have left it.
    for shard in shop.shards().await.into_iter().filter(|shard| shard.index > 0) {
        let moved = app.store.transfer(shop.id, shard.index, 0, shard.available).await;
        assert!(moved.unwrap());
    }
    for number in 0..10 {
        assert_eq!(shop.say(number).await, 202);
    }
    shop.world.reply("Yes.").await;
    shop.assert_whole().await;
}

#[tokio::test]
async fn a_wallet_never_shrinks_and_a_quota_of_messages_keeps_it_as_it_is() {
    let shop = Shop::open().await;
    assert_eq!(shop.patch(&json!({ "walletShards": 8 })).await.0, 200);
    for refused in [json!(4), json!(0), json!(97), json!("many"), json!(8.5)] {
        let (status, body) = shop.patch(&json!({ "walletShards": refused })).await;
        assert_eq!((status, &body["details"][0]["field"]), (400, &json!("walletShards")), "{body}");
    }
    assert_eq!(shop.patch(&json!({ "plan": "pro" })).await.0, 200);
    let (status, body) = shop.patch(&json!({ "walletShards": 16 })).await;
    assert_eq!(status, 400, "{body}");
    assert_eq!(shop.shards().await.len(), 8);
}
