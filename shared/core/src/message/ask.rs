//! Accepting a message and waiting for its reply: the one way of every dialect that answers at once.
//!
//! The message is accepted as any other (one transaction: idempotency, hold, owed mark). Then the
//! request claims the reply itself, under the same lease and fence as a worker. The queue is not told:
//! should this process die, the owed mark comes due when the request would have ended, and the sweep
//! finds it. So there is no moment at which a reply is owed that nobody will write, and none at which
//! two are written. Of several requests in one conversation the later waits for the reply to the earlier.

use std::pin::pin;
use std::time::Duration;

use jiff::Timestamp;

use super::submit::{Accepting, accept};
use super::{Lease, Message, ReplyFate, SkipReason, SubmitCommand, SubmitReceipt, SubmitStatus};
use crate::app::App;
use crate::error::{Error, Result};
use crate::money::MicroCredits;
use crate::outbox::GenerationJob;
use crate::ports::{Clock, ConversationStore, Desk, MessageStore, Ports, Queue, Situation};
use crate::reply::{self, Generated, GenerationSettings, Listening};

/// What a request that waited is told.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The message as it was accepted.
    pub receipt: SubmitReceipt,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a message whose sender waited.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// The agent replied.
    Replied {
        /// What it said.
        reply: Box<Message>,
        /// What it cost.
        charge: MicroCredits,
        /// Whether it handed the conversation to a human.
        handed_over: bool,
    },
    /// The agent says nothing.
    Silent {
        /// Why.
        reason: SkipReason,
        /// What it cost all the same, where a human took over while the agent was at it.
        charge: MicroCredits,
    },
    /// The reply will never come.
    Failed,
    /// It takes longer than a request may wait, and is being written.
    Slow,
}

/// Who has the reply written, and who sees its text as it comes.
pub struct Waiting<'a> {
    /// Unique to this request.
    pub holder: String,
    /// Hears the text; only where this very request generates the reply.
    pub listener: Listening<'a>,
    /// How long it waits; as long as was said to [`begin`].
    pub within: Duration,
    /// How long the reply may take altogether. What takes longer than `within` is written on.
    pub at_most: Duration,
}

/// The first wait for a reply that another worker writes; each further one is twice as long, up to
/// [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(25);
const LONGEST_PAUSE: Duration = Duration::from_millis(800);
/// What a lease lasts beyond its time, so that a settlement on its way is not fenced off.
const LEASE_MARGIN: Duration = Duration::from_secs(1);

/// Stores a message whose reply will be waited for, so long: [`attend`] must follow.
///
/// # Errors
/// As [`super::submit`].
pub async fn begin<P: Ports>(
    app: &App<P>,
    command: &SubmitCommand,
    situation: Option<Situation>,
    within: Duration,
) -> Result<SubmitReceipt> {
    let grace = Duration::from_millis(app.settings.outbox_grace_ms) + within;
    accept(app, command, situation, Accepting { grace, tell_queue: false }).await
}

/// Has the reply to a stored message written by this process, or waits for whoever writes it. A repeated
/// request waits for the reply of the first, or writes it where nobody does.
///
/// A reply that takes longer than its caller waits is not begun anew: the lease is prolonged, and it is
/// written on. So the caller leaves this future to a task of its own.
///
/// # Errors
/// When the store fails; the reply is then still owed and will be written.
pub async fn attend<P: Ports>(
    app: &App<P>,
    desk: &P::Desk,
    receipt: SubmitReceipt,
    waiting: Waiting<'_>,
) -> Result<Asked> {
    let (within, at_most) = (waiting.within, waiting.at_most);
    if let SubmitStatus::Skipped(reason) = receipt.status {
        let outcome = Outcome::Silent { reason, charge: MicroCredits::ZERO };
        return Ok(Asked { receipt, outcome });
    }
    if receipt.seq == 0 {
        return Ok(Asked { receipt, outcome: Outcome::Slow });
    }
    let job = receipt.job();
    let settings = GenerationSettings {
        holder: waiting.holder,
        epoch: desk.epoch(),
        lease: within + LEASE_MARGIN,
    };
    let first_look = receipt.status == SubmitStatus::Duplicate;
    let mut answered = pin!(wait(app, desk, &job, (&settings, waiting.listener), first_look));
    let mut outcome = reply::first(answered.as_mut(), desk.pause(within)).await;
    let more = at_most.saturating_sub(within);
    if outcome.is_none() && prolong(app, &job, &settings, more).await {
        outcome = reply::first(answered, desk.pause(more)).await;
    }
    let outcome = match outcome {
        Some(outcome) => outcome?,
        None => {
            if let Err(error) = app.queue.send_generation(&job, 0).await {
                tracing::warn!(message_id = %job.message_id, %error, "left to the sweep");
            }
            Outcome::Slow
        }
    };
    Ok(Asked { receipt, outcome })
}

/// Keeps a reply that is being written here; `false` when it is written elsewhere, or there is no more time.
/// Where the store cannot tell, it is written on: the fence lets only one be settled.
async fn prolong<P: Ports>(
    app: &App<P>,
    job: &GenerationJob,
    settings: &GenerationSettings,
    more: Duration,
) -> bool {
    if more.is_zero() {
        return false;
    }
    let now = app.now();
    let until = now + more + LEASE_MARGIN;
    let due = until + Duration::from_millis(app.settings.outbox_grace_ms);
    let lease = Lease { holder: settings.holder.clone(), epoch: settings.epoch, now, until };
    let prolonged = app.store.prolong(&job.reference(), job.seq, &lease, due).await;
    prolonged.unwrap_or_else(|error| {
        tracing::warn!(message_id = %job.message_id, %error, "the lease is not prolonged");
        true
    })
}

/// Writes the reply, or waits for whoever does.
async fn wait<P: Ports>(
    app: &App<P>,
    desk: &P::Desk,
    job: &GenerationJob,
    (settings, listener): (&GenerationSettings, Listening<'_>),
    mut look: bool,
) -> Result<Outcome> {
    let mut pause = FIRST_PAUSE;
    let mut busy_until = Timestamp::MIN;
    if job.behind && !look {
        // The request before this one is about to claim its own reply, and may have a listener.
        desk.pause(FIRST_PAUSE).await;
    }
    loop {
        if look && let Some(outcome) = outcome_of(app, job).await? {
            return Ok(outcome);
        }
        look = true;
        if app.now() >= busy_until {
            match desk.generate(app, job, settings, listener).await? {
                Generated::Done => continue,
                Generated::Busy { until } => busy_until = until,
                Generated::NotYet => {}
            }
        }
        desk.pause(pause).await;
        pause = LONGEST_PAUSE.min(pause * 2);
    }
}

/// How the reply ended, if it did.
async fn outcome_of<P: Ports>(app: &App<P>, job: &GenerationJob) -> Result<Option<Outcome>> {
    let reference = job.reference();
    let fate = app.store.fate(&reference, job.seq).await?;
    let fate = fate.ok_or_else(|| Error::internal("an accepted message vanished"))?;
    let reason = SkipReason::HumanOwned;
    Ok(Some(match fate {
        ReplyFate::Owed => return Ok(None),
        ReplyFate::Skipped(reason) => Outcome::Silent { reason, charge: MicroCredits::ZERO },
        ReplyFate::Suppressed { charge } => Outcome::Silent { reason, charge },
        ReplyFate::Failed => Outcome::Failed,
        ReplyFate::Replied { seq, charge, handed_over } => {
            let found = app.store.messages_after(&reference, seq.saturating_sub(1), 1).await?;
            // Settled in the same transaction, but a list of rows may not show it yet.
            let reply = found.into_iter().next().filter(|message| message.seq == seq);
            let Some(reply) = reply else { return Ok(None) };
            Outcome::Replied { reply: Box::new(reply), charge, handed_over }
        }
    }))
}
