//! `POST /bot/v1/conversations/messages` and `GET /bot/v1/conversations/{conversation_id}/messages`.

use std::sync::Arc;

use aiva_core::contact::{self, Details, Phone};
use aiva_core::conversation::{self, ConversationView};
use aiva_core::error::Error;
use aiva_core::id::ConversationId;
use aiva_core::identity::EmailAddress;
use aiva_core::page::Limit;
use aiva_core::ports::{Ports, WorkspaceStore};
use aiva_core::text::{Content, Label};
use http::StatusCode;
use serde_json::Value;

use super::wire::{MessagePage, Sent};
use crate::asking::{self, Addressee, Wanted};
use crate::http::{Call, Edge, Failure, Fields, Reply, replayed};

const DEFAULT_LIMIT: u16 = 50;
const MAX_LIMIT: u16 = 100;

pub(super) async fn send<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let wanted = read(&call).await;
    let said = wanted.as_ref().ok().map(|wanted| wanted.content.clone());
    let (_, asked) = asking::ask(&edge, &call, wanted).await?;
    let store = &edge.app.store;
    let conversation = conversation::find(store, &asked.receipt.reference).await?;
    let contact = contact::of_conversation(store, &conversation).await?.id;
    let said = said.ok_or_else(|| Error::internal("a message without its text"))?;
    let sent = Sent::new(&asked, said.as_str(), contact);
    let reply = Reply::json(StatusCode::OK, &sent)?;
    Ok(if asked.receipt.is_duplicate() { replayed(reply) } else { reply })
}

async fn read(call: &Call) -> Result<Wanted, Failure> {
    let mut fields = call.fields().await?;
    let content = fields.required_text("message", Content::parse);
    let to = fields.optional_filled("conversation_id", |_, text| Ok(text.parse().ok()));
    let details = fields.optional("contact", details);
    let (Some(content), Some(to), Some(details)) = (content, to, details) else {
        return Err(fields.refusal());
    };
    let to = match to {
        None => Addressee::Nobody,
        // What cannot be an id names no conversation.
        Some(id) => Addressee::Ours(id.ok_or(Error::NotFound)?),
    };
    Ok(Wanted { details: details.unwrap_or_default(), ..Wanted::saying(content, to) })
}

/// Reads the object `contact`.
fn details(field: &'static str, value: &Value) -> Result<Details, Error> {
    let object = value.as_object().ok_or_else(|| Error::invalid(field, "must be an object"))?;
    let mut fields = Fields::new(object.clone());
    let name = fields.optional_filled("name", |_, text| Label::parse("contact.name", text));
    let email =
        fields.optional_filled("email", |_, text| EmailAddress::parse("contact.email", text));
    let phone = fields.optional_filled("phone", |_, text| Phone::parse("contact.phone", text));
    match (name, email, phone) {
        (Some(name), Some(email), Some(phone)) => Ok(Details { name, email, phone }),
        _ => Err(fields.error()),
    }
}

pub(super) async fn list<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let caller = call.authenticate(&edge).await?;
    let store = &edge.app.store;
    let place = (caller.key.id.workspace, caller.key.project);
    let id = call.param("conversation_id").parse::<ConversationId>();
    let id = id.map_err(|_| Error::NotFound)?;
    let conversation = conversation::find_by_id(store, place, id).await?;
    let limit = Limit::cut(call.query.get("limit"), DEFAULT_LIMIT, MAX_LIMIT)?;
    let page = page(&call)?;
    let before = u64::from(page - 1) * limit.get() as u64;
    let brand = store.workspace(place.0).await?.ok_or(Error::NotFound)?.name;
    let view = match before < conversation.seq {
        true => conversation::read(store, conversation, before, limit).await?,
        false => ConversationView { conversation, messages: Vec::new(), next_after: None },
    };
    whole(&view, before, limit)?;
    Reply::json(StatusCode::OK, &MessagePage::new(&view, (page, limit), brand.as_str()))
}

/// A page that an answer cannot hold is refused, with the limit that is good for it: a page cut short would
/// lose messages, because the next begins by its number.
fn whole(view: &ConversationView, before: u64, limit: Limit) -> Result<(), Error> {
    let shown = view.messages.len();
    let end = before.saturating_add(limit.get() as u64);
    if view.next_after.is_none_or(|last| last >= end) {
        return Ok(());
    }
    let problem = format!("is too many for messages as long as these; ask for {shown} at most");
    Err(Error::invalid("limit", problem))
}

/// The number of a page, from 1.
fn page(call: &Call) -> Result<u32, Error> {
    let Some(text) = call.query.get("page") else { return Ok(1) };
    let page = text.parse().ok().filter(|page| *page > 0);
    page.ok_or_else(|| Error::invalid("page", "must be a whole number from 1"))
}
