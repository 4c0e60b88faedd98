//! Settling a reply: everything its end writes, in one transaction, given the conversation as it stands.

use jiff::Timestamp;

use super::escalate::FAREWELL;
use super::generate::Outcome;
use super::listen::{both, together};
use super::talk::Replied;
use super::{Ending, Settled, Settlement};
use crate::app::App;
use crate::contact::Profile;
use crate::conversation::{self, Conversation, ConversationStatus, HandoffReason};
use crate::delivery::{self, Delivery};
use crate::error::{Error, Result};
use crate::id::{LedgerEntryId, MessageId};
use crate::key::ApiKey;
use crate::message::{Citation, Message, OwedReply, Sender, Visibility};
use crate::money::MicroCredits;
use crate::outbox::GenerationJob;
use crate::ports::{
    Clock, ConversationStore, KeyStore, MessageStore, Ports, Situation, WorkspaceStore,
};
use crate::project::Project;
use crate::text::{Content, Label};
use crate::wallet::{LedgerEntry, LedgerKind, Usage, UsageSource};
use crate::webhook::{self, Drafts, Fact, News, Scene};

const MAX_STALE_ROUNDS: u32 = 40;
/// Words to the queue on their way at once: each may open a connection.
const ANNOUNCED_AT_ONCE: usize = 8;
const SILENT_MODEL: &str = "I'm sorry, I don't have an answer to that right now.";

/// Writes the end of a generation; a conversation that moved on meanwhile is judged again. The project is
/// read anew beside the key: who subscribed while the model was writing is told of what comes now.
pub(super) async fn settle<P: Ports>(
    app: &App<P>,
    situation: Situation,
    job: &GenerationJob,
    owed: &OwedReply,
    outcome: Outcome,
) -> Result<()> {
    let Situation { workspace, project, conversation } = situation;
    let (key, reread) =
        both(app.store.key(owed.key), app.store.project(workspace.id, project.id)).await;
    let (key, project) = (key?, reread?.unwrap_or(project));
    let of = (&project, &workspace.name);
    let patience = of.0.agent.escalation.low_confidence_turns;
    let mut conversation =
        conversation.ok_or_else(|| Error::internal("a claimed message has no conversation"))?;
    for round in 1..=MAX_STALE_ROUNDS {
        let handoff = if goes_to_human(&conversation, &outcome, owed, patience) {
            // The event is the whole conversation's: it goes to the key that last wrote in it.
            let last = conversation.last_key.filter(|last| *last != owed.key);
            let last = match last {
                Some(last) => app.store.key(last).await?,
                None => key.clone(),
            };
            Handoff::To(last.map(Box::new))
        } else {
            Handoff::No
        };
        let person = webhook::person(app, of.0, &conversation).await?;
        let mut settlement = draft(app, conversation, job, owed, (&outcome, &handoff));
        let ended = (owed, &outcome, &handoff);
        settlement.deliveries = told(app, of, (&settlement, &person), ended, key.as_ref());
        match app.store.settle(&settlement).await? {
            Settled::Stored => {
                announce(app, &settlement.deliveries).await;
                return Ok(());
            }
            Settled::LostLease => return Ok(()),
            Settled::Stale => {
                app.store.stand_back(&settlement.reference, round).await;
                let reread = app.store.conversation(&settlement.reference).await?;
                conversation =
                    reread.ok_or_else(|| Error::internal("the conversation vanished"))?;
            }
        }
    }
    Err(Error::unavailable("the conversation is contended"))
}

/// Whether the conversation goes to a human after this reply, and whose callback is told.
enum Handoff {
    No,
    To(Option<Box<ApiKey>>),
}

/// Whether a reply is of low confidence. Of one whose reader went before its end nobody can say.
fn is_unsure(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Replied(reply) if !reply.cut && reply.confidence.is_low())
}

/// How many unsure replies there were in a row, after this one. One that was cut leaves their number.
fn turns(before: u32, outcome: &Outcome) -> u32 {
    if matches!(outcome, Outcome::Replied(reply) if reply.cut) {
        return before;
    }
    if is_unsure(outcome) { before.saturating_add(1) } else { 0 }
}

/// Whether the model wants a human, or this reply is one too many of low confidence in a row.
fn goes_to_human(
    conversation: &Conversation,
    outcome: &Outcome,
    owed: &OwedReply,
    patience: Option<u8>,
) -> bool {
    let turns = conversation.low_confidence_turns.saturating_add(1);
    let wished = matches!(outcome, Outcome::Replied(reply) if reply.wish.is_some());
    let too_many = patience.is_some_and(|patience| turns >= u32::from(patience));
    conversation.ai_answers(owed.message.seq)
        && conversation.status == ConversationStatus::Open
        && (wished || (is_unsure(outcome) && too_many))
}

/// Why a conversation goes to a human.
struct Why<'a> {
    /// One of [`HandoffReason`], or the model's own words.
    reason: &'a str,
    /// What the model says a human should know, if it does.
    summary: Option<&'a str>,
}

/// Why a conversation goes to a human with this reply.
fn why(outcome: &Outcome) -> Why<'_> {
    let wish = match outcome {
        Outcome::Replied(reply) => reply.wish.as_ref(),
        Outcome::Failed { .. } | Outcome::NotAsked { .. } | Outcome::Overtaken => None,
    };
    match wish {
        Some(wish) => Why { reason: &wish.reason, summary: wish.summary.as_deref() },
        None => Why { reason: HandoffReason::LowConfidence.as_str(), summary: None },
    }
}

/// Tells the queue what is due. What it loses, the sweep sends again.
pub(crate) async fn announce<P: Ports>(app: &App<P>, deliveries: &[(Delivery, Timestamp)]) {
    for some in deliveries.chunks(ANNOUNCED_AT_ONCE) {
        together(some.iter().map(|(delivery, _)| announce_one(app, delivery))).await;
    }
}

async fn announce_one<P: Ports>(app: &App<P>, delivery: &Delivery) {
    if let Some(next) = delivery.next_attempt_at {
        delivery::schedule(app, &delivery::job_of(delivery), next).await;
    }
}

/// Writes down how the generation ends, given the conversation as it stands now.
fn draft<P: Ports>(
    app: &App<P>,
    mut conversation: Conversation,
    job: &GenerationJob,
    owed: &OwedReply,
    (outcome, handoff): (&Outcome, &Handoff),
) -> Settlement {
    let now = app.now();
    let mut reply = None;
    let (ending, usage) = match outcome {
        Outcome::Replied(said) if conversation.ai_answers(job.seq) => {
            conversation.seq += 1;
            conversation.said_at = now;
            conversation.low_confidence_turns = turns(conversation.low_confidence_turns, outcome);
            let id = MessageId::new(now, app);
            reply = Some(message_of(id, conversation.seq, said, owed, now));
            (Ending::Replied, Some(said.usage))
        }
        // Nobody is charged by our own estimate for what nobody reads.
        Outcome::Replied(said) => {
            let reported = Some(said.usage).filter(|usage| usage.source == UsageSource::Reported);
            (Ending::Suppressed, reported)
        }
        Outcome::Failed { usage, .. } => (Ending::Failed, *usage),
        Outcome::NotAsked { usage } => (Ending::Suppressed, *usage),
        Outcome::Overtaken => (Ending::Suppressed, None),
    };
    if let (Handoff::To(_), Ending::Replied) = (handoff, ending) {
        conversation.give_to_human(None);
    }
    conversation.version += 1;
    conversation.updated_at = now;
    conversation.pending_replies = conversation.pending_replies.saturating_sub(1);
    Settlement {
        reference: job.reference(),
        seq: job.seq,
        message: owed.message.id,
        fence: owed.fence,
        ending,
        conversation,
        reply,
        hold: owed.hold,
        user: owed.message.user.clone(),
        charge: charge(app, owed, ending, usage, now),
        deliveries: Drafts::new(),
    }
}

/// Writes down what happened, in the order of its happening, for those who are told of it: the reply for
/// the key that asked, the handoff for the one that last wrote.
fn told<P: Ports>(
    app: &App<P>,
    of: (&Project, &Label),
    (settlement, person): (&Settlement, &Profile),
    (owed, outcome, handoff): (&OwedReply, &Outcome, &Handoff),
    key: Option<&ApiKey>,
) -> Drafts {
    let (conversation, question) = (&settlement.conversation, &owed.message);
    let scene = Scene { conversation, person };
    let reply = settlement.reply.as_ref();
    let why = why(outcome);
    let summary =
        why.summary.map_or_else(|| conversation::summary(conversation, question), str::to_owned);
    let handed_off = match handoff {
        Handoff::To(last) if reply.is_some() => {
            let (reason, summary) = (why.reason, summary.as_str());
            let fact = Fact::HandedOff { scene, message: question, reason, summary };
            Some(News::to(last.as_deref(), fact))
        }
        Handoff::To(_) | Handoff::No => None,
    };
    let failed = match (outcome, settlement.ending) {
        (Outcome::Failed { reason, .. }, Ending::Failed) => {
            let message = question.id;
            Some(News::to(key, Fact::GenerationFailed { scene, message, reason }))
        }
        _ => None,
    };
    let doubted = reply.filter(|_| is_unsure(outcome));
    let news = [
        reply.map(|reply| News::to(key, Fact::Replied { scene, question, reply })),
        doubted.map(|reply| News::of(Fact::UnsureReply { scene, question, reply })),
        handed_off,
        failed,
    ];
    let news: Vec<News<'_>> = news.into_iter().flatten().collect();
    webhook::drafts(app, of, &news)
}

/// The ledger row. A failure costs nothing; anything else costs the tokens used, and never more than
/// was held: the rates are those of the hold, and the bounds were given to the model.
fn charge<P: Ports>(
    app: &App<P>,
    owed: &OwedReply,
    ending: Ending,
    usage: Option<Usage>,
    now: Timestamp,
) -> Option<LedgerEntry> {
    let usage = usage.filter(|_| ending != Ending::Failed)?;
    let actual = owed.hold.rates.charge(usage.input_tokens, usage.output_tokens);
    if actual > owed.hold.amount {
        tracing::error!(message_id = %owed.message.id, actual = actual.0, held = owed.hold.amount.0,
            "the model used more than its bounds; the charge is cut to the hold");
    }
    Some(LedgerEntry {
        id: LedgerEntryId::new(now, app),
        kind: LedgerKind::Charge,
        amount: actual.min(owed.hold.amount).max(MicroCredits::ZERO).negated(),
        message: Some(owed.message.id),
        usage: Some(usage),
        key: Some(owed.key),
        user: owed.message.user.clone(),
        created_at: now,
    })
}

fn message_of(
    id: MessageId,
    seq: u64,
    reply: &Replied,
    owed: &OwedReply,
    now: Timestamp,
) -> Message {
    let cited = reply.cited.iter().filter_map(|index| reply.passages.get(*index));
    let citations = cited.map(|passage| Citation {
        source_id: passage.source,
        title: passage.title.clone(),
        url: passage.url.clone(),
        passage: passage.text.clone(),
    });
    let silence = if reply.wish.is_some() { FAREWELL } else { SILENT_MODEL };
    Message {
        id,
        seq,
        sender: Sender::Ai,
        content: Content::of_reply(&reply.text, silence),
        visibility: if reply.private { Visibility::Private } else { Visibility::Public },
        user: owed.message.user.clone().filter(|_| reply.private),
        agent_name: None,
        background: None,
        citations: citations.collect(),
        confidence: Some(reply.confidence.permille()),
        created_at: now,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Confidence;
    use super::*;

    #[test]
    fn a_reply_whose_reader_went_is_no_unsure_one_and_ends_no_row_of_them() {
        let usage = Usage { input_tokens: 1, output_tokens: 1, source: UsageSource::Estimated };
        let reply = |cut| {
            Outcome::Replied(Box::new(Replied {
                text: "Follow the".to_owned(),
                cited: Vec::new(),
                passages: Vec::new(),
                usage,
                private: false,
                confidence: Confidence::default(),
                cut,
                wish: None,
            }))
        };
        assert!(is_unsure(&reply(false)) && !is_unsure(&reply(true)));
        assert_eq!((turns(1, &reply(false)), turns(1, &reply(true))), (2, 1));
        assert_eq!(turns(1, &Outcome::Overtaken), 0);
    }
}
