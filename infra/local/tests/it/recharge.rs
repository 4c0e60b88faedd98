//! Auto-recharge by Stripe against the running product: a server on the loopback stands in for Stripe,
//! the product's own sweep asks it, and its webhook comes in signed.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aiva_core::ports::Clock;
use axum::Router;
use axum::http::HeaderMap;
use axum::routing::post;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::time::Instant;

use crate::support::{Product, config, fresh_dir};

const WEBHOOK_SECRET: &str = "whsec_not_a_real_secret";
const PATIENCE: Duration = Duration::from_secs(10);

/// The idempotency keys that intents were asked for under.
type Asked = Arc<Mutex<Vec<String>>>;

/// A stand-in for Stripe whose payments are on their way.
async fn stripe() -> (String, Asked) {
    let asked = Asked::default();
    let kept = Arc::clone(&asked);
    let make = move |headers: HeaderMap| {
        let key = headers["idempotency-key"].to_str().unwrap().to_owned();
        kept.lock().unwrap().push(key);
        async { r#"{"id":"pi_fake_1","status":"processing"}"# }
    };
    let routes = Router::new().route("/v1/payment_intents", post(make));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
    (url, asked)
}

async fn payment(product: &Product, is_right: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let listed = product.operate(Method::GET, "/wallet/payments", None).await.data(200);
        let items = listed["items"].as_array().unwrap();
        assert!(items.len() <= 1, "{listed}");
        if let Some(payment) = items.first().filter(|payment| is_right(payment)) {
            return payment.clone();
        }
        assert!(Instant::now() < deadline, "{listed}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn hear(product: &Product, workspace: &str, payment: &Value) -> u16 {
    let body = json!({
        "type": "payment_intent.succeeded",
        "data": {"object": {
            "id": "pi_fake_1",
            "amount": payment["price"],
            "currency": "usd",
            "metadata": {"workspace": workspace, "payment": payment["paymentId"]},
        }},
    })
    .to_string();
    let seconds = product.runtime.app().now().as_second();
    let mut mac = Hmac::<Sha256>::new_from_slice(WEBHOOK_SECRET.as_bytes()).unwrap();
    mac.update(format!("{seconds}.{body}").as_bytes());
    let hex = data_encoding::HEXLOWER.encode(&mac.finalize().into_bytes());
    let url = format!("{}/payments/stripe", product.runtime.demo().base_url);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.post(url).header("stripe-signature", format!("t={seconds},v1={hex}"));
    request.body(body).send().await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_low_wallet_is_recharged_once_by_stripe_and_credited_when_its_webhook_comes() {
    let (url, asked) = stripe().await;
    let dir = fresh_dir();
    let product = Product::start_with(config(
        dir.path(),
        &[
            ("AIVA_PAYMENTS", "stripe"),
            ("AIVA_STRIPE_URL", &url),
            ("AIVA_STRIPE_SECRET_KEY", "sk_test_not_a_real_key"),
            ("AIVA_STRIPE_WEBHOOK_SECRET", WEBHOOK_SECRET),
        ],
    ))
    .await;
    let workspace = product.runtime.demo().workspace_id.clone();
    let before = product.operate(Method::GET, "/wallet", None).await.data(200);
    let before = before["balance"].as_i64().unwrap();
    let method = json!({"customer": "cus_fake", "paymentMethod": "pm_fake"});
    product.operate(Method::PUT, "/wallet/payment-method", Some(&method)).await.data(200);
    let rules = json!({
        "enabled": true, "threshold": before + 1, "amount": 7_000_000, "monthlyMaximum": 7_000_000,
    });
    product.operate(Method::PUT, "/wallet/auto-recharge", Some(&rules)).await.data(200);
    let started = payment(&product, |payment| payment["reference"] == "pi_fake_1").await;
    assert_eq!(started["status"], "pending");
    let heard =
        [hear(&product, &workspace, &started).await, hear(&product, &workspace, &started).await];
    assert_eq!(heard, [200, 200]);
    payment(&product, |payment| payment["status"] == "succeeded").await;
    let after = product.operate(Method::GET, "/wallet", None).await.data(200);
    assert_eq!(after["balance"], before + 7_000_000);
    let id = started["paymentId"].as_str().unwrap().to_owned();
    assert_eq!(*asked.lock().unwrap(), [id]);
    product.stop().await;
}
