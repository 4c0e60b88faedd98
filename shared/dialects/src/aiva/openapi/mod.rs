//! The OpenAPI 3.1 document. What is served is the committed text; a test holds it to the code.

use utoipa::OpenApi as _;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{Components, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Server};

pub(crate) mod answer;
mod path;
pub mod schema;
mod webhook;

/// The document as it is committed and served.
pub const COMMITTED: &str = include_str!("../../../openapi/aiva.json");

const DESCRIPTION: &str = "Send your end users' messages to Aiva over HTTP and get her replies by a \
signed callback or by polling. Every answer carries `X-Request-Id`; every authenticated one carries \
`X-RateLimit-Limit`, `X-RateLimit-Remaining` and `X-RateLimit-Reset`. Errors have one envelope: branch \
on `code`. Unknown request fields and query parameters are ignored, and a trailing slash changes \
nothing. The same resources are reachable under `/v1`. \
What is tagged `operator` lies under `/admin/v1`, takes the operator's token, answers in the same \
envelope, and lists newest first. The other dialects have documents of their own: \
`/openapi/aivastark.json`, `/openapi/aksita.json`, `/openapi/aerochat.json`, `/openapi/asyntai.json`.";

/// Builds the dialect's part of the document from the wire types, the routes and the renderer of errors.
pub fn document() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Aiva over API")
        .version("1")
        .description(Some(DESCRIPTION))
        .license(Some(
            LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build(),
        ))
        .build();
    OpenApiBuilder::new()
        .info(info)
        .servers(Some([Server::new("/api/v1")]))
        .paths(path::all())
        .webhooks(Some(webhook::all()))
        .components(Some(components()))
        .security(Some(KEY_SCHEMES.map(|name| SecurityRequirement::new(name, NO_SCOPES))))
        .build()
}

const NO_SCOPES: [&str; 0] = [];

/// The three ways to send a key; any of them does.
const KEY_SCHEMES: [&str; 3] = ["bearer", "apiKey", "aerochatApiKey"];

fn components() -> Components {
    let mut components = schema::Schemas::openapi().components.unwrap_or_default();
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("ak_<id>_<secret>")
        .description(Some("The key as it was shown once."))
        .build();
    let in_header = |name: &str| SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new(name)));
    let [first, second, third] = KEY_SCHEMES;
    components.add_security_scheme(first, SecurityScheme::Http(bearer));
    components.add_security_scheme(second, in_header("X-API-Key"));
    components.add_security_scheme(third, in_header("X-AeroChat-API-Key"));
    components.headers.extend(answer::headers());
    components
}
