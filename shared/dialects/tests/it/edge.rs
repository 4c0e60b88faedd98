//! What the edge does alike for every route.

use std::time::Duration;

use aiva_core::page::Limit;
use aiva_core::ports::LogStore;
use aiva_core::request_log::RequestFilter;
use aiva_dialects::http::{Access, Reply};
use aiva_dialects::{RouteSet, aiva, arrived, broken_off, function, router};
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http::{HeaderName, Method, StatusCode};
use serde_json::Value;
use tower::ServiceExt;

use crate::world::{TestPorts, World, request};

async fn json(response: Response) -> Value {
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    serde_json::from_slice(&body).unwrap()
}

#[tokio::test]
async fn an_authenticated_request_is_logged_with_what_was_answered() {
    let world = World::new().await;
    let key = world.names["key"].clone();
    let answer = world.send(request("GET", "/v1/conversations/nothing/", Some(&key), "")).await;
    assert_eq!(answer.status(), 404);
    let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
    world.send(request("GET", "/api/v1/me", None, "")).await;
    let shop = world.names["shop"].parse().unwrap();
    let log = world
        .edge
        .app
        .store
        .requests(shop, &RequestFilter::default(), None, Limit::of(10))
        .await
        .unwrap();
    let [entry] = &log.items[..] else { panic!("{} entries", log.items.len()) };
    assert_eq!(entry.id.to_string(), id);
    assert_eq!(entry.route, "/api/v1/conversations/{externalConversationId}");
    assert_eq!((entry.status, entry.code.as_deref()), (404, Some("NOT_FOUND")));
    assert_eq!(entry.method, "GET");
}

#[tokio::test]
async fn a_function_refuses_a_route_that_another_serves() {
    let world = World::new().await;
    let key = world.names["key"].clone();
    let reading = router(world.edge.clone(), function::conversation_read());
    let answer = reading
        .clone()
        .oneshot(request("POST", "/api/v1/messages", Some(&key), "{}"))
        .await
        .unwrap();
    assert_eq!(answer.status(), 404);
    let answer = reading.oneshot(request("GET", "/api/v1/messages", None, "")).await.unwrap();
    assert_eq!(answer.status(), 405);
    assert_eq!(answer.headers()["allow"], "POST");
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_whether_or_not_its_length_is_told() {
    let world = World::new().await;
    let key = world.names["key"].clone();
    let large = "x".repeat(262_145);
    let told = request("POST", "/api/v1/messages", Some(&key), &large);
    let answer = world.send(told).await;
    assert_eq!(answer.status(), 413);
    assert_eq!(answer.headers()["x-ratelimit-limit"], "600");
    assert_eq!(json(answer).await["code"], "PAYLOAD_TOO_LARGE");
    let (mut parts, _) = request("POST", "/api/v1/messages", Some(&key), "").into_parts();
    parts.headers.insert(HeaderName::from_static("content-length"), "262145".parse().unwrap());
    let announced = Request::from_parts(parts, Body::from("{}"));
    assert_eq!(world.send(announced).await.status(), 413);
    let fits = format!("{{\"content\":\"{}\"}}", "x".repeat(262_144 - 14));
    let answer = world.send(request("POST", "/api/v1/messages", Some(&key), &fits)).await;
    assert_eq!(answer.status(), 400);
}

#[tokio::test]
async fn an_unauthenticated_caller_learns_nothing_of_its_body() {
    let world = World::new().await;
    for body in ["{", "[]", "", &"x".repeat(300_000)] {
        let answer = world.send(request("POST", "/api/v1/messages", None, body)).await;
        assert_eq!(answer.status(), 401);
    }
}

#[tokio::test]
async fn head_is_answered_like_get_without_a_body() {
    let world = World::new().await;
    let key = world.names["key"].clone();
    let answer = world.send(request("HEAD", "/api/v1/me", Some(&key), "")).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/json");
    let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    assert!(body.is_empty());
}

#[tokio::test]
async fn a_body_that_is_not_text_is_refused_with_the_place() {
    let world = World::new().await;
    let key = world.names["key"].clone();
    let (parts, _) = request("POST", "/api/v1/messages", Some(&key), "").into_parts();
    let answer = world.send(Request::from_parts(parts, Body::from(&b"{\"a\":\"\xff\"}"[..]))).await;
    assert_eq!(answer.status(), 400);
    let body = json(answer).await;
    assert_eq!(body["code"], "INVALID_REQUEST");
    assert_eq!(body["message"], "the body is not UTF-8 at byte 6");
}

#[tokio::test]
async fn the_same_key_in_two_headers_is_one_key_and_two_keys_are_none() {
    let world = World::new().await;
    let (key, other) = (world.names["key"].clone(), world.names["other"].clone());
    for (second, status) in [(&key, 200), (&other, 401)] {
        let (mut parts, body) = request("GET", "/api/v1/me", Some(&key), "").into_parts();
        parts.headers.insert("x-api-key", second.parse().unwrap());
        let answer = world.send(Request::from_parts(parts, body)).await;
        assert_eq!(answer.status(), status);
    }
}

/// `GET /me`, answered by something else.
fn instead(set: RouteSet<TestPorts>) -> RouteSet<TestPorts> {
    let route = *aiva::ROUTES.iter().find(|route| route.path() == "/api/v1/me").unwrap();
    assert_eq!(route.access, Access::AnyKey);
    set.serve(route, |edge, call| {
        Box::pin(async move {
            if call.query.get("forget").is_none() {
                call.authenticate(&edge).await?;
                panic!("a bug");
            }
            Ok(Reply::empty(StatusCode::NO_CONTENT))
        })
    })
}

#[tokio::test]
async fn a_handler_that_panics_fails_its_own_request_only() {
    let world = World::new().await;
    let key = world.names["key"].clone();
    let broken = router(world.edge.clone(), instead(RouteSet::new()));
    for left in ["599", "598"] {
        let asked = request("GET", "/api/v1/me", Some(&key), "");
        let answer = broken.clone().oneshot(asked).await.unwrap();
        assert_eq!(answer.status(), 500);
        assert_eq!(answer.headers()["x-ratelimit-remaining"], left);
        let body = json(answer).await;
        assert_eq!(body["code"], "INTERNAL");
        assert_eq!(body["message"], "internal error");
    }
}

#[tokio::test]
async fn a_handler_that_forgets_to_ask_who_calls_answers_nobody() {
    let world = World::new().await;
    let broken = router(world.edge.clone(), instead(RouteSet::new()));
    let asked = request("GET", "/api/v1/me?forget=1", None, "");
    assert_eq!(broken.oneshot(asked).await.unwrap().status(), 500);
}

#[tokio::test]
async fn a_handler_without_end_is_refused_in_its_dialects_words_before_its_host_gives_up() {
    let world = World::new().await;
    let key = world.names["stark"].clone();
    let submit = *function::message_submit::<TestPorts>().routes().next().unwrap();
    let stark = function::conversation_read::<TestPorts>();
    let stark = stark.routes().find(|route| route.path().starts_with("/v1/projects")).copied();
    let hanging = RouteSet::<TestPorts>::new()
        .serve(submit, |edge, call| {
            Box::pin(async move {
                call.authenticate(&edge).await?;
                std::future::pending().await
            })
        })
        .serve(stark.unwrap(), |_, _| Box::pin(std::future::pending()));
    let router = router(world.edge.clone(), hanging);
    // From here on time passes only where nothing else can be done.
    tokio::time::pause();
    let ask = async |method: &str, path: &str| {
        let mut asked = request(method, path, Some(&key), "{}");
        let end = tokio::time::Instant::now() + Duration::from_secs(14);
        arrived(asked.extensions_mut(), "192.0.2.1", end);
        let answer = router.clone().oneshot(asked).await.unwrap();
        assert!(tokio::time::Instant::now() < end, "{path}");
        assert_eq!(answer.status(), 503, "{path}");
        assert!(answer.headers().contains_key("x-request-id"), "{path}");
        assert_eq!(answer.headers()["retry-after"], "1", "{path}");
        answer
    };
    let answer = ask("POST", "/v1/messages").await;
    assert_eq!(answer.headers()["x-ratelimit-limit"], "600");
    let body = json(answer).await;
    assert_eq!((&body["status"], &body["code"]), (&"error".into(), &"UNAVAILABLE".into()));
    let body = json(ask("GET", "/v1/projects/default/conversations").await).await;
    assert_eq!(body["error"]["code"], "unavailable", "{body}");
}

#[tokio::test]
async fn a_request_that_its_host_gave_up_is_refused_in_the_words_of_its_dialect() {
    let world = World::new().await;
    let app = &*world.edge.app;
    for (path, status, at, wanted) in [
        ("/v1/messages", 503, "/code", "UNAVAILABLE"),
        ("/admin/v1/workspaces", 500, "/code", "INTERNAL"),
        ("/v1/projects/p/query", 500, "/error/code", "internal_error"),
        ("/api/chat", 503, "/status", "false"),
        ("/api/v1/conversations/?session_id=x", 503, "/success", "false"),
        ("/bot/v1/nothing", 500, "/detail/type", "internal_error"),
    ] {
        let status = StatusCode::from_u16(status).unwrap();
        let what = (&Method::GET, &path.parse().unwrap());
        let answer = broken_off((app, app), what, status);
        assert_eq!(answer.status(), status, "{path}");
        assert!(answer.headers()["x-request-id"].to_str().unwrap().starts_with("req_"));
        assert_eq!(answer.headers().contains_key("retry-after"), status == 503, "{path}");
        assert_eq!(answer.headers()["cache-control"], "no-store");
        let body = json(answer).await;
        let told = body.pointer(at).unwrap();
        assert_eq!(told.as_str().map_or(told.to_string(), str::to_owned), wanted, "{body}");
    }
}
