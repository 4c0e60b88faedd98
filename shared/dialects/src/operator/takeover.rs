//! A conversation in human hands: take over, answer, hand back, resolve.

use std::sync::Arc;

use aiva_core::conversation::{self, AgentReply};
use aiva_core::id::{ConversationId, WorkspaceId};
use aiva_core::idempotency::Seeded;
use aiva_core::ports::Ports;
use aiva_core::text::{Content, Label};
use http::StatusCode;

use super::conversation::{MessageRow, left, shown};
use super::once::{Made, once, once_shown};
use super::{for_agent, read};
use crate::http::{Call, Edge, Failure, Reply, Route, RouteSet, Verb};

pub(super) const TAKE_OVER: Route = for_agent(
    Verb::Post,
    &["/admin/v1/workspaces/{workspace}/conversations/{conversation}/take-over"],
);
pub(super) const REPLY: Route = for_agent(
    Verb::Post,
    &["/admin/v1/workspaces/{workspace}/conversations/{conversation}/messages"],
);
pub(super) const HAND_BACK: Route = for_agent(
    Verb::Post,
    &["/admin/v1/workspaces/{workspace}/conversations/{conversation}/hand-back"],
);
pub(super) const RESOLVE: Route = for_agent(
    Verb::Post,
    &["/admin/v1/workspaces/{workspace}/conversations/{conversation}/resolve"],
);

pub(super) fn serving<P: Ports>() -> RouteSet<P> {
    RouteSet::new()
        .serve(TAKE_OVER, |edge, call| Box::pin(take_over(edge, call)))
        .serve(REPLY, |edge, call| Box::pin(reply(edge, call)))
        .serve(HAND_BACK, |edge, call| Box::pin(hand_back(edge, call)))
        .serve(RESOLVE, |edge, call| Box::pin(resolve(edge, call)))
}

async fn take_over<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let mut fields = call.fields().await?;
    let body = fields.canonical();
    let agent = fields.required_text("agentName", Label::parse);
    let Some(agent) = agent else { return Err(fields.refusal()) };
    let place = place(&edge, &call).await?;
    let work = |app, _| async move { left(conversation::take_over(app, place, &agent).await?) };
    let edge = &*edge;
    once_shown(edge, &call, (place.0, &body), work, |kept| shown(edge, place.0, kept)).await
}

async fn reply<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let mut fields = call.fields().await?;
    let body = fields.canonical();
    let agent = fields.required_text("agentName", Label::parse);
    let content = fields.required_text("content", Content::parse);
    let (Some(agent), Some(content)) = (agent, content) else { return Err(fields.refusal()) };
    let place = place(&edge, &call).await?;
    once(&edge, &call, (place.0, &body), |app, env| async move {
        let said = AgentReply { agent, content };
        let message = conversation::reply_as_agent(app, &env, place, said).await?;
        Made::new(StatusCode::CREATED, &MessageRow::from(message))
    })
    .await
}

async fn hand_back<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let body = call.fields_if_any().await?.canonical();
    let place = place(&edge, &call).await?;
    let edge = &*edge;
    let work = |app, env: Seeded| async move {
        left(conversation::hand_back(app, place, env.is_again()).await?)
    };
    once_shown(edge, &call, (place.0, &body), work, |kept| shown(edge, place.0, kept)).await
}

async fn resolve<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let body = call.fields_if_any().await?.canonical();
    let place = place(&edge, &call).await?;
    let work = |app, _| async move { left(conversation::resolve(app, place).await?) };
    let edge = &*edge;
    once_shown(edge, &call, (place.0, &body), work, |kept| shown(edge, place.0, kept)).await
}

/// The workspace and the conversation that the path names.
async fn place<P: Ports>(
    edge: &Edge<P>,
    call: &Call,
) -> Result<(WorkspaceId, ConversationId), Failure> {
    let workspace = read::workspace(edge, call).await?.id;
    Ok((workspace, read::id(call, "conversation")?))
}
