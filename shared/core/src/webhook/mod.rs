//! What happens in a project, told to whoever listens: the callback of a key, and webhooks, each in the
//! words of a dialect.
//!
//! What happens is a [`Fact`]. It is recorded once for each listener that wants it, as a delivery whose
//! bytes the dialect layer wrote, in the same transaction that makes it true. From then on all go one way:
//! log, retries, breaker, replay, recovery, rotation. A key's callback is told of the key's own messages,
//! in the native dialect; a webhook of all that it subscribed to.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::callback::{Callback, Event};
use crate::dialect::Dialect;
use crate::id::{
    BareWebhookId, DeliveryId, ID_CHARS, InvalidId, OccasionId, ProjectId, WorkspaceId,
};

mod create;
mod draft;
mod fact;
mod manage;

pub use create::{CreateWebhook, NewWebhook, create};
pub use draft::to_callback;
pub(crate) use draft::{Drafts, News, drafts, knowledge_brand, of_knowledge, person};
pub use fact::{Fact, KnowledgeFact, Scene, Unasked};
pub use manage::{
    UpdatedWebhook, WebhookPatch, delete, find, list, page, rotate_secret, send_test, update,
};

/// The public identifier of a webhook. Like a key's it names the workspace, so that it can be looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WebhookId {
    /// The workspace that it belongs to.
    pub workspace: WorkspaceId,
    /// The webhook inside its workspace.
    pub webhook: BareWebhookId,
}

impl fmt::Display for WebhookId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "wh_{}{}", self.workspace.bare(), self.webhook.bare())
    }
}

impl FromStr for WebhookId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let bare = text.strip_prefix("wh_").and_then(|bare| bare.split_at_checked(ID_CHARS));
        let (workspace, webhook) = bare.ok_or(InvalidId)?;
        let workspace = WorkspaceId::from_bare(workspace).ok_or(InvalidId)?;
        let webhook = BareWebhookId::from_bare(webhook).ok_or(InvalidId)?;
        Ok(Self { workspace, webhook })
    }
}

impl Serialize for WebhookId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for WebhookId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What a payload may say of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Redaction {
    /// Everything.
    #[default]
    Passthrough,
    /// No address of mail and no phone number, wherever it stands.
    Strict,
}

impl Redaction {
    /// Every profile.
    pub const ALL: [Self; 2] = [Self::Passthrough, Self::Strict];

    /// The profile's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passthrough => "passthrough",
            Self::Strict => "strict",
        }
    }
}

/// What a project keeps of a webhook beside itself, so that whoever writes a fact down knows who wants
/// it without another read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// The webhook.
    pub id: WebhookId,
    /// In whose words.
    pub dialect: Dialect,
    /// Which events.
    pub events: BTreeSet<Event>,
    /// What is left out.
    pub redaction: Redaction,
    /// The endpoint, without its query.
    pub url: String,
    /// The project's number, for a dialect that knows no other ids: 1 is the default project.
    pub number: u32,
}

impl Subscription {
    fn listener(&self) -> Listener {
        Listener { dialect: self.dialect, redaction: self.redaction, number: self.number }
    }
}

/// Whoever is told, as far as the words depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listener {
    /// In whose words.
    pub dialect: Dialect,
    /// What is left out.
    pub redaction: Redaction,
    /// The project's number, for a dialect that knows no other ids: 1 is the default project.
    pub number: u32,
}

/// One webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Which one.
    pub id: WebhookId,
    /// The project whose events it gets.
    pub project: ProjectId,
    /// In whose words.
    pub dialect: Dialect,
    /// Which events.
    pub events: BTreeSet<Event>,
    /// What is left out.
    pub redaction: Redaction,
    /// Where to, signed with what, and how it has been doing.
    pub callback: Callback,
    /// The project's number.
    pub number: u32,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Webhook {
    /// What its project keeps of it.
    pub fn subscription(&self) -> Subscription {
        let url = self.callback.url.split(['?', '#']).next().unwrap_or_default();
        Subscription {
            id: self.id,
            dialect: self.dialect,
            events: self.events.clone(),
            redaction: self.redaction,
            url: url.to_owned(),
            number: self.number,
        }
    }
}

/// A fact on its way to one listener.
#[derive(Debug, Clone, Copy)]
pub struct Telling<'a> {
    /// To whom.
    pub listener: Listener,
    /// Names what happened: the same for every listener.
    pub occasion: OccasionId,
    /// Names the delivery.
    pub delivery: DeliveryId,
    /// When it happened.
    pub at: Timestamp,
    /// In which project.
    pub project: ProjectId,
    /// The workspace's name: who the agent speaks as.
    pub brand: &'a str,
    /// What the deployment calls itself.
    pub powered_by: &'a str,
    /// What happened.
    pub fact: &'a Fact<'a>,
}

/// What a dialect makes of a fact: the event's name and the body; `None` where it has no word for it.
/// Webhooks that did not ask for the event are left out by the caller.
pub type Render = fn(&Telling<'_>) -> Option<(Event, String)>;

/// The renderer of a process that causes no facts.
pub fn nothing_to_tell(_: &Telling<'_>) -> Option<(Event, String)> {
    None
}
