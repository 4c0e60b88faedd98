//! Conversations, and the entries of their lists.

use aiva_core::contact::{Details, Person, Phone};
use aiva_core::conversation::{
    Conversation, ConversationRef, ConversationStatus, Owner, Source, Told,
};
use aiva_core::error::{Error, Result};
use aiva_core::id::ConversationId;
use aiva_core::identity::EmailAddress;
use aiva_core::text::{ExternalId, Label};
use serde::{Deserialize, Serialize};

use super::{Millis, unknown};

/// A conversation: `q` is the number of its last message, `v` its version, `p` the replies pending,
/// `hu` whether a human owns it and `ha` who, `hq` the last number that was in human hands, `lk` and `lu`
/// the key and user that last wrote, `lc` the answers of low confidence in a row, `so` whether it is a
/// widget's, `sa` when something was last said, `w` the person, `bg` where the integrator's system told of
/// people.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::dynamo) struct ConversationRow {
    id: ConversationId,
    st: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    hu: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ha: Option<String>,
    #[serde(default, skip_serializing_if = "is_zero")]
    hq: u64,
    q: u64,
    v: u64,
    p: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lk: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lu: Option<ExternalId>,
    lc: u32,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    so: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sa: Option<Millis>,
    #[serde(default)]
    w: PersonRow,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    bg: Vec<ToldRow>,
    ca: Millis,
    ua: Millis,
}

/// Where people were told of: `u` a digest of the end user, `q` the message's number.
#[derive(Debug, Serialize, Deserialize)]
struct ToldRow {
    u: u64,
    q: u64,
}

/// The person: `u` the end user first named, `n`, `e`, `p` and `g` the name, address, number and page that
/// were told, `s` when the person last wrote.
#[derive(Debug, Default, Serialize, Deserialize)]
struct PersonRow {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    u: Option<ExternalId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    n: Option<Label>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    e: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    p: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    g: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    s: Option<Millis>,
}

impl From<&Person> for PersonRow {
    fn from(person: &Person) -> Self {
        let details = &person.details;
        Self {
            u: person.user.clone(),
            n: details.name.clone(),
            e: details.email.as_ref().map(|email| email.as_str().to_owned()),
            p: details.phone.as_ref().map(|phone| phone.as_str().to_owned()),
            g: person.page_url.clone(),
            s: person.seen_at.map(Millis::from),
        }
    }
}

impl PersonRow {
    fn person(self) -> Result<Person> {
        Ok(Person {
            user: self.u,
            details: details(self.n, self.e.as_deref(), self.p.as_deref())?,
            page_url: self.g,
            seen_at: self.s.map(Millis::moment).transpose()?,
        })
    }
}

/// What is stored of a person's details.
pub(in crate::dynamo) fn details(
    name: Option<Label>,
    email: Option<&str>,
    phone: Option<&str>,
) -> Result<Details> {
    let email = email.map(|text| EmailAddress::parse("email", text)).transpose();
    let phone = phone.map(|text| Phone::parse("phone", text)).transpose();
    Ok(Details {
        name,
        email: email.map_err(|_| unknown("address")())?,
        phone: phone.map_err(|_| unknown("number")())?,
    })
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl From<&Conversation> for ConversationRow {
    fn from(conversation: &Conversation) -> Self {
        let (hu, ha) = match &conversation.owner {
            Owner::Ai => (false, None),
            Owner::Human { agent } => (true, agent.clone()),
        };
        Self {
            id: conversation.id,
            st: conversation.status.as_str().to_owned(),
            hu,
            ha,
            hq: conversation.human_seq,
            q: conversation.seq,
            v: conversation.version,
            p: conversation.pending_replies,
            lk: conversation.last_key.map(|key| key.to_string()),
            lu: conversation.last_user.clone(),
            lc: conversation.low_confidence_turns,
            so: conversation.source == Source::Widget,
            sa: Some(conversation.said_at.into()),
            w: PersonRow::from(&conversation.person),
            bg: conversation.told.iter().map(|told| ToldRow { u: told.who, q: told.seq }).collect(),
            ca: conversation.created_at.into(),
            ua: conversation.updated_at.into(),
        }
    }
}

impl ConversationRow {
    /// The conversation that stands under this reference.
    pub(in crate::dynamo) fn under(self, reference: ConversationRef) -> Result<Conversation> {
        let owner = if self.hu { Owner::Human { agent: self.ha } } else { Owner::Ai };
        let key = self.lk.map(|key| key.parse()).transpose();
        Ok(Conversation {
            id: self.id,
            reference,
            owner,
            status: ConversationStatus::parse(&self.st).ok_or_else(unknown("status"))?,
            seq: self.q,
            version: self.v,
            pending_replies: self.p,
            last_key: key.map_err(Error::internal)?,
            last_user: self.lu,
            low_confidence_turns: self.lc,
            person: self.w.person()?,
            told: self.bg.into_iter().map(|row| Told { who: row.u, seq: row.q }).collect(),
            source: if self.so { Source::Widget } else { Source::Api },
            said_at: self.sa.unwrap_or(self.ua).moment()?,
            human_seq: self.hq,
            created_at: self.ca.moment()?,
            updated_at: self.ua.moment()?,
        })
    }
}

/// An entry of a project's list of conversations: `x` is the integrator's id.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::dynamo) struct EntryRow {
    pub(in crate::dynamo) x: ExternalId,
}

/// What the first use of an idempotency key was answered: `f` is the fingerprint of the request, `q` the
/// number of the message.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::dynamo) struct FirstUseRow {
    pub(in crate::dynamo) f: String,
    pub(in crate::dynamo) cv: ConversationId,
    pub(in crate::dynamo) m: aiva_core::id::MessageId,
    #[serde(default)]
    pub(in crate::dynamo) q: u64,
}
