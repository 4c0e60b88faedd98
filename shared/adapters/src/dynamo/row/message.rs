//! Messages. A visitor's also carries what became of the reply that it is owed.

use aiva_core::conversation::ConversationRef;
use aiva_core::error::{Error, Result};
use aiva_core::id::{ConversationId, MessageId, SourceId};
use aiva_core::message::{
    Citation, Disposition, Message, OwedReply, ReplyFate, Sender, SkipReason, Submission,
    Visibility,
};
use aiva_core::money::MicroCredits;
use aiva_core::outbox::GenerationJob;
use aiva_core::reply::Ending;
use aiva_core::text::{Background, Content, ExternalId};
use aiva_core::wallet::Hold;
use serde::{Deserialize, Serialize};

use super::workspace::RatesRow;
use super::{Millis, unknown};

/// What became of the reply to a visitor's message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::dynamo) enum ReplyState {
    /// It is owed.
    Queued,
    /// It was given.
    Replied,
    /// A human took over first.
    Suppressed,
    /// It will never come.
    Failed,
    /// It was never owed.
    Skipped,
}

impl ReplyState {
    pub(in crate::dynamo) const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Replied => "replied",
            Self::Suppressed => "suppressed",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

impl From<Ending> for ReplyState {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Replied => Self::Replied,
            Ending::Suppressed => Self::Suppressed,
            Ending::Failed => Self::Failed,
        }
    }
}

/// A message: `s` is the sender, `c` the content, `vi` the visibility, `u` the end user, `an` the human
/// agent, `ci` the citations, `cf` the confidence, `bg` what the integrator's system said of the person. A visitor's has `st`, the state of its reply; `k`, the key; `cv`, our
/// conversation id; `sr`, why it is skipped; `h`, the hold. A claim adds `lh`, `le` and `lu` (holder,
/// epoch and end of the lease), `f` (the fence) and `n` (the claims); a settlement adds `rq` (the
/// reply's number), `rc` (what it cost) and `rh` (whether it handed the conversation to a human).
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::dynamo) struct MessageRow {
    id: MessageId,
    s: Sender,
    c: Content,
    vi: Visibility,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    u: Option<ExternalId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    an: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    ci: Vec<CitationRow>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cf: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bg: Option<Background>,
    ca: Millis,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::dynamo) st: Option<ReplyState>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    k: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cv: Option<ConversationId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sr: Option<SkipReason>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    h: Option<HoldRow>,
    #[serde(default, skip_serializing)]
    pub(in crate::dynamo) lu: Option<Millis>,
    #[serde(default, skip_serializing)]
    pub(in crate::dynamo) f: u64,
    #[serde(default, skip_serializing)]
    n: u32,
    #[serde(default, skip_serializing)]
    rq: Option<u64>,
    #[serde(default, skip_serializing)]
    rc: Option<MicroCredits>,
    #[serde(default, skip_serializing)]
    rh: bool,
}

/// A citation: source, title, address, passage.
#[derive(Debug, Serialize, Deserialize)]
struct CitationRow {
    s: SourceId,
    t: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    a: Option<String>,
    p: String,
}

/// A hold: amount, shard, rates, the bounds in tokens, the month it counts to, and how often the model
/// may be asked.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct HoldRow {
    a: MicroCredits,
    s: u8,
    r: RatesRow,
    i: u32,
    o: u32,
    m: u32,
    #[serde(default = "once", skip_serializing_if = "is_once")]
    n: u8,
}

fn once() -> u8 {
    1
}

fn is_once(times: &u8) -> bool {
    *times == 1
}

impl From<Hold> for HoldRow {
    fn from(hold: Hold) -> Self {
        Self {
            a: hold.amount,
            s: hold.shard,
            r: hold.rates.into(),
            i: hold.max_input_tokens,
            o: hold.max_output_tokens,
            m: hold.month,
            n: hold.model_calls,
        }
    }
}

impl From<HoldRow> for Hold {
    fn from(row: HoldRow) -> Self {
        Self {
            amount: row.a,
            shard: row.s,
            rates: row.r.into(),
            max_input_tokens: row.i,
            max_output_tokens: row.o,
            month: row.m,
            model_calls: row.n,
        }
    }
}

impl From<&Message> for MessageRow {
    fn from(message: &Message) -> Self {
        let citations = message.citations.iter().map(|citation| CitationRow {
            s: citation.source_id,
            t: citation.title.clone(),
            a: citation.url.clone(),
            p: citation.passage.clone(),
        });
        Self {
            id: message.id,
            s: message.sender,
            c: message.content.clone(),
            vi: message.visibility,
            u: message.user.clone(),
            an: message.agent_name.clone(),
            ci: citations.collect(),
            cf: message.confidence,
            bg: message.background.clone(),
            ca: message.created_at.into(),
            st: None,
            k: None,
            cv: None,
            sr: None,
            h: None,
            lu: None,
            f: 0,
            n: 0,
            rq: None,
            rc: None,
            rh: false,
        }
    }
}

impl From<&Submission> for MessageRow {
    fn from(submission: &Submission) -> Self {
        let (st, sr, h) = match submission.disposition {
            Disposition::Generate { hold, .. } => {
                (ReplyState::Queued, None, Some(HoldRow::from(hold)))
            }
            Disposition::Skip(reason) => (ReplyState::Skipped, Some(reason), None),
        };
        Self {
            st: Some(st),
            k: Some(submission.key.to_string()),
            cv: Some(submission.conversation.id),
            sr,
            h,
            ..Self::from(&submission.message)
        }
    }
}

impl MessageRow {
    /// The message with this number.
    pub(in crate::dynamo) fn numbered(self, seq: u64) -> Result<Message> {
        let citations = self.ci.into_iter().map(|citation| Citation {
            source_id: citation.s,
            title: citation.t,
            url: citation.a,
            passage: citation.p,
        });
        Ok(Message {
            id: self.id,
            seq,
            sender: self.s,
            content: self.c,
            visibility: self.vi,
            user: self.u,
            agent_name: self.an,
            background: self.bg,
            citations: citations.collect(),
            confidence: self.cf,
            created_at: self.ca.moment()?,
        })
    }

    /// What has become of the reply to the message.
    pub(in crate::dynamo) fn fate(self) -> Result<ReplyFate> {
        let charge = self.rc.unwrap_or(MicroCredits::ZERO);
        Ok(match self.st.ok_or_else(unknown("state"))? {
            ReplyState::Queued => ReplyFate::Owed,
            ReplyState::Skipped => ReplyFate::Skipped(self.sr.ok_or_else(unknown("reason"))?),
            ReplyState::Suppressed => ReplyFate::Suppressed { charge },
            ReplyState::Failed => ReplyFate::Failed,
            ReplyState::Replied => ReplyFate::Replied {
                seq: self.rq.ok_or_else(unknown("number of the reply"))?,
                charge,
                handed_over: self.rh,
            },
        })
    }

    /// The reply that the message with this number is owed.
    pub(in crate::dynamo) fn owed_reply(self, seq: u64) -> Result<OwedReply> {
        let key = self.k.as_deref().ok_or_else(unknown("key"))?;
        Ok(OwedReply {
            key: key.parse().map_err(Error::internal)?,
            hold: self.h.ok_or_else(unknown("hold"))?.into(),
            attempts: self.n,
            fence: self.f,
            message: self.numbered(seq)?,
        })
    }

    /// What the queue carries for it. Nobody knows any more what was owed when it came.
    pub(in crate::dynamo) fn job(self, place: (ConversationRef, u64)) -> Result<GenerationJob> {
        let (reference, seq) = place;
        Ok(GenerationJob {
            workspace_id: reference.workspace,
            project_id: reference.project,
            external_conversation_id: reference.external,
            conversation_id: self.cv.ok_or_else(unknown("conversation id"))?,
            seq,
            message_id: self.id,
            behind: true,
        })
    }

    /// The message, where its reply is owed.
    pub(in crate::dynamo) fn owed(&self) -> Option<MessageId> {
        (self.st == Some(ReplyState::Queued)).then_some(self.id)
    }
}
