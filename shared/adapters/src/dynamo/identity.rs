//! Contacts, the links that verify them, and how many mails went out.

use std::fmt::Write as _;

use aiva_core::contact::{self, Contact};
use aiva_core::conversation::Conversation;
use aiva_core::error::{Error, Result};
use aiva_core::id::WorkspaceId;
use aiva_core::identity::{Consumed, EmailAddress, LinkHash, LinkUse, MagicLink};
use aiva_core::ports::IdentityStore;
use aiva_core::text::ExternalId;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use jiff::{SignedDuration, Timestamp};

use super::DynamoStore;
use super::item::{expiry, from_item, moment, number, text, to_item};
use super::keys::{self, EXPIRY};
use super::row::identity::{ContactRow, LinkRow};
use super::write::{Change, Transacted, Written, update};

/// Days that a link is kept after its end, so that it can still be told from one that never was.
const LINK_DAYS: i64 = 1;
/// The time within which five mails may go to one address or user.
const MAIL_WINDOW: SignedDuration = SignedDuration::from_hours(1);

impl IdentityStore for DynamoStore {
    async fn count_link_request(&self, email: &EmailAddress, now: Timestamp) -> Result<u64> {
        let minute = now.as_second().div_euclid(60);
        self.count(keys::link_requests(&email.counted(), minute), now).await
    }

    async fn take_mail_turn(
        &self,
        workspace: WorkspaceId,
        user: &ExternalId,
        email: &EmailAddress,
        now: Timestamp,
    ) -> Result<bool> {
        let turn = mail_turn(now);
        let actions = vec![
            update(&self.table, keys::mails_to_address(&email.counted()), &turn)?,
            update(&self.table, keys::mails_to_user(workspace, user), &turn)?,
        ];
        Ok(matches!(self.transact(None, actions).await?, Transacted::Yes))
    }

    async fn create_link(&self, link: &MagicLink) -> Result<()> {
        let mut item = to_item(keys::link(link.workspace, &link.hash), &LinkRow::from(link))?;
        item.insert(EXPIRY.to_owned(), expiry(link.expires_at, LINK_DAYS));
        self.put_row(item).await
    }

    async fn link(&self, workspace: WorkspaceId, hash: &LinkHash) -> Result<Option<MagicLink>> {
        let row: Option<LinkRow> = self.parsed_row(keys::link(workspace, hash)).await?;
        row.map(|row| row.under(*hash)).transpose()
    }

    async fn use_link(&self, used: &LinkUse) -> Result<Consumed> {
        let mut actions = vec![self.consume(used)?, self.verify(used)?];
        if let Some(merged) = &used.merged {
            actions.push(self.conversation_action(merged)?);
        }
        actions.extend(self.delivery_actions(&used.deliveries)?);
        let refusals = match self.transact(None, actions).await? {
            Transacted::Yes => return Ok(Consumed::Yes),
            Transacted::No(refusals) => refusals,
        };
        let mut refusals = refusals.into_iter();
        let link = refusals.next().unwrap_or_default();
        if !link.refused {
            // The contact is written without a condition.
            let conversation = refusals.nth(1).unwrap_or_default();
            return match used.merged {
                Some(_) if conversation.refused => Ok(Consumed::Stale),
                _ => Err(Error::internal("a confirmation contradicts what is stored")),
            };
        }
        let row: Option<LinkRow> = link.item.map(from_item).transpose()?;
        Ok(match row {
            None => Consumed::Unknown,
            Some(row) if row.us.is_some() => Consumed::Used,
            Some(_) => Consumed::Expired,
        })
    }

    async fn contact(&self, workspace: WorkspaceId, user: &ExternalId) -> Result<Option<Contact>> {
        let row: Option<ContactRow> = self.parsed_row(keys::contact(workspace, user)).await?;
        row.map(|row| row.named(workspace, user.clone())).transpose()
    }

    async fn revoke_verification(
        &self,
        workspace: WorkspaceId,
        user: &ExternalId,
        now: Timestamp,
    ) -> Result<bool> {
        let change = Change::new("REMOVE #vu").when("#vu > :now").with("now", moment(now));
        let written = self.update_row(keys::contact(workspace, user), &change).await?;
        Ok(matches!(written, Written::Yes(_)))
    }
}

impl DynamoStore {
    /// Marks a link as used, if it can be; of many tries one succeeds.
    fn consume(&self, used: &LinkUse) -> Result<TransactWriteItem> {
        let change = Change::new("SET #us = :now")
            .when("attribute_exists(#pk) AND attribute_not_exists(#us) AND #ex > :now")
            .with("now", moment(used.now));
        update(&self.table, keys::link(used.workspace, &used.hash), &change)
    }

    /// Verifies the contact. What a conversation that becomes the contact's knows of the person fills in
    /// what the contact does not know yet.
    fn verify(&self, used: &LinkUse) -> Result<TransactWriteItem> {
        let mut set = "SET #vu = :until, #ca = if_not_exists(#ca, :now)".to_owned();
        let mut values = vec![("until", moment(used.verified_until)), ("now", moment(used.now))];
        for (name, value) in used.merged.iter().flat_map(|merged| known(merged)) {
            let _ = write!(set, ", #{name} = if_not_exists(#{name}, :{name})");
            values.push((name, value));
        }
        if let Some(merged) = &used.merged {
            // From now on the user is a contact of the project that the conversation is in.
            set.push_str(" ADD #pj :pj");
            values.push(("pj", AttributeValue::Ss(vec![merged.reference.project.bare()])));
        }
        let change = values
            .into_iter()
            .fold(Change::new(set), |change, (name, value)| change.with(name, value));
        update(&self.table, keys::contact(used.workspace, &used.user), &change)
    }
}

/// What a conversation knows of its person, as the attributes of a contact.
fn known(conversation: &Conversation) -> Vec<(&'static str, AttributeValue)> {
    let person = &conversation.person;
    let details = &person.details;
    let id = contact::id_of(conversation.id);
    let texts = [
        ("ct", Some(id.bare())),
        ("nm", details.name.as_ref().map(ToString::to_string)),
        ("em", details.email.as_ref().map(|email| email.as_str().to_owned())),
        ("ph", details.phone.as_ref().map(|phone| phone.as_str().to_owned())),
    ];
    let texts = texts.into_iter().filter_map(|(name, value)| Some((name, text(value?))));
    texts.chain(person.seen_at.map(|seen| ("ls", moment(seen)))).collect()
}

/// Notes one more mail beside the four before it, if the fifth before it is an hour old: the row holds
/// the moments of the last five, `a` the oldest, and each moves up by one.
fn mail_turn(now: Timestamp) -> Change {
    let moves = "SET #a = if_not_exists(#b, :none), #b = if_not_exists(#c, :none), \
                 #c = if_not_exists(#d, :none), #d = if_not_exists(#e, :none), \
                 #e = :now, #ttl = :end";
    Change::new(moves)
        .when("(attribute_not_exists(#a) OR #a <= :before)")
        .with("none", number(0))
        .with("now", moment(now))
        .with("before", moment(now - MAIL_WINDOW))
        .with("end", expiry(now, 1))
}
