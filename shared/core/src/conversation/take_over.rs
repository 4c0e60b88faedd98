//! A human agent takes a conversation over.

use super::advance::{Decided, What, change};
use super::{Conversation, Owner};
use crate::app::App;
use crate::error::{Error, Result};
use crate::id::{ConversationId, WorkspaceId};
use crate::ports::{Clock, Ports};
use crate::text::Label;

/// Makes a human agent the owner. A resolved conversation is open again; one that was escalated is
/// taken by the first who asks; one that this agent holds stays as it is.
///
/// # Errors
/// [`Error::NotFound`] when the workspace has none with this id, [`Error::Conflict`] when another human
/// agent holds it.
pub async fn take_over<P: Ports>(
    app: &App<P>,
    place: (WorkspaceId, ConversationId),
    agent: &Label,
) -> Result<Conversation> {
    change(app, place, app.now(), |conversation| match &conversation.owner {
        Owner::Human { agent: Some(holder) } if holder == agent.as_str() => Ok(Decided::AsItIs),
        Owner::Human { agent: Some(_) } => {
            Err(Error::conflict("another agent holds the conversation"))
        }
        Owner::Human { agent: None } | Owner::Ai => {
            let unasked = conversation.owner == Owner::Ai;
            let agent = agent.as_str().to_owned();
            conversation.give_to_human(Some(agent.clone()));
            Ok(Decided::Told(What::TakenOver { agent, unasked }))
        }
    })
    .await
}
