//! Credit that comes by itself: plan credits, auto-recharge, payments; usage, which is read from charges.

use std::sync::Mutex;

use aiva_core::error::{Error, Result};
use aiva_core::outbox;
use aiva_core::payment::{self, Collected, PaymentOrder};
use aiva_core::ports::{BillingStore, Payments};
use futures_util::future::join_all;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::world::{OPERATOR_TOKEN, PAYMENT_SECRET, World, request};

/// A provider that answers what it is told to, and knows a payment again by its id.
#[derive(Default)]
struct Bank {
    answer: Mutex<Option<Collected>>,
    asked: Mutex<Vec<String>>,
}

impl Bank {
    fn answering(answer: Collected) -> Self {
        Self { answer: Mutex::new(Some(answer)), asked: Mutex::default() }
    }

    fn asked_for(&self) -> usize {
        let mut asked = self.asked.lock().unwrap().clone();
        asked.sort();
        asked.dedup();
        asked.len()
    }
}

impl Payments for Bank {
    async fn collect(&self, order: &PaymentOrder) -> Result<Collected> {
        self.asked.lock().unwrap().push(order.payment.id.to_string());
        self.answer.lock().unwrap().clone().ok_or_else(|| Error::unavailable("away"))
    }
}

fn succeeded() -> Collected {
    Collected::Succeeded { reference: "pi_1".to_owned() }
}

async fn operate(world: &World, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let text = if body.is_null() { String::new() } else { body.to_string() };
    let path = format!("/admin/v1/workspaces{path}");
    let response = world.send(request(method, &path, Some(OPERATOR_TOKEN), &text)).await;
    let status = response.status().as_u16();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap())
}

async fn get(world: &World, path: &str) -> Value {
    let (status, answer) = operate(world, "GET", path, &Value::Null).await;
    assert_eq!(status, 200, "{path}: {answer}");
    answer["data"].clone()
}

/// A workspace on a plan with so much credit.
async fn funded(world: &World, plan: &str, credit: i64) -> String {
    let wanted = json!({"name": "Small", "email": "owner@example.com", "plan": plan});
    let (_, made) = operate(world, "POST", "", &wanted).await;
    let id = made["data"]["workspaceId"].as_str().unwrap().to_owned();
    let body = json!({"starterCredit": credit});
    assert_eq!(operate(world, "POST", &format!("/{id}/approve"), &body).await.0, 200);
    id
}

async fn balance(world: &World, id: &str) -> i64 {
    get(world, &format!("/{id}/wallet")).await["balance"].as_i64().unwrap()
}

async fn kinds(world: &World, id: &str) -> Vec<String> {
    let ledger = get(world, &format!("/{id}/wallet/ledger")).await;
    let items = ledger["items"].as_array().unwrap().iter();
    items.map(|row| row["kind"].as_str().unwrap().to_owned()).collect()
}

async fn sweep(world: &World) {
    outbox::sweep(&world.edge.app).await.unwrap();
}

async fn payments(world: &World, id: &str) -> Vec<Value> {
    get(world, &format!("/{id}/wallet/payments")).await["items"].as_array().unwrap().clone()
}

async fn recharged(world: &World, id: &str) {
    let rules = json!({"enabled": true, "threshold": 1_000_000, "amount": 5_000_000, "monthlyMaximum": 10_000_000});
    let (status, answer) =
        operate(world, "PUT", &format!("/{id}/wallet/auto-recharge"), &rules).await;
    assert_eq!(status, 200, "{answer}");
}

#[tokio::test]
async fn a_plans_credit_is_granted_once_a_month_by_however_many_sweeps() {
    let world = World::new().await;
    let id = funded(&world, "starter", 0).await;
    for _ in 0..2 {
        for swept in join_all((0..6).map(|_| outbox::sweep(&world.edge.app))).await {
            swept.unwrap();
        }
    }
    assert_eq!(balance(&world, &id).await, 500_000_000);
    assert_eq!(kinds(&world, &id).await, ["plan_credit"]);
    world.wait(31 * 86_400);
    join_all((0..6).map(|_| outbox::sweep(&world.edge.app))).await;
    sweep(&world).await;
    assert_eq!(kinds(&world, &id).await, ["plan_credit", "plan_credit"]);
    assert_eq!(balance(&world, &id).await, 1_000_000_000);
}

#[tokio::test]
async fn falling_under_the_threshold_starts_one_payment_that_is_credited_once() {
    let world = World::paying_by_stripe().await;
    let id = funded(&world, "free", 999_999).await;
    let rules = json!({"enabled": true, "threshold": 1_000_000, "amount": 5_000_000, "monthlyMaximum": 10_000_000});
    let path = format!("/{id}/wallet/auto-recharge");
    assert_eq!(operate(&world, "PUT", &path, &rules).await.0, 409, "no payment method yet");
    let method = json!({"customer": "cus_fake", "paymentMethod": "pm_fake"});
    assert_eq!(
        operate(&world, "PUT", &format!("/{id}/wallet/payment-method"), &method).await.0,
        200
    );
    recharged(&world, &id).await;
    join_all((0..8).map(|_| outbox::sweep(&world.edge.app))).await;
    assert_eq!(payments(&world, &id).await.len(), 1);
    let bank = Bank::answering(succeeded());
    let app = &world.edge.app;
    for collected in join_all((0..8).map(|_| payment::collect_due(app, &bank))).await {
        collected.unwrap();
    }
    world.wait(3_600);
    payment::collect_due(app, &bank).await.unwrap();
    sweep(&world).await;
    assert_eq!(bank.asked_for(), 1);
    assert_eq!(balance(&world, &id).await, 5_999_999);
    assert_eq!(kinds(&world, &id).await, ["auto_recharge", "starter_credit"]);
    let paid = payments(&world, &id).await;
    assert_eq!(
        (paid.len(), &paid[0]["status"], &paid[0]["price"]),
        (1, &json!("succeeded"), &json!(5))
    );
    let state = get(&world, &path).await;
    assert_eq!(state["startedThisMonth"], 5_000_000);
    assert!(state.get("pendingPaymentId").is_none());
}

#[tokio::test]
async fn fifty_settlements_at_once_across_the_threshold_start_one_payment() {
    let world = World::new().await;
    let shop = world.names["shop"].clone();
    // Two messages' worth above the threshold, so that fifty replies cross it.
    let view = get(&world, &format!("/{shop}/wallet")).await;
    let threshold = view["available"].as_i64().unwrap() - 2_000;
    let rules = json!({"enabled": true, "threshold": threshold, "amount": 1_000_000, "monthlyMaximum": 9_000_000});
    let path = format!("/{shop}/wallet/auto-recharge");
    assert_eq!(operate(&world, "PUT", &path, &rules).await.0, 200);
    sweep(&world).await;
    assert!(payments(&world, &shop).await.is_empty());
    let key = world.names["key"].clone();
    for turn in 0..50 {
        let body = json!({
            "externalConversationId": format!("order-{turn}"),
            "content": "Hello",
            "idempotencyKey": format!("00000000-0000-4000-8000-{turn:012}"),
        });
        let said = world.send(request("POST", "/v1/messages", Some(&key), &body.to_string())).await;
        assert_eq!(said.status(), 202);
    }
    world.wait(1_000);
    let swept = async {
        for _ in 0..20 {
            join_all((0..3).map(|_| outbox::sweep(&world.edge.app))).await;
        }
    };
    tokio::join!(world.reply_at_once("Hello!"), swept);
    world.wait(1_000);
    join_all((0..8).map(|_| outbox::sweep(&world.edge.app))).await;
    assert_eq!(payments(&world, &shop).await.len(), 1);
}

#[tokio::test]
async fn a_manual_payment_is_asked_for_by_mail_and_confirmed_once() {
    let world = World::new().await;
    let id = funded(&world, "free", 10).await;
    recharged(&world, &id).await;
    sweep(&world).await;
    world.wait(60);
    sweep(&world).await;
    let asked = payments(&world, &id).await;
    assert_eq!((asked.len(), &asked[0]["provider"]), (1, &json!("manual")));
    let payment = asked[0]["paymentId"].as_str().unwrap().to_owned();
    let mails = world.mails();
    assert_eq!(mails.iter().filter(|mail| mail.text.contains(&payment)).count(), 1);
    let confirm = format!("/{id}/wallet/payments/{payment}/confirm");
    for (status, row) in
        join_all((0..16).map(|_| operate(&world, "POST", &confirm, &Value::Null))).await
    {
        assert_eq!((status, &row["data"]["status"]), (200, &json!("succeeded")));
    }
    assert_eq!(balance(&world, &id).await, 5_000_010);
    let fail = format!("/{id}/wallet/payments/{payment}/fail");
    assert_eq!(operate(&world, "POST", &fail, &Value::Null).await.0, 409);
    let foreign = world.names["shop"].clone();
    let path = format!("/{foreign}/wallet/payments/{payment}/confirm");
    assert_eq!(operate(&world, "POST", &path, &Value::Null).await.0, 404);
}

#[tokio::test]
async fn a_failed_payment_is_mailed_and_not_started_again_until_something_changes() {
    let world = World::paying_by_stripe().await;
    let (id, _) = with_a_payment(&world).await;
    let declined = Collected::Failed { reference: None, reason: "card <declined>".to_owned() };
    let bank = Bank::answering(declined);
    payment::collect_due(&world.edge.app, &bank).await.unwrap();
    for _ in 0..5 {
        world.wait(1_000);
        sweep(&world).await;
        payment::collect_due(&world.edge.app, &bank).await.unwrap();
    }
    let listed = payments(&world, &id).await;
    assert_eq!((listed.len(), &listed[0]["status"]), (1, &json!("failed")));
    let told = world.mails().into_iter().filter(|mail| mail.subject.contains("failed"));
    let told: Vec<_> = told.collect();
    assert_eq!(told.len(), 1);
    assert!(told[0].html.contains("card &lt;declined&gt;"));
    let path = format!("/{id}/wallet/auto-recharge");
    let state = get(&world, &path).await;
    assert_eq!((&state["stoppedByFailure"], &state["startedThisMonth"]), (&json!(true), &json!(0)));
    recharged(&world, &id).await;
    sweep(&world).await;
    assert_eq!(payments(&world, &id).await.len(), 2);
}

/// A workspace whose wallet fell under its threshold, and the payment by Stripe that this started.
pub(crate) async fn with_a_payment(world: &World) -> (String, Value) {
    let id = funded(world, "free", 10).await;
    let method = json!({"customer": "cus_fake", "paymentMethod": "pm_fake"});
    let path = format!("/{id}/wallet/payment-method");
    assert_eq!(operate(world, "PUT", &path, &method).await.0, 200);
    recharged(world, &id).await;
    sweep(world).await;
    let started = payments(world, &id).await.remove(0);
    (id, started)
}

/// An event of Stripe about a payment, signed now.
async fn event(world: &World, kind: &str, workspace: &str, payment: &Value) -> u16 {
    let body = json!({
        "id": "evt_fake",
        "type": kind,
        "data": {"object": {
            "id": "pi_1",
            "amount": payment["price"],
            "currency": "usd",
            "metadata": {"workspace": workspace, "payment": payment["paymentId"]},
            "last_payment_error": {"message": "Your card was declined."},
        }},
    })
    .to_string();
    let seconds = world.now().as_second();
    let mut mac = Hmac::<Sha256>::new_from_slice(PAYMENT_SECRET.as_bytes()).unwrap();
    mac.update(format!("{seconds}.{body}").as_bytes());
    let hex = data_encoding::HEXLOWER.encode(&mac.finalize().into_bytes());
    send_event(world, &format!("t={seconds},v1={hex}"), &body).await
}

async fn send_event(world: &World, signature: &str, body: &str) -> u16 {
    let (mut parts, body) = request("POST", "/payments/stripe", None, body).into_parts();
    parts.headers.insert("stripe-signature", signature.parse().unwrap());
    world.send(axum::extract::Request::from_parts(parts, body)).await.status().as_u16()
}

#[tokio::test]
async fn a_webhook_beside_the_answer_and_the_sweep_credits_once() {
    let world = World::paying_by_stripe().await;
    let (id, started) = with_a_payment(&world).await;
    let bank = Bank::answering(succeeded());
    let app = &world.edge.app;
    let heard = join_all((0..6).map(|_| event(&world, "payment_intent.succeeded", &id, &started)));
    let collected = join_all((0..6).map(|_| payment::collect_due(app, &bank)));
    let (heard, _) = tokio::join!(heard, collected);
    assert_eq!(heard, [200; 6]);
    world.wait(3_600);
    payment::collect_due(app, &bank).await.unwrap();
    assert_eq!(event(&world, "payment_intent.payment_failed", &id, &started).await, 200);
    assert_eq!(balance(&world, &id).await, 5_000_010);
    assert_eq!(payments(&world, &id).await[0]["status"], "succeeded");
}

#[tokio::test]
async fn money_that_comes_after_a_failure_is_credited_and_a_crash_after_the_decision_loses_nothing()
{
    let world = World::paying_by_stripe().await;
    let (id, started) = with_a_payment(&world).await;
    assert_eq!(event(&world, "payment_intent.payment_failed", &id, &started).await, 200);
    assert_eq!(payments(&world, &id).await[0]["reason"], "Your card was declined.");
    assert_eq!(balance(&world, &id).await, 10);
    // Decided, and then the process died: the decision alone is stored.
    let app = &world.edge.app;
    let (workspace, payment) =
        (id.parse().unwrap(), started["paymentId"].as_str().unwrap().parse().unwrap());
    let decision = payment::Decision::Succeeded;
    app.store.decide_payment(workspace, payment, &decision, world.now()).await.unwrap();
    assert_eq!(balance(&world, &id).await, 10);
    payment::collect_due(app, &Bank::default()).await.unwrap();
    assert_eq!(balance(&world, &id).await, 5_000_010);
    assert_eq!(event(&world, "payment_intent.succeeded", &id, &started).await, 200);
    assert_eq!(balance(&world, &id).await, 5_000_010);
}

#[tokio::test]
async fn money_that_comes_after_a_failure_counts_to_the_months_maximum_once() {
    let world = World::paying_by_stripe().await;
    let (id, first) = with_a_payment(&world).await;
    let path = format!("/{id}/wallet/auto-recharge");
    let started = async || get(&world, &path).await["startedThisMonth"].as_i64().unwrap();
    assert_eq!(event(&world, "payment_intent.payment_failed", &id, &first).await, 200);
    assert_eq!(started().await, 0);
    // Set anew, so that a second payment is started, while the money of the first arrives after all.
    recharged(&world, &id).await;
    sweep(&world).await;
    assert_eq!(started().await, 5_000_000);
    for _ in 0..3 {
        assert_eq!(event(&world, "payment_intent.succeeded", &id, &first).await, 200);
    }
    assert_eq!(started().await, 10_000_000);
    let is_second = |payment: &Value| payment["paymentId"] != first["paymentId"];
    let second = payments(&world, &id).await.into_iter().find(is_second).unwrap();
    assert_eq!(event(&world, "payment_intent.succeeded", &id, &second).await, 200);
    assert_eq!((started().await, balance(&world, &id).await), (10_000_000, 10_000_010));
    let rules = json!({"enabled": true, "threshold": 99_000_000, "amount": 5_000_000, "monthlyMaximum": 10_000_000});
    assert_eq!(operate(&world, "PUT", &path, &rules).await.0, 200);
    world.wait(1_000);
    sweep(&world).await;
    assert_eq!(payments(&world, &id).await.len(), 2, "a payment beyond the month's maximum");
}

#[tokio::test]
async fn an_event_without_a_right_signature_or_about_other_money_changes_nothing() {
    let world = World::paying_by_stripe().await;
    let (id, started) = with_a_payment(&world).await;
    for signature in ["t=1,v1=00", "x"] {
        assert_eq!(send_event(&world, signature, "{}").await, 400);
    }
    let mut other = started.clone();
    other["price"] = json!(1);
    assert_eq!(event(&world, "payment_intent.succeeded", &id, &other).await, 200);
    let shop = world.names["shop"].clone();
    assert_eq!(event(&world, "payment_intent.succeeded", &shop, &started).await, 200);
    assert_eq!(event(&world, "charge.refunded", &id, &started).await, 200);
    assert_eq!(payments(&world, &id).await[0]["status"], "pending");
    assert_eq!(balance(&world, &id).await, 10);
}

#[tokio::test]
async fn low_credit_is_mailed_once_for_each_crossing() {
    let world = World::new().await;
    let id = funded(&world, "free", 10).await;
    let path = format!("/{id}/wallet/low-balance");
    assert_eq!(operate(&world, "PUT", &path, &json!({"threshold": 100})).await.0, 200);
    let told = || world.mails().into_iter().filter(|mail| mail.subject.contains("low")).count();
    let sweeps = async || {
        for _ in 0..3 {
            world.wait(1_000);
            join_all((0..4).map(|_| outbox::sweep(&world.edge.app))).await;
        }
    };
    sweeps().await;
    assert_eq!(told(), 1);
    let top_up = json!({"amount": 90, "idempotencyKey": "one"});
    operate(&world, "POST", &format!("/{id}/wallet/top-ups"), &top_up).await;
    sweeps().await;
    assert_eq!(told(), 1);
    operate(&world, "PUT", &path, &json!({"threshold": 101})).await;
    sweeps().await;
    assert_eq!(told(), 2);
    assert_eq!(operate(&world, "PUT", &path, &json!({"threshold": null})).await.0, 200);
    assert_eq!(operate(&world, "PUT", &path, &json!({"threshold": 0})).await.0, 400);
    assert_eq!(operate(&world, "PUT", &path, &json!({})).await.0, 400);
}

#[tokio::test]
async fn usage_adds_the_charges_up_by_day_end_user_and_key() {
    let world = World::new().await;
    let (shop, key) = (world.names["shop"].clone(), world.names["key"].clone());
    let mut turn = 0;
    let mut say = async |user: Option<&str>| {
        turn += 1;
        let mut body = json!({
            "externalConversationId": format!("order-{turn}"),
            "content": "Hello",
            "idempotencyKey": format!("00000000-0000-4000-8000-{turn:012}"),
        });
        if let Some(user) = user {
            body["externalUserId"] = json!(user);
        }
        let said = world.send(request("POST", "/v1/messages", Some(&key), &body.to_string())).await;
        assert_eq!(said.status(), 202);
        world.reply("Hello!").await;
    };
    say(Some("ann")).await;
    say(Some("ann")).await;
    world.wait(86_400);
    say(None).await;
    let usage = async |by: &str| {
        let path = format!("/{shop}/usage?by={by}&from=2026-07-02&to=2026-07-03");
        get(&world, &path).await
    };
    let days = usage("day").await;
    let rows: Vec<_> = days["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (&row["day"], &row["messages"]))
        .collect();
    assert_eq!(rows, [(&json!("2026-07-03"), &json!(1)), (&json!("2026-07-02"), &json!(2))]);
    let spent: i64 =
        days["items"].as_array().unwrap().iter().map(|row| row["credits"].as_i64().unwrap()).sum();
    let ledger = get(&world, &format!("/{shop}/wallet/ledger")).await;
    let charged: i64 = ledger["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["amount"].as_i64().unwrap())
        .filter(|amount| *amount < 0)
        .sum();
    assert_eq!(spent, -charged);
    assert_eq!((&days["messagesThisMonth"], &days["messagesPerMonth"]), (&json!(3), &Value::Null));
    let users = usage("user").await;
    let row = |user: Value| {
        let items = users["items"].as_array().unwrap();
        items.iter().find(|row| row["externalUserId"] == user).unwrap()["messages"].clone()
    };
    assert_eq!((row(json!("ann")), row(Value::Null)), (json!(2), json!(1)));
    let keys = usage("key").await;
    assert_eq!(keys["items"].as_array().unwrap().len(), 1);
    assert!(keys["items"][0]["keyId"].as_str().unwrap().starts_with("key_"));
    let path = format!("/{shop}/usage?from=2026-01-01&to=2026-07-03");
    assert_eq!(operate(&world, "GET", &path, &Value::Null).await.0, 400);
    assert_eq!(
        operate(&world, "GET", &format!("/{shop}/usage?by=week"), &Value::Null).await.0,
        400
    );
}
