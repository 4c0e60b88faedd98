//! Generations in a project's row.

use aiva_core::delivery::Delivery;
use aiva_core::error::Result;
use aiva_core::id::SourceId;
use aiva_core::knowledge::{Generation, Source, SourceState};
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
        let change = Change::new("SET #st = :ready, #ch = :chunks, #ua = :now")
            .when("(#st = :indexing OR #st = :ready OR attribute_not_exists(#st))")
            .when("attribute_exists(#pk)")
            .when_is(("c", source.content.as_ref().map(text)))
            .when_is(("ch", source.chunks.map(number)))
            .with("ready", text(SourceState::Ready.as_str()))
            .with("indexing", text(SourceState::Indexing.as_str()))
            .with("chunks", number(chunks))
            .with("now", moment(now));
        if deliveries.is_empty() {
            return Ok(matches!(self.update_row(key, &change).await?, Written::Yes(_)));
        }
        let mut actions = vec![update(&self.table, key, &change)?];
        actions.extend(self.delivery_actions(deliveries)?);
        Ok(matches!(self.transact(None, actions).await?, Transacted::Yes))
    }

    pub(super) async fn clear_owed_index(&self, project: Key, version: u64) -> Result<bool> {
        let change = Change::new("REMOVE #owed, #due").when("#kv = :v").with("v", number(version));
        Ok(matches!(self.update_row(project, &change).await?, Written::Yes(_)))
    }
}
