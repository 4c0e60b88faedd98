//! Requests of ours to endpoints of others.

use std::future::Future;
use std::time::Duration;

use crate::egress::CallbackUrl;
use crate::error::Result;

/// One POST to somebody else's endpoint.
#[derive(Debug, Clone)]
pub struct OutgoingRequest {
    /// Where to; vetted again at connect.
    pub url: CallbackUrl,
    /// Headers beside `content-type: application/json`.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// From the resolution of the name to the last byte of the answer.
    pub timeout: Duration,
    /// Bytes of the answer that are read at most.
    pub max_response_bytes: usize,
}

/// What the endpoint answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingResponse {
    /// The status.
    pub status: u16,
    /// The `Retry-After` header, if it can be read.
    pub retry_after: Option<Duration>,
    /// The body, as far as it was read.
    pub body: Vec<u8>,
    /// Whether more was offered than was read.
    pub truncated: bool,
    /// Whether the body came to its end.
    pub body_complete: bool,
}

/// Why there is no answer, in words the integrator may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OutgoingError {
    /// The name does not resolve.
    #[error("the host name does not resolve")]
    Dns,
    /// Nothing was sent: too many names are being looked up here. It says nothing about the endpoint.
    #[error("we could not look the host name up in time")]
    Busy,
    /// It resolves to an address that is never called.
    #[error("the host resolves to an address that is not allowed")]
    RefusedAddress,
    /// No connection.
    #[error("the connection failed")]
    Connect,
    /// No trust.
    #[error("the TLS handshake failed")]
    Tls,
    /// No time left.
    #[error("timed out")]
    Timeout,
    /// No HTTP.
    #[error("the answer is not valid HTTP")]
    Protocol,
}

/// The names of the Internet, as they stand now.
pub trait Names: Send + Sync + 'static {
    /// The addresses of a host, or none where it does not resolve (yet).
    fn addresses(&self, host: &str) -> impl Future<Output = Vec<std::net::IpAddr>> + Send;
}

/// Outgoing HTTP, guarded: public addresses only, no redirects, bounded in time and bytes.
pub trait HttpOut: Send + Sync + 'static {
    /// Sends one POST.
    fn post(
        &self,
        request: OutgoingRequest,
    ) -> impl Future<Output = Result<OutgoingResponse, OutgoingError>> + Send;
}
