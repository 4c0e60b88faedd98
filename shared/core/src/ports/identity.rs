//! Who an end user is: what is stored of it, and the mail that asks.

use std::future::Future;

use jiff::Timestamp;

use crate::contact::Contact;
use crate::error::Result;
use crate::id::WorkspaceId;
use crate::identity::{Consumed, EmailAddress, LinkHash, LinkUse, MagicLink};
use crate::text::ExternalId;

/// Contacts, and the links that verify them.
pub trait IdentityStore: Send + Sync + 'static {
    /// Counts a request for an address, over all workspaces, and answers how many came in this minute.
    fn count_link_request(
        &self,
        email: &EmailAddress,
        now: Timestamp,
    ) -> impl Future<Output = Result<u64>> + Send;

    /// Takes one of the five mails that an address (over all workspaces) and a user may get within any
    /// hour; `false` when either has had them, and then neither is counted.
    fn take_mail_turn(
        &self,
        workspace: WorkspaceId,
        user: &ExternalId,
        email: &EmailAddress,
        now: Timestamp,
    ) -> impl Future<Output = Result<bool>> + Send;

    /// Stores a link; it is deleted some time after its end.
    fn create_link(&self, link: &MagicLink) -> impl Future<Output = Result<()>> + Send;

    /// Reads a link.
    fn link(
        &self,
        workspace: WorkspaceId,
        hash: &LinkHash,
    ) -> impl Future<Output = Result<Option<MagicLink>>> + Send;

    /// Uses a link, verifies the contact and stores the event, in one transaction.
    fn use_link(&self, used: &LinkUse) -> impl Future<Output = Result<Consumed>> + Send;

    /// Reads a contact; `None` for one that neither wrote nor was verified.
    fn contact(
        &self,
        workspace: WorkspaceId,
        user: &ExternalId,
    ) -> impl Future<Output = Result<Option<Contact>>> + Send;

    /// Ends a verification; `false` when the contact is not verified.
    fn revoke_verification(
        &self,
        workspace: WorkspaceId,
        user: &ExternalId,
        now: Timestamp,
    ) -> impl Future<Output = Result<bool>> + Send;
}

/// One mail.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// The one it goes to.
    pub to: String,
    /// Its subject.
    pub subject: String,
    /// Its body as text.
    pub text: String,
    /// Its body as HTML.
    pub html: String,
}

/// Mails hold addresses and secrets: they never stand in a log.
impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mail")
    }
}

/// Mail on its way out.
pub trait Mailer: Send + Sync + 'static {
    /// Hands a mail over.
    fn send(&self, mail: &Mail) -> impl Future<Output = Result<()>> + Send;
}
