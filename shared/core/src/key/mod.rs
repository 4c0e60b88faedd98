//! API keys: who calls, what the key may do, and where its callbacks go.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::callback::Callback;
use crate::dialect::Dialect;
use crate::error::{Error, Forbidden, Result};
use crate::id::{self, BareKeyId, ID_CHARS, InvalidId, ProjectId, WorkspaceId};
use crate::ports::Entropy;
use crate::text::Label;

mod authenticate;
mod create;
mod find;
mod revoke;
mod rotate_callback_secret;
mod rotate_secret;
mod send_test;
mod update;

pub(crate) use authenticate::seconds_until;
pub use authenticate::{Caller, authenticate};
pub use create::{CreateKey, NewKey, create};
pub use find::find;
pub use revoke::revoke;
pub use rotate_callback_secret::rotate_callback_secret;
pub(crate) use rotate_callback_secret::{is_newest, rotated};
pub use rotate_secret::rotate_secret;
pub use send_test::send_test;
pub use update::{KeyPatch, UpdatedKey, update};

/// The public identifier of a key. It names the workspace, so that a key can be looked up, and what
/// it will need can be read beside it, without asking first whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId {
    /// The workspace that the key belongs to.
    pub workspace: WorkspaceId,
    /// The key inside its workspace.
    pub key: BareKeyId,
}

impl KeyId {
    /// The 52 characters that stand between `ak_` and the secret.
    pub fn bare(self) -> String {
        format!("{}{}", self.workspace.bare(), self.key.bare())
    }

    fn from_bare(text: &str) -> Option<Self> {
        let (workspace, key) = text.split_at_checked(ID_CHARS)?;
        Some(Self {
            workspace: WorkspaceId::from_bare(workspace)?,
            key: BareKeyId::from_bare(key)?,
        })
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key_{}", self.bare())
    }
}

impl FromStr for KeyId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        text.strip_prefix("key_").and_then(Self::from_bare).ok_or(InvalidId)
    }
}

/// A key as the caller sends it: `ak_<id>_<secret>` or `akv_live_<id>_<secret>`.
#[derive(Debug, Clone)]
pub struct KeyToken {
    /// Which key.
    pub id: KeyId,
    secret: SecretString,
}

impl KeyToken {
    /// Makes a fresh secret of 256 bits for a key.
    pub fn new(id: KeyId, entropy: &impl Entropy) -> Self {
        let mut secret = [0_u8; 32];
        entropy.fill(&mut secret);
        Self { id, secret: SecretString::from(id::base32(&secret)) }
    }

    /// Reads a key; `None` when the text has not the form of one.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("akv_live_").or_else(|| text.strip_prefix("ak_"))?;
        let (id, secret) = rest.split_once('_')?;
        if secret.len() != 52 || id.len() != 2 * ID_CHARS {
            return None;
        }
        Some(Self { id: KeyId::from_bare(id)?, secret: SecretString::from(secret) })
    }

    /// The text that is shown once, with the prefix of its dialect.
    pub fn reveal(&self, dialect: Dialect) -> String {
        let prefix = match dialect {
            Dialect::Aivastark => "akv_live",
            Dialect::Aiva | Dialect::Aksita | Dialect::Aerochat | Dialect::Asyntai => "ak",
        };
        format!("{prefix}_{}_{}", self.id.bare(), self.secret.expose_secret())
    }

    /// What is stored of the secret. It has 256 random bits, so a plain hash is enough.
    pub fn hash(&self) -> SecretHash {
        SecretHash(Sha256::digest(self.secret.expose_secret().as_bytes()).into())
    }
}

/// SHA-256 of a key's secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecretHash(pub [u8; 32]);

macro_rules! scopes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal),* $(,)?) => {
        /// What a key may do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Scope { $( $(#[$doc])* #[serde(rename = $text)] $variant ),* }

        impl Scope {
            /// Every scope.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The scope's name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
        }
    };
}

scopes! {
    /// Send messages.
    MessagesWrite = "messages:write",
    /// Read conversations.
    ConversationsRead = "conversations:read",
    /// Start identity verification.
    IdentityWrite = "identity:write",
    /// Read knowledge.
    KnowledgeRead = "knowledge:read",
    /// Change knowledge.
    KnowledgeWrite = "knowledge:write",
    /// Manage webhooks.
    WebhooksManage = "webhooks:manage",
    /// Manage widgets.
    WidgetsManage = "widgets:manage",
    /// Read contacts.
    ContactsRead = "contacts:read",
    /// Read the account and its wallet.
    AccountRead = "account:read",
}

impl Scope {
    /// Reads a list of scopes as the operator sends it.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is empty or names an unknown scope.
    pub fn parse_all(texts: &[String]) -> Result<BTreeSet<Self>> {
        if texts.is_empty() {
            return Err(Error::invalid("scopes", "must name at least one scope"));
        }
        texts
            .iter()
            .map(|text| Self::ALL.iter().copied().find(|scope| scope.as_str() == text))
            .collect::<Option<BTreeSet<Self>>>()
            .ok_or_else(|| Error::invalid("scopes", "names an unknown scope"))
    }
}

/// Requests a key may make in a minute and in a day (UTC); `None` is no cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RequestLimits {
    /// Requests a minute.
    pub per_minute: Option<u32>,
    /// Requests a day.
    pub per_day: Option<u32>,
}

impl RequestLimits {
    /// The narrower of two limits, window by window.
    #[must_use]
    pub fn narrowed_by(self, other: Self) -> Self {
        let narrower = |a: Option<u32>, b: Option<u32>| match (a, b) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (one, None) | (None, one) => one,
        };
        Self {
            per_minute: narrower(self.per_minute, other.per_minute),
            per_day: narrower(self.per_day, other.per_day),
        }
    }
}

/// One API key as it is stored.
#[derive(Debug, Clone)]
pub struct ApiKey {
    /// The key.
    pub id: KeyId,
    /// The project it works in.
    pub project: ProjectId,
    /// What the operator calls it.
    pub name: Label,
    /// What it may do.
    pub scopes: BTreeSet<Scope>,
    /// The dialect it was issued for (its prefix).
    pub dialect: Dialect,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
    /// When it ends by itself, if it does.
    pub expires_at: Option<Timestamp>,
    /// The limits set on the key itself.
    pub own_limits: RequestLimits,
    /// The limits in force: the key's own narrowed by the workspace's.
    pub limits: RequestLimits,
    /// Where its callbacks go.
    pub callback: Option<Callback>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last called, to the minute.
    pub last_used_at: Option<Timestamp>,
}

impl ApiKey {
    /// Checks that the key has a scope.
    ///
    /// # Errors
    /// [`Error::Forbidden`] when it has not.
    pub fn require(&self, scope: Scope) -> Result<()> {
        if self.scopes.contains(&scope) {
            Ok(())
        } else {
            Err(Error::Forbidden(Forbidden::Scope(scope)))
        }
    }
}

/// One window of a request limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateWindow {
    /// Requests allowed in the window.
    pub limit: u32,
    /// Requests left in it.
    pub remaining: u32,
    /// When it ends.
    pub resets_at: Timestamp,
}

/// What the store says of a key and its secret.
#[derive(Debug, Clone)]
pub enum Admission {
    /// The key is live, and this request is counted.
    Admitted {
        /// The key.
        key: Box<ApiKey>,
        /// The windows after this request.
        windows: Vec<RateWindow>,
    },
    /// The key is live, but a window is used up. Nothing was counted.
    Limited {
        /// The key.
        key: Box<ApiKey>,
        /// The windows, at least one with nothing remaining.
        windows: Vec<RateWindow>,
    },
    /// Unknown, wrong, revoked or past its end: the same answer for all.
    Refused,
}
