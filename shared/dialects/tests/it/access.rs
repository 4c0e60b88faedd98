//! Who may do what: approval and its mail, keys that end, operators of a workspace and their roles.

use aiva_core::operator::Role;
use aiva_core::outbox;
use aiva_dialects::routes;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::world::{OPERATOR_TOKEN, World, request};

async fn ask(world: &World, method: &str, path: &str, token: &str, body: &Value) -> (u16, Value) {
    let text = if body.is_null() { String::new() } else { body.to_string() };
    let response = world.send(request(method, path, Some(token), &text)).await;
    let status = response.status().as_u16();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap())
}

async fn operate(world: &World, method: &str, path: &str, body: &Value) -> (u16, Value) {
    ask(world, method, &format!("/admin/v1/workspaces{path}"), OPERATOR_TOKEN, body).await
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

async fn person(world: &World, workspace: &str, role: &str) -> (String, String) {
    let body = json!({"name": "Ann", "email": "ann@example.com", "role": role});
    let (status, made) = operate(world, "POST", &format!("/{workspace}/operators"), &body).await;
    assert_eq!(status, 201, "{made}");
    (text(&made["data"]["operatorId"]), text(&made["data"]["token"]))
}

#[tokio::test]
async fn an_approval_is_mailed_to_the_workspaces_address_once() {
    let world = World::new().await;
    let app = &world.edge.app;
    outbox::sweep(app).await.unwrap();
    let before = world.mails().len();
    let wanted = json!({"name": "<Mine>", "email": "me@example.com", "plan": "free"});
    let (_, made) = operate(&world, "POST", "", &wanted).await;
    let id = text(&made["data"]["workspaceId"]);
    outbox::sweep(app).await.unwrap();
    assert_eq!(world.mails().len(), before, "a request for access is mailed to nobody");
    let path = format!("/{id}/approve");
    let credit = json!({"starterCredit": 2_500_000});
    join_all((0..8).map(|_| operate(&world, "POST", &path, &credit))).await;
    for sweep in join_all((0..8).map(|_| outbox::sweep(app))).await {
        sweep.unwrap();
    }
    world.wait(3_600);
    outbox::sweep(app).await.unwrap();
    let mails = world.mails().split_off(before);
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to, "me@example.com");
    assert!(mails[0].text.contains("approved") && mails[0].text.contains("2.5 credits"));
    assert!(mails[0].html.contains("&lt;Mine&gt;"), "{}", mails[0].html);
}

#[tokio::test]
async fn a_mail_that_cannot_be_sent_stays_owed_until_it_is() {
    let world = World::new().await;
    let app = &world.edge.app;
    outbox::sweep(app).await.unwrap();
    let before = world.mails().len();
    let wanted = json!({"name": "Mine", "email": "me@example.com"});
    let (_, made) = operate(&world, "POST", "", &wanted).await;
    let id = text(&made["data"]["workspaceId"]);
    operate(&world, "POST", &format!("/{id}/approve"), &Value::Null).await;
    world.break_mail(true);
    for _ in 0..3 {
        assert_eq!(outbox::sweep(app).await.unwrap().mails, 0);
        world.wait(600);
    }
    world.break_mail(false);
    world.wait(3_600);
    outbox::sweep(app).await.unwrap();
    assert_eq!(world.mails().len(), before + 1);
    world.wait(86_400);
    outbox::sweep(app).await.unwrap();
    assert_eq!(world.mails().len(), before + 1);
}

#[tokio::test]
async fn a_key_ends_at_its_moment_and_says_so() {
    let world = World::new().await;
    let shop = world.names["shop"].clone();
    let key = |end: &str| json!({"name": "k", "scopes": ["account:read"], "expiresAt": end});
    let path = format!("/{shop}/keys");
    let (status, made) = operate(&world, "POST", &path, &key("2026-07-02T10:31:00Z")).await;
    assert_eq!(status, 201, "{made}");
    let (id, token) = (text(&made["data"]["keyId"]), text(&made["data"]["key"]));
    assert_eq!(ask(&world, "GET", "/v1/me", &token, &Value::Null).await.0, 200);
    world.wait(59);
    assert_eq!(ask(&world, "GET", "/v1/me", &token, &Value::Null).await.0, 200);
    let (_, shown) = operate(&world, "GET", &format!("{path}/{id}"), &Value::Null).await;
    assert_eq!(shown["data"]["expiresAt"], "2026-07-02T10:31:00.000Z");
    assert_eq!(shown["data"]["lastUsedAt"], "2026-07-02T10:30:00.000Z");
    world.wait(1);
    assert_eq!(ask(&world, "GET", "/v1/me", &token, &Value::Null).await.0, 401);
    for bad in ["2026-07-02T10:31:00Z", "2020-01-01T00:00:00Z", "tomorrow", ""] {
        let (status, refused) = operate(&world, "POST", &path, &key(bad)).await;
        assert_eq!(status, 400, "{bad:?}: {refused}");
        assert_eq!(refused["details"][0]["field"], "expiresAt");
    }
}

#[tokio::test]
async fn an_operator_does_what_the_role_allows_and_nothing_in_another_workspace() {
    let world = World::new().await;
    let shop = world.names["shop"].clone();
    let wanted = json!({"name": "Other", "email": "other@example.com"});
    let (_, other) = operate(&world, "POST", "", &wanted).await;
    let other = text(&other["data"]["workspaceId"]);
    let (_, agent) = person(&world, &shop, "agent").await;
    let (_, owner) = person(&world, &shop, "owner").await;
    let (mut asked, mut foreign) = (0, 0);
    for route in routes::all() {
        let Some(least) = route.role() else { continue };
        for (role, token) in [(Role::Agent, &agent), (Role::Owner, &owner)] {
            // Every minute takes so many requests of one operator.
            world.wait(1);
            let path = |workspace: &str| {
                let filled = route.path().replace("{workspace}", workspace);
                let parts = filled.split('/');
                let parts = parts.map(|part| if part.starts_with('{') { "x" } else { part });
                parts.collect::<Vec<_>>().join("/")
            };
            let verb = route.verb.as_str();
            let (status, answer) = ask(&world, verb, &path(&shop), token, &json!({})).await;
            let allowed = role >= least;
            assert_eq!(status != 403, allowed, "{role:?} {verb} {}: {answer}", route.path());
            assert_ne!(status, 401, "{role:?} {verb} {}", route.path());
            asked += 1;
            if route.path().contains("{workspace}") {
                let (status, answer) = ask(&world, verb, &path(&other), token, &json!({})).await;
                assert_eq!(
                    (status, &answer["code"]),
                    (404, &json!("NOT_FOUND")),
                    "{verb} {}",
                    route.path()
                );
                foreign += 1;
            }
        }
    }
    assert!(asked > 60 && foreign > 60, "{asked} {foreign}");
}

#[tokio::test]
async fn an_owner_narrows_limits_and_does_not_widen_the_plan() {
    let world = World::new().await;
    let shop = world.names["shop"].clone();
    let (_, owner) = person(&world, &shop, "owner").await;
    let path = format!("/admin/v1/workspaces/{shop}");
    let put = async |token: &str, body: Value| {
        ask(&world, "PUT", &format!("{path}/limits"), token, &body).await
    };
    assert_eq!(put(&owner, json!({"requestsPerMinute": 5, "userMonthlyCap": 9})).await.0, 200);
    let (status, refused) = put(&owner, json!({"requestsPerMinute": 601})).await;
    assert_eq!((status, &refused["details"][0]["field"]), (400, &json!("requestsPerMinute")));
    assert_eq!(put(OPERATOR_TOKEN, json!({"requestsPerMinute": 601})).await.0, 200);
    assert_eq!(put(&owner, json!({"userMonthlyCap": 10})).await.0, 200);
    let (status, _) = ask(&world, "PATCH", &path, &owner, &json!({"plan": "pro"})).await;
    assert_eq!(status, 403);
    let more = json!({"walletShards": 8});
    let (status, _) = ask(&world, "PATCH", &path, &owner, &more).await;
    assert_eq!(status, 403);
    let (status, _) = ask(&world, "PATCH", &path, &owner, &json!({"name": "Mine"})).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn an_operators_token_is_stored_as_a_hash_and_ends_when_it_is_taken_back() {
    let world = World::new().await;
    let shop = world.names["shop"].clone();
    let (id, token) = person(&world, &shop, "agent").await;
    let secret = token.rsplit('_').next().unwrap();
    assert!(!world.everything_stored().await.contains(secret));
    let path = format!("/admin/v1/workspaces/{shop}");
    assert_eq!(ask(&world, "GET", &path, &token, &Value::Null).await.0, 200);
    let bent = format!("{}{}", &token[..token.len() - 2], "00");
    assert_eq!(ask(&world, "GET", &path, &bent, &Value::Null).await.0, 401);
    for _ in 0..2 {
        let (status, row) =
            operate(&world, "DELETE", &format!("/{shop}/operators/{id}"), &Value::Null).await;
        assert_eq!((status, &row["data"]["status"]), (200, &json!("revoked")));
    }
    assert_eq!(ask(&world, "GET", &path, &token, &Value::Null).await.0, 401);
    let (_, listed) = operate(&world, "GET", &format!("/{shop}/operators"), &Value::Null).await;
    assert_eq!(listed["data"]["items"].as_array().unwrap().len(), 1);
    assert!(listed["data"]["items"][0].get("token").is_none());
}

#[tokio::test]
async fn the_request_log_is_filtered_by_status_key_route_and_time_and_shows_no_other_workspace() {
    let world = World::new().await;
    let (shop, key) = (world.names["shop"].clone(), world.names["key"].clone());
    for _ in 0..3 {
        ask(&world, "GET", "/v1/me", &key, &Value::Null).await;
        ask(&world, "GET", "/v1/conversations/none", &key, &Value::Null).await;
        world.wait(60);
    }
    ask(&world, "GET", "/v1/me", &world.names["other"].clone(), &Value::Null).await;
    let log = async |query: &str| {
        let path = format!("/{shop}/logs/requests?{query}");
        let (status, page) = operate(&world, "GET", &path, &Value::Null).await;
        assert_eq!(status, 200, "{query}: {page}");
        page["data"]["items"].as_array().unwrap().clone()
    };
    assert_eq!(log("").await.len(), 6);
    assert_eq!(log("status=4xx").await.len(), 3);
    assert_eq!(log("status=200").await.len(), 3);
    assert_eq!(log("code=NOT_FOUND&method=get").await.len(), 3);
    assert_eq!(log("route=/api/v1/me").await.len(), 3);
    assert_eq!(log("since=2026-07-02T10:31:00Z&until=2026-07-02T10:32:00Z").await.len(), 2);
    assert_eq!(log("since=2026-07-02T10:31:00Z&status=2xx").await.len(), 2);
    let id = text(&log("").await[0]["keyId"]);
    assert_eq!(log(&format!("keyId={id}")).await.len(), 6);
    assert!(log("keyId=key_0000000000000000000000000000000000000000000000000000").await.is_empty());
    for bad in ["status=9xx", "keyId=x", "since=yesterday", "cursor=x"] {
        let path = format!("/{shop}/logs/requests?{bad}");
        assert_eq!(operate(&world, "GET", &path, &Value::Null).await.0, 400, "{bad}");
    }
    let path = format!("/{shop}/logs/requests?limit=2&status=4xx");
    let (_, page) = operate(&world, "GET", &path, &Value::Null).await;
    let cursor = text(&page["data"]["nextCursor"]);
    let (_, rest) = operate(&world, "GET", &format!("{path}&cursor={cursor}"), &Value::Null).await;
    assert_eq!(rest["data"]["items"].as_array().unwrap().len(), 1);
    let moved = format!("{path}&since=2026-07-02T10:31:00Z&cursor={cursor}");
    assert_eq!(operate(&world, "GET", &moved, &Value::Null).await.0, 400);
}

#[tokio::test]
async fn a_key_of_either_prefix_opens_every_dialect_in_every_form_of_header() {
    let world = World::new().await;
    let headers = [("authorization", "Bearer "), ("x-api-key", ""), ("x-aerochat-api-key", "")];
    let requests = [
        ("GET", "/api/v1/me", ""),
        ("GET", "/v1/projects/default/conversations", ""),
        ("POST", "/api/session", ""),
        ("POST", "/bot/v1/conversations/messages", r#"{"message":"Hello"}"#),
        ("GET", "/api/v1/websites/", ""),
    ];
    let send = async |(method, path, body): (&str, &str, &str), with: &[(&str, String)]| {
        let mut request = request(method, path, None, body);
        for (name, value) in with {
            let name = http::HeaderName::from_bytes(name.as_bytes()).unwrap();
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        world.send(request).await.status().as_u16()
    };
    let (own, stark) = (&world.names["key"], &world.names["stark"]);
    assert!(own.starts_with("ak_") && stark.starts_with("akv_live_"));
    for asked in requests {
        for (name, prefix) in headers {
            for key in [own, stark] {
                let status = send(asked, &[(name, format!("{prefix}{key}"))]).await;
                assert_eq!(status, 200, "{} with {name}", asked.1);
            }
            let cut = format!("{prefix}{}", &own[..own.len() - 1]);
            assert_eq!(send(asked, &[(name, cut)]).await, 401, "{} with {name}", asked.1);
        }
        // One key in two headers is one key; two keys are none.
        let twice = [("x-api-key", own.clone()), ("x-aerochat-api-key", own.clone())];
        assert_eq!(send(asked, &twice).await, 200, "{}", asked.1);
        let two = [("authorization", format!("Bearer {own}")), ("x-api-key", stark.clone())];
        assert_eq!(send(asked, &two).await, 401, "{}", asked.1);
    }
}
