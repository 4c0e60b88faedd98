//! The `Idempotency-Key` header where keys of several projects use it, and where no key ring is at hand.

use aiva_core::page::Limit;
use aiva_core::ports::LogStore;
use aiva_core::request_log::RequestFilter;
use axum::extract::Request;
use http::HeaderValue;
use serde_json::{Value, json};

use crate::world::{World, request};

/// Sends a request under an idempotency key: the status, whether it was replayed, the body.
async fn send(world: &World, mut request: Request, key: &str) -> (u16, bool, Value) {
    request.headers_mut().insert("idempotency-key", HeaderValue::from_str(key).unwrap());
    let answer = world.send(request).await;
    let replayed = answer.headers().contains_key("idempotency-replayed");
    let (status, body) = (answer.status().as_u16(), answer.into_body());
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    (status, replayed, serde_json::from_slice(&body).unwrap())
}

#[tokio::test]
async fn the_answer_to_one_projects_key_is_never_given_to_anothers() {
    let world = World::new().await;
    let (main, branch) = (world.names["stark"].clone(), world.names["branch"].clone());
    let hook = json!({
        "url": "https://shop.example.com/hook", "events": ["escalation.requested"],
    });
    let stark_hook = json!({
        "url": "https://shop.example.com/hook", "events": ["lead.captured"],
        "secret": "a secret of the caller",
    });
    let text = json!({ "title": "Hours", "content": "We are open all day." });
    for (path, body, secret) in [
        ("/api/v1/webhooks/", &hook, true),
        ("/api/v1/knowledge/text/", &text, false),
        ("/v1/projects/default/webhooks", &stark_hook, false),
        ("/api/session", &json!({}), false),
    ] {
        let ask = async |key: &str| {
            let asked = request("POST", path, Some(key), &body.to_string());
            // The path is its idempotency key: any text is one.
            send(&world, asked, path).await
        };
        let (status, replayed, first) = ask(&main).await;
        assert!((200..300).contains(&status) && !replayed, "{path}: {first}");
        let (status, replayed, others) = ask(&branch).await;
        assert!((200..300).contains(&status) && !replayed, "{path}: {others}");
        assert_ne!(first, others, "{path}");
        assert!(!secret || first.to_string().contains("secret"), "{path}: {first}");
        for (key, expected) in [(&main, &first), (&branch, &others)] {
            let (_, replayed, again) = ask(key).await;
            assert!(replayed, "{path}");
            assert_eq!(&again, expected, "{path}");
        }
    }
}

#[tokio::test]
async fn a_request_for_a_link_happens_once_under_its_key() {
    let world = World::new().await;
    let key = world.names["key"].clone();
    let ask = |email: &str| {
        let body = json!({ "method": "magic_link", "externalUserId": "u", "email": email });
        request("POST", "/v1/identity/verify", Some(&key), &body.to_string())
    };
    let mails = world.mails().len();
    let (status, replayed, first) = send(&world, ask("ada@example.com"), "link-1").await;
    assert_eq!((status, replayed), (202, false), "{first}");
    world.wait(5);
    let (status, replayed, again) = send(&world, ask("ada@example.com"), "link-1").await;
    assert_eq!((status, replayed, &again), (202, true, &first));
    assert_eq!(world.mails().len(), mails + 1);
    let (status, _, refused) = send(&world, ask("eve@example.com"), "link-1").await;
    assert_eq!((status, &refused["code"]), (409, &json!("IDEMPOTENCY_KEY_REUSED")));
    // What a repeated request needs is kept, and what the mail holds is not.
    let token = world.mailed_token();
    assert!(!world.everything_stored().await.contains(&token));
}

#[tokio::test]
async fn a_mail_that_the_limits_kept_back_shows_in_the_operators_log_alone() {
    let world = World::new().await;
    let key = world.names["key"].clone();
    let mut answers = Vec::new();
    for _ in 0..6 {
        let body =
            json!({ "method": "magic_link", "externalUserId": "u", "email": "ada@example.com" });
        let asked = request("POST", "/v1/identity/verify", Some(&key), &body.to_string());
        let answer = world.send(asked).await;
        let (status, body) = (answer.status(), answer.into_body());
        answers.push((status, axum::body::to_bytes(body, usize::MAX).await.unwrap()));
        world.wait(1);
    }
    assert!(answers.iter().all(|(status, _)| *status == 202));
    let shop = world.names["shop"].parse().unwrap();
    let store = &world.edge.app.store;
    let log = store.requests(shop, &RequestFilter::default(), None, Limit::of(10)).await.unwrap();
    let codes: Vec<_> = log.items.iter().map(|entry| entry.code.as_deref()).collect();
    assert_eq!(codes[0], Some("MAIL_LIMIT_REACHED"), "{codes:?}");
    assert_eq!(codes[1..], [None; 5]);
}
