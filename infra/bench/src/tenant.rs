//! The integrator whose messages are measured: a workspace with knowledge, money and keys.

use std::sync::atomic::{AtomicU64, Ordering};

use aiva_core::app::App;
use aiva_core::change::Change;
use aiva_core::key::{self, CreateKey, KeyId, Scope};
use aiva_core::knowledge::{self, AddSource, FieldNames, NewSource};
use aiva_core::ports::Ports;
use aiva_core::project::{self, Project};
use aiva_core::workspace::{self, LimitsPatch, RequestAccess, Workspace};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::Result;

/// Micro-credits that no run of the benchmark uses up.
const CREDIT: i64 = 1_000_000_000_000_000;
/// Requests a minute that no run of the benchmark makes.
const NO_LIMIT: i64 = 1_000_000_000;

/// Three pages, each shorter than one DynamoDB unit.
const PAGES: [(&str, &str); 3] = [
    (
        "Refunds",
        "You can return anything within 30 days. A refund is paid to the card you used within five \
         working days after the parcel has reached our warehouse. Return shipping is free of charge.",
    ),
    (
        "Shipping",
        "Parcels leave our warehouse within one working day. Standard delivery takes two to four \
         working days. Express delivery arrives on the next working day and costs nine euros.",
    ),
    (
        "Opening hours",
        "The shop is open from Monday to Saturday between ten in the morning and seven in the \
         evening. On public holidays it stays closed. The phone is answered on working days.",
    ),
];

/// A message of exactly 300 bytes.
pub(crate) const QUESTION: &str = "Hello! Ten days ago I ordered a rain jacket in size M from your \
    shop and it is too small for me, so I would like to send it back and have my money refunded. \
    How long does a refund take until it is on my card, and do I have to pay for the return \
    shipping myself, or is that free for me? Thank you all.";

/// A key as it is used.
#[derive(Debug, Clone)]
pub(crate) struct Credential {
    pub(crate) id: KeyId,
    pub(crate) token: String,
}

/// A workspace that may send anything.
#[derive(Debug, Clone)]
pub(crate) struct Tenant {
    pub(crate) workspace: Workspace,
    pub(crate) project: Project,
}

impl Tenant {
    /// Makes an active workspace with three short pages of knowledge, money and no limits.
    pub(crate) async fn create<P: Ports>(app: &App<P>) -> Result<Self> {
        let command = RequestAccess {
            name: "Bench".to_owned(),
            email: "bench@example.com".to_owned(),
            plan: Some("enterprise".to_owned()),
            ..RequestAccess::default()
        };
        let workspace = workspace::request(&app.store, app, command).await?;
        workspace::approve(&app.store, app, &workspace, Some(CREDIT)).await?;
        let workspace = workspace::find(&app.store, workspace.id).await?;
        let limits = LimitsPatch {
            requests_per_minute: Change::Set(NO_LIMIT),
            requests_per_day: Change::Set(NO_LIMIT),
            ..LimitsPatch::default()
        };
        let workspace = workspace::set_limits(&app.store, workspace.id, limits, true).await?;
        let project = project::resolve(&app.store, workspace.id, "default").await?;
        let tenant = Self { workspace, project };
        for (title, text) in PAGES {
            tenant.teach(app, title, text).await?;
        }
        Ok(tenant)
    }

    /// Adds a page of knowledge.
    pub(crate) async fn teach<P: Ports>(
        &self,
        app: &App<P>,
        title: &str,
        text: &str,
    ) -> Result<()> {
        let source = AddSource {
            title: Some(title.to_owned()),
            url: None,
            tags: Vec::new(),
            refresh_seconds: None,
            what: NewSource::Raw(text.to_owned()),
            fields: FieldNames::SNAKE,
        };
        knowledge::add(app, app, &self.project, source).await?;
        Ok(())
    }

    /// Makes a key, with a callback if there is an address for it.
    pub(crate) async fn key<P: Ports>(
        &self,
        app: &App<P>,
        callback_url: Option<&str>,
    ) -> Result<Credential> {
        let command = CreateKey {
            name: "bench".to_owned(),
            scopes: Scope::ALL.iter().map(|scope| scope.as_str().to_owned()).collect(),
            callback_url: callback_url.map(str::to_owned),
            ..CreateKey::default()
        };
        let made = key::create(app, app, &self.workspace, command).await?;
        Ok(Credential { id: made.key.id, token: made.token.expose_secret().to_owned() })
    }
}

/// The body of a submit under an idempotency key of its own.
pub(crate) fn message(conversation: &str, user: Option<&str>) -> Value {
    let mut body = json!({
        "externalConversationId": conversation,
        "content": QUESTION,
        "idempotencyKey": unique("00000000-0000-4000-8000-"),
    });
    if let Some(user) = user {
        body["externalUserId"] = user.into();
    }
    body
}

/// A text that no other call in this process makes: the prefix and twelve hexadecimal digits.
pub(crate) fn unique(prefix: &str) -> String {
    static TURN: AtomicU64 = AtomicU64::new(1);
    format!("{prefix}{:012x}", TURN.fetch_add(1, Ordering::Relaxed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_has_three_hundred_bytes() {
        assert_eq!(QUESTION.len(), 300);
    }
}
