//! The OpenAPI documents of a deployment: one for each dialect, so that whoever makes a client of one
//! gets its operations and no other's. The operator API stands in the native dialect's.

use utoipa::openapi::OpenApi;

use crate::http::Route;
use crate::{aerochat, aiva, aivastark, aksita, asyntai, operator};

/// One document.
#[derive(Debug, Clone, Copy)]
pub struct Document {
    /// Its name; the file is `openapi/<name>.json`.
    pub name: &'static str,
    /// The tables whose routes it describes.
    pub tables: &'static [&'static [Route]],
    /// The text as it is committed and served.
    pub committed: &'static str,
    /// Builds it from the code.
    pub build: fn() -> OpenApi,
}

/// Every document.
pub const ALL: [Document; 5] = [
    Document {
        name: "aiva",
        tables: &[aiva::ROUTES, operator::ROUTES],
        committed: aiva::openapi::COMMITTED,
        build: native,
    },
    Document {
        name: "aivastark",
        tables: &[aivastark::ROUTES],
        committed: aivastark::openapi::COMMITTED,
        build: aivastark::openapi::document,
    },
    Document {
        name: "aksita",
        tables: &[aksita::ROUTES],
        committed: aksita::openapi::COMMITTED,
        build: aksita::openapi::document,
    },
    Document {
        name: "aerochat",
        tables: &[aerochat::ROUTES],
        committed: aerochat::openapi::COMMITTED,
        build: aerochat::openapi::document,
    },
    Document {
        name: "asyntai",
        tables: &[asyntai::ROUTES],
        committed: asyntai::openapi::COMMITTED,
        build: asyntai::openapi::document,
    },
];

fn native() -> OpenApi {
    let mut document = aiva::openapi::document();
    document.paths.paths.extend(operator::openapi::paths().paths);
    operator::openapi::add_to(document.components.get_or_insert_default());
    document
}

/// Members down to this depth have a line of their own in a document's text.
const DEPTH: usize = 3;

/// The text of a document: compact, because a function carries all of them, with a line for each operation
/// and each component, because people compare versions.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn text(document: &OpenApi) -> serde_json::Result<String> {
    let compact = serde_json::to_string(document)?;
    let mut out = String::with_capacity(compact.len() + 1_024);
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for character in compact.chars() {
        if quoted {
            out.push(character);
            quoted = escaped || character != '"';
            escaped = !escaped && character == '\\';
            continue;
        }
        let closes = matches!(character, '}' | ']');
        if closes && depth <= DEPTH {
            out.push('\n');
        }
        match character {
            '{' | '[' => depth += 1,
            '}' | ']' => depth -= 1,
            _ => quoted = character == '"',
        }
        out.push(character);
        if matches!(character, '{' | '[' | ',') && depth <= DEPTH {
            out.push('\n');
        }
    }
    out.push('\n');
    Ok(out)
}
