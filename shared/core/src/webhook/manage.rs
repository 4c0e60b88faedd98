//! Looking at webhooks, changing and testing them, and taking them away.

use jiff::Timestamp;
use secrecy::SecretString;

use super::create::{MAX_ROUNDS, events, redaction, vetted};
use super::draft::for_webhook;
use super::{Fact, Redaction, Webhook, WebhookId};
use crate::app::App;
use crate::callback::{EndpointId, new_secret};
use crate::delivery::{self, job_of, schedule};
use crate::dialect::Dialect;
use crate::error::{Error, Result};
use crate::id::{DeliveryId, OccasionId, ProjectId, WorkspaceId};
use crate::key;
use crate::page::{Limit, Page};
use crate::ports::{Clock, DeliveryStore, Entropy, Ports, Vault, WebhookStore, WorkspaceStore};
use crate::recovery::{self, Missed, Window};

/// Changes of a webhook, as the operator wrote them.
#[derive(Debug, Clone, Default)]
pub struct WebhookPatch {
    /// A new endpoint.
    pub url: Option<String>,
    /// Other events.
    pub events: Option<Vec<String>>,
    /// Another profile.
    pub redaction: Option<String>,
    /// Switches it on or off.
    pub enabled: Option<bool>,
}

/// A webhook after its change.
#[derive(Debug)]
pub struct UpdatedWebhook {
    /// The webhook.
    pub webhook: Webhook,
    /// What the endpoint missed, and since when, where it was switched on again.
    pub missed: Option<(Timestamp, Missed)>,
}

/// Reads a webhook, if it is this workspace's.
///
/// # Errors
/// [`Error::NotFound`] when it is not there, or another's.
pub async fn find(
    store: &impl WebhookStore,
    workspace: WorkspaceId,
    id: WebhookId,
) -> Result<Webhook> {
    if id.workspace != workspace {
        return Err(Error::NotFound);
    }
    store.webhook(id).await?.ok_or(Error::NotFound)
}

/// Lists the webhooks of a project, or of all projects, oldest first; there are few.
///
/// # Errors
/// When the store fails.
pub async fn list(
    store: &(impl WebhookStore + WorkspaceStore),
    workspace: WorkspaceId,
    project: Option<ProjectId>,
) -> Result<Vec<Webhook>> {
    let projects = match project {
        Some(project) => store.project(workspace, project).await?.into_iter().collect(),
        None => store.projects(workspace).await?,
    };
    let ids: Vec<WebhookId> =
        projects.iter().flat_map(|project| &project.webhooks).map(|known| known.id).collect();
    let mut webhooks = store.webhooks(&ids).await?;
    webhooks.sort_by_key(|webhook| webhook.id);
    Ok(webhooks)
}

/// A page of the webhooks of a project, or of all projects, newest first; of one dialect, if it is named.
///
/// # Errors
/// When the store fails.
pub async fn page(
    store: &(impl WebhookStore + WorkspaceStore),
    (workspace, project): (WorkspaceId, Option<ProjectId>),
    dialect: Option<Dialect>,
    (before, limit): (Option<WebhookId>, Limit),
) -> Result<Page<Webhook>> {
    let mut items = list(store, workspace, project).await?;
    let is_asked_for = |known: &Webhook| {
        dialect.is_none_or(|dialect| known.dialect == dialect)
            && before.is_none_or(|before| known.id < before)
    };
    items.retain(is_asked_for);
    items.reverse();
    let more = items.len() > limit.get();
    items.truncate(limit.get());
    let next = items.last().filter(|_| more).map(|last| last.id.to_string());
    Ok(Page { items, next })
}

/// Changes a webhook. A new URL keeps the secrets and serves the next attempt of what waits.
///
/// # Errors
/// [`Error::Invalid`] for a field that breaks its rule, [`Error::Conflict`] for making it strict.
pub async fn update<P: Ports>(
    app: &App<P>,
    workspace: WorkspaceId,
    id: WebhookId,
    patch: WebhookPatch,
) -> Result<UpdatedWebhook> {
    let url = match &patch.url {
        Some(text) => Some(vetted(app, text).await?),
        None => None,
    };
    let now = app.now();
    let off_since = match patch.enabled {
        Some(true) => find(&app.store, workspace, id).await?.callback.off_since(),
        Some(false) | None => None,
    };
    let webhook = change(app, workspace, id, |webhook| {
        let mut changed = webhook.clone();
        if let Some(names) = &patch.events {
            changed.events = events(webhook.dialect, names)?;
        }
        if let Some(name) = &patch.redaction {
            changed.redaction = redaction(webhook.dialect, Some(name))?;
            may_follow(webhook.redaction, changed.redaction)?;
        }
        if let Some(url) = url.as_ref().filter(|url| **url != webhook.callback.url) {
            changed.callback = changed.callback.moved_to(url.clone());
        }
        if let Some(enabled) = patch.enabled {
            changed.callback = changed.callback.switched(enabled, now);
        }
        Ok(changed)
    })
    .await?;
    let missed = match off_since {
        Some(since) => {
            let endpoint = Some(EndpointId::Webhook(id));
            let window = Window { since, until: now, endpoint };
            Some((since, recovery::count(&app.store, workspace, &window).await?))
        }
        None => None,
    };
    Ok(UpdatedWebhook { webhook, missed })
}

/// What an open webhook was told is stored as it was told, and retries, replays and recoveries would send
/// it under the name of a strict one.
fn may_follow(before: Redaction, after: Redaction) -> Result<()> {
    match (before, after) {
        (Redaction::Passthrough, Redaction::Strict) => Err(Error::conflict(
            "the webhook's stored events hold personal data; make a new webhook with redaction \
             strict and delete this one",
        )),
        (Redaction::Passthrough | Redaction::Strict, _) => Ok(()),
    }
}

/// Gives a webhook a new secret and answers it, to be shown once; the old one signs on beside it for as
/// long as the overlap says, where a dialect's signatures can hold two.
///
/// # Errors
/// [`Error::Invalid`] for an overlap out of range, [`Error::Conflict`] when three secrets are alive.
pub async fn rotate_secret<P: Ports>(
    app: &App<P>,
    env: &(impl Clock + Entropy),
    workspace: WorkspaceId,
    id: WebhookId,
    overlap_seconds: Option<i64>,
) -> Result<SecretString> {
    let secret = new_secret(env);
    let current = find(&app.store, workspace, id).await?;
    if key::is_newest(app, workspace, &current.callback, &secret).await? {
        return Ok(secret);
    }
    let sealed = app.vault.seal(workspace, &secret).await?;
    let now = app.now();
    change(app, workspace, id, |webhook| {
        let mut changed = webhook.clone();
        let secrets = &webhook.callback.secrets;
        changed.callback.secrets = key::rotated(secrets, &sealed, overlap_seconds, now)?;
        Ok(changed)
    })
    .await?;
    Ok(secret)
}

/// Sends a test to a webhook, a disabled one too. `env` gives it its id: asked again with the same one, it is
/// the same test.
///
/// # Errors
/// [`Error::NotFound`] when it is not there.
pub async fn send_test<P: Ports>(
    app: &App<P>,
    env: &(impl Clock + Entropy),
    workspace: WorkspaceId,
    id: WebhookId,
) -> Result<DeliveryId> {
    let webhook = find(&app.store, workspace, id).await?;
    let brand = app.store.workspace(workspace).await?.ok_or(Error::NotFound)?.name;
    let occasion = OccasionId::new(env.now(), env);
    let (origin, to) = ((webhook.project, brand.as_str()), webhook.subscription());
    let drafted = for_webhook(app, env, origin, &to, (occasion, &Fact::Test));
    let (ping, due) = drafted.ok_or_else(|| Error::internal("a dialect has no test"))?;
    app.store.create_delivery(&ping, due).await?;
    schedule(app, &job_of(&ping), app.now()).await;
    Ok(ping.id)
}

/// Takes a webhook away; what waits for it is cancelled.
///
/// # Errors
/// [`Error::NotFound`] when it is not there.
pub async fn delete<P: Ports>(app: &App<P>, workspace: WorkspaceId, id: WebhookId) -> Result<()> {
    let webhook = find(&app.store, workspace, id).await?;
    for _ in 0..MAX_ROUNDS {
        let read = app.store.project(workspace, webhook.project).await?.ok_or(Error::NotFound)?;
        let mut after = read.webhooks.clone();
        after.retain(|known| known.id != id);
        if app.store.delete_webhook(&webhook, (&read.webhooks, &after)).await? {
            delivery::cancel_waiting(app, EndpointId::Webhook(id)).await;
            return Ok(());
        }
    }
    Err(Error::unavailable("the project's webhooks are contended"))
}

async fn change<P: Ports>(
    app: &App<P>,
    workspace: WorkspaceId,
    id: WebhookId,
    edit: impl Fn(&Webhook) -> Result<Webhook>,
) -> Result<Webhook> {
    for _ in 0..MAX_ROUNDS {
        let current = find(&app.store, workspace, id).await?;
        let changed = edit(&current)?;
        let read = app.store.project(workspace, current.project).await?.ok_or(Error::NotFound)?;
        let mut after = read.webhooks.clone();
        for known in after.iter_mut().filter(|known| known.id == id) {
            *known = changed.subscription();
        }
        let list = (read.webhooks.as_slice(), after.as_slice());
        if app.store.update_webhook((&current, &changed), list).await? {
            return Ok(changed);
        }
    }
    Err(Error::conflict("the webhook is being changed by others; try again"))
}
