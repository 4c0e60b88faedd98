//! The dialect's OpenAPI document. What is served is the committed text; a test holds it to the code.

use utoipa::openapi::OpenApi;

use super::{OPENAPI, error};
use crate::describe::{Presented, Sheet};

mod events;
mod table;

/// The document as it is committed and served.
pub(crate) const COMMITTED: &str = include_str!("../../../openapi/aerochat.json");

const WHAT: &str = "The dialect of AeroChat: messages that are answered at once, contacts, the messages \
of a conversation, webhooks. Send a key as `X-AeroChat-API-Key`. Every answer to a right key carries \
`X-RateLimit-Limit`, `X-RateLimit-Remaining` and `X-RateLimit-Reset`, every one `X-Request-Id`. Errors \
are `{detail:{type,message}}`: branch on `type`. Ids are the same here and in webhooks. Unknown fields \
and parameters are ignored, and a trailing slash changes nothing. Webhooks have no route here: an \
operator makes them.";

/// Builds the document from the dialect's tables, its routes and its renderer of errors.
pub(crate) fn document() -> OpenApi {
    let sheet = Sheet {
        title: "AeroChat over API",
        shown_at: OPENAPI,
        what: WHAT,
        keys: &[Presented::Header("X-AeroChat-API-Key")],
        slash: false,
        shapes: &[table::SHAPES],
        operations: table::ALL,
        telling: Some(events::TELLING),
        render: error::render,
    };
    sheet.document()
}
