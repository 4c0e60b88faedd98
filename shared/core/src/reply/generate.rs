//! Generating one reply: claim, retrieve, ask, settle. Safe to run twice, at once or again.

use std::time::Duration;

use jiff::Timestamp;

use super::listen::Listening;
use super::prompt::Asked;
use super::recall::{Recalled, recall};
use super::rounds::{Scene, converse, is_verified};
use super::settle::settle;
use super::talk::Replied;
use super::{ToolSpec, compose, escalate};
use crate::app::App;
use crate::conversation::ConversationRef;
use crate::error::{Error, Result};
use crate::knowledge;
use crate::message::{Claimed, Lease, Message, OwedReply, Visibility};
use crate::outbox::GenerationJob;
use crate::ports::{
    Clock, ConversationStore, HttpOut, KnowledgeIndex, MessageStore, Model, OWED_LOOKBACK, Ports,
    Situation, ToolStore,
};
use crate::tool::{Access, Tool};
use crate::wallet::{Usage, UsageSource};

/// What a generation works with.
pub struct Means<'a, M, I, H> {
    /// Who writes the reply.
    pub model: &'a M,
    /// Where the passages are found.
    pub index: &'a I,
    /// The way to the tools.
    pub http: &'a H,
    /// Hears the text as it comes.
    pub listener: Listening<'a>,
}

impl<M, I, H> Clone for Means<'_, M, I, H> {
    fn clone(&self) -> Self {
        *self
    }
}

/// References alone, whatever they refer to.
impl<M, I, H> Copy for Means<'_, M, I, H> {}

/// Bounds of one worker.
#[derive(Debug, Clone)]
pub struct GenerationSettings {
    /// Unique to this invocation.
    pub holder: String,
    /// The runtime's epoch (see [`Lease::epoch`]).
    pub epoch: u64,
    /// How long the worker may take.
    pub lease: Duration,
}

/// What became of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generated {
    /// It is settled, now or earlier.
    Done,
    /// Another worker has it; look again then.
    Busy {
        /// When that worker's lease ends.
        until: Timestamp,
    },
    /// Another worker is at the reply to an earlier message of the conversation; look again soon.
    NotYet,
}

/// Workers that may die on one message before it counts as failed for good.
///
/// Most of them die of something else: a process that is killed, or another message in the same sandbox.
/// An innocent one must outlast those, and a poisonous one must end.
const MAX_CLAIMS: u32 = 12;
const PASSAGES: usize = 6;

/// Generates the reply that a message is owed, and settles it.
///
/// Replies come in the order of their messages. What the conversation owes for earlier ones is written
/// first, here, unless another worker is at it: whoever was to write it may have died.
///
/// # Errors
/// When the store fails; the job is then to be tried again.
pub async fn generate<P: Ports>(
    app: &App<P>,
    means: Means<'_, impl Model, impl KnowledgeIndex, impl HttpOut>,
    job: &GenerationJob,
    settings: &GenerationSettings,
) -> Result<Generated> {
    let mut left = if job.behind { OWED_LOOKBACK } else { 0 };
    while left > 0 {
        let earlier = app.store.owed_before(&job.reference(), job.seq).await?;
        let Some((seq, message_id)) = earlier else { break };
        let earlier = GenerationJob { seq, message_id, ..job.clone() };
        let unheard = Means { listener: &|_: &str| {}, ..means };
        match Box::pin(write(app, unheard, &earlier, settings)).await? {
            Generated::Done => left -= 1,
            Generated::Busy { .. } | Generated::NotYet => return Ok(Generated::NotYet),
        }
    }
    Box::pin(write(app, means, job, settings)).await
}

/// Generates one reply, whatever is owed beside it.
async fn write<P: Ports>(
    app: &App<P>,
    means: Means<'_, impl Model, impl KnowledgeIndex, impl HttpOut>,
    job: &GenerationJob,
    settings: &GenerationSettings,
) -> Result<Generated> {
    let now = app.now();
    let until = now + settings.lease;
    let lease = Lease { holder: settings.holder.clone(), epoch: settings.epoch, now, until };
    let reference = job.reference();
    let owed = match app.store.claim(&reference, job.seq, &lease).await? {
        Claimed::Yes(owed) => *owed,
        Claimed::Busy { until } => return Ok(Generated::Busy { until }),
        Claimed::Finished => return Ok(Generated::Done),
    };
    let situation = app.store.situation(&reference).await?;
    let situation =
        situation.ok_or_else(|| Error::internal("a claimed message has no workspace"))?;
    let outcome = if owed.attempts > MAX_CLAIMS {
        Outcome::Failed { reason: "the reply could not be generated", usage: None }
    } else {
        answer(app, means, &situation, &owed).await?
    };
    if !matches!(outcome, Outcome::Overtaken) {
        settle(app, situation, job, &owed, outcome).await?;
    }
    Ok(Generated::Done)
}

/// What the model made of it.
pub(super) enum Outcome {
    Replied(Box<Replied>),
    Failed {
        reason: &'static str,
        usage: Option<Usage>,
    },
    /// The conversation is not the agent's any more. What a worker that died had used is still owed.
    NotAsked {
        usage: Option<Usage>,
    },
    /// Another worker has the lease by now.
    Overtaken,
}

async fn answer<P: Ports>(
    app: &App<P>,
    means: Means<'_, impl Model, impl KnowledgeIndex, impl HttpOut>,
    situation: &Situation,
    owed: &OwedReply,
) -> Result<Outcome> {
    let seq = owed.message.seq;
    let ours = situation.conversation.as_ref().filter(|conversation| conversation.ai_answers(seq));
    let Some(conversation) = ours else {
        let usage = used_before(app, situation, owed).await?;
        return Ok(Outcome::NotAsked { usage });
    };
    let question = owed.message.content.as_str();
    let reference = &conversation.reference;
    let Recalled { mut history, background } =
        recall(&app.store, conversation, &owed.message).await?;
    let mut tools = if situation.project.tools.count > 0 && owed.hold.model_calls > 1 {
        app.store.tools(reference.workspace, reference.project).await?
    } else {
        Vec::new()
    };
    unlock(app, reference, owed, (&mut history, &mut tools)).await?;
    let private = history.iter().any(|message| message.visibility == Visibility::Private);
    let passages =
        knowledge::search(app, means.index, &situation.project, question, PASSAGES).await?;
    let offered = std::iter::once(Ok(escalate::spec())).chain(tools.iter().map(offered));
    let offered = offered.collect::<Result<_>>()?;
    let agent = &situation.project.agent;
    let new = owed.message.background.as_ref();
    let remembered = new.is_none();
    let asked = Asked { question, background: new.or(background.as_ref()), remembered };
    let request = compose(agent, &history, asked, passages, offered, &owed.hold);
    converse(app, means, &Scene { reference, owed, tools, private }, request).await
}

/// The tokens that the model reported to workers who died before they could settle: those of the rounds
/// that they recorded.
async fn used_before<P: Ports>(
    app: &App<P>,
    situation: &Situation,
    owed: &OwedReply,
) -> Result<Option<Usage>> {
    let Some(conversation) = &situation.conversation else { return Ok(None) };
    if owed.attempts <= 1 || owed.hold.model_calls <= 1 {
        return Ok(None);
    }
    let rounds = app.store.tool_rounds(&conversation.reference, owed.message.seq).await?;
    let reported = rounds.iter().map(|round| round.usage);
    let reported = reported.filter(|usage| usage.source == UsageSource::Reported);
    Ok(reported.reduce(|sum, usage| Usage {
        input_tokens: sum.input_tokens.saturating_add(usage.input_tokens),
        output_tokens: sum.output_tokens.saturating_add(usage.output_tokens),
        source: sum.source,
    }))
}

/// Leaves out what this end user may not see or do: private turns of others, and, unless the user is
/// verified at this moment, private turns and personal tools altogether.
async fn unlock<P: Ports>(
    app: &App<P>,
    reference: &ConversationRef,
    owed: &OwedReply,
    (history, tools): (&mut Vec<Message>, &mut Vec<Tool>),
) -> Result<()> {
    let user = owed.message.user.as_ref();
    let is_public = |message: &Message| message.visibility == Visibility::Public;
    let is_own = |message: &Message| message.user.is_some() && message.user.as_ref() == user;
    let asked = history.iter().any(|message| !is_public(message) && is_own(message))
        || tools.iter().any(|tool| tool.access == Access::Personal);
    let verified = asked && is_verified(app, reference, user).await?;
    history.retain(|message| is_public(message) || (verified && is_own(message)));
    tools.retain(|tool| verified || tool.access == Access::Public);
    Ok(())
}

fn offered(tool: &Tool) -> Result<ToolSpec> {
    let parameters = serde_json::from_str(&tool.parameters).map_err(Error::internal)?;
    let (name, description) = (tool.name.to_string(), tool.description.clone());
    Ok(ToolSpec { name, description, parameters })
}
