//! No route answers whoever may not ask: without a key, with a wrong one, without its scope.

use aiva_core::dialect::Dialect;
use aiva_dialects::http::{Access, Route, Voice};
use aiva_dialects::routes;
use axum::response::Response;
use serde_json::Value;

use crate::world::{OPERATOR_TOKEN, World, request, wrong_key};

const UNAUTHORIZED: (&str, &str) = ("UNAUTHORIZED", "unauthorized");

fn path_of(route: &Route, path: &str) -> String {
    assert!(route.paths.contains(&path));
    let parts = path.split('/').map(|part| if part.starts_with('{') { "x" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

async fn ask(world: &World, route: &Route, path: &str, key: Option<&str>) -> Response {
    world.send(request(route.verb.as_str(), &path_of(route, path), key, "{}")).await
}

/// Whether the answer tells nothing but that the caller may not, in the words of its dialect.
async fn told_nothing(response: Response, voice: Voice, (code, snake): (&str, &str)) {
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    match voice {
        Voice::Operator | Voice::Dialect(Dialect::Aiva) => assert_eq!(body["code"], code),
        Voice::Dialect(Dialect::Aivastark) => assert_eq!(body["error"]["code"], snake),
        Voice::Dialect(Dialect::Aksita) => assert_eq!(body["status"], false),
        Voice::Dialect(Dialect::Aerochat) => assert!(body["detail"]["type"].is_string()),
        Voice::Dialect(Dialect::Asyntai) => assert_eq!(body["success"], false),
    }
    assert!(body.get("data").is_none());
}

#[tokio::test]
async fn every_route_but_the_open_ones_refuses_a_caller_without_the_right_key() {
    let world = World::new().await;
    let live = world.names["key"].clone();
    let wrong = wrong_key();
    let mut asked = 0;
    for route in routes::all().filter(|route| route.access != Access::Open) {
        for path in route.paths {
            let foreign = match route.access {
                Access::Operator | Access::Role(_) => &live,
                Access::Open | Access::AnyKey | Access::Key(_) => OPERATOR_TOKEN,
            };
            for key in [None, Some(wrong.as_str()), Some("ak_x_y"), Some(foreign)] {
                // Every minute takes 300 wrong keys from one address.
                world.wait(60);
                let response = ask(&world, route, path, key).await;
                assert_eq!(response.status(), 401, "{} {path} {key:?}", route.verb.as_str());
                assert_eq!(response.headers()["www-authenticate"], "Bearer");
                assert!(response.headers().get("x-ratelimit-limit").is_none());
                told_nothing(response, route.voice, UNAUTHORIZED).await;
                asked += 1;
            }
        }
    }
    assert!(asked >= 16);
}

#[tokio::test]
async fn every_route_with_a_scope_refuses_a_key_that_lacks_it_and_counts_the_request() {
    let world = World::new().await;
    let mut asked = 0;
    for route in routes::all() {
        let Access::Key(scope) = route.access else { continue };
        let key = world.key_without(Some(scope)).await;
        for (made, path) in route.paths.iter().enumerate() {
            let response = ask(&world, route, path, Some(&key)).await;
            assert_eq!(response.status(), 403, "{} {path}", route.verb.as_str());
            let left = 600 - 1 - made;
            assert_eq!(response.headers()["x-ratelimit-remaining"], left.to_string());
            told_nothing(response, route.voice, ("INSUFFICIENT_SCOPE", "forbidden")).await;
            asked += 1;
        }
    }
    assert!(asked >= 6);
}

#[tokio::test]
async fn after_300_wrong_keys_in_a_minute_an_address_must_wait() {
    let world = World::new().await;
    let wrong = wrong_key();
    for _ in 0..300 {
        let response = world.send(request("GET", "/api/v1/me", Some(&wrong), "")).await;
        assert_eq!(response.status(), 401);
    }
    let response = world.send(request("GET", "/api/v1/me", Some(&wrong), "")).await;
    assert_eq!(response.status(), 429);
    assert_eq!(response.headers()["retry-after"], "60");
    told_nothing(response, Voice::Dialect(Dialect::Aiva), ("RATE_LIMITED", "rate_limited")).await;
    let live = world.names["key"].clone();
    let response = world.send(request("GET", "/api/v1/me", Some(&live), "")).await;
    assert_eq!(response.status(), 200);
}
