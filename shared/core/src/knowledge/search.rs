//! Searching a project's knowledge: in the newest published generation, or, while that is behind and
//! the knowledge small, in an index made on the spot.

use std::collections::HashSet;

use super::content::{self, Document, Layout, MAX_CONTENT_BYTES};
use super::publish::{Edition, Generation};
use super::source::{Source, StoredSource};
use crate::app::App;
use crate::error::{Error, Result};
use crate::id::SourceId;
use crate::ports::{KnowledgeIndex, KnowledgeStore, Objects, Ports};
use crate::project::Project;

/// Texts up to this size are indexed on the spot when no generation has them yet, in bytes.
const ON_THE_SPOT_BYTES: u64 = 1024 * 1024;

/// Texts up to this size go into the prompt whole, in bytes.
const WHOLE_BYTES: usize = 12_000;

/// A passage that may answer a question, best first.
#[derive(Debug, Clone, PartialEq)]
pub struct Passage {
    /// The source.
    pub source: SourceId,
    /// Its title.
    pub title: String,
    /// Its address, if any.
    pub url: Option<String>,
    /// The passage, as it stands in the source.
    pub text: String,
    /// The engine's score; comparable within one answer only.
    pub score: f32,
    /// The share of the question's own words (stop words left out, stemmed, weighted by how rare they
    /// are in the project) that stand in the passage or its title, in thousandths.
    pub coverage_permille: u16,
    /// How near the passage's vector is to the question's: their cosine in thousandths, 0 when it is
    /// negative. `None` where there are no vectors to compare. What is near differs between models.
    pub similarity_permille: Option<u16>,
}

/// Finds the passages nearest to a question, best first. Where all of the knowledge is small, the rest
/// of it follows.
///
/// # Errors
/// When the store or the index fails.
pub async fn search<P: Ports>(
    app: &App<P>,
    index: &impl KnowledgeIndex,
    project: &Project,
    question: &str,
    limit: usize,
) -> Result<Vec<Passage>> {
    let edition = ready(app, index, project).await?;
    let gone: HashSet<SourceId> = project.knowledge.gone.iter().copied().collect();
    let mut found = index.search(edition, question, limit, &gone).await?;
    if let Some(whole) = index.whole(edition, WHOLE_BYTES).await? {
        let told = |passage: &Passage| {
            let same = |known: &Passage| {
                known.source == passage.source && known.text.contains(&passage.text)
            };
            gone.contains(&passage.source) || found.iter().any(same)
        };
        let rest: Vec<_> = whole.into_iter().filter(|passage| !told(passage)).collect();
        found.extend(rest);
    }
    Ok(found)
}

/// Whether a text of so many characters answers before a generation has it.
pub(super) fn answers_at_once(project: &Project, characters: u64) -> bool {
    let published = &project.knowledge;
    let bytes = published.text_bytes.saturating_add(characters);
    published.generation.is_none() || bytes <= ON_THE_SPOT_BYTES
}

/// Makes an edition ready in this process that is as new as it can be without waiting for a publish.
async fn ready<P: Ports>(
    app: &App<P>,
    index: &impl KnowledgeIndex,
    project: &Project,
) -> Result<Edition> {
    let wanted = Edition { project: project.id, version: project.knowledge_version };
    if index.has(wanted) {
        improve(index, project, wanted.version).await;
        return Ok(wanted);
    }
    let published = &project.knowledge;
    let Some(generation) = &published.generation else {
        let (documents, _) = documents(app, project).await?;
        return index.publish(wanted, documents).await.map(|()| wanted);
    };
    let current = Edition { version: generation.version, ..wanted };
    if current.version < wanted.version && published.text_bytes <= ON_THE_SPOT_BYTES {
        let (documents, _) = documents(app, project).await?;
        return index.publish(wanted, documents).await.map(|()| wanted);
    }
    let held = index.held(project.id);
    if held.is_some_and(|version| version >= current.version) {
        improve(index, project, current.version).await;
        return Ok(current);
    }
    // A large one takes its time: readers go on with the one before. What is gone is known back to it.
    let previous = published.previous.as_ref().map(|previous| previous.version);
    let previous = previous.filter(|_| published.text_bytes > ON_THE_SPOT_BYTES);
    if let (Some(held), Some(previous)) = (held, previous)
        && held >= previous
    {
        index.open_behind(project.id, generation);
        return Ok(Edition { version: held, ..wanted });
    }
    open(app, index, project, generation).await?;
    Ok(current)
}

/// Opens the newest generation in the place of what is held of the same version, where that is less:
/// it was made on the spot, or opened before its vectors had come. What is held answers otherwise.
async fn improve(index: &impl KnowledgeIndex, project: &Project, version: u64) {
    let newest = project.knowledge.generation.as_ref();
    let Some(generation) = newest.filter(|newest| newest.version >= version) else { return };
    if index.holds(project.id, generation) {
        return;
    }
    if let Err(error) = index.open(project.id, generation).await {
        tracing::warn!(project_id = %project.id, %error, "a generation with vectors is not opened");
    }
}

/// Opens a generation; one that cannot be opened is made again here.
async fn open<P: Ports>(
    app: &App<P>,
    index: &impl KnowledgeIndex,
    project: &Project,
    generation: &Generation,
) -> Result<()> {
    let Err(error) = index.open(project.id, generation).await else { return Ok(()) };
    tracing::warn!(project_id = %project.id, %error, "a generation is made again on the spot");
    let (documents, _) = documents(app, project).await?;
    let edition = Edition { project: project.id, version: generation.version };
    index.publish(edition, documents).await
}

/// Reads all that a project knows, with the sources that it comes from.
///
/// # Errors
/// When the store fails.
pub async fn documents<P: Ports>(
    app: &App<P>,
    project: &Project,
) -> Result<(Vec<Document>, Vec<Source>)> {
    let stored = app.store.knowledge(project.workspace, project.id).await?;
    let (mut documents, mut sources) = (Vec::new(), Vec::new());
    for StoredSource { source, text } in stored {
        if let Some(text) = text {
            documents.push(Document {
                source: source.id,
                title: source.title.as_str().to_owned(),
                url: source.url.clone(),
                text,
                layout: Layout::Prose,
            });
        } else if let Some(object) = &source.content {
            let bytes = app.objects.get(object, MAX_CONTENT_BYTES).await?;
            match bytes {
                Some(bytes) => documents.extend(parts(&source, &bytes)?),
                // Replaced or deleted since: the next edition has what came instead.
                None => tracing::warn!(source_id = %source.id, "its content is gone"),
            }
        }
        sources.push(source);
    }
    Ok((documents, sources))
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
