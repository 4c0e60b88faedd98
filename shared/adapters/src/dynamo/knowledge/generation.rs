//! Generations in a project's row.

use aiva_core::delivery::Delivery;
use aiva_core::error::Result;
use aiva_core::id::SourceId;
use aiva_core::knowledge::{Generation, Progress, Source, SourceState, Unplaced};
use aiva_core::project::Project;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use super::super::DynamoStore;
use super::super::item::{moment, number, text, to_value};
use super::super::keys::{self, Key};
use super::super::row::workspace::GenerationRow;
use super::super::write::{Change, Transacted, Written, update};

impl DynamoStore {
    pub(super) async fn name_generation(
        &self,
        project: Key,
        generation: &Generation,
        gone: &[SourceId],
    ) -> Result<bool> {
        // The right side of each assignment is the row as it was.
        let update = "SET #gv = if_not_exists(#g, :none), #g = :g";
        let update = if gone.is_empty() {
            format!("{update} REMOVE #gp")
        } else {
            format!("{update}, #gp = :gone DELETE #go :gone")
        };
        let mut change = Change::new(update)
            .when("attribute_exists(#pk)")
            .when("(attribute_not_exists(#g) OR #g.#v < :v OR (#g.#v = :v AND #g.#x > :x))")
            .with("none", AttributeValue::Null(true))
            .with("g", to_value(&GenerationRow::from(generation))?)
            .with("v", number(generation.version))
            .with("x", number(generation.vectors_owed));
        if !gone.is_empty() {
            let ids = gone.iter().map(|id| id.bare()).collect();
            change = change.with("gone", AttributeValue::Ss(ids));
        }
        Ok(matches!(self.update_row(project, &change).await?, Written::Yes(_)))
    }

    pub(super) async fn mark_indexed(
        &self,
        source: &Source,
        chunks: u64,
        now: Timestamp,
        deliveries: &[(Delivery, Timestamp)],
    ) -> Result<bool> {
        let key = keys::source(source.workspace, source.project, source.id);
        let values = [
            ("st", Some(text(SourceState::Ready.as_str()))),
            ("r", source.left_out.as_ref().map(text)),
            ("ou", None),
            ("pd", None),
            ("pt", None),
            ("ch", Some(number(chunks))),
            ("ua", Some(moment(now))),
        ];
        let change = Change::assigning(values)
            .when(
                "(#st = :st OR #st = :indexing OR (#st = :failed AND #ou = :yes) \
                 OR attribute_not_exists(#st))",
            )
            .when("attribute_exists(#pk)")
            .when_is(("c", source.content.as_ref().map(text)))
            .when_is(("ch", source.chunks.map(number)))
            .with("indexing", text(SourceState::Indexing.as_str()))
            .with("failed", text(SourceState::Failed.as_str()))
            .with("yes", AttributeValue::Bool(true));
        self.marked(key, &change, deliveries).await
    }

    /// Where it waits to be read again, only its passages go.
    pub(super) async fn mark_unplaced(
        &self,
        source: &Source,
        why: &Unplaced,
        now: Timestamp,
        deliveries: &[(Delivery, Timestamp)],
    ) -> Result<bool> {
        let key = keys::source(source.workspace, source.project, source.id);
        let is_waiting = matches!(source.state, SourceState::Queued | SourceState::Fetching);
        let mut values = vec![("ch", None), ("pd", None), ("pt", None)];
        if why.lost {
            values.extend([("c", None), ("et", None)]);
        }
        if !is_waiting {
            values.extend([
                ("st", Some(text(SourceState::Failed.as_str()))),
                ("r", Some(text(&why.reason))),
                ("ou", (!why.lost).then_some(AttributeValue::Bool(true))),
                ("ua", Some(moment(now))),
            ]);
        }
        let change = Change::assigning(values)
            .when("(#st = :was OR attribute_not_exists(#st))")
            .when("attribute_exists(#pk)")
            .when_is(("c", source.content.as_ref().map(text)))
            .with("was", text(source.state.as_str()));
        self.marked(key, &change, deliveries).await
    }

    pub(super) async fn note_progress(&self, source: &Source, progress: Progress) -> Result<bool> {
        let key = keys::source(source.workspace, source.project, source.id);
        let change = Change::new("SET #pd = :done, #pt = :total")
            .when("#st = :indexing")
            .when_is(("c", source.content.as_ref().map(text)))
            .with("done", number(progress.done))
            .with("total", number(progress.total))
            .with("indexing", text(SourceState::Indexing.as_str()));
        Ok(matches!(self.update_row(key, &change).await?, Written::Yes(_)))
    }

    pub(super) async fn owe_again(&self, project: &Project, due: Timestamp) -> Result<bool> {
        let change = Change::new("SET #owed = :owed, #due = :due ADD #kv :one")
            .when("#kv = :v AND attribute_not_exists(#owed)")
            .with("owed", text(keys::owed_mark(project.id)))
            .with("due", moment(due))
            .with("one", number(1))
            .with("v", number(project.knowledge_version));
        let key = keys::project(project.workspace, project.id);
        Ok(matches!(self.update_row(key, &change).await?, Written::Yes(_)))
    }

    /// One update, or, with somebody to tell, one transaction.
    async fn marked(
        &self,
        key: Key,
        change: &Change,
        deliveries: &[(Delivery, Timestamp)],
    ) -> Result<bool> {
        if deliveries.is_empty() {
            return Ok(matches!(self.update_row(key, change).await?, Written::Yes(_)));
        }
        let mut actions = vec![update(&self.table, key, change)?];
        actions.extend(self.delivery_actions(deliveries)?);
        Ok(matches!(self.transact(None, actions).await?, Transacted::Yes))
    }

    pub(super) async fn clear_owed_index(&self, project: Key, version: u64) -> Result<bool> {
        let change = Change::new("REMOVE #owed, #due").when("#kv = :v").with("v", number(version));
        Ok(matches!(self.update_row(project, &change).await?, Written::Yes(_)))
    }
}
