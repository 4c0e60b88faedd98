//! Using a link: looking at it changes nothing, confirming it makes the contact verified, once.

use std::time::Duration;

use jiff::Timestamp;

use super::{Consumed, LinkToken, LinkUse, METHOD, MagicLink, ReturnUrl};
use crate::app::App;
use crate::contact;
use crate::conversation::{Conversation, ConversationRef};
use crate::error::{Error, Result};
use crate::ports::{Clock, ConversationStore, IdentityStore, KeyStore, Ports, WorkspaceStore};
use crate::reply::announce;
use crate::webhook::{self, Drafts, Fact, News, Scene};

/// Messages that may be written in a conversation while it is being merged.
const MAX_ROUNDS: usize = 40;

/// How a link stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkState {
    /// It can be used.
    Open(Box<MagicLink>),
    /// It was used.
    Used,
    /// Its time is over.
    Expired,
    /// There is none, or the text is bent.
    Unknown,
}

/// What came of a confirmation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirmation {
    /// The contact is verified.
    Done {
        /// Where the browser goes now.
        return_url: Option<ReturnUrl>,
    },
    /// The link was used before.
    Used,
    /// Its time is over.
    Expired,
    /// There is none, or the text is bent.
    Unknown,
}

/// Looks at a link, which changes nothing: scanners of mail open every link they see.
///
/// # Errors
/// When the store fails.
pub async fn look<P: Ports>(app: &App<P>, token: &str) -> Result<LinkState> {
    let Some(token) = LinkToken::parse(token) else { return Ok(LinkState::Unknown) };
    let link = app.store.link(token.workspace, &token.hash()).await?;
    Ok(match link {
        None => LinkState::Unknown,
        Some(link) if link.used_at.is_some() => LinkState::Used,
        Some(link) if link.expires_at <= app.now() => LinkState::Expired,
        Some(link) => LinkState::Open(Box::new(link)),
    })
}

/// Uses a link: the contact is verified and the integrator is told, in one step. Of many at once, one
/// succeeds. The contact of the conversation that the link named, if nobody was named in it until now,
/// becomes the end user's.
///
/// # Errors
/// When the store fails; nothing is changed then.
pub async fn confirm<P: Ports>(app: &App<P>, token: &str) -> Result<Confirmation> {
    let link = match look(app, token).await? {
        LinkState::Open(link) => *link,
        LinkState::Used => return Ok(Confirmation::Used),
        LinkState::Expired => return Ok(Confirmation::Expired),
        LinkState::Unknown => return Ok(Confirmation::Unknown),
    };
    for _ in 0..MAX_ROUNDS {
        let used = draft(app, &link).await?;
        return Ok(match app.store.use_link(&used).await? {
            Consumed::Yes => {
                announce(app, &used.deliveries).await;
                tracing::info!(workspace_id = %link.workspace, key_id = %link.key, "a contact is verified");
                Confirmation::Done { return_url: link.return_url }
            }
            Consumed::Used => Confirmation::Used,
            Consumed::Expired => Confirmation::Expired,
            Consumed::Unknown => Confirmation::Unknown,
            // Somebody wrote in the conversation meanwhile.
            Consumed::Stale => continue,
        });
    }
    Err(Error::unavailable("the conversation is contended"))
}

/// Writes down what the confirmation will store, given the conversation as it stands.
async fn draft<P: Ports>(app: &App<P>, link: &MagicLink) -> Result<LinkUse> {
    let now = app.now();
    let before = conversation_of(app, link).await?;
    let unnamed = before.as_ref().filter(|found| found.person.user.is_none());
    let merged = unnamed.map(|found| Box::new(merged(found.clone(), link, now)));
    Ok(LinkUse {
        workspace: link.workspace,
        hash: link.hash,
        user: link.user.clone(),
        now,
        verified_until: now + Duration::from_secs(app.settings.identity.verified_seconds),
        deliveries: news(app, link, (before.as_ref(), merged.as_deref())).await?,
        merged,
    })
}

/// The conversation, with the end user as its person.
fn merged(mut conversation: Conversation, link: &MagicLink, now: Timestamp) -> Conversation {
    conversation.person.user = Some(link.user.clone());
    conversation.version += 1;
    conversation.updated_at = now;
    conversation
}

async fn conversation_of<P: Ports>(app: &App<P>, link: &MagicLink) -> Result<Option<Conversation>> {
    let Some(external) = link.conversation.clone() else { return Ok(None) };
    let (workspace, project) = (link.workspace, link.project);
    app.store.conversation(&ConversationRef { workspace, project, external }).await
}

/// Writes down what happens: the proof, for the key that last wrote in the conversation that was named, else
/// for the key that asked; and for webhooks too what becomes of the contact where the conversation is merged.
async fn news<P: Ports>(
    app: &App<P>,
    link: &MagicLink,
    (before, merged): (Option<&Conversation>, Option<&Conversation>),
) -> Result<Drafts> {
    let key = before.and_then(|found| found.last_key).unwrap_or(link.key);
    let key = app.store.key(key).await?;
    let project = app.store.project(link.workspace, link.project).await?.ok_or(Error::NotFound)?;
    let after = merged.or(before);
    let user = after.and_then(|found| found.person.user.as_ref());
    let named = match user.filter(|_| !project.webhooks.is_empty()) {
        Some(user) => app.store.contact(link.workspace, user).await?,
        None => None,
    };
    let person = after.map(|found| contact::profile(found, named.clone()));
    let scene = after.zip(person.as_ref());
    let scene = scene.map(|(conversation, person)| Scene { conversation, person });
    let changed = contact::known(before, named.as_ref())
        .zip(person.as_ref())
        .map(|(known, person)| known.changes(&person.details));
    // One who was told of goes by another id from now on, whatever is known of both.
    let joined = before
        .zip(person.as_ref())
        .is_some_and(|(found, person)| found.seq > 0 && person.id != contact::id_of(found.id));
    let of_contact = scene.filter(|_| merged.is_some()).and_then(|scene| match &changed {
        None => Some(Fact::ContactCreated { scene }),
        Some(changed) if changed.is_empty() && !joined => None,
        Some(changed) => Some(Fact::ContactUpdated { scene, changed }),
    });
    let conversation = link.conversation.as_ref();
    let verified = Fact::Verified { scene, conversation, user: &link.user, method: METHOD };
    let news = [Some(News::to(key.as_ref(), verified)), of_contact.map(News::of)];
    let news: Vec<News<'_>> = news.into_iter().flatten().collect();
    Ok(webhook::drafts(app, (&project, &link.workspace_name), &news))
}
