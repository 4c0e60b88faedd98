//! Accepting a message and waiting for its reply: the one way of every dialect that answers at once.
//!
//! The message is accepted as any other (one transaction: idempotency, hold, owed mark). Then the
//! request claims the reply itself, under the same lease and fence as a worker. The queue is not told:
//! should this process die, the owed mark comes due when the request would have ended, and the sweep
//! finds it. So there is no moment at which a reply is owed that nobody will write, and none at which
//! two are written. Of several requests in one conversation the later waits for the reply to the earlier.

use std::time::Duration;

use jiff::Timestamp;

use super::submit::{Accepting, accept};
use super::{Message, ReplyFate, SkipReason, SubmitCommand, SubmitReceipt, SubmitStatus};
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
    /// It takes longer than a request may wait, and is being written elsewhere.
    Slow,
}

/// Who waits, and who sees the text of the reply as it comes.
pub struct Waiting<'a> {
    /// Unique to this request.
    pub holder: String,
    /// Hears the text; only where this very request generates the reply.
    pub listener: Listening<'a>,
    /// How long it waits; as long as was said to [`begin`].
    pub within: Duration,
}

/// The first wait for a reply that another worker writes; each further one is twice as long, up to
/// [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(25);
const LONGEST_PAUSE: Duration = Duration::from_millis(800);
/// What a lease lasts beyond the wait, so that a settlement on its way is not fenced off.
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
/// # Errors
/// When the store fails; the reply is then still owed and will be written.
pub async fn attend<P: Ports>(
    app: &App<P>,
    desk: &P::Desk,
    receipt: SubmitReceipt,
    waiting: Waiting<'_>,
) -> Result<Asked> {
    let within = waiting.within;
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
    let answered = wait(app, desk, &job, (&settings, waiting.listener), first_look);
    let outcome = match reply::first(answered, desk.pause(within)).await {
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
            let reply = found.into_iter().next().filter(|message| message.seq == seq);
            let reply = reply.ok_or_else(|| Error::internal("a reply vanished"))?;
            Outcome::Replied { reply: Box::new(reply), charge, handed_over }
        }
    }))
}
