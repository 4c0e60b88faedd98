//! The way of a request that waits for its reply, the same for every dialect that has one.
//!
//! The reply is written by a task of its own. A caller who hangs up, or for whom it takes too long, does
//! not stop it: it is written on, once, and stands in the conversation.

use std::sync::Arc;
use std::time::Duration;

use aiva_core::contact::Details;
use aiva_core::conversation::{self, ConversationRef, Source};
use aiva_core::error::Error;
use aiva_core::id::{ConversationId, ProjectId, WorkspaceId};
use aiva_core::key::Caller;
use aiva_core::message::{self, Asked, Outcome, SubmitCommand, SubmitReceipt, Waiting};
use aiva_core::ports::{Clock, ConversationStore, Desk, Ports, Situation};
use aiva_core::project;
use aiva_core::text::{Background, Content, ExternalId, IdempotencyKey};
use aiva_core::workspace::default_project;
use tokio::sync::oneshot;

use crate::http::{Call, Edge, Failure};

/// What a caller says and where, as its dialect read it.
#[derive(Debug)]
pub struct Wanted {
    /// The conversation.
    pub to: Addressee,
    /// What the end user says.
    pub content: Content,
    /// What the caller's system says of the end user.
    pub background: Option<Background>,
    /// What the caller tells of the end user.
    pub details: Details,
    /// Another project than the key's, where its dialect names one.
    pub project: Option<u32>,
}

impl Wanted {
    /// A message and nothing else.
    pub fn saying(content: Content, to: Addressee) -> Self {
        Self { to, content, background: None, details: Details::default(), project: None }
    }
}

/// The conversation that a caller means.
#[derive(Debug, Clone)]
pub enum Addressee {
    /// One that begins with this message.
    Nobody,
    /// One that there is, by our id.
    Ours(ConversationId),
    /// One by the caller's own id, whether there is one yet or not.
    Theirs(ExternalId),
}

/// A caller whose key was found to be right, and what was read for it on the way.
#[derive(Debug)]
pub struct Admitted {
    /// Who asks.
    pub caller: Caller,
    situation: Option<Situation>,
    fresh: ConversationId,
}

/// Reads what asking will need while the key is being checked, asks, and waits for the reply.
///
/// # Errors
/// When the key, the request or the application refuses.
pub async fn ask<P: Ports>(
    edge: &Arc<Edge<P>>,
    call: &Call,
    wanted: Result<Wanted, Failure>,
) -> Result<(Caller, Asked), Failure> {
    let admitted = admit(edge, call, wanted.as_ref().ok()).await?;
    let caller = admitted.caller.clone();
    // A request that cannot be read is told so only after its key was found to be right.
    let receipt = begin(edge, call, admitted, wanted?, edge.patience(false)).await?;
    Ok((caller, attend(edge, call, receipt).await?))
}

/// Has the reply to a stored message written, and waits for it as long as a request does.
///
/// # Errors
/// When the application fails; the reply is then still owed and will be written.
pub async fn attend<P: Ports>(
    edge: &Arc<Edge<P>>,
    call: &Call,
    receipt: SubmitReceipt,
) -> Result<Asked, Failure> {
    let (tell, told) = oneshot::channel();
    let (desk, ours) = (Arc::clone(edge), receipt.clone());
    let (holder, within) = (call.request_id.to_string(), edge.patience(false));
    let work = async move {
        let at_most = desk.writing();
        let waiting = Waiting { holder, listener: &|_: &str| {}, within, at_most };
        // Nobody may be waiting any more.
        let _ = tell.send(message::attend(&desk.app, &desk.desk, ours, waiting).await);
    };
    if !edge.run_beside(work) {
        // The message is stored, and the sweep has it answered.
        return Err(Error::unavailable("too many replies are being written").into());
    }
    tokio::select! {
        biased;
        told = told => Ok(told.map_err(|_| Error::internal("a reply's task broke"))??),
        () = edge.desk.pause(within) => Ok(Asked { receipt, outcome: Outcome::Slow }),
    }
}

/// Checks the key, and reads beside it what asking will need.
///
/// # Errors
/// As [`Call::authenticate`].
pub async fn admit<P: Ports>(
    edge: &Edge<P>,
    call: &Call,
    wanted: Option<&Wanted>,
) -> Result<Admitted, Failure> {
    let fresh = ConversationId::new(edge.app.now(), &*edge.app);
    let ahead = look_ahead(edge, call, (wanted, fresh));
    let (caller, situation) = call.authenticate_beside(edge, ahead).await?;
    Ok(Admitted { caller, situation, fresh })
}

/// Stores what the caller says. Its reply must be attended to, for so long.
///
/// # Errors
/// When the request or the application refuses.
pub async fn begin<P: Ports>(
    edge: &Edge<P>,
    call: &Call,
    admitted: Admitted,
    wanted: Wanted,
    within: Duration,
) -> Result<SubmitReceipt, Failure> {
    let Admitted { caller, situation, fresh } = admitted;
    let project = match wanted.project {
        Some(number) => project::meant(&edge.app.store, &caller.key, Some(number)).await?.id,
        None => caller.key.project,
    };
    let place = (caller.key.id.workspace, project);
    let situation = situation.filter(|read| read.project.id == place.1);
    let (reference, situation) = locate(edge, place, (&wanted.to, fresh), situation).await?;
    let command = SubmitCommand {
        reference,
        user: None,
        content: wanted.content,
        background: wanted.background,
        details: wanted.details,
        source: Source::Api,
        minted: matches!(wanted.to, Addressee::Nobody).then_some(fresh),
        idempotency: idempotency(call)?,
        key: caller.key.id,
    };
    Ok(message::begin(&edge.app, &command, situation, within).await?)
}

/// The key that makes the message once: the caller's, or else the request's own id.
fn idempotency(call: &Call) -> Result<IdempotencyKey, Error> {
    match call.idempotency_key()? {
        Some(key) => Ok(key),
        None => IdempotencyKey::parse("request", &call.request_id.to_string()),
    }
}

/// The key's text names the workspace, most keys work in its default project, and a conversation made
/// without an id of the caller's lies under ours.
async fn look_ahead<P: Ports>(
    edge: &Edge<P>,
    call: &Call,
    (wanted, fresh): (Option<&Wanted>, ConversationId),
) -> Option<Situation> {
    let workspace = call.claimed_key()?.id.workspace;
    let reference = likely((workspace, default_project(workspace)), &wanted?.to, fresh).ok()?;
    // A failure here is no failure yet: the use case reads again and tells.
    edge.app.store.situation(&reference).await.ok().flatten()
}

fn likely(
    (workspace, project): (WorkspaceId, ProjectId),
    to: &Addressee,
    fresh: ConversationId,
) -> Result<ConversationRef, Error> {
    match to {
        Addressee::Nobody => conversation::minted(workspace, project, fresh),
        Addressee::Ours(id) => conversation::minted(workspace, project, *id),
        Addressee::Theirs(external) => {
            Ok(ConversationRef { workspace, project, external: external.clone() })
        }
    }
}

/// Where the conversation is, and what is known of it.
async fn locate<P: Ports>(
    edge: &Edge<P>,
    place: (WorkspaceId, ProjectId),
    (to, fresh): (&Addressee, ConversationId),
    situation: Option<Situation>,
) -> Result<(ConversationRef, Option<Situation>), Failure> {
    let Addressee::Ours(id) = to else { return Ok((likely(place, to, fresh)?, situation)) };
    let known = situation.as_ref().and_then(|read| read.conversation.as_ref());
    if let Some(conversation) = known.filter(|conversation| conversation.id == *id) {
        return Ok((conversation.reference.clone(), situation));
    }
    let found = conversation::find_by_id(&edge.app.store, place, *id).await?;
    Ok((found.reference, None))
}
