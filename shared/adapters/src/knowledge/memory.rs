//! The editions that one process holds.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aiva_core::error::{Error, Result};
use aiva_core::id::ProjectId;
use aiva_core::knowledge::{Document, Edition, Passage};
use aiva_core::ports::KnowledgeIndex;

use super::engine::Engine;

/// What a [`MemoryIndex`] may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexLimits {
    /// Bytes of passages and their indices, together; one project alone never gets more either.
    pub max_bytes: usize,
    /// Projects held at once.
    pub max_editions: usize,
}

impl Default for IndexLimits {
    /// 32 MiB and 64 projects: room in the smallest worker.
    fn default() -> Self {
        Self { max_bytes: 32 * 1024 * 1024, max_editions: 64 }
    }
}

/// An index in memory: one edition of each project used lately. When it is full, the project that was
/// asked longest ago goes, and is published again when it is asked next.
pub struct MemoryIndex {
    limits: IndexLimits,
    shelf: Mutex<Shelf>,
    /// Held while an edition is built: ten questions to a project that is not here yet build it once,
    /// and the memory of one build bounds that of all.
    building: tokio::sync::Mutex<()>,
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
    /// Makes an empty index.
    pub fn new(limits: IndexLimits) -> Self {
        Self { limits, shelf: Mutex::default(), building: tokio::sync::Mutex::default() }
    }

    /// Nothing that holds the lock can leave the shelf half changed, so a poisoned one is still good.
    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryIndex {
    fn default() -> Self {
        Self::new(IndexLimits::default())
    }
}

impl KnowledgeIndex for MemoryIndex {
    /// A newer edition than the one asked for counts as ready: its passages are those that still stand.
    fn has(&self, edition: Edition) -> bool {
        self.shelf().slots.get(&edition.project).is_some_and(|slot| slot.version >= edition.version)
    }

    async fn publish(&self, edition: Edition, documents: Vec<Document>) -> Result<()> {
        let _turn = self.building.lock().await;
        if self.has(edition) {
            return Ok(());
        }
        let max_bytes = self.limits.max_bytes;
        let build = move || Engine::build(&documents, max_bytes);
        let engine = tokio::task::spawn_blocking(build).await.map_err(Error::internal)??;
        self.shelf().put(edition, engine, self.limits);
        Ok(())
    }

    async fn search(&self, edition: Edition, question: &str, limit: usize) -> Result<Vec<Passage>> {
        let engine = self.shelf().take(edition);
        let engine = engine.ok_or_else(|| Error::unavailable("the edition is not in memory"))?;
        engine.search(question, limit)
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
