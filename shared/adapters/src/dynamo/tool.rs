//! Tools of projects, and the record of their calls.

use aiva_core::conversation::ConversationRef;
use aiva_core::error::{Error, Result};
use aiva_core::id::{ProjectId, WorkspaceId};
use aiva_core::ports::ToolStore;
use aiva_core::tool::{
    CallPlace, MAX_TOOLS, RecordedRound, StartedCall, Tool, ToolAnswer, ToolChange, ToolChanged,
    ToolName,
};
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};

use super::DynamoStore;
use super::item::{expiry, from_item, key_of, moment, number, text, to_item};
use super::keys::{self, EXPIRY};
use super::read::Reading;
use super::row::message::ReplyState;
use super::row::tool::{CallRow, ToolRow};
use super::write::{Change, Refusal, Transacted, check, delete, put, update};

/// Calls of one generation that are read at most.
const MAX_CALLS: usize = 200;
/// Days that the record of a call is kept; a generation ends within hours.
const CALL_DAYS: i64 = 7;

impl ToolStore for DynamoStore {
    async fn tool(
        &self,
        workspace: WorkspaceId,
        project: ProjectId,
        name: &ToolName,
    ) -> Result<Option<Tool>> {
        let row: Option<ToolRow> = self.parsed_row(keys::tool(workspace, project, name)).await?;
        row.map(|row| row.named((workspace, project), name.as_str())).transpose()
    }

    async fn tools(&self, workspace: WorkspaceId, project: ProjectId) -> Result<Vec<Tool>> {
        let span = keys::tools(workspace, project);
        let most = usize::try_from(MAX_TOOLS).unwrap_or(usize::MAX);
        let run = self.run(&span, Reading::oldest(most)).await?;
        let tools = run.items.into_iter().map(|item| {
            let name = key_of(&item)?.sort;
            from_item::<ToolRow>(item)?.named((workspace, project), &name)
        });
        tools.collect()
    }

    async fn change_tool(&self, change: &ToolChange) -> Result<ToolChanged> {
        let Some(tool) = change.after.as_ref().or(change.before.as_ref()) else {
            return Err(Error::internal("a change of no tool"));
        };
        let mut actions = vec![self.tool_action(change, tool)?];
        let tokens = |tool: &Option<Tool>| {
            tool.as_ref().map_or(0, |tool| i128::from(tool.definition_tokens()))
        };
        let count = i8::from(change.after.is_some()) - i8::from(change.before.is_some());
        let more = tokens(&change.after) - tokens(&change.before);
        if count != 0 || more != 0 {
            let counted = Change::new("ADD #tc :count, #tt :tokens")
                .when("attribute_exists(#pk)")
                .with("count", number(count))
                .with("tokens", number(more));
            let counted = match count {
                1 => counted
                    .when("(attribute_not_exists(#tc) OR #tc < :most)")
                    .with("most", number(MAX_TOOLS)),
                _ => counted,
            };
            actions.push(update(
                &self.table,
                keys::project(tool.workspace, tool.project),
                &counted,
            )?);
        }
        match self.transact(None, actions).await? {
            Transacted::Yes => Ok(ToolChanged::Stored),
            Transacted::No(refusals) if refusals.first().is_some_and(|first| first.refused) => {
                Ok(ToolChanged::Stale)
            }
            Transacted::No(_) => Ok(ToolChanged::TooMany),
        }
    }

    async fn tool_rounds(
        &self,
        reference: &ConversationRef,
        seq: u64,
    ) -> Result<Vec<RecordedRound>> {
        let run = self.run(&keys::tool_calls(reference, seq), Reading::oldest(MAX_CALLS)).await?;
        let mut rounds: Vec<RecordedRound> = Vec::new();
        for item in run.items {
            let place = keys::parse_tool_call(&key_of(&item)?);
            let (number, index) = place.ok_or_else(|| Error::internal("a call without a place"))?;
            let row: CallRow = from_item(item)?;
            if index == 0 {
                rounds.extend(row.round(number));
            }
            let round = rounds.last_mut().filter(|round| round.number == number);
            let round = round.ok_or_else(|| Error::internal("a call without its round"))?;
            round.calls.push(row.into());
        }
        Ok(rounds)
    }

    async fn record_round(&self, place: CallPlace<'_>, round: &RecordedRound) -> Result<bool> {
        let mut actions = vec![self.still_claimed(place)?];
        for index in 0..round.calls.len() {
            let Some(row) = CallRow::new(round, index, place.fence) else { break };
            let number = u8::try_from(index).map_err(Error::internal)?;
            let key = keys::tool_call(place.reference, place.seq, round.number, number);
            let mut item = to_item(key, &row)?;
            item.insert(EXPIRY.to_owned(), expiry(row.id.timestamp(), CALL_DAYS));
            actions.push(put(&self.table, item, &Change::only_when("attribute_not_exists(#pk)"))?);
        }
        let token = round.calls.first().map(|call| call.id.bare());
        match self.transact(token, actions).await? {
            Transacted::Yes => Ok(true),
            Transacted::No(refusals) => match refusals.as_slice() {
                [claim, ..] if claim.refused => Ok(false),
                [_, first, ..] => ours(first, round),
                _ => Err(Error::internal("a round was refused")),
            },
        }
    }

    async fn start_call(&self, place: CallPlace<'_>, again: bool) -> Result<StartedCall> {
        let start = Change::new("SET #f = :fence")
            .when("attribute_exists(#pk) AND attribute_not_exists(#r)")
            .with("fence", number(place.fence));
        let start = if again { start } else { start.when("attribute_not_exists(#f)") };
        let actions =
            vec![self.still_claimed(place)?, update(&self.table, key_of_call(place), &start)?];
        match self.transact(None, actions).await? {
            Transacted::Yes => Ok(StartedCall::Yes),
            Transacted::No(refusals) if refusals.first().is_some_and(|claim| claim.refused) => {
                Ok(StartedCall::LostLease)
            }
            Transacted::No(_) => Ok(StartedCall::Before),
        }
    }

    async fn answer_call(&self, place: CallPlace<'_>, answer: &ToolAnswer) -> Result<()> {
        let change = Change::new("SET #r = :answer, #e = :failed")
            .when("attribute_exists(#pk)")
            .with("answer", text(&answer.text))
            .with("failed", AttributeValue::Bool(answer.failed));
        // Without its row, the record has expired, and nobody will ask for the answer.
        self.update_row(key_of_call(place), &change).await.map(|_| ())
    }
}

impl DynamoStore {
    fn tool_action(&self, change: &ToolChange, tool: &Tool) -> Result<TransactWriteItem> {
        let key = keys::tool(tool.workspace, tool.project, &tool.name);
        let condition = match &change.before {
            None => Change::only_when("attribute_not_exists(#pk)"),
            Some(before) => Change::only_when("#s = :secret AND #ua = :read")
                .with("secret", text(&before.sealed_secret))
                .with("read", moment(before.updated_at)),
        };
        match &change.after {
            Some(after) => put(&self.table, to_item(key, &ToolRow::from(after))?, &condition),
            None => delete(&self.table, key, &condition),
        }
    }

    /// The condition that the claim under which a call is made still holds.
    fn still_claimed(&self, place: CallPlace<'_>) -> Result<TransactWriteItem> {
        let claimed = Change::only_when("#st = :queued AND #f = :fence")
            .with("queued", text(ReplyState::Queued.as_str()))
            .with("fence", number(place.fence));
        check(&self.table, keys::message(place.reference, place.seq), &claimed)
    }
}

fn key_of_call(place: CallPlace<'_>) -> keys::Key {
    keys::tool_call(place.reference, place.seq, place.round, place.index)
}

/// Whether the round that stands there is this one, stored by an earlier try whose answer was lost.
fn ours(first: &Refusal, round: &RecordedRound) -> Result<bool> {
    let row: Option<CallRow> = first.item.clone().map(from_item).transpose()?;
    let id = round.calls.first().map(|call| call.id);
    if row.is_some_and(|row| Some(row.id) == id) {
        return Ok(true);
    }
    Err(Error::internal("another round stands in the place of this one"))
}
