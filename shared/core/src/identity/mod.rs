//! Proof of who an end user is: a link in a mail, used once, makes the contact verified for a time.

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::conversation::Conversation;
use crate::delivery::Delivery;
use crate::id::{self, ID_CHARS, ProjectId, WorkspaceId};
use crate::key::KeyId;
use crate::ports::Entropy;
use crate::text::{ExternalId, Label};

mod address;
mod confirm;
mod mail;
mod request;
mod return_url;
mod revoke;

pub use address::EmailAddress;
pub use confirm::{Confirmation, LinkState, confirm, look};
pub use request::{RequestLink, Requested, request};
pub use return_url::ReturnUrl;
pub use revoke::revoke;

/// The one way to prove an identity, by its name on the wire.
pub const METHOD: &str = "magic_link";

/// Characters of 256 bits in base32.
const SECRET_CHARS: usize = 52;

/// What a link carries: the workspace, so that its row can be found, and a secret of 256 bits.
#[derive(Debug, Clone)]
pub struct LinkToken {
    /// The workspace.
    pub workspace: WorkspaceId,
    secret: SecretString,
}

impl LinkToken {
    /// Makes a fresh one.
    pub fn new(workspace: WorkspaceId, entropy: &impl Entropy) -> Self {
        let mut secret = [0_u8; 32];
        entropy.fill(&mut secret);
        Self { workspace, secret: SecretString::from(id::base32(&secret)) }
    }

    /// Reads a token; `None` when the text has not the form of one.
    pub fn parse(text: &str) -> Option<Self> {
        let (workspace, secret) = text.split_at_checked(ID_CHARS)?;
        if secret.len() != SECRET_CHARS || id::base32_decode(secret)?.len() != 32 {
            return None;
        }
        let workspace = WorkspaceId::from_bare(workspace)?;
        Some(Self { workspace, secret: SecretString::from(secret) })
    }

    /// The text of the link; it stands in the mail and nowhere else.
    pub fn reveal(&self) -> String {
        format!("{}{}", self.workspace.bare(), self.secret.expose_secret())
    }

    /// What is stored of the secret. It has 256 random bits, so a plain hash is enough.
    pub fn hash(&self) -> LinkHash {
        LinkHash(Sha256::digest(self.secret.expose_secret().as_bytes()).into())
    }
}

/// SHA-256 of a link's secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkHash(pub [u8; 32]);

/// A link that was mailed: whom it proves, and what follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MagicLink {
    /// The hash of its secret.
    pub hash: LinkHash,
    /// The workspace.
    pub workspace: WorkspaceId,
    /// Its name, as the page shows it.
    pub workspace_name: Label,
    /// The project that the key works in; it is the namespace of the conversation's id.
    pub project: ProjectId,
    /// The key that asked.
    pub key: KeyId,
    /// The end user who is verified by it.
    pub user: ExternalId,
    /// The address that it was mailed to.
    pub email: EmailAddress,
    /// The conversation that the confirmation belongs to, if one was named.
    pub conversation: Option<ExternalId>,
    /// Where the browser goes afterwards.
    pub return_url: Option<ReturnUrl>,
    /// When it was mailed.
    pub created_at: Timestamp,
    /// Until when it can be used.
    pub expires_at: Timestamp,
    /// When it was used.
    pub used_at: Option<Timestamp>,
}

/// What a confirmation writes, all of it or nothing.
#[derive(Debug, Clone)]
pub struct LinkUse {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The link.
    pub hash: LinkHash,
    /// The end user.
    pub user: ExternalId,
    /// Now.
    pub now: Timestamp,
    /// Until when the end user is verified.
    pub verified_until: Timestamp,
    /// The conversation that the link named, where nobody was named in it until now, as it will stand:
    /// its person is the end user, and what it knows of the person is known of the user.
    pub merged: Option<Box<Conversation>>,
    /// Events on their way, with the moment the sweep may take each that the queue lost it.
    pub deliveries: Vec<(Delivery, Timestamp)>,
}

/// What came of a [`LinkUse`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consumed {
    /// It is stored, and this was the one use.
    Yes,
    /// The link was used before.
    Used,
    /// Its time is over.
    Expired,
    /// There is no such link.
    Unknown,
    /// The conversation moved on since it was read; nothing is stored.
    Stale,
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(u8);
    impl Entropy for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    fn token() -> LinkToken {
        LinkToken::new(WorkspaceId::from_uuid(uuid::Uuid::from_u128(7)), &Fixed(9))
    }

    #[test]
    fn a_token_reads_back_with_its_hash_and_never_shows_in_debug_output() {
        let read = LinkToken::parse(&token().reveal()).unwrap();
        assert_eq!((read.workspace, read.hash()), (token().workspace, token().hash()));
        let secret = token().reveal().split_off(ID_CHARS);
        assert!(!format!("{read:?}").contains(&secret));
    }

    #[test]
    fn a_bent_token_is_none() {
        let text = token().reveal();
        let upper = text.to_uppercase();
        for bent in ["", "x", "é", &text[1..], &format!("{text}0"), &upper, &text.replace('9', "u")]
        {
            assert!(LinkToken::parse(bent).is_none() || bent == text, "{bent:?}");
        }
        let other = format!("{}{}", &text[..text.len() - 2], "00");
        assert_ne!(LinkToken::parse(&other).unwrap().hash(), token().hash());
    }
}
