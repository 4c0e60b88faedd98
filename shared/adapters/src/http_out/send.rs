//! One request under one deadline.

use std::error::Error;
use std::io;
use std::time::Duration;

use aiva_core::egress::{CallbackUrl, EgressPolicy};
use aiva_core::ports::{HttpOut, OutgoingError, OutgoingRequest, OutgoingResponse};
use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, Response, redirect, retry};
use tokio::time::{Instant, timeout_at};

use super::resolver::{GuardedResolver, Resolution, Unresolved};
use super::retry_after;

const USER_AGENT: &str = "Aiva-Webhooks/1";

/// A bound on every deadline that a caller may set.
pub(super) const MAX_TIMEOUT: Duration = Duration::from_secs(60);

/// Shared among the addresses of a name, so that one dead address leaves time for the next.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);

/// Long enough for a burst to one endpoint; short, because hosts are many and descriptors few.
const IDLE_TIMEOUT: Duration = Duration::from_secs(2);
const MAX_IDLE_PER_HOST: usize = 32;

/// More are an attack. Their bytes are bounded by hyper's buffer, about 400 KiB.
const MAX_RESPONSE_HEADERS: usize = 100;

/// An HTTP client that reaches only what the policy allows.
#[derive(Debug, Clone)]
pub struct GuardedHttp {
    policy: EgressPolicy,
    resolver: GuardedResolver,
    pub(super) client: Client,
    clock: fn() -> Timestamp,
}

impl GuardedHttp {
    /// Makes a client; `clock` is asked only to read a `Retry-After` that is a date.
    ///
    /// # Errors
    /// When TLS cannot be set up, for example without any root certificate on the system.
    pub fn new(
        policy: EgressPolicy,
        resolution: Resolution,
        clock: fn() -> Timestamp,
    ) -> Result<Self, reqwest::Error> {
        let resolver = GuardedResolver::new(policy.local, resolution);
        // What is a default today is stated all the same: a feature that another crate switches on
        // must not bring back proxies, decompression or a second protocol.
        let client = Client::builder()
            .dns_resolver(resolver.clone())
            .https_only(!policy.local)
            .no_proxy()
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .http1_only()
            .http1_max_headers(MAX_RESPONSE_HEADERS)
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(MAX_IDLE_PER_HOST)
            .user_agent(USER_AGENT)
            .build()?;
        Ok(Self { policy, resolver, client, clock })
    }

    /// Tells whether a URL could be called now, without calling it.
    ///
    /// # Errors
    /// `RefusedAddress` when its host is, or resolves to, an address that may not be called; `Dns`,
    /// `Busy` or `Timeout` when the name gives no answer, which is no reason to refuse to save it.
    pub async fn vet(&self, url: &CallbackUrl, timeout: Duration) -> Result<(), OutgoingError> {
        self.check_url(url)?;
        if url.literal().is_some() {
            return Ok(());
        }
        let deadline = Instant::now() + timeout.min(MAX_TIMEOUT);
        match timeout_at(deadline, self.resolver.addresses(url.host())).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(unresolved)) => Err(unresolved.into()),
            Err(_) => Err(OutgoingError::Timeout),
        }
    }

    /// Judges the URL again under this deployment's own policy; it may have been saved under
    /// another, and the connector asks no resolver about literal addresses.
    pub(super) fn check_url(&self, url: &CallbackUrl) -> Result<(), OutgoingError> {
        if CallbackUrl::parse(url.as_str(), &self.policy).as_ref() == Ok(url) {
            Ok(())
        } else {
            Err(OutgoingError::RefusedAddress)
        }
    }
}

impl HttpOut for GuardedHttp {
    async fn post(&self, request: OutgoingRequest) -> Result<OutgoingResponse, OutgoingError> {
        let deadline = Instant::now() + request.timeout.min(MAX_TIMEOUT);
        self.check_url(&request.url)?;
        let outgoing = request.headers.iter().fold(
            self.client.post(request.url.as_str()).header(CONTENT_TYPE, "application/json"),
            |outgoing, (name, value)| outgoing.header(*name, value),
        );
        let response = timeout_at(deadline, outgoing.body(request.body).send())
            .await
            .map_err(|_| OutgoingError::Timeout)?
            .map_err(|error| classify(&error))?;
        let status = response.status().as_u16();
        let retry_after = self.retry_after(&response);
        let answer = read_body(response, request.max_response_bytes, deadline).await;
        Ok(OutgoingResponse {
            status,
            retry_after,
            body: answer.bytes,
            truncated: answer.truncated,
            body_complete: answer.complete,
        })
    }
}

impl GuardedHttp {
    fn retry_after(&self, response: &Response) -> Option<Duration> {
        let value = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
        retry_after::parse(value, (self.clock)())
    }
}

#[derive(Default)]
pub(super) struct Body {
    pub(super) bytes: Vec<u8>,
    pub(super) truncated: bool,
    pub(super) complete: bool,
}

/// Reads at most `max_bytes`. Dropping a response that is not at its end closes the connection.
pub(super) async fn read_body(mut response: Response, max_bytes: usize, deadline: Instant) -> Body {
    let mut body = Body::default();
    while !body.truncated && !body.complete {
        match timeout_at(deadline, response.chunk()).await {
            Ok(Ok(Some(chunk))) => {
                let room = max_bytes - body.bytes.len();
                body.truncated = chunk.len() > room;
                body.bytes.extend_from_slice(&chunk[..chunk.len().min(room)]);
            }
            Ok(Ok(None)) => body.complete = true,
            Ok(Err(_)) | Err(_) => break,
        }
    }
    body
}

impl From<Unresolved> for OutgoingError {
    fn from(unresolved: Unresolved) -> Self {
        match unresolved {
            Unresolved::NotFound => Self::Dns,
            Unresolved::Refused => Self::RefusedAddress,
            Unresolved::Busy => Self::Busy,
        }
    }
}

pub(super) fn classify(error: &reqwest::Error) -> OutgoingError {
    if let Some(unresolved) = cause::<Unresolved>(error) {
        (*unresolved).into()
    } else if error.is_timeout() {
        OutgoingError::Timeout
    } else if error.is_connect() {
        match cause::<io::Error>(error).map(innermost_kind) {
            // Opening a TCP connection never fails in these two ways; a TLS handshake does.
            Some(io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof) => OutgoingError::Tls,
            _ => OutgoingError::Connect,
        }
    } else {
        OutgoingError::Protocol
    }
}

/// The first error of this type in the chain of causes.
fn cause<E: Error + 'static>(error: &reqwest::Error) -> Option<&E> {
    std::iter::successors(error.source(), |error| (*error).source())
        .find_map(|error| error.downcast_ref())
}

/// The connector wraps what TLS reports into a second IO error that says only "other".
fn innermost_kind(error: &io::Error) -> io::ErrorKind {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<io::Error>());
    inner.unwrap_or(error).kind()
}
