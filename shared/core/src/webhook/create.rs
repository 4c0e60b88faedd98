//! Making a webhook.

use std::collections::BTreeSet;

use secrecy::{ExposeSecret, SecretString};

use super::{Redaction, Webhook, WebhookId};
use crate::app::App;
use crate::callback::{Callback, CallbackSecret, Event, Health, new_secret};
use crate::dialect::Dialect;
use crate::egress;
use crate::error::{Error, Result};
use crate::id::{BareWebhookId, ProjectId, WorkspaceId};
use crate::ports::{Clock, Entropy, Ports, Vault, WebhookStore, WorkspaceStore};
use crate::project;

/// A webhook, as it was asked for.
#[derive(Debug, Clone)]
pub struct CreateWebhook {
    /// In whose words.
    pub dialect: Dialect,
    /// Where to.
    pub url: String,
    /// Which events.
    pub events: Vec<String>,
    /// What is left out.
    pub redaction: Option<String>,
    /// What it is signed with; made where it is left out.
    pub secret: Option<SecretString>,
}

/// A webhook and its secret, to be shown once.
#[derive(Debug)]
pub struct NewWebhook {
    /// The webhook.
    pub webhook: Webhook,
    /// What its deliveries are signed with.
    pub secret: SecretString,
}

/// Webhooks that a project may have.
const MAX_WEBHOOKS: usize = 10;
/// Characters that a secret of the caller's may have.
const SECRET_CHARS: std::ops::RangeInclusive<usize> = 8..=256;
/// Reads and writes again after a lost race, so often at most.
pub(super) const MAX_ROUNDS: usize = 8;

/// Makes a webhook of a project. `env` gives it its id and secret: asked again with the same one, it is
/// made once.
///
/// # Errors
/// [`Error::Invalid`] for a field that breaks its rule, [`Error::NotFound`] without the project,
/// [`Error::Conflict`] when the project has as many as it may.
pub async fn create<P: Ports>(
    app: &App<P>,
    env: &(impl Clock + Entropy),
    (workspace, project): (WorkspaceId, ProjectId),
    command: CreateWebhook,
) -> Result<NewWebhook> {
    let events = events(command.dialect, &command.events)?;
    let redaction = redaction(command.dialect, command.redaction.as_deref())?;
    let secret = match command.secret {
        Some(secret) => checked(secret)?,
        None => new_secret(env),
    };
    let url = vetted(app, &command.url).await?;
    let sealed = app.vault.seal(workspace, &secret).await?;
    let now = env.now();
    let id = WebhookId { workspace, webhook: BareWebhookId::new(now, env) };
    let number = project::number_of(&app.store, workspace, project).await?;
    let webhook = Webhook {
        id,
        project,
        dialect: command.dialect,
        events,
        redaction,
        callback: Callback {
            url,
            secrets: vec![CallbackSecret { sealed, expires_at: None }],
            disabled: None,
            health: Health::default(),
        },
        number,
        created_at: now,
    };
    for _ in 0..MAX_ROUNDS {
        let read = app.store.project(workspace, project).await?.ok_or(Error::NotFound)?;
        if read.webhooks.iter().any(|known| known.id == id) {
            return Ok(NewWebhook { webhook, secret });
        }
        if read.webhooks.len() >= MAX_WEBHOOKS {
            return Err(Error::conflict(
                "the project has 10 webhooks, which is the most it may have",
            ));
        }
        let mut after = read.webhooks.clone();
        after.push(webhook.subscription());
        if app.store.create_webhook(&webhook, (&read.webhooks, &after)).await? {
            return Ok(NewWebhook { webhook, secret });
        }
    }
    Err(Error::unavailable("the project's webhooks are contended"))
}

/// Reads the events of a dialect.
pub(super) fn events(dialect: Dialect, names: &[String]) -> Result<BTreeSet<Event>> {
    let known = Event::of_dialect(dialect);
    let all: Vec<&str> = known.iter().map(|event| event.as_str()).collect();
    let refused = || Error::invalid("events", format!("must name some of {}", all.join(", ")));
    if known.is_empty() {
        return Err(Error::invalid("dialect", "has no webhooks"));
    }
    let find = |name: &String| known.iter().copied().find(|event| event.as_str() == name);
    let events: Option<BTreeSet<Event>> = names.iter().map(find).collect();
    events.filter(|events| !events.is_empty()).ok_or_else(refused)
}

/// Reads a profile. One that a dialect would not keep is refused, not ignored.
pub(super) fn redaction(dialect: Dialect, text: Option<&str>) -> Result<Redaction> {
    let Some(text) = text else { return Ok(Redaction::default()) };
    let found = Redaction::ALL.into_iter().find(|redaction| redaction.as_str() == text);
    match found {
        None => Err(Error::invalid("redaction", "must be passthrough or strict")),
        Some(Redaction::Strict) if dialect != Dialect::Aerochat => {
            Err(Error::invalid("redaction", "can be strict for aerochat alone"))
        }
        Some(redaction) => Ok(redaction),
    }
}

fn checked(secret: SecretString) -> Result<SecretString> {
    if SECRET_CHARS.contains(&secret.expose_secret().chars().count()) {
        Ok(secret)
    } else {
        Err(Error::invalid("secret", "must have 8 to 256 characters"))
    }
}

/// Judges a URL as it is saved.
pub(super) async fn vetted<P: Ports>(app: &App<P>, text: &str) -> Result<String> {
    let url = egress::vet(&app.names, text, &app.settings.egress).await;
    let url = url.map_err(|problem| Error::invalid("url", problem.to_string()))?;
    Ok(url.as_str().to_owned())
}
