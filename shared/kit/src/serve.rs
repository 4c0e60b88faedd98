//! The three kinds of Lambda function: HTTP, queue and schedule.

use std::convert::Infallible;
use std::future::Future;
use std::time::Duration;

use aiva_core::ports::Clock;
use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use axum::Router;
use axum::body::Body;
use axum::http::header::RETRY_AFTER;
use axum::http::{Extensions, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt};
pub use lambda_runtime::Error;
use lambda_runtime::{Context, LambdaEvent, service_fn};
use tokio::time::Instant;
use tower::ServiceExt;

use crate::batch::{self, Batch, Disposition, Failure, Order, Record, Task};
use crate::clock::SystemClock;

/// What is left of an invocation's time for writing down how it went.
const MARGIN: Duration = Duration::from_secs(1);
/// The first wait of a failed record.
const BACKOFF: Duration = Duration::from_secs(5);

/// Notes on a request where it came from, and when it is given up.
pub type Arrived = fn(&mut Extensions, &str, Instant);

/// Serves routes behind API Gateway's HTTP API. `arrived` notes on each request what the routes look for:
/// the caller's address, and when they must have answered; `drain` finishes what runs behind the answers, because
/// nothing runs between two invocations.
///
/// # Errors
/// When the Lambda runtime cannot be reached.
pub async fn http<D, F>(router: Router, arrived: Arrived, drain: D) -> Result<(), Error>
where
    D: Fn() -> F + Clone + Send,
    F: Future<Output = ()> + Send,
{
    lambda_http::run(service_fn(move |request: Request| {
        let (router, drain) = (router.clone(), drain.clone());
        async move {
            let deadline = request.lambda_context_ref().map_or_else(default_deadline, deadline);
            let response = answer(router, arrived, request).await;
            if tokio::time::timeout_at(deadline, drain()).await.is_err() {
                tracing::warn!("the log of this request is not written");
            }
            Ok::<_, Infallible>(response)
        }
    }))
    .await
}

/// Serves routes behind a function URL that streams: every answer goes out as it comes. `drain` runs
/// when the answer's last byte is on its way, before the sandbox may be frozen.
///
/// # Errors
/// When the Lambda runtime cannot be reached.
pub async fn streaming<D, F>(router: Router, arrived: Arrived, drain: D) -> Result<(), Error>
where
    D: Fn() -> F + Clone + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    lambda_http::run_with_streaming_response(service_fn(move |request: Request| {
        let (router, drain) = (router.clone(), drain.clone());
        async move {
            let deadline = request.lambda_context_ref().map_or_else(default_deadline, deadline);
            let answer = answer(router, arrived, request).await;
            Ok::<_, Infallible>(answer.map(|body| ending_with(body, drain, deadline)))
        }
    }))
    .await
}

/// Serves routes by [`streaming`] or by [`http`].
///
/// # Errors
/// When the Lambda runtime cannot be reached.
pub async fn whole_or_streamed<D, F>(
    streamed: bool,
    router: Router,
    arrived: Arrived,
    drain: D,
) -> Result<(), Error>
where
    D: Fn() -> F + Clone + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    if streamed {
        return streaming(router, arrived, drain).await;
    }
    http(router, arrived, drain).await
}

/// The same body, whose end waits until `drain` is done.
fn ending_with<D, F>(body: Body, drain: D, deadline: Instant) -> Body
where
    D: Fn() -> F + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let last = stream::once(async move {
        if tokio::time::timeout_at(deadline, drain()).await.is_err() {
            tracing::warn!("what runs behind this answer is not done");
        }
    });
    let nothing = last.filter_map(|()| async { None::<Result<Bytes, axum::Error>> });
    Body::from_stream(body.into_data_stream().chain(nothing))
}

/// Answers one request of API Gateway, or of a function URL.
pub async fn answer(router: Router, arrived: Arrived, mut request: Request) -> Response {
    let deadline = request.lambda_context_ref().map_or_else(default_deadline, deadline);
    let address = address_of(&request).to_owned();
    arrived(request.extensions_mut(), &address, deadline);
    strip_stage(&mut request);
    let handler = tokio::spawn(router.oneshot(request.map(Body::new)));
    match tokio::time::timeout_at(deadline, handler).await {
        Ok(Ok(Ok(response))) => response,
        Ok(Ok(Err(never))) => match never {},
        Ok(Err(error)) => {
            tracing::error!(panicked = error.is_panic(), "the handler broke");
            last_resort(StatusCode::INTERNAL_SERVER_ERROR)
        }
        Err(_) => {
            tracing::error!("the handler ran out of time");
            last_resort(StatusCode::SERVICE_UNAVAILABLE)
        }
    }
}

/// The answer when no dialect could give one: the routes end their work before the deadline themselves.
fn last_resort(status: StatusCode) -> Response {
    (status, [(RETRY_AFTER, "1")]).into_response()
}

fn address_of(request: &Request) -> &str {
    match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => {
            context.http.source_ip.as_deref().unwrap_or("unknown")
        }
        // Only API Gateway's HTTP API is compiled in.
        _ => "unknown",
    }
}

/// A named stage stands at the front of the path; the routes do not know it.
fn strip_stage(request: &mut Request) {
    let Some(RequestContext::ApiGatewayV2(context)) = request.request_context_ref() else { return };
    let Some(stage) = context.stage.as_deref().filter(|stage| *stage != "$default") else { return };
    let uri = request.uri();
    let path = uri.path().strip_prefix('/').and_then(|path| path.strip_prefix(stage));
    let Some(rest) = path.filter(|rest| rest.is_empty() || rest.starts_with('/')) else { return };
    let path = if rest.is_empty() { "/" } else { rest };
    let target = uri.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
    if let Ok(stripped) = target.parse() {
        *request.uri_mut() = stripped;
    }
}

/// The kind of queue that a function works for.
#[derive(Debug, Clone, Copy)]
pub struct QueueKind {
    /// Whether groups are kept in order.
    pub order: Order,
    /// Records worked on at once, at most.
    pub concurrency: usize,
    /// Of them, records of one group.
    pub places: usize,
}

/// Works on the batches of a queue. `put_back` makes a record visible again after a time (its receipt
/// handle and the time); without it a failed record would wait for the queue's whole visibility timeout.
///
/// # Errors
/// When the Lambda runtime cannot be reached.
pub async fn queue<W, F, B, G>(kind: QueueKind, work: W, put_back: B) -> Result<(), Error>
where
    W: Fn(Task) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Disposition> + Send + 'static,
    B: Fn(String, Duration) -> G + Clone,
    G: Future<Output = ()>,
{
    lambda_runtime::run(service_fn(move |event: LambdaEvent<SqsEvent>| {
        let (work, put_back) = (work.clone(), put_back.clone());
        async move {
            let receipts = receipts(&event.payload);
            let (response, failures) = work_on(kind, event, work).await;
            for failure in failures {
                if let Some(receipt) = receipts.get(&failure.id) {
                    put_back(receipt.clone(), failure.after).await;
                }
            }
            Ok::<_, Infallible>(response)
        }
    }))
    .await
}

/// Works on one batch and answers Lambda, and what comes back when.
pub async fn work_on<W, F>(
    kind: QueueKind,
    event: LambdaEvent<SqsEvent>,
    work: W,
) -> (SqsBatchResponse, Vec<Failure>)
where
    W: Fn(Task) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Disposition> + Send + 'static,
{
    let batch = Batch {
        invocation: event.context.request_id.clone(),
        order: kind.order,
        concurrency: kind.concurrency,
        places: kind.places,
        deadline: deadline(&event.context),
        backoff: BACKOFF,
    };
    let records = event.payload.records.into_iter().filter_map(record).collect();
    let failures = batch::run(batch, records, work).await;
    let mut response = SqsBatchResponse::default();
    for failure in &failures {
        let mut item = BatchItemFailure::default();
        item.item_identifier.clone_from(&failure.id);
        response.batch_item_failures.push(item);
    }
    (response, failures)
}

fn receipts(event: &SqsEvent) -> std::collections::HashMap<String, String> {
    let pairs = event
        .records
        .iter()
        .map(|message| Some((message.message_id.clone()?, message.receipt_handle.clone()?)));
    pairs.flatten().collect()
}

/// A message without an id could not be named as failed, so it is not touched; SQS sends none such.
fn record(message: SqsMessage) -> Option<Record> {
    let receives = message.attributes.get("ApproximateReceiveCount");
    Some(Record {
        id: message.message_id?,
        body: message.body.unwrap_or_default(),
        group: message.attributes.get("MessageGroupId").cloned(),
        receive_count: receives.and_then(|count| count.parse().ok()).unwrap_or(1),
    })
}

/// Runs a task whenever the schedule says so; its failure is the invocation's, for the alarm to see.
///
/// # Errors
/// When the Lambda runtime cannot be reached.
pub async fn schedule<W, F>(work: W) -> Result<(), Error>
where
    W: Fn() -> F,
    F: Future<Output = Result<(), aiva_core::error::Error>>,
{
    lambda_runtime::run(service_fn(|event: LambdaEvent<serde_json::Value>| {
        let (deadline, work) = (deadline(&event.context), Box::pin(work()));
        async move {
            match tokio::time::timeout_at(deadline, work).await {
                Ok(Ok(())) => Ok(()),
                Ok(Err(error)) => Err(Error::from(error.to_string())),
                Err(_) => Err(Error::from("the sweep ran out of time; the next one goes on")),
            }
        }
    }))
    .await
}

/// The last moment of an invocation at which its work may still run.
fn deadline(context: &Context) -> Instant {
    let now = u64::try_from(SystemClock.now().as_millisecond()).unwrap_or(0);
    let left = Duration::from_millis(context.deadline.saturating_sub(now));
    Instant::now() + left.saturating_sub(MARGIN)
}

fn default_deadline() -> Instant {
    Instant::now() + Duration::from_secs(10)
}

#[cfg(test)]
#[path = "serve_tests.rs"]
mod tests;
