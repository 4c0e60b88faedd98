//! `POST /api/chat`.

use std::sync::Arc;

use aiva_core::error::Error;
use aiva_core::id::ConversationId;
use aiva_core::ports::{Clock, Ports};
use aiva_core::text::{Background, Content};
use aiva_core::wallet;
use http::StatusCode;

use super::wire::Chat;
use crate::asking::{self, Addressee, Wanted};
use crate::http::{Call, Edge, Failure, Reply, replayed};

pub(super) async fn answer<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let wanted = read(&call).await;
    let (caller, asked) = asking::ask(&edge, &call, wanted).await?;
    let chat = Chat::of(&asked)?;
    let app = &*edge.app;
    let remaining = wallet::remaining(&app.store, caller.key.id.workspace, app.now()).await?;
    let reply = Reply::json(StatusCode::OK, &chat.with_remaining(remaining))?;
    Ok(if asked.receipt.is_duplicate() { replayed(reply) } else { reply })
}

async fn read(call: &Call) -> Result<Wanted, Failure> {
    let mut fields = call.fields().await?;
    let id = fields.required_text("conversation_id", |_, text| Ok(text.parse().ok()));
    let content = fields.required_text("message", Content::parse);
    let background = fields.optional_text("additional_context", Background::parse);
    let (Some(id), Some(content), Some(background)) = (id, content, background) else {
        return Err(fields.refusal());
    };
    // What cannot be an id names no conversation.
    let id: ConversationId = id.ok_or(Error::NotFound)?;
    let background = background.flatten();
    Ok(Wanted { background, ..Wanted::saying(content, Addressee::Ours(id)) })
}
