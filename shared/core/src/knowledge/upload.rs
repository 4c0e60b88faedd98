//! Uploads that are too large for a request: a link now, a source of them later.

use super::fields::FieldNames;
use super::source::Source;
use crate::app::App;
use crate::error::{Error, Result};
use crate::id::UploadId;
use crate::ports::{Clock, Entropy, Objects, Ports, UploadLink, UploadWanted};
use crate::project::Project;

/// The largest file, in bytes: 100 MB.
pub(super) const MAX_FILE_BYTES: u64 = 100 * 1024 * 1024;
/// How long a link may be used, in seconds.
const LINK_SECONDS: u32 = 900;
const MAX_TYPE_CHARS: usize = 255;
const MAX_NAME_CHARS: usize = 255;

/// A file to upload.
#[derive(Debug, Clone)]
pub struct BeginUpload {
    /// Its name.
    pub filename: String,
    /// Its size, in bytes.
    pub size: u64,
    /// Its content type; `application/octet-stream` where it is absent.
    pub content_type: Option<String>,
    /// How the caller writes its fields.
    pub fields: FieldNames,
}

/// Where an upload goes.
#[derive(Debug, Clone)]
pub struct Upload {
    /// What a source calls it by.
    pub id: UploadId,
    /// Where, and how, its bytes are sent.
    pub link: UploadLink,
}

/// Makes a link by which one file of just this size can be uploaded.
///
/// # Errors
/// [`Error::Invalid`] when a field breaks its rule.
pub async fn begin_upload<P: Ports>(
    app: &App<P>,
    env: &(impl Clock + Entropy),
    project: &Project,
    command: BeginUpload,
) -> Result<Upload> {
    if command.size == 0 || command.size > MAX_FILE_BYTES {
        return Err(Error::invalid("size", "must be from 1 to 104,857,600 bytes"));
    }
    let name = command.filename.trim();
    if name.is_empty() || name.chars().count() > MAX_NAME_CHARS {
        return Err(Error::invalid("filename", "must be 1 to 255 characters"));
    }
    let content_type =
        command.content_type.unwrap_or_else(|| "application/octet-stream".to_owned());
    let visible = content_type.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if !visible || content_type.is_empty() || content_type.len() > MAX_TYPE_CHARS {
        return Err(Error::invalid(command.fields.content_type, "must be a media type"));
    }
    let id = UploadId::new(env.now(), env);
    let wanted = UploadWanted {
        name: object(project, &id.bare()),
        size: command.size,
        content_type,
        seconds: LINK_SECONDS,
    };
    let link = app.objects.upload_link(&wanted, env.now()).await?;
    Ok(Upload { id, link })
}

/// The object of an upload. It lives until it is read, a week at most.
pub(super) fn object(project: &Project, id: &str) -> String {
    format!("upload/{}/{}/{id}", project.workspace.bare(), project.id.bare())
}

/// The object of a source's content.
pub(super) fn content_object(source: &Source, digest: &str) -> String {
    let (workspace, project) = (source.workspace.bare(), source.project.bare());
    format!("content/{workspace}/{project}/{}/{digest}", source.id.bare())
}
