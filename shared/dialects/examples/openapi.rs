//! Writes the OpenAPI documents anew, into the folder that is given: `shared/dialects/openapi`.

use std::fs;
use std::io::Error;
use std::path::PathBuf;

use aiva_dialects::openapi;

fn main() -> std::io::Result<()> {
    let folder = std::env::args_os().nth(1).map(PathBuf::from);
    let folder = folder.ok_or_else(|| Error::other("which folder?"))?;
    for document in openapi::ALL {
        let text = openapi::text(&(document.build)()).map_err(Error::other)?;
        fs::write(folder.join(format!("{}.json", document.name)), text)?;
    }
    Ok(())
}
