//! Sources on their way in: queued, claimed, recorded.

use aiva_core::error::Result;
use aiva_core::knowledge::{MAX_SOURCES, Source, SourceClaim, SourceState, SourceUpdate};
use aiva_core::message::Lease;
use jiff::Timestamp;

use super::super::DynamoStore;
use super::super::item::{from_item, moment, number, text, to_item};
use super::super::keys::{self, Key};
use super::super::lease;
use super::super::row::knowledge::SourceRow;
use super::super::write::{Assignment, Change, Transacted, Written, put, update};
use super::{Count, ROOM_FOR_ONE};

impl DynamoStore {
    /// One transaction with a look at the project: a source without one could not be found again.
    pub(super) async fn store_queued(&self, source: &Source, due: Timestamp) -> Result<()> {
        let key = keys::source(source.workspace, source.project, source.id);
        let mut item = to_item(key, &SourceRow::new(source, 0))?;
        item.insert(keys::OWED.to_owned(), text(keys::owed_mark(source.id)));
        item.insert(keys::DUE.to_owned(), moment(due));
        let once = Change::only_when("attribute_not_exists(#pk)");
        let seen = Change::new("SET #ks = :at ADD #sn :one")
            .when(ROOM_FOR_ONE)
            .with("at", moment(source.created_at))
            .with("one", number(1))
            .with("most", number(u64::from(MAX_SOURCES)));
        let project = keys::project(source.workspace, source.project);
        let actions = vec![update(&self.table, project, &seen)?, put(&self.table, item, &once)?];
        // Refused for another reason than the project means that it exists.
        self.changed_knowledge(actions).await.map(|_| ())
    }

    /// Whoever is at it loses the lease: what it reads may be older than what was asked for.
    pub(super) async fn queue_again(&self, source: &Source, due: Timestamp) -> Result<bool> {
        let key = keys::source(source.workspace, source.project, source.id);
        let change = Change::new(format!(
            "SET #st = :queued, #owed = :owed, #due = :due REMOVE #r, #ac, {}",
            lease::DROP
        ))
        .when("attribute_exists(#pk)")
        .with("queued", text(SourceState::Queued.as_str()))
        .with("owed", text(keys::owed_mark(source.id)))
        .with("due", moment(due));
        Ok(matches!(self.update_row(key, &change).await?, Written::Yes(_)))
    }

    pub(super) async fn take_source(&self, key: Key, lease: &Lease) -> Result<SourceClaim> {
        let take = Change::new(
            "SET #st = :fetching, #lh = :me, #le = :epoch, #lu = :until ADD #f :one, #ac :one",
        )
        .when("(#st = :queued OR #st = :fetching OR #ns <= :now)")
        .with("queued", text(SourceState::Queued.as_str()))
        .with("fetching", text(SourceState::Fetching.as_str()));
        let row: SourceRow = match self.update_row(key, &lease::when_free(take, lease)).await? {
            Written::Yes(item) => {
                let row: SourceRow = from_item(item)?;
                let (attempts, fence) = (row.ac.unwrap_or(1), row.f.unwrap_or(1));
                let source = Box::new(Source::try_from(row)?);
                return Ok(SourceClaim::Yes { source, attempts, fence });
            }
            Written::No(None) => return Ok(SourceClaim::Finished),
            Written::No(Some(item)) => from_item(item)?,
        };
        match (row.st, row.lu) {
            (SourceState::Fetching, Some(until)) => {
                Ok(SourceClaim::Busy { until: until.moment()? })
            }
            _ => Ok(SourceClaim::Finished),
        }
    }

    /// One update, or, where it is to be indexed or somebody to be told, one transaction.
    pub(super) async fn store_update(
        &self,
        source: &Source,
        fence: u64,
        change: &SourceUpdate,
    ) -> Result<bool> {
        let key = keys::source(source.workspace, source.project, source.id);
        let is_owed = change.state == SourceState::Indexing;
        let row = Change::assigning(assignments(source, change)?)
            .when("#st = :was AND #f = :fence")
            .with("was", text(SourceState::Fetching.as_str()))
            .with("fence", number(fence));
        if !is_owed && change.deliveries.is_empty() {
            return Ok(matches!(self.update_row(key, &row).await?, Written::Yes(_)));
        }
        let mut actions = vec![update(&self.table, key, &row)?];
        if is_owed {
            let new = change.content.as_ref().map_or(source.characters, |new| new.characters);
            let added = i128::from(new) - i128::from(source.characters);
            actions.push(self.next_version(source, added, Count::Same, change.due)?);
        }
        actions.extend(self.delivery_actions(&change.deliveries)?);
        Ok(matches!(self.transact(None, actions).await?, Transacted::Yes))
    }
}

fn assignments(source: &Source, change: &SourceUpdate) -> Result<Vec<Assignment>> {
    let mut values = vec![
        ("st", Some(text(change.state.as_str()))),
        ("r", change.reason.as_ref().map(text)),
        ("lo", change.left_out.as_ref().map(text)),
        ("ou", None),
        ("pd", None),
        ("pt", None),
        ("et", change.etag.as_ref().map(text)),
        ("ua", Some(moment(change.at))),
        ("lh", None),
        ("le", None),
        ("lu", None),
    ];
    if let Some(title) = &change.title {
        values.push(("t", Some(text(title.as_str()))));
    }
    if let Some(content) = &change.content {
        values.push(("c", Some(text(&content.object))));
        values.push(("n", Some(number(content.characters))));
        values.push(("nr", content.rows.map(number)));
        values.push(("ch", None));
    }
    // What waits for another try is owed as before; what is done is owed when it is to be fetched again.
    if change.state != SourceState::Queued {
        let next = change.next_at.map(moment);
        values.push((keys::OWED, next.as_ref().map(|_| text(keys::owed_mark(source.id)))));
        values.push((keys::DUE, next.clone()));
        values.push(("ns", next));
        values.push(("ac", None));
    }
    Ok(values)
}
