//! What a message tells of the person who sends it.

use jiff::Timestamp;

use super::{Learned, SubmitCommand};
use crate::contact::{self, Contact, Details, Person};

/// Takes what is newly known of the person, from the message or beside it. What another end user tells in
/// the person's conversation is that user's alone. `row` is what is known of the person where somebody is
/// told of changes.
///
/// What is told of one who was named before is noted though the conversation has it: the end user may have
/// told something else elsewhere since.
pub(super) fn learn(
    person: &mut Person,
    command: &SubmitCommand,
    (row, now): (Option<&Contact>, Timestamp),
) -> Learned {
    let mut newer = contact::details_in(command.content.as_str());
    newer.learn(&command.details);
    if person.user.is_none() {
        person.user.clone_from(&command.user);
    }
    if command.user.is_some() && command.user != person.user {
        let details = (newer != Details::default()).then_some(newer);
        return Learned { details, ..Learned::default() };
    }
    let before = person.details.clone();
    person.details.learn(&newer);
    // Who is not named has no row; of one that is written anyway, more costs nothing.
    let is_noted = match &command.user {
        None => person.user.is_none() || row.is_some_and(|row| row.details.has(&newer)),
        Some(_) => false,
    };
    person.seen_at = Some(now);
    Learned {
        lead: !before.is_lead() && person.details.is_lead(),
        unmet: false,
        details: (before != person.details || !is_noted)
            .then_some(newer)
            .filter(|newer| *newer != Details::default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::{ConversationRef, Source};
    use crate::identity::EmailAddress;
    use crate::key::KeyId;
    use crate::text::{Content, ExternalId, IdempotencyKey};

    fn said(user: Option<&str>, text: &str) -> SubmitCommand {
        let none = "0".repeat(26);
        let workspace = format!("ws_{none}").parse().unwrap();
        SubmitCommand {
            reference: ConversationRef {
                workspace,
                project: format!("pr_{none}").parse().unwrap(),
                external: ExternalId::parse("id", "c").unwrap(),
            },
            user: user.map(|user| ExternalId::parse("user", user).unwrap()),
            content: Content::parse("content", text).unwrap(),
            background: None,
            details: Details::default(),
            source: Source::Api,
            minted: None,
            idempotency: IdempotencyKey::parse("k", "k").unwrap(),
            key: KeyId { workspace, key: crate::id::Id::from_uuid(uuid::Uuid::nil()) },
        }
    }

    fn email(details: Option<&Details>) -> Option<&str> {
        details?.email.as_ref().map(EmailAddress::as_str)
    }

    #[test]
    fn an_address_makes_a_lead_once_and_is_news_when_it_changes() {
        let mut person = Person::default();
        let now = (None, Timestamp::UNIX_EPOCH);
        let mut learn = |text| learn(&mut person, &said(None, text), now);
        assert_eq!(learn("hello"), Learned::default());
        let first = learn("I am ada@example.com");
        assert!(first.lead);
        assert_eq!(email(first.details.as_ref()), Some("ada@example.com"));
        assert_eq!(learn("ada@example.com, as I said"), Learned::default());
        let second = learn("no, eve@example.com");
        assert!(!second.lead);
        assert_eq!(email(second.details.as_ref()), Some("eve@example.com"));
    }

    #[test]
    fn what_a_named_person_tells_again_is_noted_unless_the_row_has_it() {
        let now = Timestamp::UNIX_EPOCH;
        let mut person = Person::default();
        learn(&mut person, &said(Some("ada"), "I am ada@example.com"), (None, now));
        let again = said(None, "ada@example.com, as I said");
        let learned = learn(&mut person, &again, (None, now));
        assert_eq!(email(learned.details.as_ref()), Some("ada@example.com"));
        let mut row = Contact {
            workspace: again.reference.workspace,
            external: person.user.clone().unwrap(),
            id: None,
            details: person.details.clone(),
            projects: std::collections::BTreeSet::new(),
            verified_until: None,
            created_at: now,
            last_seen: None,
        };
        assert_eq!(learn(&mut person, &again, (Some(&row), now)), Learned::default());
        row.details = Details::default();
        let learned = learn(&mut person, &again, (Some(&row), now));
        assert_eq!(email(learned.details.as_ref()), Some("ada@example.com"));
        assert_eq!(learn(&mut person, &said(None, "hello"), (None, now)), Learned::default());
    }

    #[test]
    fn what_another_user_tells_is_not_the_persons() {
        let mut person = Person::default();
        let now = (None, Timestamp::UNIX_EPOCH);
        learn(&mut person, &said(Some("ada"), "hello"), now);
        let told = said(Some("eve"), "write to eve@example.com");
        let learned = learn(&mut person, &told, now);
        assert_eq!(email(learned.details.as_ref()), Some("eve@example.com"));
        assert!(!learned.lead);
        assert_eq!(person.details, Details::default());
        assert_eq!(person.user, said(Some("ada"), "x").user);
    }
}
