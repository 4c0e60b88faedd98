//! Endpoints as the delivery worker sees them, whatever they belong to.

use std::fmt;
use std::str::FromStr;

use super::Callback;
use crate::dialect::Dialect;
use crate::id::{InvalidId, WorkspaceId};
use crate::key::{ApiKey, KeyId};
use crate::webhook::{Webhook, WebhookId};

/// Names an endpoint: deliveries, their queue's fairness groups and their breakers go by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EndpointId {
    /// The callback of a key.
    Key(KeyId),
    /// A webhook.
    Webhook(WebhookId),
}

impl EndpointId {
    /// The workspace that it belongs to.
    pub fn workspace(self) -> WorkspaceId {
        match self {
            Self::Key(key) => key.workspace,
            Self::Webhook(webhook) => webhook.workspace,
        }
    }

    /// The key, if it is a key's callback.
    pub fn key(self) -> Option<KeyId> {
        match self {
            Self::Key(key) => Some(key),
            Self::Webhook(_) => None,
        }
    }

    /// The webhook, if it is one.
    pub fn webhook(self) -> Option<WebhookId> {
        match self {
            Self::Webhook(webhook) => Some(webhook),
            Self::Key(_) => None,
        }
    }
}

impl fmt::Display for EndpointId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => key.fmt(f),
            Self::Webhook(webhook) => webhook.fmt(f),
        }
    }
}

impl FromStr for EndpointId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        text.parse().map(Self::Key).or_else(|InvalidId| text.parse().map(Self::Webhook))
    }
}

/// An endpoint that is there: its owner is live and it has not been taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Which one.
    pub id: EndpointId,
    /// What the operator calls its owner.
    pub name: String,
    /// In whose words it is signed.
    pub dialect: Dialect,
    /// Where to, signed with what, and how it has been doing.
    pub callback: Callback,
}

impl Endpoint {
    /// The callback of a key; `None` where it has none or was revoked.
    pub fn of_key(key: ApiKey) -> Option<Self> {
        let callback = key.callback.filter(|_| key.revoked_at.is_none())?;
        let (id, name) = (EndpointId::Key(key.id), key.name.to_string());
        // A key's callback is the native dialect's, whatever the key was issued for.
        Some(Self { id, name, dialect: Dialect::Aiva, callback })
    }

    /// A webhook.
    pub fn of_webhook(webhook: Webhook) -> Self {
        let (id, dialect) = (EndpointId::Webhook(webhook.id), webhook.dialect);
        let name = format!("webhook of {}", dialect.as_str());
        Self { id, name, dialect, callback: webhook.callback }
    }
}
