//! The contact: a person who chats, what is known of it, and how far we know who it is.
//!
//! A person whom the integrator names is a contact of the workspace. Anyone else is known by the
//! conversation alone; such a contact has the conversation's own UUID, so that it is found without a row
//! of its own. When the person is named later, the contact of the conversation becomes that person's.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::id::{ContactId, ConversationId, ProjectId, WorkspaceId};
use crate::identity::EmailAddress;
use crate::text::{ExternalId, Label};

mod capture;
mod find;
mod fold;
mod phone;

pub(crate) use capture::details_in;
pub use find::{Profile, find, of_conversation};
pub(crate) use find::{known, profile};
pub use fold::{Folded, Span, is_unseen};
pub use phone::Phone;

/// An end user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The integrator's id.
    pub external: ExternalId,
    /// Our id; absent for one who never wrote in a conversation of their own.
    pub id: Option<ContactId>,
    /// What is known of the person.
    pub details: Details,
    /// The projects that the user wrote in.
    pub projects: BTreeSet<ProjectId>,
    /// Until when the user counts as verified, if ever confirmed.
    pub verified_until: Option<Timestamp>,
    /// When the user first wrote, or was first verified.
    pub created_at: Timestamp,
    /// When the user last wrote.
    pub last_seen: Option<Timestamp>,
}

impl Contact {
    /// Whether the user counts as verified now.
    pub fn is_verified(&self, now: Timestamp) -> bool {
        self.verified_until.is_some_and(|until| until > now)
    }
}

/// What is known of a person. It is personal: only field names stand in a log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Details {
    /// What the person is called.
    pub name: Option<Label>,
    /// Where mail reaches the person.
    pub email: Option<EmailAddress>,
    /// Where a call reaches the person.
    pub phone: Option<Phone>,
}

impl Details {
    /// Whether there is a way to reach the person.
    pub fn is_lead(&self) -> bool {
        self.email.is_some() || self.phone.is_some()
    }

    /// Takes what is newly known; a field that is not said stays as it is.
    pub fn learn(&mut self, newer: &Self) {
        fn take<T: Clone>(known: &mut Option<T>, newer: Option<&T>) {
            if let Some(newer) = newer {
                *known = Some(newer.clone());
            }
        }
        take(&mut self.name, newer.name.as_ref());
        take(&mut self.email, newer.email.as_ref());
        take(&mut self.phone, newer.phone.as_ref());
    }

    /// Whether all of a newer knowledge is known.
    pub(crate) fn has(&self, newer: &Self) -> bool {
        let mut after = self.clone();
        after.learn(newer);
        after == *self
    }

    /// The fields in which a newer knowledge differs, by their names on the wire.
    pub(crate) fn changes(&self, newer: &Self) -> Vec<&'static str> {
        let differs = [
            ("name", self.name != newer.name),
            ("email", self.email != newer.email),
            ("phone", self.phone != newer.phone),
        ];
        differs.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
    }

    /// What is known, and where this knows nothing, what `other` knows.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            name: self.name.or(other.name),
            email: self.email.or(other.email),
            phone: self.phone.or(other.phone),
        }
    }
}

/// The person in a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Person {
    /// The end user who was first named in it.
    pub user: Option<ExternalId>,
    /// What the person told in it, or the integrator told of it.
    pub details: Details,
    /// The page on which the person chats, if it was told.
    pub page_url: Option<String>,
    /// When the person last wrote in it.
    pub seen_at: Option<Timestamp>,
}

/// The id of a contact that is known by a conversation alone.
pub const fn id_of(conversation: ConversationId) -> ContactId {
    ContactId::from_uuid(conversation.uuid())
}
