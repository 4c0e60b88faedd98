//! What a message makes happen, for those who are told of it.

use super::fate::Fate;
use super::{Learned, Message};
use crate::app::App;
use crate::contact::{self, Contact, Profile};
use crate::conversation::{self, Conversation};
use crate::error::Result;
use crate::key::ApiKey;
use crate::ports::{IdentityStore, Ports, Situation};
use crate::text::ExternalId;
use crate::webhook::{self, Drafts, Fact, News, Scene};

/// The end user who is, or will be, the person of the conversation; read only where somebody subscribed.
pub(super) async fn named<P: Ports>(
    app: &App<P>,
    situation: &Situation,
    user: Option<&ExternalId>,
) -> Result<Option<Contact>> {
    let before = situation.conversation.as_ref();
    let known = before.and_then(|conversation| conversation.person.user.as_ref());
    match known.or(user).filter(|_| !situation.project.webhooks.is_empty()) {
        Some(user) => app.store.contact(situation.workspace.id, user).await,
        None => Ok(None),
    }
}

/// What was known before a message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Before<'a> {
    /// The conversation, if it existed.
    pub(super) conversation: Option<&'a Conversation>,
    /// What [`named`] found.
    pub(super) named: Option<&'a Contact>,
}

/// Whether subscribers are told of the user of a message as of one who never wrote before.
pub(super) fn is_unmet(
    situation: &Situation,
    named: Option<&Contact>,
    after: &Conversation,
    user: Option<&ExternalId>,
) -> bool {
    let unknown = named.is_none_or(|contact| contact.id.is_none());
    let is_person = user.is_some() && after.person.user.as_ref() == user;
    !situation.project.webhooks.is_empty() && is_person && unknown
}

/// The person after a message. One that names nobody is the person's.
fn person(
    before: Before<'_>,
    (after, message): (&Conversation, &Message),
    learned: &Learned,
) -> Profile {
    let mut named = before.named.cloned();
    if let Some(contact) = &mut named {
        let wrote = message.user.as_ref().is_none_or(|user| *user == contact.external);
        if let Some(details) = learned.details.as_ref().filter(|_| wrote) {
            contact.details.learn(details);
        }
    }
    contact::profile(after, named)
}

/// Writes down what a message makes happen, in the order of its happening. `after` is the conversation
/// as it will stand.
pub(super) fn drafts<P: Ports>(
    app: &App<P>,
    (situation, before, key): (&Situation, Before<'_>, Option<&ApiKey>),
    (after, message): (&Conversation, &Message),
    (fate, learned): (Fate, &Learned),
) -> Drafts {
    let person = person(before, (after, message), learned);
    let scene = Scene { conversation: after, person: &person };
    let details = contact::known(before.conversation, before.named);
    let changed = details.as_ref().map(|known| known.changes(&person.details)).unwrap_or_default();
    let summary = conversation::summary(after, message);
    let handed_off = match fate {
        Fate::Handoff(reason) => {
            let (reason, summary) = (reason.as_str(), summary.as_str());
            Some(News::to(key, Fact::HandedOff { scene, message, reason, summary }))
        }
        Fate::Generate | Fate::Skip(_) => None,
    };
    let facts = [
        details.is_none().then_some(Fact::ContactCreated { scene }),
        (after.seq == 1).then_some(Fact::ConversationStarted { scene }),
        (!changed.is_empty()).then_some(Fact::ContactUpdated { scene, changed: &changed }),
        Some(Fact::MessageReceived { scene, message }),
        learned.lead.then_some(Fact::LeadCaptured { scene }),
    ];
    let news = facts.into_iter().flatten().map(News::of).chain(handed_off);
    let news: Vec<News<'_>> = news.collect();
    webhook::drafts(app, (&situation.project, &situation.workspace.name), &news)
}
