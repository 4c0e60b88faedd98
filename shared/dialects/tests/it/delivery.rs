//! Deliveries, with a clock that only the test moves and an endpoint that answers what it is told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aiva_core::delivery::{
    self, Delivery, DeliveryFilter, DeliverySettings, DeliveryStatus, KnownBreakers, Outcome,
    RetrySchedule, job_of,
};
use aiva_core::outbox;
use aiva_core::page::Limit;
use aiva_core::ports::{
    DeliveryStore, EndpointStore, HttpOut, OutgoingError, OutgoingRequest, OutgoingResponse,
};
use serde_json::{Value, json};

use crate::world::{OPERATOR_TOKEN, World, request};

/// Somebody's endpoint: it gives these answers, then 204, and keeps what it got.
#[derive(Default)]
struct Far {
    answers: Mutex<VecDeque<Result<u16, OutgoingError>>>,
    got: Mutex<Vec<OutgoingRequest>>,
}

impl Far {
    fn answering(answers: &[Result<u16, OutgoingError>]) -> Self {
        Self { answers: Mutex::new(answers.iter().copied().collect()), ..Self::default() }
    }

    fn got(&self) -> Vec<OutgoingRequest> {
        self.got.lock().unwrap().clone()
    }
}

impl HttpOut for Far {
    async fn post(&self, request: OutgoingRequest) -> Result<OutgoingResponse, OutgoingError> {
        self.got.lock().unwrap().push(request);
        let status = self.answers.lock().unwrap().pop_front().unwrap_or(Ok(204))?;
        let (retry_after, body) = (None, Vec::new());
        let (truncated, body_complete) = (false, true);
        Ok(OutgoingResponse { status, retry_after, body, truncated, body_complete })
    }
}

/// A shop whose backend is called back.
struct Shop {
    world: World,
    key_id: String,
    key: String,
    schedule: RetrySchedule,
}

impl Shop {
    async fn open(schedule: &str) -> Self {
        let world = World::new().await;
        let body = json!({
            "name": "hooked", "scopes": ["messages:write"],
            "callbackUrl": "https://old.example.com/hook",
        });
        let schedule = RetrySchedule::parse(schedule).unwrap();
        let mut shop = Self { world, key_id: String::new(), key: String::new(), schedule };
        let made = shop.operate("POST", "/keys", &body).await;
        let text = |field: &str| made[field].as_str().unwrap().to_owned();
        (shop.key_id, shop.key) = (text("keyId"), text("key"));
        shop
    }

    async fn operate(&self, method: &str, path: &str, body: &Value) -> Value {
        let path = format!("/admin/v1/workspaces/{}{path}", self.world.names["shop"]);
        let asked = request(method, &path, Some(OPERATOR_TOKEN), &body.to_string());
        let answer = self.world.send(asked).await;
        let (status, body) = (answer.status(), answer.into_body());
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert!(status.is_success(), "{body}");
        body["data"].clone()
    }

    async fn patch_key(&self, body: &Value) -> Value {
        self.operate("PATCH", &format!("/keys/{}", self.key_id), body).await
    }

    /// Has a message answered, and gives the event that arose.
    async fn event(&self, number: u32) -> Delivery {
        self.world.wait(1);
        let body = json!({
            "externalConversationId": format!("c{number}"), "content": "Are you open?",
            "idempotencyKey": format!("00000000-0000-4000-8000-{number:012}"),
        });
        let sent = request("POST", "/v1/messages", Some(&self.key), &body.to_string());
        assert_eq!(self.world.send(sent).await.status(), 202);
        self.world.reply("Yes.").await;
        self.events().await.remove(0)
    }

    /// Every delivery, newest first.
    async fn events(&self) -> Vec<Delivery> {
        let (store, filter) = (&self.world.edge.app.store, DeliveryFilter::default());
        let shop = self.world.names["shop"].parse().unwrap();
        store.deliveries(shop, &filter, None, Limit::of(100)).await.unwrap().items
    }

    async fn attempt(&self, far: &Far, delivery: &Delivery) -> (Outcome, Delivery) {
        let settings = DeliverySettings {
            holder: "test".to_owned(),
            epoch: 0,
            timeout: Duration::from_secs(5),
            schedule: self.schedule.clone(),
            breakers: Arc::new(KnownBreakers::default()),
        };
        let (app, job) = (&*self.world.edge.app, job_of(delivery));
        let outcome = delivery::attempt(app, far, &job, &settings).await.unwrap();
        let found = self.events().await.into_iter().find(|found| found.id == delivery.id);
        (outcome, found.unwrap())
    }

    /// The mails about disabled endpoints.
    fn notices(&self) -> Vec<String> {
        let texts = self.world.mails().into_iter().map(|mail| mail.text);
        texts.filter(|text| text.contains("misses events since ")).collect()
    }

    /// The moment that the mail of a disabled endpoint names.
    async fn mailed_since(&self) -> String {
        self.world.wait(11);
        outbox::sweep(&self.world.edge.app).await.unwrap();
        let texts = self.notices();
        let since = texts.last().unwrap().split("misses events since ").nth(1).unwrap();
        since.split_whitespace().next().unwrap().to_owned()
    }
}

fn header<'a>(request: &'a OutgoingRequest, name: &str) -> &'a str {
    &request.headers.iter().find(|(known, _)| *known == name).unwrap().1
}

#[tokio::test]
async fn the_event_that_met_a_410_is_offered_from_its_own_moment_on_and_recovered() {
    let shop = Shop::open("5,30").await;
    let event = shop.event(1).await;
    shop.world.wait(3);
    let far = Far::answering(&[Ok(410)]);
    let (_, given_up) = shop.attempt(&far, &event).await;
    assert_eq!(given_up.status, DeliveryStatus::GivenUp);
    let mailed = shop.mailed_since().await;
    let shown = shop.patch_key(&json!({ "callbackEnabled": true })).await;
    assert_eq!(shown["missed"]["count"], 1, "{shown}");
    assert_eq!(shown["missed"]["since"], mailed);
    assert_eq!(mailed, aiva_core::time::millis(event.created_at));

    let begun = shop.operate("POST", "/deliveries/recover", &json!({ "since": mailed })).await;
    assert_eq!(begun["count"], 1, "{begun}");
    let (_, delivered) = shop.attempt(&far, &event).await;
    assert_eq!(delivered.status, DeliveryStatus::Delivered);
    let got = far.got();
    assert_eq!(got[0].body, got[1].body);
    assert_eq!(header(&got[0], "webhook-id"), header(&got[1], "webhook-id"));
}

#[tokio::test]
async fn an_event_that_waited_when_its_endpoint_was_disabled_is_offered_too() {
    let shop = Shop::open("5,30").await;
    let waiting = shop.event(1).await;
    let refused = shop.event(2).await;
    shop.attempt(&Far::answering(&[Ok(410)]), &refused).await;
    let (_, skipped) = shop.attempt(&Far::default(), &waiting).await;
    assert_eq!(skipped.status, DeliveryStatus::Skipped);
    // A new address while it is off does not make anybody forget.
    shop.patch_key(&json!({ "callbackUrl": "https://new.example.com/hook" })).await;
    shop.world.wait(1);
    let shown = shop.patch_key(&json!({ "callbackEnabled": true })).await;
    assert_eq!(shown["missed"]["count"], 2, "{shown}");
    assert_eq!(shown["missed"]["since"], aiva_core::time::millis(waiting.created_at));
}

#[tokio::test]
async fn five_days_of_nothing_but_failures_disable_an_endpoint_and_its_owner_is_told() {
    const HOURS_OF_FIVE_DAYS: u32 = 5 * 24;
    let shop = Shop::open("").await;
    let broken = Far::answering(&[Ok(500); 200]);
    let first = shop.event(0).await;
    shop.attempt(&broken, &first).await;
    for hour in 1..HOURS_OF_FIVE_DAYS {
        shop.world.wait(3_599);
        let event = shop.event(hour).await;
        shop.attempt(&broken, &event).await;
    }
    let callback = |shown: &Value| shown["callback"]["status"].clone();
    let key = format!("/keys/{}", shop.key_id);
    let shown = shop.operate("GET", &key, &Value::Null).await;
    assert_eq!(callback(&shown), "enabled");
    assert!(shop.notices().is_empty());

    shop.world.wait(3_600);
    let last = shop.event(HOURS_OF_FIVE_DAYS).await;
    shop.attempt(&broken, &last).await;
    let shown = shop.operate("GET", &key, &Value::Null).await;
    assert_eq!(callback(&shown), "disabled");
    assert_eq!(shop.mailed_since().await, aiva_core::time::millis(first.created_at));
    assert_eq!(shop.notices().len(), 1);
    let shown = shop.patch_key(&json!({ "callbackEnabled": true })).await;
    assert_eq!(shown["missed"]["count"], HOURS_OF_FIVE_DAYS + 1, "{shown}");
}

#[tokio::test]
async fn what_could_not_be_sent_for_a_trouble_of_ours_counts_for_nothing() {
    let shop = Shop::open("5").await;
    let event = shop.event(1).await;
    let far = Far::answering(&[Err(OutgoingError::Busy), Err(OutgoingError::Busy)]);
    for _ in 0..2 {
        let (outcome, waiting) = shop.attempt(&far, &event).await;
        assert_eq!(outcome, Outcome::HeldBack);
        assert_eq!(waiting.status, DeliveryStatus::Pending);
        assert!(waiting.attempts.is_empty() && waiting.automatic_attempts == 0);
        assert!(waiting.next_attempt_at.unwrap() > shop.world.now());
        shop.world.wait(10);
    }
    let store = &shop.world.edge.app.store;
    let endpoint = store.endpoint(event.endpoint).await.unwrap().unwrap();
    assert!(endpoint.callback.health.is_good());
    let (_, delivered) = shop.attempt(&far, &event).await;
    assert_eq!((delivered.status, delivered.attempts.len()), (DeliveryStatus::Delivered, 1));
}

#[tokio::test]
async fn an_address_that_is_edited_between_two_attempts_serves_the_second() {
    let shop = Shop::open("5").await;
    let event = shop.event(1).await;
    let far = Far::answering(&[Ok(500)]);
    shop.attempt(&far, &event).await;
    shop.patch_key(&json!({ "callbackUrl": "https://new.example.com/hook" })).await;
    shop.world.wait(6);
    let (_, delivered) = shop.attempt(&far, &event).await;
    assert_eq!(delivered.status, DeliveryStatus::Delivered);
    let [first, second] = &far.got()[..] else { panic!("two attempts") };
    assert_eq!(first.url.as_str(), "https://old.example.com/hook");
    assert_eq!(second.url.as_str(), "https://new.example.com/hook");
    assert_eq!(first.body, second.body);
    for name in ["webhook-id", "x-assistify-delivery-id"] {
        assert_eq!(header(first, name), header(second, name));
    }
    assert_ne!(header(first, "webhook-signature"), header(second, "webhook-signature"));
}

#[tokio::test]
async fn an_attempt_takes_no_longer_than_it_is_given_and_reads_64_kib() {
    let shop = Shop::open("5").await;
    let event = shop.event(1).await;
    let far = Far::default();
    shop.attempt(&far, &event).await;
    let sent = &far.got()[0];
    assert_eq!((sent.timeout, sent.max_response_bytes), (Duration::from_secs(5), 65_536));
}
