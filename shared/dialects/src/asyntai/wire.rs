//! What goes over the wire.

use std::fmt;

use aiva_core::contact::Phone;
use aiva_core::conversation::Conversation;
use aiva_core::error::{Error, Unanswered};
use aiva_core::identity::EmailAddress;
use aiva_core::message::{Asked, Message, Outcome, Sender, SkipReason};
use aiva_core::project::Project;
use aiva_core::time;
use aiva_core::webhook::{Webhook, WebhookId};
use aiva_core::workspace::{Workspace, default_project};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

mod knowledge;

pub(super) use knowledge::{Added, AddedPage, AddedTable, Entry};

/// The answer to a message.
#[derive(Debug, Serialize)]
pub(super) struct Chat {
    success: bool,
    response: String,
    session_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
}

impl Chat {
    /// What came of a message.
    ///
    /// # Errors
    /// [`Error::Unanswered`] when no reply came and none was due from a human either.
    pub(super) fn of(asked: &Asked) -> Result<Self, Error> {
        let (response, status) = match &asked.outcome {
            Outcome::Replied { reply, .. } => (reply.content.as_str(), None),
            Outcome::Silent { reason: SkipReason::HumanOwned, .. } => ("", Some("human")),
            Outcome::Silent { reason: SkipReason::ConversationResolved, .. } => {
                ("", Some("resolved"))
            }
            Outcome::Silent { reason: SkipReason::AiDisabled, .. } => {
                return Err(Error::Unanswered(Unanswered::AgentOff));
            }
            Outcome::Failed => return Err(Error::Unanswered(Unanswered::Failed)),
            Outcome::Slow => return Err(Error::Unanswered(Unanswered::Slow)),
        };
        let session_id = asked.receipt.reference.external.to_string();
        Ok(Self { success: true, response: response.to_owned(), session_id, status })
    }
}

macro_rules! lists {
    ($($(#[$doc:meta])* $list:ident { $field:ident: $item:ident }),* $(,)?) => { $(
        $(#[$doc])*
        #[derive(Debug, Serialize)]
        pub(super) struct $list {
            success: bool,
            $field: Vec<$item>,
        }

        impl $list {
            pub(super) const fn new($field: Vec<$item>) -> Self {
                Self { success: true, $field }
            }
        }
    )* };
}

lists! {
    /// The websites of an account.
    Websites { websites: Website },
    /// Its sessions, by their last message, newest first.
    Sessions { sessions: Session },
    /// Its leads, newest session first.
    Leads { leads: Lead },
    /// What a website's agent knows, newest first.
    Entries { entries: Entry },
    /// Its webhooks, newest first.
    Webhooks { webhooks: Hook },
}

/// A project.
#[derive(Debug, Serialize)]
pub(super) struct Website {
    id: u32,
    name: String,
    domain: String,
    is_primary: bool,
}

impl Website {
    /// The project with this number.
    pub(super) fn new(id: u32, project: &Project) -> Self {
        Self {
            id,
            name: project.name.to_string(),
            domain: domain_of(project),
            is_primary: project.id == default_project(project.workspace),
        }
    }
}

/// The host name of a website; empty where nobody told it.
fn domain_of(project: &Project) -> String {
    project.domain.as_ref().map(ToString::to_string).unwrap_or_default()
}

/// What was said in a session.
#[derive(Debug, Serialize)]
pub(super) struct History {
    success: bool,
    session_id: String,
    messages: Vec<Said>,
}

#[derive(Debug, Serialize)]
struct Said {
    role: &'static str,
    content: String,
    timestamp: String,
}

impl History {
    /// The newest messages, in order of time.
    pub(super) fn new(session: &str, messages: &[Message]) -> Self {
        let said = messages.iter().map(|message| Said {
            role: match message.sender {
                Sender::Visitor => "user",
                Sender::Ai | Sender::Agent => "assistant",
            },
            content: message.content.as_str().to_owned(),
            timestamp: time::seconds(message.created_at),
        });
        Self { success: true, session_id: session.to_owned(), messages: said.collect() }
    }
}

/// A conversation.
#[derive(Debug, Serialize)]
pub(super) struct Session {
    session_id: String,
    source: &'static str,
    message_count: u64,
    first_message: String,
    first_message_at: String,
    last_message_at: String,
    website_domain: String,
}

impl Session {
    /// A conversation with its first message, on a website.
    pub(super) fn new(conversation: &Conversation, first: &Message, website: &Project) -> Self {
        Self {
            session_id: conversation.reference.external.to_string(),
            source: conversation.source.as_str(),
            message_count: conversation.seq,
            first_message: first.content.as_str().to_owned(),
            first_message_at: time::seconds(first.created_at),
            last_message_at: time::seconds(conversation.said_at),
            website_domain: domain_of(website),
        }
    }

    /// What it begins with.
    pub(super) fn first_message(&self) -> &str {
        &self.first_message
    }
}

/// Somebody who told how to be reached.
#[derive(Debug, Serialize)]
pub(super) struct Lead {
    session_id: String,
    email: Option<String>,
    phone: Option<String>,
    page_url: Option<String>,
    started_at: String,
}

impl From<&Conversation> for Lead {
    fn from(conversation: &Conversation) -> Self {
        let details = &conversation.person.details;
        Self {
            session_id: conversation.reference.external.to_string(),
            email: details.email.as_ref().map(EmailAddress::as_str).map(str::to_owned),
            phone: details.phone.as_ref().map(Phone::as_str).map(str::to_owned),
            page_url: conversation.person.page_url.clone(),
            started_at: time::seconds(conversation.created_at),
        }
    }
}

/// The account and its plan.
#[derive(Debug, Serialize)]
pub(super) struct Account {
    success: bool,
    account: AccountData,
}

#[derive(Debug, Serialize)]
struct AccountData {
    email: String,
    plan: &'static str,
    messages_used: u32,
    /// `null` where the plan sets no limit.
    messages_limit: Option<u32>,
}

impl Account {
    /// The account of a workspace that has sent so many messages this month.
    pub(super) fn of(workspace: &Workspace, messages_used: u32) -> Self {
        let account = AccountData {
            email: workspace.email.clone(),
            plan: workspace.plan.as_str(),
            messages_used,
            messages_limit: workspace.plan.terms().messages_per_month,
        };
        Self { success: true, account }
    }
}

/// A webhook.
#[derive(Debug, Serialize)]
pub(super) struct Hook {
    id: WebhookId,
    url: String,
    events: Vec<&'static str>,
    is_active: bool,
    created_at: String,
}

impl From<&Webhook> for Hook {
    fn from(webhook: &Webhook) -> Self {
        Self {
            id: webhook.id,
            url: webhook.callback.url.clone(),
            events: webhook.events.iter().map(|event| event.as_str()).collect(),
            is_active: webhook.callback.is_enabled(),
            created_at: time::seconds(webhook.created_at),
        }
    }
}

/// A webhook was made.
#[derive(Debug, Serialize)]
pub(super) struct Subscribed<'a> {
    success: bool,
    webhook: NewHook<'a>,
}

impl<'a> Subscribed<'a> {
    pub(super) const fn new(webhook: NewHook<'a>) -> Self {
        Self { success: true, webhook }
    }
}

/// A webhook with its secret, which is told once.
#[derive(Serialize)]
pub(super) struct NewHook<'a> {
    id: WebhookId,
    url: &'a str,
    events: Vec<&'static str>,
    secret: &'a str,
    created_at: String,
}

impl<'a> NewHook<'a> {
    pub(super) fn new(webhook: &'a Webhook, secret: &'a SecretString) -> Self {
        Self {
            id: webhook.id,
            url: &webhook.callback.url,
            events: webhook.events.iter().map(|event| event.as_str()).collect(),
            secret: secret.expose_secret(),
            created_at: time::seconds(webhook.created_at),
        }
    }
}

/// Secrets are never shown in a log.
impl fmt::Debug for NewHook<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewHook")
    }
}

/// Something was deleted.
#[derive(Debug, Serialize)]
pub(super) struct Removed {
    success: bool,
    message: &'static str,
}

impl Removed {
    /// A source.
    pub(super) const fn entry() -> Self {
        Self { success: true, message: "Knowledge base entry deleted" }
    }

    /// A webhook.
    pub(super) const fn webhook() -> Self {
        Self { success: true, message: "Webhook deleted" }
    }
}
