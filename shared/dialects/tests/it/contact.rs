//! Contacts over several conversations and projects: when they were seen, what is known, who is told.

use aiva_core::callback::Event;
use aiva_core::delivery::Delivery;
use serde_json::{Value, json};

use crate::identity::{events, press, told, webhook};
use crate::world::{World, request};

async fn call(world: &World, (method, path): (&str, &str), key: &str, body: &Value) -> Value {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let key = world.names[key].clone();
    let answer = world.send(request(method, path, Some(&key), &body)).await;
    assert!(answer.status().is_success(), "{method} {path}: {}", answer.status());
    let answer = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    serde_json::from_slice(&answer).unwrap()
}

/// A message of a named user, and our id of the conversation.
async fn named(world: &World, user: &str, conversation: &str, content: &str) -> String {
    let body = json!({
        "externalConversationId": conversation, "externalUserId": user, "content": content,
        "idempotencyKey": uuid(world),
    });
    let said = call(world, ("POST", "/v1/messages"), "key", &body).await;
    said["data"]["conversationId"].as_str().unwrap().to_owned()
}

fn uuid(world: &World) -> String {
    use aiva_core::ports::Entropy;
    let mut random = [0_u8; 6];
    world.edge.app.fill(&mut random);
    let tail: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("00000000-0000-4000-8000-{tail}")
}

/// A message that names nobody: the answer.
async fn said(world: &World, key: &str, body: &Value) -> Value {
    call(world, ("POST", "/bot/v1/conversations/messages"), key, body).await
}

async fn contact(world: &World, key: &str, id: &Value) -> Value {
    let path = format!("/bot/v1/contacts/{}", id.as_str().unwrap());
    call(world, ("GET", &path), key, &Value::Null).await
}

/// Confirms that a user is the person of a conversation.
async fn confirm(world: &World, key: &str, user: &str, conversation: &str) {
    let body = json!({
        "method": "magic_link", "externalUserId": user, "email": format!("{user}@example.com"),
        "externalConversationId": conversation,
    });
    call(world, ("POST", "/v1/identity/verify"), key, &body).await;
    assert_eq!(press(world, &world.mailed_token()).await, 200);
}

#[tokio::test]
async fn a_person_who_was_named_is_seen_with_every_message_that_names_nobody() {
    let world = World::new().await;
    let first = named(&world, "ada", "order-1", "Hello").await;
    let second = named(&world, "ada", "order-2", "Hello").await;
    world.wait(60);
    let asked = json!({"message": "Are you open?", "conversation_id": first});
    let asked = said(&world, "key", &asked).await;
    let ada = &asked["contact_id"];
    assert_eq!(contact(&world, "key", ada).await["last_seen"], asked["created_at"]);
    // What tells something is noted of the person wherever it is said.
    world.wait(60);
    let told = json!({"message": "Hi", "conversation_id": second, "contact": {"name": "Ada"}});
    let told = said(&world, "key", &told).await;
    assert_ne!(told["created_at"], asked["created_at"]);
    assert_eq!(contact(&world, "key", ada).await["last_seen"], told["created_at"]);
}

#[tokio::test]
async fn a_contact_that_was_merged_in_a_second_project_is_found_there() {
    let world = World::new().await;
    let main = named(&world, "ada", "order-1", "Hello").await;
    let asked = json!({"message": "Hello", "conversation_id": main});
    let kept = said(&world, "key", &asked).await["contact_id"].clone();
    let guest = said(&world, "branch", &json!({"message": "Hello"})).await;
    confirm(&world, "branch", "ada", guest["conversation_id"].as_str().unwrap()).await;
    let again = json!({"message": "Again", "conversation_id": guest["conversation_id"]});
    assert_eq!(said(&world, "branch", &again).await["contact_id"], kept);
    for id in [&kept, &guest["contact_id"]] {
        assert_eq!(contact(&world, "branch", id).await["contact_id"], kept);
    }
}

#[tokio::test]
async fn what_is_told_of_a_named_person_is_known_though_the_conversation_had_it() {
    for listens in [false, true] {
        let world = World::new().await;
        if listens {
            webhook(&world, "aerochat", &["contact.updated"]).await;
        }
        let first = named(&world, "ada", "order-1", "I am a@example.com").await;
        named(&world, "ada", "order-2", "I am b@example.com").await;
        let before = told(&world, Event::ContactUpdated).await.len();
        let told_again = json!({
            "message": "It is me", "conversation_id": first, "contact": {"email": "a@example.com"},
        });
        let ada = said(&world, "key", &told_again).await["contact_id"].clone();
        assert_eq!(contact(&world, "key", &ada).await["email"], "a@example.com");
        let events = told(&world, Event::ContactUpdated).await;
        assert_eq!(events.len() - before, usize::from(listens));
        if listens {
            let data = &events[before]["data"];
            assert_eq!(data["changed_fields"], json!(["email"]));
            assert_eq!(data["email"], "a@example.com");
        }
        // Nothing is new when it is told once more.
        said(&world, "key", &told_again).await;
        assert_eq!(told(&world, Event::ContactUpdated).await.len(), events.len());
        named(&world, "ada", "order-2", "I am b@example.com").await;
        assert_eq!(contact(&world, "key", &ada).await["email"], "b@example.com");
    }
}

#[tokio::test]
async fn what_a_known_user_tells_in_anothers_conversation_is_told_of_that_user() {
    let world = World::new().await;
    webhook(&world, "aerochat", &["contact.created", "contact.updated"]).await;
    let (eves, adas) = ("order-1", "order-2");
    let eve = named(&world, "eve", eves, "Hello").await;
    let ada = named(&world, "ada", adas, "Hello").await;
    let of = async |conversation: &str| {
        let asked = json!({"message": "Hi", "conversation_id": conversation});
        said(&world, "key", &asked).await["contact_id"].clone()
    };
    let (eve, ada) = (of(&eve).await, of(&ada).await);
    named(&world, "ada", eves, "I am ada@example.com").await;
    let updated = told(&world, Event::ContactUpdated).await;
    assert_eq!(updated.len(), 1);
    let data = &updated[0]["data"];
    assert_eq!((&data["contact_id"], &data["email"]), (&ada, &json!("ada@example.com")));
    assert_eq!(data["changed_fields"], json!(["email"]));
    assert_eq!(contact(&world, "key", &eve).await["email"], Value::Null);
    assert_eq!(contact(&world, "key", &ada).await["email"], "ada@example.com");
    // Of one who has no conversation of their own nobody was told.
    named(&world, "joe", eves, "I am joe@example.com").await;
    named(&world, "ada", eves, "ada@example.com, as I said").await;
    assert_eq!(told(&world, Event::ContactUpdated).await.len(), 1);
    assert_eq!(told(&world, Event::ContactCreated).await.len(), 2);
}

#[tokio::test]
async fn that_two_contacts_are_one_is_told_though_nothing_new_is_known() {
    let world = World::new().await;
    webhook(&world, "aerochat", &["contact.created", "contact.updated"]).await;
    let own = named(&world, "ada", "order-1", "Hello").await;
    let asked = json!({"message": "Hi", "conversation_id": own});
    let kept = said(&world, "key", &asked).await["contact_id"].clone();
    let updated = async || {
        let updated = told(&world, Event::ContactUpdated).await;
        let data = updated.iter().map(|event| &event["data"]);
        let told = data.map(|data| (data["contact_id"].clone(), data["changed_fields"].clone()));
        told.collect::<Vec<_>>()
    };
    let guest = said(&world, "key", &json!({"message": "Hello"})).await;
    confirm(&world, "key", "ada", guest["conversation_id"].as_str().unwrap()).await;
    assert_eq!(updated().await, [(kept.clone(), json!([]))]);
    // A message that names the person at last makes them one, too.
    let guest = said(&world, "key", &json!({"message": "Hello"})).await;
    named(&world, "ada", guest["conversation_id"].as_str().unwrap(), "It is me").await;
    assert_eq!(updated().await, vec![(kept, json!([])); 2]);
    // One who was nobody before keeps the id.
    let guest = said(&world, "key", &json!({"message": "Hello"})).await;
    confirm(&world, "key", "eve", guest["conversation_id"].as_str().unwrap()).await;
    assert_eq!(updated().await.len(), 2);
    assert_eq!(
        contact(&world, "key", &guest["contact_id"]).await["contact_id"],
        guest["contact_id"]
    );
}

#[tokio::test]
async fn a_proof_names_its_conversation_before_anything_is_said_in_it() {
    let world = World::new().await;
    webhook(&world, "aiva", &["identity.verified"]).await;
    confirm(&world, "key", "ada", "order-1").await;
    let verified = told(&world, Event::IdentityVerified).await;
    assert_eq!(verified[0]["conversationId"], "order-1");
    let named: Vec<Delivery> = events(&world).await;
    assert!(named.iter().all(|delivery| delivery.conversation.as_deref() == Some("order-1")));
}
