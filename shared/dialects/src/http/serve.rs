//! The way of one request: route, answer, render, log.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use aiva_core::error::Error;
use aiva_core::id::RequestId;
use aiva_core::key::RateWindow;
use aiva_core::ports::{Clock, Entropy, LogStore, Ports};
use aiva_core::request_log::RequestLogEntry;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use futures_util::FutureExt;
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use jiff::Timestamp;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

use super::authenticate::count_stray;
use super::call::{Deadline, Seen};
use super::render::render;
use super::route::{Found, Params, find};
use super::{Access, Call, Edge, Failure, Query, Reply, Route, RouteSet, SourceAddress, Voice};
use crate::routes;

/// Seconds that a refusal asks to wait when nothing better is known.
const DEFAULT_RETRY_AFTER_SECONDS: u64 = 60;

/// What is left of a request's time for the refusal of one that takes too long, and for the logs.
const MARGIN: Duration = Duration::from_millis(750);
/// How long a request may take where its host says nothing.
const MOST: Duration = Duration::from_secs(60);

/// What logs call the path of a request that no route has: the path itself may hold anything.
const NO_ROUTE: &str = "none";

/// What is known of a request before anything is done about it.
struct Arrival {
    id: RequestId,
    at: Timestamp,
    method: Method,
    voice: Voice,
    /// The pattern of its path; [`NO_ROUTE`] where there is none.
    path: &'static str,
    seen: Arc<OnceLock<Seen>>,
    deadline: Instant,
}

pub(super) async fn serve<P: Ports>(
    edge: Arc<Edge<P>>,
    routes: Arc<RouteSet<P>>,
    request: Request,
) -> Response {
    let at = edge.app.now();
    let query = Query::parse(request.uri().query());
    let found = find(routes::all(), request.method(), request.uri().path(), &query);
    let id = RequestId::new(at, &*edge.app);
    let arrival = arrival((id, at), request.method(), &found, deadline(&request));
    let span = tracing::info_span!(
        "request",
        request_id = %arrival.id,
        dialect = arrival.voice.as_str(),
        route = arrival.path,
        key_id = tracing::field::Empty,
        workspace_id = tracing::field::Empty,
    );
    let outcome = async {
        let outcome = match found {
            Found::Route(route, params) => {
                let call = call(&arrival, route, params, request);
                let answered = timeout_at(arrival.deadline, answer(&edge, &routes, call));
                answered.await.unwrap_or_else(|_| Err(too_late()))
            }
            Found::WrongMethod { allow, .. } => {
                stray(&edge, &arrival, caller_of(&request)).await;
                Err(Failure::MethodNotAllowed { allow })
            }
            Found::Nothing { .. } => {
                stray(&edge, &arrival, caller_of(&request)).await;
                Err(Failure::RouteNotFound)
            }
        };
        finish(&edge, &arrival, outcome)
    };
    outcome.instrument(span).await
}

fn arrival(
    (id, at): (RequestId, Timestamp),
    method: &Method,
    found: &Found,
    deadline: Instant,
) -> Arrival {
    let (voice, path) = match found {
        Found::Route(route, _) | Found::WrongMethod { route, .. } => (route.voice, route.path()),
        Found::Nothing { voice } => (*voice, NO_ROUTE),
    };
    let (method, seen) = (method.clone(), Arc::new(OnceLock::new()));
    Arrival { id, at, method, voice, path, seen, deadline }
}

/// A request that no route takes counts like any other, where it has a key.
async fn stray<P: Ports>(edge: &Edge<P>, arrival: &Arrival, caller: (&HeaderMap, &str)) {
    let counted = count_stray(edge, caller, &arrival.seen);
    if timeout_at(arrival.deadline, counted).await.is_err() {
        tracing::warn!("a request that no route takes is not counted in time");
    }
}

/// What a request says of who sends it.
fn caller_of(request: &Request) -> (&HeaderMap, &str) {
    (request.headers(), source_address(request.extensions()))
}

fn source_address(extensions: &Extensions) -> &str {
    extensions.get::<SourceAddress>().map_or("unknown", |known| known.0.as_str())
}

/// The answer to a request that its host gave up: `SERVICE_UNAVAILABLE` where it ran out of time, else an
/// internal fault.
pub fn broken_off(
    env: (&impl Clock, &impl Entropy),
    (method, uri): (&Method, &Uri),
    status: StatusCode,
) -> Response {
    let error = match status {
        StatusCode::SERVICE_UNAVAILABLE => Error::unavailable("the handler ran out of time"),
        _ => Error::internal("the handler broke"),
    };
    refusal(env, (method, uri), &error.into())
}

/// A refusal in the words of whoever a request speaks to, under a fresh id, for a host to give where no
/// route answered.
pub fn refusal(
    (clock, entropy): (&impl Clock, &impl Entropy),
    (method, uri): (&Method, &Uri),
    failure: &Failure,
) -> Response {
    let at = clock.now();
    let id = RequestId::new(at, entropy);
    let found = find(routes::all(), method, uri.path(), &Query::parse(uri.query()));
    let arrival = arrival((id, at), method, &found, Instant::now());
    let span = tracing::info_span!("request", request_id = %id, route = arrival.path);
    let (reply, _) = span.in_scope(|| refuse(&arrival, failure));
    respond(&arrival, reply, None)
}

/// When a request is refused because it takes too long: before its host gives up on it.
fn deadline(request: &Request) -> Instant {
    let now = Instant::now();
    match request.extensions().get::<Deadline>() {
        Some(Deadline(end)) => end.checked_sub(MARGIN).unwrap_or(now),
        None => now + MOST,
    }
}

/// What was begun is dropped where it stands, as if the process had died: everything can take that.
fn too_late() -> Failure {
    Error::unavailable("the request took too long").into()
}

fn call(arrival: &Arrival, route: &'static Route, params: Params, request: Request) -> Call {
    let (parts, body) = request.into_parts();
    Call {
        route,
        request_id: arrival.id,
        at: arrival.at,
        query: Query::parse(parts.uri.query()),
        params,
        source_address: source_address(&parts.extensions).to_owned(),
        headers: parts.headers,
        body: Mutex::new(Some(body)),
        seen: Arc::clone(&arrival.seen),
    }
}

/// Runs the handler. A panic in it is one failed request, not a dead process.
async fn answer<P: Ports>(
    edge: &Arc<Edge<P>>,
    routes: &RouteSet<P>,
    call: Call,
) -> Result<Reply, Failure> {
    let Some(handler) = routes.handler(call.route) else {
        tracing::warn!("this process does not serve the route");
        return Err(Failure::RouteNotFound);
    };
    let (route, seen) = (call.route, Arc::clone(&call.seen));
    let work = async {
        if let Some(role) = route.role() {
            call.authenticate_operator(edge, role).await?;
        }
        handler(Arc::clone(edge), call).await
    };
    let reply = match AssertUnwindSafe(work).catch_unwind().await {
        Ok(outcome) => outcome?,
        Err(_) => return Err(Error::internal("the handler panicked").into()),
    };
    if route.access != Access::Open && seen.get().is_none() {
        return Err(Error::internal("a handler answered without asking who calls").into());
    }
    Ok(reply)
}

/// Turns the outcome into the response, and tells the logs.
fn finish<P: Ports>(
    edge: &Edge<P>,
    arrival: &Arrival,
    outcome: Result<Reply, Failure>,
) -> Response {
    let known = arrival.seen.get().and_then(|seen| seen.window);
    let (reply, code, window) = match outcome {
        Ok(reply) => {
            let code = reply.code;
            (reply, code, known)
        }
        Err(failure) => {
            let window = failure.window(edge.app.now()).or(known);
            let (reply, code) = refuse(arrival, &failure);
            (reply, Some(code), window)
        }
    };
    let elapsed = edge.app.now().as_millisecond() - arrival.at.as_millisecond();
    let duration_ms = u64::try_from(elapsed).unwrap_or(0);
    let status = reply.status.as_u16();
    tracing::info!(method = %arrival.method, status, code, duration_ms, "answered");
    record(edge, arrival, (status, code), duration_ms);
    respond(arrival, reply, window)
}

fn refuse(arrival: &Arrival, failure: &Failure) -> (Reply, &'static str) {
    match failure {
        Failure::Core(Error::Internal(cause)) => tracing::error!(%cause, "internal error"),
        Failure::Core(Error::Unavailable(cause)) => tracing::warn!(%cause, "unavailable"),
        Failure::Core(_)
        | Failure::MalformedJson(_)
        | Failure::UnsupportedMediaType(_)
        | Failure::PayloadTooLarge { .. }
        | Failure::MethodNotAllowed { .. }
        | Failure::RouteNotFound => {}
    }
    let rendered = render(arrival.voice, failure, arrival.id);
    let mut reply = Reply::bytes(rendered.status, "application/json", rendered.body.into());
    reply.headers.extend(failure.header());
    let waits = rendered.status == StatusCode::TOO_MANY_REQUESTS;
    let wait = failure.retry_after_seconds().or(waits.then_some(DEFAULT_RETRY_AFTER_SECONDS));
    reply.headers.extend(wait.map(|seconds| (header::RETRY_AFTER, seconds.into())));
    (reply, rendered.code)
}

/// Hands the entry of the request log to the background; the answer does not wait for it.
fn record<P: Ports>(
    edge: &Edge<P>,
    arrival: &Arrival,
    (status, code): (u16, Option<&'static str>),
    duration_ms: u64,
) {
    let Some(key) = arrival.seen.get().and_then(|seen| seen.key) else { return };
    let entry = RequestLogEntry {
        id: arrival.id,
        key,
        at: arrival.at,
        method: arrival.method.as_str().to_owned(),
        route: arrival.path.to_owned(),
        status,
        code: code.map(str::to_owned),
        duration_ms,
    };
    let app = Arc::clone(&edge.app);
    let written = async move {
        if let Err(error) = app.store.log_request(&entry).await {
            tracing::warn!(%error, "the request log misses an entry");
        }
    };
    if !edge.background.run(written.in_current_span()) {
        tracing::warn!("the request log misses an entry: too many are in flight");
    }
}

fn respond(arrival: &Arrival, reply: Reply, window: Option<RateWindow>) -> Response {
    // An answer to HEAD is the answer to GET without its body.
    let bodiless = arrival.method == Method::HEAD;
    let body = if bodiless { Body::empty() } else { reply.body };
    let mut response = Response::new(body);
    *response.status_mut() = reply.status;
    let headers = response.headers_mut();
    headers.extend(reply.headers);
    headers.insert(header::CACHE_CONTROL, reply.cache.header());
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(id) = HeaderValue::try_from(arrival.id.to_string()) {
        headers.insert(REQUEST_ID, id);
    }
    if let Some(window) = window {
        tell_limits(headers, window);
    }
    response
}

/// The header that names a request in every answer.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

fn tell_limits(headers: &mut HeaderMap, window: RateWindow) {
    let resets_at =
        window.resets_at.as_second() + i64::from(window.resets_at.subsec_millisecond() > 0);
    headers.insert("x-ratelimit-limit", window.limit.into());
    headers.insert("x-ratelimit-remaining", window.remaining.into());
    headers.insert("x-ratelimit-reset", resets_at.into());
}
