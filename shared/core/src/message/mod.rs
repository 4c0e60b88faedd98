//! Messages: what is said, by whom, and what became of the reply that is owed for it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::contact::Details;
use crate::conversation::Conversation;
use crate::delivery::Delivery;
use crate::id::MessageId;
use crate::key::KeyId;
use crate::money::MicroCredits;
use crate::text::{Background, Content, ExternalId, IdempotencyKey};
use crate::wallet::Hold;

mod ask;
mod evidence;
mod fate;
mod fingerprint;
mod hold;
mod intent;
mod language;
mod learn;
mod news;
mod resume;
mod submit;

pub use ask::{Asked, Outcome, Waiting, attend, begin};
pub use evidence::{confidence, weight};
pub use intent::{Intent, intent_of};
pub use language::language_of;
pub use resume::resume;
pub use submit::{SubmitCommand, SubmitReceipt, SubmitStatus, submit};

/// One message of a conversation.
#[derive(Debug, Clone)]
pub struct Message {
    /// Our id.
    pub id: MessageId,
    /// Its number in the conversation, from 1, gapless.
    pub seq: u64,
    /// Who said it.
    pub sender: Sender,
    /// What was said.
    pub content: Content,
    /// Who may see it.
    pub visibility: Visibility,
    /// The end user who said it, if named; of a private reply, the one whom it is for.
    pub user: Option<ExternalId>,
    /// The human agent's name (agents only).
    pub agent_name: Option<String>,
    /// What the integrator's system said of the person with this message (visitors only).
    pub background: Option<Background>,
    /// What a reply of the agent rests on.
    pub citations: Vec<Citation>,
    /// How sure a reply of the agent is, in thousandths.
    pub confidence: Option<u16>,
    /// When it was stored.
    pub created_at: Timestamp,
}

/// Who said it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Sender {
    /// The end user.
    Visitor,
    /// The AI agent.
    Ai,
    /// A human agent.
    Agent,
}

impl Sender {
    /// The sender on the wire of the native dialect.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Visitor => "VISITOR",
            Self::Ai => "AI",
            Self::Agent => "AGENT",
        }
    }
}

/// Who may see a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Visibility {
    /// Anyone in the conversation.
    Public,
    /// Only a surface where the user is authenticated.
    Private,
}

impl Visibility {
    /// The visibility on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
        }
    }
}

/// The passage that a reply rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Citation {
    /// The source.
    pub source_id: crate::id::SourceId,
    /// Its title.
    pub title: String,
    /// Its address, if it has one.
    pub url: Option<String>,
    /// The passage itself.
    pub passage: String,
}

/// Why a message gets no reply of the agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SkipReason {
    /// A human owns the conversation.
    HumanOwned,
    /// It is resolved, and the workspace does not reopen.
    ConversationResolved,
    /// The agent is switched off.
    AiDisabled,
}

impl SkipReason {
    /// The reason on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HumanOwned => "HUMAN_OWNED",
            Self::ConversationResolved => "CONVERSATION_RESOLVED",
            Self::AiDisabled => "AI_DISABLED",
        }
    }
}

/// SHA-256 over what the caller asked for, to tell a replay from another request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint(pub [u8; 32]);

/// Everything one accepted message writes, in one transaction: the idempotency row, the conversation
/// (made, or advanced by compare-and-set on its version), the message, and, where a reply is owed, the
/// hold on the wallet, the hold on the user's cap and the mark that the sweep looks for.
#[derive(Debug, Clone)]
pub struct Submission {
    /// The caller's idempotency key; its scope is the workspace.
    pub idempotency: IdempotencyKey,
    /// What was asked for under it.
    pub fingerprint: Fingerprint,
    /// The key that sent it.
    pub key: KeyId,
    /// The conversation as it will stand; `version` is 1 where it is new, else one more than was read.
    pub conversation: Conversation,
    /// The visitor's message.
    pub message: Message,
    /// Whether a reply is owed.
    pub disposition: Disposition,
    /// Messages of the month that the hold's shard may take, if the plan allows only so many.
    pub shard_quota: Option<u32>,
    /// What the message tells of the person.
    pub learned: Learned,
    /// Events on their way, with the moment the sweep may take each that the queue lost
    /// it.
    pub deliveries: Vec<(Delivery, Timestamp)>,
}

/// What a message tells of the person who sends it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Learned {
    /// Whether the conversation has a way to reach the person from now on.
    pub lead: bool,
    /// Whether what subscribers are told takes it that the end user never wrote before, which must then
    /// be true.
    pub unmet: bool,
    /// What is new, where anything is.
    pub details: Option<Details>,
}

/// Whether a reply is owed for a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// A reply will be generated.
    Generate {
        /// What is held for it.
        hold: Hold,
        /// What the end user may spend this month, if capped.
        user_cap: Option<MicroCredits>,
        /// When the sweep may take it that the queue lost it.
        due: Timestamp,
    },
    /// None will.
    Skip(SkipReason),
}

/// What came of a [`Submission`].
#[derive(Debug, Clone)]
pub enum Submitted {
    /// All of it is stored.
    Stored,
    /// The idempotency key was used before; nothing is stored now.
    Replay(FirstAnswer),
    /// The conversation moved on since it was read; nothing is stored.
    Stale,
    /// The wallet's shard is short of credit or of messages; nothing is stored.
    ShardShort,
    /// The end user's cap is reached; nothing is stored.
    CapReached,
}

/// What the first use of an idempotency key was answered.
#[derive(Debug, Clone)]
pub struct FirstAnswer {
    /// The fingerprint of that request.
    pub fingerprint: Fingerprint,
    /// The conversation.
    pub conversation: crate::id::ConversationId,
    /// The message.
    pub message: MessageId,
    /// Its number; 0 where the answer was given before numbers were kept with it.
    pub seq: u64,
}

/// A visitor's message whose reply is owed, as a worker finds it.
#[derive(Debug, Clone)]
pub struct OwedReply {
    /// The message.
    pub message: Message,
    /// The key that sent it.
    pub key: KeyId,
    /// What is held for the reply.
    pub hold: Hold,
    /// How often a worker has claimed it, this time included.
    pub attempts: u32,
    /// The fencing token: only its holder may settle.
    pub fence: u64,
}

/// What has become of the reply to a visitor's message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplyFate {
    /// It is owed.
    Owed,
    /// It was never owed.
    Skipped(SkipReason),
    /// It was given.
    Replied {
        /// The reply's number.
        seq: u64,
        /// What it cost.
        charge: MicroCredits,
        /// Whether it handed the conversation to a human.
        handed_over: bool,
    },
    /// A human took over first.
    Suppressed {
        /// What it cost all the same.
        charge: MicroCredits,
    },
    /// It will never come.
    Failed,
}

/// What came of an attempt to claim the reply of a message.
#[derive(Debug, Clone)]
pub enum Claimed {
    /// The caller holds the lease.
    Yes(Box<OwedReply>),
    /// Another worker does, until then.
    Busy {
        /// When its lease ends.
        until: Timestamp,
    },
    /// The reply is settled, or was never owed.
    Finished,
}

/// Who claims, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Unique to the claiming invocation: a retried claim of the same holder succeeds again.
    pub holder: String,
    /// The runtime's epoch: a lease of another epoch is dead where one process does all the work
    /// (the local runtime counts its starts), and alive where there are many (always 0 on AWS).
    pub epoch: u64,
    /// Now.
    pub now: Timestamp,
    /// When the lease ends.
    pub until: Timestamp,
}
