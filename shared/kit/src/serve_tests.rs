use axum::Extension;
use axum::routing::{get, post};
use lambda_http::lambda_runtime::Context;
use serde_json::json;

use super::*;

#[derive(Clone)]
struct From(String);

fn arrived(extensions: &mut Extensions, address: &str, deadline: Instant) {
    assert!(deadline > Instant::now());
    extensions.insert(From(address.to_owned()));
}

/// A request as API Gateway hands it over, with time left on the clock.
fn request(path: &str, stage: &str) -> Request {
    let event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "a=1",
        "headers": { "host": "api.example.com" },
        "requestContext": {
            "stage": stage,
            "http": { "method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7" }
        },
        "isBase64Encoded": false
    });
    let request = lambda_http::request::from_str(&event.to_string()).unwrap();
    request.with_lambda_context(context(10))
}

fn context(seconds: i64) -> Context {
    let end = SystemClock.now().as_millisecond() + seconds * 1_000;
    let mut context = Context::default();
    context.deadline = u64::try_from(end).unwrap();
    context.request_id = "inv".to_owned();
    context
}

async fn text(response: Response) -> String {
    let bytes = axum::body::to_bytes(response.into_body(), 1_024).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

async fn boom() -> &'static str {
    panic!("on purpose")
}

fn router() -> Router {
    let echo = |uri: axum::http::Uri, Extension(From(ip)): Extension<From>| async move {
        format!("{} from {ip}", uri.path_and_query().unwrap())
    };
    Router::new()
        .route("/here", get(echo))
        .route("/boom", get(boom))
        .route("/slow", get(std::future::pending::<()>))
        .route("/post", post(|| async {}))
}

#[tokio::test]
async fn a_route_sees_the_callers_address_and_the_whole_target() {
    let answer = answer(router(), arrived, request("/here", "$default"), GATEWAY).await;
    assert_eq!(text(answer).await, "/here?a=1 from 203.0.113.7");
}

#[tokio::test]
async fn a_named_stage_is_taken_off_the_path() {
    let answer = answer(router(), arrived, request("/prod/here", "prod"), GATEWAY).await;
    assert_eq!(text(answer).await, "/here?a=1 from 203.0.113.7");
}

#[tokio::test]
async fn a_panic_in_a_handler_is_an_answer() {
    let answer = answer(router(), arrived, request("/boom", "$default"), GATEWAY).await;
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_hangs_is_answered_before_the_invocation_ends() {
    let answer = answer(router(), arrived, request("/slow", "$default"), GATEWAY).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_failed_record_is_named_in_the_answer_to_lambda() {
    let event: SqsEvent = serde_json::from_value(json!({ "Records": [
        { "messageId": "a", "receiptHandle": "ra", "body": "1",
          "attributes": { "ApproximateReceiveCount": "3", "MessageGroupId": "g" } },
        { "messageId": "b", "receiptHandle": "rb", "body": "2",
          "attributes": { "ApproximateReceiveCount": "1", "MessageGroupId": "h" } },
    ]}))
    .unwrap();
    let receipts = receipts(&event);
    assert_eq!(receipts["a"], "ra");
    let kind = QueueKind { order: Order::Grouped, concurrency: 10, places: 10, frees: true };
    let (response, failures) =
        work_on(kind, LambdaEvent::new(event, context(10)), |task| async move {
            assert!(task.holder.starts_with("inv/") && task.time_left > Duration::from_secs(5));
            match task.parse::<u32>() {
                Ok(1) => Disposition::Retry { after: None },
                Ok(_) | Err(_) => Disposition::Done,
            }
        })
        .await;
    assert_eq!(
        serde_json::to_value(&response).unwrap(),
        json!({
            "batchItemFailures": [{ "itemIdentifier": "a" }]
        })
    );
    assert_eq!(failures[0].after, BACKOFF * 4);
}

/// Without it, the conversations of a sandbox that died would wait for the queue's visibility timeout.
#[tokio::test]
async fn records_are_hidden_for_as_long_as_their_worker_may_take_and_no_longer() {
    let event: SqsEvent = serde_json::from_value(json!({ "Records": [
        { "messageId": "a", "receiptHandle": "ra", "body": "1",
          "attributes": { "ApproximateReceiveCount": "1", "MessageGroupId": "g" } },
        { "messageId": "b", "receiptHandle": "rb", "body": "2",
          "attributes": { "ApproximateReceiveCount": "1", "MessageGroupId": "h" } },
    ]}))
    .unwrap();
    let work = |task: Task| async move {
        match task.parse::<u32>() {
            Ok(1) => Disposition::Retry { after: None },
            Ok(_) | Err(_) => Disposition::Done,
        }
    };
    for frees in [true, false] {
        let shown = std::cell::RefCell::new(Vec::new());
        let show = |mut records: Vec<(String, Duration)>| {
            records.sort();
            shown.borrow_mut().push(records);
            std::future::ready(())
        };
        let kind = QueueKind { order: Order::Grouped, concurrency: 10, places: 10, frees };
        take(kind, LambdaEvent::new(event.clone(), context(90)), work, show).await;
        let mut shown = shown.into_inner();
        assert_eq!(shown.pop().unwrap(), [("ra".to_owned(), BACKOFF)], "the failed one comes back");
        let begun = shown.pop().into_iter().flatten();
        let hidden = begun.map(|(receipt, time)| {
            assert!((90..=100).contains(&time.as_secs()), "{time:?} of 90 s");
            receipt
        });
        let hidden: Vec<String> = hidden.collect();
        assert_eq!(hidden, if frees { vec!["ra", "rb"] } else { vec![] });
        assert!(shown.is_empty());
    }
}
