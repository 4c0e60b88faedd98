//! The OpenAPI document of a deployment: the native dialect, and the operator API beside it.

use utoipa::openapi::OpenApi;

use crate::{aiva, operator};

/// Builds the document; what is committed and served is [`aiva::openapi::COMMITTED`].
pub fn document() -> OpenApi {
    let mut document = aiva::openapi::document();
    document.paths.paths.extend(operator::openapi::paths().paths);
    operator::openapi::add_to(document.components.get_or_insert_default());
    document
}
