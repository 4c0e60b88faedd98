//! Searching a project's knowledge: in the newest published generation, or, while that is behind and
//! the knowledge small, in an index made on the spot.

use std::collections::HashSet;
use std::time::Duration;

use super::documents::{Bounds, documents};
use super::publish::{Edition, Generation};
use crate::app::App;
use crate::error::{Error, Result};
use crate::id::SourceId;
use crate::ports::{Clock, KnowledgeIndex, KnowledgeStore, Ports};
use crate::project::Project;

/// Texts up to this size are indexed on the spot when no generation has them yet, in characters.
const ON_THE_SPOT_BYTES: u64 = 1024 * 1024;

/// As many characters are no more bytes than this.
const ON_THE_SPOT: Bounds = Bounds { all: 4 * 1024 * 1024, raw: 4 * 1024 * 1024 };

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
    project.knowledge.text_bytes.saturating_add(characters) <= ON_THE_SPOT_BYTES
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
        return unpublished(app, index, project, wanted).await;
    };
    let current = Edition { version: generation.version, ..wanted };
    if current.version < wanted.version && is_small(project) {
        return on_the_spot(app, index, project, wanted).await;
    }
    let held = index.held(project.id);
    if held.is_some_and(|version| version >= current.version) {
        improve(index, project, current.version).await;
        return Ok(current);
    }
    // A large one takes its time: readers go on with the one before. What is gone is known back to it.
    let previous = published.previous.as_ref().map(|previous| previous.version);
    let previous = previous.filter(|_| !is_small(project));
    if let (Some(held), Some(previous)) = (held, previous)
        && held >= previous
    {
        index.open_behind(project.id, generation);
        return Ok(Edition { version: held, ..wanted });
    }
    open(app, index, project, generation).await?;
    Ok(current)
}

fn is_small(project: &Project) -> bool {
    project.knowledge.text_bytes <= ON_THE_SPOT_BYTES
}

/// Before the first generation, what is small answers at once, and what is large when it is published:
/// until then, what is held, or nothing.
async fn unpublished<P: Ports>(
    app: &App<P>,
    index: &impl KnowledgeIndex,
    project: &Project,
    wanted: Edition,
) -> Result<Edition> {
    if is_small(project) {
        return on_the_spot(app, index, project, wanted).await;
    }
    // No generation is older.
    let version = index.held(project.id).unwrap_or(0);
    let edition = Edition { version, ..wanted };
    index.publish(edition, Vec::new()).await.map(|()| edition)
}

async fn on_the_spot<P: Ports>(
    app: &App<P>,
    index: &impl KnowledgeIndex,
    project: &Project,
    edition: Edition,
) -> Result<Edition> {
    let read = documents(app, project, ON_THE_SPOT).await?;
    index.publish(edition, read.documents).await.map(|()| edition)
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

/// Opens a generation. One that cannot be opened is made again: here where the knowledge is small, for this
/// process has the memory of a reader only; by a worker otherwise, which is asked for it.
async fn open<P: Ports>(
    app: &App<P>,
    index: &impl KnowledgeIndex,
    project: &Project,
    generation: &Generation,
) -> Result<()> {
    let Err(error) = index.open(project.id, generation).await else { return Ok(()) };
    if is_small(project) {
        tracing::warn!(project_id = %project.id, %error, "a generation is made again on the spot");
        let edition = Edition { project: project.id, version: generation.version };
        return on_the_spot(app, index, project, edition).await.map(|_| ());
    }
    tracing::error!(project_id = %project.id, %error, "a generation cannot be opened");
    // One that is gone or broken stays so; one that is too large would be as large again.
    if matches!(error, Error::NotFound | Error::Internal(_)) {
        let due = app.now() + Duration::from_millis(app.settings.outbox_grace_ms);
        app.store.renew_index(project, due).await?;
    }
    Err(Error::unavailable(error))
}
