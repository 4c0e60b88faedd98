//! Conversations and their messages, as readers see them.

use aiva_core::conversation::{Advance, Advanced, Conversation, ConversationRef};
use aiva_core::error::{Error, Result};
use aiva_core::id::{ConversationId, ProjectId, WorkspaceId};
use aiva_core::message::Message;
use aiva_core::ports::{ConversationStore, MessagePage, Side, Situation, WorkspaceStore};
use aiva_core::project::Project;
use aiva_core::text::ExternalId;
use aiva_core::workspace::{Workspace, default_project};

use super::DynamoStore;
use super::item::{Item, from_item, key_of, text_of};
use super::keys::{self, SORT, Span};
use super::read::Reading;
use super::row::conversation::{ConversationRow, EntryRow};
use super::row::message::MessageRow;
use super::row::workspace::{ProjectRow, WorkspaceRow};
use super::write::Transacted;

impl ConversationStore for DynamoStore {
    async fn situation(&self, reference: &ConversationRef) -> Result<Option<Situation>> {
        let workspace_key = keys::workspace(reference.workspace);
        let project_key = keys::project(reference.workspace, reference.project);
        let conversation_key = keys::conversation(reference);
        let all = vec![workspace_key.clone(), project_key.clone(), conversation_key.clone()];
        let mut rows = self.rows(all).await?;
        let (Some(workspace), Some(project)) =
            (rows.remove(&workspace_key), rows.remove(&project_key))
        else {
            return Ok(None);
        };
        let conversation = rows.remove(&conversation_key);
        Ok(Some(Situation {
            workspace: Workspace::try_from(from_item::<WorkspaceRow>(workspace)?)?,
            project: Project::try_from(from_item::<ProjectRow>(project)?)?,
            conversation: conversation.map(|item| parse(item, reference)).transpose()?,
        }))
    }

    async fn conversation(&self, reference: &ConversationRef) -> Result<Option<Conversation>> {
        let row = self.row(keys::conversation(reference)).await?;
        row.map(|item| parse(item, reference)).transpose()
    }

    /// Two reads for a conversation of the default project: our id leads to the integrator's, which
    /// leads to the row. Another project's takes one or two more, because lists are kept by project.
    async fn conversation_by_id(
        &self,
        workspace: WorkspaceId,
        id: ConversationId,
    ) -> Result<Option<Conversation>> {
        let Some(reference) = self.reference_of(workspace, id).await? else { return Ok(None) };
        let conversation = self.conversation(&reference).await?;
        Ok(conversation.filter(|conversation| conversation.id == id))
    }

    async fn conversations(&self, references: &[ConversationRef]) -> Result<Vec<Conversation>> {
        let mut rows = self.rows(references.iter().map(keys::conversation).collect()).await?;
        let present = references.iter().filter_map(|reference| {
            let item = rows.remove(&keys::conversation(reference))?;
            Some(parse(item, reference))
        });
        present.collect()
    }

    /// A query on each shard of each project's list, all at once, then the rows that they name.
    async fn conversations_before(
        &self,
        workspace: WorkspaceId,
        projects: &[ProjectId],
        before: Option<ConversationId>,
        limit: usize,
    ) -> Result<Vec<Conversation>> {
        let spans = projects.iter().flat_map(|id| keys::conversation_entries(workspace, *id));
        self.listed(workspace, &spans.collect::<Vec<_>>(), before, limit).await
    }

    /// A query on each shard of each project's list, all at once, then the rows that they name.
    async fn leads_before(
        &self,
        workspace: WorkspaceId,
        projects: &[ProjectId],
        before: Option<ConversationId>,
        limit: usize,
    ) -> Result<Vec<Conversation>> {
        let spans = projects.iter().flat_map(|id| keys::lead_entries(workspace, *id));
        self.listed(workspace, &spans.collect::<Vec<_>>(), before, limit).await
    }

    async fn first_messages(&self, references: &[ConversationRef]) -> Result<Vec<Option<Message>>> {
        let first = |reference: &ConversationRef| keys::message(reference, 1);
        let mut rows = self.rows(references.iter().map(first).collect()).await?;
        let found = references.iter().map(|reference| rows.remove(&first(reference)));
        found.map(|row| row.map(parse_message).transpose()).collect()
    }

    async fn messages_after(
        &self,
        reference: &ConversationRef,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Message>> {
        let span = keys::messages(reference, after.saturating_add(1), u64::MAX);
        let run = self.run(&span, Reading::oldest(limit)).await?;
        run.items.into_iter().map(parse_message).collect()
    }

    async fn messages_until(
        &self,
        reference: &ConversationRef,
        seq: u64,
        limit: usize,
    ) -> Result<Vec<Message>> {
        let span = keys::messages(reference, 0, seq);
        let reading = Reading { ascending: false, ..Reading::oldest(limit) };
        let run = self.run(&span, reading).await?;
        run.items.into_iter().rev().map(parse_message).collect()
    }

    async fn messages_page(
        &self,
        reference: &ConversationRef,
        side: Side,
        limit: usize,
    ) -> Result<MessagePage> {
        let (low, high) = match side {
            Side::After(seq) => (seq.saturating_add(1), u64::MAX),
            Side::Until(seq) => (0, seq),
        };
        let ascending = matches!(side, Side::After(_));
        let reading = Reading { ascending, for_answer: true, ..Reading::oldest(limit) };
        let run = self.run(&keys::messages(reference, low, high), reading).await?;
        let messages = run.items.into_iter().map(parse_message).collect::<Result<Vec<_>>>();
        let mut messages = messages?;
        if !ascending {
            messages.reverse();
        }
        Ok(MessagePage { messages, is_full: run.is_full })
    }

    /// One transaction: the conversation and its entry in the list.
    async fn create_conversation(&self, conversation: &Conversation) -> Result<()> {
        let actions =
            vec![self.conversation_action(conversation)?, self.entry_action(conversation)?];
        // Refused is a conversation that is there already.
        self.transact(None, actions).await.map(|_| ())
    }

    /// One transaction. A try of it that was lost on the way is covered by the SDK's own token.
    async fn advance(&self, advance: &Advance) -> Result<Advanced> {
        let conversation = &advance.conversation;
        let mut actions = vec![self.conversation_action(conversation)?];
        if let Some(message) = &advance.message {
            actions.push(self.reply_action(conversation, message)?);
        }
        actions.extend(self.delivery_actions(&advance.deliveries)?);
        match self.transact(None, actions).await? {
            Transacted::Yes => Ok(Advanced::Stored),
            // The number of a message stands with the version: neither is refused alone.
            Transacted::No(_) => Ok(Advanced::Stale),
        }
    }
}

impl DynamoStore {
    async fn listed(
        &self,
        workspace: WorkspaceId,
        spans: &[Span],
        before: Option<ConversationId>,
        limit: usize,
    ) -> Result<Vec<Conversation>> {
        let mut found = Vec::new();
        let mut position = before.map(ConversationId::bare);
        // A second round only where an entry was seen a moment before its conversation.
        while found.len() < limit {
            let wanted = limit - found.len();
            let entry = |item: Item| {
                let project = keys::parse_list(&key_of(&item)?);
                let project = project.ok_or_else(|| Error::internal("an entry of no list"))?;
                let external = from_item::<EntryRow>(item)?.x;
                Ok(Some(ConversationRef { workspace, project, external }))
            };
            let (references, next) = self.newest_first(spans, position, wanted, entry).await?;
            found.extend(self.conversations(&references).await?);
            position = next;
            if position.is_none() {
                break;
            }
        }
        Ok(found)
    }

    async fn reference_of(
        &self,
        workspace: WorkspaceId,
        id: ConversationId,
    ) -> Result<Option<ConversationRef>> {
        let default = default_project(workspace);
        let named =
            |project, external: ExternalId| ConversationRef { workspace, project, external };
        let entry: Option<EntryRow> =
            self.parsed_row(keys::conversation_entry(workspace, default, id)).await?;
        if let Some(entry) = entry {
            return Ok(Some(named(default, entry.x)));
        }
        let projects = self.projects(workspace).await?;
        let others: Vec<ProjectId> =
            projects.iter().map(|project| project.id).filter(|id| *id != default).collect();
        let entry = |project: &ProjectId| keys::conversation_entry(workspace, *project, id);
        let mut rows = self.rows(others.iter().map(entry).collect()).await?;
        let found = others
            .iter()
            .find_map(|project| rows.remove(&entry(project)).map(|item| (*project, item)));
        found.map(|(project, item)| Ok(named(project, from_item::<EntryRow>(item)?.x))).transpose()
    }
}

fn parse(item: Item, reference: &ConversationRef) -> Result<Conversation> {
    from_item::<ConversationRow>(item)?.under(reference.clone())
}

fn parse_message(item: Item) -> Result<Message> {
    let Some((_, seq)) = keys::parse_message(&key_of(&item)?) else {
        let sort = text_of(&item, SORT).unwrap_or_default();
        return Err(Error::internal(format!("the sort key {sort:?} names no message")));
    };
    from_item::<MessageRow>(item)?.numbered(seq)
}
