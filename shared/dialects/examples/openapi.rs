//! Prints the OpenAPI document, to be committed as `shared/dialects/openapi/aiva.json`.

use std::io::Write;

fn main() -> std::io::Result<()> {
    let document = aiva_dialects::openapi::document();
    let text = document.to_pretty_json().map_err(std::io::Error::other)?;
    writeln!(std::io::stdout(), "{text}")
}
