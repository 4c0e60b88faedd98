//! Finding a contact, by its own id or by a conversation.

use jiff::Timestamp;

use super::{Contact, Details, id_of};
use crate::conversation::{Conversation, Source};
use crate::error::{Error, Result};
use crate::id::{ContactId, ConversationId, ProjectId, WorkspaceId};
use crate::ports::{ConversationStore, IdentityStore};

/// A contact as readers see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Our id; that of the person, where the one that was asked for became the person's.
    pub id: ContactId,
    /// What is known of the person.
    pub details: Details,
    /// Where the person first chatted.
    pub source: Source,
    /// When the person first wrote.
    pub created_at: Timestamp,
    /// When the person last wrote.
    pub last_seen: Timestamp,
}

impl Profile {
    /// The name, or a made-up one of those who told none: `Guest` and six digits.
    pub fn name(&self) -> String {
        let guest = || format!("Guest{:06}", self.id.uuid().as_u128() % 1_000_000);
        self.details.name.as_ref().map_or_else(guest, ToString::to_string)
    }
}

/// Finds a contact of a project by our id. An end user keeps the id of the first conversation wherever it
/// was, and is a contact of every project that the user wrote in; of another project's conversation
/// nothing is told here.
///
/// # Errors
/// [`Error::NotFound`] when the project has none.
pub async fn find(
    store: &(impl ConversationStore + IdentityStore),
    (workspace, project): (WorkspaceId, ProjectId),
    id: ContactId,
) -> Result<Profile> {
    let conversation = ConversationId::from_uuid(id.uuid());
    let found = store.conversation_by_id(workspace, conversation).await?;
    let conversation = found.ok_or(Error::NotFound)?;
    if conversation.reference.project == project {
        return of_conversation(store, &conversation).await;
    }
    let user = conversation.person.user.as_ref().ok_or(Error::NotFound)?;
    let contact = store.contact(workspace, user).await?;
    let wrote_here = |known: &Contact| known.id == Some(id) && known.projects.contains(&project);
    let contact = contact.filter(wrote_here).ok_or(Error::NotFound)?;
    Ok(Profile {
        id,
        source: conversation.source,
        created_at: contact.created_at,
        last_seen: last_seen(&contact, &conversation).unwrap_or(contact.created_at),
        details: contact.details,
    })
}

/// The contact of a conversation.
///
/// # Errors
/// When the store fails.
pub async fn of_conversation(
    store: &impl IdentityStore,
    conversation: &Conversation,
) -> Result<Profile> {
    let named = match &conversation.person.user {
        Some(user) => store.contact(conversation.reference.workspace, user).await?,
        None => None,
    };
    Ok(profile(conversation, named))
}

/// The contact of a conversation, given the end user who is named in it, if one is known.
pub(crate) fn profile(conversation: &Conversation, named: Option<Contact>) -> Profile {
    let person = &conversation.person;
    let seen = person.seen_at.unwrap_or(conversation.created_at);
    let own = Profile {
        id: id_of(conversation.id),
        details: person.details.clone(),
        source: conversation.source,
        created_at: conversation.created_at,
        last_seen: seen,
    };
    let last_seen = named.as_ref().and_then(|contact| last_seen(contact, conversation));
    match named {
        None => own,
        Some(contact) => Profile {
            id: contact.id.unwrap_or(own.id),
            details: contact.details.or(own.details),
            created_at: contact.created_at,
            last_seen: last_seen.unwrap_or(seen),
            ..own
        },
    }
}

/// When the end user last wrote: the user's row is not written for a message that names nobody and tells
/// nothing, its conversation is.
fn last_seen(contact: &Contact, conversation: &Conversation) -> Option<Timestamp> {
    contact.last_seen.max(conversation.person.seen_at)
}

/// What was known of the person of a conversation before something happened in it, given the end user whom
/// it names; `None` where nobody of it had ever written.
pub(crate) fn known(
    conversation: Option<&Conversation>,
    named: Option<&Contact>,
) -> Option<Details> {
    let contact = named.filter(|contact| contact.id.is_some());
    let spoken = conversation.filter(|conversation| conversation.seq > 0);
    match (contact, spoken) {
        (None, None) => None,
        (None, Some(conversation)) => Some(conversation.person.details.clone()),
        // One who was not named here yet turns out to be a contact that is known from elsewhere.
        (Some(contact), Some(conversation)) if conversation.person.user.is_some() => {
            Some(contact.details.clone().or(conversation.person.details.clone()))
        }
        (Some(contact), _) => Some(contact.details.clone()),
    }
}
