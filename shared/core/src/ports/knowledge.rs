//! Knowledge: what is stored of it, the index over it, and how it comes in.

use std::collections::HashSet;
use std::future::Future;
use std::time::Duration;

use jiff::Timestamp;

use crate::delivery::Delivery;
use crate::egress::CallbackUrl;
use crate::error::{Error, Result};
use crate::id::{ProjectId, SourceId, WorkspaceId};
use crate::knowledge::{
    BuildWatch, Built, Document, Edition, EmbedError, Extracted, Generation, Passage, Progress,
    Source, SourceClaim, SourceUpdate, StoredSource, Unplaced, UnreadFile, Unreadable, Unwatched,
};
use crate::message::Lease;
use crate::page::{Limit, Page};
use crate::project::Project;

use super::OutgoingError;

/// Sources of knowledge and the state of a project's index.
pub trait KnowledgeStore: Send + Sync + 'static {
    /// Stores a source whose text is at hand and advances the project's knowledge version; one that
    /// exists stays as it is (see [`super::KeyStore::create_key`]). An index is owed from `due` on.
    fn put_source(
        &self,
        source: &Source,
        text: &str,
        due: Timestamp,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Counts characters to the day (UTC) of `now`, unless it would then have more than `limit`; `false`
    /// when it would.
    fn count_characters(
        &self,
        workspace: WorkspaceId,
        now: Timestamp,
        characters: u64,
        limit: u32,
    ) -> impl Future<Output = Result<bool>> + Send;

    /// Stores a source that is to be fetched; one that exists stays as it is. It is owed from `due` on.
    fn queue_source(
        &self,
        source: &Source,
        due: Timestamp,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Asks for a source to be fetched again; `false` when there is none, or it is raw.
    fn requeue_source(
        &self,
        source: &Source,
        due: Timestamp,
    ) -> impl Future<Output = Result<bool>> + Send;

    /// Removes a source with its text, notes for readers of older generations that it is gone, and
    /// advances the version; `false` when there is none. An index is owed from `due` on.
    fn delete_source(
        &self,
        workspace: WorkspaceId,
        project: ProjectId,
        source: SourceId,
        due: Timestamp,
    ) -> impl Future<Output = Result<bool>> + Send;

    /// Lists a project's sources, newest first.
    fn sources(
        &self,
        workspace: WorkspaceId,
        project: ProjectId,
        before: Option<SourceId>,
        limit: Limit,
    ) -> impl Future<Output = Result<Page<Source>>> + Send;

    /// Reads one source.
    fn source(
        &self,
        workspace: WorkspaceId,
        project: ProjectId,
        source: SourceId,
    ) -> impl Future<Output = Result<Option<Source>>> + Send;

    /// Reads every source of a project, oldest first, with the texts that are stored beside them: whole
    /// ones, until they are so many bytes.
    fn knowledge(
        &self,
        workspace: WorkspaceId,
        project: ProjectId,
        max_text_bytes: usize,
    ) -> impl Future<Output = Result<Vec<StoredSource>>> + Send;

    /// Claims a source that is to be fetched.
    fn claim_source(
        &self,
        workspace: WorkspaceId,
        project: ProjectId,
        source: SourceId,
        lease: &Lease,
    ) -> impl Future<Output = Result<SourceClaim>> + Send;

    /// Records what came of a claimed source, in one transaction with the version where it is to be
    /// indexed; `false` when the lease was lost or the source is gone.
    fn record_source(
        &self,
        source: &Source,
        fence: u64,
        update: &SourceUpdate,
    ) -> impl Future<Output = Result<bool>> + Send;

    /// Names a project's newest generation, unless it has one as new that lacks no more vectors; `gone`
    /// are the deleted sources that it no longer holds, which readers of the generation before it must
    /// still be told.
    fn publish_generation(
        &self,
        workspace: WorkspaceId,
        project: ProjectId,
        generation: &Generation,
        gone: &[SourceId],
    ) -> impl Future<Output = Result<bool>> + Send;

    /// Marks a source as indexed with so many passages and stores what is to be delivered of it, unless
    /// its content has changed since or it is marked already.
    fn source_indexed(
        &self,
        source: &Source,
        chunks: u64,
        now: Timestamp,
        deliveries: &[(Delivery, Timestamp)],
    ) -> impl Future<Output = Result<bool>> + Send;

    /// Notes that a source is not in the newest index, as a failure where it would be ready otherwise,
    /// and stores what is to be delivered of it, unless its content has changed since. What is lost is
    /// forgotten, so that fetching it again brings it back.
    fn source_unplaced(
        &self,
        source: &Source,
        why: &Unplaced,
        now: Timestamp,
        deliveries: &[(Delivery, Timestamp)],
    ) -> impl Future<Output = Result<bool>> + Send;

    /// Notes how far a source is that waits for its index, unless its content has changed since.
    fn source_progress(
        &self,
        source: &Source,
        progress: Progress,
    ) -> impl Future<Output = Result<bool>> + Send;

    /// Advances the version of a project that owes no index, so that one is owed; `false` where one is, or
    /// its knowledge has changed since.
    fn renew_index(
        &self,
        project: &Project,
        due: Timestamp,
    ) -> impl Future<Output = Result<bool>> + Send;

    /// Notes that no index is owed any more, if the version is still this one; `false` when it is not.
    fn index_paid(
        &self,
        workspace: WorkspaceId,
        project: ProjectId,
        version: u64,
    ) -> impl Future<Output = Result<bool>> + Send;
}

/// An index over a project's knowledge.
pub trait KnowledgeIndex: Send + Sync + 'static {
    /// The version of a project's knowledge that this process holds, if any.
    fn held(&self, project: ProjectId) -> Option<u64>;

    /// Whether this process has the edition, or a newer one, ready.
    fn has(&self, edition: Edition) -> bool {
        self.held(edition.project).is_some_and(|version| version >= edition.version)
    }

    /// Whether what this process holds of a project answers as well as this generation, where both are
    /// of one version.
    fn holds(&self, _project: ProjectId, _generation: &Generation) -> bool {
        true
    }

    /// Indexes an edition in this process; older editions of the project are dropped.
    fn publish(
        &self,
        edition: Edition,
        documents: Vec<Document>,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Opens a published generation in this process: [`Error::NotFound`] where it is gone,
    /// [`Error::Internal`] where it is broken.
    fn open(
        &self,
        _project: ProjectId,
        _generation: &Generation,
    ) -> impl Future<Output = Result<()>> + Send {
        async { Err(Error::unavailable("this index opens no generations")) }
    }

    /// Opens a published generation in the background; readers go on with what is held.
    fn open_behind(&self, _project: ProjectId, _generation: &Generation) {}

    /// Builds a generation for the object store while nobody looks on.
    fn build(
        &self,
        documents: Vec<Document>,
        before: Option<&Generation>,
        embed_for: Duration,
    ) -> impl Future<Output = Result<Built>> + Send {
        self.build_watched(documents, before, embed_for, &Unwatched)
    }

    /// Builds a generation for the object store, one that [`KnowledgeIndex::open`] can open in a process of
    /// the same limits; sources that there is no room for are left out. What was computed for the
    /// generation before it is taken over where it still holds; vectors are asked for no longer than
    /// `embed_for`.
    fn build_watched(
        &self,
        _documents: Vec<Document>,
        _before: Option<&Generation>,
        _embed_for: Duration,
        _watch: &impl BuildWatch,
    ) -> impl Future<Output = Result<Built>> + Send {
        async { Err(Error::internal("this index builds no generations")) }
    }

    /// Finds the passages nearest to a question, best first, without those of the sources that are
    /// `gone`.
    fn search(
        &self,
        edition: Edition,
        question: &str,
        limit: usize,
        gone: &HashSet<SourceId>,
    ) -> impl Future<Output = Result<Vec<Passage>>> + Send;

    /// Every passage, if their texts are at most so many bytes together.
    fn whole(
        &self,
        _edition: Edition,
        _max_bytes: usize,
    ) -> impl Future<Output = Result<Option<Vec<Passage>>>> + Send {
        async { Ok(None) }
    }
}

/// From texts to vectors: the nearer two of them point, the more alike is what the texts say.
pub trait Embedder: Send + Sync + 'static {
    /// Names the model and the length of its vectors; only vectors of one name can be compared. `None`
    /// where there is no model, and nothing is to be asked.
    fn identity(&self) -> Option<&str>;

    /// The length of its vectors, or a guess where only the model knows.
    fn dimensions(&self) -> usize;

    /// Answers one vector for each text, in their order and all of one length, finite numbers only.
    fn embed(
        &self,
        texts: &[String],
    ) -> impl Future<Output = Result<Vec<Vec<f32>>, EmbedError>> + Send;
}

/// The embedder of a process that has none.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoEmbedder;

impl Embedder for NoEmbedder {
    fn identity(&self) -> Option<&str> {
        None
    }

    fn dimensions(&self) -> usize {
        0
    }

    async fn embed(&self, _texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedError> {
        Err(EmbedError { passing: false, cause: "this process has no embedder".into() })
    }
}

/// One GET of somebody else's page.
#[derive(Debug, Clone)]
pub struct FetchRequest {
    /// Where to; vetted again at connect. Redirects are answered, not followed.
    pub url: CallbackUrl,
    /// Headers beside the user agent.
    pub headers: Vec<(&'static str, String)>,
    /// From the resolution of the name to the last byte of the answer.
    pub timeout: Duration,
    /// Bytes of the answer that are read at most.
    pub max_bytes: usize,
}

/// What the page's server answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fetched {
    /// The status.
    pub status: u16,
    /// The `Content-Type` header.
    pub content_type: Option<String>,
    /// The `ETag` header.
    pub etag: Option<String>,
    /// The `Location` header.
    pub location: Option<String>,
    /// The body, as far as it was read.
    pub body: Vec<u8>,
    /// Whether more was offered than was read.
    pub truncated: bool,
    /// Whether the body came to its end.
    pub complete: bool,
}

/// Pages of others, guarded: public addresses only, bounded in time and bytes.
pub trait Fetch: Send + Sync + 'static {
    /// Sends one GET.
    fn get(
        &self,
        request: FetchRequest,
    ) -> impl Future<Output = Result<Fetched, OutgoingError>> + Send;
}

/// From files to texts. What a file is, its content tells.
pub trait Extract: Send + Sync + 'static {
    /// Reads the text out of a file, within bounds of time and memory.
    fn extract(
        &self,
        file: UnreadFile,
    ) -> impl Future<Output = Result<Extracted, Unreadable>> + Send;
}
