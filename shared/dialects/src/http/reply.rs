//! What a handler answers when all is well.

use std::convert::Infallible;

use aiva_core::error::Error;
use axum::body::Body;
use bytes::Bytes;
use futures_util::Stream;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;

use super::Failure;

/// Tells nginx and its likes to pass a stream on as it comes.
const UNBUFFERED: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Who may keep an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cache {
    /// Nobody.
    NoStore,
    /// The caller, if it asks again each time (`ETag`).
    Revalidate,
    /// Anyone, for some minutes.
    Public,
}

impl Cache {
    pub(super) const fn header(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::NoStore => "no-store",
            Self::Revalidate => "private, no-cache",
            Self::Public => "public, max-age=300",
        })
    }
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) cache: Cache,
    pub(super) body: Body,
    pub(super) code: Option<&'static str>,
}

#[derive(Serialize)]
pub(super) struct Success<T> {
    pub(super) status: &'static str,
    pub(super) data: T,
}

impl Reply {
    /// A JSON document as it stands.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn json(status: StatusCode, document: &impl Serialize) -> Result<Self, Failure> {
        let body = serde_json::to_vec(document).map_err(Error::internal)?;
        Ok(Self::bytes(status, "application/json", body.into()))
    }

    /// `{"status":"success","data":…}`: the envelope of Aiva and of the operator API.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn success(status: StatusCode, data: &impl Serialize) -> Result<Self, Failure> {
        Self::json(status, &Success { status: "success", data })
    }

    /// Bytes of a content type.
    pub fn bytes(status: StatusCode, content_type: &'static str, body: Bytes) -> Self {
        let kind = (header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        let (headers, cache) = (vec![kind], Cache::NoStore);
        Self { status, headers, cache, body: Body::from(body), code: None }
    }

    /// Bytes as they come. Nobody on the way may hold them back to compress or to collect them.
    pub fn stream<S>(content_type: &'static str, stream: S) -> Self
    where
        S: Stream<Item = Result<Bytes, Infallible>> + Send + 'static,
    {
        let kind = (header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        let unbuffered = (UNBUFFERED, HeaderValue::from_static("no"));
        Self {
            status: StatusCode::OK,
            headers: vec![kind, unbuffered],
            cache: Cache::NoStore,
            body: Body::from_stream(stream),
            code: None,
        }
    }

    /// A status without a body.
    pub fn empty(status: StatusCode) -> Self {
        let (headers, cache, body) = (Vec::new(), Cache::NoStore, Body::empty());
        Self { status, headers, cache, body, code: None }
    }

    /// Adds an entity tag, and lets the caller keep the answer to compare it.
    ///
    /// # Errors
    /// When the tag is no header value.
    pub fn tagged(mut self, etag: &str) -> Result<Self, Failure> {
        let value = HeaderValue::from_str(etag).map_err(Error::internal)?;
        self.headers.push((header::ETAG, value));
        self.cache = Cache::Revalidate;
        Ok(self)
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Adds a word for the request log alone; who asks never sees it.
    #[must_use]
    pub fn logged_as(mut self, code: Option<&'static str>) -> Self {
        self.code = code;
        self
    }

    /// Sets who may keep the answer.
    #[must_use]
    pub fn cached(mut self, cache: Cache) -> Self {
        self.cache = cache;
        self
    }
}
