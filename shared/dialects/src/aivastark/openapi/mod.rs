//! The dialect's OpenAPI document. What is served is the committed text; a test holds it to the code.

use aiva_core::id::RequestId;
use jiff::Timestamp;
use utoipa::openapi::OpenApi;

use super::{OPENAPI, error};
use crate::describe::{Presented, Sheet};
use crate::http::{Failure, Rendered};

mod events;
mod shapes;
mod table;

/// The document as it is committed and served.
pub(crate) const COMMITTED: &str = include_str!("../../../openapi/aivastark.json");

const WHAT: &str = "The dialect of Aivastark over the agent of a project: knowledge, questions, \
conversations, widgets, webhooks. Send a key as `Authorization: Bearer`; `default` names its own project. \
Every answer to a right key carries `X-RateLimit-Limit`, `X-RateLimit-Remaining` and `X-RateLimit-Reset`, \
every one `X-Request-Id`, which stands in each error too: branch on `error.code`. Unknown fields and \
parameters are ignored, and a trailing slash changes nothing. Lists are newest first.";

/// Builds the document from the dialect's tables, its routes and its renderer of errors.
pub(crate) fn document() -> OpenApi {
    let sheet = Sheet {
        title: "Aivastark over API",
        shown_at: OPENAPI,
        what: WHAT,
        keys: &[Presented::Bearer("akv_live_<id>_<secret>")],
        slash: false,
        shapes: &[shapes::ALL],
        operations: table::ALL,
        telling: Some(events::TELLING),
        render,
    };
    sheet.document()
}

fn render(failure: &Failure) -> Rendered {
    error::render(failure, RequestId::least_of(Timestamp::UNIX_EPOCH))
}
