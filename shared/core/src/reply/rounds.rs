//! The model and the tools in turn, within what is held for them.
//!
//! What the model asked for is written down before any of it is done, and every call's start and answer
//! too, all under the claim: whoever takes the generation over goes on from there.

use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use super::escalate;
use super::generate::{Means, Outcome};
use super::listen::{Listener, Listening, listen};
use super::talk::{MAX_CALLS_A_ROUND, Talk};
use super::{Consulted, ModelCall, ModelError, ModelReply, ModelRequest, tokens};
use crate::app::App;
use crate::conversation::ConversationRef;
use crate::error::{Error, Result};
use crate::id::ToolCallId;
use crate::message::OwedReply;
use crate::ports::{Clock, HttpOut, IdentityStore, KnowledgeIndex, Model, Ports, ToolStore, Vault};
use crate::project::MAX_CALLS;
use crate::text::ExternalId;
use crate::tool::{
    self, Access, Ask, CallPlace, CallState, RecordedCall, RecordedRound, StartedCall, Tool,
    ToolAnswer, schema,
};
use crate::wallet::{Hold, Usage, UsageSource};

/// What a generation is about.
pub(super) struct Scene<'a> {
    pub(super) reference: &'a ConversationRef,
    pub(super) owed: &'a OwedReply,
    /// The tools that are offered: personal ones only where the end user was verified.
    pub(super) tools: Vec<Tool>,
    /// Whether the prompt holds what only this end user may see.
    pub(super) private: bool,
}

/// The smallest reply worth asking for, in tokens.
const MIN_OUTPUT_TOKENS: u32 = 16;
const UNKNOWN: &str =
    "the outcome of this call is unknown: it may have been carried out, and it is not repeated";
const CUT: &str = " [cut]";

/// Asks the model until it has answered.
pub(super) async fn converse<P: Ports>(
    app: &App<P>,
    means: Means<'_, impl Model, impl KnowledgeIndex, impl HttpOut>,
    scene: &Scene<'_>,
    mut request: ModelRequest,
) -> Result<Outcome> {
    let hold = &scene.owed.hold;
    let mut talk = Talk::new(scene.private);
    // The first claim finds no record, and pays for no read.
    let recorded = if hold.model_calls > 1 && scene.owed.attempts > 1 {
        app.store.tool_rounds(scene.reference, scene.owed.message.seq).await?
    } else {
        Vec::new()
    };
    let mut recorded = recorded.into_iter();
    loop {
        let (round, fresh) = if let Some(round) = recorded.next() {
            talk.count(round.usage);
            (round, false)
        } else {
            let number = u8::try_from(request.rounds.len()).unwrap_or(u8::MAX);
            request.may_call = hold.model_calls == 1 || talk.may_call(number);
            let input = request.estimated_input_tokens();
            let Some(room) = output_left(hold, talk.used, input) else { break };
            request.max_output_tokens = room;
            let reply = match ask(means, &request, talk.has_text()).await {
                Ok(reply) => reply,
                Err(error) => return Ok(talk.failed(scene, error)),
            };
            let usage = reply.usage.unwrap_or_else(|| estimated(&request, &reply));
            talk.count(usage);
            talk.wish = escalate::wished(&reply.calls);
            let calls = talk.wish.is_none() && request.may_call && hold.model_calls > 1;
            if !calls || reply.calls.is_empty() || !talk.has_room(&reply) {
                talk.hear(&reply);
                break;
            }
            talk.cite(&reply.cited);
            match plan(app, scene, &talk, number, (reply, usage)).await? {
                Some(round) => (round, true),
                None => return Ok(Outcome::Overtaken),
            }
        };
        match carry_out(app, means.http, scene, &mut talk, (round, fresh)).await? {
            Some(consulted) => request.rounds.push(consulted),
            None => return Ok(Outcome::Overtaken),
        }
    }
    Ok(Outcome::Replied(Box::new(talk.end(request))))
}

/// Asks once. Text that follows what was streamed before stands apart from it.
async fn ask(
    means: Means<'_, impl Model, impl KnowledgeIndex, impl HttpOut>,
    request: &ModelRequest,
    follows: bool,
) -> Result<ModelReply, ModelError> {
    let apart = Apart { listener: means.listener, gap: AtomicBool::new(follows) };
    listen(means.model, request, &apart).await
}

/// A listener who hears a blank line before what follows.
struct Apart<'a> {
    listener: Listening<'a>,
    gap: AtomicBool,
}

impl Listener for Apart<'_> {
    fn hear(&self, delta: &str) {
        if self.gap.swap(false, Ordering::Relaxed) {
            self.listener.hear("\n\n");
        }
        self.listener.hear(delta);
    }

    fn poll_gone(&self, context: &mut Context<'_>) -> Poll<()> {
        self.listener.poll_gone(context)
    }
}

fn estimated(request: &ModelRequest, reply: &ModelReply) -> Usage {
    let calls = reply.calls.iter().map(ModelCall::tokens);
    Usage {
        input_tokens: request.estimated_input_tokens(),
        output_tokens: tokens::estimate(&reply.text) + calls.sum::<u64>(),
        source: UsageSource::Estimated,
    }
}

/// Tokens that the next answer may have, so that all of them together stay within what is held; `None`
/// when too little is left for an answer.
fn output_left(hold: &Hold, used: Usage, next_input: u64) -> Option<u32> {
    let spent = hold.rates.charge(used.input_tokens + next_input, used.output_tokens);
    let left = i128::from(hold.amount.saturating_sub(spent).0);
    let rate = i128::from(hold.rates.output_per_million_tokens.0);
    let room = if rate <= 0 { i128::from(u32::MAX) } else { left.max(0) * 1_000_000 / rate };
    let room = u32::try_from(room).unwrap_or(u32::MAX).min(hold.max_output_tokens);
    // The first answer is always asked for: the hold was made for it.
    let first = used.input_tokens == 0 && used.output_tokens == 0;
    if first {
        Some(hold.max_output_tokens)
    } else {
        Some(room).filter(|room| *room >= MIN_OUTPUT_TOKENS)
    }
}

/// Decides what becomes of the calls of an answer and records it; `None` when the lease was lost. The
/// first call that will be sent is recorded as started: that saves a write.
async fn plan<P: Ports>(
    app: &App<P>,
    scene: &Scene<'_>,
    talk: &Talk,
    number: u8,
    (reply, usage): (ModelReply, Usage),
) -> Result<Option<RecordedRound>> {
    let mut calls = Vec::new();
    let (mut sent, mut started) = (talk.calls, false);
    for call in reply.calls.into_iter().take(MAX_CALLS_A_ROUND) {
        let tool = scene.tools.iter().find(|tool| tool.name.as_str() == call.tool);
        let state = match tool {
            None => answered("there is no tool of this name"),
            Some(_) if sent >= MAX_CALLS => answered("no more tools may be called for this answer"),
            Some(tool) => match judged(tool, &call) {
                Err(problem) => answered(problem),
                Ok(_) => {
                    // A secret that cannot be opened must not leave a call behind that never was.
                    app.vault.open(tool.workspace, &tool.sealed_secret).await?;
                    sent += 1;
                    let first = !std::mem::replace(&mut started, true);
                    if first { CallState::Started } else { CallState::Planned }
                }
            },
        };
        let personal = tool.is_some_and(|tool| tool.access == Access::Personal);
        calls.push(RecordedCall { id: ToolCallId::new(app.now(), app), call, personal, state });
    }
    let round = RecordedRound { number, text: reply.text, usage, calls };
    let stored = app.store.record_round(place(scene, number, 0), &round).await?;
    Ok(stored.then_some(round))
}

fn answered(problem: impl Into<String>) -> CallState {
    CallState::Answered(ToolAnswer::failure(problem))
}

fn judged(tool: &Tool, call: &ModelCall) -> Result<serde_json::Value, String> {
    let parameters = serde_json::from_str(&tool.parameters);
    let parameters = parameters.map_err(|_| "the tool has no readable schema".to_owned())?;
    schema::arguments(&parameters, &call.arguments)
}

fn place<'a>(scene: &Scene<'a>, round: u8, index: u8) -> CallPlace<'a> {
    let (reference, seq) = (scene.reference, scene.owed.message.seq);
    CallPlace { reference, seq, fence: scene.owed.fence, round, index }
}

/// Makes the calls of a recorded round that are still to be made; `None` when the lease was lost.
async fn carry_out<P: Ports>(
    app: &App<P>,
    http: &impl HttpOut,
    scene: &Scene<'_>,
    talk: &mut Talk,
    (round, fresh): (RecordedRound, bool),
) -> Result<Option<Consulted>> {
    talk.say(&round.text);
    let spoken = round.calls.iter().map(|call| call.call.tokens() + tokens::PER_TURN);
    let spoken = spoken.sum::<u64>() + tokens::estimate(&round.text);
    talk.exchange_left = talk.exchange_left.saturating_sub(spoken);
    let mut left = u64::try_from(round.calls.len()).unwrap_or(u64::MAX);
    let mut consulted = Consulted { text: round.text, calls: Vec::new() };
    for (index, call) in round.calls.into_iter().enumerate() {
        let index = u8::try_from(index).map_err(Error::internal)?;
        let place = place(scene, round.number, index);
        let answer = match answer_to(app, http, scene, place, (&call, fresh)).await? {
            Made::Answer { answer, counts } => {
                talk.calls += usize::from(counts);
                answer
            }
            Made::LostLease => return Ok(None),
        };
        talk.private |= call.personal;
        talk.informed |= !answer.failed;
        let answer = shortened(answer, talk.exchange_left / left.max(1));
        talk.exchange_left = talk.exchange_left.saturating_sub(tokens::estimate(&answer.text));
        left -= 1;
        consulted.calls.push((call.call, answer));
    }
    Ok(Some(consulted))
}

fn shortened(answer: ToolAnswer, room: u64) -> ToolAnswer {
    if tokens::estimate(&answer.text) <= room {
        return answer;
    }
    let kept = tokens::truncate(&answer.text, room.saturating_sub(tokens::estimate(CUT)));
    ToolAnswer { text: format!("{kept}{CUT}"), failed: answer.failed }
}

/// What came of one call.
enum Made {
    Answer {
        answer: ToolAnswer,
        /// Whether the tool may have been reached.
        counts: bool,
    },
    LostLease,
}

impl Made {
    fn known(answer: ToolAnswer, counts: bool) -> Self {
        Self::Answer { answer, counts }
    }
}

/// Makes one call, unless it was made, or may have been and must not be repeated.
async fn answer_to<P: Ports>(
    app: &App<P>,
    http: &impl HttpOut,
    scene: &Scene<'_>,
    place: CallPlace<'_>,
    (call, fresh): (&RecordedCall, bool),
) -> Result<Made> {
    let tool = scene.tools.iter().find(|tool| tool.name.as_str() == call.call.tool);
    let again = match (&call.state, tool) {
        (CallState::Answered(answer), _) => {
            let counts = tool.is_some_and(|tool| judged(tool, &call.call).is_ok());
            return Ok(Made::known(answer.clone(), counts));
        }
        // The record of a moment ago: it may be sent, once.
        (CallState::Started, Some(_)) if fresh => None,
        (CallState::Started, Some(tool)) if tool.repeatable => Some(true),
        (CallState::Started, _) => return Ok(Made::known(ToolAnswer::failure(UNKNOWN), true)),
        (CallState::Planned, Some(_)) => Some(false),
        (CallState::Planned, None) => {
            let gone = ToolAnswer::failure("this tool may not be called any more");
            return Ok(Made::known(gone, false));
        }
    };
    if let Some(again) = again {
        match app.store.start_call(place, again).await? {
            StartedCall::Yes => {}
            StartedCall::Before => return Ok(Made::known(ToolAnswer::failure(UNKNOWN), true)),
            StartedCall::LostLease => return Ok(Made::LostLease),
        }
    }
    let tool = tool.ok_or_else(|| Error::internal("a call without its tool"))?;
    let answer = send(app, http, scene, (tool, call)).await?;
    app.store.answer_call(place, &answer).await?;
    Ok(Made::known(answer, true))
}

/// Sends a call that is recorded as started. Who the end user is, is asked now.
async fn send<P: Ports>(
    app: &App<P>,
    http: &impl HttpOut,
    scene: &Scene<'_>,
    (tool, call): (&Tool, &RecordedCall),
) -> Result<ToolAnswer> {
    let arguments = match judged(tool, &call.call) {
        Ok(arguments) => arguments,
        Err(problem) => return Ok(ToolAnswer::failure(problem)),
    };
    let secret = app.vault.open(tool.workspace, &tool.sealed_secret).await?;
    let user = scene.owed.message.user.as_ref();
    let verified = is_verified(app, scene.reference, user).await?;
    if tool.access == Access::Personal && !verified {
        return Ok(ToolAnswer::failure("the customer is not verified any more"));
    }
    let conversation = &scene.reference.external;
    let ask = Ask { id: call.id, arguments: &arguments, conversation, user, verified };
    Ok(tool::call(app, http, tool, &secret, ask).await)
}

/// Whether an end user is verified at this moment.
pub(super) async fn is_verified<P: Ports>(
    app: &App<P>,
    reference: &ConversationRef,
    user: Option<&ExternalId>,
) -> Result<bool> {
    let Some(user) = user else { return Ok(false) };
    let contact = app.store.contact(reference.workspace, user).await?;
    Ok(contact.is_some_and(|contact| contact.is_verified(app.now())))
}
