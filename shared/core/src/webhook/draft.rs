//! Writing a fact down for everybody who is told of it.

use std::time::Duration;

use jiff::Timestamp;

use super::{Fact, KnowledgeFact, Listener, Redaction, Subscription, Telling};
use crate::app::App;
use crate::callback::{Breaker, Callback, EndpointId, Event};
use crate::contact::{self, Profile};
use crate::conversation::Conversation;
use crate::delivery::{Delivery, DeliveryStatus, Trigger};
use crate::dialect::Dialect;
use crate::error::{Error, Result};
use crate::id::{DeliveryId, OccasionId, ProjectId};
use crate::key::ApiKey;
use crate::ports::{Clock, Entropy, Ports, WorkspaceStore};
use crate::project::Project;
use crate::text::Label;

/// Deliveries with the moment the sweep may take each that the queue lost it.
pub(crate) type Drafts = Vec<(Delivery, Timestamp)>;

/// A fact, and the key whose callback is told of it beside the project's webhooks.
#[derive(Debug, Clone)]
pub(crate) struct News<'a> {
    pub(crate) fact: Fact<'a>,
    pub(crate) key: Option<&'a ApiKey>,
}

impl<'a> News<'a> {
    /// News for webhooks alone.
    pub(crate) fn of(fact: Fact<'a>) -> Self {
        Self { fact, key: None }
    }

    /// News for a key's callback, too.
    pub(crate) fn to(key: Option<&'a ApiKey>, fact: Fact<'a>) -> Self {
        Self { fact, key }
    }
}

/// Where facts happen, and who the agent speaks as there: the workspace's name.
pub(crate) type Origin<'a> = (ProjectId, &'a str);

/// Writes news down for everybody who is told of them, ready to be stored beside what makes them true.
/// Whether a webhook is disabled or away is found out when its delivery is due.
pub(crate) fn drafts<P: Ports>(
    app: &App<P>,
    (project, brand): (&Project, &Label),
    news: &[News<'_>],
) -> Drafts {
    let origin = (project.id, brand.as_str());
    let mut drafts = Drafts::new();
    for News { fact, key } in news {
        if key.is_none() && project.webhooks.is_empty() {
            continue;
        }
        let occasion = (OccasionId::new(app.now(), app), fact);
        drafts.extend(key.and_then(|key| for_callback(app, app, origin, key, occasion)));
        let webhooks = project.webhooks.iter();
        drafts.extend(webhooks.filter_map(|to| for_webhook(app, app, origin, to, occasion)));
    }
    drafts
}

/// In whose name those are told who listen for knowledge. Where nobody does, nothing is read.
pub(crate) async fn knowledge_brand<P: Ports>(
    app: &App<P>,
    project: &Project,
) -> Result<Option<Label>> {
    let listens = |to: &Subscription| to.events.contains(&Event::KnowledgeUpdated);
    if !project.webhooks.iter().any(listens) {
        return Ok(None);
    }
    let workspace = app.store.workspace(project.workspace).await?;
    let workspace = workspace.ok_or_else(|| Error::internal("a project has no workspace"))?;
    Ok(Some(workspace.name))
}

/// Writes down how a source stands now, in the name that [`knowledge_brand`] found.
pub(crate) fn of_knowledge<P: Ports>(
    app: &App<P>,
    (project, brand): (&Project, Option<&Label>),
    source: KnowledgeFact<'_>,
) -> Drafts {
    let news = [News::of(Fact::KnowledgeUpdated { source })];
    brand.map(|brand| drafts(app, (project, brand), &news)).unwrap_or_default()
}

/// The person of a conversation. It is asked of the store only where webhooks are told of it.
pub(crate) async fn person<P: Ports>(
    app: &App<P>,
    project: &Project,
    conversation: &Conversation,
) -> Result<Profile> {
    if project.webhooks.is_empty() {
        return Ok(contact::profile(conversation, None));
    }
    contact::of_conversation(&app.store, conversation).await
}

/// Writes one fact down for one webhook, if it wants it; a test is wanted by all.
pub(super) fn for_webhook<P: Ports>(
    app: &App<P>,
    env: &(impl Clock + Entropy),
    origin: Origin<'_>,
    subscription: &Subscription,
    occasion: (OccasionId, &Fact<'_>),
) -> Option<(Delivery, Timestamp)> {
    let endpoint = EndpointId::Webhook(subscription.id);
    let to = (endpoint, subscription.listener(), subscription.url.as_str());
    let delivery = written(app, env, origin, to, occasion)?;
    let wanted = delivery.trigger == Trigger::Test || subscription.events.contains(&delivery.event);
    let due = delivery.created_at + grace(app);
    wanted.then_some((delivery, due))
}

/// Writes one fact down for a key's callback, wherever it happens; `None` where the key has none or was
/// revoked, or the native dialect has no word for it. The delivery's id and times are those of `env`.
pub fn to_callback<P: Ports>(
    app: &App<P>,
    env: &(impl Clock + Entropy),
    key: &ApiKey,
    fact: &Fact<'_>,
) -> Option<(Delivery, Timestamp)> {
    let occasion = OccasionId::new(env.now(), env);
    for_callback(app, env, (key.project, &app.settings.powered_by), key, (occasion, fact))
}

/// A disabled callback gets a `skipped` delivery. Where the circuit breaker is open, the first attempt is
/// due when it closes, so that an endpoint which is away does not fill the queue. A test is sent at once,
/// to a disabled endpoint too: it is how one finds out that it works again.
fn for_callback<P: Ports>(
    app: &App<P>,
    env: &(impl Clock + Entropy),
    origin: Origin<'_>,
    key: &ApiKey,
    occasion: (OccasionId, &Fact<'_>),
) -> Option<(Delivery, Timestamp)> {
    let callback = key.callback.as_ref().filter(|_| key.revoked_at.is_none())?;
    let listener =
        Listener { dialect: Dialect::Aiva, redaction: Redaction::Passthrough, number: 1 };
    let url = callback.url.split(['?', '#']).next().unwrap_or_default();
    let delivery = written(app, env, origin, (EndpointId::Key(key.id), listener, url), occasion)?;
    let now = delivery.created_at;
    if delivery.trigger == Trigger::Test {
        return Some((delivery, now + grace(app)));
    }
    let first = first_attempt(app, callback, now);
    let (status, next_attempt_at) = match callback.is_enabled() {
        true => (DeliveryStatus::Pending, Some(first)),
        false => (DeliveryStatus::Skipped, None),
    };
    Some((Delivery { status, next_attempt_at, ..delivery }, first + grace(app)))
}

/// A fact in the words of a listener, due at once.
fn written<P: Ports>(
    app: &App<P>,
    env: &(impl Clock + Entropy),
    (project, brand): Origin<'_>,
    (endpoint, listener, url): (EndpointId, Listener, &str),
    (occasion, fact): (OccasionId, &Fact<'_>),
) -> Option<Delivery> {
    let now = env.now();
    let id = DeliveryId::new(now, env);
    let telling = Telling {
        listener,
        occasion,
        delivery: id,
        at: now,
        project,
        brand,
        powered_by: &app.settings.powered_by,
        fact,
    };
    let (event, payload) = (app.settings.render)(&telling)?;
    Some(Delivery {
        id,
        endpoint,
        event,
        conversation: log_name(fact, listener),
        payload,
        url: url.to_owned(),
        status: DeliveryStatus::Pending,
        attempts: Vec::new(),
        automatic_attempts: 0,
        next_attempt_at: Some(now),
        created_at: now,
        trigger: if event == Event::TestPing { Trigger::Test } else { Trigger::Auto },
    })
}

/// What the log calls the conversation: an integrator's own id may be an address, which a strict
/// webhook holds nowhere.
fn log_name(fact: &Fact<'_>, listener: Listener) -> Option<String> {
    match listener.redaction {
        Redaction::Passthrough => fact.conversation().map(ToString::to_string),
        Redaction::Strict => fact.scene().map(|scene| scene.conversation.id.to_string()),
    }
}

/// Now, or some time behind the end of the breaker's pause: not all at its very end.
fn first_attempt<P: Ports>(app: &App<P>, callback: &Callback, now: Timestamp) -> Timestamp {
    let Breaker::Open { until } = callback.health.breaker(now) else { return now };
    let pause = until.as_millisecond().saturating_sub(now.as_millisecond());
    let mut random = [0_u8; 8];
    app.fill(&mut random);
    let spread = u64::from_le_bytes(random) % u64::try_from(pause).unwrap_or(0).saturating_add(1);
    until + Duration::from_millis(spread)
}

fn grace<P: Ports>(app: &App<P>) -> Duration {
    Duration::from_millis(app.settings.outbox_grace_ms)
}
