//! The prepaid wallet: holds before, settlement after, a ledger that is only ever added to.
//!
//! At any moment balance = Σ ledger, available = balance − Σ open holds, available ≥ 0. The wallet is
//! spread over shards, because one row takes only so many transactions a second; 0 ≤ available ≤
//! balance holds for every shard, the sums for all of them together (a credit has one ledger row).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{LedgerEntryId, MessageId, WorkspaceId};
use crate::key::KeyId;
use crate::money::{MicroCredits, Rates};
use crate::text::{ExternalId, IdempotencyKey};

mod cover;
mod ledger;
mod level;
mod spread;
mod top_up;
mod usage;
mod view;

pub use cover::{Cover, Need, cover};
pub(crate) use cover::{quota_share, shard_count};
pub use ledger::ledger;
pub(crate) use level::level;
pub(crate) use spread::spread;
pub use top_up::{TopUpCommand, top_up};
pub use usage::{Period, UsageBucket, UsageBy, usage};
pub use view::{WalletView, remaining, view};

/// Shards of a new wallet.
pub const DEFAULT_SHARDS: u8 = 4;
/// Shards of one wallet at most: all of them fit one transaction with the rows beside them.
pub const MAX_SHARDS: u8 = 96;

/// What is set aside for one generation, and the bounds and rates it was computed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// The amount.
    pub amount: MicroCredits,
    /// The shard it was taken from.
    pub shard: u8,
    /// The rates that the reply will be settled by.
    pub rates: Rates,
    /// The greatest prompt, in tokens.
    pub max_input_tokens: u32,
    /// The greatest reply, in tokens.
    pub max_output_tokens: u32,
    /// How often the model may be asked.
    pub model_calls: u8,
    /// The calendar month (UTC) it counts to for the user's cap and the plan's messages, as `yyyymm`.
    pub month: u32,
}

/// One shard of a wallet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Which.
    pub index: u8,
    /// Σ of its ledger.
    pub balance: MicroCredits,
    /// Balance less open holds.
    pub available: MicroCredits,
    /// Messages of the month asked about for which a reply was taken on and not given up. One that is
    /// given up is taken off where it was held, wherever it is counted by then: one shard alone may be
    /// below zero.
    pub messages: i64,
}

/// Messages of a month that are to be counted in another shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recount {
    /// The shard that counted them, and what it keeps at least.
    pub from: (u8, u32),
    /// The shard that shall, and what it has at most then.
    pub to: (u8, u32),
    /// How many; positive.
    pub messages: i64,
}

/// One row of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEntry {
    /// The row.
    pub id: LedgerEntryId,
    /// What it is.
    pub kind: LedgerKind,
    /// Signed: credit is positive, a charge negative.
    pub amount: MicroCredits,
    /// The visitor's message that a charge is for.
    pub message: Option<MessageId>,
    /// Tokens behind a charge.
    pub usage: Option<Usage>,
    /// The key that sent that message.
    pub key: Option<KeyId>,
    /// The end user who wrote it, if named.
    pub user: Option<ExternalId>,
    /// When it was written.
    pub created_at: Timestamp,
}

/// What a ledger row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LedgerKind {
    /// Bought credit.
    TopUp,
    /// Credit granted on approval.
    StarterCredit,
    /// Credit that auto-recharge bought.
    AutoRecharge,
    /// Credit that comes with the plan each month.
    PlanCredit,
    /// One generation.
    Charge,
}

impl LedgerKind {
    /// The kind on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TopUp => "top_up",
            Self::StarterCredit => "starter_credit",
            Self::AutoRecharge => "auto_recharge",
            Self::PlanCredit => "plan_credit",
            Self::Charge => "charge",
        }
    }
}

/// Tokens that one generation used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens of the prompt.
    pub input_tokens: u64,
    /// Tokens of the reply.
    pub output_tokens: u64,
    /// Who counted them.
    pub source: UsageSource,
}

/// Who counted the tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UsageSource {
    /// The model's endpoint.
    Reported,
    /// We did, because the endpoint reported nothing.
    Estimated,
}

/// Credit coming in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credit {
    /// Whose.
    pub workspace: WorkspaceId,
    /// Over how many shards it is spread, evenly.
    pub shards: u8,
    /// The ledger row; one for the whole credit.
    pub entry: LedgerEntry,
    /// The key that makes it happen once.
    pub idempotency: IdempotencyKey,
}

/// What came of a [`Credit`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credited {
    /// It is in the wallet.
    Stored,
    /// The idempotency key was used before; this is the row of then.
    Replay(LedgerEntry),
}
