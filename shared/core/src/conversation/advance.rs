//! What all changes by an operator have in common: read, decide, compare and set.

use jiff::Timestamp;

use super::{Advance, Advanced, Conversation};
use crate::app::App;
use crate::error::{Error, Result};
use crate::id::{ConversationId, WorkspaceId};
use crate::message::{Message, Sender};
use crate::ports::{ConversationStore, Ports, Situation};
use crate::reply::announce;
use crate::webhook::{self, Drafts, Fact, News, Scene, Unasked};

/// Reads and writes again after a lost race, so often at most.
pub(super) const MAX_ROUNDS: usize = 20;
/// Among so many messages the visitor's last is looked for.
const LOOK_BACK: usize = 10;

/// Finds a conversation of a workspace by our id.
pub(super) async fn by_id<P: Ports>(
    app: &App<P>,
    (workspace, id): (WorkspaceId, ConversationId),
) -> Result<Conversation> {
    app.store.conversation_by_id(workspace, id).await?.ok_or(Error::NotFound)
}

/// Changes a conversation and answers it as it stands then. `decide` gets it as it stands now and says
/// whether there is anything to write.
pub(super) async fn change<P: Ports>(
    app: &App<P>,
    place: (WorkspaceId, ConversationId),
    now: Timestamp,
    decide: impl Fn(&mut Conversation) -> Result<Decided>,
) -> Result<Conversation> {
    let mut conversation = by_id(app, place).await?;
    for _ in 0..MAX_ROUNDS {
        let deliveries = match decide(&mut conversation)? {
            Decided::AsItIs => return Ok(conversation),
            Decided::Changed => Vec::new(),
            Decided::Told(what) => tell(app, &conversation, &what).await?,
        };
        conversation.version += 1;
        conversation.updated_at = now;
        let advance = Advance { conversation, message: None, deliveries };
        match app.store.advance(&advance).await? {
            Advanced::Stored => {
                announce(app, &advance.deliveries).await;
                return Ok(advance.conversation);
            }
            Advanced::Stale => {
                let reread = app.store.conversation(&advance.conversation.reference).await?;
                conversation = reread.ok_or(Error::NotFound)?;
            }
        }
    }
    Err(contended())
}

/// Whether a change has anything to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Decided {
    /// The conversation was changed.
    Changed,
    /// The conversation was changed, and somebody may want to know.
    Told(What),
    /// It stands already as it is wanted.
    AsItIs,
}

/// What somebody may want to know of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// A human agent took over; whether nothing had handed the conversation to humans before.
    TakenOver { agent: String, unasked: bool },
    /// It was closed.
    Resolved,
}

async fn tell<P: Ports>(app: &App<P>, conversation: &Conversation, what: &What) -> Result<Drafts> {
    let situation = app.store.situation(&conversation.reference).await?;
    let Situation { workspace, project, .. } = situation.ok_or(Error::NotFound)?;
    if project.webhooks.is_empty() {
        return Ok(Drafts::new());
    }
    let person = webhook::person(app, &project, conversation).await?;
    let scene = Scene { conversation, person: &person };
    let last;
    let fact = match what {
        What::TakenOver { agent, unasked } => {
            last = if *unasked { last_of_visitor(app, conversation).await? } else { None };
            let unasked = unasked.then_some(Unasked { last: last.as_ref() });
            Fact::TakenOver { scene, agent, unasked }
        }
        What::Resolved => Fact::Resolved { scene },
    };
    Ok(webhook::drafts(app, (&project, &workspace.name), &[News::of(fact)]))
}

async fn last_of_visitor<P: Ports>(
    app: &App<P>,
    conversation: &Conversation,
) -> Result<Option<Message>> {
    let (reference, seq) = (&conversation.reference, conversation.seq);
    let newest = app.store.messages_until(reference, seq, LOOK_BACK).await?;
    Ok(newest.into_iter().rfind(|message| message.sender == Sender::Visitor))
}

pub(super) fn contended() -> Error {
    Error::unavailable("the conversation is contended")
}
