//! The editions that one process holds.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aiva_core::error::{Error, Result};
use aiva_core::id::{ProjectId, SourceId};
use aiva_core::knowledge::{BuildWatch, Built, Document, Edition, Generation, Passage};
use aiva_core::ports::{Embedder, KnowledgeIndex, NoEmbedder, Objects};
use tokio::time::{Instant, timeout};

use super::archive;
use super::build::Builder;
use super::engine::{Engine, Nearest};
use super::split::Split;
use super::vectors::Vector;
use crate::objects::ObjectStore;

/// How long a question waits for its vector; then it is answered by its words alone.
const QUESTION_PATIENCE: Duration = Duration::from_secs(2);

/// How long an embedder that was silent is not asked again: not every question is to wait for it.
const SILENCE: Duration = Duration::from_secs(5);

/// Bytes of a question that are embedded: what it is about stands in them.
const EMBEDDED_QUESTION_BYTES: usize = 2_000;

/// What a [`MemoryIndex`] may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexLimits {
    /// Bytes of passages and their indices, together; one project alone never gets more either. Whoever
    /// builds a generation lets it become no larger, so that it has to have the same as those who open it.
    pub max_bytes: usize,
    /// Projects held at once.
    pub max_editions: usize,
    /// Bytes of passages in memory while a generation is built from them.
    pub build_bytes: usize,
}

impl IndexLimits {
    /// So many bytes, and projects as many as by default.
    pub fn of(max_bytes: usize) -> Self {
        Self { max_bytes, ..Self::default() }
    }
}

impl Default for IndexLimits {
    /// 64 MiB, which 100,000 passages fit into, and 64 projects: room in the smallest worker.
    fn default() -> Self {
        const MIB: usize = 1024 * 1024;
        Self { max_bytes: 64 * MIB, max_editions: 64, build_bytes: 512 * MIB }
    }
}

/// Indices in memory: one edition of each project used lately, opened from a published generation or
/// built on the spot. When it is full, the project that was asked longest ago goes, and is opened again
/// when it is asked next. Passages have vectors where there is an embedder.
pub struct MemoryIndex<E = NoEmbedder> {
    limits: IndexLimits,
    objects: ObjectStore,
    embedder: Arc<E>,
    /// When the embedder is asked again, after it was silent.
    silent_until: Arc<Mutex<Option<Instant>>>,
    shelf: Arc<Mutex<Shelf>>,
    /// Held while an edition is built or opened: ten questions to a project that is not here yet do it
    /// once, and the memory of one bounds that of all.
    building: Arc<tokio::sync::Mutex<()>>,
}

impl<E> Clone for MemoryIndex<E> {
    fn clone(&self) -> Self {
        Self {
            limits: self.limits,
            objects: self.objects.clone(),
            embedder: Arc::clone(&self.embedder),
            silent_until: Arc::clone(&self.silent_until),
            shelf: Arc::clone(&self.shelf),
            building: Arc::clone(&self.building),
        }
    }
}

#[derive(Default)]
struct Shelf {
    slots: HashMap<ProjectId, Slot>,
    uses: u64,
}

struct Slot {
    version: u64,
    /// The object that it was opened from; `None` where it was made on the spot.
    object: Option<String>,
    engine: Arc<Engine>,
    last_use: u64,
}

impl MemoryIndex {
    /// Makes an empty index; generations come from these objects.
    pub fn new(limits: IndexLimits, objects: ObjectStore) -> Self {
        Self::with_embedder(limits, objects, NoEmbedder)
    }
}

impl<E: Embedder> MemoryIndex<E> {
    /// Makes an empty index; generations come from these objects, vectors from this embedder.
    pub fn with_embedder(limits: IndexLimits, objects: ObjectStore, embedder: E) -> Self {
        Self {
            limits,
            objects,
            embedder: Arc::new(embedder),
            silent_until: Arc::default(),
            shelf: Arc::default(),
            building: Arc::default(),
        }
    }

    /// Nothing that holds the lock can leave the shelf half changed, so a poisoned one is still good.
    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn engine(&self, edition: Edition) -> Result<Arc<Engine>> {
        let engine = self.shelf().take(edition);
        engine.ok_or_else(|| Error::unavailable("the edition is not in memory"))
    }

    async fn made(
        &self,
        edition: Edition,
        object: Option<String>,
        make: impl FnOnce() -> Result<Engine> + Send + 'static,
    ) -> Result<()> {
        let engine = tokio::task::spawn_blocking(make).await.map_err(Error::internal)??;
        self.shelf().put(edition, object, engine, self.limits);
        Ok(())
    }

    fn silence(&self) -> MutexGuard<'_, Option<Instant>> {
        self.silent_until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The passages near a question by their vectors; `None` where there are none to compare, or the
    /// embedder does not answer in time.
    async fn nearest(
        &self,
        engine: &Arc<Engine>,
        question: &str,
        wanted: Wanted,
    ) -> Option<Nearest> {
        let dimensions = engine.dimensions()?;
        let question = &question[..question.floor_char_boundary(EMBEDDED_QUESTION_BYTES)];
        if question.trim().is_empty() || self.silence().is_some_and(|end| Instant::now() < end) {
            return None;
        }
        let texts = [question.to_owned()];
        let answer = timeout(QUESTION_PATIENCE, self.embedder.embed(&texts)).await;
        let cause = match answer.map(|answer| answer.map(|mut vectors| vectors.pop())) {
            Ok(Ok(Some(numbers))) if numbers.len() == dimensions => {
                let (engine, vector) = (Arc::clone(engine), Vector::of(&numbers));
                // It looks at every vector there is: others go on meanwhile.
                let search = move || engine.nearest(vector, wanted.limit, wanted.gone);
                return tokio::task::spawn_blocking(search).await.ok();
            }
            Ok(Ok(_)) => "its vector is not as long as those of the passages".to_owned(),
            Ok(Err(error)) => error.to_string(),
            Err(_) => {
                *self.silence() = Some(Instant::now() + SILENCE);
                "no vector in time".to_owned()
            }
        };
        tracing::warn!(cause, "a question is answered by its words alone");
        None
    }
}

impl Default for MemoryIndex {
    fn default() -> Self {
        Self::new(IndexLimits::default(), ObjectStore::Off)
    }
}

/// How many passages a search wants, and how many sources it leaves out.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    limit: usize,
    gone: usize,
}

impl<E: Embedder> KnowledgeIndex for MemoryIndex<E> {
    fn held(&self, project: ProjectId) -> Option<u64> {
        self.shelf().slots.get(&project).map(|slot| slot.version)
    }

    fn holds(&self, project: ProjectId, generation: &Generation) -> bool {
        // Without an embedder one is as good as another.
        self.embedder.identity().is_none()
            || self.shelf().slots.get(&project).is_some_and(|slot| {
                slot.version > generation.version
                    || slot.object.as_deref() == Some(generation.object.as_str())
            })
    }

    async fn publish(&self, edition: Edition, documents: Vec<Document>) -> Result<()> {
        let _turn = self.building.lock().await;
        if self.has(edition) {
            return Ok(());
        }
        let max_bytes = self.limits.max_bytes;
        let make = move || {
            let split = Split::of(documents, max_bytes, 0);
            Engine::build(&split.choose(max_bytes, 0).pieces, &AtomicUsize::new(0))
        };
        self.made(edition, None, make).await
    }

    async fn open(&self, project: ProjectId, generation: &Generation) -> Result<()> {
        let edition = Edition { project, version: generation.version };
        let _turn = self.building.lock().await;
        if self.has(edition) && self.holds(project, generation) {
            return Ok(());
        }
        // Vectors stand behind the words: where both do not fit, the words may.
        let max_bytes = self.limits.max_bytes;
        let fits = usize::try_from(generation.bytes).is_ok_and(|bytes| bytes <= max_bytes);
        self.shelf().make_room(project, max_bytes, generation.bytes);
        let bytes = if fits {
            self.objects.get(&generation.object, max_bytes).await?
        } else {
            let bytes = generation.bytes;
            tracing::warn!(%project, bytes, max_bytes, "a generation is opened without its vectors");
            self.objects.get_start(&generation.object, max_bytes).await?
        };
        let bytes = bytes.ok_or(Error::NotFound)?;
        if archive::word_bytes_of(&bytes)? > max_bytes {
            return Err(Error::unavailable("a generation is larger than AIVA_INDEX_MEBIBYTES"));
        }
        let embedder = Arc::clone(&self.embedder);
        let open = move || Engine::open(&bytes, embedder.identity().filter(|_| fits));
        self.made(edition, Some(generation.object.clone()), open).await
    }

    fn open_behind(&self, project: ProjectId, generation: &Generation) {
        let (index, generation) = (self.clone(), generation.clone());
        tokio::spawn(async move {
            if let Err(error) = index.open(project, &generation).await {
                tracing::warn!(%project, %error, "a newer generation is not open yet");
            }
        });
    }

    async fn build_watched(
        &self,
        documents: Vec<Document>,
        before: Option<&Generation>,
        embed_for: Duration,
        watch: &impl BuildWatch,
    ) -> Result<Built> {
        let (limits, objects, embedder) = (self.limits, &self.objects, &*self.embedder);
        Builder { limits, objects, embedder }.build(documents, before, embed_for, watch).await
    }

    async fn search(
        &self,
        edition: Edition,
        question: &str,
        limit: usize,
        gone: &HashSet<SourceId>,
    ) -> Result<Vec<Passage>> {
        let engine = self.engine(edition)?;
        let wanted = Wanted { limit, gone: gone.len() };
        let near = Box::pin(self.nearest(&engine, question, wanted)).await;
        engine.search(question, near.as_ref(), limit, gone)
    }

    async fn whole(&self, edition: Edition, max_bytes: usize) -> Result<Option<Vec<Passage>>> {
        self.engine(edition)?.whole(max_bytes)
    }
}

impl Shelf {
    fn take(&mut self, edition: Edition) -> Option<Arc<Engine>> {
        self.uses += 1;
        let slot = self.slots.get_mut(&edition.project)?;
        slot.last_use = self.uses;
        (slot.version >= edition.version).then(|| Arc::clone(&slot.engine))
    }

    fn put(
        &mut self,
        edition: Edition,
        object: Option<String>,
        engine: Engine,
        limits: IndexLimits,
    ) {
        self.uses += 1;
        let (engine, last_use) = (Arc::new(engine), self.uses);
        let slot = Slot { version: edition.version, object, engine, last_use };
        self.slots.insert(edition.project, slot);
        while self.slots.len() > limits.max_editions.max(1) || self.bytes() > limits.max_bytes {
            let oldest = self.slots.iter().min_by_key(|(_, slot)| slot.last_use);
            match oldest.map(|(project, _)| *project) {
                // The newest is within the bound by itself.
                Some(project) if project != edition.project => self.slots.remove(&project),
                Some(_) | None => break,
            };
        }
    }

    /// Lets go of other projects before one is opened that takes so many bytes: what goes for it anyway
    /// need not stand beside it meanwhile.
    fn make_room(&mut self, project: ProjectId, max_bytes: usize, bytes: u64) {
        let bytes = usize::try_from(bytes).unwrap_or(max_bytes).min(max_bytes);
        loop {
            let others = self.slots.iter().filter(|(other, _)| **other != project);
            let held: usize = others.clone().map(|(_, slot)| slot.engine.bytes()).sum();
            let oldest = others.min_by_key(|(_, slot)| slot.last_use).map(|(other, _)| *other);
            match oldest {
                Some(oldest) if held > max_bytes - bytes => self.slots.remove(&oldest),
                Some(_) | None => break,
            };
        }
    }

    fn bytes(&self) -> usize {
        self.slots.values().map(|slot| slot.engine.bytes()).sum()
    }
}
