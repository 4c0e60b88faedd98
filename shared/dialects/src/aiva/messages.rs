//! `POST /messages`.

use std::sync::Arc;

use aiva_core::contact::Details;
use aiva_core::conversation::{ConversationRef, Source};
use aiva_core::error::Error;
use aiva_core::key::Caller;
use aiva_core::message::{self, SubmitCommand};
use aiva_core::ports::{ConversationStore, Ports, Situation};
use aiva_core::text::{Content, ExternalId, IdempotencyKey};
use aiva_core::workspace::default_project;
use http::StatusCode;

use super::wire::Submitted;
use crate::http::{Call, Edge, Failure, Fields, Reply};

/// What a caller asks for.
struct Wanted {
    conversation: ExternalId,
    user: Option<ExternalId>,
    content: Content,
    idempotency: IdempotencyKey,
}

pub(super) async fn submit<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    // A request that cannot be read is told so only after its key was found to be right.
    let wanted = read(&call).await;
    let ahead = look_ahead(&edge, &call, wanted.as_ref().ok());
    let (caller, situation) = call.authenticate_beside(&edge, ahead).await?;
    let command = wanted?.command(&caller);
    let situation = situation.filter(|read| read.project.id == caller.key.project);
    let receipt = message::submit(&edge.app, command, situation).await?;
    Reply::success(StatusCode::ACCEPTED, &Submitted::from(receipt))
}

/// Reads what a submit will need while the key is being checked: the key's text names the workspace,
/// and most keys work in its default project.
async fn look_ahead<P: Ports>(
    edge: &Edge<P>,
    call: &Call,
    wanted: Option<&Wanted>,
) -> Option<Situation> {
    let workspace = call.claimed_key()?.id.workspace;
    let project = default_project(workspace);
    let external = wanted?.conversation.clone();
    let reference = ConversationRef { workspace, project, external };
    // A failure here is no failure yet: the use case reads again and tells.
    edge.app.store.situation(&reference).await.ok().flatten()
}

async fn read(call: &Call) -> Result<Wanted, Failure> {
    let mut fields = call.fields().await?;
    let conversation = fields.required_text("externalConversationId", ExternalId::parse);
    let user = fields.optional_text("externalUserId", ExternalId::parse);
    let content = fields.required_text("content", Content::parse);
    let idempotency = idempotency(&mut fields, call);
    let (Some(conversation), Some(user), Some(content), Some(idempotency)) =
        (conversation, user, content, idempotency)
    else {
        return Err(fields.refusal());
    };
    Ok(Wanted { conversation, user, content, idempotency })
}

/// The idempotency key, from the body or from the standard header; both must be equal.
fn idempotency(fields: &mut Fields, call: &Call) -> Option<IdempotencyKey> {
    let in_body = fields.optional_text("idempotencyKey", IdempotencyKey::parse_uuid)?;
    let in_header = match call.idempotency_key() {
        Ok(key) => key,
        Err(error) => {
            fields.note(error);
            return None;
        }
    };
    let problem = match (in_body, in_header) {
        (Some(body), Some(header)) if body != header => "differs from the Idempotency-Key header",
        (Some(key), _) | (None, Some(key)) => return Some(key),
        (None, None) => "is required (or the Idempotency-Key header)",
    };
    fields.note(Error::invalid("idempotencyKey", problem));
    None
}

impl Wanted {
    fn command(self, caller: &Caller) -> SubmitCommand {
        let (workspace, project) = (caller.key.id.workspace, caller.key.project);
        SubmitCommand {
            reference: ConversationRef { workspace, project, external: self.conversation },
            user: self.user,
            content: self.content,
            background: None,
            details: Details::default(),
            source: Source::Api,
            minted: None,
            idempotency: self.idempotency,
            key: caller.key.id,
        }
    }
}
