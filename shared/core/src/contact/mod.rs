//! The contact: an end user of the integrator, and how far we know who it is.

use jiff::Timestamp;

use crate::id::WorkspaceId;
use crate::text::ExternalId;

/// An end user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The integrator's id.
    pub external: ExternalId,
    /// Until when the user counts as verified, if ever confirmed.
    pub verified_until: Option<Timestamp>,
    /// When the user first wrote, or was first verified.
    pub created_at: Timestamp,
}

impl Contact {
    /// Whether the user counts as verified now.
    pub fn is_verified(&self, now: Timestamp) -> bool {
        self.verified_until.is_some_and(|until| until > now)
    }
}
