//! A human agent answers in a conversation that they hold.

use jiff::{SignedDuration, Timestamp};

use super::advance::{MAX_ROUNDS, by_id, contended};
use super::read::page;
use super::{Advance, Advanced, Conversation, Owner};
use crate::app::App;
use crate::error::{Error, Result};
use crate::id::{ConversationId, MessageId, WorkspaceId};
use crate::message::{Message, Sender, Visibility};
use crate::ports::{Clock, ConversationStore, Entropy, KeyStore, Ports, Side, Situation};
use crate::reply;
use crate::text::{Content, Label};
use crate::webhook::{self, Fact, News, Scene};

/// What a human agent says.
#[derive(Debug, Clone)]
pub struct AgentReply {
    /// The human agent's name.
    pub agent: Label,
    /// What is said.
    pub content: Content,
}

/// Messages read at a time while looking for an earlier try.
const LOOK_BACK: usize = 50;
/// How far the clocks of two processes may differ.
const SKEW: SignedDuration = SignedDuration::from_secs(60);

/// Stores a human agent's message and sends its event to the callback of the key that last wrote in the
/// conversation. `env` gives the message its id: asked again with the same one, nothing is stored twice.
///
/// # Errors
/// [`Error::NotFound`] when the workspace has none with this id, [`Error::Conflict`] when this agent
/// does not hold it.
pub async fn reply_as_agent<P: Ports>(
    app: &App<P>,
    env: &(impl Clock + Entropy),
    place: (WorkspaceId, ConversationId),
    said: AgentReply,
) -> Result<Message> {
    let (now, begun) = (app.now(), env.now());
    let id = MessageId::new(begun, env);
    let mut conversation = by_id(app, place).await?;
    if let Some(stored) = earlier(app, &conversation, id, begun).await? {
        return Ok(stored);
    }
    let situation = app.store.situation(&conversation.reference).await?;
    let Situation { workspace, project, .. } = situation.ok_or(Error::NotFound)?;
    let person = webhook::person(app, &project, &conversation).await?;
    for _ in 0..MAX_ROUNDS {
        require_holder(&conversation, &said.agent)?;
        conversation.seq += 1;
        conversation.said_at = now;
        conversation.version += 1;
        conversation.updated_at = now;
        let message = message_of(id, conversation.seq, &said, now);
        let key = match conversation.last_key {
            Some(key) => app.store.key(key).await?,
            None => None,
        };
        let scene = Scene { conversation: &conversation, person: &person };
        let news = News::to(key.as_ref(), Fact::AgentReplied { scene, reply: &message });
        let deliveries = webhook::drafts(app, (&project, &workspace.name), &[news]);
        let advance = Advance { conversation, message: Some(message.clone()), deliveries };
        match app.store.advance(&advance).await? {
            Advanced::Stored => {
                reply::announce(app, &advance.deliveries).await;
                return Ok(message);
            }
            Advanced::Stale => {
                let reread = app.store.conversation(&advance.conversation.reference).await?;
                conversation = reread.ok_or(Error::NotFound)?;
                // What was in the way may be this very message, stored by a try whose answer was lost.
                if let Some(stored) = earlier(app, &conversation, id, begun).await? {
                    return Ok(stored);
                }
            }
        }
    }
    Err(contended())
}

fn require_holder(conversation: &Conversation, agent: &Label) -> Result<()> {
    match &conversation.owner {
        Owner::Human { agent: Some(holder) } if holder == agent.as_str() => Ok(()),
        Owner::Human { .. } | Owner::Ai => {
            Err(Error::conflict("this agent does not hold the conversation; take it over first"))
        }
    }
}

/// The message of an earlier try that was stored and never answered. Messages from before the first try was
/// `begun` are older than any.
async fn earlier<P: Ports>(
    app: &App<P>,
    conversation: &Conversation,
    id: MessageId,
    begun: Timestamp,
) -> Result<Option<Message>> {
    let mut until = conversation.seq;
    while until > 0 {
        let wanted = LOOK_BACK.min(usize::try_from(until).unwrap_or(LOOK_BACK));
        // Without a gap: an earlier try that is not to be seen yet would be made again.
        let page = page(&app.store, &conversation.reference, Side::Until(until), wanted).await?;
        let Some(oldest) = page.first() else { break };
        let is_older = oldest.created_at.saturating_add(SKEW).is_ok_and(|at| at < begun);
        until = oldest.seq.saturating_sub(1);
        if let Some(found) = page.into_iter().find(|message| message.id == id) {
            return Ok(Some(found));
        }
        if is_older {
            break;
        }
    }
    Ok(None)
}

fn message_of(id: MessageId, seq: u64, said: &AgentReply, now: Timestamp) -> Message {
    Message {
        id,
        seq,
        sender: Sender::Agent,
        content: said.content.clone(),
        visibility: Visibility::Public,
        user: None,
        agent_name: Some(said.agent.as_str().to_owned()),
        background: None,
        citations: Vec::new(),
        confidence: None,
        created_at: now,
    }
}
