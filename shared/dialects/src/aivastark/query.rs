//! `POST …/query`: an answer whole, or as it is written.

use std::sync::Arc;
use std::time::Duration;

use aiva_core::conversation::ConversationRef;
use aiva_core::error::Error;
use aiva_core::key::{Caller, Scope};
use aiva_core::message::{self, SubmitReceipt};
use aiva_core::ports::Ports;
use aiva_core::text::{Content, ExternalId};
use http::StatusCode;

use super::wire::Answer;
use super::{project, route, stream};
use crate::asking::{self, Addressee, Admitted, Wanted};
use crate::http::{
    Call, Edge, Failure, Function, Reply, Route, RouteSet, Verb, replayed, yes_or_no,
};

pub(super) const QUERY: Route =
    route((Function::Chat, Scope::MessagesWrite), Verb::Post, &["/v1/projects/{project_id}/query"]);

pub(super) fn serving<P: Ports>() -> RouteSet<P> {
    RouteSet::new().serve(QUERY, |edge, call| Box::pin(answer(edge, call)))
}

/// What a caller asks, and how it wants the answer.
struct Query {
    wanted: Wanted,
    stream: bool,
}

async fn answer<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let query = read(&call).await;
    let ahead = query.as_ref().ok().map(|query| &query.wanted);
    let admitted = asking::admit(&edge, &call, ahead).await?;
    project::expect_own(&call, &admitted.caller)?;
    let Query { wanted, stream } = query?;
    let within = edge.patience(stream);
    let receipt = begin(&edge, &call, admitted, wanted, within).await?;
    if stream {
        return stream::answer(&edge, &call, receipt, within);
    }
    let asked = asking::attend(&edge, &call, receipt).await?;
    let repeated = asked.receipt.is_duplicate();
    let reply = Reply::json(StatusCode::OK, &Answer::of(asked)?)?;
    Ok(if repeated { replayed(reply) } else { reply })
}

async fn read(call: &Call) -> Result<Query, Failure> {
    let mut fields = call.fields().await?;
    let content = fields.required_text("message", Content::parse);
    let session = fields.optional_filled("session_id", ExternalId::parse);
    let stream = fields.optional("stream", yes_or_no);
    let (Some(content), Some(session), Some(stream)) = (content, session, stream) else {
        return Err(fields.refusal());
    };
    let to = session.map_or(Addressee::Nobody, Addressee::Theirs);
    let wanted = Wanted::saying(content, to);
    Ok(Query { wanted, stream: stream.unwrap_or(false) })
}

/// Stores the message; or finds it, where the caller goes on with a stream that broke off.
async fn begin<P: Ports>(
    edge: &Edge<P>,
    call: &Call,
    admitted: Admitted,
    wanted: Wanted,
    within: Duration,
) -> Result<SubmitReceipt, Failure> {
    if let Some(earlier) = earlier(edge, call, &admitted.caller, &wanted).await? {
        return Ok(earlier);
    }
    asking::begin(edge, call, admitted, wanted, within).await
}

/// A caller with an idempotency key says by it what it goes on with; one without says so by the header
/// that browsers send, by the session, and by saying the same again.
async fn earlier<P: Ports>(
    edge: &Edge<P>,
    call: &Call,
    caller: &Caller,
    wanted: &Wanted,
) -> Result<Option<SubmitReceipt>, Error> {
    let Addressee::Theirs(session) = &wanted.to else { return Ok(None) };
    if stream::last_event(call).is_none() || call.idempotency_key()?.is_some() {
        return Ok(None);
    }
    let reference = ConversationRef {
        workspace: caller.key.id.workspace,
        project: caller.key.project,
        external: session.clone(),
    };
    message::resume(&edge.app.store, &reference, &wanted.content).await
}
