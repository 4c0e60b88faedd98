//! The dialect's OpenAPI document. What is served is the committed text; a test holds it to the code.

use utoipa::openapi::OpenApi;

use super::{OPENAPI, error};
use crate::describe::{Presented, Sheet};

mod events;
mod shapes;
mod table;

/// The document as it is committed and served.
pub(crate) const COMMITTED: &str = include_str!("../../../openapi/asyntai.json");

const WHAT: &str = "The dialect of Asyntai: chat, websites, sessions, leads, the account, knowledge, \
webhooks. Send a key as `Authorization: Bearer` or as `X-API-Key`. A website is a project, by its small \
number. Every answer to a right key carries `X-RateLimit-Limit`, `X-RateLimit-Remaining` and \
`X-RateLimit-Reset`, every one `X-Request-Id`. Errors are `{success:false,error}`: branch on the status \
of the answer. Unknown fields and parameters are ignored; every path works without its trailing slash, \
too.";

/// Builds the document from the dialect's tables, its routes and its renderer of errors.
pub(crate) fn document() -> OpenApi {
    let sheet = Sheet {
        title: "Asyntai over API",
        shown_at: OPENAPI,
        what: WHAT,
        keys: &[Presented::Bearer("ak_<id>_<secret>"), Presented::Header("X-API-Key")],
        slash: true,
        shapes: &[shapes::ALL],
        operations: table::ALL,
        telling: Some(events::TELLING),
        render: error::render,
    };
    sheet.document()
}
