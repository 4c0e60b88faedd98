//! What a message tells of the person who sends it.

use jiff::Timestamp;

use super::{Learned, SubmitCommand};
use crate::contact::{self, Person};

/// Takes what is newly known of the person, from the message or beside it.
pub(super) fn learn(person: &mut Person, command: &SubmitCommand, now: Timestamp) -> Learned {
    let was_lead = person.details.is_lead();
    let mut newer = contact::details_in(command.content.as_str());
    newer.learn(&command.details);
    let before = person.details.clone();
    person.details.learn(&newer);
    person.seen_at = Some(now);
    if person.user.is_none() {
        person.user.clone_from(&command.user);
    }
    Learned {
        lead: !was_lead && person.details.is_lead(),
        unmet: false,
        details: (before != person.details).then_some(newer),
    }
}
