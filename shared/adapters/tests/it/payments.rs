//! The client of Stripe against a server on the loopback that speaks its answers.

use std::sync::{Arc, Mutex};

use aiva_adapters::payments::PaymentDesk;
use aiva_core::error::Error;
use aiva_core::id::{PaymentId, WorkspaceId};
use aiva_core::money::MicroCredits;
use aiva_core::payment::{
    Collected, Payment, PaymentMethod, PaymentOrder, PaymentStatus, Price, Provider,
};
use aiva_core::ports::Payments;
use jiff::Timestamp;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// What a payment intent reads like, as far as it matters.
const INTENT: &str = r#"{"id":"pi_fake_1","object":"payment_intent","amount":5,"currency":"usd",
    "status":"STATUS","last_payment_error":null,"livemode":false}"#;
const DECLINED: &str = r#"{"error":{"code":"card_declined","decline_code":"insufficient_funds",
    "message":"Your card has insufficient funds.","type":"card_error",
    "payment_intent":{"id":"pi_fake_1","status":"requires_payment_method"}}}"#;

/// A server that answers each request in turn and keeps what it was sent.
async fn server(answers: Vec<(u16, String)>) -> (PaymentDesk, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    let kept = Arc::clone(&heard);
    tokio::spawn(async move {
        for (status, body) in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            let mut buffer = [0_u8; 4_096];
            loop {
                let read = stream.read(&mut buffer).await.unwrap();
                request.extend_from_slice(&buffer[..read]);
                let text = String::from_utf8_lossy(&request).into_owned();
                let Some((head, sent)) = text.split_once("\r\n\r\n") else { continue };
                let length = head.lines().find_map(|line| {
                    let (name, value) = line.split_once(": ")?;
                    name.eq_ignore_ascii_case("content-length")
                        .then(|| value.parse::<usize>().ok())?
                });
                if sent.len() >= length.unwrap_or(0) || read == 0 {
                    kept.lock().unwrap().push(text);
                    break;
                }
            }
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n\
                 content-length: {length}\r\nconnection: close\r\n\r\n{body}"
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    let key = "sk_test_not_a_real_key".into();
    (PaymentDesk::stripe(&format!("http://{address}"), key).unwrap(), heard)
}

fn order(reference: Option<&str>) -> PaymentOrder {
    let workspace = WorkspaceId::from_uuid(uuid::Uuid::from_u128(7));
    let payment = Payment {
        id: PaymentId::from_uuid(uuid::Uuid::from_u128(8)),
        workspace,
        amount: MicroCredits(5_000_000),
        price: Price { minor_units: 5, currency: "usd".to_owned() },
        provider: Provider::Stripe,
        status: PaymentStatus::Pending,
        reference: reference.map(str::to_owned),
        reason: None,
        month: 202_607,
        tries: 1,
        created_at: Timestamp::UNIX_EPOCH,
        decided_at: None,
    };
    let method = PaymentMethod { customer: "cus_fake".to_owned(), method: "pm_fake".to_owned() };
    PaymentOrder { payment, method: Some(method) }
}

fn intent(status: &str) -> (u16, String) {
    (200, INTENT.replace("STATUS", status))
}

#[tokio::test]
async fn an_intent_is_made_off_session_under_the_payments_id() {
    let (desk, heard) = server(vec![intent("succeeded")]).await;
    let order = order(None);
    let collected = desk.collect(&order).await.unwrap();
    assert_eq!(collected, Collected::Succeeded { reference: "pi_fake_1".to_owned() });
    let request = heard.lock().unwrap()[0].clone();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /v1/payment_intents HTTP/1.1"), "{head}");
    let id = order.payment.id.to_string();
    for header in [
        format!("idempotency-key: {id}"),
        "authorization: Bearer sk_test_not_a_real_key".to_owned(),
        "content-type: application/x-www-form-urlencoded".to_owned(),
        "stripe-version: 2024-06-20".to_owned(),
    ] {
        let found = head.lines().any(|line| line.eq_ignore_ascii_case(&header));
        assert!(found, "{header}\n{head}");
    }
    let workspace = order.payment.workspace;
    let expected = format!(
        "amount=5&currency=usd&customer=cus_fake&payment_method=pm_fake&off_session=true\
         &confirm=true&metadata%5Bworkspace%5D={workspace}&metadata%5Bpayment%5D={id}"
    );
    assert_eq!(body, expected);
}

#[tokio::test]
async fn a_payment_that_has_an_intent_is_asked_about_and_never_made_again() {
    let (desk, heard) = server(vec![intent("processing"), intent("succeeded")]).await;
    let known = order(Some("pi_fake_1"));
    let reference = "pi_fake_1".to_owned();
    let pending = desk.collect(&known).await.unwrap();
    assert_eq!(pending, Collected::Pending { reference: reference.clone() });
    assert_eq!(desk.collect(&known).await.unwrap(), Collected::Succeeded { reference });
    for request in heard.lock().unwrap().iter() {
        assert!(request.starts_with("GET /v1/payment_intents/pi_fake_1 HTTP/1.1"), "{request}");
    }
}

#[tokio::test]
async fn a_declined_card_and_a_bank_that_asks_back_are_failures_with_a_reason() {
    let answers = vec![
        (402, DECLINED.to_owned()),
        intent("requires_action"),
        intent("requires_payment_method"),
        intent("canceled"),
    ];
    let (desk, _) = server(answers).await;
    let mut reasons = Vec::new();
    for _ in 0..4 {
        match desk.collect(&order(None)).await.unwrap() {
            Collected::Failed { reference, reason } => {
                assert_eq!(reference.as_deref(), Some("pi_fake_1"));
                reasons.push(reason);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(reasons[0], "Your card has insufficient funds");
    assert!(reasons[1].contains("confirm"));
    assert_eq!(reasons[2], "the payment was declined");
}

#[tokio::test]
async fn whatever_leaves_the_money_open_is_tried_again_and_fails_nothing() {
    let garbage = "{".to_owned();
    let (desk, _) = server(vec![
        (500, "{}".to_owned()),
        (429, "{}".to_owned()),
        (409, "{}".to_owned()),
        (200, garbage.clone()),
        (402, garbage),
    ])
    .await;
    for _ in 0..5 {
        let error = desk.collect(&order(None)).await.unwrap_err();
        assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
    }
    // Nobody listens any more.
    assert!(matches!(desk.collect(&order(None)).await, Err(Error::Unavailable(_))));
    let (desk, _) = server(vec![(401, r#"{"error":{"message":"No such key"}}"#.to_owned())]).await;
    let error = desk.collect(&order(None)).await.unwrap_err();
    assert!(error.is_retryable() && !error.to_string().contains("sk_test"), "{error:?}");
}

#[tokio::test]
async fn without_a_method_on_file_nothing_is_asked() {
    let (desk, heard) = server(vec![intent("succeeded")]).await;
    let order = PaymentOrder { method: None, ..order(None) };
    assert!(matches!(desk.collect(&order).await.unwrap(), Collected::Failed { .. }));
    assert!(heard.lock().unwrap().is_empty());
}
