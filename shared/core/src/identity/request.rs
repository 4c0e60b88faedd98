//! Asking an end user to prove who they are: a link, mailed to an address.

use std::time::Duration;

use jiff::Timestamp;

use super::mail::{self, Letter};
use super::{EmailAddress, LinkToken, MagicLink, ReturnUrl};
use crate::app::App;
use crate::error::{Error, Result};
use crate::key::ApiKey;
use crate::ports::{Clock, IdentityStore, Mailer, Ports};
use crate::text::ExternalId;
use crate::workspace;

/// Whom to ask.
#[derive(Debug, Clone)]
pub struct RequestLink {
    /// The end user.
    pub user: ExternalId,
    /// Where the end user is reached.
    pub email: EmailAddress,
    /// The conversation that it is about.
    pub conversation: Option<ExternalId>,
    /// Where the browser goes afterwards.
    pub return_url: Option<ReturnUrl>,
}

/// Requests for one address in a minute, over all workspaces.
const MAX_REQUESTS_PER_MINUTE: u64 = 20;

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Requested {
    /// Until when the link can be used.
    pub expires_at: Timestamp,
    /// Whether it was mailed: one too many is not. That is for the operator to see, not for the caller.
    pub mailed: bool,
}

/// Mails a link and answers until when it can be used. The answer is the same for a contact that is
/// known and for one that is not, and for a mail that is one too many and is not sent.
///
/// # Errors
/// [`Error::Limited`] above 20 requests a minute for one address, [`Error::Forbidden`] for a workspace
/// that is not active, [`Error::Unavailable`] when the mail cannot be handed over.
pub async fn request<P: Ports>(
    app: &App<P>,
    key: &ApiKey,
    command: RequestLink,
) -> Result<Requested> {
    let now = app.now();
    if app.store.count_link_request(&command.email, now).await? > MAX_REQUESTS_PER_MINUTE {
        let second = u64::try_from(now.as_second().rem_euclid(60)).unwrap_or(0);
        return Err(Error::Limited { retry_after_seconds: 60 - second });
    }
    let workspace = workspace::find(&app.store, key.id.workspace).await?;
    workspace.require_active()?;
    let settings = &app.settings.identity;
    let public_url = settings.public_url.as_deref();
    let public_url = public_url.ok_or_else(|| Error::internal("the public URL is not set"))?;
    let expires_at = now + Duration::from_secs(settings.link_seconds);
    if !app.store.take_mail_turn(workspace.id, &command.user, &command.email, now).await? {
        tracing::warn!(
            workspace_id = %workspace.id,
            key_id = %key.id,
            "a verification mail was not sent: five an hour went to this address or user"
        );
        return Ok(Requested { expires_at, mailed: false });
    }
    let token = LinkToken::new(workspace.id, app);
    let link = MagicLink {
        hash: token.hash(),
        workspace: workspace.id,
        workspace_name: workspace.name,
        project: key.project,
        key: key.id,
        user: command.user,
        email: command.email,
        conversation: command.conversation,
        return_url: command.return_url,
        created_at: now,
        expires_at,
        used_at: None,
    };
    app.store.create_link(&link).await?;
    let letter = Letter {
        to: &link.email,
        brand: &app.settings.powered_by,
        workspace: &link.workspace_name,
        link: &format!("{public_url}/verify/{}", token.reveal()),
        valid_seconds: settings.link_seconds,
    };
    app.mailer.send(&mail::write(&letter)).await?;
    Ok(Requested { expires_at, mailed: true })
}
