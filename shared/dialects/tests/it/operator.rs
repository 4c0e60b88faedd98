//! The operator API where one request after another is not enough: races, crashes, pages, limits.

use aiva_core::callback::CallbackSecret;
use aiva_core::error::Error;
use aiva_core::idempotency::{self, Attempt, Keeping, Place, Request};
use aiva_core::key::{self, CreateKey};
use aiva_core::money::MicroCredits;
use aiva_core::page::Limit;
use aiva_core::ports::KeyStore;
use aiva_core::text::IdempotencyKey;
use aiva_core::wallet::{self, LedgerKind, TopUpCommand};
use aiva_core::workspace;
use futures_util::future::join_all;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::world::{OPERATOR_TOKEN, World, request};

async fn operate(world: &World, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let text = if body.is_null() { String::new() } else { body.to_string() };
    let path = format!("/admin/v1/workspaces{path}");
    let response = world.send(request(method, &path, Some(OPERATOR_TOKEN), &text)).await;
    let status = response.status().as_u16();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap())
}

async fn pending(world: &World) -> String {
    let wanted = json!({"name": "New", "email": "owner@example.com"});
    let (status, made) = operate(world, "POST", "", &wanted).await;
    assert_eq!(status, 201);
    made["data"]["workspaceId"].as_str().unwrap().to_owned()
}

async fn balance(world: &World, workspace: &str) -> i64 {
    let (_, wallet) = operate(world, "GET", &format!("/{workspace}/wallet"), &Value::Null).await;
    wallet["data"]["balance"].as_i64().unwrap()
}

#[tokio::test]
async fn approving_at_once_from_many_sides_credits_once() {
    let world = World::new().await;
    let id = pending(&world).await;
    let path = format!("/{id}/approve");
    let approve = |credit: i64| {
        let (world, path) = (&world, &path);
        async move { operate(world, "POST", path, &json!({"starterCredit": credit})).await }
    };
    for (status, answer) in join_all((0..16).map(|_| approve(1_000))).await {
        assert_eq!((status, &answer["data"]["status"]), (200, &json!("active")));
    }
    assert_eq!(balance(&world, &id).await, 1_000);
    approve(2_000).await;
    assert_eq!(balance(&world, &id).await, 1_000);
}

#[tokio::test]
async fn an_approval_that_died_after_its_credit_is_finished_by_the_next() {
    let world = World::new().await;
    let id = pending(&world).await;
    let app = &*world.edge.app;
    let owner = workspace::find(&app.store, id.parse().unwrap()).await.unwrap();
    let credited = TopUpCommand {
        kind: LedgerKind::StarterCredit,
        amount: MicroCredits(1_000),
        idempotency: IdempotencyKey::parse("key", &format!("starter-credit:{id}")).unwrap(),
    };
    wallet::top_up(&app.store, app, &owner, credited).await.unwrap();
    let (_, before) = operate(&world, "GET", &format!("/{id}"), &Value::Null).await;
    assert_eq!(before["data"]["status"], "pending");
    for credit in [1_000, 5_000] {
        let path = format!("/{id}/approve");
        let (status, _) = operate(&world, "POST", &path, &json!({"starterCredit": credit})).await;
        assert_eq!(status, 200);
    }
    let (_, after) = operate(&world, "GET", &format!("/{id}"), &Value::Null).await;
    assert_eq!(after["data"]["status"], "active");
    assert_eq!(balance(&world, &id).await, 1_000);
}

#[tokio::test]
async fn one_top_up_sent_at_once_from_many_sides_is_one_row() {
    let world = World::new().await;
    let id = pending(&world).await;
    let path = format!("/{id}/wallet/top-ups");
    let body = json!({"amount": 7, "idempotencyKey": "invoice-1"});
    let answers = join_all((0..16).map(|_| operate(&world, "POST", &path, &body))).await;
    let new = answers.iter().filter(|(status, _)| *status == 201).count();
    assert_eq!(new, 1);
    for (status, answer) in &answers {
        assert!(matches!(status, 200 | 201));
        assert_eq!(answer["data"]["entryId"], answers[0].1["data"]["entryId"]);
    }
    assert_eq!(balance(&world, &id).await, 7);
}

pub(crate) fn with_callback() -> CreateKey {
    CreateKey {
        name: "backend".to_owned(),
        scopes: vec!["messages:write".to_owned()],
        callback_url: Some("https://shop.example.com/".to_owned()),
        ..CreateKey::default()
    }
}

#[tokio::test]
async fn a_request_that_died_before_its_answer_does_the_same_again_when_it_is_repeated() {
    let world = World::new().await;
    let id = pending(&world).await;
    let app = &*world.edge.app;
    let owner = workspace::find(&app.store, id.parse().unwrap()).await.unwrap();
    let key = IdempotencyKey::parse("key", "make-1").unwrap();
    let place = Place { workspace: owner.id, project: None, api: "operator", key };
    let wanted = Request { place, parts: &[b"POST", b"/keys"], keeping: Keeping::Sealed };

    let Attempt::Work { env, .. } = idempotency::begin(app, &wanted).await.unwrap() else {
        panic!("nothing was answered yet")
    };
    let first = key::create(app, &env, &owner, with_callback()).await.unwrap();

    let busy = idempotency::begin(app, &wanted).await.unwrap_err();
    assert!(matches!(busy, Error::Conflict(_)), "{busy}");
    world.wait(61);
    let Attempt::Work { env, holder } = idempotency::begin(app, &wanted).await.unwrap() else {
        panic!("nothing was answered yet")
    };
    let again = key::create(app, &env, &owner, with_callback()).await.unwrap();
    assert_eq!(again.key.id, first.key.id);
    assert_eq!(again.token.expose_secret(), first.token.expose_secret());
    let shown = |secret: Option<secrecy::SecretString>| secret.unwrap().expose_secret().to_owned();
    assert_eq!(shown(again.callback_secret), shown(first.callback_secret));
    let keys = app.store.keys(owner.id, None, Limit::of(10)).await.unwrap();
    assert_eq!(keys.items.len(), 1);

    idempotency::end_answered(app, &wanted, &holder, "201 {}".into()).await.unwrap();
    let Attempt::Replay(answer) = idempotency::begin(app, &wanted).await.unwrap() else {
        panic!("it was answered")
    };
    assert_eq!(answer.expose_secret(), "201 {}");
}

#[tokio::test]
async fn a_rotation_repeated_after_a_crash_adds_one_secret() {
    let world = World::new().await;
    let id = pending(&world).await;
    let app = &*world.edge.app;
    let owner = workspace::find(&app.store, id.parse().unwrap()).await.unwrap();
    let key = key::create(app, app, &owner, with_callback()).await.unwrap().key;
    let mut seen = Vec::new();
    for _ in 0..2 {
        let env = idempotency::Seeded::new(key.created_at, [7; 32]);
        let secret =
            key::rotate_callback_secret(app, &env, owner.id, key.id, Some(60)).await.unwrap();
        seen.push(secret.expose_secret().to_owned());
    }
    assert_eq!(seen[0], seen[1]);
    let stored = key::find(&app.store, owner.id, key.id).await.unwrap();
    let secrets: Vec<CallbackSecret> = stored.callback.unwrap().secrets;
    assert_eq!(secrets.len(), 2);
}

#[tokio::test]
async fn one_idempotency_key_used_at_once_from_many_sides_makes_one_thing() {
    let world = World::new().await;
    let id = pending(&world).await;
    let send = || async {
        let mut made = request(
            "POST",
            &format!("/admin/v1/workspaces/{id}/projects"),
            Some(OPERATOR_TOKEN),
            r#"{"name":"once"}"#,
        );
        made.headers_mut().insert("idempotency-key", "make-1".parse().unwrap());
        world.send(made).await.status().as_u16()
    };
    let statuses = join_all((0..16).map(|_| send())).await;
    assert!(statuses.contains(&201));
    assert!(statuses.iter().all(|status| matches!(status, 201 | 409)), "{statuses:?}");
    assert_eq!(send().await, 201);
    let (_, listed) = operate(&world, "GET", &format!("/{id}/projects"), &Value::Null).await;
    assert_eq!(listed["data"]["items"].as_array().unwrap().len(), 2);
}

async fn walk(world: &World, path: &str) -> Vec<Value> {
    let mut seen = Vec::new();
    let mut cursor = String::new();
    for _ in 0..100 {
        let (status, page) =
            operate(world, "GET", &format!("{path}?limit=2{cursor}"), &Value::Null).await;
        assert_eq!(status, 200, "{page}");
        let items = page["data"]["items"].as_array().unwrap();
        assert!(items.len() <= 2);
        seen.extend(items.iter().cloned());
        let Some(next) = page["data"]["nextCursor"].as_str() else { return seen };
        cursor = format!("&cursor={next}");
    }
    panic!("{path} has no end")
}

#[tokio::test]
async fn every_list_pages_through_all_it_has_newest_first_and_nothing_twice() {
    let world = World::new().await;
    let shop = world.names["shop"].clone();
    let token = world.names["key"].clone();
    let hook = json!({
        "name": "hook", "scopes": ["messages:write"], "callbackUrl": "https://shop.example.com/",
    });
    let (_, made) = operate(&world, "POST", &format!("/{shop}/keys"), &hook).await;
    let key = made["data"]["keyId"].as_str().unwrap();
    for number in 0..7 {
        world.wait(1);
        let post = |path: String, body: Value| {
            let world = &world;
            async move { assert!(operate(world, "POST", &path, &body).await.0 < 300, "{path}") }
        };
        pending(&world).await;
        let name = format!("number {number}");
        post(format!("/{shop}/keys"), json!({"name": name, "scopes": ["messages:write"]})).await;
        post(format!("/{shop}/projects"), json!({"name": name})).await;
        let source = json!({"type": "raw", "text": name});
        post(format!("/{shop}/projects/default/sources"), source).await;
        let tool = json!({
            "description": name, "parameters": {}, "url": "https://shop.example.com/tool",
            "access": "public",
        });
        let path = format!("/{shop}/projects/default/tools/tool_{number}");
        assert_eq!(operate(&world, "PUT", &path, &tool).await.0, 201);
        let top_up = json!({"amount": 1, "idempotencyKey": name});
        post(format!("/{shop}/wallet/top-ups"), top_up).await;
        post(format!("/{shop}/keys/{key}/test"), Value::Null).await;
        let message = json!({
            "externalConversationId": format!("c-{number}"), "content": "Hello",
            "idempotencyKey": format!("6f9619ff-8b86-4011-b42d-00cf4fc964f{number}"),
        });
        let sent = request("POST", "/api/v1/messages", Some(&token), &message.to_string());
        assert_eq!(world.send(sent).await.status(), 202);
    }
    let lists = [
        (String::new(), 5 + 7),
        (format!("/{shop}/keys"), 5 + 1 + 7),
        (format!("/{shop}/projects"), 2 + 7),
        (format!("/{shop}/projects/default/sources"), 7),
        (format!("/{shop}/projects/default/tools"), 7),
        (format!("/{shop}/wallet/ledger"), 1 + 7),
        (format!("/{shop}/logs/requests"), 7),
        (format!("/{shop}/logs/deliveries"), 7),
        (format!("/{shop}/conversations"), 7),
    ];
    for (path, count) in lists {
        let seen = walk(&world, &path).await;
        assert_eq!(seen.len(), count, "{path}");
        let (_, whole) = operate(&world, "GET", &path, &Value::Null).await;
        assert_eq!(whole["data"]["items"], Value::Array(seen.clone()), "{path}");
        let time = |row: &Value| row.get("createdAt").or(row.get("at")).unwrap().to_string();
        assert!(seen.is_sorted_by(|one, other| time(one) >= time(other)), "{path}");
    }
}

#[tokio::test]
async fn changed_limits_hold_for_keys_that_were_made_before_and_after() {
    let world = World::new().await;
    let shop = world.names["shop"].clone();
    let limit_of = |token: String| {
        let world = &world;
        async move {
            let answer = world.send(request("GET", "/api/v1/me", Some(&token), "")).await;
            answer.headers()["x-ratelimit-limit"].to_str().unwrap().to_owned()
        }
    };
    let old = world.names["key"].clone();
    assert_eq!(limit_of(old.clone()).await, "600");
    let set = json!({"requestsPerMinute": 30});
    assert_eq!(operate(&world, "PUT", &format!("/{shop}/limits"), &set).await.0, 200);
    assert_eq!(limit_of(old.clone()).await, "30");
    let wanted = json!({"name": "new", "scopes": ["messages:write"]});
    let (_, made) = operate(&world, "POST", &format!("/{shop}/keys"), &wanted).await;
    assert_eq!(limit_of(made["data"]["key"].as_str().unwrap().to_owned()).await, "30");
    assert_eq!(limit_of(world.names["slow"].clone()).await, "2");
    let restore = json!({"requestsPerMinute": null});
    assert_eq!(operate(&world, "PUT", &format!("/{shop}/limits"), &restore).await.0, 200);
    assert_eq!(limit_of(old).await, "600");
}

#[tokio::test]
async fn the_operator_may_ask_1200_times_a_minute() {
    let world = World::new().await;
    let path = "/admin/v1/workspaces/x";
    for _ in 0..1_200 {
        let answer = world.send(request("GET", path, Some(OPERATOR_TOKEN), "")).await;
        assert_eq!(answer.status(), 404);
    }
    let answer = world.send(request("GET", path, Some(OPERATOR_TOKEN), "")).await;
    assert_eq!(answer.status(), 429);
    assert_eq!(answer.headers()["x-ratelimit-remaining"], "0");
    let wait: i64 = answer.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    world.wait(wait);
    let answer = world.send(request("GET", path, Some(OPERATOR_TOKEN), "")).await;
    assert_eq!(answer.status(), 404);
}

#[tokio::test]
async fn a_secret_that_was_promised_to_work_on_is_not_ended_by_the_next_rotation() {
    let world = World::new().await;
    let shop = world.names["shop"].clone();
    let scopes = json!({"name": "backend", "scopes": ["messages:write"]});
    let (_, made) = operate(&world, "POST", &format!("/{shop}/keys"), &scopes).await;
    let (id, first) = (made["data"]["keyId"].clone(), made["data"]["key"].clone());
    let path = format!("/{shop}/keys/{}/rotate-secret", id.as_str().unwrap());
    let rotate = async |seconds: i64| {
        operate(&world, "POST", &path, &json!({"overlapSeconds": seconds})).await
    };
    let works = async |key: &Value| {
        let me = request("GET", "/v1/me", Some(key.as_str().unwrap()), "");
        world.send(me).await.status() == 200
    };
    let (status, second) = rotate(3_600).await;
    assert_eq!(status, 200, "{second}");
    let (status, refused) = rotate(60).await;
    assert_eq!((status, &refused["code"]), (409, &json!("CONFLICT")), "{refused}");
    let message = refused["message"].as_str().unwrap();
    assert!(message.contains("2026-07-02T11:30:00.000Z"), "{message}");
    assert!(works(&first).await && works(&second["data"]["key"]).await);
    let (status, third) = rotate(0).await;
    assert_eq!(status, 200, "{third}");
    assert!(!works(&first).await && !works(&second["data"]["key"]).await);
    assert!(works(&third["data"]["key"]).await);
    assert_eq!(rotate(60).await.0, 200, "no overlap runs any more");
}

#[tokio::test]
async fn a_key_past_its_end_is_listed_as_expired_and_a_revoked_one_as_revoked() {
    let world = World::new().await;
    let id = pending(&world).await;
    let wanted = json!({
        "name": "backend", "scopes": ["messages:write"], "expiresAt": "2026-07-02T11:30:00Z",
    });
    let path = format!("/{id}/keys");
    let (status, made) = operate(&world, "POST", &path, &wanted).await;
    assert_eq!(status, 201, "{made}");
    let one = format!("{path}/{}", made["data"]["keyId"].as_str().unwrap());
    let standing = async || {
        let (_, list) = operate(&world, "GET", &path, &Value::Null).await;
        let (_, key) = operate(&world, "GET", &one, &Value::Null).await;
        let listed = list["data"]["items"][0]["status"].clone();
        assert_eq!(key["data"]["status"], listed);
        listed
    };
    assert_eq!(standing().await, "live");
    world.wait(3_600);
    assert_eq!(standing().await, "expired");
    operate(&world, "DELETE", &one, &Value::Null).await;
    assert_eq!(standing().await, "revoked");
}
