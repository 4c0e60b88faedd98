//! How an OpenAPI document is written: tables of routes, shapes and events, and what they become.
//!
//! A dialect fills a [`Sheet`] with its own; nothing here knows any of them. None of it is in a
//! function, which serves the text that was written before.

use bytes::Bytes;
use http::StatusCode;
use utoipa::openapi::HttpMethod;

use crate::http::{Cache, Failure, Reply, Verb};

pub(crate) mod field;
pub(crate) mod operation;
pub(crate) mod refusal;
mod sheet;
pub(crate) mod telling;

pub(crate) use sheet::{Presented, Sheet};

/// Answers with a document as it is committed.
pub(crate) async fn serve(committed: &'static str) -> Result<Reply, Failure> {
    let body = Bytes::from_static(committed.as_bytes());
    Ok(Reply::bytes(StatusCode::OK, "application/json", body).cached(Cache::Public))
}

/// The method of a route, in the words of the document's library.
pub(crate) const fn method(verb: Verb) -> HttpMethod {
    match verb {
        Verb::Get => HttpMethod::Get,
        Verb::Post => HttpMethod::Post,
        Verb::Put => HttpMethod::Put,
        Verb::Patch => HttpMethod::Patch,
        Verb::Delete => HttpMethod::Delete,
    }
}
