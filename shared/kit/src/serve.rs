//! The three kinds of Lambda function: HTTP, queue and schedule.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{self, Poll};
use std::time::Duration;

use aiva_core::ports::Clock;
use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use axum::Router;
use axum::body::Body;
use axum::http::header::RETRY_AFTER;
use axum::http::{Extensions, StatusCode};
use axum::response::{IntoResponse, Response};
use lambda_http::request::RequestContext;
use lambda_http::{Adapter, Request, RequestExt};
pub use lambda_runtime::Error;
use lambda_runtime::layers::TracingLayer;
use lambda_runtime::{Context, LambdaEvent, LambdaInvocation, Runtime, service_fn};
use tokio::time::Instant;
use tower::layer::layer_fn;
use tower::{Service, ServiceExt};

use crate::batch::{self, Batch, Disposition, Failure, Order, Record, Task};
use crate::clock::SystemClock;

/// What is left of an invocation's time for writing down how it went.
const MARGIN: Duration = Duration::from_secs(1);
/// How long API Gateway waits for an answer, less what it takes to hand it over.
const GATEWAY: Duration = Duration::from_secs(29);
/// How long Lambda may take after a batch to delete what is done with, before it would be seen again.
const AFTERWARDS: Duration = Duration::from_secs(10);
/// The first wait of a failed record.
const BACKOFF: Duration = Duration::from_secs(5);

/// Notes on a request where it came from, and when it is given up.
pub type Arrived = fn(&mut Extensions, &str, Instant);

/// Serves routes behind API Gateway's HTTP API. `arrived` notes on each request what the routes look for:
/// the caller's address, and when they must have answered; `drain` finishes what runs behind an answer when
/// the answer is out.
///
/// # Errors
/// When the Lambda runtime cannot be reached.
pub async fn http<D, F>(router: Router, arrived: Arrived, drain: D) -> Result<(), Error>
where
    D: Fn() -> F + Clone + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let handler = service_fn(move |request: Request| {
        let router = router.clone();
        async move { Ok::<_, Infallible>(answer(router, arrived, request, GATEWAY).await) }
    });
    let behind = layer_fn(|inner| Behind { inner, drain: drain.clone() });
    Runtime::new(Adapter::from(handler)).layer(behind).layer(TracingLayer::new()).run().await
}

/// Serves routes behind a function URL that streams: every answer goes out as it comes.
///
/// # Errors
/// When the Lambda runtime cannot be reached.
pub async fn streaming<D, F>(router: Router, arrived: Arrived, drain: D) -> Result<(), Error>
where
    D: Fn() -> F + Clone + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let handler = service_fn(move |request: Request| {
        let router = router.clone();
        async move { Ok::<_, Infallible>(answer(router, arrived, request, Duration::MAX).await) }
    });
    let behind = layer_fn(|inner| Behind { inner, drain: drain.clone() });
    lambda_http::streaming_runtime(handler).layer(behind).layer(TracingLayer::new()).run().await
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

/// An invocation ends when what runs behind its answer is done, not when the answer is out: a sandbox is
/// frozen once it asks for the next event, and the caller has its answer before.
#[derive(Clone)]
struct Behind<S, D> {
    inner: S,
    drain: D,
}

impl<S, D, F> Service<LambdaInvocation> for Behind<S, D>
where
    S: Service<LambdaInvocation, Response = (), Error = Error>,
    S::Future: 'static,
    D: Fn() -> F,
    F: Future<Output = ()> + 'static,
{
    type Response = ();
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<(), Error>>>>;

    fn poll_ready(&mut self, context: &mut task::Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, invocation: LambdaInvocation) -> Self::Future {
        let deadline = deadline(&invocation.context);
        let (answered, drained) = (self.inner.call(invocation), (self.drain)());
        Box::pin(async move {
            let answered = answered.await;
            if tokio::time::timeout_at(deadline, drained).await.is_err() {
                tracing::warn!("what runs behind this answer is not done");
            }
            answered
        })
    }
}

/// Answers one request of API Gateway, or of a function URL, for which the caller waits so long at `most`.
pub async fn answer(
    router: Router,
    arrived: Arrived,
    mut request: Request,
    most: Duration,
) -> Response {
    let frozen = request.lambda_context_ref().map_or_else(default_deadline, deadline);
    let deadline = Instant::now().checked_add(most).map_or(frozen, |end| end.min(frozen));
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
    /// Whether a sandbox that dies gives its records back when it would have ended, and not after the
    /// queue's visibility timeout: that is six times as long, and a group waits for it as a whole.
    pub frees: bool,
}

/// Works on the batches of a queue. `show` makes records visible again, each after a time (its receipt
/// handle and the time); without it a failed record would wait for the queue's whole visibility timeout.
///
/// # Errors
/// When the Lambda runtime cannot be reached.
pub async fn queue<W, F, B, G>(kind: QueueKind, work: W, show: B) -> Result<(), Error>
where
    W: Fn(Task) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Disposition> + Send + 'static,
    B: Fn(Vec<(String, Duration)>) -> G + Clone,
    G: Future<Output = ()>,
{
    lambda_runtime::run(service_fn(move |event: LambdaEvent<SqsEvent>| {
        let (work, show) = (work.clone(), show.clone());
        async move { Ok::<_, Infallible>(take(kind, event, work, show).await) }
    }))
    .await
}

/// Works on one batch. Beside its beginning its records are hidden for as long as it may take; at its end
/// those that come back are, each for its wait.
async fn take<W, F, B, G>(
    kind: QueueKind,
    event: LambdaEvent<SqsEvent>,
    work: W,
    show: B,
) -> SqsBatchResponse
where
    W: Fn(Task) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Disposition> + Send + 'static,
    B: Fn(Vec<(String, Duration)>) -> G,
    G: Future<Output = ()>,
{
    let receipts = receipts(&event.payload);
    let left = deadline(&event.context).saturating_duration_since(Instant::now()) + AFTERWARDS;
    let begin = async {
        if kind.frees {
            show(receipts.values().map(|receipt| (receipt.clone(), left)).collect()).await;
        }
    };
    let ((), (response, failures)) = tokio::join!(begin, work_on(kind, event, work));
    let back = failures.into_iter().filter_map(|failure| {
        receipts.get(&failure.id).map(|receipt| (receipt.clone(), failure.after))
    });
    let back: Vec<_> = back.collect();
    if !back.is_empty() {
        show(back).await;
    }
    response
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
