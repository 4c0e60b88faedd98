//! What a dialect says of itself, and the document that it becomes.

use utoipa::openapi::path::PathsBuilder;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{
    ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, RefOr,
};

use super::field::Shape;
use super::operation::{self, Answer, Described, answer, described};
use super::refusal::Refusals;
use super::telling::{self, Telling};
use crate::http::{Failure, Rendered, Route};

/// A dialect in tables.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sheet {
    pub(crate) title: &'static str,
    /// Where the document itself is served.
    pub(crate) shown_at: Route,
    /// What whoever writes a client has to know before anything else.
    pub(crate) what: &'static str,
    /// How its document presents the key; any of these ways does.
    pub(crate) keys: &'static [Presented],
    /// Whether its document writes paths with a slash at their end.
    pub(crate) slash: bool,
    pub(crate) shapes: &'static [&'static [Shape]],
    pub(crate) operations: &'static [Described],
    pub(crate) telling: Option<Telling>,
    /// Its renderer of errors.
    pub(crate) render: fn(&Failure) -> Rendered,
}

/// A way to present the key.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Presented {
    /// `Authorization: Bearer`, with keys of this form.
    Bearer(&'static str),
    /// A header of this name.
    Header(&'static str),
}

impl Presented {
    fn name(self) -> &'static str {
        match self {
            Self::Bearer(_) => "bearer",
            Self::Header(_) => "apiKey",
        }
    }

    fn scheme(self) -> SecurityScheme {
        match self {
            Self::Bearer(form) => SecurityScheme::Http(
                HttpBuilder::new()
                    .scheme(HttpAuthScheme::Bearer)
                    .bearer_format(form)
                    .description(Some("The key as it was shown once."))
                    .build(),
            ),
            Self::Header(name) => SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new(name))),
        }
    }
}

impl Sheet {
    /// Builds the document.
    pub(crate) fn document(&self) -> OpenApi {
        let mut refusals = Refusals::default();
        let itself = described(self.shown_at, ("showOpenApi", "This document"), SHOWN, &[]);
        let operations = self.operations.iter().chain([&itself]);
        let paths = operations.fold(PathsBuilder::new(), |paths, described| {
            let (path, item) = operation::operation(self, described, &mut refusals);
            paths.path(path, item)
        });
        let shapes = self.shapes.iter().copied().flatten().chain([&ITSELF]);
        let mut components = ComponentsBuilder::new()
            .schemas_from_iter(shapes.map(|shape| (shape.name, shape.schema())))
            .responses_from_iter(refusals.responses())
            .build();
        components.headers.extend(operation::headers());
        let shared = operation::shared().map(|(name, header)| (name, RefOr::T(header)));
        components.parameters.extend(shared);
        if let Some(telling) = &self.telling {
            let headers = telling::headers(telling).map(|(name, header)| (name, RefOr::T(header)));
            components.parameters.extend(headers);
            components.schemas.extend(telling::schemas(telling));
        }
        for key in self.keys {
            components.add_security_scheme(key.name(), key.scheme());
        }
        let license = LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0"));
        let info = InfoBuilder::new()
            .title(self.title)
            .version("1")
            .description(Some(self.what))
            .license(Some(license.build()));
        let keys = self.keys.iter().map(|key| SecurityRequirement::new(key.name(), NO_SCOPES));
        OpenApiBuilder::new()
            .info(info.build())
            .paths(paths.build())
            .webhooks(self.telling.as_ref().map(telling::webhooks))
            .components(Some(components))
            .security(Some(keys))
            .build()
    }
}

const ITSELF: Shape =
    Shape { name: "OpenApiDocument", what: "An OpenAPI 3.1 document.", fields: &[] };
const SHOWN: &[Answer] = &[answer(200, "This document", ITSELF.name, r#"{"openapi":"3.1.0"}"#)];
const NO_SCOPES: [&str; 0] = [];
