//! Reading a source to add: alike in the operator API and in the dialects that add sources, but for how
//! fields of two words are written.

use aiva_core::error::{Error, Result};
use aiva_core::knowledge::{AddSource, BeginUpload, CrawlWish, FieldNames, NewSource};
use serde_json::Value;

use crate::http::{Call, Failure, Fields, FormFile, Voice, as_written, list, text, unsigned};

/// Aiva's way of writing in the operator API, the others' in the dialects.
const fn names(voice: Voice) -> FieldNames {
    match voice {
        Voice::Operator => FieldNames::CAMEL,
        Voice::Dialect(_) => FieldNames::SNAKE,
    }
}

/// Reads the source that a request describes, in JSON or in a form with its file, with what tells the
/// request from another.
pub(crate) async fn read(call: &Call) -> Result<(AddSource, Vec<u8>), Failure> {
    let names = names(call.route.voice);
    if call.is_form() {
        let form = call.form().await?;
        let body = form.canonical();
        return Ok((described(form.fields(&["tags"]), form.file, names)?, body));
    }
    let fields = call.fields().await?;
    let body = fields.canonical();
    Ok((described(fields, None, names)?, body))
}

/// Reads the upload that a request announces, with what tells the request from another.
pub(crate) async fn upload(call: &Call) -> Result<(BeginUpload, Vec<u8>), Failure> {
    let names = names(call.route.voice);
    let mut fields = call.fields().await?;
    let body = fields.canonical();
    let filename = fields.required_text("filename", as_written);
    let size = fields.required("size", unsigned);
    let content_type = fields.optional_text(names.content_type, as_written);
    let (Some(filename), Some(size), Some(content_type)) = (filename, size, content_type) else {
        return Err(fields.refusal());
    };
    Ok((BeginUpload { filename, size, content_type, fields: names }, body))
}

fn described(
    mut fields: Fields,
    file: Option<FormFile>,
    names: FieldNames,
) -> Result<AddSource, Failure> {
    // Who sends a file need not say so.
    let kind = match file {
        Some(_) if !fields.has("type") => Some(Kind::File),
        Some(_) | None => fields.required_text("type", kind),
    };
    let title = fields.optional_text("title", as_written);
    let url = fields.optional_text("url", as_written);
    let tags = fields.optional("tags", list);
    let refresh_seconds = fields.optional(names.refresh_seconds, unsigned);
    // Of a kind that is not taken, other fields would be expected.
    let what = match kind {
        Some(kind) => what(&mut fields, file, kind, names),
        None => None,
    };
    let (Some(title), Some(url), Some(tags), Some(refresh_seconds), Some(what)) =
        (title, url, tags, refresh_seconds, what)
    else {
        return Err(fields.refusal());
    };
    // Of what is fetched, the address is the origin's.
    let url = url.filter(|_| {
        matches!(what, NewSource::Raw(_) | NewSource::File { .. } | NewSource::Upload { .. })
    });
    let tags = tags.unwrap_or_default();
    Ok(AddSource { title, url, tags, refresh_seconds, what, fields: names })
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Raw,
    Url,
    File,
    Github,
    Drive,
}

fn kind(field: &'static str, text: &str) -> Result<Kind> {
    match text {
        "raw" => Ok(Kind::Raw),
        "url" => Ok(Kind::Url),
        "file" => Ok(Kind::File),
        "github" => Ok(Kind::Github),
        "drive" => Ok(Kind::Drive),
        _ => Err(Error::invalid(field, "must be raw, url, file, github or drive")),
    }
}

fn what(
    fields: &mut Fields,
    file: Option<FormFile>,
    kind: Kind,
    names: FieldNames,
) -> Option<NewSource> {
    match kind {
        Kind::Raw => wanted(fields, "text", "raw").map(NewSource::Raw),
        Kind::Url => {
            let url = wanted(fields, "url", "url");
            let crawl = fields.optional("crawl", |field, value| crawl(field, value, names));
            Some(NewSource::Url { url: url?, crawl: crawl? })
        }
        Kind::File => {
            let upload = fields.optional_text(names.upload_id, as_written);
            let name = fields.optional_text("filename", as_written);
            let (upload, name) = (upload?, name?);
            if let Some(file) = file {
                let name = name.unwrap_or(file.name);
                return Some(NewSource::File { name, bytes: file.bytes.to_vec() });
            }
            let Some(upload) = upload else {
                let problem = "is required for type=file unless the file is sent as \
                               multipart/form-data in the part file";
                fields.note(Error::invalid(names.upload_id, problem));
                return None;
            };
            Some(NewSource::Upload { name: name.unwrap_or_else(|| "upload".to_owned()), upload })
        }
        Kind::Github => {
            let named = fields.optional_text("repository", as_written)?;
            let repository = match named {
                Some(named) => Some(named),
                None => wanted(fields, "url", "github"),
            };
            let branch = fields.optional_text("branch", as_written);
            let path = fields.optional_text("path", as_written);
            Some(NewSource::Github { repository: repository?, branch: branch?, path: path? })
        }
        Kind::Drive => wanted(fields, "url", "drive").map(|link| NewSource::Drive { link }),
    }
}

/// A field that this kind needs.
fn wanted(fields: &mut Fields, name: &'static str, kind: &'static str) -> Option<String> {
    let found = fields.optional_text(name, as_written)?;
    if found.is_none() {
        fields.note(Error::invalid(name, format!("is required for type={kind}")));
    }
    found
}

fn crawl(field: &'static str, value: &Value, names: FieldNames) -> Result<CrawlWish> {
    let Some(map) = value.as_object() else {
        return Err(Error::invalid(field, "must be an object"));
    };
    let written = |name: &str| match map.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => text(field, value).map(|text| Some(text.to_owned())),
    };
    let max_pages = match map.get(names.max_pages) {
        None | Some(Value::Null) => None,
        Some(value) => Some(unsigned(field, value)?),
    };
    Ok(CrawlWish { sitemap: written("sitemap")?, prefix: written("prefix")?, max_pages })
}
