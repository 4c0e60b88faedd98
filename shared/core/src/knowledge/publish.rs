//! Publishing a project's index: built from all sources, stored under a new name, then named in the
//! project. A generation never changes; readers of the one before it go on.

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::time::Duration;

use super::documents::{Bounds, Read, documents};
use super::ingest::{Ingested, IngestionSettings, IngestionTools};
use super::room;
use super::source::{Progress, Source, SourceState, Unplaced};
use crate::app::App;
use crate::error::{Error, Result};
use crate::id::{ProjectId, SourceId, base32};
use crate::outbox::IngestionJob;
use crate::ports::{
    Clock, Entropy, Extract, Fetch, KnowledgeIndex, KnowledgeStore, Objects, Ports, WorkspaceStore,
};
use crate::project::Project;
use crate::reply;
use crate::text::Label;
use crate::webhook::{self, Drafts};

/// Rounds before a project whose knowledge keeps changing waits for its next job.
const MAX_ROUNDS: usize = 3;

/// A project's knowledge at one version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Edition {
    /// The project.
    pub project: ProjectId,
    /// The value of [`Project::knowledge_version`].
    pub version: u64,
}

/// A published index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generation {
    /// The object that holds it.
    pub object: String,
    /// The version of the knowledge that it was built from, or a later one.
    pub version: u64,
    /// Its size, in bytes.
    pub bytes: u64,
    /// Its passages.
    pub chunks: u64,
    /// Those of them whose vectors are still to come.
    pub vectors_owed: u64,
}

/// What is published of a project's knowledge.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Published {
    /// Bytes of all texts, about.
    pub text_bytes: u64,
    /// The newest generation.
    pub generation: Option<Generation>,
    /// The one before it; readers may still hold it.
    pub previous: Option<Generation>,
    /// Sources that were deleted since the generation before the newest.
    pub gone: Vec<SourceId>,
    /// Those of `gone` that the newest generation may still hold.
    pub gone_since: Vec<SourceId>,
    /// Whether an index is owed.
    pub owed: bool,
}

/// An index as it was built.
#[derive(Debug, Clone)]
pub struct Built {
    /// The index.
    pub bytes: Vec<u8>,
    /// Passages of each source that is in it.
    pub pieces: HashMap<SourceId, u64>,
    /// Sources that it has no room for; none of their passages is in it.
    pub left_out: HashSet<SourceId>,
    /// Passages altogether, duplicates left out.
    pub total: u64,
    /// Those whose vectors another build may bring; the rest have theirs, or never will.
    pub vectors_owed: u64,
}

/// Looks on while an index is built.
pub trait BuildWatch: Sync {
    /// Told now and then, at least a second apart, how many passages of each source are in it.
    fn saw(&self, progress: &[(SourceId, Progress)]) -> impl Future<Output = ()> + Send;
}

/// Nobody looks on.
#[derive(Debug, Clone, Copy)]
pub struct Unwatched;

impl BuildWatch for Unwatched {
    async fn saw(&self, _progress: &[(SourceId, Progress)]) {}
}

/// Publishes what a project's sources say now, unless that is done. An index that lacks vectors is
/// published too, and stays owed: the sweep has the rest of them asked for.
pub(super) async fn publish<P: Ports, F: Fetch, X: Extract, I: KnowledgeIndex>(
    app: &App<P>,
    tools: &IngestionTools<'_, F, X, I>,
    job: &IngestionJob,
    settings: &IngestionSettings,
) -> Result<Ingested> {
    // The rest of the time is for reading, indexing and storing.
    let embed_for = settings.lease / 2;
    for _ in 0..MAX_ROUNDS {
        let project = app.store.project(job.workspace_id, job.project_id).await?;
        let Some(project) = project.filter(|project| project.knowledge.owed) else {
            return Ok(Ingested::Done);
        };
        if publish_once(app, tools.index, &project, embed_for).await? > 0 {
            return Ok(Ingested::Done);
        }
        let version = project.knowledge_version;
        if app.store.index_paid(project.workspace, project.id, version).await? {
            return Ok(Ingested::Done);
        }
    }
    Ok(Ingested::Again)
}

/// Answers how many vectors are still to come.
async fn publish_once<P: Ports>(
    app: &App<P>,
    index: &impl KnowledgeIndex,
    project: &Project,
    embed_for: Duration,
) -> Result<u64> {
    let Read { documents, sources, unplaced } = documents(app, project, Bounds::OF_A_BUILD).await?;
    let before = project.knowledge.generation.as_ref();
    let waiting = sources.iter().filter(|source| source.state == SourceState::Indexing);
    let watch = Progresses { app, waiting: waiting.map(|source| (source.id, source)).collect() };
    let built = index.build_watched(documents, before, embed_for, &watch).await?;
    let object = name(app, project);
    let generation = Generation {
        object: object.clone(),
        version: project.knowledge_version,
        bytes: u64::try_from(built.bytes.len()).map_err(Error::internal)?,
        chunks: built.total,
        vectors_owed: built.vectors_owed,
    };
    app.objects.put(&object, built.bytes).await?;
    let (workspace, id, gone) = (project.workspace, project.id, &project.knowledge.gone_since);
    if app.store.publish_generation(workspace, id, &generation, gone).await? {
        if let Some(old) = &project.knowledge.previous {
            // Nobody opens it any more: the project has named two newer ones.
            app.objects.delete(&old.object).await?;
        }
    } else {
        // There is one as new already, by another worker or by one that broke off here; ours is
        // nobody's. What is left to do is done again.
        app.objects.delete(&object).await?;
    }
    let no_room = Unplaced { reason: room::NO_ROOM.to_owned(), lost: false };
    let brand = webhook::knowledge_brand(app, project).await?;
    for source in &sources {
        let left_out = built.left_out.contains(&source.id).then_some(&no_room);
        let why = unplaced.get(&source.id).or(left_out);
        let chunks = built.pieces.get(&source.id).copied().unwrap_or(0);
        mark(app, (project, brand.as_ref()), source, why.ok_or(chunks)).await?;
    }
    Ok(built.vectors_owed)
}

/// Notes of a source how many passages it has in the index, or why it has none, and tells so.
async fn mark<P: Ports>(
    app: &App<P>,
    (project, brand): (&Project, Option<&Label>),
    source: &Source,
    outcome: Result<&Unplaced, u64>,
) -> Result<()> {
    let (state, chunks) = match outcome {
        Ok(why) if is_to_be_failed(source, why) => (SourceState::Failed, 0),
        Err(chunks) if is_to_be_marked(source, chunks) => (SourceState::Ready, chunks),
        Ok(_) | Err(_) => return Ok(()),
    };
    let is_waiting = matches!(source.state, SourceState::Queued | SourceState::Fetching);
    let fact = source.fact(state, chunks);
    let told =
        if is_waiting { Drafts::new() } else { webhook::of_knowledge(app, (project, brand), fact) };
    let marked = match outcome {
        Ok(why) => app.store.source_unplaced(source, why, app.now(), &told).await?,
        Err(chunks) => app.store.source_indexed(source, chunks, app.now(), &told).await?,
    };
    if marked {
        reply::announce(app, &told).await;
    }
    Ok(())
}

fn is_to_be_marked(source: &Source, chunks: u64) -> bool {
    match source.state {
        SourceState::Indexing => true,
        SourceState::Ready => source.chunks != Some(chunks),
        SourceState::Failed => source.unplaced,
        SourceState::Queued | SourceState::Fetching => false,
    }
}

/// Of one that waits to be read again it is only noted that it has no passages: found unchanged, it is
/// to be indexed again. One that could not be read says so already.
fn is_to_be_failed(source: &Source, why: &Unplaced) -> bool {
    match source.state {
        SourceState::Indexing | SourceState::Ready => true,
        SourceState::Failed => source.unplaced && source.reason.as_ref() != Some(&why.reason),
        SourceState::Queued | SourceState::Fetching => source.chunks.is_some() || why.lost,
    }
}

/// Sources whose progress is written down at once: a write a second each, at most.
const MAX_WATCHED: usize = 10;

/// Writes down how far the sources are that wait for their index.
struct Progresses<'a, P: Ports> {
    app: &'a App<P>,
    waiting: HashMap<SourceId, &'a Source>,
}

impl<P: Ports> BuildWatch for Progresses<'_, P> {
    async fn saw(&self, progress: &[(SourceId, Progress)]) {
        let told = progress.iter().filter_map(|(id, far)| Some((*self.waiting.get(id)?, *far)));
        // One that has not begun or is done already says nothing new.
        let moving = told.filter(|(_, far)| far.done < far.total);
        for (source, far) in moving.take(MAX_WATCHED) {
            if let Err(error) = self.app.store.source_progress(source, far).await {
                tracing::warn!(source_id = %source.id, %error, "its progress is not written down");
            }
        }
    }
}

/// Never the name of another generation, not even of one of the same version that lost the race.
fn name<P: Ports>(app: &App<P>, project: &Project) -> String {
    let mut random = [0_u8; 10];
    app.fill(&mut random);
    let (workspace, id) = (project.workspace.bare(), project.id.bare());
    let version = project.knowledge_version;
    format!("generation/{workspace}/{id}/{version:010}-{}", base32(&random))
}
