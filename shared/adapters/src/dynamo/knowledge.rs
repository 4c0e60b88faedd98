//! Sources of knowledge. Raw texts lie in rows of their own, so that listing sources stays cheap; other
//! contents lie in the object store.

use std::collections::HashMap;

use aiva_core::delivery::Delivery;
use aiva_core::error::{Error, Result};
use aiva_core::id::{ProjectId, SourceId, WorkspaceId};
use aiva_core::knowledge::{
    Generation, MAX_SOURCES, Progress, Source, SourceClaim, SourceUpdate, StoredSource, Unplaced,
};
use aiva_core::message::Lease;
use aiva_core::page::{Limit, Page};
use aiva_core::ports::KnowledgeStore;
use aiva_core::project::Project;
use aiva_core::time;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use jiff::Timestamp;

use super::DynamoStore;
use super::item::{expiry, from_item, key_of, moment, number, text, text_of, to_item};
use super::keys::{self, SORT};
use super::read::Reading;
use super::row::knowledge::{SourceRow, TextRow};
use super::write::{Change, Transacted, Written, delete, put, update};

mod generation;
mod intake;

/// Bytes of text in one row at most; a row may have 400 KB.
const PART_BYTES: usize = 300_000;
/// Rows of one source at most: they go into one transaction of 4 MB.
const MAX_PARTS: usize = 12;
/// Sources of one project that are read for an index at most: twice as many as may be added.
const MAX_SOURCE_ROWS: usize = 20_000;
/// Days that a day's count of characters is kept.
const COUNTED_DAYS: i64 = 2;
/// Rows of text that are read at a time.
const TEXT_ROWS: usize = 64;

impl KnowledgeStore for DynamoStore {
    async fn put_source(&self, source: &Source, text: &str, due: Timestamp) -> Result<()> {
        let (workspace, project) = (source.workspace, source.project);
        let parts = cut(text, PART_BYTES);
        if parts.len() > MAX_PARTS {
            return Err(Error::internal("a source's text does not fit one transaction"));
        }
        let row = SourceRow::new(source, parts.len());
        let item = to_item(keys::source(workspace, project, source.id), &row)?;
        let once = Change::only_when("attribute_not_exists(#pk)");
        let added = i128::from(source.characters);
        let version = self.next_version(source, added, Count::More, due)?;
        let mut actions = vec![version, put(&self.table, item, &once)?];
        for (index, part) in parts.into_iter().enumerate() {
            let key = keys::source_text(workspace, project, source.id, index);
            let item = to_item(key, &TextRow { t: part.to_owned() })?;
            actions.push(put(&self.table, item, &Change::default())?);
        }
        // Refused for another reason than the project means that it exists.
        self.changed_knowledge(actions).await.map(|_| ())
    }

    async fn count_characters(
        &self,
        workspace: WorkspaceId,
        now: Timestamp,
        characters: u64,
        limit: u32,
    ) -> Result<bool> {
        let Some(room) = u64::from(limit).checked_sub(characters) else { return Ok(false) };
        let change = Change::new("ADD #c :more SET #ttl = :end")
            .when("(attribute_not_exists(#c) OR #c <= :room)")
            .with("more", number(characters))
            .with("room", number(room))
            .with("end", expiry(now, COUNTED_DAYS));
        let key = keys::characters(workspace, time::day(now));
        Ok(matches!(self.update_row(key, &change).await?, Written::Yes(_)))
    }

    async fn queue_source(&self, source: &Source, due: Timestamp) -> Result<()> {
        self.store_queued(source, due).await
    }

    async fn requeue_source(&self, source: &Source, due: Timestamp) -> Result<bool> {
        self.queue_again(source, due).await
    }

    /// A read for the number of its rows, then one transaction.
    async fn delete_source(
        &self,
        workspace: WorkspaceId,
        project: ProjectId,
        source: SourceId,
        due: Timestamp,
    ) -> Result<bool> {
        let key = keys::source(workspace, project, source);
        let Some(row) = self.parsed_row::<SourceRow>(key.clone()).await? else {
            return Ok(false);
        };
        let parts = row.np.min(MAX_PARTS);
        let known = Source::try_from(row)?;
        let exists = Change::only_when("attribute_exists(#pk)");
        let version = self.next_version(&known, -i128::from(known.characters), Count::Less, due)?;
        let mut actions = vec![version, delete(&self.table, key, &exists)?];
        for part in 0..parts {
            let key = keys::source_text(workspace, project, source, part);
            actions.push(delete(&self.table, key, &Change::default())?);
        }
        self.changed_knowledge(actions).await
    }

    async fn sources(
        &self,
        workspace: WorkspaceId,
        project: ProjectId,
        before: Option<SourceId>,
        limit: Limit,
    ) -> Result<Page<Source>> {
        let spans = [keys::sources(workspace, project)];
        let position = before.map(SourceId::bare);
        let parse = |item| Source::try_from(from_item::<SourceRow>(item)?).map(Some);
        let (items, next) = self.newest_first(&spans, position, limit.get(), parse).await?;
        let next = next.and_then(|_| items.last().map(|source| source.id.to_string()));
        Ok(Page { items, next })
    }

    async fn source(
        &self,
        workspace: WorkspaceId,
        project: ProjectId,
        source: SourceId,
    ) -> Result<Option<Source>> {
        let row: Option<SourceRow> =
            self.parsed_row(keys::source(workspace, project, source)).await?;
        row.map(Source::try_from).transpose()
    }

    /// Two queries: the sources, and their texts.
    async fn knowledge(
        &self,
        workspace: WorkspaceId,
        project: ProjectId,
        max_text_bytes: usize,
    ) -> Result<Vec<StoredSource>> {
        let sources = keys::sources(workspace, project);
        let sources = self.run(&sources, Reading::oldest(MAX_SOURCE_ROWS)).await?;
        let mut texts = self.texts(workspace, project, max_text_bytes).await?;
        let stored = sources.items.into_iter().map(|item| {
            let source = from_item::<SourceRow>(item).and_then(Source::try_from)?;
            let text = texts.remove(&source.id);
            Ok(StoredSource { source, text })
        });
        stored.collect()
    }

    async fn claim_source(
        &self,
        workspace: WorkspaceId,
        project: ProjectId,
        source: SourceId,
        lease: &Lease,
    ) -> Result<SourceClaim> {
        self.take_source(keys::source(workspace, project, source), lease).await
    }

    async fn record_source(
        &self,
        source: &Source,
        fence: u64,
        update: &SourceUpdate,
    ) -> Result<bool> {
        self.store_update(source, fence, update).await
    }

    async fn publish_generation(
        &self,
        workspace: WorkspaceId,
        project: ProjectId,
        generation: &Generation,
        gone: &[SourceId],
    ) -> Result<bool> {
        self.name_generation(keys::project(workspace, project), generation, gone).await
    }

    async fn source_indexed(
        &self,
        source: &Source,
        chunks: u64,
        now: Timestamp,
        deliveries: &[(Delivery, Timestamp)],
    ) -> Result<bool> {
        self.mark_indexed(source, chunks, now, deliveries).await
    }

    async fn source_unplaced(
        &self,
        source: &Source,
        why: &Unplaced,
        now: Timestamp,
        deliveries: &[(Delivery, Timestamp)],
    ) -> Result<bool> {
        self.mark_unplaced(source, why, now, deliveries).await
    }

    async fn source_progress(&self, source: &Source, progress: Progress) -> Result<bool> {
        self.note_progress(source, progress).await
    }

    async fn renew_index(&self, project: &Project, due: Timestamp) -> Result<bool> {
        self.owe_again(project, due).await
    }

    async fn index_paid(
        &self,
        workspace: WorkspaceId,
        project: ProjectId,
        version: u64,
    ) -> Result<bool> {
        self.clear_owed_index(keys::project(workspace, project), version).await
    }
}

/// What becomes of the number of a project's sources.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Count {
    /// One is added.
    More,
    /// One of them changes.
    Same,
    /// One goes.
    Less,
}

/// That there is a project which may have one source more.
const ROOM_FOR_ONE: &str = "attribute_exists(#pk) AND (attribute_not_exists(#sn) OR #sn < :most)";

impl DynamoStore {
    /// Advances the version of a project's knowledge and marks its index as owed; refused where there
    /// is no project, or no room for one source more.
    fn next_version(
        &self,
        source: &Source,
        characters: i128,
        count: Count,
        due: Timestamp,
    ) -> Result<TransactWriteItem> {
        let list = match count {
            Count::More => ", #sn :one",
            Count::Same => "",
            Count::Less => ", #sn :less, #go :gone",
        };
        let mut change = Change::new(format!(
            "SET #owed = :owed, #due = :due ADD #kv :one, #kb :characters{list}"
        ))
        .with("owed", text(keys::owed_mark(source.project)))
        .with("due", moment(due))
        .with("one", number(1))
        .with("characters", number(characters));
        change = match count {
            Count::More => change.when(ROOM_FOR_ONE).with("most", number(u64::from(MAX_SOURCES))),
            Count::Same => change.when("attribute_exists(#pk)"),
            Count::Less => change
                .when("attribute_exists(#pk)")
                .with("less", AttributeValue::N("-1".to_owned()))
                .with("gone", AttributeValue::Ss(vec![source.id.bare()])),
        };
        update(&self.table, keys::project(source.workspace, source.project), &change)
    }

    /// Runs a transaction that begins with the project; `false` when what it is about is there already, or
    /// gone.
    async fn changed_knowledge(&self, actions: Vec<TransactWriteItem>) -> Result<bool> {
        let Transacted::No(refusals) = self.transact(None, actions).await? else {
            return Ok(true);
        };
        let refused = |place: usize| refusals.get(place).is_some_and(|action| action.refused);
        match refusals.first() {
            Some(project) if project.refused && project.item.is_none() => Err(Error::NotFound),
            // A source that is stored already is no further one.
            Some(project) if project.refused && !refused(1) => Err(Error::conflict(format!(
                "the project has {MAX_SOURCES} sources; delete some first"
            ))),
            Some(_) | None => Ok(false),
        }
    }

    /// The texts of raw sources, oldest first and each whole, until they are so many bytes.
    async fn texts(
        &self,
        workspace: WorkspaceId,
        project: ProjectId,
        max_bytes: usize,
    ) -> Result<HashMap<SourceId, String>> {
        let span = keys::source_texts(workspace, project);
        let mut texts: HashMap<SourceId, String> = HashMap::new();
        let (mut after, mut bytes) = (None, 0);
        loop {
            let run = self.run(&span, Reading { after, ..Reading::oldest(TEXT_ROWS) }).await?;
            after = run.items.last().and_then(|item| text_of(item, SORT)).map(str::to_owned);
            for item in run.items {
                let source = keys::parse_source_text(&key_of(&item)?);
                let source = source.ok_or_else(|| Error::internal("a text without a source"))?;
                let part = from_item::<TextRow>(item)?.t;
                bytes += part.len();
                if bytes > max_bytes {
                    // What was read of it already is no whole text.
                    texts.remove(&source);
                    tracing::warn!(%project, max_bytes, "more raw texts than are read at once");
                    return Ok(texts);
                }
                texts.entry(source).or_default().push_str(&part);
            }
            if !run.more {
                return Ok(texts);
            }
        }
    }
}

/// Cuts a text into parts of at most so many bytes, never inside a character.
fn cut(text: &str, bytes: usize) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while rest.len() > bytes {
        let (part, tail) = rest.split_at(rest.floor_char_boundary(bytes));
        parts.push(part);
        rest = tail;
    }
    parts.push(rest);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_characters_and_comes_together_again() {
        let text = "aé漢🦀".repeat(50);
        for bytes in 4..40 {
            let parts = cut(&text, bytes);
            assert!(parts.iter().all(|part| part.len() <= bytes && !part.is_empty()));
            assert_eq!(parts.concat(), text);
        }
        assert_eq!(cut("", 4), vec![""]);
    }
}
