//! What a plan allows, and how a workspace's settings change.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::world::{OPERATOR_TOKEN, World, request};

async fn ask(world: &World, method: &str, path: &str, key: &str, body: &Value) -> Answer {
    let text = if body.is_null() { String::new() } else { body.to_string() };
    let response = world.send(request(method, path, Some(key), &text)).await;
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let header = |name: &str| parts.headers.get(name)?.to_str().ok()?.parse().ok();
    Answer {
        status: parts.status.as_u16(),
        limit: header("x-ratelimit-limit"),
        remaining: header("x-ratelimit-remaining"),
        reset: header("x-ratelimit-reset"),
        retry_after: header("retry-after"),
        body: serde_json::from_slice(&body).unwrap(),
    }
}

#[derive(Debug)]
struct Answer {
    status: u16,
    limit: Option<i64>,
    remaining: Option<i64>,
    reset: Option<i64>,
    retry_after: Option<i64>,
    body: Value,
}

async fn operate(world: &World, method: &str, path: &str, body: &Value) -> Answer {
    ask(world, method, &format!("/admin/v1/workspaces{path}"), OPERATOR_TOKEN, body).await
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// A workspace on a plan, with plenty of credit, and a key of it.
async fn on_plan(world: &World, plan: &str) -> (String, String) {
    let wanted = json!({"name": "Small", "email": "owner@example.com", "plan": plan});
    let id = text(&operate(world, "POST", "", &wanted).await.body["data"]["workspaceId"]);
    let credit = json!({"starterCredit": 1_000_000_000_000_i64});
    assert_eq!(operate(world, "POST", &format!("/{id}/approve"), &credit).await.status, 200);
    let wanted = json!({"name": "backend", "scopes": ["messages:write"]});
    let key = operate(world, "POST", &format!("/{id}/keys"), &wanted).await;
    (id, text(&key.body["data"]["key"]))
}

/// What a key of the workspace that may see it is told of the month: quota, used, end.
async fn month(world: &World, id: &str) -> (Value, Value, Value) {
    let wanted = json!({"name": "watcher", "scopes": ["account:read"]});
    let key = operate(world, "POST", &format!("/{id}/keys"), &wanted).await;
    let me = ask(world, "GET", "/v1/me", &text(&key.body["data"]["key"]), &Value::Null).await;
    let (limits, usage) = (&me.body["data"]["limits"], &me.body["data"]["usage"]);
    (
        limits["messagesPerMonth"].clone(),
        usage["messagesThisMonth"].clone(),
        usage["monthEndsAt"].clone(),
    )
}

async fn say(world: &World, key: &str, turn: u32) -> Answer {
    let body = json!({
        "externalConversationId": format!("order-{turn}"),
        "content": "Hello",
        "idempotencyKey": format!("00000000-0000-4000-8000-{turn:012}"),
    });
    ask(world, "POST", "/v1/messages", key, &body).await
}

/// What every dialect but Aiva says where the month is used up.
async fn refused_in_every_other_dialect(world: &World, key: &str) {
    let session = ask(world, "POST", "/api/session", key, &Value::Null).await;
    assert_eq!(session.status, 200, "beginning a conversation is no message");
    let conversation = session.body["data"]["conversation_id"].clone();
    for (path, text, kind, words) in [
        ("/v1/projects/default/query", "/error/message", "/error/code", "rate_limited"),
        (
            "/bot/v1/conversations/messages",
            "/detail/message",
            "/detail/type",
            "message_limit_reached",
        ),
        ("/api/chat", "/reason", "/status", "false"),
        ("/api/v1/chat/", "/error", "/success", "false"),
    ] {
        let mut body = json!({ "message": "Hello" });
        if path == "/api/chat" {
            body["conversation_id"] = conversation.clone();
        }
        let refused = ask(world, "POST", path, key, &body).await;
        assert_eq!(refused.status, 429, "{path}: {:?}", refused.body);
        let told = refused.body.pointer(text).and_then(Value::as_str).unwrap();
        assert!(
            told.starts_with("the messages of this month's plan are used up"),
            "{path}: {told}"
        );
        let kind = refused.body.pointer(kind).unwrap();
        assert_eq!(kind.as_str().map_or_else(|| kind.to_string(), str::to_owned), words, "{path}");
        assert_eq!((refused.limit, refused.remaining), (Some(100), Some(0)), "{path}");
        let wait = refused.retry_after.unwrap();
        assert!((29 * 86_400..30 * 86_400).contains(&wait), "{path}: {wait}");
    }
}

#[tokio::test]
async fn the_hundred_and_first_message_of_a_free_month_is_refused_until_the_next() {
    let world = World::new().await;
    let (id, key) = on_plan(&world, "free").await;
    for turn in 0..100 {
        if turn % 20 == 0 {
            world.wait(60);
        }
        let said = say(&world, &key, turn).await;
        assert_eq!(said.status, 202, "{turn}: {:?}", said.body);
    }
    world.wait(60);
    let used = month(&world, &id).await;
    assert_eq!(used, (json!(100), json!(100), json!("2026-08-01T00:00:00.000Z")));
    let refused = say(&world, &key, 100).await;
    assert_eq!((refused.status, &refused.body["code"]), (429, &json!("RATE_LIMITED")));
    let message = text(&refused.body["message"]);
    assert!(message.contains("messages of this month"), "{message}");
    assert_eq!((refused.limit, refused.remaining), (Some(100), Some(0)));
    let august: jiff::Timestamp = "2026-08-01T00:00:00Z".parse().unwrap();
    assert_eq!(refused.reset, Some(august.as_second()));
    let wait = refused.retry_after.unwrap();
    assert!((29 * 86_400..30 * 86_400).contains(&wait), "{wait}");
    refused_in_every_other_dialect(&world, &key).await;
    // What was taken before is still told, and costs nothing.
    let again = say(&world, &key, 99).await;
    assert_eq!(again.body["data"]["status"], "duplicate");
    // A failed generation is no message of the plan.
    world.fail_one().await;
    assert_eq!(month(&world, &id).await.1, json!(99));
    assert_eq!(say(&world, &key, 100).await.status, 202);
    assert_eq!(say(&world, &key, 101).await.status, 429);
    // A larger plan has room at once; what was used stays used.
    let changed = operate(&world, "PATCH", &format!("/{id}"), &json!({"plan": "starter"})).await;
    assert_eq!(changed.body["data"]["limits"]["messagesPerMonth"], 2_500);
    assert_eq!(say(&world, &key, 101).await.status, 202);
    operate(&world, "PATCH", &format!("/{id}"), &json!({"plan": "free"})).await;
    assert_eq!(say(&world, &key, 102).await.status, 429);
    world.wait(wait);
    assert_eq!(say(&world, &key, 102).await.status, 202);
}

#[tokio::test]
async fn a_plan_takes_so_many_characters_of_knowledge_in_a_day() {
    let world = World::new().await;
    let (id, _) = on_plan(&world, "free").await;
    let path = format!("/{id}/projects/default/sources");
    let add = async |characters: usize| {
        let body = json!({"type": "raw", "title": "Page", "text": "x".repeat(characters)});
        operate(&world, "POST", &path, &body).await
    };
    assert_eq!(add(15_000).await.status, 201);
    let refused = add(5_001).await;
    assert_eq!((refused.status, refused.limit, refused.remaining), (429, Some(20_000), Some(0)));
    // The test begins at 10:30.
    assert_eq!(refused.retry_after, Some(13 * 3_600 + 1_800));
    assert_eq!(add(5_000).await.status, 201);
    assert_eq!(add(1).await.status, 429);
    world.wait(13 * 3_600 + 1_800);
    assert_eq!(add(20_000).await.status, 201);
    let listed = operate(&world, "GET", &path, &Value::Null).await;
    assert_eq!(listed.body["data"]["items"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn changes_of_different_limits_at_once_are_all_kept() {
    let world = World::new().await;
    let shop = world.names["shop"].clone();
    let path = format!("/{shop}/limits");
    for round in 1..10 {
        let patches = [
            json!({"requestsPerMinute": round}),
            json!({"requestsPerDay": round * 10}),
            json!({"userMonthlyCap": round * 100}),
        ];
        for answer in
            join_all(patches.iter().map(|patch| operate(&world, "PUT", &path, patch))).await
        {
            assert_eq!(answer.status, 200, "{:?}", answer.body);
        }
        let row = operate(&world, "GET", &format!("/{shop}"), &Value::Null).await;
        let limits = &row.body["data"]["limits"];
        let found = ["requestsPerMinute", "requestsPerDay", "userMonthlyCap"];
        let found = found.map(|name| limits[name].as_i64().unwrap());
        assert_eq!(found, [round, round * 10, round * 100]);
        let keys = operate(&world, "GET", &format!("/{shop}/keys"), &Value::Null).await;
        assert_eq!(keys.status, 200);
    }
    let me = ask(&world, "GET", "/v1/me", &world.names["key"].clone(), &Value::Null).await;
    assert_eq!(me.body["data"]["limits"]["requestsPerMinute"], 9);
}

#[tokio::test]
async fn of_many_messages_at_once_a_month_takes_exactly_what_its_plan_allows() {
    let world = World::new().await;
    let (id, key) = on_plan(&world, "free").await;
    let wide = json!({"requestsPerMinute": 1_000});
    assert_eq!(operate(&world, "PUT", &format!("/{id}/limits"), &wide).await.status, 200);
    let said = join_all((0..160).map(|turn| say(&world, &key, turn))).await;
    let with = |status| said.iter().filter(|answer| answer.status == status).count();
    assert_eq!((with(202), with(429)), (100, 60));
    let usage = operate(&world, "GET", &format!("/{id}/usage"), &Value::Null).await;
    assert_eq!(usage.body["data"]["messagesThisMonth"], 100);
}

#[tokio::test]
async fn what_one_conversation_used_of_a_month_counts_whole_when_the_plan_gets_a_quota() {
    let world = World::new().await;
    let (id, key) = on_plan(&world, "enterprise").await;
    let say = async |turn: u32| {
        let body = json!({
            "externalConversationId": "order-1", "content": "Hello",
            "idempotencyKey": format!("00000000-0000-4000-8000-{turn:012}"),
        });
        ask(&world, "POST", "/v1/messages", &key, &body).await.status
    };
    let taken = async |turns: std::ops::Range<u32>| {
        let mut taken = 0;
        for turn in turns {
            if turn % 15 == 0 {
                world.wait(60);
            }
            taken += u32::from(say(turn).await == 202);
        }
        world.wait(60);
        taken
    };
    assert_eq!(taken(0..90).await, 90);
    let free = json!({ "plan": "free" });
    assert_eq!(operate(&world, "PATCH", &format!("/{id}"), &free).await.status, 200);
    assert_eq!(taken(90..130).await, 10);
    assert_eq!(month(&world, &id).await.1, json!(100));
    // Messages that fail give their room back, wherever they are counted by now.
    world.fail_one().await;
    let used = month(&world, &id).await.1.as_u64().unwrap();
    assert!(used < 60, "the job and those before it failed: {used}");
    assert_eq!(u64::from(taken(130..260).await), 100 - used);
}
