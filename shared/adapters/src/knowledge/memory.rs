//! The editions that one process holds.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aiva_core::error::{Error, Result};
use aiva_core::id::{ProjectId, SourceId};
use aiva_core::knowledge::{Built, Document, Edition, Generation, Passage};
use aiva_core::ports::{KnowledgeIndex, Objects};

use super::engine::Engine;
use super::split;
use crate::objects::ObjectStore;

/// What a [`MemoryIndex`] may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexLimits {
    /// Bytes of passages and their indices, together; one project alone never gets more either.
    pub max_bytes: usize,
    /// Projects held at once.
    pub max_editions: usize,
}

impl IndexLimits {
    /// So many bytes, and projects as many as by default.
    pub fn of(max_bytes: usize) -> Self {
        Self { max_bytes, ..Self::default() }
    }
}

impl Default for IndexLimits {
    /// 32 MiB and 64 projects: room in the smallest worker.
    fn default() -> Self {
        Self { max_bytes: 32 * 1024 * 1024, max_editions: 64 }
    }
}

/// Indices in memory: one edition of each project used lately, opened from a published generation or
/// built on the spot. When it is full, the project that was asked longest ago goes, and is opened again
/// when it is asked next.
#[derive(Clone)]
pub struct MemoryIndex {
    limits: IndexLimits,
    objects: ObjectStore,
    shelf: Arc<Mutex<Shelf>>,
    /// Held while an edition is built or opened: ten questions to a project that is not here yet do it
    /// once, and the memory of one bounds that of all.
    building: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Default)]
struct Shelf {
    slots: HashMap<ProjectId, Slot>,
    uses: u64,
}

struct Slot {
    version: u64,
    engine: Arc<Engine>,
    last_use: u64,
}

impl MemoryIndex {
    /// Makes an empty index; generations come from these objects.
    pub fn new(limits: IndexLimits, objects: ObjectStore) -> Self {
        Self { limits, objects, shelf: Arc::default(), building: Arc::default() }
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
        make: impl FnOnce() -> Result<Engine> + Send + 'static,
    ) -> Result<()> {
        let engine = tokio::task::spawn_blocking(make).await.map_err(Error::internal)??;
        self.shelf().put(edition, engine, self.limits);
        Ok(())
    }
}

impl Default for MemoryIndex {
    fn default() -> Self {
        Self::new(IndexLimits::default(), ObjectStore::Off)
    }
}

impl KnowledgeIndex for MemoryIndex {
    fn held(&self, project: ProjectId) -> Option<u64> {
        self.shelf().slots.get(&project).map(|slot| slot.version)
    }

    async fn publish(&self, edition: Edition, documents: Vec<Document>) -> Result<()> {
        let _turn = self.building.lock().await;
        if self.has(edition) {
            return Ok(());
        }
        let max_bytes = self.limits.max_bytes;
        self.made(edition, move || Engine::build(&documents, max_bytes)).await
    }

    async fn open(&self, project: ProjectId, generation: &Generation) -> Result<()> {
        let edition = Edition { project, version: generation.version };
        let _turn = self.building.lock().await;
        if self.has(edition) {
            return Ok(());
        }
        let bytes = self.objects.get(&generation.object, self.limits.max_bytes).await?;
        let bytes = bytes.ok_or_else(|| Error::unavailable("a generation is gone"))?;
        self.made(edition, move || Engine::open(&bytes)).await
    }

    fn open_behind(&self, project: ProjectId, generation: &Generation) {
        let (index, generation) = (self.clone(), generation.clone());
        tokio::spawn(async move {
            if let Err(error) = index.open(project, &generation).await {
                tracing::warn!(%project, %error, "a newer generation is not open yet");
            }
        });
    }

    async fn build(&self, documents: Vec<Document>) -> Result<Built> {
        let max_bytes = self.limits.max_bytes;
        let build = move || {
            let mut pieces: HashMap<SourceId, u64> = HashMap::new();
            for document in &documents {
                let count = u64::try_from(split::count(document)).unwrap_or(u64::MAX);
                *pieces.entry(document.source).or_default() += count;
            }
            let engine = Engine::build(&documents, max_bytes)?;
            let total = u64::try_from(engine.pieces()).unwrap_or(u64::MAX);
            Ok(Built { bytes: engine.pack()?, pieces, total })
        };
        tokio::task::spawn_blocking(build).await.map_err(Error::internal)?
    }

    async fn search(
        &self,
        edition: Edition,
        question: &str,
        limit: usize,
        gone: &HashSet<SourceId>,
    ) -> Result<Vec<Passage>> {
        self.engine(edition)?.search(question, limit, gone)
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

    fn put(&mut self, edition: Edition, engine: Engine, limits: IndexLimits) {
        self.uses += 1;
        let slot = Slot { version: edition.version, engine: Arc::new(engine), last_use: self.uses };
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

    fn bytes(&self) -> usize {
        self.slots.values().map(|slot| slot.engine.bytes()).sum()
    }
}
