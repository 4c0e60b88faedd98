//! Links where one request after another is not enough: races, prefetching, limits, whom the event
//! reaches, and whom it does not.

use aiva_core::callback::Event;
use aiva_core::delivery::{Delivery, DeliveryFilter};
use aiva_core::id::WorkspaceId;
use aiva_core::page::Limit;
use aiva_core::ports::{Clock, DeliveryStore, IdentityStore};
use aiva_core::text::ExternalId;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::world::{OPERATOR_TOKEN, World, request};

async fn ask(world: &World, key: &str, user: &str, email: &str) -> (u16, Value) {
    let body = json!({"method": "magic_link", "externalUserId": user, "email": email});
    ask_for(world, key, &body).await
}

async fn ask_for(world: &World, key: &str, body: &Value) -> (u16, Value) {
    let asked = request("POST", "/v1/identity/verify", Some(key), &body.to_string());
    let response = world.send(asked).await;
    let status = response.status().as_u16();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap())
}

pub(crate) async fn press(world: &World, token: &str) -> u16 {
    let path = format!("/verify/{token}");
    world.send(request("POST", &path, None, "")).await.status().as_u16()
}

async fn is_verified(world: &World, workspace: &str, user: &str) -> bool {
    let app = &*world.edge.app;
    let user = ExternalId::parse("user", user).unwrap();
    let contact = app.store.contact(workspace.parse().unwrap(), &user).await.unwrap();
    contact.is_some_and(|contact| contact.is_verified(app.now()))
}

/// The events `identity.verified` of the shop.
pub(crate) async fn events(world: &World) -> Vec<Delivery> {
    let filter =
        DeliveryFilter { event: Some(Event::IdentityVerified), ..DeliveryFilter::default() };
    let shop: WorkspaceId = world.names["shop"].parse().unwrap();
    let store = &world.edge.app.store;
    store.deliveries(shop, &filter, None, Limit::of(200)).await.unwrap().items
}

/// A key of the shop with a callback: its id, and its token.
async fn hooked(world: &World) -> (String, String) {
    let body = json!({
        "name": "hooked", "scopes": ["messages:write", "identity:write"],
        "callbackUrl": "https://shop.example.com/hook",
    });
    let path = format!("/admin/v1/workspaces/{}/keys", world.names["shop"]);
    let made = world.send(request("POST", &path, Some(OPERATOR_TOKEN), &body.to_string())).await;
    let made = axum::body::to_bytes(made.into_body(), usize::MAX).await.unwrap();
    let made: Value = serde_json::from_slice(&made).unwrap();
    let text = |field: &str| made["data"][field].as_str().unwrap().to_owned();
    (text("keyId"), text("key"))
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_confirmations_at_once_one_succeeds_and_one_event_arises() {
    let world = World::new().await;
    let (key_id, key) = hooked(&world).await;
    assert_eq!(ask(&world, &key, "user-93", "ada@example.com").await.0, 202);
    let token = world.mailed_token();
    let mut answers = join_all((0..50).map(|_| press(&world, &token))).await;
    answers.sort_unstable();
    assert_eq!((answers[0], &answers[1..]), (200, &[410; 49][..]));
    let events = events(&world).await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].endpoint.to_string(), key_id);
    assert_eq!(events[0].conversation, None);
    let body: Value = serde_json::from_str(&events[0].payload).unwrap();
    assert_eq!(body["event"], "identity.verified");
    assert_eq!(body["conversationId"], Value::Null);
    assert_eq!(body["externalUserId"], "user-93");
    assert_eq!(body["method"], "magic_link");
    assert!(is_verified(&world, &world.names["shop"], "user-93").await);
}

#[tokio::test]
async fn opening_the_link_uses_nothing_however_often_a_scanner_does_it() {
    let world = World::new().await;
    let key = world.names["key"].clone();
    ask(&world, &key, "user-93", "ada@example.com").await;
    let path = format!("/verify/{}", world.mailed_token());
    for method in ["GET", "HEAD", "GET", "GET"] {
        let page = world.send(request(method, &path, None, "")).await;
        assert_eq!(page.status(), 200);
        let policy = page.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none';"), "{policy}");
        assert!(policy.contains("form-action 'self';"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    }
    assert!(!is_verified(&world, &world.names["shop"], "user-93").await);
    assert_eq!(press(&world, &world.mailed_token()).await, 200);
}

#[tokio::test]
async fn the_page_lets_its_form_lead_to_the_return_url_and_nowhere_else() {
    let world = World::new().await;
    let key = world.names["key"].clone();
    let body = json!({"method": "magic_link", "externalUserId": "u", "email": "a@example.com",
        "returnUrl": "https://shop.example.com/help"});
    ask_for(&world, &key, &body).await;
    let path = format!("/verify/{}", world.mailed_token());
    let page = world.send(request("GET", &path, None, "")).await;
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("form-action 'self' https://shop.example.com;"), "{policy}");
    let body = axum::body::to_bytes(page.into_body(), usize::MAX).await.unwrap();
    let body = String::from_utf8(body.to_vec()).unwrap();
    assert!(!body.contains("<script") && !body.contains("http"), "{body}");
    assert_eq!(body.matches("<button").count(), 1);
}

#[tokio::test]
async fn the_event_goes_to_the_key_that_last_wrote_in_the_conversation() {
    let world = World::new().await;
    let (writer_id, writer) = hooked(&world).await;
    let (asker_id, asker) = hooked(&world).await;
    let message = r#"{"externalConversationId":"order-1","content":"Hello",
        "idempotencyKey":"00000000-0000-0000-0000-000000000001"}"#;
    let sent = world.send(request("POST", "/v1/messages", Some(&writer), message)).await;
    assert_eq!(sent.status(), 202);
    for (conversation, key, named) in
        [("order-1", &writer_id, Some("order-1")), ("order-2", &asker_id, Some("order-2"))]
    {
        let body = json!({"method": "magic_link", "externalUserId": "u", "email": "a@example.com",
            "externalConversationId": conversation});
        assert_eq!(ask_for(&world, &asker, &body).await.0, 202);
        assert_eq!(press(&world, &world.mailed_token()).await, 200);
        let newest = &events(&world).await[0];
        assert_eq!((&newest.endpoint.to_string(), newest.conversation.as_deref()), (key, named));
        world.wait(1);
    }
}

#[tokio::test]
async fn the_user_of_the_same_name_in_another_workspace_stays_as_it_is() {
    let world = World::new().await;
    let key = world.names["key"].clone();
    ask(&world, &key, "user-93", "ada@example.com").await;
    let token = world.mailed_token();
    // The same secret under another workspace's id is no link.
    let other: aiva_core::key::KeyToken =
        aiva_core::key::KeyToken::parse(&world.names["other"]).unwrap();
    let bent = format!("{}{}", other.id.workspace.bare(), &token[26..]);
    assert_eq!(press(&world, &bent).await, 404);
    assert_eq!(press(&world, &token).await, 200);
    assert!(is_verified(&world, &world.names["shop"], "user-93").await);
    assert!(!is_verified(&world, &other.id.workspace.to_string(), "user-93").await);
    let path = format!("/admin/v1/workspaces/{}/contacts/user-93/verification", other.id.workspace);
    let taken = world.send(request("DELETE", &path, Some(OPERATOR_TOKEN), "")).await;
    assert_eq!(taken.status(), 404);
    assert!(is_verified(&world, &world.names["shop"], "user-93").await);
}

#[tokio::test]
async fn a_verification_ends_after_its_time() {
    let world = World::new().await;
    let key = world.names["key"].clone();
    ask(&world, &key, "user-93", "ada@example.com").await;
    press(&world, &world.mailed_token()).await;
    world.wait(2_592_000 - 1);
    assert!(is_verified(&world, &world.names["shop"], "user-93").await);
    world.wait(1);
    assert!(!is_verified(&world, &world.names["shop"], "user-93").await);
}

#[tokio::test]
async fn five_mails_go_to_one_address_within_any_hour_and_the_sixth_is_answered_alike() {
    let world = World::new().await;
    let (key, other) = (world.names["key"].clone(), world.names["other"].clone());
    for turn in 0..5 {
        // In any case of its letters, from any workspace, for any user.
        let email = if turn % 2 == 0 { "ada@example.com" } else { "ADA@example.COM" };
        let from = if turn < 3 { &key } else { &other };
        ask(&world, from, &format!("user-{turn}"), email).await;
        world.wait(600);
    }
    assert_eq!(world.mails().len(), 5);
    let (status, dropped) = ask(&world, &key, "user-9", "ada@example.com").await;
    assert_eq!((status, &dropped["data"]["status"]), (202, &json!("sent")));
    assert_eq!(world.mails().len(), 5);
    let (_, sent) = ask(&world, &key, "user-9", "eve@example.com").await;
    assert_eq!(sent, dropped);
    assert_eq!(world.mails().len(), 6);
    // An hour after the first, one more; after that again none.
    world.wait(600);
    for _ in 0..2 {
        ask(&world, &key, "user-8", "ada@example.com").await;
    }
    assert_eq!(world.mails().len(), 7);
}

#[tokio::test]
async fn five_mails_an_hour_go_to_one_user_whatever_the_address() {
    let world = World::new().await;
    let (key, other) = (world.names["key"].clone(), world.names["other"].clone());
    for turn in 0..8 {
        ask(&world, &key, "user-93", &format!("a{turn}@example.com")).await;
    }
    assert_eq!(world.mails().len(), 5);
    // A mail that was not sent is not counted against its address.
    for turn in 0..5 {
        ask(&world, &other, &format!("user-{turn}"), "a7@example.com").await;
    }
    assert_eq!(world.mails().len(), 10);
    ask(&world, &other, "user-93", "b@example.com").await;
    assert_eq!(world.mails().len(), 11, "the other workspace's user is another");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_of_requests_sends_five_mails() {
    let world = World::new().await;
    let key = world.names["key"].clone();
    let asked = (0..16).map(|turn| {
        let (world, key) = (&world, &key);
        async move { ask(world, key, &format!("user-{turn}"), "ada@example.com").await.0 }
    });
    assert_eq!(join_all(asked).await, [202; 16]);
    assert_eq!(world.mails().len(), 5);
}

#[tokio::test]
async fn more_than_twenty_requests_a_minute_for_one_address_over_all_workspaces_must_wait() {
    let world = World::new().await;
    let keys = [world.names["key"].clone(), world.names["other"].clone()];
    for turn in 0..20 {
        let (status, _) = ask(&world, &keys[turn % 2], "u", "ada@example.com").await;
        assert_eq!(status, 202);
    }
    let (status, refused) = ask(&world, &keys[0], "u", "Ada@example.com").await;
    assert_eq!((status, &refused["code"]), (429, &json!("RATE_LIMITED")));
    assert_eq!(ask(&world, &keys[0], "u2", "eve@example.com").await.0, 202);
    world.wait(60);
    assert_eq!(ask(&world, &keys[0], "u", "ada@example.com").await.0, 202);
}

#[tokio::test]
async fn the_store_keeps_no_secret_of_a_link() {
    let world = World::new().await;
    let key = world.names["key"].clone();
    ask(&world, &key, "user-93", "ada@example.com").await;
    let token = world.mailed_token();
    assert_eq!(token.len(), 78, "26 characters of the workspace, 52 of 256 random bits");
    let stored = world.everything_stored().await;
    assert!(stored.contains("ada@example.com"), "the link's row is among them");
    assert!(!stored.contains(&token[26..]));
}

/// What a person says without being named: our ids of the conversation and of the contact.
async fn unnamed(world: &World, body: &Value) -> (String, String) {
    let key = world.names["key"].clone();
    let path = "/bot/v1/conversations/messages";
    let said = world.send(request("POST", path, Some(&key), &body.to_string())).await;
    let said = axum::body::to_bytes(said.into_body(), usize::MAX).await.unwrap();
    let said: Value = serde_json::from_slice(&said).unwrap();
    let text = |field: &str| said[field].as_str().unwrap_or_else(|| panic!("{said}")).to_owned();
    (text("conversation_id"), text("contact_id"))
}

async fn contact(world: &World, id: &str) -> Value {
    let key = world.names["key"].clone();
    let path = format!("/bot/v1/contacts/{id}");
    let found = world.send(request("GET", &path, Some(&key), "")).await;
    let found = axum::body::to_bytes(found.into_body(), usize::MAX).await.unwrap();
    serde_json::from_slice(&found).unwrap()
}

/// The link of a mail that asks a user of a conversation.
async fn link_for(world: &World, user: &str, conversation: &str) -> String {
    let key = world.names["key"].clone();
    let body = json!({
        "method": "magic_link", "externalUserId": user, "email": format!("{user}@example.com"),
        "externalConversationId": conversation,
    });
    assert_eq!(ask_for(world, &key, &body).await.0, 202);
    world.mailed_token()
}

/// A message of a named user, and our id of the conversation.
async fn named(world: &World, user: &str, conversation: &str) -> String {
    let key = world.names["key"].clone();
    let body = json!({
        "externalConversationId": conversation, "externalUserId": user, "content": "Hello",
        "idempotencyKey": "00000000-0000-4000-8000-000000000001",
    });
    let said = world.send(request("POST", "/v1/messages", Some(&key), &body.to_string())).await;
    let said = axum::body::to_bytes(said.into_body(), usize::MAX).await.unwrap();
    let said: Value = serde_json::from_slice(&said).unwrap();
    said["data"]["conversationId"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn confirming_makes_the_contact_of_the_conversation_the_users() {
    let world = World::new().await;
    let told = json!({"message": "Hello", "contact": {"name": "Ada", "phone": "+1234567890"}});
    let (conversation, id) = unnamed(&world, &told).await;
    assert_eq!(press(&world, &link_for(&world, "user-93", &conversation).await).await, 200);
    let merged = contact(&world, &id).await;
    assert_eq!((&merged["contact_id"], &merged["name"]), (&json!(id), &json!("Ada")));
    // In the conversations that the user has later it is the same contact.
    let later = named(&world, "user-93", "order-2").await;
    let asked = json!({"message": "Again", "conversation_id": later});
    assert_eq!(unnamed(&world, &asked).await.1, id);
    let seen = contact(&world, &id).await;
    assert_eq!((&seen["name"], &seen["phone"]), (&json!("Ada"), &json!("+1234567890")));
}

#[tokio::test]
async fn a_user_who_is_known_takes_the_contact_of_the_conversation_over_and_keeps_what_is_known() {
    let world = World::new().await;
    let own = named(&world, "user-93", "order-1").await;
    let told = json!({"message": "Hi", "conversation_id": own, "contact": {"name": "Ada"}});
    let (_, known) = unnamed(&world, &told).await;
    let told = json!({"message": "Hi", "contact": {"name": "A.", "email": "ada@example.com"}});
    let (conversation, guest) = unnamed(&world, &told).await;
    assert_ne!(guest, known);
    assert_eq!(press(&world, &link_for(&world, "user-93", &conversation).await).await, 200);
    let merged = contact(&world, &guest).await;
    assert_eq!(merged["contact_id"], json!(known));
    assert_eq!(merged["email"], "ada@example.com");
    assert_eq!(contact(&world, &known).await, merged);
    // Somebody else's link changes nothing about whose conversation it is.
    assert_eq!(press(&world, &link_for(&world, "eve", &conversation).await).await, 200);
    assert!(is_verified(&world, &world.names["shop"], "eve").await);
    assert_eq!(contact(&world, &guest).await["contact_id"], json!(known));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confirmation_beside_messages_in_its_conversation_loses_neither() {
    let world = World::new().await;
    let (conversation, id) = unnamed(&world, &json!({"message": "Hello"})).await;
    let token = link_for(&world, "user-93", &conversation).await;
    let crowd = (0..12).map(|turn| {
        let body = json!({"message": format!("turn {turn}"), "conversation_id": conversation});
        let world = &world;
        async move { unnamed(world, &body).await.0 }
    });
    let (pressed, said) = tokio::join!(press(&world, &token), join_all(crowd));
    assert_eq!(pressed, 200);
    assert!(said.iter().all(|named| *named == conversation));
    let key = world.names["key"].clone();
    let path = format!("/v1/conversations/{conversation}?limit=200");
    let read = world.send(request("GET", &path, Some(&key), "")).await;
    let read = axum::body::to_bytes(read.into_body(), usize::MAX).await.unwrap();
    let read: Value = serde_json::from_slice(&read).unwrap();
    assert_eq!(read["data"]["messages"].as_array().unwrap().len(), 26);
    let asked = json!({"message": "Me", "conversation_id": named(&world, "user-93", "o-2").await});
    assert_eq!(unnamed(&world, &asked).await.1, id);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_users_who_confirm_at_once_for_one_conversation_one_gets_its_contact() {
    let world = World::new().await;
    let (conversation, id) = unnamed(&world, &json!({"message": "Hello"})).await;
    let one = link_for(&world, "ada", &conversation).await;
    let two = link_for(&world, "eve", &conversation).await;
    let pressed = tokio::join!(press(&world, &one), press(&world, &two));
    assert_eq!(pressed, (200, 200));
    let mut owners = 0;
    for user in ["ada", "eve"] {
        assert!(is_verified(&world, &world.names["shop"], user).await);
        let app = &*world.edge.app;
        let shop = world.names["shop"].parse().unwrap();
        let user = ExternalId::parse("user", user).unwrap();
        let found = app.store.contact(shop, &user).await.unwrap().unwrap();
        owners += usize::from(found.id.is_some_and(|own| own.to_string() == id));
    }
    assert_eq!(owners, 1);
}

/// A webhook of the shop.
pub(crate) async fn webhook(world: &World, dialect: &str, events: &[&str]) {
    let body =
        json!({ "dialect": dialect, "url": "https://crm.example.com/hook", "events": events });
    let path = format!("/admin/v1/workspaces/{}/webhooks", world.names["shop"]);
    let made = world.send(request("POST", &path, Some(OPERATOR_TOKEN), &body.to_string())).await;
    assert_eq!(made.status(), 201);
}

/// What the shop's webhooks were told of an event, oldest first.
pub(crate) async fn told(world: &World, event: Event) -> Vec<Value> {
    let filter = DeliveryFilter { event: Some(event), ..DeliveryFilter::default() };
    let shop: WorkspaceId = world.names["shop"].parse().unwrap();
    let store = &world.edge.app.store;
    let page = store.deliveries(shop, &filter, None, Limit::of(200)).await.unwrap();
    let webhooks = page.items.iter().rev().filter(|told| told.endpoint.webhook().is_some());
    webhooks.map(|told| serde_json::from_str(&told.payload).unwrap()).collect()
}

#[tokio::test]
async fn webhooks_are_told_of_the_proof_and_of_the_contact_that_two_became() {
    let world = World::new().await;
    webhook(&world, "aiva", &["identity.verified"]).await;
    webhook(&world, "aerochat", &["contact.created", "contact.updated"]).await;
    let own = named(&world, "user-93", "order-1").await;
    let known = json!({"message": "Hi", "conversation_id": own, "contact": {"name": "Ada"}});
    let (_, kept) = unnamed(&world, &known).await;
    world.wait(1);
    let guest = json!({"message": "Hi", "contact": {"name": "A.", "email": "ada@example.com"}});
    let (conversation, merged) = unnamed(&world, &guest).await;
    let created = told(&world, Event::ContactCreated).await;
    let ids: Vec<&Value> = created.iter().map(|event| &event["data"]["contact_id"]).collect();
    assert_eq!(ids, [&json!(kept), &json!(merged)]);
    assert_eq!(
        told(&world, Event::ContactUpdated).await[0]["data"]["changed_fields"],
        json!(["name"])
    );

    world.wait(1);
    assert_eq!(press(&world, &link_for(&world, "user-93", &conversation).await).await, 200);
    let verified = &told(&world, Event::IdentityVerified).await[0];
    assert_eq!(
        (&verified["externalUserId"], &verified["method"]),
        (&json!("user-93"), &json!("magic_link"))
    );
    assert_eq!(verified["conversationId"], json!(conversation));
    let updated = told(&world, Event::ContactUpdated).await;
    let data = &updated[1]["data"];
    assert_eq!((&data["contact_id"], &data["changed_fields"]), (&json!(kept), &json!(["email"])));
    assert_eq!((&data["name"], &data["email"]), (&json!("Ada"), &json!("ada@example.com")));
    assert_eq!((updated.len(), told(&world, Event::ContactCreated).await.len()), (2, 2));
}
