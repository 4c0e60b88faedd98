//! Documents on Google Drive, by their share links, through its API.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{Gathered, MAX_PAGE_BYTES, Trouble, Visit};
use crate::error::{Error, Result as CoreResult};
use crate::knowledge::content::UnreadFile;
use crate::ports::{Extract, Fetch, Ports};

/// How Google Drive is read.
#[derive(Debug, Clone)]
pub struct DriveAccess {
    /// The API's base, without a slash at its end; `https://www.googleapis.com` mostly.
    pub base_url: String,
    /// An API key; `None` where this process fetches nothing.
    pub key: Option<SecretString>,
}

const MAX_LIST_BYTES: usize = 64 * 1024;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    name: String,
    mime_type: String,
    #[serde(default)]
    modified_time: Option<String>,
    #[serde(default)]
    md5_checksum: Option<String>,
}

/// Reads the id out of a share link; an id alone will do.
pub(crate) fn file_of(link: &str) -> CoreResult<String> {
    let link = link.trim();
    let rest = ["https://drive.google.com/", "https://docs.google.com/"]
        .iter()
        .find_map(|site| link.strip_prefix(site));
    let id = match rest {
        None => Some(link),
        Some(rest) => match rest.split_once("/d/") {
            Some((_, id)) => id.split(['/', '?', '#']).next(),
            None => rest.split_once("id=").and_then(|(_, id)| id.split(['&', '#']).next()),
        },
    };
    let is_id = |id: &&str| {
        (10..=128).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    id.filter(is_id)
        .map(str::to_owned)
        .ok_or_else(|| Error::invalid("url", "must be the share link of a file on Google Drive"))
}

pub(super) async fn gather<P: Ports, F: Fetch, X: Extract>(
    visit: &Visit<'_, P, F, X>,
    id: &str,
) -> Result<Gathered, Trouble> {
    let access = visit.app.settings.knowledge.drive.as_ref();
    let Some((access, key)) = access.and_then(|access| Some((access, access.key.as_ref()?))) else {
        return Err(Trouble::lasting("the setting AIVA_DRIVE_KEY is missing"));
    };
    let key = [("x-goog-api-key", key.expose_secret().to_owned())];
    let root = format!("{}/drive/v3/files/{id}", access.base_url);
    // A file of a shared drive is found only by who says that it reads those, too.
    let about =
        format!("{root}?supportsAllDrives=true&fields=name,mimeType,modifiedTime,md5Checksum");
    let answer = visit.api(&about, &key, MAX_LIST_BYTES).await?;
    let file: File = serde_json::from_slice(&answer.body)
        .map_err(|_| Trouble::lasting("Google Drive answered what is no answer of its API"))?;
    let etag = file.md5_checksum.or(file.modified_time);
    if etag.is_some() && etag == visit.source.etag && visit.source.content.is_some() {
        return Ok(Gathered::Unchanged);
    }
    let export = match file.mime_type.as_str() {
        "application/vnd.google-apps.document" => Some("text/markdown"),
        "application/vnd.google-apps.spreadsheet" => Some("text/csv"),
        "application/vnd.google-apps.presentation" => Some("text/plain"),
        other if other.starts_with("application/vnd.google-apps.") => {
            return Err(Trouble::lasting("only documents, sheets, slides and files can be read"));
        }
        _ => None,
    };
    let content = match export {
        Some(kind) => format!("{root}/export?mimeType={kind}"),
        None => format!("{root}?alt=media&supportsAllDrives=true"),
    };
    let answer = visit.api(&content, &key, MAX_PAGE_BYTES).await?;
    let unread = UnreadFile {
        bytes: answer.body,
        name: file.name.clone(),
        content_type: export.map(str::to_owned).or(Some(file.mime_type)),
        max_rows: None,
    };
    let read = visit.extract.extract(unread).await?;
    let (title, left_out) = (Some(file.name), read.left_out);
    let (parts, rows) = (read.parts, read.rows);
    Ok(Gathered::New { parts, title, etag, left_out, rows })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_read_out_of_every_form_of_link() {
        let id = "1AbCdEfGhIjKlMn";
        for link in [
            id.to_owned(),
            format!("https://drive.google.com/file/d/{id}/view?usp=sharing"),
            format!("https://docs.google.com/document/d/{id}/edit#heading=h.1"),
            format!("https://drive.google.com/open?id={id}&x=1"),
        ] {
            assert_eq!(file_of(&link).unwrap(), id, "{link}");
        }
        for link in
            ["", "short", "https://drive.google.com/", "https://evil.example/d/1AbCdEfGhIjKlMn"]
        {
            assert!(file_of(link).is_err(), "{link}");
        }
    }
}
