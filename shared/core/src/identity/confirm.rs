//! Using a link: looking at it changes nothing, confirming it makes the contact verified, once.

use std::time::Duration;

use jiff::Timestamp;

use super::{Consumed, LinkToken, LinkUse, METHOD, MagicLink, ReturnUrl};
use crate::app::App;
use crate::callback::{Event, Payload};
use crate::conversation::ConversationRef;
use crate::delivery::{self, Delivery};
use crate::error::Result;
use crate::ports::{Clock, ConversationStore, IdentityStore, KeyStore, Ports};
use crate::reply::announce;

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
/// succeeds.
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
    let now = app.now();
    let used = LinkUse {
        workspace: link.workspace,
        hash: link.hash,
        user: link.user.clone(),
        now,
        verified_until: now + Duration::from_secs(app.settings.identity.verified_seconds),
        delivery: event(app, &link).await?,
    };
    Ok(match app.store.use_link(&used).await? {
        Consumed::Yes => {
            announce(app, used.delivery.as_slice()).await;
            tracing::info!(workspace_id = %link.workspace, key_id = %link.key, "a contact is verified");
            Confirmation::Done { return_url: link.return_url }
        }
        Consumed::Used => Confirmation::Used,
        Consumed::Expired => Confirmation::Expired,
        Consumed::Unknown => Confirmation::Unknown,
    })
}

/// Writes down the event: for the key that last wrote in the conversation that was named, else for the
/// key that asked.
async fn event<P: Ports>(app: &App<P>, link: &MagicLink) -> Result<Option<(Delivery, Timestamp)>> {
    let (key, conversation) = match last_writer(app, link).await? {
        Some((key, external)) => (key, Some(external)),
        None => (link.key, None),
    };
    let Some(key) = app.store.key(key).await? else { return Ok(None) };
    let payload = Payload {
        external_user_id: Some(link.user.as_str()),
        method: Some(METHOD),
        ..Payload::default()
    };
    Ok(delivery::draft(app, &key, Event::IdentityVerified, conversation.as_deref(), &payload))
}

async fn last_writer<P: Ports>(
    app: &App<P>,
    link: &MagicLink,
) -> Result<Option<(crate::key::KeyId, String)>> {
    let Some(external) = link.conversation.clone() else { return Ok(None) };
    let name = external.to_string();
    let (workspace, project) = (link.workspace, link.project);
    let found = app.store.conversation(&ConversationRef { workspace, project, external }).await?;
    Ok(found.and_then(|conversation| conversation.last_key).map(|key| (key, name)))
}
