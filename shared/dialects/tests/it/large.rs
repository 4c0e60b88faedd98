//! Answers that could grow beyond what Lambda hands out, and messages that are not to be seen yet.

use aiva_core::id::DeliveryId;
use aiva_core::key::{self, KeyId};
use aiva_core::page::MAX_PAGE_BYTES;
use aiva_core::ports::{Clock, DeliveryStore};
use aiva_core::workspace;
use aiva_embedded::{Fault, FaultPlan};
use axum::response::Response;
use serde_json::{Value, json};

use crate::operator::with_callback;
use crate::world::{OPERATOR_TOKEN, World, request};

/// A little more than the rows may take, and less than half of what Lambda hands out.
const MOST: usize = MAX_PAGE_BYTES + 10_000;

async fn get(world: &World, path: &str, key: &str) -> (u16, Value) {
    read(world.send(request("GET", path, Some(key), "")).await).await
}

async fn read(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    assert!(body.len() < MOST, "{} bytes", body.len());
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

/// A conversation of so many messages, each of 16,000 characters; answers our id of it.
async fn said(world: &World, messages: usize, letter: &str) -> String {
    let key = world.names["key"].clone();
    let mut id = String::new();
    for number in 1..=messages {
        let begin = format!("{number} ");
        let body = json!({
            "externalConversationId": "order-1",
            "idempotencyKey": format!("00000000-0000-4000-8000-{number:012}"),
            "content": begin.clone() + &letter.repeat(16_000 - begin.len()),
        });
        let asked = request("POST", "/api/v1/messages", Some(&key), &body.to_string());
        let (status, told) = read(world.send(asked).await).await;
        assert_eq!(status, 202, "{told}");
        id = told["data"]["conversationId"].as_str().unwrap().to_owned();
        world.wait(1);
    }
    id
}

fn numbers<'a>(messages: &'a Value, text: &'a str) -> Vec<usize> {
    let messages = messages.as_array().unwrap().iter();
    let number = |message: &Value| {
        message[text].as_str().unwrap().split(' ').next().unwrap().parse().unwrap()
    };
    messages.map(number).collect()
}

/// Follows the cursors of a list of messages to its end: their numbers, and how many pages there were.
async fn followed(world: &World, (path, key): (&str, &str), (at, cursor): (&str, &str)) -> usize {
    let (mut all, mut pages, mut more) = (Vec::new(), 0, String::new());
    loop {
        let (status, body) = get(world, &format!("{path}?limit=200{more}"), key).await;
        assert_eq!(status, 200, "{path}");
        let data = body.pointer(at).unwrap();
        all.extend(numbers(&data["messages"], "content"));
        pages += 1;
        assert!(pages < 10, "{path} has no end");
        let Some(next) = data[cursor].as_str() else { break };
        more = format!("&cursor={next}");
    }
    assert_eq!(all, (1..=80).collect::<Vec<_>>(), "{path}");
    pages
}

#[tokio::test]
async fn a_page_of_messages_ends_where_the_answer_has_no_more_room_and_the_next_goes_on_there() {
    let world = World::new().await;
    let id = said(&world, 80, "語").await;
    let (key, stark, shop) = (&world.names["key"], &world.names["stark"], &world.names["shop"]);
    let operators = format!("/admin/v1/workspaces/{shop}/conversations/{id}");
    let starks = format!("/v1/projects/default/conversations/{id}");
    for (list, at) in [
        (("/api/v1/conversations/order-1", key.as_str()), ("/data", "nextCursor")),
        ((operators.as_str(), OPERATOR_TOKEN), ("/data", "nextCursor")),
        ((starks.as_str(), stark.as_str()), ("", "next_cursor")),
    ] {
        assert_eq!(followed(&world, list, at).await, 2, "{list:?}");
    }
    // Asyntai has no cursor: the newest are shown.
    let path = "/api/v1/conversations/?session_id=order-1&limit=100";
    let (_, history) = get(&world, path, key).await;
    let shown = numbers(&history["messages"], "content");
    assert_eq!(shown, (81 - shown.len()..=80).collect::<Vec<_>>());
    assert!((50..80).contains(&shown.len()), "{}", shown.len());
    // AeroChat's pages are numbered: one that does not fit is refused, and says what does.
    let pages = format!("/bot/v1/conversations/{id}/messages");
    let (status, refused) = get(&world, &format!("{pages}?limit=80"), key).await;
    assert_eq!(status, 400, "{refused}");
    let fitting = refused["detail"]["message"].as_str().unwrap();
    let fitting = fitting.rsplit_once("ask for ").unwrap().1.split(' ').next().unwrap();
    let fitting: usize = fitting.parse().unwrap();
    let mut all = Vec::new();
    for page in 1..=80_usize.div_ceil(fitting) {
        let (status, shown) =
            get(&world, &format!("{pages}?limit={fitting}&page={page}"), key).await;
        assert_eq!(status, 200, "{shown}");
        all.extend(numbers(&shown["messages"], "text"));
    }
    assert_eq!(all, (1..=80).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_is_done_to_a_conversation_of_much_text_is_answered_once_and_alike_again() {
    let world = World::new().await;
    let id = said(&world, 25, "x").await;
    let shop = &world.names["shop"];
    let act = async |verb: &str, body: &Value| {
        let path = format!("/admin/v1/workspaces/{shop}/conversations/{id}/{verb}");
        let mut asked = request("POST", &path, Some(OPERATOR_TOKEN), &body.to_string());
        asked.headers_mut().insert("idempotency-key", verb.parse().unwrap());
        let answer = world.send(asked).await;
        let replayed = answer.headers().contains_key("idempotency-replayed");
        (replayed, read(answer).await)
    };
    let mut first = Vec::new();
    let ada = json!({ "agentName": "Ada" });
    let actions = [("take-over", &ada), ("hand-back", &json!({})), ("resolve", &json!({}))];
    for (verb, body) in actions {
        world.wait(1);
        let (replayed, (status, answer)) = act(verb, body).await;
        assert_eq!((replayed, status), (false, 200), "{answer}");
        assert_eq!(answer["data"]["messages"].as_array().unwrap().len(), 25);
        first.push(answer);
    }
    assert_eq!(
        (&first[0]["data"]["owner"], &first[1]["data"]["owner"]),
        (&json!("HUMAN"), &json!("AI"))
    );
    // What was said and done since changes none of it.
    said(&world, 26, "x").await;
    for ((verb, body), first) in actions.into_iter().zip(&first) {
        let (replayed, (status, again)) = act(verb, body).await;
        assert_eq!((replayed, status), (true, 200), "{again}");
        assert_eq!(&again, first);
    }
}

#[tokio::test]
async fn a_list_ends_where_the_answer_has_no_more_room_and_its_cursor_goes_on_there() {
    let world = World::new().await;
    let app = &*world.edge.app;
    let shop = world.names["shop"].parse().unwrap();
    let owner = workspace::find(&app.store, shop).await.unwrap();
    let key: KeyId = key::create(app, app, &owner, with_callback()).await.unwrap().key.id;
    let ping = key::send_test(app, app, shop, key).await.unwrap();
    let like = app.store.delivery(shop, ping).await.unwrap().unwrap();
    world.wait(1);
    for _ in 0..40 {
        let id = DeliveryId::new(app.now(), app);
        let payload = "x".repeat(100_000);
        let one = aiva_core::delivery::Delivery { id, payload, ..like.clone() };
        app.store.create_delivery(&one, app.now()).await.unwrap();
    }
    let path = format!("/admin/v1/workspaces/{shop}/logs/deliveries?limit=200");
    let (_, page) = get(&world, &path, OPERATOR_TOKEN).await;
    let some = page["data"]["items"].as_array().unwrap().len();
    assert_eq!(some, 28);
    let next = page["data"]["nextCursor"].as_str().unwrap();
    let (_, rest) = get(&world, &format!("{path}&cursor={next}"), OPERATOR_TOKEN).await;
    assert_eq!(some + rest["data"]["items"].as_array().unwrap().len(), 41);
    assert!(rest["data"]["nextCursor"].is_null());
}

/// A deployment where whoever reads after a transaction misses the rows that it made, once.
async fn half_visible() -> World {
    World::suffering(FaultPlan::new(0).with_rate(Fault::HalfVisible, 1_000)).await
}

#[tokio::test]
async fn no_answer_shows_the_version_of_a_reply_without_the_reply() {
    let world = half_visible().await;
    let key = &world.names["key"];
    for (path, at) in [
        ("/api/v1/conversations/order-1?after=1", "/data/messages/0/content"),
        ("/api/v1/conversations/?session_id=order-1", "/messages/3/content"),
    ] {
        world.wait(1);
        let body = json!({
            "externalConversationId": "order-1", "content": "Hello?",
            "idempotencyKey": format!("00000000-0000-4000-8000-{:012}", world.now().as_second()),
        });
        world.send(request("POST", "/api/v1/messages", Some(key), &body.to_string())).await;
        world.reply("Of course.").await;
        let before = world.faults.injected(Fault::HalfVisible);
        world.faults.set_enabled(true);
        let (status, shown) = get(&world, path, key).await;
        world.faults.set_enabled(false);
        assert_eq!(world.faults.injected(Fault::HalfVisible), before + 1);
        assert_eq!((status, shown.pointer(at)), (200, Some(&json!("Of course."))), "{shown}");
    }
}

#[tokio::test]
async fn who_waits_for_a_reply_gets_it_though_it_is_not_to_be_seen_at_once() {
    let faults = FaultPlan::new(0).with_rate_for("Query", Fault::HalfVisible, 1_000);
    let world = World::suffering(faults).await;
    world.faults.set_enabled(true);
    let body = json!({ "message": "Do you ship to Malta?" }).to_string();
    let asked = request("POST", "/bot/v1/conversations/messages", Some(&world.names["key"]), &body);
    let (status, told) = read(world.send(asked).await).await;
    assert!(world.faults.injected(Fault::HalfVisible) > 0);
    assert_eq!((status, &told["status"]), (200, &json!("bot")), "{told}");
}
