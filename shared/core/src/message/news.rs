//! What a message makes happen, for those who are told of it.

use super::fate::Fate;
use super::{Learned, Message};
use crate::app::App;
use crate::callback::Event;
use crate::contact::{self, Contact, Profile, id_of};
use crate::conversation::{self, Conversation};
use crate::error::Result;
use crate::key::ApiKey;
use crate::ports::{IdentityStore, Ports, Situation};
use crate::text::ExternalId;
use crate::webhook::{self, Drafts, Fact, News, Scene};

/// The end users whom a message concerns, as they were known before it.
#[derive(Debug, Default)]
pub(super) struct Met {
    /// Who is, or will be, the person of the conversation.
    pub(super) person: Option<Contact>,
    /// Who writes, where that is somebody else.
    writer: Option<Contact>,
}

/// Finds whom a message concerns; read only where somebody subscribed to it.
pub(super) async fn met<P: Ports>(
    app: &App<P>,
    situation: &Situation,
    user: Option<&ExternalId>,
) -> Result<Met> {
    let webhooks = &situation.project.webhooks;
    if webhooks.is_empty() {
        return Ok(Met::default());
    }
    let before = situation.conversation.as_ref();
    let known = before.and_then(|conversation| conversation.person.user.as_ref());
    let listens = webhooks.iter().any(|to| to.events.contains(&Event::ContactUpdated));
    let other = user.filter(|user| listens && known.is_some_and(|known| known != *user));
    let mut met = Met::default();
    for (user, contact) in [(known.or(user), &mut met.person), (other, &mut met.writer)] {
        if let Some(user) = user {
            *contact = app.store.contact(situation.workspace.id, user).await?;
        }
    }
    Ok(met)
}

/// What was known before a message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Before<'a> {
    /// The conversation, if it existed.
    pub(super) conversation: Option<&'a Conversation>,
    /// What [`met`] found.
    pub(super) met: &'a Met,
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
    let mut named = before.met.person.clone();
    if let Some(contact) = &mut named {
        let wrote = message.user.as_ref().is_none_or(|user| *user == contact.external);
        if let Some(details) = learned.details.as_ref().filter(|_| wrote) {
            contact.details.learn(details);
        }
    }
    contact::profile(after, named)
}

/// The end user who wrote in another's conversation, after the message, and what changed; nobody who never
/// wrote in one of their own, because nobody was told of them.
fn writer(
    before: Before<'_>,
    (after, message): (&Conversation, &Message),
    learned: &Learned,
) -> Option<(Profile, Vec<&'static str>)> {
    let contact = before.met.writer.as_ref()?;
    let mut details = contact.details.clone();
    details.learn(learned.details.as_ref()?);
    let changed = contact.details.changes(&details);
    let profile = Profile {
        id: contact.id?,
        details,
        source: after.source,
        created_at: contact.created_at,
        last_seen: message.created_at,
    };
    (!changed.is_empty()).then_some((profile, changed))
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
    let details = contact::known(before.conversation, before.met.person.as_ref());
    let changed = details.as_ref().map(|known| known.changes(&person.details)).unwrap_or_default();
    let unnamed = |found: &Conversation| found.seq > 0 && found.person.user.is_none();
    let joined = before.conversation.is_some_and(unnamed) && person.id != id_of(after.id);
    let writer = writer(before, (after, message), learned);
    let writer = writer.as_ref().map(|(person, changed)| Fact::ContactUpdated {
        scene: Scene { conversation: after, person },
        changed,
    });
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
        (joined || !changed.is_empty())
            .then_some(Fact::ContactUpdated { scene, changed: &changed }),
        writer,
        Some(Fact::MessageReceived { scene, message }),
        learned.lead.then_some(Fact::LeadCaptured { scene }),
    ];
    let news = facts.into_iter().flatten().map(News::of).chain(handed_off);
    let news: Vec<News<'_>> = news.collect();
    webhook::drafts(app, (&situation.project, &situation.workspace.name), &news)
}
