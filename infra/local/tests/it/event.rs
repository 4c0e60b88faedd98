//! The sample events in `events/` are what the functions get, and every one of them is answered.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aiva_core::outbox::{DeliveryJob, GenerationJob, IngestionJob};
use aiva_dialects::{Edge, RouteSet, arrived, function, router};
use aiva_kit::batch::{Disposition, Order, Task};
use aiva_kit::serve::{self, QueueKind};
use aiva_local::LocalPorts;
use aws_lambda_events::event::sqs::SqsEvent;
use lambda_http::lambda_runtime::{Context, LambdaEvent};
use serde::de::DeserializeOwned;

use crate::support::{Product, fresh_dir};

fn samples(function: &str) -> Vec<(PathBuf, String)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events").join(function);
    let files = std::fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path());
    let samples: Vec<_> =
        files.map(|path| (path.clone(), std::fs::read_to_string(path).unwrap())).collect();
    assert!(!samples.is_empty(), "{}", dir.display());
    samples
}

/// How long the gateway waits.
const WAITS: Duration = Duration::from_secs(29);

async fn answers(product: &Product, routes: RouteSet<LocalPorts>, function: &str) {
    let desk = Arc::clone(product.runtime.desk());
    let edge = Edge::with_desk(Arc::clone(product.runtime.app()), None, desk);
    let router = router(Arc::clone(&edge), routes);
    for (path, text) in samples(function) {
        let request = lambda_http::request::from_str(&text).unwrap();
        let answer = serve::answer(router.clone(), arrived, request, WAITS).await;
        assert!(answer.status().as_u16() < 500, "{}: {}", path.display(), answer.status());
        assert!(answer.headers().contains_key("x-request-id"), "{}", path.display());
    }
    edge.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_sample_request_is_answered() {
    let dir = fresh_dir();
    let product = Product::start(dir.path()).await;
    answers(&product, function::message_submit(), "message-submit").await;
    answers(&product, function::conversation_read(), "conversation-read").await;
    answers(&product, function::identity_verify(), "identity-verify").await;
    answers(&product, function::chat(), "chat").await;
    answers(&product, function::knowledge_manage(), "knowledge-manage").await;
    answers(&product, function::admin(), "admin").await;
    product.stop().await;
}

/// Runs every sample batch; only the malformed ones hold something that is no job.
async fn jobs<T: DeserializeOwned>(function: &str, order: Order) {
    for (path, text) in samples(function) {
        let event: SqsEvent = serde_json::from_str(&text).unwrap();
        let records = event.records.len();
        let mut context = Context::default();
        context.deadline = u64::MAX / 2_000_000;
        let kind = QueueKind { order, concurrency: 10, places: 10, frees: false };
        let dead = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&dead);
        let work = move |task: Task| {
            let count = Arc::clone(&count);
            async move {
                match task.parse::<T>() {
                    Ok(_) => Disposition::Done,
                    Err(reason) => {
                        count.fetch_add(1, Ordering::SeqCst);
                        reason
                    }
                }
            }
        };
        let (response, _) = serve::work_on(kind, LambdaEvent::new(event, context), work).await;
        assert!(response.batch_item_failures.is_empty(), "{}", path.display());
        let malformed = path.to_string_lossy().contains("malformed");
        let expected = if malformed { records } else { 0 };
        assert_eq!(dead.load(Ordering::SeqCst), expected, "{}", path.display());
    }
}

#[tokio::test]
async fn every_sample_batch_holds_jobs() {
    jobs::<GenerationJob>("reply-generate", Order::Grouped).await;
    jobs::<DeliveryJob>("callback-deliver", Order::Free).await;
    jobs::<IngestionJob>("knowledge-ingest", Order::Grouped).await;
}

#[test]
fn the_sample_schedule_is_an_event_of_eventbridge() {
    for (_, text) in samples("sweep") {
        let event: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(event["source"], "aws.events");
    }
}
