//! Writing a fact down for every subscription that wants it.

use std::time::Duration;

use jiff::Timestamp;

use super::{Fact, Redaction, Subscription, Telling};
use crate::app::App;
use crate::callback::{EndpointId, Event};
use crate::contact::{self, Profile};
use crate::conversation::Conversation;
use crate::delivery::{Delivery, DeliveryStatus, Trigger};
use crate::error::Result;
use crate::id::{DeliveryId, OccasionId, ProjectId};
use crate::ports::{Clock, Ports};
use crate::project::Project;
use crate::text::Label;

/// Deliveries with the moment the sweep may take each that the queue lost it.
pub(crate) type Drafts = Vec<(Delivery, Timestamp)>;

/// Writes facts down for a project's subscriptions, ready to be stored beside what makes them true; the
/// agent speaks as the brand. Whether an endpoint is disabled or away is found out when its delivery is
/// due.
pub(crate) fn drafts<P: Ports>(
    app: &App<P>,
    (project, brand): (&Project, &Label),
    facts: &[Fact<'_>],
) -> Drafts {
    let mut drafts = Drafts::new();
    if project.webhooks.is_empty() {
        return drafts;
    }
    for fact in facts {
        let occasion = OccasionId::new(app.now(), app);
        let of = (project.id, brand);
        let wanting = project.webhooks.iter();
        drafts.extend(wanting.filter_map(|to| draft(app, of, to, (occasion, fact))));
    }
    drafts
}

/// The person of a conversation, as far as facts of a project are told to anybody.
pub(crate) async fn person<P: Ports>(
    app: &App<P>,
    project: &Project,
    conversation: &Conversation,
) -> Result<Option<Profile>> {
    if project.webhooks.is_empty() {
        return Ok(None);
    }
    contact::of_conversation(&app.store, conversation).await.map(Some)
}

/// Writes one fact down for one subscription, if it wants it; a test is wanted by all.
pub(super) fn draft<P: Ports>(
    app: &App<P>,
    (project, brand): (ProjectId, &Label),
    subscription: &Subscription,
    (occasion, fact): (OccasionId, &Fact<'_>),
) -> Option<(Delivery, Timestamp)> {
    let now = app.now();
    let delivery = DeliveryId::new(now, app);
    let telling = Telling {
        subscription,
        occasion,
        delivery,
        at: now,
        project,
        brand: brand.as_str(),
        powered_by: &app.settings.powered_by,
        fact,
    };
    let (event, payload) = (app.settings.render)(&telling)?;
    let is_test = event == Event::TestPing;
    if !is_test && !subscription.events.contains(&event) {
        return None;
    }
    let delivery = Delivery {
        id: delivery,
        endpoint: EndpointId::Webhook(subscription.id),
        event,
        conversation: fact.scene().map(|scene| log_name(scene.conversation, subscription)),
        payload,
        url: subscription.url.clone(),
        status: DeliveryStatus::Pending,
        attempts: Vec::new(),
        automatic_attempts: 0,
        next_attempt_at: Some(now),
        created_at: now,
        trigger: if is_test { Trigger::Test } else { Trigger::Auto },
    };
    Some((delivery, now + Duration::from_millis(app.settings.outbox_grace_ms)))
}

/// What the log calls the conversation: an integrator's own id may be an address, which a strict
/// subscription holds nowhere.
fn log_name(conversation: &Conversation, subscription: &Subscription) -> String {
    match subscription.redaction {
        Redaction::Passthrough => conversation.reference.external.to_string(),
        Redaction::Strict => conversation.id.to_string(),
    }
}
