//! `POST /api/v1/chat/`.

use std::sync::Arc;

use aiva_core::ports::Ports;
use aiva_core::text::{Content, ExternalId};
use http::StatusCode;

use super::asked::website_id;
use super::wire::Chat;
use crate::asking::{self, Addressee, Wanted};
use crate::http::{Call, Edge, Failure, Reply, replayed};

pub(super) async fn answer<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let wanted = read(&call).await;
    let (_, asked) = asking::ask(&edge, &call, wanted).await?;
    let reply = Reply::json(StatusCode::OK, &Chat::of(&asked)?)?;
    Ok(if asked.receipt.is_duplicate() { replayed(reply) } else { reply })
}

async fn read(call: &Call) -> Result<Wanted, Failure> {
    let mut fields = call.fields().await?;
    let content = fields.required_text("message", Content::parse);
    let session = fields.optional_filled("session_id", ExternalId::parse);
    let project = fields.optional("website_id", website_id);
    let (Some(content), Some(session), Some(project)) = (content, session, project) else {
        return Err(fields.refusal());
    };
    let to = session.map_or(Addressee::Nobody, Addressee::Theirs);
    Ok(Wanted { project, ..Wanted::saying(content, to) })
}
