//! Generating one reply: claim, retrieve, ask, settle. Safe to run twice, at once or again.

use std::time::Duration;

use jiff::Timestamp;

use super::settle::settle;
use super::{ModelError, ModelReply, ModelRequest, compose, tokens};
use crate::app::App;
use crate::error::{Error, Result};
use crate::knowledge;
use crate::message::{Claimed, Lease, OwedReply};
use crate::outbox::GenerationJob;
use crate::ports::{
    Clock, ConversationStore, HttpOut, KnowledgeIndex, MessageStore, Model, Ports, Situation,
};
use crate::wallet::{Usage, UsageSource};

/// What a generation works with.
pub struct Means<'a, M, I, H> {
    /// Who writes the reply.
    pub model: &'a M,
    /// Where the passages are found.
    pub index: &'a I,
    /// The way to the tools.
    pub http: &'a H,
    /// Sees the text as it comes.
    pub on_delta: &'a (dyn Fn(&str) + Send + Sync),
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
}

/// Workers that may die on one message before it counts as failed for good.
const MAX_CLAIMS: u32 = 6;
const HISTORY_MESSAGES: usize = 20;
const PASSAGES: usize = 6;

/// Generates the reply that a message is owed, and settles it.
///
/// # Errors
/// When the store fails; the job is then to be tried again.
pub async fn generate<P: Ports>(
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
    settle(app, situation, job, &owed, outcome).await?;
    Ok(Generated::Done)
}

/// What the model made of it.
pub(super) enum Outcome {
    Replied { reply: ModelReply, usage: Usage, request: Box<ModelRequest> },
    Failed { reason: &'static str, usage: Option<Usage> },
    NotAsked,
}

async fn answer<P: Ports>(
    app: &App<P>,
    means: Means<'_, impl Model, impl KnowledgeIndex, impl HttpOut>,
    situation: &Situation,
    owed: &OwedReply,
) -> Result<Outcome> {
    let seq = owed.message.seq;
    let ours = situation.conversation.as_ref().filter(|conversation| conversation.ai_answers(seq));
    let Some(conversation) = ours else { return Ok(Outcome::NotAsked) };
    let question = owed.message.content.as_str();
    let before = seq.saturating_sub(1);
    let reference = &conversation.reference;
    let history = match before {
        0 => Vec::new(),
        before => app.store.messages_until(reference, before, HISTORY_MESSAGES).await?,
    };
    let passages =
        knowledge::search(&app.store, means.index, &situation.project, question, PASSAGES).await?;
    let request = compose(&situation.project.agent, &history, question, passages, &owed.hold);
    match means.model.reply(&request, means.on_delta).await {
        Ok(reply) => {
            let usage = reply.usage.unwrap_or_else(|| estimated(&request, &reply));
            Ok(Outcome::Replied { reply, usage, request: Box::new(request) })
        }
        Err(ModelError { reason, cause, usage }) => {
            tracing::warn!(message_id = %owed.message.id, reason, %cause, "generation failed");
            Ok(Outcome::Failed { reason, usage })
        }
    }
}

fn estimated(request: &ModelRequest, reply: &ModelReply) -> Usage {
    Usage {
        input_tokens: request.estimated_input_tokens(),
        output_tokens: tokens::estimate(&reply.text),
        source: UsageSource::Estimated,
    }
}
