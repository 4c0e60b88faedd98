//! Beginning a conversation before anything is said in it.

use super::{Conversation, ConversationRef};
use crate::error::{Error, Result};
use crate::id::{ConversationId, ProjectId, WorkspaceId};
use crate::key::KeyId;
use crate::ports::{Clock, ConversationStore, Entropy, WorkspaceStore};
use crate::text::ExternalId;

/// Makes a conversation that has no id of the integrator's: ours stands for it.
///
/// # Errors
/// [`Error::Forbidden`] unless the workspace is active; [`Error::NotFound`] without the project.
pub async fn create(
    store: &(impl ConversationStore + WorkspaceStore),
    env: &(impl Clock + Entropy),
    (workspace, project): (WorkspaceId, ProjectId),
    key: KeyId,
) -> Result<Conversation> {
    let now = env.now();
    let id = ConversationId::new(now, env);
    let reference = minted(workspace, project, id)?;
    let situation = store.situation(&reference).await?.ok_or(Error::NotFound)?;
    situation.workspace.require_active()?;
    let mut conversation = Conversation::fresh(id, reference, now);
    conversation.version = 1;
    conversation.last_key = Some(key);
    store.create_conversation(&conversation).await?;
    Ok(conversation)
}

/// Where the rows of a conversation are that has no id of the integrator's.
///
/// # Errors
/// Never; an id of ours has the form of theirs.
pub fn minted(
    workspace: WorkspaceId,
    project: ProjectId,
    id: ConversationId,
) -> Result<ConversationRef> {
    let external = ExternalId::parse("conversation", &id.to_string())?;
    Ok(ConversationRef { workspace, project, external })
}
