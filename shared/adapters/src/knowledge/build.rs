//! Building a generation that readers of the same limits can open.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aiva_core::error::{Error, Result};
use aiva_core::id::SourceId;
use aiva_core::knowledge::{BuildWatch, Built, Document, Generation, Progress};
use aiva_core::ports::{Embedder, Objects};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::archive;
use super::embed::{Embedded, embed};
use super::engine::Engine;
use super::memory::IndexLimits;
use super::split::{Chosen, Split};
use super::vectors::{Vectors, bytes_each};
use crate::objects::ObjectStore;

/// How often it is told how far an index is.
const PACE: Duration = Duration::from_secs(1);

/// How often an index is built anew with less in it. Texts differ in how far they shrink, and the least that
/// is known of it after the first time is how far they did together.
const MAX_TRIES: u32 = 12;

/// From this try on what there is room for is halved, whatever the last one told.
const HALVED_FROM: u32 = 4;

/// What a generation is built with.
pub(super) struct Builder<'a, E> {
    pub(super) limits: IndexLimits,
    pub(super) objects: &'a ObjectStore,
    pub(super) embedder: &'a E,
}

/// An index without vectors, and the room that was given to its passages.
struct Words {
    engine: Engine,
    room: usize,
}

impl<E: Embedder> Builder<'_, E> {
    pub(super) async fn build(
        &self,
        documents: Vec<Document>,
        before: Option<&Generation>,
        embed_for: Duration,
        watch: &impl BuildWatch,
    ) -> Result<Built> {
        let IndexLimits { max_bytes, build_bytes, .. } = self.limits;
        let embeds = self.embedder.identity().is_some();
        let vector_bytes = if embeds { bytes_each(self.embedder.dimensions()) } else { 0 };
        let split = move || Split::of(documents, build_bytes, vector_bytes);
        let split = Arc::new(spawn_blocking(split).await.map_err(Error::internal)?);
        let Words { engine, room } =
            words(&split, (build_bytes, max_bytes), vector_bytes, watch).await?;
        let Chosen { pieces, counts, left_out, .. } = split.choose(room, vector_bytes);
        if !left_out.is_empty() {
            let left_out = left_out.len();
            tracing::warn!(left_out, max_bytes, "sources have no room in the index");
        }
        let Embedded { vectors, owed } = if embeds && !pieces.is_empty() {
            let before = self.vectors_before(before).await;
            embed(self.embedder, &pieces, before, embed_for).await
        } else {
            Embedded { vectors: None, owed: 0 }
        };
        drop(pieces);
        drop(split);
        let identity = self.embedder.identity().map(str::to_owned);
        let write = move || engine.with_vectors(vectors).pack(identity.as_deref());
        let (bytes, total) = spawn_blocking(write).await.map_err(Error::internal)??;
        let total = u64::try_from(total).map_err(Error::internal)?;
        Ok(Built { bytes, pieces: counts, left_out, total, vectors_owed: owed })
    }

    /// The vectors of the generation before, where they come from this embedder. Without them all are
    /// asked for again.
    async fn vectors_before(&self, before: Option<&Generation>) -> Option<Vectors> {
        let (identity, before) = self.embedder.identity().zip(before)?;
        let vectors = match self.objects.get(&before.object, self.limits.build_bytes).await {
            Ok(Some(bytes)) => archive::vectors(&bytes, identity),
            Ok(None) => return None,
            Err(error) => Err(error),
        };
        vectors.unwrap_or_else(|error| {
            tracing::warn!(%error, "the vectors of the generation before are not taken over");
            None
        })
    }
}

/// Indexes passages until the index is no larger than readers can open. How large it becomes is known when
/// it is there: where it is too large, less is put into it.
async fn words(
    split: &Arc<Split>,
    (build_bytes, max_bytes): (usize, usize),
    vector_bytes: usize,
    watch: &impl BuildWatch,
) -> Result<Words> {
    let mut room = build_bytes;
    for number in 1..=MAX_TRIES {
        let (engine, taken) = indexed(split, room, vector_bytes, watch).await?;
        let bytes = engine.word_bytes()?;
        if bytes <= max_bytes {
            return Ok(Words { engine, room });
        }
        let scaled = taken as u128 * max_bytes as u128 * 19 / (bytes as u128 * 20);
        let scaled = usize::try_from(scaled).unwrap_or(taken);
        room = if number < HALVED_FROM { scaled } else { scaled.min(taken / 2) };
    }
    Err(Error::internal("no index is small enough to be opened"))
}

/// Indexes the passages that are chosen for so much room, and answers what they take of it.
async fn indexed(
    split: &Arc<Split>,
    room: usize,
    vector_bytes: usize,
    watch: &impl BuildWatch,
) -> Result<(Engine, usize)> {
    let places = Places::of(&split.choose(room, vector_bytes));
    let written = Arc::new(AtomicUsize::new(0));
    let (split, count) = (Arc::clone(split), Arc::clone(&written));
    let mut work = spawn_blocking(move || {
        let Chosen { pieces, bytes, .. } = split.choose(room, vector_bytes);
        Engine::build(&pieces, &count).map(|engine| (engine, bytes))
    });
    loop {
        match timeout(PACE, &mut work).await {
            Ok(done) => return done.map_err(Error::internal)?,
            Err(_) => watch.saw(&places.progress(written.load(Ordering::Relaxed))).await,
        }
    }
}

/// Where the passages of each source stand in the list of all.
struct Places {
    /// Source, first passage, passages in the list, passages by itself.
    all: Vec<(SourceId, usize, usize, u64)>,
}

impl Places {
    fn of(chosen: &Chosen<'_>) -> Self {
        let ends = chosen.starts.iter().skip(1).map(|(_, start)| *start);
        let ends = ends.chain([chosen.pieces.len()]);
        let all = chosen.starts.iter().zip(ends).map(|((source, start), end)| {
            let own = chosen.counts.get(source).copied().unwrap_or(0);
            (*source, *start, end - start, own)
        });
        Self { all: all.collect() }
    }

    /// How far each source is when so many passages of the list are in.
    fn progress(&self, written: usize) -> Vec<(SourceId, Progress)> {
        let far = |(source, start, length, total): &(SourceId, usize, usize, u64)| {
            let done = written.saturating_sub(*start).min(*length);
            let done = u64::try_from(done).unwrap_or(u64::MAX);
            (*source, Progress { done: done.min(*total), total: *total })
        };
        self.all.iter().map(far).collect()
    }
}
