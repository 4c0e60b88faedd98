//! Reading what a project knows, within bounds.

use std::collections::HashMap;

use super::content::{self, Document, Layout, MAX_CONTENT_BYTES};
use super::room::{self, MAX_INDEX_TEXT_BYTES, MAX_RAW_TEXT_BYTES};
use super::source::{Origin, Source, StoredSource, Unplaced};
use crate::app::App;
use crate::error::{Error, Result};
use crate::id::SourceId;
use crate::ports::{KnowledgeStore, Objects, Ports};
use crate::project::Project;

/// How much is read at once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Bytes of all texts.
    pub(super) all: usize,
    /// Bytes of them that are texts of raw sources.
    pub(super) raw: usize,
}

impl Bounds {
    /// What an index is built from.
    pub(super) const OF_A_BUILD: Self = Self { all: MAX_INDEX_TEXT_BYTES, raw: MAX_RAW_TEXT_BYTES };
}

/// What was read.
#[derive(Debug, Default)]
pub(super) struct Read {
    /// The texts, source by source, oldest first.
    pub(super) documents: Vec<Document>,
    /// Every source, also those that are not among the texts.
    pub(super) sources: Vec<Source>,
    /// Why those are not that should be.
    pub(super) unplaced: HashMap<SourceId, Unplaced>,
}

/// Reads all that a project knows, with the sources that it comes from. What is beyond the bounds is left
/// out, a source as a whole.
///
/// # Errors
/// When the store fails.
pub(super) async fn documents<P: Ports>(
    app: &App<P>,
    project: &Project,
    bounds: Bounds,
) -> Result<Read> {
    let stored = app.store.knowledge(project.workspace, project.id, bounds.raw).await?;
    let (mut read, mut left) = (Read::default(), bounds.all);
    for StoredSource { source, text } in stored {
        let found = match (text, &source.content) {
            (Some(text), _) => Ok(vec![raw(&source, text)]),
            (None, Some(object)) => of_object(app, &source, object, left).await?,
            (None, None) if matches!(source.origin, Origin::Raw) => Err(no_room()),
            // It was not read yet, or its text was lost before.
            (None, None) => Ok(Vec::new()),
        };
        let bytes = |found: &[Document]| found.iter().map(|part| part.text.len()).sum::<usize>();
        match found {
            Ok(found) if bytes(&found) <= left => {
                left -= bytes(&found);
                read.documents.extend(found);
            }
            Ok(_) => _ = read.unplaced.insert(source.id, no_room()),
            Err(why) => _ = read.unplaced.insert(source.id, why),
        }
        read.sources.push(source);
    }
    Ok(read)
}

fn no_room() -> Unplaced {
    Unplaced { reason: room::NO_ROOM.to_owned(), lost: false }
}

fn raw(source: &Source, text: String) -> Document {
    Document {
        source: source.id,
        title: source.title.as_str().to_owned(),
        url: source.url.clone(),
        text,
        layout: Layout::Prose,
    }
}

/// A text of so many characters has no fewer bytes: what cannot fit is not fetched.
async fn of_object<P: Ports>(
    app: &App<P>,
    source: &Source,
    object: &str,
    left: usize,
) -> Result<Result<Vec<Document>, Unplaced>> {
    if !usize::try_from(source.characters).is_ok_and(|least| least <= left) {
        return Ok(Err(no_room()));
    }
    let Some(bytes) = app.objects.get(object, MAX_CONTENT_BYTES).await? else {
        // Replaced or deleted since, and then the next index has what came instead; or lost.
        tracing::warn!(source_id = %source.id, "its content is gone");
        let is_fetched = match source.origin {
            Origin::Url { .. } | Origin::Github { .. } | Origin::Drive { .. } => true,
            Origin::Raw | Origin::File { .. } => false,
        };
        let reason = room::lost(is_fetched).to_owned();
        return Ok(Err(Unplaced { reason, lost: true }));
    };
    parts(source, &bytes).map(Ok)
}

fn parts(source: &Source, bytes: &[u8]) -> Result<Vec<Document>, Error> {
    let parts = content::decode(bytes)?;
    let one = parts.len() == 1;
    let documents = parts.into_iter().map(|part| Document {
        source: source.id,
        // Of several parts each tells its own name.
        title: part.title.filter(|_| !one).unwrap_or_else(|| source.title.as_str().to_owned()),
        url: part.url.or_else(|| source.url.clone()),
        text: part.text,
        layout: part.layout,
    });
    Ok(documents.collect())
}
