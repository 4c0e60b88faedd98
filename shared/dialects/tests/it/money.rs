//! Prices of nothing, and credit under keys that look like another's.

use aiva_core::outbox;
use serde_json::{Value, json};

use crate::world::{OPERATOR_TOKEN, World, request};

async fn ask(world: &World, asked: (&str, &str), key: &str, body: &Value) -> (u16, Value) {
    let text = if body.is_null() { String::new() } else { body.to_string() };
    let response = world.send(request(asked.0, asked.1, Some(key), &text)).await;
    let status = response.status().as_u16();
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}

async fn operate(world: &World, method: &str, path: &str, body: &Value) -> (u16, Value) {
    ask(world, (method, &format!("/admin/v1/workspaces{path}")), OPERATOR_TOKEN, body).await
}

/// An active workspace on a plan, without credit, and a key of it.
async fn opened(world: &World, plan: &str) -> (String, String) {
    let wanted = json!({ "name": "Small", "email": "owner@example.com", "plan": plan });
    let (_, made) = operate(world, "POST", "", &wanted).await;
    let id = made["data"]["workspaceId"].as_str().unwrap().to_owned();
    assert_eq!(operate(world, "POST", &format!("/{id}/approve"), &json!({})).await.0, 200);
    let scopes = json!({ "name": "backend", "scopes": ["messages:write", "conversations:read"] });
    let (_, key) = operate(world, "POST", &format!("/{id}/keys"), &scopes).await;
    (id, key["data"]["key"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn what_costs_nothing_is_answered_from_a_wallet_that_was_never_credited() {
    let world = World::new().await;
    let (id, key) = opened(&world, "free").await;
    let free = json!({ "inputPerMillionTokens": 0, "outputPerMillionTokens": 0 });
    let (status, answer) = operate(&world, "PUT", &format!("/{id}/rates"), &free).await;
    assert_eq!(status, 200, "{answer}");
    for turn in 0..12 {
        let body = json!({
            "externalConversationId": format!("order-{}", turn % 6), "content": "Hello",
            "idempotencyKey": format!("00000000-0000-4000-8000-{turn:012}"),
        });
        let (status, said) = ask(&world, ("POST", "/v1/messages"), &key, &body).await;
        assert_eq!(status, 202, "{said}");
    }
    let (status, wallet) = operate(&world, "GET", &format!("/{id}/wallet"), &Value::Null).await;
    assert_eq!((status, &wallet["data"]["held"]), (200, &json!(0)), "{wallet}");
    world.reply("Hello!").await;
    let (_, read) = ask(&world, ("GET", "/v1/conversations/order-0"), &key, &Value::Null).await;
    let messages = read["data"]["messages"].as_array().unwrap();
    let answered = messages.iter().filter(|message| message["senderType"] == "AI").count();
    assert_eq!((messages.len(), answered), (4, 2), "{read}");
    let (_, wallet) = operate(&world, "GET", &format!("/{id}/wallet"), &Value::Null).await;
    let (_, ledger) = operate(&world, "GET", &format!("/{id}/wallet/ledger"), &Value::Null).await;
    let amounts = ledger["data"]["items"].as_array().unwrap().iter();
    let amounts: Vec<i64> = amounts.map(|row| row["amount"].as_i64().unwrap()).collect();
    assert_eq!(amounts, [0; 12]);
    let data = &wallet["data"];
    let books = [&data["balance"], &data["available"], &data["held"]];
    assert_eq!(books, [&json!(0); 3]);
    // A price again, and the wallet is as empty as it is.
    let dear = json!({ "inputPerMillionTokens": 1, "outputPerMillionTokens": 1 });
    assert_eq!(operate(&world, "PUT", &format!("/{id}/rates"), &dear).await.0, 200);
    let body = json!({ "externalConversationId": "order-0", "content": "Hello",
        "idempotencyKey": "00000000-0000-4000-8000-000000000099" });
    assert_eq!(ask(&world, ("POST", "/v1/messages"), &key, &body).await.0, 402);
}

#[tokio::test]
async fn no_key_of_an_operators_top_up_stands_in_the_way_of_credit_that_we_grant() {
    let world = World::new().await;
    let (id, _) = opened(&world, "starter").await;
    let top_up = json!({ "amount": 5, "idempotencyKey": "plan-credit:202607" });
    let path = format!("/{id}/wallet/top-ups");
    assert_eq!(operate(&world, "POST", &path, &top_up).await.0, 201);
    outbox::sweep(&world.edge.app).await.unwrap();
    let (_, wallet) = operate(&world, "GET", &format!("/{id}/wallet"), &Value::Null).await;
    assert_eq!(wallet["data"]["balance"], 500_000_005);
    // Nor the other way round.
    let august = json!({ "amount": 7, "idempotencyKey": "plan-credit:202608" });
    world.wait(31 * 86_400);
    outbox::sweep(&world.edge.app).await.unwrap();
    assert_eq!(operate(&world, "POST", &path, &august).await.0, 201);
    assert_eq!(operate(&world, "POST", &path, &august).await.0, 200);
    let (_, wallet) = operate(&world, "GET", &format!("/{id}/wallet"), &Value::Null).await;
    assert_eq!(wallet["data"]["balance"], 1_000_000_012);
}
