//! Requests that died on their way, between any two steps, and were made again.

use aiva_core::callback::Event;
use aiva_core::conversation::ConversationRef;
use aiva_core::delivery::DeliveryFilter;
use aiva_core::id::{ConversationId, WorkspaceId};
use aiva_core::idempotency::{self, Attempt, Keeping, Place, Request as Keyed};
use aiva_core::key;
use aiva_core::page::Limit;
use aiva_core::ports::{ConversationStore, DeliveryStore};
use aiva_core::text::{ExternalId, IdempotencyKey};
use aiva_core::workspace::{self, default_project};
use axum::extract::Request;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::operator::with_callback;
use crate::world::{OPERATOR_TOKEN, World, request};

/// Steps after which a request dies; none here takes so many.
const STEPS: u64 = 14;

fn operated(world: &World, (method, path): (&str, &str), body: &Value) -> Request {
    let path = format!("/admin/v1/workspaces/{}{path}", world.names["shop"]);
    request(method, &path, Some(OPERATOR_TOKEN), &body.to_string())
}

async fn sent(world: &World, request: Request) -> (u16, Value) {
    let answer = world.send(request).await;
    let status = answer.status().as_u16();
    let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

/// Posts under an idempotency key and dies after so many requests to the database; posts again when the
/// claim of the first has ended.
async fn repeated(world: &World, path: &str, body: &Value, steps: u64) -> (u16, Value) {
    let keyed = || {
        let mut asked = operated(world, ("POST", path), body);
        asked.headers_mut().insert("idempotency-key", format!("{path}-{steps}").parse().unwrap());
        asked
    };
    world.faults.halt_after(steps);
    sent(world, keyed()).await;
    world.faults.revive();
    world.wait(61);
    sent(world, keyed()).await
}

fn shop(world: &World) -> WorkspaceId {
    world.names["shop"].parse().unwrap()
}

async fn pings(world: &World) -> usize {
    let filter = DeliveryFilter { event: Some(Event::TestPing), ..DeliveryFilter::default() };
    let store = &world.edge.app.store;
    store.deliveries(shop(world), &filter, None, Limit::of(200)).await.unwrap().items.len()
}

#[tokio::test]
async fn a_test_that_died_anywhere_and_is_asked_for_again_is_sent_once() {
    let world = World::new().await;
    let app = &*world.edge.app;
    let owner = workspace::find(&app.store, shop(&world)).await.unwrap();
    let id = key::create(app, app, &owner, with_callback()).await.unwrap().key.id;
    let hook = json!({
        "dialect": "aerochat", "url": "https://crm.example.com/", "events": ["message.inbound"],
    });
    let (status, made) = sent(&world, operated(&world, ("POST", "/webhooks"), &hook)).await;
    assert_eq!(status, 201, "{made}");
    let hook = made["data"]["webhookId"].as_str().unwrap();
    let mut wanted = 0;
    for path in [format!("/keys/{id}/test"), format!("/webhooks/{hook}/test")] {
        for steps in 0..STEPS {
            let (status, told) = repeated(&world, &path, &json!({}), steps).await;
            assert_eq!(status, 202, "{path} after {steps}: {told}");
            wanted += 1;
            assert_eq!(pings(&world).await, wanted, "{path} after {steps}");
        }
    }
}

/// A conversation in which a visitor wrote; answers our id of it.
async fn conversation(world: &World, external: &str) -> ConversationId {
    let key = &world.names["key"];
    let body = json!({
        "externalConversationId": external, "content": "Hello",
        "idempotencyKey": format!("00000000-0000-4000-8000-{:012}", world.now().as_second()),
    });
    let asked = request("POST", "/api/v1/messages", Some(key), &body.to_string());
    let (status, told) = sent(world, asked).await;
    assert_eq!(status, 202, "{told}");
    told["data"]["conversationId"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_hand_back_that_died_anywhere_and_is_asked_for_again_is_done() {
    let world = World::new().await;
    let id = conversation(&world, "order-1").await;
    let (path, ada) = (format!("/conversations/{id}"), json!({ "agentName": "Ada" }));
    for steps in 0..STEPS {
        let take_over = operated(&world, ("POST", &format!("{path}/take-over")), &ada);
        assert_eq!(sent(&world, take_over).await.0, 200);
        let hand_back = format!("{path}/hand-back");
        let (status, told) = repeated(&world, &hand_back, &json!({}), steps).await;
        assert_eq!((status, &told["data"]["owner"]), (200, &json!("AI")), "after {steps}: {told}");
    }
    // Under another key it is another request, and there is nothing to hand back.
    let again = operated(&world, ("POST", &format!("{path}/hand-back")), &json!({}));
    assert_eq!(sent(&world, again).await.0, 409);
}

#[tokio::test]
async fn an_agents_reply_that_died_anywhere_is_stored_once_and_never_sets_the_time_back() {
    let world = World::new().await;
    let said = json!({ "agentName": "Ada", "content": "I am looking." });
    for steps in 0..STEPS {
        let external = format!("order-{steps}");
        let id = conversation(&world, &external).await;
        let path = format!("/conversations/{id}");
        let ada = json!({ "agentName": "Ada" });
        sent(&world, operated(&world, ("POST", &format!("{path}/take-over")), &ada)).await;
        let path = format!("{path}/messages");
        let mut asked = operated(&world, ("POST", &path), &said);
        asked.headers_mut().insert("idempotency-key", external.parse().unwrap());
        world.faults.halt_after(steps);
        sent(&world, asked).await;
        world.faults.revive();
        world.wait(30);
        conversation(&world, &external).await;
        let between = world.now();
        world.wait(31);
        let mut asked = operated(&world, ("POST", &path), &said);
        asked.headers_mut().insert("idempotency-key", external.parse().unwrap());
        let (status, told) = sent(&world, asked).await;
        assert_eq!(status, 201, "after {steps}: {told}");
        let external = ExternalId::parse("id", &external).unwrap();
        let workspace = shop(&world);
        let project = default_project(workspace);
        let reference = ConversationRef { workspace, project, external };
        let now = world.edge.app.store.conversation(&reference).await.unwrap().unwrap();
        assert_eq!(now.seq, 3, "after {steps}");
        assert!(now.updated_at >= between && now.said_at >= between, "after {steps}");
    }
}

#[tokio::test]
async fn limits_that_died_before_the_keys_reach_them_when_they_are_set_again() {
    let world = World::new().await;
    let key = &world.names["key"];
    for steps in 0..STEPS {
        for (asked, body, limit) in [
            (("PUT", "/limits"), json!({ "requestsPerMinute": 100 + steps }), 100 + steps),
            (("PUT", "/limits"), json!({ "requestsPerMinute": null }), 600),
            (("PATCH", ""), json!({ "plan": "growth" }), 60),
            (("PATCH", ""), json!({ "plan": "enterprise" }), 600),
        ] {
            world.wait(61);
            world.faults.halt_after(steps);
            sent(&world, operated(&world, asked, &body)).await;
            world.faults.revive();
            let (status, told) = sent(&world, operated(&world, asked, &body)).await;
            assert_eq!(status, 200, "{body} after {steps}: {told}");
            let answer = world.send(request("GET", "/api/v1/me", Some(key), "")).await;
            let told = answer.headers()["x-ratelimit-limit"].to_str().unwrap();
            assert_eq!(told, limit.to_string(), "{body} after {steps}");
        }
    }
}

#[tokio::test]
async fn an_answer_too_long_to_be_kept_leaves_the_key_to_the_same_request() {
    let world = World::new().await;
    let app = &*world.edge.app;
    let key = IdempotencyKey::parse("key", "long").unwrap();
    let place = Place { workspace: shop(&world), project: None, api: "operator", key };
    let wanted = Keyed { place, parts: &[b"POST", b"/"], keeping: Keeping::Sealed };
    let Attempt::Work { holder, .. } = idempotency::begin(app, &wanted).await.unwrap() else {
        panic!("nothing was answered yet")
    };
    let long = "x".repeat(500_000).into();
    idempotency::end_answered(app, &wanted, &holder, long).await.unwrap();
    world.wait(1);
    let Attempt::Work { holder, env } = idempotency::begin(app, &wanted).await.unwrap() else {
        panic!("nothing was kept")
    };
    assert!(env.is_again());
    idempotency::end_answered(app, &wanted, &holder, "200 {}".into()).await.unwrap();
    let Attempt::Replay(answer) = idempotency::begin(app, &wanted).await.unwrap() else {
        panic!("it was answered")
    };
    assert_eq!(answer.expose_secret(), "200 {}");
}
