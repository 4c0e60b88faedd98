//! One request on its way through the edge.

use std::sync::{Arc, Mutex, OnceLock};

use aiva_core::error::Error;
use aiva_core::id::{ProjectId, RequestId};
use aiva_core::key::{KeyId, RateWindow};
use aiva_core::operator::Role;
use aiva_core::text::IdempotencyKey;
use axum::body::Body;
use bytes::Bytes;
use http::{Extensions, HeaderMap};
use jiff::Timestamp;
use tokio::time::Instant;

use super::route::Params;
use super::{Failure, Fields, Form, Query, Route, body, form};

/// Where a request came from: an extension that the host sets. Without it the address is `unknown`.
#[derive(Debug, Clone)]
pub struct SourceAddress(pub String);

/// When the host gives up on a request: an extension that it sets. Without it a request has a minute.
#[derive(Debug, Clone, Copy)]
pub struct Deadline(pub Instant);

/// Notes on a request, as it arrives, where it came from and when its host gives up on it.
pub fn arrived(extensions: &mut Extensions, address: &str, deadline: Instant) {
    extensions.insert(SourceAddress(address.to_owned()));
    extensions.insert(Deadline(deadline));
}

/// One request, routed but not yet authenticated.
#[derive(Debug)]
pub struct Call {
    /// The route that it means.
    pub route: &'static Route,
    /// Our id of it; every answer and every log line carries it.
    pub request_id: RequestId,
    /// When it came.
    pub at: Timestamp,
    /// Its query.
    pub query: Query,
    /// Its headers.
    pub headers: HeaderMap,
    pub(super) params: Params,
    pub(super) source_address: String,
    /// Behind a lock, only so that a call may be shared while its key is being checked.
    pub(super) body: Mutex<Option<Body>>,
    pub(super) seen: Arc<OnceLock<Seen>>,
}

/// Who turned out to call. The edge reads it after the handler, whatever that answered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    /// The key; `None` is an operator.
    pub(super) key: Option<KeyId>,
    /// The key's project.
    pub(super) project: Option<ProjectId>,
    /// The operator's role; `None` is a key.
    pub(super) role: Option<Role>,
    /// What the rate headers say.
    pub(super) window: Option<RateWindow>,
}

impl Call {
    /// A parameter of the path, decoded; empty when the route has none of this name.
    pub fn param(&self, name: &str) -> &str {
        let found = self.params.iter().find(|(known, _)| *known == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    /// Reads the body, once; a second time it is empty.
    ///
    /// # Errors
    /// [`Failure::PayloadTooLarge`], or [`Failure::MalformedJson`] when it broke off.
    pub async fn bytes(&self) -> Result<Bytes, Failure> {
        self.at_most(Failure::MAX_BODY_BYTES).await
    }

    async fn at_most(&self, most: usize) -> Result<Bytes, Failure> {
        let body = self.body.lock().ok().and_then(|mut body| body.take());
        match body {
            Some(body) => body::read(&self.headers, body, most).await,
            None => Ok(Bytes::new()),
        }
    }

    /// Whether the body is declared as a form with files.
    pub fn is_form(&self) -> bool {
        form::boundary(&self.headers).is_some()
    }

    /// Reads the body as a form with at most one file.
    ///
    /// # Errors
    /// When it is larger than [`Failure::MAX_FORM_BYTES`], not declared as a form, or broken.
    pub async fn form(&self) -> Result<Form, Failure> {
        let boundary =
            form::boundary(&self.headers).ok_or(Failure::UnsupportedMediaType(Failure::FORM))?;
        form::read(self.at_most(Failure::MAX_FORM_BYTES).await?, boundary).await
    }

    /// Reads the body as a JSON object.
    ///
    /// # Errors
    /// When it is too large, not declared as JSON, no JSON, or no object.
    pub async fn fields(&self) -> Result<Fields, Failure> {
        let bytes = self.bytes().await?;
        body::object(&self.headers, &bytes)
    }

    /// Like [`Call::fields`], but no body at all is an object without fields.
    ///
    /// # Errors
    /// When it is too large, not declared as JSON, no JSON, or no object.
    pub async fn fields_if_any(&self) -> Result<Fields, Failure> {
        let bytes = self.bytes().await?;
        body::object_or_nothing(&self.headers, &bytes)
    }

    /// The project of the key that calls; `None` is an operator, or nobody known yet.
    pub(super) fn key_project(&self) -> Option<ProjectId> {
        self.seen.get().and_then(|seen| seen.project)
    }

    /// Whether the deployment's own operator calls, and not one of a workspace.
    pub fn is_by_deployment(&self) -> bool {
        self.seen.get().and_then(|seen| seen.role) == Some(Role::Deployment)
    }

    /// The `Idempotency-Key` header, if there is one.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is no such key.
    pub fn idempotency_key(&self) -> Result<Option<IdempotencyKey>, Error> {
        const HEADER: &str = "Idempotency-Key";
        let Some(value) = self.headers.get(HEADER) else { return Ok(None) };
        IdempotencyKey::parse(HEADER, value.to_str().unwrap_or_default()).map(Some)
    }

    /// A header as text; `None` when it is absent or no visible ASCII.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}
